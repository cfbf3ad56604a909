"""What the pages and documents say is true, and what they link to is there."""

import ast
import contextlib
import functools
import io
import json
import re
import tomllib
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import yaml
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.transforms import v2

from tests.notebook_rules import AMERICAN, EMOJI, without_code
from tools.times import TIMES, anchor, with_signs
from utils.shapes import summarise
from utils.style import PALETTE

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
PAGES = sorted(BOOK.glob("*.md"))
DOCUMENTS = [
    ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
]
NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))
EVERYTHING = [*PAGES, *DOCUMENTS, ROOT / "img" / "README.md"]


def read(name):
    """Return the text of a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def relative(path):
    """Name a file as in the repository."""
    return path.relative_to(ROOT).as_posix()


def markdown(path):
    """Return the Markdown of a page, or of all text cells of a notebook."""
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(cell["source"] for cell in cells(path) if cell["cell_type"] == "markdown")


def cells(path):
    """Return the cells of a notebook, each with its source as one string."""
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [{**cell, "source": "".join(cell["source"])} for cell in found]


def without_blocks(text):
    """Drop fenced code, whose lines may look like headings and links."""
    return re.sub(r"^(```+).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)


@functools.cache
def anchors(path):
    """Return the anchors of all headings of a page or notebook."""
    return {
        anchor(title)
        for title in re.findall(r"^#{1,3} (.+)$", without_blocks(markdown(path)), re.MULTILINE)
    }


# ---------------------------------------------------------------- links and prose


def broken_links(path):
    """Yield the links of a file that lead nowhere in the repository."""
    text = re.sub(r"(`+).*?\1", " ", without_blocks(markdown(path)), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, place = target.partition("#")
        page = (path.parent / file).resolve() if file else path
        if not page.is_file():
            yield f"{target}: there is no such file"
        elif place and place not in anchors(page):
            yield f"{target}: there is no such heading"


@pytest.mark.parametrize("path", [*EVERYTHING, *NOTEBOOKS], ids=relative)
def test_links_lead_somewhere(path):
    assert list(broken_links(path)) == []


def test_a_broken_link_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A `b` c\n[x](#a-b-c) [y](#d) [z](no.md) [w](https://example.org)\n")
    assert [line.split(":")[0] for line in broken_links(page)] == ["#d", "no.md"]


def spoken_of(text):
    """Return the numbers of the chapters and sections that a text names."""
    text = re.sub(r"\]\([^)]*\)", "]", without_blocks(text))
    chapters = re.findall(r"\b[Cc]hapters? \d+(?:(?:, | and | to )\d+)*(?!\.?\d)", text)
    sections = re.findall(r"\b[Ss]ections? (\d+\.\d+(?:(?:, | and | to )\d+\.\d+)*)", text)
    return re.findall(r"\d+", " ".join(chapters)), re.findall(r"\d+\.\d+", " ".join(sections))


@functools.cache
def that_exist():
    """Return the numbers of the chapters and of their sections."""
    chapters = {str(int(path.name[:2])) for path in NOTEBOOKS if path.name[:2].isdigit()}
    text = "\n".join(markdown(path) for path in NOTEBOOKS)
    return chapters, set(re.findall(r"^## (\d+\.\d+) ", text, re.MULTILINE))


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md", *NOTEBOOKS], ids=relative)
def test_no_page_speaks_of_a_chapter_that_does_not_exist(path):
    if path == BOOK / "wrong_numbers.md":  # which speaks of sections of other works, too
        return
    chapters, sections = spoken_of(markdown(path))
    assert set(chapters) - that_exist()[0] == set()
    assert set(sections) - that_exist()[1] == set()
    assert "still to come" not in markdown(path)


def test_chapters_and_sections_that_are_named_are_found():
    text = "Chapters 5, 13 and 14; see [section 9.99](x.md#1), sections 1.2 and 3.4, chapter 2."
    assert spoken_of(text) == (["5", "13", "14", "2"], ["9.99", "1.2", "3.4"])


@pytest.mark.parametrize("path", EVERYTHING, ids=relative)
def test_prose_is_calm_british_english(path):
    text = re.sub(r"```\{(image|bibliography)\}.*?```", "", markdown(path), flags=re.DOTALL)
    text = re.sub(r"<[^>]*>|!\[", " ", without_code(text))
    assert "!" not in text
    assert not EMOJI.findall(text)
    assert not AMERICAN.findall(text.lower())
    assert not re.findall(r"\b(simply|obviously|of course|just)\b", text.lower())


@pytest.mark.parametrize("path", EVERYTHING, ids=relative)
def test_sizes_have_the_sign(path):
    changed = [line for line in markdown(path).splitlines() if with_signs(line) != line]
    assert with_signs(markdown(path)) == markdown(path), f"run python -m tools.times: {changed}"


@pytest.mark.parametrize("path", EVERYTHING, ids=relative)
def test_pictures_have_alt_text(path):
    text = markdown(path)
    directives = re.findall(r"```\{image\} \S+\n(.*?)```", text, re.DOTALL)
    texts = [re.search(r":alt: (.+)", options) for options in directives]
    assert all(texts)
    texts = [found[1] for found in texts] + re.findall(r"!\[([^]]*)\]\(", text)
    assert all(len(alt) >= 40 and alt.endswith(".") for alt in texts)


# ---------------------------------------------------------------- documents


def test_readme_fits_on_a_page():
    text = read("README.md")
    lines = sum(-(-max(1, len(line)) // 90) for line in text.splitlines())
    assert lines <= 60
    assert len(text.split()) <= 450


def test_readme_names_every_chapter():
    linked = set(re.findall(r"\(book/(\w+\.ipynb)\)", read("README.md")))
    assert linked == {path.name for path in NOTEBOOKS}


def test_the_citation_is_complete_and_the_same_everywhere():
    citation = yaml.safe_load(read("CITATION.cff"))
    config = yaml.safe_load(read("_config.yml"))
    page = read("book/how_to_use.md").partition("## How to cite")[2]
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"]
    assert citation["authors"]
    assert set(citation["license"]) == {"MIT", "CC-BY-4.0"}
    assert citation["title"] == config["title"]
    assert citation["repository-code"] == config["repository"]["url"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", citation["date-released"])
    for part in (citation["title"], citation["repository-code"], citation["date-released"][:4]):
        assert part in page


def test_the_licences_are_the_ones_that_are_named():
    assert read("LICENSE").startswith("MIT License")
    text = read("LICENSE-text")
    assert "Creative Commons Attribution 4.0 International" in text
    assert "https://creativecommons.org/licenses/by/4.0/legalcode" in text


def test_the_changelog_has_the_form_of_keep_a_changelog():
    text = read("CHANGELOG.md")
    assert "keepachangelog.com" in text
    kinds = re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)[0] == "Unreleased"


def functions(path):
    """Return the names of the functions of a Python file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_named_check_exists():
    rules = read("CONTRIBUTING.md").partition("## Rules")[2].partition("\n## ")[0]
    file, seen = None, 0
    for line in rules.splitlines():
        if found := re.search(r"^Checked by .*?`(tests/\w+\.py)`", line):
            file = ROOT / found[1]
        if not line.startswith("|"):
            continue
        for name in re.findall(r"`(\w+)`", line.split("|")[-2]):
            assert name in functions(file), f"{relative(file)} has no {name}"
            seen += 1
    assert seen > 40


