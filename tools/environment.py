"""
Set up the virtual environment that a Makefile target needs, once.

Only the standard library is used, and no syntax newer than Python 3.6: on an old Python the script
has to come far enough to say so. A group of packages that is in place costs no more than reading
its stamp, a file in the environment which is written after everything has been installed.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST_PYTHON = (3, 11)
OLDEST_PIP = (25, 1)  # the first that reads dependency groups from pyproject.toml

# What pip prints, and what to do about it. The first that matches is told.
REMEDIES = [
    (
        r"No space left on device",
        "the disk is full: PyTorch takes about 6 GB; free some, or name a place with VENV=",
    ),
    (
        r"NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|ReadTimeout"
        r"|Temporary failure in name resolution|Failed to establish a new connection"
        r"|Connection (refused|reset|aborted)|Network is unreachable|SSLError",
        "no package index can be reached: check the network (a mirror is named with "
        "PIP_INDEX_URL, a proxy with HTTPS_PROXY), then run the same command again",
    ),
    (
        r"No matching distribution found|Could not find a version|ResolutionImpossible"
        r"|package versions have conflict",
        "no package index that answers has the versions of constraints.txt: check the network "
        "and PIP_INDEX_URL, or use a Python that PyTorch supports (make PYTHON=python3.12)",
    ),
]


class SetupError(Exception):
    """The environment cannot be set up; the message says what to do."""


def requirements_of(group, groups):
    """
    List what a dependency group of pyproject.toml asks for.

    Parameters
    ----------
    group : str
        Name of the group.
    groups : dict
        The table ``dependency-groups``.

    Returns
    -------
    list of str
        Requirements, those of included groups among them.
    """
    found = []
    for item in groups[group]:
        if isinstance(item, dict):
            found += requirements_of(item["include-group"], groups)
        else:
            found.append(item)
    return found


def fingerprint(venv, group):
    """
    Identify what has to be installed for a group, so that a change is noticed.

    Parameters
    ----------
    venv : Path
        The environment; its place counts, as scripts in it stop working when it is moved.
    group : str
        Name of the dependency group.

    Returns
    -------
    str
        A hash of the group's requirements, the pinned versions and the place.
    """
    import tomllib  # here and not above: an older Python has to get as far as the version check

    with (ROOT / "pyproject.toml").open("rb") as file:
        groups = tomllib.load(file)["dependency-groups"]
    if group not in groups:
        raise SetupError(f"pyproject.toml has no dependency group {group!r}")
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in pins if line and not line.startswith("#")]
    parts = [str(venv), *sorted(requirements_of(group, groups)), *sorted(pins)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def stamp_of(venv, group):
    """
    Name the file that says that a group is installed.

    Parameters
    ----------
    venv : Path
        The environment.
    group : str
        Name of the dependency group.

    Returns
    -------
    Path
        Place of the stamp, which need not exist.
    """
    return venv / (".cnn-companion-" + group)


def is_installed(venv, group):
    """
    Tell whether a group is installed in the versions asked for now.

    Parameters
    ----------
    venv : Path
        The environment.
    group : str
        Name of the dependency group.

    Returns
    -------
    bool
        Whether the stamp is there and up to date.
    """
    stamp = stamp_of(venv, group)
    return stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == fingerprint(venv, group)


def create(venv):
    """
    Create an environment with the Python that runs this script, or leave nothing behind.

    Parameters
    ----------
    venv : Path
        Where the environment is to be; the directory does not exist.
    """
    print(f"Creating the environment {venv}", flush=True)
    result = None
    try:
        result = subprocess.run(
            [sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True
        )
    finally:
        if result is None or result.returncode != 0:
            shutil.rmtree(venv, ignore_errors=True)
    if result.returncode != 0:
        printed = (result.stdout + result.stderr).strip()
        if "ensurepip" in printed or "No module named venv" in printed:
            raise SetupError(
                "this Python cannot create environments: install its venv module "
                "(Debian and Ubuntu: apt-get install python3-venv), then run make again"
            )
        raise SetupError(
            f"creating {venv} failed: {(printed.splitlines() or ['no reason given'])[-1]}"
        )


def inspect(venv):
    """
    Find the Python of an environment and the version of its pip.

    Parameters
    ----------
    venv : Path
        An existing environment.

    Returns
    -------
    python : str
        Path of its Python.
    pip : tuple of int
        Version of its pip.
    """
    python = venv / "bin" / "python"
    remedy = f"remove it (rm -rf {venv}) and run make again, or name another with VENV="
    if not python.exists():
        raise SetupError(f"{venv} is not a complete environment: {remedy}")
    code = "import sys, pip; print(*sys.version_info[:2]); print(pip.__version__)"
    try:
        result = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    except OSError:
        result = None
    if result is None or result.returncode != 0:
        raise SetupError(f"the Python or the pip in {venv} does not start: {remedy}")
    python_line, pip_line = result.stdout.splitlines()
    version = tuple(int(part) for part in python_line.split())
    if version < OLDEST_PYTHON:
        found = ".".join(map(str, version))
        raise SetupError(f"{venv} has Python {found}, too old for the book: {remedy}")
    if was_moved(venv):
        raise SetupError(f"{venv} was moved or copied, so its programs do not start: {remedy}")
    return str(python), tuple(int(part) for part in re.findall(r"\d+", pip_line)[:2])


def was_moved(venv):
    """
    Tell whether the scripts of an environment start a Python elsewhere.

    Parameters
    ----------
    venv : Path
        An existing environment.

    Returns
    -------
    bool
        Whether the first lines of its ``pip`` name the Python of another folder.
    """
    script = venv / "bin" / "pip"
    if not script.is_file():
        return False
    start = script.read_text(encoding="utf-8", errors="replace")[:1000]
    named = re.search(r"(/[^\"\n]*)/python[\d.]*[\"\s]", start)
    if named is None:
        return False
    folder = Path(named.group(1))
    return not (folder.is_dir() and folder.samefile(venv / "bin"))


def pip_install(python, arguments, what):
    """
    Run ``pip install`` quietly; say in one line what to do when it fails.

    Parameters
    ----------
    python : str
        The environment's Python.
    arguments : list of str
        What follows ``pip install``.
    what : str
        What is being installed, for the reader of the terminal.
    """
    print(f"Installing {what}", flush=True)
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", *arguments]
    start = time.monotonic()
    live = sys.stdout.isatty()
    printed = []
    with subprocess.Popen(
        command,
        cwd=str(ROOT),
        env=dict(os.environ, PIP_USER="0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout:
            printed.append(line.rstrip())
            if live and line.startswith(("Collecting", "  Downloading", "Installing")):
                width = shutil.get_terminal_size().columns - 1
                print("\r" + line.strip()[:width].ljust(width), end="", flush=True)
    if live:
        print("\r" + " " * (shutil.get_terminal_size().columns - 1), end="\r")
    if process.returncode != 0:
        text = "\n".join(printed)
        for pattern, remedy in REMEDIES:
            if re.search(pattern, text):
                raise SetupError(remedy)
        print("\n".join(printed[-15:]), file=sys.stderr)
        raise SetupError("pip could not install the packages, see above")
    print(f"Installed in {time.monotonic() - start:.0f} s", flush=True)


def prepare(venv, groups):
    """
    Bring an environment to the point where all groups are installed.

    Parameters
    ----------
    venv : Path
        The environment; created when it does not exist.
    groups : list of str
        Names of dependency groups of pyproject.toml.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError(
            "Python {}.{} or newer is needed, this is {}.{}: name one, as in "
            "make PYTHON=python3.12".format(*OLDEST_PYTHON, *sys.version_info[:2])
        )
    missing = [group for group in groups if not is_installed(venv, group)]
    python = venv / "bin" / "python"
    if not missing and python.exists():
        return
    if not venv.exists():
        create(venv)
    python, pip = inspect(venv)
    constraints = ["-c", str(ROOT / "constraints.txt")]
    if pip < OLDEST_PIP:
        pip_install(python, ["--upgrade", "pip", *constraints], "a pip that reads pyproject.toml")
    for group in missing:
        stamp_of(venv, group).unlink(missing_ok=True)
    size = " (PyTorch takes about 6 GB and a few minutes)" if "notebooks" in missing else ""
    options = [part for group in missing for part in ("--group", group)]
    pip_install(python, [*options, *constraints], "packages for: " + ", ".join(missing) + size)
    for group in missing:
        stamp_of(venv, group).write_text(fingerprint(venv, group) + "\n", encoding="utf-8")


def main():
    """Set up the environment named on the command line."""
    parser = argparse.ArgumentParser(description="Set up a virtual environment, once.")
    parser.add_argument("venv", help="directory of the environment")
    parser.add_argument("groups", nargs="+", help="dependency groups of pyproject.toml")
    options = parser.parse_args()
    try:
        prepare(Path(os.path.abspath(options.venv)), options.groups)
    except SetupError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
