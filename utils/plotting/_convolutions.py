"""An image, the kernels that slide over it, and what comes out."""

from math import ceil
from typing import NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor

from utils._validate import (
    ConvLayer,
    Count,
    Flag,
    InputImage,
    Kernel,
    Padding,
    Pair,
    Positive,
    checked,
)
from utils.drawing.maps import (
    colour_key,
    draw_filter,
    draw_image,
    draw_kernel,
    draw_response,
    full_colour,
    is_colour,
    scale_beside,
    slice_columns,
)
from utils.drawing.page import (
    EDGE,
    GAP,
    KEY,
    LINE,
    TICKS,
    Box,
    PanelGrid,
    box_ratio,
    new_sheet,
    page_width,
)
from utils.drawing.words import one_or_pair, say, size_text
from utils.plotting._panels import draw_input
from utils.plotting._responses import (
    USUAL,
    correlate,
    keeps_pictures,
    response_limits,
    run_layer,
    sums_to_one,
)

_KERNEL_SIDE, _BETWEEN, _SCALE = 1.35, 0.24, 0.75  # inches; the last one is the room of a bar


# One kernel -----------------------------------------------------------------------------------


@checked
def plot_conv(
    image: InputImage,
    kernel: Kernel,
    *,
    stride: Pair = 1,
    padding: Padding = "same",
    limit: Positive | None = None,
    axis: Flag = False,
) -> Figure:
    r"""
    Plot an image, a kernel, and what comes out when the kernel slides over the image.

    There is no bias. The response is drawn on the signed scale, where white is zero, unless the
    kernel makes a picture out of a picture: if no weight is negative (a blur) or the weights sum
    to 1 (sharpening), the response is drawn as a picture too.

    With several channels, the same kernel slides over each of them. If the image is in colour and
    the weights sum to 1, the responses are shown as one colour picture, clipped to 0..1; else as
    one map for each channel.

    Parameters
    ----------
    image : Tensor or array of shape (H, W) or (C, H, W)
        Grey, colour, or any number of channels; uint8 is divided by 255.
    kernel : Tensor or array of shape (kH, kW) or (1, 1, kH, kW)
        The weights; integers are fine.
    stride : int or pair of int, default 1
        Step of the window, in pixels.
    padding : int, pair of int, "same" or "valid", default "same"
        Rows and columns of zeros added on each side.
    limit : float, optional
        The value that has the full colour of the signed scale. If not given, it is the largest
        absolute value, or in a photograph the one that 98% of the values stay below; the pointed
        ends of the colour bar stand for the rest.
    axis : bool, default False
        Whether to show the row and column numbers.

    Returns
    -------
    Figure
        The panels image, kernel and response, or one response for each channel.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong kind, shape or size; if ``padding="same"`` meets a stride
        other than 1 or an even kernel; if the kernel does not fit into the padded image.

    Examples
    --------
    >>> import torch
    >>> from utils.kernels import kernel
    >>> figure = plot_conv(torch.rand(20, 30), kernel("sobel_x"), padding="valid")
    >>> [ax.get_title() for ax in figure.axes]
    ['image\n20 × 30', 'kernel\n3 × 3', 'response\n18 × 28']
    """
    response = correlate(image, kernel, stride=stride, padding=padding)
    signed = not keeps_pictures(kernel)
    in_colour = not signed and is_colour(image) and sums_to_one(kernel)
    limit = limit or full_colour(response, share=USUAL)
    outputs, names = list(response.split(1)), _response_names(image)
    if in_colour:
        outputs = [response.clamp(0, 1)]
        names = ["response" if torch.equal(outputs[0], response) else "response, clipped"]

    places = _place_conv(image, outputs, axis=axis)
    with new_sheet(page_width(), places.height) as sheet:
        draw_input(sheet.panel(places.image), image, axis=axis)
        text = f"{say('kernel')}\n{_size(kernel)}"
        ax = sheet.panel(places.kernel)
        draw_kernel(ax, kernel, text=text, limit=full_colour(kernel))
        for box, output, name in zip(places.responses, outputs, names, strict=True):
            ax = sheet.panel(box)
            text = f"{name}\n{_size(output)}"
            if signed:
                draw_response(ax, output[0], limit=limit, text=text, axis=axis)
            else:
                limits = response_limits(image, kernel, response)
                draw_image(ax, output, limits=limits, text=text, axis=axis, role="output")
        if len(outputs) > 1:
            note = "the same kernel\nslides over\neach channel"
            left, top = places.kernel.right + _BETWEEN, places.kernel.top + 2 * LINE
            sheet.write(left, top, note, linespacing=1.3)
        if not in_colour:
            scale_beside(ax, response)
    return sheet.figure


