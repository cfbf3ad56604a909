"""Grids side by side."""

import math
from typing import Annotated

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from utils._validate import (
    Count,
    Flag,
    Grids,
    Listed,
    Texts,
    as_titles,
    checked,
    choice,
    require_number,
)
from utils.diagrams._windows import draw_grid
from utils.drawing.cells import cell_axes
from utils.drawing.colours import PALETTE
from utils.drawing.page import HEADING, diagram_width
from utils.drawing.words import title

__all__ = ["plot_grids"]

_CELL = 0.6  # the largest side of a cell, in inches
_BETWEEN, _RIM, _TITLE_LINE = 0.4, 0.2, 0.3


@checked
def plot_grids(
    grids: Grids,
    *,
    titles: Texts | None = None,
    role: Annotated[str, choice(PALETTE)] = "input",
    shade: Flag = False,
    highlight: object = None,
    highlights: Listed | None = None,
    ncols: Count = 4,
) -> Figure:
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
    names = as_titles(titles, len(grids))
    if highlights is None:
        highlights = [highlight] * len(grids)
    require_number(highlights, len(grids), "highlights", "grids")
    ncols = min(ncols, len(grids))
    nrows = math.ceil(len(grids) / ncols)
    rows, columns = (max(grid.shape[axis] for grid in grids) for axis in (0, 1))
    between = _BETWEEN * (ncols - 1)
    cell = min(_CELL, (diagram_width() - between) / (ncols * columns))
    above = _TITLE_LINE * max(name.count("\n") + 1 if name else 0 for name in names)
    size = ncols * cell * columns + between + _RIM, nrows * (cell * rows + above + _RIM)
    figure = plt.figure(figsize=size, layout="constrained")
    try:
        for index, (grid, name) in enumerate(zip(grids, names, strict=True)):
            ax = figure.add_subplot(nrows, ncols, index + 1)
            draw_grid(grid, ax=ax, role=role, shade=shade, highlight=highlights[index])
            title(ax, name, size=HEADING)
            cell_axes(ax, columns, rows)
    except BaseException:
        plt.close(figure)
        raise
    return figure
