"""Digits drawn with a round pen: stand-ins for handwriting that no network of the book has seen."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from PIL import Image, ImageDraw

from utils._validate import Count, NonNegative, checked, integer

# Each digit in one or two forms, each form in strokes, each stroke in points (right, down) of a
# unit square; curves go through the points.
_FORMS: dict[int, Sequence[Sequence[Sequence[tuple[float, float]]]]] = {
    0: [[[(0.5, 0), (0.1, 0.25), (0.05, 0.7), (0.5, 1), (0.9, 0.7), (0.85, 0.2), (0.5, 0)]]],
    1: [[[(0.5, 0), (0.5, 0.5), (0.5, 1)]], [[(0.2, 0.25), (0.6, 0)], [(0.6, 0), (0.6, 1)]]],
    2: [
        [
            [(0.1, 0.25), (0.45, 0), (0.85, 0.2), (0.7, 0.5), (0.1, 1)],
            [(0.1, 1), (0.5, 0.97), (0.95, 1)],
        ]
    ],
    3: [
        [
            [(0.1, 0.1), (0.5, 0), (0.85, 0.2), (0.4, 0.45)],
            [(0.4, 0.45), (0.9, 0.7), (0.5, 1), (0.05, 0.9)],
        ]
    ],
    4: [
        [[(0.45, 0), (0.05, 0.6)], [(0.05, 0.6), (0.95, 0.6)], [(0.7, 0.35), (0.65, 1)]],
        [[(0.6, 0), (0.05, 0.65)], [(0.05, 0.65), (0.95, 0.65)], [(0.6, 0), (0.6, 1)]],
    ],
    5: [
        [
            [(0.85, 0), (0.2, 0)],
            [(0.2, 0), (0.15, 0.45)],
            [(0.15, 0.45), (0.6, 0.38), (0.9, 0.7), (0.5, 1), (0.05, 0.9)],
        ]
    ],
    6: [
        [
            [
                *((0.75, 0), (0.3, 0.3), (0.1, 0.7), (0.45, 1), (0.85, 0.8), (0.6, 0.52)),
                (0.12, 0.7),
            ]
        ]
    ],
    7: [
        [[(0.05, 0), (0.9, 0)], [(0.9, 0), (0.55, 0.45), (0.35, 1)]],
        [[(0.05, 0), (0.9, 0)], [(0.9, 0), (0.35, 1)], [(0.25, 0.5), (0.8, 0.5)]],
    ],
    8: [
        [
            [
                *((0.5, 0.45), (0.15, 0.2), (0.5, 0), (0.85, 0.2), (0.5, 0.45), (0.1, 0.75)),
                *((0.5, 1), (0.9, 0.75), (0.5, 0.45)),
            ]
        ]
    ],
    9: [
        [
            [(0.85, 0.3), (0.5, 0), (0.12, 0.25), (0.45, 0.52), (0.85, 0.3)],
            [(0.85, 0.3), (0.8, 0.65), (0.55, 1)],
        ]
    ],
}
_FINE = 4  # times larger when drawn, then made small: smooth edges
_PEN = (1.4, 4.0)  # width of the stroke, in pixels of a 28 x 28 picture
_HEIGHT, _NARROW = 20, (0.45, 0.85)  # of the digit, in the same pixels; width by height
_SLANT, _TREMOR = 0.35, 0.05  # to either side; standard deviation of a point


@checked
def pen_digits(
    n: Count = 1000,
    *,
    seed: NonNegative = 0,
    size: Annotated[int, integer(minimum=12)] = 28,
) -> tuple[torch.Tensor, torch.Tensor]:
    """
    Return pictures of the digits 0 to 9, drawn with a round pen, and which digits they are.

    They have the size and the place of handwritten ones, and another hand: thin to thick strokes,
    wide to narrow, leaning to either side, with points that tremble. Each of the ten digits comes
    equally often (to within one), in random order.

    Parameters
    ----------
    n : int
        Number of pictures.
    seed : int
        The same number gives the same pictures; another one gives others.
    size : int
        Height and width, in pixels; at least 12.

    Returns
    -------
    images : Tensor of shape (N, 1, H, W), float32
        Brightness from 0 (black) to 1 (white).
    labels : Tensor of shape (N,), int64
        The digits.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If `n` is less than 1, `seed` less than 0 or `size` less than 12.

    Notes
    -----
    No person wrote them: they are polygons through points, and no substitute for a test on real
    handwriting. For a test set, use another `seed`.

    Examples
    --------
    >>> images, labels = pen_digits(20)
    >>> images.shape, labels.bincount().tolist()
    (torch.Size([20, 1, 28, 28]), [2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n)[torch.randperm(n, generator=generator)] % 10
    pictures = np.stack([_picture(label, size, generator) for label in labels.tolist()])
    return torch.from_numpy(pictures)[:, None].float() / 255, labels


def _picture(digit: int, size: int, generator: torch.Generator) -> np.ndarray:
    """Draw one digit in the middle of a black picture; return (size, size) bytes."""
    form, pen, narrow, slant = torch.rand(4, generator=generator).tolist()
    strokes = _FORMS[digit][int(form * len(_FORMS[digit]))]
    unit = _FINE * size / 28
    height, narrow = _HEIGHT * unit, _NARROW[0] + narrow * (_NARROW[1] - _NARROW[0])
    width = (_PEN[0] + pen * (_PEN[1] - _PEN[0])) * unit
    lines = []
    for stroke in strokes:
        points = torch.tensor(stroke)
        points = points + _TREMOR * torch.randn(points.shape, generator=generator)
        right, down = (_curve(points) - 0.5).unbind(1)
        right = narrow * right - _SLANT * (2 * slant - 1) * down
        lines.append(torch.stack([right, down], dim=1))
    low, high = torch.cat(lines).aminmax(dim=0)
    scale = (height - width) / float((high - low).max())
    side = _FINE * size
    picture = Image.new("L", (side, side))
    draw = ImageDraw.Draw(picture)
    for line in lines:
        dots = [tuple(dot) for dot in ((line - (low + high) / 2) * scale + side / 2).tolist()]
        draw.line(dots, fill=255, width=round(width), joint="curve")
        for x, y in (dots[0], dots[-1]):  # round ends
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.array(picture.resize((size, size), Image.Resampling.BOX))


def _curve(points: torch.Tensor) -> torch.Tensor:
    """Return points (M, 2) of a smooth curve through some points (Catmull and Rom)."""
    if len(points) < 3:
        return points
    ends = torch.cat([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = torch.linspace(0, 1, 9)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
               + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:])
    ]  # fmt: skip
    return torch.cat(parts)
