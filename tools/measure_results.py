"""
Run the long experiments of chapter 10 and store what they measure: ``make results``.

The networks, the data and the recipe are those of the notebook: its cells tagged ``results`` are
executed, and the functions they define do the work. So what is measured is what the reader reads.
First, learning rates are compared: by the validation loss, and where some networks learn nothing
that helps with new pictures, by the training loss. If the notebook does not use the best, nothing
is stored, and a message names the rates to write there. Then come the trainings, one for
each network, seed and kind of training. They share the cores, one thread each; on the same machine,
a second run gives the same accuracies.

    python -m tools.measure_results                        both experiments
    python -m tools.measure_results --only equal_budget    one
    python -m tools.measure_results --seeds 2 --folder x   a quick look, written elsewhere
"""

import argparse
import ast
import datetime
import hashlib
import os
import platform
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import torch

from tools.notebook_format import read_notebook
from utils.experiments import Results
from utils.shapes import summarise
from utils.training import evaluate

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "book" / "10_cnn_versus_fully_connected.ipynb"
FOLDER = ROOT / "utils" / "experiments"
SEEDS = {"equal_budget": 10, "faces": 5}
TUNING_SEEDS = {"equal_budget": 2, "faces": 1}
RATES = {
    "equal_budget": (0.003, 0.01, 0.03, 0.1),
    "faces": (0.0003, 0.001, 0.003),
}
CHOSEN_BY = {"equal_budget": "validation loss", "faces": "training loss"}
RATES_OF = {"equal_budget": "rates", "faces": "face_rates"}
SHIFTS = (1, 2, 3, 4)  # pixels
FEW = 100  # training pictures
PACKAGES = ("torch", "torchvision", "scikit-learn", "numpy", "pillow")

_book = {}  # what the notebook defines, in each process


# ---------------------------------------------------------------- what the notebook defines


def sources(notebook: Path = NOTEBOOK) -> list[str]:
    """
    Return the code of the cells that define the experiments.

    Parameters
    ----------
    notebook : Path
        A notebook with cells tagged ``imports`` and ``results``.

    Returns
    -------
    list of str
        The import cell first.
    """
    cells = read_notebook(notebook.read_text(encoding="utf-8")).cells
    wanted = {"imports", "results"}
    return [cell.source for cell in cells if wanted & set(cell.metadata.get("tags", []))]


def fingerprint(notebook: Path = NOTEBOOK) -> str:
    """
    Return a hash of the cells tagged ``results``; comments and line breaks do not count.

    Parameters
    ----------
    notebook : Path
        The notebook.

    Returns
    -------
    str
        Sixteen hexadecimal digits.
    """
    code = "\n".join(ast.unparse(ast.parse(source)) for source in sources(notebook)[1:])
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def definitions(notebook: Path = NOTEBOOK) -> dict:
    """
    Execute the import cell and the cells tagged ``results``.

    Parameters
    ----------
    notebook : Path
        The notebook.

    Returns
    -------
    dict
        The names they define.
    """
    names = {}
    for source in sources(notebook):
        exec(compile(source, notebook.name, "exec"), names)
    return names


# ---------------------------------------------------------------- the experiments


def networks(book: dict, experiment: str, seed: int) -> dict:
    """
    Return fresh networks.

    Parameters
    ----------
    book : dict
        What the notebook defines.
    experiment : str
        One of `SEEDS`.
    seed : int
        Decides the first weights.

    Returns
    -------
    dict
        From names to modules.
    """
    return book[{"equal_budget": "rivals", "faces": "face_networks"}[experiment]](seed)


def kinds(experiment: str) -> list[str]:
    """
    Return the kinds of training of an experiment, each for every network and seed.

    Parameters
    ----------
    experiment : str
        One of `SEEDS`.

    Returns
    -------
    list of str
        Their names.
    """
    return ["normal", "shuffled", "few"] if experiment == "equal_budget" else ["faces"]


def train(book: dict, experiment: str, network: str, seed: int, kind: str, rate: float) -> tuple:
    """
    Train one network, in the way of the notebook.

    Parameters
    ----------
    book : dict
        What the notebook defines.
    experiment, network, kind : str
        What to train, and how; see `kinds`.
    seed : int
        Decides the first weights, the order of the pictures, and which are the few.
    rate : float
        Learning rate.

    Returns
    -------
    tuple
        The trained network, the data it was trained and is to be tested on, and the history.
    """
    data, settings = book["people" if kind == "faces" else "digits"], {}
    if kind == "faces":
        settings = book["face_settings"]
    elif kind == "shuffled":
        data = book["shuffled"](data)
    elif kind == "few":
        data, settings = book["few"](data, FEW, seed), book["few_settings"]
    model = networks(book, experiment, seed)[network]
    return model, data, book["train_one"](model, data, seed, rate, **settings)


