"""One filter over several channels: a partial map for each channel, and their sum."""

from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from utils import _validate
from utils.diagrams.steps._base import MARGIN, Paper, Position, Steps
from utils.drawing.cells import paint_cell, paint_grid, write_in
from utils.drawing.colours import MUTED, PALETTE, TEXT_COLOURS, Colour, mix
from utils.drawing.maps import full_colour, place_picture
from utils.drawing.marks import arrow, bracket, outline, tinted_box
from utils.drawing.page import PHONE_WIDTH, page_width
from utils.drawing.words import (
    DOT,
    equality,
    in_brackets,
    number_format,
    number_of,
    say,
    size_text,
)
from utils.shapes import conv_output_size
from utils.style import SIGNED_CMAP

_PRIMARY = {"red": "#C8102E", "green": "#2E8B2E", "blue": "#1F4FBF"}
# What white becomes in the picture of a channel: light enough for what is dark to be seen.
_LIGHT = {"red": (1.0, 0.3, 0.3), "green": (0.3, 0.85, 0.3), "blue": (0.35, 0.5, 1.0)}
_LARGEST_GRID = 8  # rows or columns; a larger image is drawn as a picture
_PICTURE = 5.0  # cells: the longer side of a picture
_GAP, _HEAD, _LINE = 1.0, 0.8, 0.62  # cells
_BOLD: Any = {"ha": "left", "fontweight": "bold"}


class ChannelSteps(Steps):
    """A filter (C, kH, kW) slides over an image (C, H, W); a bias is added to the sum."""

    def __init__(self, image: Tensor, filter: Tensor, *, bias: float = 0.0) -> None:
        image, filter = _validate.as_image_and_filter(image, filter)
        self.image = _validate.as_image(image).double()
        self.filter = filter.detach().cpu().double()
        self.bias, self.bias_text = bias, number_format(torch.tensor([bias]))(bias)
        size, kernel_size = tuple(self.image.shape[1:]), tuple(self.filter.shape[1:])
        conv_output_size(size, kernel_size)  # refuses what doesn't fit
        pairs = zip(self.image, self.filter, strict=True)
        self.partial = torch.cat(
            [torch.conv2d(plane[None, None], kernel[None, None])[0] for plane, kernel in pairs]
        )
        self.output = self.partial.sum(0) + bias
        self.maps = torch.cat([self.partial, self.output[None]])
        self.write = number_format(self.maps)
        channels = len(self.image)
        primary = channels == len(_PRIMARY)
        self.names = list(_PRIMARY) if primary else [f"channel {n}" for n in range(channels)]

    def page(self) -> Paper:
        """Return the paper of a figure on a page: these are wide."""
        return super().page()._replace(cell=0.62, widest=page_width())

    def frame(self) -> Paper:
        """Return the paper of a step of an animation."""
        return super().frame()._replace(cell=0.62, widest=PHONE_WIDTH)

    @property
    def is_grid(self) -> bool:
        """Whether the image is small enough for its numbers to be written."""
        return max(self.image.shape[1:]) <= _LARGEST_GRID

    def terms(self, position: Position) -> tuple[list[str], str]:
        """Write the partial sums and the bias, and the sum with its sign: "= 13"."""
        texts = [self.write(part[position]) for part in self.partial] + [self.bias_text]
        value = self.write(self.output[position])
        return texts, f"{equality(sum(map(number_of, texts)), value)} {value}"

    def products(self, channel: int, position: Position) -> tuple[str, str]:
        """Write the products of a channel under the window, and their sum with its sign."""
        (i, j), (rows, columns) = position, self.filter.shape[1:]
        window = self.image[channel, i : i + rows, j : j + columns]
        write_pixel, write_weight = number_format(self.image), number_format(self.filter)
        pixels = [write_pixel(value) for value in window.flatten()]
        weights = [write_weight(value) for value in self.filter[channel].flatten()]
        pairs = list(zip(pixels, weights, strict=True))
        total = sum(number_of(pixel) * number_of(weight) for pixel, weight in pairs)
        value = self.write(self.partial[channel][position])
        texts = [f"{pixel}{DOT}{in_brackets(weight)}" for pixel, weight in pairs]
        return " + ".join(texts), f"{equality(total, value)} {value}"

    # In words -------------------------------------------------------------------------------

    def caption(self, step: int) -> str:
        """Say which value a step gives, and of what it is the sum."""
        terms, result = self.terms(self.position(step))
        return say(
            "{name} = {terms} {result}: {channels}, and the bias.",
            name=self.name(step),
            terms=" + ".join(map(in_brackets, terms)),
            result=result,
            channels=", ".join(map(say, self.names)),
        )

    def alt(self) -> str:
        """Say what slides over what, and what comes out."""
        return say(
            "A {filter} filter slides over a {image} image. Each channel gives a partial map; "
            "their sum plus the bias {bias} is the feature map, one step for each of its values. "
            "The finished feature map has the rows {rows}.",
            filter=size_text(self.filter.shape),
            image=size_text(self.image.shape),
            bias=self.bias_text,
            rows=self.rows_in_words(),
        )

    # Drawn ----------------------------------------------------------------------------------

    def draw(self, step: int, paper: Paper) -> Figure:
        """Draw the channels, the filter, the maps so far, and the sums written out."""
        return self.draw_sum(self.position(step), paper, shown=self.computed(step))

    def draw_sum(
        self, position: Position | None, paper: Paper, *, shown: Tensor | None = None
    ) -> Figure:
        """Draw the whole maps (or what is `shown`), with a window and its sums if there is one."""
        drawing = _Drawing(self, position, paper, shown)
        for channel in range(len(self.image)):
            drawing.add_channel(channel)
        drawing.add_total()
        if position is not None:
            drawing.write_sums(position)
        return drawing.figure


