"""The visual language of the book: palette, type scale, widths, and Matplotlib's defaults."""

from types import MappingProxyType
from typing import Any, cast

import matplotlib as mpl
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.rcsetup import cycler

__all__ = [
    "HEADING",
    "INK",
    "LARGE",
    "LEGIBLE",
    "MEDIUM",
    "MUTED",
    "PAGE_WIDTH",
    "PALETTE",
    "PHONE_WIDTH",
    "SIGNED_CMAP",
    "SMALL",
    "TEXT",
    "TEXT_COLOURS",
    "use_book_style",
]

# Okabe and Ito (2008), "Color universal design": distinguishable with every common colour vision.
PALETTE = MappingProxyType(
    {
        "input": "#0072B2",
        "kernel": "#E69F00",
        "output": "#009E73",
        "padding": "#999999",
        "bias": "#CC79A7",
        "highlight": "#D55E00",
        "gradient": "#56B4E9",
    }
)

# Darker relatives of the palette, for text: at least 4.5 to 1 against white and the pale tints.
TEXT_COLOURS = MappingProxyType(
    {
        "input": "#00507D",
        "kernel": "#7A4E00",
        "output": "#005F45",
        "padding": "#5F5F5F",
        "bias": "#8A3F6C",
        "highlight": "#9C4300",
        "gradient": "#1F6187",
    }
)
INK = "#1A1A1A"
MUTED = "#5F5F5F"

# Blue is negative, white is zero, vermilion is positive.
SIGNED_CMAP = LinearSegmentedColormap.from_list(
    "signed", [PALETTE["input"], "#FFFFFF", PALETTE["highlight"]]
)

# Inches: a figure is as wide as the page, or drawn again for a telephone.
PAGE_WIDTH = 7.2
PHONE_WIDTH = 4.6

# Points: in cells, ticks, titles of panels, running text, charts, titles of diagrams. Readable when
# a figure of the page's width is shown on a telephone, at half its size.
LEGIBLE, SMALL, TEXT, MEDIUM, LARGE, HEADING = 8, 11, 12, 13, 14, 16

_BOOK_RC = {
    "figure.dpi": 100,
    "figure.figsize": (PAGE_WIDTH, 3.6),
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": MEDIUM,
    "axes.titlesize": MEDIUM,
    "axes.labelsize": MEDIUM,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(
        color=[PALETTE[role] for role in ("input", "highlight", "output", "kernel", "bias")],
        linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1))],
    ),
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "lines.linewidth": 2,
}


def use_book_style() -> None:
    """
    Give every figure drawn from here on the look of the book.

    Sets Matplotlib's defaults (fonts, sizes, colours, layout). In a notebook, figures are also
    stored at twice their display resolution, so that they stay sharp on dense screens.

    Examples
    --------
    >>> from utils.style import use_book_style
    >>> use_book_style()
    """
    mpl.rcParams.update(cast(Any, _BOOK_RC))
    try:
        from IPython import get_ipython
        from matplotlib_inline.config import InlineBackend
    except ImportError:  # a plain Python session: there is no notebook to store figures in
        return
    shell = get_ipython()
    if shell is not None:
        # Set in the configuration, which holds whether pyplot is imported before or after.
        inline = InlineBackend.instance(parent=shell)
        inline.figure_formats = {"retina"}
        inline.print_figure_kwargs = cast(
            Any, {"bbox_inches": None}
        )  # exactly as wide as asked for