class _ConvPlaces(NamedTuple):
    """Where the parts of `plot_conv` stand."""

    image: Box
    kernel: Box
    responses: list[Box]
    height: float


def _place_conv(image: Tensor, outputs: list[Tensor], *, axis: bool) -> _ConvPlaces:
    """Put one response beside the kernel, or several in rows of their own."""
    beside = len(outputs) == 1
    ticks, top = TICKS if axis else 0.0, EDGE + 2 * LINE
    side = (page_width() - 2 * (EDGE + ticks + _BETWEEN) - _KERNEL_SIDE - _SCALE) / 2
    tall = side * box_ratio([image, *outputs] if beside else [image])
    picture = Box(EDGE + ticks, top, side, tall)
    middle = top + max(0, tall - _KERNEL_SIDE) / 2
    kernel = Box(picture.right + _BETWEEN, middle, _KERNEL_SIDE, _KERNEL_SIDE)
    height = top + max(tall, _KERNEL_SIDE) + 0.75 * ticks + GAP
    if beside:
        response = Box(kernel.right + _BETWEEN + ticks, top, side, tall)
        return _ConvPlaces(picture, kernel, [response], height)
    grid = PanelGrid.of(outputs, 3, above=2 * LINE, axis=axis, top=height, right=_SCALE)
    return _ConvPlaces(picture, kernel, grid.boxes, grid.height)


def _response_names(image: Tensor) -> list[str]:
    """Return the title of the response of each channel."""
    if len(image) == 1:
        return [say("response")]
    if is_colour(image):
        return [say(f"response, {colour}") for colour in ("red", "green", "blue")]
    return [say("response, channel {index}", index=index) for index in range(len(image))]


def _size(tensor: Tensor) -> str:
    return size_text(tensor.shape[-2:], between=" × ")


# A layer --------------------------------------------------------------------------------------


@checked
def plot_convs(
    image: InputImage,
    conv_layer: ConvLayer,
    axis: Flag = False,
    *,
    ncols: Count = 4,
    limit: Positive | None = None,
) -> Figure:
    """
    Plot an image and, for each output channel of a layer, its filter and its feature map.

    All filters share one signed scale, and so do all feature maps (which contain the bias), so
    that colours can be compared. The layer is only read.

    Parameters
    ----------
    image : Tensor or array of shape (H, W) or (C, H, W)
        An input of the layer: C is ``conv_layer.in_channels``, and (H, W) is one channel; uint8
        is divided by 255.
    conv_layer : torch.nn.Conv2d
        Any number of outputs, any stride, padding, dilation, groups, device and dtype.
    axis : bool, default False
        Whether to show the row and column numbers.
    ncols : int, default 4
        The largest number of panels in a row.
    limit : float, optional
        The value that has the full colour of the feature maps. If not given, it is the largest
        absolute value, or for a photograph the one that 98% of the values stay below.

    Returns
    -------
    Figure
        The image first; then, for each output channel, its filter (one slice for each input
        channel that it reads) above its feature map.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong kind, shape or size, if the image does not have the number of
        channels that the layer reads, or if the kernel does not fit into the padded image.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Conv2d(1, 2, kernel_size=5)
    >>> figure = plot_convs(torch.rand(20, 30), layer)
    >>> [ax.get_title() for ax in figure.axes if "output" in ax.get_title()]
    ['output 0', 'output 1']
    """
    maps = run_layer(conv_layer, image)
    limit = limit or full_colour(maps, share=USUAL)
    weight = conv_layer.weight.detach().float().cpu()
    weight_limit = full_colour(weight)
    facts = _layer_facts(conv_layer, maps)
    places = _place_convs(image, maps, weight, ncols, lines=len(facts), axis=axis)
    with new_sheet(places.width, places.height) as sheet:
        draw_input(sheet.panel(places.image), image, axis=axis)
        sheet.write(*places.facts, "\n".join(facts), linespacing=1.3)
        for index, box in enumerate(places.maps):
            above = box.top - LINE - GAP / 2 - places.filter_height
            ax = sheet.panel(Box(box.left, above, box.width, places.filter_height))
            draw_filter(ax, weight[index], limit=weight_limit)
            text = _output_title(conv_layer, index)
            draw_response(sheet.panel(box), maps[index], limit=limit, text=text, axis=axis)
        first, second = places.keys
        colour_key(sheet, *first, "weights", weight, weight_limit, role="kernel")
        colour_key(sheet, *second, "outputs", maps, limit, role="output")
    return sheet.figure


