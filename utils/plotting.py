"""
Pictures of images, kernels and what comes out of a convolution.

The verb tells the level: ``show_*`` draws one panel into an Axes and returns it, ``plot_*`` makes
a whole figure and returns it. Blue frames are inputs, orange frames are kernels, green frames are
outputs. Numbers with a sign are drawn on one scale that is symmetric around zero: blue is
negative, white is zero, vermilion is positive.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil, floor, lcm, log, log10, sqrt

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import ConnectionPatch, Rectangle
from matplotlib.ticker import MaxNLocator
from torch.nn import functional as F
from torch.nn.parameter import UninitializedParameter

from utils import _validate
from utils._layout import add_panel, new_figure
from utils.kernels import kernel as named_kernel
from utils.shapes import conv_output_size
from utils.style import PALETTE, SIGNED_CMAP

__all__ = [
    "plot_activation_functions",
    "plot_channels",
    "plot_confusion",
    "plot_conv",
    "plot_convs",
    "plot_history",
    "plot_images",
    "plot_kernel_gallery",
    "plot_kernels",
    "plot_learned_kernel",
    "plot_pixel_zoom",
    "plot_responses",
    "show_image",
    "show_kernel",
    "show_response",
]

# Inches, and points for the text: legible on a telephone, where a figure is half as wide.
_WIDTH, _WIDEST_PANEL = 7.2, 2.4
_EDGE, _GAP, _LINE, _TICKS, _KEY = 0.06, 0.16, 0.22, 0.42, 0.5
_TITLE, _SMALL, _LEGIBLE = 12, 11, 8

# Few levels keep the stored figures small; in a photograph the eye does not miss the others.
_SIGNED = SIGNED_CMAP.resampled(33)
_GREY = colormaps["gray"].resampled(128)

_LARGE_MAP = 1000  # values: from here on, a few extreme ones do not set the scale
_GRID_LINES = 11  # rows or columns: larger kernels are drawn without lines between the weights


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
        Where to draw; a new figure if not given.
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
        Where to draw; a new figure if not given.
    numbers : bool, optional
        Whether to write the weights into the cells; if not given, they are written where they
        fit. Ninths, sixteenths and the like are written as whole numbers, with the common
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
    numbers = _as_numbers(numbers)
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
        Where to draw; a new figure if not given.
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
    response = _validate.as_map(response, "response")
    axis = _validate.as_bool(axis, "axis")
    limit = _as_limit(limit, response)
    return _draw_response(_axes(ax), response, limit=limit, title=title, axis=axis)


# Whole figures ------------------------------------------------------------------------------


def plot_conv(image, kernel, *, stride=1, padding="same", signed=None, limit=None, axis=False):
    r"""
    Plot an image, a kernel, and what comes out when the kernel slides over the image.

    There is no bias. The response is drawn on the signed scale, where white is zero, unless the
    kernel makes a picture out of a picture: if no weight is negative (a blur) or the weights sum
    to 1 (sharpening), the response is drawn as a picture too.

    With several channels, the same kernel slides over each of them. If the image is in colour and
    the weights sum to 1, the responses are shown as one colour picture, clipped to 0..1; else as
    one map for each channel.

    Parameters
    ----------
    image : Tensor or array of shape (H, W) or (C, H, W)
        Grey, colour, or any number of channels; uint8 is divided by 255.
    kernel : Tensor or array of shape (kH, kW) or (1, 1, kH, kW)
        The weights; integers are fine.
    stride : int or pair of int, default 1
        Step of the window, in pixels.
    padding : int, pair of int, "same" or "valid", default "same"
        Rows and columns of zeros added on each side.
    signed : bool, optional
        True for the signed scale, False for a picture; chosen as above if not given.
    limit : float, optional
        The value that has the full colour of the signed scale. If not given, it is the largest
        absolute value, or in a photograph the one that 98% of the values stay below; the pointed
        ends of the colour bar stand for the rest.
    axis : bool, default False
        Whether to show the row and column numbers.

    Returns
    -------
    Figure
        The panels image, kernel and response, or one response for each channel.

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
    >>> [ax.get_title() for ax in figure.axes]
    ['image\n20 × 30', 'kernel\n3 × 3', 'response\n18 × 28']
    >>> plt.close(figure)
    """
    picture = _as_input(image)
    kernel = _validate.as_kernel(kernel)
    axis = _validate.as_bool(axis, "axis")
    if signed is None:
        signed = not _keeps_pictures(kernel)
    signed = _validate.as_bool(signed, "signed")
    response = _correlate(picture, kernel, stride=stride, padding=padding)
    limit = _as_limit(limit, response, robust=True)

    in_colour = not signed and _is_colour(picture) and _sums_to_one(kernel)
    if in_colour:
        outputs, names = [response.clamp(0, 1)], ["response"]
        if not torch.equal(outputs[0], response):
            names = ["response, clipped"]
    else:
        outputs, names = response.split(1), _response_names(picture)

    # One response stands beside the kernel, several stand in rows of their own.
    beside = len(outputs) == 1
    ticks = _TICKS if axis else 0
    gap, scale, kernel_side, top = 0.24, 0.75, 1.35, _EDGE + 2 * _LINE
    side = (_WIDTH - 2 * (_EDGE + ticks + gap) - kernel_side - scale) / 2
    tall = side * _box_ratio([picture, *outputs] if beside else [picture])
    image_box = (_EDGE + ticks, top, side, tall)
    kernel_left = _EDGE + ticks + side + gap
    kernel_box = (kernel_left, top + max(0, tall - kernel_side) / 2, kernel_side, kernel_side)
    height = top + max(tall, kernel_side) + 0.75 * ticks + _GAP
    if beside:
        boxes = [(kernel_left + kernel_side + gap + ticks, top, side, tall)]
    else:
        boxes, _, height = _grid(outputs, 3, above=2 * _LINE, axis=axis, top=height, right=scale)

    with new_figure(_WIDTH, height) as figure:
        ax = add_panel(figure, *image_box)
        _draw_input(ax, picture, title=f"image\n{_size(picture)}", axis=axis)
        _draw_kernel(add_panel(figure, *kernel_box), kernel, title=f"kernel\n{_size(kernel)}")
        for box, output, name in zip(boxes, outputs, names, strict=True):
            ax = add_panel(figure, *box)
            title = f"{name}\n{_size(output)}"
            if signed:
                _draw_response(ax, output[0], limit=limit, title=title, axis=axis)
            else:
                limits = _response_limits(picture, kernel, response)
                _draw_image(ax, output, limits=limits, title=title, axis=axis, role="output")
        if not beside:
            note = "the same kernel\nslides over\neach channel"
            _write(figure, kernel_box[0] + kernel_side + gap, kernel_box[1] + 2 * _LINE, note)
        if not in_colour:
            _add_scale(ax, response)
    return figure


def plot_convs(image, conv_layer, axis=False, *, ncols=4, limit=None):
    """
    Plot an image and, for each output channel of a layer, its filter and its feature map.

    All filters share one signed scale, and so do all feature maps (which contain the bias), so
    that colours can be compared. The layer is only read.

    Parameters
    ----------
    image : Tensor or array of shape (H, W) or (C, H, W)
        An input of the layer: C is ``conv_layer.in_channels``, and (H, W) is one channel; uint8
        is divided by 255.
    conv_layer : torch.nn.Conv2d
        Any number of outputs, any stride, padding, dilation, groups, device and dtype.
    axis : bool, default False
        Whether to show the row and column numbers.
    ncols : int, default 4
        The largest number of panels in a row.
    limit : float, optional
        The value that has the full colour of the feature maps. If not given, it is the largest
        absolute value, or for a photograph the one that 98% of the values stay below.

    Returns
    -------
    Figure
        The image first; then, for each output channel, its filter (one slice for each input
        channel that it reads) above its feature map.

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
    picture = _as_input(image)
    layer = _validate.as_conv_layer(conv_layer)
    axis = _validate.as_bool(axis, "axis")
    ncols = _validate.as_int(ncols, "ncols")
    maps = _run_layer(layer, picture)
    limit = _as_limit(limit, maps, robust=True)
    weight = layer.weight.detach().float().cpu()
    weight_limit = _as_limit(None, weight)

    # The image is the first panel of a single row, or has a row of its own above many outputs.
    one_row = len(maps) < ncols
    slice_rows = ceil(weight.shape[1] / _slice_columns(weight.shape[1]))
    filter_height = 0.62 if slice_rows == 1 else min(0.4 * slice_rows, 1.6)
    above = _LINE + _GAP / 2 + filter_height + _GAP
    facts = _layer_facts(layer, maps)
    outputs = list(maps.split(1))
    if one_row:
        above = max(above, _LINE * (2 + len(facts)))
        boxes, width, key_top = _grid([picture, *outputs], ncols, above=above, axis=axis)
        image_box, *boxes = boxes
        facts_at = image_box[0], image_box[1] - _LINE * (2 + len(facts))
        key_boxes = [(_EDGE, key_top, width / 2), (width / 2, key_top, width / 2 - _EDGE)]
        height = key_top + _KEY
    else:
        (image_box, *_), _, top = _grid([picture] * 3, 3, above=2 * _LINE, axis=axis)
        boxes, width, height = _grid(outputs, ncols, above=above, axis=axis, top=top)
        left = image_box[0] + image_box[2] + 2 * _GAP
        facts_at = left, image_box[1]
        key_top = image_box[1] + _LINE * (len(facts) + 1)
        key_boxes = [(left, key_top + row * _KEY, width - _EDGE - left) for row in range(2)]

    with new_figure(width, height) as figure:
        ax = add_panel(figure, *image_box)
        _draw_input(ax, picture, title=f"image\n{_size(picture)}", axis=axis)
        _write(figure, *facts_at, "\n".join(facts))
        for index, (left, top, side, map_height) in enumerate(boxes):
            filter_top = top - _LINE - _GAP / 2 - filter_height
            ax = add_panel(figure, left, filter_top, side, filter_height)
            _draw_filter(ax, weight[index], limit=weight_limit)
            ax = add_panel(figure, left, top, side, map_height)
            title = f"output {index}{_channels_read(layer, index)}"
            _draw_response(ax, maps[index], limit=limit, title=title, axis=axis)
        _add_key(figure, *key_boxes[0], "weights", weight, weight_limit, role="kernel")
        _add_key(figure, *key_boxes[1], "outputs", maps, limit, role="output")
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
    titles = _validate.as_titles(titles, len(pictures))
    axis = _validate.as_bool(axis, "axis")
    ncols = _validate.as_int(ncols, "ncols")

    boxes, width, height = _grid(pictures, ncols, above=_room(titles), axis=axis)
    with new_figure(width, height) as figure:
        for box, picture, title in zip(boxes, pictures, titles, strict=True):
            _draw_image(add_panel(figure, *box), picture, title=title, axis=axis)
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
    titles = names if titles is None else _validate.as_titles(titles, len(tensors))
    ncols = _validate.as_int(ncols, "ncols")
    numbers = _as_numbers(numbers)
    limits = [_as_limit(limit, tensor) for tensor in tensors]

    below = _LINE if numbers is not False and any(_written(one)[1] for one in tensors) else 0
    boxes, width, height = _grid(tensors, ncols, above=_room(titles), below=below)
    with new_figure(width, height) as figure:
        for box, tensor, title, own_limit in zip(boxes, tensors, titles, limits, strict=True):
            ax = add_panel(figure, *box)
            _draw_kernel(ax, tensor, numbers=numbers, title=title, limit=own_limit)
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
    maps = _as_maps(responses, "responses")
    titles = _validate.as_titles(titles, len(maps))
    axis = _validate.as_bool(axis, "axis")
    ncols = _validate.as_int(ncols, "ncols")
    values = torch.cat([one.flatten() for one in maps])
    limit = _as_limit(limit, values)

    boxes, width, height = _grid(maps, ncols, above=_room(titles), axis=axis)
    with new_figure(width, height + _KEY) as figure:
        for box, one, title in zip(boxes, maps, titles, strict=True):
            _draw_response(add_panel(figure, *box), one, limit=limit, title=title, axis=axis)
        _add_key(figure, _EDGE, height, min(width, 4) - 2 * _EDGE, "response", values, limit)
    return figure


