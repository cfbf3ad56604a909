"""The site as `make book` built it: links, words, weight, and what a browser makes of it."""

import os
import re
from pathlib import Path

import pytest
import yaml
from fontTools.ttLib import TTFont

from tests import site_audit as audit
from tools.subset_math_font import characters

ROOT = Path(__file__).resolve().parents[1]
SITE = Path(os.environ.get("BOOK_SITE", ROOT / "_build" / "html")).resolve()

LANDING_LIMIT = 400_000
PAGE_LIMIT = 800_000
PICTURE_LIMIT = 400_000

if not (SITE / "index.html").is_file():
    message = f"there is no site in {SITE}: run make book"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message, allow_module_level=True)

PAGES = sorted(SITE.rglob("*.html"))
CONTENT = [page for page in PAGES if page.stem not in ("genindex", "search")]
NOTEBOOKS = [page for page in CONTENT if re.match(r"\d\d_", page.stem)]


def first_with(selector, pages=NOTEBOOKS):
    """Return the name of the first page that has something."""
    return next(page.name for page in pages if audit.parse(page).select(selector))


# ---------------------------------------------------------------------------- pages as text


@pytest.mark.parametrize(
    ("check", "pages"),
    [
        (lambda page: audit.broken_links(page, SITE), PAGES),
        (audit.outside_files, PAGES),
        (audit.poor_alternatives, PAGES),
        (audit.formula_problems, PAGES),
        (audit.raw_markup, CONTENT),
        (audit.heading_problems, CONTENT),
        (audit.repeated_ids, PAGES),
    ],
    ids=[
        "links and anchors resolve",
        "no file is named on another host",
        "pictures have useful alternatives",
        "formulas are MathML",
        "no markup is left in the text",
        "headings are in order",
        "ids are unique",
    ],
)
def test_pages_as_text(check, pages):
    assert [f"{page.name}: {problem}" for page in pages for problem in check(page)] == []


def test_formulas_need_no_script_and_their_characters_are_in_the_font():
    font = TTFont(SITE / "_static/fonts/stix-two-math.woff2")
    assert "MATH" in font
    assert len(characters(SITE)) > 50
    assert characters(SITE) - {chr(code) for code in font.getBestCmap()} == set()
    scripts = [tag["src"] for page in PAGES for tag in audit.parse(page).select("script[src]")]
    assert not [address for address in scripts if "mathjax" in address.lower()]


def test_pages_say_what_they_are():
    described = {}
    for page in CONTENT:
        soup = audit.parse(page)
        assert soup.html["lang"] == "en"
        assert len(soup.title.get_text(strip=True)) > 5, page.name
        (description,) = soup.select("meta[name=description]")
        assert 40 <= len(description["content"]) <= 320, (page.name, description["content"])
        assert soup.find("meta", property="og:title"), page.name
        assert soup.find("link", rel="icon"), page.name
        described.setdefault(description["content"], []).append(page.name)
    assert all(len(names) == 1 for names in described.values()), described


def test_launch_buttons_lead_to_the_repository():
    repository = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]
    url, branch = repository["url"], repository["branch"]
    place = f"{url.removeprefix('https://github.com/')}/blob/{branch}"
    for page in CONTENT:
        links = {a["href"] for a in audit.parse(page).find_all("a", href=True)}
        assert url in links, page.name
        for start in (f"{url}/edit/{branch}/book/{page.stem}.", f"_sources/{page.stem}."):
            assert any(link.startswith(start) for link in links), (page.name, start)
        if page in NOTEBOOKS:
            path = f"book/{page.stem}.ipynb"
            assert f"https://colab.research.google.com/github/{place}/{path}" in links
            binder = f"https://mybinder.org/v2/gh/{place.replace('/blob/', '/')}"
            assert f"{binder}?urlpath=lab/tree/{path}" in links


def test_pages_are_light():
    weights = {page.name: audit.page_weight(page) for page in PAGES}
    assert weights["index.html"] < LANDING_LIMIT, weights["index.html"]
    assert max(weights.values()) < PAGE_LIMIT, weights
    pictures = {path.name: path.stat().st_size for path in (SITE / "_images").glob("*")}
    assert all(size < PICTURE_LIMIT for size in pictures.values()), pictures


def test_every_icon_has_a_picture_in_the_style_sheet():
    css = (SITE / "_static/book.css").read_text(encoding="utf-8")
    drawn = set(re.findall(r"\.(fa-[\w-]+)", css))
    for page in PAGES:
        for icon in audit.parse(page).select('i[class*="fa-"], span[class*="fa-"]'):
            assert drawn & set(icon["class"]), (page.name, icon["class"])


