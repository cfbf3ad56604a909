"""Tests of the exercises of chapter 8, the recipe book."""

from typing import Any

import torch
from torch import nn

from utils.checks._engine import Tests, exercise, same
from utils.shapes import Summary, receptive_field, summarise


@exercise("8.1")
def by_hand(answer: Any) -> Tests:
    """Length of a flattened vector, and two counts of parameters."""
    flattened, convolutions, last = answer
    yield "the flattened vector has the right length", same(flattened, 784, reveal=False)
    yield "the convolutions are counted right", same(convolutions, 1392, reveal=False)
    yield "the linear layer is counted right", same(last, 7850, reveal=False)


@exercise("8.2")
def field_of(answer: Any) -> Tests:
    """Receptive field of a chain of (kernel size, stride, dilation)."""
    chains = {
        "no layer sees one pixel": [],
        "one 5 x 5 layer sees 5": [(5, 1, 1)],
        "a stride does not stretch its own window": [(3, 2, 1)],
        "a stride stretches the windows after it": [(3, 2, 1), (3, 1, 1)],
        "dilation spreads a window": [(3, 1, 4)],
        "the digit network": [(5, 1, 1), (2, 2, 1), (5, 1, 1), (2, 2, 1)],
        "everything together": [(7, 2, 1), (3, 2, 1), (3, 1, 2), (3, 2, 3), (2, 2, 1), (3, 1, 1)],
    }
    for name, layers in chains.items():
        yield name, same(answer(layers), receptive_field(layers))


@exercise("8.3")
def small_network(answer: Any) -> Tests:
    """A network with few parameters and a wide view."""
    yield "it is an nn.Sequential", isinstance(answer, nn.Sequential)
    with torch.no_grad():
        scores = answer.eval()(torch.zeros(2, 3, 32, 32))
    yield "two pictures give two rows of ten scores", same(tuple(scores.shape), (2, 10))
    summary = summarise(answer, (3, 32, 32))
    yield f"it has at most 4,000 parameters, not {summary.parameters:,}", summary.parameters <= 4000
    sees = summary.receptive_field or 0
    sees = min(sees) if isinstance(sees, tuple) else sees
    yield f"its last maps see at least 32 pixels, not {sees}", sees >= 32
    yield "an activation stands between any two convolutions", _bends(summary)


@exercise("8.4")
def mended(answer: Any) -> Tests:
    """Make a residual block that works for all channels and strides."""
    image = torch.randn(2, 4, 9, 9, generator=torch.Generator().manual_seed(0))
    for settings in ((4, 4), (4, 6), (4, 6, 2), (4, 4, 2), (4, 4, 3)):
        stride = settings[2] if len(settings) == 3 else 1
        side = (9 - 1) // stride + 1
        shape = tuple(answer(*settings)(image).shape)
        yield f"{settings}: maps of {side} x {side}", same(shape, (2, settings[1], side, side))
    block = answer(4, 4)
    count, projected = _parameters(block), _parameters(answer(4, 4, 2))
    free = count == 2 * (4 * 4 * 9 + 4) or count < projected  # biases or batch norm, as you like
    yield "(4, 4): the shortcut has no parameters", free
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    yield "(4, 4): without a correction, the input comes through", same(block(image), image.relu())


@exercise("8.5")
def light_vgg(answer: Any) -> Tests:
    """Parameters and multiply-adds of VGG-16 with global average pooling."""
    parameters, multiply_adds = answer
    yield "the parameters are right", same(parameters, 15_227_688, reveal=False, tolerance=1e-12)
    yield (
        "the multiply-adds are right",
        same(multiply_adds, 15_347_142_656, reveal=False, tolerance=1e-12),
    )


def _parameters(module: nn.Module) -> int:
    """Count the parameters of a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def _bends(summary: Summary) -> bool:
    """Return whether an activation stands between any two convolutions; a pooling is none."""
    straight = {"BatchNorm2d", "Dropout", "Dropout2d", "Identity"}
    straight |= {"AvgPool2d", "MaxPool2d", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d"}
    last = None
    for row in summary:
        if row.type == "Conv2d" and last == "Conv2d":
            return False
        if row.type not in straight:
            last = row.type
    return True
