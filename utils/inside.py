"""
Pictures of what happens inside a network: tiles and heat maps.

A heat map is a grid of numbers that belongs to an image: where the number is positive, the image
speaks for an answer, where it is negative, against it. Its colours are those of every signed map
of the book: blue is negative, white is zero, vermilion is positive. The image is drawn as an
outline on top, so that it does not stain the colours.
"""

from math import ceil
from typing import Any

import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor

from utils._validate import (
    Ax,
    Count,
    Flag,
    Grey,
    Greys,
    Heatmaps,
    Map,
    Positive,
    Texts,
    Tiles,
    as_titles,
    checked,
    require_number,
)
from utils.drawing.colours import mark
from utils.drawing.maps import frame, full_colour, greys, signed_colours
from utils.drawing.page import (
    EDGE,
    LARGE,
    Box,
    PanelGrid,
    Sheet,
    box_ratio,
    new_sheet,
    page_width,
    panel_or_new,
)
from utils.drawing.words import say, title

__all__ = ["plot_heatmaps", "plot_tiles", "show_heatmap"]

_SIGNED_LEVELS, _GREY_LEVELS = 25, 32  # few keep the stored figures small
_OUTLINE = "#333333"  # of an image on its heat map
_GAP, _WIDEST, _ROW_TITLE, _KEY = 0.1, 1.75, 0.3, 0.4  # inches
_BETWEEN, _TITLE_LINE, _TALLEST, _NARROWEST = 0.25, 0.24, 3.4, 3.0


@checked
def show_heatmap(
    heatmap: Map,
    image: Grey | None = None,
    *,
    limit: Positive | None = None,
    ax: Ax | None = None,
    title: object = None,
) -> Axes:
    """
    Show one heat map, if wanted with the outline of the image that it belongs to.

    Parameters
    ----------
    heatmap : Tensor or array of shape (H, W) or (1, H, W)
        Blue where it is negative, white where it is zero, vermilion where it is positive.
    image : Tensor or array of shape (H, W), (1, H, W) or (3, H, W), optional
        Floats in 0..1, of any size: the heat map is stretched over it. The outline runs half-way
        between its darkest and its brightest grey.
    limit : float, optional
        The value that has the full colour; give the same one to maps that are compared. The
        largest absolute value if not given.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    title : str, optional
        Text above the map.

    Returns
    -------
    Axes
        The panel.

    Raises
    ------
    TypeError, ValueError
        If `heatmap` is not one map, `image` is not an image, or `limit` is not positive.

    Examples
    --------
    >>> ax = show_heatmap([[0.0, 1.0], [-2.0, 0.0]], torch.ones(8, 8), title="where")
    >>> ax.images[0].get_array().shape, ax.images[0].get_clim()
    ((8, 8), (-2.0, 2.0))
    """
    limit = full_colour(heatmap) if limit is None else limit
    ax = panel_or_new(ax)
    size = heatmap.shape if image is None else image.shape
    stretched = F.interpolate(heatmap[None, None].double(), size, mode="bilinear")[0, 0]
    style: dict[str, Any] = {"cmap": signed_colours(_SIGNED_LEVELS), "interpolation": "nearest"}
    mark(ax.imshow(stretched.numpy(), vmin=-limit, vmax=limit, **style), "signed")
    if image is not None and min(size) > 1 and image.max() > image.min():
        middle = (image.max().item() + image.min().item()) / 2
        lines = ax.contour(image.numpy(), levels=[middle], colors=[_OUTLINE], linewidths=1.2)
        mark(lines, "ink")
    return _frame(ax, "output", None if title is None else f"{title}")


@checked
def plot_heatmaps(images: Greys, heatmaps: Heatmaps, *, titles: Texts | None = None) -> Figure:
    """
    Plot images, and under each of them its heat maps, one row for each method.

    The maps of a row share one scale, which is written above it: methods measure different
    things, so their scales cannot be compared.

    Parameters
    ----------
    images : list of images, or Tensor of shape (N, C, H, W)
        Grey or colour, floats in 0..1. The first row shows them as they are.
    heatmaps : dict of str to list of maps or Tensor of shape (N, H, W)
        Name of a method, and one map for each image; each is stretched over its image.
    titles : list of str, optional
        One text above each image.

    Returns
    -------
    Figure
        One panel for each image and one for each map, row by row, and the colour bar.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or a row does not have one map for each image.

    Examples
    --------
    >>> maps = {"random": torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(0))}
    >>> figure = plot_heatmaps(torch.ones(2, 1, 8, 8), maps, titles=["one", "two"])
    >>> [ax.get_title() for ax in figure.axes[:2]]
    ['one', 'two']
    """
    for name, maps in heatmaps.items():
        require_number(maps, len(images), f"heatmaps[{name!r}]", "images")
    texts = as_titles(titles, len(images))
    lines = max(text.count("\n") + 1 if text else 0 for text in texts)
    ratio, top = box_ratio(images), EDGE + lines * _ROW_TITLE
    grid = PanelGrid(len(images), len(images), ratio=ratio, top=top, gap=_GAP, widest=_WIDEST)
    down = _ROW_TITLE + grid.boxes[0].height + _GAP
    bottom = grid.height + len(heatmaps) * down
    with new_sheet(max(grid.width, 4.4), bottom + _KEY) as sheet:
        for box, image, text in zip(grid.boxes, images, texts, strict=True):
            ax = sheet.panel(box)
            pixels = ax.imshow(image.numpy(), cmap=greys(_GREY_LEVELS), vmin=0, vmax=1)
            mark(pixels, "picture")
            _frame(ax, "input", text)
        for row, (name, maps) in enumerate(heatmaps.items()):
            limit = max(full_colour(values) if values.any() else 0.0 for values in maps)
            scale = f"± {_two_digits(limit)}" if limit else say("all 0")
            words = say("{name}: {scale}", name=name, scale=scale)
            top = grid.height + row * down + _ROW_TITLE
            sheet.write(1.5 * EDGE, top - 0.05, words, size=LARGE, va="bottom")
            for box, image, heatmap in zip(grid.boxes, images, maps, strict=True):
                ax = sheet.panel(box._replace(top=top))
                show_heatmap(heatmap, image, limit=limit or 1.0, ax=ax)
        _draw_key(sheet, bottom)
    return sheet.figure


