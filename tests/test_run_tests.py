"""The runner of `make test`: it fails when a stage fails, and says what was not checked."""

import importlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def runner(monkeypatch):
    """The module, imported as a script of tools/ is."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("run_tests")


@pytest.fixture
def site(tmp_path):
    """A built site."""
    (tmp_path / "index.html").write_text("")
    return tmp_path


def run_main(runner, monkeypatch, stages, *arguments):
    """Run the script with other stages in place of its own."""
    for name, result in stages.items():
        monkeypatch.setattr(runner, name, lambda *_, result=result: result)
    monkeypatch.setattr(sys, "argv", ["run_tests.py", *arguments])
    return runner.main()


def stages_of(runner, **counts):
    """Return a result for each stage: one passed test, unless told otherwise."""
    names = ("check_style", "check_units", "check_notebooks", "check_build", "check_site")
    return {name: runner.Result(Counter(counts.get(name, {"passed": 1}))) for name in names}


def test_all_is_well(runner, monkeypatch, capsys):
    assert run_main(runner, monkeypatch, stages_of(runner)) == 0
    assert " 5 passed in " in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    "stage", ["check_style", "check_units", "check_notebooks", "check_build", "check_site"]
)
@pytest.mark.parametrize("what", ["failed", "error"])
def test_a_stage_that_fails_fails_the_whole_and_the_others_still_run(
    runner, monkeypatch, capsys, stage, what
):
    stages = stages_of(runner, **{stage: {"passed": 2, what: 1}})
    assert run_main(runner, monkeypatch, stages) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert f"1 {what}" in last
    assert "6 passed" in last


def test_some_stages_can_be_chosen(runner, monkeypatch, capsys):
    assert run_main(runner, monkeypatch, stages_of(runner), "lint", "units") == 0
    printed = capsys.readouterr().out
    assert "---- lint ----" in printed
    assert "---- notebooks ----" not in printed
    assert " 2 passed in " in printed.splitlines()[-1]


def test_an_unknown_stage_is_named(runner, monkeypatch):
    with pytest.raises(SystemExit, match="no stage is called nope; there are: lint, units"):
        run_main(runner, monkeypatch, {}, "nope")


def test_without_git_one_line_says_so(runner, monkeypatch):
    monkeypatch.setattr(runner.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="git is not installed"):
        run_main(runner, monkeypatch, stages_of(runner))


def test_a_command_that_fails_is_counted_and_named(runner, capfd):
    python = sys.executable
    result = runner.run_commands([python, "-c", "pass"], [python, "-c", "raise SystemExit(3)"])
    assert result.counts == Counter(passed=1, failed=1)
    assert not result.ok
    assert result.remarks == ["failed: -c raise SystemExit(3)"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def test_a(): pass\ndef test_b(): pass", {"passed": 2}),
        ("def test_a(): assert False", {"failed": 1}),
        ("import pytest\ndef test_a(): pytest.skip('why')", {"skipped": 1}),
        ("import nothing_of_this_name", {"error": 1}),
        ("", {"error": 1}),
    ],
    ids=["passed", "failed", "skipped", "broken", "empty"],
)
def test_the_counts_of_pytest_are_read(runner, tmp_path, monkeypatch, capfd, code, expected):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    path = tmp_path / "test_sample.py"
    path.write_text(code)
    result = runner.run_pytest(str(path), "-p", "no:cacheprovider", f"--rootdir={tmp_path}")
    assert +result.counts == Counter(expected)
    assert result.ok == (not expected.keys() & {"failed", "error"})


@pytest.mark.parametrize(("ci", "ok"), [("", True), ("true", False)])
def test_a_missing_browser_is_said_and_fails_in_ci(runner, monkeypatch, site, ci, ok):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(runner, "get_browser", lambda: None)
    monkeypatch.setattr(runner, "run_pytest", lambda *a, **k: runner.Result(Counter(skipped=9)))
    result = runner.check_site(site)
    assert result.ok is ok
    assert any("NOT CHECKED: the site in a browser" in remark for remark in result.remarks)


def test_the_browser_and_the_site_are_handed_on(runner, monkeypatch, site):
    handed = {}

    def run_pytest(*arguments, **variables):
        handed.update(variables)
        return runner.Result(Counter(passed=1))

    monkeypatch.setattr(runner, "get_browser", lambda: "a/browser")
    monkeypatch.setattr(runner, "run_pytest", run_pytest)
    assert runner.check_site(site).ok
    assert handed == {"BOOK_SITE": str(site), "CHROME_PATH": "a/browser"}


def test_a_site_that_was_not_built_is_an_error(runner, tmp_path):
    result = runner.check_site(tmp_path / "nothing")
    assert not result.ok
    assert "run make book" in result.remarks[0]


def test_the_last_line_is_in_the_form_of_pytest(runner):
    line = runner.closing_line(Counter(passed=812, skipped=1), 3723.4)
    assert line.strip("=") == " 812 passed, 1 skipped in 3723.40s (1:02:03) "


BAD_DOCSTRING = '''"""A module."""


def area(size):
    """Return the area of a square."""
    return size**2
'''


@pytest.mark.parametrize(
    ("name", "code", "command"),
    [
        ("utils/sample.py", '"""A module."""\n\nimport os\n', ["ruff", "check"]),
        ("utils/sample.py", 'X  =  "unformatted"\n', ["ruff", "format", "--check"]),
        ("utils/sample.py", BAD_DOCSTRING, ["numpydoc", "lint", "utils/sample.py"]),
        ("book/sample.ipynb", "import os", ["ruff", "check"]),
    ],
    ids=["ruff", "format", "numpydoc", "ruff on a notebook"],
)
def test_the_linters_notice_with_our_settings(tmp_path, name, code, command):
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    path = tmp_path / name
    path.parent.mkdir()
    if path.suffix == ".ipynb":
        cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        notebook = {"cells": [{**cell, "source": code}], "metadata": {}, "nbformat": 4}
        code = json.dumps({**notebook, "nbformat_minor": 4})
    path.write_text(code)
    result = subprocess.run([sys.executable, "-m", *command], cwd=tmp_path, capture_output=True)
    assert result.returncode == 1, result.stderr
