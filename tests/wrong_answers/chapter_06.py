"""Typical wrong answers to the exercises of chapter 6: each must fail its check."""

import torch
import torch.nn.functional as F
from torch import nn


def _layers(once, overlapping, rows):
    return {"once": once, "overlapping": overlapping, "rows": rows}


def _no_trimming(X, k):
    height, width = X.shape
    return X.reshape(height // k, k, width // k, k).amax(dim=(1, 3))


def _axes_not_paired(X, k):
    rows, columns = X.shape[0] // k, X.shape[1] // k
    return X[: rows * k, : columns * k].reshape(k, rows, k, columns).amax(dim=(0, 2))


def _means(X, k):
    return F.avg_pool2d(X[None], k)[0]


def _rounded_up(X, k):
    return F.max_pool2d(X[None], k, ceil_mode=True)[0]


def _window_of_seven(maps):
    return F.avg_pool2d(maps, 7).flatten(1)


def _over_channels(maps):
    return maps.mean(dim=1)


def _one_for_all(maps):
    return maps.mean(dim=(1, 2, 3))


def _square_window(maps):
    return F.avg_pool2d(maps, maps.shape[-1]).flatten(1)


_ONCE, _OVERLAPPING = nn.MaxPool2d((3, 5)), nn.MaxPool2d(3, stride=2, padding=1)
_ROWS = nn.MaxPool2d((1, 10))

WRONG = {
    "6.1": [
        [[0, 0], [0, -1]],  # a rim of zeros
        [[-2, -3], [-3, -5]],  # windows of 2 x 2
        [[-6, -8], [-9, -8]],  # the smallest instead of the largest
    ],
    "6.2": [
        _layers(nn.MaxPool2d((5, 3)), _OVERLAPPING, _ROWS),  # rows and columns swapped
        _layers(nn.MaxPool2d((2, 4), stride=(3, 5)), _OVERLAPPING, _ROWS),  # pixels left out
        _layers(_ONCE, nn.MaxPool2d(2), _ROWS),  # the right shape, other windows
        _layers(_ONCE, nn.MaxPool2d(3, stride=2), _ROWS),  # 55 x 55
        _layers(_ONCE, nn.MaxPool2d(3, padding=1), _ROWS),  # the stride of a convolution meant
        _layers(_ONCE, _OVERLAPPING, nn.MaxPool2d((5, 1))),  # one number a column
        _layers(_ONCE, _OVERLAPPING, nn.AvgPool2d((1, 10))),  # a mean
        _layers(_ONCE, _OVERLAPPING, nn.MaxPool2d((1, 6))),  # four pixels dropped
    ],
    "6.3": [_no_trimming, _axes_not_paired, _means, _rounded_up],
    "6.4": [_window_of_seven, _over_channels, _one_for_all, _square_window],
    "6.5": [
        [4] * 8,  # as if the shift did not matter
        [4, 3, 3, 3, 4, 3, 3, 3],  # shift 4 taken for a fresh start
        [3] + [2] * 7,  # poolings before the last
        torch.tensor([3, 3, 3, 3, 3, 3, 3, 4]),  # the wrong end
    ],
}
