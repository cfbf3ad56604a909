"""
What tests ask of a figure: its panels, the texts and numbers in them, where things stand.

`assert_drawn_as_approved` compares a figure with the list of its artists in tests/approved: what a
reader sees changes on purpose or not at all. ``APPROVE=1 pytest tests/test_approved.py`` writes the
lists again; the difference that git shows is then the change of the picture, in words.
"""

import itertools
import os
from itertools import zip_longest
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axis import Axis
from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.spines import Spine
from matplotlib.text import Text

from utils.drawing.colours import role_of


def grey(height=12, width=10, seed=0):
    """Return a grey image of noise."""
    return torch.rand(height, width, generator=torch.Generator().manual_seed(seed))


def colour(height=12, width=10):
    """Return a colour image of noise."""
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(1))


def panel(figure, start):
    """Return the only panel whose title starts with `start`."""
    found = [ax for ax in figure.axes if ax.get_title().startswith(start)]
    assert len(found) == 1, [ax.get_title() for ax in figure.axes]
    return found[0]


def titles(figure):
    """Return the titles of all panels."""
    return [ax.get_title() for ax in figure.axes]


def shown(ax, index=-1):
    """Return the values of an image of a panel, the last one if not told otherwise."""
    return torch.as_tensor(np.asarray(ax.images[index].get_array()))


def limits(ax):
    """Return the values at the ends of the scale of a panel."""
    return ax.images[-1].get_clim()


def written(ax):
    """Return all texts of a panel, in the order in which they were written."""
    return [text.get_text() for text in ax.texts]


def frame_colours(ax):
    """Return the colours of the frame of a panel."""
    return {to_hex(spine.get_edgecolor()).upper() for spine in ax.spines.values()}


def patches_of(ax, role, kind=Rectangle):
    """Return the patches of a panel that are marked with a role, in the order of drawing."""
    return [patch for patch in ax.patches if role_of(patch) == role and isinstance(patch, kind)]


def is_filled(patch):
    """Tell whether a patch has a colour inside."""
    return patch.get_facecolor()[3] > 0


def cells_of(ax, role):
    """Return the (left, top) corners of the cells of a role: patches of size 1 that are filled."""
    return [
        patch.get_xy()
        for patch in patches_of(ax, role)
        if (patch.get_width(), patch.get_height()) == (1, 1) and is_filled(patch)
    ]


def frames_of(ax, role="highlight"):
    """Return the frames drawn with a role, as (left, top, columns, rows)."""
    return [
        (*patch.get_xy(), patch.get_width(), patch.get_height())
        for patch in patches_of(ax, role)
        if not is_filled(patch)
    ]


def text_at(ax, x, y):
    """Return the text whose place is (x, y), or None."""
    found = [t.get_text() for t in ax.texts if np.allclose(t.get_position(), (x, y), atol=1e-6)]
    assert len(found) < 2, found
    return found[0] if found else None


def grid_at(ax, left, top, rows, columns):
    """Return the texts of the cells of a grid whose corner is (left, top), row by row."""
    return [
        [text_at(ax, left + column + 0.5, top + row + 0.5) for column in range(columns)]
        for row in range(rows)
    ]


