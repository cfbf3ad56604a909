"""Figures of chapter 5: one filter over the channels of an image."""

from typing import Annotated

from matplotlib.figure import Figure
from torch import Tensor

from utils._validate import NonNegativePair, Number, checked, require_position, tensor
from utils.diagrams.steps import ChannelSteps

__all__ = ["plot_channel_sum"]


@checked
def plot_channel_sum(
    image: Annotated[Tensor, tensor("(C, H, W)")],
    filter: Annotated[Tensor, tensor("(C, kH, kW)")],
    *,
    bias: Number = 0,
    position: NonNegativePair | None = None,
) -> Figure:
    """
    Draw one filter (C, kH, kW) over an image (C, H, W): a partial map a channel, and their sum.

    Each channel meets its own slice of the filter. The partial maps are added place by place, and
    one bias is added to the sum: one filter gives one feature map. With a `position` in it, its
    window is framed and its sum written out. Numbers are written for images of up to eight rows
    and columns; a larger one is drawn as a picture, its maps in colours from blue (negative) to
    vermilion (positive) on one scale.

    >>> import torch
    >>> figure = plot_channel_sum(torch.ones(3, 4, 4), torch.ones(3, 3, 3), position=(0, 0), bias=1)
    >>> figure.axes[0].texts[-1].get_text()
    'Y[0, 0] = 9 + 9 + 9 + bias 1 = 28'
    """
    steps = ChannelSteps(image, filter, bias=bias)
    if position is not None:
        require_position(position, steps.output.shape)
    return steps.draw_sum(position, steps.page())
