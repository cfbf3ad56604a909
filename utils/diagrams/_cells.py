"""Old place of the parts of a diagram: see `utils.drawing`."""

from typing import Any

from matplotlib.axes import Axes

from utils import _validate
from utils._validate import as_values  # noqa: F401
from utils.drawing.cells import (  # noqa: F401
    CellText,
    blank_figure,
    cell_axes,
    ems,
    paint_cell,
    paint_grid,
    write_header,
    write_in,
)
from utils.drawing.colours import INK, MUTED, TEXT_COLOURS, readable_on, tint  # noqa: F401
from utils.drawing.marks import outline, outline_cells  # noqa: F401
from utils.drawing.page import panel_or_new
from utils.drawing.words import (  # noqa: F401
    ALMOST_EQUAL,
    DOT,
    INFINITY,
    MINUS,
    TIMES,
    number_format,
)


def as_panel(ax: Any, width: float, height: float) -> Axes:
    """Return `ax` if it is an axes; make a figure of width x height inches where it is None."""
    return panel_or_new(None if ax is None else _validate.as_axes(ax), width, height)
