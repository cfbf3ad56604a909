"""
Turn what a caller gives into what a function works on, or say clearly what was wrong.

This is the only module that words errors about shapes, sizes and names. A message names the
argument, says what was expected and what came: ``image must have shape (H, W) or (C, H, W), got
(2, 3, 4, 5)``. Wrong kinds of objects raise `TypeError`, wrong values raise `ValueError`. No
argument is ever changed.
"""

import difflib
import functools
import os
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch

__all__ = [
    "as_axes",
    "as_batch",
    "as_bool",
    "as_choice",
    "as_conv_layer",
    "as_device",
    "as_examples",
    "as_image",
    "as_image_and_filter",
    "as_image_weight_bias",
    "as_images",
    "as_input_shape",
    "as_int",
    "as_kernel",
    "as_labelled_images",
    "as_labels",
    "as_layers",
    "as_map",
    "as_matrix",
    "as_module",
    "as_networks",
    "as_number",
    "as_optimiser",
    "as_padding",
    "as_pair",
    "as_path",
    "as_same_dtype",
    "as_shares",
    "as_step_count",
    "as_tensor",
    "as_texts",
    "as_titles",
    "as_trainable",
    "as_undivided",
    "pad_amounts",
    "require_at_most",
    "require_classes",
    "require_finite_loss",
    "require_one_each",
    "require_scores",
]


# Single values ------------------------------------------------------------------------------


def as_int(value, name, *, minimum=1, maximum=None):
    """Return `value` as an int from `minimum` to `maximum`; bools, floats, strings are refused."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {_describe(value)}")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    if maximum is not None and value > maximum:
        raise ValueError(f"{name} must be at most {maximum:,}, got {value:,}")
    return int(value)


def as_number(value, name, *, minimum=None, above=None, maximum=None, below=None):
    """Return `value` as a finite float between limits that belong to it, or do not."""
    if isinstance(value, torch.Tensor) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {_describe(value)}")
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


def as_bool(value, name):
    """Return `value` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {_describe(value)}")
    return bool(value)


def as_choice(value, name, options):
    """Return `value` if it is one of the strings `options`; else name the closest ones."""
    options = list(options)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {_describe(value)}")
    if value in options:
        return value
    close = difflib.get_close_matches(value.lower().replace(" ", "_"), options, cutoff=0.5)
    hint = f"did you mean {_list_names(close)}?" if close else f"choose {_list_names(options)}"
    raise ValueError(f"{name} {value!r} is not known: {hint}")


def as_path(value, name):
    """Return a string or a path as a path, with ``~`` written out."""
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{name} must be a string or a path, got {_describe(value)}")
    return Path(value).expanduser().absolute()


def as_shares(**shares):
    """Return the named parts of a whole, each from 0 to less than 1; they must leave a rest."""
    numbers = [as_number(value, name, minimum=0) for name, value in shares.items()]
    if sum(numbers) >= 1 - 1e-9:
        raise ValueError(
            f"{' + '.join(shares)} must be less than 1, got {' + '.join(map(str, numbers))}"
        )
    return numbers


def as_undivided(value, name, dataset):
    """Refuse to choose a part of a data set that has none."""
    if value is not None:
        raise ValueError(
            f"{name} must be None for {dataset!r}, which comes in one piece (see `split`), "
            f"got {value}"
        )


def as_step_count(number, *, most):
    """Return the number of steps of an animation if it is at most `most`."""
    if number > most:
        raise ValueError(
            f"an animation has at most {most} steps, got {number:,}: use a smaller image"
        )
    return number


def as_texts(texts, name, number):
    """Return a list of `number` strings, one for each thing they are written at."""
    if not isinstance(texts, (list, tuple)):
        raise TypeError(f"{name} must be a list of {number} texts, got {_describe(texts)}")
    if len(texts) != number:
        raise ValueError(f"{name} must hold {number} texts, got {len(texts)}")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"{name}[{index}] must be a string, got {_describe(text)}")
    return list(texts)


def as_titles(titles, number):
    """Return one title (or None) for each panel."""
    return [None] * number if titles is None else as_texts(titles, "titles", number)


