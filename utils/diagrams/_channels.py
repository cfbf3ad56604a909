"""One filter over several channels: a partial map for each channel, and their sum."""

import math

import matplotlib.pyplot as plt
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from utils import _validate
from utils.diagrams._cells import (
    ALMOST_EQUAL,
    DOT,
    INK,
    MINUS,
    MUTED,
    TEXT_COLOURS,
    TIMES,
    blank_figure,
    number_format,
    outline,
    paint_grid,
    write_in,
)
from utils.shapes import conv_output_size
from utils.style import PALETTE, SIGNED_CMAP

_PLANES = {"red": "#C8102E", "green": "#2E8B2E", "blue": "#1F4FBF"}
# What white becomes in the picture of a channel: light enough for what is dark to be seen.
_LIGHTS = {"red": (1.0, 0.3, 0.3), "green": (0.3, 0.85, 0.3), "blue": (0.35, 0.5, 1.0)}
_LARGEST_GRID = 8  # rows or columns; a larger image is drawn as a picture
_WIDTH = 7.2  # inches, of a figure
_FRAME_WIDTH = 4.6  # inches, of a step of an animation
_LINE = 0.62  # cells


class _Sum:
    """A filter of several channels at work: the partial maps, and what they add up to."""

    def __init__(self, image, filter, *, bias, names):
        image, filter = _validate.as_image_and_filter(image, filter)
        self.image = _validate.as_image(image).double()
        self.filter = filter.detach().cpu().double()
        self.bias = _validate.as_number(bias, "bias")
        size = conv_output_size(tuple(self.image.shape[1:]), tuple(self.filter.shape[1:]))
        self.size = size  # refuses what does not fit
        channels = len(self.image)
        if names is None and channels == 3:
            names = list(_PLANES)
        if names is None:
            names = [f"channel {channel}" for channel in range(channels)]
        self.names = _validate.as_texts(names, "names", channels)
        pairs = zip(self.image, self.filter, strict=True)
        self.partial = torch.cat(
            [torch.conv2d(plane[None, None], kernel[None, None])[0] for plane, kernel in pairs]
        )
        self.output = self.partial.sum(0) + self.bias

    @property
    def is_grid(self):
        """Whether the image is small enough for its numbers to be written."""
        return max(self.image.shape[1:]) <= _LARGEST_GRID

    def position(self, step):
        """Row and column of the output that step number `step` computes."""
        return divmod(step, self.size[1])

    def as_position(self, position):
        """Return `position` as a pair if it lies in the output."""
        pair = _validate.as_pair(position, "position", minimum=0)
        if any(p >= n for p, n in zip(pair, self.size, strict=True)):
            raise ValueError(f"position must lie in the output of shape {self.size}, got {pair}")
        return pair

    def window(self, channel, position):
        """Return the pixels of one channel that the window at `position` reads."""
        (i, j), (rows, columns) = position, self.filter.shape[1:]
        return self.image[channel, i : i + rows, j : j + columns]


def _plane_colour(name, channel):
    """Return the colour of a channel: its own if it is a primary colour, else the input's."""
    return _PLANES.get(name, PALETTE["input"])


def _mix(colour, amount):
    """Mix a colour with white."""
    return tuple(1 - amount * (1 - part) for part in to_rgb(colour))


def _minus_in_brackets(text):
    return f"({text})" if text.startswith(MINUS) else text


def _number(text):
    return float(text.replace(MINUS, "-"))


