"""The palette can be told apart, and the book's style takes effect where figures are made."""

import base64
import struct
from pathlib import Path

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from nbclient import NotebookClient

from utils.style import PALETTE, SIGNED_CMAP, use_book_style

ROOT = Path(__file__).resolve().parent.parent
ROLES = ["input", "kernel", "output", "padding", "bias", "highlight", "gradient"]

# Viénot, Brettel and Mollon (1999): what is left of linear RGB without red or green cones.
DICHROMATS = {
    "normal": np.eye(3),
    "protanope": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deuteranope": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
}


def lab(colour, vision):
    """Return the CIE L*a*b* coordinates of a colour as seen with one kind of vision."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = (DICHROMATS[vision] @ linear).clip(0, 1)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x, y, z = np.cbrt(to_xyz @ linear / np.array([0.9505, 1, 1.089])).clip(0.138)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.fixture(autouse=True)
def _restore_defaults():
    with mpl.rc_context():
        yield


def test_every_role_has_a_colour():
    assert list(PALETTE) == ROLES
    with pytest.raises(TypeError):
        PALETTE["input"] = "red"


@pytest.mark.parametrize("vision", DICHROMATS)
def test_colours_of_different_roles_differ_for_every_vision(vision):
    main = [role for role in ROLES if role != "padding"]  # padding is also dashed
    for index, first in enumerate(main):
        for second in main[index + 1 :]:
            distance = np.linalg.norm(lab(PALETTE[first], vision) - lab(PALETTE[second], vision))
            assert distance > 10, (first, second)


def test_the_signed_map_is_white_at_zero():
    assert SIGNED_CMAP(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.01)
    assert SIGNED_CMAP(0.0)[:3] == pytest.approx(to_rgb(PALETTE["input"]))
    assert SIGNED_CMAP(1.0)[:3] == pytest.approx(to_rgb(PALETTE["highlight"]))


def test_text_is_readable_on_a_telephone():
    use_book_style()
    width = mpl.rcParams["figure.figsize"][0]
    pixels = mpl.rcParams["font.size"] / 72 * 375 / width  # of 375 pixels for the whole figure
    assert width <= 7.2
    assert pixels > 9


@pytest.mark.parametrize(
    "cells",
    [
        ["import matplotlib.pyplot as plt\n{style}", "{draw}"],
        ["{style}", "import matplotlib.pyplot as plt\n{draw}"],
        ["{style}\nimport matplotlib.pyplot as plt\n{draw}"],
        ["{style}", "%matplotlib inline\nimport matplotlib.pyplot as plt\n{draw}"],
        [
            "%matplotlib inline\n{style}",
            "from matplotlib.figure import Figure\nFigure().subplots().figure",
        ],
    ],
    ids=["pyplot first", "style first", "one cell", "magic after", "figure returned"],
)
def test_figures_in_a_notebook_are_stored_at_twice_their_size(cells):
    style = "from utils.style import use_book_style\nuse_book_style()"
    draw = "plt.subplots();"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.format(style=style, draw=draw)) for cell in cells]
    )
    NotebookClient(notebook, resources={"metadata": {"path": str(ROOT)}}).execute()
    (output,) = notebook.cells[-1].outputs
    png = base64.b64decode(output.data["image/png"])
    assert struct.unpack(">II", png[16:24]) == (1440, 720)
    assert output.metadata["image/png"] == {"width": 720, "height": 360}
