"""
The drawing layer: what every figure is made of, and the one place for what all figures share.

``colours``  the colour of each role, for areas and for text, and the mark that says which it is
``words``    every text that is drawn, and how numbers are written
``page``     widths and type sizes; figures, panels and panel grids in inches
``marks``    frames, boxes, arrows, brackets and connectors
``cells``    grids of numbers, in units of one cell
``maps``     images, kernels and feature maps, their scales and colour keys
``curves``   charts: lines with a look of their own, axes with labels

Each module uses only those above it. Figures (`utils.plotting`, `utils.diagrams`, `utils.inside`
and `utils.figures`) are short compositions of these parts.
"""

__all__: list[str] = []
