"""
What the arguments of a function may be: said once, in its signature.

A *kind* of argument is a type with a check: `Count` is an integer from 1, `Pair` an integer or a
pair of them, `Image` a tensor that can be drawn. A public function names the kinds of its
parameters and is `checked`; its body then works on values that are right and converted::

    @checked
    def conv_parameters(in_channels: Count, out_channels: Count, kernel_size: Pair, ...):

The function behind a kind (``as_*``) returns what the body works on, or raises: `TypeError` for a
wrong type of object, `ValueError` for a wrong value. What depends on several arguments is checked
in the body, by one of the ``require_*`` functions. All messages are worded here: they name the
parameter, say what was expected and what came: ``image must have shape (H, W) or (C, H, W), got
(2, 3, 4, 5)``. No argument is ever changed. Each kind knows a few wrong values, from which
tests/test_helpers_contract.py derives what every checked function must refuse.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar, cast, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn.parameter import UninitializedParameter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")


# The declaration ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Kind:
    """
    What an argument may be; it stands in the signature, in an `Annotated` type.

    Parameters
    ----------
    convert : callable
        ``convert(value, name)`` returns what the function works on, or raises an error that names
        the parameter.
    wrong : sequence
        A few values that it must refuse, for the tests.
    optional : bool
        Whether None passes as it is: ``Count | None`` in the signature.
    """

    convert: Callable[[Any, str], Any]
    wrong: Sequence[Any] = ()
    optional: bool = False

    def __call__(self, value: Any, name: str) -> Any:
        return None if self.optional and value is None else self.convert(value, name)


def kinds_of(function: Callable[..., Any]) -> dict[str, Kind]:
    """Return the kind of each parameter of `function` that declares one."""
    kinds = {}
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        annotation = parameter.annotation
        alternatives = [annotation, *get_args(annotation)]  # a type, or those of `X | None`
        for alternative in alternatives:
            for part in getattr(alternative, "__metadata__", ()):
                if isinstance(part, Kind):
                    kinds[name] = replace(part, optional=NoneType in alternatives)
    return kinds


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """
    Check and convert the arguments of `function` as its signature declares.

    Defaults are converted as well, so that the body never sees anything else. A call that does not
    fit the signature raises Python's own error.
    """
    signature = inspect.signature(function)
    kinds = kinds_of(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            bound = None
        if bound is None:
            return function(*args, **kwargs)  # Python says what is missing or not known
        bound.apply_defaults()
        for name, kind in kinds.items():
            bound.arguments[name] = kind(bound.arguments[name], name)
        return function(*bound.args, **bound.kwargs)

    # What help() and an editor show: `size, kernel_size, *, stride=1`, without the kinds.
    plain = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=plain, return_annotation=signature.empty
    )
    return call


# Single values ------------------------------------------------------------------------------


def as_int(value: Any, name: str, *, minimum: int = 1, maximum: int | None = None) -> int:
    """Return `value` as an int from `minimum` to `maximum`; bools, floats, strings are refused."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {_describe(value)}")
    whole = int(value)
    if whole < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {whole}")
    if maximum is not None and whole > maximum:
        raise ValueError(f"{name} must be at most {maximum:,}, got {whole:,}")
    return whole


def integer(minimum: int = 1, maximum: int | None = None) -> Kind:
    """Return the kind of an integer within limits."""
    outside = [minimum - 1] if maximum is None else [minimum - 1, maximum + 1]
    wrong = [*outside, 2.5, "2", True, None]
    return Kind(functools.partial(as_int, minimum=minimum, maximum=maximum), wrong)


Count = Annotated[int, integer()]
NonNegative = Annotated[int, integer(minimum=0)]


def as_number(
    value: Any,
    name: str,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
) -> float:
    """Return `value` as a finite float between limits that belong to it, or do not."""
    if isinstance(value, torch.Tensor) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {_describe(value)}")
    value = cast(Any, value)
    if not np.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}")
    if minimum is not None and value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    if above is not None and value <= above:
        raise ValueError(f"{name} must be greater than {above}, got {value}")
    if maximum is not None and value > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {value}")
    if below is not None and value >= below:
        raise ValueError(f"{name} must be less than {below}, got {value}")
    return float(value)


