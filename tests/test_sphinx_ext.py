"""The extensions of the site: formulas, callouts, numbers of figures, shortened style sheets."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from docutils import nodes, utils
from fontTools import ttLib

from tools.sphinx_ext.book_math import FormulaError, latex_to_mathml
from tools.sphinx_ext.book_site import number_by_chapter, page_description
from tools.sphinx_ext.prune_css import drop_missing_fonts, prune_css
from tools.subset_math_font import characters, subset_math_font

ROOT = Path(__file__).resolve().parents[1]
BUILDER = Path(sys.executable).with_name("jupyter-book")
# As where the encoding of files is not UTF-8 by itself.
STRICT = {
    "PYTHONWARNDEFAULTENCODING": "1",
    "PYTHONWARNINGS": "error::EncodingWarning:tools.sphinx_ext.book_site",
}


def tree(latex, **options):
    """Return the MathML of a formula as an element, without the namespace."""
    text = latex_to_mathml(latex, **options)
    return ElementTree.fromstring(text.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', ""))


def inner(latex, **options):
    """Return what is inside the outer element, as text."""
    return "".join(ElementTree.tostring(part, "unicode") for part in tree(latex, **options))


def operators(latex, attribute):
    """Return one attribute of each operator of a formula."""
    return [(sign.text, sign.get(attribute)) for sign in tree(latex).iter("mo")]


# ---------------------------------------------------------------------------- formulas


@pytest.mark.parametrize(
    ("latex", "mathml"),
    [
        ("x", "<mi>x</mi>"),
        ("12.5", "<mn>12.5</mn>"),
        ("14{,}450{,}688", "<mn>14,450,688</mn>"),
        (r"\frac{n}{s}", "<mfrac><mi>n</mi><mi>s</mi></mfrac>"),
        ("x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        (r"C_\text{in}", "<msub><mi>C</mi><mtext>in</mtext></msub>"),
        (r"\sqrt[3]{x}", "<mroot><mi>x</mi><mn>3</mn></mroot>"),
        (r"\mathbb{R}", "<mi>ℝ</mi>"),
        (r"\mathbf{w}", "<mi>𝐰</mi>"),
        (r"\Gamma", '<mi class="capital-greek" mathvariant="normal">Γ</mi>'),
        (r"\bar{x}^2", '<msup><mover accent="true"><mi>x</mi><mo stretchy="false">¯</mo></mover>'
         "<mn>2</mn></msup>"),
        (r"\bar{x}_i", '<msub><mover accent="true"><mi>x</mi><mo stretchy="false">¯</mo></mover>'
         "<mi>i</mi></msub>"),
        (r"\ln p", '<mi>ln</mi><mspace width="0.167em" /><mi>p</mi>'),
        (r"\ln\frac{a}{b}", '<mi>ln</mi><mspace width="0.167em" />'
         "<mfrac><mi>a</mi><mi>b</mi></mfrac>"),
        (r"\max_i x", '<munder><mo movablelimits="true" lspace="0" rspace="0.167em">max</mo>'
         "<mi>i</mi></munder><mi>x</mi>"),
        ("n/m.", '<mi>n</mi><mo stretchy="false" lspace="0" rspace="0">/</mo><mi>m</mi>'
         '<mo lspace="0" rspace="0">.</mo>'),
    ],
)  # fmt: skip
def test_small_formulas(latex, mathml):
    assert inner(latex) == mathml


@pytest.mark.parametrize(
    ("command", "sign"),
    list(zip(
        r"\approx \equiv \neq \leq \geq \ll \gg \sim \in \subset \to \mapsto \cdot \times \pm \odot"
        r" \infty \partial \nabla \lfloor \rfloor \lceil \rceil \ldots".split(),
        "≈≡≠≤≥≪≫∼∈⊂→↦⋅×±⊙∞∂∇⌊⌋⌈⌉…",
        strict=True,
    )),
)  # fmt: skip
def test_a_command_shows_its_own_sign(command, sign):
    assert "".join(tree(f"a {command} b").itertext()) == f"a{sign}b"


def test_a_sum_has_its_limits_below_and_above():
    parts = tree(r"\sum_{u=0}^{k-1} x_u", display=True)
    assert [part.tag for part in parts] == ["munderover", "msub"]


@pytest.mark.parametrize(
    ("latex", "stretchy"),
    [
        (r"f(\{x\})", ["false"] * 4),
        (r"\lfloor x \rfloor + |x|", ["false", "false", None, "false", "false"]),
        (r"\left\lfloor \frac{n}{s} \right\rfloor", [None, None]),
        (r"\left\{ x \right.", [None]),
        (r"\begin{pmatrix} 1 \end{pmatrix}", [None, None]),
        (r"\begin{cases} 1 & x \\ 2 & y \end{cases}", [None]),
    ],
)
def test_brackets_grow_only_when_asked(latex, stretchy):
    assert [value for _, value in operators(latex, "stretchy")] == stretchy


@pytest.mark.parametrize(
    ("latex", "forms"),
    [
        ("-a - b", ["prefix", "infix"]),
        (r"[1, 0, -1]", ["prefix"]),
        (r"a \cdot (-b) - \, -c", ["prefix", "infix", "prefix"]),
        (r"x = -1, \quad (y) - 2", ["prefix", "infix"]),
        (r"\begin{pmatrix} 1 & -1 \end{pmatrix}", ["prefix"]),
        (r"\begin{aligned} a &- b \\ &\; - c \\ -d \end{aligned}", ["infix", "infix", "prefix"]),
    ],
)
def test_a_minus_stands_close_to_its_number_and_away_from_a_term(latex, forms):
    assert [form for sign, form in operators(latex, "form") if sign == "−"] == forms


def test_big_brackets_have_the_sizes_of_latex():
    latex = r"\bigl( \Bigl( \biggl( \Biggl( x \Biggr) \biggr) \Bigr) \bigr)"
    for side in ("minsize", "maxsize"):
        sizes = [size for _, size in operators(latex, side)]
        assert sizes[:4] == sizes[:3:-1] == ["1.2em", "1.8em", "2.4em", "3em"]


def test_tables_keep_rows_and_columns():
    table = tree(r"\begin{bmatrix} 1 & 2 & 3 \\ 4 & -5 & 6 \\ \end{bmatrix}").find(".//mtable")
    rows = [["".join(cell.itertext()) for cell in row] for row in table]
    assert rows == [["1", "2", "3"], ["4", "−5", "6"]]
    aligned = tree(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", display=True)[0]
    assert aligned.attrib == {"class": "ams-align", "displaystyle": "true"}


def test_the_source_is_the_text_alternative():
    root = tree(r"  \frac{1}{2}" "\n  < x ", display=True)
    assert root.get("alttext") == r"\frac{1}{2} < x"
    assert root.get("display") == "block"
    assert tree("x").get("display") == "inline"


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        ("", "empty"),
        (r"\foo{x}", r"Unknown LaTeX command .*foo"),
        ("50 € x", "Unsupported character"),
        (r"\begin{foo} 1 \end{foo}", 'Environment "foo" not supported'),
        # unfinished
        (r"\frac{1}", "missing"),
        (r"\sqrt{\frac{1}}", "something is missing"),
        ("{a_}", "something is missing"),
        ("_a", "something is missing"),
        (r"\mathbb", "something is missing"),
        (r"x\sqrt{}", "something is missing"),
        # without a partner
        ("{a", "“}” is missing, at “{a”"),
        ("a}", "“}” has no partner"),
        (r"\text{a", "“}” is missing"),
        (r"\left( x", r"“\\right” is missing"),
        (r"{\left( x} \right)", "has no partner"),
        (r"x \right)", r"“\\right” has no partner, at “\\right\)”"),
        (r"\left x \right)", "delimiter"),
        (r"\Bigl( x", r"“\\Bigr” is missing"),
        (r"\Bigl( x \bigr)", "has no partner"),
        (r"\begin{bmatrix} 1", r"“\\end\{bmatrix\}” is missing"),
        (r"\begin{bmatrix} 1 \end{pmatrix}", "has no partner"),
        (r"\end{bmatrix}", "has no partner"),
        ("a & b", "need an environment"),
        (r"a \\ b", "need an environment"),
        (r"\begin{bmatrix} {a & b} \end{bmatrix}", "need an environment"),
        # what would quietly be shown wrong
        ("x'", "prime"),
        ("x^10", "braces"),
        ("[1,0]", "space after the comma"),
        ("a^b^c", "two scripts"),
        ("a_{b_{c}}_d", "two scripts"),
        (r"\hat{y}_i^2", "two scripts"),
        (r"\underbrace{ab}_n", "two scripts"),
        (r"\overbrace{ab}_n", "two scripts"),
        (r"\boldsymbol{w} x", r"write \\mathbf"),
        (r"\operatorname*{argmax}", r"write \\underset"),
    ],
)  # fmt: skip
def test_wrong_formulas_are_refused(latex, message):
    with pytest.raises(FormulaError, match=message):
        latex_to_mathml(latex, display=True)


def test_every_prefix_of_a_formula_is_a_formula_or_an_error():
    formula = (
        r"\left\lfloor \frac{n + 2p - d(k - 1)}{s} \right\rfloor + \sum_{i=0}^{n} x_i "
        r"\begin{cases} 1 & \text{if } x \\ \mathbf{0} & \sqrt[3]{y} \end{cases}"
    )
    latex_to_mathml(formula)
    for end in range(len(formula)):
        try:
            latex_to_mathml(formula[:end], display=True)
        except FormulaError:
            continue


def test_the_font_is_cut_to_the_characters_of_the_formulas(tmp_path):
    source, target = ROOT / "book/_static/fonts/stix-two-math.woff2", tmp_path / "small.woff2"
    formulas = latex_to_mathml(r"x + \Gamma \ln(7)"), latex_to_mathml(r"h \le 7", display=True)
    (tmp_path / "page.html").write_text("b <b>c</b>".join(formulas), encoding="utf-8")
    assert characters(tmp_path) == set("𝑥+Γln(7)ℎ≤")  # single letters lean, others do not
    subset_math_font(source, target, characters(tmp_path))
    font = ttLib.TTFont(target)
    assert "MATH" in font
    assert {chr(code) for code in font.getBestCmap()} - characters(tmp_path) == {"≥"}  # mirrored
    with pytest.raises(ValueError, match="missing characters: 文"):
        subset_math_font(source, target, {"文"})


# ---------------------------------------------------------------------------- style sheets


def test_rules_that_match_nothing_are_left_out():
    css = """
    /* a comment with .b { } in it */
    @charset "UTF-8";
    .a, .b { color: red }
    #b, b.b { color: blue }
    a:not(.b) .a::before { content: "} .b {" }
    @media print { .b { color: black } }
    @media screen { .a { color: white } .b { color: black } }
    @keyframes turn { from { opacity: 0 } to { opacity: 1 } }
    html[data-theme="dark"] p { color: grey }
    """
    short = prune_css(css, {"a"})
    assert re.sub(r"\s+", "", short) == (
        '@charset"UTF-8";.a{color:red}a:not(.b).a::before{content:"}.b{"}'
        "@mediascreen{.a{color:white}}@keyframesturn{from{opacity:0}to{opacity:1}}"
        'html[data-theme="dark"]p{color:grey}'
    )
    assert prune_css(short, {"a"}) == short


@pytest.mark.parametrize(
    "name", ["bs-tooltip-auto", "tooltip-inner", "dropdown-menu", "collapsing", "math-scroll"]
)
def test_rules_stay_whose_class_a_script_sets(name):
    assert prune_css(f".{name}{{color:red}}", set()) == f".{name}{{color:red}}"


def test_fonts_without_a_file_are_left_out(tmp_path):
    (tmp_path / "here.woff2").touch()
    css = "".join(
        f'@font-face{{font-family:"{name}";src:url("{name}.woff2?v=1") format("woff2")}}'
        for name in ("here", "gone")
    )
    assert re.findall('"(here|gone)"', drop_missing_fonts(css + ".a{}", tmp_path)) == ["here"]


# ---------------------------------------------------------------------------- a small book

CHAPTER = r"""---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
language_info: {name: python, pygments_lexer: ipython3}
---
# 7. A chapter

