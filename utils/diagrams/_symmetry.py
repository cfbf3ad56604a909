"""Does it matter which of two things is done first? The square of four corners that answers it."""

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import FancyArrowPatch, Polygon

from utils import _validate
from utils._layout import add_panel, new_figure
from utils.diagrams._cells import INK, MUTED
from utils.plotting import show_image, show_response
from utils.style import PALETTE

# Inches, and points for the text: legible on a telephone, where a figure is half as wide.
_WIDTH, _EDGE, _HEAD = 7.2, 0.08, 0.32
_ACROSS, _DOWN, _APART = 1.06, 0.54, 0.42  # room of the arrows, and of the one to the difference
_SIDE = (_WIDTH - 2 * _EDGE - _ACROSS - _APART) / 3
_TEXT, _SMALL = 14, 13
_ZERO = 1e-5  # as part of the largest value: less is rounding

# Black where nothing differs, then vermilion, the colour of errors, then white.
_DIFFERENCE_CMAP = LinearSegmentedColormap.from_list(
    "difference", ["#000000", PALETTE["highlight"], "#FFFFFF"], N=33
)
_LARGE_MAP = 1000  # values: from here on, a few extreme ones do not set the scale
_MARKERS = ("o", "s", "^", "D")


def plot_commuting_square(
    image, transform, function, *, names=("shift", "convolve"), map_transform=None
):
    """
    Plot the two ways from a picture to the map of the transformed picture, and how they differ.

    Down and then to the right: transform the picture, then apply the function. To the right and
    then down: apply the function, then transform the map. If both ways lead to the same map, the
    function is equivariant to the transformation, and the difference is black.

    Parameters
    ----------
    image : Tensor or array of shape (H, W)
        A grey picture, 0 to 1.
    transform : callable
        Takes and returns a tensor of shape (1, 1, height, width); it is applied to the picture, and
        to the map.
    function : callable
        Takes the picture as (1, 1, H, W) and returns one map, (1, 1, H', W').
    names : pair of str
        What the arrows say: the transformation, the function.
    map_transform : callable, optional
        What is done to the map instead of `transform`, where the map is smaller, for example.

    Returns
    -------
    Figure
        Five axes: the picture, its map, the transformed picture, the two maps that should be one
        (above the diagonal that of the way over the top, below it the other one), and the size of
        their difference.

    Raises
    ------
    TypeError, ValueError
        If `image` is not a matrix, a function cannot be applied or returns something else than one
        map, or the two maps are not of one size.

    Notes
    -----
    Pixels count as different if their values differ by more than 1e-5 of the largest one.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import torch
    >>> figure = plot_commuting_square(torch.rand(8, 8), lambda x: x.roll(3, -1), torch.square)
    >>> figure.axes[-1].get_xlabel()
    '0 of 64 pixels'
    >>> plt.close(figure)
    """
    picture = _validate.as_matrix(image, "image").detach()
    names = _validate.as_texts(names, "names", 2)
    second = transform if map_transform is None else map_transform
    with torch.no_grad():
        batch = picture[None, None]
        moved = _apply(transform, batch, "transform")
        mapped = _apply(function, batch, "function")
        below = _apply(function, moved, "function")
        above = _apply(second, mapped, "transform" if map_transform is None else "map_transform")
    if above.shape != below.shape:
        raise ValueError(
            f"transform and function must lead to one size both ways, got "
            f"{tuple(below.shape[2:])} and {tuple(above.shape[2:])}"
        )
    picture, moved, mapped, above, below = (
        _validate.as_image(one[0], "the map") for one in (batch, moved, mapped, above, below)
    )
    difference = (above.double() - below.double()).abs()[0]
    scale = max(float(above.abs().max()), float(below.abs().max()))
    differing = int((difference > _ZERO * scale).sum())

    limit = _usual(mapped) or 1.0
    height = _HEAD + 2 * _SIDE + _DOWN + 0.42
    right, low = _EDGE + _SIDE + _ACROSS, _HEAD + _SIDE + _DOWN
    with new_figure(_WIDTH, height) as figure:
        show_image(picture, ax=add_panel(figure, _EDGE, _HEAD, _SIDE, _SIDE), title="picture")
        show_response(
            mapped, ax=add_panel(figure, right, _HEAD, _SIDE, _SIDE), limit=limit, title="map"
        )
        show_image(moved, ax=add_panel(figure, _EDGE, low, _SIDE, _SIDE))
        corner = show_response(below, ax=add_panel(figure, right, low, _SIDE, _SIDE), limit=limit)
        _lay_over_the_upper_half(corner, above, limit)
        last = add_panel(figure, right + _SIDE + _APART, low, _SIDE, _SIDE)
        last.imshow(difference.numpy(), cmap=_DIFFERENCE_CMAP, vmin=0, vmax=limit)
        last.set(xticks=[], yticks=[])
        last.spines[:].set(visible=True, color=PALETTE["highlight"], linewidth=2)
        last.set_title("difference", fontsize=_SMALL)
        last.set_xlabel(f"{differing:,} of {difference.numel():,} pixels", fontsize=_SMALL)
        for top in (_HEAD, low):
            _arrow(figure, (_EDGE + _SIDE, top + _SIDE / 2), (right, top + _SIDE / 2), names[1])
        for left in (_EDGE, right):
            middle = left + _SIDE / 2
            _arrow(figure, (middle, _HEAD + _SIDE), (middle, low), names[0])
        beside = right + _SIDE
        _arrow(figure, (beside, low + _SIDE / 2), (beside + _APART, low + _SIDE / 2), "")
        words = (
            f"above the diagonal:\n{names[1]}, then {names[0]}\n\n"
            f"below it:\n{names[0]}, then {names[1]}"
        )
        left = right + _SIDE + 0.24
        place = left / _WIDTH, 1 - (_HEAD + _SIDE / 2) / height
        figure.text(*place, words, va="center", fontsize=_SMALL, linespacing=1.35, color=INK)
    return figure


