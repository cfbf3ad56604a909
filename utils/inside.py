"""
Pictures of what happens inside a network: tiles, heat maps, and how far heat maps can be trusted.

A heat map is a grid of numbers that belongs to an image: where the number is positive, the image
speaks for an answer, where it is negative, against it. Its colours are those of every signed map
of the book: blue is negative, white is zero, vermilion is positive. The image is drawn as an
outline on top, so that it does not stain the colours.
"""

from collections.abc import Mapping
from math import ceil
from textwrap import fill

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from utils import _validate
from utils._layout import add_panel, new_figure
from utils.style import PALETTE, SIGNED_CMAP

__all__ = ["plot_agreement", "plot_deletion", "plot_heatmaps", "plot_tiles", "show_heatmap"]

# Inches, and points for the text: legible on a telephone, where a figure is half as wide.
_WIDTH, _EDGE, _GAP, _LINE = 7.2, 0.06, 0.1, 0.24
_TITLE, _SMALL = 14, 12
_LONGEST = 12  # characters of a line at the left of a row

# Few levels keep the stored figures small.
_SIGNED = SIGNED_CMAP.resampled(25)
_GREY = colormaps["gray"].resampled(32)
_INK = "#333333"  # the outline of an image on its heat map

# Each line has a colour, a dash and a marker of its own.
_LOOKS = (
    ("highlight", "-", "o"),
    ("input", "--", "s"),
    ("output", "-.", "^"),
    ("kernel", (0, (4, 1, 1, 1)), "D"),
    ("bias", ":", "v"),
    ("padding", (0, (1, 1)), "x"),
)


# One panel ----------------------------------------------------------------------------------


