"""Diagrams of layers and networks: PyTorch is the oracle for every number drawn."""

import io
import itertools
import math

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, Polygon, Rectangle
from torch import nn

from utils import diagrams
from utils.diagrams._cells import tint
from utils.diagrams._channels import channel_frames
from utils.diagrams._pools import pool_frames
from utils.shapes import pool_output_size, summarise
from utils.style import PALETTE

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


def below(ax, letter, *, distance=0.4):
    """Return the left top corner of the grid that stands under a text."""
    x, y = next(text for text in ax.texts if text.get_text() == letter).get_position()
    return x, y + distance


def as_written(values):
    """Round as a diagram writes: two decimals at most."""
    return [[pytest.approx(value, abs=0.0051) for value in row] for row in values.tolist()]


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


def pooled(image, kernel_size, *, mode="max", **options):
    function = F.max_pool2d if mode == "max" else F.avg_pool2d
    return function(image[None, None].double(), kernel_size, **options)[0, 0]


POOLS = [
    (M, 2, {}),
    (M, 2, {"mode": "average"}),
    (X, 3, {"stride": 1}),
    (X, 3, {"stride": 1, "mode": "average"}),
    (X, 2, {}),
    (X, 2, {"ceil_mode": True}),
    (X, 2, {"ceil_mode": True, "mode": "average"}),
    (X, 3, {"stride": 2, "padding": 1}),
    (X, 3, {"stride": 2, "padding": 1, "mode": "average"}),
    (X, (5, 1), {"mode": "average"}),
    (X, (2, 3), {"stride": (2, 1)}),
]


class TestPoolStep:
    @pytest.mark.parametrize(("image", "kernel_size", "options"), POOLS)
    def test_the_last_step_shows_what_pytorch_returns(self, image, kernel_size, options):
        expected = pooled(image, kernel_size, **options)
        last = expected.numel() - 1
        figure = diagrams.plot_pool_step(image, kernel_size, step=last, **options)
        (ax,) = figure.axes
        assert grid_at(ax, *below(ax, "Y"), *expected.shape) == as_written(expected)
        result = texts(ax)[-1]
        assert number(result[2:]) == pytest.approx(float(expected[-1, -1]), abs=0.0051)
        draw(figure)

    @pytest.mark.parametrize(("image", "kernel_size", "options"), POOLS)
    def test_what_is_not_computed_yet_is_empty(self, image, kernel_size, options):
        expected = pooled(image, kernel_size, **options)
        (ax,) = diagrams.plot_pool_step(image, kernel_size, **options).axes
        found = [*itertools.chain(*grid_at(ax, *below(ax, "Y"), *expected.shape))]
        assert found[0] == pytest.approx(float(expected[0, 0]), abs=0.0051)
        assert found[1:] == [None] * (len(found) - 1)

    def test_the_input_is_drawn_with_what_pads_it(self):
        for mode, filler in (("max", -math.inf), ("average", 0)):
            (ax,) = diagrams.plot_pool_step(X, 3, stride=2, padding=1, mode=mode).axes
            padded = F.pad(X.double(), (1, 1, 1, 1), value=filler)
            assert grid_at(ax, *below(ax, "X"), 7, 7) == padded.tolist()

    def test_cells_that_no_window_reaches_are_hatched(self):
        def hatched(**options):
            (ax,) = diagrams.plot_pool_step(X, 2, **options).axes
            return sum(patch.get_hatch() is not None for patch in ax.patches)

        assert hatched() == 9  # the fifth row and the fifth column
        assert hatched(ceil_mode=True) == 0

    def test_the_first_of_the_largest_wins_as_in_pytorch(self):
        image = torch.tensor([[5, 5], [5, 5]])
        (ax,) = diagrams.plot_pool_step(image, 2).axes
        left, top = below(ax, "X")
        won = [
            patch.get_xy()
            for patch in ax.patches
            if isinstance(patch, Rectangle)
            and to_hex(patch.get_facecolor()) == to_hex(tint("output", 0.5))
        ]
        assert won == [(left, top)]

    @pytest.mark.parametrize(
        ("options", "sign"),
        [({"mode": "average", "stride": 1}, "≈"), ({"stride": 1}, "=")],
    )
    def test_a_rounded_mean_is_about_equal(self, options, sign):
        (ax,) = diagrams.plot_pool_step(X, 3, **options).axes
        assert texts(ax)[-1].startswith(sign)

    def test_a_step_that_does_not_exist(self):
        with pytest.raises(ValueError, match="step must be between 0 and 3, got 4"):
            diagrams.plot_pool_step(M, 2, step=4)
        assert plt.get_fignums() == []


