"""Executing notebooks: one form, the same bytes twice, and one clear line for what fails."""

import io
import json
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image, PngImagePlugin

from tests.notebook_rules import ROOT
from tests.notebooks import as_picture, as_png, code, failed, notebook, printed, save, shown, text
from tools.execute_notebooks import SOLUTION_PROMPTS, main
from tools.notebook_format import (
    SMALL_ENOUGH,
    canonical,
    compact_png,
    objections,
    png_size,
    read_notebook,
    to_text,
)
from tools.setup_cell import SETUP_CELL, SETUP_TAGS

# ---------------------------------------------------------------- execution

GOOD = (
    "import os, sys, matplotlib.pyplot as plt\n"
    f"sys.path.insert(0, {str(ROOT)!r})\n"
    "from utils.style import use_book_style\nuse_book_style()",
    "print(1)\nsys.stdout.flush()\nprint(2)",
    "plt.subplots(figsize=(3, 2))[1].plot([1, 3, 2]);",
    "os.environ['OMP_NUM_THREADS'], os.path.exists('beside.txt')",
    "raise ValueError('on purpose')",
)
BAD = {
    "fails": (["x = 1", "x / 0"], "cell 2 (x / 0): ZeroDivisionError: division by zero"),
    "warns": (["import warnings; warnings.warn('old')"], "writes to stderr: "),
    "shows_an_address": (["object()"], "shows the memory address 0x"),
    "shows_a_path": (["import os; os.__file__"], "shows a path of this machine, /"),
    "dies": (["import os", "os._exit(1)", "2"], "cell 2 (os._exit(1)): the kernel died"),
    "hangs": (
        ["import time", "time.sleep(60)"],
        "cell 2 (time.sleep(60)): still running after 5 s",
    ),
}


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Run the script once over good and bad notebooks; return folder, original bytes and report."""
    folder = tmp_path_factory.mktemp("executed")
    (folder / "beside.txt").touch()
    *fine, raises = GOOD
    save(folder / "good.ipynb", *fine, code(raises, tags=["raises-exception"]))
    for name, (sources, _) in BAD.items():
        save(folder / f"{name}.ipynb", *sources)
    save(folder / "raises_nothing.ipynb", code("x = 1", tags=["raises-exception"]))
    (folder / "no_notebook.ipynb").write_text("{}")
    before = {path.name: path.read_bytes() for path in folder.glob("*.ipynb")}
    command = [sys.executable, str(ROOT / "tools" / "execute_notebooks.py"), "--timeout", "5"]
    files = [*sorted(path.name for path in folder.glob("*.ipynb")), "missing.ipynb"]
    run = subprocess.run([*command, *files], cwd=folder, capture_output=True, text=True)
    return folder, before, run


def test_a_good_notebook_is_executed_and_stored(executed):
    folder, _, run = executed
    assert re.fullmatch(r"good\.ipynb: changed \(\d+ s\)\n", run.stdout)
    cells = nbformat.read(folder / "good.ipynb", as_version=4).cells
    assert [cell.execution_count for cell in cells] == [1, 2, 3, 4, 5]
    assert cells[1].outputs == [printed("1\n2\n")]
    assert cells[3].outputs[0].data["text/plain"] == "('1', True)"
    assert cells[4].outputs[0].traceback == ["ValueError: on purpose"]
    figure = cells[2].outputs[0]  # stored at twice the width at which it is shown
    assert figure.metadata == {"image/png": {"width": 300}}
    assert png_size(figure.data["image/png"]) == (600, 400)


def test_a_second_run_changes_no_byte(executed, capsys):
    path = executed[0] / "good.ipynb"
    stored = path.read_bytes()
    assert main([str(path), "-j", "1"]) == 0
    assert path.read_bytes() == stored
    assert capsys.readouterr().out.startswith(f"{path}: unchanged (")


@pytest.mark.parametrize(("name", "complaint"), [(name, words) for name, (_, words) in BAD.items()])
def test_what_fails_is_said_in_one_line_and_the_file_stays(executed, name, complaint):
    folder, before, run = executed
    (line,) = [line for line in run.stderr.splitlines() if line.startswith(f"{name}.ipynb: ")]
    assert complaint in line
    assert "cell 1" in line or "cell 2" in line
    assert (folder / f"{name}.ipynb").read_bytes() == before[f"{name}.ipynb"]


def test_the_report_has_one_line_for_each_notebook(executed):
    folder, before, run = executed
    assert run.returncode == 1
    assert "raises_nothing.ipynb: cell 1 (x = 1): is tagged raises-exception but" in run.stderr
    assert "no_notebook.ipynb: cannot be read: not a notebook of nbformat 4" in run.stderr
    assert "missing.ipynb: there is no such notebook" in run.stderr
    assert len(run.stderr.splitlines()) == len(BAD) + 3
    assert {path.name for path in folder.iterdir()} == {*before, "beside.txt"}


def test_check_writes_nothing(tmp_path, capsys):
    path = save(tmp_path / "a.ipynb", "1")
    before = path.read_bytes()
    assert main(["--check", "--no-execute", str(path)]) == 1
    assert path.read_bytes() == before
    assert capsys.readouterr().out == f"{path}: would change\n"
    assert main(["--no-execute", str(path)]) == 0
    assert main(["--check", "--no-execute", str(path)]) == 0


def test_what_chapters_share_is_brought_in_line(tmp_path):
    path = save(tmp_path / "a.ipynb", code("# an old set-up", tags=["course-setup"]))
    assert main(["--no-execute", str(path)]) == 0
    (cell,) = nbformat.read(path, as_version=4).cells
    assert cell.source == SETUP_CELL
    assert cell.metadata.tags == SETUP_TAGS
    save(path, code("answer = 3", tags=["solution", "hide-cell"]))
    assert main(["--no-execute", str(path)]) == 0
    assert nbformat.read(path, as_version=4).cells[0].metadata.mystnb == SOLUTION_PROMPTS


# ---------------------------------------------------------------- canonical form


def test_the_canonical_form():
    number = shown("3", "execute_result")
    number.execution_count, number.metadata["x"] = 9, 1
    cell = code("\nx = 1   \n\nx  \n\n", printed("a"), printed("w", "stderr"), printed("b"), number)
    cell.metadata = {"tags": ["imports"], "collapsed": True, "execution": {"iopub": "12:00"}}
    words = text("Words.  \nMore. \n", metadata={"tags": []})
    page = {"myst": {"html_meta": {"description": "A chapter."}}, "toc": {"depth": 3}}
    made = canonical(
        notebook(cell, words, language_info={"name": "python", "version": "3"}, **page)
    )
    assert cell.source == "x = 1   \n\nx  "
    assert cell.metadata == {"tags": ["imports"]}
    assert words.source == "Words.  \nMore. "  # two spaces are a line break
    assert words.metadata == {}
    assert [output.get("text") for output in cell.outputs] == ["ab", "w", None]
    assert (cell.outputs[2].execution_count, cell.outputs[2].metadata) == (1, {})
    assert made.metadata.keys() == {"myst", "kernelspec", "language_info"}
    assert made.metadata.language_info == {"name": "python"}
    assert re.search(r"[^\n]\n\Z", to_text(made))


def test_ids_stay_and_missing_or_repeated_ones_are_replaced_alike_everywhere():
    def ids(identities):
        content = {**notebook(*map(text, "abbb"))}
        content["cells"] = [cell | {"id": i} for cell, i in zip(content["cells"], identities)]
        return [cell.id for cell in read_notebook(json.dumps(content)).cells]

    found = ids(["mine", "mine", "", ""])
    assert found[0] == "mine"
    assert len(set(found)) == 4
    assert {len(identity) for identity in found[1:]} == {8}
    assert ids(["mine", "mine", "", ""]) == ids(found) == found


@pytest.mark.parametrize("words", ["", "{}", "[]", '{"nbformat": 3, "worksheets": []}', "no"])
def test_what_is_no_notebook_is_refused(words):
    with pytest.raises(ValueError, match=r"not a notebook|Expecting value"):
        read_notebook(words)


# ---------------------------------------------------------------- pictures


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def diagram():
    figure = Figure(figsize=(7.2, 4))
    axes = figure.subplots()
    for start in range(40):
        axes.plot([0, 1], [start, 40 - start], label=f"line {start}")
    axes.set_title("Forty lines")
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=200)
    return buffer.getvalue()


def photograph(tones=256, size=250):
    """Return a picture of smooth tones and noise, as a camera would make."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:size, :size] / size
    channels = [rows, columns, (rows + columns) / 2]
    smooth = np.stack(channels, axis=-1) * 200 + generator.normal(20, 4, (size, size, 3))
    return as_png(smooth.clip(0, 255) // (256 // tones) * (256 // tones))


@pytest.mark.parametrize("data", [diagram(), photograph(), photograph(8), as_png(np.eye(9) * 255)])
def test_compacting_twice_changes_nothing_more(data):
    once = compact_png(data)
    assert len(once) <= len(data)
    assert compact_png(once) == compact_png(data) == once


def test_pictures_that_are_small_or_have_few_colours_are_kept_exactly():
    for data in (photograph(4), photograph(size=100), as_png(np.eye(9) * 255)):
        assert (pixels(compact_png(data)) == pixels(data)).all()
    assert len(photograph(size=100)) < SMALL_ENOUGH
    assert Image.open(io.BytesIO(compact_png(photograph(4)))).mode == "P"
    assert Image.open(io.BytesIO(compact_png(as_png(np.eye(99) * 9)))).mode in "PL"


def test_a_large_picture_loses_colours_only_if_nobody_can_tell():
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 5, (300, 300, 3))
    for values, alike in ((noise + 100, True), (noise * 60, False)):
        data = as_png(values)
        assert len(data) > SMALL_ENOUGH
        difference = np.abs(pixels(compact_png(data)).astype(int) - values)
        assert (difference.max() > 0) == alike
        assert difference.mean() < 1.5


