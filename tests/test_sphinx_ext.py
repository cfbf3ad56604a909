"""The extensions of the site: formulas, callouts, numbers of figures, shortened style sheets."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tools.sphinx_ext import latex_mathml
from tools.sphinx_ext.latex_mathml import LatexError, latex_to_mathml
from tools.sphinx_ext.prune_css import drop_missing_fonts, prune_css, words

ROOT = Path(__file__).resolve().parents[1]
EXTENSIONS = ROOT / "tools" / "sphinx_ext"
BUILDER = Path(sys.executable).with_name("jupyter-book")

NAMESPACE = f"{{{latex_mathml.NAMESPACE}}}"


def tree(latex, **options):
    """Return the MathML of a formula as an element, without the namespace."""
    root = ElementTree.fromstring(latex_to_mathml(latex, **options))
    for element in root.iter():
        element.tag = element.tag.removeprefix(NAMESPACE)
    return root


def inner(latex, **options):
    """Return what is inside the outer element, as text."""
    root = tree(latex, **options)
    return "".join(ElementTree.tostring(child, encoding="unicode") for child in root)


# ---------------------------------------------------------------------------- formulas


@pytest.mark.parametrize(
    ("latex", "mathml"),
    [
        ("x", "<mi>x</mi>"),
        ("12.5", "<mn>12.5</mn>"),
        ("14{,}450{,}688", "<mn>14,450,688</mn>"),
        (r"\frac{n}{s}", "<mfrac><mi>n</mi><mi>s</mi></mfrac>"),
        ("x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        ("x'", "<msup><mi>x</mi><mo>′</mo></msup>"),
        (r"C_{\text{in}}", "<msub><mi>C</mi><mtext>in</mtext></msub>"),
        (r"\sqrt{x}", "<msqrt><mi>x</mi></msqrt>"),
        (r"\sqrt[3]{x}", "<mroot><mi>x</mi><mn>3</mn></mroot>"),
        (r"\mathbb{R}", "<mi>ℝ</mi>"),
        (r"\mathbf{w}", "<mi>𝐰</mi>"),
        (r"\mathrm{out}", "<mi>out</mi>"),
        (r"\Gamma", '<mi mathvariant="normal">Γ</mi>'),
        (r"\operatorname{softmax}", "<mi>softmax</mi>"),
        (r"\bar{x}", '<mover accent="true"><mi>x</mi><mo stretchy="false">¯</mo></mover>'),
    ],
)
def test_small_formulas(latex, mathml):
    assert inner(latex) == mathml


def test_sums_have_their_limits_below_and_above():
    assert [element.tag for element in tree(r"\sum_{u=0}^{k-1} x_u")[0]] == ["munderover", "msub"]
    assert tree(r"\max_{i} x_i")[0][0].tag == "munder"
    assert tree(r"\int_0^1 x").find(".//msubsup") is not None


def test_brackets_stretch_only_when_asked():
    floor = tree(r"\left\lfloor \frac{n}{s} \right\rfloor + 1")
    fences = floor.findall(".//mo[@fence]")
    assert [fence.text for fence in fences] == ["⌊", "⌋"]
    assert {fence.get("stretchy") for fence in fences} == {"true"}
    assert {fence.get("stretchy") for fence in tree("f(x)").findall(".//mo")} == {"false"}


def test_signs_are_unary_after_an_operator():
    signs = tree(r"-a + (-b) \cdot c - d").iter("mo")
    forms = [sign.get("form") for sign in signs if sign.text == "−"]
    assert forms == ["prefix", "prefix", "infix"]


def test_matrices_keep_rows_and_columns():
    table = tree(r"\begin{bmatrix} 1 & 2 & 3 \\ 4 & -5 & 6 \\ \end{bmatrix}").find(".//mtable")
    assert ["".join(row.itertext()) for row in table] == ["123", "4−56"]
    assert [len(row) for row in table] == [3, 3]


def test_rows_without_an_environment_are_aligned():
    table = tree(r"a &= b \\ c &= d", display=True).find(".//mtable")
    assert table.get("class") == "math-aligned"
    with pytest.raises(LatexError, match="environment"):
        latex_to_mathml(r"a &= b \\ c &= d")


def test_the_source_is_the_text_alternative():
    root = tree(r"  \frac{1}{2}" "\n  < x ", display=True)
    assert root.get("alttext") == r"\frac{1}{2} < x"
    assert root.get("display") == "block"


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        ("", "empty"),
        (r"\frac{1}", "something is missing"),
        (r"\foo{x}", r"\\foo.* is not known"),
        (r"\operatornam{x}", "not known"),
        ("a_", "something is missing"),
        ("{a", "}” is missing"),
        ("a}", "too many"),
        ("x^10", "braces are missing"),
        ("a^b^c", "two scripts"),
        (r"\left( x", r"\\right” is missing"),
        (r"x \right)", "no partner"),
        (r"\left x", "delimiter"),
        (r"\begin{bmatrix} 1", r"\\end\{bmatrix\}” is missing"),
        (r"\begin{bmatrix} 1 \end{pmatrix}", r"\\end\{bmatrix\}” is missing"),
        (r"\end{bmatrix}", "no partner"),
        (r"\begin{foo} 1 \end{foo}", "environment “foo” is not known"),
        (r"\begin{array}{cx} 1 \end{array}", "columns"),
        (r"\begin{array}{c} 1 & 2 \end{array}", "more cells"),
        ("a & b", "environment"),
        (r"\text{a", "closing brace"),
        (r"\text{$a$}", "plain text"),
        (r"\mathbf{a+b}", "letters and digits"),
        (r"\mathbb", "letters and digits"),
        ("a % b", "not known"),
        ("50 € x", "not known"),
    ],
)
def test_wrong_formulas_are_refused(latex, message):
    with pytest.raises(LatexError, match=message):
        latex_to_mathml(latex)


def test_every_prefix_of_a_formula_is_a_formula_or_an_error():
    formula = (
        r"\left\lfloor \frac{n + 2p - d(k - 1)}{s} \right\rfloor + \sum_{i=0}^{n} x'_i "
        r"\begin{cases} 1 & \text{if } x \\ \mathbf{0} & \sqrt[3]{y} \end{cases}"
    )
    latex_to_mathml(formula)
    for end in range(len(formula)):
        try:
            latex_to_mathml(formula[:end], display=True)
        except LatexError:
            continue


def test_every_character_is_in_the_font():
    ttlib = pytest.importorskip("fontTools.ttLib")
    pytest.importorskip("brotli")
    font = ttlib.TTFont(ROOT / "book/_static/fonts/stix-two-math.woff2")
    assert "MATH" in font
    assert not latex_mathml.characters() - {chr(code) for code in font.getBestCmap()}


# ---------------------------------------------------------------------------- style sheets


def test_rules_that_match_nothing_are_left_out():
    css = """
    /* a comment with .b { } in it */
    @charset "UTF-8";
    .a, .b { color: red }
    .b { color: blue }
    a:not(.b) .a::before { content: "} .b {" }
    @media print { .b { color: black } }
    @media screen { .a { color: white } .b { color: black } }
    @keyframes turn { from { opacity: 0 } to { opacity: 1 } }
    html[data-theme="dark"] p { color: grey }
    """
    short = prune_css(css, {"a"})
    assert "blue" not in short
    assert "black" not in short
    assert ".a{color: red}" in short
    assert 'a:not(.b) .a::before{content: "} .b {"}' in short
    assert "@media screen{.a{color: white}}" in short
    assert "@keyframes turn{from { opacity: 0 } to { opacity: 1 }}" in short
    assert 'html[data-theme="dark"] p{color: grey}' in short


def test_fonts_without_a_file_are_left_out(tmp_path):
    (tmp_path / "here.woff2").touch()
    css = "".join(
        f'@font-face{{font-family:"{name}";src:url("{name}.woff2?v=1") format("woff2")}}'
        for name in ("here", "gone")
    )
    assert re.findall('"(here|gone)"', drop_missing_fonts(css + ".a{}", tmp_path)) == ["here"]


def test_a_shortened_sheet_stays_as_it_is():
    css = prune_css((ROOT / "book/_static/book.css").read_text(encoding="utf-8"), {"bd-article"})
    assert css == prune_css(css, {"bd-article"})


def test_words_are_classes_and_ids():
    assert {"sd-card", "top"} <= words('<div class="sd-card big" id="top">')


# ---------------------------------------------------------------------------- a small book

CHAPTER = r"""# 7. A chapter

