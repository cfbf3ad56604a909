"""Parameters drawn: one by one for a small layer, as areas for a network."""

import math
from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.patches import Circle, Rectangle

from utils import _validate
from utils.diagrams._cells import (
    MUTED,
    TEXT_COLOURS,
    TIMES,
    as_panel,
    blank_figure,
    cell_axes,
    tint,
    write_in,
)
from utils.style import PALETTE

_MOST_KERNELS = 100
_WIDTH = 7.0  # inches


def draw_parameter_count(conv_layer, *, ax=None):
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

    Raises
    ------
    TypeError
        If `conv_layer` is not a `torch.nn.Conv2d`.
    ValueError
        If the layer has more than 100 kernels.

    Examples
    --------
    >>> import torch
    >>> ax = draw_parameter_count(torch.nn.Conv2d(3, 3, 3))
    >>> ax.texts[-1].get_text()
    '81 + 3 = 84 parameters'
    """
    layer = _validate.as_conv_layer(conv_layer)
    filters, slices, rows, columns = layer.weight.shape
    if filters * slices > _MOST_KERNELS:
        raise ValueError(
            f"conv_layer must have at most {_MOST_KERNELS} kernels to be drawn one by one, got "
            f"{filters}{TIMES}{slices}"
        )
    biased = layer.bias is not None
    gap, unit = 0.6, max(rows, 1.2)
    bias_width = 1.9 * biased
    label = 3.9
    block = label + slices * (columns + gap) + bias_width
    ncols = 1 if filters <= 4 else min(2, filters)
    lines = math.ceil(filters / ncols)
    pitch = unit + 0.8
    width = max(ncols * block + (ncols - 1) * 1.0, 16.0)
    foot = 3.8
    height = lines * pitch + foot
    scale = min(0.36, _WIDTH / width)
    ax = as_panel(ax, width * scale + 0.1, height * scale + 0.1)
    left = (width - ncols * block - (ncols - 1) * 1.0) / 2
    for n in range(filters):
        column, line = divmod(n, lines)
        x, middle = left + column * (block + 1.0), line * pitch + unit / 2
        write_in(ax, x, middle, f"filter {n}", height=0.85, ha="left", colour=MUTED)
        x += label
        for _ in range(slices):
            _paint_kernel(ax, x, middle - rows / 2, rows, columns)
            x += columns + gap
        if biased:
            write_in(ax, x + 0.1, middle, "+", height=0.9)
            style = {"facecolor": PALETTE["bias"], "edgecolor": TEXT_COLOURS["bias"]}
            ax.add_patch(Circle((x + 1.2, middle), 0.45, linewidth=1, zorder=2, **style))
    weights = layer.weight.numel()
    factors = TIMES.join(f" {n} " for n in (filters, slices, rows, columns)).strip()
    y = lines * pitch + 0.5
    words = f"{factors} = {weights:,} weights"
    style = {"height": 0.95, "width": width}
    write_in(ax, width / 2, y, words, colour=TEXT_COLOURS["kernel"], **style)
    if biased:
        words = f"{filters} {'bias' if filters == 1 else 'biases'}: one for each filter"
        write_in(ax, width / 2, y + 1.15, words, colour=TEXT_COLOURS["bias"], **style)
        total = f"{weights:,} + {filters} = {weights + filters:,} parameters"
    else:
        total = f"{weights:,} parameters, no bias"
    style["height"] = 1.1
    write_in(ax, width / 2, y + 2.5, total, fontweight="bold", **style)
    return cell_axes(ax, width, height)


def _paint_kernel(ax, x, y, rows, columns):
    """Draw one kernel: a cell for each weight."""
    for i in range(rows):
        for j in range(columns):
            cell = Rectangle((x + j, y + i), 1, 1, facecolor=tint("kernel", 0.75), zorder=1)
            cell.set(edgecolor="white", linewidth=1)
            ax.add_patch(cell)
    frame = Rectangle((x, y), columns, rows, fill=False, zorder=2)
    frame.set(edgecolor=TEXT_COLOURS["kernel"], linewidth=1.2)
    ax.add_patch(frame)


def plot_parameter_squares(counts, *, largest=None):
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

    Raises
    ------
    TypeError, ValueError
        If `counts` is no such mapping, or a number is negative or greater than `largest`.

    Examples
    --------
    >>> figure = plot_parameter_squares({"conv": 30, "linear": 20001})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['conv', '30', '0.1%', 'linear', '20,001', '99.9%']
    """
    if not isinstance(counts, Mapping):
        raise TypeError(f"counts must map names to numbers, got {counts!r:.60}")
    if not counts:
        raise ValueError("counts must hold at least one number, got none")
    names = _validate.as_texts(list(counts), "counts", len(counts))
    numbers = [
        _validate.as_int(number, f"counts[{name!r}]", minimum=0) for name, number in counts.items()
    ]
    total = sum(numbers)
    if total == 0:
        raise ValueError("counts must hold a number greater than zero, got none")
    # The side of the largest square, before it gives way to labels; always the same for figures
    # that are to be compared.
    side = 4.2 if largest is None else 3.0
    if largest is None:
        largest = max(numbers)
    largest = _validate.as_int(largest, "largest")
    if largest < max(numbers):
        raise ValueError(f"largest must be at least {max(numbers)}, got {largest}")

    gap, label = 0.25, 1.25
    roots = [math.sqrt(number / largest) for number in numbers]
    while side > 0.6:
        widths = [max(label, side * root) for root in roots]
        if sum(widths) + gap * (len(widths) - 1) <= _WIDTH:
            break
        side -= 0.05
    room = min(1.0, _WIDTH / (sum(widths) + gap * (len(widths) - 1)))
    widths = [width * room for width in widths]
    tallest, foot = side * max(roots), 1.0
    figure, ax = blank_figure(plt.figure, _WIDTH + 0.2, tallest + foot + 0.2, cell=1)
    x = (_WIDTH + 0.2 - sum(widths) - gap * room * (len(widths) - 1)) / 2
    base = 0.1 + tallest
    for name, number, root, width in zip(names, numbers, roots, widths, strict=True):
        edge = side * root
        middle = x + width / 2
        square = Rectangle((middle - edge / 2, base - edge), edge, edge, zorder=2)
        square.set(facecolor=tint("kernel", 0.75), edgecolor=TEXT_COLOURS["kernel"], linewidth=0.8)
        ax.add_patch(square)
        style = {"width": width + 0.15 * room}
        write_in(ax, middle, base + 0.22, name, height=0.19, **style)
        write_in(ax, middle, base + 0.53, f"{number:,}", height=0.26, fontweight="bold", **style)
        write_in(ax, middle, base + 0.82, _share(number, total), height=0.18, colour=MUTED, **style)
        x += width + gap * room
    return figure


def _share(number, total):
    """Write a share in per cent, with one decimal where it is not whole."""
    share = 100 * number / total
    return f"{share:.0f}%" if share in (0, 100) else f"{share:.1f}%"
