"""Every notebook keeps every rule, and every rule notices what it is there for."""

import base64
import functools
import io

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from tests.notebook_rules import KINDS, NOTEBOOKS, ROOT, RULES, Chapter, code_lines, without_code
from tools.execute_notebooks import SOLUTION_PROMPTS
from tools.notebook_format import canonical, to_text
from tools.setup_cell import SETUP_CELL, SETUP_TAGS

BOOK = ROOT / "book"
RULES_BY_NAME = {function.__name__: function for function in RULES}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", RULES, ids=lambda function: function.__name__)
def test_rule(rule, notebook):
    complaints = list(rule(chapter(notebook)))
    assert not complaints, "\n".join([f"{notebook.name} breaks a rule:", *complaints])


def test_figure_names_are_unique_in_the_book():
    names = [
        cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        for notebook in NOTEBOOKS
        for cell in chapter(notebook).code
    ]
    names = [name for name in names if name]
    assert sorted(set(names)) == sorted(names)


chapter = functools.cache(Chapter)  # each is read once


# ---------------------------------------------------------------- a good notebook, made here


def png(side=32, tones=2):
    """Make a picture with a number of grey tones."""
    values = np.random.default_rng(0).integers(0, tones, (side, side)) * (255 // max(1, tones - 1))
    buffer = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


ALT = "Two grids: the input on the left, the output on the right, one smaller."


def figure_cell(source="plot_conv(X, K);", *, name="fig-03-edges", alt=ALT, picture=None):
    settings = {"image": {"alt": alt}, "figure": {"caption": "The edges.", "name": name}}
    data = {"image/png": picture or png(), "text/plain": "<Figure size 720x360 with 1 Axes>"}
    outputs = [new_output("display_data", data)]
    return new_code_cell(source, metadata={"mystnb": settings}, outputs=outputs)


def animation_cell(source="animate_conv(X, K)", *, alt=ALT):
    html = f'<figure><img alt="{alt}" src="data:image/png;base64,{png()}"></figure>'
    data = {"text/html": html, "text/plain": "9 steps"}
    return new_code_cell(source, outputs=[new_output("execute_result", data)])


def exercise_cells(number, kind):
    check = f'check("{number}", answer)'
    solved = {"tags": ["solution", "hide-cell"], "mystnb": dict(SOLUTION_PROMPTS)}
    return [
        new_markdown_cell(f"### Exercise {number} ({kind})\n\nHow large is it?"),
        new_code_cell(
            f"answer = ...\n{check}",
            metadata={"tags": ["exercise"]},
            outputs=[new_output("stream", text=f"Exercise {number}: not done yet\n")],
        ),
        new_code_cell(
            f"answer = 3\n{check}",
            metadata=solved,
            outputs=[new_output("stream", text=f"Exercise {number}: all 2 tests pass\n")],
        ),
    ]


def good_cells():
    """Return the cells of a notebook that keeps every rule."""
    opening = (
        "# 3. Convolutions\n\nWhy this matters. One more reason. And a last one.\n\n"
        "**You will be able to**\n\n- compute\n- explain\n- apply\n\nTime needed: 45 minutes."
    )
    section = (
        "## 3.1 What does a window see?\n\nIt sees `X{0}` and $\\frac{1}{2}$.\n\n"
        "**Predict, then run.** How large?"
    )
    imports = "import torch\n\nfrom utils.style import use_book_style\n\nuse_book_style()"
    return [
        new_code_cell(SETUP_CELL, metadata={"tags": list(SETUP_TAGS)}),
        new_markdown_cell(opening),
        new_code_cell(imports, metadata={"tags": ["imports"]}),
        new_markdown_cell(section),
        figure_cell(),
        new_markdown_cell("**What to notice.** Edges, see [the notation](notation.md)."),
        animation_cell(),
        new_markdown_cell("## 3.2 The next step\n\nWhy?"),
        new_code_cell("print(1)", outputs=[new_output("stream", text="1\n")]),
        new_markdown_cell("## Summary\n\n- It slides."),
        new_markdown_cell("## Exercises"),
        *exercise_cells("3.1", "by hand"),
        *exercise_cells("3.2", "in code"),
        *exercise_cells("3.3", "in code"),
        *exercise_cells("3.4", "experiment"),
        new_markdown_cell("## Further reading\n\n- [A book](https://example.org/a_b)"),
    ]


def made(cells, *, name="03_convolutions.ipynb"):
    """Write cells in canonical form and read them as a chapter of the book."""
    notebook = new_notebook(cells=cells)
    for count, cell in enumerate(cells):
        cell.id = f"cell-{count}"
    return Chapter(BOOK / name, to_text(canonical(nbformat.from_dict(notebook))))


@pytest.mark.parametrize("rule", RULES, ids=lambda function: function.__name__)
def test_a_good_notebook_keeps(rule):
    assert list(rule(made(good_cells()))) == []


# ---------------------------------------------------------------- and bad ones, one flaw each


def text(index, old, new):
    """Return a flaw: other words in one cell."""

    def spoil(cells):
        assert old in cells[index].source
        cells[index].source = cells[index].source.replace(old, new)

    return spoil


def added(source, *, index=9, tags=(), outputs=()):
    """Return a flaw: one more code cell."""

    def spoil(cells):
        settings = {"tags": list(tags)}
        cells.insert(index, new_code_cell(source, metadata=settings, outputs=list(outputs)))

    return spoil


def written(source):
    """Return a flaw: one more text cell."""
    return lambda cells: cells.insert(9, new_markdown_cell(source))


def replaced(index, cell):
    """Return a flaw: another cell."""

    def spoil(cells):
        cells[index] = cell

    return spoil


def removed(index):
    """Return a flaw: a cell less."""
    return lambda cells: cells.pop(index)


def retagged(index, *tags):
    """Return a flaw: other tags."""

    def spoil(cells):
        cells[index].metadata["tags"] = list(tags)

    return spoil


def captioned(index, caption):
    """Return a flaw: another caption."""

    def spoil(cells):
        cells[index].metadata["mystnb"]["figure"]["caption"] = caption

    return spoil


def shown(**data):
    """Return an output."""
    return new_output("execute_result", {key.replace("_", "/"): data[key] for key in data})


FLAWS = {
    "set_up_cell_is_the_shared_one": [
        text(0, "import os", "import  os"),
        text(0, "https://github.com/", "https://github.com/not-"),
        retagged(0, "course-setup"),
        added("print(1)", tags=["course-setup"]),
    ],
    "opening_says_why_what_and_how_long": [
        text(1, "# 3.", "# 4."),
        text(1, "You will be able to", "Aims"),
        text(1, "- compute\n- explain\n", ""),
        text(1, "Time needed", "Duration"),
        text(1, "Why this matters. One more reason. And a last one.", "Why."),
    ],
    "one_cell_imports": [
        removed(2),
        text(2, "use_book_style()", "use_book_style()\nprint(1)"),
        added("import math"),
        added("def f():\n    from math import pi"),
        added("import math", tags=["imports"]),
    ],
    "sections_are_numbered_and_end_in_order": [
        text(7, "3.2", "3.3"),
        text(9, "## Summary", "## In short"),
        text(10, "## Exercises", "**Exercises**"),
        written("# Another title"),
        written("Words.\n\n## 3.9 A heading in the middle"),
        lambda cells: cells.append(cells.pop(9)),
    ],
    "every_section_asks": [text(7, "Why?", "Why.")],
    "every_figure_is_followed_by_what_to_notice": [text(5, "**What to notice.**", "Note.")],
    "something_is_predicted": [text(3, "**Predict, then run.**", "Predict.")],
    "cells_are_short": [
        added("x = 1\n" * 16),
        added("class A:\n" + "    x = 1\n" * 26),
        lambda cells: [cells.insert(9, new_code_cell("x = 1\n" * 12)) for _ in range(20)],
    ],
    "figures_are_shown_once": [
        text(4, ";", ""),
        text(6, ")", ");"),
        added("ax = 1\ndraw_grid(X, ax=ax)"),
    ],
    "code_is_plain_python": [
        added("%matplotlib inline"),
        added("!ls"),
        added("print?"),
        added("if True:\n    !pip install torch"),
        added("from torch import *"),
        added("MNIST('.', download=True)"),
        added("open('/home/me/x.png')"),
        added("open('C:\\\\x.png')"),
        added("1 +"),
    ],
    "tags_are_known": [added("print(1)", tags=["hidden"])],
    "text_shows_everywhere": [
        written("See {ref}`fig-03-edges`."),
        written("```{note}\nWords.\n```"),
        written(":::{note}\nWords.\n:::"),
        written("(label)=\nWords."),
        written("![A picture](../img/x.png)"),
        written("A set {1, 2}."),
    ],
    "sizes_have_the_sign": [
        written("A kernel of 3 x 3."),
        written("3x3, or 3\u00a0x\u00a03."),
        written("With plain spaces: 3 × 3."),
        replaced(4, figure_cell(alt=ALT + " It has 3 x 5 x 5 numbers.")),
        captioned(4, "Kernels of 3 x 3."),
    ],
    "prose_is_calm_british_english": [
        written("It works!"),
        written("It works \N{SPARKLES}"),
        written("The color is gray."),
        replaced(4, figure_cell(alt="The center of the picture is brighter than its rim is.")),
    ],
    "links_lead_somewhere": [written("[There](nowhere.md)"), written("[There](99_no.ipynb#a)")],
    "figures_have_alt_caption_and_name": [
        replaced(4, figure_cell(alt="")),
        replaced(4, figure_cell(alt="Too short.")),
        replaced(4, figure_cell(alt="The picture of the edges is in the file edges.png of it.")),
        replaced(4, figure_cell(alt="A picture without a full stop at the end of its sentence")),
        replaced(4, figure_cell(name="edges")),
        replaced(4, figure_cell(name="fig-04-edges")),
        replaced(8, figure_cell()),
        lambda cells: cells[4].metadata["mystnb"]["figure"].pop("caption"),
        lambda cells: cells[4].metadata["mystnb"]["figure"].update(caption=ALT),
        lambda cells: cells[4].outputs.append(cells[4].outputs[0].copy()),
        lambda cells: cells[4].outputs.clear(),
    ],
    "animations_have_alt_text": [
        replaced(6, animation_cell(alt="")),
        replaced(6, animation_cell(alt="Animation.")),
    ],
    "pictures_are_light": [
        replaced(4, figure_cell(picture=png(800, 4))),
        replaced(4, figure_cell(picture=png(500, 86))),
    ],
    "outputs_are_the_same_on_every_machine": [
        added("x", outputs=[shown(text_plain="<object at 0x7f0b55a2fef0>")]),
        added("x", outputs=[shown(text_plain="/srv/notebooks/x.png")]),
        added("x", outputs=[new_output("stream", name="stderr", text="UserWarning: old\n")]),
        added("x", outputs=[new_output("error", ename="ValueError", evalue="no")]),
        added("x", tags=["raises-exception"]),
    ],
    "exercises_are_numbered_and_of_every_kind": [
        text(14, "3.2", "3.3"),
        text(14, " (in code)", ""),
        text(20, "experiment", "essay"),
        text(20, "experiment", "by hand"),
        lambda cells: cells.__delitem__(slice(20, 23)),
    ],
    "exercises_are_statement_starter_solution": [
        removed(12),
        removed(13),
        retagged(13, "solution"),
        text(12, '"3.1"', '"3.2"'),
        text(13, '"3.1"', '"3.2"'),
        text(12, 'check("3.1", answer)', 'check("3.1", answer)\nprint(answer)'),
        lambda cells: cells[12].outputs.clear(),
        lambda cells: cells[12].outputs[0].update(text="Exercise 3.1: not done yet\nor is it?\n"),
        lambda cells: cells[13].outputs[0].update(text="Exercise 3.1: all 2 tests pass at last\n"),
        lambda cells: cells[13].outputs[0].update(text="Exercise 3.1: test 1 fails: it is odd\n"),
        lambda cells: cells[13].metadata["mystnb"].update(code_prompt_show="Solution"),
        lambda cells: cells.insert(13, cells.pop(12)),
    ],
}


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        pytest.param(name, spoil, id=f"{name}-{count}")
        for name, flaws in FLAWS.items()
        for count, spoil in enumerate(flaws, start=1)
    ],
)
def test_a_flaw_is_noticed(name, spoil):
    cells = good_cells()
    spoil(cells)
    assert list(RULES_BY_NAME[name](made(cells)))


