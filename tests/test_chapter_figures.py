"""Figures that one chapter draws: every number and every panel is computed."""

from types import MappingProxyType

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.drawn import (
    assert_no_figure_is_open,
    colour,
    frames_of,
    grey,
    limits,
    shown,
    titles,
    written,
)
from utils.figures.chapter_01 import plot_pixel_zoom
from utils.figures.chapter_02 import count_parameters, patch_mask, plot_flattened
from utils.figures.chapter_03 import plot_learned_kernel
from utils.figures.chapter_04 import plot_padding_modes
from utils.figures.chapter_05 import draw_parameter_count
from utils.figures.chapter_07 import plot_parameter_squares
from utils.figures.chapter_08 import plot_activation_functions, plot_signals
from utils.figures.chapter_11 import plot_commuting_square
from utils.kernels import kernel

SOBEL = kernel("sobel_x")
OUTPUT = torch.ones(1, 4, dtype=torch.bool)
FULLY = [16, 4, 1]
LOCAL = [patch_mask(4, 2, stride=2), OUTPUT]
SHARED = [patch_mask(4, 2, stride=2, shared=True), OUTPUT]


class TestPixelZoom:
    def test_bytes_are_written_as_they_are(self):
        picture = torch.arange(256, dtype=torch.uint8).reshape(16, 16)
        zoom = plot_pixel_zoom(picture, (0, 0, 10, 10)).axes[1]
        assert written(zoom) == [str(n) for n in picture[:10, :10].flatten().tolist()]
        assert written(plot_pixel_zoom(picture, (15, 14, 1, 2)).axes[1]) == ["254", "255"]

    @pytest.mark.parametrize(
        ("image", "box", "message"),
        [
            (grey(), (3, 3, 10, 2), r"lie in the image of 12 × 10, got \(3, 3, 10, 2\)"),
            (grey(20, 20), (0, 0, 11, 2), r"at most 10 × 10 .* got 11 × 2"),
            (colour(), (0, 0, 2, 7), r"at most 6 × 6 .* got 2 × 7"),
            (grey(), (0, -1, 2, 2), r"lie in the image of 12 × 10, got \(0, -1, 2, 2\)"),
        ],
    )
    def test_boxes_that_cannot_be_drawn(self, image, box, message):
        with pytest.raises(ValueError, match=message):
            plot_pixel_zoom(image, box)
        assert_no_figure_is_open()


class TestLearnedKernel:
    def test_losses_as_a_tensor_and_down_to_zero(self):
        plot_learned_kernel({0: SOBEL}, torch.tensor([0.5, 0.0]), SOBEL)
        assert plot_learned_kernel({0: SOBEL}, [0.0], SOBEL).axes[-1].get_yscale() == "linear"

    def test_a_snapshot_after_the_last_loss(self):
        with pytest.raises(ValueError, match="must reach step 2, the last snapshot, got 2"):
            plot_learned_kernel({2: SOBEL}, [1.0, 0.5], SOBEL)
        assert_no_figure_is_open()


class TestActivationFunctions:
    FUNCTIONS = MappingProxyType(
        {"ReLU": torch.relu, "sigmoid": torch.sigmoid, "softplus": torch.nn.Softplus()}
    )

    def test_curves_are_the_functions_on_one_scale(self):
        figure = plot_activation_functions(self.FUNCTIONS, reach=5)
        assert titles(figure) == list(self.FUNCTIONS)
        for ax, function in zip(figure.axes, self.FUNCTIONS.values(), strict=True):
            inputs, values = map(torch.as_tensor, ax.get_lines()[-1].get_data())
            torch.testing.assert_close(values, function(inputs))
            assert (inputs.min(), inputs.max()) == ax.get_xlim() == (-5, 5)
            assert ax.get_ylim()[0] < 0 < 5 < ax.get_ylim()[1]
        assert len({ax.get_ylim() for ax in figure.axes}) == 1

    def test_slopes(self):
        figure = plot_activation_functions(self.FUNCTIONS, slope=True)
        slopes = {ax.get_title(): ax.get_lines()[2] for ax in figure.axes}
        assert {line.get_label() for line in slopes.values()} == {"slope"}
        slopes = {name: torch.as_tensor(line.get_ydata()) for name, line in slopes.items()}
        assert set(slopes["ReLU"].tolist()) == {0, 1}
        inputs = torch.linspace(-4, 4, 400, dtype=torch.float64)
        torch.testing.assert_close(slopes["softplus"], inputs.sigmoid())
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["value", "slope"]

    @pytest.mark.parametrize(
        "function",
        [
            torch.nn.ReLU(inplace=True),
            torch.nn.PReLU().double(),
            torch.sign,
            lambda x: (x > 0).double(),
            torch.zeros_like,
        ],
    )
    def test_functions_of_every_kind(self, function):
        plot_activation_functions({"this one": function}, slope=True)
        if isinstance(function, torch.nn.PReLU):
            assert function.weight.grad is None

    @pytest.mark.parametrize(
        ("function", "message"),
        [
            (torch.sum, r"functions\['f'\] must return .* \(400,\), got \(\)"),
            (torch.log, r"functions\['f'\] must return finite numbers, got"),
        ],
    )
    def test_functions_that_cannot_be_drawn(self, function, message):
        with pytest.raises(ValueError, match=message):
            plot_activation_functions({"f": function})
        assert_no_figure_is_open()


