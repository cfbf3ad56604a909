"""Chapter 4: where a kernel fits, how far it reaches, what is left, what stands beyond."""

from typing import Any

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from utils._validate import (
    Ax,
    Count,
    Kernels,
    NonNegativePair,
    Padding,
    Pair,
    Values,
    checked,
    require_outlasting,
)
from utils.diagrams.steps import ConvSteps
from utils.drawing.cells import cell_axes, paint_cell, write_in
from utils.drawing.colours import INK, MUTED, PALETTE, mark, tint
from utils.drawing.maps import frame, place_picture
from utils.drawing.marks import DASHED, arrow, disc, outline, tinted_box
from utils.drawing.page import HEADING, MEDIUM, diagram_width, panel_or_new
from utils.drawing.words import say, size_text, title
from utils.plotting._series import look_up

__all__ = ["draw_positions", "plot_dilation", "plot_padding_modes", "plot_shrinking"]

_DILATIONS = (1, 2, 3)
# As `torch.nn.Conv2d` names them, and as `torch.nn.functional.pad` does.
_PADDING_MODES = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "replicate",
    "circular": "circular",
}


@checked
def draw_positions(
    size: Pair,
    kernel_size: Pair,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    ax: Ax | None = None,
) -> Axes:
    """
    Draw where a kernel fits: one dot at the middle of each window.

    The first window is framed, the next one to the right is dashed. Rows and columns at the end
    that no window reaches are hatched. Sizes and settings as in `utils.shapes.conv_output_size`.

    >>> draw_positions(6, 3, stride=2).get_title()
    'output 2×2, unused: 1 row, 1 column'
    """
    image, kernel = torch.zeros(size), torch.zeros(kernel_size)
    steps = ConvSteps(image, kernel, stride=stride, padding=padding, dilation=dilation)
    rows, columns = steps.padded.shape
    last_row, last_column = steps.corner(steps.position(len(steps) - 1))
    reach = last_row + steps.extent[0], last_column + steps.extent[1]
    ax = panel_or_new(ax, 0.5 * columns + 0.4, 0.5 * rows + 0.7)
    _paint_cells(ax, steps, reach)
    for row, column in (steps.corner(steps.position(step)) for step in range(len(steps))):
        x, y = column + steps.extent[1] / 2, row + steps.extent[0] / 2
        disc(ax, x, y, 0.22, role="output", edge=INK, zorder=6)
    _frame_first_windows(ax, steps)
    text = say("output {size}", size=size_text(steps.output.shape))
    lost = _in_words(rows - reach[0], columns - reach[1])
    title(ax, text + say(", unused: {lost}", lost=lost) if lost else text, size=MEDIUM)
    return cell_axes(ax, columns, rows)


def _paint_cells(ax: Axes, steps: ConvSteps, reach: tuple[int, int]) -> None:
    """Draw the cells of the image, its padding, and, hatched, what no window reaches."""
    rows, columns = steps.padded.shape
    (above, below), (before, after) = steps.rim
    for i in range(rows):
        for j in range(columns):
            inside = above <= i < rows - below and before <= j < columns - after
            unused = i >= reach[0] or j >= reach[1]
            paint_cell(
                ax,
                j,
                i,
                face=tint("input", 0.16) if inside and not unused else "white",
                edge=tint("input", 0.6) if inside else PALETTE["padding"],
                role="input" if inside else "padding",
                dashed=not inside,
                hatch="////" if unused else None,
                zorder=1 if inside else 0.5,
            )
            if not inside and not unused:
                write_in(ax, j + 0.5, i + 0.5, "0", height=0.36, colour=MUTED)


def _frame_first_windows(ax: Axes, steps: ConvSteps) -> None:
    """Frame the first window and, dashed, the next one; an arrow leads from one to the other."""
    rows, columns = steps.extent
    if steps.output.shape[1] > 1:
        shift = steps.stride[1]
        dashed = outline(ax, shift, 0, rows=rows, columns=columns, role="kernel", inset=0.06)
        dashed.set(linestyle=(0, (3, 1.5)), linewidth=2.5)
        x, y = columns / 2, rows / 2
        arrow(ax, (x, y), (x + shift, y), head=16, shrink=(0, 6), zorder=5)
    for i, j in steps.taps((0, 0)):
        tinted_box(ax, j, i, 1, 1, role="kernel", strength=0.45, edge="none")
    outline(ax, 0, 0, rows=rows, columns=columns)


def _in_words(rows: int, columns: int) -> str:
    """Count rows and columns: "2 rows, 1 column"."""
    counts = [(rows, "row", "rows"), (columns, "column", "columns")]
    return ", ".join(f"{n} {say(name if n == 1 else names)}" for n, name, names in counts if n)


