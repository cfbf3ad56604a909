"""
Pictures of images, kernels and what comes out of a convolution.

The verb tells the level: ``show_*`` draws one panel into an Axes and returns it, ``plot_*`` makes
a whole figure and returns it. Blue frames are inputs, orange frames are kernels, green frames are
outputs. Numbers with a sign are drawn on one scale that is symmetric around zero: blue is
negative, white is zero, vermilion is positive.
"""

from collections.abc import Mapping
from contextlib import contextmanager
from fractions import Fraction
from math import ceil, floor, log10

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from torch.nn import functional as F

from utils import _validate
from utils.kernels import kernel as named_kernel
from utils.shapes import conv_output_size
from utils.style import PALETTE, SIGNED_CMAP

__all__ = [
    "plot_conv",
    "plot_convs",
    "plot_images",
    "plot_kernel_gallery",
    "plot_kernels",
    "plot_learned_kernel",
    "plot_responses",
    "show_image",
    "show_kernel",
    "show_response",
]

_WIDTH = 7.2  # inches: the width of the text column
_TITLE = 12  # points
_SMALL = 11
_GALLERY = (
    "identity",
    "gaussian",
    "motion_blur",
    "sharpen",
    "emboss",
    "outline",
    "sobel_x",
    "sobel_y",
    "laplacian",
)
# Few levels keep the stored figures small; the eye does not tell 65 of them from 256.
_SIGNED = SIGNED_CMAP.resampled(65)
_LARGE_MAP = 1000  # values: from here on, a few extreme ones do not set the scale
_NUMBERED = 25  # a kernel of at most so many weights shows them as numbers


# One panel ----------------------------------------------------------------------------------


def show_image(image, *, ax=None, title=None, axis=False):
    """
    Show one image as it is: nothing is clipped, nothing wraps.

    Parameters
    ----------
    image : Tensor or array of shape (H, W), (1, H, W) or (3, H, W)
        Grey or colour; floats in 0..1, or uint8 in 0..255. A grey image with other values is
        drawn from its smallest value (black) to its largest (white).
    ax : Axes, optional
        Where to draw; the current Axes if not given.
    title : str, optional
        Text above the image.
    axis : bool, default False
        Whether to show the row and column numbers.

    Returns
    -------
    Axes
        The panel.

    Raises
    ------
    TypeError, ValueError
        If `image` is not an image, or is in colour with values outside 0..1.

    Examples
    --------
    >>> import torch
    >>> ax = show_image(torch.rand(20, 30), title="noise")
    >>> ax.images[0].get_clim()
    (0.0, 1.0)
    >>> plt.close(ax.figure)
    """
    tensor = _as_picture(image)
    axis = _validate.as_bool(axis, "axis")
    return _draw_image(_axes(ax), tensor, title=title, axis=axis)


def show_kernel(kernel, *, ax=None, numbers=None, title=None, limit=None):
    """
    Show one kernel as a pattern of weights: blue negative, white zero, vermilion positive.

    Parameters
    ----------
    kernel : Tensor or array of shape (kH, kW) or (1, 1, kH, kW)
        The weights.
    ax : Axes, optional
        Where to draw; the current Axes if not given.
    numbers : bool, optional
        Whether to write the weights into the cells. If not given, kernels of at most 25 weights
        show them. Ninths, sixteenths and the like are written as whole numbers, with the common
        factor below the kernel.
    title : str, optional
        Text above the kernel.
    limit : float, optional
        The weight that has the full colour; the largest absolute weight if not given.

    Returns
    -------
    Axes
        The panel.

    Raises
    ------
    TypeError, ValueError
        If `kernel` is not a kernel or `limit` is not positive.

    Examples
    --------
    >>> ax = show_kernel([[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    >>> ax.images[0].get_clim()
    (-4.0, 4.0)
    >>> plt.close(ax.figure)
    """
    kernel = _validate.as_kernel(kernel)
    numbers = kernel.numel() <= _NUMBERED if numbers is None else _validate.as_bool(numbers, "numbers")
    limit = _as_limit(limit, kernel)
    return _draw_kernel(_axes(ax), kernel, numbers=numbers, title=title, limit=limit)


