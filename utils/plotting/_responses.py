"""What comes out of a convolution, and whether it is a picture again or a map with a sign."""

import torch
import torch.nn.functional as F
from torch import Tensor

from utils import _validate
from utils.drawing.maps import grey_limits
from utils.shapes import conv_output_size

USUAL = 0.98  # the part of the values of a photograph that its scale holds; few edges are stronger


def correlate(
    image: Tensor, kernel: Tensor, *, stride: tuple[int, int], padding: tuple[int, int] | str
) -> Tensor:
    """Slide one kernel over each channel of a (C, H, W) image."""
    size, kernel_size = tuple(image.shape[1:]), tuple(kernel.shape)
    if padding == "same" and stride == (1, 1):
        _validate.require_odd_kernel(kernel_size)
    conv_output_size(size, kernel_size, stride=stride, padding=padding)  # refuses what does not fit
    dtype = torch.promote_types(image.dtype, kernel.dtype)
    weight = kernel.to(dtype)[None, None]
    return F.conv2d(image.to(dtype)[:, None], weight, stride=stride, padding=padding)[:, 0]


def run_layer(layer: torch.nn.Conv2d, image: Tensor) -> Tensor:
    """Return the feature maps (C_out, H, W) of a layer, without its hooks and without a trace."""
    _validate.require_readable(image, layer)
    settings = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
    conv_output_size(tuple(image.shape[1:]), layer.kernel_size, **settings)
    try:
        with torch.no_grad():
            maps = layer.forward(image.to(layer.weight)[None])[0]
    except RuntimeError as error:
        raise _validate.unreadable_image(error) from error
    return _validate.as_image(maps, "the output of conv_layer")


def sums_to_one(kernel: Tensor) -> bool:
    """Tell whether a kernel keeps the brightness of an even area."""
    return abs(kernel.sum().item() - 1) < 1e-4


def keeps_pictures(kernel: Tensor) -> bool:
    """Tell whether what comes out of a picture is a picture again."""
    return kernel.min().item() >= 0 or sums_to_one(kernel)


def response_limits(image: Tensor, kernel: Tensor, response: Tensor) -> tuple[float, float]:
    """Return the values that are drawn black and white in a response that is a picture."""
    low, high = grey_limits(image)
    if sums_to_one(kernel):
        return low, high
    total = kernel.sum().item()
    if total > 0:
        return low * total, high * total
    return grey_limits(response)
