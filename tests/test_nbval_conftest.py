"""nbval's strict mode, made a proof: what must be noticed is, and nothing else."""

import io
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image as Pillow

from tests.nbval_strict import numbers_close, picture_difference
from tests.notebooks import code, in_base64, notebook
from tools.execute_notebooks import execute
from tools.notebook_format import PNG_DATA_URI, canonical, to_text

TESTS = Path(__file__).parent


# ---------------------------------------------------------------- pictures


def drawn(label="388", *, position=0.5, size=9, width=2.5) -> bytes:
    """Draw a picture with a small label and return it as a PNG."""
    figure = Figure(figsize=(width, 1.25))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1])
    axes.text(position, 0.1, label, fontsize=size)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=200)
    return buffer.getvalue()


@pytest.mark.parametrize("label", ["888", "368", "383", "38.8", "-388", "387"])
def test_a_changed_digit_in_a_picture_is_noticed(label):
    assert "differs" in picture_difference(drawn(), drawn(label))


def test_an_edge_rendered_slightly_differently_is_not_a_change():
    assert picture_difference(drawn(), drawn(position=0.501)) == ""


@pytest.mark.parametrize("factor", [2, 3])
def test_resampled_edges_are_not_a_change(factor):
    picture = Pillow.open(io.BytesIO(drawn())).convert("RGB")
    smooth = picture.resize([side * factor for side in picture.size]).resize(picture.size)
    buffer = io.BytesIO()
    smooth.save(buffer, "PNG")
    assert picture_difference(drawn(), buffer.getvalue()) == ""


def test_a_picture_of_another_size_is_noticed():
    difference = picture_difference(drawn(), drawn(width=2.51))
    assert difference == "the picture of 500 x 250 pixels became 502 x 250"


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("stored", "new", "close"),
    [
        ("loss 1.00 after 3 epochs", "loss 1.01 after 3 epochs", True),
        ("loss 1.00 after 3 epochs", "loss 1.03 after 3 epochs", False),
        ("loss 1.00 after 3 epochs", "loss 1.00 after 4 epochs", False),
        ("loss 1.00", "cost 1.00", False),
        ("1.5e-3", "1.501e-3", True),
        ("-1.00", "1.00", False),
        ("shape (10, 3)", "shape (10, 3, 1)", False),
    ],
)
def test_decimal_numbers_may_differ_a_little_and_nothing_else(stored, new, close):
    assert numbers_close(stored, new, 1e-2) is close


# ---------------------------------------------------------------- notebooks


@dataclass
class Case:
    """One cell, what is falsified in its stored output, and what the report must say."""

    name: str
    source: str
    complaint: str = ""
    falsify: object = None
    tags: tuple = ()


def words(old, new):
    """Store other words than were shown."""

    def falsify(cell):
        (output,) = cell.outputs
        holder, key = (output, "text") if "text" in output else (output.data, "text/html")
        assert old in holder[key]
        holder[key] = holder[key].replace(old, new)

    return falsify


def picture(**changes):
    """Store another picture than was shown."""

    def falsify(cell):
        encoded, data = in_base64(drawn(**changes)), cell.outputs[0].data
        if "image/png" in data:
            data["image/png"] = encoded
        else:
            data["text/html"], count = PNG_DATA_URI.subn(encoded, data["text/html"])
            assert count == 1

    return falsify


def outputs_removed(cell):
    cell.outputs = []


def pictures_removed(cell):
    del cell.outputs[0].data["image/png"]


def never_executed(cell):
    cell.execution_count, cell.outputs = None, []


SHOW = "Image(drawn())"
SHOW_HTML = "HTML(f'<p>one</p><img src=\"data:image/png;base64,{b64encode(drawn()).decode()}\">')"

RAISES, CLOSE, ANY_PICTURE = ("raises-exception",), ("nbval-rtol-1e-2",), ("nbval-ignore-image",)
OTHER, MOVED = picture(label="389"), picture(position=0.501)

