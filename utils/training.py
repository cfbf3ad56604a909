"""
Train a classifier, and say how good it is: short, exact, and the same on every device.

`fit` is meant to be read, and to be taken home. Images and labels are tensors that are prepared
once; the loop over batches only takes rows out of them.

A progress bar is shown where a person sees it: in a terminal, or in a notebook that is open. The
environment variable ``TQDM_DISABLE=1`` silences it; the tools that store and compare the outputs of
notebooks set it.
"""

import contextlib
import copy
import math
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

from utils import _validate
from utils._validate import (
    Batch,
    Count,
    Device,
    Examples,
    Flag,
    Labels,
    Module,
    NonNegative,
    OptimiserMaker,
    Positive,
    Trainable,
    checked,
    number,
)

__all__ = [
    "Evaluation",
    "History",
    "accuracy_interval",
    "confusion_matrix",
    "evaluate",
    "fit",
    "predict",
    "scores",
]


_Z95 = 1.959964  # 95 % of a normal distribution lie within so many standard deviations
_RISE = 0.2  # part of a training in which the learning rate rises
_AT_ONCE = 256  # images that are evaluated at once

Data = tuple[Tensor, Tensor]  # images (N, ...) and labels (N,)


@dataclass(frozen=True)
class Evaluation:
    """
    How good a classifier is on some images.

    Attributes
    ----------
    loss : float
        Mean cross-entropy over the images, in nats.
    accuracy : float
        Part of the images that is named right, from 0 to 1.
    correct : int
        How many images are named right.
    total : int
        How many images there are.

    Examples
    --------
    >>> Evaluation(loss=0.7, accuracy=0.5, correct=1, total=2).accuracy
    0.5
    """

    loss: float
    accuracy: float
    correct: int
    total: int


@dataclass
class History:
    """
    How a training went: each list holds one number for each finished epoch.

    Attributes
    ----------
    train_losses, validation_losses : list of float
        Mean cross-entropy over the images. The training loss is taken batch by batch, while the
        weights change and dropout is on; the validation loss at the end of the epoch.
    train_accuracies, validation_accuracies : list of float
        Part of the images named right, from 0 to 1, taken at the same moments.
    best_epoch : int
        The epoch, counted from 1, whose weights the model has now: the one of the lowest validation
        loss, or the one that reached the goal. It is 0 if no epoch was finished.
    interrupted : bool
        Whether a person stopped the training.

    Examples
    --------
    >>> History().validation_losses, History().best_epoch
    ([], 0)
    """

    train_losses: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    train_accuracies: list[float] = field(default_factory=list)
    validation_accuracies: list[float] = field(default_factory=list)
    best_epoch: int = 0
    interrupted: bool = False

    def _append(self, trained: Evaluation, validated: Evaluation) -> None:
        self.train_losses.append(trained.loss)
        self.train_accuracies.append(trained.accuracy)
        self.validation_losses.append(validated.loss)
        self.validation_accuracies.append(validated.accuracy)


