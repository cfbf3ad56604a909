"""Diagrams drawn from tensors: grids of numbers, sliding windows, networks, filters."""

from utils.diagrams._comparisons import plot_flattened, plot_grids, plot_padding_modes
from utils.diagrams._counts import draw_parameter_count, plot_parameter_squares
from utils.diagrams._networks import (
    count_parameters,
    draw_filter_bank,
    draw_network,
    patch_mask,
    plot_networks,
)
from utils.diagrams._symmetry import plot_accuracy_curves, plot_commuting_square
from utils.diagrams._volumes import draw_volumes, plot_architectures, plot_network_volumes
from utils.diagrams._windows import (
    draw_grid,
    plot_convolution,
    plot_pool_step,
    plot_window_step,
)

__all__ = [
    "count_parameters",
    "draw_filter_bank",
    "draw_grid",
    "draw_network",
    "draw_parameter_count",
    "draw_positions",
    "draw_volumes",
    "patch_mask",
    "plot_accuracy_curves",
    "plot_architectures",
    "plot_channel_sum",
    "plot_commuting_square",
    "plot_convolution",
    "plot_dilation",
    "plot_flattened",
    "plot_grids",
    "plot_network_volumes",
    "plot_networks",
    "plot_padding_modes",
    "plot_parameter_squares",
    "plot_pool_gradient",
    "plot_pool_step",
    "plot_shrinking",
    "plot_window_step",
]


def __getattr__(name: str) -> object:  # moves: see figures
    from utils.figures import chapter_04, chapter_05, chapter_06

    for chapter in (chapter_04, chapter_05, chapter_06):
        if name in chapter.__all__:
            return getattr(chapter, name)
    raise AttributeError(f"module 'utils.diagrams' has no attribute {name!r}")
