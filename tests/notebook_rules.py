"""
The rules of the book's notebooks, one function each.

A rule takes a `Chapter` and yields a sentence for everything that breaks it: where it is, and
what to do. `tests/test_notebook_rules.py` applies every rule to every notebook, and proves that
each rule notices what it is there for.
"""

import ast
import base64
import io
import re
import statistics
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode
from PIL import Image

from tools.execute_notebooks import SOLUTION_PROMPTS
from tools.notebook_format import (
    PNG_DATA_URI,
    canonical,
    code_cells,
    first_line,
    objections,
    read_notebook,
    to_text,
)
from tools.setup_cell import SETUP_CELL, SETUP_TAGS
from tools.times import TIMES, with_signs

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted(ROOT.glob("book/*.ipynb"))

LONGEST_CELL = 15  # lines of code; comments and blank lines do not count
LONGEST_CLASS = 25  # lines of a cell that defines a class
LONGEST_MEDIAN = 8
LARGEST_PICTURE = 62_000  # bytes
LARGEST_PHOTOGRAPH = 110_000  # bytes; photographs compress less well than diagrams
LARGEST_ANIMATION = 150_000  # bytes; one picture that holds every step
SHORTEST_ALT = 40  # characters
TAGS = {
    "course-setup",
    "exercise",
    "hide-cell",
    "hide-input",
    "hide-output",
    "imports",
    "nbval-ignore-image",
    "raises-exception",
    "remove-cell",
    "results",
    "solution",
}
TOLERANCE_TAG = re.compile(r"nbval-rtol-1e-\d")
KINDS = ("by hand", "in code", "experiment", "design", "mend")

AMERICAN = re.compile(
    r"\b(colors?|colored|grays?|grayscale|cent(?:er|ers|ered)|neighbors?|neighboring|"
    r"behaviors?|labeled|modeling|favorite|canceled)\b"
)
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]")
FORBIDDEN_CODE = {
    r"^\s*%": "a magic",
    r"^\s*!": "a shell command",
    r"\?\s*$": "a help request",
    r"\bpip3? install\b": "pip",
    r"\bimport \*": "a star import",
    r"\burlretrieve\b|\burlopen\b|\brequests\.|\bwget\b|\bcurl\b": "a download",
    r"download=True": "a download",
    r"\bhub\.load\b|pretrained=True": "a download",
    r"[\"'](?:/(?:home|root|tmp|usr|opt|Users|content|mnt|var)\b|~/|[A-Za-z]:\\)": "a path",
    r"\btqdm\b": "a progress bar",
    r"\bglue\(": "glue, which Colab does not know",
}

Complaints = Iterator[str]
RULES: list[Callable[["Chapter"], Complaints]] = []


def rule(function: Callable[["Chapter"], Complaints]) -> Callable[["Chapter"], Complaints]:
    """Add a function to the rules."""
    RULES.append(function)
    return function


# ---------------------------------------------------------------- a notebook, as rules see it


class Chapter:
    """A notebook with the parts that the rules talk about."""

    def __init__(self, path: Path, text: str | None = None):
        self.path = path
        self.text = path.read_text(encoding="utf-8") if text is None else text
        self.notebook = read_notebook(self.text)
        self.cells = self.notebook.cells

    @cached_property
    def number(self) -> int:
        return int(self.path.stem[:2]) if self.path.stem[:2].isdigit() else 0

    @cached_property
    def code(self) -> list[NotebookNode]:
        return code_cells(self.notebook)

    @cached_property
    def taught(self) -> list[NotebookNode]:
        """The code cells that a reader reads: without the set-up cell."""
        return [cell for cell in self.code if "course-setup" not in tags(cell)]

    @cached_property
    def text_cells(self) -> list[NotebookNode]:
        return [cell for cell in self.cells if cell.cell_type == "markdown"]

    @cached_property
    def sections(self) -> list[tuple[str, list[NotebookNode]]]:
        """Title and cells of every part that begins with an H2."""
        parts: list[tuple[str, list[NotebookNode]]] = []
        for cell in self.cells:
            title = re.match(r"## (.*)", cell.source) if cell.cell_type == "markdown" else None
            if title:
                parts.append((title[1].strip(), []))
            if parts:
                parts[-1][1].append(cell)
        return parts

    @cached_property
    def numbered_sections(self) -> list[tuple[str, list[NotebookNode]]]:
        return [part for part in self.sections if re.match(r"\d", part[0])]

    def where(self, cell: NotebookNode) -> str:
        """Name a cell as its reader would find it."""
        place = next(index for index, other in enumerate(self.cells, start=1) if other is cell)
        return f"cell {place} ({first_line(cell.source)})"


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def pictures(cell: NotebookNode) -> list[str]:
    """Return the figures of a cell, in base64."""
    outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
    return [data["image/png"] for data in outputs if "image/png" in data]


