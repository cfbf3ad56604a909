"""
Receptive fields: what one entry of a map sees.

A view is a tuple of (field, step), one for each axis of the map: the input pixels that one entry
sees, and those from one entry to the next. None: it sees everything, or cannot be told.
"""

from fractions import Fraction
from math import ceil
from typing import Any

from torch import Tensor, nn

from utils.shapes._layers import (
    ADAPTIVE_POOLS,
    AVERAGE_POOLS,
    CONVOLUTIONS,
    MAX_POOLS,
    number_of_axes,
    spread,
)

View = tuple[tuple[Fraction, Fraction], ...]
Window = tuple[tuple[int, ...], ...]


def itself(axes: int) -> View:
    """Return the view of the input: each entry sees itself."""
    return ((Fraction(1), Fraction(1)),) * axes


def window_of(layer: nn.Module, image: Tensor, output: Tensor) -> Window | None:
    """Return (kernel size, stride, dilation) of a layer along each axis of the map, or None."""
    if isinstance(layer, ADAPTIVE_POOLS):
        axes = number_of_axes(layer)
        keeps_size = image.shape[-axes:] == output.shape[-axes:]
        return ((1,) * axes,) * 3 if keeps_size else None
    return settings_of(layer)


def settings_of(layer: Any) -> Window | None:
    """Return (kernel size, stride, dilation) of a convolution or a pooling layer, else None."""
    if not isinstance(layer, (*CONVOLUTIONS, *MAX_POOLS, *AVERAGE_POOLS)):
        return None
    settings = (layer.kernel_size, layer.stride, getattr(layer, "dilation", 1))
    return tuple(spread(setting, number_of_axes(layer)) for setting in settings)


def slide(view: View | None, window: Window | None) -> View | None:
    """Return what an entry sees after a window has slid over the map."""
    if view is None or window is None:
        return None
    return tuple(
        (field + d * (k - 1) * step, step * s)
        for (field, step), k, s, d in zip(view, *window, strict=True)
    )


def spread_out(view: View | None, layer: Any) -> View | None:
    """Return what an entry sees after a transposed convolution."""
    if view is None:
        return None
    axes = zip(view, layer.kernel_size, layer.stride, layer.dilation, strict=True)
    return tuple((field + _reach(k, s, d) * step, step / s) for (field, step), k, s, d in axes)


def _reach(k: int, s: int, d: int) -> int:
    """Return the largest distance of two input entries that meet in one output entry."""
    meeting: dict[int, list[int]] = {}
    for tap in range(k):
        meeting.setdefault(d * tap % s, []).append(d * tap // s)
    return max(max(taps) - min(taps) for taps in meeting.values())


def enlarge(view: View | None, layer: Any, image: Tensor, output: Tensor) -> View | None:
    """Return what an entry sees after `nn.Upsample`."""
    known = layer.mode in ("nearest", "nearest-exact", "linear", "bilinear", "trilinear")
    sizes = list(zip(image.shape[2:], output.shape[2:], strict=True))
    if view is None or not known or any(after % before for before, after in sizes):
        return None
    more = 0 if layer.mode.startswith("nearest") else 1  # between two entries, or in one
    return tuple(
        (field + more * step, step / Fraction(after, before))
        for (field, step), (before, after) in zip(view, sizes, strict=True)
    )


def as_sizes(view: View | None) -> int | tuple[int, ...] | None:
    """Return the pixels along each axis, as one number if they are equal."""
    if view is None:
        return None
    sizes = tuple(ceil(field) for field, _ in view)
    return sizes[0] if len(set(sizes)) == 1 else sizes
