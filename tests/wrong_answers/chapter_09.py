"""Typical wrong answers to the exercises of chapter 9: each must fail its check."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def _overflows(Z, y):
    P = Z.exp() / Z.exp().sum(dim=1, keepdim=True)
    return -P[torch.arange(len(y)), y].log().mean()


def _log_of_softmax(Z, y):
    return -Z.softmax(dim=1)[torch.arange(len(y)), y].log().mean()


def _sum(Z, y):
    return F.cross_entropy(Z, y, reduction="sum")


def _softmax_twice(Z, y):
    return F.cross_entropy(Z.softmax(dim=1), y)


def _without_zero_grad(model, optimiser, X, y):
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    optimiser.step()
    return loss


def _zero_grad_too_late(model, optimiser, X, y):
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    optimiser.zero_grad()
    optimiser.step()
    return loss


def _with_softmax(model, optimiser, X, y):
    loss = F.cross_entropy(model(X).softmax(dim=1), y)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss


def _zeros():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 676, 10))
    small = nn.Sequential(nn.Conv2d(1, 4, 3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(196, 10))
    for parameter in small.parameters():
        nn.init.zeros_(parameter)
    return network, small


WRONG = {
    "9.1": [
        (0.75, 0.25, math.log(4)),
        (0.25, 0.75, math.log(4 / 3)),  # the other class
        (0.25, 0.75, 0.25),  # the probability
        (1.0, 3.0, 1.39),  # not divided by the sum
    ],
    "9.2": [_overflows, _log_of_softmax, _sum, _softmax_twice],
    "9.3": [_without_zero_grad, _zero_grad_too_late, _with_softmax],
    "9.4": [100, 1000, 1100, 2000, 1118],
    "9.5": [*_zeros(), nn.Linear(784, 10), nn.Sequential(nn.Flatten(), nn.Linear(784, 20))],
}