def plot_accuracy_curves(positions, accuracies, *, label=None, chance=None, pictures=None):
    """
    Plot the accuracy of several networks as something grows: the mean, with its spread.

    Parameters
    ----------
    positions : sequence of float
        Where it was measured, such as angles.
    accuracies : dict of str to Tensor of shape (seeds, positions) or (positions,)
        What was measured, from 0 to 1, by the name of the network; one row for each training.
    label : str, optional
        What the positions are.
    chance : int, optional
        The number of classes: draws the accuracy of guessing.
    pictures : list of images, optional
        One for each position that has a number on the axis, drawn above the curves.

    Returns
    -------
    Figure
        For each network, a line through the means; a band from the lowest to the highest.

    Raises
    ------
    TypeError, ValueError
        If the numbers do not fit each other, are not finite, or lie outside 0 to 1.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import torch
    >>> figure = plot_accuracy_curves([0, 90], {"small": torch.tensor([[0.9, 0.2], [0.8, 0.4]])})
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['small']
    >>> plt.close(figure)
    """
    where = _as_positions(positions)
    curves = _as_accuracies(accuracies, len(where))
    chance = None if chance is None else _validate.as_int(chance, "chance", minimum=2)
    panels = [] if pictures is None else _validate.as_images(pictures, "pictures")
    head = 0.0 if not panels else 0.85
    with new_figure(_WIDTH, 3.7 + head) as figure:
        ax = add_panel(figure, 0.85, 0.15 + head, _WIDTH - 1.1, 2.85)
        for (name, values), role, line, marker in zip(
            curves.items(), ("input", "highlight", "output", "kernel"), ("-", "--", "-.", ":"),
            _MARKERS, strict=False,
        ):  # fmt: skip
            style = {"color": PALETTE[role], "linestyle": line, "marker": marker, "markersize": 7}
            lowest, highest = values.min(axis=0), values.max(axis=0)
            ax.fill_between(where, lowest, highest, color=PALETTE[role], alpha=0.25, linewidth=0)
            ax.plot(where, values.mean(axis=0), label=name, linewidth=2.5, **style)
        if chance is not None:
            ax.axhline(1 / chance, color=PALETTE["padding"], linestyle=":", linewidth=2)
            ax.text(where[0], 1 / chance - 0.02, "guessing", va="top", fontsize=_SMALL, color=MUTED)
        ax.set_ylim(0, 1.02)
        ax.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
        ax.tick_params(labelsize=_SMALL)
        ax.set_ylabel("accuracy", fontsize=_TEXT)
        ax.spines[["top", "right"]].set_visible(False)
        if label is not None:
            ax.set_xlabel(label, fontsize=_TEXT)
        ax.legend(fontsize=_TEXT, frameon=False, loc="best")
        if panels:
            _show_above(figure, ax, where, panels, head)
    return figure


# Parts --------------------------------------------------------------------------------------


def _apply(function, batch, name):
    """Return what a function makes of a (1, 1, H, W) tensor: one map."""
    if not callable(function):
        raise TypeError(f"{name} must be callable, got {function!r:.40}")
    try:
        result = function(batch.clone())
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise ValueError(
            f"{name} must take a tensor of shape {tuple(batch.shape)}, got one that says: {reason}"
        ) from error
    if not isinstance(result, torch.Tensor):
        raise TypeError(f"{name} must return a tensor, got {type(result).__name__}")
    if result.ndim != 4 or result.shape[:2] != (1, 1) or result.numel() == 0:
        raise ValueError(
            f"{name} must return one map of shape (1, 1, H, W), got {tuple(result.shape)}"
        )
    return result


