"""Whole networks: what each layer of a `torch.nn.Module` reads, returns, holds and computes."""

import copy
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, prod

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from utils import _validate

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_MAX_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
_AVERAGE_POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
_ADAPTIVE_POOLS = (
    *(nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
)
_NORMS = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm),
    *(nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
    *(nn.GroupNorm, nn.LayerNorm, nn.RMSNorm),
)
# The layers with parameters that can be counted; a layer without parameters multiplies nothing.
_COUNTED = (*_CONVOLUTIONS, *_TRANSPOSED, nn.Linear, *_NORMS, nn.PReLU)

# Functions that multiply and add: outside a counted layer, they would be missed.
_PRODUCTS = {
    *("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    *("linear", "bilinear", "matmul", "mm", "mv", "dot", "bmm", "addmm", "addmv", "addbmm"),
    *("baddbmm", "einsum", "tensordot", "inner", "outer", "chain_matmul", "multi_dot"),
    *("__matmul__", "__rmatmul__", "scaled_dot_product_attention", "multi_head_attention_forward"),
}

_POOLING = {f"{kind}_pool{axes}d" for kind in ("max", "avg") for axes in (1, 2, 3)}


@dataclass(frozen=True)
class LayerSummary:
    """
    One call of one layer, for one input.

    Parameters
    ----------
    name : str
        Where the layer is in the module, for example ``"features.0"``.
    type : str
        The class of the layer, for example ``"Conv2d"``.
    input_shape, output_shape : tuple of int or None
        What it reads and returns, without the batch axis; None if the layer is never called.
    kernel_size : tuple of int or None
        The window of a convolution or of a pooling layer.
    parameters : int
        Weights and biases; 0 where a layer is called again.
    multiply_adds : int
        Multiplications, each with its addition.
    activation_bytes : int
        Memory of the output, in bytes; 0 for a layer that makes no new one.
    receptive_field : int, tuple of int or None
        Input pixels that one entry of the output sees; None once a layer reads the whole map.
    """

    name: str
    type: str
    input_shape: tuple | None
    output_shape: tuple | None
    kernel_size: tuple | None
    parameters: int
    multiply_adds: int
    activation_bytes: int
    receptive_field: int | tuple | None


@dataclass(frozen=True)
class Summary:
    """
    The layers of a module in the order of their calls, and totals; printed as a table.

    Parameters
    ----------
    rows : tuple of LayerSummary
        One for each call of a layer.
    input_shape : tuple of int
        One input, without the batch axis.
    receptive_field : int, tuple of int or None
        Input pixels that one entry of the last feature map sees, before the maps are flattened or
        pooled as a whole; None if there is no such map.
    """

    rows: tuple
    input_shape: tuple
    receptive_field: int | tuple | None

    @property
    def parameters(self):
        """Weights and biases of the module, each counted once."""
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self):
        """Multiplications, each with its addition, for one input."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def activation_bytes(self):
        """Memory of the outputs of all layers for one input, in bytes."""
        return sum(row.activation_bytes for row in self.rows)

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]

    def __str__(self):
        head = ("layer", "", "output", "parameters", "multiply-adds", "memory", "sees")
        start = ("input", "", _written_shape(self.input_shape), "", "", "", "")
        lines = [
            (
                row.name,
                _written_type(row),
                _written_shape(row.output_shape),
                f"{row.parameters:,}",
                f"{row.multiply_adds:,}",
                _written_bytes(row.activation_bytes),
                _written_field(row.receptive_field),
            )
            for row in self.rows
        ]
        total = (
            "total",
            "",
            "",
            f"{self.parameters:,}",
            f"{self.multiply_adds:,}",
            _written_bytes(self.activation_bytes),
            _written_field(self.receptive_field),
        )
        table = [head, start, *lines, total]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        texts = []
        for line in table:
            cells = [
                cell.ljust(width) if index < 3 else cell.rjust(width)
                for index, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            texts.append("  ".join(cells).rstrip())
        rule = "-" * max(map(len, texts))
        return "\n".join([texts[0], rule, *texts[1:-1], rule, texts[-1]])

    __repr__ = __str__


def summarise(module, input_shape):
    """
    Summarise what each layer of a module reads, returns, holds and computes.

    The module is only read: a copy without data runs once, in evaluation mode, so that even a
    large network takes a moment and no memory.

    Parameters
    ----------
    module : torch.nn.Module
        Convolutions (with groups and dilation), transposed convolutions, linear layers,
        normalisation, pooling, activations, dropout, flattening and upsampling, in any
        containers, and joined by any functions that multiply no matrices.
    input_shape : tuple of int
        One input, such as (C, H, W). A batch axis is accepted, and dropped.

    Returns
    -------
    Summary
        One row for each call of a layer; its totals are ``.parameters``, ``.multiply_adds``,
        ``.activation_bytes`` and ``.receptive_field``. Printed, it is a table.

    Raises
    ------
    TypeError
        If `module` is not a module or `input_shape` not a tuple of integers.
    ValueError
        If a layer with parameters is of a type that is not known, a product is computed outside
        of a layer, or the module cannot read such an input.

    Notes
    -----
    All counts are for one input. A multiply-add is one multiplication with its addition, products
    with padding included; the bias, normalisation, activations and pooling count none. A
    parameter that several layers share is counted once, a multiply-add at every call. The memory
    is that of the outputs of the layers; a layer that works in place, or returns its input in
    another shape, adds none. The receptive field follows Araujo, Norris and Sim (2019), along the
    path that sees most; normalisation counts as a layer that sees one pixel.

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(3, 6, 5), nn.MaxPool2d(2), nn.Flatten())
    >>> summary = summarise(network, (3, 32, 32))
    >>> summary.parameters, summary.multiply_adds, summary.receptive_field
    (456, 352800, 6)
    >>> print(summary)
    layer                   output       parameters  multiply-adds   memory  sees
    -----------------------------------------------------------------------------
    input                   3 × 32 × 32
    0      Conv2d 5 × 5     6 × 28 × 28         456        352,800  18.8 kB     5
    1      MaxPool2d 2 × 2  6 × 14 × 14           0              0   4.7 kB     6
    2      Flatten          1,176                 0              0        0
    -----------------------------------------------------------------------------
    total                                       456        352,800  23.5 kB     6
    """
    module = _validate.as_module(module)
    input_shape = _validate.as_input_shape(input_shape)
    replica = _without_data(module)
    layers = dict(_layers(replica))
    if len(input_shape) == _axes_of_a_batch(layers):
        input_shape = input_shape[1:]
    trace = _Trace(replica, layers)
    dtypes = [p.dtype for p in replica.parameters() if p.dtype.is_floating_point]
    dtype = dtypes[0] if dtypes else torch.get_default_dtype()
    try:
        with torch.no_grad(), torch.device("meta"):
            image = torch.empty(1, *input_shape, dtype=dtype)
            trace.begin(image)
            with trace:
                replica(image)
    except _NotCounted as error:
        raise ValueError(str(error)) from None
    except Exception as error:
        raise ValueError(
            f"input_shape must be one that the module can read, got {input_shape}: "
            f"{trace.where_it_stopped(error)}"
        ) from error
    return Summary(trace.all_rows(), input_shape, _as_sizes(trace.field))


def receptive_field(layers):
    """
    Return how many input pixels one output entry of a stack of layers sees.

    Parameters
    ----------
    layers : list of (int, int) or (int, int, int), or torch.nn.Sequential
        Kernel size, stride and (1 by default) dilation of each convolution or pooling layer,
        from the first to the last; or the layers themselves.

    Returns
    -------
    int or (int, int)
        Pixels along one axis; along each axis if they differ.

    Raises
    ------
    TypeError
        If `layers` is neither a list of tuples of integers nor a module.
    ValueError
        If a tuple has another length or a number below 1, or a layer does not see a window of a
        fixed size.

    Notes
    -----
    Each layer adds d(k - 1) steps, and a step is as long as the product of the strides before it
    (Araujo, Norris and Sim, 2019, "Computing receptive fields of convolutional neural networks").
    For networks with branches, and up to the last feature map, see `summarise`.

    Examples
    --------
    >>> receptive_field([(3, 1), (3, 1)])  # two 3x3 layers see as far as one of 5x5
    5
    >>> receptive_field([(5, 1), (2, 2), (5, 1), (2, 2)])
    16
    >>> from torch import nn
    >>> receptive_field(nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2)))
    6
    """
    if isinstance(layers, nn.Module):
        return _field_of_a_chain(layers)
    field, step = 1, 1
    for kernel_size, stride, dilation in _validate.as_layers(layers):
        field += dilation * (kernel_size - 1) * step
        step *= stride
    return field


# The layers of a module ---------------------------------------------------------------------


def _without_data(module):
    """Return a copy on the meta device, in evaluation mode, without forward hooks."""
    memo = {}
    for part in module.modules():
        own = [*part._parameters.values(), *part._buffers.values(), *vars(part).values()]
        for tensor in own:
            if isinstance(tensor, UninitializedParameter):
                raise ValueError(
                    "module must have all its parameters, got a lazy one: call it on an input first"
                )
            if isinstance(tensor, torch.Tensor) and id(tensor) not in memo:
                empty = torch.empty_like(tensor, device="meta", requires_grad=False)
                is_parameter = isinstance(tensor, nn.Parameter)
                memo[id(tensor)] = nn.Parameter(empty, False) if is_parameter else empty
    replica = copy.deepcopy(module, memo)
    for part in replica.modules():
        part._forward_hooks.clear()  # somebody else's, who would see an input that is none
        part.training = False
    return replica


def _layers(module):
    """Yield (name, layer) for each layer, in the order in which they are defined, once each."""
    seen = set()

    def walk(part, name):
        if id(part) in seen:
            return
        seen.add(id(part))
        if isinstance(part, _COUNTED):
            yield name, part
        elif any(parameter is not None for parameter in part._parameters.values()):
            raise ValueError(
                f"{_called(name)} of type {type(part).__name__} is not known: it has parameters of "
                "its own, and how often they are multiplied cannot be told"
            )
        elif not part._modules:
            yield name, part
        else:
            for key, child in part._modules.items():
                if child is not None:
                    yield from walk(child, f"{name}.{key}" if name else key)

    yield from walk(module, "")


def _called(name):
    return f"layer {name!r}" if name else "module"


def _axes_of_a_batch(layers):
    """Return the number of axes of a batch of inputs: 4 for images, which is the usual case."""
    spatial = (*_CONVOLUTIONS, *_TRANSPOSED, *_MAX_POOLS, *_AVERAGE_POOLS, *_ADAPTIVE_POOLS)
    for layer in layers.values():
        if isinstance(layer, spatial):
            return _number_of_axes(layer) + 2
        if isinstance(layer, (nn.Linear, nn.Flatten)):
            break
    return 4


def _number_of_axes(layer):
    """Return 2 for a layer that works on images, 1 or 3 for its relatives."""
    return next(n for n in (1, 2, 3) for base in type(layer).__mro__ if f"{n}d" in base.__name__)


def _parameters_of(layer, seen):
    """Count the parameters of a layer that are not in `seen` yet, and note them there."""
    fresh = {id(one): one.numel() for one in layer.parameters() if id(one) not in seen}
    seen.update(fresh)
    return sum(fresh.values())


def _multiply_adds_of(layer, image, output):
    """Count the multiply-adds of one call."""
    if isinstance(layer, _CONVOLUTIONS):
        return output.numel() * prod(layer.weight.shape[1:])
    if isinstance(layer, _TRANSPOSED):  # each input entry is multiplied by all it is spread over
        return image.numel() * prod(layer.weight.shape[1:])
    if isinstance(layer, nn.Linear):
        return output.numel() * layer.in_features
    return 0


# What an entry sees -------------------------------------------------------------------------
# A view is a tuple of (field, step), one for each axis of the map: the input pixels that one entry
# sees, and those from one entry to the next. None: it sees everything, or cannot be told.


def _window_of(layer, image, output):
    """Return (kernel size, stride, dilation) of a layer along each axis of the map, or None."""
    if isinstance(layer, _ADAPTIVE_POOLS):
        axes = _number_of_axes(layer)
        sizes = zip(image.shape[-axes:], output.shape[-axes:], strict=True)
        if all(before == after for before, after in sizes):
            return (1,) * axes, (1,) * axes, (1,) * axes
        return None
    if not isinstance(layer, (*_CONVOLUTIONS, *_MAX_POOLS, *_AVERAGE_POOLS)):
        return None
    axes = _number_of_axes(layer)
    settings = (layer.kernel_size, layer.stride, getattr(layer, "dilation", 1))
    return tuple(_spread(setting, axes) for setting in settings)


def _spread(value, axes):
    return (value,) * axes if isinstance(value, int) else tuple(value)


def _slide(view, window):
    """Return what an entry sees after a window has slid over the map."""
    if view is None or window is None:
        return None
    return tuple(
        (field + d * (k - 1) * step, step * s)
        for (field, step), k, s, d in zip(view, *window, strict=True)
    )


def _spread_out(view, layer):
    """Return what an entry sees after a transposed convolution."""
    if view is None:
        return None
    axes = zip(view, layer.kernel_size, layer.stride, layer.dilation, strict=True)
    return tuple((field + _reach(k, s, d) * step, step / s) for (field, step), k, s, d in axes)


def _reach(k, s, d):
    """Return the largest distance of two input entries that meet in one output entry."""
    meeting = {}
    for tap in range(k):
        meeting.setdefault(d * tap % s, []).append(d * tap // s)
    return max(max(taps) - min(taps) for taps in meeting.values())


def _enlarge(view, layer, image, output):
    """Return what an entry sees after `nn.Upsample`."""
    known = layer.mode in ("nearest", "nearest-exact", "linear", "bilinear", "trilinear")
    sizes = list(zip(image.shape[2:], output.shape[2:], strict=True))
    if view is None or not known or any(after % before for before, after in sizes):
        return None
    more = 0 if layer.mode.startswith("nearest") else 1  # between two entries, or in one
    return tuple(
        (field + more * step, step / Fraction(after, before))
        for (field, step), (before, after) in zip(view, sizes, strict=True)
    )


def _as_sizes(view):
    """Return the pixels along each axis, as one number if they are equal."""
    if view is None:
        return None
    sizes = tuple(ceil(field) for field, _ in view)
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _field_of_a_chain(module):
    """Return the receptive field of the layers of a module, one after the other."""
    view = None
    for name, layer in _layers(module):
        spatial = isinstance(layer, (*_CONVOLUTIONS, *_MAX_POOLS, *_AVERAGE_POOLS))
        if isinstance(layer, (nn.Linear, nn.Flatten, *_TRANSPOSED, *_ADAPTIVE_POOLS, nn.Upsample)):
            raise ValueError(
                f"layers must be convolutions, pooling and what works entry by entry, got {name!r} "
                f"of type {type(layer).__name__}: use summarise(module, input_shape)"
            )
        if spatial:
            view = view or ((Fraction(1), Fraction(1)),) * _number_of_axes(layer)
            view = _slide(view, _window_of(layer, None, None))
    return _as_sizes(view) if view else 1


# One run ------------------------------------------------------------------------------------


class _NotCounted(Exception):
    """A product that belongs to no layer."""


class _Trace(TorchFunctionMode):
    """Watches one run of a module: the calls of its layers, and what the entries see."""

    def __init__(self, module, layers):
        super().__init__()
        self._layers = layers
        self._all_parameters, self._rows, self._called = set(), [], set()
        self._running = [("", module, None)]  # (name, module, what it was given), outermost first
        self._kept, self._views = [], {}
        self.field = None
        names = {id(layer): name for name, layer in layers.items()}
        for name, part in module.named_modules():
            part.register_forward_pre_hook(self._enter(names.get(id(part), name), part))
        for name, layer in layers.items():
            layer.register_forward_hook(self._record(name))
        for part in module.modules():
            part.register_forward_hook(self._leave)

    def begin(self, image):
        """Note that each entry of the input sees itself."""
        self._set_view(image, ((Fraction(1), Fraction(1)),) * (image.ndim - 2))

    def all_rows(self):
        """Return a row for each call, then one for each layer that has parameters but no call."""
        idle = [
            LayerSummary(name, type(layer).__name__, None, None, None, parameters, 0, 0, None)
            for name, layer in self._layers.items()
            if name not in self._called
            and (parameters := _parameters_of(layer, self._all_parameters))
        ]
        return (*self._rows, *idle)

    def where_it_stopped(self, error):
        """Say which layer met the error, and what it was given."""
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        name, part, shape = self._running[-1]
        given = f" was given {shape}" if shape else ""
        return f"{_called(name)} of type {type(part).__name__}{given}: {reason}"

    def _enter(self, name, part):
        def enter(_, inputs):
            given = [tuple(t.shape[1:]) for t in inputs if isinstance(t, torch.Tensor)]
            self._running.append((name, part, given[0] if given else None))

        return enter

    def _leave(self, *_):
        self._running.pop()

    def _record(self, name):
        def record(layer, inputs, outputs):
            image = next(t for t in tree_leaves(inputs) if isinstance(t, torch.Tensor))
            output = next(t for t in tree_leaves(outputs) if isinstance(t, torch.Tensor))
            view = self._views.get(id(image))
            window = _window_of(layer, image, output)
            if window or isinstance(layer, (nn.Linear, *_ADAPTIVE_POOLS)):
                view = _slide(view, window)
            elif isinstance(layer, _TRANSPOSED):
                view = _spread_out(view, layer)
            elif isinstance(layer, nn.Upsample):
                view = _enlarge(view, layer, image, output)
            else:
                view = self._views.get(id(output))
            self._set_view(output, view)
            if _kernel_size(layer):
                self.field = view
            is_new = output.untyped_storage()._cdata != image.untyped_storage()._cdata
            self._called.add(name)
            self._rows.append(
                LayerSummary(
                    name=name,
                    type=type(layer).__name__,
                    input_shape=tuple(image.shape[1:]),
                    output_shape=tuple(output.shape[1:]),
                    kernel_size=_kernel_size(layer),
                    parameters=_parameters_of(layer, self._all_parameters),
                    multiply_adds=_multiply_adds_of(layer, image, output),
                    activation_bytes=output.numel() * output.element_size() if is_new else 0,
                    receptive_field=_as_sizes(view),
                )
            )

        return record

    def _set_view(self, tensor, view):
        self._kept.append(tensor)  # as long as it lives, no other tensor has its id
        self._views[id(tensor)] = view

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        where, part, _ = self._running[-1]
        if name in _PRODUCTS and not isinstance(part, _COUNTED):
            raise _NotCounted(
                f"{_called(where)} of type {type(part).__name__} is not known: its forward "
                f"computes {name}, which is counted only in layers such as nn.Conv2d or nn.Linear"
            )
        result = function(*args, **kwargs)
        results = [t for t in tree_leaves(result) if isinstance(t, torch.Tensor)]
        if results:
            tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
            known = [t for t in tensors if id(t) in self._views]
            if known:
                for output in results:
                    self._set_view(output, self._view_of(name, known, output, args, kwargs))
        return result

    def _view_of(self, name, tensors, output, args, kwargs):
        """Return what an entry of the output of a function sees."""
        views = [self._views[id(tensor)] for tensor in tensors]
        if None in views or len({tuple(step for _, step in view) for view in views}) > 1:
            return None
        view = tuple(max(fields) for fields in zip(*views, strict=True))
        axes = len(view)
        if name in _POOLING:
            names = ("input", "kernel_size", "stride", "padding", "dilation")
            settings = dict(zip(names, args, strict=False)) | kwargs
            kernel_size = _spread(settings["kernel_size"], axes)
            stride = _spread(settings.get("stride") or kernel_size, axes)
            dilation = settings.get("dilation", 1) if name.startswith("max") else 1
            view = _slide(view, (kernel_size, stride, _spread(dilation, axes)))
            if not isinstance(self._running[-1][1], (*_MAX_POOLS, *_AVERAGE_POOLS)):
                self.field = view
            return view
        # A function that keeps the map is taken to work entry by entry.
        same_map = all(t.shape[-axes:] == output.shape[-axes:] for t in tensors)
        return view if same_map and output.ndim > axes else None


def _kernel_size(layer):
    if isinstance(layer, (*_CONVOLUTIONS, *_TRANSPOSED, *_MAX_POOLS, *_AVERAGE_POOLS)):
        return _spread(layer.kernel_size, _number_of_axes(layer))
    return None


# The table ----------------------------------------------------------------------------------


def _written_shape(shape):
    return "not called" if shape is None else " × ".join(f"{n:,}" for n in shape)


def _written_type(row):
    return row.type if row.kernel_size is None else f"{row.type} {_written_shape(row.kernel_size)}"


def _written_field(field):
    if field is None:
        return ""
    return _written_shape(field if isinstance(field, tuple) else (field,))


def _written_bytes(number):
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number} B" if number else "0"
