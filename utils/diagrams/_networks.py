"""Networks drawn from their layer sizes or from their weight masks."""

import math
from string import ascii_lowercase
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from torch import Tensor

from utils._validate import Ax, NetworkLayers, Texts, as_texts, checked
from utils.drawing.cells import cell_axes, write_in
from utils.drawing.colours import MUTED, PALETTE, TEXT_COLOURS, mark, tint
from utils.drawing.marks import disc, tinted_box
from utils.drawing.page import page_width, panel_or_new
from utils.drawing.words import say

__all__ = [
    "BESIDE",
    "UNIT",
    "NetworkPlan",
    "count_formula",
    "draw_network",
    "paint_network",
    "paint_pixel",
    "parameter_count",
    "side_of",
    "unit_counts",
]

Point = tuple[float, float]

UNIT = 0.3  # radius of a unit; distances are in units of the drawing
_PITCH, _STEP = 0.62, 3.6  # from one unit of a column to the next, and from column to column
_LARGEST, _HIGHEST = 0.7, 5.5  # a unit of the drawing, and the whole, in inches
BESIDE = 0.8  # what stays free of the page

# Weights that are shared are told apart by colour and line style: 30 pairs that all differ.
_STRAND_COLOURS = ("highlight", "input", "bias", "output", "kernel", "gradient")
_STRAND_STYLES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1, 1)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (9, 2)),
)


# Counts --------------------------------------------------------------------------------------


def _layer_counts(mask: Tensor) -> tuple[int, int]:
    """Return the number of different weights and of different biases of one layer."""
    units = {frozenset(int(number) for number in row if number) for row in mask}
    return len(mask[mask > 0].unique()), len(units)


def parameter_count(masks: list[Tensor]) -> int:
    """Return the number of weights and biases together."""
    return sum(sum(_layer_counts(mask)) for mask in masks)


def count_formula(masks: list[Tensor]) -> str:
    """Write the count layer by layer: "(64 + 4) + (4 + 1)"."""
    return " + ".join("({} + {})".format(*_layer_counts(mask)) for mask in masks)


def _is_tiling(mask: Tensor) -> bool:
    """Tell whether every input has exactly one connection, as when patches do not overlap."""
    return len(mask) > 1 and bool(((mask > 0).sum(dim=0) == 1).all())


# Plans --------------------------------------------------------------------------------------


def side_of(units: int) -> int:
    """Return the side of the square that so many units fill, or 0."""
    side = math.isqrt(units)
    return side if side**2 == units else 0


class NetworkPlan:
    """
    Where the units of a network stand: it runs from left to right, each layer a column.

    Parameters
    ----------
    masks : list of Tensor
        One mask (out, in) for each layer.

    Attributes
    ----------
    width, height : float
        The size of the whole.
    units : list of list of (float, float)
        The middles of the units of each layer.
    letter : (float, (float, float), float)
        How far strands with letters start from their input, where a letter stands, its height.
    """

    letter = (0.0, (0.0, 0.0), 0.42)

    def __init__(self, masks: list[Tensor]) -> None:
        counts = unit_counts(masks)
        self.width = _STEP * (len(counts) - 1) + 0.8
        self.height = max(_PITCH * max(counts), 2.4)
        self.units: list[list[Point]] = []
        for depth, count in enumerate(counts):
            pitch = min(self.height / count, 2.4)
            first = (self.height - pitch * (count - 1)) / 2
            self.units.append([(0.4 + _STEP * depth, first + n * pitch) for n in range(count)])

    def paint_layer(self, ax: Axes, depth: int, strengths: list[float]) -> None:
        """Draw the units of one layer: the input as pixels, the others as circles."""
        for (x, y), strength in zip(self.units[depth], strengths, strict=True):
            if depth:
                disc(ax, x, y, UNIT, role="output", strength=strength, linewidth=1.2, zorder=4)
            else:
                paint_pixel(ax, x, y, strength)


def unit_counts(masks: list[Tensor]) -> list[int]:
    """Return the number of units of each layer, the input included."""
    return [masks[0].shape[1], *map(len, masks)]


def paint_pixel(ax: Axes, x: float, y: float, strength: float) -> None:
    """Draw one input as a square."""
    style: dict[str, Any] = {"strength": strength, "linewidth": 1.2, "zorder": 3}
    tinted_box(ax, x - 0.25, y - 0.25, 0.5, 0.5, role="input", **style)


# Drawing ------------------------------------------------------------------------------------


def paint_network(
    ax: Axes, plan: NetworkPlan, masks: list[Tensor], *, thickness: float = 1.0
) -> None:
    """Draw the units of a network where its plan says, and its strands between them."""
    for depth, strengths in enumerate(_strengths(masks)):
        plan.paint_layer(ax, depth, strengths)
    for depth, mask in enumerate(masks):
        _paint_strands(ax, plan, depth, mask, thickness=thickness)


