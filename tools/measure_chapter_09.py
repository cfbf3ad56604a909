"""
Run the long experiments of chapter 9 and store what they measure: part of ``make results``.

What is trained stands in `experiments_of_chapter_09`; what is stored has the form of
`utils.experiments.Results`. First, learning rates are compared by the validation loss. If the
experiments do not use the best, or one lies at an end of what was tried, nothing is stored, and a
message says so. MNIST is read where it is, and never downloaded; without it, one line says what is
left out.

    python -m tools.measure_chapter_09                        all experiments
    python -m tools.measure_chapter_09 --only outside         one
    python -m tools.measure_chapter_09 --mnist folder         MNIST is in folder/MNIST/raw
"""

import argparse
import ast
import hashlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from tools import experiments_of_chapter_09 as chapter
from utils.data import load_images, pen_digits
from utils.experiments import Results

FOLDER = Path(__file__).resolve().parents[1] / "utils" / "experiments"
ROOT = Path(__file__).resolve().parents[1]
TUNING_SEEDS, SEEDS = 2, 5
CODE = {  # of each experiment, what its trainings and its choices begin with
    "other_writers": ("writers_loss", "writers_accuracies"),
    "outside": ("outside_accuracies", "thicker", "thinner"),
}
NAMES = tuple(CODE)
AT_ONCE = 10_000  # pictures of MNIST that are measured at most
Tuning = dict[str, dict[str, float]]


def tune(pool: Executor, losses: Mapping[str, Callable[..., float]], tried: Any) -> Tuning:
    """Return, for each name and each value that is tried, the mean validation loss."""
    jobs = {
        (name, value): [pool.submit(loss, seed, value) for seed in range(TUNING_SEEDS)]
        for name, loss in losses.items()
        for value in tried
    }
    return {
        name: {
            str(value): round(sum(job.result() for job in jobs[name, value]) / TUNING_SEEDS, 4)
            for value in tried
        }
        for name in losses
    }


def require_best(tuning: Tuning, used: Mapping[str, float]) -> None:
    """Stop unless the best of what was tried is used and lies inside (0, no decay, is no end)."""
    for name, losses in tuning.items():
        values = [float(value) for value in losses]
        best = float(min(losses, key=losses.__getitem__))
        if best == values[-1] or (best == values[0] and best != 0):
            sys.exit(f"{name}: the best, {best}, lies at an end of what was tried: {losses}")
        if best != used[name]:
            sys.exit(f"write {best} for {name} into experiments_of_chapter_09.py, from {losses}")


def accuracies(
    pool: Executor, names: Any, run: Callable[..., dict[str, float]], *more: Any, seeds: int
) -> dict[str, dict[str, list[float]]]:
    """Return the accuracies of each name under each condition, one for each seed."""
    jobs = {
        (name, seed): pool.submit(run, name, seed, *more) for seed in range(seeds) for name in names
    }
    found = {key: job.result() for key, job in jobs.items()}
    return {
        name: {
            row: [round(found[name, seed][row], 6) for seed in range(seeds)]
            for row in found[name, 0]
        }
        for name in names
    }


def results(
    name: str, tuning: Tuning, settings: Any, networks: Any, measured: Any, seeds: int
) -> Results:
    """Put a measurement into the form in which it is stored."""
    return Results(provenance(name), settings, list(range(seeds)), networks, tuning, measured)


def described(names: Any, network: torch.nn.Module) -> dict[str, Any]:
    """Say that one network was trained in several ways."""
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return {name: {"architecture": str(network), "parameters": parameters} for name in names}


def other_writers(pool: Executor, seeds: int, _: Any) -> Results:
    """Hold out a random part, or one end of the file."""
    losses = {name: partial(chapter.writers_loss, name) for name in chapter.NETWORKS}
    tuning = tune(pool, losses, chapter.TRIED)
    require_best(tuning, chapter.RATES)
    neighbour = "nearest neighbour"
    names = (*chapter.NETWORKS, neighbour)
    measured = accuracies(pool, names, chapter.writers_accuracies, seeds=seeds)
    networks = {name: described([name], make(0))[name] for name, make in chapter.NETWORKS.items()}
    networks[neighbour] = {"architecture": "the 1,258 training pictures", "parameters": 0}
    settings = {"train": 1258, "validation": 270, "test": 269, "learning rates": chapter.RATES}
    settings |= {**chapter.SETTINGS, "batch_size": 50, "chosen by": "validation loss"}
    return results("other_writers", tuning | {neighbour: {}}, settings, networks, measured, seeds)


