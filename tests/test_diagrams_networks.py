"""Grids side by side and networks: PyTorch is the oracle for every number that is drawn."""

import math
from itertools import pairwise

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, FancyArrowPatch, Polygon
from torch import nn

from tests.drawn import (
    assert_no_figure_is_open,
    assert_nothing_is_cut_off,
    assert_texts_do_not_touch,
    frames_of,
    grid_at,
    patches_of,
    titles,
    written,
)
from utils.diagrams import draw_network, plot_architectures, plot_grids, plot_network_volumes
from utils.drawing.colours import TEXT_COLOURS, role_of
from utils.shapes import summarise

X = torch.arange(25).reshape(5, 5)
K = torch.tensor([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
OWN = torch.block_diag(*[torch.ones(1, 4)] * 4)  # 4 units, each with 4 of 16 inputs
SHARED = torch.block_diag(*[torch.tensor([[1, 2, 3, 4]])] * 4)
OUTPUT = torch.ones(1, 4, dtype=torch.bool)


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")
    yield
    plt.close("all")


def assert_drawn_well(figure):
    figure.draw_without_rendering()  # a constrained layout settles in the second drawing
    assert_nothing_is_cut_off(figure, smallest=6)
    assert_texts_do_not_touch(figure)


class TestGrids:
    def test_each_grid_holds_its_numbers_and_all_have_one_scale(self):
        figure = plot_grids([X, K], titles=["five", "three"])
        for ax, grid in zip(figure.axes, (X, K), strict=True):
            assert grid_at(ax, 0, 0, *grid.shape) == [
                [f"{n}" for n in row] for row in grid.tolist()
            ]
        assert titles(figure) == ["five", "three"]
        assert len({(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes}) == 1
        assert_drawn_well(figure)

    def test_the_largest_of_each_grid_is_darkest(self):
        for ax in plot_grids([X, X / 10], shade=True, role="kernel").axes:
            tints = [sum(patch.get_facecolor()[:3]) for patch in patches_of(ax, "kernel")]
            assert tints == sorted(tints, reverse=True)
            assert tints[0] == 3 > tints[-1]

    def test_cells_are_framed_in_every_grid_or_in_each_its_own(self):
        same = plot_grids([X, X + 1], highlight=[(0, 1), (2, 2)])
        assert len(frames_of(same.axes[0])) == len(frames_of(same.axes[1])) == 2
        own = plot_grids([X, X], highlights=[(0, slice(0, 2)), (1, 1)])
        assert [frames_of(ax) for ax in own.axes] == [[(0, 0, 2, 1)], [(1, 1, 1, 1)]]

    @pytest.mark.parametrize(("number", "ncols", "shape"), [(5, 2, (3, 2)), (2, 4, (1, 2))])
    def test_rows_of_grids(self, number, ncols, shape):
        figure = plot_grids([X] * number, ncols=ncols)
        assert figure.axes[0].get_subplotspec().get_gridspec().get_geometry() == shape

    def test_a_figure_is_never_wider_than_the_page(self):
        wide, small = plot_grids([torch.ones(2, 30)] * 4), plot_grids([K])
        assert wide.get_figwidth() == pytest.approx(7.2)
        assert small.get_figwidth() == pytest.approx(3 * 0.6 + 0.2)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"highlight": (4, 4)}, "highlight must be"),
            ({"highlights": [(0, 0)]}, "highlights must hold one for each of the 2 grids, got 1"),
            ({"titles": ["one"]}, "titles must hold 2 texts, got 1"),
        ],
    )
    def test_what_does_not_fit_the_grids(self, options, message):
        with pytest.raises(ValueError, match=message):
            plot_grids([X, K], **options)
        assert_no_figure_is_open()


