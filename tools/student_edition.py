"""
Write the notebooks without their solutions, for a class.

    python -m tools.student_edition                  into _build/student
    python -m tools.student_edition --to ../class    into another folder

The chapters stay as they are; cells tagged ``solution`` are left out, and links to pages of the
book lead to the repository. Equal chapters give equal files. The folder must be new, empty, or
hold an earlier student edition, whose other files stay.
"""

import argparse
import re
import sys
from pathlib import Path

from nbconvert.preprocessors import TagRemovePreprocessor
from nbformat import NotebookNode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # runs as a file, too
from tools.notebook_format import number_cells, read_notebook, to_text
from tools.setup_cell import SETUP_CELL

ROOT = Path(__file__).resolve().parents[1]
LINK_TO_A_PAGE = re.compile(r"\]\((?![a-z]+:)([\w./-]+\.md)")
((REPOSITORY, BRANCH),) = re.findall(r'^REPO, BRANCH = "(.*)", "(.*)"$', SETUP_CELL, re.MULTILINE)

TITLE = "# Student edition"
README = f"""\
{TITLE}

The notebooks of *Convolutional Neural Networks in PyTorch: a course companion*, without the
solutions of their exercises. Replace each `...` and run the cell: it says at once what is right.

Run them in JupyterLab or in Colab; the first cell of each fetches the helpers it needs. The
complete book, how to install it, and the licences (code MIT, text and figures CC BY 4.0) are at
<{REPOSITORY}>.

These files are written by `make student`. Change the chapters, not the copies.
"""


class StudentEditionError(Exception):
    """The edition cannot be written; the message is one line that says what to do."""


def without_solutions(notebook: NotebookNode) -> NotebookNode:
    """Remove the solutions of a notebook, in place, and lead its links to the repository."""
    TagRemovePreprocessor(remove_cell_tags={"solution"}).preprocess(notebook, {})
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            address = rf"]({REPOSITORY}/blob/{BRANCH}/book/\1"
            cell.source = LINK_TO_A_PAGE.sub(address, cell.source)
    number_cells(notebook)
    return notebook


def write_edition(notebooks: list[Path], folder: Path) -> list[Path]:
    """
    Write the student edition of some notebooks into a folder, and return what was written.

    Raises StudentEditionError, and writes nothing, if a notebook cannot be read or the folder is
    neither new nor empty nor an earlier edition.
    """
    texts = {"README.md": README}
    for path in notebooks:
        try:
            notebook = read_notebook(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StudentEditionError(f"{path} cannot be read: {error}") from None
        texts[path.name] = to_text(without_solutions(notebook))
    if not _may_write(folder):
        raise StudentEditionError(
            f"{folder} holds other files: choose a folder that is new or empty (--to FOLDER)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / path.name for path in notebooks]


def _may_write(folder: Path) -> bool:
    """Whether a folder is new, empty, or an earlier student edition."""
    readme = folder / "README.md"
    if readme.is_file():
        return readme.read_text(encoding="utf-8").startswith(TITLE)
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def main(arguments: list[str] | None = None) -> int:
    """Write the student edition and say where it is; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the notebooks without their solutions.")
    parser.add_argument("files", nargs="*", type=Path, help="notebooks (default: all in book/)")
    parser.add_argument("--to", type=Path, default=ROOT / "_build" / "student", metavar="FOLDER")
    options = parser.parse_args(arguments)
    try:
        written = write_edition(options.files or sorted(ROOT.glob("book/*.ipynb")), options.to)
    except StudentEditionError as error:
        print(error, file=sys.stderr)
        return 1
    count = len(written)
    print(f"{count} {'notebook' if count == 1 else 'notebooks'} without solutions: {options.to}")
    others = sorted(set(options.to.glob("*.ipynb")) - set(written))
    if others:
        print(f"not of this edition, left as they were: {', '.join(path.name for path in others)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