def _write_products(ax, total, position, *, left, top, room):
    """Write the products of each channel on a line, then the sum of the channels and the bias."""
    write_pixel, write_weight = number_format(total.image), number_format(total.filter)
    every = torch.cat([total.partial.flatten(), total.output.flatten(), torch.tensor([total.bias])])
    write = number_format(every)
    lines, parts = [], []
    for channel in range(len(total.image)):
        pixels = [write_pixel(v) for v in total.window(channel, position).flatten()]
        weights = [write_weight(v) for v in total.filter[channel].flatten()]
        part = write(total.partial[channel][position])
        exact = math.isclose(
            sum(_number(p) * _number(w) for p, w in zip(pixels, weights, strict=True)),
            _number(part),
            abs_tol=1e-9,
        )
        products = [
            f"{pixel}{DOT}{_minus_in_brackets(weight)}"
            for pixel, weight in zip(pixels, weights, strict=True)
        ]
        lines.append((" + ".join(products), f"{'=' if exact else ALMOST_EQUAL} {part}"))
        parts.append(part)
    longest = max(len(text) for text, _ in lines)
    label_width = 0.68 * max(map(len, total.names)) + 0.6
    result_width = 0.68 * max(len(text) for _, text in lines) + 0.4
    height = min(0.44, room / (label_width + 0.56 * longest + result_width))
    end = left + room - height * result_width
    for channel, (products, result) in enumerate(lines):
        y = top + (channel + 0.5) * _LINE
        name = total.names[channel]
        bold = {"height": height, "ha": "left", "fontweight": "bold"}
        write_in(ax, left, y, name, colour=_plane_colour(name, channel), **bold)
        x = left + height * label_width
        write_in(ax, x, y, products, height=height, width=end - x - 0.1, ha="left")
        write_in(ax, end, y, result, **bold)
    value, bias = write(total.output[position]), write(torch.tensor(total.bias))
    terms = [*map(_minus_in_brackets, parts), f"bias {bias}"]
    exact = math.isclose(sum(map(_number, [*parts, bias])), _number(value), abs_tol=1e-9)
    left_side = "Y[{}, {}] = ".format(*position) + " + ".join(terms)
    text = f"{left_side} {'=' if exact else ALMOST_EQUAL} {value}"
    style = {"colour": TEXT_COLOURS["output"], "fontweight": "bold", "ha": "left"}
    y = top + (len(lines) + 0.65) * _LINE
    write_in(ax, left, y, text, height=0.5, width=room, **style)


