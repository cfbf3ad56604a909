"""
Sphinx extension: what the pages of this book have beyond the theme.

- Paragraphs that begin with a fixed bold phrase, and a few kinds of sections, get a CSS class.
- Figures, tables and formulas count from 1 in each chapter, with the chapter's number before.
- Folded cells are named by what the reader sees.
- Each page describes itself (``description`` and Open Graph), and names no other host for it.
- Files that no page uses, and CSS rules that match nothing in the book, are left out.
"""

import re
import shutil
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform

from tools.sphinx_ext.prune_css import drop_missing_fonts, prune_css, words

CALLOUTS = {
    "What to notice": "notice",
    "Predict, then run": "predict",
    "Trap": "trap",
    "Your turn": "turn",
    "You will be able to": "outcomes",
}
SECTIONS = {"Exercise ": "exercise", "Summary": "summary", "Further reading": "further-reading"}
CHAPTER = re.compile(r"(?:^|/)0*(\d+)_[^/]*$")
FONT_AWESOME = re.compile(r"fa[bsr]?|fa-.*")

# Parts of the theme that pages of this book never ask for.
UNUSED_FILES = (
    "_static/locales",
    "_static/scripts/fontawesome.js*",
    "_static/scripts/*.map",
    "_static/scripts/*.LICENSE.txt",
    "_static/styles/*.map",
    "_static/styles/theme.css",
    "_static/vendor",
    "_static/*webpack-macros.html",
    "_static/images/logo_deepnote.svg",
    "_static/images/logo_jupyterhub.svg",
    "_static/images/logo_jupyterlite.svg",
    "_static/design-tabs.js.map",
)
# Parts of Bootstrap that its script names, and no page has.
UNUSED_CLASSES = frozenset(
    "accordion alert card carousel form-check modal offcanvas popover progress toast".split()
)
PRUNED_CSS = (
    "_static/basic.css",
    "_static/mystnb.*.css",
    "_static/sphinx-design.min.css",
    "_static/styles/*.css",
    "_static/togglebutton.css",
)


class MarkCallouts(SphinxTransform):
    """Give paragraphs and sections their CSS class from how they begin."""

    default_priority = 850

    def apply(self, **kwargs: Any) -> None:
        """Go through the page."""
        for paragraph in list(self.document.findall(nodes.paragraph)):
            first = next((child for child in paragraph if child.astext()), None)
            if isinstance(first, nodes.strong) and isinstance(paragraph.parent, nodes.section):
                phrase = first.astext().rstrip(".: ")
                if phrase in CALLOUTS:
                    wrap_callout(paragraph, CALLOUTS[phrase])
        for section in self.document.findall(nodes.section):
            title = section.next_node(nodes.title)
            for start, name in SECTIONS.items():
                if title is not None and title.astext().startswith(start):
                    section["classes"].append(f"book-{name}")


def wrap_callout(paragraph: nodes.paragraph, kind: str) -> None:
    """Put a paragraph, and the list right after it, into a box of their own."""
    parent, index = paragraph.parent, paragraph.parent.index(paragraph)
    box = nodes.container(classes=["book-callout", f"book-{kind}"])
    following = parent[index + 1 : index + 2]
    lists = [
        node for node in following if isinstance(node, nodes.bullet_list | nodes.enumerated_list)
    ]
    parent[index : index + 1 + len(lists)] = [box]
    box.extend([paragraph, *lists])


def number_by_chapter(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Number what is counted as (chapter, place in the chapter)."""
    changed = set()
    for docname, kinds in env.toc_fignumbers.items():
        chapter = CHAPTER.search(docname)
        for numbers in kinds.values():
            for place, (identifier, old) in enumerate(
                sorted(numbers.items(), key=itemgetter(1)), 1
            ):
                new = (int(chapter[1]), place) if chapter else (place,)
                if new != old:
                    numbers[identifier] = new
                    changed.add(docname)
    return sorted(changed)


def describe_page(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Collect the metadata of a page: its description, and the same for Open Graph."""
    title = re.sub(r"<[^>]+>", "", context.get("title") or app.config.html_title)
    meta = [
        ("og:title", title),
        ("og:type", "article" if CHAPTER.search(pagename) else "website"),
        ("og:site_name", app.config.html_title),
    ]
    description = page_description(doctree)
    if description:
        meta.append(("og:description", description))
        if 'name="description"' not in context.get("metatags", ""):
            meta.insert(0, ("description", description))
    if app.config.html_baseurl:
        meta.append(("og:url", f"{app.config.html_baseurl.rstrip('/')}/{pagename}.html"))
    context["book_meta"] = meta
    context["book_title"], _, context["book_subtitle"] = app.config.html_title.partition(": ")


def page_description(doctree: nodes.document | None, *, limit: int = 200) -> str:
    """Return the first sentences of a page, at most ``limit`` characters."""
    if doctree is None:
        return ""
    for meta in doctree.findall(nodes.meta):
        if meta.get("name") == "description":
            return meta["content"]
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if len(text) > 40 and isinstance(paragraph.parent, nodes.section | nodes.container):
            if len(text) <= limit:
                return text
            return text[:limit].rsplit(" ", 1)[0].rstrip(",;:") + "…"
    return ""


def visit_hidden_cell(translator: Any, node: nodes.Element) -> None:
    """Open a folded cell; its name is what the reader sees (the original has another one)."""
    classes = " ".join(node["classes"])
    show, hide = (translator.encode(node[f"prompt_{word}"]) for word in ("show", "hide"))
    translator.body.append(
        f'<details class="admonition hide {classes}">\n<summary>'
        f'<span class="collapsed admonition-title">{show}</span>'
        f'<span class="expanded admonition-title">{hide}</span></summary>\n'
    )


def visit_citation(translator: Any, node: nodes.citation) -> None:
    """Open an entry of the bibliography; the role that docutils gives it is deprecated."""
    translator.body.append(translator.starttag(node, "div", CLASS="citation"))


def depart_citation(translator: Any, node: nodes.citation) -> None:
    """Close an entry of the bibliography."""
    translator.body.append("</div>\n")


def start_afresh(app: Sphinx, builder: Builder) -> None:
    """Have all static files copied again: those of the last build are shortened."""
    if builder.name == "html":
        delete(Path(app.outdir, "_static"))


def slim_down(app: Sphinx, exception: Exception | None) -> None:
    """Delete what no page uses, and shorten the style sheets to what the pages need."""
    if exception or app.builder.name != "html":
        return
    site = Path(app.outdir)
    for pattern in UNUSED_FILES:
        for path in site.glob(pattern):
            delete(path)
    scripted = words_of(site.glob("_static/**/*.js")) - UNUSED_CLASSES
    used = scripted | words_of(site.glob("**/*.html"))
    used = {name for name in used if not FONT_AWESOME.fullmatch(name)}  # book.css has the icons
    for pattern in PRUNED_CSS:
        for path in site.glob(pattern):
            css = prune_css(path.read_text(encoding="utf-8"), used)
            path.write_text(drop_missing_fonts(css, path.parent), encoding="utf-8")


def words_of(paths: Iterable[Path]) -> set[str]:
    """Return all words of several files."""
    return set().union(*(words(path.read_text(encoding="utf-8")) for path in paths))


def delete(path: Path) -> None:
    """Delete a file, or a folder with all that is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect everything."""
    app.add_transform(MarkCallouts)
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_cell, depart_HideCellInput))
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    app.connect("env-get-updated", number_by_chapter, priority=900)
    app.connect("html-page-context", describe_page)
    app.connect("write-started", start_afresh)
    app.connect("build-finished", slim_down, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
