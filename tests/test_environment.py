"""Setting up the environment: once, completely or not at all, and with one line when it fails."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import environment
from tools.environment import SetupError

SCRIPT = Path(environment.__file__)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with two groups and two pins, in place of this one."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text(
        '[dependency-groups]\nsite = ["a>=1"]\ntest = [{include-group = "site"}, "b"]\n'
    )
    (root / "constraints.txt").write_text("# pins\na==1.0\nb==2.0\n")
    monkeypatch.setattr(environment, "ROOT", root)
    return root


@pytest.fixture
def commands(monkeypatch):
    """Every command that would have been run; none is."""
    run = []

    def forbidden(command, **options):
        run.append(command)
        raise AssertionError(f"ran {command}")

    monkeypatch.setattr(environment.subprocess, "run", forbidden)
    monkeypatch.setattr(environment.subprocess, "Popen", forbidden)
    return run


def fake_python(venv, script):
    """Put a shell script in the place of an environment's Python."""
    python = venv / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n" + script)
    python.chmod(0o755)
    return python


def test_an_old_python_can_read_the_script():
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_is_told_what_to_do(tmp_path, monkeypatch, commands):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(
        SetupError, match=r"Python 3\.11 or newer is needed, this is 3\.9: .*PYTHON="
    ):
        environment.prepare(tmp_path / "venv", ["site"])
    assert not (tmp_path / "venv").exists()


def test_included_groups_count():
    groups = {"site": ["a"], "test": [{"include-group": "site"}, "b"]}
    assert environment.requirements_of("test", groups) == ["a", "b"]


def test_what_is_installed_is_not_installed_again(project, tmp_path, commands):
    venv = tmp_path / "venv"
    fake_python(venv, "exit 1\n")
    for group in ("site", "test"):
        environment.stamp_of(venv, group).write_text(environment.fingerprint(venv, group) + "\n")
    environment.prepare(venv, ["site", "test"])
    assert commands == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("pyproject.toml", '"a>=1"', '"a>=2"'),
        ("constraints.txt", "b==2.0", "b==2.1"),
    ],
)
def test_a_change_of_what_is_asked_for_is_noticed(project, tmp_path, file, old, new):
    venv = tmp_path / "venv"
    venv.mkdir()
    environment.stamp_of(venv, "test").write_text(environment.fingerprint(venv, "test"))
    assert environment.is_installed(venv, "test")
    path = project / file
    path.write_text(path.read_text().replace(old, new))
    assert not environment.is_installed(venv, "test")


def test_a_comment_changes_nothing(project, tmp_path):
    before = environment.fingerprint(tmp_path, "test")
    path = project / "constraints.txt"
    path.write_text("# another comment\n" + path.read_text())
    assert environment.fingerprint(tmp_path, "test") == before


def test_a_moved_environment_is_noticed(project, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    environment.stamp_of(old, "site").write_text(environment.fingerprint(old, "site"))
    old.rename(new)
    assert not environment.is_installed(new, "site")


@pytest.mark.parametrize(
    "start",
    [
        "#!{}/bin/python\n",
        "#!{}/bin/python3.12\n",
        '#!/bin/sh\n\'\'\'exec\' "{}/bin/python" "$0" "$@"\n',
    ],
    ids=["plain", "with version", "long path"],
)
def test_an_environment_whose_programs_do_not_start_is_named(project, tmp_path, start):
    venv = tmp_path / "new place"
    fake_python(venv, 'echo "3 12"; echo 26.3\n')
    (venv / "bin" / "pip").write_text(start.format(tmp_path / "old place"))
    with pytest.raises(SetupError, match=r"was moved or copied.*rm -rf"):
        environment.prepare(venv, ["site"])
    (venv / "bin" / "pip").write_text(start.format(venv))
    assert not environment.was_moved(venv)


def test_an_environment_behind_a_link_was_not_moved(tmp_path):
    venv = tmp_path / "venv"
    fake_python(venv, "exit 0\n")
    (venv / "bin" / "pip").write_text(f"#!{venv}/bin/python\n")
    (tmp_path / "link").symlink_to(venv)
    assert not environment.was_moved(tmp_path / "link")


def test_an_unknown_group_is_named(project, tmp_path):
    with pytest.raises(SetupError, match="no dependency group 'nope'"):
        environment.fingerprint(tmp_path, "nope")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "not a complete environment"),
        ("exit 1\n", "does not start"),
        ('echo "3 9"; echo 26.3\n', "Python 3.9, too old"),
    ],
    ids=["half-made", "broken", "old"],
)
def test_an_unusable_environment_is_left_alone(project, tmp_path, script, words):
    venv = tmp_path / "venv"
    venv.mkdir()
    if script:
        fake_python(venv, script)
    before = sorted(venv.rglob("*"))
    with pytest.raises(SetupError) as error:
        environment.prepare(venv, ["site"])
    assert words in str(error.value)
    assert f"rm -rf {venv}" in str(error.value)
    assert "\n" not in str(error.value)
    assert sorted(venv.rglob("*")) == before