def plot_kernel_gallery(image, kernels, *, ncols=3, limit=None):
    """
    Plot one image under many kernels, each kernel drawn as the little pattern it looks for.

    Parameters
    ----------
    image : Tensor or array of shape (H, W) or (1, H, W)
        A grey image.
    kernels : list of names, dict of name to kernel, or list of kernels
        What to slide over the image; a name is looked up in `utils.kernels`.
    ncols : int, default 3
        The largest number of panels in a row.
    limit : float, optional
        The value that has the full colour of the signed scale, which all panels share. If not
        given, 98% of the values of a photograph stay below it.

    Returns
    -------
    Figure
        One panel for each kernel, with the kernel above it. As in `plot_conv`, kernels that make
        a picture out of a picture give a grey picture, the others a signed response.

    Raises
    ------
    TypeError, ValueError
        If `image` is not a grey image, or if a kernel is not known, even, or too large.

    Examples
    --------
    >>> import torch
    >>> figure = plot_kernel_gallery(torch.rand(20, 20), ["box", "outline"])
    >>> [text.get_text() for ax in figure.axes for text in ax.texts]
    ['box', 'outline']
    >>> plt.close(figure)
    """
    picture = _as_picture(image, channels=(1,))
    names, tensors = _as_kernels(kernels)
    ncols = _validate.as_int(ncols, "ncols")
    responses = [_correlate(picture, one, stride=1, padding="same") for one in tensors]
    signed = [one for k, one in zip(tensors, responses, strict=True) if not _keeps_pictures(k)]
    signed_values = torch.cat(signed) if signed else torch.zeros(1, 1, 1)
    limit = _as_limit(limit, signed_values, robust=True)

    pattern = 0.5
    boxes, width, height = _grid(responses, ncols, above=pattern + _GAP)
    with new_figure(width, height + (_KEY if signed else 0)) as figure:
        for box, name, one, response in zip(boxes, names, tensors, responses, strict=True):
            ax = add_panel(figure, *box)
            if _keeps_pictures(one):
                limits = _response_limits(picture, one, response)
                _draw_image(ax, response, limits=limits, role="output")
            else:
                _draw_response(ax, response[0], limit=limit)
            ax = add_panel(figure, box[0], box[1] - pattern - _GAP / 2, pattern, pattern)
            _draw_kernel(ax, one, numbers=False)
            if name:
                ax.text(1.25, 0.5, name, transform=ax.transAxes, va="center", fontsize=_TITLE + 1)
        if signed:
            _add_key(figure, _EDGE, height, 4, "response", signed_values, limit, role="output")
    return figure


