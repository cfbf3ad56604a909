"""The site as `make book` built it: links, words, weight, and what a browser makes of it."""

import asyncio
import json
import os
import re
from pathlib import Path

import pytest
import yaml

from tests import site_audit as audit

ROOT = Path(__file__).resolve().parents[1]
SITE = Path(os.environ.get("BOOK_SITE", audit.default_site(ROOT))).resolve()
CI = os.environ.get("CI", "").lower() in ("1", "true")

LANDING_LIMIT = 400_000
PAGE_LIMIT = 800_000
PICTURE_LIMIT = 400_000

if not (SITE / "index.html").is_file():
    if CI:
        pytest.fail(f"there is no site in {SITE}: run make book", pytrace=False)
    pytest.skip(f"there is no site in {SITE}: run make book", allow_module_level=True)

PAGES = audit.html_pages(SITE)
CONTENT = [page for page in PAGES if page.stem not in ("genindex", "search")]
NOTEBOOKS = [page for page in CONTENT if re.match(r"\d\d_", page.stem)]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))


def on_all_pages(check, pages=PAGES):
    """Return the complaints of one check about all pages."""
    return [f"{page.name}: {problem}" for page in pages for problem in check(page)]


# ---------------------------------------------------------------------------- pages as text


def test_links_and_anchors_resolve():
    assert not on_all_pages(lambda page: audit.broken_links(page, SITE))


def test_no_file_is_named_on_another_host():
    assert not on_all_pages(audit.outside_files)


def test_pictures_have_useful_alternatives():
    assert not on_all_pages(audit.poor_alternatives)


def test_no_markup_is_left_in_the_text():
    assert not on_all_pages(audit.raw_markup, CONTENT)


def test_formulas_are_mathml():
    assert not on_all_pages(audit.formula_problems)
    assert any(audit.parse(page).find("math") for page in CONTENT)
    assert not any("mathjax" in tag["src"].lower() for page in PAGES for tag in scripts(page))


def scripts(page):
    return audit.parse(page).find_all("script", src=True)


def test_headings_are_in_order():
    assert not on_all_pages(audit.heading_problems, CONTENT)


def test_ids_are_unique():
    for page in PAGES:
        ids = [tag["id"] for tag in audit.parse(page).find_all(id=True)]
        assert len(ids) == len(set(ids)), (page.name, {i for i in ids if ids.count(i) > 1})


def test_pages_say_what_they_are():
    described = {}
    for page in CONTENT:
        soup = audit.parse(page)
        assert soup.html["lang"] == "en"
        assert len(soup.title.get_text(strip=True)) > 5, page.name
        description = soup.find("meta", attrs={"name": "description"})
        assert description, f"{page.name} has no description"
        assert 40 <= len(description["content"]) <= 320, (page.name, description["content"])
        assert soup.find("meta", property="og:title"), page.name
        assert soup.find("link", rel="icon"), page.name
        described.setdefault(description["content"], []).append(page.name)
    assert all(len(names) == 1 for names in described.values()), described


def test_launch_buttons_lead_to_the_repository():
    repository = CONFIG["repository"]
    owner_and_name = repository["url"].removeprefix("https://github.com/").strip("/")
    branch = repository["branch"]
    assert owner_and_name.count("/") == 1
    for page in CONTENT:
        links = {a["href"] for a in audit.parse(page).find_all("a", href=True)}
        assert repository["url"] in links, page.name
        assert any(
            link.startswith(f"{repository['url']}/edit/{branch}/book/{page.stem}.")
            for link in links
        ), page.name
        assert any(link.startswith(f"_sources/{page.stem}.") for link in links), page.name
    for page in NOTEBOOKS:
        links = {a["href"] for a in audit.parse(page).find_all("a", href=True)}
        path = f"book/{page.stem}.ipynb"
        assert (
            f"https://colab.research.google.com/github/{owner_and_name}/blob/{branch}/{path}"
            in links
        )
        assert (
            f"https://mybinder.org/v2/gh/{owner_and_name}/{branch}?urlpath=lab/tree/{path}" in links
        )