def _strengths(masks: list[Tensor]) -> list[list[float]]:
    """Return how strongly each unit is tinted; patches that tile the input alternate."""
    counts = unit_counts(masks)
    strengths = [[0.3] * count for count in counts]
    strengths[-1] = [0.85] * counts[-1]
    side = side_of(counts[1])
    if _is_tiling(masks[0]) and side:
        owners = (masks[0] > 0).long().argmax(dim=0).tolist()
        strengths[0] = [(0.14, 0.38)[sum(divmod(owner, side)) % 2] for owner in owners]
    return strengths


def _strand(kind: int) -> tuple[str, Any]:
    """Return the role and line style of weight number `kind` of those that are shared."""
    colours, styles = len(_STRAND_COLOURS), len(_STRAND_STYLES)
    return _STRAND_COLOURS[kind % colours], _STRAND_STYLES[(kind + kind // colours) % styles]


def _paint_strands(
    ax: Axes, plan: NetworkPlan, depth: int, mask: Tensor, *, thickness: float
) -> None:
    """Draw the connections from layer `depth` to the next; a shared weight has its own style."""
    numbers = mask[mask > 0].unique().tolist()
    sharing = len(numbers) < int((mask > 0).sum())
    tiling = _is_tiling(mask)
    lettered = depth == 0 and tiling and len(numbers) <= len(ascii_lowercase)
    lift, shift, height = plan.letter if lettered else (0.0, (0.0, 0.0), 0.0)
    for unit, source in mask.nonzero().tolist():
        kind = numbers.index(int(mask[unit, source]))
        role, style = _strand(kind) if sharing else ("kernel", "-")
        (x, y), end = plan.units[depth][source], plan.units[depth + 1][unit]
        (line,) = ax.plot((x + lift, end[0]), (y - lift, end[1]), color=PALETTE[role], zorder=2)
        mark(line, role).set(linestyle=style, linewidth=thickness * (1.9 if tiling else 1.1))
        if lettered:
            _write_letter(ax, x + shift[0], y + shift[1], ascii_lowercase[kind], role, height)


def _write_letter(ax: Axes, x: float, y: float, letter: str, role: str, height: float) -> None:
    """Write the name of a weight where its strand starts."""
    colour = TEXT_COLOURS[role]
    text = write_in(ax, x, y, letter, height=height, colour=colour, fontweight="bold")
    text.set_path_effects([withStroke(linewidth=2.5, foreground=tint("input", 0.2))])


@checked
def draw_network(
    layers: NetworkLayers, *, ax: Ax | None = None, labels: Texts | None = None
) -> Axes:
    """
    Draw a network from its layer sizes or from its weight masks, running to the right.

    Inputs are squares, units are circles, each connection is a strand. Strands that are the same
    weight have the same colour, the same line style and, where there is room, the same letter.
    Underneath stands the number of parameters, counted from the masks.

    Parameters
    ----------
    layers : sequence of int or sequence of Tensor
        Layer sizes (fully connected), or one mask of shape (out, in) for each layer: 0 where there
        is no connection, equal integers where the weight is shared. In a bool or float mask every
        connection has a weight of its own.
    ax : Axes, optional
        Where to draw; a new figure by default.
    labels : sequence of str, optional
        A name for each layer, the input included.

    Returns
    -------
    Axes
        The strands are its lines.

    Raises
    ------
    TypeError
        If `layers` mixes sizes and masks.
    ValueError
        If the masks do not fit together or the labels do not fit the layers.

    Examples
    --------
    >>> ax = draw_network([16, 4, 1])
    >>> len(ax.lines), ax.texts[-1].get_text()
    (68, '(64 + 4) + (4 + 1) = 73 parameters')
    """
    names = [] if labels is None else as_texts(labels, "labels", len(layers) + 1)
    plan = NetworkPlan(layers)
    height = plan.height + 0.7 * bool(names) + 0.9
    scale = min(_LARGEST, _HIGHEST / height, (page_width() - BESIDE) / plan.width)
    ax = panel_or_new(ax, plan.width * scale + 0.2, height * scale + 0.2)
    paint_network(ax, plan, layers)
    _write_labels(ax, plan, names)
    words = say("{formula} = {total:,} parameters", formula=count_formula(layers),
                total=parameter_count(layers))  # fmt: skip
    write_in(ax, plan.width / 2, height - 0.35, words, height=0.46, width=plan.width)
    return cell_axes(ax, plan.width, height)


def _write_labels(ax: Axes, plan: NetworkPlan, names: list[str]) -> None:
    """Write the name of each layer under its column; the outer ones end with the drawing."""
    size = min(0.42, 2.9 / (0.62 * max(map(len, names), default=1)))
    for depth, name in enumerate(names):
        x, align = plan.units[depth][0][0], "center"
        if depth == 0:
            x, align = 0.15, "left"
        elif depth == len(names) - 1:
            x, align = plan.width, "right"
        write_in(ax, x, plan.height + 0.4, name, height=size, colour=MUTED, ha=align)
