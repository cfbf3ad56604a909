"""Tests of the exercises of chapter 1, images as tensors."""

from typing import Any

import numpy as np
import torch

from utils.checks._engine import Tests, exercise, same


@exercise("1.1")
def shapes_by_hand(answer: Any) -> Tests:
    """Layouts of Pillow, NumPy and PyTorch, and the memory of a batch."""
    array_shape, batch_shape, batch_bytes = answer
    yield "the array has three axes", len(array_shape) == 3
    yield "the shape of the array is right", same(array_shape, (480, 640, 3), reveal=False)
    yield "the batch has four axes", len(batch_shape) == 4
    yield "the shape of the batch is right", same(batch_shape, (8, 3, 480, 640), reveal=False)
    yield (
        "the number of bytes is right",
        same(batch_bytes, 8 * 3 * 480 * 640 * 4, tolerance=0, reveal=False),
    )


@exercise("1.2")
def places_by_hand(answer: Any) -> Tests:
    """Between a pixel and its place in the flattened picture of 6 rows and 8 columns."""
    place, pixel = answer
    yield "the place of [2, 3] is right", same(place, 19, reveal=False)
    yield "the pixel is a row and a column", len(pixel) == 2
    yield "the pixel at place 29 is right", same(pixel, [3, 5], reveal=False)


@exercise("1.3")
def to_float_tensor(answer: Any) -> Tests:
    """From a uint8 array, colour or grey, to a float32 tensor with the channels first."""
    generator = np.random.default_rng(0)
    for kind, shape in (("colour", (4, 5, 3)), ("grey", (4, 5)), ("narrow grey", (4, 3))):
        array = generator.integers(0, 256, shape, dtype=np.uint8)
        array.flat[0] = 255
        expected = array[None] if array.ndim == 2 else np.moveaxis(array, 2, 0)
        got = answer(array.copy())
        yield f"a {kind} array gives a tensor", isinstance(got, torch.Tensor)
        yield (
            f"a {kind} array of shape {shape} gives shape {expected.shape}",
            same(tuple(got.shape), expected.shape),
        )
        yield f"a {kind} array gives float32", same(str(got.dtype), "torch.float32")
        yield f"every number of a {kind} array is right", same(got, expected / 255, tolerance=1e-6)


@exercise("1.4")
def to_array(answer: Any) -> Tests:
    """From a float tensor with the channels first to a uint8 array, clipped and rounded."""
    for what, tensor in (
        ("a picture of one colour", torch.tensor([0.2, 0.4, 0.8])[:, None, None].expand(3, 4, 5)),
        ("a fraction of a level is rounded", torch.full((3, 2, 2), 99.7 / 255)),
        ("a number below 0 becomes 0", torch.full((3, 2, 2), -0.5)),
        ("a number above 1 becomes 255", torch.full((3, 2, 2), 1.5)),
        ("every pixel stays in its place", torch.arange(60.0).reshape(3, 4, 5) / 64),
    ):
        expected = (255 * tensor.clamp(0, 1)).round().permute(1, 2, 0)
        got = answer(tensor.clone())
        yield (
            f"{what}: the result is an array of uint8",
            isinstance(got, np.ndarray) and same(str(got.dtype), "uint8"),
        )
        yield f"{what}: every number is right", same(got, expected)


@exercise("1.5")
def levels_left(answer: Any) -> Tests:
    """How many of 256 levels survive a dark detour, in float32 and through uint8."""
    levels_float, levels_uint8 = answer
    yield "the count all in float32 is right", same(levels_float, 256, reveal=False)
    yield "the count through uint8 is right", same(levels_uint8, 65, reveal=False)
