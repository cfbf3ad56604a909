"""Step animations: one picture that holds every step, and a small player that shows them in turn.

The picture alone is the static strip: it is what print, GitHub and readers without scripts see.
"""

import base64
import html
import io
import json
import math
from collections.abc import Iterable, Sized
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from utils import _validate
from utils.diagrams._cells import TIMES, number_format
from utils.diagrams._channels import channel_frames
from utils.diagrams._pools import pool_frames
from utils.diagrams._windows import window_frames

__all__ = ["Animation", "animate", "animate_channels", "animate_conv", "animate_pool"]

_PIXELS_PER_INCH = 200  # twice the resolution at which a frame is shown
_SECONDS_PER_STEP = 1.2
_COLOURS = 24
_MOST_STEPS = 256  # nobody watches more, and the strip of all steps has to stay a small picture
_PLAYER = Path(__file__).with_name("animation_player.js").read_text(encoding="utf-8")


class Animation:
    """
    A sequence of pictures, shown as a player in a browser and as a strip everywhere else.

    Parameters
    ----------
    frames : iterable of Figure or array or Image
        The steps, all of one size: Matplotlib figures, or uint8 arrays of shape (H, W, 3), at twice
        the resolution at which they are to be shown.
    captions : sequence of str
        One sentence for each step.
    alt : str
        What there is to see, for readers who do not see it: a sentence or two.
    colours : int
        How many colours a drawing keeps, from 2 to 256: more of them make it larger.

    Raises
    ------
    TypeError
        If a frame is not a picture, a text is not a str, or `colours` not an integer.
    ValueError
        If the frames differ in size or are more than 256, the captions do not fit, `alt` is empty,
        or `colours` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> frames = [np.full((40, 60, 3), shade, np.uint8) for shade in (0, 120, 255)]
    >>> Animation(frames, captions=["Dark.", "Grey.", "Light."], alt="It brightens.")
    <Animation: 3 steps>
    """

    def __init__(self, frames, *, captions, alt, colours=_COLOURS):
        if isinstance(frames, (str, bytes)) or not isinstance(frames, Iterable):
            raise TypeError(f"frames must be a sequence of pictures, got {type(frames).__name__}")
        if isinstance(captions, Sized):  # said before the first of many frames is drawn
            _validate.as_step_count(len(captions), most=_MOST_STEPS)
        images = [_as_frame(frame) for frame in frames]
        if not images:
            raise ValueError("frames must hold at least one picture, got none")
        self.captions = tuple(_validate.as_texts(captions, "captions", len(images)))
        (self.alt,) = _validate.as_texts([alt], "alt", 1)
        sizes = {image.size for image in images}
        if len(sizes) > 1:
            raise ValueError(f"frames must have one size, got {sorted(sizes)}")
        if not all(text.strip() for text in (*self.captions, self.alt)):
            raise ValueError("captions and alt must say something, got an empty text")
        colours = _validate.as_int(colours, "colours", minimum=2)
        if colours > 256:
            raise ValueError(f"colours must be at most 256, got {colours}")
        self._columns = math.ceil(math.sqrt(len(images)))
        self._rows = math.ceil(len(images) / self._columns)
        self._width, self._height = images[0].size
        self._strip = self._tile(images, colours=colours)

    def _tile(self, images, *, colours):
        strip = Image.new("RGB", (self._columns * self._width, self._rows * self._height), "white")
        for step, image in enumerate(images):
            row, column = divmod(step, self._columns)
            strip.paste(image, (column * self._width, row * self._height))
        return _with_palette(strip, colours=colours)

    @property
    def strip(self):  # numpydoc ignore=RT01,EX01
        """The picture of all steps, as a Pillow image with a palette."""
        return self._strip

    def save_strip(self, path):  # numpydoc ignore=EX01
        """
        Write the picture of all steps to a PNG file.

        Parameters
        ----------
        path : str or Path
            Where to write it.
        """
        Path(path).write_bytes(self._png())

    def _png(self):
        buffer = io.BytesIO()
        self._strip.save(buffer, format="PNG", optimize=True)
        return buffer.getvalue()

    def __len__(self):
        return len(self.captions)

    def __repr__(self):
        return f"<Animation: {len(self)} {'step' if len(self) == 1 else 'steps'}>"

    def _repr_html_(self):
        data = base64.b64encode(self._png()).decode()
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

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def _as_frame(frame):
    """Return a frame as a Pillow RGB image; a figure that pyplot knows is closed."""
    if isinstance(frame, Figure):
        canvas = FigureCanvasAgg(frame)
        dpi = frame.dpi
        frame.set_dpi(_PIXELS_PER_INCH)
        try:
            canvas.draw()
            pixels = np.asarray(canvas.buffer_rgba())[..., :3].copy()
        finally:
            frame.set_dpi(dpi)
            plt.close(frame)
        return Image.fromarray(pixels)
    if isinstance(frame, Image.Image):
        return frame.convert("RGB")
    pixels = np.asarray(frame)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise TypeError(
            "frame must be a Figure, a Pillow image or a uint8 array of shape (H, W, 3), got "
            f"{type(frame).__name__} {pixels.dtype} {pixels.shape}"
        )
    return Image.fromarray(pixels)


