"""Figures that are drawn for one chapter: what they show, and that it fits."""

from types import MappingProxyType

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from matplotlib.colors import to_hex

from tests.drawn import (
    assert_drawn_as_approved,
    assert_no_figure_is_open,
    assert_nothing_is_cut_off,
    colour,
    grey,
    limits,
    shown,
    titles,
    written,
)
from utils.data import portrait
from utils.drawing.page import PAGE_WIDTH, PHONE_WIDTH, drawn_for
from utils.figures.chapter_01 import plot_channels, plot_pixel_zoom
from utils.figures.chapter_03 import plot_kernel_gallery, plot_learned_kernel
from utils.figures.chapter_08 import plot_activation_functions, plot_signals
from utils.kernels import kernel

SOBEL = kernel("sobel_x")


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")
    yield
    plt.close("all")


class TestPixelZoom:
    def test_the_numbers_are_the_pixels(self):
        picture = grey(20, 30)
        image, zoom = plot_pixel_zoom(picture, (4, 9, 3, 5)).axes
        patch = picture[4:7, 9:14]
        assert written(zoom) == [f"{value:.2f}" for value in patch.flatten().tolist()]
        places = [text.get_position()[::-1] for text in zoom.texts]
        assert places == [(row, column) for row in range(3) for column in range(5)]
        torch.testing.assert_close(shown(zoom), patch)
        assert limits(zoom) == limits(image) == (0, 1)
        assert titles(zoom.figure) == ["image\n20 × 30", "its pixels\n3 × 5"]

    def test_rows_and_columns_keep_their_numbers(self):
        zoom = plot_pixel_zoom(grey(20, 30), (4, 9, 2, 3)).axes[1]
        assert [label.get_text() for label in zoom.get_yticklabels()] == ["4", "5"]
        assert [label.get_text() for label in zoom.get_xticklabels()] == ["9", "10", "11"]

    def test_the_box_is_where_the_pixels_are(self):
        figure = plot_pixel_zoom(grey(20, 30), (4, 9, 2, 3))
        for frame in figure.axes[0].patches:
            assert frame.get_bbox().bounds == (8.5, 3.5, 3, 2)
        lines = [artist for artist in figure.artists if hasattr(artist, "xy2")]
        assert [(line.xy1, line.xy2) for line in lines] == [
            ((11.5, 5.5), (0, 0)),
            ((11.5, 3.5), (0, 1)),
        ]

    def test_bytes_are_written_as_they_are(self):
        picture = torch.arange(256, dtype=torch.uint8).reshape(16, 16)
        zoom = plot_pixel_zoom(picture, (0, 0, 10, 10)).axes[1]
        assert written(zoom) == [str(n) for n in picture[:10, :10].flatten().tolist()]
        assert written(plot_pixel_zoom(picture, (15, 14, 1, 2)).axes[1]) == ["254", "255"]

    def test_a_pixel_in_colour_holds_three(self):
        picture = colour()
        zoom = plot_pixel_zoom(picture, (1, 2, 3, 3)).axes[1]
        red, green, blue = picture[:, 1, 2].tolist()
        assert written(zoom)[0] == f"{red:.2f}\n{green:.2f}\n{blue:.2f}"
        torch.testing.assert_close(shown(zoom), picture[:, 1:4, 2:5].permute(1, 2, 0))

    def test_numbers_can_be_read(self):
        for picture, box in ((grey(), (0, 0, 10, 10)), (colour(), (0, 0, 6, 6))):
            zoom = plot_pixel_zoom(picture, box).axes[1]
            assert min(text.get_fontsize() for text in zoom.texts) >= 9
        zoom = plot_pixel_zoom([[0.0, 1.0]], (0, 0, 1, 2)).axes[1]
        assert [to_hex(text.get_color()) for text in zoom.texts] == ["#ffffff", "#000000"]

    @pytest.mark.parametrize(
        ("image", "box", "message"),
        [
            (grey(), (3, 3, 10, 2), r"lie in the image of 12 × 10, got \(3, 3, 10, 2\)"),
            (grey(), (3, 3, 2, 8), r"lie in the image of 12 × 10, got \(3, 3, 2, 8\)"),
            (grey(20, 20), (0, 0, 11, 2), r"at most 10 × 10 .* got 11 × 2"),
            (colour(), (0, 0, 2, 7), r"at most 6 × 6 .* got 2 × 7"),
            (grey(), (0, -1, 2, 2), r"box\[1\] must be at least 0, got -1"),
            (grey(), (0, 0, 0, 2), r"box\[2\] must be at least 1, got 0"),
            (grey(), (0, 0, 2), r"must be \(row, column, rows, columns\), got 3 numbers"),
        ],
    )
    def test_boxes_that_cannot_be_drawn(self, image, box, message):
        with pytest.raises(ValueError, match=message):
            plot_pixel_zoom(image, box)
        assert_no_figure_is_open()


class TestChannels:
    def test_tinted_channels_add_up_to_the_image(self):
        figure = plot_channels(colour())
        image, *channels = figure.axes
        torch.testing.assert_close(sum(shown(ax) for ax in channels), shown(image))
        for index, ax in enumerate(channels):
            torch.testing.assert_close(shown(ax)[..., index], colour()[index])
        assert [text.get_text() for text in figure.texts] == ["=", "+", "+"]
        assert titles(figure) == ["image", "0: red", "1: green", "2: blue"]

    def test_grey_has_no_channels_to_split(self):
        with pytest.raises(ValueError, match=r"must have shape .*\(3, H, W\), got \(1, 12, 10\)"):
            plot_channels(grey())