@checked
def plot_dilation(kernel_size: Count) -> Figure:
    r"""
    Draw the cells that a kernel reads with dilation 1, 2 and 3, one panel each, at one scale.

    >>> [ax.get_title() for ax in plot_dilation(3).axes]
    ['dilation 1\n3×3', 'dilation 2\n5×5', 'dilation 3\n7×7']
    """
    panels, width = len(_DILATIONS), diagram_width()
    figure, axes = plt.subplots(1, panels, figsize=(width, width / panels + 0.7), squeeze=False)
    largest = max(_DILATIONS) * (kernel_size - 1) + 1
    for ax, dilation in zip(axes[0], _DILATIONS, strict=True):
        extent = dilation * (kernel_size - 1) + 1
        start = (largest - extent) // 2
        taps = range(start, start + extent, dilation)
        for i in range(largest):
            for j in range(largest):
                read = i in taps and j in taps
                face, role = (tint("kernel", 0.75), "kernel") if read else ("white", "input")
                paint_cell(ax, j, i, face=face, edge="#B8B8B8", role=role)
                if read:
                    dot = Circle((j + 0.5, i + 0.5), 0.18, facecolor=INK, zorder=3)
                    ax.add_patch(mark(dot, "ink"))
        outline(ax, start, start, rows=extent, columns=extent)
        cell_axes(ax, largest, largest)
        text = say("dilation {dilation}", dilation=dilation)
        title(ax, f"{text}\n{size_text((extent, extent))}", size=15)
    return figure


@checked
def plot_shrinking(image: Values, kernels: Kernels, *, times: Count = 10) -> Figure:
    r"""
    Draw a picture (H, W) of 0 to 1 under ever more convolutions without padding, a row a kernel.

    `kernels` are names of `utils.kernels`, a dict of name to kernel, or a list of kernels. Each
    panel lies where its windows lie on the picture, whose outline is dashed; all have one scale.

    >>> [ax.get_title() for ax in plot_shrinking(torch.rand(9, 9), ["box"], times=3).axes]
    ['box\n9×9', 'box\n7×7', 'box\n5×5', 'box\n3×3']
    """
    names, tensors = look_up(kernels)
    for kernel in tensors:
        require_outlasting(image.shape, times, tuple(kernel.shape))
    rows, columns = image.shape
    steps = sorted({round(times * part / 3) for part in range(4)})
    width = diagram_width()
    panel = width / len(steps) * rows / columns + 0.55
    figure = plt.figure(figsize=(width, len(names) * panel))
    for row, (name, kernel) in enumerate(zip(names, tensors, strict=True)):
        middle = [(size - 1) // 2 for size in kernel.shape]
        for column, step in enumerate(steps):
            left = image
            for _ in range(step):
                left = F.conv2d(left[None, None], kernel.to(left)[None, None])[0, 0]
            ax = figure.add_subplot(len(names), len(steps), row * len(steps) + column + 1)
            cell_axes(ax, columns, rows, margin=0.02 * max(rows, columns))
            x, y = step * middle[1], step * middle[0]
            place_picture(ax, left, (x, y, left.shape[1], len(left)))
            style: Any = {"edge": PALETTE["padding"], "linestyle": DASHED, "linewidth": 1.2}
            tinted_box(ax, 0, 0, columns, rows, role="padding", strength=None, zorder=1, **style)
            title(ax, f"{name}\n{size_text(left.shape)}".strip(), size=15)
    return figure


@checked
def plot_padding_modes(image: Values, *, padding: NonNegativePair) -> Figure:
    """
    Draw a picture under the four padding modes of `torch.nn.Conv2d`, the picture itself framed.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), grey, 0 to 1.
    padding : int or tuple of int
        Rows and columns of the rim on each side, fewer than the picture has.

    Returns
    -------
    Figure
        One axes for each of zeros, reflect, replicate and circular.

    Examples
    --------
    >>> import torch
    >>> figure = plot_padding_modes(torch.rand(8, 8), padding=3)
    >>> [ax.get_title() for ax in figure.axes]
    ['zeros', 'reflect', 'replicate', 'circular']
    """
    (rows, columns), (above, before) = image.shape, padding
    height, width = rows + 2 * above, columns + 2 * before
    padded = [
        F.pad(image[None, None], (before, before, above, above), mode=mode)[0, 0]
        for mode in _PADDING_MODES.values()
    ]
    side = min(diagram_width() / 2, 2.9)
    size = 2 * side, 2 * (side * height / width + 0.35)
    figure = plt.figure(figsize=size, layout="constrained")
    for index, (name, values) in enumerate(zip(_PADDING_MODES, padded, strict=True)):
        ax = cell_axes(figure.add_subplot(2, 2, index + 1), width, height, margin=0)
        place_picture(ax, values, (0, 0, width, height))
        outline(ax, before, above, rows=rows, columns=columns, linewidth=2.5)
        ax.axis("on")
        frame(ax, "padding", text=name, size=HEADING)
        ax.spines[:].set(linestyle=DASHED, linewidth=0.8)
    return figure
