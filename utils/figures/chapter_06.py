"""Chapter 6: where the gradient goes through a pooling."""

from typing import Annotated, Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from utils._validate import NonNegativePair, Pair, Values, checked, choice, require_shape
from utils.diagrams.steps import POOL_MODES, PoolSteps
from utils.drawing.cells import new_diagram, paint_grid, write_in
from utils.drawing.colours import MUTED, TEXT_COLOURS
from utils.drawing.marks import arrow, outline
from utils.drawing.page import page_width
from utils.drawing.words import say

__all__ = ["plot_pool_gradient"]

_MARGIN, _GAP, _HEAD, _BETWEEN = 0.25, 2.6, 0.75, 0.6  # cells


@checked
def plot_pool_gradient(
    image: Values,
    kernel_size: Pair,
    *,
    gradient: Values | None = None,
    stride: Pair | None = None,
    padding: NonNegativePair = 0,
    mode: Annotated[str, choice(POOL_MODES)] = "max",
) -> Figure:
    """
    Draw where the gradient goes when a pooling of an image (H, W) is differentiated.

    Above, the input and its pooled output; below, the gradient (H_out, W_out) that arrives at the
    output, ones by default, and the gradient that reaches the input. A maximum passes it on to the
    cell that won (framed above), a mean to all cells of the window alike. Cells that get nothing
    stay white.

    >>> figure = plot_pool_gradient(torch.tensor([[1, 3], [7, 4]]), 2, gradient=[[5]])
    >>> [text.get_text() for text in figure.axes[0].texts][-6:]
    ['dX', '5', '0', '0', '0', 'backward']
    """
    pool = PoolSteps(image, kernel_size, stride=stride, padding=padding, mode=mode)
    arriving = torch.ones_like(pool.output) if gradient is None else gradient
    require_shape(arriving, pool.output.shape, "gradient")
    with torch.enable_grad():
        leaf = image.clone().requires_grad_()
        (reaching,) = torch.autograd.grad(pool.pool(leaf), leaf, arriving)

    (rows, columns), (output_rows, output_columns) = image.shape, pool.output.shape
    upper = _HEAD + max(rows, output_rows)
    width = 2 * _MARGIN + columns + _GAP + max(output_columns, 2.2)
    height, widest = 2 * _MARGIN + 2 * upper + _BETWEEN, min(6.2, page_width())
    figure, ax = new_diagram(width, height, cell=0.6, widest=widest)
    middle = _MARGIN + (_HEAD + upper) / 2
    left, right = _MARGIN + columns + 0.2, _MARGIN + columns + _GAP - 0.2
    _draw_pair(ax, middle, image, pool.output)
    arrow(ax, (left, middle), (right, middle))
    _write_between(ax, columns, middle, say(f"{mode} pool"))
    if mode == "max":
        for step in range(len(pool)):
            i, j = pool.winner(pool.position(step))
            x, y = _MARGIN + j - padding[1], middle - rows / 2 + i - padding[0]
            outline(ax, x, y, inset=0.04)
    middle += upper + _BETWEEN
    _draw_pair(ax, middle, reaching, arriving, gradient=True)
    arrow(ax, (right, middle), (left, middle), colour=TEXT_COLOURS["gradient"])
    _write_between(ax, columns, middle, say("backward"))
    return figure


def _draw_pair(
    ax: Axes, middle: float, image: Tensor, output: Tensor, *, gradient: bool = False
) -> None:
    """Draw a grid of the input on the left, one of the output on the right, and their names."""
    bold: Any = {"height": 0.44, "ha": "left", "fontweight": "bold"}
    x_output = _MARGIN + image.shape[1] + _GAP
    for name, role, values, x in (
        ("Y", "output", output, x_output),
        ("X", "input", image, _MARGIN),
    ):
        y = middle - len(values) / 2
        role, name = ("gradient", f"d{name}") if gradient else (role, name)
        write_in(ax, x, y - 0.4, name, colour=TEXT_COLOURS[role], **bold)
        if gradient:
            _paint_gradient(ax, values, (x, y))
        else:
            paint_grid(ax, values, role=role, origin=(x, y))


def _paint_gradient(ax: Axes, values: Tensor, origin: tuple[float, float]) -> None:
    """Draw a grid in which cells that are zero are white."""
    style: Any = {"role": "gradient", "strength": 0.55, "shown": values != 0}
    paint_grid(ax, values, origin=origin, **style)
    for i, j in (values == 0).nonzero().tolist():
        write_in(ax, origin[0] + j + 0.5, origin[1] + i + 0.5, "0", height=0.4, colour=MUTED)


def _write_between(ax: Axes, columns: int, middle: float, text: str) -> None:
    """Write what happens between the input and the output, above the arrow."""
    place = _MARGIN + columns + _GAP / 2, middle - 0.45
    write_in(ax, *place, text, height=0.38, width=_GAP - 0.5, colour=MUTED)
