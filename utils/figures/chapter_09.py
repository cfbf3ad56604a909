"""Figures of chapter 9: the course of the loss, step by step."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

from matplotlib.figure import Figure

from utils._validate import checked, integer
from utils.drawing.colours import PALETTE
from utils.drawing.curves import Look, draw_curve, draw_level, finish_chart, legend_above
from utils.drawing.page import LINE, Box, new_sheet, page_width

__all__ = ["plot_losses"]

_LOOKS = (
    Look("input", ":"),
    Look("output", "-"),
    Look("highlight", "--"),
    Look("kernel", "-", "s"),
    Look("bias", "-.", "^"),
    Look("gradient", ":", "o"),
)
_TWO_COLUMNS = 6  # inches: on a narrower page, the key has one column
_HEIGHT, _LEFT, _BELOW = 3.4, 0.9, 0.7  # inches: of the panel, and the room for numbers


@checked
def plot_losses(
    curves: Mapping[str, Sequence[float]],
    *,
    chance: Annotated[int, integer(minimum=2)] = 10,
) -> Figure:
    """
    Plot the losses of several trainings, step by step, with the loss on a logarithmic scale.

    Parameters
    ----------
    curves : dict of str to list of float
        For each training, at most six, its name and the loss of each step, more than 0.
    chance : int
        The number of classes: a dotted line is drawn at its logarithm, the loss of guessing.

    Returns
    -------
    Figure
        One panel, with a key above it.

    Examples
    --------
    >>> figure = plot_losses({"learns": [2.3, 1.1, 0.6], "rises": [2.3, 9.0, 40.0]})
    """
    if not 1 <= len(curves) <= len(_LOOKS):
        raise ValueError(f"curves must hold 1 to {len(_LOOKS)} trainings, got {len(curves)}")
    columns = 2 if page_width() > _TWO_COLUMNS else 1
    rows = math.ceil(len(curves) / columns)
    top = (rows + 0.5) * LINE * 1.15
    with new_sheet(page_width(), top + _HEIGHT + _BELOW) as sheet:
        ax = sheet.panel(Box(_LEFT, top, page_width() - _LEFT - 0.15, _HEIGHT))
        draw_level(ax, math.log(chance))
        for (name, losses), look in zip(curves.items(), _LOOKS):
            steps = range(1, len(losses) + 1)
            every = max(1, len(losses) // 8)
            draw_curve(ax, steps, losses, look, label=name, markevery=every)
        ax.set_yscale("log")
        ax.grid(axis="y", color=PALETTE["padding"], alpha=0.25)
        finish_chart(ax, x="step", y="loss of the batch")
        legend_above(sheet.figure, ncols=columns)
    return sheet.figure
