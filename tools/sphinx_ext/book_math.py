"""Sphinx extension: formulas as MathML, written at build time; a wrong formula is a warning."""

from html import escape

from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from tools.sphinx_ext.latex_mathml import LatexError, latex_to_mathml

logger = logging.getLogger(__name__)


def location_of(node):
    """Return file and line of a node; an inline node has the line of the paragraph around it."""
    while node.line is None and node.parent is not None:
        node = node.parent
    return node.source or "", node.line


def render(node, *, display):
    """Return the MathML of a formula, or its source when it is wrong (with a warning)."""
    latex = node.astext()
    try:
        return latex_to_mathml(latex, display=display)
    except LatexError as error:
        source, line = location_of(node)
        logger.warning("formula: %s", error, location=f"{source}:{line}", type="math")
        return f"<code>{escape(latex)}</code>"


def visit_math(translator, node):
    """Write a formula in running text."""
    translator.body.append(f'<span class="math notranslate">{render(node, display=False)}</span>')
    raise nodes.SkipNode


def visit_displaymath(translator, node):
    """Write a formula on a line of its own, with its number; wide ones scroll in their box."""
    translator.body.append(translator.starttag(node, "div", CLASS="math notranslate"))
    translator.body.append(f'<div class="math-scroll">{render(node, display=True)}</div>')
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Register the renderer ``mathml`` (``html_math_renderer`` chooses it)."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