@pytest.mark.parametrize("name", ["3_conv.ipynb", "03-conv.ipynb", "03_Conv.ipynb", "conv.ipynb"])
def test_a_bad_name_is_noticed(name):
    rule = RULES_BY_NAME["name_is_number_and_topic"]
    assert list(rule(made(good_cells(), name=name)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"execution_count": 1,', '"execution_count": 7,'),
        ('"execution_count": 1,', '"execution_count": null,'),
        (' "cells"', '  "cells"'),
        ('"tags": [', '"scrolled": true,\n    "tags": ['),
    ],
)
def test_another_form_is_noticed(old, new):
    stored = made(good_cells()).text
    assert old in stored
    spoiled = Chapter(BOOK / "03_convolutions.ipynb", stored.replace(old, new, 1))
    assert list(RULES_BY_NAME["stored_form_is_canonical"](spoiled))


def test_every_rule_has_a_flaw_that_shows_it_works():
    tested = {*FLAWS, "name_is_number_and_topic", "stored_form_is_canonical"}
    assert tested == set(RULES_BY_NAME)


def test_every_kind_of_exercise_is_accepted():
    cells = good_cells()
    for index, kind in zip((17, 11, 14), KINDS[2:] + KINDS[:1], strict=False):
        cells[index].source = cells[index].source.replace("(in code)", f"({kind})")
    rule = RULES_BY_NAME["exercises_are_numbered_and_of_every_kind"]
    assert all("add an exercise" in complaint for complaint in rule(made(cells)))


def test_comments_and_blank_lines_are_no_code():
    assert code_lines("# a\n\nx = 1  # b\n    # c\ny = 2\n") == 2


def test_code_formulas_and_addresses_are_no_prose():
    source = "A `color!` and $x!$ in\n```\ngray!\n```\n[b](http://color.org!) <https://c.org/!>"
    assert "!" not in without_code(source)
    assert "color" not in without_code(source)
