"""The student edition: chapters without solutions, written twice the same, over nothing else."""

import subprocess
import sys

import nbformat
import pytest

from tests.notebook_rules import NOTEBOOKS, ROOT
from tests.notebooks import code, printed, stored, text
from tools.setup_cell import SETUP_CELL
from tools.student_edition import BRANCH, README, REPOSITORY, main


@pytest.fixture
def chapter(tmp_path):
    """Return a small chapter with one exercise."""
    path = tmp_path / "book" / "03_c.ipynb"
    path.parent.mkdir()
    cells = [
        code(SETUP_CELL, tags=["course-setup", "remove-cell"]),
        text("See [chapter 2](02_a.ipynb), [words](glossary.md#b), [c](https://d.md)."),
        text("### Exercise 3.1 (by hand)"),
        code("size = ...", printed("Exercise 3.1: not done yet\n"), tags=["exercise"]),
        code(
            "size = 1234",
            printed("Exercise 3.1: all 2 tests pass\n"),
            tags=["solution", "hide-cell"],
        ),
        text("Because 1234 is the answer.", metadata={"tags": ["solution"]}),
        code("print('é')", printed("é\n")),
    ]
    path.write_text(stored(*cells), encoding="utf-8")
    return path


@pytest.fixture
def edition(chapter, tmp_path, capsys):
    """Return the folder of a student edition of the small chapter."""
    folder = tmp_path / "class"
    assert main(["--to", str(folder), str(chapter)]) == 0
    assert capsys.readouterr().out == f"1 notebook without solutions: {folder}\n"
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_solutions_and_what_they_show_are_gone_and_everything_else_stays(edition):
    words = (edition / "03_c.ipynb").read_text(encoding="utf-8")
    assert not [word for word in ("1234", "tests pass", "solution") if word in words]
    notebook = nbformat.reads(words, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in cells] == [SETUP_CELL, "size = ...", "print('é')"]
    assert [cell.execution_count for cell in cells] == [1, 2, 3]
    assert cells[1].outputs[0].text == "Exercise 3.1: not done yet\n"


def test_links_to_pages_lead_to_the_repository(edition):
    words = nbformat.read(edition / "03_c.ipynb", as_version=4).cells[1].source
    page = f"{REPOSITORY}/blob/{BRANCH}/book/glossary.md#b"
    assert words == f"See [chapter 2](02_a.ipynb), [words]({page}), [c](https://d.md)."


def test_a_second_edition_is_equal_and_leaves_other_notebooks(edition, chapter, capsys):
    first, original = contents(edition), chapter.read_bytes()
    own = {"00_welcome.ipynb": b"{}"}
    (edition / "00_welcome.ipynb").write_bytes(b"{}")
    assert main(["--to", str(edition), str(chapter)]) == 0
    assert contents(edition) == first | own
    assert set(first) == {"03_c.ipynb", "README.md"}
    assert first["README.md"] == README.encode()
    assert "left as they were: 00_welcome.ipynb" in capsys.readouterr().out
    assert chapter.read_bytes() == original


@pytest.mark.parametrize("folder", ["", "book", "utils", "README.md"])
def test_no_folder_of_a_project_is_written_to(chapter, folder, capsys):
    project = chapter.parent.parent
    (project / "utils").mkdir()
    (project / "utils" / "style.py").touch()
    (project / "README.md").write_text("# A book")
    before = contents(chapter.parent)
    assert main(["--to", str(project / folder), str(chapter)]) == 1
    error = capsys.readouterr().err
    assert "holds other files: choose a folder that is new or empty" in error
    assert error.count("\n") == 1
    assert contents(chapter.parent) == before


def test_an_unreadable_chapter_leaves_nothing_half_written(chapter, tmp_path, capsys):
    broken = tmp_path / "book" / "04_d.ipynb"
    broken.write_text("no notebook")
    assert main(["--to", str(tmp_path / "class"), str(chapter), str(broken)]) == 1
    assert "04_d.ipynb cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "class").exists()


def test_every_chapter_of_the_book_keeps_its_exercises_and_loses_its_solutions(tmp_path):
    strict = ["-X", "warn_default_encoding", "-W", "error::EncodingWarning:__main__"]
    command = [sys.executable, *strict, str(ROOT / "tools/student_edition.py"), "--to", "my/class"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)  # from anywhere
    for path in NOTEBOOKS:
        text = (tmp_path / "my" / "class" / path.name).read_text(encoding="utf-8")
        assert "tests pass" not in text, path.name
        assert text.count('"exercise"') == path.read_text(encoding="utf-8").count('"exercise"')
