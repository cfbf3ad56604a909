"""A new chapter keeps every rule from its first minute, and its author learns what remains."""

import importlib.util
import re
import shutil
import subprocess

import pytest

from tests.notebook_rules import RULES, Chapter
from tools.execute_notebooks import process
from tools.new_chapter import ROOT, main, to_do, write_chapter
from utils.checks import _engine, check

CHAPTERS = sorted(ROOT.glob("book/[0-9][0-9]_*.ipynb"))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Return a copy of the repository, as far as a notebook needs it, with a chapter 77."""
    root = tmp_path_factory.mktemp("course")
    for folder in ("book", "tests/wrong_answers"):
        (root / folder).mkdir(parents=True)
    shutil.copytree(ROOT / "utils", root / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    notebook, *_ = write_chapter(77, 'What "a" chapter is', root)
    assert process(notebook).error == ""
    return root


def imported(path):
    """Import a file that is not on the path."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("rule", RULES, ids=lambda function: function.__name__)
def test_a_new_chapter_keeps(rule, root):
    chapter = Chapter(root / "book" / "77_what_a_chapter_is.ipynb")
    assert list(rule(chapter)) == []
    assert not [cell.source for cell in chapter.cells if "NN" in cell.source]
    assert chapter.cells[1].source.startswith('# 77. What "a" chapter is\n')


def test_its_wrong_answers_fail(root, monkeypatch, capsys):
    monkeypatch.setattr(_engine, "_exercises", {})
    imported(root / "utils" / "checks" / "chapter_77.py")
    wrong = imported(root / "tests" / "wrong_answers" / "chapter_77.py").WRONG
    assert set(wrong) == set(_engine._exercises) == {"77.1", "77.2", "77.3", "77.4"}
    for number, answers in wrong.items():
        for answer in answers:
            check(number, answer)
            assert " fails: " in capsys.readouterr().out


@pytest.mark.parametrize("title", ['What "a" chapter is', "Another title"])
def test_nothing_is_overwritten(root, title):
    before = {path: path.read_bytes() for path in root.rglob("*77*") if path.is_file()}
    with pytest.raises(FileExistsError, match="chapter 77 exists: "):
        write_chapter(77, title, root)
    assert {path: path.read_bytes() for path in root.rglob("*77*") if path.is_file()} == before


def test_the_author_learns_of_every_file_that_names_all_chapters():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in names.split() or ["README.md", "_toc.yml", "book/how_to_use.md"]
        if name.endswith((".md", ".yml", ".toml", ".py")) and (ROOT / name).is_file()
    }
    naming = {name for name, text in texts.items() if all(path.stem in text for path in CHAPTERS)}
    assert naming >= {"README.md", "_toc.yml", "book/how_to_use.md"}
    assert naming <= set(re.findall(r"[\w/]+\.\w+", to_do(13, "Upsampling")))


def test_the_lines_to_add_have_the_form_of_those_of_other_chapters():
    lines = [line.strip() for line in to_do(12, "Looking inside").splitlines()]
    for name in ("README.md", "_toc.yml", "book/how_to_use.md", "book/glossary.md"):
        text = (ROOT / name).read_text(encoding="utf-8").replace("| 90 minutes |", "| 45 minutes |")
        start = next(place for place, line in enumerate(lines) if line.startswith(name)) + 1
        assert lines[start].partition(" | chapter")[0] in text, name


@pytest.mark.parametrize("arguments", [["0", "Zero"], ["five", "Five"], ["5"], ["5", "???"]])
def test_bad_arguments_are_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert "error: " in capsys.readouterr().err


def test_an_existing_chapter_is_named(capsys):
    assert main(["5", "A title"]) == 1
    assert capsys.readouterr().err.startswith("chapter 5 exists: book/05_")