class TestSignals:
    PANELS = MappingProxyType(
        {"bare": {"A": [1, 0.1, 0.01], "B": [1, 2, 4]}, "norm": {"B": [3, 3, 3]}}
    )

    def test_every_number_stands_over_its_layer_and_a_curve_looks_the_same_everywhere(self):
        looks = {}
        figure = plot_signals(self.PANELS, every=2, x="layers", y="size")
        for ax, curves in zip(figure.axes, self.PANELS.values(), strict=True):
            drawn = {line.get_label(): line for line in ax.get_lines() if line.get_label() in "AB"}
            assert set(drawn) == set(curves)
            for name, line in drawn.items():
                assert line.get_xydata().T.tolist() == [[2, 4, 6], curves[name]]
                looks.setdefault(name, set()).add((line.get_color(), line.get_marker()))
        assert [len(look) for look in looks.values()] == [1, 1]
        assert looks["A"] != looks["B"]

    @pytest.mark.parametrize(
        "panels", [{}, {"": {}}, {"": {key: [1.0] for key in "abcde"}}, {"": {"a": [1.0, 0.0]}}]
    )
    def test_what_cannot_be_drawn_is_refused(self, panels):
        with pytest.raises(ValueError, match="panels must hold"):
            plot_signals(panels, x="layers", y="size")
        assert_no_figure_is_open()


class TestMasks:
    @pytest.mark.parametrize(
        ("size", "kernel_size", "stride"),
        [((5, 5), (3, 3), 1), ((6, 4), (2, 2), 2), ((7, 7), (3, 3), (2, 1)), ((4, 6), (1, 3), 1)],
    )
    def test_a_shared_patch_mask_is_a_convolution(self, size, kernel_size, stride):
        weight = torch.randn(kernel_size, generator=torch.Generator().manual_seed(0))
        image = grey(*size)
        mask = patch_mask(size, kernel_size, stride=stride, shared=True)
        values = torch.cat([torch.zeros(1), weight.flatten()])
        expected = F.conv2d(image[None, None], weight[None, None], stride=stride)
        torch.testing.assert_close(values[mask] @ image.flatten(), expected.flatten())
        own = patch_mask(size, kernel_size, stride=stride)
        assert torch.equal(own > 0, mask > 0)
        assert own[own > 0].unique().tolist() == list(range(1, int((own > 0).sum()) + 1))

    def test_parameters_are_counted_as_pytorch_does(self):
        linear = nn.Sequential(nn.Linear(16, 4), nn.Linear(4, 1))
        convolution = nn.Sequential(nn.Conv2d(1, 1, 2, stride=2), nn.Linear(4, 1))
        for layers, module in ((FULLY, linear), (SHARED, convolution)):
            assert count_parameters(layers) == sum(p.numel() for p in module.parameters())
        assert count_parameters(LOCAL) == 25

    def test_two_feature_maps_have_two_biases(self):
        first = patch_mask(4, 2, stride=2, shared=True)
        both = torch.cat([first, torch.where(first > 0, first + 4, 0)])
        assert count_parameters([both]) == sum(p.numel() for p in nn.Conv2d(1, 2, 2).parameters())


class TestFlattened:
    def test_a_long_row_is_averaged(self):
        picture = torch.tensor([0.0, 1.0]).repeat(56, 48)  # 5,376 pixels: four for each cell
        (_, strip, _) = plot_flattened(picture, rows=(0, 1)).axes
        assert shown(strip).shape == (1, 1344)
        assert shown(strip).unique().tolist() == [0.5]


