"""Figures that one chapter draws: every number and every panel is computed."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.collections import PolyCollection
from matplotlib.patches import Circle, FancyArrowPatch, Polygon
from torch import nn

from tests.drawn import (
    assert_chart_can_be_read,
    assert_fills_its_figure,
    assert_no_figure_is_open,
    assert_nothing_is_cut_off,
    assert_texts_do_not_touch,
    cells_of,
    frames_of,
    grey,
    limits,
    patches_of,
    shown,
    titles,
    written,
)
from utils.drawing.colours import TEXT_COLOURS, role_of
from utils.experiments import load_results
from utils.figures.chapter_02 import count_parameters, patch_mask, plot_flattened, plot_networks
from utils.figures.chapter_04 import plot_padding_modes
from utils.figures.chapter_05 import draw_parameter_count
from utils.figures.chapter_07 import plot_parameter_squares
from utils.figures.chapter_10 import plot_accuracies, plot_size_and_work
from utils.figures.chapter_11 import plot_accuracy_curves, plot_commuting_square
from utils.figures.chapter_12 import plot_agreement, plot_deletion

OUTPUT = torch.ones(1, 4, dtype=torch.bool)
FULLY = [16, 4, 1]
LOCAL = [patch_mask(4, 2, stride=2), OUTPUT]
SHARED = [patch_mask(4, 2, stride=2, shared=True), OUTPUT]


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")
    yield
    plt.close("all")


def areas(ax, role="kernel"):
    return [box.get_width() * box.get_height() for box in patches_of(ax, role)]


def colours(artists):
    return {role_of(artist) for artist in artists}


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

    def test_a_patch_larger_than_the_image(self):
        with pytest.raises(ValueError, match="fit"):
            patch_mask(2, 3)

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


class TestNetworks:
    NAMES = ("fully connected", "one patch each", "shared weights")

    def test_each_network_has_its_strands_and_its_number_in_large_figures(self):
        figure = plot_networks([FULLY, LOCAL, SHARED], titles=self.NAMES)
        assert [len(ax.lines) for ax in figure.axes] == [68, 20, 20]
        assert_nothing_is_cut_off(figure)
        for ax, name, total in zip(figure.axes, self.NAMES, ("73", "25", "10"), strict=True):
            assert {name, total, "parameters"} <= set(written(ax))
            largest = max(ax.texts, key=lambda text: text.get_fontsize())
            assert largest.get_text() == total
            assert largest.get_fontsize() > 30, "readable on a telephone, at half the size"
        scales = {np.diff(ax.get_xlim()).item() for ax in figure.axes}
        assert len(scales) == 1

    def test_pixels_lie_in_a_plane_and_its_units_above_their_patches(self):
        ax = plot_networks([LOCAL], titles=["one"]).axes[0]
        pixels = [patch.get_xy()[:4].mean(axis=0) for patch in patches_of(ax, "input", Polygon)]
        units = [unit.center for unit in patches_of(ax, "output", Circle)]
        assert (len(pixels), len(units)) == (16, 5)
        for unit, mask in zip(units, LOCAL[0], strict=False):
            patch = np.mean([pixels[n] for n in mask.nonzero().flatten()], axis=0)
            middle = np.mean(pixels, axis=0)
            assert unit[0] == pytest.approx(patch[0]), "upright"
            assert unit[1] < middle[1]
        assert units[4][1] < min(y for _, y in units[:4])

    def test_a_number_that_fills_no_square_stands_in_a_row(self):
        ax = plot_networks([[6, 3, 1]], titles=["row"]).axes[0]
        boxes = [box.get_center() for box in patches_of(ax, "input")]
        assert len({y for _, y in boxes}) == 1
        assert len({round(b - a, 6) for (a, _), (b, _) in pairwise(boxes)}) == 1

    def test_equal_weights_look_equal_and_have_one_letter(self):
        ax = plot_networks([SHARED], titles=["one"]).axes[0]
        looks = [(role_of(line), str(line._dash_pattern)) for line in ax.lines[:16]]
        assert looks == looks[:4] * 4
        assert len(set(looks)) == 4
        assert sorted(text for text in written(ax) if len(text) == 1) == sorted("abcd" * 4)


class TestFlattened:
    def test_the_strips_hold_the_pixels_in_order_and_frames_mark_the_rows(self):
        picture = grey(20, 30)
        figure = plot_flattened(picture, rows=(10, 12))
        whole, strip, part = figure.axes
        torch.testing.assert_close(shown(whole), picture.double())
        assert shown(strip).tolist() == [picture.double().flatten().tolist()]
        assert shown(part).tolist() == [picture[10:12].double().flatten().tolist()]
        assert frames_of(whole) == [(0, 10, 30, 2)]
        assert frames_of(strip) == [(10, 0, 2, 1)]
        assert titles(figure)[1:] == ["flattened: 600 in a row", "rows 10 to 11: 60 of them"]
        assert colours(part.spines.values()) == {"highlight"}
        assert colours(strip.spines.values()) == {"input"}
        assert_nothing_is_cut_off(figure)

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
    @pytest.mark.parametrize(
        ("layer", "words"),
        [
            (nn.Conv2d(1, 3, 3), "27 + 3 = 30 parameters"),
            (nn.Conv2d(3, 10, 3), "270 + 10 = 280 parameters"),
            (nn.Conv2d(6, 6, 3, groups=6), "54 + 6 = 60 parameters"),
            (nn.Conv2d(4, 5, 1, bias=False), "20 parameters, no bias"),
            (nn.Conv2d(2, 1, (1, 5)), "10 + 1 = 11 parameters"),
            (nn.Conv2d(1, 4, 2), "16 + 4 = 20 parameters"),
        ],
    )
    def test_every_parameter_is_drawn_once(self, layer, words):
        ax = draw_parameter_count(layer)
        filters, slices, rows, columns = layer.weight.shape
        assert written(ax)[-1] == words
        assert (
            f"{filters} × {slices} × {rows} × {columns} = {layer.weight.numel()} weights"
            in written(ax)
        )
        assert len(set(cells_of(ax, "kernel"))) == layer.weight.numel()
        sizes = [frame[2:] for frame in frames_of(ax, "kernel")]
        assert sizes == [(columns, rows)] * (filters * slices)
        discs = patches_of(ax, "bias", Circle)
        assert len(discs) == (0 if layer.bias is None else filters)
        names = [text for text in ax.texts if text.get_text().startswith("filter")]
        heights = {round(text.get_position()[1], 6) for text in names}
        assert len(names) == filters
        assert len(heights) == (filters if filters <= 4 else -(-filters // 2)), "rows"
        assert {round(disc.center[1], 6) for disc in discs} <= heights
        assert_nothing_is_cut_off(ax.figure, smallest=7)
        assert_texts_do_not_touch(ax.figure)

    def test_one_filter_has_a_bias_more_have_biases(self):
        assert "1 bias: one for each filter" in written(draw_parameter_count(nn.Conv2d(1, 1, 3)))
        assert "2 biases: one for each filter" in written(draw_parameter_count(nn.Conv2d(1, 2, 3)))

    def test_too_many_to_be_drawn_one_by_one(self):
        draw_parameter_count(nn.Conv2d(1, 100, 1))
        plt.close("all")
        with pytest.raises(ValueError, match="conv_layer must be at most 100 kernels, got 101"):
            draw_parameter_count(nn.Conv2d(1, 101, 1))
        assert_no_figure_is_open()


class TestParameterSquares:
    COUNTS = ({"a": 30, "b": 56, "c": 20001}, {"a": 30, "b": 56, "c": 1251}, {"all": 7})

    @pytest.mark.parametrize("counts", COUNTS)
    def test_the_area_is_the_number(self, counts):
        figure = plot_parameter_squares(counts)
        (ax,) = figure.axes
        ratios = [area / n for area, n in zip(areas(ax), counts.values(), strict=True)]
        assert ratios == pytest.approx([ratios[0]] * len(ratios))
        bases = {round(box.get_bbox().y1, 6) for box in patches_of(ax, "kernel")}
        assert len(bases) == 1, "on one line"
        assert written(ax)[::3] == list(counts)
        assert written(ax)[1::3] == [f"{n:,}" for n in counts.values()]
        assert_nothing_is_cut_off(figure)
        assert_texts_do_not_touch(figure)

    def test_shares_are_of_the_whole(self):
        assert written(plot_parameter_squares(self.COUNTS[1]).axes[0])[2::3] == [
            "2.2%",
            "4.2%",
            "93.6%",
        ]
        assert written(plot_parameter_squares({"a": 5, "b": 0}).axes[0])[2::3] == ["100%", "0%"]

    def test_two_figures_can_share_a_scale(self):
        first, second = (
            areas(plot_parameter_squares(counts, largest=20001).axes[0])
            for counts in self.COUNTS[:2]
        )
        assert first[:2] == pytest.approx(second[:2])
        assert first[2] / second[2] == pytest.approx(20001 / 1251)

    def test_many_squares_fit_the_page(self):
        figure = plot_parameter_squares({f"Conv2d({n}, 3)": 10 ** (n % 5) for n in range(9)})
        assert figure.get_figwidth() == pytest.approx(7.2)
        boxes = [box.get_bbox() for box in patches_of(figure.axes[0], "kernel")]
        assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
        assert boxes[0].x0 > 0
        assert boxes[-1].x1 < 7.2
        assert_texts_do_not_touch(figure)


class TestAccuracies:
    RESULTS = load_results("equal_budget")

    def test_markers_are_means_bars_one_standard_deviation_dots_the_seeds(self):
        rows = ("normal", "shift 2")
        (ax,) = plot_accuracies(self.RESULTS, {0: rows[0], 2: rows[1]}, xlabel="pixels").axes
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("pixels", "accuracy in per cent")
        dots = [line for line in ax.lines if line.get_marker() == "."]
        for n, (bars, name) in enumerate(zip(ax.containers, self.RESULTS.accuracies, strict=True)):
            values = torch.stack([100 * self.RESULTS.of(name, row) for row in rows])
            line, (lower, upper), _ = bars.lines
            assert list(line.get_ydata()) == pytest.approx(values.mean(dim=1).tolist())
            reach = (upper.get_ydata() - lower.get_ydata()) / 2
            assert list(reach) == pytest.approx(values.std(dim=1).tolist())
            seeds = dots[n * values.shape[1] : (n + 1) * values.shape[1]]
            found = torch.tensor(np.array([seed.get_ydata() for seed in seeds])).T
            torch.testing.assert_close(found, values, check_dtype=False)
            assert np.abs(line.get_xdata() - (0, 2)).max() <= 0.1, "at its place, a little aside"
            assert (upper.get_markersize(), upper.get_markeredgewidth()) == (10, 2), "caps"
            assert (line.get_linewidth(), bars.lines[2][0].get_linewidth()[0]) == (2.5, 2)
        assert_chart_can_be_read(ax, [bars.lines[0] for bars in ax.containers])

    def test_networks_differ_in_more_than_colour(self):
        bars = plot_accuracies(self.RESULTS, {0: "normal", 1: "shift 1"}).axes[0].containers
        for look in ("get_linestyle", "get_marker", "get_color"):
            assert len({getattr(bar.lines[0], look)() for bar in bars}) == len(bars) == 3
        places = [bar.lines[0].get_xdata()[0] for bar in bars]
        assert places == pytest.approx([-0.02, 0, 0.02]), "side by side"

    @pytest.mark.parametrize("conditions", [{0: "normal", 4: "shift 4"}, {"one": "normal"}])
    def test_names_stand_at_the_ends_and_do_not_touch(self, conditions):
        figure = plot_accuracies(self.RESULTS, conditions)
        (ax,) = figure.axes
        assert {text.replace("\n", " ") for text in written(ax)} == set(self.RESULTS.accuracies)
        assert_nothing_is_cut_off(figure)
        assert_texts_do_not_touch(figure)
        order = sorted(ax.texts, key=lambda text: text.get_window_extent().y0)
        last = {bar.lines[0].get_ydata()[-1]: bar.lines[0] for bar in ax.containers}
        expected = [TEXT_COLOURS[role_of(last[height])] for height in sorted(last)]
        assert [text.get_color() for text in order] == expected, "lowest first"

    def test_the_axis_reaches_a_tenth_beyond_its_numbers(self):
        (ax,) = plot_accuracies(self.RESULTS, {1: "shift 1", 4: "shift 4"}).axes
        assert ax.get_xlim() == pytest.approx((0.7, 4.3))
        assert [tick for tick in ax.get_yticks() if tick % 10 == 0], "round numbers"

    def test_the_axis_begins_below_the_lowest_seed_or_where_told(self):
        lowest = min(
            100 * self.RESULTS.of(name, "normal").min().item() for name in self.RESULTS.accuracies
        )
        (ax,) = plot_accuracies(self.RESULTS, {"normal": "normal"}).axes
        assert ax.get_ylim() == pytest.approx((lowest - 4, 101.5))
        assert [label.get_text() for label in ax.get_xticklabels()] == ["normal"]
        assert ax.get_xlim() == (-0.1, 0.1)
        (ax,) = plot_accuracies(self.RESULTS, {"normal": "normal"}, low=0.25).axes
        assert ax.get_ylim()[0] == 25


def test_areas_are_parameters_and_multiply_adds():
    small, large = (nn.Sequential(nn.Flatten(), nn.Linear(n, 1)) for n in (8, 99))
    figure = plot_size_and_work({"small": (small, (8,)), "large": (large, (99,))})
    (ax,) = figure.axes
    first, second = areas(ax, "kernel"), areas(ax, "output")
    assert first[0] / first[1] == pytest.approx(9 / 100)
    assert second[0] / second[1] == pytest.approx(8 / 99)
    assert first[1] == second[1] == pytest.approx(1.9**2), "each row has a scale of its own"
    expected = ["parameters", "9", "small", "100", "large"]
    assert written(ax) == [*expected, "multiply-adds", "8", "small", "99", "large"]
    assert_nothing_is_cut_off(figure)
    assert_texts_do_not_touch(figure)


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

    def test_the_way_over_the_top_lies_above_the_diagonal(self):
        corner = plot_commuting_square(grey(8, 8), shift, convolve_zeros).axes[3]
        path = corner.images[1].get_clip_path().get_fully_transformed_path()
        triangle = corner.transData.transform([(-0.5, -0.5), (7.5, -0.5), (7.5, 7.5)])
        assert {tuple(point) for point in path.vertices} == {tuple(point) for point in triangle}
        assert (corner.get_xlim(), corner.get_ylim()) == ((-0.5, 7.5), (7.5, -0.5))

    def test_in_a_large_map_a_few_values_do_not_set_the_scale(self):
        picture = grey(40, 40)
        picture[0, 0] = 1000
        figure = plot_commuting_square(picture, shift, lambda x: x)
        assert limits(figure.axes[1])[1] == pytest.approx(picture.quantile(0.98).item(), rel=1e-4)

    def test_the_arrows_say_what_is_done(self):
        figure = plot_commuting_square(grey(8, 8), shift, convolve, names=("turn", "blur"))
        texts = [text.get_text() for text in figure.texts]
        assert texts[:-1] == ["blur", "blur", "turn", "turn"]
        assert texts[-1] == "above the diagonal:\nblur, then turn\n\nbelow it:\nturn, then blur"
        ends = [arrow._posA_posB for arrow in figure.artists if isinstance(arrow, FancyArrowPatch)]
        across = [end for start, end in ends if start[1] == end[1] and start[0] < end[0]]
        down = [end for start, end in ends if start[0] == end[0] and start[1] > end[1]]
        assert (len(across), len(down)) == (3, 2)
        assert_nothing_is_cut_off(figure)
        assert_texts_do_not_touch(figure)

    def test_a_transformation_may_change_the_sides(self):
        figure = plot_commuting_square(grey(8, 5), lambda x: x.rot90(1, (-2, -1)), torch.square)
        assert figure.axes[-1].get_xlabel() == "0 of 40 pixels"

    def test_functions_that_write_into_their_input_harm_nothing(self):
        image = grey(8, 8)
        figure = plot_commuting_square(image, lambda x: x.add_(1), lambda x: x.mul_(2))
        assert image.equal(grey(8, 8))
        torch.testing.assert_close(shown(figure.axes[0]), image)
        assert figure.axes[-1].get_xlabel() == "64 of 64 pixels"

    def test_maps_that_do_not_fit_leave_no_figure(self):
        with pytest.raises(RuntimeError, match="size"):
            plot_commuting_square(grey(8, 8), lambda x: x[..., 1:], lambda x: x[..., ::2])
        assert_no_figure_is_open()


class TestAccuracyCurves:
    VALUES = torch.tensor([[0.9, 0.5, 0.1], [0.7, 0.6, 0.3]])

    def curves(self, number=1, positions=(0, 45, 90), pictures=2):
        curves = {name: self.VALUES[:, : len(positions)] for name in "abcd"[:number]}
        look = {"label": "angle", "chance": 4, "pictures": [grey(4, 4)] * pictures}
        return plot_accuracy_curves(positions, curves, **look)

    def test_the_line_is_the_mean_and_the_band_the_range(self):
        ax = self.curves().axes[0]
        assert ax.lines[0].get_ydata() == pytest.approx([0.8, 0.55, 0.2])
        (band,) = (c for c in ax.collections if isinstance(c, PolyCollection))
        edge = {(float(x), round(float(y), 4)) for x, y in band.get_paths()[0].vertices}
        assert (band.get_alpha(), band.get_linewidth()) == (0.25, 0)
        assert (ax.get_ylim(), list(ax.get_yticks())) == ((0, 1.02), [0, 0.5, 1])
        assert edge == {(0, 0.9), (0, 0.7), (45, 0.5), (45, 0.6), (90, 0.1), (90, 0.3)}

    def test_guessing_is_a_level(self):
        ax = self.curves().axes[0]
        assert list(ax.lines[-1].get_ydata()) == [0.25, 0.25]
        (text,) = ax.texts
        assert (text.get_text(), text.get_position()[0]) == ("guessing", 0)
        assert 0.2 < text.get_position()[1] < 0.25, "underneath"

    def test_networks_differ_in_more_than_colour(self):
        figure = self.curves(4)
        lines = figure.axes[0].lines[:4]
        for look in ("get_linestyle", "get_marker", "get_color"):
            assert len({getattr(line, look)() for line in lines}) == 4
        legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        assert legend == list("abcd")

    def test_pictures_stand_above_their_positions(self):
        figure = self.curves(pictures=2)
        ax, *panels = figure.axes
        assert ax.get_xlabel() == "angle"
        assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "90"]
        assert [label.get_text() for label in ax.get_yticklabels()] == ["0%", "50%", "100%"]
        for place, panel in zip((0, 90), panels, strict=True):
            box = panel.get_position()
            at = figure.transFigure.inverted().transform(ax.transData.transform((place, 0.5)))
            assert at[0] == pytest.approx((box.x0 + box.x1) / 2, abs=1e-6)
            assert box.y0 > ax.get_position().y1
            assert box.width * figure.get_figwidth() == pytest.approx(0.75)
        assert_chart_can_be_read(ax, ax.lines[:1])
        assert_nothing_is_cut_off(figure)
        assert_fills_its_figure(figure)


class TestTrust:
    def test_deletion_is_drawn_in_per_cent_with_a_look_for_each_order(self):
        names = list("abcdef")
        figure = plot_deletion([0, 0.5], {name: [1.0, 0.1] for name in names})
        (ax,) = figure.axes
        lines = ax.get_lines()
        assert lines[0].get_xdata().tolist() == [0, 50]
        assert lines[0].get_ydata().tolist() == [1.0, 0.1]
        for look in ("get_color", "get_marker"):
            assert len({getattr(line, look)() for line in lines}) == 6
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == names
        assert ax.get_ylim() == (-0.02, 1.02)
        assert_chart_can_be_read(ax, lines)
        assert_nothing_is_cut_off(figure)
        assert_fills_its_figure(figure)
        figure.draw_without_rendering()
        assert 0 < legend.get_window_extent().y0 - ax.get_window_extent().y1 < 25, "close above"
        lines = {round(text.get_window_extent().y0) for text in legend.get_texts()}
        assert len(lines) == 3, "two beside each other"

    def test_agreement_is_mean_and_spread(self):
        values = torch.tensor([0.2, 0.4, 0.9])
        row = {"trained": values, "random": values - 0.5}
        figure = plot_agreement({"map": row, "one of two lines": row})
        (ax,) = figure.axes
        assert [text.get_text() for text in ax.get_yticklabels()] == ["map", "one of two\nlines"]
        for bars, shift in zip(ax.containers, (0, 0.5), strict=True):
            line, _, (spans,) = bars.lines
            assert list(line.get_xdata()) == pytest.approx([0.5 - shift] * 2, abs=1e-6)
            ends = spans.get_segments()[0][:, 0]
            spread = values.std(correction=0).item()
            assert list(ends) == pytest.approx([0.5 - shift - spread, 0.5 - shift + spread])
        first, second = (bars.lines[0].get_ydata() for bars in ax.containers)
        assert first + second == pytest.approx([0, 2]), "around the middle of the row"
        assert first[0] < second[0], "in the order of the legend"
        assert ax.get_ylim() == (1.5, -0.5), "the first row on top"
        assert ax.get_xlim()[0] <= -0.3
        assert ax.get_xlim()[1] == 1.03
        zero, between = ax.lines[0], ax.lines[-1]
        assert list(zero.get_xdata()) == [0, 0]
        assert list(between.get_ydata()) == [0.5, 0.5]
        assert zero.get_linewidth() > between.get_linewidth()
        assert first[0] == pytest.approx(-0.12)
        assert {bars.lines[2][0].get_linewidth()[0] for bars in ax.containers} == {2.5}
        assert_chart_can_be_read(ax, [bars.lines[0] for bars in ax.containers])
        assert_nothing_is_cut_off(figure)
        assert_fills_its_figure(figure, margin=0.5)
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == ["trained", "random"]
        assert 0 < legend.get_window_extent().y0 - ax.get_window_extent().y1 < 25, "close above"
