"""Grids of numbers and windows that slide over them."""

import math
from itertools import accumulate
from operator import index, mul

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from utils import _validate
from utils.diagrams._cells import (
    ALMOST_EQUAL,
    DOT,
    INFINITY,
    INK,
    MINUS,
    MUTED,
    TEXT_COLOURS,
    TIMES,
    as_format,
    as_panel,
    as_values,
    blank_figure,
    cell_axes,
    number_format,
    outline,
    outline_cells,
    paint_cell,
    paint_grid,
    tint,
    write_header,
    write_in,
)
from utils.shapes import conv_output_size
from utils.style import PALETTE


class _Slide:
    """A kernel sliding over an image: the settings, every window, and the output."""

    def __init__(self, image, kernel, *, stride, padding, dilation):
        self.image = as_values(image, "image")
        self.kernel = _validate.as_kernel(kernel).double()
        size, kernel_size = tuple(self.image.shape), tuple(self.kernel.shape)
        settings = {"stride": stride, "padding": padding, "dilation": dilation}
        conv_output_size(size, kernel_size, **settings)  # refuses what does not fit
        self.stride = _validate.as_pair(stride, "stride")
        self.dilation = _validate.as_pair(dilation, "dilation")
        self.rim = _validate.pad_amounts(padding, kernel_size, stride=stride, dilation=dilation)
        (above, below), (before, after) = self.rim
        self.padded = F.pad(self.image, (before, after, above, below))
        self.extent = tuple(
            d * (k - 1) + 1 for d, k in zip(self.dilation, kernel_size, strict=True)
        )
        self.output = F.conv2d(
            self.padded[None, None],
            self.kernel[None, None],
            stride=self.stride,
            dilation=self.dilation,
        )[0, 0]

    def position(self, step):
        """Row and column of the output that step number `step` computes."""
        return divmod(step, self.output.shape[1])

    def corner(self, position):
        """Row and column of the window's first cell in the padded image."""
        return tuple(p * s for p, s in zip(position, self.stride, strict=True))

    def taps(self, position):
        """Rows and columns of the padded image that the window at `position` reads."""
        row, column = self.corner(position)
        kernel_rows, kernel_columns = self.kernel.shape
        return [
            (row + a * self.dilation[0], column + b * self.dilation[1])
            for a in range(kernel_rows)
            for b in range(kernel_columns)
        ]

    def as_position(self, position):
        """Return `position` as a pair if it lies in the output."""
        pair = _validate.as_pair(position, "position", minimum=0)
        if any(p >= n for p, n in zip(pair, self.output.shape, strict=True)):
            shape = tuple(self.output.shape)
            raise ValueError(f"position must lie in the output of shape {shape}, got {pair}")
        return pair


def _as_cells(highlight, shape):
    """List the cells meant by `highlight`: a pair of indices or slices, or (row, column) pairs."""
    if highlight is None:
        return []
    rows, columns = shape
    parts = highlight if isinstance(highlight, tuple) and len(highlight) == 2 else (None,)
    try:
        if all(isinstance(part, (int, slice)) for part in parts):
            numbers = torch.arange(rows * columns).reshape(rows, columns)[highlight]
            return [divmod(number, columns) for number in numbers.flatten().tolist()]
        cells = [(index(row), index(column)) for row, column in highlight]
    except (IndexError, TypeError, ValueError):
        cells = None
    if cells is None or not all(0 <= i < rows and 0 <= j < columns for i, j in cells):
        raise ValueError(
            f"highlight must be (row, column) or a list of such cells within a grid of shape "
            f"{shape}, got {highlight!r}"
        )
    return cells