class _ConvsPlaces(NamedTuple):
    """Where the parts of `plot_convs` stand; a key has a left edge, a top and a width."""

    image: Box
    maps: list[Box]
    filter_height: float
    facts: tuple[float, float]
    keys: list[tuple[float, float, float]]
    width: float
    height: float


def _place_convs(
    image: Tensor, maps: Tensor, weight: Tensor, ncols: int, *, lines: int, axis: bool
) -> _ConvsPlaces:
    """Put the image first in a single row, or in a row of its own above many outputs."""
    slice_rows = ceil(weight.shape[1] / slice_columns(weight.shape[1]))
    filter_height = 0.62 if slice_rows == 1 else min(0.4 * slice_rows, 1.6)
    above = LINE + GAP / 2 + filter_height + GAP
    outputs = list(maps.split(1))
    if len(maps) < ncols:
        above = max(above, LINE * (2 + lines))
        grid = PanelGrid.of([image, *outputs], ncols, above=above, axis=axis)
        first, *boxes = grid.boxes
        facts = first.left, first.top - LINE * (2 + lines)
        middle = grid.width / 2
        keys = [(EDGE, grid.height, middle), (middle, grid.height, middle - EDGE)]
        height = grid.height + KEY
        return _ConvsPlaces(first, boxes, filter_height, facts, keys, grid.width, height)
    upper = PanelGrid.of([image] * 3, 3, above=2 * LINE, axis=axis)
    first = upper.boxes[0]
    grid = PanelGrid.of(outputs, ncols, above=above, axis=axis, top=upper.height)
    left = first.right + 2 * GAP
    key_top = first.top + LINE * (lines + 1)
    keys = [(left, key_top + row * KEY, grid.width - EDGE - left) for row in range(2)]
    facts = left, first.top
    return _ConvsPlaces(first, grid.boxes, filter_height, facts, keys, grid.width, grid.height)


def _output_title(layer: torch.nn.Conv2d, index: int) -> str:
    """Name an output, and say which input channels it reads if it does not read all of them."""
    if layer.groups == 1:
        return say("output {index}", index=index)
    number = layer.in_channels // layer.groups
    first = index * layer.groups // layer.out_channels * number
    channels = f"{first}" if number == 1 else f"{first}–{first + number - 1}"
    return say("output {index}, reads {channels}", index=index, channels=channels)


def _layer_facts(layer: torch.nn.Conv2d, maps: Tensor) -> list[str]:
    """Return what a reader wants to know about a layer, in short lines."""
    usual = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    settings = [
        f"{name} {one_or_pair(getattr(layer, name))}"
        for name, value in usual.items()
        if getattr(layer, name) != value
    ]
    kernel_size = say("kernel {size}", size=size_text(layer.kernel_size, between=" × "))
    sizes = say("outputs {size}", size=_size(maps))
    return [kernel_size, *([", ".join(settings)] if settings else []), sizes]
