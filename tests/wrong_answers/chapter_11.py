"""Typical wrong answers to the exercises of chapter 11: each must fail its check."""

import torch
from torch import nn


def _exactly(function, transform, x):
    return torch.equal(function(transform(x)), transform(function(x)))


def _invariant(function, transform, x):
    return torch.allclose(function(transform(x)), function(x), rtol=1e-4, atol=1e-5)


def _without_sizes(function, transform, x):
    one, other = function(transform(x)), transform(function(x))
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5)


def _always(function, transform, x):
    return True


def _counts(*numbers):
    names = (
        "stride 2, stride 3",
        "stride 2, pool 2",
        "pool 3 stride 1, stride 2",
    )
    return dict(zip(names, numbers, strict=True))


def _network(mode="circular", stride=1, end=None):
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)] if end is None else end
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, padding_mode=mode),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=stride, padding=1, padding_mode="circular"),
        nn.ReLU(),
        *end,
    )


def _kernels_of_one_pixel():
    return nn.Sequential(
        nn.Conv2d(1, 8, 1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 10),
    )


def _constant():
    network = _network()
    nn.init.zeros_(network[-1].weight)
    return network


def _as_it_is(network, pictures):
    return network(pictures)


def _two_turns(network, pictures):
    return (network(pictures) + network(pictures.rot90(1, dims=(-2, -1)))) / 2


def _upside_down(network, pictures):
    return (network(pictures) + network(pictures.rot90(2, dims=(-2, -1)))) / 2


def _nothing(network, pictures):
    return 0 * network(pictures)


def _without_network(network, pictures):
    return pictures.mean(dim=(1, 2, 3))[:, None].repeat(1, 5)


WRONG = {
    "11.1": [
        ([2, 2, -1, -4, 1, 4], [1, 4, 2, 2, -1, -4]),  # a rim of zeros
        ([0, -2, 1, 4, -1, -2], [-1, -2, 0, -2, 1, 4]),  # right minus left
        ([0, 2, -1, -4, 1, 2], [-1, -4, 1, 2, 0, 2]),  # shifted to the left
        ([0, 2, -1, -4, 1, 2], [0, 2, -1, -4, 1, 2]),  # invariant
    ],
    "11.2": [_exactly, _invariant, _without_sizes, _always],
    "11.3": [
        _counts(6, 4, 2),  # one direction
        _counts(25, 16, 25),  # sums, not products
        _counts(36, 16, 36),  # the window counted, not the stride
        _counts(1, 1, 1),
    ],
    "11.4": [
        _network(mode="zeros"),
        _network(stride=2),
        _network(end=[nn.Flatten(), nn.Linear(16 * 28 * 28, 10)]),
        _kernels_of_one_pixel(),
        _constant(),
        nn.Linear(784, 10),
    ],
    "11.5": [_as_it_is, _two_turns, _upside_down, _nothing, _without_network],
}
