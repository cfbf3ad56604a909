"""
Measurements that take minutes, kept with where they come from.

``make results`` measures; the numbers lie beside this module, a few kilobytes in all.
"""

from utils.experiments._results import Results, load_results

__all__ = ["Results", "load_results"]