def test_a_python_without_venv_leaves_nothing(tmp_path, monkeypatch):
    venv = tmp_path / "venv"

    def fail(command, **options):
        venv.mkdir()
        return subprocess.CompletedProcess(command, 1, "ensurepip is not available", "")

    monkeypatch.setattr(environment.subprocess, "run", fail)
    with pytest.raises(SetupError, match="apt-get install python3-venv"):
        environment.create(venv)
    assert not venv.exists()


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("OSError: [Errno 28] No space left on device", "6 GB"),
        ("NameResolutionError: Temporary failure in name resolution", "check the network"),
        ("ERROR: No matching distribution found for torch==2.14.1", "check the network"),
        ("ERROR: Cannot install pip because these package versions have conflicts", "PIP_INDEX"),
        ("these package versions have conflicting dependencies.", "PIP_INDEX"),
        ("ERROR: something else", "see above"),
    ],
)
def test_a_failing_pip_is_explained_in_one_line(tmp_path, capfd, printed, words):
    python = fake_python(tmp_path, f'echo "{printed}"; exit 1\n')
    with pytest.raises(SetupError) as error:
        environment.pip_install(str(python), ["torch"], "packages")
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert (printed in capfd.readouterr().err) == (words == "see above")


def test_a_failed_installation_leaves_no_stamp(project, tmp_path):
    venv = tmp_path / "venv"
    fake_python(
        venv, 'if [ "$1" = -c ]; then echo "3 12"; echo 26.3; else echo "ProxyError"; exit 1; fi\n'
    )
    stamp = environment.stamp_of(venv, "site")
    stamp.write_text("of an older installation")
    with pytest.raises(SetupError, match="check the network"):
        environment.prepare(venv, ["site"])
    assert not stamp.exists()


def test_a_successful_installation_is_stamped(project, tmp_path):
    venv = tmp_path / "venv"
    fake_python(
        venv, 'if [ "$1" = -c ]; then echo "3 12"; echo 26.3; else echo "$@" > "$0.log"; fi\n'
    )
    environment.prepare(venv, ["site", "test"])
    arguments = (venv / "bin" / "python.log").read_text().split()
    assert arguments[-6:-2] == ["--group", "site", "--group", "test"]
    assert arguments[-2:] == ["-c", str(project / "constraints.txt")]
    assert environment.is_installed(venv, "site")
    assert environment.is_installed(venv, "test")


def test_an_old_pip_is_brought_up_to_date_first(project, tmp_path):
    venv = tmp_path / "venv"
    fake_python(
        venv, 'if [ "$1" = -c ]; then echo "3 12"; echo 23.2.1; else echo "$@" >> "$0.log"; fi\n'
    )
    environment.prepare(venv, ["site"])
    first, second = (venv / "bin" / "python.log").read_text().splitlines()
    assert "--upgrade pip" in first
    assert "--group site" in second


def test_without_a_network_one_line_says_so(tmp_path):
    venv = tmp_path / "venv"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    variables |= {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "1",
    }
    result = subprocess.run(
        [sys.executable, SCRIPT, venv, "site"], env=variables, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: no package index can be reached: check the network")
    assert not list(venv.glob(".cnn-companion-*"))


def test_the_second_run_is_quick(project, tmp_path):
    venv = tmp_path / "venv"
    fake_python(venv, "exit 1\n")
    environment.stamp_of(venv, "site").write_text(environment.fingerprint(venv, "site"))
    start = time.perf_counter()
    environment.prepare(venv, ["site"])
    assert time.perf_counter() - start < 0.5
