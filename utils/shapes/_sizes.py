"""The arithmetic of convolutional layers: sizes, padding, parameters, multiply-adds."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from utils import _validate
from utils._validate import (
    Count,
    Flag,
    IntOrPair,
    NonNegativeIntOrPair,
    PaddingOrInt,
    Pair,
    checked,
)


@checked
def conv_output_size(
    size: IntOrPair,
    kernel_size: IntOrPair,
    *,
    stride: IntOrPair = 1,
    padding: PaddingOrInt = 0,
    dilation: IntOrPair = 1,
) -> IntOrPair:
    r"""
    Return the size of the output of a convolution.

    Parameters
    ----------
    size, kernel_size : int or (int, int)
        Height and width of the input and of the kernel, in pixels.
    stride, dilation : int or (int, int)
        Pixels from one window to the next, and from one kernel entry to the next.
    padding : int, (int, int), "same" or "valid"
        Pixels added on each side; "same" keeps the size, "valid" adds none.

    Returns
    -------
    int or (int, int)
        Height and width of the output.

    Raises
    ------
    ValueError
        If the window does not fit into the padded input, or ``padding="same"`` meets a stride
        above 1.

    Notes
    -----
    Along each axis, with input size n, kernel size k, stride s, padding p and dilation d, the
    window spans d(k - 1) + 1 pixels and the output has

    .. math:: \left\lfloor \frac{n + 2p - d(k - 1) - 1}{s} \right\rfloor + 1

    entries (Dumoulin and Visin, 2016, "A guide to convolution arithmetic for deep learning",
    relationship 15).

    Examples
    --------
    >>> conv_output_size(200, 5)
    196
    >>> conv_output_size(200, 25, stride=3)
    59
    >>> conv_output_size((28, 32), 3, padding="same")
    (28, 32)
    """
    output = [
        (n + before + after - d * (k - 1) - 1) // s + 1
        for n, k, s, d, (before, after) in _windows(size, kernel_size, stride, padding, dilation)
    ]
    return _same_kind(output, size, kernel_size, stride, padding, dilation)


@checked
def pool_output_size(
    size: IntOrPair,
    kernel_size: IntOrPair,
    *,
    stride: IntOrPair | None = None,
    padding: NonNegativeIntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: Flag = False,
) -> IntOrPair:
    """
    Return the size of the output of a pooling layer.

    Parameters
    ----------
    size, kernel_size : int or (int, int)
        Height and width of the input and of the window, in pixels.
    stride : int or (int, int), optional
        Pixels from one window to the next; by default the size of the window.
    padding : int or (int, int)
        Pixels added on each side, at most half of the window.
    dilation : int or (int, int)
        Pixels from one entry of the window to the next (maximum pooling only).
    ceil_mode : bool
        Whether a last window may reach beyond the edge, as long as it starts before it.

    Returns
    -------
    int or (int, int)
        Height and width of the output.

    Raises
    ------
    ValueError
        If no window fits.

    Notes
    -----
    The formula is that of `conv_output_size`; `ceil_mode` rounds up instead of down, then
    drops a window that would start in the padding at the end.

    Examples
    --------
    >>> pool_output_size(28, 2)
    14
    >>> pool_output_size(7, 2), pool_output_size(7, 2, ceil_mode=True)
    (3, 4)
    >>> pool_output_size((5, 10), (5, 1))
    (1, 10)
    """
    stride = kernel_size if stride is None else stride
    output = []
    for n, k, s, p, d in _along_each_axis(size, kernel_size, stride, padding, dilation):
        _validate.require_half_window(p, k)
        entries = (n + 2 * p - d * (k - 1) - 1 + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (entries - 1) * s >= n + p:
            entries -= 1
        if entries < 1:
            _validate.require_fit(n, k, p, p, d)
        output.append(entries)
    return _same_kind(output, size, kernel_size, stride, padding, dilation)


@checked
def conv_transpose_output_size(
    size: IntOrPair,
    kernel_size: IntOrPair,
    *,
    stride: IntOrPair = 1,
    padding: NonNegativeIntOrPair = 0,
    output_padding: NonNegativeIntOrPair = 0,
    dilation: IntOrPair = 1,
) -> IntOrPair:
    """
    Return the size of the output of a transposed convolution.

    Parameters
    ----------
    size, kernel_size : int or (int, int)
        Height and width of the input and of the kernel, in pixels.
    stride : int or (int, int)
        Output pixels from one input pixel to the next.
    padding : int or (int, int)
        Pixels removed on each side of the output.
    output_padding : int or (int, int)
        Rows and columns added at the end of the output; less than the stride or the dilation.
    dilation : int or (int, int)
        Pixels from one kernel entry to the next.

    Returns
    -------
    int or (int, int)
        Height and width of the output.

    Raises
    ------
    ValueError
        If the padding cuts off all of the output.

    Notes
    -----
    Along each axis the size is (n - 1)s - 2p + d(k - 1) + output_padding + 1: the size of the
    input of a convolution with the same settings whose output has n entries.

    Examples
    --------
    >>> conv_transpose_output_size(14, 2, stride=2)
    28
    >>> conv_transpose_output_size(14, 3, stride=2, padding=1, output_padding=1)
    28
    """
    settings = (size, kernel_size, stride, padding, output_padding, dilation)
    output = []
    for n, k, s, p, e, d in _along_each_axis(*settings):
        _validate.require_output_padding(e, s, d)
        entries = (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        _validate.require_output_left(entries, p)
        output.append(entries)
    return _same_kind(output, *settings)


@checked
def same_padding(kernel_size: IntOrPair, *, dilation: IntOrPair = 1) -> IntOrPair:
    """
    Return the padding on each side that keeps the size, with stride 1.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of the kernel.
    dilation : int or (int, int)
        Pixels from one kernel entry to the next.

    Returns
    -------
    int or (int, int)
        Padding of each side, along height and width.

    Raises
    ------
    ValueError
        If no equal padding of both sides keeps the size.

    Notes
    -----
    The size stays when 2p = d(k - 1). An even kernel with an odd dilation makes the right-hand
    side odd: both sides cannot get the same padding.

    Examples
    --------
    >>> same_padding(5)
    2
    >>> same_padding((3, 7), dilation=2)
    (2, 6)
    """
    output = []
    for k, d in _along_each_axis(kernel_size, dilation):
        _validate.require_even_padding(k, d)
        output.append(d * (k - 1) // 2)
    return _same_kind(output, kernel_size, dilation)


@checked
def unused_pixels(
    size: IntOrPair,
    kernel_size: IntOrPair,
    *,
    stride: IntOrPair = 1,
    padding: PaddingOrInt = 0,
    dilation: IntOrPair = 1,
) -> IntOrPair:
    """
    Count the rows and columns at the end of the padded input that no window reaches.

    Parameters
    ----------
    size, kernel_size : int or (int, int)
        Height and width of the input and of the kernel, in pixels.
    stride, dilation : int or (int, int)
        Pixels from one window to the next, and from one kernel entry to the next.
    padding : int, (int, int), "same" or "valid"
        Pixels added on each side.

    Returns
    -------
    int or (int, int)
        Number of rows and columns left over at the bottom and at the right, padding included.

    Notes
    -----
    It is the remainder of the division in `conv_output_size`.

    Examples
    --------
    >>> unused_pixels(7, 2, stride=2)
    1
    >>> unused_pixels((6, 8), 3, stride=(2, 3))
    (1, 2)
    """
    output = [
        (n + before + after - d * (k - 1) - 1) % s
        for n, k, s, d, (before, after) in _windows(size, kernel_size, stride, padding, dilation)
    ]
    return _same_kind(output, size, kernel_size, stride, padding, dilation)


@checked
def pixel_usage(
    size: IntOrPair,
    kernel_size: IntOrPair,
    *,
    stride: IntOrPair = 1,
    padding: PaddingOrInt = 0,
    dilation: IntOrPair = 1,
) -> Tensor:
    """
    Count the windows that read each pixel of the input.

    Parameters
    ----------
    size, kernel_size : int or (int, int)
        Height and width of the input and of the kernel, in pixels; an integer means a square.
    stride, dilation : int or (int, int)
        Pixels from one window to the next, and from one kernel entry to the next.
    padding : int, (int, int), "same" or "valid"
        Pixels added on each side (not counted themselves).

    Returns
    -------
    Tensor of shape (H, W), int64
        The number of output entries that depend on each input pixel.

    Examples
    --------
    >>> pixel_usage(5, 3, padding=1)
    tensor([[4, 6, 6, 6, 4],
            [6, 9, 9, 9, 6],
            [6, 9, 9, 9, 6],
            [6, 9, 9, 9, 6],
            [4, 6, 6, 6, 4]])
    """
    counts = []
    for n, k, s, d, (before, after) in _windows(size, kernel_size, stride, padding, dilation):
        count = torch.zeros(before + n + after, dtype=torch.int64)
        entries = (len(count) - d * (k - 1) - 1) // s + 1
        for tap in range(k):  # each kernel entry visits one pixel per window
            count[tap * d : tap * d + (entries - 1) * s + 1 : s] += 1
        counts.append(count[before : before + n])
    rows, columns = counts
    return torch.outer(rows, columns)


@checked
def conv_parameters(
    in_channels: Count,
    out_channels: Count,
    kernel_size: Pair,
    *,
    groups: Count = 1,
    bias: Flag = True,
) -> int:
    """
    Count the parameters of a convolutional layer.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the input and of the output.
    kernel_size : int or (int, int)
        Height and width of each kernel; an integer means a square.
    groups : int
        Number of groups into which the channels are split.
    bias : bool
        Whether each output channel has a bias.

    Returns
    -------
    int
        Number of weights and biases.

    Raises
    ------
    ValueError
        If the groups do not divide the channels.

    Notes
    -----
    Each of the C_out filters has C_in / groups kernels and one bias: the size of the image does
    not appear.

    Examples
    --------
    >>> conv_parameters(3, 6, 5)
    456
    >>> conv_parameters(3, 6, 5, groups=3, bias=False)
    150
    """
    height, width = kernel_size
    fan_in = _channels_per_group(in_channels, out_channels, groups) * height * width
    return out_channels * (fan_in + bias)


@checked
def linear_parameters(in_features: Count, out_features: Count, *, bias: Flag = True) -> int:
    """
    Count the parameters of a fully connected layer.

    Parameters
    ----------
    in_features, out_features : int
        Numbers of inputs and of outputs.
    bias : bool
        Whether each output has a bias.

    Returns
    -------
    int
        Number of weights and biases.

    Examples
    --------
    >>> linear_parameters(16, 4) + linear_parameters(4, 1)
    73
    """
    return out_features * (in_features + bias)


@checked
def conv_multiply_adds(
    size: Pair,
    in_channels: Count,
    out_channels: Count,
    kernel_size: Pair,
    *,
    stride: IntOrPair = 1,
    padding: PaddingOrInt = 0,
    dilation: IntOrPair = 1,
    groups: Count = 1,
) -> int:
    """
    Count the multiply-adds of a convolutional layer for one image.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the input, in pixels; an integer means a square.
    in_channels, out_channels : int
        Channels of the input and of the output.
    kernel_size : int or (int, int)
        Height and width of each kernel.
    stride, dilation : int or (int, int)
        Stride and dilation of the windows.
    padding : int, (int, int), "same" or "valid"
        Pixels added on each side.
    groups : int
        Number of groups into which the channels are split.

    Returns
    -------
    int
        Number of multiplications, each with its addition. Biases are not counted.

    Examples
    --------
    >>> conv_multiply_adds(32, 3, 6, 5)  # 4,704 outputs of 75 products each
    352800
    """
    kernel_height, kernel_width = kernel_size
    fan_in = _channels_per_group(in_channels, out_channels, groups) * kernel_height * kernel_width
    height, width = conv_output_size(
        size, kernel_size, stride=stride, padding=padding, dilation=dilation
    )
    return out_channels * height * width * fan_in


@checked
def linear_multiply_adds(in_features: Count, out_features: Count) -> int:
    """
    Count the multiply-adds of a fully connected layer for one example.

    Parameters
    ----------
    in_features, out_features : int
        Numbers of inputs and of outputs.

    Returns
    -------
    int
        Number of multiplications, each with its addition. Biases are not counted.

    Examples
    --------
    >>> linear_multiply_adds(3 * 32 * 32, 4704)
    14450688
    """
    return linear_parameters(in_features, out_features, bias=False)


def _along_each_axis(*settings: Any) -> Iterator[tuple[int, ...]]:
    """Return the settings along the height, then along the width; an int holds for both."""
    return zip(*(_as_two(setting) for setting in settings), strict=True)


def _as_two(setting: Any) -> tuple:
    return setting if isinstance(setting, tuple) else (setting, setting)


def _windows(
    size: IntOrPair, kernel_size: IntOrPair, stride: IntOrPair, padding: Any, dilation: IntOrPair
) -> list[Any]:
    """Return (n, k, s, d, (before, after)) for height and width, where the window fits."""
    pads = _validate.pad_amounts(padding, kernel_size, stride=stride, dilation=dilation)
    axes: list[Any] = list(_along_each_axis(size, kernel_size, stride, dilation, pads))
    for n, k, _, d, (before, after) in axes:
        _validate.require_fit(n, k, before, after, d)
    return axes


def _same_kind(output: Sequence[int], *arguments: Any) -> IntOrPair:
    """Return two numbers as one when every argument was a single number."""
    single = not any(isinstance(argument, tuple) for argument in arguments)
    return output[0] if single else tuple(output)


def _channels_per_group(in_channels: int, out_channels: int, groups: int) -> int:
    _validate.require_divisible(in_channels, groups, "in_channels")
    _validate.require_divisible(out_channels, groups, "out_channels")
    return in_channels // groups