def show_response(response, *, limit=None, ax=None, title=None, axis=False):
    """
    Show what a convolution returns, with its sign: blue negative, white zero, vermilion positive.

    Parameters
    ----------
    response : Tensor or array of shape (H, W) or (1, H, W)
        One feature map.
    limit : float, optional
        The value that has the full colour; give the same one to maps that are compared. The
        largest absolute value if not given.
    ax : Axes, optional
        Where to draw; the current Axes if not given.
    title : str, optional
        Text above the map.
    axis : bool, default False
        Whether to show the row and column numbers.

    Returns
    -------
    Axes
        The panel; its scale runs from ``-limit`` to ``limit``.

    Raises
    ------
    TypeError, ValueError
        If `response` is not one map or `limit` is not positive.

    Examples
    --------
    >>> import torch
    >>> ax = show_response(torch.tensor([[-3.0, 0.0], [1.0, 2.0]]))
    >>> ax.images[0].get_clim()
    (-3.0, 3.0)
    >>> plt.close(ax.figure)
    """
    response = _as_map(response, "response")
    axis = _validate.as_bool(axis, "axis")
    limit = _as_limit(limit, response)
    return _draw_response(_axes(ax), response, limit=limit, title=title, axis=axis)


# Whole figures ------------------------------------------------------------------------------


def plot_conv(image, kernel, *, stride=1, padding="same", signed=None, limit=None, axis=False):
    """
    Plot an image, a kernel, and what comes out when the kernel slides over the image.

    There is no bias. The response is drawn on the signed scale (white is zero), with one
    exception: a kernel that blurs or sharpens makes a picture out of a picture, so if no weight is
    negative or the weights sum to 1, the response is drawn as a picture.

    A colour image is convolved channel by channel, each with the same kernel. If the weights sum
    to 1, the three responses are shown as one colour picture, else as three maps.

    Parameters
    ----------
    image : Tensor or array of shape (H, W) or (C, H, W)
        Grey, colour, or any number of channels.
    kernel : Tensor or array of shape (kH, kW) or (1, 1, kH, kW)
        The weights; integers are fine.
    stride : int or pair of int, default 1
        Step of the window, in pixels.
    padding : int, pair of int, "same" or "valid", default "same"
        Rows and columns of zeros added on each side.
    signed : bool, optional
        True for the signed scale, False for a picture; chosen as above if not given.
    limit : float, optional
        The value that has the full colour of the signed scale. If not given, 99% of the values
        of a photograph lie within it; the pointed ends of the colour bar stand for the rest.
    axis : bool, default False
        Whether to show the row and column numbers.

    Returns
    -------
    Figure
        The panels image, kernel and response; one response for each channel where they are maps.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong kind, shape or size; if ``padding="same"`` meets a stride
        other than 1 or an even kernel; if the kernel does not fit into the padded image.

    Examples
    --------
    >>> import torch
    >>> from utils.kernels import kernel
    >>> figure = plot_conv(torch.rand(20, 30), kernel("sobel_x"), padding="valid")
    >>> [ax.get_title() for ax in figure.axes[:3]]
    ['image\\n20 × 30', 'kernel\\n3 × 3', 'response\\n18 × 28']
    >>> plt.close(figure)
    """
    picture = _as_picture(image, channels=None)
    kernel = _validate.as_kernel(kernel)
    axis = _validate.as_bool(axis, "axis")
    if signed is not None:
        signed = _validate.as_bool(signed, "signed")
    response = _correlate(picture, kernel, stride=stride, padding=padding)
    if signed is None:
        signed = not _keeps_pictures(kernel)
    in_colour = not signed and len(picture) == 3 and _sums_to_one(kernel)
    if in_colour:
        panels = [response.clamp(0, 1)]
    else:
        panels = list(response)
    limit = _as_limit(limit, response, robust=True)
    low, high = _picture_range(picture, kernel, response)

    stacked = len(panels) > 1
    height = 3.0 if not stacked else 5.4
    with _new_figure(_WIDTH, height) as figure:
        if stacked:
            top, bottom = figure.subfigures(2, 1)
            image_ax, kernel_ax = top.subplots(1, 2, width_ratios=[1, 0.6])
            response_axes = bottom.subplots(1, len(panels))
        else:
            image_ax, kernel_ax, response_ax = figure.subplots(1, 3, width_ratios=[1, 0.62, 1])
            response_axes = [response_ax]
        _draw_image(image_ax, picture, title=f"image\n{_size(picture)}", axis=axis)
        _draw_kernel(
            kernel_ax,
            kernel,
            numbers=kernel.numel() <= _NUMBERED,
            title=f"kernel\n{_size(kernel)}",
            limit=_as_limit(None, kernel),
        )
        for index, (ax, panel) in enumerate(zip(response_axes, panels, strict=True)):
            name = f"response {_channel_names(len(panels))[index]}" if stacked else "response"
            title = f"{name}\n{_size(panel)}"
            if in_colour:
                _draw_image(ax, panel, title=title, axis=axis, role="output")
                continue
            if signed:
                _draw_response(ax, panel, limit=limit, title=title, axis=axis)
            else:
                _draw_image(
                    ax, panel[None], title=title, axis=axis, role="output", limits=(low, high)
                )
            if index == len(panels) - 1:
                _add_scale(ax, response)
    return figure


