"""Chapter 4: what stands beyond the edge of a picture."""

import matplotlib.pyplot as plt
import torch.nn.functional as F
from matplotlib.figure import Figure

from utils._validate import Matrix, NonNegativePair, checked
from utils.drawing.cells import cell_axes
from utils.drawing.maps import frame, place_picture
from utils.drawing.marks import DASHED, outline
from utils.drawing.page import HEADING, diagram_width

__all__ = ["plot_padding_modes"]

# As `torch.nn.Conv2d` names them, and as `torch.nn.functional.pad` does.
_PADDING_MODES = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "replicate",
    "circular": "circular",
}


@checked
def plot_padding_modes(image: Matrix, *, padding: NonNegativePair) -> Figure:
    """
    Draw a picture under the four padding modes of `torch.nn.Conv2d`, the picture itself framed.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), grey, 0 to 1.
    padding : int or tuple of int
        Rows and columns of the rim on each side, fewer than the picture has.

    Returns
    -------
    Figure
        One axes for each of zeros, reflect, replicate and circular.

    Examples
    --------
    >>> import torch
    >>> figure = plot_padding_modes(torch.rand(8, 8), padding=3)
    >>> [ax.get_title() for ax in figure.axes]
    ['zeros', 'reflect', 'replicate', 'circular']
    """
    picture = image.detach().cpu().double()
    (rows, columns), (above, before) = picture.shape, padding
    height, width = rows + 2 * above, columns + 2 * before
    padded = [
        F.pad(picture[None, None], (before, before, above, above), mode=mode)[0, 0]
        for mode in _PADDING_MODES.values()
    ]
    side = min(diagram_width() / 2, 2.9)
    size = 2 * side, 2 * (side * height / width + 0.35)
    figure = plt.figure(figsize=size, layout="constrained")
    for index, (name, values) in enumerate(zip(_PADDING_MODES, padded, strict=True)):
        ax = cell_axes(figure.add_subplot(2, 2, index + 1), width, height, margin=0)
        place_picture(ax, values, (0, 0, width, height))
        outline(ax, before, above, rows=rows, columns=columns, linewidth=2.5)
        ax.axis("on")
        frame(ax, "padding", text=name, size=HEADING)
        ax.spines[:].set(linestyle=DASHED, linewidth=0.8)
    return figure
