"""Pooling: windows that keep their largest value or their mean, and where the gradient goes."""

import math
from itertools import accumulate

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from utils import _validate
from utils.diagrams._cells import (
    ALMOST_EQUAL,
    INK,
    MINUS,
    MUTED,
    TEXT_COLOURS,
    TIMES,
    as_values,
    blank_figure,
    ems,
    number_format,
    outline,
    outline_cells,
    paint_grid,
    tint,
    write_header,
    write_in,
)
from utils.shapes import pool_output_size
from utils.style import PALETTE

_MODES = ("max", "average")


class _Pool:
    """A window sliding over an image: the settings, every window, and the output."""

    def __init__(self, image, kernel_size, *, stride, padding, mode, ceil_mode):
        self.image = as_values(image, "image")
        self.mode = _validate.as_choice(mode, "mode", _MODES)
        settings = {"stride": stride, "padding": padding, "ceil_mode": ceil_mode}
        size = tuple(self.image.shape)
        self.size = pool_output_size(size, kernel_size, **settings)  # refuses what does not fit
        self.kernel = _validate.as_pair(kernel_size, "kernel_size")
        self.stride = self.kernel if stride is None else _validate.as_pair(stride, "stride")
        self.padding = _validate.as_pair(padding, "padding", minimum=0)
        self.ceil_mode = bool(ceil_mode)
        self.output = self.pool(self.image)
        # The grid as drawn: the padding, and the cells beyond it that only `ceil_mode` reaches.
        reach = [
            (n - 1) * s + k for n, s, k in zip(self.size, self.stride, self.kernel, strict=True)
        ]
        spans = zip(self.padding, size, reach, strict=True)
        self.rim = tuple((p, p + max(0, r - (n + 2 * p))) for p, n, r in spans)
        self.padded_size = tuple(n + 2 * p for n, p in zip(size, self.padding, strict=True))
        self.drawn_size = tuple(n + sum(r) for n, r in zip(size, self.rim, strict=True))
        self.reach = reach
        filler = -math.inf if self.mode == "max" else 0.0
        above, before = self.padding
        self.padded = F.pad(self.image, (before, before, above, above), value=filler)

    def pool(self, image):
        """Pool with PyTorch, which is the judge of every number drawn."""
        function = F.max_pool2d if self.mode == "max" else F.avg_pool2d
        settings = {"padding": self.padding, "ceil_mode": self.ceil_mode}
        return function(image[None, None], self.kernel, self.stride, **settings)[0, 0]

    def position(self, step):
        """Row and column of the output that step number `step` computes."""
        return divmod(step, self.size[1])

    def window(self, position):
        """Rows and columns, in the grid as drawn, of all the cells under the window."""
        row, column = (p * s for p, s in zip(position, self.stride, strict=True))
        return [(row + a, column + b) for a in range(self.kernel[0]) for b in range(self.kernel[1])]

    def taps(self, position):
        """Return the cells under the window that hold a value, padding included."""
        rows, columns = self.padded_size
        return [(i, j) for i, j in self.window(position) if i < rows and j < columns]

    def winners(self, position):
        """Return the cell that a maximum is taken from: the first of the largest, as in PyTorch."""
        taps = self.taps(position)
        return [max(taps, key=lambda tap: self.padded[tap])] if self.mode == "max" else taps

    def describe(self):
        """Say what the window does in a few words: "2x2 max pooling, stride 2"."""
        size, stride = TIMES.join(map(str, self.kernel)), _plain(self.stride)
        words = f"{size} {self.mode} pooling, stride {stride}"
        if any(self.padding):
            words += f", padding {_plain(self.padding)}"
        return words + ", ceil_mode" * self.ceil_mode


def _plain(pair):
    """Write a pair as one number where both are equal."""
    return str(pair[0]) if pair[0] == pair[1] else str(pair)


