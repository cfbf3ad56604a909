"""Typical wrong answers to the exercises of chapter 2: each must fail its check."""

from copy import deepcopy

import torch
from torch import nn

_CORNERS = [(0, 0), (0, 2), (2, 0), (2, 2)]


def _patches(pictures):
    return [pictures[:, i : i + 2, j : j + 2].flatten(1) for i, j in _CORNERS]


class _Copies(nn.Module):
    """Four units that start out equal."""

    def __init__(self):
        super().__init__()
        unit = nn.Linear(4, 1)
        self.units = nn.ModuleList(deepcopy(unit) for _ in range(4))

    def forward(self, pictures):
        pairs = zip(self.units, _patches(pictures), strict=True)
        return torch.cat([unit(patch) for unit, patch in pairs], dim=1)


class _OwnBiases(nn.Module):
    """Shared weights, but a bias for each patch."""

    def __init__(self):
        super().__init__()
        self.unit = nn.Linear(4, 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, pictures):
        return torch.cat([self.unit(patch) for patch in _patches(pictures)], dim=1) + self.bias


class _OnePatch(nn.Module):
    """Five parameters that look at the same patch four times."""

    def __init__(self):
        super().__init__()
        self.unit = nn.Linear(4, 1)

    def forward(self, pictures):
        return self.unit(_patches(pictures)[0]).expand(-1, 4)


def _everywhere(kernel, side):
    return kernel.flatten().repeat((side // 2) ** 2, side**2 // 4)


def _patch_by_patch(kernel, side):
    # Pixels counted patch after patch, not row after row.
    return torch.block_diag(*[kernel.flatten()[None]] * (side // 2) ** 2)


def _only_four_by_four(kernel, side):
    rows = torch.zeros(4, 4, 4)
    for row, (i, j) in zip(rows, _CORNERS, strict=True):
        row[i : i + 2, j : j + 2] = kernel
    return rows.flatten(1)


WRONG = {
    "2.1": [
        [324, 36, 4],  # no biases, no output
        [343, 55, 23],  # shared weights with nine biases
        [343, 55],
        [15, 55, 343],
    ],
    "2.2": [
        [[0, 30, 30, 0], [0, 0, 0, 0]],  # the sign
        [[0, -30, -30, 0], [0, 30, 30, 0]],  # as if it saw level edges
        [[0, -30, -30, 0]],
    ],
    "2.3": [_everywhere, _patch_by_patch, _only_four_by_four],
    "2.4": [_Copies, _OwnBiases, _OnePatch],
    "2.5": [1.0, 0.3, 2.0],
}
