"""Typical wrong answers to the exercises of chapter 10."""

from torch import nn

WRONG = {
    "10.1": [
        ((262_273, 16_425), (262_208, 163_840)),  # one convolution only
        ((262_208, 16_568), (262_208, 753_664)),  # without biases
        ((262_273, 16_573), (262_273, 16_573)),  # each weight used once
        ((262_273, 16_573), (262_208, 753_664 + 4 * 4096 * 2 + 1)),  # biases multiplied
    ],
    "10.2": [
        lambda budget: (budget - 10) / 795,  # not rounded
        lambda budget: budget // 784,  # without biases and second layer
        lambda budget: round((budget - 10) / 795),  # rounded up
        lambda budget: -(-(budget - 10) // 795),
    ],
    "10.3": [
        lambda images, rows, columns: images.roll((rows, columns), dims=(2, 3)),
        lambda images, rows, columns: nn.functional.pad(images, (-columns, columns, -rows, rows)),
        lambda images, rows, columns: nn.functional.pad(images, (rows, -rows, columns, -columns)),
    ],
    "10.4": [0.66, 0.97, 0.505, 95.0, 1.0],
    "10.5": [
        nn.Sequential(nn.Flatten(), nn.Linear(128 * 128, 1)),
        nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(16),
            nn.Flatten(),
            nn.Linear(8 * 8 * 8, 1),  # remembers the place
        ),
        nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 1),  # sees three pixels
        ),
    ],
}
