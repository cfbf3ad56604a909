"""
Run the long experiments of chapter 10 and store what they measure: ``make results``.

The networks, the data and the recipe are those of `experiments_of_chapter_10`, which the notebook
shows. First, learning rates are compared: by the validation loss, and where some networks learn
nothing that helps with new pictures, by the training loss. If the chapter does not use the best,
nothing is stored, and a message names the rates to write there. Then come the trainings, one for
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
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tools import experiments_of_chapter_10 as chapter
from utils.data import Split
from utils.experiments import Results
from utils.shapes import summarise
from utils.training import History, evaluate

FOLDER = Path(__file__).resolve().parents[1] / "utils" / "experiments"
SHIFTS = (1, 2, 3, 4)  # pixels
FEW = 100  # training pictures
PACKAGES = ("torch", "torchvision", "scikit-learn", "numpy", "pillow")


@dataclass(frozen=True)
class Experiment:
    """One comparison: every network is trained with every seed, in every kind of training."""

    networks: Callable[[int], Mapping[str, nn.Module]]  # fresh ones, from a seed
    data: Callable[[], Split]
    trainings: tuple[Callable[[nn.Module, int, float], dict[str, float]], ...]
    rates: dict[str, float]  # that the chapter uses
    tried: tuple[float, ...]  # rates to choose from
    chosen_by: str
    tuning_seeds: int
    seeds: int
    settings: dict[str, Any] = field(default_factory=dict)  # of `train_one`

    def loss(self, name: str, seed: int, rate: float) -> float:
        """Train one network, and return the loss that judges its learning rate."""
        history = chapter.train_one(
            self.networks(seed)[name], self.data(), seed, rate, **self.settings
        )
        if self.chosen_by == "training loss":
            return history.train_losses[-1]
        return min(history.validation_losses)

    def accuracies(self, name: str, seed: int, rate: float) -> dict[str, float]:
        """Train one network in every way, and return the accuracy under each condition."""
        found: dict[str, float] = {}
        for training in self.trainings:
            found |= training(self.networks(seed)[name], seed, rate)
        return found


def digits() -> Split:
    """Return the digits of the chapter."""
    return chapter.digits


def people() -> Split:
    """Return the faces of the chapter."""
    return chapter.people


def trained(model: nn.Module, data: Split, *how: Any, **settings: Any) -> tuple[float, History]:
    """Train a network as the chapter does; return its test accuracy and the history."""
    history = chapter.train_one(model, data, *how, **settings)
    return evaluate(model, *data.test).accuracy, history


def on_digits(model: nn.Module, seed: int, rate: float) -> dict[str, float]:
    """Train on the digits, and measure where they stand and moved."""
    accuracy, _ = trained(model, chapter.digits, seed, rate)
    moved = {f"shift {pixels}": chapter.accuracy_moved(model, pixels) for pixels in SHIFTS}
    return {"normal": accuracy, **moved}


def on_shuffled(model: nn.Module, seed: int, rate: float) -> dict[str, float]:
    """Train and measure on digits with shuffled pixels."""
    return {"shuffled": trained(model, chapter.shuffled(chapter.digits), seed, rate)[0]}


def on_few(model: nn.Module, seed: int, rate: float) -> dict[str, float]:
    """Train on few digits."""
    data = chapter.few(chapter.digits, FEW, seed)
    return {f"{FEW} pictures": trained(model, data, seed, rate, **chapter.few_settings)[0]}


def on_faces(model: nn.Module, seed: int, rate: float) -> dict[str, float]:
    """Train on faces, and measure on new ones."""
    accuracy, history = trained(model, chapter.people, seed, rate, **chapter.face_settings)
    return {"new faces": accuracy, "seen, last epoch": history.train_accuracies[-1]}


EXPERIMENTS = {
    "equal_budget": Experiment(
        networks=chapter.rivals,
        data=digits,
        trainings=(on_digits, on_shuffled, on_few),
        rates=chapter.rates,
        tried=(0.003, 0.01, 0.03, 0.1),
        chosen_by="validation loss",
        tuning_seeds=2,
        seeds=10,
    ),
    "faces": Experiment(
        networks=chapter.face_networks,
        data=people,
        trainings=(on_faces,),
        rates=chapter.face_rates,
        tried=(0.0003, 0.001, 0.003),
        chosen_by="training loss",
        tuning_seeds=1,
        seeds=5,
        settings=chapter.face_settings,
    ),
}


def measure(experiment: Experiment, pool: Executor, *, seeds: int) -> Results:
    """
    Run one experiment with some seeds, on the processes of a pool.

    Stops the program if the chapter does not use the best learning rates.
    """
    fresh = experiment.networks(0)
    tuning = tune(experiment, pool)
    best = {name: float(min(losses, key=losses.__getitem__)) for name, losses in tuning.items()}
    if best != experiment.rates:
        sys.exit(f"write these learning rates into the notebook: {best}, from {tuning}")
    jobs = {
        (name, seed): pool.submit(experiment.accuracies, name, seed, best[name])
        for seed in range(seeds)
        for name in fresh
    }
    for key, job in jobs.items():
        print(*key, {name: round(value, 3) for name, value in job.result().items()}, flush=True)
    data = experiment.data()
    sizes = {part: len(labels) for part, (_, labels) in data._asdict().items()}
    return Results(
        provenance=provenance(),
        settings=sizes | {"learning rates": best, "chosen by": experiment.chosen_by},
        seeds=list(range(seeds)),
        networks={name: described(network, data) for name, network in fresh.items()},
        tuning=tuning,
        accuracies={
            name: {
                condition: [round(jobs[name, seed].result()[condition], 6) for seed in range(seeds)]
                for condition in jobs[name, 0].result()
            }
            for name in fresh
        },
    )


def tune(experiment: Experiment, pool: Executor) -> dict[str, dict[str, float]]:
    """Return, for each network and each learning rate that is tried, the mean loss."""
    jobs = {
        (name, rate): [
            pool.submit(experiment.loss, name, seed, rate)
            for seed in range(experiment.tuning_seeds)
        ]
        for name in experiment.rates
        for rate in experiment.tried
    }
    losses = {key: [job.result() for job in waiting] for key, waiting in jobs.items()}
    return {
        name: {
            str(rate): round(sum(losses[name, rate]) / experiment.tuning_seeds, 4)
            for rate in experiment.tried
        }
        for name in experiment.rates
    }


def described(network: nn.Module, data: Split) -> dict[str, Any]:
    """Return what is stored about a network."""
    shape = tuple(data.train[0].shape[1:])
    return {"architecture": str(network), "parameters": summarise(network, shape).parameters}


# ---------------------------------------------------------------- where it comes from


class _Bare(ast.NodeTransformer):
    """Takes docstrings and types out of functions."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if ast.get_docstring(node):
            del node.body[0]
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
        return node


