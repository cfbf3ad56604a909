"""
Grids of numbers, in units of one cell, with row 0 at the top.

A cell of X keeps the same place in every picture. Text is measured in cells too: a number stays
inside its cell at any size.
"""

import functools
import math
from collections.abc import Collection, Sequence
from typing import Any

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from matplotlib.transforms import Bbox

from utils.drawing.colours import INK, MUTED, PALETTE, TEXT_COLOURS, Colour, mark, readable_on, tint
from utils.drawing.marks import DASHED
from utils.drawing.page import MakeFigure
from utils.drawing.words import Write, number_format, say, size_text

__all__ = [
    "CellText",
    "blank_figure",
    "cell_axes",
    "ems",
    "new_diagram",
    "paint_cell",
    "paint_grid",
    "write_header",
    "write_in",
]

Rim = Sequence[tuple[int, int]]


# Text in cells ------------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def ems(text: str, weight: Any = "normal") -> float:
    """Return the width of a line of text, as a multiple of its font size."""
    font = FontProperties(weight=weight)
    return TextPath((0, 0), text, size=100, prop=font).get_extents().width / 100


class CellText(Text):
    """
    Text whose size is given in cells (data units) instead of points.

    The size is worked out when the figure is drawn, because only then is it known how large a cell
    is on paper. `width` is the room that the text has, also in cells.
    """

    def __init__(
        self, x: float, y: float, text: str, *, height: float, width: float = math.inf, **style: Any
    ) -> None:
        super().__init__(x, y, text, **style)
        self._height_in_cells = height
        self._width_in_cells = width
        self.set_in_layout(False)

    def _fit(self) -> None:
        figure = self.get_figure(root=True)
        if self.axes is None or figure is None:
            return
        (left, bottom), (right, top) = self.axes.transData.transform([(0, 0), (1, 1)])
        points = 72 / figure.dpi
        lines = [line for line in self.get_text().split("\n") if line.strip()]
        longest = max((ems(line, self.get_fontweight()) for line in lines), default=0)
        size = self._height_in_cells * abs(top - bottom)
        if longest:
            size = min(size, self._width_in_cells * abs(right - left) / longest)
        self.set_fontsize(max(size * points, 0.5))

    def get_window_extent(
        self, renderer: RendererBase | None = None, dpi: float | None = None
    ) -> Bbox:
        """Measure the text at the size at which it is drawn."""
        self._fit()
        return super().get_window_extent(renderer, dpi)

    def draw(self, renderer: RendererBase) -> None:
        """Draw the text at the size that fits its cell."""
        self._fit()
        super().draw(renderer)


def write_in(
    ax: Axes,
    x: float,
    y: float,
    text: str,
    *,
    height: float = 0.46,
    width: float = math.inf,
    colour: Colour = INK,
    **style: Any,
) -> CellText:
    """Write `text`, `height` cells high, centred on (x, y) unless told otherwise."""
    style = {"ha": "center", "va": "center_baseline", "color": colour, "zorder": 5} | style
    artist = CellText(x, y, say(text), height=height, width=width, transform=ax.transData, **style)
    ax.add_artist(artist)
    return artist


def write_header(
    ax: Axes, x: float, y: float, letter: str, role: str, shape: Sequence[int]
) -> None:
    """Write the name and size of a grid above it."""
    bold: dict[str, Any] = {"ha": "left", "fontweight": "bold"}
    write_in(ax, x, y, letter, height=0.44, colour=TEXT_COLOURS[role], **bold)
    write_in(ax, x + 0.55, y, size_text(shape), height=0.36, ha="left", colour=MUTED)


# Cells --------------------------------------------------------------------------------------


def paint_cell(
    ax: Axes,
    x: float,
    y: float,
    *,
    face: Colour,
    edge: Colour,
    role: str | None = None,
    dashed: bool = False,
    hatch: str | None = None,
    zorder: float = 1,
) -> Rectangle:
    """Draw one cell with its top left corner at (x, y)."""
    cell = Rectangle(
        (x, y),
        1,
        1,
        facecolor=face,
        edgecolor=edge,
        linewidth=1,
        linestyle=DASHED if dashed else "-",
        hatch=hatch,
        zorder=zorder,
    )
    ax.add_patch(cell if role is None else mark(cell, role))
    return cell


