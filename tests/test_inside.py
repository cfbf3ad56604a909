"""Pictures of what happens inside a network: what is drawn, where, and on which scale."""

import pytest
import torch
import torch.nn.functional as F

from tests.drawn import (
    assert_no_figure_is_open,
    grey,
    limits,
    shown,
    titles,
)
from utils.drawing.colours import role_of
from utils.inside import plot_heatmaps, plot_tiles, show_heatmap


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def outlines(ax):
    return [path for lines in ax.collections for path in lines.get_paths() if len(path)]


class TestHeatmap:
    def test_alone_it_is_drawn_as_it_is(self):
        heat = noise(3, 5)
        ax = show_heatmap(heat, title="where")
        torch.testing.assert_close(shown(ax), heat.double())
        largest = heat.abs().max().item()
        assert limits(ax) == pytest.approx((-largest, largest))
        assert ax.get_title() == "where"
        cmap = ax.images[0].get_cmap()
        assert cmap(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.01), "zero is white"
        assert cmap.N == 25, "few levels keep the stored figures small"
        assert {role_of(spine) for spine in ax.spines.values()} == {"output"}

    def test_it_is_stretched_over_its_image(self):
        heat, image = noise(7, 7), grey(28, 20)
        ax = show_heatmap(heat, image, limit=2)
        expected = F.interpolate(heat[None, None].double(), (28, 20), mode="bilinear")[0, 0]
        torch.testing.assert_close(shown(ax), expected)
        assert limits(ax) == (-2, 2)

    @pytest.mark.parametrize("low", [0.0, 0.6])
    def test_an_outline_runs_around_the_bright_part(self, low):
        image = torch.full((20, 20), low)
        image[5:10, 8:15] = 1
        colour = torch.stack([image, image, image])
        (path,) = outlines(show_heatmap(torch.zeros(20, 20), colour))
        (left, top), (right, bottom) = path.vertices.min(axis=0), path.vertices.max(axis=0)
        assert (left, right, top, bottom) == pytest.approx((7.5, 14.5, 4.5, 9.5)), "half-way"

    @pytest.mark.parametrize("image", [torch.full((8, 8), 0.5), torch.rand(1, 8)])
    def test_an_even_image_or_a_single_row_has_no_outline(self, image):
        assert not outlines(show_heatmap(noise(4, 4), image))


class TestHeatmaps:
    def test_a_row_shares_its_scale_and_says_which(self):
        images = [grey(8, 8), grey(8, 8, seed=1)]
        rows = {"quiet": noise(2, 4, 4) / 10, "middle": noise(2, 4, 4), "loud": 30 * noise(2, 4, 4)}
        rows["loud"][0] /= 10
        figure = plot_heatmaps(images, rows, titles=["a", "b"])
        assert titles(figure)[:2] == ["a", "b"]
        for image, ax in zip(images, figure.axes, strict=False):
            torch.testing.assert_close(shown(ax), image)
            assert limits(ax) == (0, 1)
        for index, maps in enumerate(rows.values(), start=1):
            for ax in figure.axes[2 * index : 2 * index + 2]:
                assert limits(ax)[1] == maps.abs().max().item()
        quiet, middle, loud = (maps.abs().max().item() for maps in rows.values())
        scales = [f"quiet: ± {quiet:.2g}", f"middle: ± {middle:.1f}", f"loud: ± {loud:.0f}"]
        assert [text.get_text() for text in figure.texts] == scales

    def test_a_row_has_one_map_for_each_image(self):
        with pytest.raises(ValueError, match=r"heatmaps\['a'\] must be as many as images, got 1"):
            plot_heatmaps([grey(), grey()], {"a": noise(1, 4, 4)})
        assert_no_figure_is_open()


class TestTiles:
    @pytest.mark.parametrize(("size", "gap"), [(2, 1), (24, 2)])
    def test_tiles_lie_in_rows_with_gaps_of_nothing(self, size, gap):
        tiles = torch.arange(1.0, 6.0).view(5, 1, 1).expand(5, size, size)
        mosaic = shown(plot_tiles({"five": tiles}, rows=2).axes[0])
        nothing = torch.full((size, gap), torch.nan)
        first = [tiles[0], nothing, tiles[1], nothing, tiles[2]]
        second = [tiles[3], nothing, tiles[4], nothing, torch.full((size, size), torch.nan)]
        between = torch.full((gap, 3 * size + 2 * gap), torch.nan)
        expected = torch.cat([torch.cat(first, 1), between, torch.cat(second, 1)])
        mosaic = torch.as_tensor(mosaic)
        torch.testing.assert_close(mosaic, expected, equal_nan=True)

    def test_groups_have_scales_of_their_own_or_one(self):
        groups = {"small": torch.ones(4, 3, 3), "large": -5 * torch.ones(4, 2, 2)}
        own = plot_tiles(groups, rows=2)
        assert [limits(ax) for ax in own.axes] == [(0, 1), (0, 5)]
        assert {ax.images[0].get_cmap().name for ax in own.axes} == {"gray"}
        shared = plot_tiles(groups, rows=2, signed=True, limit=2)
        assert [limits(ax) for ax in shared.axes] == [(-2, 2), (-2, 2)]
        assert shared.axes[0].images[0].get_cmap().name == "signed"