def plot_convs(image, conv_layer, axis=False, *, ncols=4, limit=None):
    """
    Plot an image and, for each output channel of a layer, its filter and its feature map.

    All filters share one signed scale, and so do all feature maps (the bias is included), so that
    colours can be compared. The layer is only read.

    Parameters
    ----------
    image : Tensor or array of shape (H, W) or (C, H, W)
        An input of the layer: C is ``conv_layer.in_channels``; (H, W) is one channel.
    conv_layer : torch.nn.Conv2d
        Any number of outputs, any stride, padding, dilation, groups, device and dtype.
    axis : bool, default False
        Whether to show the row and column numbers.
    ncols : int, default 4
        The largest number of panels in a row.
    limit : float, optional
        The value that has the full colour of the feature maps. If not given, 99% of the values
        of a photograph lie within it.

    Returns
    -------
    Figure
        The image first; then for each output channel its filter, one slice for each input
        channel that it reads, above its feature map.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong kind, shape or size, if the image does not have the number of
        channels that the layer reads, or if the kernel does not fit into the padded image.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Conv2d(1, 2, kernel_size=5)
    >>> figure = plot_convs(torch.rand(20, 30), layer)
    >>> [ax.get_title() for ax in figure.axes if "output" in ax.get_title()]
    ['output 0', 'output 1']
    >>> plt.close(figure)
    """
    picture = _as_picture(image, channels=None)
    layer = _validate.as_conv_layer(conv_layer)
    axis = _validate.as_bool(axis, "axis")
    ncols = _validate.as_int(ncols, "ncols")
    maps = _run_layer(layer, picture)
    weight = layer.weight.detach().float().cpu()
    limit = _as_limit(limit, maps, robust=True)
    weight_limit = _as_limit(None, weight)
    outputs = len(maps)

    own_row = outputs + 1 > ncols
    rows = ceil(outputs / ncols) if own_row else 1
    columns = ceil(outputs / rows) if own_row else outputs + 1
    cell = min(_WIDTH / max(columns, 2), 2.6)
    with _new_figure(min(_WIDTH, cell * max(columns, 3)), (rows + own_row) * cell * 1.45) as figure:
        grid = figure.add_gridspec(2 * (rows + own_row), columns, height_ratios=[0.4, 1] * (rows + own_row))
        image_ax = figure.add_subplot(grid[1, 0])
        _draw_image(image_ax, picture, title=f"image\n{_size(picture)}", axis=axis)
        for index in range(outputs):
            place = index if own_row else index + 1
            row, column = divmod(place, columns)
            row = 2 * (row + own_row)
            filter_ax = figure.add_subplot(grid[row, column])
            _draw_filter(filter_ax, weight[index], limit=weight_limit)
            map_ax = figure.add_subplot(grid[row + 1, column])
            _draw_response(map_ax, maps[index], limit=limit, title=f"output {index}", axis=axis)
        _add_scale(map_ax, maps)
    return figure


