"""The commuting square, and accuracies as something grows: every panel is computed."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.collections import PolyCollection

from utils.diagrams import plot_accuracy_curves, plot_commuting_square

mpl.use("agg")


@pytest.fixture(autouse=True)
def _no_figures():
    yield
    plt.close("all")


def picture(size=8):
    return torch.rand(size, size, generator=torch.Generator().manual_seed(0))


def weight():
    return torch.tensor([[[[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]]])


def shift(x):
    return x.roll(3, -1)


def circular(x):
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="circular"), weight().to(x))


def zeros(x):
    return F.conv2d(x, weight().to(x), padding=1)


def drawn(ax, index=0):
    return torch.as_tensor(np.asarray(ax.images[index].get_array()))


# The commuting square ---------------------------------------------------------------------------


@pytest.mark.parametrize("function", [circular, zeros])
def test_every_panel_is_computed(function):
    figure = plot_commuting_square(picture(), shift, function)
    start, mapped, moved, corner, difference = figure.axes
    x = picture()[None, None]
    for ax, index, expected in (
        (start, 0, x),
        (moved, 0, shift(x)),
        (mapped, 0, function(x)),
        (corner, 0, function(shift(x))),
        (corner, 1, shift(function(x))),
        (difference, 0, (shift(function(x)) - function(shift(x))).abs()),
    ):
        torch.testing.assert_close(drawn(ax, index), expected[0, 0], check_dtype=False)


@pytest.mark.parametrize(("function", "count"), [(circular, 0), (zeros, 32)])
def test_the_difference_is_counted(function, count):
    figure = plot_commuting_square(picture(), shift, function)
    assert figure.axes[-1].get_xlabel() == f"{count} of 64 pixels"


def test_rounding_is_no_difference():
    figure = plot_commuting_square(
        picture(), shift, lambda x: x + 1e-8 * torch.ones_like(x).cumsum(3)
    )
    assert figure.axes[-1].get_xlabel() == "0 of 64 pixels"


def test_nothing_differs_is_black_and_maps_share_a_scale():
    figure = plot_commuting_square(picture(), shift, circular)
    _, mapped, _, corner, difference = figure.axes
    limits = {image.get_clim() for ax in (mapped, corner) for image in ax.images}
    assert len(limits) == 1
    image = difference.images[0]
    assert image.get_cmap()(image.norm(0.0))[:3] == (0, 0, 0)
    assert image.get_clim()[0] == 0


def test_the_corner_is_halved_along_the_diagonal():
    corner = plot_commuting_square(picture(), shift, zeros).axes[3]
    below, above = corner.images
    corners = {
        tuple(point) for point in above.get_clip_path().get_fully_transformed_path().vertices
    }
    expected = corner.transData.transform([(-0.5, -0.5), (7.5, -0.5), (7.5, 7.5)])
    assert corners == {tuple(point) for point in expected}
    assert below.get_zorder() <= above.get_zorder()


def test_the_map_may_be_transformed_in_another_way():
    def halve(x):
        return circular(x)[..., ::2, ::2]

    two = {"transform": lambda x: x.roll(2, -1), "map_transform": lambda x: x.roll(1, -1)}
    figure = plot_commuting_square(
        picture(), two["transform"], halve, map_transform=two["map_transform"]
    )
    assert figure.axes[-1].get_xlabel() == "0 of 16 pixels"


def test_a_transformation_may_change_the_sides():
    figure = plot_commuting_square(picture()[:, :5], lambda x: x.rot90(1, (-2, -1)), torch.square)
    assert figure.axes[-1].get_xlabel() == "0 of 40 pixels"


def test_the_arrows_say_what_is_done():
    figure = plot_commuting_square(picture(), shift, circular, names=("turn", "blur"))
    texts = [text.get_text() for text in figure.texts]
    assert texts.count("turn") == 2
    assert texts.count("blur") == 2
    assert texts[-1].startswith("above the diagonal:\nblur, then turn")
    assert len([one for one in figure.artists if hasattr(one, "get_arrowstyle")]) == 5


def test_a_function_that_writes_into_its_input_harms_nothing():
    image = picture()
    figure = plot_commuting_square(image, lambda x: x.roll(1, -1).mul_(1), lambda x: x.mul_(2))
    torch.testing.assert_close(image, picture())
    assert figure.axes[-1].get_xlabel() == "0 of 64 pixels"


def test_maps_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match=r"one size both ways, got \(8, 8\) and \(4, 8\)"):
        plot_commuting_square(
            picture(), lambda x: x, lambda x: x, map_transform=lambda x: x[..., :4, :]
        )
    assert plt.get_fignums() == []


def test_a_constant_picture_can_be_drawn():
    figure = plot_commuting_square(torch.zeros(4, 4), shift, circular)
    assert figure.axes[-1].get_xlabel() == "0 of 16 pixels"


# Accuracies -------------------------------------------------------------------------------------


def test_the_line_is_the_mean_and_the_band_the_range():
    values = torch.tensor([[0.9, 0.5, 0.1], [0.7, 0.6, 0.3]])
    ax = plot_accuracy_curves([0, 45, 90], {"small": values}).axes[0]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.8, 0.55, 0.2], rtol=1e-6)
    (band,) = [one for one in ax.collections if isinstance(one, PolyCollection)]
    heights = {round(float(y), 4) for _, y in band.get_paths()[0].vertices}
    assert heights == {0.9, 0.5, 0.1, 0.7, 0.6, 0.3}


def test_networks_differ_in_more_than_colour():
    curves = {name: torch.rand(2, 3, generator=torch.Generator().manual_seed(0)) for name in "abcd"}
    lines = plot_accuracy_curves([1, 2, 3], curves, chance=10).axes[0].lines[:4]
    assert len({line.get_linestyle() for line in lines}) == 4
    assert len({line.get_marker() for line in lines}) == 4


def test_guessing_is_drawn():
    ax = plot_accuracy_curves([0, 1], {"one": [0.5, 0.2]}, chance=4).axes[0]
    assert list(ax.lines[-1].get_ydata()) == [0.25, 0.25]


def test_pictures_stand_above_their_positions():
    images = [torch.rand(4, 4, generator=torch.Generator().manual_seed(i)) for i in range(3)]
    figure = plot_accuracy_curves([0, 1, 2, 3, 4], {"one": [0.5] * 5}, pictures=images)
    ax, *panels = figure.axes
    assert list(ax.get_xticks()) == [0, 2, 4]
    for place, panel in zip((0, 2, 4), panels, strict=True):
        box = panel.get_position()
        at = figure.transFigure.inverted().transform(ax.transData.transform((place, 0.5)))
        assert at[0] == pytest.approx((box.x0 + box.x1) / 2, abs=1e-6)
        assert box.y0 > ax.get_position().y1


@pytest.mark.parametrize("count", [3, 6])
def test_pictures_that_do_not_fit_the_positions_are_refused(count):
    with pytest.raises(ValueError, match=rf"divide the 4 positions evenly, got {count}"):
        plot_accuracy_curves(range(4), {"one": [0.5] * 4}, pictures=[picture()] * count)
    assert plt.get_fignums() == []
