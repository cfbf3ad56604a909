"""
Redraw the pictures of ``img/`` that are made by code: ``make figures``.

Each picture is a function without arguments that returns a figure, registered under its file name.
A picture is written as PNG without a date or a version in it, so that drawing it again on the same
machine changes no byte.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from utils.style import use_book_style  # noqa: E402

FIGURES: dict[str, Callable[[], Figure]] = {}


def draws(name: str) -> Callable[[Callable[[], Figure]], Callable[[], Figure]]:
    """
    Register a function as the one that draws a picture.

    Parameters
    ----------
    name : str
        File name of the picture in ``img/``, such as ``"landing.png"``.

    Returns
    -------
    callable
        Decorator that registers the function and returns it unchanged.
    """

    def register(function: Callable[[], Figure]) -> Callable[[], Figure]:
        FIGURES[name] = function
        return function

    return register


def draw(name: str, folder: Path) -> Path:
    """
    Draw one picture and write it.

    Parameters
    ----------
    name : str
        A name in ``FIGURES``.
    folder : Path
        Where to write; created when it does not exist.

    Returns
    -------
    Path
        The file.
    """
    with mpl.rc_context():
        use_book_style()
        figure = FIGURES[name]()
        path = folder / name
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Software": None})
        plt.close(figure)
    return path


def main() -> None:
    """Draw the pictures named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description="Redraw the pictures of img/ made by code.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="file names (default: all)")
    parser.add_argument("--to", type=Path, default=ROOT / "img", help="folder (default: img/)")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in FIGURES]
    if unknown:
        known = ", ".join(sorted(FIGURES)) or "none"
        sys.exit(f"error: no picture is called {unknown[0]}; there are: {known}")
    mpl.use("Agg")
    for name in options.names or sorted(FIGURES):
        path = draw(name, options.to)
        print(f"{path} ({path.stat().st_size / 1024:.0f} KB)")


if __name__ == "__main__":
    main()
