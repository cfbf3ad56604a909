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


def texts(url, slug, pages, branch):
    """Return the files of a small project that names a repository in every way."""
    setup = f'REPO, BRANCH = "{url}", "{branch}"\n'
    sources = ["import os\n", setup, "x = 'é'"], f"Café: {url}/tree/{branch}"
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    return {
        "_config.yml": f"""\
title: A book
html:
  baseurl: {pages}/
repository: # the one place
  # with a comment
  url: {url}
  branch: {branch} # and another
  path_to_book: book
launch_buttons:
  url: elsewhere
  branch: {OLD.branch}
""",
        "CITATION.cff": f'repository-code: "{url}"\n',
        "tools/setup_cell.py": f'CELL = """\n{setup}"""\n',
        "book/01_first.ipynb": json.dumps({"cells": cells}, indent=1),  # escapes the é
        "README.md": f"""\
[Colab](https://colab.research.google.com/github/{slug}/blob/{branch}/book/01_first.ipynb)
[Binder](https://mybinder.org/v2/gh/{slug}/{branch}?urlpath=lab)
[site]({pages}/), `git clone {url}.git`
[source]({url}/blob/{branch}/README.md)
[another book](https://github.com/cnn-companion/cnn-companion-slides/blob/main/README.md)
[a guide](https://poloclub.github.io/cnn-explainer/)
[a main idea](https://example.org/main)
""",
    }


BEFORE = texts(OLD.url, "cnn-companion/cnn-companion", OLD.pages, "main")
AFTER = texts(NEW.url, "Ada-L/my.book", "https://ada-l.github.io/my.book", "trunk")


@pytest.fixture
def project(tmp_path):
    """Return the folder of the small project."""
    for name, text in BEFORE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def contents(project):
    return {name: (project / name).read_text() for name in BEFORE}


def test_a_fork_is_named_everywhere_and_all_else_stays(project):
    assert len(fork.rename(project, NEW)) == len(BEFORE)
    assert contents(project) == AFTER
    assert fork.configured(AFTER["_config.yml"]) == NEW


def test_twice_is_once_and_there_and_back_is_nowhere(project):
    fork.rename(project, NEW)
    assert fork.rename(project, NEW) == fork.rename(project) == []
    assert contents(project) == AFTER
    fork.rename(project, OLD)
    assert contents(project) == BEFORE


def test_the_configuration_alone_can_be_changed_by_hand(project):
    (project / "_config.yml").write_text(AFTER["_config.yml"])
    assert len(fork.rename(project)) == len(BEFORE) - 1
    assert contents(project) == AFTER


def test_a_cell_that_differs_is_found_and_not_written(project):
    path = project / "book" / "01_first.ipynb"
    path.write_text(path.read_text().replace('\\"main\\"', '\\"master\\"'))
    before = contents(project)
    assert fork.rename(project, write=False) == [path]
    assert contents(project) == before


def test_a_file_that_cannot_be_read_stops_everything(project):
    (project / "book" / "02_second.ipynb").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="utf-8"):
        fork.rename(project, NEW)
    assert contents(project) == BEFORE


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


def test_this_repository_is_in_line_and_can_be_forked(tmp_path):
    def run(*arguments):
        command = [sys.executable, str(tmp_path / "tools" / "fork.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    for path in (path for pattern in fork.FILES for path in ROOT.glob(pattern)):
        (tmp_path / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    assert run("--check").stderr == ""
    refused = run("--url", "nonsense").stderr
    assert refused.startswith("error: 'nonsense' is not the address of a repository")
    assert refused.count("\n") == 1
    assert run("--url", NEW.url).stderr == ""
    left = [
        f"{path.relative_to(tmp_path)}: {line.strip()[:100]}"
        for pattern in fork.FILES
        for path in tmp_path.glob(pattern)
        for line in path.read_text(encoding="utf-8").splitlines()
        if OLD.slug in line or OLD.pages in line
    ]
    assert left == []
