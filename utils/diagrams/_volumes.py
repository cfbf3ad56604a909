"""Networks drawn from the modules themselves: what each layer returns, as a volume."""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

from utils._validate import Count, InputShape, Module, Networks, checked
from utils.drawing.cells import new_diagram, write_in
from utils.drawing.colours import INK, MUTED, TEXT_COLOURS
from utils.drawing.marks import arrow, polygon, tinted_box
from utils.drawing.page import diagram_width
from utils.drawing.words import TIMES, one_or_pair, say, size_text
from utils.shapes import LayerSummary, Summary, summarise

__all__ = ["plot_architectures", "plot_network_volumes"]

# Everything below is in inches of a figure that is drawn at its own size.
_CARD = 1.75  # from one volume to the next
_TALLEST, _TALLEST_SLAB = 1.15, 1.1  # the side of the largest map
_LINE, _TEXT = 0.2, 0.16  # a line of text and its letters
_SHEET = 0.055  # from one sheet of a stack to the next
_THIN = 0.16  # how wide a vector is
_ROOM = 0.6  # what a number of four digits needs
_LETTERS = 18  # as many as fit on a line of a card

_SHORT = {"BatchNorm2d": "BatchNorm", "AdaptiveAvgPool2d": "AdaptiveAvgPool"}
_FLATTEN = "flatten"  # by a function, which is no layer


# What a network returns, layer by layer -----------------------------------------------------


