"""The canonical form of the book's notebooks: what is stored, and what must never be."""

import base64
import hashlib
import io
import json
import re
import struct
from collections.abc import Iterator
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode
from PIL import Image

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("mystnb", "tags")

SMALL_ENOUGH = 60_000  # bytes: a picture above this loses colours, as long as nobody can tell
PNG_DATA_URI = re.compile(r"(?<=data:image/png;base64,)[A-Za-z0-9+/=]+")

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_PATH = re.compile(r"(?<![\w/.:<\\])/(?!/)(?:[\w.+-]+/)+[\w.+-]+|\b[A-Za-z]:\\\w")
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
_COLOUR_CODE = re.compile(r"\x1b\[[0-9;]*m")


# ---------------------------------------------------------------- reading and writing


def read_notebook(text: str) -> NotebookNode:
    """
    Return a notebook whose cells all have an id of their own; an id that is there stays.

    Raises ValueError if the text is not a notebook of nbformat 4.
    """
    content = json.loads(text)
    if not isinstance(content, dict) or content.get("nbformat") != 4 or "cells" not in content:
        raise ValueError("not a notebook of nbformat 4")
    content["nbformat_minor"] = 5
    taken = {""}
    for place, cell in enumerate(content["cells"]):
        if cell.get("id", "") in taken:
            words = f"{place}\n{''.join(cell['source'])}"  # the same id on every machine
            cell["id"] = hashlib.sha256(words.encode()).hexdigest()[:8]
        taken.add(cell["id"])
    return nbformat.reads(json.dumps(content), as_version=4)


def to_text(notebook: NotebookNode) -> str:
    """Return the text of a notebook file, with one newline at its end."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def canonical(notebook: NotebookNode) -> NotebookNode:
    """
    Bring an executed notebook, in place, into the one form in which it is stored.

    What an author wrote stays, blank lines at the ends of a cell aside. Applying the function
    again changes nothing.
    """
    kept = {key: notebook.metadata[key] for key in ("myst",) if key in notebook.metadata}
    notebook.metadata = nbformat.from_dict({**kept, **NOTEBOOK_METADATA})
    notebook.nbformat_minor = 5
    for cell in notebook.cells:
        metadata = {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}
        cell.metadata = nbformat.from_dict(metadata)
        cell.source = re.sub(r"^(?:[ \t]*\n)+|(?:\n[ \t]*)+$", "", cell.source)
        if cell.cell_type == "code":
            cell.outputs = [_canonical_output(output) for output in _merged(cell.outputs)]
    number_cells(notebook)
    return notebook


def number_cells(notebook: NotebookNode) -> None:
    """Number the code cells as a fresh run does: 1, 2, 3 ..."""
    for count, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join the pieces of each stream: a kernel splits its prints at random moments."""
    merged: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        if output.output_type == "stream" and output.name in streams:
            streams[output.name].text += output.text
            continue
        if output.output_type == "stream":
            streams[output.name] = output
        merged.append(output)
    return merged


def _canonical_output(output: NotebookNode) -> NotebookNode:
    if output.output_type == "error":  # tracebacks hold paths and colours: keep the last line
        output.evalue = _COLOUR_CODE.sub("", output.evalue)
        output.traceback = [f"{output.ename}: {output.evalue}"]
    if "data" not in output:
        return output
    data, metadata = output.data, {}
    if "image/png" in data:
        # The width at which a picture of double resolution is shown. Without the height,
        # so that a narrow screen can shrink it in proportion.
        width = output.metadata.get("image/png", {}).get("width")
        metadata = {"image/png": {"width": width}} if width else {}
        data["image/png"] = _compact_base64(data["image/png"])
    if "text/html" in data:
        data["text/html"] = PNG_DATA_URI.sub(lambda uri: _compact_base64(uri[0]), data["text/html"])
    output.metadata = nbformat.from_dict(metadata)
    return output


# ---------------------------------------------------------------- pictures