def number(**limits: Any) -> Kind:
    """Return the kind of a finite number within the limits of `as_number`."""
    steps = {"minimum": -0.5, "above": 0, "maximum": 0.5, "below": 0}
    outside = [limit + steps[side] for side, limit in limits.items()]
    wrong = [*outside, float("nan"), "2", True, None]
    return Kind(functools.partial(as_number, **limits), wrong)


Number = Annotated[float, number()]
Positive = Annotated[float, number(above=0)]


def as_bool(value: Any, name: str) -> bool:
    """Return `value` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {_describe(value)}")
    return bool(value)


Flag = Annotated[bool, Kind(as_bool, ["yes", 2.5, [True], None])]


def as_choice(value: Any, name: str, options: Iterable[str]) -> str:
    """Return `value` if it is one of the strings `options`; else name the closest ones."""
    options = list(options)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {_describe(value)}")
    if value in options:
        return value
    close = difflib.get_close_matches(value.lower().replace(" ", "_"), options, cutoff=0.5)
    hint = f"did you mean {_list_names(close)}?" if close else f"choose {_list_names(options)}"
    raise ValueError(f"{name} {value!r} is not known: {hint}")


def choice(options: Iterable[str]) -> Kind:
    """Return the kind of a string that is one of `options`."""
    return Kind(functools.partial(as_choice, options=options), [None, 3, "qqqq"])


def as_path(value: Any, name: str) -> Path:
    """Return a string or a path as a path, with ``~`` written out."""
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{name} must be a string or a path, got {_describe(value)}")
    return Path(value).expanduser().absolute()


FilePath = Annotated[Any, Kind(as_path, [None, 3, True])]


def require_rest(**shares: float) -> None:
    """Refuse parts of a whole that leave nothing of it."""
    if sum(shares.values()) >= 1 - 1e-9:
        raise ValueError(
            f"{' + '.join(shares)} must be less than 1, got {' + '.join(map(str, shares.values()))}"
        )


def require_undivided(train: bool | None, dataset: str) -> None:
    """Refuse to choose a part of a data set that has none."""
    if train is not None:
        raise ValueError(
            f"train must be None for {dataset!r}, which comes in one piece (see `split`), "
            f"got {train}"
        )


def as_step_count(number: int, *, most: int) -> int:
    """Return the number of steps of an animation if it is at most `most`."""
    if number > most:
        raise ValueError(
            f"an animation has at most {most} steps, got {number:,}: use a smaller image"
        )
    return number


def as_texts(texts: Any, name: str, number: int | None = None) -> list[str]:
    """Return a list of strings, `number` of them where one belongs to each of so many things."""
    if not isinstance(texts, (list, tuple)):
        count = "" if number is None else f"{number} "
        raise TypeError(f"{name} must be a list of {count}texts, got {_describe(texts)}")
    if number is not None and len(texts) != number:
        raise ValueError(f"{name} must hold {number} texts, got {len(texts)}")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"{name}[{index}] must be a string, got {_describe(text)}")
    return list(texts)


def as_titles(titles: Any, number: int) -> Sequence[str | None]:
    """Return one title (or None) for each panel."""
    return [None] * number if titles is None else as_texts(titles, "titles", number)


Texts = Annotated[Any, Kind(as_texts, ["text", 3, [3, 4], None])]


def as_pair(value: Any, name: str, *, minimum: int = 1) -> tuple[int, int]:
    """Return an int or a pair of ints as a (height, width) tuple."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        value = (value, value)
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{name} must be an integer or a pair (H, W), got {_describe(value)}")
    if len(value) != 2:
        raise ValueError(f"{name} must be an integer or a pair (H, W), got {_describe(value)}")
    height, width = (as_int(part, name, minimum=minimum) for part in value)
    return height, width


def pair(minimum: int = 1) -> Kind:
    """Return the kind of an integer or a pair of them, given to the body as a pair."""
    return Kind(functools.partial(as_pair, minimum=minimum), _not_pairs(minimum))


def int_or_pair(minimum: int = 1) -> Kind:
    """Return the kind of an integer or a pair of them, for a body that tells them apart."""
    return Kind(functools.partial(as_int_or_pair, minimum=minimum), _not_pairs(minimum))


def _not_pairs(minimum: int) -> list[Any]:
    return [minimum - 1, (2, minimum - 1), 2.5, "2", (1, 2, 3), (1,), (2, None), True, None]


