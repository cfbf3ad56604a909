"""Diagrams drawn from tensors: grids of numbers, sliding windows, networks, filters."""

from importlib import import_module
from typing import Any

from utils.diagrams._comparisons import plot_grids
from utils.diagrams._networks import draw_network
from utils.diagrams._volumes import plot_architectures, plot_network_volumes
from utils.diagrams._windows import (
    draw_grid,
    plot_convolution,
    plot_pool_step,
    plot_window_step,
)

__all__ = [
    "draw_grid",
    "draw_network",
    "plot_architectures",
    "plot_convolution",
    "plot_grids",
    "plot_network_volumes",
    "plot_pool_step",
    "plot_window_step",
]

_MOVED = {  # moves: see figures
    "count_parameters": "chapter_02",
    "patch_mask": "chapter_02",
    "plot_flattened": "chapter_02",
    "plot_networks": "chapter_02",
    "draw_positions": "chapter_04",
    "plot_dilation": "chapter_04",
    "plot_padding_modes": "chapter_04",
    "plot_shrinking": "chapter_04",
    "draw_parameter_count": "chapter_05",
    "plot_channel_sum": "chapter_05",
    "plot_pool_gradient": "chapter_06",
    "plot_parameter_squares": "chapter_07",
    "plot_accuracy_curves": "chapter_11",
    "plot_commuting_square": "chapter_11",
}


def __getattr__(name: str) -> Any:
    if name in _MOVED:  # asked for, not imported: these modules import this package
        return getattr(import_module(f"utils.figures.{_MOVED[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
