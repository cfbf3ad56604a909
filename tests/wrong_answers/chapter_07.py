"""Typical wrong answers to the exercises of chapter 7: each must fail its check."""

import torch
from torch import nn


def _in_training_mode(features, shape):
    return features(torch.zeros(1, *shape))[0].numel()


def _left_in_evaluation_mode(features, shape):
    return features.eval()(torch.zeros(1, *shape))[0].numel()


def _always_in_training_mode(features, shape):
    number = _left_in_evaluation_mode(features, shape)
    features.train()
    return number


def _channels_forgotten(features, shape):
    maps = features.eval()(torch.zeros(1, *shape))
    return maps.shape[-2] * maps.shape[-1]


def _two_blocks(conv2=8, inputs=16 * 6 * 6, flatten=1, filters=16):
    return nn.Sequential(
        nn.Conv2d(3, 8, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(conv2, filters, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(flatten),
        nn.Linear(inputs, 10),
    )


class _ReshapesTheBatch(nn.Module):
    """Gives the right shapes, but reads the pictures of a batch mixed."""

    def __init__(self):
        super().__init__()
        self.network = _two_blocks()

    def forward(self, x):
        maps = self.network[:6](x)
        return self.network[7](maps.transpose(0, 1).reshape(len(x), -1))


def _any_size(*last, channels=8):
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, channels, 3), *last)


_MEAN = (nn.AdaptiveAvgPool2d(1), nn.Flatten())

WRONG = {
    "7.1": [
        [784, 156 + 2_416 + 7_850],  # as with padding
        [16, 156 + 2_416 + 170],  # maps taken for pixels
        [256, 150 + 2_400 + 2_560],  # without biases
        [5_142, 256],  # the wrong way round
    ],
    "7.2": [
        _in_training_mode,
        _left_in_evaluation_mode,
        _always_in_training_mode,
        _channels_forgotten,
    ],
    "7.3": [
        [20_087, 5_087, 1_337, 399, 185, 131],  # 12.5 pixels
        [20_087, 5_087, 1_337, 425, 185, 119],  # sizes rounded up
        [20_001, 5_001, 1_251, 289, 73, 19],  # the linear layer alone
        4,
    ],
    "7.4": [
        _two_blocks(conv2=3),
        _two_blocks(inputs=16 * 8 * 8),
        _two_blocks(flatten=0),
        _two_blocks(filters=8, inputs=8 * 6 * 6),
        _ReshapesTheBatch(),
        _two_blocks,
    ],
    "7.5": [
        _any_size(nn.Flatten(), nn.Linear(8 * 24 * 24, 10)),  # pictures of 28 x 28 only
        _any_size(*_MEAN, nn.Linear(8, 10), channels=9),  # nine maps, eight inputs
        _any_size(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, 10)),  # too many
        _any_size(*_MEAN),  # eight scores
        nn.Sequential(nn.Conv2d(1, 8, 3), *_MEAN, nn.Linear(8, 10)),  # one convolution
    ],
}
