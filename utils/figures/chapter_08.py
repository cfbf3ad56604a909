"""Figures of chapter 8: activation functions, and how large signals are layer by layer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from utils import _validate
from utils._validate import Flag, Positive, checked
from utils.drawing.colours import PALETTE, mark
from utils.drawing.curves import Look, draw_curve, draw_level, finish_chart, legend_above
from utils.drawing.page import EDGE, LINE, TEXT, PanelGrid, new_sheet
from utils.drawing.words import title

__all__ = ["plot_activation_functions", "plot_signals"]

_SIGNALS = (
    Look("highlight", "-", "o"),
    Look("output", "--", "s"),
    Look("input", "-.", "^"),
    Look("kernel", ":", "D"),
)
_VALUE, _SLOPE = Look("output", "-"), Look("highlight", "--")
_LEFT, _BETWEEN, _WIDEST = 0.45, 0.3, 3.0  # inches: numbers of the first panel, gap, a panel


@checked
def plot_activation_functions(
    functions: Mapping[str, Callable[[Tensor], Tensor]],
    *,
    reach: Positive = 4.0,
    slope: Flag = False,
) -> Figure:
    """
    Plot activation functions, each in a panel of its own, all on the same scale.

    Parameters
    ----------
    functions : dict of str to callable
        Name and function, such as ``torch.relu`` or ``nn.Softplus()``: a tensor in, a tensor of the
        same shape out.
    reach : float, default 4
        The functions are drawn from ``-reach`` to ``reach``.
    slope : bool, default False
        Whether to draw the derivative too, dashed.

    Returns
    -------
    Figure
        One panel for each function, with its name as the title.

    Examples
    --------
    >>> figure = plot_activation_functions({"ReLU": torch.relu, "sigmoid": torch.sigmoid})
    """
    inputs = torch.linspace(-reach, reach, 400, dtype=torch.float64)
    curves = {name: _curve(name, function, inputs) for name, function in functions.items()}
    drawn = torch.cat([torch.cat(curve if slope else curve[:1]) for curve in curves.values()])
    low, high = min(drawn.min().item(), 0.0), max(drawn.max().item(), 0.0)
    top = EDGE + (1.5 * LINE if slope else 0)
    room: dict[str, Any] = {"above": LINE + EDGE, "below": 0.1, "left": _LEFT, "gap": _BETWEEN}
    grid = PanelGrid(len(curves), 3, top=top, widest=_WIDEST, **room)
    with new_sheet(grid.width, grid.height) as sheet:
        for index, (name, (values, slopes)) in enumerate(curves.items()):
            ax = sheet.panel(grid.boxes[index])
            _draw_axes(ax, low, high, reach)
            lines = []
            if slope:
                lines.append(draw_curve(ax, inputs, slopes, _SLOPE, label="slope", linewidth=2))
            lines.append(draw_curve(ax, inputs, values, _VALUE, label="value", linewidth=3))
            title(ax, name, size=TEXT)
            ax.tick_params(labelleft=index % grid.columns == 0)
        if slope:
            legend_above(sheet.figure, handles=lines[::-1], ncols=2)
    return sheet.figure


@checked
def plot_signals(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    x: str,
    y: str,
    every: Positive = 1,
) -> Figure:
    """
    Plot how large numbers are after each layer, on one logarithmic scale.

    Parameters
    ----------
    panels : dict of str to dict
        The title of each panel, and in it name and numbers of up to four curves. A curve has the
        same colour, dash and marker in every panel.
    x, y : str
        What stands on the axes.
    every : int, default 1
        How many layers lie between two numbers.

    Returns
    -------
    Figure
        The panels beside each other, and one legend above them.

    Raises
    ------
    ValueError
        If there is no curve, there are more than four, or a number is not positive.

    Examples
    --------
    >>> figure = plot_signals({"": {"halved": [1, 0.5, 0.25]}}, x="layers", y="size")
    """
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    if not 1 <= len(names) <= len(_SIGNALS):
        raise ValueError(f"panels must hold 1 to {len(_SIGNALS)} curves, got {len(names)}")
    if any(not size > 0 for curves in panels.values() for row in curves.values() for size in row):
        raise ValueError("panels must hold positive numbers: the scale is logarithmic")
    top = EDGE + LINE * (2 if len(names) > 2 else 1) + 0.15
    above = LINE + EDGE if any(panels) else EDGE
    room: dict[str, Any] = {"above": above, "below": 0.5, "left": 0.95, "gap": 0.25, "top": top}
    ratio = 0.95 if len(panels) > 1 else 0.45
    grid = PanelGrid(len(panels), 2, ratio=ratio, widest=9.0, **room)
    with new_sheet(grid.width, grid.height) as sheet:
        lines = {}
        for index, (name, curves) in enumerate(panels.items()):
            ax = sheet.panel(grid.boxes[index])
            draw_level(ax, 1)
            ax.set_yscale("log")
            for key, sizes in curves.items():
                layers = [every * (place + 1) for place in range(len(sizes))]
                look = _SIGNALS[names.index(key)]
                some = {"markevery": max(1, len(sizes) // 5)}
                lines[key] = draw_curve(ax, layers, sizes, look, label=key, **some)
            title(ax, name, size=TEXT)
            finish_chart(ax, x=x, y="" if index else y)
            ax.tick_params(labelleft=index == 0)
        for ax in sheet.figure.axes:
            ax.set_ylim(*_common_limits(sheet.figure.axes))
        legend_above(sheet.figure, handles=[lines[key] for key in names], ncols=2)
    return sheet.figure


def _common_limits(axes: Sequence[Axes]) -> tuple[float, float]:
    """Return the lowest and the highest number that any of the panels shows."""
    limits = [ax.get_ylim() for ax in axes]
    return min(low for low, _ in limits), max(high for _, high in limits)


def _draw_axes(ax: Axes, low: float, high: float, reach: float) -> None:
    """Draw the lines at zero, and give every panel one scale."""
    for draw in (ax.axhline, ax.axvline):
        mark(draw(0, color=PALETTE["padding"], linewidth=1, linestyle="-"), "padding")
    margin = 0.06 * ((high - low) or 1.0)
    ax.set_xlim(-reach, reach)
    ax.set_ylim(low - margin, high + margin)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=reach >= 1))
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=high - low >= 2))
    finish_chart(ax)


def _curve(name: str, function: Callable, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return the values and the slopes of a function, without a trace in it."""
    with torch.enable_grad():
        leaf = inputs.clone().requires_grad_()
        values = function(leaf * 1)  # a copy, which it may change
        values = _validate.require_values(values, inputs, f"functions[{name!r}]")
        slopes = torch.zeros_like(inputs)
        if values.requires_grad:
            slopes = torch.autograd.grad(values.sum(), leaf)[0]
    return values.detach(), slopes