def _usual(values):
    """Return the value of the full colour: the largest, or in a photograph nearly the largest."""
    sizes = values.abs().double().numpy()
    usual = float(np.quantile(sizes, 0.98)) if sizes.size >= _LARGE_MAP else 0.0
    return usual or float(sizes.max())


def _lay_over_the_upper_half(ax, values, limit):
    """Draw a map above the diagonal of another one."""
    base = ax.images[0]
    image = ax.imshow(values[0].numpy(), cmap=base.get_cmap(), vmin=-limit, vmax=limit)
    rows, columns = values.shape[-2:]
    corners = [(-0.5, -0.5), (columns - 0.5, -0.5), (columns - 0.5, rows - 0.5)]
    image.set_clip_path(Polygon(corners, transform=ax.transData))
    ends = zip(corners[0], corners[2], strict=True)
    ax.plot(*ends, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))


def _arrow(figure, start, end, name):
    """Draw an arrow between panels, in inches from the top left corner, and its name."""
    width, height = figure.get_size_inches()
    points = [(x / width, 1 - y / height) for x, y in (start, end)]
    style = {"arrowstyle": "-|>", "mutation_scale": 18, "linewidth": 2, "color": INK}
    shrink = {"shrinkA": 5, "shrinkB": 5}
    figure.add_artist(FancyArrowPatch(*points, transform=figure.transFigure, **style, **shrink))
    x, y = np.mean(points, axis=0)
    if start[1] == end[1]:
        figure.text(x, y + 0.06 / height, name, ha="center", va="bottom", fontsize=_TEXT)
    else:
        figure.text(x + 0.12 / width, y, name, ha="left", va="center", fontsize=_TEXT)


def _as_positions(positions):
    """Return where something was measured as a list of at least two different floats."""
    if not isinstance(positions, (list, tuple, range, torch.Tensor, np.ndarray)):
        raise TypeError(f"positions must be a sequence of numbers, got {positions!r:.40}")
    if len(positions) < 2:
        raise ValueError(f"positions must be at least two, got {len(positions)}")
    return [
        _validate.as_number(one.item() if hasattr(one, "item") else one, f"positions[{index}]")
        for index, one in enumerate(positions)
    ]


def _as_accuracies(accuracies, number):
    """Return the accuracies (seeds, positions) of each network, by name."""
    if not isinstance(accuracies, Mapping):
        raise TypeError(
            f"accuracies must be a dict of name to tensor, got {type(accuracies).__name__}"
        )
    if not 1 <= len(accuracies) <= len(_MARKERS):
        raise ValueError(
            f"accuracies must be of 1 to {len(_MARKERS)} networks, got {len(accuracies)}"
        )
    curves = {}
    for name, values in accuracies.items():
        tensor = _validate.as_tensor(values, f"accuracies[{name!r}]").detach().cpu().double()
        tensor = tensor[None] if tensor.ndim == 1 else tensor
        if tensor.ndim != 2 or tensor.shape[1] != number or not len(tensor):
            raise ValueError(
                f"accuracies[{name!r}] must have shape (seeds, {number}), one for each position, "
                f"got {tuple(tensor.shape)}"
            )
        if not ((tensor >= 0) & (tensor <= 1)).all():
            raise ValueError(f"accuracies[{name!r}] must lie in 0 to 1, got others")
        curves[str(name)] = tensor.numpy()
    return curves


def _show_above(figure, ax, where, panels, side):
    """Number the axis below some positions, evenly chosen, and draw a picture above each."""
    if len(panels) > len(where) or (len(where) - 1) % max(len(panels) - 1, 1):
        raise ValueError(
            f"pictures must divide the {len(where)} positions evenly, got {len(panels)}"
        )
    step = (len(where) - 1) // max(len(panels) - 1, 1)
    marked = where[::step][: len(panels)]
    ax.set_xticks(marked, [f"{one:g}" for one in marked])
    width, _ = figure.get_size_inches()
    low, high = ax.get_xlim()
    box = ax.get_position()
    size = min(side - 0.1, box.width * width / len(panels))
    for place, panel in zip(marked, panels, strict=True):
        centre = (box.x0 + box.width * (place - low) / (high - low)) * width
        show_image(panel, ax=add_panel(figure, centre - size / 2, 0.06, size, size))
