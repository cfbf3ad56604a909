"""Typical wrong answers to the exercises of chapter 5: each must fail its check."""

import torch
import torch.nn.functional as F
from torch import nn


def _without_bias(image, weight, bias):
    return F.conv2d(image[None], weight)[0]


def _first_channel_only(image, weight, bias):
    return F.conv2d(image[None, :1], weight[:, :1], bias)[0]


def _every_partial_map(image, weight, bias):
    slices = weight.transpose(0, 1).flatten(0, 1)[:, None]
    return F.conv2d(image[None], slices, groups=len(image))[0]


def _square_output(image, weight, bias):
    side = image.shape[1] - weight.shape[2] + 1
    return F.conv2d(image[None], weight, bias)[0, :, :side, :side]


def _bias_for_every_channel(image, weight, bias):
    return F.conv2d(image[None], weight, bias * len(image))[0]


def _layers(first, second, third):
    return {"first": first, "second": second, "third": third}


_FIRST = nn.Conv2d(3, 8, 3, stride=2, padding=1)
_SECOND = nn.Conv2d(64, 10, 1)
_THIRD = nn.Conv2d(16, 16, 3, padding=1, groups=16)

WRONG = {
    "5.1": [
        [[2, -1], [-2, 2]],  # the bias added once for each channel
        [[4, 1], [0, 4]],  # no bias
        [[[0, -1], [-1, 1]], [[4, 2], [1, 3]]],  # two partial maps, not summed
    ],
    "5.2": [
        _layers(nn.Conv2d(3, 8, 3, padding=1), _SECOND, _THIRD),  # no stride
        _layers(nn.Conv2d(3, 8, 3, stride=2), _SECOND, _THIRD),  # 15 x 15
        _layers(_FIRST, nn.Conv2d(64, 10, 3, padding=1), _THIRD),  # 3 x 3
        _layers(_FIRST, _SECOND, nn.Conv2d(16, 16, 3, padding=1)),  # every channel
        _layers(_FIRST, nn.Conv2d(64, 10, 1, bias=False), _THIRD),
    ],
    "5.3": [_without_bias, _first_channel_only, _every_partial_map, _square_output],
    "5.4": [_bias_for_every_channel, _without_bias],
    "5.5": [
        lambda weight: weight,
        lambda weight: weight.flip(0),  # the filters, not their slices
        lambda weight: weight.flip(2, 3),  # every kernel by half a turn
        lambda weight: torch.roll(weight, 1, dims=1),
    ],
}
