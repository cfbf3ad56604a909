"""What the plots show: arrays equal to PyTorch's, scales, titles, places, and nothing left open."""

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from torch.nn import Conv2d

from tests.drawn import (
    assert_no_figure_is_open,
    colour,
    frame_colours,
    grey,
    limits,
    panel,
    shown,
    titles,
    written,
)
from utils.data import portrait
from utils.kernels import kernel, kernel_names
from utils.plotting import (
    plot_conv,
    plot_convs,
    plot_kernels,
    plot_responses,
    show_image,
    show_kernel,
    show_response,
)
from utils.shapes import conv_output_size
from utils.style import PALETTE
from utils.training import History

SOBEL = kernel("sobel_x")
HISTORY = History([1.9, 0.6, 0.3], [1.2, 0.4, 0.2])


def correlate(image, weight, **settings):
    """Slide one kernel over each channel with PyTorch."""
    image = image if image.ndim == 3 else image[None]
    return F.conv2d(image[:, None], weight[None, None], **settings)[:, 0]


def diverged():
    """Return a layer whose training went wrong."""
    layer = Conv2d(1, 1, 3)
    torch.nn.init.constant_(layer.weight, float("nan"))
    return layer


def cmap(ax):
    return ax.images[-1].get_cmap().name


def bounds(ax):
    """Return left, top, right and bottom of a panel, in inches from the top left corner."""
    box = ax.get_position(original=True)
    width, height = ax.figure.get_size_inches()
    return box.x0 * width, (1 - box.y1) * height, box.x1 * width, (1 - box.y0) * height


class TestShowImage:
    def test_floats_in_range_are_drawn_from_black_to_white(self):
        ax = show_image(grey() / 2, title="noise")
        assert (limits(ax), cmap(ax), ax.get_title()) == ((0, 1), "gray", "noise")
        assert frame_colours(ax) == {PALETTE["input"]}
        torch.testing.assert_close(shown(ax), grey() / 2)

    def test_bytes_are_a_picture_too(self):
        picture = (grey() * 255).to(torch.uint8)
        ax = show_image(picture)
        assert limits(ax) == (0, 1)
        torch.testing.assert_close(shown(ax), picture / 255)

    def test_other_values_set_the_scale_and_nothing_is_clipped(self):
        assert limits(show_image([[-1, 0], [3, 5]])) == (-1, 5)

    def test_colour_comes_out_with_channels_last(self):
        torch.testing.assert_close(shown(show_image(colour())), colour().permute(1, 2, 0))

    def test_colour_out_of_range_would_be_clipped_so_it_is_refused(self):
        for wrong in (colour() * 2, colour() - 0.5):
            with pytest.raises(ValueError, match=r"must lie in 0\.\.1, got .*clamp\(0, 1\)"):
                show_image(wrong)
        assert_no_figure_is_open()

    @pytest.mark.parametrize(
        ("size", "columns", "rows"),
        [((20, 30), [0, 15, 29], [0, 10, 19]), ((7, 6), [0, 1, 2, 3, 4, 5], [0, 3, 6])],
    )
    def test_axis_numbers_first_middle_and_last_pixel(self, size, columns, rows):
        ax = show_image(grey(*size), axis=True)
        assert list(ax.get_xticks()) == columns
        assert list(ax.get_yticks()) == rows
        ax = show_image(grey(*size), ax=plt.figure().subplots())
        assert list(ax.get_xticks()) == list(ax.get_yticks()) == []


class TestShowKernel:
    def test_zero_is_the_middle_of_the_scale(self):
        ax = show_kernel([[1, 0], [0, -3]], title="mine")
        assert limits(ax) == (-3, 3)
        assert to_hex(ax.images[0].get_cmap()(0.5)) == "#ffffff"
        assert frame_colours(ax) == {PALETTE["kernel"]}
        assert ax.get_title() == "mine"
        assert limits(show_kernel(torch.zeros(3, 3))) == (-1, 1)
        assert limits(show_kernel(SOBEL, limit=5)) == (-5, 5)

    @pytest.mark.parametrize("name", kernel_names())
    def test_what_is_written_is_the_kernel(self, name):
        ax = show_kernel(kernel(name))
        factor = 1 / int(ax.get_xlabel().removeprefix("× 1/") or 1)
        values = [float(text.replace("−", "-")) * factor for text in written(ax)]
        torch.testing.assert_close(torch.tensor(values).reshape(kernel(name).shape), kernel(name))

    def test_numbers_only_where_they_can_be_read(self):
        assert written(show_kernel(torch.ones(50, 50))) == []
        assert written(show_kernel(SOBEL, ax=plt.figure().add_axes((0, 0, 0.05, 0.05)))) == []