class TestNetwork:
    @pytest.mark.parametrize(
        ("layers", "strands", "caption"),
        [
            ([16, 4, 1], 68, "(64 + 4) + (4 + 1) = 73 parameters"),
            ([OWN, OUTPUT], 20, "(16 + 4) + (4 + 1) = 25 parameters"),
            ([SHARED, OUTPUT], 20, "(4 + 1) + (4 + 1) = 10 parameters"),
            ([5, 30, 2], 210, "(150 + 30) + (60 + 2) = 242 parameters"),
        ],
    )
    def test_one_strand_for_each_connection_and_all_parameters_counted(
        self, layers, strands, caption
    ):
        ax = draw_network(layers)
        assert len(ax.lines) == strands
        assert written(ax)[-1] == caption
        assert_nothing_is_cut_off(ax.figure, smallest=5)

    def test_inputs_are_squares_units_are_circles_in_equal_columns(self):
        ax = draw_network([16, 4, 1])
        assert len(patches_of(ax, "input")) == 16
        units = [unit.center for unit in patches_of(ax, "output", Circle)]
        assert [units.count(unit) for unit in units] == [1] * 5
        first, second, last = ({x for x, _ in part} for part in (
            [box.get_center() for box in patches_of(ax, "input")], units[:4], units[4:]
        ))  # fmt: skip
        assert min(last) - min(second) == pytest.approx(min(second) - min(first))
        middle = sum(y for _, y in units[:4]) / 4
        assert units[4][1] == pytest.approx(middle), "columns are centred"

    def test_a_strand_leads_from_its_input_to_its_unit(self):
        ax = draw_network([torch.tensor([[1, 0, 2], [0, 3, 0]])])
        inputs = [box.get_center() for box in patches_of(ax, "input")]
        units = [unit.center for unit in patches_of(ax, "output", Circle)]
        ends = [list(zip(*line.get_data(), strict=True)) for line in ax.lines]
        expected = [[inputs[source], units[unit]] for unit, source in ((0, 0), (0, 2), (1, 1))]
        for found, (start, end) in zip(ends, expected, strict=True):
            assert found[0] == pytest.approx(tuple(start))
            assert found[1] == pytest.approx(end)

    def test_the_same_weight_has_one_colour_and_one_letter(self):
        ax = draw_network([SHARED, OUTPUT])
        looks = [(role_of(line), str(line._dash_pattern)) for line in ax.lines[:16]]
        assert looks == looks[:4] * 4
        assert len({role for role, _ in looks}) == 4
        assert sorted(written(ax)[:-1]) == sorted("abcd" * 4)

    def test_weights_that_are_not_shared_have_their_own_letter_and_one_colour(self):
        ax = draw_network([OWN, OUTPUT])
        assert sorted(written(ax)[:-1]) == list("abcdefghijklmnop")
        assert {role_of(line) for line in ax.lines} == {"kernel"}

    def test_patches_that_tile_the_input_alternate(self):
        ax = draw_network([OWN, OUTPUT])
        faces = [to_hex(box.get_facecolor()) for box in patches_of(ax, "input")]
        patches = [set(faces[n : n + 4]) for n in range(0, 16, 4)]
        assert [len(patch) for patch in patches] == [1] * 4
        assert patches[0] == patches[3] != patches[1] == patches[2], "as on a chessboard"

    def test_thirty_shared_weights_can_be_told_apart(self):
        ax = draw_network([torch.arange(1, 31).repeat(2, 1)])
        looks = {(line.get_color(), str(line._dash_pattern)) for line in ax.lines}
        assert len(looks) == 30

    def test_each_layer_has_its_label_underneath(self):
        names = ["image", "hidden units", "output"]
        ax = draw_network([16, 4, 1], labels=names)
        assert written(ax)[:3] == names
        lowest = max(box.get_bbox().y1 for box in patches_of(ax, "input"))
        assert all(text.get_position()[1] > lowest for text in ax.texts)
        assert_drawn_well(ax.figure)
        with pytest.raises(ValueError, match="labels must hold 3 texts, got 2"):
            draw_network([16, 4, 1], labels=names[:2])

    def test_masks_that_do_not_follow_each_other(self):
        message = r"layers\[1\] must have shape \(out, 4\), got \(1, 5\)"
        with pytest.raises(ValueError, match=message):
            draw_network([OWN, torch.ones(1, 5)])
        assert_no_figure_is_open()


