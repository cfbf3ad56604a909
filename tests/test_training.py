"""Training: exact numbers, nothing changed but the weights, and nothing shown in stored outputs."""

import copy
import io
import math
import os
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
import torch.nn.functional as F
from nbformat.v4 import new_code_cell, new_notebook
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tools.execute_notebooks import execute
from utils.training import accuracy_interval, confusion_matrix, evaluate, fit, predict, scores

ROOT = Path(__file__).resolve().parents[1]


def patterns(n, *, seed):
    """Return noisy pictures (N, 1, 6, 6) of three classes: a row, a column, a diagonal."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (n,), generator=generator)
    shapes = torch.zeros(3, 1, 6, 6)
    shapes[0, 0, 2], shapes[1, 0, :, 3], shapes[2, 0] = 1, 1, torch.eye(6)
    return shapes[labels] + 0.4 * torch.randn(n, 1, 6, 6, generator=generator), labels


TRAIN, VALIDATION = patterns(101, seed=1), patterns(60, seed=2)


def network(*, seed=0):
    """Return a small network with every kind of layer that has a mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten()),
            *(nn.Dropout(0.2), nn.Linear(64, 3)),
        )


def state(model):
    """Return a copy of weights and buffers."""
    return copy.deepcopy(model.state_dict())


def same(first, second):
    """Return whether two states are equal, bit by bit."""
    return all(torch.equal(first[name], second[name]) for name in first)


class StopIn(nn.Module):
    """At one step, behave as a person who presses Ctrl-C, or as a loss that explodes."""

    def __init__(self, model, step, event):
        super().__init__()
        self.model, self.steps, self.at, self.event = model, 0, step, event

    def forward(self, images):
        self.steps += self.training
        output = self.model(images)
        if self.training and self.steps == self.at:
            if self.event == "interrupt":
                raise KeyboardInterrupt
            return output * math.nan
        return output


# Training ---------------------------------------------------------------------------------------


def test_it_learns_and_the_history_says_so():
    model = network()
    history = fit(model, TRAIN, VALIDATION, epochs=6, batch_size=16, learning_rate=1e-2)
    lists = [values for values in vars(history).values() if isinstance(values, list)]
    assert [len(values) for values in lists] == [6] * 4
    assert history.train_losses[-1] < 0.5 * history.train_losses[0]
    assert max(history.validation_accuracies) > 0.9
    assert not history.interrupted


def test_the_numbers_are_those_of_the_plain_loop():
    plain = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    ours = copy.deepcopy(plain)
    history = fit(ours, TRAIN, VALIDATION, epochs=1, batch_size=26, seed=3)

    optimiser = torch.optim.Adam(plain.parameters(), lr=1e-3)
    order = torch.randperm(101, generator=torch.Generator().manual_seed(3))
    losses = []
    for batch in order.split([26, 25, 25, 25]):
        loss = F.cross_entropy(plain(TRAIN[0][batch]), TRAIN[1][batch], reduction="sum")
        losses.append(loss.item())
        optimiser.zero_grad()
        (loss / len(batch)).backward()
        optimiser.step()
    assert history.train_losses == pytest.approx([sum(losses) / 101])
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)
    evaluation = evaluate(plain, *VALIDATION)
    assert history.validation_losses == pytest.approx([evaluation.loss])
    assert history.validation_accuracies == [evaluation.accuracy]


def test_the_best_weights_are_kept():
    model = network()
    history = fit(model, TRAIN, VALIDATION, epochs=8, batch_size=10, learning_rate=0.1)
    assert history.best_epoch == 1 + history.validation_losses.index(min(history.validation_losses))
    assert history.best_epoch < 8  # or this test shows nothing
    assert evaluate(model, *VALIDATION).loss == pytest.approx(min(history.validation_losses))


def test_the_same_seed_gives_the_same_weights():
    models, histories = [network() for _ in range(3)], []
    for model, seed in zip(models, (5, 5, 6), strict=True):
        torch.rand(1)  # the global generator moves on, and nobody minds
        histories.append(fit(model, TRAIN, VALIDATION, epochs=2, seed=seed))
    assert histories[0] == histories[1] != histories[2]
    assert same(state(models[0]), state(models[1]))
    assert not same(state(models[0]), state(models[2]))