def plot_learned_kernel(snapshots, losses, target):
    """
    Plot a kernel as it is learned, beside the kernel it should become, above the loss.

    Parameters
    ----------
    snapshots : dict of int to Tensor of shape (kH, kW) or (1, 1, kH, kW)
        The kernel after so many steps.
    losses : sequence of float, or 1-D Tensor
        The loss at each step, the first one at step 0; not negative.
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
    >>> [ax.get_title() for ax in figure.axes]
    ['step 0', 'step 2', 'target', '']
    >>> plt.close(figure)
    """
    steps, kernels = _as_snapshots(snapshots)
    target = _validate.as_kernel(target, "target")
    losses = _as_losses(losses, last=steps[-1])
    limit = _as_limit(None, target)

    panels = [*kernels, target]
    titles = [*(f"step {step}" for step in steps), "target"]
    boxes, _, top = _grid(panels, len(panels), above=_LINE, right=3 * _GAP)
    left, curve_height = 0.8, 2.4
    with new_figure(_WIDTH, top + 2 * _GAP + curve_height + 0.65) as figure:
        for box, panel, title in zip(boxes, panels, titles, strict=True):
            shift = 3 * _GAP if panel is target else 0
            ax = add_panel(figure, box[0] + shift, *box[1:])
            _draw_kernel(ax, panel, numbers=False, title=title, limit=limit)
        ax = add_panel(figure, left, top + 2 * _GAP, _WIDTH - left - 2 * _EDGE, curve_height)
        marked = [losses[step] for step in steps]
        ax.plot(losses, color=PALETTE["highlight"], linestyle="-", linewidth=2)
        if max(losses) > 0:
            ax.set_yscale("log")
        ax.plot(steps, marked, "s", markersize=10, color=PALETTE["kernel"], markeredgecolor="black")
        ax.set_xlabel("training step", fontsize=_TITLE)
        ax.set_ylabel("loss", fontsize=_TITLE)
        ax.tick_params(labelsize=_SMALL)
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def plot_pixel_zoom(image, box, *, title="image"):
    r"""
    Plot an image, and beside it a few of its pixels with their values written into them.

    Parameters
    ----------
    image : Tensor or array of shape (H, W), (1, H, W) or (3, H, W)
        Grey or colour, as in `show_image`. Bytes are written as they are, 0..255, floats with two
        decimals; a pixel in colour holds its red, green and blue, from top to bottom.
    box : (int, int, int, int)
        First row, first column, number of rows and number of columns; at most 10 rows and columns
        in grey, 6 in colour, so that the numbers can be read.
    title : str, default "image"
        Text above the image.

    Returns
    -------
    Figure
        The image with the box marked, and the pixels of the box with row and column numbers.

    Raises
    ------
    TypeError, ValueError
        If `image` is not an image, or `box` does not lie in it or is too large.

    Examples
    --------
    >>> import torch
    >>> figure = plot_pixel_zoom(torch.full((20, 30), 0.25), (4, 9, 2, 3))
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['0.25', '0.25', '0.25', '0.25', '0.25', '0.25']
    >>> plt.close(figure)
    """
    picture = _as_picture(image)
    top, left, height, width = _as_box(box, picture)
    in_bytes = str(getattr(image, "dtype", "")).endswith("uint8")
    patch = picture[:, top : top + height, left : left + width]
    texts = [
        "\n".join(f"{round(255 * value)}" if in_bytes else f"{value:.2f}" for value in pixel)
        for pixel in patch.flatten(1).T.tolist()
    ]

    gap, zoom = 0.34, 3.9
    side = _WIDTH - 2 * _EDGE - gap - _TICKS - zoom
    scale = min(zoom / width, zoom / height)
    zoom_width, zoom_height = width * scale, height * scale
    tall = side * _box_ratio([picture])
    above = _EDGE + 2 * _LINE
    middle = above + max(tall, zoom_height) / 2
    figure_height = above + max(tall, zoom_height) + 0.75 * _TICKS + _EDGE
    with new_figure(_WIDTH, figure_height) as figure:
        ax = add_panel(figure, _EDGE, middle - tall / 2, side, tall)
        _draw_image(ax, picture, title=f"{title}\n{_size(picture)}")
        for colour, linewidth in (("white", 4.5), (PALETTE["highlight"], 2)):
            frame = {"fill": False, "edgecolor": colour, "linewidth": linewidth}
            ax.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, **frame))

        zoom_left = _WIDTH - _EDGE - _TICKS - zoom_width
        zoomed = add_panel(figure, zoom_left, middle - zoom_height / 2, zoom_width, zoom_height)
        limits = _grey_limits(picture)
        _draw_image(zoomed, patch, title=f"its pixels\n{_size(patch)}", limits=limits)
        zoomed.spines[:].set_color(PALETTE["highlight"])
        zoomed.set_xticks(range(width), range(left, left + width))
        zoomed.set_yticks(range(height), range(top, top + height))
        zoomed.tick_params(labelsize=_SMALL, length=0, labelleft=False, labelright=True)
        lines = len(picture)
        size = min(14, 72 * scale * 0.88 / max(0.64 * max(map(len, texts)) / lines, 1.25 * lines))
        for (row, column), text in zip(np.ndindex(height, width), texts, strict=True):
            ink = _ink(zoomed.images[0].to_rgba(zoomed.images[0].get_array())[row, column])
            zoomed.text(column, row, text, ha="center", va="center", fontsize=size, color=ink)
        style = {"color": PALETTE["highlight"], "linewidth": 1, "linestyle": "--"}
        for y, row in ((0, top + height), (1, top)):  # from the box to the corners of the zoom
            corner = (left + width - 0.5, row - 0.5)
            line = ConnectionPatch(corner, (0, y), ax.transData, zoomed.transAxes, **style)
            figure.add_artist(line)
    return figure