def draw_grid(
    values,
    *,
    role="input",
    ax=None,
    highlight=None,
    padding=0,
    title=None,
    fmt=None,
    shade=False,
):
    """
    Draw a matrix as a grid of numbers.

    Parameters
    ----------
    values : Tensor
        Shape (H, W).
    role : str
        What the numbers are, a key of `utils.style.PALETTE`: sets the tint of the cells.
    ax : Axes, optional
        Where to draw; a new figure by default.
    highlight : tuple or list, optional
        The cells to frame: ``(row, column)`` where each is an int or a slice, or a list of
        (row, column) pairs. Counted in the grid as drawn, rim included.
    padding : int or tuple of int
        Rows and columns of zeros to draw around the values, dashed.
    title : str, optional
        Written above the grid.
    fmt : str or callable, optional
        How a number is written: a format such as ``".1f"`` or a function from float to str.
        By default as many decimals (two at most) as the grid needs.
    shade : bool
        Let the tint of a cell grow with its value.

    Returns
    -------
    Axes
        The axes, in units of one cell with rows running downwards.

    Raises
    ------
    ValueError
        If `values` is not a matrix, the role is unknown, or a highlighted cell does not exist.

    Examples
    --------
    >>> import torch
    >>> ax = draw_grid(torch.tensor([[0, 1], [2, 3]]), highlight=(0, slice(None)))
    >>> [text.get_text() for text in ax.texts]
    ['0', '1', '2', '3']
    """
    values = as_values(values, "values")
    role = _validate.as_choice(role, "role", PALETTE)
    rim = [(n, n) for n in _validate.as_pair(padding, "padding", minimum=0)]
    rows, columns = (n + sum(p) for n, p in zip(values.shape, rim, strict=True))
    cells = _as_cells(highlight, (rows, columns))
    fmt, shade = as_format(fmt), _validate.as_bool(shade, "shade")
    ax = as_panel(ax, 0.55 * columns + 0.2, 0.55 * rows + 0.4)
    paint_grid(ax, values, role=role, padding=rim, fmt=fmt, shade=shade)
    if cells:
        outline_cells(ax, cells)
    cell_axes(ax, columns, rows)
    if title is not None:
        ax.set_title(title)
    return ax


def _paint_window(ax, slide, position, *, origin=(0.0, 0.0)):
    """Draw the padded image with the window at `position`, each kernel value in its cell."""
    left, top = origin
    taps = slide.taps(position)
    paint_grid(ax, slide.image, origin=origin, padding=slide.rim, blank=taps)
    write_pixel, write_weight = number_format(slide.image), number_format(slide.kernel)
    for (i, j), weight in zip(taps, slide.kernel.flatten(), strict=True):
        x, y = left + j, top + i
        cell = Rectangle((x, y), 1, 1, facecolor=tint("kernel", 0.45), edgecolor="white", zorder=2)
        ax.add_patch(cell)
        write_in(ax, x + 0.46, y + 0.42, write_pixel(slide.padded[i, j]), width=0.8)
        factor = TIMES + write_weight(weight)
        small = {"height": 0.29, "width": 0.85, "colour": TEXT_COLOURS["kernel"], "ha": "right"}
        write_in(ax, x + 0.93, y + 0.8, factor, **small)
    outline_cells(ax, taps, origin=origin)


def draw_window(image, kernel, *, position=(0, 0), stride=1, padding=0, dilation=1, ax=None):
    """
    Draw an image with the window of a kernel laid on it.

    The small number in the corner of a cell is the kernel's value there.

    Parameters
    ----------
    image : Tensor
        Shape (H, W).
    kernel : Tensor
        Shape (kH, kW).
    position : tuple of int
        Row and column of the output value that the window computes.
    stride, padding, dilation : int or tuple of int
        As in `torch.nn.functional.conv2d`.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The axes, in units of one cell with rows running downwards.

    Raises
    ------
    ValueError
        If a shape does not fit or the position is not in the output.

    Examples
    --------
    >>> import torch
    >>> ax = draw_window(torch.eye(3), torch.ones(2, 2), position=(1, 1))
    >>> [text.get_text() for text in ax.texts][:3]
    ['1', '0', '0']
    """
    slide = _Slide(image, kernel, stride=stride, padding=padding, dilation=dilation)
    position = slide.as_position(position)
    rows, columns = slide.padded.shape
    ax = as_panel(ax, 0.55 * columns + 0.2, 0.55 * rows + 0.2)
    _paint_window(ax, slide, position)
    return cell_axes(ax, columns, rows)


def _adds_up(pixels, weights, result):
    """Tell whether numbers as they are written, perhaps rounded, give the result as written."""
    pixels, weights, (result,) = (
        [float(text.replace(MINUS, "-").replace(INFINITY, "inf")) for text in texts]
        for texts in (pixels, weights, [result])
    )
    return math.isclose(sum(map(mul, pixels, weights)), result, rel_tol=1e-9, abs_tol=1e-9)