def paint_grid(
    ax: Axes,
    values: torch.Tensor,
    *,
    origin: tuple[float, float] = (0.0, 0.0),
    role: str = "input",
    padding: Rim = ((0, 0), (0, 0)),
    fmt: str | Write | None = None,
    shade: bool = False,
    shown: torch.Tensor | None = None,
    blank: Collection[tuple[int, int]] = (),
    strength: float = 0.16,
) -> None:
    """
    Draw a grid of numbers with its top left corner (rim included) at `origin`.

    Parameters
    ----------
    ax : Axes
        Where to draw, in units of one cell with rows running downwards.
    values : Tensor
        Shape (H, W).
    origin : tuple of float
        Column and row of the corner.
    role : str
        A role of `PALETTE`.
    padding : ((int, int), (int, int))
        Rows of zeros above and below, columns of zeros left and right.
    fmt : str, callable or None
        How numbers are written.
    shade : bool
        Let the tint follow the value.
    shown : Tensor or None
        Shape (H, W), bool: cells that are False stay empty.
    blank : collection of tuple of int
        Cells, rim included, whose number is left out.
    strength : float
        The tint of an unshaded cell, from 0 to 1.
    """
    left, top = origin
    (above, below), (before, after) = padding
    height, width = values.shape
    write = number_format(values, fmt)
    tints = _shades(values) if shade else None
    edge: Colour = "white" if shade else tint(role, 0.75)
    for i in range(above + height + below):
        for j in range(before + width + after):
            x, y = left + j, top + i
            row, column = i - above, j - before
            if not (0 <= row < height and 0 <= column < width):
                _paint_padding(ax, x, y, numbered=(i, j) not in blank)
                continue
            if shown is not None and not shown[row, column]:
                paint_cell(ax, x, y, face="white", edge=tint(role, 0.6), role=role)
                continue
            face = tint(role, strength if tints is None else float(tints[row, column]))
            paint_cell(ax, x, y, face=face, edge=edge, role=role)
            if (i, j) not in blank:
                text = write(values[row, column])
                write_in(ax, x + 0.5, y + 0.5, text, width=0.8, colour=readable_on(face))


def _paint_padding(ax: Axes, x: float, y: float, *, numbered: bool) -> None:
    """Draw one cell of the rim, dashed, and its zero."""
    edge = PALETTE["padding"]
    paint_cell(ax, x, y, face="white", edge=edge, role="padding", dashed=True, zorder=0.5)
    if numbered:
        write_in(ax, x + 0.5, y + 0.5, "0", height=0.4, colour=TEXT_COLOURS["padding"])


def _shades(values: torch.Tensor) -> torch.Tensor:
    """Return how strong the tint of each value is: none at zero (or below), full at the largest."""
    finite = values.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
    low, high = min(float(finite.min()), 0.0), float(finite.max())
    return (finite - low) / (high - low) if high > low else finite * 0


# Figures and panels in cells ----------------------------------------------------------------


def cell_axes(ax: Axes, width: float, height: float, *, margin: float = 0.08) -> Axes:
    """Give `ax` the coordinates of a diagram: square cells, rows downwards, no frame."""
    ax.set_xlim(-margin, width + margin)
    ax.set_ylim(height + margin, -margin)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def blank_figure(
    make: MakeFigure, width: float, height: float, *, cell: float, widest: float = math.inf
) -> tuple[Figure, Axes]:
    """
    Make a figure of width x height cells, filled by one Axes.

    Parameters
    ----------
    make : callable
        `plt.figure`, or `Figure` for one that pyplot does not know (a step of an animation).
    width, height : float
        In cells.
    cell : float
        The side of a cell, in inches.
    widest : float
        Cells get smaller where the figure would be wider than this, in inches.

    Returns
    -------
    (Figure, Axes)
        The figure, and its Axes in units of one cell.
    """
    cell = min(cell, widest / width)
    figure = make(figsize=(width * cell, height * cell), layout="none", facecolor="white")
    ax = figure.add_axes((0, 0, 1, 1))
    return figure, cell_axes(ax, width, height, margin=0)


def new_diagram(
    width: float, height: float, *, cell: float, widest: float = math.inf
) -> tuple[Figure, Axes]:
    """Make a `blank_figure` that pyplot knows."""
    return blank_figure(plt.figure, width, height, cell=cell, widest=widest)
