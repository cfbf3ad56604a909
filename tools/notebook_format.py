"""The canonical form of the book's notebooks: what is stored, and what must never be."""

import base64
import hashlib
import io
import json
import re
import struct

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
PNG_DATA_URI = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_UNIX_PATH = re.compile(r"(?<![\w/.:<\\])/(?!/)(?:[\w.+-]+/)+[\w.+-]+")
_WINDOWS_PATH = re.compile(r"\b[A-Za-z]:\\\w")
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
_COLOUR_CODE = re.compile(r"\x1b\[[0-9;]*m")


# ---------------------------------------------------------------- reading and writing


def read_notebook(text: str) -> NotebookNode:
    """
    Read a notebook and give each cell an id that is unique and stays.

    Existing ids are kept. A missing or repeated one is made from what the cell says, so that the
    same cell gets the same id on every machine.

    Parameters
    ----------
    text
        The content of an .ipynb file.

    Returns
    -------
    NotebookNode
        The notebook in nbformat 4.5.

    Raises
    ------
    ValueError
        If the text is not a notebook of nbformat 4.
    """
    content = json.loads(text)
    if not isinstance(content, dict) or content.get("nbformat") != 4 or "cells" not in content:
        raise ValueError("not a notebook of nbformat 4")
    content["nbformat_minor"] = 5
    taken = set()
    for cell in content["cells"]:
        if cell.get("id", "") in taken | {""}:
            source = "".join(cell["source"])
            stem = hashlib.sha256(f"{cell['cell_type']}\n{source}".encode()).hexdigest()[:8]
            repeats = (f"{stem}-{count}" for count in range(2, len(content["cells"]) + 2))
            cell["id"] = next(name for name in (stem, *repeats) if name not in taken)
        taken.add(cell["id"])
    return nbformat.reads(json.dumps(content), as_version=4)


