"""Chapter 11: whether it matters which of two things is done first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from torch import Tensor

from utils._validate import Count, Images, Matrix, Texts, as_image, as_tensor, checked
from utils.drawing.colours import INK, MUTED, PALETTE, mark
from utils.drawing.curves import Look, draw_curve, draw_level, finish_chart
from utils.drawing.maps import draw_image, draw_response, frame, full_colour, signed_colours
from utils.drawing.marks import sheet_arrow
from utils.drawing.page import LARGE, MEDIUM, Box, Sheet, new_sheet, page_width
from utils.drawing.words import label_axes, say

__all__ = ["plot_accuracy_curves", "plot_commuting_square"]


# The commuting square -----------------------------------------------------------------------

_EDGE, _HEAD, _FOOT = 0.08, 0.32, 0.42  # inches
_ACROSS, _DOWN, _APART = 1.06, 0.54, 0.42  # room of the arrows, and of the one to the difference
_ZERO = 1e-5  # as part of the largest value: less is rounding

# Black where nothing differs, then vermilion, the colour of errors, then white.
_DIFFERENCE = LinearSegmentedColormap.from_list(
    "difference", ["#000000", PALETTE["highlight"], "#FFFFFF"], N=33
)


@checked
def plot_commuting_square(
    image: Matrix,
    transform: Callable[[Tensor], Tensor],
    function: Callable[[Tensor], Tensor],
    *,
    names: Texts = ("shift", "convolve"),
) -> Figure:
    """
    Plot the two ways from a picture to the map of the transformed picture, and how they differ.

    Down and then to the right: transform the picture, then apply the function. To the right and
    then down: apply the function, then transform the map. If both ways lead to the same map, the
    function is equivariant to the transformation, and the difference is black.

    Parameters
    ----------
    image : Tensor or array of shape (H, W)
        A grey picture, 0 to 1.
    transform : callable
        Takes and returns a tensor of shape (1, 1, height, width); it is applied to the picture, and
        to the map.
    function : callable
        Takes the picture as (1, 1, H, W) and returns one map, (1, 1, H', W').
    names : pair of str
        What the arrows say: the transformation, the function.

    Returns
    -------
    Figure
        Five axes: the picture, its map, the transformed picture, the two maps that should be one
        (above the diagonal that of the way over the top, below it the other one), and the size of
        their difference.

    Notes
    -----
    Pixels count as different if their values differ by more than 1e-5 of the largest one.

    Examples
    --------
    >>> figure = plot_commuting_square(torch.rand(8, 8), lambda x: x.roll(3, -1), torch.square)
    >>> figure.axes[-1].get_xlabel()
    '0 of 64 pixels'
    """
    with torch.no_grad():  # clones: a function may write into its input
        batch = image.detach()[None, None]
        moved, mapped = transform(batch.clone()), function(batch.clone())
        below, above = function(moved.clone()), transform(mapped.clone())
    picture, moved, mapped, below, above = (
        as_image(values[0], "what comes out") for values in (batch, moved, mapped, below, above)
    )
    limit = full_colour(mapped.double(), share=0.98)
    side = (page_width() - 2 * _EDGE - _ACROSS - _APART) / 3
    start = Box(_EDGE, _HEAD, side, side)
    right, down = side + _ACROSS, side + _DOWN
    corner = start.moved(right=right, down=down)
    with new_sheet(page_width(), corner.bottom + _FOOT) as sheet:
        draw_image(sheet.panel(start), picture, text="picture")
        draw_response(sheet.panel(start.moved(right=right)), mapped[0], limit=limit, text="map")
        draw_image(sheet.panel(start.moved(down=down)), moved)
        ax = draw_response(sheet.panel(corner), below[0], limit=limit)
        _lay_over_the_upper_half(ax, above[0], limit)
        last = corner.moved(right=side + _APART)
        _draw_difference(sheet.panel(last), above[0], below[0], limit)
        _draw_arrows(sheet, start, corner, last, names)
    return sheet.figure


def _lay_over_the_upper_half(ax: Axes, values: Tensor, limit: float) -> None:
    """Draw a map above the diagonal of another one."""
    style: dict[str, Any] = {"cmap": signed_colours(), "vmin": -limit, "vmax": limit}
    image = mark(ax.imshow(values.numpy(), **style), "signed")
    rows, columns = values.shape
    corners = [(-0.5, -0.5), (columns - 0.5, -0.5), (columns - 0.5, rows - 0.5)]
    image.set_clip_path(Polygon(corners, transform=ax.transData))
    ends = zip(corners[0], corners[2], strict=True)
    (line,) = ax.plot(*ends, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    mark(line, "ink")
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))


def _draw_difference(ax: Axes, above: Tensor, below: Tensor, limit: float) -> None:
    """Draw how much two maps differ, and count the pixels that do."""
    difference = (above.double() - below.double()).abs()
    largest = max(float(above.abs().max()), float(below.abs().max()))
    differing = int((difference > _ZERO * largest).sum())
    ax.imshow(difference.numpy(), cmap=_DIFFERENCE, vmin=0, vmax=limit)
    frame(ax, "highlight", text="difference", size=MEDIUM)
    number = difference.numel()
    words = say("{differing:,} of {number:,} pixels", differing=differing, number=number)
    label_axes(ax, x=words, size=MEDIUM)


def _draw_arrows(sheet: Sheet, start: Box, corner: Box, last: Box, names: Sequence[str]) -> None:
    """Draw the four arrows of the square, the one to the difference, and how to read the corner."""
    transform, function = names
    for box in (start, start._replace(top=corner.top)):
        y = box.middle[1]
        sheet_arrow(sheet, (box.right, y), (corner.left, y))
        place: dict[str, Any] = {"ha": "center", "va": "bottom", "size": LARGE}
        sheet.write((box.right + corner.left) / 2, y - 0.06, function, **place)
    for box in (start, start._replace(left=corner.left)):
        x = box.middle[0]
        sheet_arrow(sheet, (x, box.bottom), (x, corner.top))
        sheet.write(x + 0.12, (box.bottom + corner.top) / 2, transform, va="center", size=LARGE)
    sheet_arrow(sheet, (corner.right, last.middle[1]), (last.left, last.middle[1]))
    words = say(
        "above the diagonal:\n{function}, then {transform}\n\n"
        "below it:\n{transform}, then {function}",
        function=function,
        transform=transform,
    )
    style: dict[str, Any] = {"va": "center", "linespacing": 1.35, "color": INK}
    sheet.write(corner.right + 0.24, start.middle[1], words, size=MEDIUM, **style)


# Accuracies ---------------------------------------------------------------------------------

_LOOKS = (
    Look("input", "-", "o"),
    Look("highlight", "--", "s"),
    Look("output", "-.", "^"),
    Look("kernel", ":", "D"),
)
_PICTURES = 0.85  # room of the pictures above the curves, in inches


@checked
def plot_accuracy_curves(
    positions: Sequence[float],
    accuracies: Mapping[str, Tensor],
    *,
    label: str,
    chance: Count,
    pictures: Images,
) -> Figure:
    """
    Plot the accuracy of several networks as something grows: the mean, with its spread.

    Parameters
    ----------
    positions : sequence of float
        Where it was measured, such as angles.
    accuracies : dict of str to Tensor of shape (seeds, positions)
        What was measured, from 0 to 1, by the name of the network (up to four); one row for each
        training.
    label : str
        What the positions are.
    chance : int
        The number of classes: draws the accuracy of guessing.
    pictures : list of images
        One for each position that has a number on the axis, drawn above the curves; they divide the
        positions evenly.

    Returns
    -------
    Figure
        For each network, a line through the means; a band from the lowest to the highest.

    Examples
    --------
    >>> curves = {"small": torch.tensor([[0.9, 0.2], [0.8, 0.4]])}
    >>> look = {"label": "angle", "chance": 10, "pictures": torch.rand(2, 1, 4, 4)}
    >>> figure = plot_accuracy_curves([0, 90], curves, **look)
    >>> [line.get_label() for line in figure.axes[0].lines][0]
    'small'
    """
    step = (len(positions) - 1) // (len(pictures) - 1)
    marked = list(positions[::step])
    with new_sheet(page_width(), 3.7 + _PICTURES) as sheet:
        box = Box(0.85, 0.15 + _PICTURES, page_width() - 1.1, 2.85)
        ax = sheet.panel(box)
        for (name, values), look in zip(accuracies.items(), _LOOKS):
            runs = as_tensor(values, "accuracies").double().numpy()
            low, high, colour = runs.min(axis=0), runs.max(axis=0), PALETTE[look.role]
            band = ax.fill_between(positions, low, high, color=colour, alpha=0.25, linewidth=0)
            mark(band, look.role)
            draw_curve(ax, positions, runs.mean(axis=0), look, label=name)
        draw_level(ax, 1 / chance)
        below: dict[str, Any] = {"va": "top", "fontsize": MEDIUM, "color": MUTED}
        ax.text(positions[0], 1 / chance - 0.02, say("guessing"), **below)
        ax.set_ylim(0, 1.02)
        ax.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
        ax.set_xticks(marked, [f"{position:g}" for position in marked])
        finish_chart(ax, x=label, y="accuracy", size=LARGE, small=MEDIUM)
        ax.legend(fontsize=LARGE, frameon=False, loc="best")
        side = min(_PICTURES - 0.1, box.width / len(pictures))
        low, high = ax.get_xlim()
        for place, picture in zip(marked, pictures, strict=True):
            middle = box.left + box.width * (place - low) / (high - low)
            draw_image(sheet.panel(Box(middle - side / 2, 0.06, side, side)), picture)
    return sheet.figure
