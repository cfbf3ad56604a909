"""Tests of the exercises of chapter 10, CNN versus fully connected."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from utils.checks._engine import Tests, exercise, same
from utils.shapes import summarise


@exercise("10.1")
def by_hand(answer: Any) -> Tests:
    """Parameters and multiply-adds of two networks on 64 x 64."""
    (fully, cnn), (fully_work, cnn_work) = answer
    yield "the parameters of the first network are right", same(fully, 262_273, reveal=False)
    yield "the parameters of the second network are right", same(cnn, 16_573, reveal=False)
    yield "the multiply-adds of the first are right", same(fully_work, 262_208, reveal=False)
    yield "the multiply-adds of the second are right", same(cnn_work, 753_664, reveal=False)


@exercise("10.2")
def hidden_units(answer: Any) -> Tests:
    """The widest hidden layer within a budget."""
    for budget in (805, 1_599, 1_600, 28_938, 100_000):
        units = answer(budget)
        used = 795 * units + 10
        yield f"{units} units stay within {budget:,} parameters", used <= budget
        yield f"one more than {units} would not", used + 795 > budget
        yield f"{units} is a whole number", same(units, int(units))


@exercise("10.3")
def mended_move(answer: Any) -> Tests:
    """Move pictures; zeros enter."""
    images = 1 + torch.rand(2, 1, 5, 6, generator=torch.Generator().manual_seed(0))
    for rows, columns in ((0, 0), (1, 0), (-2, 0), (0, 3), (0, -1), (2, -3)):
        moved = answer(images, rows, columns)
        padded = F.pad(images, (6, 6, 6, 6))
        expected = padded[:, :, 6 - rows : 11 - rows, 6 - columns : 12 - columns]
        yield f"moved by {rows} rows and {columns} columns", same(moved, expected)


@exercise("10.4")
def accuracy_at_2(answer: Any) -> Tests:
    """Accuracy at two pixels after training on moved pictures."""
    yield "it is an accuracy, from 0 to 1", 0 <= answer <= 1
    yield "it is much higher than without moved pictures", answer > 0.88
    yield "it is of moved pictures: at the old place, it would be higher", answer < 0.96


@exercise("10.5")
def small(answer: Any) -> Tests:
    """A small network whose score does not depend on the place."""
    yield "it is an nn.Sequential", isinstance(answer, nn.Sequential)
    answer.eval()
    pictures = torch.zeros(2, 1, 128, 128)
    patch = torch.rand(12, 12, generator=torch.Generator().manual_seed(0))
    pictures[0, 0, 50:62, 50:62] = patch
    pictures[1, 0, 66:78, 50:62] = patch
    with torch.no_grad():
        scores = answer(pictures)
        nothing = answer(torch.zeros(1, 1, 128, 128))
    yield "two pictures give two rows of one score", same(tuple(scores.shape), (2, 1))
    summary = summarise(answer, (1, 128, 128))
    number = summary.parameters
    yield f"it has at most 10,000 parameters, not {number:,}", number <= 10_000
    number = summary.multiply_adds
    yield f"it needs at most 4 million multiply-adds, not {number:,}", number <= 4_000_000
    fields = [row.receptive_field for row in summary if row.kernel_size]
    seen = fields[-1] if fields and isinstance(fields[-1], int) else 0
    yield f"its last convolution or pooling sees at least 40 pixels, not {seen}", seen >= 40
    yield "a figure changes the score", bool((scores - nothing).abs().max() > 1e-6)
    yield "the score stays when the figure moves", same(scores[0], scores[1].tolist())
