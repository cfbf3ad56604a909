"""Grids side by side and networks: PyTorch is the oracle for every number that is drawn."""

from itertools import pairwise

import pytest
import torch
from matplotlib.patches import Polygon
from torch import nn

from tests.drawn import (
    assert_no_figure_is_open,
    assert_nothing_is_cut_off,
    assert_texts_do_not_touch,
    frames_of,
    patches_of,
    written,
)
from utils.diagrams import draw_network, plot_architectures, plot_grids, plot_network_volumes
from utils.drawing.colours import TEXT_COLOURS
from utils.shapes import summarise

X = torch.arange(25).reshape(5, 5)
K = torch.tensor([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
OWN = torch.block_diag(*[torch.ones(1, 4)] * 4)  # 4 units, each with 4 of 16 inputs
SHARED = torch.block_diag(*[torch.tensor([[1, 2, 3, 4]])] * 4)
OUTPUT = torch.ones(1, 4, dtype=torch.bool)


def assert_drawn_well(figure):
    figure.draw_without_rendering()  # a constrained layout settles in the second drawing
    assert_nothing_is_cut_off(figure, smallest=6)
    assert_texts_do_not_touch(figure)


class TestGrids:
    def test_the_largest_of_each_grid_is_darkest(self):
        for ax in plot_grids([X, X / 10], shade=True, role="kernel").axes:
            tints = [sum(patch.get_facecolor()[:3]) for patch in patches_of(ax, "kernel")]
            assert tints == sorted(tints, reverse=True)
            assert tints[0] == 3 > tints[-1]

    def test_cells_are_framed_in_every_grid_or_in_each_its_own(self):
        same = plot_grids([X, X + 1], highlight=[(0, 1), (2, 2)])
        assert len(frames_of(same.axes[0])) == len(frames_of(same.axes[1])) == 2
        own = plot_grids([X, X], highlights=[(0, slice(0, 2)), (1, 1)])
        assert [frames_of(ax) for ax in own.axes] == [[(0, 0, 2, 1)], [(1, 1, 1, 1)]]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"highlight": (4, 4)}, "highlight must be"),
            ({"highlights": [(0, 0)]}, "highlights must be as many as grids, got 1 and 2"),
            ({"titles": ["one"]}, "titles must hold 2 texts, got 1"),
        ],
    )
    def test_what_does_not_fit_the_grids(self, options, message):
        with pytest.raises(ValueError, match=message):
            plot_grids([X, K], **options)
        assert_no_figure_is_open()


class TestNetwork:
    @pytest.mark.parametrize(
        ("layers", "strands", "caption"),
        [
            ([16, 4, 1], 68, "(64 + 4) + (4 + 1) = 73 parameters"),
            ([OWN, OUTPUT], 20, "(16 + 4) + (4 + 1) = 25 parameters"),
            ([SHARED, OUTPUT], 20, "(4 + 1) + (4 + 1) = 10 parameters"),
            ([5, 30, 2], 210, "(150 + 30) + (60 + 2) = 242 parameters"),
        ],
    )
    def test_one_strand_for_each_connection_and_all_parameters_counted(
        self, layers, strands, caption
    ):
        ax = draw_network(layers)
        assert len(ax.lines) == strands
        assert written(ax)[-1] == caption
        assert_nothing_is_cut_off(ax.figure, smallest=5)

    def test_thirty_shared_weights_can_be_told_apart(self):
        ax = draw_network([torch.arange(1, 31).repeat(2, 1)])
        looks = {(line.get_color(), str(line._dash_pattern)) for line in ax.lines}
        assert len(looks) == 30


