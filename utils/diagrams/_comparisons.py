"""Grids and pictures side by side."""

import math

import matplotlib.pyplot as plt
import torch.nn.functional as F

from utils import _validate
from utils.diagrams._cells import TIMES, as_values, cell_axes, outline
from utils.diagrams._windows import draw_grid
from utils.style import PALETTE

_WIDTH = 7.0  # inches
_FINEST = 1344  # cells that a row of pixels is drawn with
# As `torch.nn.Conv2d` names them, and as `torch.nn.functional.pad` does.
_PADDING_MODES = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "replicate",
    "circular": "circular",
}


def plot_grids(
    grids, *, titles=None, role="input", shade=False, highlight=None, highlights=None, ncols=4
):
    """
    Draw matrices side by side as grids of numbers.

    Parameters
    ----------
    grids : sequence of Tensor
        Each of shape (H, W).
    titles : sequence of str, optional
        One text above each grid.
    role : str
        What the numbers are, a key of `utils.style.PALETTE`: sets the tint of the cells.
    shade : bool
        Let the tint of a cell grow with its value; the largest of each grid is darkest.
    highlight : tuple or list, optional
        Cells to frame in every grid, as in `draw_grid`.
    highlights : sequence of tuple or list, optional
        Cells to frame in each grid, instead of `highlight`: one entry a grid.
    ncols : int
        Grids in a row.

    Returns
    -------
    Figure
        One axes for each grid, all at one scale.

    Raises
    ------
    TypeError, ValueError
        If there are no grids, one of them is not a matrix, the titles do not fit, or a highlighted
        cell does not exist.

    Examples
    --------
    >>> import torch
    >>> figure = plot_grids([torch.eye(2), torch.ones(2, 2)], titles=["eye", "ones"])
    >>> [ax.get_title() for ax in figure.axes]
    ['eye', 'ones']
    """
    if isinstance(grids, (str, int)) or grids is None or not len(grids):
        raise ValueError(f"grids must be a sequence of matrices, got {grids!r}")
    matrices = [as_values(grid, f"grids[{index}]") for index, grid in enumerate(grids)]
    titles = [""] * len(matrices) if titles is None else titles
    titles = _validate.as_texts(titles, "titles", len(matrices))
    highlights = [highlight] * len(matrices) if highlights is None else highlights
    if not isinstance(highlights, (list, tuple)):
        raise TypeError(f"highlights must be a list with one entry a grid, got {highlights!r}")
    if len(highlights) != len(matrices):
        raise ValueError(f"highlights must be one a grid, {len(matrices)}, got {len(highlights)}")
    ncols = min(_validate.as_int(ncols, "ncols"), len(matrices))
    nrows = math.ceil(len(matrices) / ncols)
    tallest, widest = (max(matrix.shape[axis] for matrix in matrices) for axis in (0, 1))
    cell = min(0.6, (_WIDTH - 0.4 * (ncols - 1)) / (ncols * widest))
    lines = max(title.count("\n") + 1 for title in titles) if any(titles) else 0
    size = (
        ncols * cell * widest + 0.4 * (ncols - 1) + 0.2,
        nrows * (cell * tallest + 0.3 * lines + 0.2),
    )
    figure = plt.figure(figsize=size, layout="constrained")
    try:
        for index, (matrix, title) in enumerate(zip(matrices, titles, strict=True)):
            ax = figure.add_subplot(nrows, ncols, index + 1)
            draw_grid(matrix, ax=ax, role=role, shade=shade, highlight=highlights[index])
            ax.set_title(title, fontsize=16)
            cell_axes(ax, widest, tallest)
    except BaseException:
        plt.close(figure)
        raise
    return figure


