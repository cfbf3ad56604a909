"""The pictures: their shapes, their range, and that they are always the same."""

import pytest
import torch

from utils.data import portrait


@pytest.mark.parametrize("size", [1, 32, 200, 400])
def test_shape_and_range(size):
    grey, colour = portrait(size=size), portrait(size=size, colour=True)
    assert grey.shape == (size, size)
    assert colour.shape == (3, size, size)
    for picture in (grey, colour):
        assert picture.dtype == torch.float32
        assert picture.is_contiguous()
        assert picture.min() >= 0
        assert picture.max() <= 1


def test_the_whole_range_is_used():
    assert portrait().min() < 0.05
    assert portrait().max() > 0.95


def test_grey_is_the_weighted_sum_of_the_colours():
    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    difference = portrait() - (portrait(colour=True) * weights).sum(0)
    assert difference.abs().max() < 0.03  # both are rounded to 256 steps before they are resized


def test_the_cap_is_dark_and_the_cheek_is_light():
    picture = portrait()
    assert picture[55, 100] < 0.2  # the peak of the cap
    assert picture[125, 75] > 0.4  # a cheek: the picture is not upside down


def test_resizing_is_antialiased():
    small = portrait(size=50)
    averaged = torch.nn.functional.avg_pool2d(portrait(size=200)[None, None], 4)[0, 0]
    assert (small - averaged).abs().mean() < 0.02


def test_each_call_gives_a_tensor_of_its_own():
    portrait().zero_()
    assert torch.equal(portrait(), portrait())
    assert portrait().max() > 0


@pytest.mark.parametrize(("size", "error"), [(0, ValueError), (2.5, TypeError), (True, TypeError)])
def test_wrong_sizes(size, error):
    with pytest.raises(error, match=r"size must be .*, got"):
        portrait(size=size)


def test_colour_is_true_or_false():
    with pytest.raises(TypeError, match="colour must be True or False, got 'yes'"):
        portrait(colour="yes")
