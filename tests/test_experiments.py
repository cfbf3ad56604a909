"""What was measured: the files, how they are read, what fits the notebook, the pictures."""

import ast
import copy
import dataclasses
import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import to_hex

from tools import measure_results as tool
from tools.notebook_format import read_notebook
from utils.experiments import Results, load_results, plot_accuracies, plot_size_and_work
from utils.experiments import _results as reading
from utils.shapes import summarise
from utils.style import PALETTE

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENTS = ("equal_budget", "faces")
SHAPES = {"equal_budget": (1, 28, 28), "faces": (1, 128, 128)}


@pytest.fixture(scope="module")
def book():
    """Return what the notebook defines for its experiments."""
    return tool.definitions()


def cells():
    return read_notebook(tool.NOTEBOOK.read_text(encoding="utf-8")).cells


# What is stored fits the notebook -----------------------------------------------------------


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_networks_are_those_of_the_notebook(book, name):
    fresh = tool.networks(book, name, seed=0)
    stored = load_results(name)
    assert list(fresh) == list(stored.networks)
    for network, module in fresh.items():
        assert stored.networks[network] == {
            "architecture": str(module),
            "parameters": summarise(module, SHAPES[name]).parameters,
        }


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_code_is_that_of_the_notebook(name):
    assert tool.fingerprint() in load_results(name).provenance["code"], "run `make results`"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_learning_rates_are_the_best_on_validation_pictures(book, name):
    stored = load_results(name)
    for network, losses in stored.tuning.items():
        assert [float(rate) for rate in losses] == list(tool.RATES[name])
        assert float(min(losses, key=losses.get)) == book[tool.RATES_OF[name]][network]
    assert stored.settings["learning rates"] == book[tool.RATES_OF[name]]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_settings_are_those_of_the_notebook(book, name):
    data = book["digits" if name == "equal_budget" else "people"]
    settings = load_results(name).settings
    assert [settings[part] for part in data._fields] == [len(labels) for _, labels in data]


def test_every_condition_and_every_seed_is_there():
    digits = load_results("equal_budget")
    shifts = [f"shift {pixels}" for pixels in (1, 2, 3, 4)]
    assert digits.conditions == ["normal", *shifts, "shuffled", "100 pictures"]
    assert load_results("faces").conditions == ["new faces", "seen, last epoch"]
    for name in EXPERIMENTS:
        stored = load_results(name)
        assert stored.seeds == list(range(tool.SEEDS[name]))
        assert len(stored.seeds) >= 5
        assert set(stored.provenance) >= {"date", "python", "processor", "threads", "command"}
        assert set(stored.provenance) >= set(tool.PACKAGES)


def test_accuracies_are_counts_of_test_pictures():
    digits = load_results("equal_budget")
    for network in digits.accuracies:
        for condition in digits.conditions:
            total = digits.settings["test"] * (4 if condition.startswith("shift ") else 1)
            counts = digits.of(network, condition) * total
            torch.testing.assert_close(counts, counts.round(), atol=0.01, rtol=0)


def test_budgets_are_equal_to_two_per_cent():
    numbers = [one["parameters"] for one in load_results("equal_budget").networks.values()]
    assert max(numbers) / min(numbers) < 1.02


def test_the_files_are_small():
    for name in EXPERIMENTS:
        assert (tool.FOLDER / f"{name}.json").stat().st_size < 10_000


def test_the_package_brings_the_files_along():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (line,) = re.findall(r'^"?utils\.experiments"? = (.*)$', text, re.MULTILINE)
    assert "*.json" in ast.literal_eval(line)


def test_tables_in_the_notebook_come_from_the_file():
    printed = "".join(
        output.get("text", "") for cell in cells() for output in cell.get("outputs", [])
    )
    assert load_results("equal_budget").table() in printed
    assert load_results("faces").table() in printed
    prose = "\n".join(cell.source for cell in cells() if cell.cell_type == "markdown")
    assert "±" not in re.sub(r"after ±", "", prose), "a mean with its spread is printed, not typed"


# The claims of the chapter, on what is stored -----------------------------------------------


def mean(name, network, condition):
    return load_results(name).of(network, condition).mean().item()


