"""Networks drawn from the modules themselves: what each layer returns, as a volume."""

import math
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle

from utils import _validate
from utils.diagrams._cells import (
    INK,
    MUTED,
    TEXT_COLOURS,
    TIMES,
    as_panel,
    blank_figure,
    cell_axes,
    tint,
    write_in,
)
from utils.shapes import summarise

# Everything below is in inches of a figure that is drawn at its own size.
_CARD = 1.75  # from one volume to the next
_TALLEST = 1.15  # the side of the largest map
_LINE = 0.2
_TEXT = 0.16
_SHEET = 0.055  # from one sheet of a stack to the next
_THIN = 0.16  # how wide a vector is
_ROOM = 0.6  # what a number of four digits needs
_LETTERS = 18  # as many as fit on a line of a card

_SHORT = {"BatchNorm2d": "BatchNorm", "AdaptiveAvgPool2d": "AdaptiveAvgPool"}


@dataclass
class _Stage:
    """What a network holds at one place: its shape, and the layers that lead there."""

    shape: tuple
    type: str = "input"
    kernel: tuple | None = None
    settings: str = ""
    followers: list = field(default_factory=list)
    parameters: int = 0
    times: int = 1

    @property
    def is_map(self):
        return len(self.shape) > 1

    @property
    def size(self):
        """Height and width of a map."""
        return self.shape[-2:] if len(self.shape) > 2 else (1, self.shape[-1])

    @property
    def label(self):
        """The shape as it is written under a volume."""
        return TIMES.join(f"{n:,}" for n in self.shape) if self.shape else "1"

    def lines(self):
        """Return what is written above a volume: its layer, the settings, what follows, a count."""
        if self.type == "input":
            return ["input", *self._followers()]
        kernel = f" {TIMES.join(map(str, self.kernel))}" if self.kernel else ""
        times = f"{self.times} {TIMES} " if self.times > 1 else ""
        lines = [f"{times}{_SHORT.get(self.type, self.type)}{kernel}"]
        if self.settings and len(lines[0] + self.settings) < _LETTERS - 1:
            lines[0] += f", {self.settings}"
        elif self.settings:
            lines.append(self.settings)
        return lines + self._followers()

    def _followers(self):
        names = list(dict.fromkeys(_SHORT.get(name, name) for name in self.followers))
        return [", ".join(names)] if names else []

    def repeats(self, other):
        """Tell whether `other` is the same convolution again."""
        own, its = (
            (stage.type, stage.kernel, stage.settings, stage.shape, stage.followers)
            for stage in (self, other)
        )
        return own == its and self.kernel is not None and self.type.startswith("Conv")


def _one_or_pair(value):
    """Write a setting of a layer: one number where all axes agree."""
    if isinstance(value, (tuple, list)):
        value = value[0] if len(set(value)) == 1 else tuple(value)
    return str(value)


def _settings(layer):
    """Write the settings of a window that are not the usual ones: "s=2, p=1"."""
    stride = getattr(layer, "stride", None)
    usual = _one_or_pair(1)
    if "Pool" in type(layer).__name__:
        usual = _one_or_pair(getattr(layer, "kernel_size", 1))
    found = []
    if stride is not None and _one_or_pair(stride) != usual:
        found.append(f"s={_one_or_pair(stride)}")
    for letter, name, usual in (
        ("p", "padding", "0"),
        ("d", "dilation", "1"),
        ("groups", "groups", "1"),
    ):
        value = getattr(layer, name, None)
        if value is not None and _one_or_pair(value) != usual:
            found.append(f"{letter}={_one_or_pair(value)}")
    return ", ".join(found)


def _stages(module, input_shape):
    """Trace a module: one stage for each layer that changes the shape or slides a window."""
    summary = summarise(module, input_shape)
    stages = [_Stage(tuple(summary.input_shape))]
    for row in summary:
        if row.output_shape is None:
            continue
        shape, arriving = tuple(row.output_shape), tuple(row.input_shape)
        units = math.prod(arriving)
        if arriving == (units,) != stages[-1].shape and units == math.prod(stages[-1].shape):
            stages.append(_Stage(arriving, "flatten"))  # by a function, which is no layer
        windowless = row.kernel_size is None and row.type != "Linear"
        if windowless and shape == arriving:
            stages[-1].followers.append(row.type)
            stages[-1].parameters += row.parameters
            continue
        kernel = row.kernel_size
        if kernel is not None and len(set(kernel)) == 1 and len(kernel) > 2:
            kernel = kernel[:1]
        settings = "" if kernel is None else _settings(module.get_submodule(row.name))
        stages.append(_Stage(shape, row.type, kernel, settings=settings, parameters=row.parameters))
    return stages, summary


