"""What plots, diagrams and animations draw."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.parameter import UninitializedParameter

from utils._validate._declaration import Kind
from utils._validate._tensors import (
    _NOT_IMAGES,
    _NOT_TENSORS,
    _not_drawable,
    _require_shape,
    as_image,
    as_images,
    as_kernel,
    as_map,
    as_matrix,
    as_tensor,
    tensor,
)
from utils._validate._values import as_int, as_number
from utils._validate._words import _describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def as_step_count(number: int, *, most: int) -> int:
    """Return the number of steps of an animation if it is at most `most`."""
    if number > most:
        raise ValueError(
            f"an animation has at most {most} steps, got {number:,}: use a smaller image"
        )
    return number


def as_axes(ax: Any, name: str = "ax") -> Axes:
    """Return `ax` if it is one Matplotlib Axes."""
    if not (hasattr(ax, "imshow") and hasattr(ax, "add_patch")):
        raise TypeError(f"{name} must be a Matplotlib Axes, got {_describe(ax)}")
    return ax


Ax = Annotated["Axes", Kind(as_axes, ["text", 3, np.array([1, 2]), None])]  # `Ax | None`


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