def plot_images(images, *, titles=None, ncols=4, axis=False):
    """
    Plot several images side by side.

    Parameters
    ----------
    images : list of images, or Tensor of shape (N, C, H, W)
        Each image is (H, W), (1, H, W) or (3, H, W), as in `show_image`.
    titles : list of str, optional
        One text above each image.
    ncols : int, default 4
        The largest number of images in a row.
    axis : bool, default False
        Whether to show the row and column numbers.

    Returns
    -------
    Figure
        One panel for each image.

    Raises
    ------
    TypeError, ValueError
        If `images` are not images, or the number of titles differs from theirs.

    Examples
    --------
    >>> import torch
    >>> figure = plot_images(torch.rand(5, 1, 8, 8), ncols=3)
    >>> len(figure.axes)
    5
    >>> plt.close(figure)
    """
    _validate.as_images(images)
    pictures = [_as_picture(image, f"images[{index}]") for index, image in enumerate(images)]
    titles = _as_titles(titles, len(pictures))
    axis = _validate.as_bool(axis, "axis")
    ncols = _validate.as_int(ncols, "ncols")
    with _new_grid(pictures, ncols) as (figure, axes):
        for ax, picture, title in zip(axes, pictures, titles, strict=True):
            _draw_image(ax, picture, title=title, axis=axis)
    return figure


def plot_kernels(kernels, *, titles=None, ncols=4, numbers=None, limit=None):
    """
    Plot several kernels side by side, each as its pattern of weights.

    Parameters
    ----------
    kernels : list of kernels or of names, dict of name to kernel, or Tensor of shape (N, kH, kW)
        The kernels; a name is looked up in `utils.kernels`.
    titles : list of str, optional
        One text above each kernel; the names, where there are names, if not given.
    ncols : int, default 4
        The largest number of kernels in a row.
    numbers : bool, optional
        Whether to write the weights into the cells, as in `show_kernel`.
    limit : float, optional
        The weight that has the full colour; each kernel's largest if not given.

    Returns
    -------
    Figure
        One panel for each kernel.

    Raises
    ------
    TypeError, ValueError
        If `kernels` are not kernels, or the number of titles differs from theirs.

    Examples
    --------
    >>> figure = plot_kernels(["sobel_x", "sobel_y"])
    >>> [ax.get_title() for ax in figure.axes]
    ['sobel x', 'sobel y']
    >>> plt.close(figure)
    """
    names, tensors = _as_kernels(kernels)
    titles = names if titles is None else _as_titles(titles, len(tensors))
    ncols = _validate.as_int(ncols, "ncols")
    limits = [_as_limit(limit, tensor) for tensor in tensors]
    if numbers is not None:
        numbers = _validate.as_bool(numbers, "numbers")
    with _new_grid(tensors, ncols) as (figure, axes):
        for ax, tensor, title, own_limit in zip(axes, tensors, titles, limits, strict=True):
            written = tensor.numel() <= _NUMBERED if numbers is None else numbers
            _draw_kernel(ax, tensor, numbers=written, title=title, limit=own_limit)
    return figure


def plot_responses(responses, *, titles=None, ncols=4, limit=None, axis=False):
    """
    Plot several feature maps on one shared signed scale.

    Parameters
    ----------
    responses : list of maps of shape (H, W), or Tensor of shape (C, H, W) or (1, C, H, W)
        The maps, of any sizes if they come as a list.
    titles : list of str, optional
        One text above each map.
    ncols : int, default 4
        The largest number of maps in a row.
    limit : float, optional
        The value that has the full colour; the largest absolute value if not given.
    axis : bool, default False
        Whether to show the row and column numbers.

    Returns
    -------
    Figure
        One panel for each map, and one colour bar.

    Raises
    ------
    TypeError, ValueError
        If `responses` are not maps, or the number of titles differs from theirs.

    Examples
    --------
    >>> import torch
    >>> figure = plot_responses(torch.randn(2, 8, 8), limit=3)
    >>> {ax.images[0].get_clim() for ax in figure.axes[:2]}
    {(-3.0, 3.0)}
    >>> plt.close(figure)
    """
    if isinstance(responses, (torch.Tensor, np.ndarray)):
        if responses.ndim == 4 and len(responses) == 1:
            responses = responses[0]
        responses = list(_validate.as_image(responses, "responses"))
    maps = [_as_map(one, f"responses[{index}]") for index, one in enumerate(responses)]
    titles = _as_titles(titles, len(maps))
    axis = _validate.as_bool(axis, "axis")
    ncols = _validate.as_int(ncols, "ncols")
    everything = torch.cat([one.flatten() for one in maps])
    limit = _as_limit(limit, everything)
    with _new_grid(maps, ncols) as (figure, axes):
        for ax, one, title in zip(axes, maps, titles, strict=True):
            _draw_response(ax, one, limit=limit, title=title, axis=axis)
        _add_scale(ax, everything)
    return figure


