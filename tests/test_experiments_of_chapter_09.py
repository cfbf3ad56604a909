"""What chapter 9 measured: the files, the tool, and what the chapter says about them."""

import re
from pathlib import Path

import pytest
import torch

from tests.notebook_rules import ROOT
from tools import experiments_of_chapter_09 as chapter
from tools import measure_chapter_09 as tool
from tools.notebook_format import read_notebook
from utils.data import digits, pen_digits
from utils.experiments import load_results

NOTEBOOK = ROOT / "book" / "09_training_a_cnn.ipynb"


def cells():
    return read_notebook(NOTEBOOK.read_text(encoding="utf-8")).cells


def printed():
    return "".join(output.get("text", "") for cell in cells() for output in cell.get("outputs", []))


# What is stored fits the notebook -----------------------------------------------------------


def test_what_is_measured_is_what_the_reader_reads():
    measured = tool.definitions(Path(chapter.__file__).read_text(encoding="utf-8"))
    shown = [cell.source for cell in cells() if "results" in cell.metadata.get("tags", [])]
    definitions = tool.definitions("\n".join(shown))
    assert {"make_network", "Vary", "held_out", "most_similar", "with_new_head"} <= {
        re.match(r"(?:def|class) (\w+)", text)[1] for text in definitions
    }
    for text in definitions:
        assert text in measured, f"bring tools/experiments_of_chapter_09.py in line: {text}"


@pytest.mark.parametrize("name", tool.NAMES)
def test_what_is_stored_was_measured_with_this_code(name):
    stored = load_results(name)
    assert tool.fingerprint(name) in stored.provenance["code"], "run `make results`"
    assert set(stored.provenance) >= {"date", "python", "torch", "processor", "threads"}
    assert stored.seeds == list(range(tool.SEEDS))
    text = (ROOT / "utils" / "experiments" / f"{name}.json").read_text(encoding="utf-8")
    assert len(text) < 10_000
    assert stored.to_json() == text


def test_the_table_of_the_writers_comes_from_the_file_and_bears_what_is_said():
    writers = load_results("other_writers")
    assert all(line in printed() for line in writers.table().splitlines())
    random, *ends = writers.conditions
    rows = writers.conditions
    mean = {(name, row): writers.of(name, row).mean() for name in writers.networks for row in rows}
    lead = {row: writers.of("CNN", row) - writers.of("fully connected", row) for row in rows}
    for end in ends:  # everybody is worse on other writers, the lead of the CNN grows
        assert all(mean[name, end] < mean[name, random] for name in writers.networks)
        losses = {name: mean[name, random] - mean[name, end] for name in writers.networks}
        assert min(losses, key=losses.get) == "CNN"
        assert mean["nearest neighbour", end] < mean["CNN", end]
        assert lead[end].mean() > lead[random].mean()
        assert lead[end].min() > 0
    assert abs(mean["nearest neighbour", random] - mean["CNN", random]) < 0.003


def test_the_table_of_outside_comes_from_the_file_and_bears_what_is_said():
    outside = load_results("outside")
    mean = {(way, row): 100 * outside.of(way, row).mean() for way in outside.networks
            for row in outside.conditions}  # fmt: skip
    for way in outside.networks:
        numbers = [f"{mean[way, row]:11.1f}" for row in ("test digits", "MNIST", "drawn")]
        assert " ".join([f"{way:22}", *numbers]) in printed()
    home = [mean[way, "test digits"] for way in outside.networks]
    assert max(home) - min(home) < 2
    assert 50 < mean["plain", "MNIST"] < 58
    assert (
        max(mean["plain", "MNIST, thicker"], mean["plain", "MNIST, thinner"])
        < mean["plain", "MNIST"]
    )
    gain = {way: mean[way, "MNIST"] - mean["plain", "MNIST"] for way in outside.networks}
    single = ("moved", "turned, slanted", "stretched", "normalised")
    assert max(single, key=gain.get) == "moved"
    assert gain["turned, slanted"] > 0.75 * gain["moved"]
    assert gain["normalised"] < 5
    assert gain["all three"] > 2 * max(gain[way] for way in single)
    assert mean["plain", "drawn"] > mean["plain", "MNIST"] + 20