@checked
def fit(
    model: Trainable,
    train: Examples,
    validation: Examples,
    *,
    epochs: Count,
    batch_size: Count = 50,
    learning_rate: Positive = 1e-3,
    one_cycle: Flag = False,
    average: Annotated[float, number(minimum=0, below=1)] = 0.0,
    goal: Annotated[float, number(above=0, maximum=1)] | None = None,
    optimiser: OptimiserMaker = torch.optim.Adam,
    seed: NonNegative = 0,
    device: Device | None = None,
    progress: Flag | None = None,
) -> History:
    """
    Train a classifier, and keep the weights that were best on the validation images.

    Interrupt it (the stop button, or Ctrl-C) when you have seen enough: what was learned is kept,
    and the history so far is returned.

    Parameters
    ----------
    model : torch.nn.Module
        Images (N, ...) in, scores (N, classes) out; no softmax. It is trained in place: only its
        weights and buffers change; mode, device and gradients are as before.
    train, validation : (Tensor of shape (N, ...), Tensor of shape (N,))
        Images, and their labels: integers from 0 to classes - 1.
    epochs : int
        How often every training image is seen.
    batch_size : int
        Largest number of images in one step. The batches of an epoch are of equal size, to within
        one image.
    learning_rate : float
        How far one step goes; handed to the optimiser as ``lr``.
    one_cycle : bool
        Whether the learning rate rises to `learning_rate` in the first fifth of the steps and then
        falls to zero. This bears larger steps, so that fewer epochs do; when to end is then
        decided beforehand.
    average : float
        From 0 to less than 1: the part that a running average of the weights keeps in each step;
        the rest comes from the weights of that step. It is the average that is validated and kept.
        With 0.97, about the last 30 steps count: their noise cancels, so that larger steps do.
    goal : float, optional
        Validation accuracy, above 0 and at most 1: the training stops after the first epoch that
        reaches it, and keeps the weights of that epoch.
    optimiser : callable
        ``optimiser(parameters, lr=learning_rate)`` returns a `torch.optim.Optimizer`.
    seed : int
        Decides the order of the images and what layers such as dropout draw. The weights that the
        training starts from are the model's own.
    device : torch.device or str, optional
        Where to train; the model returns afterwards. By default, it is where the model is.
    progress : bool, optional
        Whether to show a progress bar. By default, when a person sees it.

    Returns
    -------
    History
        Losses and accuracies of every epoch.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, for example labels that are not integers.
    ValueError
        If sizes differ, the model cannot read the images, a label is no class, or the loss stops
        being a finite number. In the last case the model has the best weights so far.

    Notes
    -----
    The best weights are those of the lowest validation loss, if no goal is reached. The validation
    images have chosen them, so they no longer measure the model fairly: that takes a test set, and
    `evaluate`.

    The rise and fall of the learning rate follows Smith and Topin (2019), "Super-convergence: very
    fast training of neural networks using large learning rates", with straight lines. The average
    of the weights follows Polyak and Juditsky (1992), "Acceleration of stochastic approximation by
    averaging", with weights that fade; only parameters are averaged, buffers are the latest.

    Examples
    --------
    >>> images = torch.arange(-8.0, 8.0).reshape(16, 1)
    >>> labels = (images[:, 0] > 0).long()
    >>> model = torch.nn.Linear(1, 2)
    >>> history = fit(model, (images, labels), (images, labels), epochs=30, learning_rate=0.1)
    >>> len(history.train_losses), evaluate(model, images, labels).accuracy > 0.8
    (30, True)
    """
    show = _progress_is_visible() if progress is None else progress
    with _prepared(model, train, validation, seed, device) as ((images, labels), held_out):
        optimiser = _validate.as_optimiser(optimiser, model.parameters(), learning_rate)
        generator = torch.Generator().manual_seed(seed)
        batches = math.ceil(len(images) / batch_size)
        schedule = _schedule(optimiser, epochs * batches, one_cycle)
        averaged = _Average(model, average)
        history, best = History(), None
        try:
            for epoch in (bar := tqdm(range(1, epochs + 1), disable=not show, unit="epoch")):
                order = torch.randperm(len(images), generator=generator).to(images.device)
                parts = ((images[part], labels[part]) for part in order.tensor_split(batches))
                trained = _train(model, parts, optimiser, schedule, averaged)
                validated = _evaluate(averaged.model, *held_out)
                _validate.require_finite_loss(epoch, trained.loss, validated.loss)
                history._append(trained, validated)
                reached = goal is not None and validated.accuracy >= goal
                if reached or validated.loss == min(history.validation_losses):
                    best, history.best_epoch = copy.deepcopy(averaged.model.state_dict()), epoch
                bar.set_postfix_str(f"validation accuracy {validated.accuracy:.3f}")
                if reached:
                    break
        except KeyboardInterrupt:
            history.interrupted = True
        finally:
            if best is not None:
                model.load_state_dict(best)
    return history


def _train(
    model: nn.Module,
    batches: Iterable[Data],
    optimiser: Optimizer,
    schedule: LambdaLR,
    averaged: "_Average",
) -> Evaluation:
    """Take one step for each batch; return how good the model was while it learned."""
    model.train()
    total_loss: Tensor | int = 0
    total_correct: Tensor | int = 0
    total = 0
    for X, y in batches:  # (B, ...), (B,)
        Z = model(X)  # (B, classes): the scores
        loss = F.cross_entropy(Z, y)  # the mean over the batch
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        averaged.update()
        total_loss += loss.detach() * len(y)
        total_correct += (Z.argmax(dim=1) == y).sum()
        total += len(y)
    return _evaluation(total_loss, total_correct, total)


@checked
def evaluate(
    model: Module, images: Batch, labels: Labels, *, batch_size: Count = 256
) -> Evaluation:
    """
    Return loss and accuracy of a classifier on images that have labels.

    Parameters
    ----------
    model : torch.nn.Module
        Images (N, ...) in, scores (N, classes) out. It is used in evaluation mode, without
        gradients, and keeps its own mode.
    images : Tensor of shape (N, ...)
        They may be on another device than the model.
    labels : Tensor of shape (N,)
        Integers from 0 to classes - 1.
    batch_size : int
        Images that are computed at once. It changes time and memory, not the result.

    Returns
    -------
    Evaluation
        Loss, accuracy, and the counts behind it.

    Raises
    ------
    TypeError
        If the model is no module, or an argument holds the wrong kind of numbers.
    ValueError
        If the sizes differ, the model cannot read the images, or a label is no class.

    Examples
    --------
    >>> images, labels = torch.eye(3), torch.tensor([0, 1, 1])
    >>> evaluation = evaluate(torch.nn.Identity(), images, labels)
    >>> evaluation.correct, evaluation.total, round(evaluation.loss, 3)
    (2, 3, 0.885)
    """
    _validate.require_one_each(labels, images, "labels", "images")
    Z = scores(model, images, batch_size=batch_size)  # (N, classes)
    _validate.require_classes(labels, Z.shape[1], "labels")
    return _compare(Z, labels.to(Z.device))


