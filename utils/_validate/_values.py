"""Numbers, names, texts, sizes and pairs."""

from __future__ import annotations

import difflib
import functools
import os
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import torch

from utils._validate._declaration import Kind
from utils._validate._words import _describe, _list_names


def as_int(value: Any, name: str, *, minimum: int = 1, maximum: int | None = None) -> int:
    """Return `value` as an int from `minimum` to `maximum`; bools, floats, strings are refused."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {_describe(value)}")
    whole = int(value)
    if whole < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {whole}")
    if maximum is not None and whole > maximum:
        raise ValueError(f"{name} must be at most {maximum:,}, got {whole:,}")
    return whole


def integer(minimum: int = 1, maximum: int | None = None) -> Kind:
    """Return the kind of an integer within limits."""
    outside = [minimum - 1] if maximum is None else [minimum - 1, maximum + 1]
    wrong = [*outside, 2.5, "2", True, None]
    return Kind(functools.partial(as_int, minimum=minimum, maximum=maximum), wrong)


Count = Annotated[int, integer()]
NonNegative = Annotated[int, integer(minimum=0)]


def as_number(
    value: Any,
    name: str,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
) -> float:
    """Return `value` as a finite float between limits that belong to it, or do not."""
    if isinstance(value, torch.Tensor) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {_describe(value)}")
    value = cast(Any, value)
    if not np.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}")
    if minimum is not None and value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    if above is not None and value <= above:
        raise ValueError(f"{name} must be greater than {above}, got {value}")
    if maximum is not None and value > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {value}")
    if below is not None and value >= below:
        raise ValueError(f"{name} must be less than {below}, got {value}")
    return float(value)


def number(**limits: Any) -> Kind:
    """Return the kind of a finite number within the limits of `as_number`."""
    steps = {"minimum": -0.5, "above": 0, "maximum": 0.5, "below": 0}
    outside = [limit + steps[side] for side, limit in limits.items()]
    wrong = [*outside, float("nan"), "2", True, None]
    return Kind(functools.partial(as_number, **limits), wrong)


Number = Annotated[float, number()]
Positive = Annotated[float, number(above=0)]


def as_bool(value: Any, name: str) -> bool:
    """Return `value` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {_describe(value)}")
    return bool(value)


Flag = Annotated[bool, Kind(as_bool, ["yes", 2.5, [True], None])]


def as_choice(value: Any, name: str, options: Iterable[str]) -> str:
    """Return `value` if it is one of the strings `options`; else name the closest ones."""
    options = list(options)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {_describe(value)}")
    if value in options:
        return value
    close = difflib.get_close_matches(value.lower().replace(" ", "_"), options, cutoff=0.5)
    hint = f"did you mean {_list_names(close)}?" if close else f"choose {_list_names(options)}"
    raise ValueError(f"{name} {value!r} is not known: {hint}")


def choice(options: Iterable[str]) -> Kind:
    """Return the kind of a string that is one of `options`."""
    return Kind(functools.partial(as_choice, options=options), [None, 3, "qqqq"])


def as_path(value: Any, name: str) -> Path:
    """Return a string or a path as a path, with ``~`` written out."""
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{name} must be a string or a path, got {_describe(value)}")
    return Path(value).expanduser().absolute()


FilePath = Annotated[Any, Kind(as_path, [None, 3, True])]


def require_rest(**shares: float) -> None:
    """Refuse parts of a whole that leave nothing of it."""
    if sum(shares.values()) >= 1 - 1e-9:
        raise ValueError(
            f"{' + '.join(shares)} must be less than 1, got {' + '.join(map(str, shares.values()))}"
        )


def require_undivided(train: bool | None, dataset: str) -> None:
    """Refuse to choose a part of a data set that has none."""
    if train is not None:
        raise ValueError(
            f"train must be None for {dataset!r}, which comes in one piece (see `split`), "
            f"got {train}"
        )


