"""Tensors: images, kernels, feature maps and what fits together."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from utils._validate._declaration import Kind
from utils._validate._words import _describe, _dtype_name


def as_tensor(value: Any, name: str) -> Tensor:
    """
    Return a real tensor, array or nested list as a floating-point tensor.

    Floating dtypes are kept; integers and booleans become the default dtype. Device and gradient
    are kept, so the result can be computed with.
    """
    tensor = _tensor_from(value, name)
    if tensor.layout != torch.strided:
        raise TypeError(f"{name} must be a dense tensor, got layout {tensor.layout}")
    if tensor.is_meta:
        raise ValueError(f"{name} must hold numbers, got a tensor without data (device meta)")
    if tensor.is_complex():
        raise TypeError(f"{name} must hold real numbers, got {_dtype_name(tensor)}")
    if not tensor.is_floating_point():
        tensor = tensor.to(torch.get_default_dtype())
    return tensor


_NOT_TENSORS = [None, "text", 3, torch.zeros(2, 2, dtype=torch.complex64), [[1, 2], [3]], object()]


def tensor(shape: str) -> Kind:
    """Return the kind of a non-empty tensor of a shape such as ``"(C, H, W)"``."""
    axes = len(shape.strip("(,)").split(","))

    def convert(value: Any, name: str) -> Tensor:
        return _require_shape(as_tensor(value, name), name, shape, axes)

    wrong = [*_NOT_TENSORS, torch.zeros([2] * (axes + 1)), torch.zeros([0] * axes)]
    return Kind(convert, wrong)


def _not_drawable(*shapes: tuple[int, ...]) -> list[Any]:
    infinite = torch.full(shapes[0], torch.inf)
    return [*_NOT_TENSORS, infinite, *(torch.zeros(shape) for shape in shapes[1:])]


def as_matrix(values: Any, name: str, *, shape: str = "(H, W)") -> Tensor:
    """Return `values` as a non-empty 2-D floating-point tensor, gradient and device kept."""
    return _require_shape(as_tensor(values, name), name, shape, 2)


Matrix = Annotated[Tensor, tensor("(H, W)")]


def as_image(image: Any, name: str = "image") -> Tensor:
    """
    Return an image as a (C, H, W) floating-point tensor that is safe to draw.

    Accepts (H, W) and (C, H, W), any device and dtype; the result is on the CPU, detached, in
    float32 or float64, and finite.
    """
    tensor = _for_drawing(as_tensor(image, name))
    _require_shape(tensor, name, "(H, W) or (C, H, W)", 2, 3)
    if tensor.ndim == 3 and tensor.shape[-1] in (3, 4) and min(tensor.shape[:2]) >= 16:
        raise ValueError(
            f"{name} must have shape (C, H, W), got {tuple(tensor.shape)}, "
            f"which looks like (H, W, C): use {name}.permute(2, 0, 1)"
        )
    _require_finite(tensor, name)
    return tensor.unsqueeze(0) if tensor.ndim == 2 else tensor


Image = Annotated[Tensor, Kind(as_image, _not_drawable((4, 5), (2, 3, 4, 5), (4,), (0, 4)))]


def as_images(images: Any, name: str = "images") -> list[Tensor]:
    """Return a non-empty list, tuple or (N, C, H, W) batch of images as a list of (C, H, W)."""
    if isinstance(images, (torch.Tensor, np.ndarray)):
        if images.ndim != 4:
            raise ValueError(
                f"{name} must be a list of images or have shape (N, C, H, W), "
                f"got {tuple(images.shape)}"
            )
    elif not isinstance(images, (list, tuple)):
        raise TypeError(f"{name} must be a list of images, got {_describe(images)}")
    if len(images) == 0:
        raise ValueError(f"{name} must hold at least one image, got none")
    return [as_image(image, f"{name}[{index}]") for index, image in enumerate(images)]


_NOT_IMAGES = [None, "text", 3, [], [torch.zeros(3)], torch.zeros(4, 4)]
Images = Annotated[Any, Kind(as_images, _NOT_IMAGES)]  # a list in the body


def as_map(response: Any, name: str) -> Tensor:
    """Return one feature map as a (H, W) tensor."""
    tensor = as_image(response, name)
    if len(tensor) != 1:
        raise ValueError(f"{name} must have shape (H, W) or (1, H, W), got {tuple(tensor.shape)}")
    return tensor[0]


Map = Annotated[Tensor, Kind(as_map, _not_drawable((4, 5), (2, 4, 5), (4,), (0, 4)))]


def as_kernel(kernel: Any, name: str = "kernel") -> Tensor:
    """
    Return a kernel as a (kH, kW) floating-point tensor that is safe to draw.

    Accepts (kH, kW) and (1, 1, kH, kW); the result is on the CPU, detached and finite.
    """
    tensor = _for_drawing(as_tensor(kernel, name))
    if tensor.ndim == 4 and tensor.shape[:2] == (1, 1):
        tensor = tensor[0, 0]
    _require_shape(tensor, name, "(kH, kW) or (1, 1, kH, kW)", 2)
    return _require_finite(tensor, name)


Kernel = Annotated[Tensor, Kind(as_kernel, _not_drawable((3, 3), (2, 1, 3, 3), (3,), (0, 3)))]


def as_weight(weight: Any, name: str = "weight") -> Tensor:
    """Return the weight of a convolution, (C_out, C_in, kH, kW), safe to draw."""
    tensor = _for_drawing(as_tensor(weight, name))
    _require_shape(tensor, name, "(C_out, C_in, kH, kW)", 4)
    return _require_finite(tensor, name)


Weight = Annotated[Tensor, Kind(as_weight, _not_drawable((2, 3, 3, 3), (3, 3), (2, 3, 0, 3)))]


def as_same_dtype(**tensors: Tensor) -> tuple[Tensor, ...]:
    """Return the named tensors in the widest of their dtypes; they must share a device."""
    devices = [str(tensor.device) for tensor in tensors.values()]
    if len(set(devices)) > 1:
        raise ValueError(
            f"{' and '.join(tensors)} must be on one device, got {' and '.join(devices)}"
        )
    dtype = functools.reduce(torch.promote_types, (tensor.dtype for tensor in tensors.values()))
    return tuple(tensor.to(dtype) for tensor in tensors.values())


def as_image_and_filter(image: Any, filter: Any) -> tuple[Tensor, ...]:
    """Return a (C, H, W) image and a (C, kH, kW) filter with as many channels, in one dtype."""
    image = _require_shape(as_tensor(image, "image"), "image", "(C, H, W)", 3)
    filter = _require_shape(as_tensor(filter, "filter"), "filter", "(C, kH, kW)", 3)
    if len(image) != len(filter):
        raise ValueError(
            f"filter must have one kernel for each of the {len(image)} channels of the image, "
            f"got shape {tuple(filter.shape)}"
        )
    return as_same_dtype(image=image, filter=filter)


def as_image_weight_bias(image: Tensor, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, ...]:
    """Return a (C_in, H, W) image, (C_out, C_in, kH, kW) weight and (C_out,) bias that match."""
    if weight.shape[1] != len(image):
        raise ValueError(
            f"weight must have shape (C_out, {len(image)}, kH, kW) for an image of {len(image)} "
            f"channels, got {tuple(weight.shape)}"
        )
    if bias is None:
        bias = weight.new_zeros(len(weight))
    if len(bias) != len(weight):
        raise ValueError(f"bias must have shape ({len(weight)},), got {tuple(bias.shape)}")
    return as_same_dtype(image=image, weight=weight, bias=bias)


def as_image_batch(images: Any, name: str) -> Tensor:
    """Return (N, C, H, W) pictures as they are, whatever numbers they hold."""
    return _require_shape(_tensor_from(images, name), name, "(N, C, H, W)", 4)


ImageBatch = Annotated[Tensor, Kind(as_image_batch, [None, "text", 3, [], torch.zeros(4, 4)])]


def require_labels_for(images: Tensor, labels: Tensor) -> None:
    """Refuse labels that are not as many as the images."""
    if len(labels) != len(images):
        raise ValueError(
            f"labels must have shape ({len(images)},), one for each image, "
            f"got {tuple(labels.shape)}"
        )


def _tensor_from(value: Any, name: str) -> Tensor:
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, np.ndarray):
        return _tensor_from_array(value, name)
    if isinstance(value, (list, tuple)):
        return _tensor_from_sequence(value, name)
    raise TypeError(
        f"{name} must be a tensor, an array or nested lists of numbers, got {_describe(value)}"
    )


def _tensor_from_array(array: np.ndarray, name: str) -> Tensor:
    try:  # a copy in native byte order: torch takes no negative strides and no read-only memory
        return torch.from_numpy(np.array(array, dtype=array.dtype.newbyteorder("=")))
    except TypeError:
        raise TypeError(f"{name} must hold numbers, got an array of {array.dtype}") from None


def _tensor_from_sequence(value: Sequence, name: str) -> Tensor:
    try:
        if any(isinstance(part, (torch.Tensor, np.ndarray)) for part in value):
            return torch.stack([as_tensor(part, name) for part in value])
        return torch.tensor(value)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"{name} must be nested lists of numbers with rows of equal length, "
            f"got {_describe(value)}"
        ) from None


def _for_drawing(tensor: Tensor) -> Tensor:
    tensor = tensor.detach().cpu()
    return tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()


def _require_shape(tensor: Tensor, name: str, expected: str, *ndims: int) -> Tensor:
    if tensor.ndim not in ndims:
        raise ValueError(f"{name} must have shape {expected}, got {tuple(tensor.shape)}")
    if tensor.numel() == 0:
        raise ValueError(f"{name} must not be empty, got shape {tuple(tensor.shape)}")
    return tensor


def _require_finite(tensor: Tensor, name: str) -> Tensor:
    if not torch.isfinite(tensor).all():
        found = "NaN" if torch.isnan(tensor).any() else "infinity"
        raise ValueError(f"{name} must hold finite numbers, got {found}")
    return tensor
