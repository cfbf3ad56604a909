"""Typical wrong answers to the exercises of chapter 8: each must fail its check."""

import torch.nn.functional as F
from torch import nn


def _stride_too_early(layers):
    field, step = 1, 1
    for kernel_size, stride, dilation in layers:
        step *= stride
        field += dilation * (kernel_size - 1) * step
    return field


def _without_strides(layers):
    return 1 + sum(dilation * (kernel_size - 1) for kernel_size, _, dilation in layers)


def _without_dilation(layers):
    field, step = 1, 1
    for kernel_size, stride, _ in layers:
        field += (kernel_size - 1) * step
        step *= stride
    return field


def _last_stride_only(layers):
    field, step = 1, 1
    for kernel_size, stride, dilation in layers:
        field += dilation * (kernel_size - 1) * step
        step = stride
    return field


def _chain(*widths, activation=nn.ReLU, pools=3):
    layers, channels = [], 3
    for index, width in enumerate(widths):
        layers += [nn.Conv2d(channels, width, 3, padding=1), activation()]
        layers += [nn.MaxPool2d(2)] if index < pools else []
        channels = width
    return [*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]


def _strides_without_activation():
    convs = [nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 12, 3, 2, 1), nn.Conv2d(12, 12, 3, 2, 1)]
    head = [nn.Conv2d(12, 12, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*convs, *head, nn.Linear(12, 10))


class _Block(nn.Module):
    def __init__(self, channels_in, channels_out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.shortcut = self.make_shortcut(channels_in, channels_out, stride)

    def make_shortcut(self, channels_in, channels_out, stride):
        return nn.Conv2d(channels_in, channels_out, 1, stride)  # always: never free of charge

    def forward(self, x):
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.shortcut(x))


class _OnlyChannels(_Block):
    def make_shortcut(self, channels_in, channels_out, stride):
        if channels_in == channels_out:
            return nn.Identity()
        return nn.Conv2d(channels_in, channels_out, 1, stride)


class _ProjectionWithoutStride(_Block):
    def make_shortcut(self, channels_in, channels_out, stride):
        if channels_in == channels_out and stride == 1:
            return nn.Identity()
        return nn.Conv2d(channels_in, channels_out, 1)


class _NoShortcut(_OnlyChannels):
    def forward(self, x):
        return F.relu(self.conv2(F.relu(self.conv1(x))))


WRONG = {
    "8.1": [
        (16 * 8 * 8, 1392, 10250),  # padding in both convolutions
        (784, 1368, 7840),  # biases forgotten
        (784, 1392, 7840),
        (784, 224 + 160, 7850),  # the second filter reads one map
    ],
    "8.2": [_stride_too_early, _without_strides, _without_dilation, _last_stride_only],
    "8.3": [
        nn.Linear(3072, 10),
        nn.Sequential(*_chain(8, 12, 12)),  # sees 22 pixels
        nn.Sequential(*_chain(16, 16, 32, 32)),  # too large
        nn.Sequential(*_chain(8, 12, 12, 12)[:-2]),  # maps, not scores
        nn.Sequential(*_chain(8, 12, 12, 12, 4, activation=nn.Identity, pools=3)),
        nn.Sequential(*_chain(8, 12, 12, 12, activation=nn.Identity)),  # pooling alone
        _strides_without_activation(),
    ],
    "8.4": [_Block, _OnlyChannels, _ProjectionWithoutStride, _NoShortcut],
    "8.5": [
        (138_357_544, 15_470_264_320),  # the original
        (14_714_688 + 512_000, 15_347_142_656),  # the last bias forgotten
        (15_227_688, 15_346_630_656),  # the last layer forgotten
        (15_227_688, 15_470_264_320),
    ],
}
