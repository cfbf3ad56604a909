"""Diagrams drawn from tensors: grids of numbers, sliding windows, networks, filters."""

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