def plot_channels(image, *, tinted=True):
    """
    Plot a colour image as the sum of its red, its green and its blue channel.

    Parameters
    ----------
    image : Tensor or array of shape (3, H, W)
        A colour image, as in `show_image`.
    tinted : bool, default True
        Whether a channel is drawn in its own colour, as the light that it adds; else each is drawn
        as the grey picture that its numbers are.

    Returns
    -------
    Figure
        The image and its three channels.

    Raises
    ------
    TypeError, ValueError
        If `image` is not a colour image.

    Examples
    --------
    >>> import torch
    >>> figure = plot_channels(torch.rand(3, 20, 30))
    >>> [ax.get_title() for ax in figure.axes]
    ['image', '0: red', '1: green', '2: blue']
    >>> plt.close(figure)
    """
    picture = _as_picture(image, channels=(3,))
    tinted = _validate.as_bool(tinted, "tinted")
    if tinted:
        channels = [picture * torch.eye(3)[index].view(3, 1, 1) for index in range(3)]
    else:
        channels = list(picture.split(1))

    side = (_WIDTH - 2 * _EDGE - 3 * 2 * _GAP) / 4
    tall = side * _box_ratio([picture])
    titles = ("image", "0: red", "1: green", "2: blue")
    top = _EDGE + _LINE
    with new_figure(_WIDTH, top + tall + _EDGE) as figure:
        for index, (panel, name) in enumerate(zip([picture, *channels], titles, strict=True)):
            left = _EDGE + index * (side + 2 * _GAP)
            _draw_image(add_panel(figure, left, top, side, tall), panel, title=name, limits=(0, 1))
            if index and tinted:
                x, y = (left - _GAP) / _WIDTH, 1 - (top + tall / 2) / figure.get_figheight()
                sign = "=" if index == 1 else "+"
                figure.text(x, y, sign, ha="center", va="center", fontsize=_TITLE + 4)
    return figure


def plot_activation_functions(functions, *, reach=4.0, slope=False, ncols=3):
    """
    Plot activation functions, each in a panel of its own, all on the same scale.

    Parameters
    ----------
    functions : dict of str to callable
        Name and function, such as ``torch.relu`` or ``nn.Softplus()``: a tensor in, a tensor of the
        same shape out.
    reach : float, default 4
        The functions are drawn from ``-reach`` to ``reach``.
    slope : bool, default False
        Whether to draw the derivative too, dashed.
    ncols : int, default 3
        The largest number of panels in a row.

    Returns
    -------
    Figure
        One panel for each function, with its name as the title.

    Raises
    ------
    TypeError, ValueError
        If `functions` is not such a dict, or an option is out of range.

    Examples
    --------
    >>> import torch
    >>> figure = plot_activation_functions({"ReLU": torch.relu, "sigmoid": torch.sigmoid})
    >>> [ax.get_title() for ax in figure.axes]
    ['ReLU', 'sigmoid']
    >>> plt.close(figure)
    """
    reach = _validate.as_number(reach, "reach", above=0)
    slope = _validate.as_bool(slope, "slope")
    ncols = _validate.as_int(ncols, "ncols")
    inputs = torch.linspace(-reach, reach, 400, dtype=torch.float64)
    curves = _as_curves(functions, inputs)
    drawn = torch.cat([torch.cat(curve if slope else curve[:1]) for curve in curves.values()])
    low, high = min(drawn.min().item(), 0.0), max(drawn.max().item(), 0.0)
    margin = 0.06 * ((high - low) or 1.0)

    rows = ceil(len(curves) / ncols)
    columns = ceil(len(curves) / rows)
    left, gap, below = 0.45, 0.3, 0.4
    side = min((_WIDTH - left - _EDGE - (columns - 1) * gap) / columns, 3.0)
    above = _LINE + _EDGE
    down = above + side + below
    width, key = left + columns * (side + gap) - gap + _EDGE, 1.5 * _LINE if slope else 0
    with new_figure(width, _EDGE + key + rows * down) as figure:
        for index, (name, (values, slopes)) in enumerate(curves.items()):
            row, column = divmod(index, columns)
            top = _EDGE + key + row * down + above
            ax = add_panel(figure, left + column * (side + gap), top, side, side)
            for draw in (ax.axhline, ax.axvline):
                draw(0, color=PALETTE["padding"], linewidth=1, linestyle="-")
            if slope:
                style = {"color": PALETTE["highlight"], "linestyle": "--", "linewidth": 2}
                ax.plot(inputs, slopes, label="slope", **style)
            style = {"color": PALETTE["output"], "linestyle": "-", "linewidth": 3}
            ax.plot(inputs, values, label="value", **style)
            ax.set_xlim(-reach, reach)
            ax.set_ylim(low - margin, high + margin)
            ax.set_title(name, fontsize=_TITLE)
            ax.xaxis.set_major_locator(MaxNLocator(4, integer=reach >= 1))
            ax.yaxis.set_major_locator(MaxNLocator(5, integer=high - low >= 2))
            ax.tick_params(labelsize=_SMALL, labelleft=column == 0)
            ax.spines[["top", "right"]].set_visible(False)
        if slope:
            lines = reversed(ax.get_lines()[2:])
            place = {"loc": "upper center", "ncols": 2, "frameon": False, "borderaxespad": 0.2}
            figure.legend(handles=[*lines], fontsize=_TITLE, **place)
    return figure


