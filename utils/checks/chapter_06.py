"""Tests of the exercises of chapter 6, pooling."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from utils.checks._engine import Tests, exercise, same


@exercise("6.1")
def by_hand(answer: Any) -> Tests:
    """Padded max pooling of a map without a positive number."""
    yield "it has 2 rows and 2 columns", torch.as_tensor(answer).shape == (2, 2)
    rows = [[-2, -5, -3, -8], [-4, -6, -7, -5], [-9, -3, -5, -1], [-6, -4, -8, -7]]
    image = torch.tensor(rows, dtype=torch.float32)
    expected = F.max_pool2d(image[None], 3, stride=2, padding=1)[0]
    yield "the first number is one of the map", same(answer[0][0], expected[0, 0], reveal=False)
    yield "every number is right", same(answer, expected, reveal=False)


@exercise("6.2")
def layers(answer: Any) -> Tests:
    """Max pooling layers with the shapes and the windows that their keys name."""
    once, overlapping, rows = answer.values()
    yield "each is an nn.MaxPool2d", all(isinstance(pool, nn.MaxPool2d) for pool in answer.values())
    cases = (
        (once, (8, 30, 45), (8, 10, 9)),
        (overlapping, (64, 112, 112), (64, 56, 56)),
        (rows, (3, 5, 10), (3, 5, 1)),
    )
    for layer, shape, expected in cases:
        got = tuple(layer(torch.zeros(shape)).shape)
        yield f"{shape} becomes {expected}", same(got, expected)
    yield "the first reads every pixel exactly once", _reads_once(once)
    yield "the second has windows of 3 x 3", _pair(overlapping.kernel_size) == (3, 3)
    yield "the third takes one number from each whole row", _pair(rows.kernel_size) == (1, 10)


@exercise("6.3")
def block_max(answer: Any) -> Tests:
    """Max pooling with windows side by side, checked against PyTorch."""
    generator = torch.Generator().manual_seed(0)
    for shape, k in (((4, 4), 2), ((4, 6), 2), ((7, 7), 2), ((7, 11), 3)):
        image = torch.randn(shape, generator=generator) - 5
        height, width = shape
        yield (
            f"{height} x {width} pixels under windows of {k} x {k}",
            same(answer(image, k), F.max_pool2d(image[None], k)[0]),
        )


@exercise("6.4")
def mended(answer: Any) -> Tests:
    """Return the mean of each map, for maps of any size."""
    generator = torch.Generator().manual_seed(0)
    for height, width in ((7, 7), (8, 8), (14, 14), (5, 9)):
        maps = torch.rand(2, 3, height, width, generator=generator)
        expected = maps.mean(dim=(2, 3))
        yield (
            f"the means of maps of {height} x {width} pixels",
            same(answer(maps), expected, tolerance=1e-5),
        )


@exercise("6.5")
def until_white(answer: Any) -> Tests:
    """Count the max poolings by 2 until stripes of 8 pixels are white, for eight shifts."""
    yield "there are 8 numbers", torch.as_tensor(answer).shape == (8,)
    yield "the number for shift 0 is right", same(answer[0], 4, reveal=False)
    yield "every number is right", same(answer, [4, 3, 3, 3, 3, 3, 3, 3], reveal=False)


def _pair(setting: Any) -> tuple[int, int]:
    """Return rows and columns of a setting that may be one number."""
    height, width = setting if isinstance(setting, tuple | list) else (setting, setting)
    return height, width


def _reads_once(layer: Any) -> bool:
    """Return whether the windows of a layer lie side by side, without padding."""
    return _pair(layer.kernel_size) == _pair(layer.stride) and _pair(layer.padding) == (0, 0)
