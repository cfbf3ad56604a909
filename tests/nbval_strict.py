"""
A pytest plugin that makes nbval's strict mode a proof.

With ``pytest --nbval``, every cell of a notebook is executed again and everything it shows must
equal what is stored. Out of the box, nbval never looks at figures, fails on a trailing semicolon,
needs half an hour to notice a dead kernel, and is content when a cell tagged ``raises-exception``
raises nothing. Here:

- figures are compared by their pixels, with a tolerance for the rendering of edges; both pictures
  of a failed comparison are written to ``_build/nbval-figures``;
- this includes pictures inside HTML (animations); the rest of the HTML must be equal;
- ``expression;`` shows nothing, as in Jupyter;
- a kernel that dies is noticed within two seconds;
- ``raises-exception`` must raise, and a cell that was never executed fails;
- the kernel is the Python that runs pytest.

Tags of a cell change its comparison: with ``nbval-rtol-1e-2`` decimal numbers may differ by a
factor of 1 + 1e-2 (integers stay exact), with ``nbval-ignore-image`` pictures are not compared.
"""

import base64
import io
import math
import os
import re
import time
from copy import deepcopy
from pathlib import Path
from queue import Empty
from unittest.mock import patch

import numpy as np
import pytest
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile
from PIL import Image, ImageFilter

from tools.execute_notebooks import KERNEL_SETTINGS
from tools.notebook_format import PNG_DATA_URI

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
INTEGER = re.compile(r"[-+]?\d+")
RELATIVE_TOLERANCE = re.compile(r"nbval-rtol-(\d.*)")

# A pixel is off if no pixel next to it in the other picture comes within 48 of 255. Rendering
# that moves an edge by less than a pixel leaves none; a 6 that became an 8 at 9 pt leaves 12
# within a square of 24 pixels, and other digits more.
COLOUR_TOLERANCE = 48
BLOCK = 24
PIXELS_OFF_IN_A_BLOCK = 8


# ---------------------------------------------------------------- comparing


def picture_difference(stored: bytes, new: bytes) -> str:
    """Say in one sentence how two PNG files differ, or nothing if they show the same."""
    if stored == new:
        return ""
    pictures = [Image.open(io.BytesIO(data)).convert("RGB") for data in (stored, new)]
    (width, height), (new_width, new_height) = (picture.size for picture in pictures)
    if (width, height) != (new_width, new_height):
        return f"the picture of {width} x {height} pixels became {new_width} x {new_height}"
    off = _outside(*pictures) | _outside(*reversed(pictures))
    worst, (row, column) = _densest_block(off)
    if worst <= PIXELS_OFF_IN_A_BLOCK:
        return ""
    return (
        f"the picture differs in {off.sum()} pixels, most of them near row {row}, column {column}"
    )


def _outside(reference: Image.Image, picture: Image.Image) -> np.ndarray:
    """Mark the pixels that no neighbour in the reference comes near."""
    low = np.asarray(reference.filter(ImageFilter.MinFilter(3)), dtype=int) - COLOUR_TOLERANCE
    high = np.asarray(reference.filter(ImageFilter.MaxFilter(3)), dtype=int) + COLOUR_TOLERANCE
    values = np.asarray(picture, dtype=int)
    off: np.ndarray = np.any((values < low) | (values > high), axis=2)
    return off