def _channel_sum(make, total, *, position=None, steps=None, widest=_WIDTH):
    """Draw the sum over the channels, up to `steps` values of the output, with a window if any."""
    channels, rows, columns = total.image.shape
    kernel_rows, kernel_columns = total.filter.shape[1:]
    output_rows, output_columns = total.size
    scale = 1.0
    if not total.is_grid:  # a picture is as large as five cells, whatever its pixels
        scale = 5.0 / max(rows, columns)
    tall, wide = rows * scale, columns * scale
    map_tall, map_wide = output_rows * scale, output_columns * scale
    margin, gap, head = 0.25, 1.0, 0.8
    columns_at = [margin]
    for extent in (wide, kernel_columns, max(map_wide, 1.6)):
        columns_at.append(columns_at[-1] + extent + gap)
    columns_at[3] += 0.5
    width = columns_at[3] + max(map_wide, 2.0) + margin
    pitch = max(tall, kernel_rows) + head
    foot = _LINE * (channels + 1.6) + 0.1 if position is not None else 0.0
    height = margin + channels * pitch + foot + margin
    figure, ax = blank_figure(make, width, height, cell=min(0.62, widest / width))

    shown = None
    if steps is not None:
        shown = (torch.arange(total.output.numel()) < steps).reshape(total.size)
    responses = torch.cat([total.partial.flatten(), total.output.flatten()])
    limit = float(responses.abs().quantile(0.99)) or 1.0  # a few strong edges hide no weak ones
    write_maps = number_format(responses)

    def paint_map(values, x, y):
        if total.is_grid:
            paint_grid(ax, values, origin=(x, y), role="output", shown=shown, fmt=write_maps)
        else:
            _paint_picture(ax, values, x, y, map_wide, map_tall, cmap=SIGNED_CMAP, limit=limit)
        if position is not None:
            _frame(ax, x, y, position, scale)

    middles = []
    for channel in range(channels):
        name = total.names[channel]
        colour = _plane_colour(name, channel)
        middle = margin + channel * pitch + head + max(tall, kernel_rows) / 2
        middles.append(middle)
        y = middle - tall / 2
        style = {"height": 0.46, "ha": "left", "fontweight": "bold"}
        write_in(ax, margin, y - 0.38, name, colour=colour, width=wide, **style)
        if total.is_grid:
            _paint_plane(ax, total.image[channel], colour, margin, y)
        else:
            picture = total.image[channel].clamp(0, 1)[..., None]
            picture = picture * torch.tensor(_LIGHTS.get(name, (1.0, 1.0, 1.0))).double()
            _paint_picture(ax, picture, margin, y, wide, tall)
        if position is not None:
            _frame(ax, margin, y, position, scale, kernel_rows, kernel_columns)
        write_in(ax, columns_at[0] + wide + gap / 2, middle, "*", height=0.8)
        y = middle - kernel_rows / 2
        paint_grid(
            ax,
            total.filter[channel],
            origin=(columns_at[1], y),
            role="kernel",
            strength=0.45,
            fmt=number_format(total.filter),
        )
        label = f"slice {channel}"
        style = {"height": 0.38, "ha": "left", "colour": TEXT_COLOURS["kernel"]}
        write_in(ax, columns_at[1], y - 0.34, label, **style)
        write_in(ax, columns_at[1] + kernel_columns + gap / 2, middle, "=", height=0.8)
        paint_map(total.partial[channel], columns_at[2], middle - map_tall / 2)
        if channel:
            between = (middles[-2] + middle) / 2 + 0.05
            write_in(ax, columns_at[2] + map_wide / 2, between, "+", height=0.8)

    middle = (middles[0] + middles[-1]) / 2
    x, y = columns_at[3], middle - map_tall / 2
    edge = columns_at[2] + map_wide + 0.3
    ends = middles[0] - map_tall / 2, middles[-1] + map_tall / 2
    arrow = FancyArrowPatch(
        (edge, middle),
        (x - 0.15, middle),
        arrowstyle="-|>",
        mutation_scale=18,
        shrinkA=0,
        shrinkB=0,
        color=INK,
        linewidth=2,
    )
    ax.add_patch(arrow)
    ax.plot(
        [edge - 0.15, edge, edge, edge - 0.15],
        [ends[0], ends[0], ends[1], ends[1]],
        color=INK,
        linewidth=1.5,
    )
    room = max(map_wide, 2.0)
    style = {"ha": "left", "colour": TEXT_COLOURS["output"]}
    write_in(ax, x, y - 0.85, "sum + bias", height=0.42, width=room, **style)
    size = TIMES.join(str(n) for n in total.size)
    write_in(ax, x, y - 0.36, "Y", height=0.46, fontweight="bold", **style)
    write_in(ax, x + 0.5, y - 0.36, size, height=0.38, ha="left", colour=MUTED)
    paint_map(total.output, x, y)
    bias = number_format(torch.tensor([total.bias]))(total.bias)
    style = {"height": 0.42, "ha": "left", "colour": TEXT_COLOURS["bias"]}
    write_in(ax, x, y + map_tall + 0.4, f"bias {bias}", width=room, **style)
    if position is not None:
        top = margin + channels * pitch + 0.25
        _write_products(ax, total, position, left=margin, top=top, room=width - 2 * margin)
    return figure


def _paint_plane(ax, values, colour, x, y):
    """Draw the numbers of one channel in cells of its colour."""
    write = number_format(values)
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            cell = Rectangle((x + j, y + i), 1, 1, facecolor=_mix(colour, 0.16), zorder=1)
            cell.set(edgecolor=_mix(colour, 0.6), linewidth=1)
            ax.add_patch(cell)
            write_in(ax, x + j + 0.5, y + i + 0.5, write(value), width=0.8)


def _paint_picture(ax, values, x, y, width, height, *, cmap=None, limit=None):
    """Draw a picture into a box of the diagram."""
    options = {} if limit is None else {"cmap": cmap, "vmin": -limit, "vmax": limit}
    extent = (x, x + width, y + height, y)
    limits = ax.get_xlim(), ax.get_ylim()
    ax.imshow(values.numpy(), extent=extent, aspect="equal", zorder=1, **options)
    ax.set(xlim=limits[0], ylim=limits[1])
    border = Rectangle((x, y), width, height, fill=False, edgecolor="#8C8C8C", linewidth=1)
    ax.add_patch(border)