def plot_kernel_gallery(image, kernels=_GALLERY, *, ncols=3, limit=None):
    """
    Plot one image under many kernels, each kernel drawn as the little pattern it looks for.

    Parameters
    ----------
    image : Tensor or array of shape (H, W) or (1, H, W)
        A grey image.
    kernels : list of names, dict of name to kernel, or list of kernels, optional
        What to slide over the image; nine well-known kernels if not given.
    ncols : int, default 3
        The largest number of panels in a row.
    limit : float, optional
        The value that has the full colour of the signed scale, shared by all panels.

    Returns
    -------
    Figure
        One panel for each kernel. Kernels whose weights sum to 1 or are never negative give a
        picture, drawn in grey; the others a signed response.

    Raises
    ------
    TypeError, ValueError
        If `image` is not a grey image, or a kernel is not known or does not fit.

    Examples
    --------
    >>> import torch
    >>> figure = plot_kernel_gallery(torch.rand(20, 20), ["box", "outline"])
    >>> plt.close(figure)
    """
    picture = _as_picture(image, channels=(1,))
    names, tensors = _as_kernels(kernels)
    ncols = _validate.as_int(ncols, "ncols")
    responses = [_correlate(picture, one, stride=1, padding="same") for one in tensors]
    signed = [not _keeps_pictures(one) for one in tensors]
    values = [one.flatten() for one, with_sign in zip(responses, signed, strict=True) if with_sign]
    limit = _as_limit(limit, torch.cat(values) if values else torch.zeros(1), robust=True)
    with _new_grid([picture] * len(tensors), ncols, extra=0.5) as (figure, axes):
        for ax, name, one, response, with_sign in zip(
            axes, names, tensors, responses, signed, strict=True
        ):
            if with_sign:
                _draw_response(ax, response[0], limit=limit, title=None, axis=False)
            else:
                limits = _picture_range(picture, one, response)
                _draw_image(ax, response, title=None, axis=False, role="output", limits=limits)
            pattern = ax.inset_axes([0, 1.04, 0.22, 0.22])
            _draw_kernel(pattern, one, numbers=False, title=None, limit=_as_limit(None, one))
            ax.text(0.27, 1.15, name, transform=ax.transAxes, va="center", fontsize=_TITLE + 1)
    return figure


