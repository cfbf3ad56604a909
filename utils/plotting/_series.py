"""Several images, kernels or feature maps side by side."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from utils._validate import (
    Count,
    Flag,
    Kernels,
    Maps,
    PictureList,
    Positive,
    Texts,
    as_titles,
    checked,
)
from utils.drawing.maps import colour_key, draw_image, draw_kernel, draw_response, full_colour
from utils.drawing.page import EDGE, KEY, LINE, PanelGrid, new_sheet, title_room
from utils.drawing.words import weight_texts
from utils.kernels import kernel as named_kernel


@checked
def plot_images(
    images: PictureList, *, titles: Texts | None = None, ncols: Count = 4, axis: Flag = False
) -> Figure:
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
    """
    texts = as_titles(titles, len(images))
    grid = PanelGrid.of(images, ncols, above=title_room(texts), axis=axis)
    with new_sheet(grid.width, grid.height) as sheet:
        for box, image, text in zip(grid.boxes, images, texts, strict=True):
            draw_image(sheet.panel(box), image, text=text, axis=axis)
    return sheet.figure


@checked
def plot_kernels(
    kernels: Kernels,
    *,
    titles: Texts | None = None,
    ncols: Count = 4,
    limit: Positive | None = None,
) -> Figure:
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
    """
    names, tensors = look_up(kernels)
    texts = names if titles is None else as_titles(titles, len(tensors))
    below = LINE if any(weight_texts(tensor)[1] for tensor in tensors) else 0
    grid = PanelGrid.of(tensors, ncols, above=title_room(texts), below=below)
    with new_sheet(grid.width, grid.height) as sheet:
        for box, tensor, text in zip(grid.boxes, tensors, texts, strict=True):
            draw_kernel(sheet.panel(box), tensor, text=text, limit=limit or full_colour(tensor))
    return sheet.figure


@checked
def plot_responses(
    responses: Maps,
    *,
    titles: Texts | None = None,
    ncols: Count = 4,
    limit: Positive | None = None,
    axis: Flag = False,
) -> Figure:
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
    """
    texts = as_titles(titles, len(responses))
    values = torch.cat([response.flatten() for response in responses])[None]
    limit = limit or full_colour(values)
    grid = PanelGrid.of(responses, ncols, above=title_room(texts), axis=axis)
    with new_sheet(grid.width, grid.height + KEY) as sheet:
        for box, response, text in zip(grid.boxes, responses, texts, strict=True):
            draw_response(sheet.panel(box), response, limit=limit, text=text, axis=axis)
        length = min(grid.width, 4) - 2 * EDGE
        colour_key(sheet, EDGE, grid.height, length, "response", values, limit)
    return sheet.figure


def look_up(
    kernels: Sequence[tuple[str | None, Tensor | str]],
) -> tuple[list[str | None], list[Tensor]]:
    """Return the titles of kernels (None where there is no name), and the kernels themselves."""
    titles = [None if name is None else name.replace("_", " ") for name, _ in kernels]
    return titles, [named_kernel(one) if isinstance(one, str) else one for _, one in kernels]