def _grouped(stages):
    """Draw a convolution that is repeated at one size once, with the number of times."""
    found = []
    for stage in stages:
        if found and found[-1].repeats(stage):
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

    def __init__(self, stages, *, tallest=_TALLEST):
        sides = [n for stage in stages if stage.is_map for n in stage.size]
        lengths = [math.prod(stage.shape) for stage in stages if not stage.is_map]
        self.tallest = tallest
        self.largest_side = max(sides, default=1)
        self.longest = max([*lengths, 10])

    def side(self, pixels):
        """Return how long the side of a map is."""
        return max(0.07, self.tallest * math.sqrt(pixels / self.largest_side))

    def length(self, units):
        """Return how long a vector is."""
        share = math.log(max(units, 1)) / math.log(self.longest)
        return _THIN + (self.tallest - _THIN) * share


def _sheets(channels):
    """Return how many sheets stand for a number of channels: up to four are all drawn."""
    return channels if channels <= 4 else round(2 + math.log2(channels))


def _extent(stage, scale):
    """Width and height of what is drawn for a stage."""
    if not stage.is_map:
        return _THIN, scale.length(math.prod(stage.shape))
    depth = _SHEET * (_sheets(stage.shape[0]) - 1)
    height, width = (scale.side(n) for n in stage.size)
    return width + depth, height + depth


def _paint_stage(ax, stage, scale, centre_x, centre_y):
    """Draw a stack of sheets, or a bar for a vector."""
    role = "input" if stage.type == "input" else "output"
    edge = TEXT_COLOURS[role]
    width, height = _extent(stage, scale)
    left, top = centre_x - width / 2, centre_y - height / 2
    if not stage.is_map:
        units = math.prod(stage.shape)
        bar = Rectangle((left, top), width, height, zorder=3)
        bar.set(facecolor=tint(role, 0.75), edgecolor=edge, linewidth=1)
        ax.add_patch(bar)
        for n in range(1, units if units <= 12 else 1):
            y = top + height * n / units
            ax.plot([left, left + width], [y, y], color="white", linewidth=1, zorder=4)
        return
    sheets = _sheets(stage.shape[0])
    map_height, map_width = (scale.side(n) for n in stage.size)
    for n in range(sheets):  # the last is in front, lowest and leftmost
        shift = _SHEET * (sheets - 1 - n)
        x, y = left + shift, top + height - map_height - shift
        sheet = Rectangle((x, y), map_width, map_height, zorder=2 + n / 100)
        sheet.set(facecolor=tint(role, 0.3), edgecolor=edge, linewidth=1)
        ax.add_patch(sheet)


def _card_rows(stages, scale, ncols):
    """Break the stages into rows; return each with the height of its texts and of its volumes."""
    rows = []
    for start in range(0, len(stages), ncols):
        row = stages[start : start + ncols]
        texts = _LINE * max(len(stage.lines()) + bool(stage.parameters) for stage in row)
        rows.append((row, texts, max(_extent(stage, scale)[1] for stage in row)))
    return rows


def _cards_size(rows, ncols, head):
    return ncols * _CARD + 0.1, head + sum(t + v + 0.7 for _, t, v in rows)


