"""Chapter 10: accuracies with their spread, sizes and work as areas."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from utils._validate import Networks, checked, number
from utils.drawing.cells import new_diagram, write_in
from utils.drawing.colours import PALETTE, TEXT_COLOURS, mark, tint
from utils.drawing.curves import Look, finish_chart
from utils.drawing.marks import tinted_box
from utils.drawing.page import MEDIUM, TEXT, Box, diagram_width, new_sheet, page_width
from utils.drawing.words import say
from utils.experiments._results import Results
from utils.shapes import summarise

__all__ = ["plot_accuracies", "plot_size_and_work"]

_LOOKS = (
    Look("highlight", "--", "s"),
    Look("input", ":", "o"),
    Look("output", "-", "D"),
    Look("bias", "-.", "^"),
)


# Accuracies ---------------------------------------------------------------------------------


@checked
def plot_accuracies(
    results: Results,
    conditions: Mapping[Any, str],
    *,
    xlabel: str = "",
    low: Annotated[float, number(minimum=0, below=1)] | None = None,
) -> Figure:
    """
    Plot the accuracy of each network from condition to condition, with its spread over the seeds.

    A marker is the mean, the bar around it reaches one standard deviation over the seeds to each
    side, and the dots are the seeds.

    Parameters
    ----------
    results : Results
        What `load_results` returns: of up to four networks.
    conditions : mapping
        What is written on the axis, and the condition that stands there: ``{0: "normal"}``. If all
        keys are numbers, they are the places on the axis.
    xlabel : str
        What the axis is.
    low : float, optional
        The lowest accuracy on the axis, from 0 to less than 1; a little below the lowest of the
        seeds if not given.

    Returns
    -------
    Figure
        One axes: a line for each network, with its name at the right end.

    Examples
    --------
    >>> from utils.experiments import load_results
    >>> results = load_results("equal_budget")
    >>> figure = plot_accuracies(results, {0: "normal", 1: "shift 1"}, xlabel="pixels")
    >>> figure.axes[0].get_xlabel()
    'pixels'
    """
    numbered = all(isinstance(label, (int, float)) for label in conditions)
    places = torch.tensor([float(x) for x in (conditions if numbered else range(len(conditions)))])
    measured = {
        name: torch.stack([100 * results.of(name, row) for row in conditions.values()])
        for name in results.accuracies
    }  # each (conditions, seeds)
    lowest = max(0.0, min(float(values.min()) for values in measured.values()) - 4)
    reach = float(places.max() - places.min()) or 1.0
    step = float(places.diff().min()) if len(places) > 1 else 1.0
    gap = min(0.05 * step, 0.02 * reach) * (1 if numbered else 2)
    with new_sheet(page_width(), 4.6) as sheet:
        ax = sheet.panel(Box(0.828, 0.184, 0.6 * page_width(), 3.726))
        for index, (values, look) in enumerate(zip(measured.values(), _LOOKS)):
            _draw_spread(ax, places + (index - (len(measured) - 1) / 2) * gap, values, look)
        ax.set_ylim(lowest if low is None else 100 * low, 101.5)
        ax.set_xlim(float(places.min()) - 0.1 * reach, float(places.max()) + 0.1 * reach)
        ax.set_xticks(places.tolist(), [say(f"{label}") for label in conditions])
        ax.yaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True))
        ax.grid(axis="y", color="#DDDDDD", linewidth=0.8)
        ax.set_axisbelow(True)
        finish_chart(ax, x=xlabel, y="accuracy in per cent", size=MEDIUM, small=TEXT)
        ax.tick_params(axis="x", labelsize=MEDIUM)
        _write_names(ax, {name: float(values[-1].mean()) for name, values in measured.items()})
    return sheet.figure


def _draw_spread(ax: Axes, places: Tensor, values: Tensor, look: Look) -> None:
    """Draw the seeds (conditions, seeds) as dots, their means and standard deviations."""
    seeds = places[:, None].expand_as(values)
    dots = ax.plot(seeds, values, ".", color=tint(look.role, 0.5), markersize=4, zorder=2)
    style: dict[str, Any] = {"color": PALETTE[look.role], "linestyle": look.line, "linewidth": 2.5}
    style |= {"marker": look.marker, "markersize": 8, "elinewidth": 2, "capsize": 5}
    bars = ax.errorbar(places, values.mean(dim=1), values.std(dim=1), capthick=2, zorder=3, **style)
    line, caps, spreads = bars.lines
    for spread in spreads:
        spread.set_linestyle("-")
    for artist in (*dots, line, *caps, *spreads):
        mark(artist, look.role)


def _write_names(ax: Axes, ends: dict[str, float]) -> None:
    """Write the name of each line at its end, at least a line of text apart."""
    low, high = ax.get_ylim()
    order = sorted(ends, key=lambda name: ends[name])
    heights = _apart([ends[name] for name in order], low, high)
    looks = dict(zip(ends, _LOOKS))
    edge = ax.get_xlim()[1]
    for name, height in zip(order, heights, strict=True):
        text = say(name).replace(" + ", "\n+ ").replace("fully ", "fully\n")
        colour = TEXT_COLOURS[looks[name].role]
        style: dict[str, Any] = {"va": "center", "fontsize": MEDIUM, "fontweight": "bold"}
        ax.annotate(text, (edge, height), (4, 0), "data", "offset points", color=colour, **style)


def _apart(heights: list[float], low: float, high: float) -> list[float]:
    """Push ascending heights apart until no two neighbours are too near."""
    room = 0.14 * (high - low)
    for _ in range(50):
        for lower in range(len(heights) - 1):
            lack = room - (heights[lower + 1] - heights[lower])
            if lack > 0:
                heights[lower] -= lack / 2
                heights[lower + 1] += lack / 2
        heights = [min(max(height, low + room / 2), high - room / 3) for height in heights]
    return heights


# Size and work ------------------------------------------------------------------------------

_SIDE, _PITCH, _LABEL = 1.9, 2.9, 1.6  # the largest square, from row to row, the name of a row


@checked
def plot_size_and_work(networks: Networks) -> Figure:
    """
    Draw the parameters and the multiply-adds of networks as squares whose area is the number.

    Parameters
    ----------
    networks : mapping of str to (torch.nn.Module, tuple of int)
        A name for each network, the module and the shape of one input.

    Returns
    -------
    Figure
        One axes: a row of squares for the parameters, under it one for the multiply-adds. Each row
        has a scale of its own.

    Examples
    --------
    >>> from torch import nn
    >>> conv = nn.Conv2d(1, 3, 3, padding=1)
    >>> figure = plot_size_and_work({"conv": (conv, (1, 8, 8)), "one pixel": (conv, (1, 1, 1))})
    >>> [text.get_text() for text in figure.axes[0].texts][:3]
    ['parameters', '30', 'conv']
    """
    counts = {name: summarise(*entry) for name, entry in networks.items()}
    rows = {
        "parameters": ("kernel", {name: count.parameters for name, count in counts.items()}),
        "multiply-adds": ("output", {name: count.multiply_adds for name, count in counts.items()}),
    }
    width = diagram_width()
    column = (width - _LABEL) / len(counts)
    figure, ax = new_diagram(width, 2 * _PITCH + 0.05, cell=1)
    for row, (title, (role, numbers)) in enumerate(rows.items()):
        base = row * _PITCH + _SIDE + 0.15
        write_in(ax, 0.05, base - _SIDE / 2, title, height=0.26, ha="left", fontweight="bold")
        for place, (name, count) in enumerate(numbers.items()):
            x = _LABEL + 0.15 + (place + 0.5) * column
            edge = _SIDE * math.sqrt(count / max(numbers.values()))
            square = (x - edge / 2, base - edge, edge, edge)
            tinted_box(ax, *square, role=role, strength=0.7, linewidth=0.8)
            style: dict[str, Any] = {"width": column - 0.1}
            write_in(ax, x, base + 0.25, f"{count:,}", height=0.26, fontweight="bold", **style)
            write_in(ax, x, base + 0.56, name, height=0.24, **style)
    return figure
