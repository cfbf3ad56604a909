"""
What chapter 9 measures, beyond what its cells can train in a minute.

What the reader sees of it, the cells of the notebook that are tagged ``results``, stands here word
for word, docstrings and types aside: a test compares. `tools/measure_chapter_09.py` runs it.
"""

import copy
import math
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from utils.data import LabelledImages, Split, load_images, split
from utils.training import History, evaluate, fit

END = 269  # pictures, as many as in the test part of the random split
SETTINGS: dict[str, Any] = {"epochs": 6, "one_cycle": True}


# ---------------------------------------------------------------- networks


def make_network(seed: int = 0) -> nn.Sequential:
    """Return the CNN of the chapter; the same start each time."""
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


def fully_connected(seed: int = 0) -> nn.Sequential:
    """Return a fully connected network with about as many parameters."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 36), nn.ReLU(), nn.Linear(36, 10))


def train_one(model: nn.Module, data: Any, seed: int, rate: float, **settings: Any) -> History:
    """Train a network in place."""
    settings = {**SETTINGS, "learning_rate": rate, "seed": seed} | settings
    return fit(model, *data[:2], **settings)


# ---------------------------------------------------------------- who wrote the digits


def held_out(images: Tensor, labels: Tensor, end: slice) -> Split:
    """Hold out one end of the file; divide the rest at random."""
    rest = torch.ones(len(labels), dtype=torch.bool)
    rest[end] = False
    train, validation, _ = split(images[rest], labels[rest], validation=270 / 1528, test=0)
    return Split(train, validation, LabelledImages(images[end], labels[end]))


def divisions() -> dict[str, Split]:
    """Return the random split, and those that hold out an end of the file."""
    images, labels = load_images("digits")
    return {
        "random split": split(images, labels),
        "first 269": held_out(images, labels, slice(END)),
        "last 269": held_out(images, labels, slice(-END, None)),
    }


def most_similar(pictures: Tensor, known: Any) -> Tensor:
    """Answer with the label of the training picture that is nearest, pixel by pixel."""
    images, labels = known
    distances = torch.cdist(pictures.flatten(1), images.flatten(1))
    return labels[distances.argmin(dim=1)]


# ---------------------------------------------------------------- pictures from outside


class Vary(nn.Module):
    """Moves, turns, slants and stretches each picture at random, in training mode alone."""

    def __init__(self, shift: float = 3, turn: float = 15, stretch: float = 0.25) -> None:
        super().__init__()
        self.shift, self.stretch = shift / 14, stretch
        self.turn = math.radians(turn)

    def forward(self, images: Tensor) -> Tensor:
        """Return the pictures, each varied in its own way."""
        if not self.training:
            return images
        dice = 2 * torch.rand(6, len(images)) - 1  # from -1 to 1
        turn, slant = self.turn * dice[:2]
        wide, high = 1 + self.stretch * dice[2:4]
        right, down = self.shift * dice[4:]
        top = torch.stack([turn.cos() * wide, slant - turn.sin(), right], dim=1)
        low = torch.stack([turn.sin(), turn.cos() * high, down], dim=1)
        matrix = torch.stack([top, low], dim=1).to(images)  # (N, 2, 3)
        grid = F.affine_grid(matrix, images.shape, align_corners=False)  # type: ignore[arg-type]
        return F.grid_sample(images, grid, align_corners=False)


def normalised(images: Tensor) -> Tensor:
    """Return each digit with its box 20 pixels long, its centre of mass in the middle."""
    return torch.stack([_normalised(picture) for picture in images[:, 0]])[:, None]


def _normalised(picture: Tensor) -> Tensor:
    ink = picture > 0.3
    rows, columns = (ink.any(dim=side).nonzero().flatten() for side in (1, 0))
    box = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(20 * side / max(box.shape))) for side in box.shape)
    box = F.interpolate(box[None, None], (height, width), mode="bilinear", antialias=True)[0, 0]
    centres = [
        float((box.sum(dim=1 - axis) * torch.arange(length)).sum() / box.sum())
        for axis, length in enumerate((height, width))
    ]
    top, left = (
        min(max(round(13.5 - centre), 0), 28 - length)
        for centre, length in zip(centres, (height, width))
    )
    placed = torch.zeros_like(picture)
    placed[top : top + height, left : left + width] = box
    return placed


def thicker(images: Tensor) -> Tensor:
    """Return pictures whose strokes are a pixel wider on each side."""
    return F.max_pool2d(images, 3, stride=1, padding=1)


def thinner(images: Tensor) -> Tensor:
    """Return pictures whose strokes are thinner: each pixel becomes the darkest of its window."""
    return -F.max_pool2d(-images, 2, stride=1, padding=1)[:, :, 1:, 1:]


VARIED: dict[str, dict[str, float]] = {
    "plain": {},
    "moved": {"turn": 0, "stretch": 0},
    "turned, slanted": {"shift": 0, "stretch": 0},
    "stretched": {"shift": 0, "turn": 0},
    "all three": {"shift": 3},
}


# ---------------------------------------------------------------- few labels


def few(part: Any, number: int, seed: int) -> LabelledImages:
    """Return some labelled pictures of each class."""
    generator = torch.Generator().manual_seed(seed)
    images, labels = part
    chosen = []
    for kind in labels.unique():
        places = (labels == kind).nonzero().flatten()
        order = torch.randperm(len(places), generator=generator)
        chosen.append(places[order[:number]])
    few_places = torch.cat(chosen)
    return LabelledImages(images[few_places], labels[few_places])


def with_new_head(pretrained: nn.Sequential, classes: int, seed: int) -> nn.Sequential:
    """Return a copy of a network with a last layer of its own."""
    model = copy.deepcopy(pretrained)
    torch.manual_seed(seed)
    model[-1] = nn.Linear(model[-1].in_features, classes)  # type: ignore[arg-type]
    return model


def accuracy(model: nn.Module, part: Any) -> float:
    """Return the part of some pictures that is named right."""
    return evaluate(model, *part).accuracy


# ---------------------------------------------------------------- one training of each experiment

RATES = {"fully connected": 0.03, "CNN": 0.01}  # the best of those tried; the tool compares
TRIED = (0.001, 0.003, 0.01, 0.03, 0.1)
NETWORKS = {"fully connected": fully_connected, "CNN": make_network}


@cache
def parts() -> dict[str, Split]:
    """Return the three divisions, made once."""
    return divisions()


def writers_loss(name: str, seed: int, rate: float) -> float:
    """Return the validation loss of one network on the random split."""
    data = parts()["random split"]
    return min(train_one(NETWORKS[name](seed), data, seed, rate).validation_losses)


def writers_accuracies(name: str, seed: int) -> dict[str, float]:
    """Train a network on each division, and test it on the part that was held out."""
    found = {}
    for division, data in parts().items():
        if name == "nearest neighbour":
            answers = most_similar(data.test.images, data.train)
            found[division] = (answers == data.test.labels).double().mean().item()
        else:
            model = NETWORKS[name](seed)
            train_one(model, data, seed, RATES[name])
            found[division] = accuracy(model, data.test)
    return found


def outside_accuracies(way: str, seed: int, outside: dict[str, Any]) -> dict[str, float]:
    """Train the CNN in one way, and test it on the digits and on pictures from outside."""
    varied = way.removeprefix("normalised").removeprefix(", ") or "plain"
    prepare = normalised if way.startswith("normalised") else torch.clone
    train, validation, test = parts()["random split"]
    data = [(prepare(images), labels) for images, labels in (train, validation)]
    model = make_network(seed)
    varying = (Vary(**VARIED[varied]),) if varied != "plain" else ()
    train_one(nn.Sequential(*varying, model), data, seed, RATES["CNN"])
    return {
        name: accuracy(model, (prepare(images), labels))
        for name, (images, labels) in {"test digits": test, **outside}.items()
    }
