"""
Write the multiplication sign between sizes, in a form that no line breaks: 3 × 3, not a letter.

    python -m tools.times            put it right in every notebook, page and document
    python -m tools.times --check    say which files would change

Text, captions and alt texts have the sign between no-break spaces. Code, formulas, addresses and
what links lead to stay as they are, except for a link to a heading whose anchor changes.
"""

import argparse
import html
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # runs as a file, too
from tools.notebook_format import canonical, read_notebook, to_text

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "img/README.md")
TIMES = "\u00a0×\u00a0"

_STEPS = re.compile(
    r"^```\{image\}(?P<image>.*?)^```"  # its alt text is for readers
    r"|^```\{glossary\}(?P<glossary>.*?)^```"  # and so is every word of this one
    r"|^(?P<fence>```+|~~~+).*?^(?P=fence)"
    r"|(?P<tick>`+).*?(?P=tick)"
    r"|\$\$.*?\$\$|\$[^$]*\$"
    r"|\]\([^)]*\)"
    r"|<?https?://\S+"
    r"|(?<=\d)(?P<times>[ \u00a0]?[xX×][ \u00a0]?)(?=\d)",
    re.DOTALL | re.MULTILINE,
)


def with_signs(text: str) -> str:
    """Return Markdown with the sign between its sizes. Applying it again changes nothing."""

    def mended(found: re.Match[str]) -> str:
        if found["times"]:
            return TIMES
        if found["image"]:
            return re.sub(r"(?<=:alt: ).*", lambda alt: with_signs(alt[0]), found[0])
        if found["glossary"]:
            return found[0].replace(found["glossary"], with_signs(found["glossary"]))
        return found[0]

    return _STEPS.sub(mended, text)


def anchor(title: str) -> str:
    """Return the anchor of a heading, as GitHub and MyST form it."""
    title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", html.unescape(title)).replace("`", "")
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def moved_anchors(text: str) -> dict[str, str]:
    """Return old and new anchor of each heading that gets the sign."""
    titles = re.findall(r"^#{1,3} (.+)$", text, re.MULTILINE)
    pairs = {anchor(title): anchor(with_signs(title)) for title in titles}
    return {old: new for old, new in pairs.items() if old != new}


def with_links(text: str, moved: dict[str, str]) -> str:
    """Return Markdown whose links to headings lead to the new anchors."""
    return re.sub(
        r"(\]\([^)#\s]*#)([^)\s]+)", lambda link: link[1] + moved.get(link[2], link[2]), text
    )


def texts_of(path: Path) -> str:
    """Return the Markdown of a page, or of the text cells of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = read_notebook(text).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def mended_file(path: Path, moved: dict[str, str]) -> str:
    """Return the text of a file with the sign, notebooks in their canonical form."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return with_links(with_signs(text), moved)
    notebook = read_notebook(text)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_links(with_signs(cell.source), moved)
        settings = cell.metadata.get("mystnb", {})
        for part, key in (("figure", "caption"), ("image", "alt")):
            if key in settings.get(part, {}):
                settings[part][key] = with_signs(settings[part][key])
    return to_text(canonical(notebook))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Write the multiplication sign between sizes.")
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args(arguments).check
    paths = sorted((ROOT / "book").glob("*.ipynb")) + sorted((ROOT / "book").glob("*.md"))
    paths += [ROOT / name for name in DOCUMENTS]
    moved: dict[str, str] = {}
    for path in paths:
        moved |= moved_anchors(texts_of(path))
    changed = 0
    for path in paths:
        text = mended_file(path, moved)
        if text == path.read_text(encoding="utf-8"):
            continue
        changed += 1
        print(f"{path.relative_to(ROOT)}: {'has to change' if check else 'changed'}")
        if not check:
            path.write_text(text, encoding="utf-8")
    return int(check and changed > 0)


if __name__ == "__main__":
    sys.exit(main())
