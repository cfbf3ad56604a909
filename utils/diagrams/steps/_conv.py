"""A kernel that slides over an image."""

from functools import partial
from itertools import accumulate
from typing import Any

import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from utils._validate import pad_amounts
from utils.diagrams.steps._base import MARGIN, Paper, Position, Steps, named_grid
from utils.drawing.cells import paint_cell, paint_grid, write_header, write_in
from utils.drawing.colours import TEXT_COLOURS, tint
from utils.drawing.marks import outline, outline_cells
from utils.drawing.words import (
    DOT,
    MINUS,
    TIMES,
    equality,
    in_brackets,
    listed,
    number_format,
    number_of,
    one_or_pair,
    say,
    size_text,
)
from utils.shapes import conv_output_size

_GAP, _HEAD, _LINE, _ABOVE_SUM = 1.1, 0.75, 0.68, 0.35  # cells
_PLUS = 1.3  # the room of a plus sign, as a multiple of the height of the text


class ConvSteps(Steps):
    """A kernel (kH, kW) slides over an image (H, W), as in `torch.nn.functional.conv2d`."""

    def __init__(
        self,
        image: Tensor,
        kernel: Tensor,
        *,
        stride: tuple[int, int],
        padding: tuple[int, int] | str,
        dilation: tuple[int, int],
    ) -> None:
        size, kernel_size = tuple(image.shape), tuple(kernel.shape)
        settings: Any = {"stride": stride, "dilation": dilation}
        conv_output_size(size, kernel_size, padding=padding, **settings)  # refuses what doesn't fit
        self.image, self.kernel = image.double(), kernel.double()
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.rim = pad_amounts(padding, kernel_size, **settings)
        (above, below), (before, after) = self.rim
        self.padded = F.pad(self.image, (before, after, above, below))
        self.extent = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel_size, strict=True))
        self.output = F.conv2d(self.padded[None, None], self.kernel[None, None], **settings)[0, 0]

    def corner(self, position: Position) -> Position:
        """Return the first cell of a window, in the padded image."""
        return position[0] * self.stride[0], position[1] * self.stride[1]

    def taps(self, position: Position) -> list[Position]:
        """Return the cells of the padded image that a window reads."""
        row, column = self.corner(position)
        rows, columns = self.kernel.shape
        down, across = self.dilation
        return [(row + a * down, column + b * across) for a in range(rows) for b in range(columns)]

    # In words -------------------------------------------------------------------------------

    def caption(self, step: int) -> str:
        """Say which value a step gives, and which pixels it reads."""
        taps, rim = self.taps(self.position(step)), self.rim
        rows, columns = (sorted({tap[axis] - rim[axis][0] for tap in taps}) for axis in (0, 1))
        return say(
            "{name} = {value}: the window reads {rows}, {columns}.",
            name=self.name(step),
            value=number_format(self.output)(self.output[self.position(step)]),
            rows=_span("row", rows),
            columns=_span("column", columns),
        )

    def alt(self) -> str:
        """Say what slides over what, and what comes out."""
        settings = [say("stride {stride}", stride=one_or_pair(self.stride))]
        if self.padding != (0, 0):
            settings.append(say("padding {padding}", padding=one_or_pair(self.padding)))
        if self.dilation != (1, 1):
            settings.append(say("dilation {dilation}", dilation=one_or_pair(self.dilation)))
        return say(
            "A {kernel} kernel slides over a {image} input with {settings}, one step for each "
            "value of the output. The finished output has the rows {rows}.",
            kernel=size_text(self.kernel.shape),
            image=size_text(self.image.shape),
            settings=f" {say('and')} ".join(settings),
            rows=self.rows_in_words(),
        )

    # Drawn ----------------------------------------------------------------------------------

    def draw(self, step: int, paper: Paper) -> Figure:
        """Draw the input with the window, the kernel, the output so far, and the sum."""
        rows, columns = self.padded.shape
        kernel_rows, kernel_columns = self.kernel.shape
        output_rows, output_columns = self.output.shape
        upper = max(_HEAD + rows, 2 * _HEAD + 0.35 + kernel_rows + output_rows)
        side = max(kernel_columns, output_columns, 2.6)
        width = 2 * MARGIN + columns + _GAP + side
        height = MARGIN + upper + _ABOVE_SUM + _LINE * kernel_rows + MARGIN
        figure, ax = paper.diagram(width, height)

        i, j = self.position(step)
        left, right = MARGIN, MARGIN + columns + _GAP
        y = MARGIN + _HEAD + (upper - _HEAD - rows) / 2
        write_header(ax, left, y - 0.4, "X", "input", self.image.shape)
        self._paint_window(ax, (i, j), left, y)
        named_grid(ax, "K", self.kernel, right, MARGIN + _HEAD, role="kernel", strength=0.45)
        y = MARGIN + upper - output_rows
        named_grid(ax, "Y", self.output, right, y, role="output", shown=self.computed(step))
        outline(ax, right + j, y + i)
        self._write_sum(ax, step, top=MARGIN + upper + _ABOVE_SUM, room=width - 2 * MARGIN)
        return figure

    def _paint_window(self, ax: Axes, position: Position, left: float, top: float) -> None:
        """Draw the padded image; under the window, each pixel with its weight in the corner."""
        taps = self.taps(position)
        paint_grid(ax, self.image, origin=(left, top), padding=self.rim, blank=taps)
        write_pixel, write_weight = number_format(self.image), number_format(self.kernel)
        small: Any = {"height": 0.29, "width": 0.85, "ha": "right"}
        for (i, j), weight in zip(taps, self.kernel.flatten(), strict=True):
            x, y = left + j, top + i
            face = tint("kernel", 0.45)
            paint_cell(ax, x, y, face=face, edge="white", role="kernel", zorder=2)
            write_in(ax, x + 0.46, y + 0.42, write_pixel(self.padded[i, j]), width=0.8)
            factor = TIMES + write_weight(weight)
            write_in(ax, x + 0.93, y + 0.8, factor, colour=TEXT_COLOURS["kernel"], **small)
        outline_cells(ax, taps, origin=(left, top))

    def _sum_in_texts(self, step: int) -> tuple[list[str], list[str], str]:
        """Write the pixels and weights of a window, and what their products add up to."""
        position = self.position(step)
        write_pixel, write_weight = number_format(self.image), number_format(self.kernel)
        pixels = [write_pixel(self.padded[tap]) for tap in self.taps(position)]
        weights = [write_weight(weight) for weight in self.kernel.flatten()]
        total = sum(number_of(p) * number_of(w) for p, w in zip(pixels, weights, strict=True))
        result = number_format(self.output)(self.output[position])
        return pixels, [in_brackets(w) for w in weights], f"{equality(total, result)} {result}"

    def _write_sum(self, ax: Axes, step: int, *, top: float, room: float) -> None:
        """Write the products, a line for each kernel row, and what they add up to."""
        pixels, weights, result = self._sum_in_texts(step)
        rows, columns = self.kernel.shape
        name = f"{self.name(step)} ="
        # Widths as multiples of the height of the text; the products are lined up at their dots.
        befores, afters = (
            [0.62 * max(map(len, texts[column::columns])) + 0.2 for column in range(columns)]
            for texts in (pixels, weights)
        )
        ends = list(accumulate(b + a + _PLUS for b, a in zip(befores, afters, strict=True)))
        name_width, result_width = 0.56 * len(name) + 0.3, 0.75 * len(result) + 0.5
        height = min(0.46, room / (name_width + ends[-1] + result_width))
        write = partial(write_in, ax, height=height)

        write(MARGIN, top + 0.5 * _LINE, name, ha="left")
        for index, (pixel, weight) in enumerate(zip(pixels, weights, strict=True)):
            row, column = divmod(index, columns)
            y = top + (row + 0.5) * _LINE
            dot = MARGIN + height * (name_width + ends[column] - afters[column])
            if index:
                write(dot - height * (befores[column] + _PLUS / 2), y, "+")
            write(dot - 0.2 * height, y, pixel, ha="right", colour=TEXT_COLOURS["input"])
            write(dot, y, DOT)
            write(dot + 0.2 * height, y, weight, ha="left", colour=TEXT_COLOURS["kernel"])
        x = MARGIN + height * (name_width + ends[-1] + 0.4)
        bold: Any = {"ha": "left", "colour": TEXT_COLOURS["output"], "fontweight": "bold"}
        write_in(ax, x, top + (rows - 0.5) * _LINE, result, height=1.1 * height, **bold)


def _span(name: str, numbers: list[int]) -> str:
    """Write which rows or columns are read: "rows 0 to 2", "columns 0, 2 and 4"."""
    words = [str(number).replace("-", MINUS) for number in numbers]
    if len(words) == 1:
        return f"{say(name)} {words[0]}"
    plural = say(f"{name}s")
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{plural} {words[0]} {say('to')} {words[-1]}"
    return f"{plural} {listed(words)}"
