"""The visual language of the book: one palette, one signed colour map, one set of defaults."""

from types import MappingProxyType

import matplotlib as mpl
from matplotlib.colors import LinearSegmentedColormap

__all__ = ["PALETTE", "SIGNED_CMAP", "use_book_style"]

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

# Blue is negative, white is zero, vermilion is positive.
SIGNED_CMAP = LinearSegmentedColormap.from_list(
    "signed", [PALETTE["input"], "#FFFFFF", PALETTE["highlight"]]
)

_BOOK_RC = {
    "figure.dpi": 100,
    "figure.figsize": (7.2, 3.6),
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    # Readable when a figure of 7.2 inches is shown on a telephone, at half its size.
    "font.size": 13,
    "axes.titlesize": 13,
    "axes.labelsize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(
        color=[PALETTE[role] for role in ("input", "highlight", "output", "kernel", "bias")],
        linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1))],
    ),
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "lines.linewidth": 2,
}


def use_book_style():
    """
    Give every figure drawn from here on the look of the book.

    Sets Matplotlib's defaults (fonts, sizes, colours, layout). In a notebook, figures are also
    stored at twice their display resolution, so that they stay sharp on dense screens.

    Examples
    --------
    >>> from utils.style import use_book_style
    >>> use_book_style()
    """
    mpl.rcParams.update(_BOOK_RC)
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
        inline.print_figure_kwargs = {"bbox_inches": None}  # exactly as wide as asked for
