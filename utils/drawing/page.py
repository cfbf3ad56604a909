"""
Widths, type sizes, and figures laid out in inches from their top left corner.

A figure is as wide as the page, 7.2 inches, and is drawn with text of at least 11 points: on a
telephone it is shown at half its size. `page_width` is asked whenever something is laid out, so
that the same figure can be drawn again for another width.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import ceil
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from utils.drawing.words import say
from utils.style import HEADING, LARGE, LEGIBLE, MEDIUM, PAGE_WIDTH, PHONE_WIDTH, SMALL, TEXT

__all__ = [
    "EDGE",
    "GAP",
    "HEADING",
    "KEY",
    "LARGE",
    "LEGIBLE",
    "LINE",
    "MEDIUM",
    "PAGE_WIDTH",
    "PHONE_WIDTH",
    "SMALL",
    "TEXT",
    "TICKS",
    "Box",
    "MakeFigure",
    "PanelGrid",
    "Sheet",
    "box_ratio",
    "diagram_width",
    "drawn_for",
    "new_sheet",
    "page_width",
    "panel_or_new",
    "title_room",
]

MakeFigure = Callable[..., Figure]

_DIAGRAM_MARGIN = 0.2  # inches, as everything below

# The rim of a figure, between panels, a line of text, the numbers of an
# axis, a colour key with its numbers.
EDGE, GAP, LINE, TICKS, KEY = 0.06, 0.16, 0.22, 0.42, 0.5
_WIDEST_PANEL = 2.4
_TALLEST_RATIO = 1.5

_width: ContextVar[float] = ContextVar("width", default=PAGE_WIDTH)


def page_width() -> float:
    """Return how wide a figure may be now, in inches."""
    return _width.get()


def diagram_width() -> float:
    """Return how wide the drawing of a diagram may be now, its margin left out, in inches."""
    return page_width() - _DIAGRAM_MARGIN


@contextmanager
def drawn_for(width: float) -> Iterator[None]:
    """Draw everything inside the block for another width, such as `PHONE_WIDTH`."""
    token = _width.set(width)
    try:
        yield
    finally:
        _width.reset(token)


class Box(NamedTuple):
    """A place in a figure: inches from the left and from the top, and its size."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height

    @property
    def middle(self) -> tuple[float, float]:
        """The middle, from the left and from the top."""
        return self.left + self.width / 2, self.top + self.height / 2

    def moved(self, *, right: float = 0.0, down: float = 0.0) -> "Box":
        """Return a box of the same size at another place."""
        return self._replace(left=self.left + right, top=self.top + down)


class Sheet:
    """
    A figure in inches: panels and texts are placed by their distance from the top left corner.

    Parameters
    ----------
    figure : Figure
        The figure to draw into.
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.width, self.height = (float(size) for size in figure.get_size_inches())

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return a point, given in inches, as Matplotlib counts: parts of the figure, upwards."""
        return x / self.width, 1 - y / self.height

    def panel(self, box: Box | tuple[float, float, float, float]) -> Axes:
        """Add an Axes that fills a box."""
        left, top, width, height = box
        corner = self.point(left, top + height)
        return self.figure.add_axes((*corner, width / self.width, height / self.height))

    def write(self, x: float, y: float, text: str, *, size: float = SMALL, **style: Any) -> Text:
        """Write a text; by default its first line hangs down from the point."""
        style = {"va": "top"} | style
        return self.figure.text(*self.point(x, y), say(text), fontsize=size, **style)


@contextmanager
def new_sheet(width: float, height: float) -> Iterator[Sheet]:
    """Make a figure of that size, in inches; it is closed again if what is drawn into it fails."""
    figure = plt.figure(figsize=(width, height), layout="none", facecolor="white")
    try:
        yield Sheet(figure)
    except BaseException:
        plt.close(figure)
        raise


def panel_or_new(ax: Axes | None, width: float | None = None, height: float | None = None) -> Axes:
    """Return `ax`, or where it is None the Axes of a new figure (of a size, or of the default)."""
    if ax is not None:
        return ax
    if width is None or height is None:
        return plt.figure().add_subplot()
    return plt.figure(figsize=(width, height), layout="constrained").add_subplot()


class PanelGrid:
    """
    Equal boxes in rows that are as even as can be, for a figure as wide as the page.

    Parameters
    ----------
    number : int
        How many panels there are.
    ncols : int
        The largest number of panels in a row.
    ratio : float
        Height of a box as a multiple of its width.
    above, below : float
        Room for texts above and below each box, in inches.
    axis : bool
        Whether to leave room for row and column numbers.
    left, right, top : float
        Room beside and above the whole.
    gap : float
        Between the boxes, across and down.
    widest : float
        The largest width of a box.

    Attributes
    ----------
    boxes : list of Box
        Where the panels stand, row by row.
    width, height : float
        The size of the figure, down to the last row.
    """

    def __init__(
        self,
        number: int,
        ncols: int,
        *,
        ratio: float = 1.0,
        above: float = 0.0,
        below: float = 0.0,
        axis: bool = False,
        left: float = EDGE,
        right: float = 0.0,
        top: float = EDGE,
        gap: float = GAP,
        widest: float = _WIDEST_PANEL,
    ) -> None:
        rows = ceil(number / ncols)
        self.columns = ceil(number / rows)
        ticks, margins = TICKS if axis else 0.0, left + EDGE
        free = page_width() - right - margins - self.columns * ticks - (self.columns - 1) * gap
        side = min(free / self.columns, widest)
        across = side + ticks + gap
        down = above + side * ratio + 0.75 * ticks + below + gap
        self.boxes = [
            Box(
                left + ticks + index % self.columns * across,
                top + above + index // self.columns * down,
                side,
                side * ratio,
            )
            for index in range(number)
        ]
        self.width = self.columns * across - gap + right + margins
        self.height = top + rows * down

    @classmethod
    def of(cls, panels: Sequence[Any], ncols: int, **room: Any) -> "PanelGrid":
        """Lay out boxes that suit the shapes of `panels`, tensors whose last axes are (H, W)."""
        return cls(len(panels), ncols, ratio=box_ratio(panels), **room)


def box_ratio(panels: Sequence[Any]) -> float:
    """Return height / width of a box that suits the tallest panel; very tall ones get narrower."""
    return min(max(panel.shape[-2] / panel.shape[-1] for panel in panels), _TALLEST_RATIO)


def title_room(titles: Iterable[str | None]) -> float:
    """Return the room, in inches, that the titles of a row need: as many lines as the longest."""
    lines = max((title.count("\n") + 1 for title in titles if title is not None), default=0)
    return EDGE + lines * LINE
