"""What the plots show: arrays equal to PyTorch's, scales, titles, panels, and nothing left open."""

import copy
import io
from types import MappingProxyType

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from PIL import Image

from utils import plotting
from utils.data import portrait
from utils.kernels import kernel, kernel_names
from utils.plotting import (
    plot_activation_functions,
    plot_channels,
    plot_confusion,
    plot_conv,
    plot_convs,
    plot_history,
    plot_images,
    plot_kernel_gallery,
    plot_kernels,
    plot_learned_kernel,
    plot_pixel_zoom,
    plot_responses,
    show_image,
    show_kernel,
    show_response,
)
from utils.shapes import conv_output_size
from utils.style import PALETTE, use_book_style
from utils.training import History

SOBEL = kernel("sobel_x")


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")
    yield
    plt.close("all")


def grey(height=12, width=10, seed=0):
    return torch.rand(height, width, generator=torch.Generator().manual_seed(seed))


def colour(height=12, width=10):
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(1))


def panel(figure, start):
    """Return the only panel whose title starts with `start`."""
    found = [ax for ax in figure.axes if ax.get_title().startswith(start)]
    assert len(found) == 1, [ax.get_title() for ax in figure.axes]
    return found[0]


def shown(ax, index=-1):
    return torch.as_tensor(np.asarray(ax.images[index].get_array()))


def written(ax):
    return [text.get_text() for text in ax.texts]


def frame(ax):
    return {to_hex(spine.get_edgecolor()).upper() for spine in ax.spines.values()}


def correlate(image, weight, **settings):
    """Slide one kernel over each channel with PyTorch."""
    image = image if image.ndim == 3 else image[None]
    return F.conv2d(image[:, None], weight[None, None], **settings)[:, 0]


class TestShowImage:
    def test_floats_in_range_are_drawn_from_black_to_white(self):
        ax = show_image(grey() / 2)
        assert ax.images[0].get_clim() == (0, 1)
        assert ax.images[0].get_cmap().name == "gray"
        torch.testing.assert_close(shown(ax), grey() / 2)

    def test_bytes_are_a_picture_too(self):
        picture = (grey() * 255).to(torch.uint8)
        ax = show_image(picture)
        assert ax.images[0].get_clim() == (0, 1)
        torch.testing.assert_close(shown(ax), picture / 255)

    def test_other_values_set_the_scale_and_nothing_is_clipped(self):
        ax = show_image([[-1, 0], [3, 5]])
        assert ax.images[0].get_clim() == (-1, 5)

    def test_an_even_area_outside_the_range_does_not_divide_by_zero(self):
        low, high = show_image(torch.full((3, 3), 7.0)).images[0].get_clim()
        assert low < high

    def test_colour_comes_out_with_channels_last(self):
        torch.testing.assert_close(shown(show_image(colour())), colour().permute(1, 2, 0))

    def test_colour_out_of_range_would_be_clipped_so_it_is_refused(self):
        with pytest.raises(ValueError, match=r"must lie in 0\.\.1, got .*clamp\(0, 1\)"):
            show_image(colour() * 2)
        assert plt.get_fignums() == []

    def test_axis_numbers_first_middle_and_last_pixel(self):
        ax = show_image(grey(20, 30), axis=True)
        assert list(ax.get_xticks()) == [0, 15, 29]
        assert list(ax.get_yticks()) == [0, 10, 19]
        assert list(show_image(grey(), ax=plt.figure().subplots()).get_xticks()) == []

    def test_the_frame_is_the_colour_of_inputs(self):
        assert frame(show_image(grey(), title="noise")) == {PALETTE["input"]}
        assert plt.gca().get_title() == "noise"