def test_transparency_is_kept():
    values = np.zeros((4, 4, 4))
    values[:2, :, 3] = 255
    compact = Image.open(io.BytesIO(compact_png(as_png(values))))
    assert (np.asarray(compact.convert("RGBA")) == values).all()


def test_a_picture_inside_html_is_compacted_and_the_rest_kept():
    note = PngImagePlugin.PngInfo()
    note.add_text("Software", "version 1.2.3")
    data = as_png(np.eye(9) * 255, pnginfo=note)
    cell = code("x", shown(html=f'<figure id="a">{as_picture(data)}</figure>'))
    canonical(notebook(cell))
    assert b"version 1.2.3" in data
    assert b"version 1.2.3" not in compact_png(data)
    html = cell.outputs[0].data["text/html"]
    assert html == f'<figure id="a">{as_picture(compact_png(data))}</figure>'


# ---------------------------------------------------------------- what must not be stored


@pytest.mark.parametrize(
    "words",
    [
        "<object at 0x7f0b55a2fef0>",
        "/home/me/book/utils/style.py",
        "'/srv/x.png'",
        "C:\\Users\\me",
        "see (/usr/lib) there",
    ],
)
def test_what_differs_between_machines_is_refused(words):
    for output in (shown(words), shown(html=words), printed(words)):
        assert objections(notebook(code("x", output)))
    assert objections(notebook(code("x", failed(words), tags=["raises-exception"])))


