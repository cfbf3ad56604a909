"""Pictures of measurements: accuracies with their spread, sizes and work as areas."""

import math
from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from utils import _validate
from utils.diagrams._cells import TEXT_COLOURS, blank_figure, tint, write_in
from utils.experiments._results import Results
from utils.shapes import summarise
from utils.style import PALETTE

_WIDTH = 7.2  # inches
_TEXT, _SMALL = 13, 12  # points
_LOOKS = (  # of the networks, in their order: role of the colour, line, marker
    ("highlight", "--", "s"),
    ("input", ":", "o"),
    ("output", "-", "D"),
    ("bias", "-.", "^"),
)


def plot_accuracies(results, conditions, *, xlabel=None, low=None):
    """
    Plot the accuracy of each network from condition to condition, with its spread over the seeds.

    A marker is the mean, the bar around it reaches one standard deviation over the seeds to each
    side, and the dots are the seeds.

    Parameters
    ----------
    results : Results
        What `load_results` returns.
    conditions : mapping
        What is written on the axis, and the condition that stands there: ``{0: "normal"}``. If all
        keys are numbers, they are the places on the axis.
    xlabel : str, optional
        What the axis is.
    low : float, optional
        The lowest accuracy on the axis, from 0 to less than 1; a little below the lowest of the
        seeds if not given.

    Returns
    -------
    Figure
        One axes: a line for each network, with its name at the right end.

    Raises
    ------
    TypeError, ValueError
        If `results` are none, or there is no such condition.

    Examples
    --------
    >>> from utils.experiments import load_results
    >>> results = load_results("equal_budget")
    >>> figure = plot_accuracies(results, {0: "normal", 1: "shift 1"}, xlabel="pixels")
    >>> figure.axes[0].get_xlabel()
    'pixels'
    >>> plt.close(figure)
    """
    results = _as_results(results)
    labels, rows = _as_conditions(conditions, results)
    xlabel = None if xlabel is None else _validate.as_texts([xlabel], "xlabel", 1)[0]
    numbers = all(isinstance(label, (int, float)) for label in labels)
    places = torch.tensor([float(label) for label in labels] if numbers else range(len(labels)))
    measured = {
        name: torch.stack([100 * results.of(name, row) for row in rows])  # (rows, seeds)
        for name in results.accuracies
    }
    lowest = min(values.min() for values in measured.values())
    low = (
        max(0.0, float(lowest) - 4)
        if low is None
        else 100 * _validate.as_number(low, "low", minimum=0, below=1)
    )

    step = float(places.diff().min()) if len(places) > 1 else 1.0
    reach = float(places.max() - places.min()) or 1.0
    gap = min(0.05 * step, 0.02 * reach) * (1 if numbers else 2)
    figure = plt.figure(figsize=(_WIDTH, 4.6), layout="none")
    ax = figure.add_axes((0.115, 0.15, 0.60, 0.81))
    ends = {}
    for index, ((name, values), look) in enumerate(zip(measured.items(), _LOOKS)):
        role, line, marker = look
        at = places + (index - (len(measured) - 1) / 2) * gap
        mean, spread = values.mean(dim=1), values.std(dim=1)
        seeds = at[:, None].expand_as(values)
        ax.plot(seeds, values, ".", color=tint(role, 0.5), markersize=4, zorder=2)
        style = {"color": PALETTE[role], "linestyle": line, "marker": marker, "markersize": 8}
        style |= {"linewidth": 2.5, "elinewidth": 2, "capsize": 5, "capthick": 2, "zorder": 3}
        bars = ax.errorbar(at, mean, spread, **style)
        for bar in bars.lines[2]:
            bar.set_linestyle("-")
        ends[name] = float(mean[-1])
    ax.set_ylim(low, 101.5)
    ax.set_xlim(float(places.min()) - 0.1 * reach, float(places.max()) + 0.1 * reach)
    ax.set_xticks(places.tolist(), [str(label) for label in labels], fontsize=_TEXT)
    ax.set_ylabel("accuracy in per cent", fontsize=_TEXT)
    ax.set_xlabel(xlabel or "", fontsize=_TEXT)
    ax.tick_params(axis="y", labelsize=_SMALL)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True))
    ax.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    _write_names(ax, ends)
    return figure


