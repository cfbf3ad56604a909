"""The layers of a module: which there are, how many parameters and multiply-adds they have."""

import copy
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from utils import _validate

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
MAX_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
AVERAGE_POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
ADAPTIVE_POOLS = (
    *(nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
)
_NORMS = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm),
    *(nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
    *(nn.GroupNorm, nn.LayerNorm, nn.RMSNorm),
)
# The layers with parameters that can be counted; a layer without parameters multiplies nothing.
COUNTED = (*CONVOLUTIONS, *TRANSPOSED, nn.Linear, *_NORMS, nn.PReLU)


def without_data(module: nn.Module) -> nn.Module:
    """Return a copy on the meta device, in evaluation mode, without forward hooks."""
    memo: dict[int, Any] = {}
    for part in module.modules():
        own = [*part._parameters.values(), *part._buffers.values(), *vars(part).values()]
        for tensor in own:
            if isinstance(tensor, UninitializedParameter):
                raise _validate.lazy_parameter()
            if isinstance(tensor, Tensor) and id(tensor) not in memo:
                empty = torch.empty_like(tensor, device="meta", requires_grad=False)
                is_parameter = isinstance(tensor, nn.Parameter)
                memo[id(tensor)] = nn.Parameter(empty, False) if is_parameter else empty
    replica = copy.deepcopy(module, memo)
    for part in replica.modules():
        part._forward_hooks.clear()  # the reader's own, which would see a tensor without data
        part.training = False
    return replica


def layers_of(module: nn.Module) -> dict[str, nn.Module]:
    """Return the layers by name, in the order in which they are defined, once each."""
    found: dict[str, nn.Module] = {}
    seen = set()

    def walk(part: nn.Module, name: str) -> None:
        if id(part) in seen:
            return
        seen.add(id(part))
        has_parameters = any(parameter is not None for parameter in part._parameters.values())
        if isinstance(part, COUNTED):
            found[name] = part
        elif has_parameters:
            raise _validate.unknown_layer(
                called(name),
                part,
                "it has parameters of its own, and how often they are multiplied cannot be told",
            )
        elif not part._modules:
            found[name] = part
        for key, child in part._modules.items():
            if child is not None and name not in found:
                walk(child, f"{name}.{key}" if name else key)

    walk(module, "")
    return found


def called(name: str) -> str:
    """Return what an error calls the layer of that name."""
    return f"layer {name!r}" if name else "module"


def axes_of_a_batch(layers: dict[str, nn.Module]) -> int:
    """Return the number of axes of a batch of inputs: 4 for images, which is the usual case."""
    spatial = (*CONVOLUTIONS, *TRANSPOSED, *MAX_POOLS, *AVERAGE_POOLS, *ADAPTIVE_POOLS)
    for layer in layers.values():
        if isinstance(layer, spatial):
            return number_of_axes(layer) + 2
        if isinstance(layer, (nn.Linear, nn.Flatten)):
            break
    return 4


def number_of_axes(layer: nn.Module) -> int:
    """Return 2 for a layer that works on images, 1 or 3 for its relatives."""
    return next(n for n in (1, 2, 3) for base in type(layer).__mro__ if f"{n}d" in base.__name__)


def kernel_size_of(layer: nn.Module) -> tuple[int, ...] | None:
    """Return the window of a convolution or a pooling layer, None for other layers."""
    if isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED, *MAX_POOLS, *AVERAGE_POOLS)):
        return spread(layer.kernel_size, number_of_axes(layer))
    return None


def spread(value: Any, axes: int) -> tuple[int, ...]:
    """Return a setting along each axis; an int holds for all."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


def parameters_of(layer: nn.Module, seen: set[int]) -> int:
    """Count the parameters of a layer that are not in `seen` yet, and note them there."""
    fresh = {id(tensor): tensor.numel() for tensor in layer.parameters() if id(tensor) not in seen}
    seen.update(fresh)
    return sum(fresh.values())


def multiply_adds_of(layer: nn.Module, image: Tensor, output: Tensor) -> int:
    """Count the multiply-adds of one call."""
    if isinstance(layer, CONVOLUTIONS):
        return output.numel() * prod(layer.weight.shape[1:])
    if isinstance(layer, TRANSPOSED):  # each input entry is multiplied by all it is spread over
        return image.numel() * prod(layer.weight.shape[1:])
    if isinstance(layer, nn.Linear):
        return output.numel() * layer.in_features
    return 0
