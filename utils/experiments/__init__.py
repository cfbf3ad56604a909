"""
Measurements that take minutes, kept with where they come from.

``make results`` measures; the numbers lie beside this module, a few kilobytes in all.
"""

from typing import Any

from utils.experiments._results import Results, load_results

__all__ = ["Results", "load_results"]


def __getattr__(name: str) -> Any:
    if name in ("plot_accuracies", "plot_size_and_work"):  # moves: see figures
        from utils.figures import chapter_10

        return getattr(chapter_10, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