def as_int_or_pair(value: Any, name: str, *, minimum: int = 1) -> int | tuple[int, int]:
    """Return an int as an int, a pair of ints as a tuple."""
    sizes = as_pair(value, name, minimum=minimum)
    return sizes[0] if isinstance(value, Integral) else sizes


Pair = Annotated[Any, pair()]
NonNegativePair = Annotated[Any, pair(minimum=0)]
IntOrPair = Annotated[Any, int_or_pair()]
NonNegativeIntOrPair = Annotated[Any, int_or_pair(minimum=0)]


def as_padding(padding: Any, name: str = "padding") -> tuple[int, int] | str:
    """Return `padding` as a (height, width) tuple, or as the string "same" or "valid"."""
    if isinstance(padding, str):
        return as_choice(padding, name, ("same", "valid"))
    return as_pair(padding, name, minimum=0)


def as_padding_or_int(padding: Any, name: str) -> int | tuple[int, int] | str:
    """Return `padding` as `as_padding` does, but an int as an int."""
    rows_columns = as_padding(padding, name)
    return int(padding) if isinstance(padding, Integral) else rows_columns


_NOT_PADDINGS = [*_not_pairs(0), "sane"]
Padding = Annotated[Any, Kind(as_padding, _NOT_PADDINGS)]
PaddingOrInt = Annotated[Any, Kind(as_padding_or_int, _NOT_PADDINGS)]


def as_layers(layers: Any, name: str = "layers") -> list[tuple[int, int, int]]:
    """Return a list of (kernel size, stride[, dilation]) as a list of three ints each."""
    if not isinstance(layers, (list, tuple)):
        raise TypeError(f"{name} must be a list of (kernel_size, stride), got {_describe(layers)}")
    triples = []
    for index, layer in enumerate(layers):
        label = f"{name}[{index}]"
        expected = f"{label} must be (kernel_size, stride) or (kernel_size, stride, dilation)"
        if not isinstance(layer, (list, tuple)):
            raise TypeError(f"{expected}, got {_describe(layer)}")
        if len(layer) not in (2, 3):
            raise ValueError(f"{expected}, got {_describe(layer)}")
        kernel_size, stride, dilation = (*layer, 1)[:3]
        triples.append(tuple(as_int(part, label) for part in (kernel_size, stride, dilation)))
    return cast(list[tuple[int, int, int]], triples)


def as_input_shape(shape: Any, name: str = "input_shape") -> tuple[int, ...]:
    """Return the shape of an input as a tuple of ints."""
    if not isinstance(shape, (list, tuple)):
        raise TypeError(f"{name} must be a tuple such as (C, H, W), got {_describe(shape)}")
    if not shape:
        raise ValueError(f"{name} must have at least one axis, got ()")
    return tuple(as_int(size, f"{name}[{axis}]") for axis, size in enumerate(shape))


InputShape = Annotated[
    Any, Kind(as_input_shape, [None, 3, "text", (), (3, 0, 9), (3, 8.5, 9), torch.ones(3)])
]