class TestPaddingModes:
    def test_each_panel_is_what_conv2d_reads(self):
        picture = grey(5, 6)
        figure = plot_padding_modes(picture, padding=(1, 2))
        assert titles(figure) == ["zeros", "reflect", "replicate", "circular"]
        for ax in figure.axes:
            layer = nn.Conv2d(1, 1, (3, 5), padding=(1, 2), padding_mode=ax.get_title(), bias=False)
            with torch.no_grad():  # the pixel in the window's corner: what is read, less its end
                layer.weight.zero_()[..., 0, 0] = 1
                expected = layer(picture[None, None])[0, 0]
            torch.testing.assert_close(shown(ax)[:5, :6], expected, check_dtype=False)
            assert shown(ax).shape == (7, 10)
            assert frames_of(ax) == [(2, 1, 6, 5)]
            assert limits(ax) == (0, 1)


class TestParameterCount:
    def test_too_many_to_be_drawn_one_by_one(self):
        draw_parameter_count(nn.Conv2d(1, 100, 1))
        plt.close("all")
        with pytest.raises(ValueError, match="conv_layer must be at most 100 kernels, got 101"):
            draw_parameter_count(nn.Conv2d(1, 101, 1))
        assert_no_figure_is_open()


class TestParameterSquares:
    def test_shares_are_of_the_whole(self):
        (ax,) = plot_parameter_squares({"a": 30, "b": 56, "c": 1251}).axes
        assert written(ax)[2::3] == ["2.2%", "4.2%", "93.6%"]
        (ax,) = plot_parameter_squares({"a": 5, "b": 0}).axes
        assert written(ax)[2::3] == ["100%", "0%"]


def shift(x):
    return x.roll(3, -1)


def convolve(x, mode="circular"):
    weight = torch.tensor([[[[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]]])
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode=mode), weight.to(x))


def convolve_zeros(x):
    return convolve(x, "constant")


class TestCommutingSquare:
    @pytest.mark.parametrize(("function", "differing"), [(convolve, 0), (convolve_zeros, 32)])
    def test_every_panel_is_computed_and_the_difference_counted(self, function, differing):
        x = grey(8, 8)[None, None]
        figure = plot_commuting_square(x[0, 0], shift, function)
        start, mapped, moved, corner, difference = figure.axes
        for ax, index, expected in (
            (start, 0, x),
            (moved, 0, shift(x)),
            (mapped, 0, function(x)),
            (corner, 0, function(shift(x))),
            (corner, 1, shift(function(x))),
            (difference, 0, (shift(function(x)) - function(shift(x))).abs()),
        ):
            torch.testing.assert_close(shown(ax, index), expected[0, 0], check_dtype=False)
        assert difference.get_xlabel() == f"{differing} of 64 pixels"
        assert titles(figure) == ["picture", "map", "", "", "difference"]
        scales = {image.get_clim() for ax in (mapped, corner) for image in ax.images}
        largest = function(x).abs().max().item()
        assert len(scales) == 1
        assert limits(difference) == (0, pytest.approx(largest))
        image = difference.images[0]
        assert image.get_cmap()(image.norm(0.0))[:3] == (0, 0, 0), "black"

    @pytest.mark.parametrize(("size", "differing"), [(1e-6, 0), (1e-4, 64)])
    def test_rounding_is_no_difference(self, size, differing):
        def drift(x):
            return x + size * torch.ones_like(x).cumsum(3) / 8

        picture = torch.ones(8, 8, dtype=torch.float64)
        figure = plot_commuting_square(picture, shift, drift)
        assert figure.axes[-1].get_xlabel() == f"{differing} of 64 pixels"

    def test_a_transformation_may_change_the_sides(self):
        figure = plot_commuting_square(grey(8, 5), lambda x: x.rot90(1, (-2, -1)), torch.square)
        assert figure.axes[-1].get_xlabel() == "0 of 40 pixels"

    def test_functions_that_write_into_their_input_harm_nothing(self):
        image = grey(8, 8)
        figure = plot_commuting_square(image, lambda x: x.add_(1), lambda x: x.mul_(2))
        assert image.equal(grey(8, 8))
        torch.testing.assert_close(shown(figure.axes[0]), image)
        assert figure.axes[-1].get_xlabel() == "64 of 64 pixels"
