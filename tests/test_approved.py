"""
Figures look as they were approved, whatever the defaults, and fit the page and a telephone.

The figures that chapters store are compared pixel by pixel in test_book_figures.py.
"""

import math

import pytest
import torch
from torch import nn

from tests.drawn import (
    assert_drawn_as_approved,
    assert_nothing_is_cut_off,
    colour,
    grey,
)
from utils.data import portrait
from utils.diagrams import draw_grid, draw_network, plot_architectures, plot_network_volumes
from utils.drawing.page import PHONE_WIDTH, drawn_for
from utils.experiments import load_results
from utils.figures.chapter_01 import plot_channels, plot_pixel_zoom
from utils.figures.chapter_02 import plot_networks
from utils.figures.chapter_03 import plot_kernel_gallery, plot_learned_kernel
from utils.figures.chapter_04 import draw_positions
from utils.figures.chapter_05 import draw_parameter_count
from utils.figures.chapter_07 import plot_parameter_squares
from utils.figures.chapter_08 import plot_activation_functions, plot_signals
from utils.figures.chapter_10 import plot_accuracies
from utils.figures.chapter_11 import plot_accuracy_curves
from utils.figures.chapter_12 import plot_agreement, plot_deletion
from utils.inside import plot_heatmaps, plot_tiles
from utils.kernels import kernel
from utils.plotting import (
    plot_confusion,
    plot_conv,
    plot_convs,
    plot_history,
    plot_images,
    plot_kernels,
    plot_responses,
)
from utils.style import use_book_style
from utils.training import History

SOBEL = kernel("sobel_x")
OWN = torch.block_diag(*[torch.ones(1, 4)] * 4)  # 4 units, each with 4 of 16 inputs
SHARED = torch.block_diag(*[torch.tensor([[1, 2, 3, 4]])] * 4)
OUTPUT = torch.ones(1, 4, dtype=torch.bool)


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def convs():
    """Return a network whose drawing needs every kind of word about a layer."""
    layers = [nn.Conv2d(3, 8, (3, 5), stride=2, padding=(1, 2), bias=False)]
    layers += [nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d((1, 4))]
    layers += [nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8), nn.Conv2d(8, 8, 3, padding=1)]
    layers += [nn.Conv2d(8, 8, 3, padding=1), nn.Flatten(), nn.Linear(1024, 4500)]
    return nn.Sequential(*layers, nn.Linear(4500, 12), nn.Dropout(), nn.Linear(12, 1))


