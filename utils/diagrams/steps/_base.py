"""What calculations in steps have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from utils.drawing.cells import blank_figure, paint_grid, write_header
from utils.drawing.page import MakeFigure, page_width
from utils.drawing.words import number_format

MARGIN = 0.25  # cells
Position = tuple[int, int]


class Paper(NamedTuple):
    """What a step is drawn on: the maker of the figure, its largest cell and width in inches."""

    make: MakeFigure
    cell: float
    widest: float

    def diagram(self, width: float, height: float) -> tuple[Figure, Axes]:
        """Make a figure of width x height cells."""
        return blank_figure(self.make, width, height, cell=self.cell, widest=self.widest)


class Steps(ABC):
    """A calculation that gives a grid of numbers, one number a step, row by row."""

    output: Tensor  # (H_out, W_out), float64

    @abstractmethod
    def draw(self, step: int, paper: Paper) -> Figure:
        """Draw a step; all steps have the same size and layout."""

    @abstractmethod
    def caption(self, step: int) -> str:
        """Say in a sentence what happens in a step."""

    @abstractmethod
    def alt(self) -> str:
        """Say what there is to see in all the steps."""

    def page(self) -> Paper:
        """Return the paper of a figure on a page, which pyplot knows."""
        return Paper(plt.figure, 0.6, min(5.6, page_width()))

    def frame(self) -> Paper:
        """Return the paper of a step of an animation, which pyplot does not know."""
        return Paper(Figure, 0.42, 4.2)

    def __len__(self) -> int:
        return self.output.numel()

    def plot(self, step: int) -> Figure:
        """Draw a step as a figure on a page."""
        return self.draw(step, self.page())

    def frames(self) -> Iterator[Figure]:
        """Draw all the steps, one after the other as they are asked for."""
        return (self.draw(step, self.frame()) for step in range(len(self)))

    def captions(self) -> list[str]:
        """Return a sentence for each step."""
        return [self.caption(step) for step in range(len(self))]

    def position(self, step: int) -> Position:
        """Return the row and column of the output that a step computes."""
        return divmod(step, self.output.shape[1])

    def name(self, step: int) -> str:
        """Return the name of the value that a step computes: "Y[0, 1]"."""
        return "Y[{}, {}]".format(*self.position(step))

    def computed(self, step: int) -> Tensor:
        """Return which values of the output are known after a step, as a mask."""
        return (torch.arange(len(self)) <= step).reshape(self.output.shape)

    def rows_in_words(self) -> str:
        """Write the rows of the finished output."""
        write = number_format(self.output)
        return "; ".join(" ".join(write(value) for value in row) for row in self.output)


def named_grid(
    ax: Axes, letter: str, values: Tensor, x: float, y: float, *, role: str, **style: object
) -> None:
    """Draw a grid of numbers, with its letter and its size above it."""
    write_header(ax, x, y - 0.4, letter, role, values.shape)
    paint_grid(ax, values, origin=(x, y), role=role, **style)  # type: ignore[arg-type]
