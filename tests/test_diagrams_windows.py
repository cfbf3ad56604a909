"""Windows that slide: PyTorch is the oracle for every number drawn, written and said."""

import itertools
import re

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import Circle

from tests.drawn import (
    assert_no_figure_is_open,
    assert_nothing_is_cut_off,
    assert_texts_do_not_touch,
    cells_of,
    corner_under,
    frames_of,
    grid_at,
    number,
    numbers_at,
    patches_of,
    shown,
    titles,
    written,
)
from utils import diagrams
from utils.diagrams.steps import ChannelSteps, ConvSteps, PoolSteps
from utils.drawing.colours import tint
from utils.drawing.page import PHONE_WIDTH
from utils.figures.chapter_04 import draw_positions, plot_shrinking
from utils.figures.chapter_05 import plot_channel_sum
from utils.figures.chapter_06 import plot_pool_gradient
from utils.shapes import conv_output_size, unused_pixels

X = torch.tensor(
    [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
)
K = torch.tensor([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
M = torch.tensor([[1, 3, 2, 9], [7, 4, 1, 5], [8, 5, 2, 3], [4, 2, 1, 4]])


def conv(image, kernel, **options):
    return F.conv2d(image[None, None].double(), kernel[None, None].double(), **options)[0, 0]


def pooled(image, kernel_size, *, mode="max", **options):
    function = F.max_pool2d if mode == "max" else F.avg_pool2d
    return function(image[None, None].double(), kernel_size, **options)[0, 0]


def as_written(values):
    """Round as a diagram writes: two decimals at most."""
    return [[pytest.approx(value, abs=0.0051) for value in row] for row in values.tolist()]


def flat(rows):
    return list(itertools.chain(*rows))


def assert_can_be_read(figure):
    assert_nothing_is_cut_off(figure, smallest=3)
    assert_texts_do_not_touch(figure)


def faces(ax, role):
    """Return corner -> colour of the cells of a role; of two on one place, the upper one."""
    found = [p for p in patches_of(ax, role) if p.get_fill() and p.get_width() == 1]
    return {p.get_xy(): to_hex(p.get_facecolor()) for p in sorted(found, key=lambda p: p.zorder)}


class TestGrid:
    def test_every_number_stands_in_its_cell(self):
        ax = diagrams.draw_grid(X)
        assert numbers_at(ax, 0, 0, 5, 5) == X.tolist()
        assert sorted(cells_of(ax, "input")) == list(itertools.product(range(5), repeat=2))
        assert ax.get_ylim()[0] > ax.get_ylim()[1], "row 0 is at the top"
        wide, high = diagrams.draw_grid(X[:2]).figure.get_size_inches()
        assert wide > 1.9 * high

    @pytest.mark.parametrize(
        ("highlight", "expected"),
        [
            (None, []),
            ([], []),
            ((1, 2), [(2, 1, 1, 1)]),
            ((slice(0, 3), slice(1, 4)), [(1, 0, 3, 3)]),
            ((slice(None), -1), [(4, 0, 1, 5)]),
            ([(0, 0), (0, 1), (1, 0), (1, 1)], [(0, 0, 2, 2)]),
        ],
    )
    def test_a_highlight_is_a_frame(self, highlight, expected):
        assert frames_of(diagrams.draw_grid(X, highlight=highlight)) == expected


SETTINGS = [  # and the padding above and below, left and right
    ({}, (0, 0)),
    ({"stride": 2, "padding": 1}, (1, 1)),
    ({"stride": (1, 2), "padding": (0, 1)}, (0, 1)),
    ({"dilation": 2}, (0, 0)),
    ({"padding": "same"}, (1, 1)),
]


class TestConvolution:
    @pytest.mark.parametrize(("options", "rim"), SETTINGS)
    def test_the_equation_holds(self, options, rim):
        figure = diagrams.plot_convolution(X, K, **options)
        (ax,), expected = figure.axes, conv(X, K, **options)
        assert numbers_at(ax, *corner_under(ax, "K"), 3, 3) == K.tolist()
        assert numbers_at(ax, *corner_under(ax, "Y"), *expected.shape) == expected.tolist()
        padded = F.pad(X, (rim[1], rim[1], rim[0], rim[0]))
        assert numbers_at(ax, *corner_under(ax, "X"), *padded.shape) == padded.tolist()
        assert len(cells_of(ax, "padding")) == padded.numel() - X.numel()
        signs = [t.get_position()[0] for t in ax.texts if t.get_text() in ("*", "=")]
        assert signs == sorted(signs)
        assert len(signs) == 2
        assert_can_be_read(figure)

    @pytest.mark.parametrize("options", [options for options, _ in SETTINGS])
    def test_a_step_is_written_out(self, options):
        expected = conv(X, K, **options)
        rows, columns = expected.shape
        last = expected.numel() - 1
        for step in {0, last // 2, last}:
            i, j = divmod(step, columns)
            (ax,) = diagrams.plot_window_step(X, K, step=step, **options).axes
            products, result = written_sum(ax)
            assert result == f"= {expected[i, j]:.0f}"
            assert sum(pixel * weight for pixel, weight in products) == expected[i, j]
            assert [weight for _, weight in products] == K.flatten().tolist()
            assert f"Y[{i}, {j}] =" in written(ax)
            left, top = corner_under(ax, "Y")
            found = flat(numbers_at(ax, left, top, rows, columns))
            values = expected.flatten().tolist()
            assert found == values[: step + 1] + [None] * (last - step)
            assert (left + j, top + i, 1, 1) in frames_of(ax)
            plt.close()

    def test_a_dilated_window_has_holes(self):
        options = {"stride": 2, "dilation": 2}
        (ax,) = diagrams.plot_window_step(torch.zeros(7, 7), K, step=1, **options).axes
        left, top = corner_under(ax, "X")
        corners = [(round(x - left), round(y - top)) for x, y, _, _ in frames_of(ax)[:-1]]
        assert corners == [(x, y) for y in (0, 2, 4) for x in (2, 4, 6)]

    def test_rounded_products_do_not_pretend_to_be_exact(self):
        blur = torch.tensor([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
        kernels = (blur, blur * 4, K - 1)
        ends = [written(diagrams.plot_window_step(X, kernel).axes[0])[-1] for kernel in kernels]
        assert ends == ["≈ 1.25", "= 5.00", "= −3"]
        assert "(−1)" in written(diagrams.plot_window_step(X, K - 1).axes[0])


def written_sum(ax):
    """Return the products that are written under a window step, and the result."""
    products = []
    for dot in (text for text in ax.texts if text.get_text() == "·"):
        x, y = dot.get_position()
        line = [t for t in ax.texts if abs(t.get_position()[1] - y) < 1e-6 and t is not dot]
        left = max((t for t in line if t.get_position()[0] < x), key=lambda t: t.get_position())
        right = min((t for t in line if t.get_position()[0] > x), key=lambda t: t.get_position())
        products.append((number(left.get_text()), number(right.get_text())))
    return products, written(ax)[-1]


POOLS = [
    (M, (2, 2), {}),
    (X, (3, 3), {"stride": (1, 1), "mode": "average"}),
    (X, (2, 2), {"ceil_mode": True}),
    (X, (2, 2), {"ceil_mode": True, "mode": "average"}),
    (X, (3, 3), {"stride": (2, 2), "padding": (1, 1)}),
    (X, (3, 3), {"stride": (2, 2), "padding": (1, 1), "mode": "average"}),
    (X, (2, 3), {"stride": (2, 1)}),
]


class TestPoolStep:
    @pytest.mark.parametrize(("image", "kernel_size", "options"), POOLS)
    def test_the_output_is_what_pytorch_returns_as_far_as_it_is_known(
        self, image, kernel_size, options
    ):
        expected = pooled(image, kernel_size, **options)
        last = expected.numel() - 1
        for step in (0, last):
            figure = diagrams.plot_pool_step(image, kernel_size, step=step, **options)
            (ax,) = figure.axes
            left, top = corner_under(ax, "Y")
            found = flat(numbers_at(ax, left, top, *expected.shape))
            assert found[: step + 1] == flat(as_written(expected))[: step + 1]
            assert found[step + 1 :] == [None] * (last - step)
            i, j = divmod(step, expected.shape[1])
            assert (left + j, top + i, 1, 1) in frames_of(ax)
            assert f"Y[{i}, {j}] = " in " ".join(written(ax))
            result = written(ax)[-1]
            assert number(result[2:]) == pytest.approx(float(expected[i, j]), abs=0.0051)
            assert_can_be_read(figure)

    def test_cells_that_no_window_reaches_are_hatched(self):
        def hatched(**options):
            (ax,) = diagrams.plot_pool_step(X, 2, **options).axes
            left, top = corner_under(ax, "X")
            corners = (p.get_xy() for p in ax.patches if p.get_hatch())
            return {(round(y - top), round(x - left)) for x, y in corners}

        cells = itertools.product(range(5), repeat=2)
        assert hatched() == {cell for cell in cells if 4 in cell}
        assert hatched(ceil_mode=True) == set()

    def test_the_first_of_the_largest_wins_as_in_pytorch(self):
        (ax,) = diagrams.plot_pool_step(torch.tensor([[5, 7], [7, 5]]), 2).axes
        left, top = corner_under(ax, "X")
        won, lost = to_hex(tint("output", 0.5)), to_hex(tint("highlight", 0.2))
        assert faces(ax, "output")[left + 1, top] == won
        assert set(faces(ax, "highlight").values()) == {lost}
        assert len(cells_of(ax, "highlight")) == 3
        bold = [t.get_position() for t in ax.texts if t.get_text() == "7" and is_bold(t)]
        assert (left + 1.5, top + 0.5) in bold
        assert (left + 0.5, top + 1.5) not in bold

    @pytest.mark.parametrize(("image", "kernel_size", "options"), POOLS)
    def test_captions_tell_what_pytorch_computes(self, image, kernel_size, options):
        expected = pooled(image, kernel_size, **options).flatten().tolist()
        steps = PoolSteps(image.double(), kernel_size, **options)
        for caption, value in zip(steps.captions(), expected, strict=True):
            result, values = re.fullmatch(r"Y.* = (.*): the \w+ of (.*)\.", caption).groups()
            assert number(result) == pytest.approx(value, abs=0.0051)
            numbers = [number(text) for text in values.replace(" and ", ", ").split(", ")]
            found = sum(numbers) / len(numbers) if steps.mode == "average" else max(numbers)
            assert found == pytest.approx(value)


def is_bold(text):
    return text.get_fontweight() == "bold"


class TestPoolGradient:
    @pytest.mark.parametrize(("image", "kernel_size", "options"), POOLS)
    def test_it_is_the_gradient_of_autograd(self, image, kernel_size, options):
        options = {name: value for name, value in options.items() if name != "ceil_mode"}
        leaf = image.double().requires_grad_()
        output = pooled(leaf, kernel_size, **options)
        arriving = torch.arange(1.0, 1 + output.numel()).reshape(output.shape).double()
        (expected,) = torch.autograd.grad(output, leaf, arriving)
        figure = plot_pool_gradient(image, kernel_size, gradient=arriving, **options)
        (ax,) = figure.axes
        for letter, values in (("X", image), ("Y", output), ("dX", expected), ("dY", arriving)):
            found = numbers_at(ax, *corner_under(ax, letter), *values.shape)
            assert found == as_written(values.detach())
        assert_can_be_read(figure)


def colour_image(size=4, channels=3):
    generator = torch.Generator().manual_seed(size)
    return torch.randint(0, 5, (channels, size, size), generator=generator)


def colour_filter(size=3, channels=3):
    generator = torch.Generator().manual_seed(size)
    return torch.randint(-2, 3, (channels, size, size), generator=generator)


def partial_maps(image, filter):
    """Return the map of each channel, as PyTorch computes it."""
    pairs = zip(image, filter, strict=True)
    return torch.stack([conv(plane, kernel) for plane, kernel in pairs])


class TestChannelSum:
    @pytest.mark.parametrize(("size", "channels"), [(4, 3), (6, 3), (5, 2), (4, 1)])
    def test_partial_maps_and_their_sum(self, size, channels):
        image, filter = colour_image(size, channels), colour_filter(3, channels)
        figure = plot_channel_sum(image, filter, bias=2)
        (ax,) = figure.axes
        partial = partial_maps(image, filter)
        rows, columns = partial.shape[1:]
        outputs = sorted(cells_of(ax, "output"))
        names = ["red", "green", "blue"] if channels == 3 else [f"channel {n}" for n in range(9)]
        for n in range(channels):
            assert numbers_at(ax, *corner_under(ax, names[n]), size, size) == image[n].tolist()
            left, top = corner_under(ax, f"slice {n}")
            assert numbers_at(ax, left, top, 3, 3) == filter[n].tolist()
            middle = top + 1.5 - rows / 2
            assert numbers_at(ax, outputs[0][0], middle, rows, columns) == partial[n].tolist()
        total = (partial.sum(0) + 2).tolist()
        assert numbers_at(ax, *corner_under(ax, "Y"), rows, columns) == total
        assert {"bias 2", "sum + bias", f"{rows}×{columns}"} <= set(written(ax))
        assert_can_be_read(figure)

    def test_pictures_have_one_scale_that_a_few_strong_edges_do_not_set(self):
        image = torch.rand(3, 40, 40, generator=torch.Generator().manual_seed(0))
        image[:, 5, 5] = 50
        filter = colour_filter().double()
        figure = plot_channel_sum(image, filter, position=(7, 9))
        (ax,) = figure.axes
        partial = partial_maps(image, filter)
        maps = [*partial, partial.sum(0)]
        drawn = [*range(1, 6, 2), 6]
        for index, expected in zip(drawn, maps, strict=True):
            torch.testing.assert_close(shown(ax, index), expected)
        limit = torch.stack(maps).abs().quantile(0.99).item()
        assert limit < 0.5 * torch.stack(maps).abs().max()
        for index in drawn:
            assert ax.images[index].get_clim() == pytest.approx((-limit, limit))
        scale = 5 / 40
        assert {round(width / scale) for *_, width, _ in frames_of(ax)} == {3, 1}
        left, right, low, high = ax.images[0].get_extent()
        assert (right - left, low - high) == (5, 5)
        assert_can_be_read(figure)

    def test_rounded_numbers_are_about_equal(self):
        third, seventh = torch.full((3, 3, 3), 1 / 3), torch.full((3, 3, 3), 1 / 7)
        (ax,) = plot_channel_sum(third, seventh, position=(0, 0)).axes
        assert [text for text in written(ax) if text[:2] == "≈ "] == ["≈ 0.43"] * 3
        assert written(ax)[-1] == "Y[0, 0] = 0.43 + 0.43 + 0.43 + bias 0 = 1.29"

    def test_captions(self):
        image, filter = colour_image(), colour_filter()
        steps = ChannelSteps(image, filter, bias=1)
        expected = (partial_maps(image, filter).sum(0) + 1).flatten().tolist()
        results = [caption.split(": ")[0].split(" = ")[-1] for caption in steps.captions()]
        assert [number(result) for result in results] == expected
        assert "A 3×3×3 filter slides over a 3×4×4 image." in steps.alt()
        assert "the bias 1 is" in steps.alt()

    def test_what_does_not_fit(self):
        with pytest.raises(ValueError, match=r"position must lie in .*\(2, 2\), got \(2, 0\)"):
            plot_channel_sum(colour_image(), colour_filter(), position=(2, 0))
        with pytest.raises(ValueError, match="filter must have one kernel for each"):
            plot_channel_sum(colour_image(), colour_filter(channels=2))
        assert_no_figure_is_open()


STEPS = [
    ConvSteps(X, K, stride=(1, 1), padding=(0, 0), dilation=(1, 1)),
    PoolSteps(X.double(), (3, 3), stride=(1, 1)),
    ChannelSteps(colour_image(), colour_filter(), bias=1),
]


@pytest.mark.parametrize("steps", STEPS, ids=["conv", "pool", "channels"])
def test_a_step_of_an_animation_is_small_and_no_figure_of_pyplot(steps):
    figures = list(steps.frames())
    assert len(figures) == len(steps) == len(steps.captions()) == steps.output.numel()
    assert len({tuple(figure.get_size_inches()) for figure in figures}) == 1
    assert figures[0].get_size_inches()[0] <= PHONE_WIDTH + 1e-6
    assert_no_figure_is_open()
    (ax,) = figures[1].axes
    rows, columns = steps.output.shape
    found = flat(grid_at(ax, *corner_under(ax, "Y"), rows, columns))
    assert [text is None for text in found] == [False] * 2 + [True] * (len(steps) - 2)
    for figure in figures:
        assert_can_be_read(figure)


class TestPositions:
    @settings(max_examples=25, deadline=None)
    @given(
        size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
        kernel_size=st.integers(1, 4),
        stride=st.integers(1, 3),
        padding=st.integers(0, 2),
        dilation=st.integers(1, 2),
    )
    def test_a_dot_for_each_output_and_hatching_where_no_window_comes(
        self, size, kernel_size, **options
    ):
        try:
            rows, columns = conv_output_size(size, kernel_size, **options)
        except ValueError:
            with pytest.raises(ValueError, match="fit"):
                draw_positions(size, kernel_size, **options)
            return
        ax = draw_positions(size, kernel_size, **options)
        half = (options["dilation"] * (kernel_size - 1) + 1) / 2
        stride = options["stride"]
        assert [dot.center for dot in patches_of(ax, "output", Circle)] == [
            (half + j * stride, half + i * stride) for i in range(rows) for j in range(columns)
        ]
        hatched = [patch for patch in ax.patches if patch.get_hatch()]
        lost = unused_pixels(size, kernel_size, **options)
        height, width = (n + 2 * options["padding"] for n in size)
        assert len(hatched) == height * width - (height - lost[0]) * (width - lost[1])
        assert ("unused" in ax.get_title()) == any(lost)
        plt.close("all")


class TestShrinking:
    def test_a_kernel_may_be_one_of_your_own(self):
        figure = plot_shrinking(torch.ones(4, 9), {"low": torch.ones(1, 3) / 6}, times=2)
        assert titles(figure) == ["low\n4×9", "low\n4×7", "low\n4×5"]
        torch.testing.assert_close(shown(figure.axes[1]).float(), torch.full((4, 7), 0.5))

    def test_nothing_left(self):
        plot_shrinking(torch.ones(9, 9), ["box"], times=4)
        plt.close("all")
        with pytest.raises(ValueError, match=r"image must outlast 5 conv.* got shape \(9, 9\)"):
            plot_shrinking(torch.ones(9, 9), ["identity", "box"], times=5)
        assert_no_figure_is_open()
