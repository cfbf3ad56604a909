"""One panel: an image, a kernel, a feature map."""

from matplotlib.axes import Axes
from torch import Tensor

from utils._validate import Ax, Flag, Kernel, Map, Picture, Positive, checked
from utils.drawing.maps import (
    draw_channels,
    draw_image,
    draw_kernel,
    draw_response,
    full_colour,
    is_colour,
)
from utils.drawing.page import TEXT, panel_or_new
from utils.drawing.words import say, size_text, title


@checked
def show_image(
    image: Picture, *, ax: Ax | None = None, title: object = None, axis: Flag = False
) -> Axes:
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
    """
    return draw_image(panel_or_new(ax), image, text=title, axis=axis)


@checked
def show_kernel(
    kernel: Kernel,
    *,
    ax: Ax | None = None,
    title: object = None,
    limit: Positive | None = None,
) -> Axes:
    """
    Show one kernel as a pattern of weights: blue negative, white zero, vermilion positive.

    The weights are written into the cells where they fit. Ninths, sixteenths and the like are
    written as whole numbers, with the common factor below the kernel.

    Parameters
    ----------
    kernel : Tensor or array of shape (kH, kW) or (1, 1, kH, kW)
        The weights.
    ax : Axes, optional
        Where to draw; a new figure if not given.
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
    """
    return draw_kernel(panel_or_new(ax), kernel, text=title, limit=limit or full_colour(kernel))


@checked
def show_response(
    response: Map,
    *,
    limit: Positive | None = None,
    ax: Ax | None = None,
    title: object = None,
    axis: Flag = False,
) -> Axes:
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
    """
    limit = limit or full_colour(response)
    return draw_response(panel_or_new(ax), response, limit=limit, text=title, axis=axis)


def draw_input(ax: Axes, image: Tensor, *, axis: bool) -> Axes:
    """Draw what a convolution reads: a picture, or any other number of channels as grey tiles."""
    size = size_text(image.shape[-2:], between=" × ")
    if len(image) == 1 or is_colour(image):
        return draw_image(ax, image, text=say("image\n{size}", size=size), axis=axis)
    draw_channels(ax, image)
    title(ax, say("image\n{channels} × {size}", channels=len(image), size=size), size=TEXT)
    return ax