# ---------------------------------------------------------------------------- in a browser

# The frame around the text is the same on every page: it is looked at in all four ways on two
# pages, and each page in a wide light window and on a dark telephone.
TWO_VIEWS = [("light", 1300), ("dark", 390)]
ALL_VIEWS = [*TWO_VIEWS, ("light", 390), ("dark", 1300)]
FRAME = ("index", NOTEBOOKS[0].stem) if NOTEBOOKS else ("index",)


@pytest.fixture(scope="session")
def problems(browser_path):
    """What a browser finds wrong, by kind."""
    return audit.audit_site(
        SITE, browser_path, PAGES, lambda page: ALL_VIEWS if page.stem in FRAME else TWO_VIEWS
    )


@pytest.mark.parametrize(
    "kind",
    ["foreign", "failed", "console", "violations", "overflow"],
    ids=[
        "no request leaves the site",
        "no file is missing",
        "consoles stay empty",
        "no accessibility violation",
        "nothing is wider than a telephone",
    ],
)
def test_all_pages_in_a_browser(problems, kind):
    assert problems[kind] == []


@pytest.fixture(scope="module")
def browser(browser_path):
    with audit.launched(browser_path) as started:
        yield started


@pytest.fixture(scope="module")
def home():
    with audit.serve(SITE) as address:
        yield address


@pytest.fixture
def page(browser, home):
    """An empty page in light colours, without motion, that reaches nothing but the site."""
    options = {"base_url": home, "color_scheme": "light", "reduced_motion": "reduce"}
    with audit.opened(browser, home, **options) as (opened, found):
        yield opened
        assert found == {"foreign": [], "failed": [], "console": []}


@pytest.mark.parametrize("term", ["convolution", "padding"])
def test_search_finds(page, term):
    page.goto(f"search.html?q={term}")
    page.wait_for_selector("#search-results li a", timeout=10_000)
    hrefs = "found => found.map((a) => a.getAttribute('href'))"
    links = page.eval_on_selector_all("#search-results li a", hrefs)
    assert links
    assert all((SITE / re.split("[?#]", link)[0]).is_file() for link in links), links


def test_search_is_a_key_away(page):
    page.goto("index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("kernel")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=kernel")


def test_search_works_from_the_disk(browser):
    home = SITE.as_uri() + "/"
    with audit.opened(browser, home) as (page, found):
        page.goto(f"{home}search.html?q=kernel")
        page.wait_for_selector(".search-summary:has-text('finished')", timeout=10_000)
        assert page.locator("#search-results li a").count() > 1
    assert found == {"foreign": [], "failed": [], "console": []}


def test_the_theme_switch_changes_the_colours_and_is_remembered(page):
    mode = "document.documentElement.dataset.mode"
    page.goto("index.html")
    colours, modes = {}, []
    for _ in range(3):
        page.click(".theme-switch-button")
        modes.append(page.evaluate(mode))
        colours[modes[-1]] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click(".theme-switch-button")
    page.reload()
    assert page.evaluate(mode) == modes[0]
    assert sorted(modes) == ["auto", "dark", "light"]
    assert colours["dark"] != colours["light"] == colours["auto"]


def test_buttons_of_the_header(page):
    page.goto(NOTEBOOKS[0].name)
    page.focus(".dropdown-download-buttons button")
    page.keyboard.press("Enter")
    assert page.is_visible(".dropdown-download-buttons .dropdown-menu")
    with page.expect_download() as download:
        page.evaluate(
            "(() => { const a = document.querySelector('.btn-download-source-button');"
            " a.download = ''; a.removeAttribute('target'); a.click(); })()"
        )
    assert download.value.path().stat().st_size > 1000
    page.click(".primary-toggle")
    page.wait_for_selector("#pst-primary-sidebar", state="hidden")
    page.click(".primary-toggle")
    page.wait_for_selector("#pst-primary-sidebar")
    page.set_viewport_size({"width": 390, "height": 800})
    page.click(".primary-toggle")
    page.wait_for_selector("#pst-primary-sidebar-modal nav.bd-links")
    page.keyboard.press("Escape")
    page.wait_for_selector("#pst-primary-sidebar-modal nav.bd-links", state="hidden")


def test_a_button_says_what_it_does_in_a_readable_box(page):
    page.goto(NOTEBOOKS[0].name)
    page.hover(".theme-switch-button")
    page.wait_for_selector(".tooltip-inner")
    look = "(box) => [getComputedStyle(box).backgroundColor, getComputedStyle(box).maxWidth]"
    ground, width = page.eval_on_selector(".tooltip-inner", look)
    assert ground != "rgba(0, 0, 0, 0)"
    assert width == "200px"