class TestGallery:
    def test_each_kernel_stands_above_what_it_does(self):
        names = ["gaussian", "sharpen", "sobel_x", "laplacian"]
        figure = plot_kernel_gallery(grey(), names)
        responses, patterns = figure.axes[0:8:2], figure.axes[1:8:2]
        for name, response, pattern in zip(names, responses, patterns, strict=True):
            expected = F.conv2d(grey()[None, None], kernel(name)[None, None], padding="same")
            torch.testing.assert_close(shown(response), expected[0, 0])
            torch.testing.assert_close(shown(pattern), kernel(name))
            assert written(pattern) == [name.replace("_", " ")]
            assert pattern.get_position().y0 > response.get_position().y1
        maps = [ax.images[0].get_cmap().name for ax in responses]
        assert maps == ["gray", "gray", "signed", "signed"]
        largest = max(shown(ax).abs().max().item() for ax in responses[2:])
        assert {limits(ax) for ax in responses[2:]} == {(-largest, largest)}
        assert len(figure.axes) == 8 + 1  # the key of the signed scale

    def test_no_key_without_a_signed_response(self):
        assert len(plot_kernel_gallery(grey(), ["box"]).axes) == 2

    def test_only_grey_images(self):
        with pytest.raises(ValueError, match=r"\(H, W\) or \(1, H, W\), got \(3, 12, 10\)"):
            plot_kernel_gallery(colour(), ["box"])
        assert_no_figure_is_open()


class TestLearnedKernel:
    def test_snapshots_stand_in_order_on_the_scale_of_the_target(self):
        figure = plot_learned_kernel({2: SOBEL / 2, 0: SOBEL * 0}, [1.0, 0.1, 0.01], SOBEL)
        *panels, curve = figure.axes
        assert titles(figure) == ["step 0", "step 2", "target", ""]
        for ax, share in zip(panels, (0, 0.5, 1), strict=True):
            torch.testing.assert_close(shown(ax), SOBEL * share)
            assert limits(ax) == (-2, 2)
        line, marks = curve.get_lines()
        assert list(line.get_ydata()) == [1.0, 0.1, 0.01]
        assert marks.get_xydata().tolist() == [[0, 1.0], [2, 0.01]]
        assert curve.get_yscale() == "log"

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

    def test_many_go_into_rows_numbered_at_the_left(self):
        figure = plot_activation_functions(dict.fromkeys("abcde", torch.tanh))
        figure.draw_without_rendering()
        rows = [round(ax.get_position().y0, 6) for ax in figure.axes]
        assert [rows.count(row) for row in sorted(set(rows))] == [2, 3]
        numbered = [
            any(label.get_visible() for label in ax.get_yticklabels()) for ax in figure.axes
        ]
        assert numbered == [True, False, False, True, False]

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
    LABELS = MappingProxyType({"x": "layers", "y": "size"})

    @staticmethod
    def curves_of(ax):
        return {line.get_label(): line for line in ax.get_lines() if line.get_label() in "AB"}

    def test_every_number_stands_over_its_layer(self):
        figure = plot_signals(self.PANELS, every=2, **self.LABELS)
        assert titles(figure) == list(self.PANELS)
        for ax, curves in zip(figure.axes, self.PANELS.values(), strict=True):
            drawn = self.curves_of(ax)
            assert set(drawn) == set(curves)
            for name, sizes in curves.items():
                assert list(drawn[name].get_xdata()) == [2, 4, 6]
                assert list(drawn[name].get_ydata()) == sizes

    def test_panels_share_one_logarithmic_scale(self):
        first, second = plot_signals(self.PANELS, **self.LABELS).axes
        assert first.get_yscale() == second.get_yscale() == "log"
        assert first.get_ylim() == second.get_ylim()
        assert first.get_ylim()[0] < 0.01 < 4 < first.get_ylim()[1]
        assert (first.get_xlabel(), first.get_ylabel()) == ("layers", "size")
        assert second.get_ylabel() == ""

    def test_a_curve_looks_the_same_everywhere_and_unlike_the_others(self):
        def look(line):
            return line.get_color(), line.get_linestyle(), line.get_marker()

        figure = plot_signals(self.PANELS, **self.LABELS)
        first, second = map(self.curves_of, figure.axes)
        assert look(first["B"]) == look(second["B"])
        assert all(a != b for a, b in zip(look(first["A"]), look(first["B"]), strict=True))
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["A", "B"]

    @pytest.mark.parametrize(
        "panels", [{}, {"": {}}, {"": {key: [1.0] for key in "abcde"}}, {"": {"a": [1.0, 0.0]}}]
    )
    def test_what_cannot_be_drawn_is_refused(self, panels):
        with pytest.raises(ValueError, match="panels must hold"):
            plot_signals(panels, **self.LABELS)
        assert_no_figure_is_open()

    @pytest.mark.parametrize("width", [PAGE_WIDTH, PHONE_WIDTH])
    @pytest.mark.parametrize("number", [3, 4])
    def test_nothing_is_cut_off(self, number, width):
        names = ["default, plain", "He, plain", "default, shortcut", "He, shortcut"]
        curves = {name: [1.0, 1e-20] for name in names[:number]}
        panels = {"without batch norm": curves, "with batch norm": curves}
        with drawn_for(width):
            figure = plot_signals(panels if number == 4 else {"": curves}, x="layers", y="size")
        assert figure.get_figwidth() <= width + 1e-9
        assert_nothing_is_cut_off(figure)


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
}


@pytest.mark.parametrize("width", [PAGE_WIDTH, PHONE_WIDTH])
@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off_and_no_text_is_small(name, width):
    with drawn_for(width):
        figure = FIGURES[name]()
    assert figure.get_figwidth() <= width + 1e-9
    assert_nothing_is_cut_off(figure)


@pytest.mark.parametrize("name", FIGURES)
def test_looks_as_it_was_approved(name):
    assert_drawn_as_approved(FIGURES[name](), name)