def html(cell: NotebookNode) -> str:
    """Return everything a cell shows as HTML, animations above all."""
    outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
    return "\n".join(data["text/html"] for data in outputs if "text/html" in data)


def last_line(cell: NotebookNode) -> str:
    """Return the last line that a cell prints: in an exercise, the verdict of its check."""
    printed = "".join(output.get("text", "") for output in cell.get("outputs", []))
    return (printed.splitlines() or [""])[-1]


def without_code(source: str) -> str:
    """Return Markdown without code, formulas, links' targets and addresses."""
    source = re.sub(r"^(```|~~~).*?^\1", " ", source, flags=re.DOTALL | re.MULTILINE)
    source = re.sub(r"(`+).*?\1", " ", source, flags=re.DOTALL)
    source = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " ", source, flags=re.DOTALL)
    source = re.sub(r"\]\([^)]*\)", "]", source)
    return re.sub(r"<?https?://\S+", " ", source)


def prose(chapter: Chapter) -> Iterator[tuple[str, str]]:
    """Yield (place, words) for everything in a notebook that is written for a reader."""
    for cell in chapter.text_cells:
        yield chapter.where(cell), without_code(cell.source)
    for cell in chapter.code:
        settings = cell.metadata.get("mystnb", {})
        yield chapter.where(cell), without_code(settings.get("figure", {}).get("caption", ""))
        yield chapter.where(cell), without_code(settings.get("image", {}).get("alt", ""))


