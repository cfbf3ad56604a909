"""Figures laid out in inches, from their top left corner: what every drawing module begins with."""

from contextlib import contextmanager

import matplotlib.pyplot as plt

__all__ = ["add_panel", "new_figure"]


@contextmanager
def new_figure(width, height):
    """Make a figure, and close it again if what is drawn into it fails."""
    figure = plt.figure(figsize=(width, height), layout="none", facecolor="white")
    try:
        yield figure
    except BaseException:
        plt.close(figure)
        raise


def add_panel(figure, left, top, width, height):
    """Add an Axes of that size, in inches."""
    across, down = figure.get_size_inches()
    bottom = 1 - (top + height) / down
    return figure.add_axes((left / across, bottom, width / across, height / down))