def as_texts(texts: Any, name: str, number: int | None = None) -> list[str]:
    """Return a list of strings, `number` of them where one belongs to each of so many things."""
    if not isinstance(texts, (list, tuple)):
        count = "" if number is None else f"{number} "
        raise TypeError(f"{name} must be a list of {count}texts, got {_describe(texts)}")
    if number is not None and len(texts) != number:
        raise ValueError(f"{name} must hold {number} texts, got {len(texts)}")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"{name}[{index}] must be a string, got {_describe(text)}")
    return list(texts)


def as_titles(titles: Any, number: int) -> Sequence[str | None]:
    """Return one title (or None) for each panel."""
    return [None] * number if titles is None else as_texts(titles, "titles", number)


Texts = Annotated[Any, Kind(as_texts, ["text", 3, [3, 4], None])]


def as_pair(value: Any, name: str, *, minimum: int = 1) -> tuple[int, int]:
    """Return an int or a pair of ints as a (height, width) tuple."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        value = (value, value)
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{name} must be an integer or a pair (H, W), got {_describe(value)}")
    if len(value) != 2:
        raise ValueError(f"{name} must be an integer or a pair (H, W), got {_describe(value)}")
    height, width = (as_int(part, name, minimum=minimum) for part in value)
    return height, width


def pair(minimum: int = 1) -> Kind:
    """Return the kind of an integer or a pair of them, given to the body as a pair."""
    return Kind(functools.partial(as_pair, minimum=minimum), _not_pairs(minimum))


def int_or_pair(minimum: int = 1) -> Kind:
    """Return the kind of an integer or a pair of them, for a body that tells them apart."""
    return Kind(functools.partial(as_int_or_pair, minimum=minimum), _not_pairs(minimum))


def _not_pairs(minimum: int) -> list[Any]:
    return [minimum - 1, (2, minimum - 1), 2.5, "2", (1, 2, 3), (1,), (2, None), True, None]


def as_int_or_pair(value: Any, name: str, *, minimum: int = 1) -> int | tuple[int, int]:
    """Return an int as an int, a pair of ints as a tuple."""
    sizes = as_pair(value, name, minimum=minimum)
    return sizes[0] if isinstance(value, Integral) else sizes


Pair = Annotated[Any, pair()]
NonNegativePair = Annotated[Any, pair(minimum=0)]
IntOrPair = Annotated[Any, int_or_pair()]
NonNegativeIntOrPair = Annotated[Any, int_or_pair(minimum=0)]


def as_padding(padding: Any, name: str = "padding") -> tuple[int, int] | str:
    """Return `padding` as a (height, width) tuple, or as the string "same" or "valid"."""
    if isinstance(padding, str):
        return as_choice(padding, name, ("same", "valid"))
    return as_pair(padding, name, minimum=0)


def as_padding_or_int(padding: Any, name: str) -> int | tuple[int, int] | str:
    """Return `padding` as `as_padding` does, but an int as an int."""
    rows_columns = as_padding(padding, name)
    return int(padding) if isinstance(padding, Integral) else rows_columns


_NOT_PADDINGS = [*_not_pairs(0), "sane"]
Padding = Annotated[Any, Kind(as_padding, _NOT_PADDINGS)]
PaddingOrInt = Annotated[Any, Kind(as_padding_or_int, _NOT_PADDINGS)]


def as_layers(layers: Any, name: str = "layers") -> list[tuple[int, int, int]]:
    """Return a list of (kernel size, stride[, dilation]) as a list of three ints each."""
    if not isinstance(layers, (list, tuple)):
        raise TypeError(f"{name} must be a list of (kernel_size, stride), got {_describe(layers)}")
    triples = []
    for index, layer in enumerate(layers):
        label = f"{name}[{index}]"
        expected = f"{label} must be (kernel_size, stride) or (kernel_size, stride, dilation)"
        if not isinstance(layer, (list, tuple)):
            raise TypeError(f"{expected}, got {_describe(layer)}")
        if len(layer) not in (2, 3):
            raise ValueError(f"{expected}, got {_describe(layer)}")
        kernel_size, stride, dilation = (*layer, 1)[:3]
        triples.append(tuple(as_int(part, label) for part in (kernel_size, stride, dilation)))
    return cast(list[tuple[int, int, int]], triples)


def as_input_shape(shape: Any, name: str = "input_shape") -> tuple[int, ...]:
    """Return the shape of an input as a tuple of ints."""
    if not isinstance(shape, (list, tuple)):
        raise TypeError(f"{name} must be a tuple such as (C, H, W), got {_describe(shape)}")
    if not shape:
        raise ValueError(f"{name} must have at least one axis, got ()")
    return tuple(as_int(size, f"{name}[{axis}]") for axis, size in enumerate(shape))


InputShape = Annotated[
    Any, Kind(as_input_shape, [None, 3, "text", (), (3, 0, 9), (3, 8.5, 9), torch.ones(3)])
]


def pad_amounts(
    padding: Any, kernel_size: Any, *, stride: Any = 1, dilation: Any = 1
) -> tuple[tuple[int, int], tuple[int, int]]:
    """
    Return the padding as ``((top, bottom), (left, right))``.

    For an even kernel, ``padding="same"`` needs an odd number of extra rows; as in PyTorch, the
    bottom and the right get the one more.
    """
    padding = as_padding(padding)
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        if as_pair(stride, "stride") != (1, 1):
            rows, columns = as_pair(stride, "stride")
            given = rows if rows == columns else (rows, columns)
            raise ValueError(
                f'padding="same" needs stride 1, got stride={given}: '
                "give the padding as a number, for example padding=1"
            )
        spans = zip(as_pair(kernel_size, "kernel_size"), as_pair(dilation, "dilation"), strict=True)
        totals = [d * (k - 1) for k, d in spans]
        top_bottom, left_right = ((total // 2, total - total // 2) for total in totals)
        return top_bottom, left_right
    height, width = padding
    return (height, height), (width, width)


def require_fit(size: int, kernel_size: int, before: int, after: int, dilation: int) -> None:
    """Refuse a window that reaches beyond the padded input."""
    span = dilation * (kernel_size - 1) + 1
    if span <= size + before + after:
        return
    spread = f" with dilation={dilation} (spans {span})" if dilation > 1 else ""
    raise ValueError(
        f"the window must fit into the padded input, got kernel_size={kernel_size}{spread} for an "
        f"input of {size} with {before + after} of padding: use a smaller kernel or more padding"
    )


def require_half_window(padding: int, kernel_size: int) -> None:
    """Refuse a padding in which a window of pooling could lie as a whole."""
    if padding > kernel_size // 2:
        raise ValueError(
            f"padding must be at most half of the window, got padding={padding} for a window of "
            f"{kernel_size}"
        )


def require_output_padding(output_padding: int, stride: int, dilation: int) -> None:
    """Refuse rows at the end that another size of the input would explain."""
    if output_padding >= max(stride, dilation):
        raise ValueError(
            "output_padding must be less than the stride or the dilation, "
            f"got output_padding={output_padding} with stride={stride} and dilation={dilation}"
        )


def require_output_left(entries: int, padding: int) -> None:
    """Refuse a padding that cuts off the whole output of a transposed convolution."""
    if entries < 1:
        raise ValueError(
            f"padding must leave something of the output, got padding={padding} for an output of "
            f"{entries + 2 * padding} before it is cut: use less padding"
        )


def require_even_padding(kernel_size: int, dilation: int) -> None:
    """Refuse a window that keeps the size only with different padding on the two sides."""
    total = dilation * (kernel_size - 1)
    if total % 2:
        raise ValueError(
            f"no equal padding of both sides keeps the size, got kernel_size={kernel_size} with "
            f"dilation={dilation}, which needs {total} in all: use an odd kernel_size"
        )


def require_divisible(channels: int, groups: int, name: str) -> None:
    """Refuse channels that cannot be split into groups of equal size."""
    if channels % groups:
        raise ValueError(f"{name} must be divisible by groups, got {channels} and {groups}")
