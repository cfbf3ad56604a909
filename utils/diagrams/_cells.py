"""The parts that every diagram is made of: cells, numbers that fit in them, tinted colours.

Diagrams are drawn in units of one cell, with row 0 at the top, so that a cell of X keeps the same
place in every picture. Text is measured in cells too: a number stays inside its cell at any size.
"""

import functools
import math

import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.textpath import TextPath

from utils import _validate
from utils.style import PALETTE

INK = "#1A1A1A"
MUTED = "#5F5F5F"
# Darker relatives of the palette, for text: at least 4.5 to 1 against white and the pale tints.
TEXT_COLOURS = {
    "input": "#00507D",
    "kernel": "#7A4E00",
    "output": "#005F45",
    "padding": "#5F5F5F",
    "bias": "#8A3F6C",
    "highlight": "#9C4300",
    "gradient": "#1F6187",
}
ALMOST_EQUAL = "\N{ALMOST EQUAL TO}"
INFINITY = "\N{INFINITY}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
DOT = "\N{MIDDLE DOT}"


def tint(role, amount):
    """Mix the colour of a role with white: 0 is white, 1 the full colour."""
    return tuple(1 - amount * (1 - channel) for channel in to_rgb(PALETTE[role]))


def readable_on(colour):
    """Black or white, whichever contrasts more with `colour`."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return INK if (luminance + 0.05) ** 2 > 0.0525 else "white"


def number_format(values, fmt=None):
    """
    Return the function that writes the entries of `values`.

    Whole numbers are written without a point, others with as few decimals (two at most) as serve
    the whole grid; negative numbers get a true minus sign.
    """
    if callable(fmt):
        return lambda value: str(fmt(float(value)))
    if fmt is None:
        numbers = [value for value in values.flatten().tolist() if math.isfinite(value)]
        decimals = next(
            (d for d in (0, 1) if all(math.isclose(round(v, d), v, abs_tol=1e-6) for v in numbers)),
            2,
        )
        fmt = f".{decimals}f"

    def write(value):
        text = format(float(value), fmt)
        if text.startswith("-") and float(text) == 0:
            text = text[1:]
        return text.replace("-", MINUS).replace("inf", INFINITY)

    return write


@functools.lru_cache(maxsize=4096)
def ems(text, weight="normal"):
    """Return the width of a line of text, as a multiple of its font size."""
    return TextPath((0, 0), text, size=100, prop={"weight": weight}).get_extents().width / 100


class CellText(Text):
    """
    Text whose size is given in cells (data units) instead of points.

    The size is worked out when the figure is drawn, because only then is it known how large a cell
    is on paper. `width` is the room that the text has, also in cells.
    """

    def __init__(self, x, y, text, *, height, width=math.inf, **kwargs):
        super().__init__(x, y, text, **kwargs)
        self._height_in_cells = height
        self._width_in_cells = width
        self.set_in_layout(False)

    def _fit(self):
        if self.axes is None or self.get_figure() is None:
            return
        (left, bottom), (right, top) = self.axes.transData.transform([(0, 0), (1, 1)])
        points = 72 / self.get_figure(root=True).dpi
        lines = [line for line in self.get_text().split("\n") if line.strip()]
        longest = max((ems(line, self.get_fontweight()) for line in lines), default=0)
        size = self._height_in_cells * abs(top - bottom)
        if longest:
            size = min(size, self._width_in_cells * abs(right - left) / longest)
        self.set_fontsize(max(size * points, 0.5))

    def get_window_extent(self, renderer=None, dpi=None):
        """Measure the text at the size at which it is drawn."""
        self._fit()
        return super().get_window_extent(renderer, dpi)

    def draw(self, renderer):
        """Draw the text at the size that fits its cell."""
        self._fit()
        super().draw(renderer)


def write_in(ax, x, y, text, *, height=0.46, width=math.inf, colour=INK, **kwargs):
    """Write `text`, `height` cells high, centred on (x, y) unless told otherwise."""
    options = {"ha": "center", "va": "center_baseline", "color": colour, "zorder": 5} | kwargs
    artist = CellText(x, y, text, height=height, width=width, transform=ax.transData, **options)
    ax.add_artist(artist)
    return artist


def paint_cell(ax, x, y, *, face, edge, dashed=False, hatch=None, zorder=1):
    """Draw one cell with its top left corner at (x, y)."""
    cell = Rectangle(
        (x, y),
        1,
        1,
        facecolor=face,
        edgecolor=edge,
        linewidth=1,
        linestyle=(0, (3, 2)) if dashed else "-",
        hatch=hatch,
        zorder=zorder,
    )
    return ax.add_patch(cell)


def outline(ax, x, y, *, rows=1, columns=1, role="highlight", linewidth=3, inset=0.0, dashed=False):
    """Draw a thick frame around cells: seen in black and white as well as in colour."""
    frame = Rectangle(
        (x + inset, y + inset),
        columns - 2 * inset,
        rows - 2 * inset,
        fill=False,
        edgecolor=PALETTE[role],
        linewidth=linewidth,
        linestyle=(0, (3, 1.5)) if dashed else "-",
        joinstyle="round",
        zorder=4,
    )
    return ax.add_patch(frame)


def outline_cells(ax, cells, *, origin=(0.0, 0.0), role="highlight"):
    """Frame a set of cells: one frame around a full rectangle, else one frame a cell."""
    left, top = origin
    rows, columns = {i for i, _ in cells}, {j for _, j in cells}
    height, width = max(rows) - min(rows) + 1, max(columns) - min(columns) + 1
    if len(set(cells)) == height * width:
        outline(ax, left + min(columns), top + min(rows), rows=height, columns=width, role=role)
        return
    for i, j in cells:
        outline(ax, left + j, top + i, role=role, linewidth=2.5, inset=0.04)


def paint_grid(
    ax,
    values,
    *,
    origin=(0.0, 0.0),
    role="input",
    padding=((0, 0), (0, 0)),
    fmt=None,
    shade=False,
    shown=None,
    blank=(),
    strength=0.16,
):
    """
    Draw a grid of numbers with its top left corner (rim included) at `origin`.

    Parameters
    ----------
    ax : Axes
        Where to draw, in units of one cell with rows running downwards.
    values : Tensor
        Shape (H, W).
    origin : tuple of float
        Column and row of the corner.
    role : str
        A role of `PALETTE`.
    padding : ((int, int), (int, int))
        Rows of zeros above and below, columns of zeros left and right.
    fmt : str, callable or None
        How numbers are written.
    shade : bool
        Let the tint follow the value.
    shown : Tensor or None
        Shape (H, W), bool: cells that are False stay empty.
    blank : collection of tuple of int
        Cells, rim included, whose number is left out.
    strength : float
        The tint of an unshaded cell, from 0 to 1.
    """
    left, top = origin
    (above, below), (before, after) = padding
    height, width = values.shape
    write = number_format(values, fmt)
    tints = _shades(values) if shade else None
    for i in range(above + height + below):
        for j in range(before + width + after):
            x, y = left + j, top + i
            row, column = i - above, j - before
            numbered = (i, j) not in blank
            if not (0 <= row < height and 0 <= column < width):
                paint_cell(ax, x, y, face="white", edge=PALETTE["padding"], dashed=True, zorder=0.5)
                if numbered:
                    colour = TEXT_COLOURS["padding"]
                    write_in(ax, x + 0.5, y + 0.5, "0", height=0.4, colour=colour)
                continue
            if shown is not None and not shown[row, column]:
                paint_cell(ax, x, y, face="white", edge=tint(role, 0.6))
                continue
            face = tint(role, float(tints[row, column]) if shade else strength)
            paint_cell(ax, x, y, face=face, edge="white" if shade else tint(role, 0.75))
            if numbered:
                text = write(values[row, column])
                write_in(ax, x + 0.5, y + 0.5, text, width=0.8, colour=readable_on(face))


def _shades(values):
    """Return how strong the tint of each value is: none at zero (or below), full at the largest."""
    finite = values.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
    low, high = min(float(finite.min()), 0.0), float(finite.max())
    return (finite - low) / (high - low) if high > low else finite * 0


def write_header(ax, x, y, letter, role, shape):
    """Write the name and size of a grid above it."""
    size = TIMES.join(f"{n}" for n in shape)
    options = {"height": 0.44, "ha": "left", "colour": TEXT_COLOURS[role]}
    write_in(ax, x, y, f"{letter}", fontweight="bold", **options)
    write_in(ax, x + 0.55, y, size, height=0.36, ha="left", colour=MUTED)


def blank_figure(make, width, height, *, cell):
    """Make a figure of width x height cells, filled by one axes."""
    figure = make(figsize=(width * cell, height * cell), layout="none", facecolor="white")
    ax = figure.add_axes((0, 0, 1, 1))
    cell_axes(ax, width, height, margin=0)
    return figure, ax


def as_panel(ax, width, height):
    """Return `ax` if it is an axes; make a figure of width x height inches where it is None."""
    if ax is None:
        return plt.figure(figsize=(width, height), layout="constrained").add_subplot()
    return _validate.as_axes(ax)


def cell_axes(ax, width, height, *, margin=0.08):
    """Give `ax` the coordinates of a diagram: square cells, rows downwards, no frame."""
    ax.set_xlim(-margin, width + margin)
    ax.set_ylim(height + margin, -margin)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def as_format(fmt):
    """Return `fmt` if it is None, a function or a format that floats understand."""
    if fmt is None or callable(fmt):
        return fmt
    try:
        format(0.0, fmt)
    except (TypeError, ValueError):
        raise ValueError(f'fmt must be a format such as ".1f" or a function, got {fmt!r}') from None
    return fmt


def as_values(values, name):
    """Return a matrix as float64 on the CPU, so that nothing drawn touches the caller's data."""
    return _validate.as_matrix(values, name).detach().cpu().double()
