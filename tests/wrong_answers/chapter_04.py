"""Typical wrong answers to the exercises of chapter 4: each must fail its check."""

import torch
import torch.nn.functional as F


def _half_on_each_side(image, kernel_size, dilation):
    p = dilation * (kernel_size - 1) // 2
    return F.pad(image, (p, p, p, p))


def _half_the_kernel(image, kernel_size, dilation):
    p = kernel_size // 2
    return F.pad(image, (p, p, p, p))


def _more_above(image, kernel_size, dilation):
    total = dilation * (kernel_size - 1)
    start, end = total - total // 2, total // 2
    return F.pad(image, (start, end, start, end))


def _mirrored(image, kernel_size, dilation):
    total = dilation * (kernel_size - 1)
    rim = (total // 2, total - total // 2) * 2
    return F.pad(image[None, None], rim, mode="reflect")[0, 0]


def _size_after(n, k, stride=1, padding=0, dilation=1):
    return round((n + padding - dilation * k) / stride) + 1


def _reach_unmended(n, k, stride=1, padding=0, dilation=1):
    return _refusing((n + 2 * padding - dilation * k), stride)


def _padding_unmended(n, k, stride=1, padding=0, dilation=1):
    return _refusing(n + padding - dilation * (k - 1) - 1, stride)


def _refusing(room, stride):
    if room < 0:
        raise ValueError("the kernel does not fit")
    return room // stride + 1


def _rounding_unmended(n, k, stride=1, padding=0, dilation=1):
    room = n + 2 * padding - dilation * (k - 1) - 1
    _refusing(room, stride)
    return round(room / stride) + 1


def _never_refusing(n, k, stride=1, padding=0, dilation=1):
    return (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1


def _layers(first, second, third):
    return {"7 x 7": first, "3 x 3": second, "7 x 7, once": third}


_HALVING = {"padding": 3, "stride": 2}
_WIDE = {"padding": 4, "dilation": 4}
_TILING = {"stride": 7}

WRONG = {
    "4.1": [
        [[2, -1, 4], [-1, 2, 0], [4, 0, 2]],  # stride 1
        [[2, 4], [-1, 2]],  # rows and columns swapped
        [[2, 2], [-1, 2]],  # a kernel turned by half a turn
        [[1]],  # no padding
    ],
    "4.2": [_half_on_each_side, _half_the_kernel, _more_above, _mirrored],
    "4.3": [
        _layers({"stride": 2}, _WIDE, _TILING),  # 109
        _layers(_HALVING, {"padding": 1}, _TILING),  # reach 3
        _layers(_HALVING, {"dilation": 4}, _TILING),  # 56
        _layers(_HALVING, _WIDE, {"stride": 8, "padding": 2}),  # 4, with gaps
        _layers(_HALVING, _WIDE, {"stride": 6}),  # 4, with pixels read twice
    ],
    "4.4": [
        _size_after,
        _reach_unmended,
        _padding_unmended,
        _rounding_unmended,
        _never_refusing,
    ],
    "4.5": [
        ["constant"],
        ["reflect", "replicate"],
        ["constant", "reflect", "replicate", "circular"],  # looked at the inside only
        [],
        torch.ones(3),
    ],
}