class TestShowKernel:
    def test_zero_is_the_middle_of_the_scale(self):
        ax = show_kernel([[1, 0], [0, -3]])
        assert ax.images[0].get_clim() == (-3, 3)
        assert to_hex(ax.images[0].get_cmap()(0.5)) == "#ffffff"
        assert frame(ax) == {PALETTE["kernel"]}

    def test_a_kernel_of_zeros_is_white(self):
        assert show_kernel(torch.zeros(3, 3)).images[0].get_clim() == (-1, 1)

    def test_each_number_stands_in_its_cell(self):
        ax = show_kernel(SOBEL)
        found = {text.get_position()[::-1]: text.get_text() for text in ax.texts}
        expected = {
            (row, column): f"{SOBEL[row, column]:g}".replace("-", "−")
            for row in range(3)
            for column in range(3)
        }
        assert found == expected

    @pytest.mark.parametrize(
        ("weights", "numbers", "factor"),
        [
            (kernel("gaussian"), ["1", "2", "1", "2", "4", "2", "1", "2", "1"], "× 1/16"),
            (kernel("box"), ["1"] * 9, "× 1/9"),
            (torch.tensor([[0.5, -0.25]]), ["0.5", "−0.25"], ""),
            (torch.tensor([[0.12345, -0.0001]]), ["0.12", "0.00"], ""),
            (torch.tensor([[-0.0, 1.0]]), ["0", "1"], ""),
            (torch.tensor([[1 / 3, -2 / 3]]), ["1", "−2"], "× 1/3"),
        ],
    )
    def test_numbers_are_short_and_true(self, weights, numbers, factor):
        ax = show_kernel(weights)
        assert written(ax) == numbers
        assert ax.get_xlabel() == factor

    @pytest.mark.parametrize("name", kernel_names())
    def test_what_is_written_is_the_kernel(self, name):
        ax = show_kernel(kernel(name))
        factor = 1 / int(ax.get_xlabel().removeprefix("× 1/") or 1)
        values = [float(text.replace("−", "-")) * factor for text in written(ax)]
        torch.testing.assert_close(torch.tensor(values).reshape(kernel(name).shape), kernel(name))

    def test_numbers_only_where_they_can_be_read(self):
        assert written(show_kernel(torch.ones(50, 50))) == []
        tiny = plt.figure().add_axes((0, 0, 0.05, 0.05))
        assert written(show_kernel(SOBEL, ax=tiny)) == []
        assert len(written(show_kernel(SOBEL, ax=tiny, numbers=True))) == 9
        assert written(show_kernel(SOBEL, ax=plt.figure().subplots(), numbers=False)) == []

    def test_numbers_contrast_with_their_cell(self):
        ax = show_kernel(torch.tensor([[-2.0, 0.0, 2.0]]))
        assert [to_hex(text.get_color()) for text in ax.texts] == ["#ffffff", "#000000", "#000000"]


class TestShowResponse:
    def test_the_scale_is_symmetric(self):
        ax = show_response([[-1.0, 4.0]])
        assert ax.images[0].get_clim() == (-4, 4)
        assert frame(ax) == {PALETTE["output"]}

    def test_a_given_limit_is_kept(self):
        assert show_response([[-1.0, 4.0]], limit=2).images[0].get_clim() == (-2, 2)

    def test_one_map_at_a_time(self):
        with pytest.raises(ValueError, match=r"\(H, W\) or \(1, H, W\), got \(2, 4, 4\)"):
            show_response(torch.zeros(2, 4, 4))


@st.composite
def convolutions(draw):
    """Draw an image size, a kernel, and settings that fit."""
    size = st.tuples(st.integers(1, 9), st.integers(1, 9))
    pair = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))
    height, width = draw(size)
    kernel_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(pair)
    padding = draw(
        st.one_of(st.just("valid"), st.integers(0, 2), st.tuples(*[st.integers(0, 2)] * 2))
    )
    return (height, width), kernel_size, stride, padding