def plot_history(history, *, start=None, chance=None, pictures=None, titles=None):
    """
    Plot how the loss fell, epoch by epoch, and perhaps pictures under it.

    Parameters
    ----------
    history : History
        What `utils.training.fit` returns: ``train_losses`` and ``validation_losses``, one number
        for each epoch.
    start : float, optional
        The loss before the training, drawn at epoch 0.
    chance : int, optional
        The number of classes: a line is drawn at its logarithm, the loss of blind guessing.
    pictures : list of images, or Tensor of shape (N, C, H, W), optional
        Drawn in one row under the curves, for example the mistakes that remain.
    titles : list of str, optional
        One text above each picture.

    Returns
    -------
    Figure
        The curves and, under them, one panel for each picture.

    Raises
    ------
    TypeError, ValueError
        If the history holds no two equally long lists of losses, or an option is of the wrong kind.

    Examples
    --------
    >>> from utils.training import History
    >>> history = History(train_losses=[1.9, 0.6], validation_losses=[1.2, 0.4])
    >>> figure = plot_history(history, start=2.3, chance=10)
    >>> figure.axes[0].get_xlabel()
    'epoch'
    >>> plt.close(figure)
    """
    curves = _as_history(history)
    start = None if start is None else _validate.as_number(start, "start", minimum=0)
    chance = None if chance is None else _validate.as_int(chance, "chance", minimum=2)
    panels = [] if pictures is None else list(_validate.as_images(pictures))
    panels = [_as_picture(one, f"pictures[{index}]") for index, one in enumerate(panels)]
    titles = _validate.as_titles(titles, len(panels))

    left, curve_height = 0.8, 3.0
    bottom = _EDGE + curve_height + 0.65
    boxes, height = [], bottom
    if panels:
        boxes, _, height = _grid(panels, len(panels), above=_room(titles), top=bottom)
    with new_figure(_WIDTH, height) as figure:
        ax = add_panel(figure, left, _EDGE, _WIDTH - left - 2 * _EDGE, curve_height)
        if chance is not None:
            ax.axhline(log(chance), color=PALETTE["padding"], linestyle=":", linewidth=2)
            last, note = len(curves["training"]), f"guessing: ln {chance} = {log(chance):.3f}"
            ax.annotate(note, (last, log(chance)), (0, -6), "data", "offset points",
                        ha="right", va="top", fontsize=_TITLE)  # fmt: skip
        looks = (("input", "-", "o"), ("highlight", "--", "s"))
        for (name, losses), (role, line, marker) in zip(curves.items(), looks, strict=True):
            epochs = range(1, len(losses) + 1)
            if start is not None:
                epochs, losses = [0, *epochs], [start, *losses]
            style = {"color": PALETTE[role], "linestyle": line, "marker": marker, "markersize": 7}
            ax.plot(epochs, losses, label=name, linewidth=2.5, **style)
        ax.set_ylim(bottom=0)
        ax.set_xlabel("epoch", fontsize=_TITLE)
        ax.set_ylabel("mean loss", fontsize=_TITLE)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.tick_params(labelsize=_SMALL)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(fontsize=_TITLE, frameon=False, loc="center right")
        for box, panel, title in zip(boxes, panels, titles, strict=True):
            _draw_image(add_panel(figure, *box), panel, title=title)
    return figure


def plot_confusion(matrix, *, names=None):
    """
    Plot which class was taken for which, as a grid of counts.

    Parameters
    ----------
    matrix : Tensor of shape (classes, classes)
        Row i, column j: how many images of class i were taken for class j, as
        `utils.training.confusion_matrix` returns it.
    names : list of str, optional
        The names of the classes; their numbers if not given.

    Returns
    -------
    Figure
        The grid: correct answers framed on the diagonal, mistakes shaded, zeros left empty.

    Raises
    ------
    TypeError, ValueError
        If `matrix` is no square of counts, or the number of names differs from its rows.

    Examples
    --------
    >>> figure = plot_confusion([[9, 1], [0, 10]], names=["cat", "dog"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['9', '1', '10']
    >>> plt.close(figure)
    """
    counts = _as_counts(matrix)
    classes = len(counts)
    numbers = [str(number) for number in range(classes)]
    names = numbers if names is None else _validate.as_texts(names, "names", classes)
    mistakes = np.where(np.eye(classes, dtype=bool), 0, counts)

    margin = 0.35 + 0.11 * max(len(name) for name in names)
    side = min(_WIDTH - margin - 2 * _EDGE, 0.62 * classes)
    with new_figure(margin + side + 2 * _EDGE, margin + side + 2 * _EDGE) as figure:
        ax = add_panel(figure, margin + _EDGE, _EDGE, side, side)
        limit = max(mistakes.max(), 1)
        ax.imshow(mistakes, cmap=_SIGNED, vmin=-limit, vmax=limit)
        for row, column in np.argwhere(counts > 0):
            weight = "bold" if row != column else "normal"
            ink = _ink(_SIGNED(0.5 + 0.5 * mistakes[row, column] / limit))
            place = {"ha": "center", "va": "center", "fontsize": _TITLE}
            ax.text(column, row, f"{counts[row, column]}", color=ink, weight=weight, **place)
        for index in range(classes):
            corner = index - 0.47, index - 0.47
            frame = {"fill": False, "edgecolor": PALETTE["output"], "linewidth": 2.5}
            ax.add_patch(Rectangle(corner, 0.94, 0.94, **frame))
        upright = max(len(name) for name in names) <= 2
        ax.set_xticks(range(classes), names, fontsize=_TITLE, rotation=0 if upright else 90)
        ax.set_yticks(range(classes), names, fontsize=_TITLE)
        ax.set_xlabel("predicted", fontsize=_TITLE)
        ax.set_ylabel("true", fontsize=_TITLE)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(True)
    return figure


# Checks -------------------------------------------------------------------------------------


def _as_input(image, name="image"):
    """Return what a convolution reads as a (C, H, W) tensor; uint8 becomes 0..1."""
    tensor = _validate.as_image(image, name)
    return tensor / 255 if str(getattr(image, "dtype", "")).endswith("uint8") else tensor


def _as_picture(image, name="image", channels=(1, 3)):
    """Return an image that can be shown as it is as a (C, H, W) tensor; uint8 becomes 0..1."""
    tensor = _as_input(image, name)
    if len(tensor) not in channels:
        expected = " or ".join(["(H, W)", *(f"({number}, H, W)" for number in channels)])
        raise ValueError(f"{name} must have shape {expected}, got {tuple(tensor.shape)}")
    if len(tensor) == 3 and not _is_colour(tensor):
        raise ValueError(
            f"{name} in colour must lie in 0..1, got {tensor.min():.3g}..{tensor.max():.3g}: "
            f"rescale it, or clip it on purpose with {name}.clamp(0, 1)"
        )
    return tensor


def _as_maps(responses, name):
    """Return feature maps, given as a list or as one tensor, as a list of (H, W) tensors."""
    if isinstance(responses, (torch.Tensor, np.ndarray)):
        if responses.ndim == 4 and len(responses) == 1:
            responses = responses[0]
        return list(_validate.as_image(responses, name))
    tensors = _validate.as_images(responses, name)
    return [_validate.as_map(one, f"{name}[{index}]") for index, one in enumerate(tensors)]


