"""Tests of the exercises of chapter 5, convolutional layers."""

from typing import Any

import torch
import torch.nn.functional as F

from utils.checks._engine import Tests, exercise, same
from utils.convolution import corr2d_multi_in


def _random_layer(
    seed: int,
    channels: int,
    filters: int,
    kernel_size: tuple[int, int],
    image_size: tuple[int, int],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return an image, a weight and a bias with numbers that are the same at every call."""
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(channels, *image_size, generator=generator)
    weight = torch.randn(filters, channels, *kernel_size, generator=generator)
    return image, weight, torch.randn(filters, generator=generator)


@exercise("5.1")
def by_hand(answer: Any) -> Tests:
    """One filter with two slices and a bias over an image with two channels."""
    image = [[[1, 2, 0], [0, 1, 3], [2, 1, 0]], [[0, 1, 1], [2, 0, 1], [1, 1, 2]]]
    slices = [[[1, 0], [0, -1]], [[0, 2], [1, 0]]]
    expected = corr2d_multi_in(torch.tensor(image), torch.tensor(slices)) - 1
    yield "it is one map of 2 rows and 2 columns", torch.as_tensor(answer).shape == (2, 2)
    yield "the first number is right", same(answer[0][0], expected[0, 0], reveal=False)
    yield "every number is right", same(answer, expected, reveal=False)


@exercise("5.2")
def layers(answer: Any) -> Tests:
    """Layers for given shapes and numbers of parameters; any settings that do it."""
    wanted = [
        ("first", (3, 32, 32), (8, 16, 16), 224),
        ("second", (64, 7, 7), (10, 7, 7), 650),
        ("third", (16, 20, 20), (16, 20, 20), 160),
    ]
    yield "there are three layers", len(answer) == 3
    for layer, (name, before, after, parameters) in zip(answer.values(), wanted, strict=True):
        yield f"the {name} is an nn.Conv2d", isinstance(layer, torch.nn.Conv2d)
        image = torch.zeros(1, *before, dtype=layer.weight.dtype)
        yield f"the {name} gives {after}", same(tuple(layer(image).shape[1:]), after)
        total = sum(parameter.numel() for parameter in layer.parameters())
        yield f"the {name} has {parameters} parameters", same(total, parameters)


@exercise("5.3")
def conv_layer(answer: Any) -> Tests:
    """A layer from scratch: images and kernels of several depths, square or not."""
    for kind, settings in {
        "a grey picture and one filter": (1, 1, (3, 3), (5, 5)),
        "a colour picture and two filters": (3, 2, (3, 3), (6, 6)),
        "a picture and kernels that are not square": (2, 4, (2, 3), (5, 7)),
    }.items():
        image, weight, bias = _random_layer(0, *settings)
        expected = F.conv2d(image[None], weight, bias)[0]
        got = answer(image, weight, bias)
        yield f"{kind}: the shape is right", same(tuple(got.shape), tuple(expected.shape))
        yield f"{kind}: the numbers are right", same(got, expected, tolerance=1e-5)


@exercise("5.4")
def mended(answer: Any) -> Tests:
    """One bias for each filter, however many channels it reads."""
    for kind, channels in (("grey", 1), ("colour", 3), ("five-channel", 5)):
        image, weight, bias = _random_layer(1, channels, 2, (3, 3), (5, 6))
        expected = F.conv2d(image[None], weight, bias)[0]
        yield (
            f"a {kind} picture is right",
            same(answer(image, weight, bias), expected, tolerance=1e-5),
        )


@exercise("5.5")
def for_bgr(answer: Any) -> Tests:
    """A weight for pictures whose channels come as blue, green, red."""
    for filters, size in ((1, 1), (4, 3), (3, 3)):
        image, weight, _ = _random_layer(2, 3, filters, (size, size), (6, 6))
        kind = f"{filters} filters of {size}x{size}"
        turned = answer(weight.clone())
        yield f"{kind}: the shape stays", same(tuple(turned.shape), tuple(weight.shape))
        expected, got = F.conv2d(image[None], weight), F.conv2d(image.flip(0)[None], turned)
        yield f"{kind}: both pictures give the same maps", same(got, expected, tolerance=1e-5)