def _frame(ax, x, y, position, scale, rows=1, columns=1):
    """Frame the cells of a panel that belong to the current value."""
    i, j = position
    outline(ax, x + j * scale, y + i * scale, rows=rows * scale, columns=columns * scale)


def plot_channel_sum(image, filter, *, bias=0, position=None, names=None):
    """
    Draw one filter over the channels of an image: a partial map for each, and their sum.

    Each channel meets its own slice of the filter. The partial maps are added place by place, and
    one bias is added to the sum: one filter gives one feature map. Numbers are written for images
    of up to eight rows and columns; a larger one is drawn as a picture, its maps in colours from
    blue (negative) to vermilion (positive) on one scale.

    Parameters
    ----------
    image : Tensor
        Shape (C, H, W).
    filter : Tensor
        Shape (C, kH, kW): one kernel for each channel.
    bias : float
        Added to every entry of the feature map.
    position : tuple of int, optional
        Row and column of an output value: its window is framed and its sum written out.
    names : sequence of str, optional
        A name for each channel; red, green and blue by default if there are three.

    Returns
    -------
    Figure
        One axes in units of one cell.

    Raises
    ------
    TypeError, ValueError
        If the channels differ, the filter does not fit, or the position is not in the output.

    Examples
    --------
    >>> import torch
    >>> figure = plot_channel_sum(torch.ones(3, 4, 4), torch.ones(3, 3, 3), position=(0, 0), bias=1)
    >>> figure.axes[0].texts[-1].get_text()
    'Y[0, 0] = 9 + 9 + 9 + bias 1 = 28'
    """
    total = _Sum(image, filter, bias=bias, names=names)
    position = None if position is None else total.as_position(position)
    return _channel_sum(plt.figure, total, position=position)


def channel_frames(image, filter, *, bias=0, names=None):
    """
    Return one figure for each value of a feature map and the sentence that goes with it.

    Parameters
    ----------
    image : Tensor
        Shape (C, H, W).
    filter : Tensor
        Shape (C, kH, kW).
    bias, names
        As in `plot_channel_sum`.

    Returns
    -------
    figures : iterator of Figure
        Not known to pyplot, so there is nothing to close.
    captions : list of str
        One sentence for each figure.
    alt : str
        What there is to see in all of them.

    Raises
    ------
    TypeError, ValueError
        If the channels differ or the filter does not fit.

    Examples
    --------
    >>> import torch
    >>> figures, captions, alt = channel_frames(torch.ones(3, 3, 3), torch.ones(3, 2, 2), bias=1)
    >>> captions[0]
    'Y[0, 0] = 4 + 4 + 4 + 1 = 13: red, green, blue, and the bias.'
    """
    total = _Sum(image, filter, bias=bias, names=names)
    write = number_format(torch.cat([total.partial.flatten(), total.output.flatten()]))
    bias = number_format(torch.tensor([total.bias]))(total.bias)
    captions = []
    for step in range(total.output.numel()):
        i, j = position = total.position(step)
        parts = [write(part[position]) for part in total.partial]
        terms = " + ".join(map(_minus_in_brackets, [*parts, bias]))
        names = ", ".join(total.names)
        value = write(total.output[position])
        exact = math.isclose(sum(map(_number, [*parts, bias])), _number(value), abs_tol=1e-9)
        sign = "=" if exact else ALMOST_EQUAL
        captions.append(f"Y[{i}, {j}] = {terms} {sign} {value}: {names}, and the bias.")
    rows = "; ".join(" ".join(write(value) for value in row) for row in total.output)
    sizes = [TIMES.join(str(n) for n in shape) for shape in (total.filter.shape, total.image.shape)]
    alt = (
        f"A {sizes[0]} filter slides over a {sizes[1]} image. Each channel gives a partial map; "
        f"their sum plus the bias {bias} is the feature map, one step for each of its values. The "
        f"finished feature map has the rows {rows}."
    )
    figures = (
        _channel_sum(
            Figure, total, position=total.position(step), steps=step + 1, widest=_FRAME_WIDTH
        )
        for step in range(total.output.numel())
    )
    return figures, captions, alt
