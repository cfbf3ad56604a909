"""
Redraw the pictures of ``img/`` that are made by code: ``make figures``.

Each picture is a function without arguments that returns a figure, registered under its file name.
A picture is written as PNG without a date or a version in it, so that drawing it again on the same
machine changes no byte.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle
from matplotlib.patheffects import withStroke

from utils.convolution import corr2d
from utils.data import portrait
from utils.diagrams import draw_grid
from utils.kernels import kernel
from utils.plotting import show_image, show_response
from utils.style import PALETTE, use_book_style

ROOT = Path(__file__).resolve().parents[1]

Drawing = Callable[[], Figure]

FIGURES: dict[str, Drawing] = {}


def draws(name: str) -> Callable[[Drawing], Drawing]:
    """Register a function as the one that draws ``img/<name>``."""

    def register(function: Drawing) -> Drawing:
        FIGURES[name] = function
        return function

    return register


def draw(name: str, folder: Path) -> Path:
    """Draw one picture of ``FIGURES`` into a folder, which is made where it is missing."""
    with mpl.rc_context():
        use_book_style()
        figure = FIGURES[name]()
        path = folder / name
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Software": None})
        plt.close(figure)
    return path


@draws("landing.png")
def landing() -> Figure:
    """Draw one step of a convolution on the portrait: nine pixels become one pixel."""
    brightness = (portrait(size=48) * 100).round()  # per cent, so two digits a cell
    weights = kernel("sobel_x")
    response = corr2d(brightness, weights)
    row, column = 13, 35  # where the cap ends and the wall begins

    width, height = 7.2, 2.7
    figure = plt.figure(figsize=(width, height), dpi=200, layout="none")

    def panel(left: float, bottom: float, size: float) -> Axes:
        return figure.add_axes((left / width, bottom / height, size / width, size / height))

    before, after = panel(0.03, 0.04, 2.62), panel(4.55, 0.04, 2.62)
    upper, lower = panel(3.08, 1.53, 1.14), panel(3.08, 0.36, 1.14)
    show_image(brightness / 100, ax=before)
    draw_grid(brightness[row : row + 3, column : column + 3], ax=upper)
    draw_grid(weights, role="kernel", ax=lower)
    show_response(response, limit=200, ax=after)

    halo = [withStroke(linewidth=5, foreground="white")]
    line: dict[str, Any] = {"color": PALETTE["highlight"], "linewidth": 2.5, "path_effects": halo}
    for ax, side in ((before, 3), (after, 1)):
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), side, side, fill=False, **line))
    for corner in (0, 3):
        start, end = (column + 2.5, row - 0.5 + corner), (0, corner)
        figure.add_artist(ConnectionPatch(start, end, "data", axesA=before, axesB=upper, **line))

    total = f"{response[row, column]:.0f}"
    text: dict[str, Any] = {"ha": "center", "va": "center", "size": 18, "weight": "bold"}
    figure.text(2.88 / width, 0.93 / height, "×", **text)
    figure.text(3.65 / width, 0.16 / height, f"= {total}", color=PALETTE["highlight"], **text)
    after.text(column + 6, row, total, color=PALETTE["highlight"], path_effects=halo, **text)
    return figure


def main() -> None:
    """Draw the pictures named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description="Redraw the pictures of img/ made by code.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="file names (default: all)")
    parser.add_argument("--to", type=Path, default=ROOT / "img", help="folder (default: img/)")
    options = parser.parse_args()
    for name in options.names:
        if name not in FIGURES:
            parser.error(f"no picture is called {name}; there are: {', '.join(sorted(FIGURES))}")
    mpl.use("Agg")
    for name in options.names or sorted(FIGURES):
        path = draw(name, options.to)
        print(f"{path} ({path.stat().st_size / 1024:.0f} KB)")


if __name__ == "__main__":
    main()
