"""One place names the repository; a fork is brought in line completely, or not at all."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.fork import FILES, Repository

ROOT = Path(__file__).resolve().parents[1]
OLD = Repository("https://github.com/cnn-companion/cnn-companion", "main")
NEW = Repository("https://github.com/Ada-L/my.book", "trunk")
# Python as it is where the encoding of files is not UTF-8 by itself.
PYTHON = [sys.executable, "-X", "warn_default_encoding", "-W", "error::EncodingWarning"]


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
        (tmp_path / name).write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "tools" / "fork.py", tmp_path / "tools")
    return tmp_path


def run(project, *arguments):
    """Run the command; return what it prints, or the one line that says why it does not."""
    command = [*PYTHON, str(project / "tools" / "fork.py"), *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stderr.count("\n") == (result.returncode != 0), result.stderr
    return result.stdout + result.stderr


def contents(project):
    return {name: (project / name).read_text(encoding="utf-8") for name in BEFORE}


RENAME = "--url", NEW.url, "--branch", NEW.branch


def test_a_fork_is_named_everywhere_and_all_else_stays(project):
    assert run(project, *RENAME).startswith(f"{NEW.url}, branch {NEW.branch}: brought in line ")
    assert contents(project) == AFTER
    assert run(project, *RENAME) == run(project) == run(project, "--check")
    assert run(project).endswith(": in line\n")
    run(project, "--url", OLD.url, "--branch", OLD.branch)
    assert contents(project) == BEFORE


def test_the_configuration_alone_can_be_changed_by_hand(project):
    (project / "_config.yml").write_text(AFTER["_config.yml"], encoding="utf-8")
    run(project)
    assert contents(project) == AFTER


def test_a_cell_that_differs_is_found_and_not_written(project):
    path = project / "book" / "01_first.ipynb"
    text = path.read_text(encoding="utf-8").replace('\\"main\\"', '\\"master\\"')
    path.write_text(text, encoding="utf-8")
    complaint = "error: not in line with _config.yml: book/01_first.ipynb (run: make fork)\n"
    assert run(project, "--check") == complaint
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("ending", ["/", ".git"])
def test_an_address_may_end_as_copied(project, ending):
    assert run(project, "--url", NEW.url + ending).startswith(f"{NEW.url}, branch main: ")


NO_ADDRESS = (
    *("foo", "http://github.com/a/b", "https://github.com/a", "https://github.com/a/b/c"),
    *("https://gitlab.com/a/b", "git@github.com:a/b.git", "https://github.com/a b/c"),
    *("https://github.com/-/b", "https://github.com/a/.."),
)


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        *(
            ("--url", text, "write it as URL=https://github.com/you/your-fork")
            for text in NO_ADDRESS
        ),
        ("--branch", "a b", "'a b' is not the name of a branch"),
    ],
)
def test_what_is_no_repository_is_refused(project, option, value, complaint):
    assert complaint in run(project, option, value)
    assert contents(project) == BEFORE


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("_config.yml", b"title: A book\n", "no repository with url and branch"),
        ("_config.yml", b"repository:\n  url: https://github.com/a/b\n", "no repository with url"),
        ("tools/setup_cell.py", b"CELL = 1", "tools/setup_cell.py has no line REPO, BRANCH"),
        ("book/02_second.ipynb", b"\xff", "utf-8"),
    ],
)
def test_what_cannot_be_read_stops_everything(project, name, data, complaint):
    (project / name).write_bytes(data)
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    assert complaint in run(project, *RENAME)
    assert {path: path.read_bytes() for path in before} == before


def test_this_repository_is_in_line_and_can_be_forked(tmp_path):
    for path in (path for pattern in (*FILES, "tools/fork.py") for path in ROOT.glob(pattern)):
        (tmp_path / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    assert run(tmp_path, "--check").endswith(": in line\n")
    run(tmp_path, "--url", NEW.url)
    left = [
        f"{path.relative_to(tmp_path)}: {line.strip()[:100]}"
        for pattern in FILES
        for path in tmp_path.glob(pattern)
        for line in path.read_text(encoding="utf-8").splitlines()
        if OLD.slug in line or OLD.pages in line
    ]
    assert left == []
