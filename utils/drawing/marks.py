"""Frames, boxes, arrows, brackets and connectors: what is drawn around, beside and between."""

from collections.abc import Collection, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, ConnectionPatch, FancyArrowPatch, Patch, Polygon, Rectangle

from utils.drawing.colours import INK, PALETTE, TEXT_COLOURS, Colour, mark, tint
from utils.drawing.page import Sheet

__all__ = [
    "DASHED",
    "arrow",
    "bracket",
    "connect",
    "disc",
    "outline",
    "outline_cells",
    "polygon",
    "sheet_arrow",
    "tinted_box",
]

Point = tuple[float, float]
DASHED = (0, (3, 2))
_LONG_DASHES = (0, (3, 1.5))


# Frames and areas ---------------------------------------------------------------------------


def outline(
    ax: Axes,
    x: float,
    y: float,
    *,
    rows: float = 1,
    columns: float = 1,
    role: str = "highlight",
    linewidth: float = 3,
    inset: float = 0.0,
    dashed: bool = False,
) -> Rectangle:
    """Draw a thick frame around cells: seen in black and white as well as in colour."""
    frame = Rectangle(
        (x + inset, y + inset),
        columns - 2 * inset,
        rows - 2 * inset,
        fill=False,
        edgecolor=PALETTE[role],
        linewidth=linewidth,
        linestyle=_LONG_DASHES if dashed else "-",
        joinstyle="round",
        zorder=4,
    )
    ax.add_patch(mark(frame, role))
    return frame


def outline_cells(
    ax: Axes,
    cells: Collection[tuple[int, int]],
    *,
    origin: Point = (0.0, 0.0),
    role: str = "highlight",
) -> None:
    """Frame a set of cells: one frame around a full rectangle, else one frame a cell."""
    left, top = origin
    rows, columns = {i for i, _ in cells}, {j for _, j in cells}
    height, width = max(rows) - min(rows) + 1, max(columns) - min(columns) + 1
    if len(set(cells)) == height * width:
        outline(ax, left + min(columns), top + min(rows), rows=height, columns=width, role=role)
        return
    for i, j in cells:
        outline(ax, left + j, top + i, role=role, linewidth=2.5, inset=0.04)


def _paint(
    ax: Axes, patch: Patch, role: str, strength: float | None, edge: Colour | None, style: Any
) -> None:
    """Give a patch the colours of its role and add it; without a strength it is not filled."""
    face = "none" if strength is None else tint(role, strength)
    patch.set(facecolor=face, edgecolor=TEXT_COLOURS[role] if edge is None else edge)
    patch.set(**{"linewidth": 1, "zorder": 2} | style)
    ax.add_patch(mark(patch, role))


def tinted_box(
    ax: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    role: str,
    strength: float | None,
    edge: Colour | None = None,
    **style: Any,
) -> Rectangle:
    """Draw a box in a tint of its role, edged in the role's text colour unless told otherwise."""
    box = Rectangle((x, y), width, height)
    _paint(ax, box, role, strength, edge, style)
    return box


def polygon(
    ax: Axes,
    corners: Sequence[Point],
    *,
    role: str,
    strength: float | None,
    edge: Colour | None = None,
    **style: Any,
) -> Polygon:
    """Draw a polygon in a tint of its role, as `tinted_box` does."""
    shape = Polygon(corners)
    _paint(ax, shape, role, strength, edge, style)
    return shape


def disc(
    ax: Axes,
    x: float,
    y: float,
    radius: float,
    *,
    role: str,
    strength: float | None = 1.0,
    edge: Colour | None = None,
    **style: Any,
) -> Circle:
    """Draw a disc in a tint of its role, as `tinted_box` does."""
    circle = Circle((x, y), radius)
    _paint(ax, circle, role, strength, edge, style)
    return circle


# Lines between things -----------------------------------------------------------------------


def arrow(
    ax: Axes,
    start: Point,
    end: Point,
    *,
    head: float = 18,
    colour: Colour = INK,
    linewidth: float = 2,
    shrink: Point = (0, 0),
    **style: Any,
) -> FancyArrowPatch:
    """Draw an arrow in the units of an Axes; `shrink` shortens its ends, in points."""
    patch = _arrow(start, end, head=head, colour=colour, linewidth=linewidth, shrink=shrink)
    patch.set(**style)
    ax.add_patch(patch)
    return patch


def sheet_arrow(sheet: Sheet, start: Point, end: Point, *, shrink: Point = (5, 5)) -> None:
    """Draw an arrow between panels, in inches from the top left corner of the figure."""
    patch = _arrow(
        sheet.point(*start), sheet.point(*end), head=18, colour=INK, linewidth=2, shrink=shrink
    )
    patch.set_transform(sheet.figure.transFigure)
    sheet.figure.add_artist(patch)


def _arrow(
    start: Point, end: Point, *, head: float, colour: Colour, linewidth: float, shrink: Point
) -> FancyArrowPatch:
    patch = FancyArrowPatch(
        start,
        end,
        arrowstyle="-|>",
        mutation_scale=head,
        shrinkA=shrink[0],
        shrinkB=shrink[1],
        color=colour,
        linewidth=linewidth,
    )
    return mark(patch, "ink")


def bracket(ax: Axes, x: float, top: float, bottom: float, *, depth: float = 0.15) -> None:
    """Draw a square bracket that closes what stands to its left."""
    across, down = [x - depth, x, x, x - depth], [top, top, bottom, bottom]
    (line,) = ax.plot(across, down, color=INK, linewidth=1.5)
    mark(line, "ink")


def connect(
    figure: Figure, start: Point, ax: Axes, corner: Point, other: Axes, *, role: str = "highlight"
) -> None:
    """Draw a dashed line from a point of `ax` to a corner of the panel `other`."""
    style: dict[str, Any] = {"color": PALETTE[role], "linewidth": 1, "linestyle": "--"}
    line = ConnectionPatch(start, corner, ax.transData, other.transAxes, **style)
    figure.add_artist(mark(line, role))
