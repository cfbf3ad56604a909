"""
Write the notebooks without their solutions, for a class.

    python tools/student_edition.py                  into _build/student
    python tools/student_edition.py --to ../class    into another folder

The chapters stay as they are; only cells tagged ``solution`` are left out. Equal chapters give
equal files. The folder must be new, empty, or hold an earlier student edition.
"""

import argparse
import re
import sys
from pathlib import Path

from nbformat import NotebookNode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # runs as a file, too
from tools.notebook_format import canonical, read_notebook, to_text
from tools.setup_cell import SETUP_CELL

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
REPOSITORY, BRANCH = re.search(
    r'^REPO, BRANCH = "(.*)", "(.*)"$', SETUP_CELL, re.MULTILINE
).groups()

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
    """
    Remove the solutions of a notebook, with everything they show.

    Parameters
    ----------
    notebook
        A notebook of the book; it is changed in place.

    Returns
    -------
    NotebookNode
        The same notebook in canonical form, its links to pages of the book leading to the
        repository.
    """
    notebook.cells = [
        cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])
    ]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(
                r"\]\((?![a-z]+:)([\w./-]+\.md)",
                rf"]({REPOSITORY}/blob/{BRANCH}/book/\1",
                cell.source,
            )
    return canonical(notebook)


def write_edition(notebooks: list[Path], folder: Path) -> list[Path]:
    """
    Write the student edition of some notebooks into a folder.

    Parameters
    ----------
    notebooks
        The chapters.
    folder
        Where to write; it must be new, empty, or hold an earlier student edition, whose notebooks
        are replaced.

    Returns
    -------
    list of Path
        The notebooks written.

    Raises
    ------
    StudentEditionError
        If a notebook cannot be read, or the folder holds anything else. Nothing is written then.
    """
    if not notebooks:
        raise StudentEditionError("there are no notebooks to write")
    texts = {}
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
    for earlier in folder.glob("*.ipynb"):
        earlier.unlink()
    (folder / "README.md").write_text(README, encoding="utf-8")
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def _may_write(folder):
    """Whether a folder is new, empty, or an earlier student edition."""
    if not folder.exists():
        return True
    if not folder.is_dir():
        return False
    readme = folder / "README.md"
    if readme.is_file():
        return readme.read_text(encoding="utf-8").startswith(TITLE)
    return not any(folder.iterdir())


def main(arguments: list[str] | None = None) -> int:
    """
    Write the student edition and say where it is.

    Parameters
    ----------
    arguments
        The command line; by default that of this process.

    Returns
    -------
    int
        0, or 1 if nothing was written.
    """
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="notebooks (default: all in book/)")
    parser.add_argument("--to", type=Path, default=ROOT / "_build" / "student", metavar="FOLDER")
    options = parser.parse_args(arguments)
    try:
        written = write_edition(options.files or sorted(BOOK.glob("*.ipynb")), options.to)
    except StudentEditionError as error:
        print(error, file=sys.stderr)
        return 1
    count = len(written)
    print(f"{count} {'notebook' if count == 1 else 'notebooks'} without solutions: {options.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
