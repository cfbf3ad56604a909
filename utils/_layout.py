"""Old place of figures laid out in inches: see `utils.drawing.page`."""

from contextlib import contextmanager

from utils.drawing.page import Box, Sheet, new_sheet


@contextmanager
def new_figure(width, height):
    """Make a figure, and close it again if what is drawn into it fails."""
    with new_sheet(width, height) as sheet:
        yield sheet.figure


def add_panel(figure, left, top, width, height):
    """Add an Axes of that size, in inches."""
    return Sheet(figure).panel(Box(left, top, width, height))
