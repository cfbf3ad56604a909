"""An animation is one picture that holds every step, and a player that works wherever it lands."""

import base64
import functools
import html.parser
import io
import json
import os
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from PIL import Image

from tools.find_browser import find_browser
from utils.animation import Animation, animate, animate_channels, animate_conv, animate_pool

X = torch.tensor(
    [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
)
K = torch.tensor([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
SHADES = (0, 60, 120, 180, 240)


def shades(count=5, *, captions=None, alt="A picture that brightens."):
    """Return an animation of plain pictures, each a grey of its own."""
    pictures = [np.full((80, 120, 3), shade, np.uint8) for shade in SHADES[:count]]
    captions = captions or [f"Grey {shade}." for shade in SHADES[:count]]
    return Animation(pictures, captions=captions, alt=alt)


@functools.cache
def convolution(**options):
    """Return the animation of X and K, made once."""
    return animate_conv(X, K, **options)


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


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")
    yield
    plt.close("all")


class TestStrip:
    def test_the_steps_are_tiled_row_by_row(self):
        strip = shades().strip
        assert strip.size == (3 * 120, 2 * 80)
        for step, shade in enumerate(SHADES):
            row, column = divmod(step, 3)
            pixel = strip.convert("RGB").getpixel((column * 120 + 60, row * 80 + 40))
            assert pixel == (shade, shade, shade)
        assert strip.convert("RGB").getpixel((300, 120)) == (255, 255, 255), "no sixth step"

    def test_the_page_holds_it_once(self):
        animation = shades()
        page = page_of(animation)
        assert page.count("base64") == 1
        stored = Image.open(io.BytesIO(picture_in(page)))
        assert stored.mode == "P"
        assert stored.info.keys() <= {"transparency"}, "no text in the file"
        assert np.array_equal(stored.convert("RGB"), animation.strip.convert("RGB"))

    def test_it_can_be_saved(self, tmp_path):
        animation = shades()
        animation.save_strip(tmp_path / "strip.png")
        assert (tmp_path / "strip.png").read_bytes() == picture_in(page_of(animation))

    def test_a_photograph_keeps_its_colours(self):
        generator = np.random.default_rng(0)
        photograph = generator.integers(0, 255, (64, 64, 3)).astype(np.uint8)
        smooth = np.asarray(
            Image.fromarray(photograph).resize((128, 128), Image.Resampling.BICUBIC)
        )
        strip = Animation([smooth], captions=["Noise."], alt="Noise.").strip
        difference = np.asarray(strip.convert("RGB")).astype(int) - smooth
        assert np.abs(difference).mean() < 12

    def test_figures_arrays_and_images_alike(self):
        figure = Figure(figsize=(0.6, 0.4), facecolor="white")
        array = np.full((80, 120, 3), 255, np.uint8)
        for frame in (figure, array, Image.fromarray(array)):
            assert Animation([frame], captions=["White."], alt="White.").strip.size == (120, 80)

    def test_a_figure_of_pyplot_is_closed(self):
        figures = [plt.figure(figsize=(1, 1)) for _ in range(3)]
        animate(figures, captions=["One.", "Two.", "Three."], alt="Nothing.")
        assert plt.get_fignums() == []
        assert {figure.dpi for figure in figures} == {plt.rcParams["figure.dpi"]}


class TestHtml:
    def test_without_a_script_the_picture_is_left(self):
        page = page_of(shades())
        outside = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
        tags = [tag for tag, _ in Elements(outside).elements]
        assert tags == ["div", "img"]
        ((_, attributes),) = [e for e in Elements(outside).elements if e[0] == "img"]
        assert attributes["alt"] == "A picture that brightens."
        assert (attributes["width"], attributes["height"]) == ("360", "160")

    def test_two_runs_give_the_same_bytes(self):
        first, second = (page_of(animate_conv(X[:4, :4], K)) for _ in range(2))
        assert first == second

    def test_all_but_the_picture_depends_on_words_and_sizes_alone(self):
        def without_picture(page):
            return re.sub(r"base64,[^\"]*", "", page)

        dark = [np.zeros((80, 120, 3), np.uint8)] * 5
        other = Animation(dark, captions=shades().captions, alt=shades().alt)
        assert page_of(other) != page_of(shades())
        assert without_picture(page_of(other)) == without_picture(page_of(shades()))

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

    def test_plain_text(self):
        assert repr(shades()) == "<Animation: 5 steps>"
        assert shades()._repr_mimebundle_()["text/plain"] == "<Animation: 5 steps>"
        assert repr(shades(1)) == "<Animation: 1 step>"
        assert len(shades()) == 5


class TestRefusals:
    PICTURE = np.zeros((4, 4, 3), np.uint8)

    @pytest.mark.parametrize(
        ("frames", "captions", "alt", "message"),
        [
            ([], [], "Nothing.", "frames must hold at least one picture"),
            ([PICTURE], [], "Black.", "captions .*got"),
            ([PICTURE], "A", "Black.", "captions .*got"),
            ([PICTURE], [3], "Black.", "captions.*got"),
            ([PICTURE], [" "], "Black.", "must say something"),
            ([PICTURE], ["A."], "", "must say something"),
            ([PICTURE], ["A."], None, "alt.*got"),
            ([PICTURE, PICTURE[:2]], ["A.", "B."], "Black.", "one size, got"),
            ([PICTURE.astype(float)], ["A."], "Black.", "frame must be .*got"),
            ([PICTURE[..., 0]], ["A."], "Black.", "frame must be .*got"),
            (["picture"], ["A."], "Black.", "frame must be .*got"),
            (3, ["A."], "Black.", "frames must be .*got"),
        ],
    )
    def test_what_makes_no_animation(self, frames, captions, alt, message):
        with pytest.raises((TypeError, ValueError), match=message):
            Animation(frames, captions=captions, alt=alt)

    @pytest.mark.parametrize("colours", [1, 257, 2.5, "many"])
    def test_colours_that_no_palette_has(self, colours):
        with pytest.raises((TypeError, ValueError), match=r"colours must be .*got"):
            Animation([self.PICTURE], captions=["A."], alt="Black.", colours=colours)

    def test_a_kernel_that_does_not_fit(self):
        with pytest.raises(ValueError, match="fit"):
            animate_conv(torch.ones(2, 2), K)
        assert plt.get_fignums() == []


class TestConvolution:
    @pytest.mark.parametrize(
        "options", [{}, {"stride": 2, "padding": 1}, {"stride": 2, "dilation": 2}]
    )
    def test_one_step_for_each_value_of_pytorch(self, options):
        expected = F.conv2d(X[None, None].float(), K[None, None].float(), **options)[0, 0]
        animation = convolution(**options)
        rows, columns = expected.shape
        assert len(animation) == rows * columns
        for step, caption in enumerate(animation.captions):
            i, j = divmod(step, columns)
            assert caption.startswith(f"Y[{i}, {j}] = {expected[i, j]:.0f}: the window reads ")
        written = "; ".join(" ".join(f"{value:.0f}" for value in row) for row in expected)
        assert f"the rows {written}." in animation.alt

    def test_the_words(self):
        animation = convolution(stride=2, padding=1)
        assert animation.captions[0].endswith("reads rows −1 to 1, columns −1 to 1.")
        assert "3×3 kernel" in animation.alt
        assert "5×5 input with stride 2 and padding 1" in animation.alt
        dilated = animate_conv(X, K, dilation=2, alt="My own words.")
        assert dilated.captions[0].endswith("reads rows 0, 2 and 4, columns 0, 2 and 4.")
        assert dilated.alt == "My own words."

    def test_a_step_differs_from_the_next_and_the_weight_is_small(self):
        animation = convolution(stride=2, padding=1)
        width, height = (n // 3 for n in animation.strip.size)
        tiles = {
            animation.strip.crop((j, i, j + width, i + height)).tobytes()
            for i in range(0, 3 * height, height)
            for j in range(0, 3 * width, width)
        }
        assert len(tiles) == 9
        assert len(picture_in(page_of(animation))) < 110_000

    def test_a_photograph_has_too_many_steps(self):
        with pytest.raises(ValueError, match="at most 256 steps, got 9,604: use a smaller image"):
            animate_conv(torch.zeros(100, 100), K)

    def test_no_figure_stays_open(self):
        animate_conv(X, torch.ones(5, 5))
        assert plt.get_fignums() == []


class TestPooling:
    IMAGE = torch.tensor([[1, 3, 2, 9], [7, 4, 1, 5], [8, 5, 2, 3], [4, 2, 1, 4]])

    @pytest.mark.parametrize(
        ("mode", "values"), [("max", "7 9; 8 4"), ("average", "3.75 4.25; 4.75 2.50")]
    )
    def test_to_the_end(self, mode, values):
        animation = animate_pool(self.IMAGE, 2, mode=mode)
        assert len(animation) == 4
        assert animation.captions[-1].startswith("Y[1, 1] = ")
        assert f"2×2 {mode} pooling, stride 2" in animation.alt
        assert f"the rows {values}." in animation.alt
        assert len(picture_in(page_of(animation))) < 60_000
        assert plt.get_fignums() == []

    def test_my_own_words(self):
        assert animate_pool(self.IMAGE, 4, alt="One window.").alt == "One window."


class TestChannels:
    def test_one_step_for_each_value_of_pytorch(self):
        image = torch.arange(48).reshape(3, 4, 4) % 5
        filter = torch.arange(27).reshape(3, 3, 3) % 4 - 1
        expected = F.conv2d(image[None].double(), filter[None].double())[0, 0] + 1
        animation = animate_channels(image, filter, bias=1)
        assert len(animation) == expected.numel()
        for caption, value in zip(animation.captions, expected.flatten(), strict=True):
            assert caption.endswith(f"= {value:.0f}: red, green, blue, and the bias.")
        assert len(picture_in(page_of(animation))) < 110_000
        assert plt.get_fignums() == []

    def test_small_coloured_words_keep_their_colour(self):
        strip = animate_channels(torch.ones(3, 3, 3), torch.ones(3, 3, 3)).strip.convert("RGB")
        kept = np.array([colour for _, colour in strip.getcolors(10**6)], dtype=int)
        for colour in ((200, 16, 46), (46, 139, 46), (31, 79, 191)):
            assert np.abs(kept - colour).max(axis=1).min() <= 12


# In a browser -------------------------------------------------------------------------------------

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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

    def test_two_of_a_kind_work_each_for_itself(self, visit):
        page = visit(page_of(shades()) * 2, **REDUCED)
        page.get_by_role("button", name="Next step").nth(1).click()
        assert (status(page, 0), status(page, 1)) == ("Step 1 of 5.", "Step 2 of 5.")

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
        page = visit(page_of(convolution()), width=width, **REDUCED)
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