def _paint_cards(ax, rows, scale, summary, *, ncols, head):
    """Draw rows of volumes, each with its layer above and its shape beneath."""
    width, _ = _cards_size(rows, ncols, head)
    counts = [f"{stage.parameters:,} parameters" for row, *_ in rows for stage in row]
    unit = " parameters" if max(map(len, counts)) <= _LETTERS else ""
    total = f"{summary.parameters:,} parameters"
    write_in(ax, 0.05, 0.5 * head, total, height=0.2, ha="left", fontweight="bold", width=width)
    y = head
    for number, (row, texts, tallest) in enumerate(rows):
        middle = y + texts + 0.12 + tallest / 2
        edge = None
        for n, stage in enumerate(row):
            x = 0.05 + _CARD * (n + 0.5)
            _paint_stage(ax, stage, scale, x, middle)
            lines = stage.lines()
            if stage.parameters:
                lines.append(f"{stage.parameters:,}{unit}")
            for index, line in enumerate(lines):
                style = {"height": _TEXT, "width": _CARD - 0.1, "colour": MUTED}
                if index == 0:
                    style["colour"] = INK if stage.type == "input" else TEXT_COLOURS["kernel"]
                elif stage.parameters and index == len(lines) - 1:
                    style |= {"colour": TEXT_COLOURS["kernel"], "fontweight": "bold"}
                at = y + texts - _LINE * (len(lines) - index - 0.5)
                write_in(ax, x, at, line, **style)
            role = "input" if stage.type == "input" else "output"
            at = middle + tallest / 2 + 0.2
            style = {"height": _TEXT, "width": _CARD - 0.1, "fontweight": "bold"}
            write_in(ax, x, at, stage.label, colour=TEXT_COLOURS[role], **style)
            half = _extent(stage, scale)[0] / 2
            if edge is None and number:
                edge = max(0.05, x - half - 0.42)
            if edge is not None:
                _arrow(ax, edge + 0.07, x - half - 0.07, middle)
            edge = x + half
        y += texts + tallest + 0.7


def _arrow(ax, start, end, y, **style):
    if end - start < 0.08:
        return
    options = {"arrowstyle": "-|>", "mutation_scale": 13, "color": INK, "linewidth": 1.6} | style
    ax.add_patch(FancyArrowPatch((start, y), (end, y), shrinkA=0, shrinkB=0, **options))