@dataclass
class Stage:
    """What a network holds at one place: its shape, and the layers that lead there."""

    shape: tuple[int, ...]
    type: str = "input"
    kernel: tuple[int, ...] | None = None
    settings: str = ""
    followers: list[str] = field(default_factory=list)
    parameters: int = 0
    times: int = 1

    @property
    def role(self) -> str:
        """The role of its colour."""
        return "input" if self.type == "input" else "output"

    @property
    def is_map(self) -> bool:
        """Whether it has more than one axis."""
        return len(self.shape) > 1

    @property
    def size(self) -> tuple[int, ...]:
        """Height and width of a map."""
        return self.shape[-2:] if len(self.shape) > 2 else (1, self.shape[-1])

    @property
    def units(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def label(self) -> str:
        """The shape as it is written under a volume."""
        return TIMES.join(f"{n:,}" for n in self.shape) if self.shape else "1"

    def lines(self) -> list[str]:
        """Return what is written above a volume: its layer, the settings, what follows."""
        name = _SHORT.get(self.type, self.type)
        if self.kernel:
            name = f"{name} {size_text(self.kernel)}"
        if self.times > 1:
            name = say("{times} × {name}", times=self.times, name=name)
        lines = [name, self.settings] if self.settings else [name]
        if self.settings and len(name + self.settings) < _LETTERS - 1:
            lines = [f"{name}, {self.settings}"]
        followers = dict.fromkeys(_SHORT.get(name, name) for name in self.followers)
        return [*lines, ", ".join(followers)] if followers else lines

    def repeats(self, other: "Stage") -> bool:
        """Tell whether this is the same convolution as `other` again."""
        same = all(
            getattr(self, part) == getattr(other, part)
            for part in ("type", "kernel", "settings", "shape", "followers")
        )
        return same and self.kernel is not None and self.type.startswith("Conv")


def _settings(layer: nn.Module) -> str:
    """Write the settings of a window that are not the usual ones: "s=2, p=1"."""
    pools = "Pool" in type(layer).__name__
    usual = {
        "stride": ("s", one_or_pair(getattr(layer, "kernel_size", 1)) if pools else "1"),
        "padding": ("p", "0"),
        "dilation": ("d", "1"),
        "groups": ("groups", "1"),
    }
    found = []
    for name, (short, expected) in usual.items():
        value = getattr(layer, name, None)
        if value is not None and one_or_pair(value) != expected:
            found.append(f"{short}={one_or_pair(value)}")
    return ", ".join(found)


def _stages(module: nn.Module, summary: Summary) -> list[Stage]:
    """Return one stage for each layer that changes the shape or slides a window."""
    stages = [Stage(tuple(summary.input_shape))]
    for row in summary:
        if row.output_shape is None or row.input_shape is None:
            continue
        arriving, last = tuple(row.input_shape), stages[-1]
        if arriving == (last.units,) != last.shape:
            stages.append(Stage(arriving, _FLATTEN))
        slides = row.kernel_size is not None or row.type == "Linear"
        if slides or tuple(row.output_shape) != arriving:
            stages.append(_stage_of(row, module))
        else:
            stages[-1].followers.append(row.type)
            stages[-1].parameters += row.parameters
    return stages


def _stage_of(row: LayerSummary, module: nn.Module) -> Stage:
    """Return the stage that one layer makes."""
    kernel, settings = row.kernel_size, ""
    if kernel is not None:
        settings = _settings(module.get_submodule(row.name))
        if len(kernel) > 2 and len(set(kernel)) == 1:
            kernel = kernel[:1]
    shape = tuple(row.output_shape or ())
    return Stage(shape, row.type, kernel, settings, parameters=row.parameters)


def _grouped(stages: list[Stage]) -> list[Stage]:
    """Draw a convolution that is repeated at one size once, with the number of times."""
    found: list[Stage] = []
    for stage in stages:
        if found and stage.repeats(found[-1]):
            found[-1].times += 1
            found[-1].parameters += stage.parameters
        else:
            found.append(stage)
    return found


class _Scale:
    """
    How long things are drawn.

    The side of a map grows with the square root of its pixels along that side, so that 224, 25
    and 1 can be seen in one figure; the length of a vector grows with its logarithm.
    """

    def __init__(self, stages: list[Stage], *, tallest: float = _TALLEST) -> None:
        self.tallest = tallest
        self.largest = max((n for stage in stages if stage.is_map for n in stage.size), default=1)
        self.longest = max([10, *(stage.units for stage in stages if not stage.is_map)])

    def side(self, pixels: int) -> float:
        """Return how long the side of a map is."""
        return max(0.07, self.tallest * math.sqrt(pixels / self.largest))

    def length(self, units: int) -> float:
        """Return how long a vector is."""
        share = math.log(units) / math.log(self.longest)
        return _THIN + (self.tallest - _THIN) * share


def _paint_vector(ax: Axes, stage: Stage, x: float, top: float, height: float) -> None:
    """Draw a bar for a vector."""
    tinted_box(ax, x, top, _THIN, height, role=stage.role, strength=0.75, zorder=3)


# One network, as stacks of sheets -----------------------------------------------------------


def _sheets(channels: int) -> int:
    """Return how many sheets stand for a number of channels: up to four are all drawn."""
    return channels if channels <= 4 else round(2 + math.log2(channels))


def _extent(stage: Stage, scale: _Scale) -> tuple[float, float]:
    """Return width and height of what is drawn for a stage."""
    if not stage.is_map:
        return _THIN, scale.length(stage.units)
    depth = _SHEET * (_sheets(stage.shape[0]) - 1)
    height, width = (scale.side(n) for n in stage.size)
    return width + depth, height + depth


def _paint_stage(ax: Axes, stage: Stage, scale: _Scale, x: float, y: float) -> None:
    """Draw a stack of sheets, or a bar for a vector, with its middle at (x, y)."""
    width, height = _extent(stage, scale)
    left, top = x - width / 2, y - height / 2
    if stage.is_map:
        sheets = _sheets(stage.shape[0])
        rows, columns = (scale.side(n) for n in stage.size)
        for n in range(sheets):  # the last is in front, lowest and leftmost
            shift = _SHEET * (sheets - 1 - n)
            box = left + shift, top + height - rows - shift, columns, rows
            tinted_box(ax, *box, role=stage.role, strength=0.3, zorder=2 + n / 100)
        return
    _paint_vector(ax, stage, left, top, height)
    for n in range(1, stage.units if stage.units <= 12 else 1):
        line = top + height * n / stage.units
        ax.plot([left, left + width], [line, line], color="white", linewidth=1, zorder=4)


@dataclass
class _Row:
    """A row of cards, from its top: the room of the texts, of the volumes, and of the shapes."""

    stages: list[Stage]
    top: float
    texts: float
    tallest: float

    @property
    def middle(self) -> float:
        """The height at which the volumes have their middles."""
        return self.top + self.texts + 0.12 + self.tallest / 2

    @property
    def bottom(self) -> float:
        """Where the next row begins."""
        return self.top + (self.texts + self.tallest + 0.7)


def _rows(stages: list[Stage], scale: _Scale, ncols: int, top: float) -> list[_Row]:
    """Break the stages into rows of cards."""
    rows: list[_Row] = []
    for start in range(0, len(stages), ncols):
        part = stages[start : start + ncols]
        texts = _LINE * max(len(stage.lines()) + bool(stage.parameters) for stage in part)
        tallest = max(_extent(stage, scale)[1] for stage in part)
        rows.append(_Row(part, rows[-1].bottom if rows else top, texts, tallest))
    return rows


def _write_card(ax: Axes, stage: Stage, row: _Row, x: float, unit: str) -> None:
    """Write the layer, its settings and its parameters above a volume, its shape underneath."""
    colours = [INK if stage.role == "input" else TEXT_COLOURS["kernel"]]
    lines: list[tuple[str, dict[str, Any]]] = [(line, {"colour": MUTED}) for line in stage.lines()]
    lines[0] = (lines[0][0], {"colour": colours[0]})
    if stage.parameters:
        bold = {"colour": TEXT_COLOURS["kernel"], "fontweight": "bold"}
        lines.append((say(unit, n=stage.parameters), bold))
    room: dict[str, Any] = {"height": _TEXT, "width": _CARD - 0.1}
    for index, (line, look) in enumerate(lines):
        y = row.top + row.texts - _LINE * (len(lines) - index - 0.5)
        write_in(ax, x, y, line, **room, **look)
    below, colour = row.middle + row.tallest / 2 + 0.2, TEXT_COLOURS[stage.role]
    write_in(ax, x, below, stage.label, colour=colour, fontweight="bold", **room)


def _paint_row(ax: Axes, row: _Row, scale: _Scale, unit: str, *, continued: bool) -> None:
    """Draw a row of volumes, an arrow from each to the next, and one from the row before."""
    ends: list[tuple[float, float]] = []  # of the volumes, left and right
    for n, stage in enumerate(row.stages):
        x = 0.05 + _CARD * (n + 0.5)
        _paint_stage(ax, stage, scale, x, row.middle)
        _write_card(ax, stage, row, x, unit)
        half = _extent(stage, scale)[0] / 2
        ends.append((x - half, x + half))
    if continued:
        ends.insert(0, (0.0, max(0.05, ends[0][0] - 0.42)))
    for (_, start), (end, _) in pairwise(ends):
        if end - start >= 0.22:
            points = (start + 0.07, row.middle), (end - 0.07, row.middle)
            arrow(ax, *points, head=13, linewidth=1.6)


@checked
def plot_network_volumes(module: Module, input_shape: InputShape, *, ncols: Count = 4) -> Figure:
    """
    Draw what each layer of a network returns: maps as stacks of sheets, vectors as bars.

    Above each volume stands the layer that makes it, with its settings (s stride, p padding,
    d dilation), the layers after it that keep the shape, and in bold the number of parameters.
    Underneath stands the shape. A convolution that is repeated at one size is drawn once.

    Parameters
    ----------
    module : torch.nn.Module
        As in `utils.shapes.summarise`, which traces it.
    input_shape : tuple of int
        One input, such as (C, H, W).
    ncols : int
        The largest number of volumes in a row, if the page is wide enough; the network continues in
        the next one.

    Returns
    -------
    Figure
        One axes, in inches, with rows running downwards.

    Raises
    ------
    TypeError, ValueError
        If the module cannot be traced with such an input.

    Notes
    -----
    All maps have one scale. The side of a map is drawn as the square root of its pixels, so that
    224 and 1 are both seen; a vector as the logarithm of its length. Up to four channels are all
    drawn; of more, as many sheets as the logarithm tells.

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Flatten())
    >>> figure = plot_network_volumes(network, (1, 100, 100))
    >>> [text.get_text() for text in figure.axes[0].texts][3:7]
    ['Conv2d 3×3, p=1', 'ReLU', '30 parameters', '3×100×100']
    """
    summary = summarise(module, input_shape)
    stages = _grouped(_stages(module, summary))
    scale = _Scale(stages)
    ncols = min(ncols, len(stages), int(diagram_width() / _CARD))
    head = 0.5
    rows = _rows(stages, scale, ncols, head)
    width = ncols * _CARD + 0.1
    figure, ax = new_diagram(width, rows[-1].bottom, cell=1)
    total = say("{n:,} parameters", n=summary.parameters)
    write_in(ax, 0.05, head / 2, total, height=0.2, ha="left", fontweight="bold", width=width)
    longest = max(len(f"{stage.parameters:,} parameters") for stage in stages)
    unit = "{n:,} parameters" if longest <= _LETTERS else "{n:,}"
    for number, row in enumerate(rows):
        _paint_row(ax, row, scale, unit, continued=number > 0)
    return figure


# Several networks, as slabs, on one scale ---------------------------------------------------

_HEAD, _ABOVE, _FOOT, _RIM = 0.42, 0.25, 0.42, 0.15  # of one network
_FARTHEST = 0.5  # from one slab to the next
_LIFT = 0.45  # how steeply the depth of a slab runs upwards


def _slab(stage: Stage, scale: _Scale) -> tuple[float, float, float]:
    """Return width of the front, height and depth of a map that is seen from the side."""
    height, across = (scale.side(n) for n in stage.size)
    return 0.045 + 0.034 * math.log2(stage.shape[0]), height, 0.3 * across


def _slab_extent(stage: Stage, scale: _Scale) -> tuple[float, float]:
    """Return width and height of a stage in a row of slabs."""
    if not stage.is_map:
        return _THIN, scale.length(stage.units)
    width, height, depth = _slab(stage, scale)
    return width + depth, height + _LIFT * depth


def _paint_slab(ax: Axes, stage: Stage, scale: _Scale, x: float, base: float) -> None:
    """Draw a map from the side: as high as the map, as thick as it has channels."""
    width, height, depth = _slab(stage, scale)
    lift, top, right = _LIFT * depth, base - height, x + width
    faces = [
        (0.3, [(x, base), (x, top), (right, top), (right, base)]),
        (0.15, [(x, top), (x + depth, top - lift), (right + depth, top - lift), (right, top)]),
        (
            0.55,
            [
                (right, base),
                (right, top),
                (right + depth, top - lift),
                (right + depth, base - lift),
            ],
        ),
    ]
    for strength, corners in faces:
        face = polygon(ax, corners, role=stage.role, strength=strength, linewidth=0.9)
        face.set_joinstyle("round")


def _paint_slabs(ax: Axes, stages: list[Stage], scale: _Scale, base: float, gap: float) -> None:
    """Draw one network from left to right, standing on one line."""
    x = _RIM
    channels: int | None = None
    size: tuple[int, ...] | None = None
    below = True  # bars that stand close have their lengths above and beneath in turn
    for stage in stages:
        width, height = _slab_extent(stage, scale)
        above, beneath = base - height - 0.12, base + 0.15
        text: dict[str, Any] = {"height": 0.15, "colour": TEXT_COLOURS[stage.role]}
        text["fontweight"] = "bold"
        if stage.is_map:
            _paint_slab(ax, stage, scale, x, base)
            if stage.shape[0] != channels:
                write_in(ax, x + width / 2, above, f"{stage.shape[0]}", **text)
            if stage.size != size:
                front = x + _slab(stage, scale)[0] / 2
                write_in(ax, front, beneath, _short_size(stage.size), height=0.15, colour=INK)
            channels, size = stage.shape[0], stage.size
        else:
            _paint_vector(ax, stage, x, base - height, height)
            below = not below and gap + _THIN < _ROOM
            write_in(ax, x + width / 2, beneath if below else above, f"{stage.units:,}", **text)
        x += width + gap


def _short_size(size: tuple[int, ...]) -> str:
    """Write height and width, once if they are equal."""
    return size_text(size[:1] if len(set(size)) == 1 else size)


@checked
def plot_architectures(networks: Networks) -> Figure:
    """
    Draw whole networks under each other, all at one scale.

    A map is a slab, seen from the side: as high as the map, as thick as it has channels. Above it
    stands the number of channels where that changes, underneath the height and width where those
    change. Vectors are bars. Layers that keep the shape are not drawn again.

    Parameters
    ----------
    networks : mapping of str to (torch.nn.Module, tuple of int)
        A name for each network, the module and the shape of one input.

    Returns
    -------
    Figure
        One axes, in inches.

    Raises
    ------
    TypeError, ValueError
        If `networks` is no such mapping, or a module cannot be traced.

    Notes
    -----
    The side of a map is drawn as the square root of its pixels, the thickness of a slab and the
    length of a vector grow with the logarithm.

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(3, 6, 5), nn.MaxPool2d(2), nn.Flatten())
    >>> figure = plot_architectures({"small": (network, (3, 32, 32))})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['small', '456 parameters', '3', '32', '6', '28', '14', '1,176']
    """
    summaries = {name: summarise(*entry) for name, entry in networks.items()}
    stages = {name: _seen(_stages(networks[name][0], found)) for name, found in summaries.items()}
    scale = _Scale([stage for row in stages.values() for stage in row], tallest=_TALLEST_SLAB)
    extents = [[_slab_extent(stage, scale) for stage in row] for row in stages.values()]
    heights = [_HEAD + _ABOVE + max(h for _, h in row) for row in extents]
    width = diagram_width()
    figure, ax = new_diagram(width, 0.1 + sum(heights) + len(heights) * (_FOOT + _RIM), cell=1)
    y = 0.1
    for (name, row), extent, height in zip(stages.items(), extents, heights, strict=True):
        write_in(ax, 0.1, y + 0.14, name, height=0.2, ha="left", fontweight="bold")
        words = say("{n:,} parameters", n=summaries[name].parameters)
        look: dict[str, Any] = {"height": _TEXT, "colour": TEXT_COLOURS["kernel"], "ha": "right"}
        write_in(ax, width - 0.1, y + 0.14, words, **look)
        free = width - 0.5 - sum(w for w, _ in extent)
        gap = min(_FARTHEST, free / max(len(row) - 1, 1))
        _paint_slabs(ax, row, scale, y + height, gap)
        y += height + _FOOT + _RIM
    return figure


def _seen(stages: list[Stage]) -> list[Stage]:
    """Return the stages that differ from those before, and all linear layers."""
    changed = [b for a, b in pairwise(stages) if b.shape != a.shape or b.type == "Linear"]
    return [stages[0], *changed]