def plot_learned_kernel(snapshots, losses, target):
    """
    Plot a kernel as it is learned, beside the kernel it should become, above the loss.

    Parameters
    ----------
    snapshots : dict of int to Tensor of shape (kH, kW) or (1, 1, kH, kW)
        The kernel after so many steps.
    losses : sequence of float
        The loss at each step, the first one at step 0; greater than zero.
    target : Tensor of shape (kH, kW) or (1, 1, kH, kW)
        The kernel that made the training pairs.

    Returns
    -------
    Figure
        The snapshots and the target on one signed scale; below, the loss on a logarithmic scale
        with a mark at each snapshot.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong kind, shape or size.

    Examples
    --------
    >>> import torch
    >>> target = torch.tensor([[1.0, -1.0]])
    >>> figure = plot_learned_kernel({0: 0 * target, 2: target}, [1.0, 0.5, 0.1], target)
    >>> [ax.get_title() for ax in figure.axes[:3]]
    ['step 0', 'step 2', 'target']
    >>> plt.close(figure)
    """
    if not isinstance(snapshots, Mapping) or not snapshots:
        raise TypeError("snapshots must be a dict of step to kernel, with at least one kernel")
    steps = [_validate.as_int(step, "a step of snapshots", minimum=0) for step in snapshots]
    kernels = [_validate.as_kernel(k, f"snapshots[{step}]") for step, k in snapshots.items()]
    target = _validate.as_kernel(target, "target")
    losses = [_validate.as_number(loss, "each loss", above=0) for loss in losses]
    if max(steps) >= len(losses):
        raise ValueError(f"snapshots go to step {max(steps)}, but there are {len(losses)} losses")
    limit = _as_limit(None, target)
    panels = [*kernels, target]
    titles = [f"step {step}" for step in steps] + ["target"]
    with _new_figure(_WIDTH, 4.6) as figure:
        grid = figure.add_gridspec(2, len(panels), height_ratios=[1, 1.4])
        for column, (panel, title) in enumerate(zip(panels, titles, strict=True)):
            ax = figure.add_subplot(grid[0, column])
            _draw_kernel(ax, panel, numbers=False, title=title, limit=limit)
        loss_ax = figure.add_subplot(grid[1, :])
        loss_ax.semilogy(losses, color=PALETTE["input"], linewidth=2)
        loss_ax.plot(
            steps,
            [losses[step] for step in steps],
            "s",
            markersize=9,
            color=PALETTE["kernel"],
            markeredgecolor="black",
        )
        loss_ax.set_xlabel("training step", fontsize=_TITLE)
        loss_ax.set_ylabel("loss", fontsize=_TITLE)
        loss_ax.tick_params(labelsize=_SMALL)
        loss_ax.spines[["top", "right"]].set_visible(False)
    return figure


# Checks and arithmetic ----------------------------------------------------------------------


def _as_picture(image, name="image", channels=(1, 3)):
    """Return an image as a (C, H, W) tensor in which 1 is white if it came as uint8."""
    tensor = _validate.as_image(image, name)
    if str(getattr(image, "dtype", "")).endswith("uint8"):
        tensor = tensor / 255
    if channels is not None and len(tensor) not in channels:
        expected = " or ".join(str(number) for number in channels)
        raise ValueError(f"{name} must have {expected} channels, got {tuple(tensor.shape)}")
    if len(tensor) == 3 and (tensor.min() < 0 or tensor.max() > 1):
        raise ValueError(
            f"{name} in colour must lie in 0..1, got {tensor.min():.3g}..{tensor.max():.3g}: "
            f"rescale it, or clip it on purpose with {name}.clamp(0, 1)"
        )
    return tensor


def _as_map(response, name):
    tensor = _validate.as_image(response, name)
    if len(tensor) != 1:
        raise ValueError(f"{name} must have shape (H, W) or (1, H, W), got {tuple(tensor.shape)}")
    return tensor[0]


def _as_kernels(kernels):
    """Return names (None where there are none) and tensors."""
    if isinstance(kernels, Mapping):
        names, kernels = list(kernels), list(kernels.values())
    elif isinstance(kernels, (list, tuple, torch.Tensor, np.ndarray)):
        names = [one if isinstance(one, str) else None for one in kernels]
        kernels = [named_kernel(one) if isinstance(one, str) else one for one in kernels]
    else:
        raise TypeError(f"kernels must be a list or a dict, got {type(kernels).__name__}")
    if len(kernels) == 0:
        raise ValueError("kernels must hold at least one kernel, got none")
    tensors = [_validate.as_kernel(one, f"kernels[{i}]") for i, one in enumerate(kernels)]
    return [None if name is None else str(name).replace("_", " ") for name in names], tensors


def _as_titles(titles, number):
    if titles is None:
        return [None] * number
    titles = [str(title) for title in titles]
    if len(titles) != number:
        raise ValueError(f"titles must hold {number} texts, one for each panel, got {len(titles)}")
    return titles


def _as_limit(limit, values, *, robust=False):
    """Return the value of the full colour: the one given, or one that fits `values`."""
    if limit is not None:
        return _validate.as_number(limit, "limit", above=0)
    sizes = values.detach().abs().flatten().numpy()
    largest = float(sizes.max())
    if robust and sizes.size >= _LARGE_MAP:
        largest = float(np.quantile(sizes, 0.99)) or largest
    return largest or 1.0


