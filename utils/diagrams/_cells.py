"""Old place of the parts of a diagram: see `utils.drawing`."""

from utils import _validate
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


def as_panel(ax, width, height):
    """Return `ax` if it is an axes; make a figure of width x height inches where it is None."""
    return panel_or_new(None if ax is None else _validate.as_axes(ax), width, height)


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
