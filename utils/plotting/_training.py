"""How a training went: the losses, and the mistakes that remain."""

from math import log
from typing import Annotated, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from utils._validate import (
    Counts,
    Losses,
    PictureList,
    Texts,
    as_texts,
    as_titles,
    checked,
    integer,
    number,
)
from utils.drawing.colours import PALETTE, mark, readable_on
from utils.drawing.curves import Look, draw_curve, draw_level, finish_chart
from utils.drawing.maps import draw_image, signed_colours
from utils.drawing.page import EDGE, TEXT, Box, PanelGrid, new_sheet, page_width, title_room
from utils.drawing.words import label_axes, say

_LOOKS = (Look("input", "-", "o"), Look("highlight", "--", "s"))


@checked
def plot_history(
    history: Losses,
    *,
    start: Annotated[float, number(minimum=0)] | None = None,
    chance: Annotated[int, integer(minimum=2)] | None = None,
    pictures: PictureList | None = None,
    titles: Texts | None = None,
) -> Figure:
    """
    Plot how the loss fell, epoch by epoch, and perhaps pictures under it.

    Parameters
    ----------
    history : History
        What `utils.training.fit` returns: ``train_losses`` and ``validation_losses``, one number
        for each epoch.
    start : float, optional
        The loss before the training, drawn at epoch 0.
    chance : int, optional
        The number of classes: a line is drawn at its logarithm, the loss of blind guessing.
    pictures : list of images, or Tensor of shape (N, C, H, W), optional
        Drawn in one row under the curves, for example the mistakes that remain.
    titles : list of str, optional
        One text above each picture.

    Returns
    -------
    Figure
        The curves and, under them, one panel for each picture.

    Raises
    ------
    TypeError, ValueError
        If the history holds no two equally long lists of losses, or an option is of the wrong kind.

    Examples
    --------
    >>> from utils.training import History
    >>> history = History(train_losses=[1.9, 0.6], validation_losses=[1.2, 0.4])
    >>> figure = plot_history(history, start=2.3, chance=10)
    >>> figure.axes[0].get_xlabel()
    'epoch'
    """
    panels: list[Tensor] = pictures or []
    texts = as_titles(titles, len(panels))
    left, curve_height = 0.8, 3.0
    height, boxes = EDGE + curve_height + 0.65, []
    if panels:
        grid = PanelGrid.of(panels, len(panels), above=title_room(texts), top=height)
        height, boxes = grid.height, grid.boxes
    with new_sheet(page_width(), height) as sheet:
        ax = sheet.panel(Box(left, EDGE, page_width() - left - 2 * EDGE, curve_height))
        if chance is not None:
            _draw_chance(ax, chance, len(history["training"]))
        for (name, losses), look in zip(history.items(), _LOOKS, strict=True):
            epochs = list(range(1, len(losses) + 1))
            if start is not None:
                epochs, losses = [0, *epochs], [start, *losses]
            draw_curve(ax, epochs, losses, look, label=name)
        ax.set_ylim(bottom=0)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        finish_chart(ax, x="epoch", y="mean loss")
        ax.legend(fontsize=TEXT, frameon=False, loc="center right")
        for box, picture, text in zip(boxes, panels, texts, strict=True):
            draw_image(sheet.panel(box), picture, text=text)
    return sheet.figure


def _draw_chance(ax: Axes, classes: int, last: int) -> None:
    """Draw the loss of blind guessing, and write what it is above the last epoch."""
    loss = log(classes)
    draw_level(ax, loss)
    note = say("guessing: ln {classes} = {loss:.3f}", classes=classes, loss=loss)
    style: dict[str, Any] = {"ha": "right", "va": "top", "fontsize": TEXT}
    ax.annotate(note, (last, loss), (0, -6), textcoords="offset points", **style)


@checked
def plot_confusion(matrix: Counts, *, names: Texts | None = None) -> Figure:
    """
    Plot which class was taken for which, as a grid of counts.

    Parameters
    ----------
    matrix : Tensor of shape (classes, classes)
        Row i, column j: how many images of class i were taken for class j, as
        `utils.training.confusion_matrix` returns it.
    names : list of str, optional
        The names of the classes; their numbers if not given.

    Returns
    -------
    Figure
        The grid: correct answers framed on the diagonal, mistakes shaded, zeros left empty.

    Raises
    ------
    TypeError, ValueError
        If `matrix` is no square of counts, or the number of names differs from its rows.

    Examples
    --------
    >>> figure = plot_confusion([[9, 1], [0, 10]], names=["cat", "dog"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['9', '1', '10']
    """
    classes = len(matrix)
    names = [str(n) for n in range(classes)] if names is None else as_texts(names, "names", classes)
    longest = max(len(name) for name in names)
    margin = 0.35 + 0.11 * longest
    side = min(page_width() - margin - 2 * EDGE, 0.62 * classes)
    with new_sheet(margin + side + 2 * EDGE, margin + side + 2 * EDGE) as sheet:
        ax = sheet.panel(Box(margin + EDGE, EDGE, side, side))
        _draw_counts(ax, matrix)
        ax.set_xticks(range(classes), names, fontsize=TEXT, rotation=0 if longest <= 2 else 90)
        ax.set_yticks(range(classes), names, fontsize=TEXT)
        label_axes(ax, x="predicted", y="true", size=TEXT)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(True)
    return sheet.figure


def _draw_counts(ax: Axes, counts: np.ndarray) -> None:
    """Draw the counts that are not zero: mistakes shaded, what is right framed."""
    mistakes = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    limit = max(mistakes.max(), 1)
    mark(ax.imshow(mistakes, cmap=signed_colours(), vmin=-limit, vmax=limit), "signed")
    for row, column in np.argwhere(counts > 0):
        ink = readable_on(signed_colours()(0.5 + 0.5 * mistakes[row, column] / limit), ink="black")
        style: dict[str, Any] = {"ha": "center", "va": "center", "color": ink, "fontsize": TEXT}
        weight = "normal" if row == column else "bold"
        ax.text(column, row, f"{counts[row, column]}", weight=weight, **style)
    for index in range(len(counts)):
        frame = Rectangle((index - 0.47, index - 0.47), 0.94, 0.94, fill=False, linewidth=2.5)
        frame.set_edgecolor(PALETTE["output"])
        ax.add_patch(mark(frame, "output"))