def show_heatmap(heatmap, image=None, *, limit=None, ax=None, title=None):
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
    >>> plt.close(ax.figure)
    """
    heatmap = _validate.as_map(heatmap, "heatmap")
    image = None if image is None else _as_grey(image, "image")
    limit = _as_limit(limit, [heatmap])
    ax = plt.figure().add_subplot() if ax is None else _validate.as_axes(ax)
    return _draw_heatmap(ax, heatmap, image, limit, title)


# Whole figures ------------------------------------------------------------------------------


def plot_heatmaps(images, heatmaps, *, titles=None, key=("against", "for")):
    r"""
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
    key : (str, str), default ("against", "for")
        What negative and what positive numbers say.

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
    >>> plt.close(figure)
    """
    _validate.as_images(images)
    images = [_as_grey(image, f"images[{index}]") for index, image in enumerate(images)]
    rows = _as_rows(heatmaps, len(images))
    titles = _validate.as_titles(titles, len(images))
    low, high = _validate.as_texts(key, "key", 2)

    n, above = len(images), _LINE + 0.06
    side = min((_WIDTH - 2 * _EDGE - (n - 1) * _GAP) / n, 1.75)
    tall = side * min(max(image.shape[-2] / image.shape[-1] for image in images), 1.5)
    lines = max((title.count("\n") + 1 for title in titles if title), default=0)
    top, down = _EDGE + lines * above, above + tall + _GAP
    bottom = top + tall + _GAP + len(rows) * down
    width = max(2 * _EDGE + n * (side + _GAP) - _GAP, 4.4)
    with new_figure(width, bottom + 0.4) as figure:
        for column, (image, title) in enumerate(zip(images, titles)):
            ax = add_panel(figure, _EDGE + column * (side + _GAP), top, side, tall)
            ax.imshow(image.numpy(), cmap=_GREY, vmin=0, vmax=1)
            _frame(ax, "input", title)
        for row, (name, maps) in enumerate(rows.items()):
            limit = _as_limit(None, maps)
            scale = f"± {_short(limit)}" if any(one.any() for one in maps) else "all 0"
            row_top = top + tall + _GAP + row * down + above
            x, y = 1.5 * _EDGE / width, 1 - (row_top - 0.05) / figure.get_figheight()
            figure.text(x, y, f"{name}: {scale}", fontsize=_TITLE, va="bottom")
            for column, (image, heatmap) in enumerate(zip(images, maps)):
                ax = add_panel(figure, _EDGE + column * (side + _GAP), row_top, side, tall)
                _draw_heatmap(ax, heatmap, image, limit, None)
        length = 1.6
        bar = add_panel(figure, (width - length) / 2, bottom + 0.13, length, 0.15)
        figure.colorbar(ScalarMappable(Normalize(-1, 1), _SIGNED), bar, orientation="horizontal")
        bar.set_xticks([])
        beside = {"va": "center", "transform": bar.transAxes, "fontsize": _TITLE}
        bar.text(-0.05, 0.45, low, ha="right", **beside)
        bar.text(1.05, 0.45, high, ha="left", **beside)
    return figure


def plot_tiles(groups, *, rows, signed=False, limit=None):
    r"""
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
    >>> plt.close(figure)
    """
    rows = _validate.as_int(rows, "rows")
    signed = _validate.as_bool(signed, "signed")
    groups = _as_groups(groups)
    limits = [_as_limit(limit, tiles) for tiles in groups.values()]
    mosaics = [_mosaic(tiles, min(rows, len(tiles))) for tiles in groups.values()]

    lines = max(title.count("\n") + 1 for title in groups)
    top, gap = _EDGE + lines * _LINE, 2.5 * _GAP
    ratios = [mosaic.shape[1] / mosaic.shape[0] for mosaic in mosaics]
    tall = min((_WIDTH - 2 * _EDGE - gap * (len(ratios) - 1)) / sum(ratios), 3.4)
    width = 2 * _EDGE + tall * sum(ratios) + gap * (len(ratios) - 1)
    low = -1 if signed else 0
    with new_figure(max(width, 3), top + tall + _EDGE) as figure:
        left = _EDGE
        for title, mosaic, ratio, most in zip(groups, mosaics, ratios, limits):
            ax = add_panel(figure, left, top, tall * ratio, tall)
            ax.imshow(mosaic.numpy(), cmap=_SIGNED if signed else _GREY, vmin=low * most, vmax=most)
            ax.set_title(title, fontsize=_TITLE, linespacing=1.15)
            ax.set_axis_off()
            left += tall * ratio + gap
    return figure


def plot_deletion(shares, curves):
    """
    Plot how the probability of an answer falls while pixels are blanked, most important first.

    Parameters
    ----------
    shares : list of float
        Shares of the pixels that are blanked, from 0 to 1, increasing.
    curves : dict of str to list of float
        Name of an order of the pixels, and the probability at each share.

    Returns
    -------
    Figure
        One line for each order; its name stands in the legend.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or a curve does not have one number for each share.

    Examples
    --------
    >>> figure = plot_deletion([0, 0.1, 0.2], {"random": [1, 0.9, 0.8], "by a map": [1, 0.3, 0]})
    >>> [line.get_label() for line in figure.axes[0].get_lines()]
    ['random', 'by a map']
    >>> plt.close(figure)
    """
    shares = _as_numbers(shares, "shares")
    if sorted(set(shares)) != shares or shares[-1] > 1:
        raise ValueError(f"shares must increase and end at most at 1, got {shares}")
    curves = _as_curves(curves, len(shares))
    rows = ceil(len(curves) / 2)
    with new_figure(_WIDTH, 3.9 + rows * 0.31) as figure:
        ax = add_panel(figure, 0.85, 0.1 + rows * 0.31, _WIDTH - 1.05, 3.15)
        for index, (name, curve) in enumerate(curves.items()):
            role, dash, marker = _LOOKS[index % len(_LOOKS)]
            style = {"linestyle": dash, "marker": marker, "markersize": 7, "linewidth": 2.5}
            percent = [100 * share for share in shares]
            ax.plot(percent, curve, label=name, color=PALETTE[role], **style)
        ax.set_ylim(-0.02, 1.02)
        ax.set_xlabel("pixels blanked, in per cent of the picture", fontsize=_TITLE)
        ax.set_ylabel("probability of the answer", fontsize=_TITLE)
        _plain(ax)
        place = {"loc": "upper center", "ncols": 2, "borderaxespad": 0.2, "handlelength": 3}
        figure.legend(fontsize=_TITLE, frameon=False, **place)
    return figure


def plot_agreement(agreement):
    """
    Plot how well maps agree: for each method, the mean over images and its spread.

    Parameters
    ----------
    agreement : dict of str to dict of str to Tensor of shape (N,)
        Name of a method; for each comparison, the correlations of the images, from -1 to 1. All
        methods have the same comparisons.

    Returns
    -------
    Figure
        One row for each method, with a marker for each comparison: the mean, and a bar that
        reaches one standard deviation to each side.

    Raises
    ------
    TypeError, ValueError
        If `agreement` is no such dict, or a number is not from -1 to 1.

    Examples
    --------
    >>> numbers = {"trained": torch.tensor([0.8, 0.9]), "random": torch.tensor([0.0, 0.2])}
    >>> figure = plot_agreement({"occlusion": numbers})
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['occlusion']
    >>> plt.close(figure)
    """
    rows = _as_agreement(agreement)
    series = list(next(iter(rows.values())))
    labels = [fill(name, _LONGEST) for name in rows]
    left = 0.3 + 0.115 * max(len(line) for label in labels for line in label.split("\n"))
    tall = 0.3 + 0.58 * len(rows)
    above = 0.1 + 0.31 * len(series)
    with new_figure(_WIDTH, above + tall + 0.75) as figure:
        ax = add_panel(figure, left, above, _WIDTH - left - 0.2, tall)
        ax.axvline(0, color=PALETTE["padding"], linewidth=1.5, linestyle="-")
        for index, name in enumerate(series):
            role, _, marker = _LOOKS[index % len(_LOOKS)]
            means = [float(row[name].mean()) for row in rows.values()]
            spreads = [float(row[name].std(correction=0)) for row in rows.values()]
            heights = [y + 0.12 * (2 * index - len(series) + 1) for y in range(len(rows))]
            style = {"marker": marker, "markersize": 9, "linestyle": "none", "capsize": 4}
            style |= {"color": PALETTE[role], "elinewidth": 2.5, "label": name}
            ax.errorbar(means, heights, xerr=spreads, **style)
        ax.set_yticks(range(len(rows)), labels, fontsize=_TITLE)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xlim(min(-0.3, ax.get_xlim()[0]), 1.03)
        ax.set_xlabel("rank correlation of the maps", fontsize=_TITLE)
        for y in range(1, len(rows)):
            ax.axhline(y - 0.5, color=PALETTE["padding"], linewidth=0.8, linestyle=":")
        _plain(ax)
        ax.tick_params(axis="y", length=0, labelsize=_TITLE)
        figure.legend(fontsize=_TITLE, frameon=False, loc="upper center", borderaxespad=0.2)
    return figure


# Checks -------------------------------------------------------------------------------------


def _as_grey(image, name):
    """Return an image as (H, W) greys in 0..1; a colour image by the mean of its channels."""
    tensor = _validate.as_image(image, name)
    if str(getattr(image, "dtype", "")).endswith("uint8"):
        tensor = tensor / 255
    if len(tensor) not in (1, 3):
        raise ValueError(
            f"{name} must have shape (H, W), (1, H, W) or (3, H, W), got {tuple(tensor.shape)}"
        )
    if tensor.min() < 0 or tensor.max() > 1:
        raise ValueError(f"{name} must lie in 0..1, got {tensor.min():.3g}..{tensor.max():.3g}")
    return tensor.mean(dim=0)


def _as_rows(heatmaps, number):
    """Return the maps of each row as tensors (H, W)."""
    rows = {}
    for name, maps in _as_dict(heatmaps, "heatmaps").items():
        if isinstance(maps, (str, bytes)) or not hasattr(maps, "__len__"):
            raise TypeError(f"heatmaps[{name!r}] must be a list of maps, got {maps!r}")
        if len(maps) != number:
            raise ValueError(
                f"heatmaps[{name!r}] must have one map for each of the {number} images, "
                f"got {len(maps)}"
            )
        rows[name] = [
            _validate.as_map(one, f"heatmaps[{name!r}][{i}]") for i, one in enumerate(maps)
        ]
    return rows


def _as_groups(groups):
    """Return the tiles (N, H, W) of each group."""
    tiles = {}
    for name, values in _as_dict(groups, "groups").items():
        if not hasattr(values, "ndim") or values.ndim != 3:
            raise ValueError(f"groups[{name!r}] must have shape (N, H, W), got {_shape(values)}")
        tiles[name] = _validate.as_image(values, f"groups[{name!r}]")
    return tiles


def _as_curves(curves, number):
    """Return the numbers of each curve."""
    checked = {
        name: _as_numbers(values, f"curves[{name!r}]")
        for name, values in _as_dict(curves, "curves").items()
    }
    for name, values in checked.items():
        if len(values) != number or max(values) > 1:
            raise ValueError(
                f"curves[{name!r}] must have {number} probabilities, one for each share, "
                f"got {values}"
            )
    return checked


def _as_agreement(agreement):
    """Return a tensor of correlations for each method and comparison."""
    rows = {}
    for name, row in _as_dict(agreement, "agreement").items():
        rows[name] = {
            series: _validate.as_tensor(values, f"agreement[{name!r}][{series!r}]").detach().cpu()
            for series, values in _as_dict(row, f"agreement[{name!r}]").items()
        }
        if list(rows[name]) != list(next(iter(rows.values()))):
            raise ValueError(
                f"agreement[{name!r}] must have the comparisons of the first method, "
                f"got {list(rows[name])}"
            )
        for series, values in rows[name].items():
            if values.ndim != 1 or not len(values) or not (values.abs() <= 1 + 1e-6).all():
                raise ValueError(
                    f"agreement[{name!r}][{series!r}] must hold correlations from -1 to 1, "
                    f"got {_shape(values)}"
                )
    return rows


def _as_dict(value, name):
    """Return `value` if it is a dict of names that holds something."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a dict of names, got {type(value).__name__}")
    if not value or not all(isinstance(key, str) for key in value):
        raise ValueError(f"{name} must have names that are texts, at least one, got {[*value]}")
    return value


