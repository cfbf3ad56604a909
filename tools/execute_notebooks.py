"""
Execute notebooks and write them in one canonical form: a second run changes no byte.

    python tools/execute_notebooks.py                    every notebook of the book
    python tools/execute_notebooks.py book/03_*.ipynb    some
    python tools/execute_notebooks.py --check            write nothing; exit 1 if one would change
    python tools/execute_notebooks.py --no-execute       keep the outputs, only tidy up

A notebook runs in its own folder, on one thread, in the environment this script runs in. One
that fails, warns, or prints something that differs from machine to machine stays as it was.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import matplotlib.font_manager  # noqa: F401 - builds its cache now, not in a notebook's output
import nbformat
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # runs as a file, too
from tools.notebook_format import canonical, first_line, objections, read_notebook, to_text
from tools.setup_cell import SETUP_CELL, SETUP_TAGS

SOLUTION_PROMPTS = {
    "code_prompt_show": "Show the solution",
    "code_prompt_hide": "Hide the solution",
}
BOOK = Path(__file__).resolve().parents[1] / "book"


class NotebookError(Exception):
    """A notebook cannot be stored as it is; the text is one line for the author."""


@dataclass(frozen=True)
class Result:
    """What became of one notebook: an error, or whether it changed, and how long it took."""

    changed: bool = False
    error: str = ""
    seconds: float = 0


class _ThisEnvironment(KernelSpecManager):
    """Finds one kernel: the Python that runs this script, whatever else is installed."""

    def get_kernel_spec(self, kernel_name):
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


def execute(notebook: nbformat.NotebookNode, folder: Path, *, timeout: float = 300) -> None:
    """
    Run every cell of a notebook in place.

    Parameters
    ----------
    notebook
        What to run; its outputs are replaced.
    folder
        The working directory of the run.
    timeout
        Seconds one cell may take.

    Raises
    ------
    NotebookError
        If a cell raises without the tag ``raises-exception``, takes too long, or kills the
        kernel; the message names the cell.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",  # the number of threads changes float32 sums
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TQDM_DISABLE": "1",  # no progress bar in what is stored
    }
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=_ThisEnvironment()),
        timeout=timeout,
        record_timing=False,
    )
    try:
        client.execute(cwd=str(folder), env=environment, stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        what = f"{error.ename}: {first_line(error.evalue)}"
        raise NotebookError(f"{_failing_cell(notebook)}: {what}") from None
    except CellTimeoutError:
        raise NotebookError(f"{_last_cell(notebook)}: still running after {timeout:g} s") from None
    except DeadKernelError:
        raise NotebookError(f"{_last_cell(notebook)}: the kernel died (out of memory?)") from None


def refresh_shared_parts(notebook: nbformat.NotebookNode) -> None:
    """
    Bring in line what every chapter shares: the set-up cell and how solutions are folded.

    Parameters
    ----------
    notebook
        The notebook; it is changed in place.
    """
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "course-setup" in tags:
            cell.source, cell.metadata.tags = SETUP_CELL, list(SETUP_TAGS)
        if "solution" in tags:
            cell.metadata.setdefault("mystnb", {}).update(SOLUTION_PROMPTS)


def process(path: Path, *, run: bool = True, write: bool = True, timeout: float = 300) -> Result:
    """
    Execute one notebook and bring its file into canonical form.

    Parameters
    ----------
    path
        The notebook.
    run
        Whether to execute it, or keep the outputs it has.
    write
        Whether to write the file if it changes.
    timeout
        Seconds one cell may take.

    Returns
    -------
    Result
        Whether the file changed (or would have), or why it was left alone.
    """
    start = time.monotonic()
    try:
        stored = path.read_text(encoding="utf-8")
        notebook = read_notebook(stored)
        refresh_shared_parts(notebook)
        if run:
            execute(notebook, path.parent, timeout=timeout)
        notebook = canonical(notebook, stem=path.stem)
        problems = objections(notebook)
        if problems:
            raise NotebookError("\n  ".join(problems))
    except NotebookError as error:
        return Result(error=str(error))
    except FileNotFoundError:
        return Result(error="there is no such notebook")
    except (OSError, ValueError) as error:  # not readable, not JSON, not a notebook
        return Result(error=f"cannot be read: {first_line(str(error))}")
    text = to_text(notebook)
    if text == stored:
        return Result(seconds=time.monotonic() - start)
    if write:
        unfinished = path.with_suffix(".ipynb.part")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    return Result(changed=True, seconds=time.monotonic() - start)


def main(arguments: list[str] | None = None) -> int:
    """
    Process notebooks in parallel and report each in one line.

    Parameters
    ----------
    arguments
        The command line; by default that of this process.

    Returns
    -------
    int
        0 if all is well, 1 if a notebook failed, or would change under ``--check``.
    """
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="notebooks (default: all in book/)")
    parser.add_argument("--check", action="store_true", help="write nothing, only report")
    parser.add_argument("--no-execute", action="store_true", help="keep the stored outputs")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="notebooks at once (default 2)")
    parser.add_argument("--timeout", type=float, default=300, help="seconds a cell may take")
    options = parser.parse_args(arguments)

    paths = options.files or sorted(BOOK.glob("*.ipynb"))
    settings = {
        "run": not options.no_execute,
        "write": not options.check,
        "timeout": options.timeout,
    }
    with ProcessPoolExecutor(max_workers=max(1, options.jobs)) as pool:
        jobs = [pool.submit(process, path.resolve(), **settings) for path in paths]
        failed = False
        for path, job in zip(paths, jobs):
            result = job.result()
            failed |= bool(result.error) or (result.changed and options.check)
            if result.error:
                print(f"{path}: {result.error}", file=sys.stderr)
            else:
                changed = "would change" if options.check else "changed"
                took = f" ({result.seconds:.0f} s)" if settings["run"] else ""
                print(f"{path}: {changed if result.changed else 'unchanged'}{took}")
    return int(failed)


def _failing_cell(notebook) -> str:
    for number, cell in _code_cells(notebook):
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed and "raises-exception" not in cell.metadata.get("tags", []):
            return f"cell {number} ({first_line(cell.source)})"
    return "a cell"


def _last_cell(notebook) -> str:
    started = [
        (number, cell) for number, cell in _code_cells(notebook) if cell.execution_count is not None
    ]
    if not started:
        return "cell 1"
    number, cell = started[-1]
    return f"cell {number} or the one after it ({first_line(cell.source)})"


def _code_cells(notebook):
    return enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1)


if __name__ == "__main__":
    sys.exit(main())
