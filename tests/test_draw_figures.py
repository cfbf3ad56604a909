"""The pictures of img/ are what the code draws today."""

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from tools import draw_figures
from tools.draw_figures import FIGURES

ROOT = Path(draw_figures.__file__).resolve().parents[1]


def pixels(path):
    """Read a picture as numbers from 0 to 255."""
    return np.asarray(Image.open(path).convert("RGB"), dtype=float)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_the_stored_picture_is_what_is_drawn(name, tmp_path):
    stored, drawn = pixels(ROOT / "img" / name), pixels(draw_figures.draw(name, tmp_path))
    assert stored.shape == drawn.shape, "run make figures"
    assert np.abs(stored - drawn).mean() < 0.5, "run make figures"


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_drawing_twice_changes_no_byte_and_leaves_nothing_behind(name, tmp_path):
    settings = dict(mpl.rcParams)
    first = draw_figures.draw(name, tmp_path / "first").read_bytes()
    second = draw_figures.draw(name, tmp_path / "second").read_bytes()
    assert first == second
    assert dict(mpl.rcParams) == settings
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_picture_is_light(name):
    assert (ROOT / "img" / name).stat().st_size <= 120_000


def test_there_are_pictures():
    assert "landing.png" in FIGURES


def test_an_unknown_picture_is_named(tmp_path):
    command = [sys.executable, "-m", "tools.draw_figures", "nope.png", "--to", tmp_path / "img"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("error: no picture is called nope.png; there are: ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "img").exists()