def test_the_learning_rates_are_the_best_of_those_that_were_tried_and_lie_inside():
    tuning = {key: losses for key, losses in load_results("other_writers").tuning.items() if losses}
    assert set(tuning) == set(chapter.RATES)
    assert all([float(rate) for rate in row] == list(chapter.TRIED) for row in tuning.values())
    tool.require_best(tuning, chapter.RATES)


@pytest.mark.parametrize(
    ("tuning", "used", "message"),
    [
        ({"a": {"0.1": 0.5, "0.2": 0.4, "0.3": 0.6}}, {"a": 0.1}, "write 0.2 for a"),
        ({"a": {"0.1": 0.3, "0.2": 0.4}}, {"a": 0.1}, "a: the best, 0.1, lies at an end"),
        ({"a": {"0.1": 0.5, "0.2": 0.4}}, {"a": 0.2}, "a: the best, 0.2, lies at an end"),
    ],
)
def test_a_choice_that_is_not_the_best_or_lies_at_an_end_stops_the_run(tuning, used, message):
    with pytest.raises(SystemExit, match=message):
        tool.require_best(tuning, used)


# MNIST --------------------------------------------------------------------------------------


def test_without_mnist_one_line_says_what_is_left_out(tmp_path, capsys):
    assert tool.outside(None, 1, tmp_path) is None
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("outside: left out, since MNIST is not in")
    assert not list(tmp_path.iterdir())


# The parts ----------------------------------------------------------------------------------


def test_an_end_that_is_held_out_is_nowhere_else():
    images, labels = digits(size=12)
    for end in (slice(chapter.END), slice(-chapter.END, None)):
        data = chapter.held_out(images, labels, end)
        sizes = torch.tensor([len(part.labels) for part in data])
        assert sizes.sum() == len(labels)
        assert (sizes - torch.tensor([1258, 270, 269])).abs().max() <= 1  # each class is rounded
        assert torch.equal(data.test.images, images[end])
        seen = torch.cat([data.train.images, data.validation.images]).flatten(1)
        left = torch.ones(len(labels), dtype=torch.bool)
        left[end] = False
        torch.testing.assert_close(seen.sum(0), images[left].flatten(1).sum(0))


def test_pictures_are_varied_in_training_mode_alone():
    images, _ = pen_digits(8)
    assert chapter.Vary().eval()(images) is images
    varied = chapter.Vary().train()(images)
    assert varied.shape == images.shape
    assert (varied - images).abs().amax((1, 2, 3)).min() > 0.1
    still = chapter.Vary(shift=0, turn=0, stretch=0).train()(images)
    torch.testing.assert_close(still, images, atol=1e-5, rtol=0)
    torch.manual_seed(0)
    dice = 2 * torch.rand(6, 8) - 1
    torch.manual_seed(0)
    moved = chapter.Vary(shift=4, turn=0, stretch=0).train()(images)
    centres = moved.sum(2).mul(torch.arange(28)).sum(2) / moved.sum((2, 3))
    before = images.sum(2).mul(torch.arange(28)).sum(2) / images.sum((2, 3))
    torch.testing.assert_close(before[:, 0] - centres[:, 0], 4 * dice[4], atol=0.3, rtol=0)


def test_normalised_digits_have_one_size_and_their_mass_in_the_middle():
    images, _ = digits()
    done = chapter.normalised(images[:50])
    for picture in done[:, 0]:
        ink = picture > 0.15
        sides = [len(ink.any(dim=axis).nonzero()) for axis in (0, 1)]
        assert 18 <= max(sides) <= 20
        mass = picture.sum()
        for axis in (0, 1):
            middle = (picture.sum(1 - axis) * torch.arange(28)).sum() / mass
            assert abs(middle - 13.5) < 0.6


def test_strokes_become_thicker_and_thinner():
    images, _ = pen_digits(20)
    assert (chapter.thicker(images) >= images).all()
    assert (chapter.thinner(images) <= images).all()
    assert chapter.thinner(images).shape == images.shape


def test_few_pictures_of_each_class_and_a_new_head():
    images, labels = pen_digits(100)
    part = chapter.few((images, labels), 3, seed=1)
    assert part.labels.bincount().tolist() == [3] * 10
    model = chapter.make_network()
    other = chapter.with_new_head(model, 4, 0)
    assert other[-1].out_features == 4
    assert model[-1].out_features == 10
    assert torch.equal(other[0].weight, model[0].weight)