def test_the_claims_of_the_chapter():
    fully, flatten, pooled = load_results("equal_budget").networks
    for cnn in (flatten, pooled):
        gap = load_results("equal_budget").of(cnn, "normal").mean() - mean(
            "equal_budget", fully, "normal"
        )
        assert gap > load_results("equal_budget").of(fully, "normal").std()
        assert mean("equal_budget", cnn, "shuffled") < mean("equal_budget", cnn, "normal")
    for row in ("shift 1", "shift 2", "shift 3", "shift 4"):
        values = [mean("equal_budget", network, row) for network in (fully, flatten, pooled)]
        assert values == sorted(values)
    assert mean("equal_budget", flatten, "shift 4") < 0.5
    assert mean("equal_budget", pooled, "shift 4") > 0.9
    given, flat, mended = load_results("faces").networks
    assert max(mean("faces", name, "new faces") for name in (given, flat)) < 0.6
    assert mean("faces", mended, "new faces") > 0.9


# Reading ------------------------------------------------------------------------------------


def example():
    return Results(
        provenance={"date": "2026-01-01"},
        settings={"test": 4},
        seeds=[0, 1],
        networks={"a": {"architecture": "A()", "parameters": 3}},
        tuning={"a": {"0.1": 0.5}},
        accuracies={"a": {"normal": [0.25, 0.75], "moved": [0.5, 0.5]}},
    )


def test_what_is_written_is_read_again(tmp_path):
    file = tmp_path / "example.json"
    file.write_text(example().to_json(), encoding="utf-8")
    assert reading.read_results(file) == example()


def test_means_and_spreads():
    results = example()
    assert results.of("a", "normal").tolist() == [0.25, 0.75]
    assert results.conditions == ["normal", "moved"]
    assert results.table().splitlines() == [
        "per cent right              a",
        "normal            50.0 ± 35.4",
        "moved              50.0 ± 0.0",
    ]
    assert results.agrees("a", "normal", 0.23)
    assert not results.agrees("a", "normal", 0.21)
    assert not results.agrees("a", "moved", 0.75, tolerance=0.2)


@pytest.mark.parametrize(("network", "condition"), [("b", "normal"), ("a", "shifted"), (3, 3)])
def test_what_was_not_measured_is_refused(network, condition):
    with pytest.raises((TypeError, ValueError), match=r"network|condition"):
        example().of(network, condition)


def broken_files():
    """Return (what is wrong, text of the file)."""
    good = dataclasses.asdict(example())
    cases = {"not JSON": "{", "a list": "[]", "empty": "", "no seeds": good | {"seeds": [0]}}
    cases["another entry"] = good | {"more": 1}
    cases["an entry missing"] = {key: value for key, value in good.items() if key != "tuning"}
    cases["no networks"] = good | {"networks": {}, "accuracies": {}, "tuning": {}}
    cases["other networks"] = good | {"networks": {"b": {}}}
    for what, value in {"a word": "x", "too large": 2.0, "not a number": None}.items():
        wrong = copy.deepcopy(good)
        wrong["accuracies"]["a"]["moved"][1] = value
        cases[what] = wrong
    two = copy.deepcopy(good)
    for part in ("networks", "tuning", "accuracies"):
        two[part]["b"] = copy.deepcopy(two[part]["a"])
    del two["accuracies"]["b"]["moved"]
    cases["a condition missing"] = two
    no_row = copy.deepcopy(good)
    no_row["accuracies"]["a"] = {}
    cases["no conditions"] = no_row
    return [
        pytest.param(text if isinstance(text, str) else json.dumps(text), id=what)
        for what, text in cases.items()
    ]


@pytest.mark.parametrize("text", broken_files())
def test_a_broken_file_is_one_clear_error(tmp_path, text):
    file = tmp_path / "example.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"results must be in example.json, got .*make results"):
        reading.read_results(file)


def test_a_missing_file_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_FOLDER", tmp_path)
    with pytest.raises(
        ValueError, match=r"equal_budget.json, got no such file: run `make results`"
    ):
        load_results("equal_budget")


# Measuring ----------------------------------------------------------------------------------

SMALL_BOOK = """
import torch
from torch import nn
from utils.data import Split
from utils.training import fit
generator = torch.Generator().manual_seed(0)
images = torch.rand(400, 1, 4, 4, generator=generator)
labels = (images[:, 0, 0, 0] > 0.5).long()
digits = Split(*((images[i : i + 100], labels[i : i + 100]) for i in (0, 100, 200)))
digits = Split((images[:200], labels[:200]), *digits[1:])
rates = {"linear": RATE}
few_settings = {"epochs": 2}
from utils.data import LabelledImages
digits = Split(*(LabelledImages(*part) for part in digits))
def rivals(seed):
    torch.manual_seed(seed)
    return {"linear": nn.Sequential(nn.Flatten(), nn.Linear(16, 2))}
def train_one(model, data, seed, rate, epochs=2):
    return fit(model, data.train, data.validation, epochs=epochs, learning_rate=rate, seed=seed)
def accuracy_moved(model, pixels):
    return 0.5
def shuffled(data):
    return data
def few(data, number, seed):
    return data._replace(train=LabelledImages(data.train.images[:50], data.train.labels[:50]))
"""


