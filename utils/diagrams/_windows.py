"""Grids of numbers, and windows that slide over them."""

from typing import Annotated, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils import _validate
from utils._validate import (
    Ax,
    Flag,
    Kernel,
    NonNegative,
    NonNegativePair,
    Padding,
    Pair,
    Values,
    checked,
    choice,
)
from utils.diagrams.steps import POOL_MODES, ConvSteps, PoolSteps, Steps
from utils.drawing.cells import cell_axes, new_diagram, paint_grid, write_header, write_in
from utils.drawing.colours import PALETTE
from utils.drawing.marks import outline_cells
from utils.drawing.page import MEDIUM, diagram_width, panel_or_new
from utils.drawing.words import title as write_title

__all__ = ["draw_grid", "plot_convolution", "plot_pool_step", "plot_window_step"]


@checked
def draw_grid(
    values: Values,
    *,
    role: Annotated[str, choice(PALETTE)] = "input",
    ax: Ax | None = None,
    highlight: object = None,
    padding: NonNegativePair = 0,
    title: object = None,
    shade: Flag = False,
) -> Axes:
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
    shade : bool
        Let the tint of a cell grow with its value.

    Returns
    -------
    Axes
        The axes, in units of one cell with rows running downwards.

    Raises
    ------
    TypeError, ValueError
        If `values` is not a matrix, the role is unknown, or a highlighted cell does not exist.

    Examples
    --------
    >>> import torch
    >>> ax = draw_grid(torch.tensor([[0, 1], [2, 3]]), highlight=(0, slice(None)))
    >>> [text.get_text() for text in ax.texts]
    ['0', '1', '2', '3']
    """
    rows, columns = (n + 2 * p for n, p in zip(values.shape, padding, strict=True))
    cells = _validate.as_cells(highlight, (rows, columns))
    rim = [(p, p) for p in padding]
    ax = panel_or_new(ax, 0.55 * columns + 0.2, 0.55 * rows + 0.4)
    paint_grid(ax, values, role=role, padding=rim, shade=shade)
    if cells:
        outline_cells(ax, cells)
    write_title(ax, None if title is None else str(title), size=MEDIUM)
    return cell_axes(ax, columns, rows)


def _plot_step(steps: Steps, step: int) -> Figure:
    """Draw a step if there is such a step."""
    return steps.plot(_validate.as_int(step, "step", minimum=0, maximum=len(steps) - 1))


@checked
def plot_window_step(
    image: Values,
    kernel: Kernel,
    *,
    step: NonNegative = 0,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> Figure:
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
    TypeError, ValueError
        If a shape does not fit or there is no such step.

    Examples
    --------
    >>> import torch
    >>> figure = plot_window_step(torch.eye(3), torch.ones(2, 2), step=3)
    >>> figure.axes[0].texts[-1].get_text()
    '= 2'
    """
    settings: Any = {"stride": stride, "padding": padding, "dilation": dilation}
    return _plot_step(ConvSteps(image, kernel, **settings), step)


@checked
def plot_pool_step(
    image: Values,
    kernel_size: Pair,
    *,
    step: NonNegative = 0,
    stride: Pair | None = None,
    padding: NonNegativePair = 0,
    mode: Annotated[str, choice(POOL_MODES)] = "max",
    ceil_mode: Flag = False,
) -> Figure:
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
    settings: Any = {"stride": stride, "padding": padding, "mode": mode, "ceil_mode": ceil_mode}
    return _plot_step(PoolSteps(image, kernel_size, **settings), step)


@checked
def plot_convolution(
    image: Values,
    kernel: Kernel,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> Figure:
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
    TypeError, ValueError
        If a shape does not fit.

    Examples
    --------
    >>> import torch
    >>> figure = plot_convolution(torch.eye(3), torch.ones(2, 2))
    >>> [text.get_text() for text in figure.axes[0].texts][-4:]
    ['2', '1', '1', '2']
    """
    settings: Any = {"stride": stride, "padding": padding, "dilation": dilation}
    steps = ConvSteps(image, kernel, **settings)
    grids = (steps.padded, steps.kernel, steps.output)
    margin, gap, head = 0.2, 1.0, 0.75
    narrowest = (0.0, 1.8, 1.8)  # a header takes as much
    widths = [max(grid.shape[1], least) for grid, least in zip(grids, narrowest, strict=True)]
    tallest = max(len(grid) for grid in grids)
    width, height = sum(widths) + 2 * margin + 2 * gap, 2 * margin + head + tallest
    figure, ax = new_diagram(width, height, cell=0.6, widest=diagram_width())

    x, middle = margin, margin + head + tallest / 2
    styles: list[Any] = [
        {"role": "input", "padding": steps.rim},
        {"role": "kernel", "strength": 0.45},
        {"role": "output"},
    ]
    values = (steps.image, steps.kernel, steps.output)
    for index, (letter, style) in enumerate(zip("XKY", styles, strict=True)):
        top = middle - len(grids[index]) / 2
        write_header(ax, x, top - 0.4, letter, style["role"], values[index].shape)
        paint_grid(ax, values[index], origin=(x, top), **style)
        x += widths[index] + gap
        if index < 2:
            write_in(ax, x - gap / 2, middle, "*="[index], height=0.8)
    return figure
