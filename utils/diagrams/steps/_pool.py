"""A window that slides over an image and keeps its largest value, or its mean."""

import math
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from utils.diagrams.steps._base import MARGIN, Paper, Position, Steps, named_grid
from utils.drawing.cells import ems, paint_cell, paint_grid, write_header, write_in
from utils.drawing.colours import INK, PALETTE, TEXT_COLOURS, tint
from utils.drawing.marks import arrow, outline, outline_cells, tinted_box
from utils.drawing.words import (
    equality,
    listed,
    number_format,
    number_of,
    one_or_pair,
    say,
    size_text,
)
from utils.shapes import pool_output_size

POOL_MODES = ("max", "average")
_GAP, _TITLE, _HEAD, _LINE, _ABOVE_RESULT = 1.4, 0.7, 0.75, 0.68, 0.35  # cells


class PoolSteps(Steps):
    """A window slides over an image (H, W), as in `max_pool2d` or `avg_pool2d` of PyTorch."""

    def __init__(
        self,
        image: Tensor,
        kernel_size: tuple[int, int],
        *,
        stride: tuple[int, int] | None = None,
        padding: tuple[int, int] = (0, 0),
        mode: str = "max",
        ceil_mode: bool = False,
    ) -> None:
        size: Any = tuple(image.shape)
        self.image, self.kernel_size, self.mode = image, kernel_size, mode
        self.stride = kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        settings: Any = {"stride": self.stride, "padding": padding, "ceil_mode": ceil_mode}
        output_size = pool_output_size(size, kernel_size, **settings)  # refuses what doesn't fit
        self.output = self.pool(image)
        # How far the windows reach, and the grid as drawn: the image, its padding, and the cells
        # beyond it that only `ceil_mode` reaches.
        windows = zip(output_size, self.stride, kernel_size, strict=True)
        self.reach = [(n - 1) * s + k for n, s, k in windows]
        self.padded_size = [n + 2 * p for n, p in zip(size, padding, strict=True)]
        ends = zip(padding, self.reach, self.padded_size, strict=True)
        self.rim = [(p, p + max(0, r - n)) for p, r, n in ends]
        self.drawn_size = [n + sum(rim) for n, rim in zip(size, self.rim, strict=True)]
        above, before = padding
        filler = -math.inf if mode == "max" else 0.0
        self.padded = F.pad(image, (before, before, above, above), value=filler)

    def pool(self, image: Tensor) -> Tensor:
        """Pool with PyTorch, which is the judge of every number drawn."""
        function = F.max_pool2d if self.mode == "max" else F.avg_pool2d
        settings: Any = {"padding": self.padding, "ceil_mode": self.ceil_mode}
        return function(image[None, None], self.kernel_size, self.stride, **settings)[0, 0]

    def window(self, position: Position) -> list[Position]:
        """Return all cells under a window, in the grid as drawn."""
        row, column = (p * s for p, s in zip(position, self.stride, strict=True))
        rows, columns = self.kernel_size
        return [(row + a, column + b) for a in range(rows) for b in range(columns)]

    def taps(self, position: Position) -> list[Position]:
        """Return the cells under a window that hold a value, padding included."""
        rows, columns = self.padded_size
        return [(i, j) for i, j in self.window(position) if i < rows and j < columns]

    def winner(self, position: Position) -> Position:
        """Return the cell that a maximum comes from: the first of the largest, as in PyTorch."""
        return max(self.taps(position), key=lambda tap: self.padded[tap])

    # In words -------------------------------------------------------------------------------

    def describe(self) -> str:
        """Say what the window does in a few words: "2×2 max pooling, stride 2"."""
        size, stride = size_text(self.kernel_size), one_or_pair(self.stride)
        pattern = f"{{size}} {self.mode} pooling, stride {{stride}}"
        words = say(pattern, size=size, stride=stride)
        if any(self.padding):
            words += say(", padding {padding}", padding=one_or_pair(self.padding))
        return words + ", ceil_mode" * self.ceil_mode

    def caption(self, step: int) -> str:
        """Say which value a step gives, and of which values it is the largest or the mean."""
        write = number_format(self.image)
        position = self.position(step)
        return say(
            "{name} = {value}: the {kind} of {values}.",
            name=self.name(step),
            value=number_format(self.output)(self.output[position]),
            kind=say("largest" if self.mode == "max" else "mean"),
            values=listed(write(self.padded[tap]) for tap in self.taps(position)),
        )

    def alt(self) -> str:
        """Say what slides over what, and what comes out."""
        return say(
            "A window slides over a {size} input: {pooling}, one step for each value of the "
            "output. The finished output has the rows {rows}.",
            size=size_text(self.image.shape),
            pooling=self.describe(),
            rows=self.rows_in_words(),
        )

    # Drawn ----------------------------------------------------------------------------------

    def draw(self, step: int, paper: Paper) -> Figure:
        """Draw the input with the window, the output so far, and how its values become one."""
        rows, columns = self.drawn_size
        output_rows, output_columns = self.output.shape
        tallest = max(rows, output_rows)
        width = max(2 * MARGIN + columns + _GAP + max(output_columns, 2.2), 8.0)
        room = width - 2 * MARGIN
        foot = MARGIN + _TITLE + _HEAD + tallest + _ABOVE_RESULT
        height = foot + _LINE * self.kernel_size[0] + MARGIN
        figure, ax = paper.diagram(width, height)

        write_in(ax, MARGIN, MARGIN + 0.25, self.describe(), height=0.44, width=room, ha="left")
        middle = MARGIN + _TITLE + _HEAD + tallest / 2
        left, top = MARGIN, middle - rows / 2
        write_header(ax, left, top - 0.4, "X", "input", self.image.shape)
        i, j = self.position(step)
        self._paint_input(ax, (i, j), left, top)
        x, y = MARGIN + columns + _GAP, middle - output_rows / 2
        arrow(ax, (left + columns + 0.2, middle), (x - 0.2, middle))
        named_grid(ax, "Y", self.output, x, y, role="output", shown=self.computed(step))
        outline(ax, x + j, y + i)
        self._formula(step).write(ax, top=foot, room=room)
        return figure

    def _paint_input(self, ax: Axes, position: Position, left: float, top: float) -> None:
        """Draw the input with its rim, what no window reaches hatched, and the window on it."""
        (height, width), (rows, columns) = self.image.shape, self.drawn_size
        above, before = self.padding
        drawn = [(i, j) for i in range(rows) for j in range(columns)]
        inside = {(i, j) for i, j in drawn if 0 <= i - above < height and 0 <= j - before < width}
        window = self.window(position)
        special = [cell for cell in drawn if cell in window or cell not in inside]
        paint_grid(ax, self.image, origin=(left, top), padding=self.rim, blank=special)
        won = self.winner(position) if self.mode == "max" else None
        for i, j in reversed(special):
            if i < self.padded_size[0] and j < self.padded_size[1]:  # else there is no value
                self._paint_special(ax, (i, j), left, top, (i, j) in inside, (i, j) == won)
        unused: Any = {"role": "padding", "strength": None, "edge": PALETTE["padding"]}
        for i, j in drawn:
            if i >= self.reach[0] or j >= self.reach[1]:
                style: Any = {"hatch": "////", "linewidth": 0, "zorder": 1.5}
                tinted_box(ax, left + j, top + i, 1, 1, **unused, **style)
        outline_cells(ax, window, origin=(left, top))

    def _paint_special(
        self, ax: Axes, cell: Position, left: float, top: float, inside: bool, won: bool
    ) -> None:
        """Draw a cell under the window, or the value of one of the padding."""
        x, y = left + cell[1], top + cell[0]
        if inside:
            role, strength = ("output", 0.5) if won else ("highlight", 0.2)
            face = tint(role, strength)
            paint_cell(ax, x, y, face=face, edge="white", role=role, zorder=2)
        colour = INK if inside else TEXT_COLOURS["padding"]
        style: Any = {"colour": colour, "fontweight": "bold" if won else "normal"}
        text = number_format(self.image)(self.padded[cell])
        write_in(ax, x + 0.5, y + 0.5, text, width=0.8, **style)

    def _formula(self, step: int) -> "_Formula":
        """Write the values under the window, and what becomes of them."""
        position = self.position(step)
        taps, write = self.taps(position), number_format(self.image)
        entries = [write(self.padded[tap]) for tap in taps]
        numbers = [number_of(entry) for entry in entries]
        if self.mode == "max":
            words, value = ("max(", ",", ")"), max(numbers)
            winner = taps.index(self.winner(position))
        else:
            words, value = ("(", "+", f") / {len(taps)}"), sum(numbers) / len(numbers)
            winner = -1
        opening, between, closing = words
        result = number_format(self.output)(self.output[position])
        return _Formula(
            start=f"{self.name(step)} = {opening}",
            entries=entries,
            between=between,
            closing=closing,
            result=f"{equality(value, result)} {result}",
            columns=len({j for _, j in taps}),
            winner=winner,
        )