def to_text(notebook: NotebookNode) -> str:
    """Return the text of a notebook file, with one newline at its end."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def canonical(notebook: NotebookNode, *, stem: str = "") -> NotebookNode:
    """
    Bring an executed notebook into the one form in which it is stored.

    Parameters
    ----------
    notebook
        The notebook; it is changed in place.
    stem
        Name of the file without ending, for the notebook's metadata if it has a title.

    Returns
    -------
    NotebookNode
        The same notebook. Applying the function again changes nothing.
    """
    kept = {key: notebook.metadata[key] for key in ("myst",) if key in notebook.metadata}
    notebook.metadata = nbformat.from_dict({**kept, **NOTEBOOK_METADATA})
    notebook.nbformat_minor = 5
    for cell in notebook.cells:
        metadata = {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}
        cell.metadata = nbformat.from_dict(metadata)
        cell.source = "\n".join(line.rstrip() for line in cell.source.strip("\n").splitlines())
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs = [_canonical_output(output) for output in _merged(cell.outputs)]
    number_cells(notebook)
    return notebook


def number_cells(notebook: NotebookNode) -> None:
    """Number the code cells as a fresh run does: 1, 2, 3 ..."""
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def _merged(outputs):
    """Join the pieces of each stream: a kernel splits its prints at random moments."""
    merged, streams = [], {}
    for output in outputs:
        if output.output_type == "stream" and output.name in streams:
            streams[output.name].text += output.text
            continue
        if output.output_type == "stream":
            streams[output.name] = output
        merged.append(output)
    return merged


def _canonical_output(output):
    if output.output_type == "error":  # tracebacks hold paths and colours: keep the last line
        output.evalue = _COLOUR_CODE.sub("", output.evalue)
        output.traceback = [f"{output.ename}: {output.evalue}"]
    if "data" not in output:
        return output
    metadata = {}
    if "image/png" in output.data:
        # The width at which a picture of double resolution is shown. Without the height,
        # so that a narrow screen can shrink it in proportion.
        width = output.metadata.get("image/png", {}).get("width")
        metadata = {"image/png": {"width": width}} if width else {}
        output.data["image/png"] = _compact_base64(output.data["image/png"])
    if "text/html" in output.data:
        output.data["text/html"] = PNG_DATA_URI.sub(
            lambda match: f"data:image/png;base64,{_compact_base64(match[1])}",
            output.data["text/html"],
        )
    output.metadata = nbformat.from_dict(metadata)
    return output


# ---------------------------------------------------------------- pictures


def compact_png(data: bytes) -> bytes:
    """
    Encode a PNG again: no text chunks, a palette where it has at most 256 colours.

    A picture larger than `SMALL_ENOUGH` is reduced to 256 colours, then to 64, as long as nobody
    can tell.

    Parameters
    ----------
    data
        A PNG file.

    Returns
    -------
    bytes
        A PNG file of the same size in pixels; equal input gives equal output, and compacting
        it again changes nothing.
    """
    picture = Image.open(io.BytesIO(data))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        if picture.getextrema()[3][0] < 255:
            return _encoded(picture)
    picture = picture.convert("RGB")
    encoded = _with_palette(picture) or _encoded(picture)
    for colours in (256, 64):
        if len(encoded) <= SMALL_ENOUGH or picture.getcolors(colours):
            continue
        reduced = picture.quantize(colours, kmeans=3, dither=Image.Dither.NONE).convert("RGB")
        if not _looks_the_same(picture, reduced):
            break
        picture, encoded = reduced, _with_palette(reduced)
    return encoded


def _with_palette(picture):
    """Encode without loss with a sorted palette, or return None if there are too many colours."""
    colours = picture.getcolors(256)
    if colours is None:
        return None
    palette = sorted(colour for _, colour in colours)
    pixels = np.asarray(picture).astype(np.int64) @ (1 << 16, 1 << 8, 1)
    keys = np.array(palette, dtype=np.int64) @ (1 << 16, 1 << 8, 1)
    indexed = Image.fromarray(np.searchsorted(keys, pixels).astype(np.uint8))
    indexed.putpalette([value for colour in palette for value in colour])
    candidates = [_encoded(indexed, bits=_bits(len(palette)))]
    if all(red == green == blue for red, green, blue in palette):
        candidates.append(_encoded(picture.convert("L")))
    return min(candidates, key=len)


def _bits(colours):
    return next(bits for bits in (1, 2, 4, 8) if colours <= 2**bits)


def _encoded(picture, **options):
    picture.info.clear()
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True, **options)
    return buffer.getvalue()


def _looks_the_same(picture, reduced):
    """Whether two pictures differ by less than an eye can see."""
    difference = np.abs(np.asarray(picture, dtype=int) - np.asarray(reduced, dtype=int)).max(axis=2)
    return difference.mean() < 1.5 and np.quantile(difference, 0.999) <= 16


def _compact_base64(text):
    return base64.b64encode(compact_png(base64.b64decode(text))).decode("ascii")


def png_size(text: str) -> tuple[int, int]:
    """Return (width, height) in pixels of a PNG in base64."""
    return struct.unpack(">II", base64.b64decode(text[:64])[16:24])


# ---------------------------------------------------------------- what must not be stored


def objections(notebook: NotebookNode) -> list[str]:
    """
    Say what in the outputs would differ between machines, or should not be on a page.

    Parameters
    ----------
    notebook
        An executed notebook in canonical form.

    Returns
    -------
    list of str
        One line for each problem, with the number of the cell and what to do.
    """
    found = []
    code_cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    for number, cell in enumerate(code_cells, start=1):
        where = f"cell {number} ({first_line(cell.source)})"
        tags = cell.metadata.get("tags", [])
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed and "raises-exception" not in tags:
            found.append(f"{where}: stores an error; mend it, or tag the cell raises-exception")
        if "raises-exception" in tags and not failed:
            found.append(f"{where}: is tagged raises-exception but raises nothing")
        for output in cell.outputs:
            found += [f"{where}: {problem}" for problem in _objections_to(output)]
    return found


def _objections_to(output):
    if output.output_type == "stream" and output.name == "stderr":
        yield f"writes to stderr: {first_line(output.text)}"
        return
    text = _printed(output)
    if address := _ADDRESS.search(text):
        yield (
            f"shows the memory address {address[0]}; end the line with a semicolon, "
            "or print what you mean"
        )
    if path := _UNIX_PATH.search(text) or _WINDOWS_PATH.search(text):
        yield f"shows a path of this machine, {path[0]}; print its name only"


def _printed(output):
    """Return the text of an output that a reader sees."""
    data = output.get("data", {})
    html = _SCRIPT.sub("", PNG_DATA_URI.sub("", data.get("text/html", "")))
    parts = [output.get("text", ""), output.get("evalue", ""), data.get("text/plain", ""), html]
    return "\n".join(parts)


def first_line(text: str) -> str:
    """Return the first line of a text that says something, shortened to 80 characters."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = lines[0] if lines else ""
    return line if len(line) <= 80 else line[:77] + "..."