class TestPoolFrames:
    @settings(max_examples=25, deadline=None)
    @given(data=st.data())
    def test_captions_tell_what_pytorch_computes(self, data):
        rows, columns = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
        kernel_size = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
        options = {
            "stride": data.draw(st.integers(1, 3)),
            "padding": data.draw(st.integers(0, min(kernel_size) // 2)),
            "ceil_mode": data.draw(st.booleans()),
        }
        try:
            pool_output_size((rows, columns), kernel_size, **options)
        except ValueError:
            assume(False)
        mode = data.draw(st.sampled_from(["max", "average"]))
        generator = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
        image = torch.randint(-9, 10, (rows, columns), generator=generator)
        expected = pooled(image, kernel_size, mode=mode, **options)
        _, captions, alt = pool_frames(image, kernel_size, mode=mode, **options)
        assert len(captions) == expected.numel()
        for caption, value in zip(captions, expected.flatten().tolist(), strict=True):
            written, values = caption.split(" = ")[1].split(": the ")
            assert number(written) == pytest.approx(value, abs=0.0051)
            values = values.removesuffix(".").split(" of ")[1].replace(" and ", ", ").split(", ")
            values = [number(text) for text in values]
            found = max(values) if mode == "max" else sum(values) / len(values)
            assert found == pytest.approx(value)
        assert f"{mode} pooling" in alt

    def test_every_step_has_one_size_and_its_own_drawing(self):
        figures, captions, _ = pool_frames(X, 3, stride=1)
        figures = list(figures)
        assert len(figures) == len(captions) == 9
        assert len({tuple(figure.get_size_inches()) for figure in figures}) == 1
        assert plt.get_fignums() == []


class TestPoolGradient:
    @pytest.mark.parametrize(("image", "kernel_size", "options"), POOLS)
    def test_it_is_the_gradient_of_autograd(self, image, kernel_size, options):
        leaf = image.double().requires_grad_()
        output = pooled(leaf, kernel_size, **options)
        arriving = torch.arange(1.0, 1 + output.numel()).reshape(output.shape).double()
        (expected,) = torch.autograd.grad(output, leaf, arriving)
        figure = diagrams.plot_pool_gradient(image, kernel_size, gradient=arriving, **options)
        (ax,) = figure.axes
        assert grid_at(ax, *below(ax, "dX"), *expected.shape) == as_written(expected)
        assert grid_at(ax, *below(ax, "dY"), *output.shape) == arriving.tolist()
        assert grid_at(ax, *below(ax, "X"), *image.shape) == image.tolist()
        draw(figure)

    def test_the_winners_are_framed(self):
        (ax,) = diagrams.plot_pool_gradient(M, 2).axes
        left, top = below(ax, "X")
        framed = {
            (round(patch.get_y() - top - 0.04), round(patch.get_x() - left - 0.04))
            for patch in ax.patches
            if to_hex(patch.get_edgecolor()) == to_hex(PALETTE["highlight"])
        }
        assert framed == {(1, 0), (0, 3), (2, 0), (3, 3)}

    def test_a_gradient_of_another_shape(self):
        with pytest.raises(ValueError, match=r"gradient must have shape \(2, 2\), got \(3, 3\)"):
            diagrams.plot_pool_gradient(M, 2, gradient=torch.ones(3, 3))
        assert plt.get_fignums() == []


def colour_image(size=4, channels=3):
    generator = torch.Generator().manual_seed(size)
    return torch.randint(0, 5, (channels, size, size), generator=generator)


def colour_filter(size=3, channels=3):
    generator = torch.Generator().manual_seed(size)
    return torch.randint(-2, 3, (channels, size, size), generator=generator)


class TestChannelSum:
    @pytest.mark.parametrize(("size", "channels"), [(4, 3), (6, 3), (5, 2), (4, 1)])
    def test_partial_maps_and_their_sum(self, size, channels):
        image, filter = colour_image(size, channels), colour_filter(3, channels)
        figure = diagrams.plot_channel_sum(image, filter, bias=2)
        (ax,) = figure.axes
        expected = F.conv2d(image[None].double(), filter[None].double())[0, 0] + 2
        assert grid_at(ax, *below(ax, "Y", distance=0.36), *expected.shape) == expected.tolist()
        names = ["red", "green", "blue"] if channels == 3 else [f"channel {n}" for n in range(9)]
        for n in range(channels):
            plane = grid_at(ax, *below(ax, names[n], distance=0.38), size, size)
            assert plane == image[n].tolist()
            left, top = below(ax, f"slice {n}", distance=0.34)
            assert grid_at(ax, left, top, 3, 3) == filter[n].tolist()
            partial = F.conv2d(image[n][None, None].double(), filter[n][None, None].double())[0, 0]
            middle = top + 1.5 - len(partial) / 2
            assert grid_at(ax, left + 4, middle, *partial.shape) == partial.tolist()
        draw(figure)

    @pytest.mark.parametrize("position", [(0, 0), (1, 0)])
    def test_the_written_sum(self, position):
        image, filter = colour_image(), colour_filter()
        figure = diagrams.plot_channel_sum(image, filter, bias=3, position=position)
        (ax,) = figure.axes
        products = [text for text in texts(ax) if "·" in text]
        assert [text.count("·") for text in products] == [9, 9, 9], "27 products"
        i, j = position
        for n, line in enumerate(products):
            window = image[n, i : i + 3, j : j + 3].flatten().tolist()
            pairs = [tuple(map(number, product.split("·"))) for product in line.split(" + ")]
            assert pairs == list(zip(window, filter[n].flatten().tolist(), strict=True))
        value = F.conv2d(image[None].double(), filter[None].double())[0, 0][position] + 3
        assert texts(ax)[-1].startswith(f"Y[{i}, {j}] = ")
        assert number(texts(ax)[-1].split("= ")[-1]) == value
        draw(figure)

    def test_a_photograph_is_drawn_as_pictures(self):
        image = torch.rand(3, 40, 40, generator=torch.Generator().manual_seed(0))
        figure = diagrams.plot_channel_sum(image, colour_filter().float(), position=(7, 9))
        (ax,) = figure.axes
        assert len(ax.images) == 3 + 3 + 1
        maps = [torch.as_tensor(picture.get_array()) for picture in ax.images[1::2]]
        expected = F.conv2d(image[None].double(), colour_filter()[None].double())[0, 0]
        torch.testing.assert_close(ax.images[-1].get_array(), expected.numpy())
        assert [tuple(each.shape) for each in maps] == [(38, 38)] * 3
        limits = {picture.get_clim() for picture in [*ax.images[1::2], ax.images[-1]]}
        assert len(limits) == 1, "one scale"
        draw(figure)

    def test_rounded_numbers_are_about_equal(self):
        figure = diagrams.plot_channel_sum(
            torch.full((3, 3, 3), 1 / 3), torch.full((3, 3, 3), 1 / 7), position=(0, 0)
        )
        assert [text[0] for text in texts(figure.axes[0]) if text[1:2] == " " and text[0] in "=≈"]
        assert "≈" in "".join(texts(figure.axes[0]))

    def test_frames(self):
        figures, captions, alt = channel_frames(colour_image(), colour_filter(), bias=1)
        figures = list(figures)
        expected = F.conv2d(colour_image()[None].double(), colour_filter()[None].double())[0, 0] + 1
        assert len(figures) == len(captions) == 4
        for caption, value in zip(captions, expected.flatten().tolist(), strict=True):
            assert number(caption.split(": ")[0].split(" = ")[-1]) == value
        assert "3×3×3 filter" in alt
        assert "3×4×4 image" in alt
        assert plt.get_fignums() == []
        for figure in figures:
            draw(figure)

    def test_what_does_not_fit(self):
        with pytest.raises(ValueError, match="position must lie in the output"):
            diagrams.plot_channel_sum(colour_image(), colour_filter(), position=(2, 0))
        with pytest.raises(ValueError, match="filter must have one kernel for each"):
            diagrams.plot_channel_sum(colour_image(), colour_filter(channels=2))
        assert plt.get_fignums() == []


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