@checked
def plot_tiles(
    groups: Tiles, *, rows: Count, signed: Flag = False, limit: Positive | None = None
) -> Figure:
    """
    Plot groups of small pictures, such as kernels, feature maps or patches, side by side.

    Parameters
    ----------
    groups : dict of str to Tensor of shape (N, H, W)
        Title of a group, and its tiles; the groups may differ in number and size of tiles.
    rows : int
        Rows of tiles in each group; a group with fewer tiles has larger ones.
    signed : bool, default False
        True for the signed scale, white at zero; False for greys, from 0 (black) upwards.
    limit : float, optional
        The value that has the full colour, or is white, in every group; each group's largest
        absolute value if not given.

    Returns
    -------
    Figure
        One panel for each group.

    Raises
    ------
    TypeError, ValueError
        If `groups` is no such dict, or an option is out of range.

    Examples
    --------
    >>> figure = plot_tiles({"picture": torch.ones(1, 8, 8), "maps": torch.ones(6, 4, 4)}, rows=2)
    >>> [ax.get_title() for ax in figure.axes]
    ['picture', 'maps']
    """
    mosaics = [_mosaic(tiles, min(rows, len(tiles))) for tiles in groups.values()]
    top = EDGE + _TITLE_LINE * max(name.count("\n") + 1 for name in groups)
    ratios = [mosaic.shape[1] / mosaic.shape[0] for mosaic in mosaics]
    between = _BETWEEN * (len(ratios) - 1)
    tall = min((page_width() - 2 * EDGE - between) / sum(ratios), _TALLEST)
    width = max(2 * EDGE + tall * sum(ratios) + between, _NARROWEST)
    cmap = signed_colours(_SIGNED_LEVELS) if signed else greys(_GREY_LEVELS)
    left = EDGE
    with new_sheet(width, top + tall + EDGE) as sheet:
        for (name, tiles), mosaic, ratio in zip(groups.items(), mosaics, ratios, strict=True):
            ax = sheet.panel(Box(left, top, tall * ratio, tall))
            high = full_colour(tiles) if limit is None else limit
            image = ax.imshow(mosaic.numpy(), cmap=cmap, vmin=-high if signed else 0, vmax=high)
            mark(image, "signed" if signed else "picture")
            title(ax, name, size=LARGE, linespacing=1.15)
            ax.set_axis_off()
            left += tall * ratio + _BETWEEN
    return sheet.figure


# Parts --------------------------------------------------------------------------------------


def _frame(ax: Axes, role: str, text: str | None) -> Axes:
    return frame(ax, role, text=text, linewidth=1.5, size=LARGE, linespacing=1.15, pad=4)


def _draw_key(sheet: Sheet, top: float) -> None:
    """Draw the bar of the signed scale, with what its ends say."""
    width = 1.6
    bar = sheet.panel(Box((sheet.width - width) / 2, top + 0.13, width, 0.15))
    scale = ScalarMappable(Normalize(-1, 1), signed_colours(_SIGNED_LEVELS))
    sheet.figure.colorbar(scale, bar, orientation="horizontal")
    bar.set_xticks([])
    beside: dict[str, Any] = {"va": "center", "transform": bar.transAxes, "fontsize": LARGE}
    bar.text(-0.05, 0.45, say("against"), ha="right", **beside)
    bar.text(1.05, 0.45, say("for"), ha="left", **beside)


def _mosaic(tiles: Tensor, rows: int) -> Tensor:
    """Lay tiles (N, H, W) out in rows, with gaps that are drawn as nothing (NaN)."""
    number, height, width = tiles.shape
    columns = ceil(number / rows)
    gap = max(1, round(0.1 * width)) if number > 1 else 0
    shape = rows * (height + gap) - gap, columns * (width + gap) - gap
    mosaic = torch.full(shape, torch.nan, dtype=tiles.dtype)
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        i, j = row * (height + gap), column * (width + gap)
        mosaic[i : i + height, j : j + width] = tile
    return mosaic


def _two_digits(value: float) -> str:
    """Write a number with two digits, or as a whole number."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"