@checked
def scores(model: Module, images: Batch, *, batch_size: Count = 256) -> Tensor:
    """
    Return what a classifier says about each image: one score for each class.

    Parameters
    ----------
    model : torch.nn.Module
        Images (N, ...) in, scores (N, classes) out. It is used in evaluation mode, without
        gradients, and keeps its own mode.
    images : Tensor of shape (N, ...)
        They may be on another device than the model.
    batch_size : int
        Images that are computed at once. It changes time and memory, not the result.

    Returns
    -------
    Tensor of shape (N, classes)
        The scores, on the device of `images`. For probabilities, take ``softmax(dim=1)``.

    Raises
    ------
    TypeError
        If the model is no module, or the images do not hold real numbers.
    ValueError
        If the model cannot read the images, or returns something else than scores.

    Examples
    --------
    >>> scores(torch.nn.Flatten(), torch.ones(2, 1, 1, 3)).shape
    torch.Size([2, 3])
    """
    device, dtype = _place_of(model)
    with _mode_kept(model), torch.inference_mode():
        model.eval()
        _validate.require_scores(model, images[:1].to(device, dtype))
        parts = [model(batch.to(device, dtype)) for batch in images.split(batch_size)]
    return torch.cat(parts).to(images.device).clone()  # outside inference mode: an ordinary tensor


@checked
def predict(model: Module, images: Batch, *, batch_size: Count = 256) -> Tensor:
    """
    Return the class that a classifier gives to each image.

    Parameters
    ----------
    model : torch.nn.Module
        As for `scores`.
    images : Tensor of shape (N, ...)
        As for `scores`.
    batch_size : int
        As for `scores`.

    Returns
    -------
    Tensor of shape (N,), int64
        The class of the highest score, on the device of `images`.

    Raises
    ------
    TypeError
        If the model is no module, or the images do not hold real numbers.
    ValueError
        If the model cannot read the images, or returns something else than scores.

    Examples
    --------
    >>> predict(torch.nn.Identity(), torch.tensor([[0.1, 0.9], [2.0, -1.0]]))
    tensor([1, 0])
    """
    return scores(model, images, batch_size=batch_size).argmax(dim=1)


@checked
def confusion_matrix(labels: Labels, predictions: Labels, classes: Count) -> Tensor:
    """
    Count how often each class was taken for each other one.

    Parameters
    ----------
    labels : Tensor of shape (N,)
        True classes, from 0 to `classes` - 1.
    predictions : Tensor of shape (N,)
        Predicted classes, from 0 to `classes` - 1.
    classes : int
        How many classes there are.

    Returns
    -------
    Tensor of shape (classes, classes), int64
        Row i, column j: how many images of class i were taken for class j. The diagonal holds the
        correct ones.

    Raises
    ------
    TypeError
        If a class is not an integer.
    ValueError
        If the sizes differ or a class is out of range.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1, 2], [0, 1, 1, 2], 3)
    tensor([[1, 1, 0],
            [0, 1, 0],
            [0, 0, 1]])
    """
    predictions = predictions.to(labels.device)
    _validate.require_one_each(predictions, labels, "predictions", "labels")
    _validate.require_classes(labels, classes, "labels")
    _validate.require_classes(predictions, classes, "predictions")
    cells = labels * classes + predictions  # (N,): the cells of the matrix, row by row
    return torch.bincount(cells, minlength=classes**2).reshape(classes, classes)


@checked
def accuracy_interval(correct: NonNegative, total: Count) -> tuple[float, float]:
    """
    Return the range in which the true accuracy lies, with 95 percent confidence.

    Parameters
    ----------
    correct : int
        How many test images were named right.
    total : int
        How many test images there are.

    Returns
    -------
    low : float
        Lower end, from 0 to 1.
    high : float
        Upper end, from 0 to 1.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If `total` is less than 1, or `correct` not from 0 to `total`.

    Notes
    -----
    The score interval of Wilson (1927), "Probable inference, the law of succession, and statistical
    inference". With p = correct / total, n = total and z = 1.96, it is
    ``(p + z^2 / 2n ± z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)``. Unlike p ± z standard
    errors, it stays between 0 and 1 and has a width when all images are named right. It counts the
    chance in the choice of the test images, not that in the training.

    Examples
    --------
    >>> low, high = accuracy_interval(97, 100)
    >>> round(low, 3), round(high, 3)
    (0.915, 0.99)
    """
    _validate.require_at_most(correct, total, "correct", "total")
    n, p, z = total, correct / total, _Z95
    centre = p + z**2 / (2 * n)
    reach = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return max(0.0, (centre - reach) / scale), min(1.0, (centre + reach) / scale)


