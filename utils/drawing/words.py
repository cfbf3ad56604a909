"""Every text of a figure, in one place: one function for words, a few for numbers."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

__all__ = [
    "ALMOST_EQUAL",
    "DOT",
    "INFINITY",
    "MINUS",
    "TIMES",
    "equality",
    "in_brackets",
    "label_axes",
    "listed",
    "number_format",
    "number_of",
    "one_or_pair",
    "say",
    "short",
    "size_text",
    "title",
    "translated",
    "weight_texts",
]

ALMOST_EQUAL = "\N{ALMOST EQUAL TO}"
DOT = "\N{MIDDLE DOT}"
INFINITY = "\N{INFINITY}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"

_LARGEST_DENOMINATOR = 512

Write = Callable[[Any], str]
_translate: ContextVar[Callable[[str], str]] = ContextVar("translate", default=str)


# Words --------------------------------------------------------------------------------------


def say(text: str, **values: Any) -> str:
    """
    Return a text as it is drawn; every text of the layer comes through here.

    A text with numbers in it is given as its pattern, ``say("step {step}", step=3)``: this is what
    a translation is asked for.
    """
    text = _translate.get()(text)
    return text.format(**values) if values else text


@contextmanager
def translated(translate: Callable[[str], str]) -> Iterator[None]:
    """Draw everything inside the block with the words that `translate` gives for the English."""
    token = _translate.set(translate)
    try:
        yield
    finally:
        _translate.reset(token)


def title(ax: Axes, text: object, *, size: float, **style: Any) -> None:
    """Write a title above a panel, if there is one."""
    if text is not None:
        ax.set_title(say(str(text)), fontsize=size, **style)


def label_axes(ax: Axes, *, x: str | None = None, y: str | None = None, size: float) -> None:
    """Write what the axes of a chart are."""
    if x is not None:
        ax.set_xlabel(say(x), fontsize=size)
    if y is not None:
        ax.set_ylabel(say(y), fontsize=size)


def listed(texts: Iterable[str]) -> str:
    """Join texts as in a sentence: "0, 2 and 4"."""
    *first, last = texts
    return f"{', '.join(first)} {say('and')} {last}" if first else last


# Numbers ------------------------------------------------------------------------------------


def number_format(values: torch.Tensor, fmt: str | Write | None = None) -> Write:
    """
    Return the function that writes the entries of `values`.

    Whole numbers are written without a point, others with as few decimals (two at most) as serve
    the whole grid; negative numbers get a true minus sign.
    """
    if callable(fmt):
        own = fmt
        return lambda value: str(own(float(value)))
    if fmt is None:
        numbers = [value for value in values.flatten().tolist() if math.isfinite(value)]
        decimals = next(
            (d for d in (0, 1) if all(math.isclose(round(v, d), v, abs_tol=1e-6) for v in numbers)),
            2,
        )
        fmt = f".{decimals}f"
    pattern = fmt

    def write(value: Any) -> str:
        text = format(float(value), pattern)
        if text.startswith("-") and float(text) == 0:
            text = text[1:]
        return text.replace("-", MINUS).replace("inf", INFINITY)

    return write


def short(value: float) -> str:
    """Write a number with at most three digits."""
    return f"{value + 0.0:.3g}".replace("-", MINUS)  # -0.0 + 0.0 is 0.0


def number_of(text: str) -> float:
    """Return the number that was written as `text`."""
    return float(text.replace(MINUS, "-").replace(INFINITY, "inf"))


def equality(value: float, written: str) -> str:
    """Return the sign between a value and its written form: equal, or almost equal if rounded."""
    exact = math.isclose(value, number_of(written), rel_tol=1e-9, abs_tol=1e-9)
    return "=" if exact else ALMOST_EQUAL


def in_brackets(text: str) -> str:
    """Put brackets around a negative number, as behind another sign."""
    return f"({text})" if text.startswith(MINUS) else text


def size_text(shape: Sequence[int], *, between: str = TIMES) -> str:
    """Write a size: "3×3"; with ``between=" × "`` as in a title."""
    return between.join(f"{number}" for number in shape)


def one_or_pair(value: Any) -> str:
    """Write a setting of a layer: one number where all axes agree."""
    if isinstance(value, (tuple, list)):
        value = value[0] if len(set(value)) == 1 else tuple(value)
    return str(value)


def weight_texts(kernel: torch.Tensor) -> tuple[np.ndarray, str]:
    """
    Return the weights of a kernel as short texts, and the factor that they have in common.

    Weights that are not short are written as whole numbers where one factor does for all of them
    (``× 1/16``), and otherwise with two decimals.
    """
    values = kernel.double().numpy()
    texts = [short(value) for value in values.flat]
    exact = all(abs(float(f"{value:.3g}") - value) < 1e-6 for value in values.flat)
    factor = ""
    if not exact or max(len(text.lstrip(MINUS)) for text in texts) > 4:
        whole = _common_denominator(values)
        if whole:
            texts = [short(round(value * whole)) for value in values.flat]
            factor = f"{TIMES} 1/{whole}"
        else:
            texts = [f"{round(value, 2) + 0.0:.2f}".replace("-", MINUS) for value in values.flat]
    return np.array(texts).reshape(values.shape), factor


def _common_denominator(values: np.ndarray) -> int | None:
    """Return the least number that makes all values whole, or None if it would be large."""
    whole = 1
    for value in values.flat:
        nearest = Fraction(float(value)).limit_denominator(_LARGEST_DENOMINATOR)
        whole = lcm(whole, nearest.denominator)
        if whole > _LARGEST_DENOMINATOR:
            return None
    return whole if np.allclose(values * whole, np.round(values * whole), atol=1e-3) else None