def as_pair(value, name, *, minimum=1):
    """Return an int or a pair of ints as a (height, width) tuple."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        value = (value, value)
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{name} must be an integer or a pair (H, W), got {_describe(value)}")
    if len(value) != 2:
        raise ValueError(f"{name} must be an integer or a pair (H, W), got {_describe(value)}")
    height, width = (as_int(part, name, minimum=minimum) for part in value)
    return height, width


def as_padding(padding):
    """Return `padding` as a (height, width) tuple, or as the string "same" or "valid"."""
    if isinstance(padding, str):
        return as_choice(padding, "padding", ("same", "valid"))
    return as_pair(padding, "padding", minimum=0)


def as_layers(layers, name="layers"):
    """Return a list of (kernel size, stride[, dilation]) as a list of three ints each."""
    if not isinstance(layers, (list, tuple)):
        raise TypeError(f"{name} must be a list of (kernel_size, stride), got {_describe(layers)}")
    checked = []
    for index, layer in enumerate(layers):
        label = f"{name}[{index}]"
        expected = f"{label} must be (kernel_size, stride) or (kernel_size, stride, dilation)"
        if not isinstance(layer, (list, tuple)):
            raise TypeError(f"{expected}, got {_describe(layer)}")
        if len(layer) not in (2, 3):
            raise ValueError(f"{expected}, got {_describe(layer)}")
        kernel_size, stride, dilation = (*layer, 1)[:3]
        checked.append(tuple(as_int(part, label) for part in (kernel_size, stride, dilation)))
    return checked


def as_input_shape(shape, name="input_shape"):
    """Return the shape of an input as a tuple of ints."""
    if not isinstance(shape, (list, tuple)):
        raise TypeError(f"{name} must be a tuple such as (C, H, W), got {_describe(shape)}")
    if not shape:
        raise ValueError(f"{name} must have at least one axis, got ()")
    return tuple(as_int(size, f"{name}[{axis}]") for axis, size in enumerate(shape))


def pad_amounts(padding, kernel_size, *, stride=1, dilation=1):
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
            raise ValueError(
                f'padding="same" needs stride 1, got stride={stride}: '
                "give the padding as a number, for example padding=1"
            )
        spans = zip(as_pair(kernel_size, "kernel_size"), as_pair(dilation, "dilation"), strict=True)
        totals = [d * (k - 1) for k, d in spans]
        top_bottom, left_right = ((total // 2, total - total // 2) for total in totals)
        return top_bottom, left_right
    height, width = padding
    return (height, height), (width, width)


# Tensors ------------------------------------------------------------------------------------


def as_tensor(value, name):
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


def as_matrix(values, name, *, shape="(H, W)"):
    """Return `values` as a non-empty 2-D floating-point tensor, gradient and device kept."""
    return _require_shape(as_tensor(values, name), name, shape, 2)


def as_image(image, name="image"):
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


def as_images(images, name="images"):
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


def as_map(response, name):
    """Return one feature map as a (H, W) tensor."""
    tensor = as_image(response, name)
    if len(tensor) != 1:
        raise ValueError(f"{name} must have shape (H, W) or (1, H, W), got {tuple(tensor.shape)}")
    return tensor[0]


def as_kernel(kernel, name="kernel"):
    """
    Return a kernel as a (kH, kW) floating-point tensor that is safe to draw.

    Accepts (kH, kW) and (1, 1, kH, kW); the result is on the CPU, detached and finite.
    """
    tensor = _for_drawing(as_tensor(kernel, name))
    if tensor.ndim == 4 and tensor.shape[:2] == (1, 1):
        tensor = tensor[0, 0]
    _require_shape(tensor, name, "(kH, kW) or (1, 1, kH, kW)", 2)
    return _require_finite(tensor, name)


def as_weight(weight, name="weight"):
    """Return the weight of a convolution, (C_out, C_in, kH, kW), safe to draw."""
    tensor = _for_drawing(as_tensor(weight, name))
    _require_shape(tensor, name, "(C_out, C_in, kH, kW)", 4)
    return _require_finite(tensor, name)


def as_conv_layer(layer, name="conv_layer"):
    """Return `layer` if it is a `torch.nn.Conv2d`."""
    if not isinstance(layer, torch.nn.Conv2d):
        raise TypeError(f"{name} must be a torch.nn.Conv2d, got {_describe(layer)}")
    return layer


def as_module(module, name="module"):
    """Return `module` if it is a `torch.nn.Module`."""
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"{name} must be a torch.nn.Module, got {_describe(module)}")
    return module


def as_networks(networks):
    """Return named networks as a dict of name to (module, input_shape)."""
    if not isinstance(networks, Mapping):
        raise TypeError(f"networks must map names to (module, input_shape), got {networks!r:.60}")
    if not networks:
        raise ValueError("networks must hold at least one network, got none")
    for name in as_texts(list(networks), "networks", len(networks)):
        entry = networks[name]
        if not isinstance(entry, (tuple, list)) or len(entry) != 2:
            raise TypeError(f"networks[{name!r}] must be (module, input_shape), got {entry!r:.60}")
    return dict(networks)


def as_axes(ax, name="ax"):
    """Return `ax` if it is one Matplotlib Axes."""
    if not (hasattr(ax, "imshow") and hasattr(ax, "add_patch")):
        raise TypeError(f"{name} must be a Matplotlib Axes, got {_describe(ax)}")
    return ax


def as_same_dtype(**tensors):
    """Return the named tensors in the widest of their dtypes; they must share a device."""
    devices = [str(tensor.device) for tensor in tensors.values()]
    if len(set(devices)) > 1:
        raise ValueError(
            f"{' and '.join(tensors)} must be on one device, got {' and '.join(devices)}"
        )
    dtype = functools.reduce(torch.promote_types, (tensor.dtype for tensor in tensors.values()))
    return tuple(tensor.to(dtype) for tensor in tensors.values())


def as_image_and_filter(image, filter):
    """Return a (C, H, W) image and a (C, kH, kW) filter that can be multiplied."""
    image = _require_shape(as_tensor(image, "image"), "image", "(C, H, W)", 3)
    filter = _require_shape(as_tensor(filter, "filter"), "filter", "(C, kH, kW)", 3)
    if len(image) != len(filter):
        raise ValueError(
            f"filter must have one kernel for each of the {len(image)} channels of the image, "
            f"got shape {tuple(filter.shape)}"
        )
    return as_same_dtype(image=image, filter=filter)


def as_image_weight_bias(image, weight, bias):
    """Return a (C_in, H, W) image, (C_out, C_in, kH, kW) weight and (C_out,) bias that match."""
    image = _require_shape(as_tensor(image, "image"), "image", "(C_in, H, W)", 3)
    weight = as_tensor(weight, "weight")
    _require_shape(weight, "weight", "(C_out, C_in, kH, kW)", 4)
    if weight.shape[1] != len(image):
        raise ValueError(
            f"weight must have shape (C_out, {len(image)}, kH, kW) for an image of {len(image)} "
            f"channels, got {tuple(weight.shape)}"
        )
    bias = weight.new_zeros(len(weight)) if bias is None else as_tensor(bias, "bias")
    if tuple(bias.shape) != (len(weight),):
        raise ValueError(f"bias must have shape ({len(weight)},), got {tuple(bias.shape)}")
    return as_same_dtype(image=image, weight=weight, bias=bias)


def as_labelled_images(images, labels):
    """Return (N, C, H, W) images as they are, and (N,) integer labels as int64."""
    images = _require_shape(_tensor_from(images, "images"), "images", "(N, C, H, W)", 4)
    labels = as_labels(labels)
    if len(labels) != len(images):
        raise ValueError(
            f"labels must have shape ({len(images)},), one for each image, "
            f"got {tuple(labels.shape)}"
        )
    return images, labels


# Training -----------------------------------------------------------------------------------


def as_batch(images, name="images"):
    """Return a batch (N, ...) as a finite floating-point tensor without gradients."""
    tensor = as_tensor(images, name).detach()
    if tensor.ndim < 2 or tensor.numel() == 0:
        raise ValueError(f"{name} must have shape (N, ...), got {tuple(tensor.shape)}")
    return _require_finite(tensor, name)


def as_labels(labels, name="labels"):
    """Return labels as an int64 tensor of shape (N,); floating-point numbers are refused."""
    labels = _tensor_from(labels, name)
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"{name} must hold integers, got {_dtype_name(labels)}")
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"{name} must have shape (N,), got {tuple(labels.shape)}")
    return labels.long()


def as_examples(pair, name):
    """Return (images, labels), one label for each image."""
    if not isinstance(pair, (list, tuple)):
        raise TypeError(f"{name} must be a pair (images, labels), got {_describe(pair)}")
    if len(pair) != 2:
        raise ValueError(f"{name} must be a pair (images, labels), got {len(pair)} parts")
    images, labels = as_batch(pair[0], f"{name} images"), as_labels(pair[1], f"{name} labels")
    require_one_each(labels, images, f"{name} labels", f"{name} images")
    return images, labels


def as_trainable(model, name="model"):
    """Return `model` if it is a `torch.nn.Module` with parameters to train."""
    if not any(parameter.requires_grad for parameter in as_module(model, name).parameters()):
        raise ValueError(f"{name} must have parameters that require gradients, got none")
    return model


def as_device(device, name="device"):
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


def as_optimiser(optimiser, parameters, learning_rate):
    """Return the `torch.optim.Optimizer` that ``optimiser(parameters, lr=learning_rate)`` makes."""
    learning_rate = as_number(learning_rate, "learning_rate", above=0)
    expected = "optimiser must be a callable such as torch.optim.Adam"
    if not callable(optimiser):
        raise TypeError(f"{expected}, got {_describe(optimiser)}")
    try:
        made = optimiser(parameters, lr=learning_rate)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{expected}, got one that says: {error}") from error
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(f"{expected}, got one that returns {_describe(made)}")
    return made


def require_scores(model, images, name="images"):
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


def require_classes(labels, classes, name):
    """Refuse labels that are not from 0 to `classes` - 1."""
    low, high = (int(value) for value in labels.aminmax())
    if low < 0 or high >= classes:
        raise ValueError(
            f"{name} must be from 0 to {classes - 1} for {classes} classes, "
            f"got {low if low < 0 else high}"
        )


def require_one_each(values, others, name, other_name):
    """Refuse two tensors of different length."""
    if len(values) != len(others):
        raise ValueError(
            f"{name} must be as many as {other_name}, got {len(values)} and {len(others)}"
        )


def require_at_most(value, limit, name, limit_name):
    """Refuse a value above its limit."""
    if value > limit:
        raise ValueError(f"{name} must be at most {limit_name}, got {value} of {limit}")


def require_finite_loss(epoch, *losses):
    """Stop a training whose loss is no number any more."""
    for loss in losses:
        if not np.isfinite(loss):
            raise ValueError(
                f"the loss must stay finite, got {loss} in epoch {epoch}: try a smaller "
                "learning_rate"
            )


# Parts --------------------------------------------------------------------------------------


def _tensor_from(value, name):
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, np.ndarray):
        return _tensor_from_array(value, name)
    if isinstance(value, (list, tuple)):
        return _tensor_from_sequence(value, name)
    raise TypeError(
        f"{name} must be a tensor, an array or nested lists of numbers, got {_describe(value)}"
    )


def _tensor_from_array(array, name):
    try:  # a copy in native byte order: torch takes no negative strides and no read-only memory
        return torch.from_numpy(np.array(array, dtype=array.dtype.newbyteorder("=")))
    except TypeError:
        raise TypeError(f"{name} must hold numbers, got an array of {array.dtype}") from None


def _tensor_from_sequence(value, name):
    try:
        if any(isinstance(part, (torch.Tensor, np.ndarray)) for part in value):
            return torch.stack([as_tensor(part, name) for part in value])
        return torch.tensor(value)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"{name} must be nested lists of numbers with rows of equal length, "
            f"got {_describe(value)}"
        ) from None


def _for_drawing(tensor):
    tensor = tensor.detach().cpu()
    return tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()


def _require_shape(tensor, name, expected, *ndims):
    if tensor.ndim not in ndims:
        raise ValueError(f"{name} must have shape {expected}, got {tuple(tensor.shape)}")
    if tensor.numel() == 0:
        raise ValueError(f"{name} must not be empty, got shape {tuple(tensor.shape)}")
    return tensor


def _require_finite(tensor, name):
    if not torch.isfinite(tensor).all():
        found = "NaN" if torch.isnan(tensor).any() else "infinity"
        raise ValueError(f"{name} must hold finite numbers, got {found}")
    return tensor


def _dtype_name(tensor):
    return str(tensor.dtype).removeprefix("torch.")


def _list_names(names):
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _describe(value):
    """Say in a few words what `value` is: its value if that is short, else its type."""
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if value is None or isinstance(value, (bool, int, float, complex, str, Sequence)):
        text = repr(value)
        if len(text) <= 40:
            return text
    return f"an object of type {type(value).__name__}"
