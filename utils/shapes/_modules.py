"""Whole networks: what each layer of a `torch.nn.Module` reads, returns, holds and computes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from utils import _validate
from utils._validate import Chain, InputShape, Module, checked
from utils.shapes._fields import (
    View,
    as_sizes,
    enlarge,
    itself,
    settings_of,
    slide,
    spread_out,
    window_of,
)
from utils.shapes._layers import (
    ADAPTIVE_POOLS,
    AVERAGE_POOLS,
    COUNTED,
    MAX_POOLS,
    TRANSPOSED,
    axes_of_a_batch,
    called,
    kernel_size_of,
    layers_of,
    multiply_adds_of,
    number_of_axes,
    parameters_of,
    spread,
    without_data,
)

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
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    kernel_size: tuple[int, ...] | None
    parameters: int
    multiply_adds: int
    activation_bytes: int
    receptive_field: int | tuple[int, ...] | None


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

    rows: tuple[LayerSummary, ...]
    input_shape: tuple[int, ...]
    receptive_field: int | tuple[int, ...] | None

    @property
    def parameters(self) -> int:
        """Weights and biases of the module, each counted once."""
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Multiplications, each with its addition, for one input."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def activation_bytes(self) -> int:
        """Memory of the outputs of all layers for one input, in bytes."""
        return sum(row.activation_bytes for row in self.rows)

    def __iter__(self) -> Iterator[LayerSummary]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __str__(self) -> str:
        head = ("layer", "", "output", "parameters", "multiply-adds", "memory", "sees")
        start = ("input", "", _written_shape(self.input_shape), "", "", "", "")
        lines = [
            (row.name, _written_type(row), _written_shape(row.output_shape), *_written_sums(row))
            for row in self.rows
        ]
        table = [head, start, *lines, ("total", "", "", *_written_sums(self))]
        widths = [max(map(len, column)) for column in zip(*table)]
        texts = []
        for line in table:
            left = [cell.ljust(width) for cell, width in zip(line[:3], widths)]
            right = [cell.rjust(width) for cell, width in zip(line[3:], widths[3:])]
            texts.append("  ".join(left + right).rstrip())
        rule = "-" * max(map(len, texts))
        return "\n".join([texts[0], rule, *texts[1:-1], rule, texts[-1]])

    __repr__ = __str__


@checked
def summarise(module: Module, input_shape: InputShape) -> Summary:
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
    replica = without_data(module)
    layers = layers_of(replica)
    if len(input_shape) == axes_of_a_batch(layers):
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
        raise error.args[0] from None
    except Exception as error:
        raise _validate.unreadable_input(input_shape, trace.where_it_stopped(error)) from error
    return Summary(trace.all_rows(), input_shape, as_sizes(trace.field))


@checked
def receptive_field(layers: Chain) -> Any:
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
    ValueError
        If a layer does not see a window of a fixed size.

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
    for kernel_size, stride, dilation in layers:
        field += dilation * (kernel_size - 1) * step
        step *= stride
    return field


def _field_of_a_chain(module: nn.Module) -> int | tuple[int, ...] | None:
    """Return the receptive field of the layers of a module, one after the other."""
    view = None
    for name, layer in layers_of(module).items():
        if isinstance(layer, (nn.Linear, nn.Flatten, *TRANSPOSED, *ADAPTIVE_POOLS, nn.Upsample)):
            raise _validate.no_window(name, layer)
        window = settings_of(layer)
        if window:
            view = slide(view or itself(number_of_axes(layer)), window)
    return as_sizes(view) if view else 1


# One run ------------------------------------------------------------------------------------


class _NotCounted(Exception):
    """A product that belongs to no layer."""


class _Trace(TorchFunctionMode):
    """Watches one run of a module: the calls of its layers, and what the entries see."""

    def __init__(self, module: nn.Module, layers: dict[str, nn.Module]) -> None:
        super().__init__()
        self._layers = layers
        self._all_parameters: set[int] = set()
        self._rows: list[LayerSummary] = []
        self._called: set[str] = set()
        # (name, module, shape of what it was given), outermost first
        self._running: list[tuple[str, nn.Module, tuple[int, ...] | None]] = [("", module, None)]
        self._kept: list[Tensor] = []
        self._views: dict[int, View | None] = {}
        self.field: View | None = None
        names = {id(layer): name for name, layer in layers.items()}
        for name, part in module.named_modules():
            part.register_forward_pre_hook(self._enter(names.get(id(part), name), part))
        for name, layer in layers.items():
            layer.register_forward_hook(self._record(name))
        for part in module.modules():
            part.register_forward_hook(self._leave)

    def begin(self, image: Tensor) -> None:
        """Note that each entry of the input sees itself."""
        self._set_view(image, itself(image.ndim - 2))

    def all_rows(self) -> tuple[LayerSummary, ...]:
        """Return a row for each call, then one for each layer that has parameters but no call."""
        idle = [
            LayerSummary(name, type(layer).__name__, None, None, None, parameters, 0, 0, None)
            for name, layer in self._layers.items()
            if name not in self._called
            and (parameters := parameters_of(layer, self._all_parameters))
        ]
        return (*self._rows, *idle)

    def where_it_stopped(self, error: Exception) -> str:
        """Return which layer met the error, and what it was given."""
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        name, part, shape = self._running[-1]
        given = f" was given {shape}" if shape else ""
        return f"{called(name)} of type {type(part).__name__}{given}: {reason}"

    def _enter(self, name: str, part: nn.Module) -> Callable[..., None]:
        def enter(_: nn.Module, inputs: Any) -> None:
            given = [tuple(t.shape[1:]) for t in inputs if isinstance(t, Tensor)]
            self._running.append((name, part, given[0] if given else None))

        return enter

    def _leave(self, *_: Any) -> None:
        self._running.pop()

    def _record(self, name: str) -> Callable[..., None]:
        """Return the hook that adds a row for a call of the layer `name`."""

        def record(layer: nn.Module, inputs: Any, outputs: Any) -> None:
            image = next(t for t in tree_leaves(inputs) if isinstance(t, Tensor))
            output = next(t for t in tree_leaves(outputs) if isinstance(t, Tensor))
            view = self._view_after(layer, image, output)
            self._set_view(output, view)
            if kernel_size_of(layer):
                self.field = view
            is_new = output.untyped_storage()._cdata != image.untyped_storage()._cdata
            self._called.add(name)
            self._rows.append(
                LayerSummary(
                    name=name,
                    type=type(layer).__name__,
                    input_shape=tuple(image.shape[1:]),
                    output_shape=tuple(output.shape[1:]),
                    kernel_size=kernel_size_of(layer),
                    parameters=parameters_of(layer, self._all_parameters),
                    multiply_adds=multiply_adds_of(layer, image, output),
                    activation_bytes=output.numel() * output.element_size() if is_new else 0,
                    receptive_field=as_sizes(view),
                )
            )

        return record

    def _view_after(self, layer: nn.Module, image: Tensor, output: Tensor) -> View | None:
        """Return what an entry of the output of a layer sees."""
        view = self._views.get(id(image))
        window = window_of(layer, image, output)
        if window or isinstance(layer, (nn.Linear, *ADAPTIVE_POOLS)):
            return slide(view, window)
        if isinstance(layer, TRANSPOSED):
            return spread_out(view, layer)
        if isinstance(layer, nn.Upsample):
            return enlarge(view, layer, image, output)
        return self._views.get(id(output))

    def _set_view(self, tensor: Tensor, view: View | None) -> None:
        self._kept.append(tensor)  # as long as it lives, no other tensor has its id
        self._views[id(tensor)] = view

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        where, part, _ = self._running[-1]
        if name in _PRODUCTS and not isinstance(part, COUNTED):
            reason = (
                f"its forward computes {name}, which is counted only in layers such as nn.Conv2d "
                "or nn.Linear"
            )
            raise _NotCounted(_validate.unknown_layer(called(where), part, reason))
        result = function(*args, **kwargs)
        results = [t for t in tree_leaves(result) if isinstance(t, Tensor)]
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        known = [t for t in tensors if id(t) in self._views]
        for output in results if known else ():
            self._set_view(output, self._view_of(name, known, output, args, kwargs))
        return result

    def _view_of(
        self, name: str, tensors: list[Tensor], output: Tensor, args: Any, kwargs: Any
    ) -> View | None:
        """Return what an entry of the output of a function sees."""
        views = [view for tensor in tensors if (view := self._views[id(tensor)]) is not None]
        steps = {tuple(step for _, step in view) for view in views}
        if len(views) < len(tensors) or len(steps) > 1:
            return None
        widest: View = tuple(max(fields) for fields in zip(*views, strict=True))
        axes = len(widest)
        if name in _POOLING:
            pooled = slide(widest, _pooling_window(name, axes, args, kwargs))
            if not isinstance(self._running[-1][1], (*MAX_POOLS, *AVERAGE_POOLS)):
                self.field = pooled
            return pooled
        # A function that keeps the map is taken to work entry by entry.
        same_map = all(t.shape[-axes:] == output.shape[-axes:] for t in tensors)
        return widest if same_map and output.ndim > axes else None


def _pooling_window(name: str, axes: int, args: Any, kwargs: Any) -> tuple[tuple[int, ...], ...]:
    """Return (kernel size, stride, dilation) of a call such as ``F.max_pool2d(x, 2)``."""
    names = ("input", "kernel_size", "stride", "padding", "dilation")
    settings = dict(zip(names, args)) | kwargs
    kernel_size = spread(settings["kernel_size"], axes)
    stride = spread(settings.get("stride") or kernel_size, axes)
    dilation = settings.get("dilation", 1) if name.startswith("max") else 1
    return kernel_size, stride, spread(dilation, axes)


# The table ----------------------------------------------------------------------------------


def _written_sums(row: LayerSummary | Summary) -> tuple[str, str, str, str]:
    return (
        f"{row.parameters:,}",
        f"{row.multiply_adds:,}",
        _written_bytes(row.activation_bytes),
        _written_field(row.receptive_field),
    )


def _written_shape(shape: tuple[int, ...] | None) -> str:
    return "not called" if shape is None else " × ".join(f"{n:,}" for n in shape)


def _written_type(row: LayerSummary) -> str:
    return row.type if row.kernel_size is None else f"{row.type} {_written_shape(row.kernel_size)}"


def _written_field(field: int | tuple[int, ...] | None) -> str:
    if field is None:
        return ""
    return _written_shape(field if isinstance(field, tuple) else (field,))


def _written_bytes(number: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number} B" if number else "0"
