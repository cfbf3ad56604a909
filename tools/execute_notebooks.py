"""
Execute notebooks and write them in one canonical form: a second run changes no byte.

    python -m tools.execute_notebooks                    every notebook of the book
    python -m tools.execute_notebooks book/03_*.ipynb    some
    python -m tools.execute_notebooks --check            write nothing; exit 1 if one would change
    python -m tools.execute_notebooks --no-execute       keep the outputs, only tidy up

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
from functools import partial
from pathlib import Path

import matplotlib.font_manager  # noqa: F401 - builds its cache now, not in a notebook's output
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # runs as a file, too
from tools.notebook_format import (
    canonical,
    code_cells,
    first_line,
    objections,
    read_notebook,
    to_text,
)
from tools.setup_cell import SETUP_CELL, SETUP_TAGS

SOLUTION_PROMPTS = {
    "code_prompt_show": "Show the solution",
    "code_prompt_hide": "Hide the solution",
}
KERNEL_SETTINGS = {
    "OMP_NUM_THREADS": "1",  # the number of threads changes float32 sums
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "TQDM_DISABLE": "1",  # no progress bar in what is stored
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
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

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


def execute(notebook: NotebookNode, folder: Path, *, timeout: float = 300) -> None:
    """
    Run every cell of a notebook, in place, in a folder.

    Raises a NotebookError that names the cell if one raises without the tag ``raises-exception``,
    takes more than `timeout` seconds, or kills the kernel.
    """
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    started: list[NotebookNode] = []
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=_ThisEnvironment()),
        timeout=timeout,
        record_timing=False,
        on_cell_execute=lambda cell, cell_index: started.append(cell),
    )
    environment = {**os.environ, **KERNEL_SETTINGS}
    try:
        client.execute(cwd=str(folder), env=environment, stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        problem = f"{error.ename}: {first_line(error.evalue)}"
    except CellTimeoutError:
        problem = f"still running after {timeout:g} s"
    except DeadKernelError:
        problem = "the kernel died (out of memory?)"
    else:
        return
    raise NotebookError(f"cell {len(started)} ({first_line(started[-1].source)}): {problem}")


def refresh_shared_parts(notebook: NotebookNode) -> None:
    """Bring in line what all chapters share: the set-up cell and how solutions are folded."""
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "course-setup" in tags:
            cell.source, cell.metadata.tags = SETUP_CELL, list(SETUP_TAGS)
        if "solution" in tags:
            cell.metadata.setdefault("mystnb", {}).update(SOLUTION_PROMPTS)


def process(path: Path, *, run: bool = True, write: bool = True, timeout: float = 300) -> Result:
    """Execute one notebook and bring its file into canonical form, or say why it stays."""
    start = time.monotonic()
    try:
        stored = path.read_text(encoding="utf-8")
        notebook = read_notebook(stored)
        refresh_shared_parts(notebook)
        if run:
            execute(notebook, path.parent, timeout=timeout)
        text = to_text(canonical(notebook))
        if problems := objections(notebook):
            raise NotebookError("\n  ".join(problems))
    except NotebookError as error:
        return Result(error=str(error))
    except FileNotFoundError:
        return Result(error="there is no such notebook")
    except (OSError, ValueError) as error:  # not readable, not JSON, not a notebook
        return Result(error=f"cannot be read: {first_line(str(error))}")
    if write and text != stored:
        unfinished = path.with_suffix(".ipynb.part")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    return Result(changed=text != stored, seconds=time.monotonic() - start)


def main(arguments: list[str] | None = None) -> int:
    """
    Process notebooks in parallel and report each in one line.

    Returns 0 if all is well, 1 if a notebook failed, or would change under ``--check``.
    """
    parser = argparse.ArgumentParser(description="Execute notebooks and store them.")
    parser.add_argument("files", nargs="*", type=Path, help="notebooks (default: all in book/)")
    parser.add_argument("--check", action="store_true", help="write nothing, only report")
    parser.add_argument("--no-execute", action="store_true", help="keep the stored outputs")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="notebooks at once (default 2)")
    parser.add_argument("--timeout", type=float, default=300, help="seconds a cell may take")
    options = parser.parse_args(arguments)

    paths = options.files or sorted(BOOK.glob("*.ipynb"))
    run, changed = not options.no_execute, "would change" if options.check else "changed"
    work = partial(process, run=run, write=not options.check, timeout=options.timeout)
    failed = False
    with ProcessPoolExecutor(max(1, options.jobs)) as pool:
        for path, result in zip(paths, pool.map(work, [path.resolve() for path in paths])):
            failed |= bool(result.error) or (result.changed and options.check)
            if result.error:
                print(f"{path}: {result.error}", file=sys.stderr)
            else:
                took = f" ({result.seconds:.0f} s)" if run else ""
                print(f"{path}: {changed if result.changed else 'unchanged'}{took}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
