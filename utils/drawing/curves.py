"""Charts: lines that differ in colour, dash and marker, and axes with readable labels."""

from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from utils.drawing.colours import PALETTE, mark
from utils.drawing.page import SMALL, TEXT
from utils.drawing.words import label_axes, say

__all__ = ["Look", "draw_curve", "draw_level", "finish_chart", "legend_above"]


class Look(NamedTuple):
    """How a series is drawn: never by colour alone."""

    role: str
    line: Any = "-"
    marker: str = ""


def draw_curve(ax: Axes, x: Any, y: Any, look: Look, *, label: str = "", **style: Any) -> Line2D:
    """Draw one line of a chart, in the look of its series."""
    style = {"linewidth": 2.5, "markersize": 7} | style
    if label:
        style["label"] = say(label)
    (line,) = ax.plot(
        x, y, color=PALETTE[look.role], linestyle=look.line, marker=look.marker, **style
    )
    return mark(line, look.role)


def draw_level(ax: Axes, y: float) -> Line2D:
    """Draw a dotted line across a chart: a level that the curves are compared with."""
    line = ax.axhline(y, color=PALETTE["padding"], linestyle=":", linewidth=2)
    return mark(line, "padding")


def finish_chart(
    ax: Axes,
    *,
    x: str | None = None,
    y: str | None = None,
    size: float = TEXT,
    small: float = SMALL,
) -> None:
    """Label the axes of a chart, and leave out the frame above and to the right."""
    label_axes(ax, x=x, y=y, size=size)
    ax.tick_params(labelsize=small)
    ax.spines[["top", "right"]].set_visible(False)


def legend_above(figure: Figure, *, size: float = TEXT, **style: Any) -> Legend:
    """Put a legend without a frame at the top of a figure, above the panels."""
    place = {"loc": "upper center", "frameon": False, "borderaxespad": 0.2, "fontsize": size}
    return figure.legend(**place | style)
