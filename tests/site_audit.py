"""Look at the pages of a built site: first as text, then as a browser shows them."""

import functools
import http.server
import itertools
import json
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, NavigableString

from tools.find_browser import FLAGS

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROW = 320
WORKERS = 2

# ---------------------------------------------------------------------------- pages as text


@functools.cache
def parse(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def is_outside(address):
    return address.startswith("//") or urlsplit(address).scheme not in ("", "data", "blob")


@functools.cache
def anchors(path):
    soup = parse(path)
    return {tag["id"] for tag in soup.find_all(id=True)} | {
        tag["name"] for tag in soup.find_all("a", attrs={"name": True})
    }


def broken_links(page, site):
    """List the links and files of a page that lead nowhere within the site."""
    problems = []
    for tag in parse(page).find_all(["a", "link", "script", "img", "source"]):
        address = tag.get("href") or tag.get("src")
        if not address or is_outside(address) or address.startswith(("data:", "javascript:")):
            continue
        parts = urlsplit(address)
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not target.is_relative_to(site) or not target.is_file():
            problems.append(f"{address}: no such file")
        elif target.suffix == ".html" and unquote(parts.fragment) not in anchors(target) | {""}:
            problems.append(f"{address}: no such place")
    return problems


def outside_files(page):
    """List the files that a page would load from another host."""
    found = parse(page).find_all(["link", "script", "img", "source", "iframe", "video"])
    tags = [tag for tag in found if tag.get("rel") not in (["canonical"], ["license"])]
    loaded = [(tag.name, tag.get("src") or tag.get("href") or "") for tag in tags]
    return [f"<{name}> {address}" for name, address in loaded if is_outside(address)]


def poor_alternatives(page):
    """List the pictures whose text alternative says nothing."""
    problems = []
    for image in parse(page).find_all("img"):
        alt, source = image.get("alt"), image.get("src", "")[:60]
        link = image.find_parent(["a", "button"])
        if not alt and (alt is None or not (link and link.get_text(strip=True))):
            problems.append(f"{source}: no alt")
        elif alt and re.search(r"\.(png|svg|jpe?g|gif)$|^[0-9a-f]{16,}|^_images", alt):
            problems.append(f"{source}: a file name is no alt: {alt}")
        elif alt and len(alt) < 15 and not link:
            problems.append(f"{source}: this alt says too little: {alt}")
    return problems


RAW_MARKUP = re.compile(
    r"\$[^$\n]{1,80}\$|\{[a-z:-]+\}`|\\(?:frac|sum|times|lfloor|begin|mathbf)\b|^:::|```|\]\([^)\s]+\)",
    re.MULTILINE,
)


def raw_markup(page):
    """List the pieces of Markdown or LaTeX that a reader would see as such."""
    problems = []
    for text in parse(page).find_all(string=True):
        hidden = ["pre", "code", "script", "style", "math", "title", "noscript"]
        if type(text) is NavigableString and not text.find_parent(hidden):
            problems += [match[0] for match in RAW_MARKUP.finditer(text)]
    return problems


def formula_problems(page):
    """List formulas that are not MathML with the LaTeX source as text alternative."""
    problems = []
    for box in parse(page).select(".math"):
        math = box.find("math")
        if math is None:
            problems.append(f"not MathML: {box.get_text()[:60]}")
        elif not math.get("alttext") or "\\" in math.get_text():
            problems.append(f"unfinished: {str(math)[:80]}")
    return problems


def heading_problems(page):
    """List what is wrong with the headings of the text: one h1, no level left out."""
    article = parse(page).find("article") or parse(page).find("main")
    levels = [int(tag.name[1]) for tag in article.find_all(re.compile("^h[1-6]$"))]
    problems = [] if levels.count(1) == 1 else [f"{levels.count(1)} h1"]
    for above, below in itertools.pairwise(levels):
        if below > above + 1:
            problems.append(f"h{below} after h{above}")
    return problems


def repeated_ids(page):
    """List the ids that several elements have."""
    counts = Counter(tag["id"] for tag in parse(page).find_all(id=True))
    return [name for name, count in counts.items() if count > 1]


def linked_files(page):
    """Return the scripts and style sheets of a page, and the fonts that it loads."""
    soup = parse(page)
    files = {tag["src"] for tag in soup.find_all("script", src=True)}
    files |= {tag["href"] for tag in soup.find_all("link", rel="stylesheet")}
    paths = {(page.parent / unquote(urlsplit(file).path)).resolve() for file in files}
    for sheet in [path for path in paths if path.suffix == ".css"]:
        for font in re.findall(r"url\([\"']?([^)\"']+\.woff2)", sheet.read_text("utf-8")):
            needed = "math" not in font or soup.find("math")
            if needed and ("italic" not in font or soup.select_one("article em, article i")):
                paths.add((sheet.parent / font).resolve())
    return paths


def page_weight(page):
    """Return the bytes of a page without its pictures: text, scripts, style, fonts."""
    text = re.sub(r"data:image/[^\"')]+", "", page.read_text("utf-8"))
    return len(text.encode()) + sum(path.stat().st_size for path in linked_files(page))


# ---------------------------------------------------------------------------- in a browser


@contextmanager
def serve(site):
    """Serve a folder on a free port of this machine; yields the address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@contextmanager
def launched(browser_path):
    """Start a browser; yields it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser, home, **options):
    """
    Open an empty page that reaches nothing but the site; yields the page and what goes wrong.

    What goes wrong is a dictionary of lists: ``foreign`` requests, ``failed`` requests, ``console``
    errors and warnings.
    """
    found = {"foreign": [], "failed": [], "console": []}

    def only_the_site(route):
        address = route.request.url
        if address.startswith((home, "data:", "blob:")):
            route.continue_()
        else:
            found["foreign"].append(address)
            route.abort()

    def note(kind, text, when=True):
        if when:
            found[kind].append(text)

    context = browser.new_context(**options)
    context.route("**/*", only_the_site)
    page = context.new_page()
    page.on("response", lambda answer: note("failed", answer.url, answer.status >= 400))
    page.on("requestfailed", lambda asked: note("failed", asked.url, asked.url.startswith(home)))
    page.on("console", lambda line: note("console", line.text, line.type in ("error", "warning")))
    page.on("pageerror", lambda error: note("console", str(error)))
    try:
        yield page, found
    finally:
        context.close()