def _paint_input(ax, pool, position, *, origin):
    """Draw the input with its rim, what no window reaches hatched, and the window on it."""
    left, top = origin
    rows, columns = pool.drawn_size
    above, before = pool.padding
    height, width = pool.image.shape
    rim = [
        (i, j)
        for i in range(rows)
        for j in range(columns)
        if not (above <= i < above + height and before <= j < before + width)
    ]
    window = pool.window(position)
    winners = pool.winners(position) if pool.mode == "max" else []
    paint_grid(ax, pool.image, origin=origin, padding=pool.rim, blank={*rim, *window})
    write = number_format(pool.image)
    for i, j in {*rim, *window}:
        x, y = left + j, top + i
        if i >= pool.padded_size[0] or j >= pool.padded_size[1]:
            continue
        inside, won = (i, j) not in rim, (i, j) in winners
        if (i, j) in window and inside:
            face = tint("output", 0.5) if won else tint("highlight", 0.2)
            ax.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor="white", zorder=2))
        value = write(pool.padded[i, j])
        colour = INK if inside else TEXT_COLOURS["padding"]
        weight = "bold" if won else "normal"
        write_in(ax, x + 0.5, y + 0.5, value, width=0.8, colour=colour, fontweight=weight)
    for i in range(rows):
        for j in range(columns):
            if i >= pool.reach[0] or j >= pool.reach[1]:
                unused = Rectangle((left + j, top + i), 1, 1, fill=False, hatch="////", zorder=1.5)
                unused.set(edgecolor=PALETTE["padding"], linewidth=0)
                ax.add_patch(unused)
    outline_cells(ax, window, origin=origin)


def _write_result(ax, pool, position, *, left, top, room, line):
    """Write out how the values under the window become one, a line for each of its rows."""
    taps = pool.taps(position)
    write = number_format(pool.image)
    columns = len({j for _, j in taps})
    rows = len(taps) // columns
    entries = [write(pool.padded[tap]) for tap in taps]
    result = number_format(pool.output)(pool.output[position])
    if pool.mode == "max":
        opening, separator, closing, winner = "max(", ",", ")", taps.index(*pool.winners(position))
        exact = result == entries[winner]
    else:
        opening, separator, closing, winner = "(", "+", f") / {len(taps)}", None
        numbers = [float(entry.replace(MINUS, "-")) for entry in entries]
        mean = sum(numbers) / len(numbers)
        exact = math.isclose(mean, float(result.replace(MINUS, "-")), abs_tol=1e-9)
    label = "Y[{}, {}] = ".format(*position) + opening
    end = f"{closing} {'=' if exact else ALMOST_EQUAL} {result}"

    # Widths as multiples of the height of the text; the numbers of a column end at one place.
    between = 0.75 if separator == "," else 1.3
    widths = [max(map(ems, entries[column::columns])) + 0.05 for column in range(columns)]
    ends = [end + between * n for n, end in enumerate(accumulate(widths))]
    label_width, end_width = ems(label) + 0.5, ems(end, "bold") + 0.6
    height = min(0.46, room / (label_width + ends[-1] + end_width))
    write_in(ax, left, top + 0.5 * line, label, height=height, ha="left")
    for n, entry in enumerate(entries):
        row, column = divmod(n, columns)
        x, y = left + height * (label_width + ends[column]), top + (row + 0.5) * line
        style = {"colour": TEXT_COLOURS["input"]}
        if n == winner:
            style = {"colour": TEXT_COLOURS["output"], "fontweight": "bold"}
        write_in(ax, x, y, entry, height=height, ha="right", **style)
        if n < len(entries) - 1:
            shift = 0.1 if separator == "," else between / 2 - 0.35
            write_in(ax, x + height * shift, y, separator, height=height, ha="left")
    x, y = left + height * (label_width + ends[-1] + 0.15), top + (rows - 0.5) * line
    bold = {"colour": TEXT_COLOURS["output"], "fontweight": "bold"}
    write_in(ax, x, y, closing, height=height, ha="left")
    x += height * (ems(closing) + 0.4)
    text = end.removeprefix(closing).strip()
    write_in(ax, x, y, text, height=1.1 * height, ha="left", **bold)


def _pool_step(make, pool, step, *, cell=0.6, widest=5.6):
    """Draw step number `step` of a pooling; every step has the same size and layout."""
    position = pool.position(step)
    rows, columns = pool.drawn_size
    output_rows, output_columns = pool.size
    margin, gap, head, line = 0.25, 1.4, 0.75, 0.68
    side = max(output_columns, 2.2)
    tallest = max(rows, output_rows)
    width = max(2 * margin + columns + gap + side, 8.0)
    lines = pool.kernel[0]
    height = margin + 0.7 + head + tallest + 0.35 + line * lines + margin
    figure, ax = blank_figure(make, width, height, cell=min(cell, widest / width))

    words = pool.describe()
    write_in(ax, margin, margin + 0.25, words, height=0.44, width=width - 2 * margin, ha="left")
    middle = margin + 0.7 + head + tallest / 2
    x, y = margin, middle - rows / 2
    write_header(ax, x, y - 0.4, "X", "input", pool.image.shape)
    _paint_input(ax, pool, position, origin=(x, y))
    x_output, y_output = margin + columns + gap, middle - output_rows / 2
    style = {"arrowstyle": "-|>", "mutation_scale": 18, "color": INK, "linewidth": 2}
    ends = (x + columns + 0.2, middle), (x_output - 0.2, middle)
    ax.add_patch(FancyArrowPatch(*ends, shrinkA=0, shrinkB=0, **style))
    write_header(ax, x_output, y_output - 0.4, "Y", "output", pool.size)
    shown = (torch.arange(pool.output.numel()) <= step).reshape(pool.size)
    paint_grid(ax, pool.output, origin=(x_output, y_output), role="output", shown=shown)
    outline(ax, x_output + position[1], y_output + position[0])

    top = margin + 0.7 + head + tallest + 0.35
    room = width - 2 * margin
    _write_result(ax, pool, position, left=margin, top=top, room=room, line=line)
    return figure