def conv_net(*, pooled=True):
    layers = [nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(3, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    kept = [layer for layer in layers if pooled or not isinstance(layer, nn.MaxPool2d)]
    return nn.Sequential(*kept, nn.Linear(1250 if pooled else 20000, 1))


def lenet():
    layers = [nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(400, 10))


def famous(name):
    models = pytest.importorskip("torchvision.models")
    with torch.device("meta"):
        return getattr(models, name)()


NETWORKS = {
    "conv net": (conv_net, (1, 100, 100), 1_337),
    "lenet": (lenet, (3, 32, 32), 6_882),
    "vgg16": (lambda: famous("vgg16"), (3, 224, 224), 138_357_544),
    "resnet18": (lambda: famous("resnet18"), (3, 224, 224), 11_689_512),
}


def volumes(module, shape, **options):
    (ax,) = plot_network_volumes(module, shape, **options).axes
    return ax


class TestVolumes:
    @pytest.mark.parametrize("name", NETWORKS)
    def test_all_parameters_and_all_shapes_are_written(self, name):
        make, shape, parameters = NETWORKS[name]
        module = make()
        ax = volumes(module, shape)
        assert written(ax)[0] == f"{parameters:,} parameters"
        bold = [
            text.get_text().removesuffix(" parameters").replace(",", "")
            for text in ax.texts[1:]
            if text.get_fontweight() == "bold" and text.get_color() == TEXT_COLOURS["kernel"]
        ]
        assert sum(map(int, bold)) == parameters
        shapes = {"×".join(f"{n:,}" for n in row.output_shape) for row in summarise(module, shape)}
        assert shapes <= set(written(ax))
        assert_drawn_well(ax.figure)

    @pytest.mark.parametrize(
        ("channels", "sheets"),
        [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (8, 5), (16, 6), (64, 8), (512, 11)],
    )
    def test_up_to_four_channels_are_all_drawn_then_one_more_sheet_each_time_they_double(
        self, channels, sheets
    ):
        ax = volumes(nn.Conv2d(1, channels, 1), (1, 8, 8))
        boxes = patches_of(ax, "output")
        assert len(boxes) == sheets
        assert len(patches_of(ax, "input")) == 1
        steps = {
            (round(b.get_x() - a.get_x(), 6), round(b.get_y() - a.get_y(), 6))
            for a, b in pairwise(boxes)
        }
        assert len(steps) == (sheets > 1), "evenly"
        assert all(x == -y < 0 for x, y in steps), "the next in front, lower and to the left"
        assert [box.get_zorder() for box in boxes] == sorted(box.get_zorder() for box in boxes)

    def test_equal_convolutions_are_drawn_once_with_their_number(self):
        ax = volumes(famous("vgg16"), (3, 224, 224))
        repeated = [text for text in written(ax) if " × " in text]
        assert [text[0] for text in repeated] == ["2", "2", "3", "3", "3"]
        pools = nn.Sequential(*[nn.MaxPool2d(3, stride=1, padding=1)] * 2)
        assert len(patches_of(volumes(pools, (1, 8, 8)), "output")) == 2, "only convolutions"
        different = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 5, padding=2))
        assert len(patches_of(volumes(different, (1, 8, 8)), "output")) == 2

    def test_flattening_by_a_function_is_shown(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv, self.head = nn.Conv2d(1, 2, 3), nn.Linear(72, 5)

            def forward(self, x):
                return self.head(self.conv(x).flatten(1))

        texts = written(volumes(Net(), (1, 8, 8)))
        assert texts[texts.index("flatten") :][:2] == ["flatten", "72"]

    def test_an_input_that_does_not_fit(self):
        with pytest.raises(ValueError, match="input_shape must be one that the module can read"):
            volumes(lenet(), (3, 30, 30))
        assert_no_figure_is_open()


class TestArchitectures:
    def test_the_famous_ones_fit_on_a_page(self):
        networks = {name: (make(), shape) for name, (make, shape, _) in NETWORKS.items()}
        figure = plot_architectures(networks)
        for name, (_, _, parameters) in NETWORKS.items():
            assert {name, f"{parameters:,} parameters"} <= set(written(figure.axes[0]))
        assert figure.get_figwidth() == pytest.approx(7.0)
        assert_drawn_well(figure)
        ax = figure.axes[0]
        assert max(p.get_xy()[:, 0].max() for p in patches_of(ax, "output", Polygon)) < 7.0

    def test_lengths_of_bars_that_stand_close_do_not_touch(self):
        linear = [nn.Linear(1000, 1000) for _ in range(14)]
        figure = plot_architectures({"net": (nn.Sequential(*linear), (1000,))})
        assert len(patches_of(figure.axes[0], "output")) == 14, "linear layers are all drawn"
        assert_drawn_well(figure)
