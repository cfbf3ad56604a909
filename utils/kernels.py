"""Kernels with a name: blurs, edges, and what else the book slides over a photograph."""

from types import MappingProxyType
from typing import Annotated

import torch
from torch import Tensor

from utils._validate import checked, choice

__all__ = ["KERNELS", "kernel", "kernel_names"]

_NINTH = 1 / 9
_FIFTH = 1 / 5

# The sum of a kernel is what it does to an even area: 1 keeps the brightness, 0 turns it black.
KERNELS = MappingProxyType(
    {
        # Sum 1: brightness stays.
        "identity": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
        "box": ((_NINTH,) * 3,) * 3,
        "gaussian": ((1 / 16, 2 / 16, 1 / 16), (2 / 16, 4 / 16, 2 / 16), (1 / 16, 2 / 16, 1 / 16)),
        "motion_blur": tuple(
            tuple(_FIFTH if row == column else 0 for column in range(5)) for row in range(5)
        ),
        "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
        "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
        # Sum 0: an even area becomes 0, only changes remain.
        "outline": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
        "laplacian": ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
        "sobel_x": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
        "sobel_y": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
        "vertical_edge": ((1, 0, -1), (1, 0, -1), (1, 0, -1)),
    }
)


@checked
def kernel(name: Annotated[str, choice(KERNELS)]) -> Tensor:
    """
    Return the kernel called `name`.

    Parameters
    ----------
    name : str
        One of `kernel_names()`.

    Returns
    -------
    Tensor of shape (kH, kW), float32
        A new tensor at each call.

    Raises
    ------
    ValueError
        If there is no such kernel; the message names those that are spelt alike.

    Notes
    -----
    The sum of the entries is the factor by which an area of one brightness is multiplied. It is 1
    for identity, box, gaussian, motion_blur, sharpen and emboss, which keep the brightness, and 0
    for outline, laplacian, sobel_x, sobel_y and vertical_edge, which leave only changes.

    Examples
    --------
    >>> kernel("sobel_x")
    tensor([[-1.,  0.,  1.],
            [-2.,  0.,  2.],
            [-1.,  0.,  1.]])
    >>> kernel("gaussian").sum()
    tensor(1.)
    """
    return torch.tensor(KERNELS[name], dtype=torch.float32)


def kernel_names() -> list[str]:
    """
    Return the names that `kernel` knows.

    Returns
    -------
    list of str
        The names, those of sum 1 first.

    Examples
    --------
    >>> kernel_names()[:3]
    ['identity', 'box', 'gaussian']
    """
    return list(KERNELS)