def _as_kernels(kernels):
    """Return the names of kernels (None where there is none) and the kernels as tensors."""
    if isinstance(kernels, Mapping):
        names, kernels = list(kernels), list(kernels.values())
    elif isinstance(kernels, (list, tuple, torch.Tensor, np.ndarray)):
        names = [one if isinstance(one, str) else None for one in kernels]
    else:
        raise TypeError(f"kernels must be a list or a dict, got {type(kernels).__name__}")
    if len(kernels) == 0:
        raise ValueError("kernels must hold at least one kernel, got none")
    tensors = [
        named_kernel(one) if isinstance(one, str) else _validate.as_kernel(one, f"kernels[{i}]")
        for i, one in enumerate(kernels)
    ]
    return [None if name is None else str(name).replace("_", " ") for name in names], tensors


def _as_snapshots(snapshots):
    """Return the steps and the kernels of a dict of step to kernel, in the order of the steps."""
    if not isinstance(snapshots, Mapping):
        raise TypeError(
            f"snapshots must be a dict of step to kernel, got {type(snapshots).__name__}"
        )
    if not snapshots:
        raise ValueError("snapshots must hold at least one kernel, got none")
    steps = sorted(
        _validate.as_int(step, "each step of snapshots", minimum=0) for step in snapshots
    )
    return steps, [_validate.as_kernel(snapshots[step], f"snapshots[{step}]") for step in steps]


def _as_losses(losses, *, last):
    """Return the losses of the steps 0 to `last` and perhaps beyond as a list of floats."""
    if not isinstance(losses, Iterable):
        raise TypeError(f"losses must be a sequence of numbers, got {losses!r}")
    values = [_validate.as_number(one, f"losses[{i}]", minimum=0) for i, one in enumerate(losses)]
    if len(values) <= last:
        raise ValueError(f"losses must reach step {last}, the last snapshot, got {len(values)}")
    return values


def _as_box(box, picture):
    """Return (top, left, height, width) of a few pixels that lie in the picture."""
    expected = "box must be (row, column, rows, columns)"
    if not isinstance(box, (list, tuple)):
        raise TypeError(f"{expected}, got {type(box).__name__}")
    if len(box) != 4:
        raise ValueError(f"{expected}, got {len(box)} numbers")
    names = ("row", "column", "rows", "columns")
    top, left, height, width = (
        _validate.as_int(value, f"the {name} of box", minimum=0 if index < 2 else 1)
        for index, (name, value) in enumerate(zip(names, box, strict=True))
    )
    if top + height > picture.shape[1] or left + width > picture.shape[2]:
        raise ValueError(f"box must lie in the image of {_size(picture)}, got {tuple(box)}")
    most = 10 if len(picture) == 1 else 6
    if max(height, width) > most:
        raise ValueError(
            f"box must be at most {most} × {most} for its numbers to be read, "
            f"got {height} × {width}"
        )
    return top, left, height, width


def _as_curves(functions, inputs):
    """Return name -> (values, slopes) of functions at the inputs, without a trace in them."""
    if not isinstance(functions, Mapping):
        raise TypeError(
            f"functions must be a dict of name to function, got {type(functions).__name__}"
        )
    if not functions:
        raise ValueError("functions must hold at least one function, got none")
    curves = {}
    for name, function in functions.items():
        if not callable(function):
            raise TypeError(f"functions[{name!r}] must be callable, got {function!r:.40}")
        with torch.enable_grad():
            leaf = inputs.clone().requires_grad_()
            values = function(leaf * 1)  # a copy, which it may change
            if getattr(values, "shape", None) != inputs.shape:
                raise ValueError(
                    f"functions[{name!r}] must return a tensor of the shape of its input, "
                    f"{tuple(inputs.shape)}, got {tuple(getattr(values, 'shape', ()))}"
                )
            slopes = torch.zeros_like(inputs)
            if values.requires_grad:
                slopes = torch.autograd.grad(values.sum(), leaf)[0]
        values = _validate.as_tensor(values.detach(), f"functions[{name!r}]")
        if not torch.isfinite(values).all():
            raise ValueError(f"functions[{name!r}] must return finite numbers, got others")
        curves[str(name)] = values, slopes
    return curves


def _as_history(history):
    """Return the losses of a history by the name of their curve."""
    curves = {}
    for name in ("training", "validation"):
        attribute = "train_losses" if name == "training" else "validation_losses"
        losses = getattr(history, attribute, None)
        if not isinstance(losses, (list, tuple)):
            raise TypeError(f"history must be what fit returns, got {type(history).__name__}")
        curves[name] = [
            _validate.as_number(loss, f"history.{attribute}[{index}]", minimum=0)
            for index, loss in enumerate(losses)
        ]
    lengths = [len(losses) for losses in curves.values()]
    if lengths[0] != lengths[1] or not lengths[0]:
        raise ValueError(
            f"history must hold two losses for each epoch, at least one, got {lengths[0]} "
            f"for training and {lengths[1]} for validation"
        )
    return curves


def _as_counts(matrix):
    """Return a confusion matrix as an array of whole numbers."""
    values = _validate.as_matrix(matrix, "matrix", shape="(classes, classes)").detach().cpu()
    if values.shape[0] != values.shape[1]:
        raise ValueError(f"matrix must have shape (classes, classes), got {tuple(values.shape)}")
    counts = values.double().numpy()
    wrong = counts[~np.isfinite(counts) | (counts < 0) | (counts != np.floor(counts))]
    if wrong.size:
        raise ValueError(f"matrix must hold counts, got {wrong[0]:g}")
    return counts.astype(np.int64)


def _as_numbers(numbers):
    return None if numbers is None else _validate.as_bool(numbers, "numbers")


def _as_limit(limit, values, *, robust=False):
    """
    Return the value of the full colour: the one given, or one that fits `values`.

    If `robust`, and the maps (the last two axes) are large, a few extreme values do not set it.
    """
    if limit is not None:
        return _validate.as_number(limit, "limit", above=0)
    sizes = values.abs().numpy()
    robust = robust and sizes.shape[-2] * sizes.shape[-1] >= _LARGE_MAP
    usual = float(np.quantile(sizes, 0.98)) if robust else 0.0
    return usual or float(sizes.max()) or 1.0


# Arithmetic ---------------------------------------------------------------------------------


