"""Figures of chapter 3: one image under many kernels, and a kernel that is learned."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from utils import _validate
from utils._validate import GreyPicture, Kernel, Kernels, checked
from utils.drawing.colours import PALETTE
from utils.drawing.curves import finish_chart
from utils.drawing.maps import colour_key, draw_image, draw_kernel, draw_response, full_colour
from utils.drawing.page import EDGE, GAP, KEY, LINE, MEDIUM, Box, PanelGrid, new_sheet, page_width
from utils.plotting._responses import USUAL, correlate, keeps_pictures, response_limits
from utils.plotting._series import look_up

__all__ = ["plot_kernel_gallery", "plot_learned_kernel"]

_PATTERN = 0.5  # inches, of a kernel above what it does


@checked
def plot_kernel_gallery(image: GreyPicture, kernels: Kernels) -> Figure:
    """
    Plot one image under many kernels, each kernel drawn as the little pattern it looks for.

    As in `utils.plotting.plot_conv`, kernels that make a picture out of a picture give a grey
    picture, the others a signed response; these share one scale.

    Parameters
    ----------
    image : Tensor or array of shape (H, W) or (1, H, W)
        A grey image.
    kernels : list of names, dict of name to kernel, or list of kernels
        What to slide over the image; a name is looked up in `utils.kernels`.

    Returns
    -------
    Figure
        One panel for each kernel, with the kernel above it.

    Examples
    --------
    >>> figure = plot_kernel_gallery(torch.rand(20, 20), ["box", "outline"])
    """
    names, tensors = look_up(kernels)
    responses = [correlate(image, one, stride=(1, 1), padding="same") for one in tensors]
    pairs = list(zip(tensors, responses, strict=True))
    signed = [response for kernel, response in pairs if not keeps_pictures(kernel)]
    values = torch.cat(signed) if signed else torch.zeros(1, 1, 1)
    limit = full_colour(values, share=USUAL)
    grid = PanelGrid.of(responses, 3, above=_PATTERN + GAP)
    with new_sheet(grid.width, grid.height + (KEY if signed else 0)) as sheet:
        for box, name, (kernel, response) in zip(grid.boxes, names, pairs, strict=True):
            ax = sheet.panel(box)
            if keeps_pictures(kernel):
                limits = response_limits(image, kernel, response)
                draw_image(ax, response, limits=limits, role="output")
            else:
                draw_response(ax, response[0], limit=limit)
            ax = sheet.panel(Box(box.left, box.top - _PATTERN - GAP / 2, _PATTERN, _PATTERN))
            draw_kernel(ax, kernel, numbers=False, limit=full_colour(kernel))
            if name:
                ax.text(1.25, 0.5, name, transform=ax.transAxes, va="center", fontsize=MEDIUM)
        if signed:
            colour_key(sheet, EDGE, grid.height, 4, "response", values, limit)
    return sheet.figure


@checked
def plot_learned_kernel(
    snapshots: Mapping[int, Tensor], losses: Sequence[float], target: Kernel
) -> Figure:
    """
    Plot a kernel as it is learned, beside the kernel it should become, above the loss.

    Parameters
    ----------
    snapshots : dict of int to Tensor of shape (kH, kW) or (1, 1, kH, kW)
        The kernel after so many steps.
    losses : sequence of float, or 1-D Tensor
        The loss at each step, the first one at step 0; not negative.
    target : Tensor of shape (kH, kW) or (1, 1, kH, kW)
        The kernel that made the training pairs.

    Returns
    -------
    Figure
        The snapshots and the target on one signed scale; below, the loss on a logarithmic scale
        with a mark at each snapshot.

    Examples
    --------
    >>> target = torch.tensor([[1.0, -1.0]])
    >>> figure = plot_learned_kernel({0: 0 * target, 2: target}, [1.0, 0.5, 0.1], target)
    """
    steps = sorted(snapshots)
    kernels = [_validate.as_kernel(snapshots[step], f"snapshots[{step}]") for step in steps]
    numbers = [float(loss) for loss in losses]
    _validate.require_losses_until(steps[-1], numbers)
    panels, texts = [*kernels, target], [*(f"step {step}" for step in steps), "target"]
    limit = full_colour(target)
    grid = PanelGrid.of(panels, len(panels), above=LINE, right=3 * GAP)
    left, top, curve_height = 0.8, grid.height + 2 * GAP, 2.4
    with new_sheet(page_width(), top + curve_height + 0.65) as sheet:
        for box, panel, text in zip(grid.boxes, panels, texts, strict=True):
            place = box.moved(right=3 * GAP if panel is target else 0)
            draw_kernel(sheet.panel(place), panel, numbers=False, text=text, limit=limit)
        ax = sheet.panel(Box(left, top, page_width() - left - 2 * EDGE, curve_height))
        ax.plot(numbers, color=PALETTE["highlight"], linestyle="-", linewidth=2)
        if max(numbers) > 0:
            ax.set_yscale("log")
        marked = [numbers[step] for step in steps]
        ax.plot(steps, marked, "s", markersize=10, color=PALETTE["kernel"], markeredgecolor="black")
        finish_chart(ax, x="training step", y="loss")
    return sheet.figure
