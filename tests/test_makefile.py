"""The Makefile sets up the environment once, completely or not at all; no package is installed."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Stands in for Python and for what is in an environment: it writes down how it was called.
FAKE = r"""#!/bin/sh
echo "$@" >> "$LOG"
case "$*" in
  -c*) exit ${OLD:-0} ;;
  "-m venv"*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; cp "$0" "$3/bin/jupyter-book" ;;
  *--help) echo "${HELP:-  --group <group>}" ;;
esac
set -f
for pattern in $FAIL; do
  case "$*" in $pattern) ${FAIL_BY:-exit 3} ;; esac
done
"""
COMMON = "-m pip install --quiet --no-input --disable-pip-version-check "
INSTALL = COMMON + "--group {} -c constraints.txt"


class Book:
    """A copy of the project's settings, with a Python that only notes what it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a book"
        self.folder.mkdir()
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, self.folder)
        (self.folder / "utils").mkdir()
        self.python = self.folder / "fake-python"
        self.python.write_text(FAKE)
        self.python.chmod(0o755)
        self.log = folder / "log"
        self.stamp = self.folder / ".venv" / ".installed-site"

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run make; ``FAIL`` has patterns of the calls that fail."""
        self.log.write_text("")
        python = variables.pop("PYTHON", self.python)
        environment = {"PATH": os.environ["PATH"], "LOG": str(self.log), "FAIL": "-", **variables}
        command = ["make", f"PYTHON={python}", *arguments]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            start_new_session=True,
        )

    def calls(self, word: str = "") -> list[str]:
        """Return the calls of the last run that have a word in them, without small questions."""
        calls = [call for call in self.log.read_text().splitlines() if word in call]
        return [call for call in calls if not call.startswith("-c ") and "--help" not in call]


@pytest.fixture
def book(tmp_path):
    """Return a project in which nothing is installed yet."""
    return Book(tmp_path)


def test_the_first_run_of_make_book_installs_what_the_site_needs_and_no_more(book):
    assert book.make("book").returncode == 0
    venv, install, build = book.calls()
    assert venv == "-m venv .venv"
    assert install == INSTALL.format("site")
    assert build.startswith("build book")


def test_the_second_run_costs_nothing(book):
    book.make("book")
    book.make("book")
    (only,) = book.log.read_text().splitlines()
    assert only.startswith("build book")


def test_make_test_installs_every_group_once(book):
    assert book.make("test").returncode == 0
    groups = [INSTALL.format(group) for group in ("site", "notebooks", "test")]
    assert book.calls("pip install") == groups


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_change_of_what_is_asked_for_installs_again(book, name):
    book.make("book")
    later = book.stamp.stat().st_mtime + 5
    os.utime(book.folder / name, (later, later))
    book.make("book")
    assert INSTALL.format("site") in book.calls()


@pytest.mark.parametrize("end", ["exit 3", "kill -INT 0", "kill -KILL 0"])
@pytest.mark.parametrize("what", ["*venv*", "*group?site*"], ids=["venv", "pip"])
def test_an_installation_that_fails_or_is_interrupted_is_done_again(book, end, what):
    result = book.make("book", FAIL=what, FAIL_BY=end)
    assert result.returncode in (2, -signal.SIGINT, -signal.SIGKILL)
    assert not book.stamp.exists()
    assert book.make("book").returncode == 0
    assert INSTALL.format("site") in book.calls()
    assert book.stamp.exists()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"OLD": "1"}, "Python 3.11 or newer is needed"),
        ({"PYTHON": "no-such-python"}, "Python 3.11 or newer is needed: install it"),
        ({"FAIL": "*venv*"}, "install the module venv (Debian: apt-get install python3-venv)"),
        ({"FAIL": "*--group*"}, "some packages are missing, see above"),
        ({"FAIL": "*--upgrade?pip*", "HELP": "nothing"}, "some packages are missing"),
    ],
    ids=["old Python", "no Python", "no venv", "no packages", "no pip"],
)
def test_what_is_missing_is_said_in_one_line(book, variables, words):
    result = book.make("book", **variables)
    assert result.returncode == 2
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert words in line
    assert not book.stamp.exists()


def test_an_environment_with_an_old_python_is_named(book):
    book.make("book")
    book.stamp.unlink()
    assert "the Python in .venv is too old" in book.make("book", OLD="1").stderr


def test_a_pip_that_knows_no_groups_is_brought_up_to_date_first(book):
    book.make("book", HELP="nothing")
    upgrade, install = book.calls("pip install")
    assert upgrade == COMMON + "--upgrade pip -c constraints.txt"
    assert install == INSTALL.format("site")


def test_environment_and_site_can_be_elsewhere(book, tmp_path):
    assert book.make("book", f"VENV={tmp_path}/venv", f"BUILD={tmp_path}/a build").returncode == 0
    assert (tmp_path / "venv" / ".installed-site").exists()
    assert book.calls()[-1].endswith(f"--path-output {tmp_path}/a build")
    assert "must not contain spaces" in book.make("book", "VENV=a b").stderr


def test_make_test_stops_at_the_first_failure_and_says_so(book):
    result = book.make("test", FAIL="*ruff?format*")
    assert result.returncode == 2
    assert book.calls()[-1].startswith("-m ruff format")


def test_make_k_test_shows_all_failures(book):
    result = book.make("-k", "test", FAIL="*ruff?format*")
    assert result.returncode == 2
    assert len(book.calls("-m pytest")) == 3
    assert "tests/test_site.py" in book.calls()[-1]
    assert len(book.calls("build book")) == 1


def test_without_a_browser_the_tests_of_the_site_run_and_say_so(book):
    result = book.make("site", FAIL="*find_browser* *playwright*")
    assert result.returncode == 0
    assert book.calls("playwright install chromium")
    assert book.calls("-m pytest") == ["-m pytest -q tests/test_site.py"]