def _correlate(picture, kernel, *, stride, padding):
    """Slide one kernel over each channel of a (C, H, W) picture."""
    padding = _validate.as_padding(padding)
    stride = _validate.as_pair(stride, "stride")
    if padding == "same" and stride == (1, 1) and any(size % 2 == 0 for size in kernel.shape):
        raise ValueError(
            f'padding="same" needs an odd kernel, got {_size(kernel)}: use an odd kernel, '
            'padding="valid", or give the padding as a number'
        )
    conv_output_size(
        tuple(picture.shape[1:]), tuple(kernel.shape), stride=stride, padding=padding
    )
    dtype = torch.promote_types(picture.dtype, kernel.dtype)
    picture, kernel = picture.to(dtype), kernel.to(dtype)
    return F.conv2d(picture[:, None], kernel[None, None], stride=stride, padding=padding)[:, 0]


def _run_layer(layer, picture):
    """Return the feature maps (C_out, H, W) of a layer that is only read."""
    if len(picture) != layer.in_channels:
        raise ValueError(
            f"image must have the {layer.in_channels} channels that conv_layer reads, "
            f"got {tuple(picture.shape)}"
        )
    with torch.no_grad():
        maps = layer.forward(picture.to(layer.weight)[None])[0]
    return maps.float().cpu()


def _sums_to_one(kernel):
    return abs(kernel.sum().item() - 1) < 1e-4


def _keeps_pictures(kernel):
    """Whether what comes out of a picture is a picture again."""
    return kernel.min() >= 0 or _sums_to_one(kernel)


def _picture_range(picture, kernel, response):
    """Return the values drawn black and white in a response that is a picture."""
    low, high = _grey_range(picture)
    if _sums_to_one(kernel):
        return low, high
    return _grey_range(response)


def _grey_range(picture):
    low, high = picture.min().item(), picture.max().item()
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high if high > low else low + 1


def _size(tensor):
    return f"{tensor.shape[-2]} × {tensor.shape[-1]}"


def _channel_names(number):
    return ("red", "green", "blue") if number == 3 else tuple(str(i) for i in range(number))


# Drawing ------------------------------------------------------------------------------------


@contextmanager
def _new_figure(width, height):
    """Make a figure, and close it again if what is drawn into it fails."""
    figure = plt.figure(figsize=(width, height), layout="constrained")
    try:
        yield figure
    except BaseException:
        plt.close(figure)
        raise


@contextmanager
def _new_grid(panels, ncols, extra=0.3):
    """Make a figure with one Axes for each panel, at most `ncols` in a row."""
    columns = min(ncols, len(panels))
    rows = ceil(len(panels) / columns)
    width = min(_WIDTH, 2.4 * columns)
    ratio = max(panel.shape[-2] / panel.shape[-1] for panel in panels)
    with _new_figure(width, rows * (width / columns * ratio + extra)) as figure:
        grid = figure.subplots(rows, columns, squeeze=False)
        for unused in grid.flat[len(panels) :]:
            unused.remove()
        yield figure, list(grid.flat[: len(panels)])


def _axes(ax):
    return plt.gca() if ax is None else _validate.as_axes(ax)


