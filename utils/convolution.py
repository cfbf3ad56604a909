"""
Convolution from scratch: slow, short, and equal to PyTorch.

These functions are meant to be read. They follow the definition with plain loops, keep dtype and
device, and let gradients through. To compute something large, use `torch.nn.functional.conv2d`.
"""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from utils import _validate
from utils._validate import Matrix, Padding, Pair, checked, tensor
from utils.shapes import conv_output_size

__all__ = ["conv2d_flipped", "corr2d", "corr2d_multi_in", "corr2d_multi_in_out"]


@checked
def corr2d(
    image: Matrix,
    kernel: Annotated[Tensor, tensor("(kH, kW)")],
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> Tensor:
    """
    Slide a kernel over an image: the two-dimensional cross-correlation.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        Input X.
    kernel : Tensor of shape (kH, kW)
        Kernel K.
    stride : int or (int, int)
        Pixels from one window to the next.
    padding : int, (int, int), "same" or "valid"
        Zeros added on each side.
    dilation : int or (int, int)
        Pixels from one kernel entry to the next.

    Returns
    -------
    Tensor of shape (H_out, W_out)
        Output Y, of the size that `utils.shapes.conv_output_size` gives.

    Raises
    ------
    ValueError
        If the window does not fit.

    Notes
    -----
    With stride s, padding p and dilation d,
    ``Y[i, j] = sum over u, v of X[s i + d u - p, s j + d v - p] K[u, v]``, where X is 0 outside.
    This is what deep learning calls a convolution.

    Examples
    --------
    >>> corr2d([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]])
    tensor([[19., 25.],
            [37., 43.]])
    """
    X, K, size = _prepared(image, kernel, stride, padding, dilation)
    (s_h, s_w), (d_h, d_w) = stride, dilation
    span_h, span_w = d_h * (K.shape[0] - 1) + 1, d_w * (K.shape[1] - 1) + 1
    Y = X.new_zeros(size)  # (H_out, W_out)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            row, column = i * s_h, j * s_w  # top left corner of the window
            window = X[row : row + span_h : d_h, column : column + span_w : d_w]  # (kH, kW)
            Y[i, j] = (window * K).sum()
    return Y


@checked
def corr2d_multi_in(
    image: Annotated[Tensor, tensor("(C, H, W)")],
    filter: Annotated[Tensor, tensor("(C, kH, kW)")],
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> Tensor:
    """
    Slide a filter over an image of several channels.

    Parameters
    ----------
    image : Tensor of shape (C, H, W)
        Input X.
    filter : Tensor of shape (C, kH, kW)
        One kernel for each channel.
    stride, padding, dilation : int or (int, int)
        As for `corr2d`.

    Returns
    -------
    Tensor of shape (H_out, W_out)
        One feature map: the sum over the channels.

    Examples
    --------
    >>> image = torch.ones(3, 6, 6)
    >>> corr2d_multi_in(image, torch.ones(3, 3, 3)).shape
    torch.Size([4, 4])
    """
    image, filter = _validate.as_image_and_filter(image, filter)  # as many channels, one dtype
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    maps = [corr2d(channel, kernel, **options) for channel, kernel in zip(image, filter)]
    return sum(maps, start=image.new_zeros(()))


@checked
def corr2d_multi_in_out(
    image: Annotated[Tensor, tensor("(C_in, H, W)")],
    weight: Annotated[Tensor, tensor("(C_out, C_in, kH, kW)")],
    bias: Annotated[Tensor, tensor("(C_out,)")] | None = None,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> Tensor:
    """
    Apply a whole convolutional layer to one image: every filter gives one feature map.

    Parameters
    ----------
    image : Tensor of shape (C_in, H, W)
        Input X.
    weight : Tensor of shape (C_out, C_in, kH, kW)
        The filters.
    bias : Tensor of shape (C_out,), optional
        One number added to each feature map.
    stride, padding, dilation : int or (int, int)
        As for `corr2d`.

    Returns
    -------
    Tensor of shape (C_out, H_out, W_out)
        The feature maps.

    Examples
    --------
    >>> image, weight = torch.ones(3, 6, 6), torch.ones(2, 3, 3, 3)
    >>> corr2d_multi_in_out(image, weight).shape
    torch.Size([2, 4, 4])
    """
    image, weight, bias = _validate.as_image_weight_bias(image, weight, bias)
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    maps = [corr2d_multi_in(image, filter, **options) + b for filter, b in zip(weight, bias)]
    return torch.stack(maps)


@checked
def conv2d_flipped(image: Matrix, kernel: Annotated[Tensor, tensor("(kH, kW)")]) -> Tensor:
    """
    Convolve in the mathematical sense: slide the kernel turned by half a turn.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        Input X.
    kernel : Tensor of shape (kH, kW)
        Kernel K.

    Returns
    -------
    Tensor of shape (H - kH + 1, W - kW + 1)
        Output, as ``scipy.signal.convolve2d(X, K, mode="valid")`` for a kernel that fits.

    Examples
    --------
    >>> conv2d_flipped([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]])
    tensor([[ 5., 11.],
            [23., 29.]])
    """
    return corr2d(image, kernel.flip(0, 1))


def _prepared(
    image: Tensor, kernel: Tensor, stride: Pair, padding: Padding, dilation: Pair
) -> tuple[Tensor, Tensor, tuple[int, int]]:
    """Return X with its padding, K in the same dtype, and the size of Y."""
    X, K = _validate.as_same_dtype(image=image, kernel=kernel)
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    size = conv_output_size(tuple(X.shape), tuple(K.shape), **options)
    rows, columns = _validate.pad_amounts(kernel_size=tuple(K.shape), **options)
    return F.pad(X, (*columns, *rows)), K, size
