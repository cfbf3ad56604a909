"""Settings for every test: one thread, the tools importable, notebooks checked strictly."""

import os
import sys
from pathlib import Path

import matplotlib
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # equal sums everywhere, no thrashing with -n 2

ROOT = Path(__file__).parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "tests")]

pytest_plugins = ["nbval_strict"]

matplotlib.use("Agg")  # not by MPLBACKEND, which the kernels of notebooks would inherit


@pytest.fixture(autouse=True)
def drawing_starts_afresh():
    """Let no test draw with the settings, or into a figure, that another one left behind."""
    with matplotlib.rc_context():
        yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
