r"""
Sphinx extension: formulas as MathML, written at build time; a wrong formula is a warning.

docutils reads the LaTeX. Before, `check_source` refuses what docutils would quietly show wrong;
after, `check_element` refuses what it left unfinished, and `mend` gives operators the spaces and
sizes of TeX. The output keeps to MathML Core: browsers lay it out without a script.
"""

import re
from html import escape
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, tostring

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import parse_latex_math
from docutils.utils.math.mathml_elements import MathElement, math, mover
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

TOKEN = re.compile(r"\\(?:begin|end) ?\{[^{}]*\}|\\[A-Za-z]+|\\.|[{}&]")
PARTNERS = {"{": "}", r"\left": r"\right"}
PARTNERS |= {rf"\{size}l": rf"\{size}r" for size in ("big", "Big", "bigg", "Bigg")}

# What docutils accepts and shows wrong, and what to write instead.
REFUSED = {
    r"^$": "the formula is empty",
    r"'": r"write ^\prime for a prime",
    r"[_^] ?\d(\d|\.\d)": "write braces around a script of several digits",
    r"\d,\d": "write {,} within a number, and a space after the comma of a list",
    r"\\(boldsymbol|pmb)\b": r"write \mathbf for bold letters",
    r"\\operatorname ?\*": r"write \underset for what stands below an operator",
}
# What docutils reads differently from LaTeX: a comma within a number, and the end of a last row.
REWRITTEN = {r"(?<=\d)\{,\}(?=\d)": ",", r"\\\\ ?(?=\\end\b)": ""}
CHILDREN = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2}
CHILDREN |= {"msubsup": 3, "munderover": 3}
SCRIPTS = ("msub", "msup", "msubsup")
LAYERS = ("munder", "mover", "munderover")

SIGNS = frozenset("+−±∓⋅×÷∗")
FENCES = frozenset("⌊⌋⌈⌉⟨⟩{}|‖")
ENDS = frozenset(")]}⌋⌉⟩|‖!…")  # what a sign can add to, of all operators
SIZES = {"1.623em": "1.8em", "2.047em": "2.4em", "2.470em": "3em"}  # of Big, bigg, Bigg
LIMITS = frozenset(("max", "min", "sup", "inf", "lim"))
APPLY_FUNCTION = "\u2061"


class FormulaError(ValueError):
    """A formula that is wrong, or that uses something the converter does not know."""


def latex_to_mathml(latex: str, *, display: bool = False) -> str:
    """Return a formula as a MathML element whose ``alttext`` is the source, or refuse it."""
    latex = " ".join(latex.split())
    check_source(latex)
    root = math(xmlns="http://www.w3.org/1998/Math/MathML", alttext=latex)
    root.set("display", "block" if display else "inline")
    for pattern, text in REWRITTEN.items():
        latex = re.sub(pattern, text, latex)
    try:
        parse_latex_math(root, latex)
    except MathError as error:
        raise FormulaError(str(error).rstrip("!.")) from error
    except Exception as error:  # such as the IndexError of a script without a base
        raise FormulaError("something is missing") from error
    elements: list[Any] = list(root.iter())
    for element in elements:
        check_element(element)
    for element in elements:
        mend(element)
    return tostring(root, encoding="unicode")


def check_source(latex: str) -> None:
    """Refuse what docutils would show wrong, and what opens or closes without its partner."""
    for pattern, message in REFUSED.items():
        if found := re.search(pattern, latex):
            fail(message, latex[found.start() :])
    expected: list[str] = []
    for token in TOKEN.finditer(latex):
        text, rest = token[0].replace(" ", ""), latex[token.start() :]
        if text in PARTNERS:
            expected.append(PARTNERS[text])
        elif text.startswith(r"\begin"):
            expected.append(text.replace("begin", "end", 1))
        elif text in PARTNERS.values() or text.startswith(r"\end"):
            if not expected or expected.pop() != text:
                fail(f"“{text}” has no partner", rest)
        elif text in (r"\\", "&") and not (expected and expected[-1].startswith(r"\end")):
            fail("rows and columns need an environment", rest)
    if expected:
        fail(f"“{expected[-1]}” is missing", latex)