def plot_padding_modes(image, *, padding, ncols=2):
    """
    Draw a picture under the four padding modes of `torch.nn.Conv2d`, the picture itself framed.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), grey, 0 to 1.
    padding : int or tuple of int
        Rows and columns of the rim on each side.
    ncols : int
        Panels in a row.

    Returns
    -------
    Figure
        One axes for each of zeros, reflect, replicate and circular.

    Raises
    ------
    TypeError, ValueError
        If `image` is not a matrix, or the rim is wider than its pixels can fill.

    Examples
    --------
    >>> import torch
    >>> figure = plot_padding_modes(torch.rand(8, 8), padding=3)
    >>> [ax.get_title() for ax in figure.axes]
    ['zeros', 'reflect', 'replicate', 'circular']
    """
    picture = as_values(image, "image")
    above, before = _validate.as_pair(padding, "padding", minimum=0)
    ncols = min(_validate.as_int(ncols, "ncols"), len(_PADDING_MODES))
    rows, columns = picture.shape
    if above >= rows or before >= columns:
        raise ValueError(
            f"padding must be smaller than the picture, got {(above, before)} for "
            f"{rows}{TIMES}{columns}: reflect has no more pixels to show"
        )
    nrows = math.ceil(len(_PADDING_MODES) / ncols)
    height, width = rows + 2 * above, columns + 2 * before
    side = min(_WIDTH / ncols, 2.9)
    size = (ncols * side, nrows * (side * height / width + 0.35))
    figure = plt.figure(figsize=size, layout="constrained")
    for index, (name, mode) in enumerate(_PADDING_MODES.items()):
        padded = F.pad(picture[None, None], (before, before, above, above), mode=mode)[0, 0]
        ax = figure.add_subplot(nrows, ncols, index + 1)
        ax.imshow(padded.numpy(), cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
        outline(ax, before, above, rows=rows, columns=columns, linewidth=2.5)
        cell_axes(ax, width, height, margin=0)
        ax.axis("on")
        ax.set(xticks=[], yticks=[])
        ax.set_title(name, fontsize=16)
        for spine in ax.spines.values():
            spine.set(visible=True, color=PALETTE["padding"], linestyle=(0, (3, 2)))
    return figure


def plot_flattened(image, *, rows):
    """
    Draw a picture, and underneath all its pixels in one row, as `torch.flatten` gives them.

    Below the whole row stands a part of it, stretched: some rows of the picture, one after the
    other. They are framed in the picture and in the long row.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), grey, 0 to 1.
    rows : tuple of int
        The first row of the stretched part, and the first row after it.

    Returns
    -------
    Figure
        Three axes: the picture, all pixels, and the pixels of `rows`.

    Raises
    ------
    TypeError, ValueError
        If `image` is not a matrix, or does not have the rows.

    Examples
    --------
    >>> import torch
    >>> figure = plot_flattened(torch.rand(20, 30), rows=(10, 12))
    >>> [ax.get_title() for ax in figure.axes]
    ['20 × 30 pixels', 'flattened: 600 in a row', 'rows 10 to 11: 60 of them']
    """
    picture = as_values(image, "image")
    height, width = picture.shape
    first, end = _validate.as_pair(rows, "rows", minimum=0)
    if not first < end <= height:
        raise ValueError(f"rows must be a part of the {height} rows, got {(first, end)}")
    titles = [
        f"{height} {TIMES} {width} pixels",
        f"flattened: {picture.numel():,} in a row",
        f"rows {first} to {end - 1}: {(end - first) * width:,} of them",
    ]
    figure = plt.figure(figsize=(_WIDTH, 5.6), layout="none")
    places = [(2 / 7, 0.395, 3 / 7, 3 / 5.6), (0.02, 0.225, 0.96, 0.105), (0.02, 0.01, 0.96, 0.105)]
    pixels = [picture, picture.reshape(1, -1), picture[first:end].reshape(1, -1)]
    ends = [(width, height), (height, 1), (end - first, 1)]  # in rows of the picture
    for place, title, values, (right, bottom) in zip(places, titles, pixels, ends, strict=True):
        ax = figure.add_axes(place)
        if values.shape[1] > _FINEST:
            values = F.interpolate(values[None], size=_FINEST, mode="area")[0]
        extent = (0, right, bottom, 0)
        aspect = "equal" if values is picture else "auto"
        ax.imshow(values.numpy(), cmap="gray", vmin=0, vmax=1, extent=extent, aspect=aspect)
        ax.set(xticks=[], yticks=[])
        ax.set_title(title, fontsize=17, pad=6)
        ax.spines[:].set(visible=True, color=PALETTE["input"], linewidth=1.5)
    whole, strip, part = figure.axes
    outline(whole, 0, first, rows=end - first, columns=width, linewidth=2)
    outline(strip, first, 0, columns=end - first, linewidth=2)
    part.spines[:].set(color=PALETTE["highlight"], linewidth=2.5)
    return figure