def _draw_image(ax, picture, *, title, axis, role="input", limits=None):
    if len(picture) == 3:
        ax.imshow(picture.permute(1, 2, 0).numpy(), interpolation="nearest")
    else:
        low, high = _grey_range(picture) if limits is None else limits
        ax.imshow(picture[0].numpy(), cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    return _finish(ax, title=title, axis=axis, role=role)


def _draw_response(ax, response, *, limit, title, axis):
    ax.imshow(
        response.numpy(), cmap=_SIGNED, vmin=-limit, vmax=limit, interpolation="nearest"
    )
    return _finish(ax, title=title, axis=axis, role="output")


def _draw_kernel(ax, kernel, *, numbers, title, limit):
    height, width = kernel.shape
    ax.imshow(kernel.numpy(), cmap=_SIGNED, vmin=-limit, vmax=limit, interpolation="nearest")
    if kernel.numel() <= _NUMBERED:
        for edge in range(1, height):
            ax.axhline(edge - 0.5, color=PALETTE["kernel"], linewidth=1)
        for edge in range(1, width):
            ax.axvline(edge - 0.5, color=PALETTE["kernel"], linewidth=1)
    _finish(ax, title=title, axis=False, role="kernel")
    if numbers:
        texts, factor = _written(kernel)
        size = _TITLE + 2 if max(height, width) <= 3 else _SMALL
        for (row, column), text in np.ndenumerate(texts):
            strong = abs(kernel[row, column]) > 0.7 * limit
            ax.text(
                column, row, text, ha="center", va="center", fontsize=size,
                color="white" if strong else "black",
            )
        if factor:
            ax.set_xlabel(factor, fontsize=_TITLE)
    return ax


def _draw_filter(ax, weight, *, limit):
    """Draw the slices of one filter (C, kH, kW) side by side."""
    channels, height, width = weight.shape
    for index, one in enumerate(weight):
        left = index * (width + 0.25 * width)
        box = (left, left + width, height, 0)
        ax.imshow(one.numpy(), cmap=_SIGNED, vmin=-limit, vmax=limit, extent=box,
                  interpolation="nearest")
        ax.add_patch(Rectangle((left, 0), width, height, fill=False,
                               edgecolor=PALETTE["kernel"], linewidth=1.5, clip_on=False))
    ax.set_xlim(0, channels * width * 1.25 - 0.25 * width)
    ax.set_ylim(height, 0)
    ax.axis("off")
    return ax


def _finish(ax, *, title, axis, role):
    """Frame a panel in the colour of its role."""
    for spine in ax.spines.values():
        spine.set(visible=True, color=PALETTE[role], linewidth=2)
    if axis:
        height, width = ax.images[0].get_array().shape[:2]
        ax.set_xticks(sorted({0, width // 2, width - 1}))
        ax.set_yticks(sorted({0, height // 2, height - 1}))
        ax.tick_params(labelsize=_SMALL)
    else:
        ax.set_xticks([])
        ax.set_yticks([])
    if title is not None:
        ax.set_title(title, fontsize=_TITLE)
    return ax


def _add_scale(ax, values):
    """Put a thin colour bar beside the last panel; pointed where values lie beyond its ends."""
    mappable = ax.images[0]
    low, high = mappable.get_clim()
    below, above = values.min().item() < low - 1e-6, values.max().item() > high + 1e-6
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]
    bar = ax.figure.colorbar(
        ScalarMappable(Normalize(low, high), mappable.cmap),
        cax=ax.inset_axes([1.06, 0.05, 0.05, 0.9]),
        extend=extend,
    )
    end = _round_down(high)
    bar.set_ticks([-end, 0, end] if low == -high else [low, high])
    bar.ax.tick_params(labelsize=_SMALL)
    bar.outline.set_linewidth(0.5)
    return bar


def _round_down(value):
    """Return `value` with one significant digit, towards zero."""
    unit = 10.0 ** floor(log10(value))
    return floor(value / unit + 1e-9) * unit


def _written(kernel):
    """Return the weights as short texts, and the factor they have in common."""
    values = kernel.double().numpy()
    plain = [f"{value:g}" for value in values.flat]
    factor = ""
    if max(len(text.lstrip("-")) for text in plain) > 4:
        whole = _common_denominator(values)
        if whole:
            plain = [f"{round(value * whole)}" for value in values.flat]
            factor = f"× 1/{whole}"
        else:
            plain = [f"{value:.2f}" for value in values.flat]
    texts = np.array([text.replace("-", "−") for text in plain]).reshape(values.shape)
    return texts, factor


def _common_denominator(values, largest=512):
    """Return the number that makes all values whole, or None."""
    denominators = [Fraction(float(v)).limit_denominator(largest).denominator for v in values.flat]
    whole = int(np.lcm.reduce(denominators))
    if whole <= largest and np.allclose(values * whole, np.round(values * whole), atol=1e-3):
        return whole
    return None