def _write_sum(ax, slide, position, *, left, top, room, line):
    """Write out the products of one window, a line for each kernel row, and what they add up to."""
    write_pixel, write_weight = number_format(slide.image), number_format(slide.kernel)
    rows, columns = slide.kernel.shape
    pixels = [write_pixel(slide.padded[tap]) for tap in slide.taps(position)]
    weights = [write_weight(weight) for weight in slide.kernel.flatten()]
    label = "Y[{}, {}] =".format(*position)
    written = number_format(slide.output)(slide.output[position])
    exact = _adds_up(pixels, weights, written)
    result = f"{'=' if exact else ALMOST_EQUAL} {written}"

    weights = [f"({w})" if w.startswith(MINUS) else w for w in weights]

    # Widths as multiples of the height of the text; the products are lined up at their dots.
    digit, plus = 0.62, 1.3
    befores, afters = (
        [digit * max(map(len, texts[column::columns])) + 0.2 for column in range(columns)]
        for texts in (pixels, weights)
    )
    ends = list(accumulate(b + a + plus for b, a in zip(befores, afters, strict=True)))
    label_width, result_width = 0.56 * len(label) + 0.3, 0.75 * len(result) + 0.5
    height = min(0.46, room / (label_width + ends[-1] + result_width))
    bold = {"colour": TEXT_COLOURS["output"], "fontweight": "bold"}

    write_in(ax, left, top + 0.5 * line, label, height=height, ha="left")
    for n, (pixel, weight) in enumerate(zip(pixels, weights, strict=True)):
        row, column = divmod(n, columns)
        y = top + (row + 0.5) * line
        dot = left + height * (label_width + ends[column] - afters[column])
        if n:
            x = dot - height * (befores[column] + plus / 2)
            write_in(ax, x, y, "+", height=height)
        style = {"height": height, "ha": "right", "colour": TEXT_COLOURS["input"]}
        write_in(ax, dot - 0.2 * height, y, pixel, **style)
        write_in(ax, dot, y, DOT, height=height)
        style = {"height": height, "ha": "left", "colour": TEXT_COLOURS["kernel"]}
        write_in(ax, dot + 0.2 * height, y, weight, **style)
    x = left + height * (label_width + ends[-1] + 0.4)
    write_in(ax, x, top + (rows - 0.5) * line, result, height=1.1 * height, ha="left", **bold)


def _window_step(make, slide, step, *, cell=0.6, widest=5.6):
    """Draw step number `step` of a convolution; every step has the same size and layout."""
    position = slide.position(step)
    rows, columns = slide.padded.shape
    kernel_rows, kernel_columns = slide.kernel.shape
    output_rows, output_columns = slide.output.shape
    margin, gap, head = 0.25, 1.1, 0.75
    side = max(kernel_columns, output_columns, 2.6)
    upper = max(head + rows, 2 * head + 0.35 + kernel_rows + output_rows)
    width = 2 * margin + columns + gap + side
    line = 0.68
    height = margin + upper + 0.35 + line * kernel_rows + margin
    figure, ax = blank_figure(make, width, height, cell=min(cell, widest / width))

    x_input, y_input = margin, margin + head + (upper - head - rows) / 2
    write_header(ax, x_input, y_input - 0.4, "X", "input", slide.image.shape)
    _paint_window(ax, slide, position, origin=(x_input, y_input))

    x_side = margin + columns + gap
    y_kernel = margin + head
    write_header(ax, x_side, y_kernel - 0.4, "K", "kernel", slide.kernel.shape)
    paint_grid(ax, slide.kernel, origin=(x_side, y_kernel), role="kernel", strength=0.45)

    y_output = margin + upper - output_rows
    write_header(ax, x_side, y_output - 0.4, "Y", "output", slide.output.shape)
    shown = (torch.arange(slide.output.numel()) <= step).reshape(slide.output.shape)
    paint_grid(ax, slide.output, origin=(x_side, y_output), role="output", shown=shown)
    i, j = position
    outline(ax, x_side + j, y_output + i)

    top = margin + upper + 0.35
    _write_sum(ax, slide, position, left=margin, top=top, room=width - 2 * margin, line=line)
    return figure


