"""The pictures of img/ are what the code draws today."""

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from tests.nbval_strict import picture_difference
from tools.draw_figures import FIGURES, draw

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_the_stored_picture_is_light_and_what_is_drawn(name, tmp_path):
    stored, drawn = (ROOT / "img" / name).read_bytes(), draw(name, tmp_path).read_bytes()
    assert picture_difference(stored, drawn) == "", "run make figures"
    assert len(stored) <= 120_000


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_drawing_twice_changes_no_byte_and_leaves_nothing_behind(name, tmp_path):
    settings = dict(mpl.rcParams)
    first, second = (draw(name, tmp_path / folder).read_bytes() for folder in ("a", "b"))
    assert first == second
    assert dict(mpl.rcParams) == settings
    assert plt.get_fignums() == []


def test_an_unknown_picture_is_named_and_nothing_is_written(tmp_path):
    command = [sys.executable, "-m", "tools.draw_figures", "nope.png", "--to", tmp_path / "img"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    assert "no picture is called nope.png; there are: landing.png" in result.stderr
    assert not (tmp_path / "img").exists()