class TestPlotConv:
    @settings(max_examples=15, deadline=None)
    @given(problem=convolutions())
    def test_the_response_is_what_torch_computes_or_a_clear_error(self, problem):
        (height, width), kernel_size, stride, padding = problem
        image, weight = grey(height, width), grey(*kernel_size, seed=2) - 0.5
        try:
            expected = correlate(image, weight, stride=stride, padding=padding)[0]
        except RuntimeError:
            with pytest.raises(ValueError, match="got"):
                plot_conv(image, weight, stride=stride, padding=padding)
            assert plt.get_fignums() == []
            return
        figure = plot_conv(image, weight, stride=stride, padding=padding)
        response = panel(figure, "response")
        torch.testing.assert_close(shown(response), expected)
        size = conv_output_size((height, width), kernel_size, stride=stride, padding=padding)
        assert response.get_title() == f"response\n{size[0]} × {size[1]}"
        plt.close(figure)

    def test_three_panels_with_their_shapes(self):
        figure = plot_conv(grey(), SOBEL)
        titles = [ax.get_title() for ax in figure.axes]
        assert titles == ["image\n12 × 10", "kernel\n3 × 3", "response\n12 × 10"]
        assert [len(ax.child_axes) for ax in figure.axes] == [0, 0, 1]  # the colour bar

    def test_edges_are_signed(self):
        response = panel(plot_conv(grey(), SOBEL), "response").images[0]
        assert response.get_cmap().name == "signed"
        assert response.get_clim()[0] == -response.get_clim()[1]

    @pytest.mark.parametrize("name", ["identity", "box", "gaussian", "sharpen", "emboss"])
    def test_kernels_that_keep_brightness_give_a_picture(self, name):
        response = panel(plot_conv(grey(), kernel(name)), "response").images[0]
        assert response.get_cmap().name == "gray"
        assert response.get_clim() == (0, 1)

    def test_a_blur_that_is_not_divided_has_the_scale_it_can_reach(self):
        response = panel(plot_conv(grey(), torch.ones(3, 3)), "response").images[0]
        assert response.get_cmap().name == "gray"
        assert response.get_clim() == (0, 9)

    def test_the_scale_can_be_chosen(self):
        signed = panel(plot_conv(grey(), kernel("box"), signed=True), "response").images[0]
        assert signed.get_cmap().name == "signed"
        figure = plot_conv(grey(), SOBEL, signed=False)
        picture = panel(figure, "response").images[0]
        assert picture.get_cmap().name == "gray"
        array = shown(panel(figure, "response"))
        assert picture.get_clim() == pytest.approx((array.min().item(), array.max().item()))
        limited = panel(plot_conv(grey(), SOBEL, limit=2.5), "response").images[0]
        assert limited.get_clim() == (-2.5, 2.5)

    def test_a_few_extreme_values_do_not_bleach_a_photograph(self):
        response = correlate(portrait(size=60), SOBEL, padding="same").abs()
        figure = plot_conv(portrait(size=60), SOBEL)
        limit = panel(figure, "response").images[0].get_clim()[1]
        assert limit == pytest.approx(response.quantile(0.98).item())
        (bar,) = panel(figure, "response").child_axes
        assert bar._colorbar.extend == "both"  # says that there are values beyond the ends

    def test_clipped_ends_of_a_sharpened_picture_are_pointed(self):
        (bar,) = panel(plot_conv(grey(), kernel("sharpen")), "response").child_axes
        assert bar._colorbar.extend == "both"
        (bar,) = panel(plot_conv(grey(), kernel("box")), "response").child_axes
        assert bar._colorbar.extend == "neither"

    def test_colour_that_stays_a_picture(self):
        figure = plot_conv(colour(), kernel("box"))
        assert [ax.get_title().split("\n")[0] for ax in figure.axes] == [
            "image",
            "kernel",
            "response",
        ]
        expected = correlate(colour(), kernel("box"), padding="same").permute(1, 2, 0)
        torch.testing.assert_close(shown(panel(figure, "response")), expected)

    def test_colour_that_had_to_be_clipped_says_so(self):
        response = panel(plot_conv(colour(), kernel("sharpen")), "response, clipped")
        assert shown(response).min() >= 0
        assert shown(response).max() <= 1

    def test_colour_edges_are_one_signed_map_a_channel(self):
        figure = plot_conv(colour(), SOBEL)
        expected = correlate(colour(), SOBEL, padding="same")
        panels = [panel(figure, f"response, {name}") for name in ("red", "green", "blue")]
        for ax, one in zip(panels, expected, strict=True):
            torch.testing.assert_close(shown(ax), one)
        assert len({ax.images[0].get_clim() for ax in panels}) == 1

    @pytest.mark.parametrize("channels", [2, 5])
    def test_any_number_of_channels(self, channels):
        image = torch.arange(channels * 20.0).reshape(channels, 4, 5)
        figure = plot_conv(image, SOBEL)
        assert panel(figure, "image").get_title() == f"image\n{channels} × 4 × 5"
        assert len(panel(figure, "image").images) == channels
        assert panel(figure, f"response, channel {channels - 1}")

    def test_colour_out_of_range_is_read_and_drawn_as_channels(self):
        figure = plot_conv(colour() * 4 - 2, SOBEL)
        assert panel(figure, "image").get_title() == "image\n3 × 12 × 10"
        expected = correlate(colour() * 4 - 2, SOBEL, padding="same")[2]
        torch.testing.assert_close(shown(panel(figure, "response, channel 2")), expected)

    def test_the_old_form_of_a_kernel_and_integers(self):
        image = torch.arange(25).reshape(5, 5)
        figure = plot_conv(image, SOBEL.int()[None, None])
        expected = correlate(image.float(), SOBEL, padding="same")[0]
        torch.testing.assert_close(shown(panel(figure, "response")), expected)

    @pytest.mark.parametrize(
        ("settings", "weight", "message"),
        [
            ({}, torch.ones(2, 2), 'padding="same" needs an odd kernel, got 2 × 2: use an odd'),
            ({}, torch.ones(3, 4), r'padding="valid", or give the padding as a number'),
            ({"stride": 2}, SOBEL, 'padding="same" needs stride 1'),
            ({"padding": "valid"}, torch.ones(13, 3), "kernel"),
            ({"padding": "sane"}, SOBEL, "'same'"),
            ({"limit": 0}, SOBEL, "limit must be greater than 0"),
        ],
    )
    def test_refusals_say_what_to_do_and_leave_nothing(self, settings, weight, message):
        with pytest.raises(ValueError, match=message):
            plot_conv(grey(), weight, **settings)
        assert plt.get_fignums() == []

    def test_even_kernels_work_with_the_padding_given(self):
        figure = plot_conv(grey(), torch.ones(2, 2), padding=1)
        assert panel(figure, "response").get_title() == "response\n13 × 11"

    def test_large_kernels_and_tall_images(self):
        figure = plot_conv(grey(60, 12), grey(25, 9), padding="valid", axis=True)
        assert panel(figure, "response").get_title() == "response\n36 × 4"
        assert written(panel(figure, "kernel")) == []


