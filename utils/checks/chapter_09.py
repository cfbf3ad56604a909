"""Tests of the exercises of chapter 9, training a CNN."""

import copy
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from utils.checks._engine import Tests, exercise, same
from utils.shapes import summarise
from utils.training import accuracy_interval


@exercise("9.1")
def by_hand(answer: Any) -> Tests:
    """Softmax and cross-entropy of two scores."""
    first, second, loss = answer
    yield "the probabilities add up to 1", same(first + second, 1.0, tolerance=0.011)
    yield "the first probability is right", same(first, 0.25, tolerance=0.006, reveal=False)
    yield "the loss is right", same(loss, math.log(4), tolerance=0.006, reveal=False)


@exercise("9.2")
def cross_entropy(answer: Any) -> Tests:
    """The mean over the batch of -ln softmax, without overflow."""
    generator = torch.Generator().manual_seed(0)
    Z = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    y = torch.tensor([3, 0, 1, 1, 2])
    yield "one picture", same(answer(Z[:1], y[:1]), F.cross_entropy(Z[:1], y[:1]))
    yield "a batch: the mean", same(answer(Z, y), F.cross_entropy(Z, y))
    large = torch.tensor([[1000.0, 0.0], [0.0, 1000.0]])
    yield "large scores, and right", same(answer(large, torch.tensor([0, 1])), 0.0)
    yield "large scores, and wrong", same(answer(large, torch.tensor([1, 0])), 1000.0)


@exercise("9.3")
def mended_step(answer: Any) -> Tests:
    """Make a training step that sets gradients to zero and takes scores."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    y = torch.tensor([0, 1, 2, 3, 0, 1])
    model = nn.Linear(3, 4, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(torch.randn(4, 3, generator=generator, dtype=torch.float64))
        model.bias.zero_()
    reference = copy.deepcopy(model)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
    for step in (1, 2):
        expected = F.cross_entropy(reference(X), y)
        gradients = torch.autograd.grad(expected, list(reference.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(reference.parameters(), gradients, strict=True):
                parameter.sub_(0.5 * gradient)
        loss = answer(model, optimiser, X, y)
        yield f"step {step} returns the loss of the scores", same(loss, expected)
        yield f"step {step} moves the weights right", same(model.weight, reference.weight)


@exercise("9.4")
def enough(answer: Any) -> Tests:
    """How many test pictures make an interval narrow."""
    low, high = accuracy_interval(97 * answer // 100, answer)
    yield "it is a number of hundreds", answer % 100 == 0
    yield f"the interval is narrow enough, not {high - low:.4f}", high - low <= 0.02
    low, high = accuracy_interval(97 * max(answer - 100, 100) // 100, max(answer - 100, 100))
    yield "a hundred fewer would not do", high - low > 0.02


@exercise("9.5")
def small(answer: Any) -> Tests:
    """A small network that passes the sanity checks."""
    yield "it is an nn.Sequential", isinstance(answer, nn.Sequential)
    images = torch.rand(20, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    scores = answer(images)
    yield "twenty pictures give twenty rows of ten scores", same(tuple(scores.shape), (20, 10))
    parameters = summarise(answer, (1, 28, 28)).parameters
    yield f"it has at most 10,000 parameters, not {parameters:,}", parameters <= 10_000
    loss = F.cross_entropy(scores, torch.arange(20) % 10)
    near = abs(loss.item() - math.log(10)) < 0.5
    yield f"the loss starts near ln 10 = 2.303, not at {loss.item():.3f}", near
    found = torch.autograd.grad(loss, list(answer.parameters()), allow_unused=True)
    arrives = bool(found) and all(
        gradient is not None and bool((gradient != 0).any()) for gradient in found
    )
    yield "a gradient arrives at each layer", arrives
