"""The student edition: chapters without solutions, written twice the same, over nothing else."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.notebook_format import canonical, to_text
from tools.setup_cell import SETUP_CELL
from tools.student_edition import README, StudentEditionError, main, write_edition

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))


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


def test_solutions_and_what_they_show_are_gone(chapter, tmp_path):
    (written,) = write_edition([chapter], tmp_path / "class")
    text = written.read_text(encoding="utf-8")
    assert "1234" not in text
    assert "tests pass" not in text
    assert "solution" not in text


def test_everything_else_stays(chapter, tmp_path):
    (written,) = write_edition([chapter], tmp_path / "class")
    notebook = nbformat.read(written, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code] == [SETUP_CELL, "size = ...", "print(1)"]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert code[1].outputs[0].text == "Exercise 3.1: not done yet\n"


def test_links_to_pages_lead_to_the_repository(chapter, tmp_path):
    (written,) = write_edition([chapter], tmp_path / "class")
    text = nbformat.read(written, as_version=4).cells[1].source
    assert "[chapter 2](02_a.ipynb)" in text
    assert "/blob/main/book/glossary.md#b)" in text
    assert "[c](https://d.md)" in text


def test_the_chapter_is_not_changed(chapter, tmp_path):
    before = chapter.read_bytes()
    write_edition([chapter], tmp_path / "class")
    assert chapter.read_bytes() == before


def test_a_second_edition_replaces_the_first_and_is_equal(chapter, tmp_path):
    folder = tmp_path / "class"
    write_edition([chapter], folder)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "02_old.ipynb").write_text("{}")
    write_edition([chapter], folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    assert set(first) == {"03_c.ipynb", "README.md"}


def test_a_note_says_what_this_is(chapter, tmp_path):
    write_edition([chapter], tmp_path / "class")
    assert (tmp_path / "class" / "README.md").read_text(encoding="utf-8") == README
    assert "without the" in README


def test_the_folder_of_the_chapters_is_refused(chapter):
    before = chapter.read_bytes()
    with pytest.raises(StudentEditionError, match="holds other files: choose a folder"):
        write_edition([chapter], chapter.parent)
    assert chapter.read_bytes() == before


@pytest.mark.parametrize("folder", ["", "book", "utils", "README.md"])
def test_no_folder_of_the_project_is_written_to(chapter, folder):
    with pytest.raises(StudentEditionError, match="holds other files"):
        write_edition([chapter], ROOT / folder)


def test_an_unreadable_chapter_leaves_nothing_half_written(chapter, tmp_path):
    broken = tmp_path / "book" / "04_d.ipynb"
    broken.write_text("no notebook")
    with pytest.raises(StudentEditionError, match=r"04_d.* cannot be read"):
        write_edition([chapter, broken], tmp_path / "class")
    assert not (tmp_path / "class").exists()


def test_the_command_says_where_the_edition_is(chapter, tmp_path, capsys):
    folder = tmp_path / "class"
    assert main(["--to", str(folder), str(chapter)]) == 0
    assert capsys.readouterr().out == f"1 notebook without solutions: {folder}\n"


def test_the_command_fails_in_one_line(chapter, capsys):
    assert main(["--to", str(chapter.parent), str(chapter)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_command_runs_from_anywhere(chapter, tmp_path):
    command = [sys.executable, str(ROOT / "tools" / "student_edition.py")]
    command += ["--to", "class", str(chapter)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "class" / "03_c.ipynb").is_file()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_of_the_book_keeps_its_exercises_and_loses_its_solutions(path, tmp_path):
    (written,) = write_edition([path], tmp_path / "class")
    text = written.read_text(encoding="utf-8")
    assert "tests pass" not in text
    assert text.count('"exercise"') == path.read_text(encoding="utf-8").count('"exercise"')