def plot_size_and_work(networks):
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

    Raises
    ------
    TypeError, ValueError
        If `networks` is no such mapping, or a module cannot be counted.

    Examples
    --------
    >>> from torch import nn
    >>> conv = nn.Conv2d(1, 3, 3, padding=1)
    >>> figure = plot_size_and_work({"conv": (conv, (1, 8, 8)), "one pixel": (conv, (1, 1, 1))})
    >>> [text.get_text() for text in figure.axes[0].texts][:3]
    ['parameters', '30', 'conv']
    >>> plt.close(figure)
    """
    counts = {name: summarise(*entry) for name, entry in _validate.as_networks(networks).items()}
    rows = {
        "parameters": ("kernel", {name: one.parameters for name, one in counts.items()}),
        "multiply-adds": ("output", {name: one.multiply_adds for name, one in counts.items()}),
    }
    side, pitch, width = 1.9, 2.9, _WIDTH - 0.2
    figure, ax = blank_figure(plt.figure, width, 2 * pitch + 0.05, cell=1)
    column = (width - 1.6) / len(counts)
    for row, (title, (role, numbers)) in enumerate(rows.items()):
        base = row * pitch + side + 0.15
        largest = max(numbers.values())
        write_in(ax, 0.05, base - side / 2, title, height=0.26, ha="left", fontweight="bold")
        for place, (name, number) in enumerate(numbers.items()):
            x = 1.9 + (place + 0.5) * column - 0.15
            edge = side * math.sqrt(number / largest)
            square = Rectangle((x - edge / 2, base - edge), edge, edge, zorder=2)
            square.set(facecolor=tint(role, 0.7), edgecolor=TEXT_COLOURS[role], linewidth=0.8)
            ax.add_patch(square)
            style = {"width": column - 0.1}
            write_in(ax, x, base + 0.25, f"{number:,}", height=0.26, fontweight="bold", **style)
            write_in(ax, x, base + 0.56, name, height=0.24, **style)
    return figure


# Parts --------------------------------------------------------------------------------------


def _as_results(results):
    if not isinstance(results, Results):
        raise TypeError(f"results must come from load_results, got {results!r:.60}")
    return results


def _as_conditions(conditions, results):
    """Return what is written on the axis, and the conditions that stand there."""
    if not isinstance(conditions, Mapping):
        raise TypeError(f"conditions must map labels to conditions, got {conditions!r:.60}")
    if not conditions:
        raise ValueError("conditions must hold at least one, got none")
    rows = [
        _validate.as_choice(row, "conditions", results.conditions) for row in conditions.values()
    ]
    return list(conditions), rows


def _write_names(ax, ends):
    """Write each name at the end of its line, at least a line of text apart."""
    low, high = ax.get_ylim()
    room = 0.14 * (high - low)
    order = sorted(ends, key=ends.get)
    heights = [ends[name] for name in order]
    for _ in range(50):  # push neighbours apart until none is too near
        for lower in range(len(heights) - 1):
            lack = room - (heights[lower + 1] - heights[lower])
            if lack > 0:
                heights[lower] -= lack / 2
                heights[lower + 1] += lack / 2
        heights = [min(max(height, low + room / 2), high - room / 3) for height in heights]
    roles = {name: look[0] for name, look in zip(ends, _LOOKS)}
    edge = ax.get_xlim()[1]
    for name, height in zip(order, heights):
        text = name.replace(" + ", "\n+ ").replace("fully ", "fully\n")
        style = {"color": TEXT_COLOURS[roles[name]], "fontsize": _TEXT, "fontweight": "bold"}
        ax.annotate(text, (edge, height), (4, 0), "data", "offset points", va="center", **style)