def compact_png(data: bytes) -> bytes:
    """
    Encode a PNG again: no text chunks, a palette where it has at most 256 colours.

    A picture larger than `SMALL_ENOUGH` is reduced to 256 colours, then to 64, as long as nobody
    can tell. Equal input gives equal output, and compacting it again changes nothing.
    """
    picture: Image.Image = Image.open(io.BytesIO(data))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        if np.asarray(picture)[..., 3].min() < 255:
            return _encoded(picture)
    picture = picture.convert("RGB")
    encoded = _with_palette(picture)
    for colours in (256, 64):
        if len(encoded) <= SMALL_ENOUGH or picture.getcolors(colours):
            continue
        reduced = picture.quantize(colours, kmeans=3, dither=Image.Dither.NONE).convert("RGB")
        if not _looks_the_same(picture, reduced):
            break
        picture, encoded = reduced, _with_palette(reduced)
    return encoded


def _with_palette(picture: Image.Image) -> bytes:
    """Encode a picture without loss, with a sorted palette where it has few colours."""
    colours = picture.getcolors(256)
    if colours is None:
        return _encoded(picture)
    palette = np.array(sorted(colour for _, colour in colours), np.uint8)
    keys, pixels = (np.dot(rgb, (1 << 16, 1 << 8, 1)) for rgb in (palette, np.asarray(picture)))
    indexed = Image.fromarray(np.searchsorted(keys, pixels).astype(np.uint8))
    indexed.putpalette(palette.tobytes())
    encoded = _encoded(indexed, bits=next(bits for bits in (1, 2, 4, 8) if len(palette) <= 2**bits))
    if (palette == palette[:, :1]).all():
        return min(encoded, _encoded(picture.convert("L")), key=len)
    return encoded


def _encoded(picture: Image.Image, **options: Any) -> bytes:
    picture.info.clear()
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True, **options)
    return buffer.getvalue()


def _looks_the_same(picture: Image.Image, reduced: Image.Image) -> bool:
    """Whether two pictures differ by less than an eye can see."""
    difference = np.abs(np.asarray(picture, dtype=int) - np.asarray(reduced, dtype=int)).max(axis=2)
    return bool(difference.mean() < 1.5 and np.quantile(difference, 0.999) <= 16)


def _compact_base64(text: str) -> str:
    return base64.b64encode(compact_png(base64.b64decode(text))).decode("ascii")


def png_size(text: str) -> tuple[int, int]:
    """Return (width, height) in pixels of a PNG in base64."""
    width, height = struct.unpack(">II", base64.b64decode(text[:64])[16:24])
    return width, height


# ---------------------------------------------------------------- what must not be stored


def objections(notebook: NotebookNode) -> list[str]:
    """Say, a line each, what in a notebook differs between machines or should not be on a page."""
    found = []
    for cell in notebook.cells:
        if cell.get("attachments"):
            where = f"the text {first_line(cell.source)!r}"
            found.append(f"{where} holds a pasted picture; let a code cell draw it")
    for number, cell in enumerate(code_cells(notebook), start=1):
        where = f"cell {number} ({first_line(cell.source)})"
        tagged = "raises-exception" in cell.metadata.get("tags", [])
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed and not tagged:
            found.append(f"{where}: stores an error; mend it, or tag the cell raises-exception")
        if tagged and not failed:
            found.append(f"{where}: is tagged raises-exception but raises nothing")
        for output in cell.outputs:
            found += [f"{where}: {problem}" for problem in _objections_to(output)]
    return found


def _objections_to(output: NotebookNode) -> Iterator[str]:
    if output.output_type == "stream" and output.name == "stderr":
        yield f"writes to stderr: {first_line(output.text)}"
        return
    data = output.get("data", {})
    html = _SCRIPT.sub("", PNG_DATA_URI.sub("", data.get("text/html", "")))
    text = output.get("text", "") + output.get("evalue", "") + data.get("text/plain", "")
    shown = f"{text}\n{html}"
    if address := _ADDRESS.search(shown):
        yield (
            f"shows the memory address {address[0]}; end the line with a semicolon, "
            "or print what you mean"
        )
    if path := _PATH.search(shown):
        yield f"shows a path of this machine, {path[0]}; print its name only"


def first_line(text: str) -> str:
    """Return the first line of a text that says something, shortened to 80 characters."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 80 else line[:77] + "..."
