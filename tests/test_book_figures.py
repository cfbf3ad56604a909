"""The figures of the book, as its chapters store them, are what the helpers draw today."""

import base64
import io
import json
from functools import partial
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import nn

from tests.nbval_strict import picture_difference
from utils.data import portrait
from utils.diagrams import (
    draw_network,
    plot_architectures,
    plot_convolution,
    plot_grids,
    plot_network_volumes,
    plot_pool_step,
    plot_window_step,
)
from utils.drawing.page import PHONE_WIDTH, drawn_for
from utils.experiments import load_results
from utils.figures.chapter_02 import patch_mask, plot_flattened, plot_networks
from utils.figures.chapter_04 import (
    draw_positions,
    plot_dilation,
    plot_padding_modes,
    plot_shrinking,
)
from utils.figures.chapter_05 import draw_parameter_count, plot_channel_sum
from utils.figures.chapter_06 import plot_pool_gradient
from utils.figures.chapter_07 import plot_parameter_squares
from utils.figures.chapter_10 import plot_accuracies, plot_size_and_work
from utils.figures.chapter_11 import plot_commuting_square
from utils.kernels import kernel
from utils.shapes import pixel_usage
from utils.style import use_book_style

BOOK = Path(__file__).resolve().parents[1] / "book"


def stored(chapter, call):
    """Return the picture under the only cell of a chapter that holds a call."""
    (path,) = BOOK.glob(f"{chapter}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    (cell,) = (cell for cell in cells if call in "".join(cell["source"]) and cell.get("outputs"))
    (data,) = (o["data"] for o in cell["outputs"] if "image/png" in o.get("data", {}))
    return base64.b64decode(data["image/png"])


def conv_net(*, pooled):
    """Return a network of chapter 7, with or without pooling."""
    layers = [nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(3, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    kept = [layer for layer in layers if pooled or not isinstance(layer, nn.MaxPool2d)]
    return nn.Sequential(*kept, nn.Linear(1250 if pooled else 20000, 1))


def dish():
    """Return the network of chapter 8 with normalisation and dropout."""
    layers = []
    for inputs, outputs in ((3, 8), (8, 16), (16, 32)):
        conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        layers += [conv, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.5), nn.Linear(512, 10))


def rivals():
    """Return the networks of chapter 10, by name."""
    blocks = [nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
    blocks += [nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
    third = [nn.Conv2d(32, 52, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1)]
    layers = {
        "fully connected": [nn.Flatten(), nn.Linear(784, 36), nn.ReLU(), nn.Linear(36, 10)],
        "CNN + flatten": [*blocks, nn.Flatten(), nn.Linear(32 * 7 * 7, 10)],
        "CNN + global pooling": [*blocks, *third, nn.Flatten(), nn.Linear(52, 10)],
    }
    return {name: (nn.Sequential(*network), (1, 28, 28)) for name, network in layers.items()}


def large_ones():
    """Return the networks for pictures of 128 x 128 of chapter 10, by name."""
    sizes = (128 * 128, 256, 128, 64, 16, 1)
    linear = [nn.Linear(inputs, outputs) for inputs, outputs in pairwise(sizes)]
    convs = [nn.Conv2d(1 if n == 0 else 3, 3, 3, padding=1) for n in range(5)]
    fully = nn.Sequential(nn.Flatten(), *linear)
    cnn = nn.Sequential(*convs, nn.Flatten(), nn.Linear(3 * 128 * 128, 1))
    return {"fully connected": (fully, (1, 128, 128)), "CNN": (cnn, (1, 128, 128))}


def four_patches():
    patches = [(slice(i, i + 2), slice(j, j + 2)) for i in (0, 2) for j in (0, 2)]
    look = {"titles": [f"unit {n}" for n in range(4)], "highlights": patches, "ncols": 2}
    return plot_grids(patch_mask(4, 2, stride=2).reshape(4, 4, 4), role="kernel", **look)


def pixels_used():
    seen = [pixel_usage(5, 3, padding=padding) for padding in (0, 1)]
    return plot_grids(seen, titles=["padding 0", "padding 1"], shade=True)


def three_networks():
    own, shared = (patch_mask(4, 2, stride=2, shared=share) for share in (False, True))
    titles = ["fully connected", "one patch each", "shared weights"]
    out = torch.ones(1, 4)
    return plot_networks([[16, 4, 1], [own, out], [shared, out]], titles=titles)


def sobel(x, *, mode):
    weight = kernel("sobel_x").double()[None, None]
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode=mode), weight)


def square(transform, mode, **options):
    photo = portrait(size=64).double()
    return plot_commuting_square(photo, transform, partial(sobel, mode=mode), **options)


def in_three_channels():
    upright, middle = torch.tensor([1.0, 0, -1]).expand(3, 3), torch.zeros(3, 3)
    middle[1, 1] = 1
    image = torch.randint(0, 3, (3, 6, 6), generator=torch.Generator().manual_seed(0)).float()
    filter = torch.stack([upright, upright.T, middle])
    return plot_channel_sum(image, filter, bias=1, position=(0, 0))


X = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
K = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]
POOLED = torch.tensor([[1, 3, 2, 9], [7, 4, 1, 5], [8, 5, 2, 3], [4, 2, 1, 4]])
EDGE = torch.tensor([10, 10, 10, 0, 0, 0]).expand(6, 6)
CORNER = [[2, 2, 3, 3], [0, 1, 3, 0], [2, 3, 0, 1], [3, 3, 2, 1]]
REDNESS = torch.tensor([2, -1, -1])[:, None, None].expand(3, 3, 3)
PARAMETERS = {"conv 1": 30, "conv 2": 56}
TWO_ORDERS = {"normal": "normal", "shuffled": "shuffled"}
SHIFTS = {0: "normal"} | {pixels: f"shift {pixels}" for pixels in (1, 2, 3, 4)}
FIGURES = {  # chapter: the start of a call in one of its cells, and the same call here
    ("02", "plot_flattened(photo"): lambda: plot_flattened(portrait(), rows=(96, 99)),
    ("02", "draw_network([16, 4, 1]"): lambda: draw_network(
        [16, 4, 1], labels=["16 pixels", "4 hidden units", "output"]
    ),
    ("02", "plot_grids(own.reshape"): four_patches,
    ("02", "plot_networks(networks"): three_networks,
    ("02", "plot_convolution("): lambda: plot_convolution(
        EDGE, torch.tensor([1, 0, -1]).expand(3, 3)
    ),
    ("03", "plot_window_step("): lambda: plot_window_step(X, K),
    ("04", "draw_positions(5, 3)"): lambda: draw_positions(5, 3),
    ("04", "draw_positions(6, 3"): lambda: draw_positions(6, 3, stride=2),
    ("04", "plot_shrinking("): lambda: plot_shrinking(portrait(size=32), ["identity", "box"]),
    ("04", "plot_dilation("): lambda: plot_dilation(3),
    ("04", "plot_convolution("): lambda: plot_convolution(CORNER, torch.ones(2, 2), padding="same"),
    ("04", "plot_grids(seen"): pixels_used,
    ("04", "plot_padding_modes("): lambda: plot_padding_modes(portrait(size=96), padding=32),
    ("05", "draw_parameter_count(nn.Conv2d(1"): lambda: draw_parameter_count(nn.Conv2d(1, 3, 3)),
    ("05", "draw_parameter_count(nn.Conv2d(3"): lambda: draw_parameter_count(nn.Conv2d(3, 3, 3)),
    ("05", "plot_channel_sum(X"): in_three_channels,
    ("05", "plot_channel_sum(portrait"): lambda: plot_channel_sum(
        portrait(size=110, colour=True), REDNESS
    ),
    ("06", "plot_pool_step(nine"): lambda: plot_pool_step(
        torch.arange(1, 10).reshape(3, 3), 2, step=3, ceil_mode=True
    ),
    ("06", "plot_pool_step(-A"): lambda: plot_pool_step(-POOLED, 3, stride=2, padding=1),
    ("06", "plot_pool_gradient("): lambda: plot_pool_gradient(POOLED, 2, gradient=[[1, 2], [3, 4]]),
    ("07", "plot_parameter_squares(counts"): lambda: plot_parameter_squares(
        PARAMETERS | {"linear": 20_001}, largest=20_001
    ),
    ("07", "plot_parameter_squares(after"): lambda: plot_parameter_squares(
        PARAMETERS | {"linear": 1_251}, largest=20_001
    ),
    ("07", "plot_network_volumes(plain"): lambda: plot_network_volumes(
        conv_net(pooled=False), (1, 100, 100), ncols=3
    ),
    ("07", "plot_network_volumes(pooled"): lambda: plot_network_volumes(
        conv_net(pooled=True), (1, 100, 100), ncols=3
    ),
    ("08", "plot_network_volumes(dish"): lambda: plot_network_volumes(dish(), (3, 32, 32), ncols=3),
    ("10", "plot_architectures("): lambda: plot_architectures(rivals()),
    ("10", "plot_size_and_work(networks"): lambda: plot_size_and_work(large_ones()),
    ("10", "plot_accuracies(stored, shifts"): lambda: plot_accuracies(
        load_results("equal_budget"), SHIFTS, xlabel="shift of the test digits, in pixels"
    ),
    ("10", "plot_accuracies(stored, orders"): lambda: plot_accuracies(
        load_results("equal_budget"), TWO_ORDERS, xlabel="order of the pixels"
    ),
    ("11", "plot_commuting_square(photo[0, 0], lambda x: shift(x, 20), on_a_ring"): lambda: square(
        lambda x: x.roll(20, -1), "circular"
    ),
    ("11", "plot_commuting_square(photo[0, 0], quarter_turn"): lambda: square(
        lambda x: x.rot90(1, dims=(-2, -1)), "circular", names=("turn", "Sobel x")
    ),
}


@pytest.mark.parametrize(("chapter", "call"), FIGURES)
def test_a_figure_is_drawn_as_the_book_shows_it(chapter, call):
    buffer = io.BytesIO()
    with mpl.rc_context():
        use_book_style()
        drawn = FIGURES[chapter, call]()
        figure = drawn if isinstance(drawn, Figure) else drawn.figure
        figure.canvas.draw()
        figure.savefig(buffer, format="png", dpi=2 * figure.dpi)
        plt.close(figure)
    assert picture_difference(stored(chapter, call), buffer.getvalue()) == ""


@pytest.mark.parametrize(("chapter", "call"), FIGURES)
def test_a_figure_fits_a_telephone(chapter, call):
    with drawn_for(PHONE_WIDTH):
        drawn = FIGURES[chapter, call]()
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    assert figure.get_figwidth() <= PHONE_WIDTH + 1e-6
    plt.close(figure)