Too short to describe it.

The first long paragraph of this chapter is what a search engine shows, so it is a sentence; and it
goes on, with words that follow the two hundred characters that fit into a list of results, which
are cut off where a word ends.

**You will be able to**

- do one thing;
- do another thing.

**Predict, then run.** How many?

**Trap.** A paragraph.

**Your turn.** Do this:

1. first,
2. second.

A list of its own:

- that no box takes.

**What to notice.** It is green, as {numref}`fig-07-b` and {eq}`eq-size` show.

**Something else.** It is not marked.

> **Trap** within a quotation is not marked.

$$
n = \left\lfloor \frac{a}{b} \right\rfloor
$$ (eq-size)

```{figure} picture.png
:alt: A white square on nothing at all
:name: fig-07-a

First
```

```{figure} picture.png
:alt: The same white square once more
:name: fig-07-b

Second
```

```{code-cell} ipython3
:tags: [hide-input]
print("folded")
```

| a | b |
|---|--:|
| 1 | 2 |

## Summary

The end {cite:p}`lecun1998`.

## Exercises

### Exercise 7.1 (by hand)

Do it.

## Further reading

```{bibliography}
```
"""
INDEX = """---
myst:
  html_meta: {description: "A book of two pages, in words that its text does not have."}
---
# The book