def _with_palette(image, *, colours=_COLOURS, distance=12):
    """
    Reduce a picture to a palette without shifting its colours.

    Drawings consist of few colours, blended where edges are smoothed: the palette is made of the
    colours that cover most, each at some distance from the others. A photograph has no such
    colours and is reduced in the usual way.
    """
    counts = image.getcolors(image.width * image.height)
    covered, palette = 0, []
    for count, colour in sorted(counts, key=lambda entry: (-entry[0], entry[1]))[:2000]:
        if len(palette) < colours and all(math.dist(colour, c) >= distance for c in palette):
            palette.append(colour)
            covered += count
    if covered < 0.7 * image.width * image.height:
        return image.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    reference = Image.new("P", (1, 1))
    reference.putpalette([channel for colour in palette for channel in colour])
    return image.quantize(palette=reference, dither=Image.Dither.NONE)


def animate(figures, *, captions, alt):
    """
    Make an animation of figures that have been drawn one for each step.

    Parameters
    ----------
    figures : iterable of Figure
        All of one size. Figures that pyplot knows are closed.
    captions : sequence of str
        One sentence for each figure.
    alt : str
        What there is to see, for readers who do not see it.

    Returns
    -------
    Animation
        The steps in the order given.

    Raises
    ------
    ValueError
        If the figures differ in size or the captions do not fit.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figures = [Figure(figsize=(2, 1)) for _ in range(2)]
    >>> len(animate(figures, captions=["First.", "Second."], alt="Two empty pictures."))
    2
    """
    return Animation(figures, captions=captions, alt=alt)


def animate_conv(image, kernel, *, stride=1, padding=0, dilation=1, alt=None):
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
    alt : str, optional
        What there is to see; by default the sizes, the settings and the finished output.

    Returns
    -------
    Animation
        The last step shows the finished output.

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> import torch
    >>> animation = animate_conv(torch.eye(3), torch.ones(2, 2))
    >>> animation.captions[-1]
    'Y[1, 1] = 2: the window reads rows 1 to 2, columns 1 to 2.'
    """
    figures, captions, output = window_frames(
        image, kernel, stride=stride, padding=padding, dilation=dilation
    )
    if alt is None:
        alt = _describe(image, kernel, output, stride=stride, padding=padding, dilation=dilation)
    return Animation(figures, captions=captions, alt=alt)


def _describe(image, kernel, output, *, stride, padding, dilation):
    """Say in words what an animated convolution shows."""
    write = number_format(output)
    rows = "; ".join(" ".join(write(value) for value in row) for row in output)
    sizes = [TIMES.join(str(n) for n in grid.shape) for grid in (image, kernel)]
    settings = [f"stride {stride}"]
    settings += [f"padding {padding}"] * (padding not in (0, (0, 0)))
    settings += [f"dilation {dilation}"] * (dilation not in (1, (1, 1)))
    return (
        f"A {sizes[1]} kernel slides over a {sizes[0]} input with {' and '.join(settings)}, one "
        f"step for each value of the output. The finished output has the rows {rows}."
    )


def animate_pool(
    image, kernel_size, *, stride=None, padding=0, mode="max", ceil_mode=False, alt=None
):
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
    ceil_mode : bool
        Let the last window reach over the edge.
    alt : str, optional
        What there is to see; by default the size, the settings and the finished output.

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
    settings = {"stride": stride, "padding": padding, "mode": mode, "ceil_mode": ceil_mode}
    figures, captions, words = pool_frames(image, kernel_size, **settings)
    return Animation(figures, captions=captions, alt=words if alt is None else alt)


def animate_channels(image, filter, *, bias=0, names=None, alt=None):
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
    names : sequence of str, optional
        A name for each channel; red, green and blue by default if there are three.
    alt : str, optional
        What there is to see; by default the sizes and the finished feature map.

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
    figures, captions, words = channel_frames(image, filter, bias=bias, names=names)
    alt = words if alt is None else alt
    return Animation(figures, captions=captions, alt=alt, colours=3 * _COLOURS)
