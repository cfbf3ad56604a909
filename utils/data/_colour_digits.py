"""Digits in colour, drawn with the typefaces that ship with Matplotlib."""

import functools
from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from utils._validate import Count, NonNegative, checked, integer

# The typefaces that ship with Matplotlib: sans, serif and typewriter; upright, slanted and bold.
_FONTS = (
    *("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSans-Bold", "DejaVuSans-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Italic", "DejaVuSerif-Bold", "DejaVuSerif-BoldItalic"),
    *("DejaVuSansMono", "DejaVuSansMono-Oblique", "DejaVuSansMono-Bold"),
    *("STIXGeneral", "STIXGeneralItalic", "STIXGeneralBol", "STIXGeneralBolIta"),
    *("cmr10", "cmb10", "cmss10", "cmtt10"),
)
_GLYPH = 64  # pixels: digits are drawn large once, then turned and made small
_CONTRAST = 3.0  # between digit and background, as WCAG 2 asks of large text
_TURN, _NOISE = 12.0, 0.04  # degrees to either side, standard deviation


@checked
def colour_digits(
    n: Count = 1000,
    *,
    seed: NonNegative = 0,
    size: Annotated[int, integer(minimum=12)] = 32,
) -> tuple[torch.Tensor, torch.Tensor]:
    """
    Return coloured pictures of the digits 0 to 9, and which digits they are.

    Each digit has a random typeface, size, place, slight turn, and colours of its own, with a
    little noise. Each of the ten digits comes equally often (to within one), in random order.

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
    images : Tensor of shape (N, 3, H, W), float32
        Red, green and blue from 0 to 1.
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
    The typefaces are the DejaVu, STIX and Computer Modern fonts that ship with Matplotlib. The
    contrast between digit and background is at least 3 (relative luminance, WCAG 2), whichever of
    the two is lighter. For a test set, use another `seed`.

    Examples
    --------
    >>> images, labels = colour_digits(20)
    >>> images.shape, labels.bincount().tolist()
    (torch.Size([20, 3, 32, 32]), [2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n)[torch.randperm(n, generator=generator)] % 10
    fonts = torch.randint(len(_FONTS), (n,), generator=generator)
    turns, heights, tops, lefts = torch.rand(4, n, generator=generator)
    masks = [
        _digit(
            _glyph(font, digit), size, turn=_TURN * (2 * turn - 1), height=height, at=(top, left)
        )
        for font, digit, turn, height, top, left in zip(
            *(values.tolist() for values in (fonts, labels, turns, heights, tops, lefts))
        )
    ]
    ink = torch.from_numpy(np.stack(masks))[:, None].float() / 255
    colours = torch.rand(n, 2, 3, generator=generator)
    while (poor := _contrast(colours) < _CONTRAST).any():
        colours[poor] = torch.rand(int(poor.sum()), 2, 3, generator=generator)
    digit, background = colours[:, :, :, None, None].unbind(1)
    noise = _NOISE * torch.randn(n, 3, size, size, generator=generator)
    return (background + ink * (digit - background) + noise).clamp(0, 1), labels


@functools.cache
def _glyph(font: int, digit: int) -> Image.Image:
    """Draw a digit, white on black, as large as its own box."""
    path = Path(mpl.get_data_path(), "fonts", "ttf", f"{_FONTS[font]}.ttf")
    face = ImageFont.truetype(path, _GLYPH, layout_engine=ImageFont.Layout.BASIC)
    picture = Image.new("L", (2 * _GLYPH, 2 * _GLYPH))
    ImageDraw.Draw(picture).text((_GLYPH // 2, _GLYPH // 4), str(digit), fill=255, font=face)
    return picture.crop(picture.getbbox())


def _digit(
    glyph: Image.Image, size: int, *, turn: float, height: float, at: tuple[float, float]
) -> np.ndarray:
    """Place a digit in a (size, size) picture; `height` and `at` go from 0 to 1."""
    turned = glyph.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    turned = turned.crop(turned.getbbox())
    margin = max(1, size // 16)
    scale = (0.5 + 0.35 * height) * size / max(turned.size)
    columns, rows = (max(1, round(side * scale)) for side in turned.size)
    picture = Image.new("L", (size, size))
    top, left = (
        margin + round(part * (size - 2 * margin - side))
        for part, side in zip(at, (rows, columns), strict=True)
    )
    picture.paste(turned.resize((columns, rows), Image.Resampling.LANCZOS), (left, top))
    return np.array(picture)


def _contrast(colours: torch.Tensor) -> torch.Tensor:
    """Return the contrast of pairs of colours (N, 2, 3), from 1 (none) to 21 (WCAG 2)."""
    linear = torch.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ torch.tensor([0.2126, 0.7152, 0.0722])
    low, high = luminance.aminmax(dim=1)
    return (high + 0.05) / (low + 0.05)