[First](07_chapter.md)

```{figure} picture.png
:alt: A white square on nothing at all
:name: fig-index

A picture outside the chapters
```
"""


class Book:
    """A book of two pages with the configuration of this one."""

    def __init__(self, root):
        self.root, self.html = root, root / "_build" / "html"
        for name in ("book/_static", "book/_templates", "tools/sphinx_ext"):
            shutil.copytree(ROOT / name, root / name)
        config = (ROOT / "_config.yml").read_text(encoding="utf-8")
        config = config.replace("\nhtml:\n", "\nhtml:\n  baseurl: https://example.org/book/\n")
        (root / "_config.yml").write_text(config, encoding="utf-8")
        shutil.copy(ROOT / "book/references.bib", root / "book/references.bib")
        shutil.copy(ROOT / "book/_static/logo.svg", root / "book/picture.png")
        toc = "format: jb-book\nroot: index\nchapters:\n  - file: 07_chapter\n"
        (root / "_toc.yml").write_text(toc)
        (root / "book/index.md").write_text(INDEX, encoding="utf-8")

    def build(self, chapter):
        """Build the book with another chapter; return the exit status and what is said."""
        (self.root / "book/07_chapter.md").write_text(chapter, encoding="utf-8")
        command = [str(BUILDER), "build", "book", "--toc", str(self.root / "_toc.yml")]
        result = subprocess.run(
            [*command, "-W", "-n", "--keep-going", "--path-output", "."],
            cwd=self.root,
            env=os.environ | STRICT,
            capture_output=True,
            text=True,
        )
        return result.returncode, result.stdout + result.stderr

    def page(self, name):
        """Read a built page."""
        return BeautifulSoup((self.html / name).read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Return the sample book, built once."""
    book = Book(tmp_path_factory.mktemp("site"))
    status, output = book.build(CHAPTER)
    assert status == 0, output
    return book