UNFOLD = "document.querySelectorAll('details').forEach((box) => { box.open = true; })"

# Marks the words of code of which the page has the like: the same colour and size on the same
# ground have the same contrast, and a page has thousands.
MARK_REPEATED = """() => {
  const ground = (e) => { const colour = getComputedStyle(e).backgroundColor;
    return colour === 'rgba(0, 0, 0, 0)' && e.parentElement ? ground(e.parentElement) : colour; };
  const seen = new Set();
  for (const word of document.querySelectorAll('.highlight pre span')) {
    const { color, fontSize, fontWeight } = getComputedStyle(word);
    const look = [color, fontSize, fontWeight, ground(word)].join();
    word.toggleAttribute('data-repeated', seen.has(look));
    seen.add(look);
  }
}"""

# A page that knows no themes has none to wait for.
THEME_IS = "(theme) => [theme, undefined].includes(document.documentElement.dataset.theme)"

OVERFLOW = """() => {
  const wide = [];
  if (document.documentElement.scrollWidth > innerWidth) wide.push(
    `the page is ${document.documentElement.scrollWidth} pixels wide`);
  const scrolls = (node) => { for (let e = node.parentElement; e; e = e.parentElement) {
    if (getComputedStyle(e).overflowX !== 'visible' && e !== document.documentElement
        && e !== document.body) return true; } return false; };
  for (const e of document.querySelectorAll('main *')) {
    const box = e.getBoundingClientRect();
    if (box.width > 0 && box.right > innerWidth + 1 && !scrolls(e)
        && getComputedStyle(e).visibility !== 'hidden' && !e.closest('dialog, .visually-hidden')) {
      wide.push(`${e.tagName.toLowerCase()}.${e.className} ends at ${Math.round(box.right)}`); }
  }
  return wide.slice(0, 5);
}"""


def violations(page, theme, width):
    """List what axe finds in one theme, at one width."""
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(120)
    page.wait_for_function(THEME_IS, arg=theme, timeout=10_000)
    page.evaluate(MARK_REPEATED)
    options = {"runOnly": {"type": "tag", "values": AXE_TAGS}, "resultTypes": ["violations"]}
    report = page.evaluate(f"axe.run({{exclude: [['[data-repeated]']]}}, {json.dumps(options)})")
    return [
        f"{theme} {width}: {violation['id']} x{len(violation['nodes'])}: "
        f"{violation['nodes'][0]['html'][:150]} "
        f"{(violation['nodes'][0]['any'] or [{}])[0].get('message', '')[:120]}"
        for violation in report["violations"]
    ]


def audit_page(browser, site, home, path, views):
    """Open one page over http and from the disk; return everything that is wrong."""
    from axe_playwright_python.base import AXE_SCRIPT

    options = {"viewport": {"width": 1300, "height": 900}, "reduced_motion": "reduce"}
    with opened(browser, home, color_scheme="light", **options) as (page, found):
        page.goto(home + path.relative_to(site).as_posix(), wait_until="load")
        page.wait_for_timeout(250)
        result = {key: [f"http: {line}" for line in lines] for key, lines in found.items()}
        page.evaluate(UNFOLD)
        page.evaluate(AXE_SCRIPT)
        result["violations"] = [line for view in views for line in violations(page, *view)]
        page.set_viewport_size({"width": NARROW, "height": 900})
        page.wait_for_timeout(200)
        result["overflow"] = page.evaluate(OVERFLOW)
    with opened(browser, site.as_uri() + "/", **options) as (page, found):
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_timeout(150)
        for key, lines in found.items():
            result[key] += [f"file: {line}" for line in lines]
    return result


def audit_site(site, browser_path, paths, views_of):
    """
    Audit pages, with a browser on each core; return kind of problem -> lines.

    ``views_of`` gives the themes and widths in which axe looks at a page.
    """

    def audit_share(share):
        with launched(browser_path) as browser:
            return [
                (path.name, audit_page(browser, site, home, path, views_of(path))) for path in share
            ]

    heaviest_first = sorted(paths, key=lambda path: -path.stat().st_size)
    shares = [heaviest_first[start::WORKERS] for start in range(min(WORKERS, len(paths)))]
    problems = {}
    with serve(site) as home, ThreadPoolExecutor(WORKERS) as pool:
        for name, result in itertools.chain(*pool.map(audit_share, shares)):
            for kind, lines in result.items():
                problems.setdefault(kind, []).extend(f"{name}: {line}" for line in lines)
    return problems