CASES = [
    Case("a true number", "print('loss', 0.25)"),
    Case("a wrong number", "print('loss', 0.25)", "0.52", words("0.25", "0.52")),
    Case("a wrong word", "print('height')", "width", words("height", "width")),
    Case("an output that is gone", "print(1)", "Unexpected output fields", outputs_removed),
    Case("a semicolon silences a value", "x = [1, 2]; x;"),
    Case("a close number without the tag", "print(1.0)", "1.001", words("1.0", "1.001")),
    Case("a close number with the tag", "print(1.0)", "", words("1.0", "1.001"), CLOSE),
    Case("a number out of tolerance", "print(1.0)", "1.1", words("1.0", "1.1"), CLOSE),
    Case("a figure of Matplotlib behind a semicolon", "plt.plot([1, 2]);"),
    Case("a picture", SHOW),
    Case("a changed picture", SHOW, "the picture differs", OTHER),
    Case("a slightly moved edge", SHOW, "", MOVED),
    Case("a changed picture that may change", SHOW, "", OTHER, ANY_PICTURE),
    Case("a picture too many", SHOW, "0 pictures stored, 1 drawn", pictures_removed),
    Case("an animation", SHOW_HTML),
    Case("a changed word in HTML", SHOW_HTML, "two", words("one", "two")),
    Case("a changed picture in HTML", SHOW_HTML, "the picture differs", OTHER),
    Case("a moved edge in HTML", SHOW_HTML, "", MOVED),
    Case("a shown error", "raise ValueError('no')", tags=RAISES),
    Case("an error that is not raised", "print('fine')", "raises nothing", tags=RAISES),
    Case("an untagged error", "raise ValueError('no')", "caused an exception"),
    Case("a cell that was never executed", "y = 1", "make execute", never_executed),
    Case("a warning", "import warnings; warnings.warn('old')", "stderr", outputs_removed),
]
KILLED = [
    Case("before", "print('alive')"),
    Case("the kernel dies", "import os; os._exit(1)", "kernel died"),
    Case("after", "print('dead')", "dead"),
]
PREPARATION = f"""\
import sys
sys.path.insert(0, {str(TESTS.parent)!r})
from base64 import b64encode
import matplotlib.pyplot as plt
from IPython.display import HTML, Image
from tests.test_nbval_conftest import drawn"""


def write_notebook(path, cases):
    """Execute the cases as an honest author would, then falsify the stored outputs."""
    cells = [code(PREPARATION), *(code(case.source) for case in cases)]
    for cell, case in zip(cells[1:], cases, strict=True):
        if "_exit" in case.source:
            cell.source = ""
        if "raise " in case.source:
            cell.metadata.tags = ["raises-exception"]
    honest = notebook(*cells)
    execute(honest, path.parent)
    canonical(honest)
    for cell, case in zip(cells[1:], cases, strict=True):
        cell.source, cell.metadata.tags = case.source, list(case.tags)
        if case.falsify:
            case.falsify(cell)
    path.write_text(to_text(honest), encoding="utf-8")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Run nbval once, in two processes, over all cases."""
    folder = tmp_path_factory.mktemp("notebooks")
    write_notebook(folder / "cases.ipynb", CASES)
    write_notebook(folder / "killed.ipynb", KILLED)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.nbval_strict", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", "-n", "2", "--dist", "loadscope"]
    command += ["--color=no", "--junitxml=report.xml", "."]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "MPLBACKEND": "Agg"}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert (folder / "report.xml").is_file(), run.stdout + run.stderr
    found = {}
    for item in ElementTree.parse(folder / "report.xml").iter("testcase"):
        problems = [problem.text for kind in ("failure", "error") for problem in item.iter(kind)]
        cell = int(item.get("name").removeprefix("Cell "))
        notebook = "killed" if "killed" in item.get("classname") else "cases"
        found[notebook, cell] = "\n".join(problems), float(item.get("time"))
    return folder, found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_strict_mode(report, case):
    complaint, _ = report[1]["cases", CASES.index(case) + 1]
    if case.complaint:
        assert case.complaint in complaint
    else:
        assert complaint == ""


@pytest.mark.parametrize("case", KILLED, ids=lambda case: case.name)
def test_a_dead_kernel_is_noticed_within_two_seconds(report, case):
    complaint, seconds = report[1]["killed", KILLED.index(case) + 1]
    assert case.complaint in complaint if case.complaint else complaint == ""
    if case.complaint:
        assert seconds < 8  # two, and what a busy machine adds


def test_the_pictures_of_a_failed_comparison_are_written(report):
    folder = report[0] / "_build" / "nbval-figures"
    cell = [case.name for case in CASES].index("a changed picture") + 1
    stem = f"cases-cell{cell}-1"
    assert (folder / f"{stem}-new.png").read_bytes() == drawn()
    assert picture_difference((folder / f"{stem}-stored.png").read_bytes(), drawn("389")) == ""
    written = {path.name for path in folder.iterdir() if path.name.startswith(stem)}
    assert written == {f"{stem}-new.png", f"{stem}-stored.png"}