class _Formula(NamedTuple):
    """How values become one, in texts: "Y[0, 0] = max(" "1", "3", "7", "4" ")" "= 7"."""

    start: str
    entries: list[str]
    between: str
    closing: str
    result: str
    columns: int
    winner: int  # the entry that is the result, or -1

    def write(self, ax: Axes, *, top: float, room: float) -> None:
        """Write it, a line for each row of the window."""
        # Widths as multiples of the height of the text; the numbers of a column end at one place.
        gap, shift = (0.75, 0.1) if self.between == "," else (1.3, 0.3)
        columns = [self.entries[column :: self.columns] for column in range(self.columns)]
        widths = [max(map(ems, column)) + 0.05 for column in columns]
        ends = [end + gap * n for n, end in enumerate(accumulate(widths))]
        start_width = ems(self.start) + 0.5
        result_width = ems(f"{self.closing} {self.result}", "bold") + 0.6
        height = min(0.46, room / (start_width + ends[-1] + result_width))
        write = partial(write_in, ax, height=height)
        output: Any = {"colour": TEXT_COLOURS["output"], "fontweight": "bold"}

        y = top + 0.5 * _LINE
        write(MARGIN, y, self.start, ha="left")
        for index, entry in enumerate(self.entries):
            row, column = divmod(index, self.columns)
            x, y = MARGIN + height * (start_width + ends[column]), top + (row + 0.5) * _LINE
            style = output if index == self.winner else {"colour": TEXT_COLOURS["input"]}
            write(x, y, entry, ha="right", **style)
            if index < len(self.entries) - 1:
                write(x + height * shift, y, self.between, ha="left")
        x = MARGIN + height * (start_width + ends[-1] + 0.15)
        write(x, y, self.closing, ha="left")
        x += height * (ems(self.closing) + 0.4)
        write_in(ax, x, y, self.result, height=1.1 * height, ha="left", **output)
