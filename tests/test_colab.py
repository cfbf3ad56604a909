"""Where only a notebook exists (Colab, a download), its first cell fetches what it needs."""

import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from tests.notebook_rules import NOTEBOOKS, ROOT
from tests.notebooks import code, notebook
from tools.execute_notebooks import execute
from tools.setup_cell import SETUP_CELL

FOLDER, BRANCH = re.search(r'^REPO, BRANCH = ".*/(.*)", "(.*)"$', SETUP_CELL, re.MULTILINE).groups()


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    """Return the address of a git repository on this machine that holds the helpers."""
    repository = tmp_path_factory.mktemp("remote") / "course"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "utils", repository / "utils", ignore=ignored)
    author = ["-c", "user.name=A Tester", "-c", "user.email=tester@example.org"]
    for command in (["init", "-q", "-b", BRANCH], ["add", "."], [*author, "commit", "-qm", "All"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    return repository.as_uri()


@pytest.fixture
def content(tmp_path, monkeypatch):
    """Return an empty working folder on a machine that looks like Colab."""
    site = tmp_path / "site"
    (site / "google" / "colab").mkdir(parents=True)
    (site / "google" / "colab" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(site))
    content = tmp_path / "content"
    content.mkdir()
    return content


def run_set_up(folder, *, after="", **environment):
    """Run the set-up cell as a script in a folder, and something after it."""
    return subprocess.run(
        [sys.executable, "-c", f"{SETUP_CELL}\n{after}"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


WHERE = "import utils; print(Path(utils.__file__).parents[1])"


def test_every_notebook_starts_in_an_empty_colab(content, remote, monkeypatch):
    monkeypatch.setenv("COURSE_REPO", remote)
    sources = ["import google.colab"]
    for path in NOTEBOOKS:
        start = nbformat.read(path, as_version=4).cells[:3]
        sources += [cell.source for cell in start if cell.cell_type == "code"]
    sources += [SETUP_CELL, SETUP_CELL, WHERE, "print(len(set(sys.path)) == len(sys.path))"]
    started = notebook(*sources)
    execute(started, content)
    *silent, where, once = started.cells
    assert not any(cell.outputs for cell in silent)
    assert where.outputs[0].text == f"{content / FOLDER}\n"
    assert once.outputs[0].text == "True\n"


def test_without_network_one_line_says_what_to_do(content, monkeypatch):
    nowhere = content.parent / "nowhere"
    monkeypatch.setenv("COURSE_REPO", nowhere.as_uri())
    cell = code(SETUP_CELL, tags=["raises-exception"])
    execute(notebook(cell), content)
    (output,) = cell.outputs
    (line,) = output.traceback
    assert line == (
        f"The course's helpers could not be fetched from {nowhere.as_uri()}: check the network and "
        f"that git is installed, then run this cell again (or unpack the course into {FOLDER}/)."
    )
    assert not list(content.iterdir())


def test_without_git_one_line_says_what_to_do(content):
    run = run_set_up(content, PATH="")
    assert "HelpersMissing: The course's helpers could not be fetched" in run.stderr
    assert "check the network and that git is installed" in run.stderr


@pytest.mark.parametrize("how", ["fetched before", "unpacked beside"])
def test_helpers_that_are_there_are_not_fetched(content, remote, how):
    if how == "fetched before":
        assert run_set_up(content, COURSE_REPO=remote).returncode == 0
    else:
        shutil.copytree(ROOT / "utils", content / FOLDER / "utils")
    run = run_set_up(content, after=WHERE, COURSE_REPO="file:///nowhere")
    assert run.stdout == f"{content / FOLDER}\n"


@pytest.mark.parametrize("folder", [".", "book", "book/_static"])
def test_a_clone_is_used_as_it_is(folder):
    run = run_set_up(ROOT / folder, after=WHERE, COURSE_REPO="file:///nowhere")
    assert run.stdout == f"{ROOT}\n"
    assert run.stderr == ""


def test_another_utils_package_does_not_win(content, remote):
    (content / "utils").mkdir()
    (content / "utils" / "__init__.py").touch()
    run = run_set_up(content, after=WHERE, COURSE_REPO=remote)
    assert run.stdout == f"{content / FOLDER}\n"
