"""
Measurements that take minutes, kept with where they come from, and pictures of them.

``make results`` measures; the numbers lie beside this module, a few kilobytes in all.
"""

from utils.experiments._figures import plot_accuracies, plot_size_and_work
from utils.experiments._results import Results, load_results

__all__ = ["Results", "load_results", "plot_accuracies", "plot_size_and_work"]