def definitions(source: str) -> list[str]:
    """Return what some code assigns and defines: without imports, comments, docstrings, types."""
    body = [
        node for node in ast.parse(source).body if isinstance(node, ast.Assign | ast.FunctionDef)
    ]
    return [ast.unparse(_Bare().visit(node)) for node in body]


def fingerprint() -> str:
    """Return a hash of the definitions of the chapter's experiments."""
    code = "\n".join(definitions(Path(chapter.__file__).read_text(encoding="utf-8")))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def provenance() -> dict[str, Any]:
    """Say when, on what and with which code something is measured."""
    return {
        "date": datetime.date.today().isoformat(),
        "command": "make results",
        "code": f"tools/{Path(chapter.__file__).name}, fingerprint {fingerprint()}",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "processor": _processor(),
        "device": chapter.device,
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
    parser.add_argument("--only", choices=EXPERIMENTS, help="one experiment (default: all)")
    parser.add_argument("--seeds", type=int, help="trainings of each kind (default: all)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    with ProcessPoolExecutor(
        os.cpu_count(), get_context("spawn"), torch.set_num_threads, (1,)
    ) as pool:
        for name in [options.only] if options.only else EXPERIMENTS:
            experiment = EXPERIMENTS[name]
            results = measure(experiment, pool, seeds=options.seeds or experiment.seeds)
            file = options.folder / f"{name}.json"
            file.write_text(results.to_json(), encoding="utf-8")
            print(f"{file.name}: {time.monotonic() - begin:.0f} s\n{results.table()}")


if __name__ == "__main__":
    main()
