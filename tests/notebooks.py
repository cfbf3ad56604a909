"""Small notebooks, made for tests."""

import base64
import io

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from tools.notebook_format import canonical, to_text


def code(source="x", *outputs, tags=(), **metadata):
    """Return a code cell that shows something."""
    return new_code_cell(
        source,
        outputs=list(outputs),
        metadata={"tags": list(tags), **metadata} if tags else metadata,
    )


text = new_markdown_cell


def printed(words, name="stdout"):
    """Return what a print leaves."""
    return new_output("stream", name=name, text=words)


def failed(words, kind="ValueError"):
    """Return what an error leaves."""
    return new_output("error", ename=kind, evalue=words)


def shown(words="", kind="display_data", **data):
    """Return an output: ``html`` is HTML, ``png`` a picture in base64."""
    names = {"html": "text/html", "png": "image/png"}
    return new_output(kind, {names[key]: data[key] for key in data} | {"text/plain": words})


def notebook(*cells, **metadata):
    """Return a notebook of some cells; a text stands for a code cell."""
    cells = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    return new_notebook(cells=cells, metadata=metadata)


def stored(*cells):
    """Return the text of a notebook in canonical form; its ids are the same each time."""
    made = notebook(*cells)
    for count, cell in enumerate(made.cells):
        cell.id = f"cell-{count}"
    return to_text(canonical(nbformat.from_dict(made)))


def save(path, *cells):
    """Write a notebook as an editor would, not in canonical form; return its path."""
    nbformat.write(notebook(*cells), path)
    return path


def as_png(values, **options):
    """Return pixels (rows, columns) or (rows, columns, 3 or 4) from 0 to 255 as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(values, np.uint8)).save(buffer, "PNG", **options)
    return buffer.getvalue()


def in_base64(data):
    """Return bytes as a notebook stores them."""
    return base64.b64encode(data).decode()


def as_picture(data):
    """Return the HTML of a PNG."""
    return f'<img src="data:image/png;base64,{in_base64(data)}">'
