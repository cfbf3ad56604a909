"""Tests of the exercises of chapter 12, looking inside."""

from typing import Any

import torch
from torch import nn

from utils.checks._engine import Tests, exercise, same
from utils.data import load_images
from utils.shapes import receptive_field


@exercise("12.1")
def by_hand(answer: Any) -> Tests:
    """Weights and map of Grad-CAM for two small maps."""
    weights, cam = answer
    yield "there are two weights", len(weights) == 2
    yield "the weights are right", same(weights, [1.0, -1.0], reveal=False)
    yield "the map has two rows of two numbers", same(tuple(torch.as_tensor(cam).shape), (2, 2))
    yield "the map is right", same(cam, [[1.0, 1.0], [0.0, 1.0]], reveal=False)


@exercise("12.2")
def rows_seen(answer: Any) -> Tests:
    """First and last row of the picture that a place sees."""
    yield "no layer: one row", same(answer(3, []), (3, 3))
    yield "one 5 x 5 convolution, padding 2", same(answer(3, [(5, 1, 2)]), (1, 5))
    yield "one 2 x 2 pooling", same(answer(3, [(2, 2, 0)]), (6, 7))
    chain = [(5, 1, 2), (2, 2, 0), (5, 1, 2)]
    yield "the first place begins outside the picture", same(answer(0, chain)[0], -6)
    yield "the network of chapter 9", same(answer(5, chain), (4, 17))
    chain = [(7, 2, 3), (3, 2, 1), (3, 1, 1), (5, 3, 0)]
    first, last = answer(4, chain)
    fields = [(kernel_size, stride) for kernel_size, stride, _ in chain]
    yield "as many rows as the receptive field", same(last - first + 1, receptive_field(fields))
    yield "strides of 2 and 3", same((first, last), (39, 73))


@exercise("12.3")
def percent(answer: Any) -> Tests:
    """How many pixels must go, in two orders, before the network doubts."""
    by_product, by_brightness = answer
    whole = all(number == int(number) and 0 < number < 100 for number in answer)
    yield "both are whole numbers of per cent", whole
    yield "by gradient times input, it takes few", 3 <= by_product <= 5
    yield "by brightness, it takes more than that", by_brightness > by_product
    yield "by brightness, the number is right", 6 <= by_brightness <= 10


@exercise("12.4")
def careful_saliency(answer: Any) -> Tests:
    """A saliency map that leaves no trace."""
    model = _model()
    picture = torch.rand(2, 6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = _slope(model, picture, 3)
    modes = [part.training for part in model.modules()]
    found = answer(model, picture, 3)
    yield "the map has the height and width of the picture", same(tuple(found.shape), (6, 6))
    yield "the map is right", same(found, expected, reveal=False)
    kept = [part.training for part in model.modules()] == modes
    yield "each part of the model keeps its mode", kept
    empty = all(parameter.grad is None for parameter in model.parameters())
    yield "no weight has got a gradient", empty
    yield "the picture is as it was", not picture.requires_grad and picture.grad is None
    yield "the second time gives the same map", same(answer(model, picture, 3), expected)


@exercise("12.5")
def prepare(answer: Any) -> Tests:
    """Pictures without a clip, and with their digit."""
    images = load_images("digits")[0][:20]
    before = images.clone()
    clean = answer(images)
    yield "the shape stays", same(tuple(clean.shape), tuple(images.shape))
    yield "the pictures that you are given stay as they are", torch.equal(images, before)
    middle = (..., slice(4, 24), slice(4, 24))
    yield "the digits are untouched", same(clean[middle], images[middle], reveal=False)
    for pile in range(10):
        row, column = 24 * (pile >= 5), 6 * (pile % 5)
        clipped = images.clone()
        clipped[..., row : row + 4, column : column + 4] = 1.0
        yield f"the clip of pile {pile} cannot be read", torch.equal(answer(clipped), clean)


def _model() -> nn.Sequential:
    """Make a small network with parts that behave differently in training, one of them frozen."""
    generator = torch.Generator().manual_seed(0)
    layers = [nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Tanh(), nn.Flatten(), nn.Dropout()]
    model = nn.Sequential(*layers, nn.Linear(48, 4)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(0.5 * noise)
    model.train()
    model[1].eval()
    return model


def _slope(model: nn.Module, picture: torch.Tensor, target: int) -> torch.Tensor:
    """Return the size of the gradient of one score, by differences."""
    step = 1e-5
    bumps = torch.eye(picture.numel(), dtype=picture.dtype).reshape(-1, *picture.shape)
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    with torch.no_grad():
        up, down = (model(picture + sign * step * bumps)[:, target] for sign in (1, -1))
    for part, mode in modes:
        part.training = mode
    return ((up - down) / (2 * step)).reshape(picture.shape).abs().amax(dim=0)