# Parts --------------------------------------------------------------------------------------


def _schedule(optimiser: Optimizer, steps: int, one_cycle: bool) -> LambdaLR:
    """Return what sets the learning rate of each step: up and down in straight lines, or as is."""

    def factor(step: int) -> float:
        part = (step + 0.5) / steps  # of the training
        return max(0.0, min(part / _RISE, (1 - part) / (1 - _RISE))) if one_cycle else 1.0

    return LambdaLR(optimiser, factor)


class _Average:
    """A second model, whose weights follow those of the first; or the first one itself."""

    def __init__(self, model: nn.Module, keep: float) -> None:
        self.followed, self.keep = model, keep
        self.model = copy.deepcopy(model) if keep else model

    @torch.no_grad()
    def update(self) -> None:
        """Move the weights a little towards those of the followed model."""
        if self.keep:
            for weight, newer in zip(self.model.parameters(), self.followed.parameters()):
                weight.lerp_(newer, 1 - self.keep)  # keep * weight + (1 - keep) * newer
            for buffer, latest in zip(self.model.buffers(), self.followed.buffers()):
                buffer.copy_(latest)


def _compare(Z: Tensor, labels: Tensor) -> Evaluation:
    """Compare scores (N, classes) with labels (N,)."""
    loss = F.cross_entropy(Z, labels, reduction="sum")
    return _evaluation(loss, (Z.argmax(dim=1) == labels).sum(), len(labels))


def _evaluation(total_loss: Tensor | int, total_correct: Tensor | int, total: int) -> Evaluation:
    loss, correct = float(total_loss) / total, int(total_correct)
    return Evaluation(loss, correct / total, correct, total)


def _evaluate(model: nn.Module, images: Tensor, labels: Tensor) -> Evaluation:
    """Evaluate without checks; `fit` has made them, and sets the mode again."""
    with torch.inference_mode():
        model.eval()
        return _compare(torch.cat([model(X) for X in images.split(_AT_ONCE)]), labels)


def _place_of(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Return device and dtype of a model: those of its first parameter."""
    parameter = next(model.parameters(), torch.empty(0))
    return parameter.device, parameter.dtype


def _progress_is_visible() -> bool:
    """Return whether a progress bar shows: in a terminal, or a notebook that is open."""
    if os.environ.get("TQDM_DISABLE") or sys.stderr is None:
        return False
    return sys.stderr.isatty() or type(sys.stderr).__module__ == "ipykernel.iostream"


@contextlib.contextmanager
def _prepared(
    model: nn.Module, train: Data, validation: Data, seed: int, device: torch.device | None
) -> Iterator[list[Data]]:
    """Move model and data to the device and check that they match; put the model back after."""
    home, dtype = _place_of(model)
    device = home if device is None else device
    gradients = [parameter.grad for parameter in model.parameters()]
    with _mode_kept(model), _seeded(seed, device):
        try:
            model.zero_grad()
            model.to(device)
            ready = []
            for name, (images, labels) in (("train", train), ("validation", validation)):
                images, labels = images.to(device, dtype), labels.to(device)
                with torch.inference_mode():
                    model.eval()
                    classes = _validate.require_scores(model, images[:1], f"{name} images")
                _validate.require_classes(labels, classes, f"{name} labels")
                ready.append((images, labels))
            yield ready
        finally:
            model.zero_grad()
            model.to(home)
            for parameter, gradient in zip(model.parameters(), gradients):
                parameter.grad = gradient


@contextlib.contextmanager
def _mode_kept(model: nn.Module) -> Iterator[None]:
    """Put every part of a model back into training or evaluation mode, as it was."""
    mode = [(part, part.training) for part in model.modules()]
    try:
        yield
    finally:
        for part, training in mode:
            part.training = training


@contextlib.contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the generators that layers such as dropout draw from; then put their state back."""
    on_cpu = device.type == "cpu"
    others = () if on_cpu else range(torch.get_device_module(device).device_count())
    with torch.random.fork_rng(devices=others, device_type=device.type):
        (torch.default_generator if on_cpu else torch).manual_seed(seed)
        yield
