"""
Begin a chapter: a notebook that keeps every rule, and the files of its exercises.

    python -m tools.new_chapter 5 "Convolutional layers"

It writes ``book/05_convolutional_layers.ipynb``, ``utils/checks/chapter_05.py`` and
``tests/wrong_answers/chapter_05.py``, and runs the notebook. Nothing that exists is overwritten.
"""

import argparse
import re
import sys
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.execute_notebooks import process
from tools.notebook_format import to_text
from tools.setup_cell import SETUP_CELL, SETUP_TAGS

ROOT = Path(__file__).resolve().parents[1]

OPENING = """\
# {number}. {title}

What the reader knows so far, and what is missing. What this chapter adds to it. Where it leads.

**You will be able to**

- compute ... by hand
- call ... with tensors of the right shape
- explain why ...

Time needed: about 45 minutes."""

IMPORTS = """\
from utils.checks import check
from utils.data import portrait
from utils.kernels import kernel
from utils.plotting import plot_conv
from utils.style import use_book_style

use_book_style()"""

SECTION = """\
## {number}.1 Which question does this section answer?

At most 120 words, with concrete numbers first.

**Predict, then run.** What will the next cell show?"""

FIGURE = {
    "image": {"alt": "The portrait in grey, a kernel, and the response: only outlines are left."},
    "figure": {"caption": "The idea in one sentence.", "name": "fig-{number:02d}-topic"},
}
NOTICE = """\
**What to notice.** The one thing that the figure shows.

**Your turn.** Change one number, and say first what will happen."""

# Kind of exercise, statement, starter, solution (with a comment that explains it).
EXERCISES = [
    (
        "by hand",
        "Add 1 and 2.",
        "total = ...",
        "# One and two more are three.\ntotal = 3",
    ),
    (
        "in code",
        "Write a function that doubles a number.",
        'def double(number):\n    """Return twice the number."""\n    ...\n\n',
        "def double(number):\n    return 2 * number\n\n",
    ),
    (
        "in code",
        "Write a function that halves a number.",
        'def halve(number):\n    """Return half the number."""\n    ...\n\n',
        "def halve(number):\n    return number / 2\n\n",
    ),
    (
        "experiment",
        "How many pixels has the portrait?",
        "pixels = ...",
        "pixels = portrait().numel()",
    ),
]

CHECKS = '''\
"""Tests of the exercises of chapter {number}, {topic}."""

from utils.checks._engine import exercise, same


@exercise("{number}.1")
def total(answer):
    """The sum of 1 and 2."""
    yield "it is a number", isinstance(answer, int | float)
    yield "the sum is right", same(answer, 3, reveal=False)


@exercise("{number}.2")
def double(answer):
    """Twice a number."""
    yield "twice 3 is 6", same(answer(3), 6)
    yield "twice -1 is -2", same(answer(-1), -2)


@exercise("{number}.3")
def halve(answer):
    """Half a number."""
    yield "half of 6 is 3", same(answer(6), 3)
    yield "half of 3 is 1.5", same(answer(3), 1.5)


@exercise("{number}.4")
def pixels(answer):
    """The pixels of a picture of 200 x 200."""
    yield "it is a number", isinstance(answer, int | float)
    yield "it counts rows and columns", same(answer, 40_000, reveal=False)
'''

WRONG_ANSWERS = '''\
"""Typical wrong answers to the exercises of chapter {number}: each must fail its check."""

WRONG = {{
    "{number}.1": [2, 12],
    "{number}.2": [lambda number: number + 2],
    "{number}.3": [lambda number: number // 2],
    "{number}.4": [200, 400],
}}
'''


def chapter_cells(number: int, title: str) -> list:
    """
    Return the cells of a new chapter.

    Parameters
    ----------
    number
        Number of the chapter.
    title
        Its title.

    Returns
    -------
    list of NotebookNode
        Cells in the order that the rules ask for, not executed.
    """
    figure = {**FIGURE["figure"], "name": FIGURE["figure"]["name"].format(number=number)}
    cells = [
        new_code_cell(SETUP_CELL, metadata={"tags": list(SETUP_TAGS)}),
        new_markdown_cell(OPENING.format(number=number, title=title)),
        new_code_cell(IMPORTS, metadata={"tags": ["imports"]}),
        new_markdown_cell(SECTION.format(number=number)),
        new_code_cell(
            'plot_conv(portrait(), kernel("outline"));',
            metadata={"mystnb": {"image": FIGURE["image"], "figure": figure}},
        ),
        new_markdown_cell(NOTICE),
        new_markdown_cell("## Summary\n\n- One line for each section."),
        new_markdown_cell("## Exercises\n\nReplace each `...`, run the cell, and read the check."),
    ]
    for count, (kind, statement, starter, solution) in enumerate(EXERCISES, start=1):
        name = re.match(r"(?:def )?(\w+)", starter)[1]
        check = f'check("{number}.{count}", {name})'
        cells += [
            new_markdown_cell(f"### Exercise {number}.{count} ({kind})\n\n{statement}"),
            new_code_cell(f"{starter}\n{check}", metadata={"tags": ["exercise"]}),
            new_code_cell(f"{solution}\n{check}", metadata={"tags": ["solution", "hide-cell"]}),
        ]
    return [*cells, new_markdown_cell("## Further reading\n\n- What to read, and why.")]


def write_chapter(number: int, title: str, root: Path = ROOT) -> list[Path]:
    """
    Write the files of a new chapter.

    Parameters
    ----------
    number
        Number of the chapter.
    title
        Its title.
    root
        Folder of the book's repository.

    Returns
    -------
    list of Path
        The notebook, the checks of its exercises, and the wrong answers.

    Raises
    ------
    FileExistsError
        If the chapter exists; nothing is written then.
    """
    topic = "_".join(re.findall(r"[a-z0-9]+", title.lower()))
    texts = {
        root / "book" / f"{number:02d}_{topic}.ipynb": to_text(
            new_notebook(cells=chapter_cells(number, title))
        ),
        root / "utils" / "checks" / f"chapter_{number:02d}.py": CHECKS.format(
            number=number, topic=title[0].lower() + title[1:]
        ),
        root / "tests" / "wrong_answers" / f"chapter_{number:02d}.py": WRONG_ANSWERS.format(
            number=number
        ),
    }
    taken = [path for path in texts if path.exists()]
    taken += (root / "book").glob(f"{number:02d}_*.ipynb")
    if taken:
        raise FileExistsError(f"chapter {number} exists: {taken[0].relative_to(root)}")
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def main(arguments: list[str] | None = None) -> int:
    """
    Write a chapter, run it, and say what comes next.

    Parameters
    ----------
    arguments
        The command line; by default that of this process.

    Returns
    -------
    int
        0, or 1 if the chapter exists or does not run.
    """
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("number", type=int, choices=range(1, 100), metavar="NUMBER")
    parser.add_argument("title", help='such as "Convolutional layers"')
    options = parser.parse_args(arguments)
    if not re.search(r"[A-Za-z]", options.title):
        parser.error("the title needs letters, which name the file")
    try:
        files = write_chapter(options.number, options.title)
    except FileExistsError as error:
        print(error, file=sys.stderr)
        return 1
    result = process(files[0])
    if result.error:
        print(f"{files[0].name}: {result.error}", file=sys.stderr)
        return 1
    print(*(path.relative_to(ROOT) for path in files), sep="\n")
    print("Now add the notebook to _toc.yml, write it, and run `make execute`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