def test_pages_are_light():
    weights = {page.name: audit.page_weight(page) for page in PAGES}
    assert weights["index.html"] < LANDING_LIMIT, weights["index.html"]
    assert max(weights.values()) < PAGE_LIMIT, weights
    pictures = {path.name: path.stat().st_size for path in (SITE / "_images").glob("*")}
    assert all(size < PICTURE_LIMIT for size in pictures.values()), pictures


def test_nothing_unused_is_published():
    names = {path.name for path in SITE.rglob("*") if path.is_file()}
    assert not {name for name in names if name.endswith(".map")}
    assert not {name for name in names if re.search("fontawesome|fa-solid|mathjax|thebe", name)}


def test_icons_are_drawn():
    """Every icon that a page asks for by class has a picture in the style sheet."""
    css = (SITE / "_static/book.css").read_text(encoding="utf-8")
    drawn = set(re.findall(r"\.(fa-[\w-]+)", css))
    for page in PAGES:
        for icon in audit.parse(page).select('i[class*="fa-"], span[class*="fa-"]'):
            assert drawn & set(icon["class"]), (page.name, icon["class"])


def test_callouts_are_marked():
    for page in NOTEBOOKS:
        for box in audit.parse(page).select("section > p > strong:first-child"):
            words = box.get_text().rstrip(".: ")
            assert words not in ("What to notice", "Predict, then run", "Trap"), page.name


# ---------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="session")
def report(browser_path):
    """What a browser finds on every page."""
    return asyncio.run(audit.audit_site(SITE, browser_path, PAGES))


def use(browser_path, steps, **options):
    """Run a coroutine function with a page of the served site and its address."""

    async def visit():
        with audit.serve(SITE) as home:
            async with (
                audit.launched(browser_path) as browser,
                audit.opened(browser, home, **options) as (page, found),
            ):
                result = await steps(page, home)
                assert not found["foreign"] + found["console"], found
                return result

    return asyncio.run(visit())


def test_every_page_was_visited(report):
    assert len(report) == len(PAGES)


def test_no_request_leaves_the_site(report):
    assert not audit.complaints(report, "http", "foreign")
    assert not audit.complaints(report, "file", "foreign")


def test_no_file_is_missing(report):
    assert not audit.complaints(report, "http", "failed")
    assert not audit.complaints(report, "file", "failed")


def test_consoles_stay_empty(report):
    assert not audit.complaints(report, "http", "console")
    assert not audit.complaints(report, "file", "console")


def test_no_accessibility_violations(report):
    assert not audit.complaints(report, "violations")


def test_nothing_is_wider_than_a_phone(report):
    assert not audit.complaints(report, "overflow")


@pytest.mark.parametrize("term", ["convolution", "padding"])
def test_search_finds(browser_path, term):
    async def search(page, home):
        await page.goto(f"{home}search.html?q={term}")
        await page.wait_for_selector("#search-results li a", timeout=10_000)
        links = await page.eval_on_selector_all(
            "#search-results li a", "found => found.map((a) => a.getAttribute('href'))"
        )
        return [link.split("?")[0].split("#")[0] for link in links]

    results = use(browser_path, search)
    assert results
    assert all((SITE / link).is_file() for link in results), results


def test_search_is_a_key_away(browser_path):
    async def search(page, home):
        await page.goto(f"{home}index.html")
        await page.keyboard.press("Control+k")
        await page.keyboard.type("kernel")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/search.html?q=kernel")

    use(browser_path, search)


def test_search_works_from_the_disk(browser_path):
    async def search():
        home = SITE.as_uri() + "/"
        async with (
            audit.launched(browser_path) as browser,
            audit.opened(browser, home) as (page, found),
        ):
            await page.goto(f"{home}search.html?q=kernel")
            await page.wait_for_selector(".search-summary:has-text('finished')", timeout=10_000)
            assert await page.locator("#search-results li a").count() > 1
            return found

    found = asyncio.run(search())
    assert not found["foreign"]
    assert not found["console"]
    assert not found["failed"]


