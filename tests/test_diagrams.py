"""Diagrams show what their tensors hold: PyTorch is the oracle for every number drawn."""

import io

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, Polygon, Rectangle

from utils import diagrams
from utils.shapes import pixel_usage
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