class TestPlotConvs:
    @pytest.mark.parametrize("outputs", [1, 2, 3, 4, 5, 8, 16])
    def test_every_output_is_shown_on_one_scale(self, outputs):
        layer = torch.nn.Conv2d(1, outputs, 3)
        figure = plot_convs(grey(), layer)
        with torch.no_grad():
            expected = layer(grey()[None])
        panels = [ax for ax in figure.axes if ax.get_title().startswith("output ")]
        assert [ax.get_title() for ax in panels] == [f"output {i}" for i in range(outputs)]
        for ax, one in zip(panels, expected, strict=True):
            torch.testing.assert_close(shown(ax), one)
        limit = expected.abs().max().item()
        assert {ax.images[0].get_clim() for ax in panels} == {(-limit, limit)}

    def test_every_filter_is_shown_slice_by_slice_on_one_scale(self):
        layer = torch.nn.Conv2d(3, 2, 3)
        figure = plot_convs(colour(), layer)
        filters = [ax for ax in figure.axes if len(ax.images) == 3]
        assert len(filters) == 2
        for ax, weight in zip(filters, layer.weight.detach(), strict=True):
            for index in range(3):
                torch.testing.assert_close(shown(ax, index), weight[index])
        limit = layer.weight.abs().max().item()
        clims = {image.get_clim() for ax in filters for image in ax.images}
        assert clims == {(-limit, limit)}

    def test_the_old_call_with_axis_by_position(self):
        figure = plot_convs(grey(), torch.nn.Conv2d(1, 2, 5), True)
        assert list(panel(figure, "output 1").get_xticks()) == [0, 1, 2, 3, 4, 5]
        figure = plot_convs(grey(30, 30), torch.nn.Conv2d(1, 2, 5), axis=True)
        assert list(panel(figure, "output 1").get_xticks()) == [0, 13, 25]
        figure = plot_convs(grey(30, 30), torch.nn.Conv2d(1, 2, 5))
        assert list(panel(figure, "output 1").get_xticks()) == []

    @pytest.mark.parametrize(
        "settings",
        [
            {"in_channels": 4, "out_channels": 4, "kernel_size": 3, "groups": 4},
            {"in_channels": 4, "out_channels": 6, "kernel_size": (3, 2), "groups": 2},
            {"in_channels": 4, "out_channels": 1, "kernel_size": 3, "stride": (2, 1)},
            {"in_channels": 4, "out_channels": 2, "kernel_size": 3, "dilation": 2, "bias": False},
            {"in_channels": 4, "out_channels": 2, "kernel_size": 4, "padding": "same"},
            {
                "in_channels": 4,
                "out_channels": 2,
                "kernel_size": 3,
                "padding": 2,
                "padding_mode": "reflect",
            },
            {"in_channels": 4, "out_channels": 2, "kernel_size": 1, "dtype": torch.float64},
        ],
    )
    @pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
    def test_every_setting_of_a_layer(self, settings):
        layer = torch.nn.Conv2d(**settings)
        image = torch.rand(4, 9, 8, generator=torch.Generator().manual_seed(0))
        figure = plot_convs(image, layer)
        with torch.no_grad():
            expected = layer(image.to(layer.weight.dtype)[None])[0]
        panels = [ax for ax in figure.axes if ax.get_title().startswith("output ")]
        for ax, one in zip(panels, expected, strict=True):
            torch.testing.assert_close(shown(ax), one, check_dtype=False)
        facts = figure.texts[0].get_text()
        height, width = layer.kernel_size
        assert f"kernel {height} × {width}" in facts
        assert ("stride (2, 1)" in facts) == (layer.stride == (2, 1))

    def test_grouped_outputs_say_what_they_read(self):
        figure = plot_convs(torch.rand(4, 9, 8), torch.nn.Conv2d(4, 4, 3, groups=2))
        titles = [ax.get_title() for ax in figure.axes if "output" in ax.get_title()]
        assert titles == [
            "output 0, reads 0–1",
            "output 1, reads 0–1",
            "output 2, reads 2–3",
            "output 3, reads 2–3",
        ]

    def test_the_layer_is_only_read(self):
        layer = torch.nn.Conv2d(1, 2, 3).train()
        calls = []
        layer.register_forward_hook(lambda *_: calls.append("called"))
        before = copy.deepcopy(layer.state_dict())
        plot_convs(grey().requires_grad_(), layer)
        assert layer.training
        assert calls == []
        assert all(parameter.grad is None for parameter in layer.parameters())
        for name, value in layer.state_dict().items():
            torch.testing.assert_close(value, before[name])

    def test_bytes_and_integers_are_cast(self):
        layer = torch.nn.Conv2d(1, 1, 3)
        picture = (grey() * 255).to(torch.uint8)
        with torch.no_grad():
            expected = layer(picture[None] / 255)[0]
        torch.testing.assert_close(shown(panel(plot_convs(picture, layer), "output 0")), expected)
        plot_convs(torch.arange(25).reshape(5, 5), layer)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    def test_half_precision(self, dtype):
        plot_convs(grey(), torch.nn.Conv2d(1, 2, 3, dtype=dtype))

    @pytest.mark.parametrize(
        ("layer", "message"),
        [
            (lambda: torch.nn.Conv2d(3, 1, 3), r"must have shape \(3, H, W\).*got \(1, 12, 10\)"),
            (lambda: torch.nn.LazyConv2d(1, 3), "no weights yet"),
            (lambda: torch.nn.Conv2d(1, 1, 13), "got"),
            (
                lambda: torch.nn.Conv2d(1, 1, 3, padding=12, padding_mode="reflect"),
                "cannot read this image",
            ),
        ],
    )
    def test_refusals_leave_nothing(self, layer, message):
        with pytest.raises(ValueError, match=message):
            plot_convs(grey(), layer())
        assert plt.get_fignums() == []

    def test_diverged_weights_are_named(self):
        layer = torch.nn.Conv2d(1, 1, 3)
        torch.nn.init.constant_(layer.weight, float("nan"))
        with pytest.raises(ValueError, match="the output of conv_layer must hold finite numbers"):
            plot_convs(grey(), layer)

    def test_not_a_layer(self):
        with pytest.raises(TypeError, match=r"conv_layer must be a torch\.nn\.Conv2d"):
            plot_convs(grey(), torch.nn.Linear(2, 2))
        assert plt.get_fignums() == []


