"""Faces drawn with Pillow, smiling or not, anywhere in the picture."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from PIL import Image, ImageDraw

from utils._validate import Count, NonNegative, checked, integer

_SIDE = 128  # pixels: a head is drawn large once, then turned and made small
_TURN, _NOISE = 15.0, 0.08  # degrees to either side, largest standard deviation
_CONTRAST = 0.2  # at least, between the background and both skin and hair

# What differs from head to head, each drawn evenly between two numbers. Lengths are parts of
# `_SIDE`, brightness goes from 0 (black) to 1 (white).
_TRAITS = {
    "width": (0.32, 0.42),  # half of the head
    "fringe": (0.20, 0.34),  # from the top
    "ink": (0.25, 0.55),  # brightness of eyes and mouth, as a part of that of the skin
    "eye_gap": (0.13, 0.19),
    "eye_size": (0.028, 0.045),
    "eye_height": (0.42, 0.48),
    "brow": (-0.02, 0.02),
    "nose": (0.05, 0.10),
    "mouth_width": (0.13, 0.20),
    "mouth_height": (0.70, 0.76),
    "stroke": (0.025, 0.045),
}
_SMILE, _NO_SMILE = (0.07, 0.13), (-0.06, 0.01)  # how far the corners of the mouth are raised


@checked
def faces(
    n: Count = 1000,
    *,
    seed: NonNegative = 0,
    size: Annotated[int, integer(minimum=48)] = 128,
) -> tuple[torch.Tensor, torch.Tensor]:
    """
    Return grey pictures of drawn faces, and which of them smile.

    Each face has a place, a size, a slight turn, brightnesses and features of its own, in uneven
    light and with some noise. Half of them smile (to within one), in random order. The others
    look serious or sad; nothing but the mouth tells them apart.

    Parameters
    ----------
    n : int
        Number of pictures.
    seed : int
        The same number gives the same pictures; another one gives others.
    size : int
        Height and width, in pixels; at least 48.

    Returns
    -------
    images : Tensor of shape (N, 1, H, W), float32
        Brightness from 0 (black) to 1 (white).
    labels : Tensor of shape (N,), int64
        1 for a smile, else 0.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If `n` is less than 1, `seed` less than 0 or `size` less than 48.

    Notes
    -----
    A head is between 0.3 and 0.6 times as high as the picture and lies inside it as a whole. For a
    test set, use another `seed`.

    Examples
    --------
    >>> images, labels = faces(20)
    >>> images.shape, labels.bincount().tolist()
    (torch.Size([20, 1, 128, 128]), [10, 10])
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n)[torch.randperm(n, generator=generator)] % 2
    pictures = np.stack([_picture(label, size, generator) for label in labels.tolist()])
    images = torch.from_numpy(pictures)[:, None].float() / 255
    slopes = 0.3 * torch.rand(n, 1, 2, 1, generator=generator) - 0.15
    ramp = torch.linspace(-1, 1, size)
    light = slopes[:, :, :1] * ramp[:, None] + slopes[:, :, 1:] * ramp  # (N, 1, H, W)
    noise = _NOISE * torch.rand(n, 1, 1, 1, generator=generator)
    noise = noise * torch.randn(n, 1, size, size, generator=generator)
    return (images + light + noise).clamp(0, 1), labels


def _picture(smiling: int, size: int, generator: torch.Generator) -> np.ndarray:
    """Place a head of its own on an even background; return (size, size) bytes."""
    corner, turn, height, top, left = _random(generator, 5)
    corner = _between(_SMILE if smiling else _NO_SMILE, corner)
    traits = {
        name: _between(ends, part)
        for (name, ends), part in zip(_TRAITS.items(), _random(generator, len(_TRAITS)))
    }
    skin, hair, background = _skin_hair_background(generator)
    face, mask = (
        layer.rotate(_TURN * (2 * turn - 1), Image.Resampling.BILINEAR, fillcolor=fill)
        for layer, fill in zip(_head(skin, hair, corner, **traits), (_grey(skin), 0))
    )
    side = round(size * _between((0.34, 0.64), height))  # of the square around the head
    at = (round(left * (size - side)), round(top * (size - side)))
    picture = Image.new("L", (size, size), _grey(background))
    face, mask = (layer.resize((side, side), Image.Resampling.LANCZOS) for layer in (face, mask))
    picture.paste(face, at, mask)
    return np.array(picture)


def _head(
    skin: float, hair: float, corner: float, *, width: float, fringe: float, ink: float,
    eye_gap: float, eye_size: float, eye_height: float, brow: float, nose: float,
    mouth_width: float, mouth_height: float, stroke: float,
) -> tuple[Image.Image, Image.Image]:  # fmt: skip
    """Draw a head as large as its square; return it and the mask of its outline."""
    mask = Image.new("L", (_SIDE, _SIDE))
    ImageDraw.Draw(mask).ellipse(_box(0.5, 0.5, width, 0.46), fill=255)
    face = Image.new("L", (_SIDE, _SIDE), _grey(skin))
    draw = ImageDraw.Draw(face)
    draw.rectangle((0, 0, _SIDE, fringe * _SIDE), fill=_grey(hair))
    dark, thick = _grey(ink * skin), round(stroke * _SIDE)
    for x in (0.5 - eye_gap, 0.5 + eye_gap):
        draw.ellipse(_box(x, eye_height, eye_size, 1.3 * eye_size), fill=dark)
        inner, outer = eye_height - 0.08 + brow, eye_height - 0.08 - brow
        ends = (inner, outer) if x > 0.5 else (outer, inner)
        draw.line(_line((x - 0.06, ends[0]), (x + 0.06, ends[1])), fill=dark, width=thick // 2 + 1)
    tip = eye_height + 0.06 + nose
    draw.line(_line((0.5, eye_height + 0.06), (0.48, tip), (0.52, tip)), fill=dark, width=2)
    mouth = [
        (0.5 + mouth_width * x, mouth_height + corner * (0.5 - x * x))
        for x in np.linspace(-1, 1, 13).tolist()
    ]
    draw.line(_line(*mouth), fill=dark, width=thick, joint="curve")
    return face, mask


def _skin_hair_background(generator: torch.Generator) -> tuple[float, float, float]:
    """Return three brightnesses; the last can be told from the others."""
    while True:
        skin, hair, background = _random(generator, 3)
        skin, background = _between((0.45, 0.95), skin), _between((0.1, 0.9), background)
        if min(abs(skin - background), abs(hair - background)) >= _CONTRAST:
            return skin, hair, background


def _random(generator: torch.Generator, count: int) -> list[float]:
    """Return a list of numbers from 0 to 1."""
    return torch.rand(count, generator=generator).tolist()


def _between(ends: tuple[float, float], part: float) -> float:
    low, high = ends
    return low + part * (high - low)


def _grey(brightness: float) -> int:
    return round(255 * brightness)


def _box(x: float, y: float, width: float, height: float) -> Sequence[float]:
    """Return left, top, right, bottom in pixels around a point, from parts of the side."""
    return [_SIDE * value for value in (x - width, y - height, x + width, y + height)]


def _line(*points: tuple[float, float]) -> list[tuple[float, float]]:
    """Return points in pixels, from parts of the side."""
    return [(_SIDE * x, _SIDE * y) for x, y in points]
