"""A new chapter keeps every rule from its first minute."""

import importlib.util
import shutil
from pathlib import Path

import pytest

pytest.importorskip("nbclient")

from tests.notebook_rules import RULES, Chapter
from tools.execute_notebooks import process
from tools.new_chapter import ROOT, main, write_chapter
from utils.checks import _engine, check


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Return a copy of the repository, as far as a notebook needs it, with a chapter 77."""
    root = tmp_path_factory.mktemp("course")
    for folder in ("book", "tests/wrong_answers"):
        (root / folder).mkdir(parents=True)
    shutil.copytree(ROOT / "utils", root / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    write_chapter(77, "What a chapter is", root)
    return root


@pytest.fixture(scope="module")
def notebook(root):
    """Return the notebook of the chapter, executed."""
    path = root / "book" / "77_what_a_chapter_is.ipynb"
    result = process(path)
    assert result.error == ""
    return path


def imported(path):
    """Import a file that is not on the path."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("rule", RULES, ids=lambda function: function.__name__)
def test_a_new_chapter_keeps(rule, notebook):
    assert list(rule(Chapter(notebook))) == []


def test_its_wrong_answers_fail(root, monkeypatch, capsys):
    monkeypatch.setattr(_engine, "_exercises", {})
    imported(root / "utils" / "checks" / "chapter_77.py")
    wrong = imported(root / "tests" / "wrong_answers" / "chapter_77.py").WRONG
    assert set(wrong) == set(_engine._exercises)
    for number, answers in wrong.items():
        for answer in answers:
            check(number, answer)
            assert " fails: " in capsys.readouterr().out


@pytest.mark.parametrize("title", ["What a chapter is", "Another title"])
def test_nothing_is_overwritten(root, title):
    before = {path: path.read_bytes() for path in root.rglob("*77*") if path.is_file()}
    with pytest.raises(FileExistsError, match="chapter 77 exists: "):
        write_chapter(77, title, root)
    assert {path: path.read_bytes() for path in root.rglob("*77*") if path.is_file()} == before


@pytest.mark.parametrize("arguments", [["0", "Zero"], ["five", "Five"], ["5"], ["5", "???"]])
def test_bad_arguments_are_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert "error: " in capsys.readouterr().err


def test_an_existing_chapter_is_named(capsys):
    existing = sorted(Path(ROOT, "book").glob("[0-9][0-9]_*.ipynb"))
    if not existing:
        pytest.skip("the book has no chapter yet")
    assert main([str(int(existing[0].stem[:2])), "A title"]) == 1
    assert capsys.readouterr().err.startswith("chapter ")