def test_every_rule_of_the_notebooks_is_written_down():
    text = read("CONTRIBUTING.md")
    source = read("tests/notebook_rules.py")
    rules = re.findall(r"^@rule\ndef (\w+)", source, re.MULTILINE)
    assert rules
    assert [name for name in rules if f"`{name}`" not in text] == []


# ---------------------------------------------------------------- set-up and notation


def test_the_set_up_names_the_versions_that_are_installed():
    groups = tomllib.loads(read("pyproject.toml"))["dependency-groups"]
    page = read("book/setup.md")
    for package in ("torch", "torchvision"):
        (version,) = [
            item[len(package) + 2 :]
            for item in groups["notebooks"]
            if item.startswith(package + "==")
        ]
        assert f"{package} {version}" in page


def test_the_messages_that_the_set_up_explains_are_the_ones_that_are_printed():
    rows = re.findall(r"^\| (.*?) \|", read("book/setup.md").partition("## When")[2], re.MULTILINE)
    shown = {message for row in rows for message in re.findall(r"`([^`]{9,})`", row)}
    foreign = {
        "make: command not found",
        "make lab",
        "No space left on device",
        "connection broken",
        "operator torchvision::nms does not exist",
        "No module named 'utils'",
        "Address already in use",
        "no CUDA GPUs are available",
    }
    sources = [ROOT / "Makefile", ROOT / "conftest.py", *(ROOT / "tools").glob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert len(shown - foreign) >= 4
    assert [message for message in shown - foreign if message not in text] == []


def test_the_installation_check_prints_what_the_page_says():
    page = read("book/setup.md").partition("## Check")[2]
    code, called = re.search(r'"(from utils.*; print\((.*)\))"', page).groups()
    names = {}
    exec(code.partition(";")[0], names)
    assert f"The second prints {eval(called, names)}," in page


def test_a_sign_has_one_meaning():
    table = read("book/notation.md").partition("## Numbers and arrays")[2].partition("\n## ")[0]
    first = " ".join(row[0] for row in rows(table)[1:])
    signs = re.findall(r"\$([A-Za-z](?:_(?:\\text\{\w+\}|\w))?)(?:\(X\))?\$", first)
    assert len(signs) > 25
    assert sorted(set(signs)) == sorted(signs)


def letters(path):
    """Return the letters of the formulas of a page or notebook: of its signs, not of its words."""
    text = re.sub(r"(`+).*?\1", " ", without_blocks(markdown(path)), flags=re.DOTALL)
    formulas = "".join(map("".join, re.findall(r"\$\$(.*?)\$\$|\$([^$]*)\$", text, re.DOTALL)))
    return set(re.sub(r"\\(text|begin|end)\{[^}]*\}|\\[A-Za-z]+|[^A-Za-z]", "", formulas))


# Letters that mean something else on the page of signs than they once did in a chapter.
TAKEN = {"06": "f", "09": "pj", "11": "g", "12": "kh"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=relative)
def test_a_chapter_uses_the_signs_of_the_page(path):
    explained = letters(BOOK / "notation.md") | set("exy")
    assert letters(path) - explained == set()
    assert letters(path) & set(TAKEN.get(path.name[:2], "")) == set()


def test_the_letters_of_formulas_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("$C_\\text{in} \\cdot k$, `$a$` and $$\n\\begin{aligned}n_1\\end{aligned}$$\n")
    assert letters(page) == {"C", "k", "n"}


def test_the_colours_are_those_of_the_figures():
    page = read("book/notation.md")
    assert re.findall(r"background-color: (#\w+)", page) == list(PALETTE.values())


# ---------------------------------------------------------------- cheat sheet


def part(title):
    """Return one section of the cheat sheet."""
    return read("book/cheat_sheet.md").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text):
    """Return the rows of the tables of a text, each as a list of cells."""
    lines = re.findall(r"^\| (.+) \|$", text, re.MULTILINE)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def products(network, image):
    """Count multiply-adds as half of the operations that PyTorch counts."""
    with FlopCounterMode(display=False) as counter:
        network(image)
    return counter.get_total_flops() // 2


