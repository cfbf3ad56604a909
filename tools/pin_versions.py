"""
Pin every version in ``constraints.txt``: ``make constraints``.

The newest versions that pyproject.toml allows, for every platform and every Python from the oldest
supported one on. ``--keep`` changes only the pins that pyproject.toml no longer allows.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADER = """\
# Every version, direct and transitive, for Python 3.11 and newer on Linux, macOS and Windows.
# Written by `make constraints`; change what is asked for in pyproject.toml.
"""
PIN = re.compile(r"[a-z0-9][a-z0-9-]*==\S+( ; .+)?")


def resolve(groups: list[str], pinned: str) -> str:
    """
    Let uv choose one version of every package.

    Parameters
    ----------
    groups : list of str
        Dependency groups of pyproject.toml.
    pinned : str
        Pins to keep where possible.

    Returns
    -------
    str
        Pins, one a line, with markers where they do not hold everywhere.

    Raises
    ------
    RuntimeError
        When there is no such choice, or no package index.
    """
    with tempfile.TemporaryDirectory() as folder:
        output, extra = Path(folder) / "constraints.txt", Path(folder) / "extra.in"
        output.write_text(pinned, encoding="utf-8")
        extra.write_text("pip>=25.1\n", encoding="utf-8")  # the first to know dependency groups
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
        command += ["--python-version", "3.11", "--no-header", "--no-annotate"]
        command += [f"--group=pyproject.toml:{group}" for group in groups]
        command += [f"--output-file={output}", str(extra)]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"uv found no set of versions:\n{result.stderr.strip()}")
        return output.read_text(encoding="utf-8")


def main() -> None:
    """Write the file, or leave it as it is."""
    parser = argparse.ArgumentParser(description="Pin every version in constraints.txt.")
    parser.add_argument("--keep", action="store_true", help="keep the present pins if possible")
    options = parser.parse_args()
    path = ROOT / "constraints.txt"
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    try:
        pins = resolve(
            list(groups["dependency-groups"]),
            path.read_text(encoding="utf-8") if options.keep else "",
        )
    except RuntimeError as error:
        sys.exit(f"error: {error}")
    lines = sorted(line for line in pins.splitlines() if line and not line.startswith("#"))
    odd = [line for line in lines if not PIN.fullmatch(line)]
    if odd:
        sys.exit(f"error: constraints.txt is left as it is: this is no pin: {odd[0]}")
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(lines)} versions")


if __name__ == "__main__":
    main()