@pytest.mark.parametrize(
    "html",
    [
        "3/4 of 1/2",
        "https://example.org/a/b.html",
        "<b>one</b><br/><i>two</i>",
        "<script>const pattern = /a/b; // 0x7f0b55a2fef0\n</script>",
        "height/width",
        "(C_out, C_in/groups, kH, kW)",
        "0xff",
        '<img src="data:image/png;base64,iVBOR/abc/def/ghi+0x7f0b55a2fef0==">',
    ],
)
def test_what_is_the_same_everywhere_is_stored(html):
    assert objections(notebook(code("x", shown(html=html)))) == []


def test_errors_need_a_tag_and_a_tag_needs_an_error():
    tagged = {"tags": ["raises-exception"]}
    assert objections(notebook(code("x", failed("no"), **tagged))) == []
    assert "mend it" in objections(notebook(code("x", failed("no"))))[0]
    assert "raises nothing" in objections(notebook(code("x", printed("1"), **tagged)))[0]


def test_a_pasted_picture_is_refused_and_stays(tmp_path, capsys):
    pasted = {"x.png": {"image/png": "iVBORw0KGgo="}}
    path = save(tmp_path / "a.ipynb", text("![x](attachment:x.png)", attachments=pasted))
    before = path.read_bytes()
    assert main(["--no-execute", str(path)]) == 1
    assert "holds a pasted picture; let a code cell draw it" in capsys.readouterr().err
    assert path.read_bytes() == before
