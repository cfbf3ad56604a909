"""Layers, networks, and what they are trained with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from utils._validate._declaration import Kind
from utils._validate._tensors import _require_finite, _tensor_from, as_tensor
from utils._validate._values import as_layers, as_texts
from utils._validate._words import _describe, _dtype_name


def as_conv_layer(layer: Any, name: str = "conv_layer") -> torch.nn.Conv2d:
    """Return `layer` if it is a `torch.nn.Conv2d`."""
    if not isinstance(layer, torch.nn.Conv2d):
        raise TypeError(f"{name} must be a torch.nn.Conv2d, got {_describe(layer)}")
    return layer


_NOT_CONV_LAYERS = [None, "text", torch.nn.Linear, torch.nn.Conv2d, torch.nn.ReLU()]
ConvLayer = Annotated[torch.nn.Conv2d, Kind(as_conv_layer, _NOT_CONV_LAYERS)]


def as_module(module: Any, name: str = "module") -> torch.nn.Module:
    """Return `module` if it is a `torch.nn.Module`."""
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"{name} must be a torch.nn.Module, got {_describe(module)}")
    return module


_NOT_MODULES = [None, "text", torch.nn.ReLU, torch.relu]
Module = Annotated[torch.nn.Module, Kind(as_module, _NOT_MODULES)]


def as_networks(networks: Any, name: str = "networks") -> dict[str, tuple]:
    """Return named networks as a dict of name to (module, input_shape)."""
    if not isinstance(networks, Mapping):
        raise TypeError(f"{name} must map names to (module, input_shape), got {networks!r:.60}")
    if not networks:
        raise ValueError(f"{name} must hold at least one network, got none")
    for key in as_texts(list(networks), name):
        entry = networks[key]
        if not isinstance(entry, (tuple, list)) or len(entry) != 2:
            raise TypeError(f"{name}[{key!r}] must be (module, input_shape), got {entry!r:.60}")
    return dict(networks)


_NOT_NETWORKS: list[Any] = [None, 3, "text", [], {}, {3: (torch.nn.ReLU(), (3, 4, 4))}, {"a": (3,)}]
Networks = Annotated[Any, Kind(as_networks, _NOT_NETWORKS)]


def as_batch(images: Any, name: str = "images") -> Tensor:
    """Return a batch (N, ...) as a finite floating-point tensor without gradients."""
    tensor = as_tensor(images, name).detach()
    if tensor.ndim < 2 or tensor.numel() == 0:
        raise ValueError(f"{name} must have shape (N, ...), got {tuple(tensor.shape)}")
    return _require_finite(tensor, name)


_NOT_BATCHES: list[Any] = [None, "text", 3, [], torch.zeros(5), torch.full((5, 4), torch.inf)]
Batch = Annotated[Tensor, Kind(as_batch, _NOT_BATCHES)]


def as_labels(labels: Any, name: str = "labels") -> Tensor:
    """Return labels as an int64 tensor of shape (N,); floating-point numbers are refused."""
    labels = _tensor_from(labels, name)
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"{name} must hold integers, got {_dtype_name(labels)}")
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"{name} must have shape (N,), got {tuple(labels.shape)}")
    return labels.long()


_NOT_LABELS = [None, "text", 3, [], [0.5], [True], torch.zeros(5), torch.ones(5, 1).long()]
Labels = Annotated[Tensor, Kind(as_labels, _NOT_LABELS)]


def as_examples(pair: Any, name: str) -> tuple[Tensor, Tensor]:
    """Return (images, labels), one label for each image."""
    if not isinstance(pair, (list, tuple)):
        raise TypeError(f"{name} must be a pair (images, labels), got {_describe(pair)}")
    if len(pair) != 2:
        raise ValueError(f"{name} must be a pair (images, labels), got {len(pair)} parts")
    images, labels = as_batch(pair[0], f"{name} images"), as_labels(pair[1], f"{name} labels")
    require_one_each(labels, images, f"{name} labels", f"{name} images")
    return images, labels


_NOT_EXAMPLES = [
    *(None, 3, "text", (), (torch.zeros(5, 4), [0] * 4), (torch.zeros(5, 4), [0] * 5, 3)),
    *((torch.zeros(5, 4), labels) for labels in _NOT_LABELS),
    *((images, [0] * 5) for images in _NOT_BATCHES),
]
Examples = Annotated[Any, Kind(as_examples, _NOT_EXAMPLES)]


def as_trainable(model: Any, name: str = "model") -> torch.nn.Module:
    """Return `model` if it is a `torch.nn.Module` with parameters to train."""
    if not any(parameter.requires_grad for parameter in as_module(model, name).parameters()):
        raise ValueError(f"{name} must have parameters that require gradients, got none")
    return model


Trainable = Annotated[torch.nn.Module, Kind(as_trainable, [*_NOT_MODULES, torch.nn.ReLU()])]


def as_device(device: Any, name: str = "device") -> torch.device:
    """Return a `torch.device` that can be computed on here."""
    if not isinstance(device, (str, torch.device)):
        raise TypeError(f'{name} must be a device such as "cpu", got {_describe(device)}')
    try:
        probe = torch.zeros(1, device=device)
        probe.item()  # not on the device "meta"
    except (RuntimeError, AssertionError, NotImplementedError):
        raise ValueError(
            f"{name} must be one that PyTorch finds here, got {str(device)!r}"
        ) from None
    return probe.device


Device = Annotated[Any, Kind(as_device, [3, "gpu", "meta", "cuda:99", None])]


def as_optimiser_maker(maker: Any, name: str) -> Callable[..., Any]:
    """Return `maker` if it can be called, as a class such as `torch.optim.Adam` can."""
    if not callable(maker):
        raise TypeError(f"{name} must be {_OPTIMISER}, got {_describe(maker)}")
    return maker


_OPTIMISER = "a callable such as torch.optim.Adam"


OptimiserMaker = Annotated[Any, Kind(as_optimiser_maker, [None, "adam", 3])]


def as_optimiser(
    maker: Callable[..., Any], parameters: Iterable[Tensor], learning_rate: float
) -> torch.optim.Optimizer:
    """Return the `torch.optim.Optimizer` that ``maker(parameters, lr=learning_rate)`` makes."""
    try:
        made = maker(parameters, lr=learning_rate)
    except (TypeError, ValueError) as error:
        raise ValueError(f"optimiser must be {_OPTIMISER}, got one that says: {error}") from error
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(f"optimiser must be {_OPTIMISER}, got one that returns {_describe(made)}")
    return made


def require_scores(model: torch.nn.Module, images: Tensor, name: str = "images") -> int:
    """Return the number of classes of a model that gives each image one score a class."""
    try:
        scores = model(images)
    except RuntimeError as error:
        reason = str(error).splitlines()[0][:120]
        raise ValueError(
            f"{name} must be ones that the model can read, got shape (N, "
            f"{', '.join(map(str, images.shape[1:]))}): {reason}"
        ) from error
    expected = "model must return scores of shape (N, classes)"
    if not isinstance(scores, torch.Tensor) or not scores.is_floating_point():
        raise TypeError(f"{expected}, got {_describe(scores)}")
    if scores.ndim != 2 or len(scores) != len(images):
        raise ValueError(f"{expected}, got {tuple(scores.shape)} for {len(images)} image")
    return scores.shape[1]


def require_classes(labels: Tensor, classes: int, name: str) -> None:
    """Refuse labels that are not from 0 to `classes` - 1."""
    low, high = (int(value) for value in labels.aminmax())
    if low < 0 or high >= classes:
        raise ValueError(
            f"{name} must be from 0 to {classes - 1} for {classes} classes, "
            f"got {low if low < 0 else high}"
        )


def require_one_each(values: Tensor, others: Tensor, name: str, other_name: str) -> None:
    """Refuse two tensors of different length."""
    if len(values) != len(others):
        raise ValueError(
            f"{name} must be as many as {other_name}, got {len(values)} and {len(others)}"
        )


def require_at_most(value: int, limit: int, name: str, limit_name: str) -> None:
    """Refuse a value above its limit."""
    if value > limit:
        raise ValueError(f"{name} must be at most {limit_name}, got {value} of {limit}")


def require_finite_loss(epoch: int, *losses: float) -> None:
    """Stop a training whose loss is no number any more."""
    for loss in losses:
        if not np.isfinite(loss):
            raise ValueError(
                f"the loss must stay finite, got {loss} in epoch {epoch}: try a smaller "
                "learning_rate"
            )


def as_chain(layers: Any, name: str) -> torch.nn.Module | list[tuple[int, int, int]]:
    """Return a module as it is, a list of windows as `as_layers` does."""
    return layers if isinstance(layers, torch.nn.Module) else as_layers(layers, name)


_NOT_CHAINS = [None, 3, "text", [3], [(3,)], [(3, 0)], [(3, 1, 1, 1)], [(3, 1.5)]]
Chain = Annotated[Any, Kind(as_chain, _NOT_CHAINS)]


def unreadable_input(input_shape: tuple[int, ...], reason: object) -> ValueError:
    """Return the error for an input that a module stops at."""
    return ValueError(
        f"input_shape must be one that the module can read, got {input_shape}: {reason}"
    )


def lazy_parameter() -> ValueError:
    """Return the error for a module whose parameters have no shape yet."""
    return ValueError(
        "module must have all its parameters, got a lazy one: call it on an input first"
    )


def unknown_layer(called: str, layer: torch.nn.Module, reason: str) -> ValueError:
    """Return the error for a layer whose multiply-adds cannot be counted."""
    return ValueError(f"{called} of type {type(layer).__name__} is not known: {reason}")


def no_window(name: str, layer: torch.nn.Module) -> ValueError:
    """Return the error for a layer that does not see a window of a fixed size."""
    where = f"{name!r} of type " if name else ""
    return ValueError(
        f"layers must be convolutions, pooling and what works entry by entry, got "
        f"{where}{type(layer).__name__}: use summarise(module, input_shape)"
    )