class TestShowResponse:
    def test_the_scale_is_symmetric(self):
        ax = show_response([[-1.0, 4.0]], title="map")
        assert (limits(ax), ax.get_title()) == ((-4, 4), "map")
        assert frame_colours(ax) == {PALETTE["output"]}
        assert limits(show_response([[-1.0, 4.0]], limit=2)) == (-2, 2)
        assert list(show_response(grey(20, 30), axis=True).get_xticks()) == [0, 15, 29]

    def test_extreme_values_are_not_hidden(self):
        response = torch.ones(50, 50)
        response[0, 0] = 9
        assert limits(show_response(response)) == (-9, 9)


@st.composite
def convolutions(draw):
    """Draw an image size, a kernel, and settings that fit or do not."""
    pair = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    kernel_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    rim = st.integers(0, 2)
    padding = draw(st.one_of(st.just("valid"), rim, st.tuples(rim, rim)))
    return size, kernel_size, draw(pair), padding


class TestPlotConv:
    @settings(max_examples=15, deadline=None)
    @given(problem=convolutions())
    def test_the_response_is_what_torch_computes_or_a_clear_error(self, problem):
        size, kernel_size, stride, padding = problem
        image, weight = grey(*size), grey(*kernel_size, seed=2) - 0.5
        try:
            expected = correlate(image, weight, stride=stride, padding=padding)[0]
        except RuntimeError:
            with pytest.raises(ValueError, match="got"):
                plot_conv(image, weight, stride=stride, padding=padding)
            assert_no_figure_is_open()
            return
        figure = plot_conv(image, weight, stride=stride, padding=padding)
        response = panel(figure, "response")
        torch.testing.assert_close(shown(response), expected)
        height, width = conv_output_size(size, kernel_size, stride=stride, padding=padding)
        assert response.get_title() == f"response\n{height} × {width}"
        plt.close(figure)

    def test_edges_are_signed(self):
        response = panel(plot_conv(grey(), SOBEL), "response")
        largest = correlate(grey(), SOBEL, padding="same").abs().max().item()
        assert cmap(response) == "signed"
        assert limits(response) == pytest.approx((-largest, largest))
        assert limits(panel(plot_conv(grey(), SOBEL, limit=2.5), "response")) == (-2.5, 2.5)

    @pytest.mark.parametrize("name", ["identity", "box", "gaussian", "sharpen", "emboss"])
    def test_kernels_that_keep_brightness_give_a_picture(self, name):
        response = panel(plot_conv(grey(), kernel(name)), "response")
        assert (cmap(response), limits(response)) == ("gray", (0, 1))

    @pytest.mark.parametrize(
        ("weights", "expected"),
        [
            (torch.ones(3, 3), (0, 9)),
            (torch.tensor([[0.0, 2.0, 0.0]]), (0, 2)),  # no weight below zero: a picture
            (torch.zeros(3, 3), (0, 1)),
        ],
    )
    def test_a_blur_that_is_not_divided_has_the_scale_it_can_reach(self, weights, expected):
        response = panel(plot_conv(grey(), weights), "response")
        assert (cmap(response), limits(response)) == ("gray", expected)

    def test_one_weight_below_zero_makes_a_signed_map(self):
        weights = torch.tensor([[-0.1, 2.0, 0.0]])
        assert cmap(panel(plot_conv(grey(), weights), "response")) == "signed"

    def test_a_few_extreme_values_do_not_bleach_a_photograph(self):
        response = correlate(portrait(size=60), SOBEL, padding="same").abs()
        ax = panel(plot_conv(portrait(size=60), SOBEL), "response")
        assert limits(ax)[1] == pytest.approx(response.quantile(0.98).item())
        (bar,) = ax.child_axes
        assert bar._colorbar.extend == "both"  # says that there are values beyond the ends

    def test_clipped_ends_of_a_sharpened_picture_are_pointed(self):
        for name, extend in (("sharpen", "both"), ("box", "neither")):
            (bar,) = panel(plot_conv(grey(), kernel(name)), "response").child_axes
            assert bar._colorbar.extend == extend

    def test_colour_that_had_to_be_clipped_says_so(self):
        response = panel(plot_conv(colour(), kernel("sharpen")), "response, clipped")
        expected = correlate(colour(), kernel("sharpen"), padding="same").clamp(0, 1)
        torch.testing.assert_close(shown(response), expected.permute(1, 2, 0))

    def test_colour_edges_are_one_signed_map_a_channel(self):
        figure = plot_conv(colour(), SOBEL)
        expected = correlate(colour(), SOBEL, padding="same")
        panels = [panel(figure, f"response, {name}") for name in ("red", "green", "blue")]
        for ax, response in zip(panels, expected, strict=True):
            torch.testing.assert_close(shown(ax), response)
            assert bounds(ax)[1] > bounds(panel(figure, "image"))[3]
        assert len({limits(ax) for ax in panels}) == 1
        assert [len(ax.child_axes) for ax in panels] == [0, 0, 1]
        assert "each channel" in figure.texts[0].get_text()

    def test_colour_out_of_range_is_read_and_drawn_as_channels(self):
        figure = plot_conv(colour() * 4 - 2, SOBEL)
        assert panel(figure, "image").get_title() == "image\n3 × 12 × 10"
        expected = correlate(colour() * 4 - 2, SOBEL, padding="same")[2]
        torch.testing.assert_close(shown(panel(figure, "response, channel 2")), expected)

    @pytest.mark.parametrize(
        ("settings", "weight", "message"),
        [
            ({}, torch.ones(2, 2), 'padding="same" needs an odd kernel, got 2 × 2: use an odd'),
            ({}, torch.ones(3, 4), r'padding="valid", or give the padding as a number'),
            ({"stride": 2}, SOBEL, 'padding="same" needs stride 1'),
            ({"padding": "valid"}, torch.ones(13, 3), "kernel"),
        ],
    )
    def test_refusals_say_what_to_do_and_leave_nothing(self, settings, weight, message):
        with pytest.raises(ValueError, match=message):
            plot_conv(grey(), weight, **settings)
        assert_no_figure_is_open()


