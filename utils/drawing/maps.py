"""
Images, kernels and feature maps as panels, their scales, and the keys of the scales.

Numbers with a sign are drawn on a scale that is symmetric around zero: blue is negative, white is
zero, vermilion is positive. The frame of a panel has the colour of its role.
"""

import functools
from math import ceil, floor, log10, sqrt
from typing import Any

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, Normalize
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from utils.drawing.colours import PALETTE, mark, readable_on
from utils.drawing.page import LEGIBLE, SMALL, TEXT, Box, Sheet
from utils.drawing.words import short, title, weight_texts
from utils.style import SIGNED_CMAP

__all__ = [
    "LARGE_MAP",
    "colour_bar",
    "colour_key",
    "draw_channels",
    "draw_filter",
    "draw_image",
    "draw_kernel",
    "draw_response",
    "draw_tiles",
    "frame",
    "full_colour",
    "grey_limits",
    "greys",
    "is_colour",
    "place_picture",
    "scale_beside",
    "signed_colours",
    "slice_columns",
]

# Few levels keep the stored figures small; in a photograph the eye does not miss the others.
_SIGNED_LEVELS, _GREY_LEVELS = 33, 128

LARGE_MAP = 1000  # values: from here on, a few extreme ones need not set the scale
_GRID_LINES = 11  # rows or columns: larger kernels are drawn without lines between the weights
_MOST_TICKS = 6  # rows or columns: up to here each has its number


# Scales -------------------------------------------------------------------------------------


@functools.cache
def signed_colours(levels: int = _SIGNED_LEVELS) -> Colormap:
    """Return the signed colour map with few levels; white stands in the middle."""
    return SIGNED_CMAP.resampled(levels)


@functools.cache
def greys(levels: int = _GREY_LEVELS) -> Colormap:
    """Return the greys of a picture, black to white, with few levels."""
    return colormaps["gray"].resampled(levels)


def full_colour(values: torch.Tensor, *, share: float = 1.0) -> float:
    """
    Return the value that has the full colour of the signed scale.

    Parameters
    ----------
    values : Tensor
        One map (H, W) or several (..., H, W).
    share : float
        The part of the absolute values that must not be larger than it. It only counts in large
        maps, of a photograph, so that a few strong edges there do not bleach the weak ones.

    Returns
    -------
    float
        Greater than zero: 1 if all values are zero.
    """
    sizes = values.abs().numpy()
    large = sizes.shape[-2] * sizes.shape[-1] >= LARGE_MAP
    usual = float(np.quantile(sizes, share)) if share < 1 and large else 0.0
    return usual or float(sizes.max()) or 1.0


def is_colour(picture: torch.Tensor) -> bool:
    """Tell whether (C, H, W) values are a colour picture: three channels from 0 to 1."""
    return len(picture) == 3 and picture.min().item() >= 0 and picture.max().item() <= 1


def grey_limits(picture: torch.Tensor) -> tuple[float, float]:
    """Return the values that are drawn black and white: 0 and 1 if all lie between them."""
    low, high = picture.min().item(), picture.max().item()
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high if high > low else low + 1


# Panels -------------------------------------------------------------------------------------


