"""Chapter 2: a picture flattened, masks of patches, and three networks side by side."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from utils._validate import (
    Flag,
    Matrix,
    NetworkLayers,
    NonNegativePair,
    Pair,
    Texts,
    as_network_layers,
    checked,
)
from utils.diagrams._networks import (
    BESIDE,
    UNIT,
    NetworkPlan,
    Point,
    count_formula,
    paint_network,
    paint_pixel,
    parameter_count,
    side_of,
    unit_counts,
)
from utils.drawing.cells import cell_axes, write_in
from utils.drawing.colours import MUTED, PALETTE, mark
from utils.drawing.maps import frame
from utils.drawing.marks import DASHED, disc, outline, polygon
from utils.drawing.page import Box, diagram_width, new_sheet, page_width
from utils.drawing.words import TIMES, say
from utils.shapes import conv_output_size

__all__ = ["count_parameters", "patch_mask", "plot_flattened", "plot_networks"]

_FINEST = 1344  # cells that a row of pixels is drawn with
_SHEAR, _DEPTH = 0.4, 0.56  # how a plane that lies in the page is drawn


# Masks --------------------------------------------------------------------------------------


@checked
def patch_mask(size: Pair, kernel_size: Pair, *, stride: Pair = 1, shared: Flag = False) -> Tensor:
    """
    Return which input reaches which hidden unit when each unit looks at one patch.

    Parameters
    ----------
    size : int or tuple of int
        Height and width of the image.
    kernel_size, stride : int or tuple of int
        Size of a patch, and the step from one patch to the next.
    shared : bool
        Give the weight at the same place of every patch the same number.

    Returns
    -------
    Tensor
        Shape (patches, pixels), int64: 0 where there is no connection, else the number of the
        weight, counted from 1. Connections with the same number are the same weight.

    Examples
    --------
    >>> mask = patch_mask(4, 2, stride=2, shared=True)
    >>> mask.shape, mask[0].tolist()
    (torch.Size([4, 16]), [1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    """
    conv_output_size(size, kernel_size, stride=stride)  # refuses what does not fit
    pixels = torch.arange(size[0] * size[1], dtype=torch.float64).reshape(1, 1, *size)
    patches = F.unfold(pixels, kernel_size, stride=stride)[0].T.long()
    numbers = 1 + torch.arange(patches.numel()).reshape(patches.shape)
    if shared:
        numbers = numbers[:1].expand(patches.shape)
    mask = torch.zeros(len(patches), size[0] * size[1], dtype=torch.int64)
    return mask.scatter(1, patches, numbers)


@checked
def count_parameters(layers: NetworkLayers) -> int:
    """
    Count the parameters of a network from its weight masks.

    A number that occurs several times in a mask is one weight. Each unit has a bias; units that
    use the same weights share theirs, as the units of a feature map do.

    Parameters
    ----------
    layers : sequence of int or sequence of Tensor
        Layer sizes, or one mask of shape (out, in) for each layer, as in
        `utils.diagrams.draw_network`.

    Returns
    -------
    int
        Weights and biases together.

    Examples
    --------
    >>> count_parameters([16, 4, 1])
    73
    >>> output = torch.ones(1, 4, dtype=torch.bool)
    >>> count_parameters([patch_mask(4, 2, stride=2), output])
    25
    >>> count_parameters([patch_mask(4, 2, stride=2, shared=True), output])
    10
    """
    return parameter_count(layers)


# Three networks -----------------------------------------------------------------------------


class Planes(NetworkPlan):
    """A plan that runs upwards, each layer with a square number of units a plane in the page."""

    letter = (0.3 * _DEPTH, (-0.18, 0.04), 0.5)

    def __init__(self, masks: list[Tensor]) -> None:
        counts = unit_counts(masks)
        self.sides = [side_of(count) for count in counts]
        self.across = max([1.0, *self.sides])
        self.width = self.across * (1 + _SHEAR)
        deep = self.across * _DEPTH
        steps = [1.9 + 0.85 * deep * (side > 1) for side in self.sides[:-1]]
        top = 0.4 if self.sides[-1] < 2 else deep / 2
        self.middles = [top + sum(steps[n:]) for n in range(len(counts))]
        self.height = self.middles[0] + (deep / 2 if self.sides[0] > 1 else 0.4)
        self.units = [self._units(depth, count) for depth, count in enumerate(counts)]

    def _units(self, depth: int, count: int) -> list[Point]:
        side = self.sides[depth]
        if side:
            cells = [divmod(n, side) for n in range(count)]
            return [self._on_plane(depth, i + 0.5, j + 0.5) for i, j in cells]
        pitch = min(self.width / count, 2.0)
        first = (self.width - pitch * (count - 1)) / 2
        return [(first + n * pitch, self.middles[depth]) for n in range(count)]

    def _on_plane(self, depth: int, row: float, column: float) -> Point:
        """Return the point of a plane at `row` and `column`, measured in its own cells."""
        scale = self.across / self.sides[depth]
        row, column = row * scale - self.across / 2, column * scale - self.across / 2
        return self.width / 2 + column - _SHEAR * row, self.middles[depth] + _DEPTH * row

    def _corners(self, depth: int, row: int, column: int, *, size: int = 1) -> list[Point]:
        """Return the corners of a cell of a plane, or of a square of cells."""
        ends = ((0, 0), (0, size), (size, size), (size, 0))
        return [self._on_plane(depth, row + i, column + j) for i, j in ends]

    def paint_layer(self, ax: Axes, depth: int, strengths: list[float]) -> None:
        """Draw the units of one layer: the input as pixels, the others as circles."""
        side = self.sides[depth]
        style: dict[str, Any] = {"linewidth": 1.2}
        if depth and side > 1:
            place = self._corners(depth, 0, 0, size=side)
            edge: dict[str, Any] = {"edge": PALETTE["output"], "linestyle": DASHED, "zorder": 0.5}
            polygon(ax, place, role="output", strength=None, **edge)
        for n, ((x, y), strength) in enumerate(zip(self.units[depth], strengths, strict=True)):
            if depth:
                disc(ax, x, y, UNIT, role="output", strength=strength, zorder=4, **style)
            elif side > 1:
                cell = self._corners(depth, *divmod(n, side))
                polygon(ax, cell, role="input", strength=strength, zorder=1, **style)
            else:
                paint_pixel(ax, x, y, strength)


@checked
def plot_networks(networks: Sequence[Any], *, titles: Texts) -> Figure:
    """
    Draw networks side by side, each with its number of parameters in large figures.

    Parameters
    ----------
    networks : sequence of sequences
        Each as in `utils.diagrams.draw_network`.
    titles : sequence of str
        A short title for each network.

    Returns
    -------
    Figure
        One axes for each network, all at one scale.

    Examples
    --------
    >>> figure = plot_networks([[16, 4, 1], [4, 1]], titles=["large", "small"])
    >>> [ax.texts[-3].get_text() for ax in figure.axes]
    ['73', '5']
    """
    masks = [as_network_layers(layers, f"networks[{n}]") for n, layers in enumerate(networks)]
    plans = [Planes(layers) for layers in masks]
    width, height = (max(getattr(plan, side) for plan in plans) for side in ("width", "height"))
    above, below, beside = 1.0, 3.2, 0.35
    panel = min((page_width() - BESIDE) / len(plans), 3.4)
    tall = (above + height + below) * panel / (width + 2 * beside)
    with new_sheet(panel * len(plans), tall) as sheet:
        for n, (layers, plan, title) in enumerate(zip(masks, plans, titles, strict=True)):
            ax = sheet.panel(Box(n * panel, 0, panel, tall))
            paint_network(ax, plan, layers, thickness=0.95)
            _write_count(ax, plan, layers, title, width + 0.3)
            cell_axes(ax, plan.width, plan.height)
            reach = width / 2 + beside
            ax.set_xlim(plan.width / 2 - reach, plan.width / 2 + reach)
            ax.set_ylim(plan.height + below, plan.height - height - above)
    return sheet.figure


def _write_count(ax: Axes, plan: Planes, masks: list[Tensor], title: str, room: float) -> None:
    """Write the title above a network, and its number of parameters underneath."""
    x, y = plan.width / 2, plan.height
    write_in(ax, x, -0.55, title, height=0.62, width=room, fontweight="bold")
    total = f"{parameter_count(masks):,}"
    write_in(ax, x, y + 1.1, total, height=1.7, width=room, fontweight="bold")
    write_in(ax, x, y + 2.15, "parameters", height=0.56, width=room)
    write_in(ax, x, y + 2.8, count_formula(masks), height=0.5, width=room, colour=MUTED)


# A picture in one row -----------------------------------------------------------------------


@checked
def plot_flattened(image: Matrix, *, rows: NonNegativePair) -> Figure:
    """
    Draw a picture, and underneath all its pixels in one row, as `torch.flatten` gives them.

    Below the whole row stands a part of it, stretched: some rows of the picture, one after the
    other. They are framed in the picture and in the long row.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), grey, 0 to 1.
    rows : tuple of int
        The first row of the stretched part, and the first row after it.

    Returns
    -------
    Figure
        Three axes: the picture, all pixels, and the pixels of `rows`.

    Examples
    --------
    >>> figure = plot_flattened(torch.rand(20, 30), rows=(10, 12))
    >>> [ax.get_title() for ax in figure.axes]
    ['20 × 30 pixels', 'flattened: 600 in a row', 'rows 10 to 11: 60 of them']
    """
    picture = image.detach().cpu().double()
    (height, width), (first, end) = picture.shape, rows
    part = picture[first:end]
    number = end - first
    titles = [
        say("{height} {times} {width} pixels", height=height, times=TIMES, width=width),
        say("flattened: {number:,} in a row", number=picture.numel()),
        say("rows {first} to {last}: {number:,} of them", first=first, last=end - 1,
            number=part.numel()),
    ]  # fmt: skip
    page = diagram_width()
    with new_sheet(page, 5.6) as sheet:
        whole, strip, stretched = (
            sheet.panel(box)
            for box in (
                Box(page / 2 - 1.5, 0.388, 3, 3),
                *(Box(0.14, top, page - 0.28, 0.588) for top in (3.752, 4.956)),
            )
        )
        _draw_pixels(whole, picture, (width, height), titles[0])
        _draw_pixels(strip, picture.reshape(1, -1), (height, 1), titles[1])
        _draw_pixels(stretched, part.reshape(1, -1), (number, 1), titles[2])
        outline(whole, 0, first, rows=number, columns=width, linewidth=2)
        outline(strip, first, 0, columns=number, linewidth=2)
        frame(stretched, "highlight", linewidth=2.5)
    return sheet.figure


def _draw_pixels(ax: Axes, values: Tensor, size: tuple[int, int], title: str) -> None:
    """Draw grey values so that they fill `size`, in rows of the picture; long rows are averaged."""
    if values.shape[1] > _FINEST:
        values = F.interpolate(values[None], size=_FINEST, mode="area")[0]
    extent = (0, size[0], size[1], 0)
    aspect: Any = "equal" if size[1] > 1 else "auto"
    style: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 1, "extent": extent}
    mark(ax.imshow(values.numpy(), aspect=aspect, **style), "picture")
    frame(ax, "input", text=title, linewidth=1.5, size=17, pad=6)
