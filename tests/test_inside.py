"""Pictures of what happens inside a network: what is drawn, where, and on which scale."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from utils.data import digits
from utils.inside import (
    plot_agreement,
    plot_deletion,
    plot_heatmaps,
    plot_tiles,
    show_heatmap,
)


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")
    yield
    plt.close("all")


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def drawn(ax):
    return torch.as_tensor(np.ma.filled(ax.images[0].get_array(), torch.nan))


def outlines(ax):
    return [path for each in ax.collections for path in each.get_paths() if len(path)]


# Heat maps --------------------------------------------------------------------------------------


def test_a_heat_map_alone_is_drawn_as_it_is():
    heat = noise(3, 5)
    ax = show_heatmap(heat, title="where")
    torch.testing.assert_close(drawn(ax), heat.double())
    largest = heat.abs().max().item()
    assert ax.images[0].get_clim() == pytest.approx((-largest, largest))
    assert ax.get_title() == "where"


def test_a_heat_map_is_stretched_over_its_image():
    heat, image = noise(7, 7), digits(size=28)[0][0]
    ax = show_heatmap(heat, image)
    expected = F.interpolate(heat[None, None].double(), (28, 28), mode="bilinear")[0, 0]
    torch.testing.assert_close(drawn(ax), expected)
    assert outlines(ax)


def test_an_outline_runs_around_the_bright_part():
    image = torch.zeros(20, 20)
    image[5:10, 8:15] = 1
    ax = show_heatmap(torch.zeros(20, 20), image)
    (path,) = outlines(ax)
    (left, top), (right, bottom) = path.vertices.min(axis=0), path.vertices.max(axis=0)
    assert (left, right, top, bottom) == pytest.approx((7.5, 14.5, 4.5, 9.5))


def test_an_even_image_has_no_outline():
    assert not outlines(show_heatmap(noise(4, 4), torch.full((8, 8), 0.5)))


def test_a_map_of_zeros_has_a_scale_all_the_same():
    assert show_heatmap(torch.zeros(3, 3)).images[0].get_clim() == (-1, 1)


def test_a_row_of_heat_maps_shares_its_scale():
    images, quiet, loud = torch.rand(2, 1, 8, 8), noise(2, 4, 4), 30 * noise(2, 4, 4)
    loud[0] /= 10
    figure = plot_heatmaps(images, {"quiet": quiet, "loud": loud}, titles=["a", "b"])
    pictures, first, second = figure.axes[:2], figure.axes[2:4], figure.axes[4:6]
    assert [ax.get_title() for ax in pictures] == ["a", "b"]
    for axes, maps in ((first, quiet), (second, loud)):
        assert {ax.images[0].get_clim()[1] for ax in axes} == {maps.abs().max().item()}
    labels = [text.get_text() for text in figure.texts]
    assert labels == [f"quiet: ± {quiet.abs().max():.1f}", f"loud: ± {loud.abs().max():.0f}"]


def test_a_row_of_zeros_says_so():
    figure = plot_heatmaps(torch.rand(1, 1, 8, 8), {"blank": torch.zeros(1, 4, 4)})
    assert [text.get_text() for text in figure.texts] == ["blank: all 0"]


def test_the_key_says_what_the_colours_mean():
    figure = plot_heatmaps([noise(8, 8).sigmoid()], {"a": [noise(4, 4)]}, key=("less", "more"))
    assert [text.get_text() for text in figure.axes[-1].texts] == ["less", "more"]


def test_panels_do_not_overlap():
    maps = {"one": noise(6, 4, 4), "a name of two lines": noise(6, 4, 4)}
    figure = plot_heatmaps(torch.rand(6, 1, 8, 8), maps, titles=list("abcdef"))
    figure.canvas.draw()
    boxes = [ax.get_window_extent() for ax in figure.axes]
    boxes += [text.get_window_extent() for text in figure.texts]
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:index])
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width


# Tiles ------------------------------------------------------------------------------------------


def test_tiles_lie_in_rows():
    tiles = torch.arange(1.0, 7.0).view(6, 1, 1).expand(6, 2, 2)
    figure = plot_tiles({"six": tiles}, rows=2)
    mosaic = drawn(figure.axes[0])
    assert mosaic.shape == (5, 8)
    assert mosaic[0][~mosaic[0].isnan()].tolist() == [1, 1, 2, 2, 3, 3]
    assert mosaic[3][~mosaic[3].isnan()].tolist() == [4, 4, 5, 5, 6, 6]
    assert mosaic[2].isnan().all()


def test_groups_have_scales_of_their_own_or_one():
    groups = {"small": torch.ones(4, 3, 3), "large": 5 * torch.ones(4, 2, 2)}
    own = plot_tiles(groups, rows=2)
    assert [ax.images[0].get_clim() for ax in own.axes] == [(0, 1), (0, 5)]
    shared = plot_tiles(groups, rows=2, signed=True, limit=2)
    assert [ax.images[0].get_clim() for ax in shared.axes] == [(-2, 2), (-2, 2)]


def test_a_group_of_one_fills_the_height():
    figure = plot_tiles({"one": torch.ones(1, 4, 4), "many": torch.ones(8, 4, 4)}, rows=2)
    heights = {round(ax.get_position().height, 6) for ax in figure.axes}
    assert len(heights) == 1
    assert drawn(figure.axes[0]).shape == (4, 4)


# Curves and correlations ------------------------------------------------------------------------


def test_each_curve_is_told_by_its_colour_and_its_marker():
    names = ["a", "b", "c", "d", "e", "f"]
    figure = plot_deletion([0, 0.5], {name: [1.0, 0.1] for name in names})
    lines = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == names
    assert len({line.get_color() for line in lines}) == len(names)
    assert len({line.get_marker() for line in lines}) == len(names)
    assert lines[0].get_xdata().tolist() == [0, 50]


def test_agreement_is_mean_and_spread():
    values = torch.tensor([0.2, 0.4, 0.9])
    row = {"trained": values, "random": values - 0.5}
    figure = plot_agreement({"map": row, "one of two lines": row})
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["map", "one of two\nlines"]
    trained = ax.containers[0]
    assert trained.lines[0].get_xdata() == pytest.approx([0.5, 0.5])
    (bars,) = trained.lines[2]
    low, high = bars.get_segments()[0][:, 0]
    spread = values.std(correction=0).item()
    assert (low, high) == pytest.approx((0.5 - spread, 0.5 + spread))
    assert ax.get_xlim()[1] >= 1
