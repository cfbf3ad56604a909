"""Typical wrong answers to the exercises of chapter 1: each must fail its check."""

import numpy as np
import torch


def _not_divided(array):
    tensor = torch.from_numpy(array)
    return (tensor[None] if tensor.ndim == 2 else tensor.permute(2, 0, 1)).float()


def _reshaped(array):
    channels = 1 if array.ndim == 2 else 3
    return torch.from_numpy(array).reshape(channels, *array.shape[:2]) / 255


def _colour_only(array):
    return torch.from_numpy(array).permute(2, 0, 1) / 255


def _columns_first(array):
    tensor = torch.from_numpy(array)
    return (tensor[None] if tensor.ndim == 2 else tensor.permute(2, 1, 0)) / 255


def _double(array):
    tensor = torch.from_numpy(array / 255)
    return tensor[None] if tensor.ndim == 2 else tensor.permute(2, 0, 1)


def _unmended(tensor):
    return (255 * tensor).to(torch.uint8).reshape(*tensor.shape[1:], 3).numpy()


def _wraps(tensor):
    return (255 * tensor).round().to(torch.uint8).permute(1, 2, 0).numpy()


def _cuts_off(tensor):
    return (255 * tensor.clamp(0, 1)).to(torch.uint8).permute(1, 2, 0).numpy()


def _still_reshaped(tensor):
    levels = (255 * tensor.clamp(0, 1)).round().to(torch.uint8)
    return levels.reshape(*tensor.shape[1:], 3).numpy()


def _rescales(tensor):
    tensor = (tensor - tensor.min()) / (tensor.max() - tensor.min()).clamp(min=1e-6)
    return (255 * tensor).round().to(torch.uint8).permute(1, 2, 0).numpy()


def _still_a_tensor(tensor):
    return (255 * tensor.clamp(0, 1)).round().to(torch.uint8).permute(1, 2, 0)


def _floats(tensor):
    return (255 * tensor.clamp(0, 1)).round().permute(1, 2, 0).numpy().astype(np.float32)


WRONG = {
    "1.1": [
        ((640, 480, 3), (8, 3, 640, 480), 29_491_200),  # width before height
        ((480, 640, 3), (8, 480, 640, 3), 29_491_200),  # the channels stayed last
        ((480, 640, 3), (8, 3, 480, 640), 7_372_800),  # a byte for each number
        ((480, 640), (8, 3, 480, 640), 29_491_200),  # no channels
    ],
    "1.2": [
        (20, [3, 5]),  # counted from 1
        (26, [3, 5]),  # column * 8 + row
        (15, [3, 5]),  # rows of 6
        (19, [5, 3]),  # x before y
        (19, [4, 5]),  # rounded up
    ],
    "1.3": [_not_divided, _reshaped, _colour_only, _columns_first, _double],
    "1.4": [_unmended, _wraps, _cuts_off, _still_reshaped, _rescales, _still_a_tensor, _floats],
    "1.5": [
        (256, 256),  # nothing is lost
        (256, 64),  # 256 / 4: the level 64 forgotten
        (65, 65),  # floats thought to lose as much
    ],
}
