"""Tests of the exercises of chapter 2, from fully connected to convolutional."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from utils.checks._engine import Tests, exercise, same
from utils.convolution import corr2d
from utils.data import portrait
from utils.shapes import conv_parameters, linear_parameters


@exercise("2.1")
def three_counts(answer: Any) -> Tests:
    """A network 36 -> 9 -> 1: fully connected, one patch each, shared."""
    output = linear_parameters(9, 1)
    expected = {
        "fully connected": linear_parameters(36, 9) + output,
        "one patch each": 9 * linear_parameters(4, 1) + output,
        "shared weights": conv_parameters(1, 1, 2) + output,
    }
    yield "there are three numbers", len(answer) == 3
    for got, (name, number) in zip(answer, expected.items(), strict=True):
        yield f"the count is right for: {name}", same(got, number, reveal=False)


@exercise("2.2")
def first_rows(answer: Any) -> Tests:
    """Vertical-edge kernel on an edge from dark to bright, and on a level edge."""
    kernel = torch.tensor([1, 0, -1]).expand(3, 3)
    upright = torch.tensor([0, 0, 0, 10, 10, 10]).expand(6, 6)
    level = upright.flip(1).T
    yield "there are 2 rows of 4 numbers", np.shape(answer) == (2, 4)
    for got, picture, name in zip(answer, (upright, level), ("first", "second"), strict=True):
        expected = corr2d(picture, kernel)[0]
        yield f"the row of the {name} picture is right", same(got, expected, reveal=False)


@exercise("2.3")
def as_matrix(answer: Any) -> Tests:
    """The weight of a fully connected layer that equals a 2x2 filter with stride 2."""
    generator = torch.Generator().manual_seed(0)
    for side in (4, 6, 2):
        kernel = torch.rand(2, 2, generator=generator)
        picture = torch.rand(side, side, generator=generator)
        got = answer(kernel.clone(), side)
        name = f"side {side}"
        shape = ((side // 2) ** 2, side**2)
        yield f"{name}: one row a patch, one column a pixel", same(got.shape, shape)
        expected = corr2d(picture, kernel, stride=2).flatten()
        yield (
            f"{name}: matrix times pixels is what the filter gives",
            same(torch.as_tensor(got).float() @ picture.flatten(), expected, tolerance=1e-5),
        )


@exercise("2.4")
def mended(answer: Any) -> Tests:
    """A layer of four units, one a patch, with one set of weights."""
    generator = torch.Generator().manual_seed(0)
    layer = answer() if isinstance(answer, type) else answer
    yield "it is a class of layers", isinstance(layer, nn.Module)
    yield (
        "it has 5 parameters, 4 weights and a bias",
        same(sum(parameter.numel() for parameter in layer.parameters()), 5),
    )
    pictures = torch.rand(3, 4, 4, generator=generator)
    yield "3 pictures give shape (3, 4)", same(layer(pictures).shape, (3, 4))
    with torch.no_grad():
        for parameter in layer.parameters():
            change = torch.rand(parameter.shape, generator=generator)
            parameter.sub_(change)  # as after a step of training
        weight = next(p for p in layer.parameters() if p.numel() == 4).reshape(1, 1, 2, 2)
        bias = next(p for p in layer.parameters() if p.numel() == 1).reshape(1)
        expected = F.conv2d(pictures[:, None], weight, bias, stride=2).flatten(1)
        yield (
            "after a change of its weights it is still nn.Conv2d(1, 1, 2, stride=2)",
            same(layer(pictures), expected, tolerance=1e-5),
        )


@exercise("2.5")
def ratio(answer: Any) -> Tests:
    """Mean absolute answer of the vertical-edge kernel: shuffled portrait by portrait."""
    face = portrait(size=128)
    order = torch.randperm(face.numel(), generator=torch.Generator().manual_seed(0))
    noise = face.flatten()[order].reshape(face.shape)
    kernel = torch.tensor([1.0, 0, -1]).expand(3, 3)[None, None]
    small, large = (F.conv2d(picture[None, None], kernel).abs().mean() for picture in (face, noise))
    yield "it is one number", torch.as_tensor(answer).numel() == 1
    yield "shuffled stands above, portrait below", float(answer) > 1
    yield "the ratio is right", same(float(answer), large / small, tolerance=0.02, reveal=False)
