"""Diagrams of layers and networks: PyTorch is the oracle for every number drawn."""

import io
import itertools
import math

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, Polygon, Rectangle
from torch import nn

from utils import diagrams
from utils.drawing.colours import tint
from utils.shapes import summarise

M = torch.tensor([[1, 3, 2, 9], [7, 4, 1, 5], [8, 5, 2, 3], [4, 2, 1, 4]])
X = torch.tensor(
    [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
)


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def number(text):
    return float(text.replace("\N{MINUS SIGN}", "-").replace("\N{INFINITY}", "inf").strip("()"))


def grid_at(ax, left, top, rows, columns):
    """Read the numbers that are written in a grid of cells, None where a cell is empty."""
    found = [[None] * columns for _ in range(rows)]
    for text in ax.texts:
        x, y = text.get_position()
        column, row = x - left - 0.5, y - top - 0.5
        i, j = round(row), round(column)
        centred = abs(row - i) < 1e-6 and abs(column - j) < 1e-6
        if centred and 0 <= i < rows and 0 <= j < columns:
            found[i][j] = number(text.get_text())
    return found


def draw(figure):
    """Draw for real; no text may stick out of the figure, or lie on another."""
    figure.savefig(io.BytesIO(), format="png", dpi=100)
    width, height = figure.get_size_inches() * figure.dpi
    boxes = []
    for ax in figure.axes:
        for text in ax.texts:
            box = text.get_window_extent()
            assert box.x0 > -2, text
            assert box.y0 > -2, text
            assert box.x1 < width + 2, text
            assert box.y1 < height + 2, text
            boxes.append((text.get_text(), box))
    for (one, first), (other, second) in itertools.combinations(boxes, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        along = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert across < 2 or along < 0.35 * min(first.height, second.height), (one, other)


class TestParameterCount:
    @pytest.mark.parametrize(
        ("layer", "words"),
        [
            (nn.Conv2d(1, 3, 3), "27 + 3 = 30 parameters"),
            (nn.Conv2d(3, 3, 3), "81 + 3 = 84 parameters"),
            (nn.Conv2d(3, 10, 3), "270 + 10 = 280 parameters"),
            (nn.Conv2d(6, 6, 3, groups=6), "54 + 6 = 60 parameters"),
            (nn.Conv2d(4, 2, 1, bias=False), "8 parameters, no bias"),
            (nn.Conv2d(2, 1, (1, 5)), "10 + 1 = 11 parameters"),
        ],
    )
    def test_every_parameter_is_drawn_once(self, layer, words):
        ax = diagrams.draw_parameter_count(layer)
        assert texts(ax)[-1] == words
        cells = [p for p in ax.patches if isinstance(p, Rectangle) and p.get_fill()]
        discs = [p for p in ax.patches if isinstance(p, Circle)]
        assert len(cells) == layer.weight.numel()
        assert len(discs) == (0 if layer.bias is None else layer.bias.numel())
        draw(ax.figure)

    def test_too_many(self):
        with pytest.raises(ValueError, match=r"at most 100 kernels .*got 64×3"):
            diagrams.draw_parameter_count(nn.Conv2d(3, 64, 3))
        assert plt.get_fignums() == []


class TestParameterSquares:
    COUNTS = ({"a": 30, "b": 56, "c": 20001}, {"a": 30, "b": 56, "c": 1251}, {"all": 7})

    @pytest.mark.parametrize("counts", COUNTS)
    def test_the_area_is_the_number(self, counts):
        figure = diagrams.plot_parameter_squares(counts)
        (ax,) = figure.axes
        areas = [patch.get_width() * patch.get_height() for patch in ax.patches]
        ratios = [area / n for area, n in zip(areas, counts.values(), strict=True)]
        assert ratios == pytest.approx([ratios[0]] * len(ratios))
        assert [text for text in texts(ax) if text in counts] == list(counts)
        draw(figure)

    def test_two_figures_can_share_a_scale(self):
        areas = []
        for counts in self.COUNTS[:2]:
            (ax,) = diagrams.plot_parameter_squares(counts, largest=20001).axes
            areas.append([patch.get_width() * patch.get_height() for patch in ax.patches])
        assert areas[0][:2] == pytest.approx(areas[1][:2])
        assert areas[0][2] / areas[1][2] == pytest.approx(20001 / 1251)

    def test_many_and_long_names(self):
        counts = {f"Conv2d({n}, {n + 1}, 3)": 10 ** (n % 5) for n in range(9)}
        draw(diagrams.plot_parameter_squares(counts))


def plain():
    conv = {"kernel_size": 3, "padding": 1}
    layers = [nn.Conv2d(1, 3, **conv), nn.ReLU(), nn.Conv2d(3, 2, **conv), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(20000, 1))


def with_pooling():
    conv = {"kernel_size": 3, "padding": 1}
    block = [nn.Conv2d(1, 3, **conv), nn.ReLU(), nn.MaxPool2d(2)]
    block += [nn.Conv2d(3, 2, **conv), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*block, nn.Flatten(), nn.Linear(1250, 1))


def lenet():
    layers = [nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(400, 10))


def famous(name):
    models = pytest.importorskip("torchvision.models")
    with torch.device("meta"):
        return getattr(models, name)()


NETWORKS = {
    "plain": (plain, (1, 100, 100), 20_087),
    "with_pooling": (with_pooling, (1, 100, 100), 1_337),
    "lenet": (lenet, (3, 32, 32), 6_882),
    "alexnet": (lambda: famous("alexnet"), (3, 224, 224), 61_100_840),
    "vgg16": (lambda: famous("vgg16"), (3, 224, 224), 138_357_544),
    "resnet18": (lambda: famous("resnet18"), (3, 224, 224), 11_689_512),
}


class TestVolumes:
    @pytest.mark.parametrize("name", NETWORKS)
    def test_all_parameters_and_all_shapes_are_written(self, name):
        make, shape, parameters = NETWORKS[name]
        module = make()
        figure = diagrams.plot_network_volumes(module, shape)
        (ax,) = figure.axes
        written = texts(ax)
        assert written[0] == f"{parameters:,} parameters"
        counts = [text.removesuffix(" parameters").replace(",", "") for text in written[1:]]
        bold = [text.get_fontweight() == "bold" for text in ax.texts[1:]]
        orange = [text.get_color() == "#7A4E00" for text in ax.texts[1:]]
        found = [int(c) for c, b, o in zip(counts, bold, orange, strict=True) if b and o]
        assert sum(found) == parameters
        shapes = {"×".join(f"{n:,}" for n in row.output_shape) for row in summarise(module, shape)}
        assert shapes <= set(written)
        draw(figure)

    def test_what_stands_above_a_volume(self):
        layers = [nn.Conv2d(3, 8, (3, 5), stride=2, padding=(1, 2), groups=1, bias=False)]
        layers += [nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]
        layers += [nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8)]
        (ax,) = diagrams.plot_network_volumes(nn.Sequential(*layers), (3, 64, 64)).axes
        written = texts(ax)
        for words in ("Conv2d 3×5", "s=2, p=(1, 2)", "BatchNorm, ReLU", "376 parameters"):
            assert words in written
        for words in ("MaxPool2d 3×3", "s=2, p=1", "Conv2d 3×3", "p=2, d=2, groups=8"):
            assert words in written

    def test_maps_have_one_scale_and_channels_are_sheets(self):
        (ax,) = diagrams.plot_network_volumes(with_pooling(), (1, 100, 100)).axes
        sheets = [p for p in ax.patches if isinstance(p, Rectangle)]
        widths = [round(p.get_width(), 6) for p in sheets]
        largest = max(widths)
        assert widths.count(largest) == 1 + 3
        assert widths.count(round(largest * math.sqrt(0.5), 6)) == 3 + 2
        assert widths.count(round(largest * math.sqrt(0.25), 6)) == 2

    def test_equal_convolutions_are_drawn_once(self):
        (ax,) = diagrams.plot_network_volumes(famous("vgg16"), (3, 224, 224)).axes
        repeated = [text for text in texts(ax) if text[1:4] == " × "]
        assert [text[0] for text in repeated] == ["2", "2", "3", "3", "3"]

    def test_a_single_layer_a_sequence_and_a_vector(self):
        for module, shape in (
            (nn.Conv2d(3, 2, 3), (3, 8, 8)),
            (nn.Conv1d(2, 4, 3), (2, 30)),
            (nn.Linear(8, 3), (8,)),
            (nn.Conv3d(1, 2, 3), (1, 8, 8, 8)),
        ):
            figure = diagrams.plot_network_volumes(module, shape)
            expected = "×".join(map(str, summarise(module, shape)[0].output_shape))
            assert texts(figure.axes[0])[-1] == expected
            draw(figure)

    def test_the_module_is_left_alone(self):
        module = lenet().train()
        before = {key: value.clone() for key, value in module.state_dict().items()}
        diagrams.draw_volumes(module, (3, 32, 32))
        assert module.training
        assert all(not part._forward_hooks for part in module.modules())
        assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
        assert all(parameter.grad is None for parameter in module.parameters())

    def test_rows(self):
        figure = diagrams.plot_network_volumes(lenet(), (3, 32, 32), ncols=2)
        assert figure.get_size_inches()[1] > figure.get_size_inches()[0]
        draw(figure)

    def test_an_input_that_does_not_fit(self):
        with pytest.raises(ValueError, match="input_shape must be one that the module can read"):
            diagrams.plot_network_volumes(lenet(), (3, 30, 30))
        assert plt.get_fignums() == []


class TestArchitectures:
    @staticmethod
    def slab_heights(ax, role="output"):
        """Return how high the fronts of the slabs are, from left to right."""
        face = to_hex(tint(role, 0.3))
        fronts = [
            patch.get_xy()
            for patch in ax.patches
            if isinstance(patch, Polygon) and to_hex(patch.get_facecolor()) == face
        ]
        return [max(y for _, y in front) - min(y for _, y in front) for front in fronts]

    def test_the_famous_ones_fit_on_a_page(self):
        names = ("lenet", "alexnet", "vgg16", "resnet18")
        networks = {name: (NETWORKS[name][0](), NETWORKS[name][1]) for name in names}
        figure = diagrams.plot_architectures(networks)
        (ax,) = figure.axes
        for name in names:
            assert name in texts(ax)
            assert f"{NETWORKS[name][2]:,} parameters" in texts(ax)
        draw(figure)

    def test_one_scale_for_all(self):
        networks = {"a": (plain(), (1, 100, 100)), "b": (lenet(), (3, 32, 32))}
        (ax,) = diagrams.plot_architectures(networks).axes
        inputs, outputs = self.slab_heights(ax, "input"), self.slab_heights(ax)
        assert inputs[1] / inputs[0] == pytest.approx(math.sqrt(0.32))
        assert outputs[:2] == pytest.approx([inputs[0]] * 2)
        sides = [28, 14, 10, 5]
        assert outputs[2:] == pytest.approx([inputs[0] * math.sqrt(n / 100) for n in sides])

    def test_sizes_and_channels_are_written_where_they_change(self):
        (ax,) = diagrams.plot_architectures({"net": (lenet(), (3, 32, 32))}).axes
        expected = ["3", "32", "6", "28", "14", "16", "10", "5", "400", "10"]
        assert texts(ax)[2:] == expected
