"""
Figures that are drawn for one chapter alone, a module for each chapter.

They have fewer options than the general helpers, and check only what a reader may get wrong when
they change a cell.
"""

__all__: list[str] = []
