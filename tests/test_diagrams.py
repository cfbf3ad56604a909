"""Diagrams show what their tensors hold: PyTorch is the oracle for every number drawn."""

import io

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, Rectangle

from utils import diagrams
from utils.shapes import conv_output_size, pixel_usage, unused_pixels
from utils.style import PALETTE

X = torch.tensor(
    [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
)
K = torch.tensor([[0, 1, 2], [2, 2, 0], [0, 1, 2]])


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
