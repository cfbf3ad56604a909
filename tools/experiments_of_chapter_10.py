"""
What chapter 10 measures: networks, data and recipe, as its cells tagged ``results`` define them.

The reader sees, and may change, the cells; `tools/measure_results.py` imports this module. A test
holds the two equal, docstrings and types aside.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from utils.data import Split, faces, load_images, split
from utils.training import History, evaluate, fit

# ---------------------------------------------------------------- two networks for 128 x 128


def fully_128() -> nn.Sequential:
    """Return a fully connected network."""
    layers = [nn.Flatten()]
    for inputs, outputs in pairwise((128 * 128, 256, 128, 64, 16, 1)):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]  # type: ignore[list-item]
    return nn.Sequential(*layers[:-1])  # no ReLU after the score


def cnn_128() -> nn.Sequential:
    """Return a CNN that flattens its last maps."""
    layers = []
    for channels in (1, 3, 3, 3, 3):
        layers += [nn.Conv2d(channels, 3, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(3 * 128 * 128, 1))


# ---------------------------------------------------------------- an equal budget, on digits


def blocks() -> list[nn.Module]:
    """Return two blocks of convolution and pooling."""
    return [
        nn.Conv2d(1, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]


def rivals(seed: int) -> dict[str, nn.Sequential]:
    """Return three networks with about as many parameters."""
    torch.manual_seed(seed)
    fully = [nn.Flatten(), nn.Linear(28 * 28, 36), nn.ReLU(), nn.Linear(36, 10)]
    flatten = [*blocks(), nn.Flatten(), nn.Linear(32 * 7 * 7, 10)]
    third = [nn.Conv2d(32, 52, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1)]
    pooled = [*blocks(), *third, nn.Flatten(), nn.Linear(52, 10)]
    return {
        "fully connected": nn.Sequential(*fully),
        "CNN + flatten": nn.Sequential(*flatten),
        "CNN + global pooling": nn.Sequential(*pooled),
    }


device = "cuda" if torch.cuda.is_available() else "cpu"
digits = split(*load_images("digits"))
rates = {
    "fully connected": 0.03,
    "CNN + flatten": 0.03,
    "CNN + global pooling": 0.01,
}


def train_one(model: nn.Module, data: Split, seed: int, rate: float, epochs: int = 8) -> History:
    """Train a network in place."""
    settings = {"epochs": epochs, "batch_size": 25, "learning_rate": rate, "one_cycle": True}
    return fit(
        model,
        data.train,
        data.validation,
        seed=seed,
        device=device,
        **settings,  # type: ignore[arg-type]
    )


def accuracy_moved(model: nn.Module, pixels: int) -> float:
    """Return the accuracy on test digits moved up, down, left and right."""
    images, labels = digits.test
    correct = 0
    for rows, columns in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        moved = images.roll((rows * pixels, columns * pixels), dims=(2, 3))
        correct += evaluate(model, moved, labels).correct
    return correct / (4 * len(labels))


order = torch.randperm(28 * 28, generator=torch.Generator().manual_seed(0))


def shuffled(data: Split) -> Split:
    """Return digits whose pixels all stand in the same new order."""
    return Split(*(part._replace(images=reorder(part.images)) for part in data))


def reorder(images: Tensor) -> Tensor:
    """Return pictures with their pixels in the new order."""
    return images.flatten(1)[:, order].reshape(images.shape)


few_settings = {"epochs": 100}


def few(data: Split, number: int, seed: int) -> Split:
    """Return data with only some of the training pictures."""
    generator = torch.Generator().manual_seed(seed)
    images, labels = data.train
    chosen = torch.randperm(len(labels), generator=generator)[:number]
    return data._replace(train=(images[chosen], labels[chosen]))  # type: ignore[arg-type]


# ---------------------------------------------------------------- faces


def draw_faces(number: int, seed: int) -> Any:
    """Return drawn faces, and whether they smile."""
    images, labels = faces(number, seed=seed)
    return (images - 0.5) / 0.25, labels  # around 0, about from -2 to 2


people = Split(
    draw_faces(1000, seed=101),
    draw_faces(300, seed=102),
    draw_faces(1000, seed=103),
)

face_rates = {"fully connected": 3e-4, "CNN, flat": 3e-4, "CNN, pooled": 3e-3}
face_settings = {"epochs": 30}


def block(inputs: int, outputs: int, stride: int = 1) -> tuple[nn.Module, ...]:
    """Return a convolution, a batch norm, a ReLU and a pooling."""
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)


def face_networks(seed: int) -> dict[str, nn.Sequential]:
    """Return three networks that score a smile, each with a zero in front of its score."""
    torch.manual_seed(seed)
    blocks = [*block(1, 8, stride=2), *block(8, 8), *block(8, 16), *block(16, 16)]
    pooled = [*blocks, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, 1)]
    networks = {}
    for name, layers in zip(face_rates, (fully_128(), cnn_128(), pooled)):
        network = nn.Sequential(*layers, nn.ZeroPad1d((1, 0)))  # type: ignore[misc]
        networks[name] = network.to(memory_format=torch.channels_last)
    return networks
