"""Tests of the exercises of chapter 4, padding, stride, dilation."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from utils.checks._engine import Tests, exercise, raises, same
from utils.convolution import corr2d
from utils.shapes import conv_output_size, pixel_usage


@exercise("4.1")
def by_hand(answer: Any) -> Tests:
    """A 3x3 picture under a 3x3 kernel, padding 1, stride 2."""
    expected = corr2d(
        torch.tensor([[1, 2, 0], [0, 1, 3], [2, 0, 1]]),
        torch.tensor([[1, 0, 2], [0, 1, 0], [-1, 0, 1]]),
        stride=2,
        padding=1,
    )
    yield "it has 2 rows and 2 columns", np.shape(answer) == (2, 2)
    yield "the first number is right", same(answer[0][0], expected[0, 0], reveal=False)
    yield "every number is right", same(answer, expected, reveal=False)


@exercise("4.2")
def pad_same(answer: Any) -> Tests:
    """Pictures that keep their size, whatever the kernel."""
    image = torch.arange(1.0, 31).reshape(5, 6)
    for kernel_size, dilation in ((3, 1), (5, 1), (3, 2), (1, 1), (4, 1), (2, 3), (4, 2)):
        setting = f"kernel {kernel_size} with dilation {dilation}"
        padded = answer(image.clone(), kernel_size, dilation)
        start = dilation * (kernel_size - 1) // 2
        end = dilation * (kernel_size - 1) - start
        expected = F.pad(image, (start, end, start, end))
        yield (
            f"a 5x6 picture for {setting} has the right size",
            same(tuple(padded.shape), tuple(expected.shape)),
        )
        yield f"the rim for {setting} is zero and in the right place", same(padded, expected)


@exercise("4.3")
def layers(answer: Any) -> Tests:
    """Padding, stride and dilation of three layers; any setting that does what is asked."""
    settings = list(answer.values())
    yield "there are three layers", len(settings) == 3
    halving, wide, tiling = settings
    yield "the first gives 112 numbers", same(conv_output_size(224, 7, **halving), 112)
    yield "the second keeps 64", same(conv_output_size(64, 3, **wide), 64)
    yield "the second reaches over 9 pixels", same(2 * wide.get("dilation", 1) + 1, 9)
    yield "the second has stride 1", same(wide.get("stride", 1), 1)
    yield "the third gives 4 numbers", same(conv_output_size(28, 7, **tiling), 4)
    once = torch.ones(28, 28)
    yield "the third reads every pixel exactly once", same(pixel_usage(28, 7, **tiling), once)


@exercise("4.4")
def mended(answer: Any) -> Tests:
    """The size of the output, for settings that show each of the three mistakes."""
    for setting in (
        {"n": 200, "k": 5},
        {"n": 200, "k": 25, "stride": 3},
        {"n": 10, "k": 3, "padding": 1},
        {"n": 10, "k": 3, "dilation": 2},
        {"n": 6, "k": 3, "stride": 2},
        {"n": 200, "k": 5, "stride": 2},
        {"n": 5, "k": 3, "stride": 2, "padding": 1},
        {"n": 11, "k": 4, "stride": 3, "padding": 2, "dilation": 3},
        {"n": 3, "k": 3},
    ):
        options = {name: value for name, value in setting.items() if name not in ("n", "k")}
        expected = conv_output_size(setting["n"], setting["k"], **options)
        words = ", ".join(f"{name}={value}" for name, value in setting.items())
        yield f"{words} is right", same(answer(**setting), expected)
    yield "a kernel of 3 on 2 pixels is refused", raises(ValueError, answer, 2, 3)
    yield (
        "a kernel of 3 with dilation 4 on 8 pixels is refused",
        raises(ValueError, answer, 8, 3, dilation=4),
    )


@exercise("4.5")
def equal_modes(answer: Any) -> Tests:
    """The padding modes for which rolling and convolving may change places."""
    known = ("constant", "reflect", "replicate", "circular")
    names = ["constant" if name == "zeros" else name for name in answer]
    yield (
        "it is a list of padding modes",
        isinstance(answer, list | tuple | set) and set(names) <= set(known),
    )
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 1, 9, 12, generator=generator)
    weight = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])[None, None]

    def convolve(picture: torch.Tensor, mode: str) -> torch.Tensor:
        return F.conv2d(F.pad(picture, (1, 1, 1, 1), mode=mode), weight)

    equal = []
    for mode in known:
        before = convolve(torch.roll(image, 5, dims=-1), mode)
        if torch.allclose(before, torch.roll(convolve(image, mode), 5, dims=-1), atol=1e-5):
            equal.append(mode)
    yield "each mode in the list gives equal results, border included", set(names) <= set(equal)
    yield "no such mode is missing", set(equal) <= set(names)
