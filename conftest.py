"""Settings for every test: one thread, the tools importable, notebooks checked strictly."""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # equal sums everywhere, no thrashing with -n 2

ROOT = Path(__file__).parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "tests")]

pytest_plugins = ["nbval_strict"]