class TestSeveral:
    def test_images(self):
        figure = plot_images([grey(), colour()], titles=["one", "two"])
        assert [ax.get_title() for ax in figure.axes] == ["one", "two"]

    @pytest.mark.parametrize(
        ("number", "ncols", "rows"), [(5, 4, (3, 2)), (4, 4, (4,)), (7, 3, (3, 3, 1))]
    )
    def test_rows_are_even_and_never_longer_than_asked(self, number, ncols, rows):
        figure = plot_images(torch.rand(number, 1, 4, 4), ncols=ncols)
        tops = [round(ax.get_position().y1, 6) for ax in figure.axes]
        assert tuple(tops.count(top) for top in sorted(set(tops), reverse=True)) == rows

    def test_kernels_by_name_by_value_and_in_a_batch(self):
        figure = plot_kernels(["sobel_x", SOBEL])
        assert [ax.get_title() for ax in figure.axes] == ["sobel x", ""]
        assert len(plot_kernels(torch.ones(3, 5, 5)).axes) == 3
        assert plot_kernels({"mine": [[1, 2]]}).axes[0].get_title() == "mine"

    def test_kernels_have_their_own_scale_unless_told_otherwise(self):
        clims = [ax.images[0].get_clim() for ax in plot_kernels([[[1.0]], [[4.0]]]).axes]
        assert clims == [(-1, 1), (-4, 4)]
        clims = [ax.images[0].get_clim() for ax in plot_kernels([[[1.0]], [[4.0]]], limit=4).axes]
        assert clims == [(-4, 4), (-4, 4)]

    def test_an_unknown_kernel_is_named_before_a_figure_is_made(self):
        with pytest.raises(ValueError, match="did you mean 'sobel_x'"):
            plot_kernels(["soble_x"])
        assert plt.get_fignums() == []

    def test_responses_share_one_scale(self):
        figure = plot_responses([[[1.0, -2.0]], [[5.0]]], titles=["a", "b"])
        assert {panel(figure, name).images[0].get_clim() for name in "ab"} == {(-5, 5)}
        assert len(plot_responses(torch.randn(1, 3, 4, 4)).axes) == 3 + 1

    def test_titles_of_several_lines_have_room(self):
        figure = plot_images([grey()] * 2, titles=["a\nb\nc", "d"])
        figure.canvas.draw()
        tops = [ax.title.get_window_extent().y1 for ax in figure.axes]
        assert max(tops) <= figure.bbox.y1

    def test_the_number_of_titles(self):
        with pytest.raises(ValueError, match="titles must hold 1 texts, got 2"):
            plot_images([grey()], titles=["a", "b"])
        assert plt.get_fignums() == []


