"""The portrait that returns in every chapter."""

from typing import Annotated

import numpy as np
import torch
from matplotlib import cbook
from PIL import Image

from utils._validate import Flag, checked, integer

# Left, top, right, bottom of the square around the face in the 512 x 600 picture.
_FACE = (65, 8, 465, 408)


@checked
def portrait(
    *, size: Annotated[int, integer(maximum=4096)] = 200, colour: Flag = False
) -> torch.Tensor:
    """
    Return the portrait of Grace Hopper, the recurring picture of the book.

    Parameters
    ----------
    size : int
        Height and width, in pixels; at most 4096.
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
        If `size` is less than 1 or more than 4096.

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
    with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as photograph:
        picture = photograph.convert("RGB" if colour else "L")
        picture = picture.resize((size, size), Image.Resampling.LANCZOS, box=_FACE)
    pixels = torch.from_numpy(np.array(picture)).float() / 255  # (H, W) or (H, W, 3)
    return pixels.permute(2, 0, 1).contiguous() if colour else pixels
