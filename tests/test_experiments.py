"""What was measured: the files, how they are read, and what fits the notebook."""

import dataclasses
import importlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tests.notebook_rules import ROOT
from tools.notebook_format import read_notebook
from utils.data import LabelledImages, Split
from utils.experiments import Results, load_results
from utils.experiments import _results as reading

EXPERIMENTS = ("equal_budget", "faces")
NOTEBOOK = ROOT / "book" / "10_cnn_versus_fully_connected.ipynb"


@pytest.fixture(scope="module")
def tool():
    """Return the tool that measures; importing it loads the data of the chapter."""
    return importlib.import_module("tools.measure_results")


def cells():
    return read_notebook(NOTEBOOK.read_text(encoding="utf-8")).cells


# What is stored fits the notebook -----------------------------------------------------------


def test_what_is_measured_is_what_the_reader_reads(tool):
    shown = [cell.source for cell in cells() if "results" in cell.metadata.get("tags", [])]
    module = Path(tool.chapter.__file__)
    measured = tool.definitions(module.read_text(encoding="utf-8"))
    assert tool.definitions("\n".join(shown)) == measured, f"bring {module.name} in line"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_is_stored_was_measured_with_this_code(tool, name):
    experiment, stored = tool.EXPERIMENTS[name], load_results(name)
    assert tool.fingerprint() in stored.provenance["code"], "run `make results`"
    data = experiment.data()
    described = {key: tool.described(net, data) for key, net in experiment.networks(0).items()}
    assert list(stored.networks.items()) == list(described.items())
    assert [stored.settings[part] for part in data._fields] == [len(part[1]) for part in data]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_learning_rates_are_the_best_of_those_that_were_tried(tool, name):
    experiment, stored = tool.EXPERIMENTS[name], load_results(name)
    for network, losses in stored.tuning.items():
        assert [float(rate) for rate in losses] == list(experiment.tried)
        assert float(min(losses, key=losses.get)) == experiment.rates[network]
    assert stored.settings["learning rates"] == experiment.rates


def test_every_condition_and_every_seed_is_there(tool):
    digits = load_results("equal_budget")
    shifts = [f"shift {pixels}" for pixels in (1, 2, 3, 4)]
    assert digits.conditions == ["normal", *shifts, "shuffled", "100 pictures"]
    assert load_results("faces").conditions == ["new faces", "seen, last epoch"]
    for name in EXPERIMENTS:
        stored = load_results(name)
        assert stored.seeds == list(range(tool.EXPERIMENTS[name].seeds))
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


def test_the_files_are_small_and_have_the_form_in_which_they_are_written():
    for name in EXPERIMENTS:
        text = (ROOT / "utils" / "experiments" / f"{name}.json").read_text(encoding="utf-8")
        assert len(text) < 10_000
        assert load_results(name).to_json() == text


def test_tables_in_the_notebook_come_from_the_file():
    printed = "".join(
        output.get("text", "") for cell in cells() for output in cell.get("outputs", [])
    )
    assert load_results("equal_budget").table() in printed
    assert load_results("faces").table() in printed
    prose = "\n".join(cell.source for cell in cells() if cell.cell_type == "markdown")
    assert "±" not in re.sub(r"after ±", "", prose), "a mean with its spread is printed, not typed"


# The claims of the chapter, on what is stored -----------------------------------------------


def test_the_claims_of_the_chapter():
    digits, on_faces = load_results("equal_budget"), load_results("faces")
    mean = {
        (network, row): results.of(network, row).mean().item()
        for results in (digits, on_faces)
        for network in results.networks
        for row in results.conditions
    }
    fully, flatten, pooled = digits.networks
    sizes = [network["parameters"] for network in digits.networks.values()]
    assert max(sizes) / min(sizes) < 1.02
    for cnn in (flatten, pooled):
        gap = mean[cnn, "normal"] - mean[fully, "normal"]
        assert gap > digits.of(fully, "normal").std()
        assert mean[cnn, "shuffled"] < mean[cnn, "normal"]
    for row in ("shift 1", "shift 2", "shift 3", "shift 4"):
        assert mean[fully, row] <= mean[flatten, row] <= mean[pooled, row]
    assert mean[flatten, "shift 4"] < 0.5
    assert mean[pooled, "shift 4"] > 0.9
    given, flat, mended = on_faces.networks
    assert max(mean[given, "new faces"], mean[flat, "new faces"]) < 0.6
    assert mean[mended, "new faces"] > 0.9


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
    assert all(results.agrees("a", "normal", edge, tolerance=0) for edge in (0.25, 0.75))
    for wrong in ({"accuracy": -1}, {"tolerance": -1}, {"accuracy": "half"}):
        with pytest.raises((TypeError, ValueError), match=next(iter(wrong))):
            results.agrees(**{"network": "a", "condition": "normal", "accuracy": 0.5} | wrong)


@pytest.mark.parametrize(("network", "condition"), [("b", "normal"), ("a", "shifted"), (3, 3)])
def test_what_was_not_measured_is_refused(network, condition):
    with pytest.raises((TypeError, ValueError), match=r"network|condition"):
        example().of(network, condition)