def code_lines(source: str) -> int:
    """Count the lines of code: neither blank nor only a comment."""
    lines = (line.strip() for line in source.splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def parsed(cell: NotebookNode) -> ast.Module:
    """Parse a code cell."""
    return ast.parse(cell.source)


def last_call(cell: NotebookNode) -> str:
    """Return the name of the function whose call ends a cell, or an empty string."""
    try:
        body = parsed(cell).body
    except SyntaxError:
        return ""
    if not body or not isinstance(body[-1], ast.Expr) or not isinstance(body[-1].value, ast.Call):
        return ""
    function = body[-1].value.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


# ---------------------------------------------------------------- order


@rule
def name_is_number_and_topic(chapter: Chapter) -> Complaints:
    if not re.fullmatch(r"\d\d(_[a-z0-9]+)+", chapter.path.stem):
        yield f"{chapter.path.name}: name the file NN_topic_in_lower_case.ipynb"


@rule
def set_up_cell_is_the_shared_one(chapter: Chapter) -> Complaints:
    first = chapter.cells[0]
    if first.cell_type != "code" or first.source != SETUP_CELL:
        yield "cell 1: tag it course-setup, and run `make execute`, which fills it in"
    if sorted(tags(first)) != sorted(SETUP_TAGS):
        yield f"cell 1: tag it {SETUP_TAGS}"
    for cell in chapter.cells[1:]:
        if "course-setup" in tags(cell):
            yield f"{chapter.where(cell)}: there is one set-up cell, the first"


@rule
def opening_says_why_what_and_how_long(chapter: Chapter) -> Complaints:
    source = chapter.cells[1].source if len(chapter.cells) > 1 else ""
    if not re.match(rf"# {chapter.number}\. \S", source):
        yield f"cell 2: begin it with `# {chapter.number}. Title`"
    why, heading, rest = source.partition("**You will be able to**")
    if not heading:
        yield "cell 2: add **You will be able to** and a list of 3 to 5 verbs"
    sentences = re.findall(r"[.?:](?=\s|$)", "\n".join(why.splitlines()[1:]))
    if not 2 <= len(sentences) <= 5:
        yield f"cell 2: say why in about three sentences, not {len(sentences)}"
    abilities = re.findall(r"^[-*] ", rest, flags=re.MULTILINE)
    if heading and not 3 <= len(abilities) <= 5:
        yield f"cell 2: list 3 to 5 abilities, not {len(abilities)}"
    if not re.search(r"time needed", rest, flags=re.IGNORECASE):
        yield "cell 2: end with the time needed"


@rule
def one_cell_imports(chapter: Chapter) -> Complaints:
    third = chapter.cells[2] if len(chapter.cells) > 2 else None
    if third is None or third.cell_type != "code" or "imports" not in tags(third):
        yield "cell 3: make it the import cell, tagged imports"
    elif not third.source.rstrip().endswith("use_book_style()"):
        yield "cell 3: end the import cell with use_book_style()"
    for cell in chapter.taught:
        if "imports" in tags(cell):
            if cell is not third:
                yield f"{chapter.where(cell)}: there is one import cell, the third"
            continue
        try:
            steps = list(ast.walk(parsed(cell)))
        except SyntaxError:
            continue  # complained about elsewhere
        if any(isinstance(step, ast.Import | ast.ImportFrom) for step in steps):
            yield f"{chapter.where(cell)}: move the import to the import cell"


@rule
def sections_are_numbered_and_end_in_order(chapter: Chapter) -> Complaints:
    titles = [title for title, _ in chapter.sections]
    numbered = [title for title, _ in chapter.numbered_sections]
    expected = [f"{chapter.number}.{count}" for count in range(1, len(numbered) + 1)]
    if [title.split()[0] for title in numbered] != expected or not numbered:
        yield f"number the sections `## {chapter.number}.1 Title`, `## {chapter.number}.2 ...`"
    if titles[len(numbered) :] != ["Summary", "Exercises", "Further reading"]:
        yield "end with `## Summary`, `## Exercises`, `## Further reading`, in this order"
    for cell in chapter.text_cells[1:]:
        if re.search(r"^# ", without_code(cell.source), flags=re.MULTILINE):
            yield f"{chapter.where(cell)}: a notebook has one H1"
        if re.search(r"(?<=\n)#{1,2} ", without_code(cell.source)):
            yield f"{chapter.where(cell)}: begin a cell with the heading"


@rule
def every_section_asks(chapter: Chapter) -> Complaints:
    for title, cells in chapter.numbered_sections:
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        if "?" not in without_code(text) and "**Predict" not in text:
            yield f"section {title}: ask the reader something"


@rule
def every_figure_is_followed_by_what_to_notice(chapter: Chapter) -> Complaints:
    for title, cells in chapter.numbered_sections:
        shows = any(pictures(cell) or "<img" in html(cell) for cell in cells)
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        if shows and "**What to notice.**" not in text:
            yield f"section {title}: it has a figure; add a paragraph **What to notice.**"


@rule
def something_is_predicted(chapter: Chapter) -> Complaints:
    if not any("**Predict, then run.**" in cell.source for cell in chapter.text_cells):
        yield "let the reader predict at least once: a paragraph **Predict, then run.**"


# ---------------------------------------------------------------- code


@rule
def cells_are_short(chapter: Chapter) -> Complaints:
    lengths = [code_lines(cell.source) for cell in chapter.taught]
    median = statistics.median(lengths) if lengths else 0
    if median > LONGEST_MEDIAN:
        yield f"the median cell has {median:g} lines, not {LONGEST_MEDIAN}: move code to utils"
    for cell, length in zip(chapter.taught, lengths, strict=True):
        limit = LONGEST_CLASS if re.search(r"^class ", cell.source, re.MULTILINE) else LONGEST_CELL
        if length > limit and "imports" not in tags(cell):
            yield (
                f"{chapter.where(cell)}: {length} lines of code, more than {limit} "
                f"(the median is {median:g}); split the cell or move code to utils"
            )


@rule
def figures_are_shown_once(chapter: Chapter) -> Complaints:
    for cell in chapter.taught:
        name, ends = last_call(cell), cell.source.rstrip().endswith(";")
        if name.startswith(("plot_", "show_", "draw_")) and not ends:
            yield f"{chapter.where(cell)}: end {name}(...) with a semicolon, or it shows twice"
        if name.startswith("animate_") and ends:
            yield f"{chapter.where(cell)}: remove the semicolon, or {name}(...) shows nothing"


@rule
def code_is_plain_python(chapter: Chapter) -> Complaints:
    for cell in chapter.taught:
        for pattern, what in FORBIDDEN_CODE.items():
            if re.search(pattern, cell.source, flags=re.MULTILINE):
                yield f"{chapter.where(cell)}: remove {what}"
        try:
            parsed(cell)
        except SyntaxError as error:
            yield f"{chapter.where(cell)}: not Python: {error.msg}"


@rule
def tags_are_known(chapter: Chapter) -> Complaints:
    for cell in chapter.cells:
        for tag in tags(cell):
            if tag not in TAGS and not TOLERANCE_TAG.fullmatch(tag):
                known = ", ".join(sorted(TAGS))
                yield f"{chapter.where(cell)}: the tag {tag} is not one of {known}"


# ---------------------------------------------------------------- text


@rule
def text_shows_everywhere(chapter: Chapter) -> Complaints:
    for cell in chapter.text_cells:
        bare = without_code(cell.source)
        if re.search(r"^(```+|~~~+)\{|^:::", cell.source, flags=re.MULTILINE):
            yield f"{chapter.where(cell)}: directives are raw text in Colab; use plain Markdown"
        elif "{" in bare:
            yield f"{chapter.where(cell)}: roles and {{...}} are raw text in Colab; use plain links"
        if re.search(r"^\(.*\)=\s*$", cell.source, flags=re.MULTILINE):
            yield f"{chapter.where(cell)}: link to headings, not to labels"
        if "![" in bare or "<img" in bare:
            yield f"{chapter.where(cell)}: let a code cell draw the picture"


@rule
def prose_is_calm_british_english(chapter: Chapter) -> Complaints:
    for place, words in prose(chapter):
        if "!" in words:
            yield f"{place}: no exclamation marks"
        if emoji := EMOJI.search(words):
            yield f"{place}: no {emoji[0]}"
        for word in AMERICAN.findall(words.lower()):
            yield f"{place}: British spelling for {word!r}"


@rule
def sizes_have_the_sign(chapter: Chapter) -> Complaints:
    for cell in chapter.cells:
        settings = cell.metadata.get("mystnb", {})
        texts = [cell.source if cell.cell_type == "markdown" else ""]
        texts += [settings.get("figure", {}).get("caption", "")]
        texts += [settings.get("image", {}).get("alt", "")]
        if any(with_signs(text) != text for text in texts):
            where = chapter.where(cell)
            yield f"{where}: sizes are written 3{TIMES}3; run `python -m tools.times`"


@rule
def links_lead_somewhere(chapter: Chapter) -> Complaints:
    for cell in chapter.text_cells:
        source = re.sub(r"(`+).*?\1", " ", cell.source, flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", source):
            file = target.partition("#")[0]
            elsewhere = re.match(r"[a-z]+:", target)
            if file and not elsewhere and not (chapter.path.parent / file).is_file():
                yield f"{chapter.where(cell)}: there is no {file}"


# ---------------------------------------------------------------- figures


@rule
def figures_have_alt_caption_and_name(chapter: Chapter) -> Complaints:
    names = []
    for cell in chapter.code:
        settings = cell.metadata.get("mystnb", {})
        alt = settings.get("image", {}).get("alt", "")
        caption = settings.get("figure", {}).get("caption", "")
        name = settings.get("figure", {}).get("name", "")
        where = chapter.where(cell)
        if not pictures(cell):
            if alt or caption or name:
                yield f"{where}: has the caption of a figure and shows none"
            continue
        names.append(name)
        if len(pictures(cell)) > 1:
            yield f"{where}: shows {len(pictures(cell))} figures under one caption; one a cell"
        if problem := _problem_with(alt):
            yield f"{where}: mystnb.image.alt {problem}"
        if alt and alt == caption:
            yield f"{where}: the alt text repeats the caption; say what there is to see"
        if not caption:
            yield f"{where}: add mystnb.figure.caption"
        if not re.fullmatch(rf"fig-{chapter.number:02d}(-[a-z0-9]+)+", name):
            yield f"{where}: name the figure fig-{chapter.number:02d}-topic (mystnb.figure.name)"
        if names.count(name) > 1:
            yield f"{where}: the name {name} is taken"


@rule
def animations_have_alt_text(chapter: Chapter) -> Complaints:
    for cell in chapter.code:
        for image in re.findall(r"<img\b[^>]*>", html(cell)):
            alt = re.search(r'\balt="([^"]*)"', image)
            if problem := _problem_with(alt[1] if alt else ""):
                yield f"{chapter.where(cell)}: pass alt=..., which {problem}"


def _problem_with(alt: str) -> str:
    if len(alt) < SHORTEST_ALT:
        return f"should be a sentence of at least {SHORTEST_ALT} characters on what there is to see"
    if re.search(r"\.(png|jpg|svg)\b", alt):
        return "should not be a file name"
    if not alt.rstrip().endswith((".", "?", ")")):
        return "should end as a sentence does"
    return ""


@rule
def pictures_are_light(chapter: Chapter) -> Complaints:
    for cell in chapter.code:
        shown = [(encoded, _limit(encoded)) for encoded in pictures(cell)]
        shown += [(encoded, LARGEST_ANIMATION) for encoded in PNG_DATA_URI.findall(html(cell))]
        for encoded, limit in shown:
            size = len(base64.b64decode(encoded))
            if size > limit:
                yield (
                    f"{chapter.where(cell)}: a picture of {size / 1000:.0f} kB; draw it "
                    f"smaller or with fewer panels (at most {limit / 1000:.0f} kB)"
                )


def _limit(encoded: str) -> int:
    """Return how large a picture may be: photographs have more tones than a diagram needs."""
    picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
    return LARGEST_PICTURE if picture.getcolors(60) else LARGEST_PHOTOGRAPH


# ---------------------------------------------------------------- outputs


@rule
def stored_form_is_canonical(chapter: Chapter) -> Complaints:
    if to_text(canonical(read_notebook(chapter.text))) != chapter.text:
        yield "run `make execute`: the file is not in canonical form"
    if any(cell.execution_count is None and cell.source for cell in chapter.code):
        yield "run `make execute`: a cell was never executed"


@rule
def outputs_are_the_same_on_every_machine(chapter: Chapter) -> Complaints:
    yield from objections(chapter.notebook)


# ---------------------------------------------------------------- exercises


@rule
def exercises_are_numbered_and_of_every_kind(chapter: Chapter) -> Complaints:
    found = [
        re.match(r"### Exercise (\S+) \((.*)\)$", first_line(cell.source))
        for cell in chapter.text_cells
        if cell.source.startswith("### Exercise")
    ]
    if None in found:
        yield f"head each exercise `### Exercise {chapter.number}.1 (by hand)`"
    numbers = [match[1] for match in found if match]
    kinds = [match[2] for match in found if match]
    if numbers != [f"{chapter.number}.{count}" for count in range(1, len(numbers) + 1)]:
        yield f"number the exercises {chapter.number}.1, {chapter.number}.2 ..., not {numbers}"
    if not 4 <= len(numbers) <= 6:
        yield f"have 4 to 6 exercises, not {len(numbers)}"
    for kind in kinds:
        if kind not in KINDS:
            yield f"an exercise is one of {', '.join(KINDS)}, not {kind}"
    for kind in KINDS[:3]:
        if kind not in kinds:
            yield f"add an exercise of the kind ({kind})"


@rule
def exercises_are_statement_starter_solution(chapter: Chapter) -> Complaints:
    starters = [cell for cell in chapter.code if "exercise" in tags(cell)]
    solutions = [cell for cell in chapter.code if "solution" in tags(cell)]
    heads = [cell for cell in chapter.text_cells if cell.source.startswith("### Exercise ")]
    if not len(heads) == len(starters) == len(solutions):
        yield (
            f"{len(heads)} exercises have {len(starters)} starter cells (tag exercise) and "
            f"{len(solutions)} solutions (tags solution, hide-cell); each needs one of both"
        )
        return
    places = {id(cell): place for place, cell in enumerate(chapter.cells)}
    for head, starter, solution in zip(heads, starters, solutions, strict=True):
        number = head.source.split()[2]
        if not places[id(head)] < places[id(starter)] < places[id(solution)]:
            yield f"exercise {number}: statement, then starter, then solution"
        if "hide-cell" not in tags(solution):
            yield f"exercise {number}: tag the solution hide-cell too"
        if solution.metadata.get("mystnb") != SOLUTION_PROMPTS:
            yield f"exercise {number}: run `make execute`, which folds the solution"
        for kind, cell in (("starter", starter), ("solution", solution)):
            if f'check("{number}", ' not in cell.source.rstrip().splitlines()[-1]:
                yield f'exercise {number}: end the {kind} with check("{number}", ...)'
        if last_line(starter) != f"Exercise {number}: not done yet":
            yield f"exercise {number}: the untouched starter should be told it is not done yet"
        if not re.fullmatch(rf"Exercise {number}: all \d+ tests pass", last_line(solution)):
            yield f"exercise {number}: the solution should pass its check"