def pad_amounts(
    padding: Any, kernel_size: Any, *, stride: Any = 1, dilation: Any = 1
) -> tuple[tuple[int, int], tuple[int, int]]:
    """
    Return the padding as ``((top, bottom), (left, right))``.

    For an even kernel, ``padding="same"`` needs an odd number of extra rows; as in PyTorch, the
    bottom and the right get the one more.
    """
    padding = as_padding(padding)
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        if as_pair(stride, "stride") != (1, 1):
            rows, columns = as_pair(stride, "stride")
            given = rows if rows == columns else (rows, columns)
            raise ValueError(
                f'padding="same" needs stride 1, got stride={given}: '
                "give the padding as a number, for example padding=1"
            )
        spans = zip(as_pair(kernel_size, "kernel_size"), as_pair(dilation, "dilation"), strict=True)
        totals = [d * (k - 1) for k, d in spans]
        top_bottom, left_right = ((total // 2, total - total // 2) for total in totals)
        return top_bottom, left_right
    height, width = padding
    return (height, height), (width, width)


# Tensors ------------------------------------------------------------------------------------


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


def as_axes(ax: Any, name: str = "ax") -> Axes:
    """Return `ax` if it is one Matplotlib Axes."""
    if not (hasattr(ax, "imshow") and hasattr(ax, "add_patch")):
        raise TypeError(f"{name} must be a Matplotlib Axes, got {_describe(ax)}")
    return ax


Ax = Annotated["Axes", Kind(as_axes, ["text", 3, np.array([1, 2]), None])]  # `Ax | None`


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


# Training -----------------------------------------------------------------------------------


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


# Sizes ----------------------------------------------------------------------------------------


def require_fit(size: int, kernel_size: int, before: int, after: int, dilation: int) -> None:
    """Refuse a window that reaches beyond the padded input."""
    span = dilation * (kernel_size - 1) + 1
    if span <= size + before + after:
        return
    spread = f" with dilation={dilation} (spans {span})" if dilation > 1 else ""
    raise ValueError(
        f"the window must fit into the padded input, got kernel_size={kernel_size}{spread} for an "
        f"input of {size} with {before + after} of padding: use a smaller kernel or more padding"
    )


def require_half_window(padding: int, kernel_size: int) -> None:
    """Refuse a padding in which a window of pooling could lie as a whole."""
    if padding > kernel_size // 2:
        raise ValueError(
            f"padding must be at most half of the window, got padding={padding} for a window of "
            f"{kernel_size}"
        )


def require_output_padding(output_padding: int, stride: int, dilation: int) -> None:
    """Refuse rows at the end that another size of the input would explain."""
    if output_padding >= max(stride, dilation):
        raise ValueError(
            "output_padding must be less than the stride or the dilation, "
            f"got output_padding={output_padding} with stride={stride} and dilation={dilation}"
        )


def require_output_left(entries: int, padding: int) -> None:
    """Refuse a padding that cuts off the whole output of a transposed convolution."""
    if entries < 1:
        raise ValueError(
            f"padding must leave something of the output, got padding={padding} for an output of "
            f"{entries + 2 * padding} before it is cut: use less padding"
        )


def require_even_padding(kernel_size: int, dilation: int) -> None:
    """Refuse a window that keeps the size only with different padding on the two sides."""
    total = dilation * (kernel_size - 1)
    if total % 2:
        raise ValueError(
            f"no equal padding of both sides keeps the size, got kernel_size={kernel_size} with "
            f"dilation={dilation}, which needs {total} in all: use an odd kernel_size"
        )


def require_divisible(channels: int, groups: int, name: str) -> None:
    """Refuse channels that cannot be split into groups of equal size."""
    if channels % groups:
        raise ValueError(f"{name} must be divisible by groups, got {channels} and {groups}")


# Modules --------------------------------------------------------------------------------------


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


# Plots (utils.drawing, utils.plotting) --------------------------------------------------------


def as_input(image: Any, name: str = "image") -> Tensor:
    """Return what a convolution reads as a (C, H, W) tensor; uint8 is divided by 255."""
    tensor = as_image(image, name)
    return tensor / 255 if str(getattr(image, "dtype", "")).endswith("uint8") else tensor


def as_picture(image: Any, name: str = "image", *, channels: Sequence[int] = (1, 3)) -> Tensor:
    """Return an image that can be shown as it is as a (C, H, W) tensor; uint8 becomes 0..1."""
    tensor = as_input(image, name)
    if len(tensor) not in channels:
        expected = " or ".join(["(H, W)", *(f"({number}, H, W)" for number in channels)])
        raise ValueError(f"{name} must have shape {expected}, got {tuple(tensor.shape)}")
    if len(tensor) == 3 and (tensor.min() < 0 or tensor.max() > 1):
        raise ValueError(
            f"{name} in colour must lie in 0..1, got {tensor.min():.3g}..{tensor.max():.3g}: "
            f"rescale it, or clip it on purpose with {name}.clamp(0, 1)"
        )
    return tensor


def picture(*channels: int) -> Kind:
    """Return the kind of an image of so many channels that can be shown as it is."""
    wrong = [*_not_drawable((4, 5), (2, 4, 5), (4,), (0, 4)), 2 * torch.ones(3, 4, 5)]
    return Kind(functools.partial(as_picture, channels=channels), wrong)


InputImage = Annotated[Tensor, Kind(as_input, _not_drawable((4, 5), (2, 3, 4, 5), (4,), (0, 4)))]
Picture = Annotated[Tensor, picture(1, 3)]
GreyPicture = Annotated[Tensor, picture(1)]
ColourPicture = Annotated[Tensor, picture(3)]


def as_picture_list(images: Any, name: str) -> list[Tensor]:
    """Return a list or a batch of images that can be shown as they are."""
    as_images(images, name)
    return [as_picture(image, f"{name}[{index}]") for index, image in enumerate(images)]


PictureList = Annotated[Any, Kind(as_picture_list, [*_NOT_IMAGES, [2 * torch.ones(3, 4, 5)]])]


def as_maps(responses: Any, name: str) -> list[Tensor]:
    """Return feature maps, given as a list or as one tensor, as a list of (H, W) tensors."""
    if isinstance(responses, (torch.Tensor, np.ndarray)):
        if responses.ndim == 4 and len(responses) == 1:
            responses = responses[0]
        return list(as_image(responses, name))
    tensors = as_images(responses, name)
    return [as_map(one, f"{name}[{index}]") for index, one in enumerate(tensors)]


_NOT_MAPS = [None, "text", 3, [], torch.zeros(2, 3, 4, 5), [torch.zeros(2, 4, 5)]]
Maps = Annotated[Any, Kind(as_maps, _NOT_MAPS)]


def as_kernels(kernels: Any, name: str) -> list[tuple[str | None, Tensor | str]]:
    """Return the name (or None) and the kernel of each; a name instead of a kernel is kept."""
    names: list[str | None]
    if isinstance(kernels, Mapping):
        names, values = [str(key) for key in kernels], list(kernels.values())
    elif isinstance(kernels, (list, tuple, torch.Tensor, np.ndarray)):
        names, values = [one if isinstance(one, str) else None for one in kernels], list(kernels)
    else:
        raise TypeError(f"{name} must be a list or a dict, got {type(kernels).__name__}")
    if not values:
        raise ValueError(f"{name} must hold at least one kernel, got none")
    tensors = [
        value if isinstance(value, str) else as_kernel(value, f"{name}[{index}]")
        for index, value in enumerate(values)
    ]
    return list(zip(names, tensors, strict=True))


Kernels = Annotated[Any, Kind(as_kernels, [None, "text", 3, [], {}, [torch.zeros(3)]])]


def as_losses(history: Any, name: str) -> dict[str, list[float]]:
    """Return the losses of what `utils.training.fit` returns, by the name of their curve."""
    curves = {}
    for curve in ("training", "validation"):
        attribute = "train_losses" if curve == "training" else "validation_losses"
        losses = getattr(history, attribute, None)
        if not isinstance(losses, (list, tuple)):
            raise TypeError(f"{name} must be what fit returns, got {type(history).__name__}")
        curves[curve] = [
            as_number(loss, f"{name}.{attribute}[{index}]", minimum=0)
            for index, loss in enumerate(losses)
        ]
    lengths = [len(losses) for losses in curves.values()]
    if lengths[0] != lengths[1] or not lengths[0]:
        raise ValueError(
            f"{name} must hold two losses for each epoch, at least one, got {lengths[0]} "
            f"for training and {lengths[1]} for validation"
        )
    return curves


Losses = Annotated[Any, Kind(as_losses, [None, "text", 3, {"train_losses": [1.0]}])]


def as_counts(matrix: Any, name: str) -> np.ndarray:
    """Return a confusion matrix as an array of whole numbers."""
    values = as_matrix(matrix, name, shape="(classes, classes)").detach().cpu()
    if values.shape[0] != values.shape[1]:
        raise ValueError(f"{name} must have shape (classes, classes), got {tuple(values.shape)}")
    counts = values.double().numpy()
    wrong = counts[~np.isfinite(counts) | (counts < 0) | (counts != np.floor(counts))]
    if wrong.size:
        raise ValueError(f"{name} must hold counts, got {wrong[0]:g}")
    return counts.astype(np.int64)


_NOT_COUNTS = [*_NOT_TENSORS, torch.zeros(2, 3), [[-1]], [[0.5]], [[float("inf")]]]
Counts = Annotated[Any, Kind(as_counts, _NOT_COUNTS)]


def require_odd_kernel(kernel_size: Sequence[int]) -> None:
    """Refuse a kernel that has no middle, where the padding is to keep the size."""
    if any(size % 2 == 0 for size in kernel_size):
        height, width = kernel_size
        raise ValueError(
            f'padding="same" needs an odd kernel, got {height} × {width}: use an odd kernel, '
            'padding="valid", or give the padding as a number'
        )


def require_readable(image: Tensor, layer: torch.nn.Conv2d) -> None:
    """Refuse a layer without weights, and an image whose channels are not those of the layer."""
    if isinstance(layer.weight, UninitializedParameter):
        raise ValueError("conv_layer has no weights yet: call it on an input first")
    if len(image) != layer.in_channels:
        raise ValueError(
            f"image must have shape ({layer.in_channels}, H, W) for this conv_layer, "
            f"got {tuple(image.shape)}"
        )


def unreadable_image(error: RuntimeError) -> ValueError:
    """Say that a layer refused an image, by reflected padding that is too wide, for example."""
    return ValueError(f"conv_layer cannot read this image: {error}")


def as_box(box: Any, image: Tensor) -> tuple[int, int, int, int]:
    """Return (row, column, rows, columns) of a few pixels that lie in the image."""
    expected = "box must be (row, column, rows, columns)"
    if not isinstance(box, (list, tuple)):
        raise TypeError(f"{expected}, got {type(box).__name__}")
    if len(box) != 4:
        raise ValueError(f"{expected}, got {len(box)} numbers")
    row, column = (as_int(part, f"box[{index}]", minimum=0) for index, part in enumerate(box[:2]))
    rows, columns = (as_int(part, f"box[{index + 2}]") for index, part in enumerate(box[2:]))
    channels, height, width = image.shape
    if row + rows > height or column + columns > width:
        raise ValueError(f"box must lie in the image of {height} × {width}, got {tuple(box)}")
    most = 10 if channels == 1 else 6
    if max(rows, columns) > most:
        raise ValueError(
            f"box must be at most {most} × {most} for its numbers to be read, "
            f"got {rows} × {columns}"
        )
    return row, column, rows, columns


def require_losses_until(step: int, losses: Sequence[float]) -> None:
    """Refuse losses that end before the last snapshot."""
    if len(losses) <= step:
        raise ValueError(f"losses must reach step {step}, the last snapshot, got {len(losses)}")


def require_values(values: Any, inputs: Tensor, name: str) -> Tensor:
    """Return what an elementwise function gave: finite numbers, one for each input."""
    if getattr(values, "shape", None) != inputs.shape:
        raise ValueError(
            f"{name} must return a tensor of the shape of its input, {tuple(inputs.shape)}, "
            f"got {tuple(getattr(values, 'shape', ()))}"
        )
    if not torch.isfinite(values).all():
        raise ValueError(f"{name} must return finite numbers, got others")
    return values


# Diagrams: windows, cells, pools, channels, animations ----------------------------------------


def as_values(values: Any, name: str) -> Tensor:
    """Return a matrix as float64 on the CPU, so that nothing drawn touches the caller's data."""
    return as_matrix(values, name).detach().cpu().double()


Values = Annotated[Tensor, Kind(as_values, tensor("(H, W)").wrong)]


def as_frames(frames: Any, name: str) -> Iterable[Any]:
    """Return the figures of an animation; they may be drawn one by one, as they are asked for."""
    if isinstance(frames, str) or not isinstance(frames, Iterable):
        raise TypeError(f"{name} must be a sequence of figures, got {_describe(frames)}")
    return frames


Frames = Annotated[Any, Kind(as_frames, [None, 3, "text"])]


def as_figure(figure: Any, name: str) -> Figure:
    """Return `figure` if it is a Matplotlib figure."""
    if not (hasattr(figure, "add_axes") and hasattr(figure, "set_dpi")):
        raise TypeError(f"{name} must hold Matplotlib figures, got {_describe(figure)}")
    return figure


def as_sentence(text: Any, name: str) -> str:
    """Return a text that says something."""
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a string, got {_describe(text)}")
    if not text.strip():
        raise ValueError(f"{name} must say something, got an empty text")
    return text


Sentence = Annotated[str, Kind(as_sentence, [None, 3, "", " "])]


def as_cells(highlight: Any, shape: Sequence[int]) -> list[tuple[int, int]]:
    """List the cells that are meant by a pair of indices or slices, or by (row, column) pairs."""
    if highlight is None:
        return []
    rows, columns = shape
    parts = highlight if isinstance(highlight, tuple) and len(highlight) == 2 else (None,)
    cells: list[tuple[int, int]] | None = None
    try:
        if all(isinstance(part, (int, slice)) for part in parts):
            numbers = torch.arange(rows * columns).reshape(rows, columns)[highlight]
            return [divmod(number, columns) for number in numbers.flatten().tolist()]
        cells = [(operator.index(i), operator.index(j)) for i, j in highlight]
    except (IndexError, TypeError, ValueError):
        pass
    if cells is None or not all(0 <= i < rows and 0 <= j < columns for i, j in cells):
        raise ValueError(
            f"highlight must be (row, column) or a list of such cells within a grid of shape "
            f"{tuple(shape)}, got {highlight!r}"
        )
    return cells


def require_position(position: tuple[int, int], shape: Sequence[int]) -> None:
    """Refuse a place that is not in the output."""
    if any(p >= n for p, n in zip(position, shape, strict=True)):
        raise ValueError(f"position must lie in the output of shape {tuple(shape)}, got {position}")


def require_outlasting(shape: Sequence[int], times: int, kernel: Sequence[int]) -> None:
    """Refuse a picture of which so many convolutions without padding leave nothing."""
    if any(n - times * (k - 1) < 1 for n, k in zip(shape, kernel, strict=True)):
        raise ValueError(
            f"image must outlast {times} convolutions with a kernel of shape {tuple(kernel)}, "
            f"got shape {tuple(shape)}"
        )


def require_shape(values: Tensor, shape: Sequence[int], name: str) -> None:
    """Refuse a tensor of another shape."""
    if tuple(values.shape) != tuple(shape):
        raise ValueError(f"{name} must have shape {tuple(shape)}, got {tuple(values.shape)}")


def require_one_size(sizes: Sequence[tuple[int, int]], name: str) -> None:
    """Refuse no picture at all, and pictures that differ in size."""
    if not sizes:
        raise ValueError(f"{name} must hold at least one picture, got none")
    if len(set(sizes)) > 1:
        raise ValueError(f"{name} must have one size, got {sorted(set(sizes))}")


# Diagrams: networks, volumes, counts, comparisons, heat maps ----------------------------------


def as_list(values: Any, name: str) -> list[Any]:
    """Return a list or tuple as a list."""
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"{name} must be a list, got {_describe(values)}")
    return list(values)


Listed = Annotated[Any, Kind(as_list, [3, "text", None])]


def as_grids(grids: Any, name: str) -> list[Tensor]:
    """Return a non-empty sequence of matrices as float64 tensors on the CPU."""
    if isinstance(grids, (str, int)) or grids is None or not len(grids):
        raise ValueError(f"{name} must be a sequence of matrices, got {_describe(grids)}")
    matrices = [as_matrix(grid, f"{name}[{index}]") for index, grid in enumerate(grids)]
    return [matrix.detach().cpu().double() for matrix in matrices]


Grids = Annotated[Any, Kind(as_grids, [None, 3, "text", [], [3], [torch.zeros(3)]])]


def as_network_layers(layers: Any, name: str) -> list[Tensor]:
    """
    Return the layers of a network as masks (out, in) of weight numbers, int64.

    Accepts layer sizes (fully connected), or masks: 0 where there is no connection, equal integers
    where a weight is shared; in a bool or float mask every connection gets a number of its own.
    """
    expected = f"{name} must be a sequence of two or more sizes, or of one or more masks"
    if isinstance(layers, (str, int, Tensor)) or not isinstance(layers, Sequence):
        raise TypeError(f"{expected}, got {_describe(layers)}")
    masks = [layer for layer in layers if isinstance(layer, Tensor)]
    if not masks and len(layers) > 1:
        sizes = [as_int(size, name) for size in layers]
        masks = [torch.ones(n, m) for n, m in zip(sizes[1:], sizes[:-1], strict=True)]
    elif not masks or len(masks) < len(layers):
        raise ValueError(f"{expected}, got {_describe(layers)}")
    units: Any = "in"
    for index, mask in enumerate(masks):
        if mask.ndim != 2 or mask.numel() == 0 or units not in ("in", mask.shape[1]):
            shape = f"{name}[{index}] must have shape (out, {units})"
            raise ValueError(f"{shape}, got {tuple(mask.shape)}")
        units = len(mask)
    return [_numbered(mask.detach().cpu()) for mask in masks]


def _numbered(mask: Tensor) -> Tensor:
    """Give every connection of a bool or float mask a number of its own, from 1."""
    if mask.is_floating_point() or mask.dtype == torch.bool:
        connected = mask != 0
        mask = torch.where(connected, connected.flatten().cumsum(0).reshape(mask.shape), 0)
    return mask.long()


_NOT_LAYERS: list[Any] = [None, 16, "16", [], [16], [16, 0], [16, 4.0], [4, torch.ones(1, 4)]]
_NOT_LAYERS += [[torch.ones(4)], [torch.ones(0, 3)], [torch.ones(4, 16), torch.ones(1, 5)]]
NetworkLayers = Annotated[Any, Kind(as_network_layers, _NOT_LAYERS)]


def as_named(values: Any, name: str) -> dict[str, Any]:
    """Return a non-empty mapping of names to something as a dict."""
    if not isinstance(values, Mapping):
        raise TypeError(f"{name} must be a dict of names, got {_describe(values)}")
    if not values or not all(isinstance(key, str) for key in values):
        raise ValueError(f"{name} must have names that are texts, at least one, got {[*values]}")
    return dict(values)


def as_heatmaps(heatmaps: Any, name: str) -> dict[str, list[Tensor]]:
    """Return named lists of maps as lists of (H, W) tensors."""
    rows = {}
    for row, maps in as_named(heatmaps, name).items():
        label = f"{name}[{row!r}]"
        if isinstance(maps, (str, bytes)) or not hasattr(maps, "__len__"):
            raise TypeError(f"{label} must be a list of maps, got {_describe(maps)}")
        rows[row] = [as_map(values, f"{label}[{index}]") for index, values in enumerate(maps)]
    return rows


_NOT_NAMED: list[Any] = [None, 3, "text", [], {}, {3: torch.ones(2, 4, 4)}]
Heatmaps = Annotated[
    Any, Kind(as_heatmaps, [*_NOT_NAMED, {"a": 3}, {"a": "ab"}, {"a": torch.ones(2, 2, 4, 4)}])
]


def as_tiles(groups: Any, name: str) -> dict[str, Tensor]:
    """Return named tiles (N, H, W), safe to draw."""
    tiles = {}
    for group, values in as_named(groups, name).items():
        label = f"{name}[{group!r}]"
        tiles[group] = as_image(_require_shape(as_tensor(values, label), label, "(N, H, W)", 3))
    return tiles


Tiles = Annotated[Any, Kind(as_tiles, [*_NOT_NAMED, {"a": 3}, {"a": torch.ones(4, 4)}])]


def as_grey(image: Any, name: str) -> Tensor:
    """Return an image as (H, W) greys in 0..1; a colour image by the mean of its channels."""
    pixels = as_image(image, name)
    if str(getattr(image, "dtype", "")).endswith("uint8"):
        pixels = pixels / 255
    if len(pixels) not in (1, 3):
        raise ValueError(
            f"{name} must have shape (H, W), (1, H, W) or (3, H, W), got {tuple(pixels.shape)}"
        )
    if pixels.min() < 0 or pixels.max() > 1:
        raise ValueError(f"{name} must lie in 0..1, got {pixels.min():.3g}..{pixels.max():.3g}")
    return pixels.mean(dim=0)


def as_greys(images: Any, name: str) -> list[Tensor]:
    """Return a list of images or a batch (N, C, H, W) as greys, see `as_grey`."""
    as_images(images, name)
    return [as_grey(image, f"{name}[{index}]") for index, image in enumerate(images)]


_NOT_GREY = [torch.zeros(2, 4, 4), torch.full((4, 4), 2.0), torch.full((4, 4), -1.0)]
Grey = Annotated[Tensor, Kind(as_grey, [*_not_drawable((4, 5), (2, 3, 4, 5), (4,)), *_NOT_GREY])]
Greys = Annotated[Any, Kind(as_greys, [*_NOT_IMAGES, *([image] for image in _NOT_GREY)])]


def require_number(values: Sequence, number: int, name: str, things: str) -> None:
    """Refuse a list that does not have one entry for each of so many things."""
    if len(values) != number:
        raise ValueError(
            f"{name} must hold one for each of the {number} {things}, got {len(values)}"
        )


# Results of experiments -----------------------------------------------------------------------


# Parts --------------------------------------------------------------------------------------


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


def _dtype_name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _list_names(names: Sequence[str]) -> str:
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _describe(value: Any) -> str:
    """Return in a few words what `value` is: its value if that is short, else its type."""
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if value is None or isinstance(value, (bool, int, float, complex, str, Sequence)):
        text = repr(value)
        if len(text) <= 40:
            return text
    return f"an object of type {type(value).__name__}"
