"""One place names the repository; a fork is brought in line completely, or not at all."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import fork
from tools.fork import ForkError, Repository

ROOT = Path(fork.__file__).resolve().parents[1]
OLD = Repository("https://github.com/cnn-companion/cnn-companion", "main")
NEW = Repository("https://github.com/Ada-L/my.book", "trunk")

CONFIG = """\
title: A book
html:
  baseurl: https://cnn-companion.github.io/cnn-companion/
repository: # the one place
  # with a comment
  url: https://github.com/cnn-companion/cnn-companion
  branch: main # and another
  path_to_book: book
launch_buttons:
  url: elsewhere
"""


SETUP = f'REPO, BRANCH = "{OLD.url}", "{OLD.branch}"\n'


@pytest.fixture
def project(tmp_path):
    """A small repository, with a notebook whose text is escaped as `json.dumps` does by itself."""
    (tmp_path / "book").mkdir()
    (tmp_path / "tools").mkdir()
    (tmp_path / "_config.yml").write_text(CONFIG)
    (tmp_path / "CITATION.cff").write_text(f'repository-code: "{OLD.url}"\n')
    (tmp_path / "tools" / "setup_cell.py").write_text(f'CELL = """\n{SETUP}"""\n')
    sources = ["import os\n", SETUP, "x = 'é'"], f"Café: {OLD.url}/tree/{OLD.branch}"
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    (tmp_path / "book" / "01_first.ipynb").write_text(json.dumps({"cells": cells}, indent=1))
    (tmp_path / "README.md").write_text(
        "[Colab](https://colab.research.google.com/github/cnn-companion/cnn-companion/blob/main"
        "/book/01_first.ipynb)\n"
        "[Binder](https://mybinder.org/v2/gh/cnn-companion/cnn-companion/main?urlpath=lab)\n"
        f"[site]({OLD.pages}/), `git clone {OLD.url}.git`\n"
        f"[source]({OLD.url}/blob/main/README.md)\n"
        "[another book](https://github.com/cnn-companion/cnn-companion-slides)\n"
        "[a guide](https://poloclub.github.io/cnn-explainer/)\n"
    )
    return tmp_path


def contents(folder):
    """Read all files of a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_fork_is_named_everywhere(project):
    changed = fork.rename(project, NEW)
    assert len(changed) == 5
    assert fork.configured((project / "_config.yml").read_text()) == NEW
    readme = (project / "README.md").read_text()
    for link in (
        "https://colab.research.google.com/github/Ada-L/my.book/blob/trunk/book/01_first.ipynb",
        "https://mybinder.org/v2/gh/Ada-L/my.book/trunk?urlpath=lab",
        "https://ada-l.github.io/my.book/",
        "git clone https://github.com/Ada-L/my.book.git`",
        "https://github.com/Ada-L/my.book/blob/trunk/README.md",
    ):
        assert link in readme
    for path in ("tools/setup_cell.py", "CITATION.cff", "_config.yml"):
        assert "cnn-companion" not in (project / path).read_text()


def test_other_repositories_keep_their_names(project):
    fork.rename(project, NEW)
    readme = (project / "README.md").read_text()
    assert "https://github.com/cnn-companion/cnn-companion-slides" in readme
    assert "https://poloclub.github.io/cnn-explainer/" in readme


def test_comments_and_the_rest_of_the_configuration_stay(project):
    fork.rename(project, NEW)
    assert (project / "_config.yml").read_text() == (
        CONFIG.replace(OLD.url, NEW.url)
        .replace("branch: main", "branch: trunk")
        .replace(OLD.pages, NEW.pages)
    )


def test_a_notebook_names_the_fork_and_keeps_its_form(project):
    path = project / "book" / "01_first.ipynb"
    before = path.read_text()
    fork.rename(project, NEW)
    after = path.read_text()
    setup, text = json.loads(after)["cells"]
    assert setup["source"] == ["import os\n", f'REPO, BRANCH = "{NEW.url}", "trunk"\n', "x = 'é'"]
    assert text["source"] == f"Café: {NEW.url}/tree/trunk"
    assert len(after.splitlines()) == len(before.splitlines())
    assert "\\u00e9" in after


def test_the_configuration_alone_can_be_changed_by_hand(project):
    before = contents(project)
    fork.rename(project, NEW)
    after = contents(project)
    for path, content in before.items():
        path.write_bytes(after[path] if path.name == "_config.yml" else content)
    assert len(fork.rename(project)) == 4
    assert contents(project) == after


def test_twice_is_once_and_there_and_back_is_nowhere(project):
    before = contents(project)
    fork.rename(project, NEW)
    after = contents(project)
    assert fork.rename(project, NEW) == []
    assert fork.rename(project) == []
    assert contents(project) == after
    fork.rename(project, OLD)
    assert contents(project) == before


def test_a_cell_that_differs_is_found_and_not_written(project):
    path = project / "book" / "01_first.ipynb"
    path.write_text(path.read_text().replace('\\"main\\"', '\\"master\\"'))
    before = contents(project)
    assert fork.rename(project, write=False) == [path]
    assert contents(project) == before


def test_a_file_that_cannot_be_read_stops_everything(project):
    (project / "book" / "02_second.ipynb").write_bytes(b"\xff")
    before = contents(project)
    with pytest.raises(ValueError, match="utf-8"):
        fork.rename(project, NEW)
    assert contents(project) == before


@pytest.mark.parametrize(
    "text",
    ["", "foo", "http://github.com/a/b", "https://github.com/a", "https://github.com/a/b/c",
     "https://gitlab.com/a/b", "git@github.com:a/b.git", "https://github.com/a b/c",
     "https://github.com/-/b", "https://github.com/a/.."],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ForkError, match=r"write it as URL=https://github\.com/you/your-fork"):
        fork.parse_url(text)


@pytest.mark.parametrize("ending", ["", "/", ".git"])
def test_an_address_may_end_as_copied(ending):
    assert fork.parse_url(NEW.url + ending) == NEW.url


def test_a_configuration_without_a_repository_is_named():
    with pytest.raises(ForkError, match="no repository with url and branch"):
        fork.configured("title: A book\n")


def run_in_a_copy(tmp_path, *arguments):
    """Run the script in a copy of what it reads in this repository."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools", dirs_exist_ok=True)
    for pattern in fork.FILES:
        for path in ROOT.glob(pattern):
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    command = [sys.executable, str(tmp_path / "tools" / "fork.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_this_repository_is_in_line(tmp_path):
    result = run_in_a_copy(tmp_path, "--check")
    assert result.returncode == 0, result.stderr


def test_this_repository_can_be_forked(tmp_path):
    result = run_in_a_copy(tmp_path, "--url", NEW.url)
    assert result.returncode == 0, result.stderr
    left = [
        f"{path.relative_to(tmp_path)}: {line.strip()[:100]}"
        for pattern in fork.FILES
        for path in tmp_path.glob(pattern)
        for line in path.read_text(encoding="utf-8").splitlines()
        if OLD.slug in line or OLD.pages in line
    ]
    assert left == []


def test_a_bad_address_is_one_line(tmp_path):
    result = run_in_a_copy(tmp_path, "--url", "nonsense")
    assert result.returncode == 1
    assert result.stderr.startswith("error: 'nonsense' is not the address of a repository")
    assert result.stderr.count("\n") == 1