def plot_pool_step(
    image, kernel_size, *, step=0, stride=None, padding=0, mode="max", ceil_mode=False
):
    """
    Draw one step of a pooling, with its maximum or its mean written out.

    The window is framed. Where the largest value is kept, its cell has the colour of the output.
    Cells that no window reaches are hatched, those of the padding are dashed: minus infinity for
    a maximum, zero for a mean, where they count.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), the input X.
    kernel_size : int or tuple of int
        Height and width of the window.
    step : int
        Number of the output value, counted from 0, row by row.
    stride, padding : int or tuple of int
        As in `torch.nn.functional.max_pool2d`; the stride is the size of the window by default.
    mode : str
        "max" or "average".
    ceil_mode : bool
        Let the last window reach over the edge.

    Returns
    -------
    Figure
        One axes in units of one cell.

    Raises
    ------
    TypeError, ValueError
        If a shape does not fit or there is no such step.

    Examples
    --------
    >>> import torch
    >>> figure = plot_pool_step(torch.arange(16).reshape(4, 4), 2, step=3)
    >>> figure.axes[0].texts[-1].get_text()
    '= 15'
    """
    settings = {"stride": stride, "padding": padding, "mode": mode, "ceil_mode": ceil_mode}
    pool = _Pool(image, kernel_size, **settings)
    steps = pool.output.numel()
    step = _validate.as_int(step, "step", minimum=0)
    if step >= steps:
        raise ValueError(f"step must be between 0 and {steps - 1}, got {step}")
    return _pool_step(plt.figure, pool, step)


def pool_frames(image, kernel_size, *, stride=None, padding=0, mode="max", ceil_mode=False):
    """
    Return one figure for each step of a pooling and the sentence that goes with it.

    Parameters
    ----------
    image : Tensor
        Shape (H, W).
    kernel_size : int or tuple of int
        Height and width of the window.
    stride, padding, mode, ceil_mode
        As in `plot_pool_step`.

    Returns
    -------
    figures : iterator of Figure
        Not known to pyplot, so there is nothing to close.
    captions : list of str
        One sentence for each figure.
    alt : str
        What there is to see in all of them.

    Raises
    ------
    TypeError, ValueError
        If a shape does not fit.

    Examples
    --------
    >>> import torch
    >>> figures, captions, alt = pool_frames(torch.arange(16).reshape(4, 4), 2, mode="average")
    >>> captions[0]
    'Y[0, 0] = 2.5: the mean of 0, 1, 4 and 5.'
    """
    settings = {"stride": stride, "padding": padding, "mode": mode, "ceil_mode": ceil_mode}
    pool = _Pool(image, kernel_size, **settings)
    write, write_pixel = number_format(pool.output), number_format(pool.image)
    captions = []
    for step in range(pool.output.numel()):
        position = pool.position(step)
        values = [write_pixel(pool.padded[tap]) for tap in pool.taps(position)]
        words = " and ".join(", ".join(values).rsplit(", ", 1))
        kind = "largest" if pool.mode == "max" else "mean"
        label = "Y[{}, {}]".format(*position)
        captions.append(f"{label} = {write(pool.output[position])}: the {kind} of {words}.")
    rows = "; ".join(" ".join(write(value) for value in row) for row in pool.output)
    size = TIMES.join(str(n) for n in pool.image.shape)
    alt = (
        f"A window slides over a {size} input: {pool.describe()}, one step for each value of the "
        f"output. The finished output has the rows {rows}."
    )
    steps = range(pool.output.numel())
    figures = (_pool_step(Figure, pool, step, cell=0.42, widest=4.2) for step in steps)
    return figures, captions, alt


