"""The drawing layer: places in inches and in cells, colours by role, words, scales and keys."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from tests.drawn import assert_drawn_as_approved, frames_of, grid_at
from utils.drawing import cells, colours, curves, maps, marks, page, words
from utils.style import PALETTE


@pytest.fixture
def ax():
    return cells.cell_axes(plt.figure().add_subplot(), 10, 8)


def contrast(first, second):
    """Return the contrast of two colours as WCAG defines it, from 1 to 21."""

    def luminance(colour):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
        ]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


class TestColours:
    @pytest.mark.parametrize("role", PALETTE)
    def test_text_of_each_role_can_be_read_on_white_and_on_its_tint(self, role):
        assert contrast(colours.TEXT_COLOURS[role], "white") >= 4.5
        assert contrast(colours.TEXT_COLOURS[role], colours.tint(role, 0.16)) >= 4.5
        assert contrast(colours.INK, colours.tint(role, 0.3)) >= 7

    @pytest.mark.parametrize("grey", np.linspace(0, 1, 11))
    def test_text_on_any_grey_has_the_better_contrast(self, grey):
        background = (grey, grey, grey)
        chosen = colours.readable_on(background, ink="black")
        assert contrast(chosen, background) == max(
            contrast("white", background), contrast("black", background)
        )


class TestWords:
    def test_every_text_can_be_translated(self):
        german = {"step {step}": "Schritt {step}", "image": "Bild", "and": "und"}
        with words.translated(lambda text: german.get(text, text)):
            assert words.say("step {step}", step=3) == "Schritt 3"
            assert words.listed(["0", "2", "4"]) == "0, 2 und 4"
            with page.new_sheet(2, 2) as sheet:
                ax = sheet.panel(page.Box(0, 0, 1, 1))
                words.title(ax, "image", size=12)
                words.label_axes(ax, x="image", y="image", size=12)
                texts = [sheet.write(0, 0, "image"), cells.write_in(ax, 0, 0, "image")]
            assert {text.get_text() for text in texts} == {"Bild"}
            assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("Bild",) * 3
        assert words.say("image") == "image"
        assert words.say("{as it is}") == "{as it is}"

    @pytest.mark.parametrize(
        ("values", "texts"),
        [
            ([1.0, -2.0], ["1", "−2"]),
            ([0.5, 1.0], ["0.5", "1.0"]),
            ([0.25, 1.0], ["0.25", "1.00"]),
            ([-0.001, 1.5], ["0.00", "1.50"]),
            ([-math.inf, 2.0], ["−∞", "2"]),
        ],
    )
    def test_a_grid_has_as_many_decimals_as_it_needs(self, values, texts):
        write = words.number_format(torch.tensor(values))
        assert [write(value) for value in values] == texts

    def test_rounded_numbers_are_almost_equal(self):
        assert words.equality(1 / 3, "0.33") == "≈"
        assert words.equality(-0.5, "−0.5") == "="
        assert words.equality(math.inf, "∞") == "="

    def test_short_forms(self):
        assert [words.short(value) for value in (-0.0, 1.0, -1234.5678)] == ["0", "1", "−1.23e+03"]
        assert [words.in_brackets(text) for text in ("−2", "2")] == ["(−2)", "2"]
        assert [words.one_or_pair(value) for value in (3, (2, 2), (2, 1))] == ["3", "2", "(2, 1)"]
        assert words.size_text((3, 2)) == "3×2"
        assert [words.listed("a"), words.listed("ab")] == ["a", "a and b"]

    @pytest.mark.parametrize(
        ("weights", "texts", "factor"),
        [
            ([1 / 16, 2 / 16, 4 / 16], ["1", "2", "4"], "× 1/16"),
            ([1 / 3, -2 / 3], ["1", "−2"], "× 1/3"),
            ([1 / 400, 3 / 400], ["1", "3"], "× 1/400"),
            ([1 / 511, 1 / 2], ["0.00", "0.50"], ""),  # 1022 is no factor for a reader
            ([0.5, -0.25], ["0.5", "−0.25"], ""),
            ([-12.25, 1.0], ["−49", "4"], "× 1/4"),
            ([0.12345, -0.0001], ["0.12", "0.00"], ""),
        ],
    )
    def test_weights_are_short_and_true(self, weights, texts, factor):
        found, common = words.weight_texts(torch.tensor([weights], dtype=torch.float64))
        assert found.tolist() == [texts]
        assert common == factor


class TestPage:
    def test_a_figure_that_fails_while_it_is_drawn_is_closed(self):
        with pytest.raises(RuntimeError, match="no ink"), page.new_sheet(1, 1):
            raise RuntimeError("no ink")
        assert plt.get_fignums() == []

    @pytest.mark.parametrize(
        ("number", "ncols", "columns"), [(5, 4, 3), (4, 4, 4), (7, 3, 3), (1, 4, 1), (9, 4, 3)]
    )
    def test_rows_are_even_and_never_longer_than_asked(self, number, ncols, columns):
        grid = page.PanelGrid(number, ncols)
        assert len(grid.boxes) == number
        assert len({box.left for box in grid.boxes}) == grid.columns == columns

    @pytest.mark.parametrize("axis", [False, True])
    def test_boxes_keep_the_room_that_was_asked_for(self, axis):
        room = {"above": 0.5, "below": 0.25, "top": 1.0, "right": 0.75, "gap": 0.1}
        grid = page.PanelGrid(6, 3, ratio=0.5, axis=axis, **room)
        ticks = page.TICKS if axis else 0
        first, second, third, fourth, *_ = grid.boxes
        assert first.left == pytest.approx(page.EDGE + ticks)
        assert first.top == pytest.approx(1.5)
        assert first.height == pytest.approx(first.width / 2)
        assert second.left - first.right == pytest.approx(0.1 + ticks)
        assert fourth.top - first.bottom == pytest.approx(0.1 + 0.25 + 0.5 + 0.75 * ticks)
        assert grid.width == pytest.approx(page.PAGE_WIDTH)
        assert grid.width - third.right == pytest.approx(0.75 + page.EDGE)
        assert grid.height - fourth.bottom == pytest.approx(0.1 + 0.25 + 0.75 * ticks)

    def test_a_box_suits_the_tallest_panel_within_reason(self):
        assert page.box_ratio([torch.zeros(2, 4), torch.zeros(1, 3, 4)]) == 0.75
        assert page.box_ratio([torch.zeros(50, 1)]) == 1.5
        grid = page.PanelGrid.of([torch.zeros(2, 4)] * 2, 2)
        assert grid.boxes[0].height == pytest.approx(grid.boxes[0].width / 2)

    def test_titles_have_the_room_of_the_longest(self):
        one, three = page.title_room(["a", None]), page.title_room(["a\nb\nc", "d"])
        assert three - one == pytest.approx(2 * page.LINE)
        assert page.title_room([None]) == page.EDGE

    def test_another_width_holds_until_the_end_of_the_block(self):
        with page.drawn_for(page.PHONE_WIDTH):
            assert page.page_width() == page.PHONE_WIDTH
            assert page.PanelGrid(4, 2).width == pytest.approx(page.PHONE_WIDTH)
        assert page.page_width() == page.PAGE_WIDTH
        assert page.diagram_width() < page.PAGE_WIDTH


class TestMarks:
    def test_a_rectangle_of_cells_has_one_frame(self, ax):
        marks.outline_cells(ax, [(1, 2), (1, 3), (2, 2), (2, 3)], origin=(10, 20))
        assert frames_of(ax) == [(12, 21, 2, 2)]


class TestCells:
    def test_blank_cells_have_no_number_and_hidden_ones_no_tint(self, ax):
        shown = torch.tensor([[True, False]])
        cells.paint_grid(ax, torch.tensor([[1, 2]]), padding=((1, 0), (0, 0)), shown=shown,
                         blank=[(0, 1)])  # fmt: skip
        assert grid_at(ax, 0, 0, 2, 2) == [["0", None], ["1", None]]
        first, second = (p for p in ax.patches if colours.role_of(p) == "input")
        assert first.get_facecolor()[:3] == pytest.approx(colours.tint("input", 0.16))
        assert to_hex(second.get_facecolor()) == "#ffffff"

    @pytest.mark.parametrize(
        ("values", "strengths"),
        [([0, 1, 2], [0, 0.5, 1]), ([-2, 0, 2], [0, 0.5, 1]), ([3, 3, 0], [1, 1, 0])],
    )
    def test_a_shade_grows_with_the_value(self, ax, values, strengths):
        cells.paint_grid(ax, torch.tensor([values]).double(), role="output", shade=True)
        for patch, strength in zip(ax.patches, strengths, strict=True):
            assert patch.get_facecolor()[:3] == pytest.approx(colours.tint("output", strength))
        assert to_hex(ax.texts[strengths.index(1)].get_color()) in ("#ffffff", "#1a1a1a")

    @pytest.mark.parametrize("text", ["8", "123456789", "two\nlines are longer"])
    def test_text_stays_in_its_cell_at_any_size(self, text):
        for side in (4, 12):
            figure, ax = cells.new_diagram(4, 4, cell=side / 4)
            artist = cells.write_in(ax, 1.5, 1.5, text, height=0.46, width=0.8)
            box = artist.get_window_extent().transformed(ax.transData.inverted())
            assert box.width <= 0.9
            figure.draw_without_rendering()
            cell = side / 4 * 72
            assert artist.get_fontsize() <= 0.46 * cell + 1e-6
            if len(text) == 1:
                assert artist.get_fontsize() == pytest.approx(0.46 * cell)

    def test_a_diagram_is_as_large_as_its_cells(self):
        figure, ax = cells.new_diagram(10, 5, cell=0.6)
        assert figure.get_size_inches() == pytest.approx((6, 3))
        assert (ax.get_xlim(), ax.get_ylim()) == ((0, 10), (5, 0))
        assert ax.get_position().bounds == (0, 0, 1, 1)
        figure, _ = cells.new_diagram(10, 5, cell=0.6, widest=4, make=Figure)
        assert figure.get_size_inches() == pytest.approx((4, 2))
        assert len(plt.get_fignums()) == 1  # the second one is not known to pyplot


class TestScales:
    def test_the_largest_absolute_value_has_the_full_colour(self):
        assert maps.full_colour(torch.tensor([[-3.0, 2.0]])) == 3
        assert maps.full_colour(torch.zeros(2, 2)) == 1

    @pytest.mark.parametrize(("size", "robust"), [((25, 40), True), ((27, 37), False)])
    def test_extreme_values_are_left_out_in_large_maps_only(self, size, robust):
        values = torch.full((1, *size), 2.0)
        values[0, 0, :3] = 50
        assert maps.full_colour(values, share=0.98) == (2 if robust else 50)
        assert maps.full_colour(values) == 50

    def test_many_small_maps_are_no_large_one(self):
        values = torch.full((50, 5, 5), 2.0)
        values[0, 0, 0] = 50
        assert maps.full_colour(values, share=0.98) == 50

    def test_a_map_that_is_zero_nearly_everywhere_still_has_a_scale(self):
        values = torch.zeros(40, 40)
        values[0, 0] = -7
        assert maps.full_colour(values, share=0.98) == 7

    def test_greys_run_over_the_values_unless_they_are_a_picture(self):
        assert maps.grey_limits(torch.tensor([0.2, 0.9])) == (0, 1)
        assert maps.grey_limits(torch.tensor([-1.0, 0.5])) == (-1, 0.5)
        assert maps.grey_limits(torch.tensor([0.0, 1.0])) == (0, 1)
        assert maps.grey_limits(torch.tensor([0.5, 1.5])) == (0.5, 1.5)

    @pytest.mark.parametrize(
        ("low", "high", "channels", "expected"),
        [(0, 1, 3, True), (0, 1, 2, False), (-0.1, 1, 3, False), (0, 1.1, 3, False)],
    )
    def test_three_channels_from_0_to_1_are_a_colour(self, low, high, channels, expected):
        picture = torch.linspace(low, high, 4 * channels).reshape(channels, 2, 2)
        assert maps.is_colour(picture) == expected
        assert maps.grey_limits(torch.tensor([7.0, 7.0])) == (7, 8)


class TestColourBars:
    def bar(self, low, high, values):
        _, (ax, cax) = plt.subplots(1, 2)
        image = ax.imshow([[low, high]], vmin=low, vmax=high)
        return maps.colour_bar(cax, image, torch.tensor(values), "vertical")

    @pytest.mark.parametrize(
        ("values", "extend"),
        [
            ([-1.0, 1.0], "neither"),
            ([-1.1, 1.0], "min"),
            ([-1.0, 1.1], "max"),
            ([-2.0, 2.0], "both"),
            ([-1.0 - 1e-7, 1.0], "neither"),
        ],
    )
    def test_the_end_beyond_which_values_lie_is_pointed(self, values, extend):
        assert self.bar(-1, 1, values).extend == extend

    @pytest.mark.parametrize(
        ("limits", "ticks"),
        [
            ((-1, 1), ["−1", "0", "1"]),
            ((-0.037, 0.037), ["−0.03", "0", "0.03"]),
            ((-250, 250), ["−200", "0", "200"]),
            ((0, 9), ["0", "9"]),
        ],
    )
    def test_ticks_are_round(self, limits, ticks):
        bar = self.bar(*limits, list(map(float, limits)))
        assert [label.get_text() for label in bar.ax.get_yticklabels()] == ticks
        assert bar.get_ticks() == pytest.approx([words.number_of(tick) for tick in ticks])
        assert (bar.vmin, bar.vmax) == limits


class TestPanels:
    @pytest.mark.parametrize(("number", "columns"), [(1, 1), (4, 4), (5, 4), (8, 4), (18, 6)])
    def test_few_slices_stand_side_by_side(self, number, columns):
        assert maps.slice_columns(number) == columns


def test_every_part_looks_as_it_was_approved(ax):
    values = torch.tensor([[-1.5, 0.0], [2.25, math.inf]])
    cells.paint_grid(ax, values, origin=(1, 1), padding=((1, 0), (0, 1)), shade=True)
    cells.paint_grid(ax, values, origin=(5, 1), role="kernel", strength=0.45)
    cells.write_header(ax, 5, 0.6, "K", "kernel", (2, 2))
    cells.write_in(ax, 8, 0.5, "plain")
    cells.paint_cell(ax, 9, 1, face="white", edge="black", hatch="////")
    marks.outline(ax, 1, 2)
    marks.outline_cells(ax, [(4, 0), (5, 2)])
    marks.tinted_box(ax, 4, 4, 2, 1, role="bias", strength=0.5)
    marks.polygon(ax, [(7, 4), (8, 4), (8, 5)], role="output", strength=0.3)
    marks.disc(ax, 9, 5, 0.5, role="highlight")
    marks.arrow(ax, (4, 6), (7, 6))
    marks.bracket(ax, 9, 6, 7)
    curves.draw_level(ax, 7.5)
    maps.place_picture(ax, torch.arange(6.0).reshape(2, 3) / 6, page.Box(0, 6, 3, 2))
    assert_drawn_as_approved(ax.figure, "parts in cells")


def test_every_part_in_inches_looks_as_it_was_approved():
    values = torch.arange(-12.0, 12.0).reshape(4, 6)
    grid = page.PanelGrid(3, 2, ratio=0.7, above=0.4, axis=True)
    with page.new_sheet(grid.width, grid.height + page.KEY) as sheet:
        kernel, response, picture = (sheet.panel(box) for box in grid.boxes)
        maps.draw_kernel(kernel, values[:2, :2] / 3, limit=4, text="kernel")
        maps.draw_response(response, values, limit=9, text="response", axis=True)
        maps.draw_image(
            picture, torch.linspace(0, 1, 216).reshape(3, 8, 9), text="image", axis=True
        )
        maps.scale_beside(response, values)
        maps.colour_key(sheet, page.EDGE, grid.height, 4, "weights", values, 9)
        maps.draw_filter(sheet.panel((5, 3, 1.5, 1)), values.reshape(6, 2, 2), limit=12)
        marks.sheet_arrow(sheet, (1, 1), (2, 2))
        sheet.write(4, 3, "a note")
    assert_drawn_as_approved(sheet.figure, "parts in inches")