def conv_net(*, pooled=True):
    layers = [nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(3, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    kept = [layer for layer in layers if pooled or not isinstance(layer, nn.MaxPool2d)]
    return nn.Sequential(*kept, nn.Linear(1250 if pooled else 20000, 1))


def lenet():
    layers = [nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(400, 10))


def famous(name):
    models = pytest.importorskip("torchvision.models")
    with torch.device("meta"):
        return getattr(models, name)()


NETWORKS = {
    "conv net": (conv_net, (1, 100, 100), 1_337),
    "lenet": (lenet, (3, 32, 32), 6_882),
    "vgg16": (lambda: famous("vgg16"), (3, 224, 224), 138_357_544),
    "resnet18": (lambda: famous("resnet18"), (3, 224, 224), 11_689_512),
}


def volumes(module, shape, **options):
    (ax,) = plot_network_volumes(module, shape, **options).axes
    return ax


def sizes_of(ax, role="output"):
    """Return (width, height) of the sheets and bars of a role, in the order of drawing."""
    return [(box.get_width(), box.get_height()) for box in patches_of(ax, role)]


class TestVolumes:
    @pytest.mark.parametrize("name", NETWORKS)
    def test_all_parameters_and_all_shapes_are_written(self, name):
        make, shape, parameters = NETWORKS[name]
        module = make()
        ax = volumes(module, shape)
        assert written(ax)[0] == f"{parameters:,} parameters"
        bold = [
            text.get_text().removesuffix(" parameters").replace(",", "")
            for text in ax.texts[1:]
            if text.get_fontweight() == "bold" and text.get_color() == TEXT_COLOURS["kernel"]
        ]
        assert sum(map(int, bold)) == parameters
        shapes = {"×".join(f"{n:,}" for n in row.output_shape) for row in summarise(module, shape)}
        assert shapes <= set(written(ax))
        assert_drawn_well(ax.figure)

    @pytest.mark.parametrize(
        ("channels", "sheets"),
        [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (8, 5), (16, 6), (64, 8), (512, 11)],
    )
    def test_up_to_four_channels_are_all_drawn_then_one_more_sheet_each_time_they_double(
        self, channels, sheets
    ):
        ax = volumes(nn.Conv2d(1, channels, 1), (1, 8, 8))
        boxes = patches_of(ax, "output")
        assert len(boxes) == sheets
        assert len(patches_of(ax, "input")) == 1
        steps = {
            (round(b.get_x() - a.get_x(), 6), round(b.get_y() - a.get_y(), 6))
            for a, b in pairwise(boxes)
        }
        assert len(steps) == (sheets > 1), "evenly"
        assert all(x == -y < 0 for x, y in steps), "the next in front, lower and to the left"
        assert [box.get_zorder() for box in boxes] == sorted(box.get_zorder() for box in boxes)

    def test_the_side_of_a_map_is_the_root_of_its_pixels(self):
        ax = volumes(nn.Sequential(nn.MaxPool2d((1, 4)), nn.MaxPool2d(2)), (1, 64, 64))
        ((side, _),) = sizes_of(ax, "input")
        (first, second) = sizes_of(ax)
        assert first == pytest.approx((side / 2, side))
        assert second == pytest.approx((side / 8**0.5, side / 2**0.5))

    def test_the_length_of_a_vector_is_its_logarithm(self):
        ax = volumes(
            nn.Sequential(nn.Linear(10, 100), nn.Linear(100, 1000), nn.Linear(1000, 1)), (10,)
        )
        ((_, ten),), others = sizes_of(ax, "input"), [height for _, height in sizes_of(ax)]
        assert others[0] - ten == pytest.approx(others[1] - others[0])
        assert ten - others[2] == pytest.approx(others[1] - others[0])
        assert {width for width, _ in sizes_of(ax)} == {others[2]}, "one number is a square"

    @pytest.mark.parametrize(("units", "lines"), [(12, 11), (13, 0)])
    def test_the_numbers_of_a_short_vector_can_be_counted(self, units, lines):
        ax = volumes(nn.Linear(20, units), (20,))
        heights = [line.get_ydata()[0] for line in ax.lines]
        assert len(heights) == lines
        (bar,) = patches_of(ax, "output")
        even = [bar.get_y() + bar.get_height() * n / units for n in range(1, lines + 1)]
        assert heights == pytest.approx(even)

    def test_what_stands_above_a_volume(self):
        layers = [nn.Conv2d(3, 8, (3, 5), stride=2, padding=(1, 2), bias=False)]
        layers += [nn.BatchNorm2d(8), nn.ReLU(), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]
        layers += [nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8), nn.MaxPool2d(2)]
        ax = volumes(nn.Sequential(*layers), (3, 64, 64), ncols=5)
        assert written(ax)[1:] == [
            *("input", "3×64×64"),
            *("Conv2d 3×5", "s=2, p=(1, 2)", "BatchNorm, ReLU", "376 parameters", "8×32×32"),
            *("MaxPool2d 3×3", "s=2, p=1", "8×16×16"),
            *("Conv2d 3×3", "p=2, d=2, groups=8", "80 parameters", "8×16×16"),
            *("MaxPool2d 2×2", "8×8×8"),
        ]

    def test_short_settings_stand_beside_the_layer(self):
        def line(layer):
            return [text for text in written(volumes(layer, (1, 9, 9))) if text[0] in "CM"]

        assert line(nn.Conv2d(1, 1, 3, padding=1)) == ["Conv2d 3×3, p=1"]
        assert line(nn.Conv2d(1, 1, 3, padding=10)) == ["Conv2d 3×3, p=10"]
        assert line(nn.Conv2d(1, 1, 3, dilation=2, padding=2)) == ["Conv2d 3×3"]

    def test_long_counts_are_written_without_a_word(self):
        assert "9,009,000" in written(volumes(nn.Linear(9008, 1000), (9008,)))
        assert "909,000 parameters" in written(volumes(nn.Linear(908, 1000), (908,)))

    def test_equal_convolutions_are_drawn_once_with_their_number(self):
        ax = volumes(famous("vgg16"), (3, 224, 224))
        repeated = [text for text in written(ax) if " × " in text]
        assert [text[0] for text in repeated] == ["2", "2", "3", "3", "3"]
        pools = nn.Sequential(*[nn.MaxPool2d(3, stride=1, padding=1)] * 2)
        assert len(patches_of(volumes(pools, (1, 8, 8)), "output")) == 2, "only convolutions"
        different = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 5, padding=2))
        assert len(patches_of(volumes(different, (1, 8, 8)), "output")) == 2

    def test_an_arrow_leads_from_each_volume_to_the_next(self):
        ax = volumes(lenet(), (3, 32, 32), ncols=3)
        arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
        ends = [arrow._posA_posB for arrow in arrows]
        assert len(ends) == 6, "seven volumes"
        assert all(start[0] < end[0] and start[1] == end[1] for start, end in ends)
        boxes = [patch.get_bbox() for role in ("input", "output") for patch in patches_of(ax, role)]
        for points in ends:
            assert not any(box.contains(*point) for box in boxes for point in points)
        assert len({start[1] for start, _ in ends}) == 3, "rows"
        assert ax.get_xlim()[1] == pytest.approx(3 * 1.75 + 0.1)
        assert_drawn_well(ax.figure)

    @pytest.mark.parametrize(
        ("module", "shape", "kernel"),
        [
            (nn.Conv2d(3, 2, 3), (3, 8, 8), "Conv2d 3×3"),
            (nn.Conv1d(2, 4, 3), (2, 30), "Conv1d 3"),
            (nn.Linear(8, 3), (8,), "Linear"),
            (nn.Conv3d(1, 2, 3), (1, 8, 8, 8), "Conv3d 3"),
        ],
    )
    def test_a_single_layer_of_any_kind(self, module, shape, kernel):
        ax = volumes(module, shape)
        assert written(ax)[-1] == "×".join(map(str, summarise(module, shape)[0].output_shape))
        assert kernel in written(ax)
        assert_drawn_well(ax.figure)

    def test_flattening_by_a_function_is_shown(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv, self.head = nn.Conv2d(1, 2, 3), nn.Linear(72, 5)

            def forward(self, x):
                return self.head(self.conv(x).flatten(1))

        texts = written(volumes(Net(), (1, 8, 8)))
        assert texts[texts.index("flatten") :][:2] == ["flatten", "72"]

    def test_the_module_is_left_alone(self):
        module = lenet().train()
        before = {key: value.clone() for key, value in module.state_dict().items()}
        volumes(module, (3, 32, 32))
        assert module.training
        assert not any(part._forward_hooks for part in module.modules())
        assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())

    def test_an_input_that_does_not_fit(self):
        with pytest.raises(ValueError, match="input_shape must be one that the module can read"):
            volumes(lenet(), (3, 30, 30))
        assert_no_figure_is_open()