class TestPlotConvs:
    @pytest.mark.parametrize("outputs", [1, 3, 4, 16])
    def test_every_output_is_shown_on_one_scale(self, outputs):
        layer = Conv2d(1, outputs, 3)
        figure = plot_convs(grey(), layer)
        with torch.no_grad():
            expected = layer(grey()[None])
        panels = [ax for ax in figure.axes if ax.get_title().startswith("output ")]
        assert [ax.get_title() for ax in panels] == [f"output {i}" for i in range(outputs)]
        for ax, response in zip(panels, expected, strict=True):
            torch.testing.assert_close(shown(ax), response)
        limit = expected.abs().max().item()
        assert {limits(ax) for ax in panels} == {(-limit, limit)}
        assert {limits(panel(plot_convs(grey(), Conv2d(1, 1, 3), limit=7), "output"))} == {(-7, 7)}

    def test_every_filter_stands_above_its_map_slice_by_slice_on_one_scale(self):
        layer = Conv2d(3, 2, 3)
        figure = plot_convs(colour(), layer)
        filters = [ax for ax in figure.axes if len(ax.images) == 3]
        for index, (ax, weight) in enumerate(zip(filters, layer.weight.detach(), strict=True)):
            for channel in range(3):
                torch.testing.assert_close(shown(ax, channel), weight[channel])
            left, _, right, bottom = bounds(ax)
            below = bounds(panel(figure, f"output {index}"))
            assert (left, right) == pytest.approx((below[0], below[2]))
            assert bottom < below[1]
        limit = layer.weight.abs().max().item()
        assert {image.get_clim() for ax in filters for image in ax.images} == {(-limit, limit)}

    def test_the_old_call_with_axis_by_position(self):
        layer = Conv2d(1, 2, 5)
        assert list(panel(plot_convs(grey(), layer, True), "output 1").get_xticks()) == [*range(6)]
        figure = plot_convs(grey(30, 30), layer, axis=True)
        assert list(panel(figure, "output 1").get_xticks()) == [0, 13, 25]
        assert list(panel(figure, "image").get_yticks()) == [0, 15, 29]
        assert list(panel(plot_convs(grey(30, 30), layer), "output 1").get_xticks()) == []

    @pytest.mark.parametrize(
        ("settings", "facts"),
        [
            ({"out_channels": 4, "groups": 4}, "groups 4"),
            ({"out_channels": 6, "kernel_size": (3, 2), "groups": 2}, "groups 2"),
            ({"stride": (2, 1)}, "stride (2, 1)"),
            ({"dilation": 2, "bias": False}, "dilation 2"),
            ({"kernel_size": 4, "padding": "same"}, "padding same"),
            ({"padding": 2, "padding_mode": "reflect"}, "padding 2"),
            ({"stride": 2, "padding": 1}, "stride 2, padding 1"),
            ({"kernel_size": 1, "dtype": torch.float64}, None),
        ],
    )
    @pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
    def test_every_setting_of_a_layer(self, settings, facts):
        layer = Conv2d(**{"in_channels": 4, "out_channels": 2, "kernel_size": 3} | settings)
        image = torch.rand(4, 9, 8, generator=torch.Generator().manual_seed(0))
        figure = plot_convs(image, layer)
        with torch.no_grad():
            expected = layer(image.to(layer.weight.dtype)[None])[0]
        panels = [ax for ax in figure.axes if ax.get_title().startswith("output ")]
        for ax, response in zip(panels, expected, strict=True):
            torch.testing.assert_close(shown(ax), response, check_dtype=False)
        (height, width), (rows, columns) = layer.kernel_size, expected.shape[1:]
        lines = [f"kernel {height} × {width}", facts, f"outputs {rows} × {columns}"]
        assert figure.texts[0].get_text().split("\n") == [line for line in lines if line]

    @pytest.mark.parametrize(
        ("groups", "reads"), [(2, ["0–1", "0–1", "2–3", "2–3"]), (4, ["0", "1", "2", "3"])]
    )
    def test_grouped_outputs_say_what_they_read(self, groups, reads):
        figure = plot_convs(torch.rand(4, 9, 8), Conv2d(4, 4, 3, groups=groups))
        names = [title for title in titles(figure) if "output" in title]
        assert names == [f"output {index}, reads {which}" for index, which in enumerate(reads)]

    @pytest.mark.parametrize(
        ("layer", "message"),
        [
            (lambda: Conv2d(3, 1, 3), r"must have shape \(3, H, W\).*got \(1, 12, 10\)"),
            (lambda: torch.nn.LazyConv2d(1, 3), "no weights yet"),
            (lambda: Conv2d(1, 1, 13), "got"),
            (lambda: Conv2d(1, 1, 3, padding=12, padding_mode="reflect"), "cannot read this image"),
            (diverged, "the output of conv_layer must hold finite numbers"),
        ],
    )
    def test_refusals_leave_nothing(self, layer, message):
        with pytest.raises(ValueError, match=message):
            plot_convs(grey(), layer())
        assert_no_figure_is_open()