def test_theme_switch(browser_path):
    async def switch(page, home):
        await page.goto(f"{home}index.html")
        themes = []
        for _ in range(3):
            await page.click(".theme-switch-button")
            themes.append(
                await page.evaluate(
                    "[document.documentElement.dataset.mode,"
                    " getComputedStyle(document.body).backgroundColor]"
                )
            )
        await page.click(".theme-switch-button")
        await page.reload()
        themes.append(await page.evaluate("[document.documentElement.dataset.mode, '']"))
        return themes

    themes = use(browser_path, switch, color_scheme="light")
    modes = [mode for mode, _ in themes]
    assert sorted(modes[:3]) == ["auto", "dark", "light"]
    assert modes[3] == modes[0]  # remembered
    colours = dict(themes[:3])
    assert colours["dark"] != colours["light"] == colours["auto"]


def test_buttons_of_the_header(browser_path):
    page_name = (NOTEBOOKS or CONTENT)[0].name

    async def press(page, home):
        await page.goto(home + page_name)
        await page.focus(".dropdown-download-buttons button")
        await page.keyboard.press("Enter")
        shown = [await page.is_visible(".dropdown-download-buttons .dropdown-menu")]
        async with page.expect_download() as download:
            await page.evaluate(
                "(() => { const a = document.querySelector('.btn-download-source-button');"
                " a.download = ''; a.removeAttribute('target'); a.click(); })()"
            )
        await (await download.value).path()
        shown.append(await page.is_visible("#pst-primary-sidebar"))
        await page.click(".primary-toggle")
        await page.wait_for_timeout(500)
        shown.append(await page.is_visible("#pst-primary-sidebar"))
        await page.set_viewport_size({"width": 390, "height": 800})
        await page.click(".primary-toggle")
        shown.append(await page.is_visible("#pst-primary-sidebar-modal nav.bd-links"))
        await page.keyboard.press("Escape")
        shown.append(await page.is_visible("#pst-primary-sidebar-modal nav.bd-links"))
        return shown

    assert use(browser_path, press) == [True, True, False, True, False]


def test_the_keyboard_skips_to_the_text(browser_path):
    async def skip(page, home):
        await page.goto(f"{home}index.html")
        await page.keyboard.press("Tab")
        first = await page.evaluate("document.activeElement.textContent")
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        await page.keyboard.press("Enter")
        return first, outline, page.url

    first, outline, url = use(browser_path, skip)
    assert first == "Skip to main content"
    assert outline != "none"
    assert url.endswith("#main-content")


@pytest.mark.skipif(not NOTEBOOKS, reason="no chapter is built")
def test_solutions_unfold(browser_path):
    folded = [page for page in NOTEBOOKS if audit.parse(page).select("details.hide")]
    assert folded, "no chapter has anything folded"

    async def unfold(page, home):
        await page.goto(home + folded[0].name)
        await page.focus("details.hide > summary")
        name = await page.inner_text("details.hide > summary")
        await page.keyboard.press("Enter")
        shown = await page.is_visible("details.hide pre")
        await page.emulate_media(media="print")
        await page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        closed = await page.eval_on_selector_all("details:not([open])", "found => found.length")
        return name, shown, closed

    name, shown, closed = use(browser_path, unfold)
    assert re.match("Show the (code|solution)", name)
    assert shown
    assert closed == 0


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_cheat_sheet_prints_on_one_page(browser_path, paper):
    async def printed(page, home):
        await page.goto(home + "cheat_sheet.html")
        await page.evaluate("document.fonts.ready.then(() => true)")
        return await page.pdf(format=paper)

    assert len(re.findall(rb"/Type\s*/Page\b", use(browser_path, printed))) == 1


ANIMATED = [page for page in NOTEBOOKS if audit.parse(page).select(".cnn-animation")]
PLAYER = "document.querySelector('.cnn-animation').shadowRoot"


