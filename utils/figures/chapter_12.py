"""Chapter 12: how far heat maps can be trusted."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from utils.drawing.colours import PALETTE, mark
from utils.drawing.curves import Look, draw_curve, finish_chart, legend_above
from utils.drawing.page import LARGE, TEXT, Box, new_sheet, page_width
from utils.drawing.words import say

__all__ = ["plot_agreement", "plot_deletion"]

_LONGEST = 12  # characters of a line at the left of a row
_KEY_LINE = 0.31  # inches
_LOOKS = (
    Look("highlight", "-", "o"),
    Look("input", "--", "s"),
    Look("output", "-.", "^"),
    Look("kernel", (0, (4, 1, 1, 1)), "D"),
    Look("bias", ":", "v"),
    Look("padding", (0, (1, 1)), "x"),
)


def plot_deletion(shares: Sequence[float], curves: Mapping[str, Sequence[float]]) -> Figure:
    """
    Plot how the probability of an answer falls while pixels are blanked, most important first.

    Parameters
    ----------
    shares : list of float
        Shares of the pixels that are blanked, from 0 to 1, increasing.
    curves : dict of str to list of float
        Name of an order of the pixels (up to six), and the probability at each share.

    Returns
    -------
    Figure
        One line for each order; its name stands in the legend.

    Examples
    --------
    >>> figure = plot_deletion([0, 0.1, 0.2], {"random": [1, 0.9, 0.8], "by a map": [1, 0.3, 0]})
    >>> [line.get_label() for line in figure.axes[0].get_lines()]
    ['random', 'by a map']
    """
    above = -(-len(curves) // 2) * _KEY_LINE
    with new_sheet(page_width(), 3.9 + above) as sheet:
        ax = sheet.panel(Box(0.85, 0.1 + above, page_width() - 1.05, 3.15))
        for (name, curve), look in zip(curves.items(), _LOOKS, strict=False):
            draw_curve(ax, [100 * share for share in shares], curve, look, label=name)
        ax.set_ylim(-0.02, 1.02)
        words = {
            "x": "pixels blanked, in per cent of the picture",
            "y": "probability of the answer",
        }
        finish_chart(ax, size=LARGE, small=TEXT, **words)
        legend_above(sheet.figure, size=LARGE, ncols=2, handlelength=3)
    return sheet.figure


def plot_agreement(agreement: Mapping[str, Mapping[str, Tensor]]) -> Figure:
    """
    Plot how well maps agree: for each method, the mean over images and its spread.

    Parameters
    ----------
    agreement : dict of str to dict of str to Tensor of shape (N,)
        Name of a method; for each comparison, the correlations of the images, from -1 to 1. All
        methods have the same comparisons.

    Returns
    -------
    Figure
        One row for each method, with a marker for each comparison: the mean, and a bar that
        reaches one standard deviation to each side.

    Examples
    --------
    >>> import torch
    >>> numbers = {"trained": torch.tensor([0.8, 0.9]), "random": torch.tensor([0.0, 0.2])}
    >>> figure = plot_agreement({"occlusion": numbers})
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['occlusion']
    """
    rows = list(agreement.values())
    labels = [fill(say(name), _LONGEST) for name in agreement]
    left = 0.3 + 0.115 * max(len(line) for label in labels for line in label.split("\n"))
    above, tall = 0.1 + _KEY_LINE * len(rows[0]), 0.3 + 0.58 * len(rows)
    with new_sheet(page_width(), above + tall + 0.75) as sheet:
        ax = sheet.panel(Box(left, above, page_width() - left - 0.2, tall))
        _draw_line(ax.axvline, 0, linewidth=1.5, linestyle="-")
        for index, (name, look) in enumerate(zip(rows[0], _LOOKS, strict=False)):
            shift = 0.12 * (2 * index - len(rows[0]) + 1)
            _draw_means(ax, [row[name] for row in rows], shift, look, name)
        ax.set_yticks(range(len(rows)), labels)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xlim(min(-0.3, ax.get_xlim()[0]), 1.03)
        for y in range(1, len(rows)):
            _draw_line(ax.axhline, y - 0.5, linewidth=0.8, linestyle=":")
        finish_chart(ax, x="rank correlation of the maps", size=LARGE, small=TEXT)
        ax.tick_params(axis="y", length=0, labelsize=LARGE)
        legend_above(sheet.figure, size=LARGE)
    return sheet.figure


def _draw_means(ax: Axes, values: list[Tensor], shift: float, look: Look, name: str) -> None:
    """Draw one comparison: a marker and a bar in each row, all shifted by the same amount."""
    means = [float(row.mean()) for row in values]
    spreads = [float(row.std(correction=0)) for row in values]
    style: dict[str, Any] = {"color": PALETTE[look.role], "elinewidth": 2.5, "capsize": 4}
    style |= {"marker": look.marker, "markersize": 9, "linestyle": "none", "label": say(name)}
    bars = ax.errorbar(means, [y + shift for y in range(len(values))], xerr=spreads, **style)
    line, caps, spans = bars.lines
    for artist in (line, *caps, *spans):
        mark(artist, look.role)


def _draw_line(draw: Any, place: float, **style: Any) -> None:
    mark(draw(place, color=PALETTE["padding"], **style), "padding")