def test_only_the_weights_change():
    model = network()
    model[1].eval()
    gradient = torch.ones_like(model[0].weight)
    model[0].weight.grad = gradient
    model[5].bias.requires_grad_(False)
    frozen = model[5].bias.clone()
    mode = [part.training for part in model.modules()]
    generator = torch.get_rng_state()
    data = [tensor.clone() for tensor in (*TRAIN, *VALIDATION)]

    fit(model, TRAIN, VALIDATION, epochs=1)

    assert [part.training for part in model.modules()] == mode
    assert model[0].weight.grad is gradient
    assert torch.equal(gradient, torch.ones_like(gradient))
    assert model[5].weight.grad is None
    assert torch.equal(model[5].bias, frozen)
    assert torch.equal(torch.get_rng_state(), generator)
    assert all(torch.equal(*pair) for pair in zip(data, (*TRAIN, *VALIDATION), strict=True))
    assert not any(part._forward_hooks for part in model.modules())


def test_any_optimiser_and_any_kind_of_number():
    images, labels = TRAIN
    model = network().double()
    history = fit(
        model,
        ((images * 50).int(), labels.tolist()),
        ((VALIDATION[0] * 50).numpy(), VALIDATION[1].to(torch.uint8)),
        epochs=1,
        optimiser=lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
    )
    assert math.isfinite(history.train_losses[0])
    assert model[0].weight.dtype == torch.float64


def test_one_cycle_rises_and_falls():
    rates = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    options = {"epochs": 5, "batch_size": 21, "learning_rate": 0.1, "optimiser": Watched}
    fit(network(), TRAIN, VALIDATION, one_cycle=True, **options)  # 25 steps: 5 up, 20 down
    assert rates[:5] == pytest.approx([0.01, 0.03, 0.05, 0.07, 0.09])
    assert rates[5] == pytest.approx(0.1 * 19.5 / 20)
    assert rates[-1] == pytest.approx(0.1 * 0.5 / 20)
    rates.clear()
    fit(network(), TRAIN, VALIDATION, **options)
    assert rates == [0.1] * 25


