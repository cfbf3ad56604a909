"""Tests of the exercises of chapter NN."""

from utils.checks._engine import exercise, same


@exercise("NN.1")
def total(answer):
    """The sum of 1 and 2."""
    yield "it is a number", isinstance(answer, int | float)
    yield "the sum is right", same(answer, 3, reveal=False)


@exercise("NN.2")
def double(answer):
    """Twice a number."""
    yield "twice 3 is 6", same(answer(3), 6)
    yield "twice -1 is -2", same(answer(-1), -2)


@exercise("NN.3")
def halve(answer):
    """Half a number."""
    yield "half of 6 is 3", same(answer(6), 3)
    yield "half of 3 is 1.5", same(answer(3), 1.5)


@exercise("NN.4")
def pixels(answer):
    """The pixels of a picture of 200 x 200."""
    yield "it is a number", isinstance(answer, int | float)
    yield "it counts rows and columns", same(answer, 40_000, reveal=False)