def accuracies(book: dict, kind: str, model: torch.nn.Module, data: tuple, history) -> dict:
    """
    Measure a trained network.

    Parameters
    ----------
    book : dict
        What the notebook defines.
    kind : str
        One of `kinds`.
    model : torch.nn.Module
        The network.
    data : Split
        What it was trained and is to be tested on.
    history : History
        How the training went.

    Returns
    -------
    dict
        From the name of a condition to the accuracy.
    """
    accuracy = evaluate(model, *data.test).accuracy
    if kind == "normal":
        moved = {f"shift {pixels}": book["accuracy_moved"](model, pixels) for pixels in SHIFTS}
        return {"normal": accuracy, **moved}
    if kind == "faces":
        return {"new faces": accuracy, "seen, last epoch": history.train_accuracies[-1]}
    return {"shuffled": accuracy} if kind == "shuffled" else {f"{FEW} pictures": accuracy}


# ---------------------------------------------------------------- all of them, on all cores


def _start(notebook: Path) -> None:
    """Prepare a process: one thread, and the definitions of the notebook."""
    torch.set_num_threads(1)
    _book.update(definitions(notebook))


def _loss(experiment, network, seed, kind, rate) -> float:
    *_, history = train(_book, experiment, network, seed, kind, rate)
    by_training = CHOSEN_BY[experiment] == "training loss"
    return history.train_losses[-1] if by_training else min(history.validation_losses)


def _measured(experiment, network, seed, kind, rate) -> dict[str, float]:
    return accuracies(_book, kind, *train(_book, experiment, network, seed, kind, rate))


def measure(experiment: str, *, seeds: int, notebook: Path = NOTEBOOK, workers: int = 2) -> Results:
    """
    Run one experiment.

    Parameters
    ----------
    experiment : str
        One of `SEEDS`.
    seeds : int
        How many trainings of each kind.
    notebook : Path
        Where networks, data and recipe are defined.
    workers : int
        Processes.

    Returns
    -------
    Results
        What was measured.

    Raises
    ------
    SystemExit
        If the notebook does not use the best learning rates.
    """
    book = definitions(notebook)
    fresh = networks(book, experiment, 0)
    names = list(fresh)
    with ProcessPoolExecutor(workers, get_context("spawn"), _start, (notebook,)) as pool:
        tuning = {
            name: {
                str(rate): [
                    pool.submit(_loss, experiment, name, seed, kinds(experiment)[0], rate)
                    for seed in range(TUNING_SEEDS[experiment])
                ]
                for rate in RATES[experiment]
            }
            for name in names
        }
        tuning = {
            name: {
                rate: round(sum(one.result() for one in losses) / len(losses), 4)
                for rate, losses in rates.items()
            }
            for name, rates in tuning.items()
        }
        best = {name: float(min(losses, key=losses.get)) for name, losses in tuning.items()}
        if best != book[RATES_OF[experiment]]:
            sys.exit(f"write these learning rates into the notebook: {best}, from {tuning}")
        waiting = {
            (name, seed): [
                pool.submit(_measured, experiment, name, seed, kind, best[name])
                for kind in kinds(experiment)
            ]
            for seed in range(seeds)
            for name in names
        }
        found = {}
        for key, jobs in waiting.items():
            found[key] = {name: value for job in jobs for name, value in job.result().items()}
            print(*key, {name: round(value, 3) for name, value in found[key].items()}, flush=True)
    data = book["people" if experiment == "faces" else "digits"]
    settings = {part: len(labels) for part, (_, labels) in data._asdict().items()}
    settings |= {"learning rates": best, "chosen by": CHOSEN_BY[experiment]}
    shape = tuple(data.train[0].shape[1:])
    return Results(
        provenance=provenance(notebook),
        settings=settings,
        seeds=list(range(seeds)),
        networks={
            name: {"architecture": str(one), "parameters": summarise(one, shape).parameters}
            for name, one in fresh.items()
        },
        tuning=tuning,
        accuracies={
            name: {
                condition: [round(found[name, seed][condition], 6) for seed in range(seeds)]
                for condition in found[name, 0]
            }
            for name in names
        },
    )


def provenance(notebook: Path = NOTEBOOK) -> dict:
    """
    Say when, on what and with which code something is measured.

    Parameters
    ----------
    notebook : Path
        Where the experiments are defined.

    Returns
    -------
    dict
        Names and texts.
    """
    return {
        "date": datetime.date.today().isoformat(),
        "command": "make results",
        "code": f"cells tagged results of {notebook.name}, fingerprint {fingerprint(notebook)}",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "processor": _processor(),
        "device": "cuda" if torch.cuda.is_available() else "cpu",
        "threads": 1,
    }


def _processor() -> str:
    """Return the model of the processor."""
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def main() -> None:
    """Measure, and write a file for each experiment."""
    parser = argparse.ArgumentParser(description="Measure the long experiments of chapter 10.")
    parser.add_argument("--only", choices=SEEDS, help="one experiment (default: all)")
    parser.add_argument("--seeds", type=int, help="trainings of each kind (default: all)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write")
    options = parser.parse_args()
    begin = time.monotonic()
    for experiment in [options.only] if options.only else SEEDS:
        seeds = options.seeds or SEEDS[experiment]
        results = measure(experiment, seeds=seeds, workers=os.cpu_count() or 1)
        options.folder.mkdir(parents=True, exist_ok=True)
        file = options.folder / f"{experiment}.json"
        file.write_text(results.to_json(), encoding="utf-8")
        print(f"{file.name}: {time.monotonic() - begin:.0f} s\n{results.table()}")


if __name__ == "__main__":
    main()