def pixels(figure):
    """Draw a figure and return its pixels, (H, W, 4)."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba()).copy()


def assert_nothing_is_cut_off(figure, *, smallest=8):
    """Assert that all that is drawn lies within the figure, in text that can be read."""
    figure.draw_without_rendering()
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    margin = 0.005
    assert min(drawn.x0, drawn.y0) > -margin
    assert drawn.x1 < width + margin
    assert drawn.y1 < height + margin
    for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize")):
        assert text.get_fontsize() >= smallest or not text.get_text(), text.get_text()


def assert_no_figure_is_open():
    """Assert that a call that failed left no figure behind."""
    assert plt.get_fignums() == []


def assert_texts_do_not_touch(figure):
    """Assert that no text of a diagram lies on another."""
    figure.draw_without_rendering()
    texts = [text for ax in figure.axes for text in ax.texts] + figure.texts
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    for (text, box), (other, its) in itertools.combinations(boxes, 2):
        across = min(box.x1, its.x1) - max(box.x0, its.x0)
        along = min(box.y1, its.y1) - max(box.y0, its.y0)
        assert across < 2 or along < 0.35 * min(box.height, its.height), (text, other)


def number(text):
    """Return the number that a text says, perhaps in brackets."""
    text = text.replace("\N{MINUS SIGN}", "-").replace("\N{INFINITY}", "inf")
    return float(text.strip("()"))


def numbers_at(ax, left, top, rows, columns):
    """Return the numbers of the cells of a grid whose corner is (left, top), None where empty."""
    grid = grid_at(ax, left, top, rows, columns)
    return [[text if text is None else number(text) for text in row] for row in grid]


def corner_under(ax, header):
    """Return the (left, top) corner of the grid that stands under a text."""
    (x, y) = next(text.get_position() for text in ax.texts if text.get_text() == header)
    corners = (patch.get_xy() for patch in ax.patches if isinstance(patch, Rectangle))
    below = [(left, top) for left, top in corners if abs(left - x) < 1e-6 and top > y]
    return min(below, key=lambda corner: corner[1])


# Approved drawings ------------------------------------------------------------------------------

APPROVED = Path(__file__).with_name("approved")


def artists_of(figure):
    """List what is drawn, from back to front: kind, place in inches, colours, widths, texts."""
    figure.draw_without_rendering()
    scale = 1 / figure.dpi
    found = ["figure {:.2f} {:.2f}".format(*figure.get_size_inches())]
    return found + [line for artist in _drawn(figure) for line in _describe(artist, scale)]


def _drawn(artist):
    """Yield an artist and what is drawn inside it, without grounds and switched-off axes."""
    yield artist
    for child in artist.get_children():
        off = not getattr(artist, "axison", True) and isinstance(child, (Axis, Spine))
        if child.get_visible() and not off and child is not getattr(artist, "patch", None):
            yield from _drawn(child)


def _describe(artist, scale):
    """Return one line for an artist that is seen, none for what only holds others."""
    kind, order = type(artist).__name__, f"order {artist.get_zorder():.1f}"
    if isinstance(artist, Text):
        if not artist.get_text():
            return []
        x, y = artist.get_transform().transform(artist.get_position()) * scale
        words = artist.get_text().replace("\n", "/").replace(" ", "_")
        place = f"{artist.get_ha()} {artist.get_va()} {artist.get_rotation()}"
        style = f"{place} {artist.get_weight()} {artist._linespacing}"
        size = f"{artist.get_fontsize():.1f} pt {to_hex(artist.get_color())}"
        return [f"{kind} {words} at {x:.2f} {y:.2f} {style} {size} {order}"]
    if isinstance(artist, AxesImage):
        values = np.asarray(artist.get_array(), dtype=float)
        scale_of = "{:.3g} {:.3g}".format(*artist.get_clim())
        cmap = f"{artist.get_cmap().name} {artist.get_cmap().N}" if values.ndim == 2 else "colour"
        box = " ".join(f"{edge:.2f}" for edge in artist.get_extent())
        return [
            f"{kind} {values.shape} mean {values.mean():.3g} {cmap} {scale_of} in {box} {order}"
        ]
    if isinstance(artist, Line2D):
        points = artist.get_transform().transform(artist.get_xydata()) * scale
        if not len(points) or artist.get_marker() in (0, 1, 2, 3):  # the marks of an axis
            return []
        ends = " ".join(f"{x:.2f} {y:.2f}" for x, y in points[[0, len(points) // 2, -1]])
        look = f"{artist.get_linestyle()} {artist.get_marker()!r} {artist.get_markersize():.1f}"
        thick = 0 if artist.get_linestyle() == "None" else artist.get_linewidth()
        width = f"{thick:.1f} {to_hex(artist.get_color())}"
        return [f"{kind} {len(points)} points {ends} {look} {width} {order}"]
    if isinstance(artist, (Patch, Collection)):
        box = artist.get_window_extent()
        places = (
            f"{box.x0 * scale:.2f} {box.y0 * scale:.2f} {box.x1 * scale:.2f} {box.y1 * scale:.2f}"
        )
        colours = f"{_hex(artist.get_facecolor())} {_hex(artist.get_edgecolor())}"
        style = f"{np.ravel(artist.get_linewidth())[0]:.1f} {artist.get_linestyle()}".replace(
            " ", "_"
        )
        return [
            f"{kind} {artist.get_gid()} at {places} {colours} {style} {artist.get_hatch()} {order}"
        ]
    return []


def _hex(colour):
    """Write the first of some colours, "none" where nothing is seen of it."""
    colours = np.atleast_2d(colour)
    seen = len(colours) and colours[0][3]
    return to_hex(colours[0], keep_alpha=True) if seen else "none"


def approved_lines(name, now):
    """Return the lines approved under a name; with ``APPROVE=1``, those of now become them."""
    path = APPROVED / f"{name.replace(' ', '_')}.txt"
    if os.environ.get("APPROVE"):
        path.write_text("\n".join(now) + "\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").splitlines()


def assert_drawn_as_approved(figure, name):
    """Assert that a figure consists of the artists that were approved, within 0.02 of an inch."""
    now = artists_of(figure)
    for line, approved in zip_longest(now, approved_lines(name, now), fillvalue=""):
        assert _alike(line, approved), f"{name}: {line!r} was approved as {approved!r}"


def _alike(line, approved):
    """Compare two lines word by word, numbers with a tolerance."""
    return all(
        word == other or _close(word, other)
        for word, other in zip_longest(line.split(), approved.split(), fillvalue="")
    )


def _close(word, other):
    try:
        return abs(float(word) - float(other)) <= 0.02 + 0.002 * abs(float(other))
    except ValueError:
        return False
