"""Tests of the exercises of chapter 3, convolutions and filters."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from utils.checks._engine import Tests, exercise, same
from utils.convolution import conv2d_flipped, corr2d


@exercise("3.1")
def by_hand(answer: Any) -> Tests:
    """Cross-correlation of a 3x4 picture with a 2x2 kernel."""
    yield "it has 2 rows and 3 columns", np.shape(answer) == (2, 3)
    image = torch.tensor([[1, 0, 2, 1], [3, 1, 0, 2], [0, 2, 1, 1]])
    expected = corr2d(image, torch.tensor([[1, -1], [0, 2]]))
    yield "the first number is right", same(answer[0][0], expected[0, 0], reveal=False)
    yield "every number is right", same(answer, expected, reveal=False)


@exercise("3.2")
def level_edges(answer: Any) -> Tests:
    """Any kernel with columns that sum to zero and more weight below than above."""
    weights = torch.as_tensor(answer).float()
    yield "it has 3 rows and 3 columns", weights.shape == (3, 3)
    flat, stripes = torch.ones(3, 3), torch.tensor([[0, 3, 1, 4, 1, 5]]).expand(6, 6).float()
    yield "a flat area gives 0", same(corr2d(flat, weights), [[0]], tolerance=1e-5)
    yield (
        "upright stripes give 0",
        same(corr2d(stripes, weights), torch.zeros(4, 4), tolerance=1e-5),
    )
    ramp = torch.arange(5.0)[:, None].expand(5, 5)
    step = (ramp > 2).float()
    yield (
        "a picture that gets brighter downwards gives more than 0",
        corr2d(ramp, weights).min() > 0,
    )
    yield "a dark half above a bright half gives no less than 0", corr2d(step, weights).min() >= 0


@exercise("3.3")
def strict_convolution(answer: Any) -> Tests:
    """True convolution of pictures and kernels of any shape."""
    generator = torch.Generator().manual_seed(0)
    for image_shape, kernel_shape in (((5, 5), (3, 3)), ((4, 7), (3, 3)), ((6, 5), (2, 4))):
        image = torch.rand(image_shape, generator=generator)
        kernel = torch.rand(kernel_shape, generator=generator)
        sizes = " under ".join("x".join(map(str, shape)) for shape in (image_shape, kernel_shape))
        got = answer(image, kernel)
        yield f"the result of {sizes} is a 2-D tensor", getattr(got, "ndim", None) == 2
        yield (
            f"{sizes} gives what convolve2d gives",
            same(got, conv2d_flipped(image, kernel), tolerance=1e-5),
        )


@exercise("3.4")
def mended(answer: Any) -> Tests:
    """Cross-correlation of square, wide and tall pictures, also with a wide kernel."""
    generator = torch.Generator().manual_seed(0)
    for what, image_shape, kernel_shape in (
        ("a square picture", (5, 5), (3, 3)),
        ("a wide picture", (4, 7), (3, 3)),
        ("a tall picture", (7, 4), (3, 3)),
        ("a tall picture under a wide kernel", (7, 5), (2, 4)),
    ):
        image = torch.rand(image_shape, generator=generator)
        kernel = torch.rand(kernel_shape, generator=generator)
        expected = F.conv2d(image[None, None], kernel[None, None])[0, 0]
        yield f"{what} is right", same(answer(image, kernel), expected, tolerance=1e-5)


@exercise("3.5")
def from_stripes(answer: Any) -> Tests:
    """The kernel that gradient descent from zero finds when the pixels of a column are equal."""
    found = torch.as_tensor(answer).squeeze()
    yield "it has 3 rows and 3 columns", found.shape == (3, 3)
    sums = found.sum(dim=0)
    yield (
        "its columns sum to -4, 0 and 4, as those of Sobel x",
        same(sums, [-4, 0, 4], tolerance=1e-3),
    )
    yield (
        "it was learned from stripes, from zero",
        same(found, [[-4 / 3, 0, 4 / 3]] * 3, tolerance=1e-3, reveal=False),
    )
