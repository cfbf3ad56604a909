"""
Step animations: one picture that holds every step, and a small player that shows them in turn.

The picture alone is the static strip: it is what print, GitHub and readers without scripts see.
"""

import base64
import html
import io
import json
import math
from pathlib import Path
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from torch import Tensor

from utils import _validate
from utils._validate import (
    Frames,
    Kernel,
    NonNegativePair,
    Number,
    Padding,
    Pair,
    Sentence,
    Texts,
    Values,
    checked,
    choice,
    integer,
    tensor,
)
from utils.diagrams.steps import POOL_MODES, ChannelSteps, ConvSteps, PoolSteps, Steps

__all__ = ["Animation", "animate_channels", "animate_conv", "animate_pool"]

_PIXELS_PER_INCH = 200  # twice the resolution at which a frame is shown
_SECONDS_PER_STEP = 1.2
_COLOURS = 24
_MOST_STEPS = 256  # nobody watches more, and the strip of all steps has to stay a small picture
_PLAYER = Path(__file__).with_name("animation_player.js").read_text(encoding="utf-8")


class Animation:
    """
    A sequence of figures, shown as a player in a browser and as a strip everywhere else.

    Parameters
    ----------
    frames : iterable of Figure
        The steps, all of one size. Figures that pyplot knows are closed.
    captions : sequence of str
        One sentence for each step.
    alt : str
        What there is to see, for readers who do not see it: a sentence or two.
    colours : int
        How many colours a drawing keeps, from 2 to 256: more of them make it larger.

    Raises
    ------
    TypeError
        If a frame is not a figure, a text is not a str, or `colours` not an integer.
    ValueError
        If the frames differ in size or are more than 256, the captions do not fit, a text is
        empty, or `colours` is out of range.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figures = [Figure(figsize=(2, 1), facecolor=grey) for grey in ("black", "grey", "white")]
    >>> Animation(figures, captions=["Dark.", "Grey.", "Light."], alt="It brightens.")
    <Animation: 3 steps>
    """

    @checked
    def __init__(
        self,
        frames: Frames,
        *,
        captions: Texts,
        alt: Sentence,
        colours: Annotated[int, integer(minimum=2, maximum=256)] = _COLOURS,
    ) -> None:
        _validate.as_step_count(len(captions), most=_MOST_STEPS)  # before many frames are drawn
        images = [_as_image(frame) for frame in frames]
        texts = _validate.as_texts(captions, "captions", len(images))
        self.captions = [_validate.as_sentence(text, "captions") for text in texts]
        self.alt = alt
        _validate.require_one_size([image.size for image in images], "frames")
        self._columns = math.ceil(math.sqrt(len(images)))
        self._rows = math.ceil(len(images) / self._columns)
        self._width, self._height = images[0].size
        size = self._columns * self._width, self._rows * self._height
        strip = Image.new("RGB", size, "white")
        for step, image in enumerate(images):
            row, column = divmod(step, self._columns)
            strip.paste(image, (column * self._width, row * self._height))
        self._strip = _with_palette(strip, colours=colours)

    @property
    def strip(self) -> Image.Image:  # numpydoc ignore=RT01,EX01
        """The picture of all steps, as a Pillow image with a palette."""
        return self._strip

    def __len__(self) -> int:
        return len(self.captions)

    def __repr__(self) -> str:
        return f"<Animation: {len(self)} {'step' if len(self) == 1 else 'steps'}>"

    def _repr_html_(self) -> str:
        buffer = io.BytesIO()
        self._strip.save(buffer, format="PNG", optimize=True)
        data = base64.b64encode(buffer.getvalue()).decode()
        width, height = self._strip.size
        settings = {
            "captions": self.captions,
            "columns": self._columns,
            "rows": self._rows,
            "width": self._width / 2,
            "height": self._height / 2,
            "seconds": _SECONDS_PER_STEP,
        }
        # "<" is escaped so that no caption can end the script.
        script = _PLAYER.replace("SETTINGS", json.dumps(settings).replace("<", "\\u003c"))
        return (
            '<div class="cnn-animation">'
            f'<img src="data:image/png;base64,{data}" alt="{html.escape(self.alt)}" '
            f'width="{width}" height="{height}" '
            'style="max-width: 100%; height: auto; background: white">'
            f"<script>\n{script}</script></div>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def _as_image(frame: Any) -> Image.Image:
    """Draw a figure into a picture, and close it if pyplot knows it."""
    figure = _validate.as_figure(frame, "frames")
    canvas, dpi = FigureCanvasAgg(figure), figure.dpi
    figure.set_dpi(_PIXELS_PER_INCH)
    try:
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    finally:
        figure.set_dpi(dpi)
        plt.close(figure)


def _with_palette(image: Image.Image, *, colours: int, distance: float = 12) -> Image.Image:
    """
    Reduce a picture to a palette without shifting its colours.

    Drawings consist of few colours, blended where edges are smoothed: the palette is made of the
    colours that cover most, each at some distance from the others. A photograph has no such
    colours and is reduced in the usual way.
    """
    pixels = image.width * image.height
    counts: Any = image.getcolors(pixels)
    covered = 0
    palette: list[tuple[int, int, int]] = []
    for count, colour in sorted(counts, key=lambda entry: (-entry[0], entry[1]))[:2000]:
        if len(palette) < colours and all(math.dist(colour, c) >= distance for c in palette):
            palette.append(colour)
            covered += count
    if covered < 0.7 * pixels:
        return image.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    reference = Image.new("P", (1, 1))
    reference.putpalette([channel for colour in palette for channel in colour])
    return image.quantize(palette=reference, dither=Image.Dither.NONE)


def _animate(steps: Steps, *, colours: int = _COLOURS) -> Animation:
    """Draw all the steps of a calculation."""
    captions, alt = steps.captions(), steps.alt()
    return Animation(steps.frames(), captions=captions, alt=alt, colours=colours)


@checked
def animate_conv(
    image: Values,
    kernel: Kernel,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> Animation:
    """
    Animate a convolution: one step for each value of the output, its sum written out.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), the input X.
    kernel : Tensor
        Shape (kH, kW), the kernel K.
    stride, padding, dilation : int or tuple of int
        As in `torch.nn.functional.conv2d`.

    Returns
    -------
    Animation
        The last step shows the finished output.

    Raises
    ------
    TypeError, ValueError
        If a shape does not fit.

    Examples
    --------
    >>> import torch
    >>> animation = animate_conv(torch.eye(3), torch.ones(2, 2))
    >>> animation.captions[-1]
    'Y[1, 1] = 2: the window reads rows 1 to 2, columns 1 to 2.'
    """
    settings: Any = {"stride": stride, "padding": padding, "dilation": dilation}
    return _animate(ConvSteps(image, kernel, **settings))


@checked
def animate_pool(
    image: Values,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: NonNegativePair = 0,
    mode: Annotated[str, choice(POOL_MODES)] = "max",
) -> Animation:
    """
    Animate a pooling: one step for each value of the output, its maximum or mean written out.

    Parameters
    ----------
    image : Tensor
        Shape (H, W), the input X.
    kernel_size : int or tuple of int
        Height and width of the window.
    stride, padding : int or tuple of int
        As in `torch.nn.functional.max_pool2d`; the stride is the size of the window by default.
    mode : str
        "max" or "average".

    Returns
    -------
    Animation
        The last step shows the finished output.

    Raises
    ------
    TypeError, ValueError
        If a shape does not fit.

    Examples
    --------
    >>> import torch
    >>> animation = animate_pool(torch.arange(16).reshape(4, 4), 2)
    >>> animation.captions[-1]
    'Y[1, 1] = 15: the largest of 10, 11, 14 and 15.'
    """
    return _animate(PoolSteps(image, kernel_size, stride=stride, padding=padding, mode=mode))


@checked
def animate_channels(
    image: Annotated[Tensor, tensor("(C, H, W)")],
    filter: Annotated[Tensor, tensor("(C, kH, kW)")],
    *,
    bias: Number = 0,
) -> Animation:
    """
    Animate one filter over the channels of an image: one step for each value of its feature map.

    Each step writes out the products of every channel, their partial sums, and the bias.

    Parameters
    ----------
    image : Tensor
        Shape (C, H, W).
    filter : Tensor
        Shape (C, kH, kW): one kernel for each channel.
    bias : float
        Added to every entry of the feature map.

    Returns
    -------
    Animation
        The last step shows the finished feature map.

    Raises
    ------
    TypeError, ValueError
        If the channels differ or the filter does not fit.

    Examples
    --------
    >>> import torch
    >>> animation = animate_channels(torch.ones(3, 3, 3), torch.ones(3, 2, 2), bias=1)
    >>> animation.captions[-1]
    'Y[1, 1] = 4 + 4 + 4 + 1 = 13: red, green, blue, and the bias.'
    """
    return _animate(ChannelSteps(image, filter, bias=bias), colours=3 * _COLOURS)
