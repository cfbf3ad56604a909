"""Settings for every test: one thread, no window, notebooks compared strictly."""

import os
import sys
from collections.abc import Iterator

import matplotlib
import pytest

from tools.find_browser import find_browser

pytest_plugins = ["tests.nbval_strict"]

os.environ.setdefault("OMP_NUM_THREADS", "1")  # equal sums everywhere, no thrashing with -n2
matplotlib.use("Agg")  # not by MPLBACKEND, which the kernels of notebooks would inherit


@pytest.fixture(autouse=True)
def drawing_starts_afresh() -> Iterator[None]:
    """Let no test draw with the settings, or into a figure, that another one left behind."""
    with matplotlib.rc_context():
        yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Path of a Chromium; without one the test is skipped, and fails where CI is set."""
    path = find_browser()
    if path is None:
        message = "NOT CHECKED: the site in a browser. Install chromium, or set CHROME_PATH"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(message)
        pytest.skip(message)
    return path
