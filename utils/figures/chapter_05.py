"""Chapter 5: one filter over all channels; every weight and every bias counted."""

import math
from typing import Annotated

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from utils._validate import (
    Ax,
    ConvLayer,
    NonNegativePair,
    Number,
    checked,
    require_at_most,
    require_position,
    tensor,
)
from utils.diagrams.steps import ChannelSteps
from utils.drawing.cells import cell_axes, write_in
from utils.drawing.colours import MUTED, TEXT_COLOURS
from utils.drawing.marks import disc, tinted_box
from utils.drawing.page import diagram_width, panel_or_new
from utils.drawing.words import TIMES, say

__all__ = ["draw_parameter_count", "plot_channel_sum"]

_MOST_KERNELS = 100  # to be drawn one by one
# In units of one weight: a filter's name, between kernels, a bias, between filters, the sum.
_LABEL, _GAP, _BIAS, _BETWEEN, _FOOT = 3.9, 0.6, 1.9, (1.0, 0.8), 3.8
_NARROWEST, _LARGEST_CELL = 16.0, 0.36


@checked
def draw_parameter_count(conv_layer: ConvLayer, *, ax: Ax | None = None) -> Axes:
    """
    Draw every weight and every bias of a convolution, and count them.

    Each filter is a line: its kernels, one for each channel that it reads, each weight a cell;
    and its bias, a disc. Underneath stands the sum.

    Parameters
    ----------
    conv_layer : torch.nn.Conv2d
        Of at most 100 kernels.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The axes, in units of one weight with rows running downwards.

    Examples
    --------
    >>> import torch
    >>> ax = draw_parameter_count(torch.nn.Conv2d(3, 3, 3))
    >>> ax.texts[-1].get_text()
    '81 + 3 = 84 parameters'
    """
    filters, slices, rows, columns = shape = tuple(conv_layer.weight.shape)
    require_at_most(filters * slices, _MOST_KERNELS, "conv_layer", f"{_MOST_KERNELS} kernels")
    biased = conv_layer.bias is not None
    across, down = _BETWEEN
    block = _LABEL + slices * (columns + _GAP) + _BIAS * biased
    ncols = 1 if filters <= 4 else 2
    lines = math.ceil(filters / ncols)
    unit = max(rows, 1.2)
    used = ncols * block + (ncols - 1) * across
    width, sums = max(used, _NARROWEST), lines * (unit + down)
    scale = min(_LARGEST_CELL, diagram_width() / width)
    ax = panel_or_new(ax, width * scale + 0.1, (sums + _FOOT) * scale + 0.1)
    for n in range(filters):
        column, line = divmod(n, lines)
        x = (width - used) / 2 + column * (block + across)
        middle = line * (unit + down) + unit / 2
        write_in(ax, x, middle, say("filter {n}", n=n), height=0.85, ha="left", colour=MUTED)
        _paint_filter(ax, x + _LABEL, middle, shape[1:], biased=biased)
    _write_sum(ax, width, sums, shape, biased=biased)
    return cell_axes(ax, width, sums + _FOOT)


def _paint_filter(
    ax: Axes, x: float, middle: float, shape: tuple[int, ...], *, biased: bool
) -> None:
    """Draw the kernels of one filter, a cell for each weight, and its bias."""
    slices, rows, columns = shape
    top = middle - rows / 2
    for _ in range(slices):
        for i in range(rows):
            for j in range(columns):
                cell = (x + j, top + i, 1, 1)
                tinted_box(ax, *cell, role="kernel", strength=0.75, edge="white", zorder=1)
        tinted_box(ax, x, top, columns, rows, role="kernel", strength=None, linewidth=1.2)
        x += columns + _GAP
    if biased:
        write_in(ax, x + 0.1, middle, "+", height=0.9)
        disc(ax, x + 1.2, middle, 0.45, role="bias")


def _write_sum(ax: Axes, width: float, top: float, shape: tuple[int, ...], *, biased: bool) -> None:
    """Write how many weights there are, how many biases, and how many parameters."""
    filters, weights = shape[0], math.prod(shape)
    factors = f" {TIMES} ".join(map(str, shape))
    style = {"height": 0.95, "width": width}
    x, y = width / 2, top + 0.5
    words = say("{factors} = {weights:,} weights", factors=factors, weights=weights)
    write_in(ax, x, y, words, colour=TEXT_COLOURS["kernel"], **style)
    total = say("{weights:,} parameters, no bias", weights=weights)
    if biased:
        pattern = (
            "{n} bias: one for each filter" if filters == 1 else "{n} biases: one for each filter"
        )
        write_in(ax, x, y + 1.15, say(pattern, n=filters), colour=TEXT_COLOURS["bias"], **style)
        total = say("{weights:,} + {biases} = {total:,} parameters", weights=weights,
                    biases=filters, total=weights + filters)  # fmt: skip
    write_in(ax, x, y + 2.5, total, height=1.1, width=width, fontweight="bold")


@checked
def plot_channel_sum(
    image: Annotated[Tensor, tensor("(C, H, W)")],
    filter: Annotated[Tensor, tensor("(C, kH, kW)")],
    *,
    bias: Number = 0,
    position: NonNegativePair | None = None,
) -> Figure:
    """
    Draw one filter (C, kH, kW) over an image (C, H, W): a partial map a channel, and their sum.

    Each channel meets its own slice of the filter. The partial maps are added place by place, and
    one bias is added to the sum: one filter gives one feature map. With a `position` in it, its
    window is framed and its sum written out. Numbers are written for images of up to eight rows
    and columns; a larger one is drawn as a picture, its maps in colours from blue (negative) to
    vermilion (positive) on one scale.

    >>> import torch
    >>> figure = plot_channel_sum(torch.ones(3, 4, 4), torch.ones(3, 3, 3), position=(0, 0), bias=1)
    >>> figure.axes[0].texts[-1].get_text()
    'Y[0, 0] = 9 + 9 + 9 + bias 1 = 28'
    """
    steps = ChannelSteps(image, filter, bias=bias)
    if position is not None:
        require_position(position, steps.output.shape)
    return steps.draw_sum(position, steps.page())
