"""Networks drawn from their weight masks, and filters drawn from their weights."""

import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.patches import Circle, Rectangle

from utils.diagrams._cells import (
    INK,
    MUTED,
    TEXT_COLOURS,
    TIMES,
    as_values,
    cell_axes,
    tint,
    write_in,
)
from utils.diagrams._windows import _pair
from utils.style import PALETTE, SIGNED_CMAP

# Weights that are shared are told apart by colour, line style and letter together.
_STRANDS = (
    ("highlight", "-"),
    ("input", (0, (5, 1.5))),
    ("bias", (0, (1, 1))),
    ("output", (0, (5, 1.5, 1, 1.5))),
    ("kernel", (0, (8, 1.5))),
    ("gradient", (0, (2, 2))),
)


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
    rows, columns = _pair(size, "size", 1)
    kernel_shape = _pair(kernel_size, "kernel_size", 1)
    steps = _pair(stride, "stride", 1)
    if kernel_shape[0] > rows or kernel_shape[1] > columns:
        raise ValueError(f"kernel_size {kernel_shape} is larger than the image {(rows, columns)}")
    pixels = torch.arange(rows * columns, dtype=torch.float64).reshape(1, 1, rows, columns)
    patches = F.unfold(pixels, kernel_shape, stride=steps)[0].T.long()
    count, taps = patches.shape
    numbers = torch.arange(1, taps + 1).expand(count, taps)
    if not shared:
        numbers = torch.arange(1, count * taps + 1).reshape(count, taps)
    return torch.zeros(count, rows * columns, dtype=torch.int64).scatter(1, patches, numbers)