FIGURES = {
    "zoom": lambda: plot_pixel_zoom(portrait(size=100), (48, 30, 8, 8)),
    "zoom in colour": lambda: plot_pixel_zoom(portrait(size=100, colour=True), (48, 30, 5, 5)),
    "channels": lambda: plot_channels(portrait(size=100, colour=True)),
    "grey channels": lambda: plot_channels(portrait(size=100, colour=True), tinted=False),
    "gallery": lambda: plot_kernel_gallery(
        portrait(size=60), ["box", "sharpen", "sobel_x", "laplacian"]
    ),
    "learned": lambda: plot_learned_kernel({0: SOBEL * 0, 9: SOBEL}, [0.5] * 10, SOBEL),
    "activation functions": lambda: plot_activation_functions(
        {"ReLU": torch.relu, "tanh": torch.tanh, "sine": torch.sin}, slope=True
    ),
    "conv": lambda: plot_conv(portrait(size=100), SOBEL, axis=True),
    "conv of a tall image": lambda: plot_conv(grey(60, 12), grey(25, 9), padding="valid"),
    "conv in colour": lambda: plot_conv(portrait(size=60, colour=True), SOBEL),
    "two outputs": lambda: plot_convs(portrait(size=100), nn.Conv2d(1, 2, 50), axis=True),
    "six outputs": lambda: plot_convs(portrait(size=60), nn.Conv2d(1, 6, 3, stride=2)),
    "many slices": lambda: plot_convs(torch.rand(12, 9, 9), nn.Conv2d(12, 2, 3)),
    "images": lambda: plot_images([portrait(size=60)] * 3, titles=["a\nb\nc", "", "c"], axis=True),
    "kernels": lambda: plot_kernels(["sobel_x", "box", "gaussian", "emboss"], ncols=3),
    "responses": lambda: plot_responses(torch.linspace(-1, 1, 32).reshape(2, 4, 4)),
    "history": lambda: plot_history(
        History([1.9, 0.6, 0.3], [1.2, 0.4, 0.2]), start=2.3, chance=10, pictures=[grey()] * 5
    ),
    "confusion": lambda: plot_confusion(torch.eye(10), names=[f"class {n}" for n in range(10)]),
    "mistakes": lambda: plot_confusion([[5, 2], [1, 7]]),
    "heat maps": lambda: plot_heatmaps(
        [grey(8, 8), colour()], {"one": noise(2, 4, 4), "a longer name": noise(2, 4, 4) / 99},
        titles=["a", "two\nlines"],
    ),
    "tiles": lambda: plot_tiles({"one": noise(1, 4, 4), "more": noise(8, 4, 4)}, rows=2),
    "signed tiles": lambda: plot_tiles(dict.fromkeys("abc", noise(5, 24, 24)), rows=2, signed=True),
    "signals": lambda: plot_signals(
        {"bare": {"A": [1, 0.1, 0.01], "B": [1, 2, 4]}, "norm": {"B": [3, 3, 3]}},
        every=2, x="layers", y="size",
    ),
    "signals of four": lambda: plot_signals(
        {"": {"default, plain": [1.0, 1e-20], "He, plain": [1, 2], "default, shortcut": [3, 4],
              "He, shortcut": [5, 6]}}, x="layers", y="size",
    ),
    "accuracy curves": lambda: plot_accuracy_curves(
        (0, 45, 90),
        {name: torch.tensor([[0.9, 0.5, n / 9], [0.7, 0.6, 0.3]]) for n, name in enumerate("abc")},
        label="angle", chance=4, pictures=[grey(4, 4)] * 2,
    ),
    "deletion": lambda: plot_deletion(
        [0, 0.5, 1], {name: [1.0, 0.1 * n, 0.2] for n, name in enumerate("abcdef")}
    ),
    "agreement": lambda: plot_agreement(
        {row: {"a": noise(5) / 5, "b": noise(3) / 9} for row in ("map", "one of two lines")}
    ),
}  # fmt: skip
DIAGRAMS = {  # drawn in the style of the book, for the page alone
    "five functions": lambda: plot_activation_functions(dict.fromkeys("abcde", torch.relu)),
    "blur in colour": lambda: plot_conv(colour(), kernel("box")),
    "accuracy": lambda: plot_accuracies(load_results("equal_budget"), {"one": "normal"}),
    "grid": lambda: draw_grid(
        [[1, 2], [3, math.inf]], padding=(1, 2), highlight=(0, 5), title="padded", shade=True
    ),
    "own weights": lambda: draw_network([OWN, OUTPUT], labels=["image", "hidden units", "output"]),
    "shared weights": lambda: draw_network([SHARED, OUTPUT]),
    "networks": lambda: plot_networks([[6, 3, 1], [SHARED, OUTPUT]], titles=["row", "plane"]),
    "positions": lambda: draw_positions((4, 8), (2, 3), stride=(1, 2), padding=1),
    "grouped parameters": lambda: draw_parameter_count(nn.Conv2d(6, 6, 3, groups=6)),
    "parameters of one filter": lambda: draw_parameter_count(nn.Conv2d(2, 1, (1, 5))),
    "no bias": lambda: draw_parameter_count(nn.Conv2d(4, 5, 1, bias=False)),
    "squares": lambda: plot_parameter_squares({f"Conv2d({n}, 3)": 10 ** (n % 5) for n in range(9)}),
    "volumes": lambda: plot_network_volumes(convs(), (3, 32, 64), ncols=4),
    "architectures": lambda: plot_architectures(
        {"a": (convs(), (3, 32, 64)), "b": (nn.Conv2d(1, 16, 5), (1, 64, 64))}
    ),
}


def drawn(name):
    """Return the figure of a call, whether it gives that or a panel."""
    torch.manual_seed(0)
    result = (FIGURES | DIAGRAMS)[name]()
    return getattr(result, "figure", result) or result


@pytest.mark.parametrize("name", FIGURES | DIAGRAMS)
def test_looks_as_it_was_approved(name):
    if name in FIGURES:  # whatever the defaults
        assert_drawn_as_approved(drawn(name), name)
    use_book_style()
    figure = drawn(name)
    assert_drawn_as_approved(figure, name)
    assert_nothing_is_cut_off(figure, smallest=5)


@pytest.mark.parametrize("name", FIGURES)
def test_a_telephone_cuts_nothing_off_and_shows_no_small_text(name):
    with drawn_for(PHONE_WIDTH):
        figure = drawn(name)
    assert figure.get_figwidth() <= PHONE_WIDTH + 1e-9
    assert_nothing_is_cut_off(figure)