def plot_pool_gradient(
    image, kernel_size, *, gradient=None, stride=None, padding=0, mode="max", ceil_mode=False
):
    """
    Draw where the gradient goes when a pooling is differentiated.

    Above, the input and its pooled output; below, the gradient that arrives at the output and the
    gradient that reaches the input. A maximum passes it on to the cell that won (framed above), a
    mean to all cells of the window alike. Cells that get nothing stay white.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), the input X.
    kernel_size : int or tuple of int
        Height and width of the window.
    gradient : Tensor, optional
        Shape (H_out, W_out): the gradient of the loss with respect to each output; ones by default.
    stride, padding : int or tuple of int
        As in `torch.nn.functional.max_pool2d`; the stride is the size of the window by default.
    mode : str
        "max" or "average".
    ceil_mode : bool
        Let the last window reach over the edge.

    Returns
    -------
    Figure
        One axes in units of one cell.

    Raises
    ------
    TypeError, ValueError
        If a shape does not fit.

    Examples
    --------
    >>> import torch
    >>> figure = plot_pool_gradient(torch.tensor([[1, 3], [7, 4]]), 2, gradient=[[5]])
    >>> [text.get_text() for text in figure.axes[0].texts][-6:]
    ['dX', '5', '0', '0', '0', 'backward']
    """
    settings = {"stride": stride, "padding": padding, "mode": mode, "ceil_mode": ceil_mode}
    pool = _Pool(image, kernel_size, **settings)
    arriving = (
        torch.ones(pool.size).double() if gradient is None else as_values(gradient, "gradient")
    )
    if arriving.shape != pool.output.shape:
        raise ValueError(f"gradient must have shape {pool.size}, got {tuple(arriving.shape)}")
    with torch.enable_grad():
        leaf = pool.image.clone().requires_grad_()
        (reaching,) = torch.autograd.grad(pool.pool(leaf), leaf, arriving)

    rows, columns = pool.image.shape
    output_rows, output_columns = pool.size
    margin, gap, head = 0.25, 2.6, 0.75
    upper = head + max(rows, output_rows)
    width = 2 * margin + columns + gap + max(output_columns, 2.2)
    height = 2 * margin + 2 * upper + 0.6
    figure, ax = blank_figure(plt.figure, width, height, cell=min(0.6, 6.2 / width))
    x_output = margin + columns + gap
    tops = margin + head, margin + upper + 0.6 + head
    for top, forward in zip(tops, (True, False), strict=True):
        middle = top + max(rows, output_rows) / 2
        y_input, y_output = middle - rows / 2, middle - output_rows / 2
        names = ("X", "Y") if forward else ("dX", "dY")
        roles = ("input", "output") if forward else ("gradient", "gradient")
        panels = (pool.image, pool.output) if forward else (reaching, arriving)
        places = ((margin, y_input), (x_output, y_output))
        for name, role, values, (x, y) in reversed(
            list(zip(names, roles, panels, places, strict=True))
        ):
            options = {"height": 0.44, "ha": "left", "fontweight": "bold"}
            write_in(ax, x, y - 0.4, name, colour=TEXT_COLOURS[role], **options)
            _paint_values(ax, values, role=role, origin=(x, y), hide_zeros=not forward)
        ends = [(margin + columns + 0.2, middle), (x_output - 0.2, middle)]
        colour = INK if forward else TEXT_COLOURS["gradient"]
        style = {"arrowstyle": "-|>", "mutation_scale": 18, "color": colour, "linewidth": 2}
        arrow = FancyArrowPatch(*(ends if forward else ends[::-1]), shrinkA=0, shrinkB=0, **style)
        ax.add_patch(arrow)
        word = f"{pool.mode} pool" if forward else "backward"
        place = margin + columns + gap / 2, middle - 0.45
        write_in(ax, *place, word, height=0.38, width=gap - 0.5, colour=MUTED)
    if pool.mode == "max":
        above, before = pool.padding
        for step in range(pool.output.numel()):
            for i, j in pool.winners(pool.position(step)):
                x, y = (
                    margin + j - before,
                    tops[0] + (max(rows, output_rows) - rows) / 2 + i - above,
                )
                outline(ax, x, y, inset=0.04)
    return figure


def _paint_values(ax, values, *, role, origin, hide_zeros):
    """Draw a grid; with `hide_zeros`, cells that are zero are white and their zero is grey."""
    if not hide_zeros:
        paint_grid(ax, values, origin=origin, role=role)
        return
    blank = [tuple(cell) for cell in (values == 0).nonzero().tolist()]
    paint_grid(ax, values, origin=origin, role=role, strength=0.55, shown=values != 0, blank=blank)
    for i, j in blank:
        write_in(ax, origin[0] + j + 0.5, origin[1] + i + 0.5, "0", height=0.4, colour=MUTED)