class TestGallery:
    def test_each_kernel_stands_above_what_it_does(self):
        names = ["gaussian", "sharpen", "sobel_x", "laplacian"]
        figure = plot_kernel_gallery(grey(), names, ncols=2)
        responses, patterns = figure.axes[0:8:2], figure.axes[1:8:2]
        for name, response, pattern in zip(names, responses, patterns, strict=True):
            expected = correlate(grey(), kernel(name), padding="same")[0]
            torch.testing.assert_close(shown(response), expected)
            torch.testing.assert_close(shown(pattern), kernel(name))
            assert written(pattern) == [name.replace("_", " ")]
            above, below = pattern.get_position(), response.get_position()
            assert above.y0 > below.y1
        maps = [ax.images[0].get_cmap().name for ax in responses]
        assert maps == ["gray", "gray", "signed", "signed"]
        assert len({ax.images[0].get_clim() for ax in responses[2:]}) == 1
        assert len(figure.axes) == 8 + 1  # the key of the signed scale

    def test_no_key_without_a_signed_response(self):
        assert len(plot_kernel_gallery(grey(), ["box"]).axes) == 2

    def test_only_grey_images(self):
        with pytest.raises(ValueError, match=r"\(H, W\) or \(1, H, W\), got \(3, 12, 10\)"):
            plot_kernel_gallery(colour(), ["box"])
        assert plt.get_fignums() == []


class TestLearnedKernel:
    def test_snapshots_stand_in_order_on_the_scale_of_the_target(self):
        snapshots = {2: SOBEL, 0: SOBEL * 0}
        figure = plot_learned_kernel(snapshots, [1.0, 0.1, 0.01], SOBEL)
        *panels, curve = figure.axes
        assert [ax.get_title() for ax in panels] == ["step 0", "step 2", "target"]
        assert {ax.images[0].get_clim() for ax in panels} == {(-2, 2)}
        line, marks = curve.get_lines()
        assert list(line.get_ydata()) == [1.0, 0.1, 0.01]
        assert list(marks.get_xdata()) == [0, 2]
        assert curve.get_yscale() == "log"

    def test_losses_as_a_tensor_and_down_to_zero(self):
        plot_learned_kernel({0: SOBEL}, torch.tensor([0.5, 0.0]), SOBEL)
        assert plot_learned_kernel({0: SOBEL}, [0.0], SOBEL).axes[-1].get_yscale() == "linear"

    def test_a_snapshot_after_the_last_loss(self):
        with pytest.raises(ValueError, match="must reach step 9, the last snapshot, got 2"):
            plot_learned_kernel({9: SOBEL}, [1.0, 0.5], SOBEL)
        assert plt.get_fignums() == []


class TestPixelZoom:
    def test_the_numbers_are_the_pixels(self):
        picture = grey(20, 30)
        image, zoom = plot_pixel_zoom(picture, (4, 9, 3, 5)).axes
        patch = picture[4:7, 9:14]
        assert written(zoom) == [f"{value:.2f}" for value in patch.flatten().tolist()]
        places = [text.get_position()[::-1] for text in zoom.texts]
        assert places == [(row, column) for row in range(3) for column in range(5)]
        torch.testing.assert_close(shown(zoom), patch)
        assert zoom.images[0].get_clim() == image.images[0].get_clim() == (0, 1)

    def test_rows_and_columns_keep_their_numbers(self):
        zoom = plot_pixel_zoom(grey(20, 30), (4, 9, 2, 3)).axes[1]
        assert [label.get_text() for label in zoom.get_yticklabels()] == ["4", "5"]
        assert [label.get_text() for label in zoom.get_xticklabels()] == ["9", "10", "11"]

    def test_the_box_is_where_the_pixels_are(self):
        image = plot_pixel_zoom(grey(20, 30), (4, 9, 2, 3)).axes[0]
        for frame in image.patches:
            assert frame.get_xy() == (8.5, 3.5)
            assert (frame.get_height(), frame.get_width()) == (2, 3)

    def test_bytes_are_written_as_they_are(self):
        picture = torch.arange(256, dtype=torch.uint8).reshape(16, 16)
        zoom = plot_pixel_zoom(picture, (0, 0, 10, 10)).axes[1]
        assert written(zoom) == [str(n) for n in picture[:10, :10].flatten().tolist()]
        zoom = plot_pixel_zoom(picture, (15, 14, 1, 2)).axes[1]
        assert written(zoom) == ["254", "255"]

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
            (grey(20, 20), (0, 0, 11, 2), r"at most 10 × 10 .* got 11 × 2"),
            (colour(), (0, 0, 2, 7), r"at most 6 × 6 .* got 2 × 7"),
            (grey(), (0, -1, 2, 2), r"the column of box must be at least 0, got -1"),
            (grey(), (0, 0, 2), r"must be \(row, column, rows, columns\), got 3 numbers"),
        ],
    )
    def test_boxes_that_cannot_be_drawn(self, image, box, message):
        with pytest.raises(ValueError, match=message):
            plot_pixel_zoom(image, box)