def draw_image(
    ax: Axes,
    picture: torch.Tensor,
    *,
    text: object = None,
    axis: bool = False,
    role: str = "input",
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draw a picture: (3, H, W) in colour, (1, H, W) in grey from the first limit to the second."""
    if len(picture) == 3:
        image = ax.imshow(picture.permute(1, 2, 0).numpy(), interpolation="nearest")
    else:
        low, high = grey_limits(picture) if limits is None else limits
        image = ax.imshow(
            picture[0].numpy(), cmap=greys(), vmin=low, vmax=high, interpolation="nearest"
        )
    mark(image, "picture")
    return frame(ax, role, text=text, axis=axis)


def draw_response(
    ax: Axes, response: torch.Tensor, *, limit: float, text: object = None, axis: bool = False
) -> Axes:
    """Draw a feature map (H, W) on the signed scale."""
    _draw_signed(ax, response, limit)
    return frame(ax, "output", text=text, axis=axis)


def draw_kernel(
    ax: Axes,
    kernel: torch.Tensor,
    *,
    limit: float,
    numbers: bool | None = None,
    text: object = None,
) -> Axes:
    """Draw a kernel (kH, kW) on the signed scale, its weights in its cells where they fit."""
    _draw_signed(ax, kernel, limit)
    height, width = kernel.shape
    if max(height, width) <= _GRID_LINES:
        lines: dict[str, Any] = {"color": PALETTE["kernel"], "linewidth": 1}
        for edge in range(1, height):
            mark(ax.axhline(edge - 0.5, **lines), "kernel")
        for edge in range(1, width):
            mark(ax.axvline(edge - 0.5, **lines), "kernel")
    frame(ax, "kernel", text=text)
    texts, factor = weight_texts(kernel)
    size = _text_size(ax, kernel, texts)
    if numbers or (numbers is None and size >= LEGIBLE):
        for (row, column), weight in np.ndenumerate(texts):
            colour = signed_colours()((kernel[row, column].item() / limit + 1) / 2)
            ink = readable_on(colour, ink="black")
            place: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": max(size, 5)}
            ax.text(column, row, weight, color=ink, **place)
        if factor:
            ax.set_xlabel(factor, fontsize=TEXT)
    return ax


def draw_tiles(
    ax: Axes,
    tiles: torch.Tensor,
    columns: int,
    *,
    cmap: Colormap,
    limits: tuple[float, float],
    role: str,
) -> Axes:
    """Draw several equal arrays (N, H, W) into one Axes, framed, `columns` in a row."""
    _, height, width = tiles.shape
    gap = 0.15 * max(height, width)
    low, high = limits
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        left, top = column * (width + gap), row * (height + gap)
        extent = (left, left + width, top + height, top)
        style: dict[str, Any] = {"cmap": cmap, "vmin": low, "vmax": high, "extent": extent}
        image = ax.imshow(tile.numpy(), interpolation="nearest", **style)
        mark(image, "signed" if low == -high else "picture")
        border = Rectangle((left, top), width, height, fill=False, clip_on=False)
        border.set(edgecolor=PALETTE[role], linewidth=1.5)
        ax.add_patch(mark(border, role))
    ax.set_xlim(0, columns * (width + gap) - gap)
    ax.set_ylim(ceil(len(tiles) / columns) * (height + gap) - gap, 0)
    ax.set_axis_off()
    return ax


def draw_channels(ax: Axes, picture: torch.Tensor) -> Axes:
    """Draw any number of channels (C, H, W) as grey tiles on one scale."""
    columns = ceil(sqrt(len(picture)))
    limits = grey_limits(picture)
    return draw_tiles(ax, picture, columns, cmap=greys(), limits=limits, role="input")


def draw_filter(ax: Axes, weight: torch.Tensor, *, limit: float) -> Axes:
    """Draw the slices of one filter (C, kH, kW), one for each input channel it reads."""
    columns = slice_columns(len(weight))
    limits = -limit, limit
    return draw_tiles(ax, weight, columns, cmap=signed_colours(), limits=limits, role="kernel")


def slice_columns(number: int) -> int:
    """Return how many slices of a filter stand side by side."""
    return number if number <= 4 else ceil(sqrt(2 * number))


def place_picture(
    ax: Axes,
    values: torch.Tensor,
    box: Box | tuple[float, float, float, float],
    *,
    cmap: str | Colormap = "gray",
    limits: tuple[float, float] = (0, 1),
    **style: Any,
) -> AxesImage:
    """Draw a picture (H, W) or (H, W, 3) into a box of a diagram: left, top, width, height."""
    left, top, width, height = box
    extent = (left, left + width, top + height, top)
    view = ax.get_xlim(), ax.get_ylim()
    low, high = limits
    image = ax.imshow(values.numpy(), cmap=cmap, vmin=low, vmax=high, extent=extent, **style)
    ax.set(xlim=view[0], ylim=view[1])
    return mark(image, "signed" if low == -high else "picture")


def frame(
    ax: Axes,
    role: str,
    *,
    text: object = None,
    axis: bool = False,
    linewidth: float = 2,
    size: float = TEXT,
    **style: Any,
) -> Axes:
    """Frame a panel in the colour of its role, with a title, and its pixels numbered if wanted."""
    for spine in ax.spines.values():
        mark(spine, role).set(visible=True, color=PALETTE[role], linewidth=linewidth)
    ax.set_xticks([])
    ax.set_yticks([])
    if axis:
        _number_pixels(ax)
    ax.tick_params(labelsize=SMALL)
    title(ax, text, size=size, **style)
    return ax


def _draw_signed(ax: Axes, values: torch.Tensor, limit: float) -> None:
    style: dict[str, Any] = {"cmap": signed_colours(), "vmin": -limit, "vmax": limit}
    mark(ax.imshow(values.numpy(), interpolation="nearest", **style), "signed")


def _number_pixels(ax: Axes) -> None:
    """Number the rows and columns of the image in a panel."""
    height, width = np.asarray(ax.images[-1].get_array()).shape[:2]
    ax.set_xticks(_pixel_ticks(width))
    ax.set_yticks(_pixel_ticks(height))
    last = ax.get_xticklabels()[-1]
    last.set_horizontalalignment("right" if width > _MOST_TICKS else "center")


def _pixel_ticks(number: int) -> list[int]:
    """Return the first, the middle and the last index; all of them where there are few."""
    return list(range(number)) if number <= _MOST_TICKS else [0, number // 2, number - 1]


def _text_size(ax: Axes, kernel: torch.Tensor, texts: np.ndarray) -> float:
    """Return the font size, in points, at which the longest text fits into a cell."""
    height, width = kernel.shape
    box = ax.get_window_extent()
    cell = min(box.width / width, box.height / height) * 72 / ax.figure.dpi
    return min(14, cell * 0.88 / (0.64 * max(len(text) for text in texts.flat)))


# Keys ---------------------------------------------------------------------------------------


def scale_beside(ax: Axes, values: torch.Tensor) -> Colorbar:
    """Put a thin upright colour bar beside a panel."""
    return colour_bar(ax.inset_axes((1.06, 0.05, 0.05, 0.9)), ax.images[-1], values, "vertical")


def colour_key(
    sheet: Sheet,
    left: float,
    top: float,
    width: float,
    text: str,
    values: torch.Tensor,
    limit: float,
    *,
    role: str = "output",
) -> Colorbar:
    """Put a thin level colour bar of the signed scale, with a label, into a figure (in inches)."""
    sheet.write(left, top + 0.06, text, linespacing=1.3)
    cax = sheet.panel(Box(left + 0.85, top + 0.1, min(width - 1.1, 2.4), 0.13))
    mappable = ScalarMappable(Normalize(-limit, limit), signed_colours())
    bar = colour_bar(cax, mappable, values, "horizontal")
    bar.outline.set(edgecolor=PALETTE[role], linewidth=1.5)
    return bar


def colour_bar(
    cax: Axes, mappable: ScalarMappable, values: torch.Tensor, orientation: str
) -> Colorbar:
    """Draw a colour bar with few ticks; an end is pointed where values lie beyond it."""
    low, high = mappable.get_clim()
    assert low is not None
    assert high is not None
    slack = 1e-6 * (high - low)
    below, above = values.min().item() < low - slack, values.max().item() > high + slack
    ends = {(False, False): "neither", (True, False): "min", (False, True): "max"}
    scale = ScalarMappable(Normalize(low, high), mappable.cmap)
    extend = ends.get((below, above), "both")
    bar = cax.figure.colorbar(scale, cax=cax, orientation=orientation, extend=extend)
    end = _round_down(high)
    ticks = [-end, 0, end] if low == -high else [low, high]
    bar.set_ticks(ticks, labels=[short(tick) for tick in ticks])
    bar.minorticks_off()
    bar.ax.tick_params(labelsize=SMALL)
    return bar


def _round_down(value: float) -> float:
    """Return `value` with one significant digit, towards zero."""
    unit = 10.0 ** floor(log10(value))
    return floor(value / unit + 1e-9) * unit