def _as_numbers(values, name):
    """Return numbers from 0 upwards as a list of floats."""
    if isinstance(values, torch.Tensor):
        values = values.tolist()
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"{name} must be a list of numbers, got {type(values).__name__}")
    if not values:
        raise ValueError(f"{name} must hold at least one number, got none")
    return [_validate.as_number(one, f"{name}[{i}]", minimum=0) for i, one in enumerate(values)]


def _as_limit(limit, maps):
    """Return the value of the full colour: the one given, or the largest of the maps."""
    if limit is not None:
        return _validate.as_number(limit, "limit", above=0)
    return max(float(one.abs().max()) for one in maps) or 1.0


# Drawing ------------------------------------------------------------------------------------


def _draw_heatmap(ax, heatmap, image, limit, title):
    """Draw the colours of a map, and over them the outline of the image."""
    size = heatmap.shape if image is None else image.shape
    stretched = F.interpolate(heatmap[None, None].double(), size, mode="bilinear")[0, 0]
    ax.imshow(stretched.numpy(), cmap=_SIGNED, vmin=-limit, vmax=limit, interpolation="nearest")
    if image is not None and min(size) > 1 and image.max() > image.min():
        middle = (image.max().item() + image.min().item()) / 2
        ax.contour(image.numpy(), levels=[middle], colors=[_INK], linewidths=1.2)
    return _frame(ax, "output", title)


def _frame(ax, role, title):
    for spine in ax.spines.values():
        spine.set(visible=True, color=PALETTE[role], linewidth=1.5)
    ax.set_xticks([])
    ax.set_yticks([])
    if title is not None:
        ax.set_title(title, fontsize=_TITLE, linespacing=1.15, pad=4)
    return ax


def _mosaic(tiles, rows):
    """Lay tiles (N, H, W) out in rows, with gaps that are drawn as nothing (NaN)."""
    number, height, width = tiles.shape
    columns = ceil(number / rows)
    gap = max(1, round(0.1 * width)) if number > 1 else 0
    shape = rows * (height + gap) - gap, columns * (width + gap) - gap
    mosaic = torch.full(shape, torch.nan, dtype=tiles.dtype)
    for index, tile in enumerate(tiles):
        i, j = (part * (side + gap) for part, side in zip(divmod(index, columns), (height, width)))
        mosaic[i : i + height, j : j + width] = tile
    return mosaic


def _plain(ax):
    ax.tick_params(labelsize=_SMALL)
    ax.spines[["top", "right"]].set_visible(False)


def _shape(value):
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else f"shape {tuple(shape)}"


def _short(value):
    """Write a number with two digits, or as a whole number."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"