class TestChannels:
    def test_tinted_channels_add_up_to_the_image(self):
        image, *channels = plot_channels(colour()).axes
        torch.testing.assert_close(sum(shown(ax) for ax in channels), shown(image))
        for index, ax in enumerate(channels):
            torch.testing.assert_close(shown(ax)[..., index], colour()[index])

    def test_signs_say_that_they_are_added(self):
        assert [text.get_text() for text in plot_channels(colour()).texts] == ["=", "+", "+"]
        assert plot_channels(colour(), tinted=False).texts == []

    def test_as_the_grey_pictures_that_they_are(self):
        _, *channels = plot_channels(colour() / 2, tinted=False).axes
        for index, ax in enumerate(channels):
            torch.testing.assert_close(shown(ax), colour()[index] / 2)
            assert ax.images[0].get_clim() == (0, 1)
        assert [ax.get_title() for ax in channels] == ["0: red", "1: green", "2: blue"]

    def test_grey_has_no_channels_to_split(self):
        with pytest.raises(ValueError, match=r"must have shape .*\(3, H, W\), got \(1, 12, 10\)"):
            plot_channels(grey())


class TestActivationFunctions:
    FUNCTIONS = MappingProxyType(
        {"ReLU": torch.relu, "sigmoid": torch.sigmoid, "softplus": torch.nn.Softplus()}
    )

    def test_curves_are_the_functions(self):
        figure = plot_activation_functions(self.FUNCTIONS, reach=5)
        assert [ax.get_title() for ax in figure.axes] == list(self.FUNCTIONS)
        for ax, function in zip(figure.axes, self.FUNCTIONS.values(), strict=True):
            inputs, values = map(torch.as_tensor, ax.get_lines()[-1].get_data())
            torch.testing.assert_close(values, function(inputs))
            assert (inputs.min(), inputs.max()) == (-5, 5)
            assert ax.get_xlim() == (-5, 5)

    def test_one_scale_for_all(self):
        figure = plot_activation_functions(self.FUNCTIONS)
        assert len({(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes}) == 1

    def test_slopes(self):
        figure = plot_activation_functions(self.FUNCTIONS, slope=True)
        slopes = {
            ax.get_title(): torch.as_tensor(line.get_ydata())
            for ax in figure.axes
            for line in ax.get_lines()
            if line.get_label() == "slope"
        }
        assert set(slopes["ReLU"].tolist()) == {0, 1}
        assert slopes["sigmoid"].max().item() == pytest.approx(0.25, abs=1e-4)
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

    def test_many_go_into_rows(self):
        figure = plot_activation_functions(dict.fromkeys("abcdefg", torch.tanh), ncols=4)
        rows = [round(ax.get_position().y0, 6) for ax in figure.axes]
        assert rows.count(rows[0]) == 4

    @pytest.mark.parametrize(
        ("functions", "message"),
        [
            ({}, "functions must hold at least one function, got none"),
            ({"total": torch.sum}, r"functions\['total'\] must return .* \(400,\), got \(\)"),
            ({"log": torch.log}, r"functions\['log'\] must return finite numbers, got"),
        ],
    )
    def test_functions_that_cannot_be_drawn(self, functions, message):
        with pytest.raises(ValueError, match=message):
            plot_activation_functions(functions)


FIGURES = {
    "conv": lambda: plot_conv(portrait(size=100), SOBEL, axis=True),
    "conv_colour": lambda: plot_conv(portrait(size=60, colour=True), SOBEL),
    "convs_2": lambda: plot_convs(portrait(size=100), torch.nn.Conv2d(1, 2, 50), axis=True),
    "convs_6": lambda: plot_convs(portrait(size=60), torch.nn.Conv2d(1, 6, 3, stride=2)),
    "images": lambda: plot_images([portrait(size=60)] * 3, titles=["a", "b", "c"], axis=True),
    "kernels": lambda: plot_kernels(kernel_names()),
    "responses": lambda: plot_responses(torch.linspace(-1, 1, 32).reshape(2, 4, 4)),
    "gallery": lambda: plot_kernel_gallery(portrait(size=60), kernel_names()[:6]),
    "zoom": lambda: plot_pixel_zoom(portrait(size=100), (48, 30, 8, 8)),
    "zoom in colour": lambda: plot_pixel_zoom(portrait(size=100, colour=True), (48, 30, 5, 5)),
    "channels": lambda: plot_channels(portrait(size=100, colour=True)),
    "grey channels": lambda: plot_channels(portrait(size=100, colour=True), tinted=False),
    "activation functions": lambda: plot_activation_functions(
        {"ReLU": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "sine": torch.sin},
        slope=True,
    ),
    "learned": lambda: plot_learned_kernel({0: SOBEL * 0, 9: SOBEL}, [0.5] * 10, SOBEL),
}


@pytest.mark.parametrize("name", FIGURES)
class TestEveryFigure:
    def test_nothing_is_cut_off_and_no_text_is_small(self, name):
        figure = FIGURES[name]()
        figure.draw_without_rendering()
        drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        margin = 0.005
        assert min(drawn.x0, drawn.y0) > -margin
        assert drawn.x1 < width + margin
        assert drawn.y1 < height + margin
        for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize")):
            assert text.get_fontsize() >= 8 or not text.get_text(), text.get_text()

    def test_fits_the_page_and_the_budget(self, name):
        figure = FIGURES[name]()
        assert figure.get_figwidth() <= 7.2 + 1e-9
        stored = io.BytesIO()
        figure.savefig(stored, dpi=200)
        with Image.open(stored) as picture:
            few = picture.convert("RGB").quantize(256)
        reduced = io.BytesIO()
        few.save(reduced, "PNG", optimize=True)
        assert len(reduced.getvalue()) < 100_000

    def test_looks_the_same_whatever_the_defaults(self, name):
        def pixels():
            torch.manual_seed(0)
            figure = FIGURES[name]()
            figure.canvas.draw()
            return np.asarray(figure.canvas.buffer_rgba()).copy()

        with plt.rc_context({"figure.dpi": 100}):
            plain = pixels()
            use_book_style()
            np.testing.assert_array_equal(plain, pixels())


def test_a_figure_that_fails_while_it_is_drawn_is_closed(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no ink")

    monkeypatch.setattr(plotting, "_draw_kernel", fail)
    with pytest.raises(RuntimeError, match="no ink"):
        plot_conv(grey(), SOBEL)
    assert plt.get_fignums() == []


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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu():
    plot_conv(colour().cuda(), SOBEL.cuda())
    plot_convs(colour().cuda(), torch.nn.Conv2d(3, 2, 3).cuda())
    plot_convs(colour(), torch.nn.Conv2d(3, 2, 3).cuda())
    plot_learned_kernel({0: SOBEL.cuda()}, torch.ones(2).cuda(), SOBEL.cuda())


def test_a_star_import_gives_functions_only():
    names = {}
    exec("from utils.plotting import *", names)
    names.pop("__builtins__")
    assert set(names) == set(plotting.__all__)
    assert all(callable(value) and value.__module__ == "utils.plotting" for value in names.values())


class TestHistory:
    HISTORY = History([1.9, 0.6, 0.3], [1.2, 0.4, 0.2])

    def test_curves_are_the_losses(self):
        ax = plot_history(self.HISTORY).axes[0]
        training, validation = ax.get_lines()
        assert training.get_xdata().tolist() == [1, 2, 3]
        assert training.get_ydata().tolist() == [1.9, 0.6, 0.3]
        assert validation.get_ydata().tolist() == [1.2, 0.4, 0.2]
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
        assert labels == ["training", "validation"]

    def test_start_and_chance(self):
        guess, *curves = plot_history(self.HISTORY, start=2.3, chance=10).axes[0].get_lines()
        assert set(guess.get_ydata()) == {np.log(10)}
        for curve in curves:
            assert (curve.get_xdata()[0], curve.get_ydata()[0]) == (0, 2.3)

    def test_pictures_stand_under_the_curves(self):
        pictures = torch.stack([grey()[None], grey(seed=1)[None]])
        figure = plot_history(self.HISTORY, pictures=pictures, titles=["a", "b"])
        curve, *panels = figure.axes
        assert [ax.get_title() for ax in panels] == ["a", "b"]
        assert all(ax.get_position().y1 < curve.get_position().y0 for ax in panels)


class TestConfusion:
    def test_counts_are_written_and_zeros_are_not(self):
        ax = plot_confusion([[5, 2], [0, 7]]).axes[0]
        written = {text.get_position()[::-1]: text.get_text() for text in ax.texts}
        assert written == {(0, 0): "5", (0, 1): "2", (1, 1): "7"}
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")

    def test_only_mistakes_are_shaded(self):
        shown = plot_confusion([[5, 2], [0, 7]]).axes[0].images[0].get_array()
        assert shown.tolist() == [[0, 2], [0, 0]]

    def test_names(self):
        ax = plot_confusion([[1, 0], [0, 1]], names=["shirt", "bag"]).axes[0]
        assert [label.get_text() for label in ax.get_yticklabels()] == ["shirt", "bag"]

    @pytest.mark.parametrize("matrix", [[[1, 2]], [[-1]], [[0.5]]])
    def test_what_is_no_confusion_matrix(self, matrix):
        with pytest.raises(ValueError, match=r"matrix must .*, got"):
            plot_confusion(matrix)