def _correlate(picture, kernel, *, stride, padding):
    """Slide one kernel over each channel of a (C, H, W) picture."""
    padding = _validate.as_padding(padding)
    stride = _validate.as_pair(stride, "stride")
    if padding == "same" and stride == (1, 1) and any(size % 2 == 0 for size in kernel.shape):
        raise ValueError(
            f'padding="same" needs an odd kernel, got {_size(kernel)}: use an odd kernel, '
            'padding="valid", or give the padding as a number'
        )
    conv_output_size(tuple(picture.shape[1:]), tuple(kernel.shape), stride=stride, padding=padding)
    dtype = torch.promote_types(picture.dtype, kernel.dtype)
    weight = kernel.to(dtype)[None, None]
    return F.conv2d(picture.to(dtype)[:, None], weight, stride=stride, padding=padding)[:, 0]


def _run_layer(layer, picture):
    """Return the feature maps (C_out, H, W) of a layer, without its hooks and without a trace."""
    if isinstance(layer.weight, UninitializedParameter):
        raise ValueError("conv_layer has no weights yet: call it on an input first")
    if len(picture) != layer.in_channels:
        raise ValueError(
            f"image must have shape ({layer.in_channels}, H, W) for this conv_layer, "
            f"got {tuple(picture.shape)}"
        )
    conv_output_size(
        tuple(picture.shape[1:]),
        layer.kernel_size,
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
    )
    try:
        with torch.no_grad():
            maps = layer.forward(picture.to(layer.weight)[None])[0]
    except RuntimeError as error:  # reflected padding wider than the image, for example
        raise ValueError(f"conv_layer cannot read this image: {error}") from error
    return _validate.as_image(maps, "the output of conv_layer")


def _sums_to_one(kernel):
    return abs(kernel.sum().item() - 1) < 1e-4


def _keeps_pictures(kernel):
    """Whether what comes out of a picture is a picture again."""
    return kernel.min().item() >= 0 or _sums_to_one(kernel)


def _is_colour(picture):
    return len(picture) == 3 and picture.min().item() >= 0 and picture.max().item() <= 1


def _grey_limits(picture):
    """Return the values that are drawn black and white."""
    low, high = picture.min().item(), picture.max().item()
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high if high > low else low + 1


def _response_limits(picture, kernel, response):
    """Return the values that are drawn black and white in a response that is a picture."""
    low, high = _grey_limits(picture)
    if _sums_to_one(kernel):
        return low, high
    total = kernel.sum().item()
    if kernel.min().item() >= 0 and total > 0:
        return low * total, high * total
    return _grey_limits(response)


# Layout, in inches from the top left corner ---------------------------------------------------


def _grid(panels, ncols, *, above, below=0.0, axis=False, top=_EDGE, right=0.0):
    """
    Lay out equal boxes for `panels` in rows as even as can be, with room `above` and `below` each.

    Returns the boxes (left, top, width, height), and the width and height of the whole.
    """
    rows = ceil(len(panels) / ncols)
    columns = ceil(len(panels) / rows)
    ticks = _TICKS if axis else 0
    free = _WIDTH - right - 2 * _EDGE - columns * ticks - (columns - 1) * _GAP
    side = min(free / columns, _WIDEST_PANEL)
    ratio = _box_ratio(panels)
    across, down = side + ticks + _GAP, above + side * ratio + ticks * 0.75 + below + _GAP
    boxes = []
    for index in range(len(panels)):
        row, column = divmod(index, columns)
        left = _EDGE + ticks + column * across
        boxes.append((left, top + above + row * down, side, side * ratio))
    return boxes, columns * across - _GAP + right + 2 * _EDGE, top + rows * down


def _box_ratio(panels):
    """Return height / width of a box that suits the tallest panel; very tall ones get narrower."""
    return min(max(panel.shape[-2] / panel.shape[-1] for panel in panels), 1.5)


def _room(titles):
    lines = max((title.count("\n") + 1 for title in titles if title is not None), default=0)
    return _EDGE + lines * _LINE


# Drawing ------------------------------------------------------------------------------------


def _axes(ax):
    return plt.figure().add_subplot() if ax is None else _validate.as_axes(ax)


def _draw_input(ax, picture, *, title, axis):
    """Draw a grey or colour image, or any other number of channels as grey tiles."""
    if len(picture) == 1 or _is_colour(picture):
        return _draw_image(ax, picture, title=title, axis=axis)
    low, high = _grey_limits(picture)
    columns = ceil(sqrt(len(picture)))
    _draw_tiles(ax, picture, columns, cmap=_GREY, low=low, high=high, role="input")
    ax.set_title(title.replace("\n", f"\n{len(picture)} × "), fontsize=_TITLE)
    return ax


def _draw_image(ax, picture, *, title=None, axis=False, role="input", limits=None):
    if len(picture) == 3:
        ax.imshow(picture.permute(1, 2, 0).numpy(), interpolation="nearest")
    else:
        low, high = _grey_limits(picture) if limits is None else limits
        ax.imshow(picture[0].numpy(), cmap=_GREY, vmin=low, vmax=high, interpolation="nearest")
    return _finish(ax, title=title, axis=axis, role=role)


def _draw_response(ax, response, *, limit, title=None, axis=False):
    _draw_signed(ax, response, limit)
    return _finish(ax, title=title, axis=axis, role="output")


def _draw_kernel(ax, kernel, *, numbers=None, title=None, limit=None):
    limit = _as_limit(limit, kernel)
    _draw_signed(ax, kernel, limit)
    height, width = kernel.shape
    if max(height, width) <= _GRID_LINES:
        lines = {"color": PALETTE["kernel"], "linewidth": 1}
        for edge in range(1, height):
            ax.axhline(edge - 0.5, **lines)
        for edge in range(1, width):
            ax.axvline(edge - 0.5, **lines)
    _finish(ax, title=title, axis=False, role="kernel")
    texts, factor = _written(kernel)
    size = _text_size(ax, kernel, texts)
    if numbers or (numbers is None and size >= _LEGIBLE):
        for (row, column), text in np.ndenumerate(texts):
            ink = _ink(_SIGNED((kernel[row, column].item() / limit + 1) / 2))
            centre = {"ha": "center", "va": "center"}
            ax.text(column, row, text, fontsize=max(size, 5), color=ink, **centre)
        if factor:
            ax.set_xlabel(factor, fontsize=_TITLE)
    return ax


def _draw_filter(ax, weight, *, limit):
    """Draw the slices of one filter (C, kH, kW), one for each input channel it reads."""
    columns = _slice_columns(len(weight))
    return _draw_tiles(ax, weight, columns, cmap=_SIGNED, low=-limit, high=limit, role="kernel")


def _slice_columns(number):
    return number if number <= 4 else ceil(sqrt(2 * number))


