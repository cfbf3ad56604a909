"""Figures of chapter 1: the pixels of an image, and its colour channels."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from utils import _validate
from utils._validate import ColourPicture, Flag, checked
from utils.drawing.colours import PALETTE, mark, readable_on
from utils.drawing.maps import draw_image, grey_limits
from utils.drawing.marks import connect
from utils.drawing.page import (
    EDGE,
    GAP,
    HEADING,
    LARGE,
    LINE,
    SMALL,
    TICKS,
    Box,
    box_ratio,
    new_sheet,
    page_width,
)
from utils.drawing.words import size_text

__all__ = ["plot_channels", "plot_pixel_zoom"]

_LARGEST_ZOOM = 3.9  # inches, of the enlarged pixels


@checked
def plot_pixel_zoom(image: object, box: object) -> Figure:
    """
    Plot an image, and beside it a few of its pixels with their values written into them.

    Parameters
    ----------
    image : Tensor or array of shape (H, W), (1, H, W) or (3, H, W)
        Bytes are written as they are, 0..255, floats with two decimals; a pixel in colour holds
        its red, green and blue, from top to bottom.
    box : (int, int, int, int)
        First row, first column, number of rows and number of columns; at most 10 rows and columns
        in grey, 6 in colour, so that the numbers can be read.

    Returns
    -------
    Figure
        The image with the box marked, and the pixels of the box with row and column numbers.

    Examples
    --------
    >>> figure = plot_pixel_zoom(torch.full((20, 30), 0.25), (4, 9, 2, 3))
    """
    picture = _validate.as_picture(image)
    top, left, height, width = cells = _validate.as_box(box, picture)
    patch = picture[:, top : top + height, left : left + width]
    in_bytes = str(getattr(image, "dtype", "")).endswith("uint8")

    zoom = min(_LARGEST_ZOOM, 0.6 * page_width())
    side = page_width() - 2 * EDGE - 0.34 - TICKS - zoom
    scale = min(zoom / width, zoom / height)
    tall = side * box_ratio([picture])
    above, tallest = EDGE + 2 * LINE, max(tall, height * scale)
    middle = above + tallest / 2
    with new_sheet(page_width(), above + tallest + 0.75 * TICKS + EDGE) as sheet:
        ax = sheet.panel(Box(EDGE, middle - tall / 2, side, tall))
        draw_image(ax, picture, text=f"image\n{_size(picture)}")
        _frame_pixels(ax, cells)
        corner = page_width() - EDGE - TICKS - width * scale, middle - height * scale / 2
        zoomed = sheet.panel(Box(*corner, width * scale, height * scale))
        limits = grey_limits(picture)
        draw_image(zoomed, patch, text=f"its pixels\n{_size(patch)}", limits=limits)
        zoomed.spines[:].set_color(PALETTE["highlight"])
        zoomed.set_xticks(range(width), [str(n) for n in range(left, left + width)])
        zoomed.set_yticks(range(height), [str(n) for n in range(top, top + height)])
        zoomed.tick_params(labelsize=SMALL, length=0, labelleft=False, labelright=True)
        _write_pixels(zoomed, patch, cell=72 * scale, in_bytes=in_bytes)
        for y, row in ((0, top + height), (1, top)):  # from the box to the corners of the zoom
            connect(sheet.figure, (left + width - 0.5, row - 0.5), ax, (0, y), zoomed)
    return sheet.figure


def _frame_pixels(ax: Axes, cells: tuple[int, int, int, int]) -> None:
    """Frame some pixels of an image, so that the frame is seen on dark and on light ones."""
    top, left, height, width = cells
    for colour, linewidth in (("white", 4.5), (PALETTE["highlight"], 2)):
        frame = Rectangle((left - 0.5, top - 0.5), width, height, fill=False)
        frame.set(edgecolor=colour, linewidth=linewidth)
        ax.add_patch(mark(frame, "highlight"))


def _write_pixels(ax: Axes, patch: Tensor, *, cell: float, in_bytes: bool) -> None:
    """Write the values of each pixel into it; a cell is so many points wide."""
    channels, height, width = patch.shape
    texts = [
        "\n".join(f"{round(255 * value)}" if in_bytes else f"{value:.2f}" for value in pixel)
        for pixel in patch.flatten(1).T.tolist()
    ]
    longest = max(map(len, texts)) / channels
    size = min(LARGE, 0.88 * cell / max(0.64 * longest, 1.25 * channels))
    image = ax.images[0]
    colours = image.to_rgba(np.asarray(image.get_array()))
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size}
    for (row, column), text in zip(np.ndindex(height, width), texts, strict=True):
        ink = readable_on(tuple(colours[row, column]), ink="black")
        ax.text(column, row, text, color=ink, **style)


def _size(tensor: Tensor) -> str:
    return size_text(tensor.shape[-2:], between=" × ")


@checked
def plot_channels(image: ColourPicture, *, tinted: Flag = True) -> Figure:
    """
    Plot a colour image as the sum of its red, its green and its blue channel.

    Parameters
    ----------
    image : Tensor or array of shape (3, H, W)
        A colour image.
    tinted : bool, default True
        Whether a channel is drawn in its own colour, as the light that it adds; else each is drawn
        as the grey picture that its numbers are.

    Returns
    -------
    Figure
        The image and its three channels.

    Examples
    --------
    >>> figure = plot_channels(torch.rand(3, 20, 30))
    """
    channels = list(image.split(1))
    if tinted:
        channels = [image * torch.eye(3)[index].view(3, 1, 1) for index in range(3)]
    side = (page_width() - 2 * EDGE - 3 * 2 * GAP) / 4
    tall, top = side * box_ratio([image]), EDGE + LINE
    texts = ("image", "0: red", "1: green", "2: blue")
    with new_sheet(page_width(), top + tall + EDGE) as sheet:
        for index, (panel, text) in enumerate(zip([image, *channels], texts, strict=True)):
            box = Box(EDGE + index * (side + 2 * GAP), top, side, tall)
            draw_image(sheet.panel(box), panel, text=text, limits=(0, 1))
            if index and tinted:
                place: dict[str, Any] = {"ha": "center", "va": "center", "size": HEADING}
                sheet.write(box.left - GAP, top + tall / 2, "=" if index == 1 else "+", **place)
    return sheet.figure