@pytest.fixture(scope="module")
def chapter(book):
    """Return the page of the sample chapter."""
    return book.page("07_chapter.html")


def test_callouts_get_a_box_with_the_list_that_follows(chapter):
    boxes = chapter.select(".book-callout")
    assert [(box["class"][1], box.strong.get_text(), len(box.select("li"))) for box in boxes] == [
        ("book-outcomes", "You will be able to", 2),
        ("book-predict", "Predict, then run.", 0),
        ("book-trap", "Trap.", 0),
        ("book-turn", "Your turn.", 2),
        ("book-notice", "What to notice.", 0),
    ]
    assert [len(box.select("p, ul, ol")) for box in boxes] == [4, 1, 1, 4, 1]


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        ("section.book-summary > h2", "Summary"),
        ("section.book-exercise > h3", "Exercise 7.1 (by hand)"),
        ("section.book-further-reading > h2", "Further reading"),
        ("details.hide > summary > .collapsed", "Show the code"),
        ("details.hide > summary > .expanded", "Hide the code"),
        ("details.hide pre", 'print("folded")'),
        (".pst-scrollable-table-container > table th", "a"),
        ("div.math .math-scroll > math[display=block] mfrac", "ab"),
        ("div.citation:not([role])", "[LBBH98]"),
    ],
)
def test_a_page_has(chapter, selector, words):
    assert chapter.select_one(selector).get_text().strip().startswith(words)