def plot_window_step(image, kernel, *, step=0, stride=1, padding=0, dilation=1):
    """
    Draw one step of a convolution, with its sum written out.

    The picture holds the input with the window on it, the kernel, the output as far as it is
    computed, and underneath the products that add up to the current value, one line a kernel row.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), the input X.
    kernel : Tensor
        Shape (kH, kW), the kernel K.
    step : int
        Number of the output value, counted from 0, row by row.
    stride, padding, dilation : int or tuple of int
        As in `torch.nn.functional.conv2d`.

    Returns
    -------
    Figure
        One axes in units of one cell.

    Raises
    ------
    ValueError
        If a shape does not fit or there is no such step.

    Examples
    --------
    >>> import torch
    >>> figure = plot_window_step(torch.eye(3), torch.ones(2, 2), step=3)
    >>> figure.axes[0].texts[-1].get_text()
    '= 2'
    """
    slide = _Slide(image, kernel, stride=stride, padding=padding, dilation=dilation)
    steps = slide.output.numel()
    step = _validate.as_int(step, "step", minimum=0)
    if step >= steps:
        raise ValueError(f"step must be between 0 and {steps - 1}, got {step}")
    return _window_step(plt.figure, slide, step)


def window_frames(image, kernel, *, stride=1, padding=0, dilation=1):
    """
    Return one figure for each step of a convolution and the sentence that goes with it.

    Parameters
    ----------
    image : Tensor
        Shape (H, W).
    kernel : Tensor
        Shape (kH, kW).
    stride, padding, dilation : int or tuple of int
        As in `torch.nn.functional.conv2d`.

    Returns
    -------
    figures : iterator of Figure
        Not known to pyplot, so there is nothing to close.
    captions : list of str
        One sentence for each figure.
    output : Tensor
        Shape (H_out, W_out), float64.

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> import torch
    >>> figures, captions, output = window_frames(torch.eye(3), torch.ones(2, 2))
    >>> captions[1]
    'Y[0, 1] = 1: the window reads rows 0 to 1, columns 1 to 2.'
    """
    slide = _Slide(image, kernel, stride=stride, padding=padding, dilation=dilation)
    write = number_format(slide.output)
    captions = []
    for step in range(slide.output.numel()):
        i, j = slide.position(step)
        taps = slide.taps((i, j))
        spans = []
        for axis, name in enumerate(("row", "column")):
            found = sorted({tap[axis] - slide.rim[axis][0] for tap in taps})
            spans.append(_span(name, found))
        value = write(slide.output[i, j])
        captions.append(f"Y[{i}, {j}] = {value}: the window reads {spans[0]}, {spans[1]}.")
    steps = range(slide.output.numel())
    figures = (_window_step(Figure, slide, step, cell=0.42, widest=4.2) for step in steps)
    return figures, captions, slide.output


def _span(name, numbers):
    """Write which rows or columns are read: "rows 0 to 2", "columns 0, 2 and 4"."""
    words = [str(number).replace("-", MINUS) for number in numbers]
    if len(words) == 1:
        return f"{name} {words[0]}"
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{name}s {words[0]} to {words[-1]}"
    return f"{name}s {', '.join(words[:-1])} and {words[-1]}"


def plot_convolution(image, kernel, *, stride=1, padding=0, dilation=1):
    """
    Draw a convolution as an equation of grids: X * K = Y.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), the input X.
    kernel : Tensor
        Shape (kH, kW), the kernel K.
    stride, padding, dilation : int or tuple of int
        As in `torch.nn.functional.conv2d`.

    Returns
    -------
    Figure
        One axes in units of one cell.

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> import torch
    >>> figure = plot_convolution(torch.eye(3), torch.ones(2, 2))
    >>> [text.get_text() for text in figure.axes[0].texts][-4:]
    ['2', '1', '1', '2']
    """
    slide = _Slide(image, kernel, stride=stride, padding=padding, dilation=dilation)
    rows, columns = slide.padded.shape
    kernel_rows, kernel_columns = slide.kernel.shape
    output_rows, output_columns = slide.output.shape
    margin, gap, head = 0.2, 1.0, 0.75
    tallest = max(rows, kernel_rows, output_rows)
    width = 2 * margin + columns + max(kernel_columns, 1.8) + max(output_columns, 1.8) + 2 * gap
    height = 2 * margin + head + tallest
    figure, ax = blank_figure(plt.figure, width, height, cell=min(0.6, 7.0 / width))
    middle = margin + head + tallest / 2

    x = margin
    for letter, role, values, rim, after in (
        ("X", "input", slide.image, slide.rim, "*"),
        ("K", "kernel", slide.kernel, ((0, 0), (0, 0)), "="),
        ("Y", "output", slide.output, ((0, 0), (0, 0)), None),
    ):
        grid_rows, grid_columns = (n + sum(p) for n, p in zip(values.shape, rim, strict=True))
        top = middle - grid_rows / 2
        write_header(ax, x, top - 0.4, letter, role, values.shape)
        strength = 0.45 if role == "kernel" else 0.16
        paint_grid(ax, values, origin=(x, top), role=role, padding=rim, strength=strength)
        x += max(grid_columns, 1.8) if role != "input" else grid_columns
        if after:
            write_in(ax, x + gap / 2, middle, after, height=0.8)
        x += gap
    return figure