def draw_volumes(module, input_shape, *, ax=None, ncols=4):
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
    ax : Axes, optional
        Where to draw; a new figure by default.
    ncols : int
        Volumes in a row; the network continues in the next one.

    Returns
    -------
    Axes
        The axes, in inches, with rows running downwards.

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
    >>> ax = draw_volumes(network, (1, 100, 100))
    >>> [text.get_text() for text in ax.texts][3:7]
    ['Conv2d 3×3, p=1', 'ReLU', '30 parameters', '3×100×100']
    """
    ncols = _validate.as_int(ncols, "ncols")
    stages, summary = _stages(module, input_shape)
    stages = _grouped(stages)
    scale = _Scale(stages)
    rows = _card_rows(stages, scale, ncols)
    width, height = _cards_size(rows, ncols, 0.5)
    ax = as_panel(ax, width + 0.1, height + 0.1)
    cell_axes(ax, width, height, margin=0)
    _paint_cards(ax, rows, scale, summary, ncols=ncols, head=0.5)
    return ax


def plot_network_volumes(module, input_shape, *, ncols=4):
    """
    Draw a network from its module, as wide as a page: see `draw_volumes`.

    Parameters
    ----------
    module : torch.nn.Module
        As in `utils.shapes.summarise`, which traces it.
    input_shape : tuple of int
        One input, such as (C, H, W).
    ncols : int
        Volumes in a row; the network continues in the next one.

    Returns
    -------
    Figure
        One axes, in inches.

    Raises
    ------
    TypeError, ValueError
        If the module cannot be traced with such an input.

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(100, 10))
    >>> figure = plot_network_volumes(network, (1, 10, 10))
    >>> figure.axes[0].texts[0].get_text()
    '1,010 parameters'
    """
    ncols = _validate.as_int(ncols, "ncols")
    stages, summary = _stages(module, input_shape)
    stages = _grouped(stages)
    scale = _Scale(stages)
    ncols = min(ncols, len(stages))
    rows = _card_rows(stages, scale, ncols)
    width, height = _cards_size(rows, ncols, 0.5)
    figure, ax = blank_figure(plt.figure, width, height, cell=1)
    _paint_cards(ax, rows, scale, summary, ncols=ncols, head=0.5)
    return figure


# Several networks, one scale ----------------------------------------------------------------


def _slab(stage, scale):
    """Width of the front, height and depth of a map that is seen from the side."""
    height, across = (scale.side(n) for n in stage.size)
    return 0.045 + 0.034 * math.log2(stage.shape[0]), height, 0.3 * across


def _paint_slab(ax, stage, scale, x, base):
    """Draw a map from the side: as high as the map, as thick as it has channels."""
    role = "input" if stage.type == "input" else "output"
    width, height, depth = _slab(stage, scale)
    lift = 0.45 * depth
    top = base - height
    faces = [
        ([(x, base), (x, top), (x + width, top), (x + width, base)], 0.3),
        (
            [(x, top), (x + depth, top - lift), (x + depth + width, top - lift), (x + width, top)],
            0.15,
        ),
        (
            [
                (x + width, base),
                (x + width, top),
                (x + width + depth, top - lift),
                (x + width + depth, base - lift),
            ],
            0.55,
        ),
    ]
    for corners, strength in faces:
        face = Polygon(corners, facecolor=tint(role, strength), zorder=2)
        face.set(edgecolor=TEXT_COLOURS[role], linewidth=0.9, joinstyle="round")
        ax.add_patch(face)


def plot_architectures(networks):
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
    networks = _validate.as_networks(networks)
    traced = []
    for entry in networks.values():
        stages, summary = _stages(*entry)
        seen = [
            stage
            for n, stage in enumerate(stages)
            if n == 0 or stage.shape != stages[n - 1].shape or stage.type == "Linear"
        ]
        traced.append((seen, summary))
    scale = _Scale([stage for stages, _ in traced for stage in stages], tallest=1.1)

    width, head, foot = 7.0, 0.42, 0.42
    rows = []
    for stages, summary in traced:
        extents = [_compact_extent(stage, scale) for stage in stages]
        gap = (width - 0.5 - sum(w for w, _ in extents)) / max(len(stages) - 1, 1)
        rows.append((stages, summary, extents, min(0.5, gap), max(h for _, h in extents)))
    height = 0.1 + sum(head + 0.25 + tallest + foot + 0.15 for *_, tallest in rows)
    figure, ax = blank_figure(plt.figure, width, height, cell=1)
    y = 0.1
    for name, (stages, summary, extents, gap, tallest) in zip(networks, rows, strict=True):
        write_in(ax, 0.1, y + 0.14, name, height=0.2, ha="left", fontweight="bold")
        words = f"{summary.parameters:,} parameters"
        style = {"height": _TEXT, "colour": TEXT_COLOURS["kernel"], "ha": "right"}
        write_in(ax, width - 0.1, y + 0.14, words, **style)
        base = y + head + 0.25 + tallest
        _paint_row(ax, stages, scale, extents, x=0.15, base=base, gap=gap)
        y = base + foot + 0.15
    return figure


def _compact_extent(stage, scale):
    """Width and height of a stage in a row of a comparison."""
    if not stage.is_map:
        return _THIN, scale.length(math.prod(stage.shape))
    width, height, depth = _slab(stage, scale)
    return width + depth, height + 0.45 * depth


def _paint_row(ax, stages, scale, extents, *, x, base, gap):
    """Draw one network from left to right, standing on one line."""
    channels = size = None
    below_next = False  # bars that stand close have their lengths above and beneath in turn
    for stage, (width, height) in zip(stages, extents, strict=True):
        role = "input" if stage.type == "input" else "output"
        style = {"height": 0.15, "colour": TEXT_COLOURS[role], "fontweight": "bold"}
        if stage.is_map:
            _paint_slab(ax, stage, scale, x, base)
            front = x + _slab(stage, scale)[0] / 2
            if stage.shape[0] != channels:
                write_in(ax, x + width / 2, base - height - 0.12, f"{stage.shape[0]}", **style)
            if stage.size != size:
                rows, columns = stage.size
                text = f"{rows}" if rows == columns else f"{rows}{TIMES}{columns}"
                write_in(ax, front, base + 0.15, text, height=0.15, colour=INK)
            channels, size = stage.shape[0], stage.size
        else:
            units = math.prod(stage.shape)
            bar = Rectangle((x, base - height), width, height, zorder=3)
            bar.set(facecolor=tint(role, 0.75), edgecolor=TEXT_COLOURS[role], linewidth=1)
            ax.add_patch(bar)
            below = below_next and gap + _THIN < _ROOM
            at = base + 0.15 if below else base - height - 0.12
            write_in(ax, x + width / 2, at, f"{units:,}", **style)
            below_next = not below
        x += width + gap
