"""An animation is one picture that holds every step, and a player that works wherever it lands."""

import base64
import html.parser
import io
import json
import os
import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from tests.nbval_strict import picture_difference
from tools.find_browser import FLAGS, find_browser
from utils.animation import Animation, animate_channels, animate_conv, animate_pool
from utils.style import use_book_style

BOOK = Path(__file__).resolve().parents[1] / "book"
X = torch.tensor(
    [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
)
K = torch.tensor([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
SHADES = (0, 60, 120, 180, 240)


def greys(count=5, size=(0.6, 0.4)):
    """Return plain figures, each a grey of its own."""
    return [Figure(size, facecolor=str(shade / 255)) for shade in SHADES[:count]]


def shades(count=5, *, alt="A picture that brightens.", **options):
    """Return an animation of plain figures."""
    captions = options.pop("captions", [f"Grey {shade}." for shade in SHADES[:count]])
    return Animation(greys(count), captions=captions, alt=alt, **options)


def page_of(animation):
    return animation._repr_mimebundle_()["text/html"]


class Elements(html.parser.HTMLParser):
    """Collect the elements of a page and the text of its scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.scripts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.elements and self.elements[-1][0] == "script":
            self.scripts.append(data)


def picture_in(page):
    (attributes,) = [a for tag, a in Elements(page).elements if tag == "img"]
    kind, data = attributes["src"].split(",")
    assert kind == "data:image/png;base64"
    return base64.b64decode(data)


def without_picture(page):
    return re.sub(r"base64,[^\"]*", "", page)


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")
    yield
    assert plt.get_fignums() == []


class TestStrip:
    def test_the_steps_are_tiled_row_by_row(self):
        strip = shades().strip
        assert strip.size == (3 * 120, 2 * 80)
        for step, shade in enumerate((*SHADES, 255)):
            row, column = divmod(step, 3)
            pixel = strip.convert("RGB").getpixel((column * 120 + 60, row * 80 + 40))
            assert pixel == (shade, shade, shade), "and no sixth step"

    def test_a_photograph_keeps_its_colours(self):
        noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
        smooth = Image.fromarray(noise).resize((128, 128), Image.Resampling.BICUBIC)
        figure = Figure((0.64, 0.64))
        figure.figimage(np.asarray(smooth), resize=False)
        strip = Animation([figure], captions=["Noise."], alt="Noise.").strip.convert("RGB")
        difference = np.asarray(strip).astype(int) - np.asarray(smooth)
        assert np.abs(difference).mean() < 12

    def test_colours_of_a_drawing_are_kept_as_they_are_the_commonest_first(self):
        figure = Figure((2, 1), facecolor="#336699")
        figure.add_axes((0, 0, 0.2, 1)).set_facecolor("#cc0033")
        figure.axes[0].set(xticks=[], yticks=[])

        def colours(number):
            strip = Animation([figure], captions=["A."], alt="A.", colours=number).strip
            return {colour for _, colour in strip.convert("RGB").getcolors()}

        assert {(51, 102, 153), (204, 0, 51)} <= colours(24)
        assert colours(2) == {(51, 102, 153), (204, 0, 51)}


class TestHtml:
    def test_the_picture_has_a_palette_and_no_text(self):
        stored = Image.open(io.BytesIO(picture_in(page_of(shades()))))
        assert stored.mode == "P"
        assert stored.info.keys() <= {"transparency"}

    def test_all_but_the_picture_depends_on_words_and_sizes_alone(self):
        dark = [Figure((0.6, 0.4), facecolor="black") for _ in range(5)]
        other = page_of(Animation(dark, captions=shades().captions, alt=shades().alt))
        assert page_of(shades()) == page_of(shades()) != other
        assert without_picture(other) == without_picture(page_of(shades()))

    def test_nothing_is_fetched_and_nothing_is_named_twice(self):
        page = page_of(shades())
        assert not re.search(r"https?:|//cdn|import\(|fetch\(|\bid=", page)

    def test_words_cannot_break_out(self):
        page = page_of(shades(1, captions=["</script><b>a</b>"], alt='"><b>'))
        parsed = Elements(page)
        assert [tag for tag, _ in parsed.elements] == ["div", "img", "script"]
        assert parsed.elements[1][1]["alt"] == '"><b>'
        settings = json.loads(re.search(r"settings = (\{.*?\});", parsed.scripts[0])[1])
        assert settings["captions"] == ["</script><b>a</b>"]

    @pytest.mark.parametrize(("count", "text"), [(5, "5 steps"), (1, "1 step")])
    def test_plain_text(self, count, text):
        animation = shades(count)
        assert len(animation) == count
        assert animation._repr_mimebundle_()["text/plain"] == f"<Animation: {text}>"


@pytest.mark.parametrize(
    ("frames", "options", "message"),
    [
        ([], {"captions": []}, "frames must hold at least one picture, got none"),
        (3, {}, "frames must be a sequence of figures, got 3"),
        (["picture"], {}, "frames must hold Matplotlib figures, got 'picture'"),
        ([*greys(1), *greys(1, (1, 1))], {}, "frames must have one size, got "),
        (greys(1), {}, "captions must hold 1 texts, got 2"),
        (greys(2), {"captions": "AB"}, "captions must be a list of texts, got 'AB'"),
        (greys(2), {"captions": ["A.", " "]}, "captions must say something, got an empty text"),
        (greys(2), {"alt": " "}, "alt must say something, got an empty text"),
        (greys(2), {"alt": None}, "alt must be a string, got None"),
        (greys(2), {"colours": 1}, "colours must be at least 2, got 1"),
        (greys(2), {"colours": 257}, "colours must be at most 256, got 257"),
    ],
)
def test_what_makes_no_animation(frames, options, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        Animation(frames, **{"captions": ["A.", "B."], "alt": "Black."} | options)


@pytest.mark.parametrize(
    ("steps", "message"), [(256, "drawn"), (257, "at most 256 steps, got 257")]
)
def test_too_many_steps_are_refused_before_they_are_drawn(steps, message):
    def drawn():
        raise ValueError("drawn")
        yield

    with pytest.raises(ValueError, match=message):
        Animation(drawn(), captions=["A."] * steps, alt="Many.")


# The animations of the book ------------------------------------------------------------------


def in_colour(size):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 3, (3, 6, 6), generator=generator).float()[:, :size, :size]


SMALL = torch.tensor([[0, 1, 1, 0], [0, 2, 1, 0], [1, 1, 2, 1], [2, 3, 2, 2]])
UPRIGHT = torch.tensor([[1.0, 0, -1]]).expand(3, 3)
MIDDLE = torch.tensor([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]])
BLOCK = torch.stack([UPRIGHT, UPRIGHT.T, MIDDLE])
M = torch.tensor([[1, 3, 2, 9], [7, 4, 1, 5], [8, 5, 2, 3], [4, 2, 1, 4]])
ANIMATIONS = {
    ("02", "animate_conv(X, K, stride=2)"): lambda: animate_conv(
        SMALL, [[1, 2], [3, -1]], stride=2
    ),
    ("05", "animate_channels(X[:, :5, :5], block, bias=1)"): lambda: animate_channels(
        in_colour(5), BLOCK, bias=1
    ),
    ("06", 'animate_pool(A, 2, mode="average")'): lambda: animate_pool(M, 2, mode="average"),
}


@pytest.mark.parametrize(("chapter", "call"), ANIMATIONS)
def test_an_animation_is_as_the_book_shows_it(chapter, call):
    (path,) = BOOK.glob(f"{chapter}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    (cell,) = (cell for cell in cells if "".join(cell["source"]) == call)
    (output,) = cell["outputs"]
    stored = "".join(output["data"]["text/html"])
    with mpl.rc_context():
        use_book_style()
        page = page_of(ANIMATIONS[chapter, call]())
    assert without_picture(page) == without_picture(stored)
    assert picture_difference(picture_in(stored), picture_in(page)) == ""
    assert len(picture_in(page)) < 150_000


def test_settings_in_words():
    animation = animate_conv(X, K, dilation=2)
    assert animation.captions[0].endswith("the window reads rows 0, 2 and 4, columns 0, 2 and 4.")
    assert "input with stride 1 and dilation 2, one step" in animation.alt
    padded = animate_conv(X, K, padding=1, stride=(1, 2))
    assert padded.captions[0].endswith("reads rows −1 to 1, columns −1 to 1.")
    assert "input with stride (1, 2) and padding 1, one step" in padded.alt
    assert animate_conv(X, K[:1, :1]).captions[-1].endswith("reads row 4, column 4.")


# In a browser -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    path = find_browser()
    if path is None:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail("no Chromium found")
        pytest.skip("no Chromium found")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page with some HTML in its body; afterwards, nothing may have gone wrong."""
    contexts, problems = [], []

    def visit(body, *, width=800, height=700, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(("file:", "data:")) else problems.append(request.url)
            ),
        )
        path = tmp_path / f"page{len(contexts)}.html"
        style = "button, input { all: unset } img { border: 9px solid red; width: 5px }"
        head = f'<!doctype html><html lang="en"><title>A page</title><style>{style}</style>'
        path.write_text(f"{head}<main>{body}</main></html>", encoding="utf-8")
        page.goto(path.as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert problems == []


REDUCED = {"reduced_motion": "reduce"}


def status(page, nth=0):
    return page.locator(".cnn-animation b").nth(nth).inner_text()


def visible_grey(page):
    """Return the grey in the middle of what the player shows."""
    shot = page.locator(".view").first.screenshot()
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    return image.getpixel((image.width // 2, image.height // 2))[0]


class TestPlayer:
    def test_it_plays_once_and_stops_at_the_end(self, visit):
        page = visit(page_of(shades(3)))
        page.wait_for_function(
            "document.querySelector('.cnn-animation').shadowRoot"
            ".querySelector('b').textContent === 'Step 3 of 3.'",
            timeout=8000,
        )
        page.wait_for_timeout(1500)
        assert status(page) == "Step 3 of 3."
        page.get_by_role("button", name="Replay").click()
        assert status(page) == "Step 1 of 3."
        page.get_by_role("button", name="Pause").click()
        page.wait_for_timeout(1500)
        assert status(page) == "Step 1 of 3."

    def test_it_waits_until_it_is_seen(self, visit):
        page = visit(f'<div style="height: 3000px">Above</div>{page_of(shades())}')
        page.wait_for_timeout(1600)
        assert status(page) == "Step 1 of 5."
        page.locator(".view").scroll_into_view_if_needed()
        page.get_by_role("button", name="Pause").wait_for()

    def test_reduced_motion_is_respected(self, visit):
        page = visit(page_of(shades()), **REDUCED)
        page.wait_for_timeout(1600)
        assert status(page) == "Step 1 of 5."
        page.get_by_role("button", name="Play").click()
        page.get_by_text("Step 2 of 5.").wait_for()

    def test_every_step_shows_its_picture_and_its_sentence(self, visit):
        page = visit(page_of(shades()), **REDUCED)
        for step, shade in enumerate(SHADES):
            assert status(page) == f"Step {step + 1} of 5."
            assert page.get_by_text(f"Grey {shade}.").is_visible()
            assert visible_grey(page) == shade
            if shade != SHADES[-1]:
                page.get_by_role("button", name="Next step").click()
        following = page.get_by_role("button", name="Next step")
        assert following.get_attribute("aria-disabled") == "true"
        following.click(force=True)
        assert status(page) == "Step 5 of 5."
        page.get_by_role("button", name="Previous step").click()
        assert visible_grey(page) == SHADES[3]

    def test_the_keyboard_is_enough_and_stays_in_the_player(self, visit):
        page = visit(
            page_of(shades())
            + "<script>pressed = 0; addEventListener('keydown', () => pressed++)</script>",
            **REDUCED,
        )
        page.get_by_role("slider").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert status(page) == "Step 3 of 5."
        page.keyboard.press("Home")
        assert status(page) == "Step 1 of 5."
        page.get_by_role("button", name="Play").focus()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Pause").wait_for()
        assert page.evaluate("pressed") == 0

    def test_a_reader_who_takes_over_is_not_interrupted(self, visit):
        page = visit(page_of(shades()))
        page.get_by_role("button", name="Next step").click()
        now = status(page)
        page.wait_for_timeout(1600)
        assert status(page) == now

    def test_a_notebook_that_inserts_the_output_later(self, visit):
        inserted = json.dumps(page_of(shades())).replace("<", "\\u003c")
        page = visit(
            f"""<p id="cell"></p><script>
            const cell = document.getElementById("cell");
            cell.innerHTML = {inserted};
            for (const old of cell.querySelectorAll("script")) {{
              const script = document.createElement("script");
              script.textContent = old.textContent;
              old.replaceWith(script);
            }}</script>""",
            **REDUCED,
        )
        page.get_by_role("button", name="Next step").click()
        assert status(page) == "Step 2 of 5."

    def test_without_scripts_the_strip_stays(self, visit):
        page = visit(page_of(shades()), java_script_enabled=False)
        assert page.get_by_alt_text("A picture that brightens.").count() == 1
        assert page.get_by_role("button").count() == 0

    def test_print_shows_every_step(self, visit):
        page = visit(page_of(shades()), **REDUCED)
        page.emulate_media(media="print")
        image = Image.open(io.BytesIO(page.locator("img").screenshot())).convert("RGB")
        seen = [
            image.getpixel((image.width * (2 * j + 1) // 6, image.height * (2 * i + 1) // 4))[0]
            for i, j in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1))
        ]
        assert seen == pytest.approx(SHADES, abs=2)
        assert not page.get_by_role("slider").is_visible()

    @pytest.mark.parametrize("width", [320, 375, 1300])
    def test_it_fits_every_screen(self, visit, width):
        page = visit(page_of(animate_conv(X, K)), width=width, **REDUCED)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for control in page.locator("button, input").all():
            box = control.bounding_box()
            assert min(box["width"], box["height"]) >= 44
        view = page.locator(".view").bounding_box()
        assert view["width"] >= min(width - 60, 400)

    @pytest.mark.parametrize("background", ["white", "#14181e"])
    def test_it_is_accessible(self, visit, background):
        axe = pytest.importorskip("axe_playwright_python.sync_playwright")
        page = visit(
            f'<style>body {{ background: {background} }}</style><h1 style="color: grey">Text</h1>'
            + page_of(shades()),
            **REDUCED,
        )
        results = axe.Axe().run(page, context=".cnn-animation")
        assert [violation["id"] for violation in results.response["violations"]] == []