class _Drawing:
    """The figure of a channel sum: a row for each channel, their total, and the sums below."""

    def __init__(
        self, steps: ChannelSteps, position: Position | None, paper: Paper, shown: Tensor | None
    ) -> None:
        self.steps, self.position, self.shown = steps, position, shown
        channels, rows, columns = steps.image.shape
        kernel_rows, kernel_columns = steps.filter.shape[1:]
        # The side of a pixel, in cells: a picture has one size, whatever its pixels.
        self.scale = 1.0 if steps.is_grid else _PICTURE / max(rows, columns)
        self.tall, self.wide = rows * self.scale, columns * self.scale
        self.map_tall, self.map_wide = (n * self.scale for n in steps.output.shape)
        self.row = max(self.tall, kernel_rows)
        self.x_filter = MARGIN + self.wide + _GAP
        self.x_maps = self.x_filter + kernel_columns + _GAP
        self.x_total = self.x_maps + max(self.map_wide, 1.6) + _GAP + 0.5
        self.total_wide = max(self.map_wide, 2.0)
        self.width = self.x_total + self.total_wide + MARGIN
        self.foot = MARGIN + channels * (self.row + _HEAD)
        sums = 0.0 if position is None else _LINE * (channels + 1.6) + 0.1
        self.figure, self.ax = paper.diagram(self.width, self.foot + sums + MARGIN)
        self.limit = full_colour(steps.maps, share=0.99)

    def middle(self, channel: int) -> float:
        """Return the middle of the row of a channel."""
        return MARGIN + channel * (self.row + _HEAD) + _HEAD + self.row / 2

    def add_channel(self, channel: int) -> None:
        """Draw a channel * its slice of the filter = its partial map."""
        steps, middle = self.steps, self.middle(channel)
        kernel_rows, kernel_columns = steps.filter.shape[1:]
        name, top = steps.names[channel], middle - self.tall / 2
        colour = _PRIMARY.get(name, PALETTE["input"])
        style: Any = {"height": 0.46, "width": self.wide, "colour": colour}
        write_in(self.ax, MARGIN, top - 0.38, name, **style, **_BOLD)
        if steps.is_grid:
            _paint_plane(self.ax, steps.image[channel], colour, MARGIN, top)
        else:
            light = torch.tensor(_LIGHT.get(name, (1.0, 1.0, 1.0))).double()
            self.add_picture(steps.image[channel].clamp(0, 1)[..., None] * light, MARGIN, top)
        self.add_frame(MARGIN, top, kernel_rows, kernel_columns)
        write_in(self.ax, self.x_filter - _GAP / 2, middle, "*", height=0.8)
        top = middle - kernel_rows / 2
        origin = self.x_filter, top
        fmt = number_format(steps.filter)
        slice_ = steps.filter[channel]
        paint_grid(self.ax, slice_, origin=origin, role="kernel", strength=0.45, fmt=fmt)
        style = {"height": 0.38, "ha": "left", "colour": TEXT_COLOURS["kernel"]}
        write_in(self.ax, self.x_filter, top - 0.34, say("slice {n}", n=channel), **style)
        write_in(self.ax, self.x_maps - _GAP / 2, middle, "=", height=0.8)
        self.add_map(steps.partial[channel], self.x_maps, middle - self.map_tall / 2)
        if channel:
            between = (self.middle(channel - 1) + middle) / 2 + 0.05
            write_in(self.ax, self.x_maps + self.map_wide / 2, between, "+", height=0.8)

    def add_total(self) -> None:
        """Draw the bracket around the partial maps, and the feature map that they add up to."""
        steps, ax = self.steps, self.ax
        first, last = self.middle(0), self.middle(len(steps.image) - 1)
        middle, edge = (first + last) / 2, self.x_maps + self.map_wide + 0.3
        x, y = self.x_total, middle - self.map_tall / 2
        arrow(ax, (edge, middle), (x - 0.15, middle))
        bracket(ax, edge, first - self.map_tall / 2, last + self.map_tall / 2)
        style: Any = {"colour": TEXT_COLOURS["output"]}
        room: Any = {"height": 0.42, "width": self.total_wide, "ha": "left"}
        write_in(ax, x, y - 0.85, "sum + bias", **room, **style)
        write_in(ax, x, y - 0.36, "Y", height=0.46, **_BOLD, **style)
        size = size_text(steps.output.shape)
        write_in(ax, x + 0.5, y - 0.36, size, height=0.38, ha="left", colour=MUTED)
        self.add_map(steps.output, x, y)
        bias = say("bias {bias}", bias=steps.bias_text)
        write_in(ax, x, y + self.map_tall + 0.4, bias, colour=TEXT_COLOURS["bias"], **room)

    def write_sums(self, position: Position) -> None:
        """Write the products of each channel on a line, then the sum of them all and the bias."""
        steps, room = self.steps, self.width - 2 * MARGIN
        lines = [steps.products(channel, position) for channel in range(len(steps.image))]
        longest, longest_result = (max(map(len, texts)) for texts in zip(*lines, strict=True))
        name_width = 0.68 * max(map(len, steps.names)) + 0.6
        result_width = 0.68 * longest_result + 0.4
        height = min(0.44, room / (name_width + 0.56 * longest + result_width))
        x, end = MARGIN + height * name_width, MARGIN + room - height * result_width
        top = self.foot + 0.25
        for channel, (products, result) in enumerate(lines):
            y = top + (channel + 0.5) * _LINE
            name = steps.names[channel]
            colour = _PRIMARY.get(name, PALETTE["input"])
            write_in(self.ax, MARGIN, y, name, height=height, colour=colour, **_BOLD)
            style: Any = {"height": height, "width": end - x - 0.1, "ha": "left"}
            write_in(self.ax, x, y, products, **style)
            write_in(self.ax, end, y, result, height=height, **_BOLD)
        (*parts, bias), result = steps.terms(position)
        terms = " + ".join([*map(in_brackets, parts), say("bias {bias}", bias=bias)])
        text = "Y[{}, {}] = {} {}".format(*position, terms, result)
        y = top + (len(lines) + 0.65) * _LINE
        style = {"height": 0.5, "width": room, "colour": TEXT_COLOURS["output"]}
        write_in(self.ax, MARGIN, y, text, **style, **_BOLD)

    def add_map(self, values: Tensor, x: float, y: float) -> None:
        """Draw a feature map, as numbers or as a picture."""
        if self.steps.is_grid:
            style: Any = {"role": "output", "shown": self.shown, "fmt": self.steps.write}
            paint_grid(self.ax, values, origin=(x, y), **style)
        else:
            limits = -self.limit, self.limit
            self.add_picture(values, x, y, cmap=SIGNED_CMAP, limits=limits)
        self.add_frame(x, y)

    def add_picture(self, values: Tensor, x: float, y: float, **style: Any) -> None:
        """Draw a picture in its size, with a thin border."""
        width, height = values.shape[1] * self.scale, values.shape[0] * self.scale
        box = (x, y, width, height)
        place_picture(self.ax, values, box, aspect="equal", zorder=1, **style)
        role = "output" if "limits" in style else "input"
        tinted_box(self.ax, *box, role=role, strength=None, edge="#8C8C8C", zorder=1)

    def add_frame(self, x: float, y: float, rows: int = 1, columns: int = 1) -> None:
        """Frame what belongs to the current value in a panel, if there is one."""
        if self.position is not None:
            i, j = self.position
            size: Any = {"rows": rows * self.scale, "columns": columns * self.scale}
            outline(self.ax, x + j * self.scale, y + i * self.scale, **size)


def _paint_plane(ax: Axes, values: Tensor, colour: Colour, x: float, y: float) -> None:
    """Draw the numbers of one channel in cells of its colour."""
    write = number_format(values)
    face, edge = mix(colour, 0.16), mix(colour, 0.6)
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            paint_cell(ax, x + j, y + i, face=face, edge=edge)
            write_in(ax, x + j + 0.5, y + i + 0.5, write(value), width=0.8)
