"""Tests of the exercises of chapter 11, equivariance and invariance."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from utils.checks._engine import Tests, exercise, same


def _shift(x: torch.Tensor) -> torch.Tensor:
    return x.roll((2, 3), dims=(-2, -1))


def _conv(x: torch.Tensor, mode: str, **settings: Any) -> torch.Tensor:
    """Three 3 x 3 kernels in a row, with numbers that are not round."""
    for index in range(3):
        generator = torch.Generator().manual_seed(index)
        weight = torch.randn(1, 1, 3, 3, generator=generator).to(x)
        x = F.conv2d(F.pad(x, (1, 1, 1, 1), mode=mode), weight, **settings)
    return x


def _pictures(number: int, size: int, *, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(number, 1, size, size, generator=generator, dtype=dtype)


@exercise("11.1")
def by_hand(answer: Any) -> Tests:
    """A map on a ring of six pixels, and the map of the shifted ring."""
    ring_map, shifted_map = answer
    yield "each map has six numbers", len(ring_map) == len(shifted_map) == 6
    yield "the map of the row is right", same(ring_map, [0, 2, -1, -4, 1, 2], reveal=False)
    yield (
        "the second map is the first one, shifted by two to the right",
        same(shifted_map, [*ring_map[-2:], *ring_map[:-2]], reveal=False),
    )


@exercise("11.2")
def is_equivariant(answer: Any) -> Tests:
    """The test for any function and any transformation."""
    x = _pictures(1, 12)
    for what, function, expected in (
        ("a circular convolution", lambda x: _conv(x, "circular"), True),
        (
            "the same in float32, where rounding differs",
            lambda x: 1000 * _conv(x, "circular"),
            True,
        ),
        ("zero padding", lambda x: _conv(x, "constant"), False),
        ("the square of each pixel", torch.square, True),
        ("a mean for the whole picture", lambda x: x.mean() * torch.ones_like(x), True),
        ("every second pixel", lambda x: x[..., ::2, ::2], False),
    ):
        yield f"{what}, and a shift", same(bool(answer(function, _shift, x)), expected)
    turn, wide = (lambda x: x.rot90(1, (-2, -1))), x[..., :5]
    yield "the square of each pixel, and a turn", same(bool(answer(torch.square, turn, wide)), True)
    zoom, mean = (lambda x: x.repeat_interleave(2, -1)), (lambda x: x.mean(-1, keepdim=True))
    sizes = bool(answer(mean, zoom, torch.ones(1, 1, 3, 3)))
    yield "results of 3 x 1 and 3 x 2 are not equal, whatever they hold", same(sizes, False)


@exercise("11.3")
def counts(answer: Any) -> Tests:
    """How many different answers there are over all shifts of a ring."""
    yield "there are three counts", same(len(answer), 3)
    for (name, number), expected in zip(answer.items(), (36, 16, 4), strict=True):
        yield f"{name}: the count is right", same(number, expected, reveal=False)


@exercise("11.4")
def mended(answer: Any) -> Tests:
    """A network whose scores do not change when a digit is rolled."""
    yield "it is an nn.Sequential", isinstance(answer, nn.Sequential)
    network = torch.no_grad()(answer.double().eval())
    digits = _pictures(3, 28, dtype=torch.float64)
    scores = network(digits)
    yield "three pictures give three rows of ten scores", same(tuple(scores.shape), (3, 10))
    convolutions = [part for part in answer.modules() if isinstance(part, nn.Conv2d)]
    channels = [part.out_channels for part in convolutions]
    yield "there are two convolutions, with 8 and 16 channels", same(channels, [8, 16])
    sizes = [tuple(part.kernel_size) for part in convolutions]
    yield "their kernels are 3 x 3", same(sizes, [(3, 3), (3, 3)])
    for rows, columns in ((0, 1), (1, 0), (0, 2), (5, 13), (27, 4)):
        rolled = network(digits.roll((rows, columns), dims=(-2, -1)))
        kept = torch.allclose(rolled, scores, rtol=1e-7, atol=1e-9)
        yield f"rolled by {rows} rows and {columns} columns, the scores stay", kept
    depends = bool(((scores[0] - scores[1]).abs() > 1e-9).any())
    yield "other pictures have other scores", depends


@exercise("11.5")
def scores_of_turns(answer: Any) -> Tests:
    """Scores that are the same for all quarter turns of a picture, for any network."""
    generator = torch.Generator().manual_seed(1)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)).double()
    for parameter in network.requires_grad_(False).parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    pictures = _pictures(2, 8, dtype=torch.float64)
    scores = answer(network, pictures)
    yield "two pictures give two rows of scores", same(tuple(scores.shape), (2, 5))
    for times in (1, 2, 3):
        turned = answer(network, pictures.rot90(times, dims=(-2, -1)))
        yield f"turned by {90 * times} degrees, the scores stay", same(turned, scores)
    depends = bool(((scores[0] - scores[1]).abs() > 1e-6).any())
    yield "other pictures have other scores", depends
    alone = answer(network, pictures[1:])
    yield "a picture alone has the same scores as in a batch", same(alone, scores[1:])
    used = bool(((answer(lambda x: 2 * network(x), pictures) - scores).abs() > 1e-6).any())
    yield "the scores come from the network", used