def test_numbers_begin_with_the_chapter(book, chapter):
    numbers = [number.get_text(strip=True) for number in chapter.select(".caption-number")]
    assert numbers == ["Figure 7.1", "Figure 7.2"]
    notice = chapter.select_one(".book-notice").get_text()
    assert "Figure 7.2" in notice
    assert "(7.1)" in notice
    assert chapter.select_one(".eqno").get_text().startswith("(7.1)")
    assert "Figure 1" in book.page("index.html").select_one(".caption-number").get_text()


def test_pages_whose_numbers_change_are_written_again():
    numbers = {"07_a": {"figure": {"x": (4,), "y": (3,)}}, "index": {"figure": {"z": (1,)}}}
    env = SimpleNamespace(toc_fignumbers=numbers)
    assert number_by_chapter(None, env) == ["07_a"]
    assert numbers["07_a"] == {"figure": {"x": (7, 2), "y": (7, 1)}}
    assert number_by_chapter(None, env) == []


def test_a_page_describes_itself(book, chapter):
    (text,) = [tag["content"] for tag in chapter.select("meta[name=description]")]
    assert text.startswith("The first long paragraph of this chapter")
    assert text.endswith(" results, which…")
    open_graph = {tag["property"]: tag["content"] for tag in chapter.select("meta[property]")}
    assert open_graph["og:description"] == text
    assert open_graph["og:type"] == "article"
    assert open_graph["og:title"] == "7. A chapter"
    assert open_graph["og:site_name"].startswith("Convolutional Neural Networks")
    assert open_graph["og:url"] == "https://example.org/book/07_chapter.html"
    assert chapter.title.get_text().startswith("7. A chapter – Convolutional")


def test_a_page_may_be_described_by_hand(book):
    index = book.page("index.html")
    names = ["meta[name=description]", 'meta[property="og:description"]', "meta[content=website]"]
    found = [[tag["content"] for tag in index.select(name)] for name in names]
    by_hand = "A book of two pages, in words that its text does not have."
    assert found == [[by_hand], [by_hand], ["website"]]


@pytest.mark.parametrize(
    ("limit", "shown"),
    [
        (54, "A first sentence, then another one, and then the third"),
        (53, "A first sentence, then another one, and then the…"),
        (38, "A first sentence, then another one…"),
    ],
)
def test_a_description_ends_with_a_word(limit, shown):
    page, section = utils.new_document("page"), nodes.section()
    page += section
    text = "A first sentence, then another one,\nand then the third"
    section += [nodes.paragraph("", "Too short."), nodes.paragraph("", text)]
    assert page_description(page, limit=limit) == shown


def test_little_is_published(book):
    static = book.html / "_static"
    names = {path.name for path in static.rglob("*")}
    unused = r"fontawesome|\.map$|^vendor$|^locales$|LICENSE|webpack|^theme\.css$"
    unused += "|^logo_(?!binder|colab)"
    assert not {name for name in names if re.search(unused, name)}
    sheet = (static / "styles/pydata-sphinx-theme.css").read_text(encoding="utf-8")
    assert len(sheet) < 150_000
    assert ".tooltip-inner" in sheet
    assert ".bs-tooltip-auto" in sheet
    assert ".accordion" not in sheet
    assert ".topic" not in sheet
    assert ".fa-solid" not in sheet


def test_a_second_build_has_the_styles_of_its_pages_and_names_the_place_of_a_wrong_formula(book):
    again = "# 7. A chapter\n\nOne line.\n\nA wrong $\\fraction{1}{2}$ here.\n"
    status, output = book.build(again + "\n:::{topic} More\nWords.\n:::\n")
    assert status != 0
    assert output.count("WARNING: ") == 1
    assert '07_chapter.md:5: WARNING: formula: Unknown LaTeX command "\\fraction"' in output
    assert book.page("07_chapter.html").select("aside.topic, div.topic")
    sheets = [path.read_text(encoding="utf-8") for path in book.html.glob("_static/styles/*.css")]
    assert any(".topic" in sheet for sheet in sheets)