class TestSeveral:
    def test_kernels_by_name_by_value_and_in_a_batch(self):
        figure = plot_kernels(["sobel_x", SOBEL])
        assert titles(figure) == ["sobel x", ""]
        for ax in figure.axes:
            torch.testing.assert_close(shown(ax), SOBEL)
        assert len(plot_kernels(torch.ones(3, 5, 5)).axes) == 3
        assert titles(plot_kernels({"mine": [[1, 2]]})) == ["mine"]
        assert titles(plot_kernels({"mine": [[1, 2]]}, titles=["yours"])) == ["yours"]

    def test_kernels_have_their_own_scale_unless_told_otherwise(self):
        kernels = [[[1.0]], [[4.0]]]
        assert [limits(ax) for ax in plot_kernels(kernels).axes] == [(-1, 1), (-4, 4)]
        assert [limits(ax) for ax in plot_kernels(kernels, limit=5).axes] == [(-5, 5), (-5, 5)]

    def test_an_unknown_kernel_is_named_before_a_figure_is_made(self):
        with pytest.raises(ValueError, match="did you mean 'sobel_x'"):
            plot_kernels(["soble_x"])
        assert_no_figure_is_open()

    def test_responses_share_one_scale(self):
        figure = plot_responses([[[1.0, -2.0]], [[5.0]]], titles=["a", "b"])
        assert {limits(panel(figure, name)) for name in "ab"} == {(-5, 5)}
        key = figure.axes[-1]._colorbar
        assert (key.vmin, key.vmax, key.extend) == (-5, 5, "neither")
        assert bounds(figure.axes[-1])[1] > bounds(figure.axes[0])[3]
        figure = plot_responses(torch.ones(1, 3, 4, 4), limit=0.5, axis=True)
        assert len(figure.axes) == 3 + 1
        assert limits(figure.axes[0]) == (-0.5, 0.5)
        assert figure.axes[-1]._colorbar.extend == "max"
        assert list(figure.axes[0].get_xticks()) == [0, 1, 2, 3]


def test_tensors_on_another_device_are_brought_back():
    class Elsewhere(torch.Tensor):
        """A tensor that, like one on a GPU, cannot become an array before it is moved."""

        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            if function is torch.Tensor.cpu:
                with torch._C.DisableTorchFunctionSubclass():
                    return args[0].as_subclass(torch.Tensor)
            if function is torch.Tensor.numpy:
                raise TypeError("can't convert cuda:0 device type tensor to numpy")
            return super().__torch_function__(function, types, args, kwargs)

    plot_conv(grey().as_subclass(Elsewhere), SOBEL.as_subclass(Elsewhere))
    with pytest.raises(ValueError, match="device meta"):
        plot_conv(grey().to("meta"), SOBEL)