WORKED = [row for row in rows(part("Parameters and multiply-adds")) if row[0].startswith("`nn.")]


def test_the_worked_table_has_every_kind_of_layer():
    kinds = {re.match(r"`nn\.(\w+)", row[0])[1] for row in WORKED}
    assert kinds == {"Conv2d", "Linear", "BatchNorm2d", "MaxPool2d"}


@pytest.mark.parametrize("row", WORKED, ids=lambda row: row[0].strip("`"))
def test_the_worked_table_is_recomputed(row):
    layer, shape, output = (eval(cell.strip("`"), {"nn": nn}) for cell in row[:3])
    parameters, multiply_adds = (int(cell.replace(",", "")) for cell in row[3:])
    summary = summarise(layer, shape)
    assert summary[-1].output_shape == layer(torch.zeros(2, *shape)).shape[1:] == output
    assert summary.parameters == parameters == sum(weight.numel() for weight in layer.parameters())
    image = torch.zeros(1, *shape)
    assert summary.multiply_adds == multiply_adds == products(layer, image)


def test_the_formulas_of_the_cheat_sheet():
    for c_in, c_out, k, g in ((4, 6, 3, 2), (1, 3, 3, 1), (16, 16, 5, 16)):
        summary = summarise(nn.Conv2d(c_in, c_out, k, groups=g), (c_in, 12, 9))
        weights = c_out * c_in * k**2 // g
        assert summary.parameters == weights + c_out == c_out * (c_in * k**2 // g + 1)
        assert summary.multiply_adds == (12 - k + 1) * (9 - k + 1) * weights
    assert summarise(nn.Linear(7, 5), (7,)).parameters == 5 * (7 + 1)
    assert summarise(nn.BatchNorm2d(7), (7, 4, 4)).parameters == 2 * 7
    three = nn.Sequential(*[nn.Conv2d(1, 1, 3) for _ in range(3)])
    field = summarise(three, (1, 9, 9)).receptive_field
    assert f"see {field}{TIMES}{field} pixels" in part("Receptive field")


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # an even kernel is copied: slow
@pytest.mark.parametrize("n", [7, 8, 31, 32])
def test_the_sizes_of_the_cheat_sheet(n):
    def size(layer):
        return layer(torch.zeros(1, n, n)).shape[-1]

    for k in (2, 3, 5):
        assert size(nn.Conv2d(1, 1, k)) == n - k + 1
    for k, d in ((3, 1), (5, 1), (3, 3)):
        assert size(nn.Conv2d(1, 1, k, dilation=d, padding=d * (k - 1) // 2)) == n
        assert size(nn.Conv2d(1, 1, k + 1, dilation=d, padding="same")) == n
    assert size(nn.MaxPool2d(2)) == n // 2
    assert size(nn.Conv2d(1, 1, 3, stride=2, padding=1)) == -(-n // 2)
    assert size(nn.AdaptiveAvgPool2d(1)) == 1
    (table,) = re.findall(r"\| You want.*?\n\n", part("Sizes"), re.DOTALL)
    assert [row[-1] for row in rows(table)[1:]] == [
        "$n - k + 1$",
        "$n$",
        r"$\lfloor n/2 \rfloor$",
        r"$\lceil n/2 \rceil$",
        "$1$",
    ]


def test_the_recipe_runs():
    names = {"nn": nn}
    (code,) = blocks(part("The recipe"), "python")
    exec(code, names)
    network = names["network"]
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    count = sum(weight.numel() for weight in network.parameters())
    assert f"On `(3, 32, 32)` this one has {count:,} parameters" in part("The recipe")


def test_the_training_step_learns():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 10))
    labels = torch.arange(100) % 4
    images = F.one_hot(labels, 4).float().reshape(100, 1, 2, 2)
    names = {"torch": torch, "F": F, "network": network, "images": images, "labels": labels}
    names |= {"test_images": images, "optimiser": torch.optim.Adam(network.parameters(), lr=0.1)}
    (code,) = blocks(part("A training step"), "python")
    for _ in range(20):
        exec(code, names)
    assert torch.equal(names["answers"], labels)
    assert not network.training


def test_the_least_loss_with_softmax_twice_is_the_one_of_the_cheat_sheet():
    least = F.cross_entropy(torch.eye(10), torch.arange(10))
    assert f"loss stops near {least:.2f} |" in part("When it does not learn")


def test_pictures_go_there_and_back():
    (code,) = blocks(part("Shapes"), "python")
    before = torch.arange(5 * 7 * 3).reshape(5, 7, 3).to(torch.uint8).numpy()
    names = {"torch": torch, "array": before}
    exec(code, names)
    torch.testing.assert_close(names["image"], v2.functional.to_image(before) / 255)
    assert (names["array"] == before).all()
    assert names["array"].dtype == before.dtype


def refusals():
    """Yield what makes PyTorch say each message, and what the page says against it."""
    conv, images = nn.Conv2d(3, 6, 5), torch.rand(2, 3, 32, 32)
    norm = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(12))
    loss, scores = nn.CrossEntropyLoss(), torch.zeros(2, 10)
    yield lambda: conv(images.permute(0, 2, 3, 1)), lambda: conv(images)
    yield lambda: conv(images[0, 0]), lambda: nn.Conv2d(1, 6, 5)(images[0, 0][None])
    yield lambda: conv(images.to(torch.uint8)), lambda: conv(images.to(torch.uint8).float())
    yield lambda: nn.Linear(401, 10)(scores[:, :4]), lambda: nn.Linear(4, 10)(scores[:, :4])
    yield lambda: conv(images[..., :4]), lambda: nn.Conv2d(3, 6, 5, padding=1)(images[..., :4])
    yield lambda: norm(images[:1, :, :2, :2]), lambda: norm.eval()(images[:1, :, :2, :2])
    yield lambda: loss(scores, torch.ones(2)), lambda: loss(scores, torch.ones(2).long())
    yield lambda: loss(scores, torch.tensor([1, 10])), lambda: loss(scores, torch.tensor([0, 9]))


MESSAGES = [row[0].strip("`") for row in rows(part("When PyTorch refuses"))[1:]]


@pytest.mark.parametrize(
    ("message", "provoke", "mend"),
    [(message, *pair) for message, pair in zip(MESSAGES, refusals(), strict=True)],
    ids=MESSAGES,
)
def test_the_messages_of_the_cheat_sheet_are_those_of_pytorch(message, provoke, mend):
    with pytest.raises((RuntimeError, ValueError, IndexError)) as caught:
        provoke()
    assert re.search(re.escape(message).replace(r"\.\.\.", ".*"), str(caught.value))
    mend()


# ---------------------------------------------------------------- how long it takes


def opening(path):
    """Return the second cell of a notebook."""
    return cells(path)[1]["source"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=relative)
def test_the_chapter_takes_as_long_as_the_page_says(path):
    (row,) = re.findall(
        rf"^\| \[(.+?)\]\({path.name}\) \| (\d+) minutes", read("book/how_to_use.md"), re.MULTILINE
    )
    title, minutes = row
    assert f"# {title}\n" in opening(path)
    needed = re.search(r"time needed.*", opening(path), re.IGNORECASE)[0]
    assert minutes in re.findall(r"\d+", needed)


# ---------------------------------------------------------------- glossary and references

TERM = re.compile(r"^(\S.*)\n  (.*)$", re.MULTILINE)


def glossary():
    """Return (term, definition) in the order of the page."""
    block = re.search(
        r"^```\{glossary\}\n(.*?)^```", read("book/glossary.md"), re.DOTALL | re.MULTILINE
    )
    return TERM.findall(block[1])


def test_glossary_terms_are_sorted():
    terms = [term.lower() for term, _ in glossary()]
    assert len(terms) > 60
    assert terms == sorted(set(terms))


def test_glossary_terms_are_bilingual():
    chinese = r'<span lang="zh-Hans">[\u4e00-\u9fff（）]+</span>'  # lang is for screen readers
    for term, definition in glossary():
        assert re.match(rf"\*\*{chinese}\*\* \S", definition), term
        assert not re.search(r"[\u4e00-\u9fff]", re.sub(chinese, "", definition)), term


def test_glossary_definitions_are_short():
    for term, definition in glossary():
        definition = re.sub(r" \[?Chapter \d.*$", "", definition)
        assert 1 <= len(re.findall(r"\.(?= |$)", definition)) <= 2, term
        assert len(without_code(definition).split()) <= 45, term


def test_glossary_terms_lead_to_their_chapter():
    existing = {int(path.name[:2]): path.name for path in NOTEBOOKS}
    for term, definition in glossary():
        chapters = [int(number) for number in re.findall(r"\bChapter (\d+)", definition)]
        assert chapters, term
        for number in chapters:
            assert number in existing, term
            linked = re.search(rf"\[Chapter {number}\]\((.*?)\)", definition)
            assert linked, term
            assert linked[1] == existing[number], term


def test_every_letter_of_the_glossary_can_be_jumped_to():
    jumps = re.findall(r"\{term\}`(\w) <(.+?)>`", read("book/glossary.md"))
    first = {}
    for term, _ in glossary():
        first.setdefault(term[0].upper(), term)
    assert jumps == list(first.items())


TERMS_OF_THE_CURRICULUM = """
convolution|kernel|filter|feature map|channel|stride|padding|dilation|pooling|flattening|
fully connected layer|receptive field|parameter sharing|sparse connections|
translation equivariance|translation invariance|cross-entropy|optimiser|cross-correlation|bias|
edge detection|pixel|resolution|batch|max pooling|average pooling|global pooling|softmax|dropout|
batch normalisation|residual block|saliency map|Grad-CAM|overfitting
"""


def test_the_glossary_has_what_the_book_speaks_of():
    wanted = TERMS_OF_THE_CURRICULUM.replace("\n", "").split("|")
    assert set(wanted) <= {term for term, _ in glossary()}


def bibliography():
    """Return key -> entry of the BibTeX file."""
    entries = re.split(r"^@", read("book/references.bib"), flags=re.MULTILINE)[1:]
    return {re.match(r"\w+\{(\w+),", entry)[1]: entry for entry in entries}


def cited():
    """Return the keys that pages cite and notebooks link to."""
    keys = set()
    for path in [*PAGES, *NOTEBOOKS]:
        for group in re.findall(r"\{cite:\w+\}`([^`]+)`", markdown(path)):
            keys |= set(group.split(","))
        keys |= set(re.findall(r"references\.md#(\w+)", markdown(path)))
    return keys


def test_every_reference_is_cited():
    assert set(bibliography()) - cited() == set()
    assert cited() - set(bibliography()) == set()


@pytest.mark.parametrize("key", list(bibliography()))
def test_every_reference_has_an_entry(key):
    page = read("book/references.md")
    assert key in anchors(BOOK / "references.md")
    assert page.count(f'key == "{key}"') == 1
    before = page.partition(f'key == "{key}"')[0]
    heading, sentence = re.split(r"^### ", before, flags=re.MULTILINE)[-1].split("\n\n")[:2]
    assert anchor(heading) == key
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_every_reference_is_complete():
    for key, entry in bibliography().items():
        for field in ("author", "title", "year"):
            assert re.search(rf"^  {field}\s*= \{{", entry, re.MULTILINE), f"{key}: {field}"
        assert re.search(r"^  (doi|url|publisher)\s*= ", entry, re.MULTILINE), key
        year = re.search(r"year\s*= \{(\d{4})\}", entry)[1]
        surname = re.search(r"author\s*= \{([\w']+),", entry)[1]
        assert key == surname.lower() + year


# ---------------------------------------------------------------- numbers that are wrong elsewhere


def sections():
    """Return heading -> text of the entries of the page."""
    parts = re.split(r"^## (.+)$", read("book/wrong_numbers.md"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def said(title, what):
    """Return what an entry gives as Printed, True or Proof."""
    return re.search(rf"^{what}\n: (.+)$", sections()[title], re.MULTILINE)[1]


def blocks(text, language):
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("title", list(sections()))
def test_code_prints_what_the_page_shows(title):
    names, printed = {}, io.StringIO()
    (imports,) = blocks(read("book/wrong_numbers.md").partition("\n## ")[0], "python")
    (code,) = blocks(sections()[title], "python")
    (output,) = blocks(sections()[title], "text")
    with contextlib.redirect_stdout(printed):
        exec(imports + code, names)
    assert printed.getvalue() == output


# What an entry says, and its code prints; what the section of the chapter shows. Matrices are read
# row by row, and 1.46 as 1 46.
RESULTS = {
    "A picture outside 0 to 1": ("129, 126, 252", "129 126 252"),
    "An output without its stride": ("0 8 4 6 5 6 6 12 8", "0 4 6 8"),
    "Outputs of a first layer": ("4704, 14455392, 456", "4704"),
    "The name of the operation": (
        "12 12 17 10 17 19 9 6 14, 18 20 19 10 9 17 11 8 14",
        "18 20 19 10 9 17 11 8 14",
    ),
    "A strided animation": ("1 5 6 7 8 3 3 10 4", "1 5 6 7 8 3 3 10 4"),
    "Padding that keeps the shape": ("200, 201, 100, 198", "201"),
    "The size formula": ("59, 59 33, 2 5", "59"),
    "Pooling that halves": ("3", "1 3 7 7 1 3 3 3"),
    "Multiply-adds of a small network": (
        "830000, 406250, 850081, 407581, 880001, 441251",
        "830000",
    ),
    "The input of AlexNet": ("54 25, 54, 55", "224 54 25"),
    "The parameters of AlexNet": ("62378344, 60965224, 61100840", "62378344"),
    "Softmax before the loss": ("1 46", "1 46"),
    "An accuracy of 100%": ("", "100"),
    "The work of two networks": (
        "49519, 4236769, 5799936, 4236304, 12708896, 5849790",
        "5799936",
    ),
    "The map of a shifted picture": ("", "4084 4096"),
    "A map of where the network looked": ("", "100 100"),
}


def whole_numbers(text):
    """Return the whole numbers of a text, one after the other, between spaces."""
    return " " + " ".join(re.findall(r"-?\d+", re.sub(r"(?<=\d),(?=\d{3})", "", text))) + " "


@pytest.mark.parametrize("title", RESULTS)
def test_what_is_called_true_is_what_the_code_prints(title):
    (output,) = blocks(sections()[title], "text")
    text = said(title, "Printed") + " " + said(title, "True")
    for number in filter(None, RESULTS[title][0].split(", ")):
        assert f" {number} " in whole_numbers(output)
        assert f" {number} " in whole_numbers(text)


def test_what_is_called_true_follows_from_what_the_code_prints():
    assert f"{4_236_769 / 49_519:.1f} times fewer" in said("The work of two networks", "True")
    wrapped = f"{830_000 + 27 + 54 + 20_000:,} and {406_250 + 27 + 54 + 1250:,}"  # all weights
    assert wrapped in said("Multiply-adds of a small network", "True")
    nested = f"{3 * 4_236_304 - 16:,} and {5_799_936 + 2 * (27 + 4 * 81) + 49_152:,}"
    assert nested in said("The work of two networks", "True")


@pytest.mark.parametrize("title", list(sections()))
def test_every_entry_names_a_source(title):
    source = said(title, "Source")
    assert re.search(r"\]\(https://[^)]+\)|\{cite:[pt]\}`\w+`", source), "where can one look?"
    assert re.search(r"\b20\d\d\b|\b\d+\.\d+\b", source), "which edition, version or year?"
    vague = r"everywhere|well-known|famous|often|many (examples|pages|tutorials)|all over"
    assert not re.search(vague, said(title, "Printed") + source)


def test_every_entry_is_checked_and_in_the_table():
    assert list(RESULTS) == list(sections())
    rows = re.findall(r"^\| \[(.+?)\]\(#(.+?)\)", read("book/wrong_numbers.md"), re.MULTILINE)
    assert rows == [(title, anchor(title)) for title in RESULTS]


def shown_in(path, place):
    """Return everything that the cells of one section of a notebook show as text."""
    level, inside, shown = 0, False, []
    for cell in cells(path):
        source, is_text = cell["source"], cell["cell_type"] == "markdown"
        heading = re.match(r"(#{1,3}) (.+)", source) if is_text else None
        if heading and inside and len(heading[1]) <= level:
            break
        if heading and anchor(heading[2]) == place:
            level, inside = len(heading[1]), True
        if inside and not is_text:
            shown.append(cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", ""))
            for output in cell["outputs"]:
                shown += output.get("text", []), *output.get("data", {}).values()
    return "\n".join("".join(part) for part in shown if isinstance(part, str | list))


@pytest.mark.parametrize("title", RESULTS)
def test_the_chapter_proves_the_number(title):
    file, place = re.search(r"\]\((\d\d_\w+\.ipynb)#([^)]+)\)", said(title, "Proof")).groups()
    assert f" {RESULTS[title][1]} " in whole_numbers(shown_in(BOOK / file, place))