def outside(pool: Executor, seeds: int, mnist: Path) -> Results | None:
    """Test on pictures from outside."""
    if not has_mnist(mnist):
        print(
            f"outside: left out, since MNIST is not in {mnist}/ (give its folder: "
            "make results MNIST=folder); what is stored stays"
        )
        return None
    images, labels = load_images("mnist", root=mnist)
    images, labels = images[-AT_ONCE:], labels[-AT_ONCE:]  # of the whole MNIST: its test part
    pictures = {
        "MNIST": (images, labels),
        "MNIST, thicker": (chapter.thicker(images), labels),
        "MNIST, thinner": (chapter.thinner(images), labels),
        "drawn": pen_digits(1000, seed=0),
    }
    ways = (*chapter.VARIED, "normalised", "normalised, all three")
    measured = accuracies(pool, ways, chapter.outside_accuracies, pictures, seeds=seeds)
    settings: dict[str, Any] = {
        "train": 1258,
        "validation": 270,
        "test": 269,
        "MNIST": len(labels),
        "drawn": 1000,
    }
    settings |= {**chapter.SETTINGS, "batch_size": 50, "learning rate": chapter.RATES["CNN"]}
    networks = described(ways, chapter.make_network())
    return results("outside", {way: {} for way in ways}, settings, networks, measured, seeds)


# ---------------------------------------------------------------- where it comes from


def definitions(source: str) -> list[str]:
    """Return what some code defines, without comments, docstrings and types."""
    kinds = ast.Assign | ast.AnnAssign | ast.FunctionDef | ast.ClassDef
    return [_bare(node) for node in ast.parse(source).body if isinstance(node, kinds)]


def _bare(tree: ast.stmt) -> str:
    if isinstance(tree, ast.AnnAssign) and tree.value is not None:
        tree = ast.copy_location(ast.Assign([tree.target], tree.value), tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            del node.body[0]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(tree)


def fingerprint(experiment: str) -> str:
    """Return a hash of all that an experiment uses of the chapter's definitions."""
    code = Path(chapter.__file__).read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for text in definitions(code):
        (node,) = ast.parse(text).body
        named = getattr(node, "name", None) or node.targets[0].id  # type: ignore[attr-defined]
        found[named] = text
    used, waiting = set(), list(CODE[experiment])
    while waiting:
        name = waiting.pop()
        if name in found and name not in used:
            used.add(name)
            nodes = ast.walk(ast.parse(found[name]))
            waiting += [node.id for node in nodes if isinstance(node, ast.Name)]
    text = "\n".join(found[name] for name in sorted(used))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def provenance(experiment: str) -> dict[str, Any]:
    """Say when, on what and with which code something is measured."""
    from tools import measure_results  # slow: it draws the faces of chapter 10

    code = f"tools/{Path(chapter.__file__).name}, fingerprint {fingerprint(experiment)}"
    return measure_results.provenance() | {"code": code, "device": "cpu"}


def has_mnist(root: Path) -> bool:
    """Say whether the four files of MNIST are there."""
    folder = root / "MNIST" / "raw"
    kinds = ("images-idx3-ubyte", "labels-idx1-ubyte")
    return all(
        (folder / f"{part}-{kind}").is_file() for part in ("train", "t10k") for kind in kinds
    )


def main() -> None:
    """Measure, and write a file for each experiment."""
    parser = argparse.ArgumentParser(description="Measure the long experiments of chapter 9.")
    parser.add_argument("--only", choices=NAMES, help="one experiment (default: all)")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"trainings (default: {SEEDS})")
    parser.add_argument("--mnist", type=Path, default=ROOT / "data", help="the folder with MNIST")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    with ProcessPoolExecutor(
        os.cpu_count(), get_context("spawn"), torch.set_num_threads, (1,)
    ) as pool:
        for name in [options.only] if options.only else NAMES:
            measured = globals()[name](pool, options.seeds, options.mnist)
            if measured is not None:
                file = options.folder / f"{name}.json"
                file.write_text(measured.to_json(), encoding="utf-8")
                print(
                    f"{file.name}: {time.monotonic() - begin:.0f} s\n{measured.table()}", flush=True
                )


if __name__ == "__main__":
    main()