def changed(**parts):
    return dataclasses.asdict(example()) | parts


A, B = {"normal": [0.25, 0.75], "moved": [0.5, 0.5]}, {"normal": [0.25, 0.75]}
TWO = {"a": {}, "b": {}}
BROKEN = {
    "not JSON": ("{", "Expecting property name"),
    "a list": ([], "other entries"),
    "another entry": (changed(more=1), "other entries"),
    "an entry missing": ({"accuracies": {"a": A}}, "other entries"),
    "no networks": (
        changed(networks={}, tuning={}, accuracies={}),
        "no networks or no accuracies",
    ),
    "other networks": (changed(networks={"b": {}}), "not the same networks in every part"),
    "no conditions": (changed(accuracies={"a": {}}), "a network without conditions"),
    "a condition missing": (
        changed(networks=TWO, tuning=TWO, accuracies={"a": A, "b": B}),
        "other conditions for 'b'",
    ),
    "too few seeds": (changed(seeds=[0]), "not one accuracy for each seed at 'a', 'normal'"),
    **{
        f"an accuracy of {value}": (
            changed(accuracies={"a": {"normal": [0.25, value]}}),
            "an accuracy that is not from 0 to 1 at 'a', 'normal'",
        )
        for value in ("x", 1.1, -0.1, None)
    },
}


@pytest.mark.parametrize(("content", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_one_clear_error(tmp_path, content, problem):
    file = tmp_path / "example.json"
    file.write_text(content if content == "{" else json.dumps(content), encoding="utf-8")
    expected = f"results must be in example.json, got {problem}.*: run `make results`"
    with pytest.raises(ValueError, match=expected):
        reading.read_results(file)


def test_a_missing_file_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_FOLDER", tmp_path)
    with pytest.raises(
        ValueError, match=r"equal_budget.json, got no such file: run `make results`"
    ):
        load_results("equal_budget")


# Measuring ----------------------------------------------------------------------------------


def small_data():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(400, 1, 4, 4, generator=generator)
    labels = (images[:, 0, 0, 0] > 0.5).long()
    parts = slice(0, 200), slice(200, 300), slice(300, 400)
    return Split(*(LabelledImages(images[part], labels[part]) for part in parts))


def small_networks(seed):
    torch.manual_seed(seed)
    return {"linear": nn.Sequential(nn.Flatten(), nn.Linear(16, 2))}


def measured(tool, *, rate=0.1, seeds=2):
    """Run an experiment of a second."""

    def train(model, seed, rate):
        return {"normal": tool.trained(model, small_data(), seed, rate)[0], "other": 0.5}

    experiment = tool.Experiment(
        networks=small_networks,
        data=small_data,
        trainings=(train,),
        rates={"linear": rate},
        tried=(0.001, 0.1),
        chosen_by="validation loss",
        tuning_seeds=2,
        seeds=2,
    )
    with ThreadPoolExecutor(1) as pool:
        return tool.measure(experiment, pool, seeds=seeds)


def test_measuring_twice_gives_the_same(tool):
    first = measured(tool)
    assert first == measured(tool)
    assert first.networks["linear"]["parameters"] == 34
    assert first.settings["train"] == 200
    assert first.seeds == [0, 1]
    assert min(first.accuracies["linear"]["normal"]) > 0.8
    assert first.accuracies["linear"]["other"] == [0.5, 0.5]
    assert reading._problem_with(first) == ""


def test_a_rate_that_is_not_the_best_stops_the_run(tool):
    with pytest.raises(SystemExit, match=r"write these learning rates .*'linear': 0.1"):
        measured(tool, rate=0.001)


def test_each_kind_of_training_measures_its_conditions(tool, monkeypatch):
    def train_one(model, data, seed, rate, epochs=8):
        trained.append((len(data.train[1]), epochs, data.test[0].sum().item()))
        return SimpleNamespace(train_accuracies=[0.5])

    trained = []
    monkeypatch.setattr(tool.chapter, "train_one", train_one)
    for name in EXPERIMENTS:
        experiment = tool.EXPERIMENTS[name]
        *_, last = experiment.rates
        found = experiment.accuracies(last, 0, 0.1)
        assert list(found) == load_results(name).conditions
    assert [(pictures, epochs) for pictures, epochs, _ in trained] == [
        (1258, 8),  # as they are
        (1258, 8),  # shuffled
        (100, 100),
        (1000, 30),  # faces
    ]
    assert trained[0][2] == pytest.approx(trained[1][2])  # shuffled: the same pixels


def test_a_definition_is_its_code_without_words_about_it(tool):
    code = 'import os\nx = 1  # one\ndef f(a: int) -> int:\n    """Return a."""\n    return a'
    assert tool.definitions(code) == tool.definitions("x = (1)\ndef f(a):\n    return a")
    assert tool.definitions(code) != tool.definitions("x = 1\ndef f(a):\n    return -a")
