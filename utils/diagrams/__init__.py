"""Diagrams drawn from tensors: grids of numbers, sliding windows, networks, filters."""

from utils.diagrams._comparisons import plot_flattened, plot_grids, plot_padding_modes
from utils.diagrams._networks import (
    count_parameters,
    draw_filter_bank,
    draw_network,
    patch_mask,
    plot_networks,
)
from utils.diagrams._windows import (
    draw_grid,
    draw_positions,
    draw_window,
    plot_convolution,
    plot_dilation,
    plot_shrinking,
    plot_window_step,
)

__all__ = [
    "count_parameters",
    "draw_filter_bank",
    "draw_grid",
    "draw_network",
    "draw_positions",
    "draw_window",
    "patch_mask",
    "plot_convolution",
    "plot_dilation",
    "plot_flattened",
    "plot_grids",
    "plot_networks",
    "plot_padding_modes",
    "plot_shrinking",
    "plot_window_step",
]
