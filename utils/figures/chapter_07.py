"""Chapter 7: numbers of parameters as areas."""

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from utils._validate import Count, checked
from utils.drawing.cells import new_diagram, write_in
from utils.drawing.colours import MUTED
from utils.drawing.marks import tinted_box
from utils.drawing.page import diagram_width
from utils.drawing.words import say

__all__ = ["plot_parameter_squares"]

_GAP, _NARROWEST, _FOOT, _RIM = 0.25, 1.25, 1.0, 0.1  # inches
_SIDE, _SHARED_SIDE, _LEAST_SIDE = 4.2, 3.0, 0.6  # of a square of the full height


@checked
def plot_parameter_squares(counts: Mapping[str, int], *, largest: Count | None = None) -> Figure:
    """
    Draw numbers of parameters as squares whose area is the number.

    Parameters
    ----------
    counts : mapping of str to int
        The name of each layer and its number of parameters, in the order in which they are drawn.
    largest : int, optional
        The number that a square of the full height stands for: give the same to two figures, and
        their squares (of up to four layers) can be compared. The largest of the counts by default.

    Returns
    -------
    Figure
        One axes, in units of its width in inches, with rows running downwards.

    Examples
    --------
    >>> figure = plot_parameter_squares({"conv": 30, "linear": 20001})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['conv', '30', '0.1%', 'linear', '20,001', '99.9%']
    """
    full = max(counts.values()) if largest is None else largest
    roots = [math.sqrt(number / full) for number in counts.values()]
    page = diagram_width()
    side = _fitting_side(roots, _SIDE if largest is None else _SHARED_SIDE, page)
    widths = _widths(roots, side)
    room = min(1.0, page / (sum(widths) + _GAP * (len(widths) - 1)))
    widths, gap = [width * room for width in widths], _GAP * room
    base = _RIM + side * max(roots)
    figure, ax = new_diagram(page + 2 * _RIM, base + _FOOT + _RIM, cell=1)
    x = (page + 2 * _RIM - sum(widths) - gap * (len(widths) - 1)) / 2
    for (name, number), root, width in zip(counts.items(), roots, widths, strict=True):
        middle, edge = x + width / 2, side * root
        square = (middle - edge / 2, base - edge, edge, edge)
        tinted_box(ax, *square, role="kernel", strength=0.75, linewidth=0.8)
        style: dict[str, Any] = {"width": width + 0.15 * room}
        write_in(ax, middle, base + 0.22, name, height=0.19, **style)
        write_in(ax, middle, base + 0.53, f"{number:,}", height=0.26, fontweight="bold", **style)
        share = _per_cent(number / sum(counts.values()))
        write_in(ax, middle, base + 0.82, share, height=0.18, colour=MUTED, **style)
        x += width + gap
    return figure


def _widths(roots: list[float], side: float) -> list[float]:
    """Return the room of each square, or of the text beneath where that is wider."""
    return [max(_NARROWEST, side * root) for root in roots]


def _fitting_side(roots: list[float], side: float, page: float) -> float:
    """Return the side of the largest square, smaller where the squares do not fit the page."""
    while side > _LEAST_SIDE and sum(_widths(roots, side)) + _GAP * (len(roots) - 1) > page:
        side -= 0.05
    return side


def _per_cent(share: float) -> str:
    """Write a share in per cent, with one decimal where it is not whole."""
    return say("{share}%", share=f"{100 * share:.{0 if share in (0, 1) else 1}f}")
