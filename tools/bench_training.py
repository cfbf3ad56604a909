"""
Time `utils.training.fit` against the usual beginner's loop, side by side: ``make bench``.

Both train the network of chapter 9 (28,938 parameters) on the same handwritten digits, from the
same weights, and both stop at the first epoch after which as many of the same held-out digits are
named right. The usual loop opens every picture anew in every epoch, through a `DataLoader` of 50
and torchvision's transforms, with Adam at 1e-3. `fit` prepares the pictures once, all together,
which its time includes; it takes larger and more steps, lets a running average of the weights
cancel their noise, and lays the channels of a pixel side by side, which pooling reads faster. In
every case, what is measured is the model that is handed back.

The settings of `fit` were chosen on the seeds 100 to 109; the seeds that are reported, from 0 on,
had no part in it. The runs alternate, and processor time is shown beside the clock, because other
programs disturb the clock.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from utils.training import fit

TRANSFORM = transforms.Compose(
    [
        transforms.ToPILImage(),
        transforms.Resize(20),
        transforms.Pad(4),
        transforms.ToTensor(),
        transforms.Normalize(0.15, 0.3),
    ]
)
Training = Callable[[nn.Module, "Digits", "Digits", float], float]
TRAINING = 1200  # digits; the others are held out
MOST_EPOCHS = 60


class Digits(Dataset):
    """Handwritten digits (N, 8, 8), uint8, that are opened one by one."""

    def __init__(self, pictures: np.ndarray, labels: list[int]):
        self.pictures, self.labels = pictures, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return TRANSFORM(self.pictures[index]), self.labels[index]


def read_digits(seed: int) -> tuple[Digits, Digits]:
    """Return the digits of scikit-learn in two parts, 1,200 to learn from and the others."""
    digits = load_digits()
    pictures = (digits.images * (255 / 16)).astype("uint8")
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed)).tolist()
    training, held_out = (
        Digits(pictures[part], digits.target[part].tolist())
        for part in (order[:TRAINING], order[TRAINING:])
    )
    return training, held_out


def make_network(seed: int) -> nn.Module:
    """Return the network of chapter 9, which reads (N, 1, 28, 28)."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 10),
    )


def usual_loop(model: nn.Module, training: Digits, held_out: Digits, goal: float) -> float:
    """Train as most first programs do, until the goal is reached; return the accuracy."""
    loader = DataLoader(training, batch_size=50, shuffle=True)
    test_loader = DataLoader(held_out, batch_size=50)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(MOST_EPOCHS):
        model.train()
        for images, labels in loader:
            optimiser.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimiser.step()
        model.eval()
        correct = 0
        with torch.no_grad():
            for images, labels in test_loader:
                correct += (model(images).argmax(dim=1) == labels).sum().item()
        if correct / len(held_out) >= goal:
            break
    return correct / len(held_out)


def our_fit(model: nn.Module, training: Digits, held_out: Digits, goal: float) -> float:
    """Train with `fit`, which gets all pictures at once; return the accuracy."""
    prepare = transforms.Compose(TRANSFORM.transforms[1:3])  # they take a batch as well
    data = [
        ((prepare(torch.from_numpy(part.pictures)[:, None]) / 255 - 0.15) / 0.3, part.labels)
        for part in (training, held_out)
    ]
    model.to(memory_format=torch.channels_last)
    history = fit(
        model, *data, epochs=MOST_EPOCHS, goal=goal, batch_size=25, learning_rate=5e-3, average=0.97
    )
    return history.validation_accuracies[history.best_epoch - 1]


def measure(train: Training, seed: int, goal: float) -> tuple[float, float, float]:
    """Return the seconds on the clock, those of all cores together, and the accuracy reached."""
    model, digits = make_network(seed), read_digits(seed)
    clock, processor = time.perf_counter(), time.process_time()
    accuracy = train(model, *digits, goal)
    return time.perf_counter() - clock, time.process_time() - processor, accuracy


def main() -> None:
    """Print the times of both, and their ratio."""
    parser = argparse.ArgumentParser(description="Time fit against the usual beginner's loop.")
    parser.add_argument("--repeats", type=int, default=10, help="pairs of runs (default: 10)")
    parser.add_argument("--first", type=int, default=0, help="first seed (default: 0)")
    parser.add_argument("--goal", type=float, default=0.98, help="accuracy (default: 0.98)")
    parser.add_argument("--threads", type=int, default=2, help="threads (default: 2)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"to {options.goal:.1%} of the held-out digits, {torch.get_num_threads()} thread(s)")
    print("seed   usual loop: clock processor reached   fit: clock processor reached   ratios")
    for train in (usual_loop, our_fit):
        measure(train, 0, 0.1)  # the first run of all would pay for loading and warming up
    ratios = []
    for seed in range(options.first, options.first + options.repeats):
        usual, ours = (measure(train, seed, options.goal) for train in (usual_loop, our_fit))
        ratios.append((usual[0] / ours[0], usual[1] / ours[1]))
        numbers = "{:17.2f} s {:7.2f} s {:7.1%}{:11.2f} s {:7.2f} s {:7.1%}   {:.1f} {:.1f}"
        numbers = numbers.format(*usual[:2], usual[2], *ours[:2], ours[2], *ratios[-1])
        print(f"{seed:4d}{numbers}", flush=True)
    for kind, values in zip(("clock", "processor"), zip(*ratios, strict=True), strict=True):
        print(
            f"fit is {statistics.median(values):.1f} times as fast by the {kind} "
            f"(median; {min(values):.1f} to {max(values):.1f})"
        )


if __name__ == "__main__":
    main()
