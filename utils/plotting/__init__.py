"""
Pictures of images, kernels and what comes out of a convolution.

The verb tells the level: ``show_*`` draws one panel into an Axes and returns it, ``plot_*`` makes
a whole figure and returns it. Blue frames are inputs, orange frames are kernels, green frames are
outputs. Numbers with a sign are drawn on one scale that is symmetric around zero: blue is
negative, white is zero, vermilion is positive.
"""

from utils.plotting._convolutions import plot_conv, plot_convs
from utils.plotting._panels import show_image, show_kernel, show_response
from utils.plotting._series import plot_images, plot_kernels, plot_responses
from utils.plotting._training import plot_confusion, plot_history

__all__ = [
    "plot_confusion",
    "plot_conv",
    "plot_convs",
    "plot_history",
    "plot_images",
    "plot_kernels",
    "plot_responses",
    "show_image",
    "show_kernel",
    "show_response",
]