@pytest.mark.skipif(not ANIMATED, reason="no page holds an animation")
class TestAnimation:
    def steps_of(self, browser_path, steps, **options):
        async def play(page, home):
            await page.goto(home + ANIMATED[0].name)
            await page.evaluate("document.querySelector('.cnn-animation').scrollIntoView()")
            return await steps(page)

        return use(browser_path, play, **options)

    def test_buttons_and_keys(self, browser_path):
        async def steps(page):
            step = f"Number({PLAYER}.querySelector('input').value)"
            seen = [await page.evaluate(step)]
            await page.click(".cnn-animation .next")
            seen.append(await page.evaluate(step))
            await page.keyboard.press("Enter")
            seen.append(await page.evaluate(step))
            await page.focus(".cnn-animation input")
            await page.keyboard.press("ArrowLeft")
            seen.append(await page.evaluate(step))
            await page.click(".cnn-animation .back")
            seen.append(await page.evaluate(step))
            await page.click(".cnn-animation .play")
            await page.wait_for_function(f"{step} > 1", timeout=10_000)
            return seen

        assert self.steps_of(browser_path, steps, reduced_motion="reduce") == [1, 2, 3, 2, 1]

    def test_waits_where_motion_is_reduced(self, browser_path):
        async def steps(page):
            await page.wait_for_timeout(3000)
            return await page.evaluate(f"{PLAYER}.querySelector('input').value")

        assert self.steps_of(browser_path, steps, reduced_motion="reduce") == "1"

    def test_prints_all_steps(self, browser_path):
        async def steps(page):
            await page.emulate_media(media="print")
            return await page.evaluate(
                f"[{PLAYER}.querySelector('.bar').offsetHeight,"
                f" {PLAYER}.querySelector('img').getBoundingClientRect().width,"
                f" {PLAYER}.querySelector('.view').getBoundingClientRect().width]"
            )

        bar, strip, view = self.steps_of(browser_path, steps, reduced_motion="reduce")
        assert bar == 0
        assert strip <= view + 1


@pytest.mark.skipif(not NOTEBOOKS, reason="no chapter is built")
def test_formulas_are_laid_out(browser_path):
    """The browser knows MathML and has the font: a fraction is taller than its line."""
    page_with_math = next(p for p in CONTENT if audit.parse(p).select("math[display=block] mfrac"))

    async def measure(page, home):
        await page.goto(home + page_with_math.name)
        await page.evaluate("document.fonts.ready")
        fonts = await page.evaluate(
            "[...document.fonts].filter((f) => f.status === 'loaded').map((f) => f.family)"
        )
        heights = await page.evaluate(
            "[document.querySelector('math[display=block] mfrac').getBoundingClientRect().height,"
            " parseFloat(getComputedStyle(document.body).fontSize)]"
        )
        return " ".join(fonts), heights

    fonts, (fraction, letter) = use(browser_path, measure)
    assert "STIX Two Math" in fonts
    assert fraction > 1.5 * letter


# ---------------------------------------------------------------------------- the checks check

BAD_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A page with everything wrong</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="missing.css"></head>
<body><main><article>
<h1>One</h1><h3>Three</h3><p style="color: #bbb; background: #fff">Too pale to read, $x^2$.</p>
<p>{ref}`a role` and \\frac{1}{2}</p><span class="math">\\(x\\)</span>
<a href="nowhere.html">away</a> <a href="#nothing">down</a>
<img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==" alt="a.png">
<img src="https://example.invalid/picture.png">
<div style="width: 900px">wide</div>
<script>console.error("broken"); throw new Error("thrown");</script>
</article></main></body></html>
"""


@pytest.fixture
def bad_site(tmp_path):
    site = tmp_path.resolve()
    (site / "bad.html").write_text(BAD_PAGE, encoding="utf-8")
    return site


def test_text_checks_find_what_is_wrong(bad_site):
    page = bad_site / "bad.html"
    assert len(audit.broken_links(page, bad_site)) == 3
    assert audit.outside_files(page) == ["<img> https://example.invalid/picture.png"]
    assert len(audit.poor_alternatives(page)) == 2
    assert audit.raw_markup(page) == ["$x^2$", "{ref}`", "\\frac"]
    assert len(audit.formula_problems(page)) == 1
    assert audit.heading_problems(page) == ["h3 after h1"]


def test_browser_checks_find_what_is_wrong(bad_site, browser_path):
    found = asyncio.run(audit.audit_site(bad_site, browser_path, [bad_site / "bad.html"]))
    text = json.dumps(found["bad.html"])
    for way in ("http", "file"):
        assert found["bad.html"][way]["foreign"] == ["https://example.invalid/picture.png"]
        assert any("missing.css" in name for name in found["bad.html"][way]["failed"])
        assert {"broken", "thrown"} <= set(found["bad.html"][way]["console"])
    assert "color-contrast" in text
    assert "image-alt" in text
    assert found["bad.html"]["overflow"]
