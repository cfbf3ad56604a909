"""
Run everything that ``make test`` promises, stage after stage, and sum it up.

All stages run even when one fails, so that one run shows all there is to repair. The last line is
in the form of pytest's own and counts the tests of all stages.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from find_browser import get_browser

ROOT = Path(__file__).resolve().parents[1]
WORKERS = "2"
NO_BROWSER = (
    "NOT CHECKED: the site in a browser. No Chromium was found and none could be fetched: "
    "install one (Debian: apt-get install chromium) or set CHROME_PATH."
)


@dataclass
class Result:
    """What a stage found: numbers of passed, failed, error and skipped, and remarks."""

    counts: Counter = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not (self.counts["failed"] or self.counts["error"])

    def __str__(self) -> str:
        """Return the counts as pytest words them."""
        names = ("failed", "passed", "skipped", "error")
        return ", ".join(f"{self.counts[name]} {name}" for name in names if self.counts[name])


def run(command: list[str], **environment: str) -> int:
    """
    Run a command in the root of the repository, its output shown as it comes.

    Parameters
    ----------
    command : list of str
        Program and arguments.
    **environment : str
        Variables to add to the environment.

    Returns
    -------
    int
        Exit status.
    """
    print("$ " + " ".join(Path(part).name if i == 0 else part for i, part in enumerate(command)))
    sys.stdout.flush()
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}).returncode


def run_commands(*commands: list[str]) -> Result:
    """
    Run commands that each count as one test.

    Parameters
    ----------
    *commands : list of str
        Program and arguments of each.

    Returns
    -------
    Result
        Passed and failed commands.
    """
    result = Result()
    for command in commands:
        status = run(command)
        result.counts["failed" if status else "passed"] += 1
        if status:
            result.remarks.append("failed: " + " ".join(command[1:4]))
    return result


def run_pytest(*arguments: str, **environment: str) -> Result:
    """
    Run pytest and read its counts.

    Parameters
    ----------
    *arguments : str
        Arguments of pytest.
    **environment : str
        Variables to add to the environment.

    Returns
    -------
    Result
        What the report says; an error when there is no report, or no test.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        status = run(command, **environment)
        result = Result()
        if report.exists():
            suite = ElementTree.parse(report).getroot().find("testsuite")
            number = {name: int(suite.get(name, 0)) for name in ("failures", "errors", "skipped")}
            result.counts["failed"] = number["failures"]
            result.counts["error"] = number["errors"]
            result.counts["skipped"] = number["skipped"]
            result.counts["passed"] = int(suite.get("tests", 0)) - sum(number.values())
    if status and result.ok:
        result.counts["error"] += 1
        result.remarks.append(f"pytest ended with status {status}")
    return result


def check_style() -> Result:
    """
    Lint Python and notebooks, docstrings, the notebooks' form and the name of the repository.

    Returns
    -------
    Result
        One count for each check.
    """
    python = sys.executable
    modules = sorted(path.relative_to(ROOT) for path in (ROOT / "utils").rglob("*.py"))
    return run_commands(
        [python, "-m", "ruff", "check", "--quiet", "."],
        [python, "-m", "ruff", "format", "--check", "--quiet", "."],
        [python, "-m", "numpydoc", "lint", *map(str, modules)],
        [python, "tools/execute_notebooks.py", "--check", "--no-execute"],
        [python, "tools/fork.py", "--check"],
    )


def check_units() -> Result:
    """
    Run the unit tests and the examples of all docstrings.

    Returns
    -------
    Result
        Counts of pytest.
    """
    return run_pytest(
        "tests",
        "utils",
        "--doctest-modules",
        "--ignore=tests/test_site.py",
        f"-n{WORKERS}",
        "--dist=loadfile",  # what a file prepares once is not prepared twice
    )


def check_notebooks() -> Result:
    """
    Execute every cell of every notebook, and compare with what is stored.

    Returns
    -------
    Result
        Counts of pytest, one test for each cell.
    """
    options = ("--nbval", "--nbval-current-env", f"-n{WORKERS}", "--dist=loadscope")
    return run_pytest("book", *options)


def check_build() -> Result:
    """
    Build the site as a reader of the README would.

    Returns
    -------
    Result
        One count.
    """
    return run_commands([os.environ.get("MAKE", "make"), "book"])


def check_site(site: Path) -> Result:
    """
    Open the built site in a browser.

    Parameters
    ----------
    site : Path
        Folder of the built pages.

    Returns
    -------
    Result
        Counts of pytest; without a browser a remark, and an error where ``CI`` is set.
    """
    if not (site / "index.html").is_file():
        return Result(Counter(error=1), [f"there is no site in {site}: run make book"])
    browser = get_browser()
    variables = {"BOOK_SITE": str(site)}
    if browser:
        variables["CHROME_PATH"] = browser
    result = run_pytest("tests/test_site.py", **variables)
    if not browser:
        result.remarks.append(NO_BROWSER)
        if os.environ.get("CI", "").lower() in ("1", "true"):
            result.counts["error"] += 1
    return result


def closing_line(total: Counter, seconds: float) -> str:
    """
    Word the last line as pytest does.

    Parameters
    ----------
    total : Counter
        Numbers of failed, passed, skipped and error.
    seconds : float
        Time of all stages.

    Returns
    -------
    str
        A line such as ``===== 812 passed in 301.12s (0:05:01) =====``.
    """
    minutes, rest = divmod(round(seconds), 60)
    text = f"{Result(total)} in {seconds:.2f}s ({minutes // 60}:{minutes % 60:02d}:{rest:02d})"
    return f" {text} ".center(max(shutil.get_terminal_size().columns, len(text) + 12), "=")


def main() -> int:
    """
    Run the stages named on the command line, or all.

    Returns
    -------
    int
        Exit status: 0 when all is well.
    """
    stages: dict[str, Callable[[], Result]] = {
        "lint": check_style,
        "units": check_units,
        "notebooks": check_notebooks,
        "build": check_build,
        "site": lambda: check_site(options.site),
    }
    parser = argparse.ArgumentParser(description="Run the tests of the book, stage by stage.")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of: {', '.join(stages)}")
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    options = parser.parse_args()
    options.site = options.site.resolve()
    unknown = [name for name in options.stages if name not in stages]
    if unknown:
        sys.exit(f"error: no stage is called {unknown[0]}; there are: {', '.join(stages)}")
    if shutil.which("git") is None:
        sys.exit("error: git is not installed, and the tests of the repository need it")

    results = {}
    for name in options.stages or stages:
        print(f"\n---- {name} ----", flush=True)
        start = time.monotonic()
        results[name] = stages[name]()
        results[name].seconds = time.monotonic() - start

    print("\nstage       seconds  result")
    for name, result in results.items():
        print(f"{name:10} {result.seconds:8.1f}  {result}")
        for remark in result.remarks:
            print(f"{'':21}{remark}")
    total = sum((result.counts for result in results.values()), Counter())
    print(closing_line(total, sum(result.seconds for result in results.values())))
    return 0 if all(result.ok for result in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
