"""The multiplication sign between sizes: where it is put, and what is left alone."""

import json

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import times
from tools.notebook_format import canonical, read_notebook, to_text
from tools.times import TIMES, with_signs


@pytest.mark.parametrize(
    "size", ["3 x 5 x 5", "3x5x5", "3 X 5 X 5", "3 × 5 × 5", "3\u00a0x 5 x\u00a05", "3×5×5"]
)
def test_every_spelling_becomes_one(size):
    assert with_signs(f"A {size} filter.") == f"A 3{TIMES}5{TIMES}5 filter."


@pytest.mark.parametrize(
    "text",
    [
        "`3 x 3` and ``3 x `3``",
        "```python\n3 x 3\n```\n\nWords.",
        "~~~\n3 x 3\n~~~",
        "$3 x 3$ and $$\n3 x 3\n$$",
        "[a](page.md#3-x-3) and [b](3x3.md)",
        "https://example.org/3x3",
        "Sobel x 3 times, max 3, x 3, 3 x",
    ],
)
def test_what_is_not_a_size_in_a_text_stays(text):
    assert with_signs(text) == text


def test_both_stand_in_one_text():
    text = "3 x 3 is `3 x 3`.\n\n```text\n3 x 3\n```\n\n3 x 3"
    assert with_signs(text).count(TIMES) == 2
    assert with_signs(with_signs(text)) == with_signs(text)


def test_the_alt_text_of_a_picture_on_a_page_has_it():
    text = "```{image} ../img/3x3.png\n:alt: A grid of 3 x 3.\n:class: book-3x3\n```\n3 x 3"
    mended = with_signs(text)
    assert f":alt: A grid of 3{TIMES}3.\n" in mended
    assert "img/3x3.png" in mended
    assert "book-3x3" in mended
    assert mended.endswith(f"\n3{TIMES}3")


def test_the_words_of_a_glossary_have_it():
    text = "```{glossary}\nkernel\n  A grid of 3 x 3, or `3 x 3`.\n```\n\n3 x 3"
    assert with_signs(text).count(TIMES) == 2
    assert "`3 x 3`" in with_signs(text)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make a project of one notebook and one page, and return the paths of both."""
    (tmp_path / "book").mkdir()
    settings = {"figure": {"caption": "3 x 3.", "name": "fig-3x3"}, "image": {"alt": "2 x 2."}}
    figure = new_code_cell("# 3 x 3", metadata={"mystnb": settings})
    cells = [new_markdown_cell("## 1.1 Why 3 x 3?\n\nA 3 x 3 kernel."), figure]
    chapter, page = tmp_path / "book" / "01_a.ipynb", tmp_path / "book" / "page.md"
    chapter.write_text(to_text(canonical(read_notebook(json.dumps(new_notebook(cells=cells))))))
    page.write_text("# Page\n\n[3 x 3](01_a.ipynb#11-why-3-x-3), [y](#page)\n")
    monkeypatch.setattr(times, "ROOT", tmp_path)
    monkeypatch.setattr(times, "DOCUMENTS", ())
    return chapter, page


def test_text_caption_and_alt_text_of_a_notebook_have_it(project):
    chapter, _ = project
    assert times.main([]) == 0
    text, figure = read_notebook(chapter.read_text()).cells
    assert text.source == f"## 1.1 Why 3{TIMES}3?\n\nA 3{TIMES}3 kernel."
    assert figure.source == "# 3 x 3"
    assert figure.metadata["mystnb"]["figure"] == {"caption": f"3{TIMES}3.", "name": "fig-3x3"}
    assert figure.metadata["mystnb"]["image"]["alt"] == f"2{TIMES}2."
    assert to_text(canonical(read_notebook(chapter.read_text()))) == chapter.read_text()


def test_links_follow_their_heading(project):
    _, page = project
    times.main([])
    assert page.read_text() == f"# Page\n\n[3{TIMES}3](01_a.ipynb#11-why-33), [y](#page)\n"


def test_a_second_run_and_a_check_change_nothing(project, capsys):
    before = [path.read_text() for path in project]
    assert times.main(["--check"]) == 1
    assert [path.read_text() for path in project] == before
    assert "book/page.md: has to change" in capsys.readouterr().out
    times.main([])
    after = [path.read_text() for path in project]
    capsys.readouterr()
    assert times.main([]) == times.main(["--check"]) == 0
    assert capsys.readouterr().out == ""
    assert [path.read_text() for path in project] == after != before
