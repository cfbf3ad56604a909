"""Diagrams show what their tensors hold: PyTorch is the oracle for every number drawn."""

import io

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, Polygon, Rectangle

from utils import diagrams
from utils.shapes import conv_output_size, pixel_usage, unused_pixels
from utils.style import PALETTE

X = torch.tensor(
    [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
)
K = torch.tensor([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
OUTPUT_LAYER = torch.ones(1, 4, dtype=torch.bool)
FULLY, LOCAL, SHARED = (
    [16, 4, 1],
    [diagrams.patch_mask(4, 2, stride=2), OUTPUT_LAYER],
    [diagrams.patch_mask(4, 2, stride=2, shared=True), OUTPUT_LAYER],
)


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")
    yield
    plt.close("all")


def conv(image, kernel, **options):
    return F.conv2d(image[None, None].double(), kernel[None, None].double(), **options)[0, 0]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def number(text):
    return float(text.replace("\N{MINUS SIGN}", "-").strip("()"))


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


def frames(ax, role="highlight"):
    """Return the corners and sizes of the thick frames of a role."""
    colour = to_hex(PALETTE[role])
    return [
        (*patch.get_xy(), patch.get_width(), patch.get_height())
        for patch in ax.patches
        if isinstance(patch, Rectangle)
        and not patch.get_fill()
        and patch.get_linewidth() >= 2
        and to_hex(patch.get_edgecolor()) == colour
    ]


def origin_of(ax, letter):
    """Return the left top corner of the grid that stands under a letter."""
    header = next(text for text in ax.texts if text.get_text() == letter)
    x, y = header.get_position()
    return x, y + 0.4


def written_sum(ax):
    """Return the products that are written under a window step, and the result."""
    dots = [text for text in ax.texts if text.get_text() == "\N{MIDDLE DOT}"]
    products = []
    for dot in dots:
        x, y = dot.get_position()
        on_line = [t for t in ax.texts if abs(t.get_position()[1] - y) < 1e-6 and t is not dot]
        left = max((t for t in on_line if t.get_position()[0] < x), key=lambda t: t.get_position())
        right = min((t for t in on_line if t.get_position()[0] > x), key=lambda t: t.get_position())
        products.append((number(left.get_text()), number(right.get_text())))
    return products, number(texts(ax)[-1].removeprefix("= "))


def draw(figure):
    """Draw for real, and make sure that no text sticks out of the figure or its cell's column."""
    figure.savefig(io.BytesIO(), format="png", dpi=60)
    width, height = figure.get_size_inches() * figure.dpi
    for ax in figure.axes:
        for text in ax.texts:
            box = text.get_window_extent()
            assert box.x0 > -2, text
            assert box.y0 > -2, text
            assert box.x1 < width + 2, text
            assert box.y1 < height + 2, text


class TestGrid:
    def test_every_number_stands_in_its_cell(self):
        ax = diagrams.draw_grid(X)
        assert grid_at(ax, 0, 0, 5, 5) == X.tolist()
        assert len(ax.patches) == 25
        assert ax.get_xlim()[0] < ax.get_xlim()[1]
        assert ax.get_ylim()[0] > ax.get_ylim()[1], "row 0 is at the top"
        draw(ax.figure)

    def test_padding_is_dashed_and_zero(self):
        ax = diagrams.draw_grid(X + 1, padding=(1, 2), title="padded")
        assert grid_at(ax, 0, 0, 7, 9) == F.pad(X + 1, (2, 2, 1, 1)).tolist()
        dashed = [patch for patch in ax.patches if patch.get_linestyle() != "-"]
        assert len(dashed) == 7 * 9 - 25
        assert {to_hex(p.get_edgecolor()) for p in dashed} == {PALETTE["padding"]}
        assert ax.get_title() == "padded"

    @pytest.mark.parametrize(
        ("highlight", "expected"),
        [
            ((1, 2), [(2, 1, 1, 1)]),
            ((slice(0, 3), slice(1, 4)), [(1, 0, 3, 3)]),
            ((slice(None), -1), [(4, 0, 1, 5)]),
            ([(0, 0), (0, 1), (1, 0), (1, 1)], [(0, 0, 2, 2)]),
        ],
    )
    def test_a_highlight_is_a_thick_frame(self, highlight, expected):
        assert frames(diagrams.draw_grid(X, highlight=highlight)) == expected

    def test_scattered_cells_are_framed_one_by_one(self):
        ax = diagrams.draw_grid(X, highlight=[(0, 0), (4, 4)])
        assert [tuple(round(v) for v in frame) for frame in frames(ax)] == [
            (0, 0, 1, 1),
            (4, 4, 1, 1),
        ]

    def test_nothing_highlighted_is_nothing_framed(self):
        assert frames(diagrams.draw_grid(X)) == []
        assert frames(diagrams.draw_grid(X, highlight=[])) == []

    @pytest.mark.parametrize(
        ("values", "fmt", "expected"),
        [
            ([1.0, -2.0], None, ["1", "\N{MINUS SIGN}2"]),
            ([0.5, 2.0], None, ["0.5", "2.0"]),
            ([1 / 3, 2.0], None, ["0.33", "2.00"]),
            ([-0.001, 1.333], None, ["0.00", "1.33"]),
            ([1.0, 2.0], ".1f", ["1.0", "2.0"]),
            ([1.0, 2.0], lambda value: f"{value:.0f} px", ["1 px", "2 px"]),
            ([float("-inf"), 3.0], None, ["\N{MINUS SIGN}\N{INFINITY}", "3"]),
        ],
    )
    def test_how_numbers_are_written(self, values, fmt, expected):
        assert texts(diagrams.draw_grid(torch.tensor([values]), fmt=fmt)) == expected

    def test_shades_follow_the_values(self):
        usage = pixel_usage(5, 3, padding=1)
        ax = diagrams.draw_grid(usage, shade=True)
        faces = [to_hex(patch.get_facecolor()) for patch in ax.patches]
        assert len(set(faces)) == 3
        assert faces[12] == to_hex(PALETTE["input"])
        assert grid_at(ax, 0, 0, 5, 5) == usage.tolist()

    def test_shades_of_equal_values_and_of_minus_infinity(self):
        diagrams.draw_grid(torch.zeros(2, 2), shade=True)
        diagrams.draw_grid(torch.tensor([[float("-inf"), 1.0]]), shade=True)

    def test_text_grows_with_its_cell(self):
        _, (small, large) = plt.subplots(1, 2, width_ratios=[1, 3])
        for ax in (small, large):
            diagrams.draw_grid(X, ax=ax)
        draw(small.figure)
        sizes = [ax.texts[0].get_fontsize() for ax in (small, large)]
        assert sizes[1] > 2 * sizes[0]

    def test_long_numbers_stay_in_their_cells(self):
        ax = diagrams.draw_grid(torch.tensor([[123456.0, 1.0]]))
        draw(ax.figure)
        cell = ax.patches[0].get_window_extent()
        assert ax.texts[0].get_window_extent().width < cell.width
        assert ax.texts[0].get_fontsize() < ax.texts[1].get_fontsize()

    @pytest.mark.parametrize("highlight", [(5, 0), [(0, 5)], [(0, -1)], [1, 2], "text", 3, [(0,)]])
    def test_cells_that_do_not_exist(self, highlight):
        with pytest.raises(ValueError, match=r"highlight must be .*, got"):
            diagrams.draw_grid(X, highlight=highlight)
        assert plt.get_fignums() == []

    @pytest.mark.parametrize("fmt", ["q", 3, "{:.1f}"])
    def test_formats_that_do_not_exist(self, fmt):
        with pytest.raises(ValueError, match=r"fmt must be .*, got"):
            diagrams.draw_grid(X, fmt=fmt)
        assert plt.get_fignums() == []


class TestWindow:
    def test_the_window_shows_pixels_and_weights(self):
        ax = diagrams.draw_window(X, K, position=(1, 2))
        assert frames(ax) == [(2, 1, 3, 3)]
        weights = [number(t[1:]) for t in texts(ax) if t.startswith("\N{MULTIPLICATION SIGN}")]
        assert weights == K.flatten().tolist()

    def test_a_dilated_window_has_holes(self):
        ax = diagrams.draw_window(torch.zeros(7, 7), K, position=(0, 1), stride=2, dilation=2)
        corners = [(round(x), round(y)) for x, y, _, _ in frames(ax)]
        assert corners == [(x, y) for y in (0, 2, 4) for x in (2, 4, 6)]

    @pytest.mark.parametrize("position", [(3, 0), (0, 3), (-1, 0), 3.5, (1, 2, 3)])
    def test_positions_outside_the_output(self, position):
        with pytest.raises((TypeError, ValueError), match=r"position must .*, got"):
            diagrams.draw_window(X, K, position=position)
        assert plt.get_fignums() == []


SETTINGS = [
    {},
    {"stride": 2, "padding": 1},
    {"stride": (1, 2), "padding": (0, 1)},
    {"dilation": 2},
    {"padding": "same"},
]


class TestConvolution:
    @pytest.mark.parametrize("options", SETTINGS)
    def test_the_equation_holds(self, options):
        figure = diagrams.plot_convolution(X, K, **options)
        ax, expected = figure.axes[0], conv(X, K, **options)
        assert grid_at(ax, *origin_of(ax, "K"), 3, 3) == K.tolist()
        assert grid_at(ax, *origin_of(ax, "Y"), *expected.shape) == expected.tolist()
        assert {"*", "="} <= set(texts(ax))
        draw(figure)

    @pytest.mark.parametrize("options", SETTINGS)
    def test_a_step_is_written_out(self, options):
        expected = conv(X, K, **options)
        rows, columns = expected.shape
        last = expected.numel() - 1
        for step in {0, last // 2, last}:
            i, j = divmod(step, columns)
            figure = diagrams.plot_window_step(X, K, step=step, **options)
            ax = figure.axes[0]
            products, result = written_sum(ax)
            assert result == expected[i, j]
            assert sum(pixel * weight for pixel, weight in products) == result
            assert [weight for _, weight in products] == K.flatten().tolist()
            assert f"Y[{i}, {j}] =" in texts(ax)
            left, top = origin_of(ax, "Y")
            filled = [v for row in grid_at(ax, left, top, rows, columns) for v in row]
            assert filled[: step + 1] == expected.flatten()[: step + 1].tolist()
            assert filled[step + 1 :] == [None] * (rows * columns - step - 1)
            assert any((x - left, y - top) == pytest.approx((j, i)) for x, y, *_ in frames(ax)[-1:])
            plt.close(figure)

    def test_all_steps_have_one_size(self):
        sizes = {tuple(diagrams.plot_window_step(X, K, step=s).get_size_inches()) for s in (0, 8)}
        assert len(sizes) == 1

    @pytest.mark.parametrize(
        "kernel", [K - 1, K / 16, torch.ones(1, 1), torch.ones(5, 5), torch.ones(2, 4)]
    )
    def test_kernels_of_all_kinds_fit(self, kernel):
        for figure in (
            diagrams.plot_window_step(X, kernel),
            diagrams.plot_convolution(X, kernel),
        ):
            draw(figure)

    def test_rounded_products_do_not_pretend_to_be_exact(self):
        blur = torch.tensor([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
        ends = [
            texts(diagrams.plot_window_step(X, kernel).axes[0])[-1]
            for kernel in (blur, blur * 4, K - 1)
        ]
        assert ends == ["≈ 1.25", "= 5.00", "= \N{MINUS SIGN}3"]

    def test_negative_weights_stand_in_brackets(self):
        ax = diagrams.plot_window_step(X, -K).axes[0]
        assert "(\N{MINUS SIGN}2)" in texts(ax)
        products, result = written_sum(ax)
        assert sum(pixel * weight for pixel, weight in products) == result == -12

    @pytest.mark.parametrize("step", [-1, 9, 1.0, True, None])
    def test_steps_that_do_not_exist(self, step):
        with pytest.raises((TypeError, ValueError), match=r"step must be .*, got"):
            diagrams.plot_window_step(X, K, step=step)
        assert plt.get_fignums() == []

    def test_a_kernel_that_does_not_fit(self):
        for function in (
            diagrams.plot_window_step,
            diagrams.plot_convolution,
            diagrams.draw_window,
        ):
            with pytest.raises(ValueError, match="fit"):
                function(torch.ones(2, 2), K)
        assert plt.get_fignums() == []


class TestPositions:
    @settings(max_examples=25, deadline=None)
    @given(
        size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
        kernel_size=st.integers(1, 4),
        stride=st.integers(1, 3),
        padding=st.integers(0, 2),
        dilation=st.integers(1, 2),
    )
    def test_as_many_dots_as_outputs(self, size, kernel_size, **options):
        try:
            rows, columns = conv_output_size(size, kernel_size, **options)
        except ValueError:
            with pytest.raises(ValueError, match="fit"):
                diagrams.draw_positions(size, kernel_size, **options)
            return
        ax = diagrams.draw_positions(size, kernel_size, **options)
        dots = [patch for patch in ax.patches if isinstance(patch, Circle)]
        assert len(dots) == rows * columns
        hatched = [patch for patch in ax.patches if patch.get_hatch()]
        lost = unused_pixels(size, kernel_size, **options)
        height, width = (n + 2 * options["padding"] for n in size)
        assert len(hatched) == height * width - (height - lost[0]) * (width - lost[1])
        assert ("unused" in ax.get_title()) == any(lost)
        plt.close("all")

    def test_the_title_counts(self):
        assert diagrams.draw_positions((8, 7), 3, stride=3).get_title() == (
            "output 2×2, unused: 2 rows, 1 column"
        )


class TestDilation:
    def test_nine_cells_ever_further_apart(self):
        figure = diagrams.plot_dilation(3, dilations=(1, 2, 3))
        for ax, dilation in zip(figure.axes, (1, 2, 3), strict=True):
            dots = [patch.center for patch in ax.patches if isinstance(patch, Circle)]
            assert len(dots) == 9
            assert dots[1][0] - dots[0][0] == dilation
            extent = dilation * 2 + 1
            assert frames(ax)[0][2:] == (extent, extent)
            assert f"{extent}×{extent}" in ax.get_title()
        draw(figure)

    @pytest.mark.parametrize("dilations", [(), [0], 2, "12", [1.5]])
    def test_dilations_that_do_not_exist(self, dilations):
        with pytest.raises((TypeError, ValueError), match=r"dilations must be .*, got"):
            diagrams.plot_dilation(3, dilations=dilations)
        assert plt.get_fignums() == []


class TestShrinking:
    def test_each_panel_is_what_a_convolution_leaves(self):
        picture = torch.arange(99.0).reshape(9, 11) / 99
        figure = diagrams.plot_shrinking(picture, 3, times=4)
        assert [ax.get_title() for ax in figure.axes] == ["9×11", "7×9", "5×7", "3×5", "1×3"]
        for step, ax in enumerate(figure.axes):
            left = torch.as_tensor(ax.images[0].get_array())
            expected = picture[step : 9 - step, step : 11 - step]
            torch.testing.assert_close(left, expected, check_dtype=False)
        assert len({(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes}) == 1, "one scale"
        draw(figure)

    def test_nothing_left(self):
        with pytest.raises(ValueError, match="image must outlast 5 convolutions"):
            diagrams.plot_shrinking(torch.ones(9, 9), 3, times=5)
        assert plt.get_fignums() == []


class TestGrids:
    def test_each_grid_holds_its_numbers_at_one_scale(self):
        grids = [pixel_usage(5, 3), pixel_usage(3, 2, padding=1)]
        figure = diagrams.plot_grids(grids, titles=["five", "three"], shade=True)
        assert [ax.get_title() for ax in figure.axes] == ["five", "three"]
        for ax, grid in zip(figure.axes, grids, strict=True):
            assert grid_at(ax, 0, 0, *grid.shape) == grid.tolist()
        assert len({(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes}) == 1, "one scale"
        draw(figure)

    def test_the_same_cells_are_framed_in_every_grid(self):
        figure = diagrams.plot_grids([X, X + 1], highlight=[(0, 1), (2, 2)])
        assert [len(frames(ax)) for ax in figure.axes] == [2, 2]

    def test_cells_of_its_own_are_framed_in_each_grid(self):
        figure = diagrams.plot_grids([X, X], highlights=[(0, slice(0, 2)), (1, 1)])
        assert [frames(ax) for ax in figure.axes] == [[(0, 0, 2, 1)], [(1, 1, 1, 1)]]
        with pytest.raises(ValueError, match="highlights must be one a grid, 2, got 1"):
            diagrams.plot_grids([X, X], highlights=[(0, 0)])

    def test_rows_of_grids(self):
        figure = diagrams.plot_grids([X] * 5, ncols=2)
        assert figure.axes[0].get_subplotspec().get_gridspec().get_geometry() == (3, 2)

    def test_a_cell_that_does_not_exist_in_one_of_them(self):
        with pytest.raises(ValueError, match="highlight must be"):
            diagrams.plot_grids([X, K], highlight=(4, 4))
        assert plt.get_fignums() == []


class TestPaddingModes:
    def test_each_panel_is_what_conv2d_reads(self):
        picture = torch.arange(30.0).reshape(5, 6) / 30
        figure = diagrams.plot_padding_modes(picture, padding=(1, 2))
        copy = torch.zeros(1, 1, 3, 5)
        copy[..., 0, 0] = 1  # the pixel in the window's corner: the padded picture, less its end
        for ax in figure.axes:
            layer = torch.nn.Conv2d(1, 1, (3, 5), padding=(1, 2), padding_mode=ax.get_title())
            with torch.no_grad():
                layer.weight.copy_(copy)
                layer.bias.zero_()
                expected = layer(picture[None, None])[0, 0]
            shown = torch.as_tensor(ax.images[0].get_array()[:5, :6])
            torch.testing.assert_close(shown, expected, check_dtype=False)
            assert frames(ax) == [(2, 1, 6, 5)]
        draw(figure)

    def test_a_rim_wider_than_the_picture(self):
        with pytest.raises(ValueError, match="padding must be smaller than the picture"):
            diagrams.plot_padding_modes(torch.ones(4, 4), padding=4)
        assert plt.get_fignums() == []


class TestFlattened:
    def test_the_strips_hold_the_pixels_in_order(self):
        picture = torch.arange(12.0).reshape(4, 3) / 12
        figure = diagrams.plot_flattened(picture, rows=(1, 3))
        whole, strip, part = (ax.images[0].get_array() for ax in figure.axes)
        assert whole.shape == (4, 3)
        assert strip.tolist() == [picture.flatten().tolist()]
        assert part.tolist() == [picture[1:3].flatten().tolist()]

    def test_a_long_row_is_averaged(self):
        figure = diagrams.plot_flattened(torch.full((100, 100), 0.5), rows=(0, 1))
        strip = figure.axes[1].images[0].get_array()
        assert strip.shape[1] < 10_000
        assert float(strip.min()) == float(strip.max()) == 0.5

    def test_the_frames_mark_the_rows(self):
        figure = diagrams.plot_flattened(torch.rand(20, 30), rows=(10, 12))
        whole, strip, _ = figure.axes
        assert whole.patches[0].get_bbox().bounds == (0, 10, 30, 2)
        assert strip.patches[0].get_bbox().bounds == (10, 0, 2, 1)

    @pytest.mark.parametrize("rows", [(2, 2), (3, 1), (0, 5)])
    def test_rows_must_be_a_part(self, rows):
        with pytest.raises(ValueError, match="rows must be a part of the 4 rows"):
            diagrams.plot_flattened(torch.ones(4, 4), rows=rows)


class TestMasks:
    def test_a_patch_mask_is_a_convolution(self):
        weights = torch.randn(9, generator=torch.Generator().manual_seed(0)).double()
        for size, kernel_size, stride in ((5, 3, 1), ((6, 4), (2, 2), 2), (7, 3, (2, 1))):
            mask = diagrams.patch_mask(size, kernel_size, stride=stride, shared=True)
            taps = int(mask.max())
            matrix = torch.where(mask > 0, weights[mask.clamp(min=1) - 1], 0.0)
            rows, columns = (size, size) if isinstance(size, int) else size
            image = torch.arange(rows * columns).double()
            shape = (kernel_size,) * 2 if isinstance(kernel_size, int) else kernel_size
            expected = conv(
                image.reshape(rows, columns), weights[:taps].reshape(shape), stride=stride
            )
            torch.testing.assert_close(matrix @ image, expected.flatten())

    def test_unshared_weights_are_all_different(self):
        mask = diagrams.patch_mask(4, 2, stride=2)
        assert sorted(mask[mask > 0].tolist()) == list(range(1, 17))

    def test_a_patch_larger_than_the_image(self):
        with pytest.raises(ValueError, match="fit"):
            diagrams.patch_mask(2, 3)


class TestCounting:
    def test_the_story_of_chapter_2(self):
        counts = [diagrams.count_parameters(layers) for layers in (FULLY, LOCAL, SHARED)]
        assert counts == [73, 25, 10]

    def test_as_pytorch_counts(self):
        linear = torch.nn.Sequential(torch.nn.Linear(16, 4), torch.nn.Linear(4, 1))
        conv_net = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 2, stride=2), torch.nn.Linear(4, 1))
        for layers, module in ((FULLY, linear), (SHARED, conv_net)):
            expected = sum(parameter.numel() for parameter in module.parameters())
            assert diagrams.count_parameters(layers) == expected

    def test_two_feature_maps_have_two_biases(self):
        one = diagrams.patch_mask(4, 2, stride=2, shared=True)
        both = torch.cat([one, torch.where(one > 0, one + 4, 0)])
        conv_layer = torch.nn.Conv2d(1, 2, 2, stride=2)
        expected = sum(parameter.numel() for parameter in conv_layer.parameters())
        assert diagrams.count_parameters([both]) == expected == 10

    @pytest.mark.parametrize(
        "layers",
        [
            [],
            [16],
            [16, 0],
            [16, 4.0],
            [16, OUTPUT_LAYER],
            [torch.ones(4)],
            [torch.ones(0, 3)],
            [torch.ones(4, 16), torch.ones(1, 5)],
            "16",
            16,
            None,
        ],
    )
    def test_layers_that_make_no_network(self, layers):
        for function in (diagrams.count_parameters, diagrams.draw_network):
            with pytest.raises((TypeError, ValueError), match=r"must .*, got"):
                function(layers)
        assert plt.get_fignums() == []


class TestNetworks:
    @pytest.mark.parametrize("grid", [False, True])
    @pytest.mark.parametrize(
        ("layers", "strands", "caption"),
        [
            (FULLY, 68, "(64 + 4) + (4 + 1) = 73 parameters"),
            (LOCAL, 20, "(16 + 4) + (4 + 1) = 25 parameters"),
            (SHARED, 20, "(4 + 1) + (4 + 1) = 10 parameters"),
            ([5, 3, 2], 21, "(15 + 3) + (6 + 2) = 26 parameters"),
        ],
    )
    def test_one_strand_for_each_connection(self, layers, strands, caption, grid):
        ax = diagrams.draw_network(layers, grid=grid)
        assert len(ax.lines) == strands
        assert texts(ax)[-1] == caption
        draw(ax.figure)

    def test_sixteen_pixels_four_units_one_output(self):
        for grid, pixel in ((True, Polygon), (False, Rectangle)):
            ax = diagrams.draw_network(FULLY, grid=grid)
            assert sum(isinstance(p, Circle) for p in ax.patches) == 5
            pixels = [p for p in ax.patches if isinstance(p, pixel) and p.get_facecolor()[3] > 0]
            assert len(pixels) == 16

    @pytest.mark.parametrize("grid", [False, True])
    def test_the_same_weight_looks_the_same(self, grid):
        ax = diagrams.draw_network(SHARED, grid=grid)
        looks = [(line.get_color(), str(line._dash_pattern)) for line in ax.lines[:16]]
        assert len(set(looks)) == len({colour for colour, _ in looks}) == 4
        assert all(looks.count(look) == 4 for look in looks)
        letters = [text for text in texts(ax) if len(text) == 1]
        assert sorted(letters) == sorted("abcd" * 4)

    def test_thirty_weights_can_be_told_apart(self):
        mask = torch.arange(1, 31).repeat(2, 1)
        ax = diagrams.draw_network([mask])
        looks = {(line.get_color(), str(line._dash_pattern)) for line in ax.lines}
        assert len(looks) == 30

    def test_own_weights_have_own_letters(self):
        ax = diagrams.draw_network(LOCAL, grid=True)
        letters = [text for text in texts(ax) if len(text) == 1]
        assert sorted(letters) == list("abcdefghijklmnop")

    @pytest.mark.parametrize("grid", [False, True])
    def test_labels_and_caption(self, grid):
        labels = ["image", "hidden", "output"]
        ax = diagrams.draw_network(FULLY, labels=labels, grid=grid, caption=False)
        assert texts(ax) == labels
        draw(ax.figure)
        with pytest.raises(ValueError, match=r"labels .*got"):
            diagrams.draw_network(FULLY, labels=labels[:2])

    @pytest.mark.parametrize("grid", [False, True])
    def test_the_figure_of_chapter_2(self, grid):
        titles = ["fully connected", "locally connected", "shared weights"]
        figure = diagrams.plot_networks([FULLY, LOCAL, SHARED], titles=titles, grid=grid)
        for ax, title, total in zip(figure.axes, titles, ("73", "25", "10"), strict=True):
            assert {title, total, "parameters"} <= set(texts(ax))
        assert [len(ax.lines) for ax in figure.axes] == [68, 20, 20]
        draw(figure)
        largest = max(figure.axes[0].texts, key=lambda text: text.get_fontsize())
        assert largest.get_text() == "73"
        assert largest.get_fontsize() > 30, "readable on a phone, at half the size"


class TestFilterBank:
    def test_a_cell_for_each_weight(self):
        weight = torch.randn(6, 3, 5, 5, generator=torch.Generator().manual_seed(0))
        ax = diagrams.draw_filter_bank(weight)
        cells = [patch for patch in ax.patches if patch.get_fill()]
        assert len(cells) == weight.numel()
        assert texts(ax) == [f"filter {n}: 3×5×5" for n in range(6)]
        draw(ax.figure)

    def test_zero_is_white_and_signs_differ(self):
        ax = diagrams.draw_filter_bank(torch.tensor([-2.0, 0.0, 1.0, 2.0]).reshape(1, 1, 2, 2))
        faces = [to_hex(p.get_facecolor()) for p in ax.patches if p.get_fill()]
        assert faces[0] == to_hex(PALETTE["input"])
        assert faces[3] == to_hex(PALETTE["highlight"])
        assert faces[1].upper() in ("#FFFFFF", "#FFFEFE", "#FFFDFD", "#FEFEFF", "#FDFEFE")

    @pytest.mark.parametrize("shape", [(1, 1, 3, 3), (2, 1, 3, 3), (1, 8, 1, 1), (7, 2, 2, 3)])
    def test_banks_of_all_shapes_fit(self, shape):
        draw(diagrams.draw_filter_bank(torch.zeros(shape)).figure)