def check_element(element: MathElement) -> None:
    """Refuse an element that lacks a part, and scripts of which two stand in one place."""
    wanted = CHILDREN.get(element.tag)
    lacks = len(element) != wanted if wanted else not len(element)
    if lacks and (wanted or element.tag in ("mrow", "msqrt")):
        fail("something is missing", "".join(element.itertext()))
    base = element[0] if len(element) else element
    if element.tag in SCRIPTS:
        twice = base.tag in SCRIPTS + LAYERS and not (base.tag == "mover" and has_accent(base))
    else:
        twice = element.tag == "munderover" and base.tag != "mo" and not has_accent(element)
    if twice:
        fail("two scripts in one place", "".join(element.itertext()))


def has_accent(element: Element) -> bool:
    """Tell whether the uppermost part is a bar, a hat or the like."""
    return element[-1].tag == "mo" and element[-1].text != "⏞"


def fail(message: str, place: str) -> NoReturn:
    """Raise the error that names what is wrong, and where."""
    raise FormulaError(f"{message}, at “{place[:24].strip()}”" if place else message)


def mend(row: Any) -> None:
    """Give what docutils wrote the places, spaces and sizes of TeX."""
    for node in row:
        if node.text == "ˉ":
            node.text = "¯"  # the bar that fonts have
    if row.tag == "munderover" and row[0].tag != "mo":  # an accent and a subscript
        letter, script, accent = row
        row.clear()
        row.tag = "msub"
        row.extend([mover(letter, accent, accent=True), script])
    if row.get("class") == "ams-align":
        row.set("displaystyle", "true")
    if row.get("class") == "capital-greek":
        row.set("mathvariant", "normal")
    for place, node in enumerate(row):
        if node.tag == "mo":
            mend_operator(node, row[:place], row[place + 1 :], row)


def mend_operator(
    node: Element, before: list[Element], after: list[Element], row: MathElement
) -> None:
    """Set the spaces around an operator, and whether it grows with what it encloses."""
    text = node.text or ""
    if size := SIZES.get(node.get("minsize", "")):
        node.attrib |= {"minsize": size, "maxsize": size}
    if text in ("/", "."):
        node.attrib |= {"lspace": "0", "rspace": "0"}
    elif text in LIMITS:
        node.attrib |= {"lspace": "0", "rspace": "0.167em"}
    elif text in SIGNS:
        node.set("form", "prefix" if is_unary(before, row) else "infix")
    elif text == APPLY_FUNCTION and after and after[0].text not in ("(", "["):
        node.tag, node.text = "mspace", None
        node.set("width", "0.167em")
    elif text in FENCES and not (row.tag == "mrow" and not (before and after)):
        node.set("stretchy", "false")


def is_unary(before: list[Element], row: MathElement) -> bool:
    """Tell whether a sign belongs to what follows: nothing that it could add to stands before."""
    terms = [node for node in before if node.tag != "mspace"]
    if terms:
        return terms[-1].tag == "mo" and terms[-1].text not in ENDS
    return row.tag != "mtd" or not continues_line(row)


def continues_line(cell: MathElement) -> bool:
    """Tell whether a cell goes on with the formula of the cell before, as after an aligned sign."""
    line: Any = cell.parent
    return line.parent.get("class") == "ams-align" and list(line).index(cell) % 2 == 1


def location_of(node: nodes.Element) -> str:
    """Return file and line of a node; an inline node has the line of the paragraph around it."""
    while node.line is None and node.parent is not None:
        node = node.parent
    return f"{node.source or ''}:{node.line}"


def render(node: nodes.Element, *, display: bool) -> str:
    """Return the MathML of a formula, or its source when it is wrong (with a warning)."""
    latex = node.astext()
    try:
        return latex_to_mathml(latex, display=display)
    except FormulaError as error:
        logger.warning("formula: %s", error, location=location_of(node), type="math")
        return f"<code>{escape(latex)}</code>"


def visit_math(translator: Any, node: nodes.math) -> NoReturn:
    """Write a formula in running text."""
    translator.body.append(f'<span class="math notranslate">{render(node, display=False)}</span>')
    raise nodes.SkipNode


def visit_displaymath(translator: Any, node: nodes.math_block) -> NoReturn:
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


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer ``mathml`` (``html_math_renderer`` chooses it)."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
