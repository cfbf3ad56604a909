"""Figures of chapter 9."""

import math

import matplotlib.pyplot as plt
import pytest

from tests.drawn import assert_nothing_is_cut_off
from utils.drawing.page import PHONE_WIDTH, drawn_for
from utils.figures.chapter_09 import plot_losses

PAGE_WIDTH = 7.2
CURVES = {
    "rate 0.00001: too small": [2.3, 2.3, 2.2],
    "rate 0.001": [2.3, 1.0, 0.4],
    "rate 0.3: too large": [2.3, 4000.0, 2.4],
    "labels shuffled": [2.3, 2.4, 2.3],
    "weights zero": [2.3, 2.3, 2.3],
    "dead ReLUs": [2.31, 2.3, 2.3],
}


def test_each_training_has_its_own_line_step_by_step():
    (ax,) = plot_losses(CURVES).axes
    level, *lines = ax.get_lines()
    assert level.get_ydata()[0] == math.log(10)
    assert [line.get_label() for line in lines] == list(CURVES)
    for line, losses in zip(lines, CURVES.values(), strict=True):
        assert line.get_xdata().tolist() == [1, 2, 3]
        assert line.get_ydata().tolist() == losses
    looks = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines}
    assert len(looks) == len(CURVES)
    assert ax.get_yscale() == "log"
    plt.close("all")


@pytest.mark.parametrize("curves", [{}, {str(number): [1.0] for number in range(7)}])
def test_one_to_six_trainings(curves):
    with pytest.raises(ValueError, match="curves must hold 1 to 6 trainings"):
        plot_losses(curves)


@pytest.mark.parametrize("width", [PAGE_WIDTH, PHONE_WIDTH])
def test_nothing_is_cut_off(width):
    with drawn_for(width):
        figure = plot_losses(CURVES)
    assert figure.get_figwidth() <= width + 1e-9
    assert_nothing_is_cut_off(figure)
    plt.close(figure)
