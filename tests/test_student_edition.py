"""The student edition: chapters without solutions, written twice the same, over nothing else."""

import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebook_rules import NOTEBOOKS, ROOT
from tools.notebook_format import canonical, to_text
from tools.setup_cell import SETUP_CELL
from tools.student_edition import BRANCH, README, REPOSITORY, main


@pytest.fixture
def chapter(tmp_path):
    """Return a small chapter with one exercise."""
    cells = [
        new_code_cell(SETUP_CELL, metadata={"tags": ["course-setup", "remove-cell"]}),
        new_markdown_cell(
            "See [chapter 2](02_a.ipynb), [words](glossary.md#b), [c](https://d.md)."
        ),
        new_markdown_cell("### Exercise 3.1 (by hand)"),
        new_code_cell(
            "size = ...",
            metadata={"tags": ["exercise"]},
            outputs=[new_output("stream", text="Exercise 3.1: not done yet\n")],
        ),
        new_code_cell(
            "size = 1234",
            metadata={"tags": ["solution", "hide-cell"]},
            outputs=[new_output("stream", text="Exercise 3.1: all 2 tests pass\n")],
        ),
        new_markdown_cell("Because 1234 is the answer.", metadata={"tags": ["solution"]}),
        new_code_cell("print(1)", outputs=[new_output("stream", text="1\n")]),
    ]
    path = tmp_path / "book" / "03_c.ipynb"
    path.parent.mkdir()
    path.write_text(to_text(canonical(new_notebook(cells=cells))), encoding="utf-8")
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
    text = (edition / "03_c.ipynb").read_text(encoding="utf-8")
    assert not [word for word in ("1234", "tests pass", "solution") if word in text]
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code] == [SETUP_CELL, "size = ...", "print(1)"]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert code[1].outputs[0].text == "Exercise 3.1: not done yet\n"


def test_links_to_pages_lead_to_the_repository(edition):
    text = nbformat.read(edition / "03_c.ipynb", as_version=4).cells[1].source
    assert "[chapter 2](02_a.ipynb)" in text
    assert f"({REPOSITORY}/blob/{BRANCH}/book/glossary.md#b)" in text
    assert "[c](https://d.md)" in text


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
    command = [sys.executable, str(ROOT / "tools" / "student_edition.py"), "--to", "class"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)  # from anywhere
    for path in NOTEBOOKS:
        text = (tmp_path / "class" / path.name).read_text(encoding="utf-8")
        assert "tests pass" not in text, path.name
        assert text.count('"exercise"') == path.read_text(encoding="utf-8").count('"exercise"')