def test_the_average_of_the_weights_is_the_one_of_torch():
    kept = 0.8
    ours, plain = network(), network()
    history = fit(ours, TRAIN, VALIDATION, epochs=1, batch_size=21, average=kept)

    average = AveragedModel(plain, multi_avg_fn=get_ema_multi_avg_fn(kept))
    average.update_parameters(plain)  # it starts from the first weights
    optimiser = torch.optim.Adam(plain.parameters(), lr=1e-3)
    order = torch.randperm(101, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for batch in order.tensor_split(5):
            loss = F.cross_entropy(plain(TRAIN[0][batch]), TRAIN[1][batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            average.update_parameters(plain)
    for name, value in average.module.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)
    assert history.validation_losses == pytest.approx([evaluate(ours, *VALIDATION).loss])
    assert evaluate(plain, *VALIDATION).loss != pytest.approx(history.validation_losses[0])


@pytest.mark.parametrize("option", [{"average": 0}, {"goal": 1}])
def test_an_average_that_keeps_nothing_or_a_goal_out_of_reach_changes_nothing(option):
    usual, ours = network(), network()
    expected = fit(usual, TRAIN, VALIDATION, epochs=2, learning_rate=1e-4)
    assert max(expected.validation_accuracies) < 1  # or this test shows nothing
    assert fit(ours, TRAIN, VALIDATION, epochs=2, learning_rate=1e-4, **option) == expected
    assert same(state(ours), state(usual))


def test_it_stops_at_the_goal():
    options = {"batch_size": 16, "learning_rate": 1e-2}
    whole = fit(network(), TRAIN, VALIDATION, epochs=6, **options)
    goal = whole.validation_accuracies[2]
    epochs = 1 + next(i for i, a in enumerate(whole.validation_accuracies) if a >= goal)
    assert 1 < epochs < 6  # or this test shows nothing
    model, expected = network(), network()
    history = fit(model, TRAIN, VALIDATION, epochs=6, goal=goal, **options)
    assert history.validation_accuracies == whole.validation_accuracies[:epochs]
    assert history.best_epoch == epochs
    assert not history.interrupted
    fit(expected, TRAIN, VALIDATION, epochs=epochs, goal=goal, **options)
    assert same(state(model), state(expected))
    assert evaluate(model, *VALIDATION).accuracy >= goal


def test_the_weights_that_reach_the_goal_are_kept_whatever_their_loss():
    """One weight a class: step by step, one more image is named right and the loss goes up."""

    class Steps(torch.optim.SGD):
        states = iter([[1.0, 0.0], [0.0, 9.0]])

        def step(self, closure=None):
            with torch.no_grad():
                self.param_groups[0]["params"][0].copy_(torch.tensor(next(self.states))[:, None])

    images, labels = torch.tensor([[1.0], [1.0], [1.0]]), torch.tensor([0, 1, 1])
    held_out = torch.tensor([[1.0], [1.0], [1.0]]), torch.tensor([0, 1, 1])
    model = nn.Linear(1, 2, bias=False)
    history = fit(
        model, (images, labels), held_out, epochs=9, batch_size=3, goal=0.5, optimiser=Steps
    )
    assert history.validation_losses[1] > history.validation_losses[0]
    assert history.best_epoch == 2
    assert model.weight[:, 0].tolist() == [0, 9]


@pytest.mark.parametrize(("step", "epochs"), [(2, 0), (7, 1), (12, 2)])
def test_an_interrupt_keeps_what_was_learned(step, epochs):
    whole, stopped = network(), StopIn(network(), step, "interrupt")
    before = state(stopped.model)
    history = fit(stopped, TRAIN, VALIDATION, epochs=9, batch_size=21)  # five steps an epoch
    assert history.interrupted
    assert len(history.validation_losses) == epochs
    assert stopped.training
    if epochs:
        expected = fit(whole, TRAIN, VALIDATION, epochs=epochs, batch_size=21)
        assert history.train_losses == expected.train_losses
        assert history.best_epoch == expected.best_epoch
        assert same(state(stopped.model), state(whole))
    else:
        assert history.best_epoch == 0
        assert not same(state(stopped.model), before)


def test_a_loss_that_is_no_number_names_the_epoch():
    model = StopIn(network(), 7, "explode")
    with pytest.raises(ValueError, match=r"loss must stay finite, got nan in epoch 2"):
        fit(model, TRAIN, VALIDATION, epochs=3, batch_size=21)
    assert math.isfinite(evaluate(model, *VALIDATION).loss)  # the weights of epoch 1


def test_data_that_do_not_match_are_named():
    images, labels = TRAIN
    with pytest.raises(ValueError, match=r"train labels must be from 0 to 2 for 3 .* got 4"):
        fit(network(), (images, labels * 2), VALIDATION, epochs=1)
    with pytest.raises(ValueError, match=r"validation labels must be from 0 to 2 .* got -1"):
        fit(network(), TRAIN, (VALIDATION[0], VALIDATION[1] - 1), epochs=1)
    with pytest.raises(ValueError, match="as many as validation images, got 59 and 60"):
        fit(network(), TRAIN, (VALIDATION[0], VALIDATION[1][1:]), epochs=1)
    with pytest.raises(ValueError, match=r"train images must be ones .* shape \(N, 3, 6, 6\)"):
        fit(network(), (images.expand(-1, 3, -1, -1), labels), VALIDATION, epochs=1)
    maps = nn.Conv2d(1, 3, 1)
    for call in (lambda: fit(maps, TRAIN, VALIDATION, epochs=1), lambda: scores(maps, images)):
        with pytest.raises(ValueError, match=r"\(N, classes\), got \(1, 3, 6, 6\) for 1 image"):
            call()
    with pytest.raises(ValueError, match="labels must be as many as images, got 100 and 101"):
        evaluate(network(), images, labels[1:])
    with pytest.raises(ValueError, match="labels must be from 0 to 2 for 3 classes, got 4"):
        evaluate(network(), images, 2 * labels)
    with pytest.raises(ValueError, match="predictions must be as many as labels, got 1 and 2"):
        confusion_matrix([0, 1], [0], 2)
    for labels, predictions, name in (([0, 2], [0, 0], "labels"), ([0, 0], [0, 2], "predictions")):
        with pytest.raises(ValueError, match=f"{name} must be from 0 to 1 for 2 classes, got 2"):
            confusion_matrix(labels, predictions, 2)
    with pytest.raises(ValueError, match="correct must be at most total, got 4 of 3"):
        accuracy_interval(4, 3)


# The progress bar -------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A place that a person looks at."""

    def isatty(self):
        return True


def shown(stream, variable="", **options):
    """Return what a training writes to standard error."""
    with patch.object(sys, "stderr", stream), patch.dict(os.environ, TQDM_DISABLE=variable):
        fit(nn.Sequential(nn.Flatten(), nn.Linear(36, 3)), TRAIN, VALIDATION, epochs=2, **options)
    return stream.getvalue()


def test_a_person_sees_a_bar_and_nobody_else_does():
    assert "2/2" in shown(Terminal())
    assert "validation accuracy" in shown(io.StringIO(), progress=True)
    assert shown(io.StringIO()) == ""
    assert shown(Terminal(), variable="1") == ""
    assert shown(Terminal(), progress=False) == ""


def test_an_open_notebook_shows_a_bar_and_a_stored_one_does_not(tmp_path):
    lines = [
        *("import os, sys", f"sys.path.insert(0, {str(ROOT)!r})", "from utils import training"),
        *("stored = training._progress_is_visible()", 'del os.environ["TQDM_DISABLE"]'),
        "print(stored, training._progress_is_visible())",
    ]
    notebook = new_notebook(cells=[new_code_cell("\n".join(lines))])
    execute(notebook, tmp_path)
    (output,) = notebook.cells[0].outputs
    assert output.text == "False True\n"


# Evaluating -------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 7, 60, 256])
def test_an_evaluation_is_that_of_torch(batch_size):
    model = network()
    mode = model.training
    evaluation = evaluate(model, *VALIDATION, batch_size=batch_size)
    assert model.training == mode
    with torch.no_grad():
        Z = model.eval()(VALIDATION[0])
    assert evaluation.loss == pytest.approx(F.cross_entropy(Z, VALIDATION[1]).item())
    assert evaluation.correct == (Z.argmax(1) == VALIDATION[1]).sum()
    assert evaluation.total == 60
    assert evaluation.accuracy == evaluation.correct / 60
    torch.testing.assert_close(scores(model, VALIDATION[0], batch_size=batch_size), Z)
    assert torch.equal(predict(model, VALIDATION[0], batch_size=batch_size), Z.argmax(1))


def test_a_confusion_matrix_is_that_of_scikit_learn():
    generator = torch.Generator().manual_seed(0)
    labels, predictions = torch.randint(4, (2, 300), generator=generator)
    expected = sklearn_confusion_matrix(labels, predictions, labels=range(5))
    assert confusion_matrix(labels, predictions, 5).tolist() == expected.tolist()


def test_an_interval_contains_the_accuracies_that_explain_the_count():
    """Wilson's interval: all p whose expected count is at most 1.96 deviations from it."""
    for correct, total in [(0, 10), (3, 10), (355, 360), (10, 10), (1, 1)]:
        low, high = accuracy_interval(correct, total)
        assert 0 <= low < high <= 1
        for p in (low, high):
            if 1e-12 < p < 1 - 1e-12:
                deviation = math.sqrt(p * (1 - p) / total)
                assert abs(correct / total - p) / deviation == pytest.approx(1.959964)
    assert accuracy_interval(0, 10)[0] == pytest.approx(0)
    assert accuracy_interval(10, 10)[1] == pytest.approx(1)
    low, high = accuracy_interval(9_900, 10_000)
    assert (round(low, 4), round(high, 4)) == (0.9879, 0.9918)
