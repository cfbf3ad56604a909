"""The pictures: their shapes, their range, and that they are always the same."""

import time

import numpy as np
import pytest
import torch

from utils import data
from utils.data import colour_digits, portrait


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


class TestColourDigits:
    def test_shapes_types_and_range(self):
        images, labels = colour_digits(30, size=20)
        assert images.shape == (30, 3, 20, 20)
        assert images.dtype == torch.float32
        assert images.min() >= 0
        assert images.max() <= 1
        assert labels.shape == (30,)
        assert labels.dtype == torch.int64

    @pytest.mark.parametrize("n", [1, 7, 10, 95, 200])
    def test_each_digit_comes_equally_often(self, n):
        counts = colour_digits(n, size=12)[1].bincount(minlength=10)
        assert len(counts) == 10
        assert counts.sum() == n
        assert counts.max() - counts.min() <= 1

    def test_the_order_is_random(self):
        labels = colour_digits(200, size=12)[1]
        assert not torch.equal(labels, labels.sort().values)
        assert (labels[1:] - labels[:-1]).unique().numel() > 10

    def test_the_seed_decides(self):
        images, labels = colour_digits(20)
        again, same_labels = colour_digits(20, seed=0)
        assert torch.equal(images, again)
        assert torch.equal(labels, same_labels)
        others, other_labels = colour_digits(20, seed=1)
        assert not torch.equal(labels, other_labels)
        assert not torch.equal(images, others)

    def test_all_typefaces_are_drawn_and_differ(self, monkeypatch):
        glyph, used = data._glyph, []
        monkeypatch.setattr(data, "_glyph", lambda *what: used.append(what) or glyph(*what))
        colour_digits(500, size=12)
        assert {font for font, _ in used} == set(range(len(data._FONTS)))
        for digit in range(10):
            drawn = {glyph(font, digit).tobytes() for font in range(len(data._FONTS))}
            assert len(drawn) == len(data._FONTS)

    @pytest.mark.parametrize("font", range(len(data._FONTS)), ids=data._FONTS)
    def test_every_typeface_has_ten_different_digits_of_a_sensible_form(self, font):
        glyphs = [data._glyph(font, digit) for digit in range(10)]
        assert len({glyph.tobytes() for glyph in glyphs}) == 10
        for glyph in glyphs:
            assert 0.25 < glyph.width / glyph.height < 1.1
            ink = np.array(glyph) > 127
            assert 0.1 < ink.mean() < 0.75

    def test_digits_lie_inside_in_many_places_and_sizes(self, monkeypatch):
        masks, place = [], data._digit
        monkeypatch.setattr(
            data, "_digit", lambda *a, **k: masks.append(place(*a, **k)) or masks[-1]
        )
        colour_digits(200)
        inks = np.array(masks) > 127
        assert inks[:, 0].sum() == inks[:, -1].sum() == 0
        assert inks[:, :, 0].sum() == inks[:, :, -1].sum() == 0
        rows = [np.flatnonzero(ink.any(1)) for ink in inks]
        heights = [row[-1] - row[0] + 1 for row in rows]
        assert min(heights) >= 12
        assert max(heights) > 24
        assert len({(row[0], row[-1]) for row in rows}) > 30

    def test_digit_and_background_can_be_told_apart(self, monkeypatch):
        found = []
        contrast = data._contrast
        monkeypatch.setattr(
            data, "_contrast", lambda colours: found.append(contrast(colours)) or found[-1]
        )
        colour_digits(300, size=12)
        assert found[-1].min() >= 3
        black_and_white = torch.tensor([[[0.0, 0, 0], [1, 1, 1]]])
        assert contrast(black_and_white).item() == pytest.approx(21)
        assert contrast(black_and_white.flip(1)).item() == pytest.approx(21)

    def test_either_may_be_lighter(self):
        images, _ = colour_digits(300)
        brightness = images.mean(1)
        edge = torch.cat([brightness[:, 0], brightness[:, -1]], dim=1).mean(1)
        darker = (brightness.amin((1, 2)) - edge).abs() > (brightness.amax((1, 2)) - edge).abs()
        assert 60 < darker.sum() < 240

    def test_a_thousand_take_a_moment(self):
        start = time.perf_counter()
        colour_digits(1000)
        assert time.perf_counter() - start < 5  # about half a second on an idle machine

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"n": 0}, ValueError, "n must be at least 1, got 0"),
            ({"n": 2.5}, TypeError, r"n must be an integer, got 2\.5"),
            ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
            ({"size": 11}, ValueError, "size must be at least 12, got 11"),
        ],
    )
    def test_wrong_arguments(self, options, error, message):
        with pytest.raises(error, match=message):
            colour_digits(**options)