def _draw_tiles(ax, tiles, columns, *, cmap, low, high, role):
    """Draw several equal arrays (N, H, W) into one Axes, framed, `columns` in a row."""
    _, height, width = tiles.shape
    gap = 0.15 * max(height, width)
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        left, top = column * (width + gap), row * (height + gap)
        extent = (left, left + width, top + height, top)
        ax.imshow(
            tile.numpy(), cmap=cmap, vmin=low, vmax=high, extent=extent, interpolation="nearest"
        )
        frame = {"fill": False, "edgecolor": PALETTE[role], "linewidth": 1.5, "clip_on": False}
        ax.add_patch(Rectangle((left, top), width, height, **frame))
    ax.set_xlim(0, columns * (width + gap) - gap)
    ax.set_ylim(ceil(len(tiles) / columns) * (height + gap) - gap, 0)
    ax.set_axis_off()
    return ax


def _draw_signed(ax, values, limit):
    ax.imshow(values.numpy(), cmap=_SIGNED, vmin=-limit, vmax=limit, interpolation="nearest")


def _finish(ax, *, title, axis, role):
    """Frame a panel in the colour of its role, and number the pixels if asked to."""
    for spine in ax.spines.values():
        spine.set(visible=True, color=PALETTE[role], linewidth=2)
    height, width = ax.images[-1].get_array().shape[:2]
    ax.set_xticks(_pixel_ticks(width) if axis else [])
    ax.set_yticks(_pixel_ticks(height) if axis else [])
    ax.tick_params(labelsize=_SMALL)
    if axis:
        ax.get_xticklabels()[-1].set_horizontalalignment("right" if width > 6 else "center")
    if title is not None:
        ax.set_title(title, fontsize=_TITLE)
    return ax


def _pixel_ticks(number):
    """Return the first, the middle and the last index; all of them where there are few."""
    return list(range(number)) if number <= 6 else [0, number // 2, number - 1]


def _write(figure, left, top, text):
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - top / height, text, va="top", fontsize=_SMALL, linespacing=1.3)


def _add_scale(ax, values):
    """Put a thin upright colour bar beside a panel."""
    return _add_bar(ax.inset_axes([1.06, 0.05, 0.05, 0.9]), ax.images[-1], values, "vertical")


def _add_key(figure, left, top, width, label, values, limit, role="output"):
    """Put a thin level colour bar with a label into a figure, in inches."""
    _write(figure, left, top + 0.06, label)
    cax = add_panel(figure, left + 0.85, top + 0.1, min(width - 1.1, 2.4), 0.13)
    mappable = ScalarMappable(Normalize(-limit, limit), _SIGNED)
    bar = _add_bar(cax, mappable, values, "horizontal")
    bar.outline.set(edgecolor=PALETTE[role], linewidth=1.5)
    return bar


def _add_bar(cax, mappable, values, orientation):
    """Draw a colour bar with few ticks; an end is pointed where values lie beyond it."""
    low, high = mappable.get_clim()
    slack = 1e-6 * (high - low)
    below, above = values.min().item() < low - slack, values.max().item() > high + slack
    ends = {(False, False): "neither", (True, False): "min", (False, True): "max"}
    bar = cax.figure.colorbar(
        ScalarMappable(Normalize(low, high), mappable.cmap),
        cax=cax,
        orientation=orientation,
        extend=ends.get((below, above), "both"),
    )
    end = _round_down(high)
    ticks = [-end, 0, end] if low == -high else [low, high]
    bar.set_ticks(ticks, labels=[_short(tick) for tick in ticks])
    bar.minorticks_off()
    bar.ax.tick_params(labelsize=_SMALL)
    return bar


def _round_down(value):
    """Return `value` with one significant digit, towards zero."""
    unit = 10.0 ** floor(log10(value))
    return floor(value / unit + 1e-9) * unit


def _short(value):
    return f"{value + 0.0:.3g}".replace("-", "−")  # -0.0 + 0.0 is 0.0


def _written(kernel):
    """Return the weights as short texts, and the factor that they have in common."""
    values = kernel.double().numpy()
    texts = [_short(value) for value in values.flat]
    exact = all(abs(float(f"{value:.3g}") - value) < 1e-6 for value in values.flat)
    short = max(len(text.lstrip("−")) for text in texts) <= 4
    factor = ""
    if not (exact and short):
        whole = _common_denominator(values)
        if whole:
            texts, factor = [_short(round(value * whole)) for value in values.flat], f"× 1/{whole}"
        else:
            texts = [f"{round(value, 2) + 0.0:.2f}".replace("-", "−") for value in values.flat]
    return np.array(texts).reshape(values.shape), factor


def _common_denominator(values, largest=512):
    """Return the least number up to `largest` that makes all values whole, or None."""
    whole = 1
    for value in values.flat:
        whole = lcm(whole, Fraction(float(value)).limit_denominator(largest).denominator)
        if whole > largest:
            return None
    return whole if np.allclose(values * whole, np.round(values * whole), atol=1e-3) else None


def _text_size(ax, kernel, texts):
    """Return the font size, in points, at which the longest text fits into a cell."""
    height, width = kernel.shape
    box = ax.get_window_extent()
    cell = min(box.width / width, box.height / height) * 72 / ax.figure.dpi
    return min(14, cell * 0.88 / (0.64 * max(len(text) for text in texts.flat)))


def _ink(colour):
    """Return black or white, whichever is easier to read on `colour` (WCAG contrast)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]
    ]
    luminance = float(np.dot((0.2126, 0.7152, 0.0722), linear))
    return "black" if (luminance + 0.05) ** 2 > 0.0525 else "white"


def _response_names(picture):
    """Return the title of the response of each channel."""
    if len(picture) == 1:
        return ["response"]
    if _is_colour(picture):
        return [f"response, {colour}" for colour in ("red", "green", "blue")]
    return [f"response, channel {index}" for index in range(len(picture))]


def _size(tensor):
    return f"{tensor.shape[-2]} × {tensor.shape[-1]}"


def _channels_read(layer, index):
    """Return which input channels an output reads, if it does not read all of them."""
    if layer.groups == 1:
        return ""
    number = layer.in_channels // layer.groups
    first = index * layer.groups // layer.out_channels * number
    return f", reads {first}" if number == 1 else f", reads {first}–{first + number - 1}"


def _layer_facts(layer, maps):
    """Return what a reader wants to know about a layer, in short lines."""
    defaults = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    settings = [
        f"{name} {_setting(getattr(layer, name))}"
        for name, usual in defaults.items()
        if getattr(layer, name) != usual
    ]
    kernel_size = f"kernel {layer.kernel_size[0]} × {layer.kernel_size[1]}"
    return [kernel_size, *([", ".join(settings)] if settings else []), f"outputs {_size(maps)}"]


def _setting(value):
    return str(value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value)
