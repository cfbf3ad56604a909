"""Tests of the exercises of chapter 7, flattening and a first CNN."""

from typing import Any

import torch
from torch import nn

from utils.checks._engine import Tests, exercise, same


@exercise("7.1")
def by_hand(answer: Any) -> Tests:
    """Inputs of the linear layer, and parameters, of a network of two blocks."""
    yield "there are two numbers", torch.as_tensor(answer).shape == (2,)
    yield "the number of inputs is right", same(answer[0], 256, reveal=False)
    yield "the number of parameters is right", same(answer[1], 5_142, reveal=False)


@exercise("7.2")
def flat_features(answer: Any) -> Tests:
    """Count the numbers that layers give for one picture, and leave the layers alone."""
    pair = nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2))
    strided = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU())
    cases = ((pair, (3, 32, 32), 1_176), (pair, (3, 20, 33), 672), (strided, (1, 9, 7), 80))
    for features, shape, expected in cases:
        yield f"pictures of shape {shape}", same(answer(features, shape), expected)
    normed = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    before = {name: value.clone() for name, value in normed.state_dict().items()}
    yield "a network with batch normalisation", same(answer(normed, (1, 5, 5)), 36)
    after = normed.state_dict()
    yield (
        "batch normalisation remembers no dummy picture",
        all(torch.equal(after[name], value) for name, value in before.items()),
    )
    yield "layers in training mode stay in it", all(part.training for part in normed.modules())
    answer(normed.eval(), (1, 5, 5))
    yield "layers in evaluation mode stay in it", not normed.training


@exercise("7.3")
def parameters(answer: Any) -> Tests:
    """Parameters of the chapter's network with 0 to 5 poolings before the linear layer."""
    yield "there are 6 numbers", torch.as_tensor(answer).shape == (6,)
    yield "without pooling there are 20,087", same(answer[0], 20_087, reveal=False)
    expected = [86 + 2 * size**2 + 1 for size in (100, 50, 25, 12, 6, 3)]
    yield "every number is right", same(answer, expected, reveal=False)


@exercise("7.4")
def mended(answer: Any) -> Tests:
    """Score each picture of a batch by itself, with the layers that were given."""
    yield "it is a network, not a class", isinstance(answer, nn.Module)
    answer.eval()
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        scores = answer(images)
        yield "four pictures get ten scores each", same(tuple(scores.shape), (4, 10))
        alone = torch.cat([answer(image[None]) for image in images])
    yield "a picture alone gets the same scores", same(alone, scores, tolerance=1e-4)
    convolutions = [part for part in answer.modules() if isinstance(part, nn.Conv2d)]
    given = [(part.out_channels, part.kernel_size) for part in convolutions]
    yield "kernels and filters are those that were given", given == [(8, (5, 5)), (16, (3, 3))]


@exercise("7.5")
def any_size(answer: Any) -> Tests:
    """Score pictures of any size with few parameters."""
    yield "it is a network, not a class", isinstance(answer, nn.Module)
    answer.eval()
    convolutions = [part for part in answer.modules() if isinstance(part, nn.Conv2d)]
    yield "it has at least two convolutions", len(convolutions) >= 2
    generator = torch.Generator().manual_seed(0)
    for height, width in ((16, 16), (28, 28), (33, 50), (100, 75)):
        images = torch.rand(2, 1, height, width, generator=generator)
        with torch.no_grad():
            scores = answer(images)
        yield (
            f"two pictures of {height} x {width} pixels get ten scores each",
            same(tuple(scores.shape), (2, 10)),
        )
    yield "two pictures get different scores", not torch.equal(scores[0], scores[1])
    number = sum(parameter.numel() for parameter in answer.parameters())
    yield f"it has at most 1,000 parameters, not {number:,}", number <= 1_000
