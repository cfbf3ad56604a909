"""The parts that every diagram is made of: cells, numbers that fit in them, tinted colours.

Diagrams are drawn in units of one cell, with row 0 at the top, so that a cell of X keeps the same
place in every picture. Text is measured in cells too: a number stays inside its cell at any size.
"""

import math

import torch
from matplotlib import patheffects
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.text import Text

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
        return fmt
    if fmt is None:
        numbers = [float(value) for value in values.flatten()]
        decimals = next(
            (d for d in (0, 1) if all(math.isclose(round(v, d), v, abs_tol=1e-6) for v in numbers)),
            2,
        )
        fmt = f".{decimals}f"

    def write(value):
        text = format(float(value), fmt)
        if text.startswith("-") and float(text) == 0:
            text = text[1:]
        return text.replace("-", MINUS)

    return write


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
        longest = max((len(line) for line in self.get_text().split("\n")), default=1) or 1
        by_height = self._height_in_cells * abs(top - bottom)
        by_width = self._width_in_cells * abs(right - left) / (0.62 * longest)
        self.set_fontsize(max(min(by_height, by_width) * points, 0.5))

    def get_window_extent(self, renderer=None, dpi=None):
        """Measure the text at the size at which it is drawn."""
        self._fit()
        return super().get_window_extent(renderer, dpi)

    def draw(self, renderer):
        """Draw the text at the size that fits its cell."""
        self._fit()
        super().draw(renderer)


def write_in(ax, x, y, text, *, height=0.46, width=math.inf, colour=INK, halo=False, **kwargs):
    """Write `text`, `height` cells high, centred on (x, y) unless told otherwise."""
    options = {"ha": "center", "va": "center_baseline", "color": colour, "zorder": 5} | kwargs
    artist = CellText(x, y, text, height=height, width=width, transform=ax.transData, **options)
    if halo:
        artist.set_path_effects([patheffects.withStroke(linewidth=3, foreground="white")])
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


def paint_grid(
    ax,
    values,
    *,
    origin=(0.0, 0.0),
    role="input",
    padding=(0, 0),
    fmt=None,
    shade=False,
    numbers=True,
    shown=None,
    strength=0.16,
    text_height=0.46,
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
    padding : tuple of int
        Rows and columns of zeros around the values.
    fmt : str, callable or None
        How numbers are written.
    shade : bool
        Let the tint follow the value.
    numbers : bool
        Write the numbers.
    shown : Tensor or None
        Shape (H, W), bool: cells that are False stay empty.
    strength : float
        The tint of an unshaded cell, from 0 to 1.
    text_height : float
        Height of the numbers in cells.
    """
    left, top = origin
    rim_rows, rim_columns = padding
    height, width = values.shape
    write = number_format(values, fmt)
    low, high = (float(values.min()), float(values.max())) if values.numel() else (0.0, 1.0)
    for i in range(-rim_rows, height + rim_rows):
        for j in range(-rim_columns, width + rim_columns):
            x, y = left + j + rim_columns, top + i + rim_rows
            if not (0 <= i < height and 0 <= j < width):
                paint_cell(ax, x, y, face="white", edge=PALETTE["padding"], dashed=True, zorder=0.5)
                if numbers:
                    colour = TEXT_COLOURS["padding"]
                    write_in(ax, x + 0.5, y + 0.5, "0", height=text_height * 0.85, colour=colour)
                continue
            if shown is not None and not shown[i, j]:
                paint_cell(ax, x, y, face="white", edge=tint(role, 0.6))
                continue
            value = float(values[i, j])
            amount = strength
            if shade:
                amount = 0.08 + 0.82 * ((value - low) / (high - low) if high > low else 0.5)
            face = tint(role, amount)
            paint_cell(ax, x, y, face=face, edge="white" if shade else tint(role, 0.75))
            if numbers:
                write_in(
                    ax,
                    x + 0.5,
                    y + 0.5,
                    write(value),
                    height=text_height,
                    width=0.86,
                    colour=readable_on(face),
                )


def cell_axes(ax, width, height, *, margin=0.08):
    """Give `ax` the coordinates of a diagram: square cells, rows downwards, no frame."""
    ax.set_xlim(-margin, width + margin)
    ax.set_ylim(height + margin, -margin)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def as_values(values):
    """Return a detached CPU copy in float64, so that nothing drawn touches the caller's data."""
    return torch.as_tensor(values).detach().to("cpu", torch.float64)