def test_the_keyboard_skips_to_the_text(page):
    page.goto("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")


def test_solutions_unfold_by_key_and_in_print(page):
    page.goto(first_with("details.hide"))
    page.focus("details.hide > summary")
    assert re.match("Show the (code|solution)", page.inner_text("details.hide > summary"))
    page.keyboard.press("Enter")
    assert page.is_visible("details.hide pre")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_cheat_sheet_prints_on_one_page(page, paper):
    page.goto("cheat_sheet.html")
    page.evaluate("document.fonts.ready.then(() => true)")
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper))) == 1


def test_formulas_are_laid_out(page):
    """The browser knows MathML and has the font: a fraction is taller than its line."""
    page.goto(first_with("math[display=block] mfrac"))
    fonts = "[...document.fonts].filter((f) => f.status === 'loaded').map((f) => f.family)"
    page.evaluate("document.fonts.ready.then(() => true)")
    assert any("STIX Two Math" in family for family in page.evaluate(fonts))
    fraction = page.locator("math[display=block] mfrac").first.bounding_box()
    letter = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    assert fraction["height"] > 1.5 * letter


class TestAnimation:
    @pytest.fixture
    def player(self, page):
        """The first animation of the book, on its page."""
        page.goto(first_with(".cnn-animation"))
        player = page.locator(".cnn-animation").first
        player.scroll_into_view_if_needed()
        return player

    def test_buttons_and_keys(self, player, page):
        slider = player.locator("input")
        seen = [slider.input_value()]
        for press in (
            player.locator(".next").click,
            lambda: page.keyboard.press("Enter"),  # the button has the focus
            lambda: slider.press("ArrowLeft"),
            player.locator(".back").click,
        ):
            press()
            seen.append(slider.input_value())
        assert seen == ["1", "2", "3", "2", "1"]
        player.locator(".play").click()
        page.wait_for_timeout(3000)
        assert int(slider.input_value()) > 1

    def test_waits_where_motion_is_reduced(self, player, page):
        page.wait_for_timeout(3000)
        assert player.locator("input").input_value() == "1"

    def test_prints_all_steps(self, player, page):
        page.emulate_media(media="print")
        assert not player.locator(".bar").is_visible()
        strip, view = (player.locator(part).first.bounding_box() for part in ("img", ".view"))
        assert strip["width"] <= view["width"] + 1


# ---------------------------------------------------------------------------- the checks check

BAD_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A page with everything wrong</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="missing.css"></head>
<body><main><article>
<h1 id="twice">One</h1><h3 id="twice">Three</h3>
<p style="color: #bbb; background: #fff">Too pale to read, $x^2$.</p>
<div class="highlight"><pre><span>a</span><span>b</span><span style="color: #ccc">pale</span></pre>
</div><p>{ref}`a role` and \\frac{1}{2}</p><span class="math">\\(x\\)</span>
<a href="nowhere.html">away</a> <a href="#nothing">down</a>
<img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==" alt="a.png">
<img src="https://example.invalid/picture.png">
<div style="width: 900px">wide</div>
<script>console.error("broken"); throw new Error("thrown");</script>
</article></main></body></html>
"""


@pytest.fixture
def bad_page(tmp_path):
    page = tmp_path.resolve() / "bad.html"
    page.write_text(BAD_PAGE, encoding="utf-8")
    return page


def test_text_checks_find_what_is_wrong(bad_page):
    assert len(audit.broken_links(bad_page, bad_page.parent)) == 3
    assert audit.outside_files(bad_page) == ["<img> https://example.invalid/picture.png"]
    assert len(audit.poor_alternatives(bad_page)) == 2
    assert audit.raw_markup(bad_page) == ["$x^2$", "{ref}`", "\\frac"]
    assert len(audit.formula_problems(bad_page)) == 1
    assert audit.heading_problems(bad_page) == ["h3 after h1"]
    assert audit.repeated_ids(bad_page) == ["twice"]


def test_browser_checks_find_what_is_wrong(bad_page, browser_path):
    found = audit.audit_site(bad_page.parent, browser_path, [bad_page], lambda page: TWO_VIEWS)
    for way in ("http", "file"):
        assert f"bad.html: {way}: https://example.invalid/picture.png" in found["foreign"]
        assert any(line.startswith(f"bad.html: {way}") for line in found["failed"])
        assert {f"bad.html: {way}: {word}" for word in ("broken", "thrown")} <= set(
            found["console"]
        )
    for theme in ("light 1300", "dark 390"):
        assert [line for line in found["violations"] if f"{theme}: color-contrast x2" in line]
        assert [line for line in found["violations"] if f"{theme}: image-alt" in line]
    assert found["overflow"]