def _densest_block(off: np.ndarray) -> tuple[int, tuple[int, int]]:
    """Return the largest number of marked pixels in a square block, and its first pixel."""
    side = min(BLOCK, *off.shape)
    sums = np.pad(off.astype(int).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    counts = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    place = np.unravel_index(counts.argmax(), counts.shape)
    return counts[place], (int(place[0]), int(place[1]))


def numbers_close(stored: str, new: str, relative: float) -> bool:
    """Whether the words of two texts agree, their integers too, and decimal numbers are close."""
    if NUMBER.sub("#", stored).split() != NUMBER.sub("#", new).split():
        return False
    for old, now in zip(NUMBER.findall(stored), NUMBER.findall(new), strict=True):
        if old == now:
            continue
        if INTEGER.fullmatch(old) and INTEGER.fullmatch(now):
            return False
        if not math.isclose(float(old), float(now), rel_tol=relative, abs_tol=relative * 1e-2):
            return False
    return True


def take_pictures(outputs: list[dict]) -> list[bytes]:
    """Take every picture out of the outputs of a cell, leaving its number in its place."""
    pictures = []

    def take(encoded: str) -> str:
        pictures.append(base64.b64decode(encoded))
        return f"picture {len(pictures)}"

    for output in outputs:
        data = output.get("data", {})
        if "image/png" in data:
            data["image/png"] = take(data["image/png"])
        if "text/html" in data:
            html = data["text/html"]
            data["text/html"] = PNG_DATA_URI.sub(lambda match: take(match[0]), html)
    return pictures


def _accept_close_numbers(stored: list[dict], new: list[dict], relative: float) -> None:
    """Where only decimals differ, and by little, let the new outputs say what is stored."""
    for old, now in zip(stored, new):
        for source, target in ((old, now), (old.get("data", {}), now.get("data", {}))):
            for kind in ("text", "text/plain", "text/html"):
                if (
                    kind in source
                    and kind in target
                    and numbers_close(source[kind], target[kind], relative)
                ):
                    target[kind] = source[kind]


# ---------------------------------------------------------------- executing


class KernelDied(Exception):
    """The process that executes the notebook is gone."""


class Kernel(RunningKernel):
    """A kernel that keeps a history, as Jupyter does, and whose death is noticed."""

    def execute_cell_input(self, cell_input, allow_stdin=None):
        # IPython obeys a trailing semicolon only in cells that enter the history.
        return self.kc.execute(
            cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
        )

    def get_message(self, stream, timeout=None):
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        while True:
            remaining = deadline - time.monotonic()
            try:
                return super().get_message(stream, timeout=min(1, max(0, remaining)))
            except Empty:
                if not self.is_alive():
                    raise KernelDied from None
                if remaining <= 0:
                    raise


class NotebookFile(IPyNbFile):
    """A notebook whose cells are executed by the Python that runs pytest."""

    def setup(self):
        with patch.dict(os.environ, KERNEL_SETTINGS):
            self.kernel = Kernel(
                CURRENT_ENV_KERNEL_NAME,
                cwd=str(self.path.parent),
                startup_timeout=self.config.option.nbval_kernel_startup_timeout,
            )
        self.setup_sanitize_files()

    def collect(self):
        for item in super().collect():
            yield NotebookCell.from_parent(
                self, name=item.name, cell_num=item.cell_num, cell=item.cell, options=item.options
            )


class NotebookCell(IPyNbCell):
    """A cell that must show again what is stored, pictures included."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.output_timeout = 60  # seconds; nbval gives up after 5, too few on a busy machine

    @property
    def tags(self):
        return self.cell.metadata.get("tags", [])

    def runtest(self):
        if self.cell.execution_count is None and self.cell.source and self.options["check"]:
            self.raise_cell_error("The cell was never executed: run `make execute`")
        try:
            super().runtest()
        except KernelDied:
            self.raise_cell_error("The kernel died (out of memory, a crash, os._exit?)")
        raised = any(output["output_type"] == "error" for output in self.test_outputs)
        if self.options["check_exception"] and not raised:
            self.raise_cell_error("The cell is tagged raises-exception but raises nothing")

    def compare_outputs(self, test, ref, skip_compare=None):
        new, stored = deepcopy(test), deepcopy(ref)
        new_pictures, stored_pictures = take_pictures(new), take_pictures(stored)
        for tag in self.tags:
            if match := RELATIVE_TOLERANCE.fullmatch(tag):
                _accept_close_numbers(stored, new, float(match[1]))
        if not super().compare_outputs(new, stored, skip_compare):
            return False
        if "nbval-ignore-image" in self.tags:
            return True
        if len(stored_pictures) != len(new_pictures):
            counts = f"{len(stored_pictures)} pictures stored, {len(new_pictures)} drawn"
            self.comparison_traceback = [counts]
            return False
        for number, pair in enumerate(zip(stored_pictures, new_pictures), start=1):
            if difference := picture_difference(*pair):
                self.comparison_traceback = [difference, self._write_pictures(number, pair)]
                return False
        return True

    def _write_pictures(self, number, pair):
        folder = Path(self.config.rootpath, "_build", "nbval-figures")
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{self.path.stem}-cell{self.cell_num}-{number}"
        for kind, data in zip(("stored", "new"), pair, strict=True):
            (folder / f"{stem}-{kind}.png").write_bytes(data)
        shown = folder.relative_to(self.config.rootpath)
        return f"compare {shown}/{stem}-stored.png with {stem}-new.png"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Collect notebooks as ours where nbval collects them."""
    collectors = yield
    return [
        NotebookFile.from_parent(parent, path=file_path)
        if isinstance(collector, IPyNbFile)
        else collector
        for collector in collectors
    ]