def small_notebook(folder, rate=0.1, comment=""):
    """Write a notebook that defines an experiment of a second."""
    source = SMALL_BOOK.replace("RATE", str(rate)) + comment
    base = {"metadata": {}, "outputs": [], "execution_count": None, "cell_type": "code"}
    cells = [
        base | {"id": "a", "source": "import torch\n", "metadata": {"tags": ["imports"]}},
        base | {"id": "b", "source": source, "metadata": {"tags": ["results"]}},
        base | {"id": "c", "source": "raise SystemExit", "metadata": {}},
    ]
    file = folder / "10_small.ipynb"
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def test_measuring_twice_gives_the_same(tmp_path):
    notebook = small_notebook(tmp_path)
    first, second = (
        tool.measure("equal_budget", seeds=2, notebook=notebook, workers=2) for _ in range(2)
    )
    assert first == second
    assert first.networks["linear"]["parameters"] == 34
    assert first.settings["train"] == 200
    assert first.accuracies["linear"]["shift 1"] == [0.5, 0.5]
    assert reading._problem_with(first) == ""


def test_a_rate_that_is_not_the_best_stops_the_run(tmp_path):
    notebook = small_notebook(tmp_path, rate=0.001)
    with pytest.raises(SystemExit, match=r"write these learning rates .*'linear': 0.1"):
        tool.measure("equal_budget", seeds=1, notebook=notebook, workers=1)


def test_the_fingerprint_follows_the_code_and_not_the_comments(tmp_path):
    plain = tool.fingerprint(small_notebook(tmp_path))
    assert tool.fingerprint(small_notebook(tmp_path, comment="# said otherwise\n")) == plain
    assert tool.fingerprint(small_notebook(tmp_path, rate=0.02)) != plain


def test_the_tool_explains_itself():
    command = [sys.executable, "-m", "tools.measure_results", "--help"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0
    assert "--only" in result.stdout


# Pictures -----------------------------------------------------------------------------------


def test_lines_stand_at_the_means():
    results = load_results("equal_budget")
    figure = plot_accuracies(results, {0: "normal", 2: "shift 2"}, xlabel="pixels")
    (ax,) = figure.axes
    assert ax.get_xlabel() == "pixels"
    for container, network in zip(ax.containers, results.accuracies, strict=True):
        line, caps, _ = container.lines
        expected = [100 * mean("equal_budget", network, row) for row in ("normal", "shift 2")]
        assert line.get_ydata() == pytest.approx(expected)
        spread = 100 * results.of(network, "shift 2").std().item()
        ends = sorted(cap.get_ydata()[1] for cap in caps)
        assert ends == pytest.approx([expected[1] - spread, expected[1] + spread])
    looks = {
        (container.lines[0].get_linestyle(), container.lines[0].get_marker())
        for container in ax.containers
    }
    assert len(looks) == 3  # never colour alone


def test_labels_do_not_touch():
    figure = plot_accuracies(load_results("equal_budget"), {"normal": "normal"})
    figure.canvas.draw()
    boxes = sorted((text.get_window_extent() for text in figure.axes[0].texts), key=lambda b: b.y0)
    assert len(boxes) == 3
    assert all(lower.y1 <= upper.y0 for lower, upper in pairwise(boxes))
    assert max(box.x1 for box in boxes) <= figure.bbox.x1


def test_areas_are_the_numbers():
    small, large = (torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(n, 1)) for n in (8, 99))
    figure = plot_size_and_work({"small": (small, (8,)), "large": (large, (99,))})
    squares = figure.axes[0].patches
    areas = [square.get_width() * square.get_height() for square in squares]
    assert areas[0] / areas[1] == pytest.approx(9 / 100)
    assert areas[2] / areas[3] == pytest.approx(8 / 99)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert {"9", "100", "8", "99", "small", "large"} <= set(texts)
    assert to_hex(squares[0].get_edgecolor()) not in PALETTE.values()
    plt.close(figure)