The first paragraph of this chapter is what a search engine shows, so it is a sentence.

**You will be able to**

- do one thing;
- do another thing.

**What to notice.** It is green, as {numref}`fig-07-b` and {eq}`eq-size` show.

**Something else.** It is not marked.

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

| a | b |
|---|--:|
| 1 | 2 |

## Summary

The end.

## Exercises

### Exercise 7.1 (by hand)

Do it.
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Build a book of two pages with the configuration of this one; return what it wrote."""
    if not BUILDER.exists():
        pytest.skip("jupyter-book is not installed")

    def run(chapter, *options):
        root = tmp_path_factory.mktemp("book")
        book = root / "book"
        book.mkdir()
        for name in ("_static", "_templates"):
            shutil.copytree(ROOT / "book" / name, book / name)
        shutil.copytree(EXTENSIONS, root / "tools" / "sphinx_ext")
        shutil.copy(ROOT / "_config.yml", root)
        (book / "references.bib").write_text("", encoding="utf-8")
        (book / "index.md").write_text("# The book\n\n[First](07_chapter.md)\n", encoding="utf-8")
        (book / "07_chapter.md").write_text(chapter, encoding="utf-8")
        shutil.copy(ROOT / "book" / "_static" / "logo.svg", book / "picture.png")
        toc = root / "_toc.yml"
        toc.write_text(
            "format: jb-book\nroot: index\nchapters:\n  - file: 07_chapter\n", encoding="utf-8"
        )
        result = subprocess.run(
            [
                *(str(BUILDER), "build", str(book), "--toc", str(toc)),
                *("-W", "-n", "--keep-going", "--path-output", str(root), *options),
            ],
            cwd=root,
            capture_output=True,
            text=True,
        )
        return result, root / "_build" / "html"

    return run


@pytest.fixture(scope="module")
def chapter(build):
    """The page of the sample chapter."""
    from bs4 import BeautifulSoup

    result, site = build(CHAPTER)
    assert result.returncode == 0, result.stdout + result.stderr
    page = BeautifulSoup((site / "07_chapter.html").read_text(encoding="utf-8"), "html.parser")
    page.site = site
    return page


def test_callouts_get_a_box(chapter):
    boxes = chapter.select(".book-callout")
    assert [box.strong.get_text() for box in boxes] == ["You will be able to", "What to notice."]
    assert len(boxes[0].select("li")) == 2
    assert chapter.select_one(".book-notice") is boxes[1]


def test_sections_are_marked(chapter):
    assert chapter.select_one("section.book-summary > h2")
    assert chapter.select_one("section.book-exercise > h3")


def test_numbers_begin_with_the_chapter(chapter):
    numbers = [number.get_text(strip=True) for number in chapter.select(".caption-number")]
    assert numbers == ["Figure 7.1", "Figure 7.2"]
    notice = chapter.select_one(".book-notice").get_text()
    assert "Figure 7.2" in notice
    assert "(7.1)" in notice
    assert chapter.select_one(".eqno").get_text().startswith("(7.1)")


def test_formulas_need_no_script(chapter):
    assert chapter.select_one("div.math .math-scroll > math[display=block]")
    assert "mathjax" not in str(chapter.find_all("script")).lower()


def test_tables_scroll_by_themselves(chapter):
    assert chapter.select_one(".pst-scrollable-table-container > table")


def test_the_page_describes_itself(chapter):
    text = chapter.find("meta", attrs={"name": "description"})["content"]
    assert text.startswith("The first paragraph of this chapter")
    assert chapter.find("meta", property="og:description")["content"] == text
    assert chapter.title.get_text().startswith("7. A chapter – Convolutional")


def test_little_is_published(chapter):
    static = chapter.site / "_static"
    names = {path.name for path in static.rglob("*")}
    assert "fontawesome.js" not in names
    assert not {name for name in names if name.endswith(".map")}
    assert (static / "styles/pydata-sphinx-theme.css").stat().st_size < 150_000


def test_a_wrong_formula_fails_the_build_with_its_place(build):
    result, _ = build("# 7. A chapter\n\nOne line.\n\nA wrong $\\fraction{1}{2}$ here.\n")
    assert result.returncode != 0
    assert "07_chapter.md:5: WARNING: formula: the command “\\fraction” is not known" in (
        result.stdout + result.stderr
    )