def draw_positions(size, kernel_size, *, stride=1, padding=0, dilation=1, ax=None):
    """
    Draw where a kernel fits: one dot at the middle of each window.

    The first window is framed, the next one to the right is dashed. Rows and columns at the end
    that no window reaches are hatched.

    Parameters
    ----------
    size : int or tuple of int
        Height and width of the input.
    kernel_size, stride, padding, dilation : int or tuple of int
        As in `torch.nn.functional.conv2d`.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The axes, in units of one cell with rows running downwards. The dots are its circles.

    Raises
    ------
    ValueError
        If the kernel does not fit.

    Examples
    --------
    >>> ax = draw_positions(6, 3, stride=2)
    >>> ax.get_title()
    'output 2×2, unused: 1 row, 1 column'
    """
    slide = _Slide(
        torch.zeros(_validate.as_pair(size, "size")),
        torch.zeros(_validate.as_pair(kernel_size, "kernel_size")),
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    rows, columns = slide.padded.shape
    output_rows, output_columns = slide.output.shape
    last = slide.corner((output_rows - 1, output_columns - 1))
    reach = tuple(c + e for c, e in zip(last, slide.extent, strict=True))
    ax = as_panel(ax, 0.5 * columns + 0.4, 0.5 * rows + 0.7)
    (above, below), (before, after) = slide.rim
    for i in range(rows):
        for j in range(columns):
            unused = i >= reach[0] or j >= reach[1]
            inside = above <= i < rows - below and before <= j < columns - after
            paint_cell(
                ax,
                j,
                i,
                face=tint("input", 0.16) if inside and not unused else "white",
                edge=tint("input", 0.6) if inside else PALETTE["padding"],
                dashed=not inside,
                hatch="////" if unused else None,
                zorder=1 if inside else 0.5,
            )
            if not inside and not unused:
                write_in(ax, j + 0.5, i + 0.5, "0", height=0.36, colour=MUTED)
    for i in range(output_rows):
        for j in range(output_columns):
            row, column = slide.corner((i, j))
            centre = (column + slide.extent[1] / 2, row + slide.extent[0] / 2)
            dot = Circle(centre, 0.22, facecolor=PALETTE["output"], edgecolor=INK, zorder=6)
            ax.add_patch(dot)
    if output_columns > 1:
        frame = {"rows": slide.extent[0], "columns": slide.extent[1], "role": "kernel"}
        outline(ax, slide.stride[1], 0, dashed=True, linewidth=2.5, inset=0.06, **frame)
        start, y = slide.extent[1] / 2, slide.extent[0] / 2
        step = FancyArrowPatch(
            (start, y),
            (start + slide.stride[1], y),
            arrowstyle="-|>",
            mutation_scale=16,
            shrinkA=0,
            shrinkB=6,
            color=INK,
            linewidth=2,
            zorder=5,
        )
        ax.add_patch(step)
    for i, j in slide.taps((0, 0)):
        ax.add_patch(Rectangle((j, i), 1, 1, facecolor=tint("kernel", 0.45), zorder=2))
    outline(ax, 0, 0, rows=slide.extent[0], columns=slide.extent[1], role="highlight")
    lost = rows - reach[0], columns - reach[1]
    title = f"output {output_rows}{TIMES}{output_columns}"
    if any(lost):
        names = ("row", "column")
        parts = [f"{n} {m}{'s' * (n > 1)}" for n, m in zip(lost, names, strict=True) if n]
        title += f", unused: {', '.join(parts)}"
    cell_axes(ax, columns, rows)
    ax.set_title(title)
    return ax


def plot_dilation(kernel_size, *, dilations=(1, 2, 3)):
    r"""
    Draw the cells that a dilated kernel reads, one panel for each dilation.

    Parameters
    ----------
    kernel_size : int
        Rows and columns of the kernel.
    dilations : sequence of int
        The dilations to show.

    Returns
    -------
    Figure
        One axes for each dilation, all at one scale.

    Raises
    ------
    ValueError
        If a size or a dilation is smaller than 1.

    Examples
    --------
    >>> figure = plot_dilation(3, dilations=(1, 2))
    >>> [ax.get_title() for ax in figure.axes]
    ['dilation 1\n3×3', 'dilation 2\n5×5']
    """
    rows = _validate.as_int(kernel_size, "kernel_size")
    if isinstance(dilations, (str, int)) or not dilations:
        raise ValueError(f"dilations must be a sequence of integers, got {dilations!r}")
    dilations = [_validate.as_int(dilation, "dilations") for dilation in dilations]
    largest = max(dilations) * (rows - 1) + 1
    panels = len(dilations)
    figure, axes = plt.subplots(1, panels, figsize=(7.0, 7.0 / panels + 0.7), squeeze=False)
    for ax, dilation in zip(axes[0], dilations, strict=True):
        extent = dilation * (rows - 1) + 1
        start = (largest - extent) // 2
        for i in range(largest):
            for j in range(largest):
                inside = start <= i < start + extent and start <= j < start + extent
                tap = inside and (i - start) % dilation == 0 and (j - start) % dilation == 0
                face = tint("kernel", 0.75) if tap else "white"
                paint_cell(ax, j, i, face=face, edge="#B8B8B8")
                if tap:
                    ax.add_patch(Circle((j + 0.5, i + 0.5), 0.18, facecolor=INK, zorder=3))
        outline(ax, start, start, rows=extent, columns=extent, role="highlight")
        cell_axes(ax, largest, largest)
        ax.set_title(f"dilation {dilation}\n{extent}{TIMES}{extent}", fontsize=15)
    return figure


def plot_shrinking(image, kernel_size, *, times=10, ncols=4):
    """
    Draw what convolutions without padding leave of a picture, one panel for each.

    Each convolution copies the pixel under the kernel's middle, so the only thing that happens to
    the picture is what happens to every picture: its border goes. All panels have one scale.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), grey, 0 to 1.
    kernel_size : int
        Rows and columns of the kernel.
    times : int
        Number of convolutions.
    ncols : int
        Panels in a row.

    Returns
    -------
    Figure
        ``times + 1`` panels; the first shows the picture itself.

    Raises
    ------
    ValueError
        If a shape does not fit, or nothing would be left.

    Examples
    --------
    >>> import torch
    >>> figure = plot_shrinking(torch.rand(9, 9), 3, times=2)
    >>> [ax.get_title() for ax in figure.axes]
    ['9×9', '7×7', '5×5']
    """
    picture = as_values(image, "image")
    size = _validate.as_int(kernel_size, "kernel_size")
    times, ncols = _validate.as_int(times, "times"), _validate.as_int(ncols, "ncols")
    rows, columns = picture.shape
    if min(rows, columns) - times * (size - 1) < 1:
        raise ValueError(
            f"image must outlast {times} convolutions with a kernel of size {size}, got shape "
            f"{(rows, columns)}"
        )
    copy = torch.zeros(1, 1, size, size, dtype=picture.dtype)
    copy[0, 0, (size - 1) // 2, (size - 1) // 2] = 1
    nrows = -(-(times + 1) // ncols)
    scale = 7.0 / ncols
    figure = plt.figure(figsize=(7.0, nrows * (scale * rows / columns + 0.34)))
    for step in range(times + 1):
        if step:
            picture = F.conv2d(picture[None, None], copy)[0, 0]
        ax = figure.add_subplot(nrows, ncols, step + 1)
        height, width = picture.shape
        offset = step * ((size - 1) // 2)
        ax.imshow(
            picture.numpy(),
            cmap="gray",
            vmin=0,
            vmax=1,
            extent=(offset, offset + width, offset + height, offset),
        )
        if step:
            ax.add_patch(
                Rectangle(
                    (0, 0),
                    columns,
                    rows,
                    facecolor="none",
                    edgecolor=PALETTE["padding"],
                    linestyle=(0, (3, 2)),
                    linewidth=1.2,
                )
            )
        cell_axes(ax, columns, rows, margin=0.02 * max(rows, columns))
        ax.set_title(f"{height}{TIMES}{width}", fontsize=16)
    return figure