def fronts(ax, role="output"):
    """Return (width, height) of the fronts of slabs and of bars, from left to right."""
    slabs = patches_of(ax, role, Polygon)[::3]
    corners = [patch.get_xy() for patch in slabs]
    return [tuple(points.max(axis=0) - points.min(axis=0)) for points in corners]


class TestArchitectures:
    def test_the_famous_ones_fit_on_a_page(self):
        networks = {name: (make(), shape) for name, (make, shape, _) in NETWORKS.items()}
        figure = plot_architectures(networks)
        for name, (_, _, parameters) in NETWORKS.items():
            assert {name, f"{parameters:,} parameters"} <= set(written(figure.axes[0]))
        assert figure.get_figwidth() == pytest.approx(7.0)
        assert_drawn_well(figure)
        ax = figure.axes[0]
        assert max(p.get_xy()[:, 0].max() for p in patches_of(ax, "output", Polygon)) < 7.0

    def test_heights_have_one_scale_and_thickness_grows_as_channels_double(self):
        networks = {"a": (conv_net(), (1, 100, 100)), "b": (lenet(), (3, 32, 32))}
        (ax,) = plot_architectures(networks).axes
        (one, full), (three, small) = fronts(ax, "input")
        assert small / full == pytest.approx(math.sqrt(0.32))
        channels, sides = [3, 3, 2, 2, 6, 6, 16, 16], [100, 50, 50, 25, 28, 14, 10, 5]
        widths, heights = zip(*fronts(ax), strict=True)
        assert heights == pytest.approx([full * math.sqrt(side / 100) for side in sides])
        double = widths[2] - one
        assert widths == pytest.approx([one + double * math.log2(n) for n in channels])
        assert three == pytest.approx(widths[0])

    def test_sizes_and_channels_are_written_where_they_change(self):
        (ax,) = plot_architectures({"net": (lenet(), (3, 32, 32))}).axes
        assert written(ax)[2:] == ["3", "32", "6", "28", "14", "16", "10", "5", "400", "10"]

    def test_a_map_that_is_not_square_has_both_sizes(self):
        (ax,) = plot_architectures({"net": (nn.MaxPool2d((1, 2)), (1, 8, 8))}).axes
        assert written(ax)[2:] == ["1", "8", "8×4"]

    def test_lengths_of_bars_that_stand_close_do_not_touch(self):
        linear = [nn.Linear(1000, 1000) for _ in range(14)]
        figure = plot_architectures({"net": (nn.Sequential(*linear), (1000,))})
        assert len(patches_of(figure.axes[0], "output")) == 14, "linear layers are all drawn"
        assert_drawn_well(figure)
