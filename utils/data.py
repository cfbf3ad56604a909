"""Pictures that come with the libraries, or are drawn: no download, and the same every time."""

import functools
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import cbook
from PIL import Image, ImageDraw, ImageFont

from utils import _validate

__all__ = ["colour_digits", "portrait"]

# Left, top, right, bottom of the square around the face in the 512 x 600 picture.
_FACE = (65, 8, 465, 408)

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


def colour_digits(n=1000, *, seed=0, size=32):
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
    n = _validate.as_int(n, "n")
    seed = _validate.as_int(seed, "seed", minimum=0)
    size = _validate.as_int(size, "size", minimum=12)
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


def portrait(*, size=200, colour=False):
    """
    Return the portrait of Grace Hopper, the recurring picture of the book.

    Parameters
    ----------
    size : int
        Height and width, in pixels.
    colour : bool
        Whether to return red, green and blue instead of grey.

    Returns
    -------
    Tensor of shape (H, W) or (3, H, W), float32
        Brightness from 0 (black) to 1 (white).

    Raises
    ------
    TypeError
        If `size` is not an integer or `colour` not a bool.
    ValueError
        If `size` is less than 1.

    Notes
    -----
    Source: James S. Davis, United States Navy, about 1984; public domain. The file ships with
    Matplotlib (``matplotlib.cbook.get_sample_data("grace_hopper.jpg")``). Here it is cut to a
    square around the face and resized with an antialiasing filter. Grey is
    0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).

    Examples
    --------
    >>> portrait().shape, portrait(size=64, colour=True).shape
    (torch.Size([200, 200]), torch.Size([3, 64, 64]))
    """
    size = _validate.as_int(size, "size")
    colour = _validate.as_bool(colour, "colour")
    with cbook.get_sample_data("grace_hopper.jpg") as file, Image.open(file) as picture:
        picture = picture.convert("RGB" if colour else "L")
        picture = picture.resize((size, size), Image.Resampling.LANCZOS, box=_FACE)
    pixels = torch.from_numpy(np.array(picture)).float() / 255  # (H, W) or (H, W, 3)
    return pixels.permute(2, 0, 1).contiguous() if colour else pixels


@functools.cache
def _glyph(font, digit):
    """Draw a digit, white on black, as large as its own box."""
    path = Path(mpl.get_data_path(), "fonts", "ttf", f"{_FONTS[font]}.ttf")
    face = ImageFont.truetype(path, _GLYPH, layout_engine=ImageFont.Layout.BASIC)
    picture = Image.new("L", (2 * _GLYPH, 2 * _GLYPH))
    ImageDraw.Draw(picture).text((_GLYPH // 2, _GLYPH // 4), str(digit), fill=255, font=face)
    return picture.crop(picture.getbbox())


def _digit(glyph, size, *, turn, height, at):
    """Place a digit in a (size, size) picture; `height` and `at` go from 0 to 1."""
    turned = glyph.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    turned = turned.crop(turned.getbbox())
    margin = max(1, size // 16)
    scale = (0.5 + 0.35 * height) * size / max(turned.size)
    width, height = (max(1, round(side * scale)) for side in turned.size)
    picture = Image.new("L", (size, size))
    top, left = (
        margin + round(part * (size - 2 * margin - side))
        for part, side in zip(at, (height, width), strict=True)
    )
    picture.paste(turned.resize((width, height), Image.Resampling.LANCZOS), (left, top))
    return np.array(picture)


def _contrast(colours):
    """Return the contrast of pairs of colours (N, 2, 3), from 1 (none) to 21 (WCAG 2)."""
    linear = torch.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ torch.tensor([0.2126, 0.7152, 0.0722])
    low, high = luminance.aminmax(dim=1)
    return (high + 0.05) / (low + 0.05)
