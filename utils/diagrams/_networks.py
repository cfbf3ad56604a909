"""Networks drawn from their weight masks, and filters drawn from their weights."""

import math
from collections.abc import Sequence
from string import ascii_lowercase

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.patheffects import withStroke

from utils import _validate
from utils.diagrams._cells import (
    INK,
    MUTED,
    TEXT_COLOURS,
    TIMES,
    as_panel,
    cell_axes,
    tint,
    write_in,
)
from utils.shapes import conv_output_size
from utils.style import PALETTE, SIGNED_CMAP

_PITCH = 0.62  # from one unit of a column to the next
_SHEAR, _DEPTH = 0.4, 0.56  # how a plane that lies in the page is drawn

# Weights that are shared are told apart by colour and line style: 30 pairs that all differ.
_STRAND_COLOURS = ("highlight", "input", "bias", "output", "kernel", "gradient")
_STRAND_STYLES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)), (0, (9, 2)))


def patch_mask(size, kernel_size, *, stride=1, shared=False):
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

    Raises
    ------
    ValueError
        If the patch is larger than the image.

    Examples
    --------
    >>> mask = patch_mask(4, 2, stride=2, shared=True)
    >>> mask.shape, mask[0].tolist()
    (torch.Size([4, 16]), [1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    """
    rows, columns = _validate.as_pair(size, "size")
    kernel_shape = _validate.as_pair(kernel_size, "kernel_size")
    steps = _validate.as_pair(stride, "stride")
    shared = _validate.as_bool(shared, "shared")
    conv_output_size((rows, columns), kernel_shape, stride=steps)  # refuses what does not fit
    pixels = torch.arange(rows * columns, dtype=torch.float64).reshape(1, 1, rows, columns)
    patches = F.unfold(pixels, kernel_shape, stride=steps)[0].T.long()
    count, taps = patches.shape
    numbers = torch.arange(1, taps + 1).expand(count, taps)
    if not shared:
        numbers = torch.arange(1, count * taps + 1).reshape(count, taps)
    return torch.zeros(count, rows * columns, dtype=torch.int64).scatter(1, patches, numbers)


def _as_masks(layers):
    """Turn layer sizes or masks into int64 masks of weight numbers, checked."""
    expected = "layers must be a sequence of two or more sizes, or of one or more masks"
    if isinstance(layers, (str, int, torch.Tensor)) or not isinstance(layers, Sequence):
        raise TypeError(f"{expected}, got {layers!r:.60}")
    sizes = [layer for layer in layers if not isinstance(layer, torch.Tensor)]
    if sizes or not layers:
        if len(layers) < 2 or len(sizes) != len(layers):
            raise ValueError(f"{expected}, got {layers!r:.60}")
        sizes = [_validate.as_int(size, "layers") for size in sizes]
        pairs = zip(sizes[1:], sizes[:-1], strict=True)
        layers = [torch.ones(n_out, n_in, dtype=torch.bool) for n_out, n_in in pairs]
    masks = []
    for mask in layers:
        if mask.ndim != 2 or mask.numel() == 0:
            raise ValueError(f"a mask must have shape (out, in), got {tuple(mask.shape)}")
        mask = mask.detach().cpu()
        if mask.is_floating_point() or mask.dtype == torch.bool:
            connected = mask != 0
            mask = torch.where(connected, connected.flatten().cumsum(0).reshape(mask.shape), 0)
        if masks and masks[-1].shape[0] != mask.shape[1]:
            raise ValueError(
                f"a mask must have shape (out, {masks[-1].shape[0]}) after a layer of "
                f"{masks[-1].shape[0]} units, got {tuple(mask.shape)}"
            )
        masks.append(mask.long())
    return masks


def _layer_counts(mask):
    """Return the number of different weights and of different biases of one layer."""
    weights = {int(number) for number in mask.flatten() if number}
    units = {frozenset(int(number) for number in row if number) for row in mask}
    return len(weights), len(units)


def count_parameters(layers):
    """
    Count the parameters of a network from its weight masks.

    A number that occurs several times in a mask is one weight. Each unit has a bias; units that
    use the same weights share theirs, as the units of a feature map do.

    Parameters
    ----------
    layers : sequence of int or sequence of Tensor
        Layer sizes (fully connected), or one mask of shape (out, in) for each layer: 0 where there
        is no connection, equal integers where the weight is shared. In a bool or float mask every
        connection has a weight of its own.

    Returns
    -------
    int
        Weights and biases together.

    Raises
    ------
    ValueError
        If the masks do not fit together.

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
    return sum(sum(_layer_counts(mask)) for mask in _as_masks(layers))


def _formula(masks):
    """Write the count layer by layer: "(64 + 4) + (4 + 1)"."""
    return " + ".join("({} + {})".format(*_layer_counts(mask)) for mask in masks)


class _Layout:
    """
    Where the units of a network stand, in a box of `width` x `height`.

    Either every layer is a column and the network runs from left to right, or every layer with a
    square number of units is a plane that lies in the page, and the network runs upwards.
    """

    def __init__(self, masks, *, grid):
        self.counts = [masks[0].shape[1]] + [mask.shape[0] for mask in masks]
        self.grid = grid
        self.sides = [math.isqrt(n) if math.isqrt(n) ** 2 == n else 0 for n in self.counts]
        if grid:
            self._place_planes()
        else:
            self._place_columns()

    def _place_columns(self):
        largest = max(self.counts)
        self.width = 3.6 * (len(self.counts) - 1) + 0.8
        self.height = max(_PITCH * largest, 2.4)
        self.units = []
        for depth, count in enumerate(self.counts):
            pitch = min(self.height / count, 2.4)
            x, first = 0.4 + 3.6 * depth, (self.height - pitch * (count - 1)) / 2
            self.units.append([(x, first + n * pitch) for n in range(count)])

    def _place_planes(self):
        self.across = max([1.0, *self.sides])
        self.width = self.across * (1 + _SHEAR)
        deep = self.across * _DEPTH
        steps = [1.9 + 0.85 * deep * (self.sides[n] > 1) for n in range(len(self.counts) - 1)]
        top = 0.4 if self.sides[-1] < 2 else deep / 2
        heights = [top + sum(steps[n:]) for n in range(len(self.counts))]
        self.height = heights[0] + (deep / 2 if self.sides[0] > 1 else 0.4)
        self.middles = heights
        self.units = []
        for depth, count in enumerate(self.counts):
            side = self.sides[depth]
            if side:
                cells = [divmod(n, side) for n in range(count)]
                units = [self.on_plane(depth, i + 0.5, j + 0.5) for i, j in cells]
            else:
                pitch = min(self.width / count, 2.0)
                first = (self.width - pitch * (count - 1)) / 2
                units = [(first + n * pitch, heights[depth]) for n in range(count)]
            self.units.append(units)

    def on_plane(self, depth, row, column):
        """Return the point of a plane at `row` and `column`, measured in its own cells."""
        scale = self.across / self.sides[depth]
        row, column = row * scale - self.across / 2, column * scale - self.across / 2
        return self.width / 2 + column - _SHEAR * row, self.middles[depth] + _DEPTH * row

    def corners(self, depth, row, column, *, size=1):
        """Return the corners of a cell of a plane."""
        ends = ((0, 0), (0, size), (size, size), (size, 0))
        return [self.on_plane(depth, row + i, column + j) for i, j in ends]


def _paint_units(ax, layout, depth, *, strengths):
    """Draw the units of one layer: the input as pixels, the others as circles."""
    role = "input" if depth == 0 else "output"
    style = {"edgecolor": TEXT_COLOURS[role], "linewidth": 1.2}
    side = layout.sides[depth]
    plane = layout.grid and side > 1
    if plane and depth:
        frame = Polygon(layout.corners(depth, 0, 0, size=side), facecolor="none", zorder=0.5)
        frame.set(edgecolor=PALETTE[role], linewidth=1, linestyle=(0, (3, 2)))
        ax.add_patch(frame)
    for n, ((x, y), strength) in enumerate(zip(layout.units[depth], strengths, strict=True)):
        style["facecolor"] = tint(role, strength)
        if depth:
            ax.add_patch(Circle((x, y), 0.3, zorder=4, **style))
        elif plane:
            ax.add_patch(Polygon(layout.corners(depth, *divmod(n, side)), zorder=1, **style))
        else:
            ax.add_patch(Rectangle((x - 0.25, y - 0.25), 0.5, 0.5, zorder=3, **style))


def _is_tiling(mask):
    """Tell whether every input has exactly one connection, as when patches do not overlap."""
    return len(mask) > 1 and bool(((mask > 0).sum(dim=0) == 1).all())


def _strengths(layout, masks):
    """Return how strongly each unit is tinted; patches that tile the input alternate."""
    strengths = [[0.3] * count for count in layout.counts]
    strengths[-1] = [0.85] * layout.counts[-1]
    side = layout.sides[1]
    if _is_tiling(masks[0]) and side:
        owners = (masks[0] > 0).long().argmax(dim=0).tolist()
        strengths[0] = [(0.14, 0.38)[sum(divmod(owner, side)) % 2] for owner in owners]
    return strengths


def _strand(kind):
    """Return the role and line style of weight number `kind` of those that are shared."""
    colours, styles = len(_STRAND_COLOURS), len(_STRAND_STYLES)
    return _STRAND_COLOURS[kind % colours], _STRAND_STYLES[(kind + kind // colours) % styles]


def _paint_strands(ax, layout, depth, mask, *, thickness):
    """Draw the connections from layer `depth` to the next; a shared weight has its own style."""
    numbers, uses = mask[mask > 0].unique(return_counts=True)
    numbers = numbers.tolist()
    sharing = len(uses) > 0 and int(uses.max()) > 1
    tiling = _is_tiling(mask)
    lettered = depth == 0 and tiling and len(numbers) <= len(ascii_lowercase)
    plane = layout.grid and layout.sides[depth] > 1
    lift = 0.3 * _DEPTH if plane and lettered else 0.0
    for unit, source in mask.nonzero().tolist():
        kind = numbers.index(int(mask[unit, source]))
        role, style = _strand(kind) if sharing else ("kernel", "-")
        (x, y), end = layout.units[depth][source], layout.units[depth + 1][unit]
        ax.plot(
            (x + lift, end[0]),
            (y - lift, end[1]),
            color=PALETTE[role],
            linestyle=style,
            linewidth=thickness * (1.9 if tiling else 1.1),
            zorder=2,
        )
        if lettered:
            x, y = (x - 0.18, y + 0.04) if plane else (x, y)
            letter = write_in(
                ax,
                x,
                y,
                ascii_lowercase[kind],
                height=0.5 if plane else 0.42,
                colour=TEXT_COLOURS[role],
                fontweight="bold",
            )
            letter.set_path_effects([withStroke(linewidth=2.5, foreground=tint("input", 0.2))])


def _paint_network(ax, layout, masks, *, thickness=1.0):
    """Draw units and strands."""
    for depth, strengths in enumerate(_strengths(layout, masks)):
        _paint_units(ax, layout, depth, strengths=strengths)
    for depth, mask in enumerate(masks):
        _paint_strands(ax, layout, depth, mask, thickness=thickness)


def draw_network(layers, *, ax=None, labels=None, grid=False, caption=True):
    """
    Draw a network from its layer sizes or from its weight masks.

    Inputs are squares, units are circles, each connection is a strand. Strands that are the same
    weight have the same colour, the same line style and, where there is room, the same letter.
    Underneath stands the number of parameters, counted from the masks.

    Parameters
    ----------
    layers : sequence of int or sequence of Tensor
        As in `count_parameters`.
    ax : Axes, optional
        Where to draw; a new figure by default.
    labels : sequence of str, optional
        A name for each layer, the input included.
    grid : bool
        Draw layers with a square number of units (16, 4) as planes, the network running upwards;
        by default every layer is a column, and the network runs to the right.
    caption : bool
        Write the number of parameters underneath.

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
    masks = _as_masks(layers)
    grid, caption = _validate.as_bool(grid, "grid"), _validate.as_bool(caption, "caption")
    if labels is not None:
        labels = _validate.as_texts(labels, "labels", len(masks) + 1)
    layout = _Layout(masks, grid=grid)
    width, height, size = layout.width, layout.height, 0.42
    if labels is not None:
        longest = 0.62 * max(map(len, labels))
        if grid:
            width += size * longest
        else:
            size = min(size, 2.9 / longest)
    below = 0.7 * (labels is not None and not grid) + 0.9 * caption
    scale = min(0.7, 5.5 / (height + below), 6.4 / width)
    ax = as_panel(ax, width * scale + 0.2, (height + below) * scale + 0.2)
    _paint_network(ax, layout, masks)
    for depth, label in enumerate(labels or ()):
        if grid:
            x, y, align = layout.width + 0.15, layout.middles[depth], "left"
        else:
            x, y, align = layout.units[depth][0][0], height + 0.4, "center"
            if depth in (0, len(masks)):
                x, align = (0.15, "left") if depth == 0 else (width, "right")
        write_in(ax, x, y, label, height=size, colour=MUTED, ha=align)
    if caption:
        text = f"{_formula(masks)} = {count_parameters(masks):,} parameters"
        write_in(ax, width / 2, height + below - 0.35, text, height=0.46, width=width)
    return cell_axes(ax, width, height + below)


def plot_networks(networks, *, titles=None, grid=True):
    """
    Draw networks side by side, each with its number of parameters in large figures.

    Parameters
    ----------
    networks : sequence of sequences
        Each as in `count_parameters`.
    titles : sequence of str, optional
        A short title for each network.
    grid : bool
        As in `draw_network`.

    Returns
    -------
    Figure
        One axes for each network, all at one scale.

    Raises
    ------
    ValueError
        If there is no network, the masks do not fit together, or the titles do not fit.

    Examples
    --------
    >>> figure = plot_networks([[16, 4, 1], [4, 1]])
    >>> [ax.texts[-3].get_text() for ax in figure.axes]
    ['73', '5']
    """
    if isinstance(networks, str) or not isinstance(networks, Sequence) or not networks:
        raise TypeError(f"networks must be a list of networks, got {networks!r:.60}")
    networks = [_as_masks(layers) for layers in networks]
    grid = _validate.as_bool(grid, "grid")
    titles = [""] * len(networks) if titles is None else titles
    titles = _validate.as_texts(titles, "titles", len(networks))
    layouts = [_Layout(masks, grid=grid) for masks in networks]
    width = max(layout.width for layout in layouts)
    height = max(layout.height for layout in layouts)
    above, below = 1.0 * any(titles), 3.2
    panel = min(6.4 / len(networks), 3.4)
    scale = panel / (width + 0.7)
    figure, axes = plt.subplots(
        1,
        len(networks),
        figsize=(panel * len(networks), (above + height + below) * scale),
        squeeze=False,
        layout="none",
    )
    figure.subplots_adjust(0, 0, 1, 1, wspace=0)
    for ax, masks, layout, title in zip(axes[0], networks, layouts, titles, strict=True):
        _paint_network(ax, layout, masks, thickness=0.95)
        middle, room = layout.width / 2, width + 0.3
        if title:
            write_in(ax, middle, -0.55, title, height=0.62, width=room, fontweight="bold")
        y = layout.height
        total, formula = f"{count_parameters(masks):,}", _formula(masks)
        write_in(ax, middle, y + 1.1, total, height=1.7, width=room, fontweight="bold")
        write_in(ax, middle, y + 2.15, "parameters", height=0.56, width=room)
        write_in(ax, middle, y + 2.8, formula, height=0.5, width=room, colour=MUTED)
        cell_axes(ax, layout.width, layout.height)
        ax.set_xlim(middle - width / 2 - 0.35, middle + width / 2 + 0.35)
        ax.set_ylim(y + below, y - height - above)
    return figure


def draw_filter_bank(weight, *, ax=None, ncols=3):
    """
    Draw the filters of a convolution, each as a stack of slices.

    One filter has one slice for each input channel; the colours are its values, blue below zero
    and vermilion above, on one scale for the whole bank.

    Parameters
    ----------
    weight : Tensor
        Shape (C_out, C_in, kH, kW).
    ax : Axes, optional
        Where to draw; a new figure by default.
    ncols : int
        Filters in a row.

    Returns
    -------
    Axes
        The axes, in units of one weight with rows running downwards.

    Raises
    ------
    ValueError
        If `weight` does not have four axes.

    Examples
    --------
    >>> import torch
    >>> ax = draw_filter_bank(torch.randn(2, 3, 5, 5))
    >>> [text.get_text() for text in ax.texts]
    ['filter 0: 3×5×5', 'filter 1: 3×5×5']
    """
    bank = _validate.as_weight(weight).double()
    ncols = min(_validate.as_int(ncols, "ncols"), len(bank))
    filters, channels, rows, columns = bank.shape
    limit = float(bank.abs().max()) or 1.0
    shift = 0.28 * min(rows, columns) if channels > 1 else 0.0
    gap, head = 0.25 * columns + 0.5, 0.3 * rows
    cell_width = columns + shift * (channels - 1) + gap
    cell_height = rows + shift * (channels - 1) + head + 0.2 * rows
    nrows = -(-filters // ncols)
    width, height = ncols * cell_width - gap, nrows * cell_height - 0.2 * rows
    scale = 6.4 / max(width, 8)
    ax = as_panel(ax, width * scale + 0.2, height * scale + 0.2)
    for n in range(filters):
        row, column = divmod(n, ncols)
        x, y = column * cell_width, row * cell_height + head
        for channel in reversed(range(channels)):
            left, top = x + shift * channel, y + shift * (channels - 1 - channel)
            values = bank[n, channel] / limit
            for i in range(rows):
                for j in range(columns):
                    ax.add_patch(
                        Rectangle(
                            (left + j, top + i),
                            1,
                            1,
                            facecolor=SIGNED_CMAP((float(values[i, j]) + 1) / 2),
                            edgecolor="#B0B0B0",
                            linewidth=0.5,
                            zorder=channels - channel,
                        )
                    )
            ax.add_patch(
                Rectangle(
                    (left, top),
                    columns,
                    rows,
                    fill=False,
                    edgecolor=INK,
                    linewidth=1.4,
                    zorder=channels - channel + 0.5,
                )
            )
        size = TIMES.join(str(v) for v in (channels, rows, columns))
        write_in(
            ax,
            x,
            y - 0.5 * head,
            f"filter {n}: {size}",
            height=0.2 * rows,
            width=columns + shift * (channels - 1),
            ha="left",
        )
    return cell_axes(ax, width, height)
