"""
The arithmetic of layers and networks: sizes, padding, parameters, multiply-adds.

Sizes are whole numbers of pixels: an integer for one axis (or a square), a pair ``(H, W)`` for
two. A function returns an integer when every argument is a single number, and a pair as soon as
one of them is a pair. The results, and the settings that are refused, are those of PyTorch.
`summarise` does the arithmetic for a whole `torch.nn.Module`.
"""

from utils.shapes._modules import LayerSummary, Summary, receptive_field, summarise
from utils.shapes._sizes import (
    conv_multiply_adds,
    conv_output_size,
    conv_parameters,
    conv_transpose_output_size,
    linear_multiply_adds,
    linear_parameters,
    pixel_usage,
    pool_output_size,
    same_padding,
    unused_pixels,
)

__all__ = [
    "LayerSummary",
    "Summary",
    "conv_multiply_adds",
    "conv_output_size",
    "conv_parameters",
    "conv_transpose_output_size",
    "linear_multiply_adds",
    "linear_parameters",
    "pixel_usage",
    "pool_output_size",
    "receptive_field",
    "same_padding",
    "summarise",
    "unused_pixels",
]