def _as_masks(layers):
    """Turn layer sizes or masks into int64 masks of weight numbers, checked."""
    layers = list(layers)
    if layers and all(isinstance(n, int) and not isinstance(n, bool) for n in layers):
        if len(layers) < 2 or min(layers) < 1:
            raise ValueError(f"layer sizes must be two or more positive ints, got {layers}")
        pairs = zip(layers[1:], layers[:-1], strict=False)
        layers = [torch.ones(n_out, n_in, dtype=torch.bool) for n_out, n_in in pairs]
    if not layers:
        raise ValueError("a network needs at least one layer")
    masks = []
    for mask in layers:
        if not isinstance(mask, torch.Tensor):
            raise TypeError(f"layers must be all sizes or all masks, got {mask!r} among them")
        if mask.ndim != 2 or mask.numel() == 0:
            raise ValueError(f"mask must have shape (out, in), got {tuple(mask.shape)}")
        mask = mask.detach().cpu()
        if mask.is_floating_point() or mask.dtype == torch.bool:
            connected = mask != 0
            mask = torch.where(connected, connected.flatten().cumsum(0).reshape(mask.shape), 0)
        if masks and masks[-1].shape[0] != mask.shape[1]:
            raise ValueError(
                f"mask of shape {tuple(mask.shape)} must take {masks[-1].shape[0]} inputs, as many "
                "as the layer before has units"
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


def _unit_positions(count, *, grid, x, middle, pitch):
    """Place the units of one layer: as a column, or as a tilted square grid."""
    side = math.isqrt(count)
    if not grid or side * side != count or side == 1:
        return [(x, middle + (n - (count - 1) / 2) * pitch) for n in range(count)]
    places = []
    for n in range(count):
        i, j = divmod(n, side)
        centred_i, centred_j = i - (side - 1) / 2, j - (side - 1) / 2
        places.append((x + 0.62 * centred_j, middle + 1.15 * centred_i + 0.62 * centred_j))
    return places


def _network_height(masks, *, grid):
    counts = [masks[0].shape[1]] + [mask.shape[0] for mask in masks]
    if grid:
        sides = [math.isqrt(n) if math.isqrt(n) ** 2 == n else 0 for n in counts]
        heights = [1.8 * s if s else n * 0.8 for s, n in zip(sides, counts, strict=True)]
        return max(heights) + 0.4
    return 0.62 * max(counts) + 0.4


def _paint_network(ax, masks, *, origin=(0.0, 0.0), width, height, grid, labels, strand=1.0):
    """Draw units and strands into a box of width x height."""
    left, top = origin
    middle = top + height / 2
    counts = [masks[0].shape[1]] + [mask.shape[0] for mask in masks]
    inset = 1.3 if grid and math.isqrt(counts[0]) ** 2 == counts[0] > 1 else 0.4
    last_inset = 0.4
    span = width - inset - last_inset
    layers = []
    for depth, count in enumerate(counts):
        x = left + inset + span * depth / (len(counts) - 1)
        pitch = 0.62 if count > 8 else min(0.62 * counts[0] / count, 2.2) if not grid else 1.5
        layers.append(_unit_positions(count, grid=grid, x=x, middle=middle, pitch=pitch))
    for depth, mask in enumerate(masks):
        numbers, uses = mask[mask > 0].unique(return_counts=True)
        shared = {int(n): k for k, n in enumerate(numbers) if int(uses[k]) > 1}
        for unit, row in enumerate(mask):
            for source, number in enumerate(row):
                if not number:
                    continue
                start, end = layers[depth][source], layers[depth + 1][unit]
                role, style = "kernel", "-"
                if int(number) in shared:
                    role, style = _STRANDS[shared[int(number)] % len(_STRANDS)]
                ax.plot(
                    *zip(start, end, strict=True),
                    color=PALETTE[role],
                    linestyle=style,
                    linewidth=strand * (2.0 if shared else 1.2),
                    solid_capstyle="round",
                    zorder=1,
                )
    side = math.isqrt(counts[0])
    square = grid and side * side == counts[0] > 1
    for depth, (places, count) in enumerate(zip(layers, counts, strict=True)):
        role = "input" if depth == 0 else "output"
        radius = 0.3 if depth and count <= 8 else 0.24
        for x, y in places:
            if depth == 0:
                shape = Rectangle((x - radius, y - radius), 2 * radius, 2 * radius)
            else:
                shape = Circle((x, y), radius)
            shape.set(
                facecolor=tint(role, 0.35 if depth < len(counts) - 1 else 0.9),
                edgecolor=TEXT_COLOURS[role],
                linewidth=1.2,
                zorder=3,
            )
            ax.add_patch(shape)
    if labels is not None:
        for places, label in zip(layers, labels, strict=True):
            x = sum(place[0] for place in places) / len(places)
            write_in(ax, x, top + height + 0.3, label, height=0.42, colour=MUTED)
    return square


def draw_network(layers, *, ax=None, labels=None, grid=False, caption=True):
    """
    Draw a network from its layer sizes or from its weight masks.

    Inputs are squares, units are circles, each connection is a strand. Strands that are the same
    weight have the same colour and the same line style. Underneath stands the number of
    parameters, counted from the masks.

    Parameters
    ----------
    layers : sequence of int or sequence of Tensor
        As in `count_parameters`.
    ax : Axes, optional
        Where to draw; a new figure by default.
    labels : sequence of str, optional
        A name for each layer, the input included.
    grid : bool
        Draw layers with a square number of units (16, 4) as grids, tilted into the page, instead
        of as columns.
    caption : bool
        Write the number of parameters underneath.

    Returns
    -------
    Axes
        The strands are its lines.

    Raises
    ------
    ValueError
        If the masks do not fit together or the labels do not fit the layers.

    Examples
    --------
    >>> ax = draw_network([16, 4, 1])
    >>> len(ax.lines), ax.texts[-1].get_text()
    (68, '(64 + 4) + (4 + 1) = 73 parameters')
    """
    masks = _as_masks(layers)
    if labels is not None:
        labels = list(labels)
        if len(labels) != len(masks) + 1:
            raise ValueError(f"labels must name {len(masks) + 1} layers, got {len(labels)}")
    width = 3.2 * len(masks) + 1.2
    height = _network_height(masks, grid=grid)
    below = 0.6 * (labels is not None) + 0.8 * caption
    if ax is None:
        scale = min(0.6, 5.5 / (height + below))
        _, ax = plt.subplots(figsize=(width * scale, (height + below) * scale))
    _paint_network(ax, masks, width=width, height=height, grid=grid, labels=labels)
    if caption:
        text = f"{_formula(masks)} = {count_parameters(masks):,} parameters"
        write_in(ax, width / 2, height + below - 0.4, text, height=0.45, width=width)
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
    >>> [ax.texts[0].get_text() for ax in figure.axes]
    ['73', '5']
    """
    networks = [_as_masks(layers) for layers in networks]
    if not networks:
        raise ValueError("networks must hold at least one network")
    titles = [None] * len(networks) if titles is None else list(titles)
    if len(titles) != len(networks):
        raise ValueError(f"titles must name {len(networks)} networks, got {len(titles)}")
    width = max(2.3 * len(masks) + 1.0 for masks in networks)
    height = max(_network_height(masks, grid=grid) for masks in networks)
    below = 2.6
    panel = min(7.0 / len(networks), 3.5)
    scale = panel / (width + 0.3)
    figure, axes = plt.subplots(
        1,
        len(networks),
        figsize=(panel * len(networks), (height + below + 0.8) * scale),
        squeeze=False,
    )
    for ax, masks, title in zip(axes[0], networks, titles, strict=True):
        total = count_parameters(masks)
        write_in(ax, width / 2, height + 0.75, f"{total:,}", height=1.35, fontweight="bold")
        write_in(ax, width / 2, height + 1.75, "parameters", height=0.5, colour=MUTED)
        if title:
            write_in(ax, width / 2, -0.35, title, height=0.5, width=width)
        _paint_network(ax, masks, width=width, height=height, grid=grid, labels=None, strand=0.9)
        cell_axes(ax, width, height + below)
        ax.set_ylim(height + below - 0.3, -0.8)
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
    bank = as_values(weight)
    if bank.ndim != 4 or bank.numel() == 0:
        raise ValueError(f"weight must have shape (C_out, C_in, kH, kW), got {tuple(bank.shape)}")
    ncols = min(_pair(ncols, "ncols", 1)[0], len(bank))
    filters, channels, rows, columns = bank.shape
    limit = float(bank.abs().max()) or 1.0
    shift = 0.28 * min(rows, columns) if channels > 1 else 0.0
    gap, head = 0.25 * columns + 0.5, 0.3 * rows
    cell_width = columns + shift * (channels - 1) + gap
    cell_height = rows + shift * (channels - 1) + head + 0.2 * rows
    nrows = -(-filters // ncols)
    width, height = ncols * cell_width - gap, nrows * cell_height - 0.2 * rows
    if ax is None:
        scale = 6.4 / max(width, 8)
        _, ax = plt.subplots(figsize=(width * scale + 0.2, height * scale + 0.2))
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
            width=cell_width - 0.3,
            ha="left",
        )
    return cell_axes(ax, width, height)
