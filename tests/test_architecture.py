"""The floors of `utils`: what is above uses what is below, and never the other way round."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
UTILS = ROOT / "utils"

FLOORS = [
    {"style", "_validate"},  # the palette and the sizes; the kinds of arguments
    {"shapes", "kernels", "convolution", "data", "training", "reports", "experiments"},  # values
    {"drawing"},  # panels, number grids, maps, arrows, text
    {"plotting", "diagrams", "animation", "inside"},  # pictures for any chapter
    {"figures"},  # pictures for one chapter
]
BESIDE = {"checks"}  # judges answers: uses values, and nothing uses it
WITHOUT_PYPLOT = {"_validate"} | FLOORS[1]


def imports_of(text: str, place: str = "utils.sample") -> set[str]:
    """Return the full names of all that a module imports, also within a function."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(place.split(".")[: -node.level]) if node.level else ""
            base = ".".join(filter(None, (base, node.module)))
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return found


def parts_of(imports: set[str]) -> set[str]:
    """Return the parts of utils, such as ``style``, among names of modules."""
    return {name.split(".")[1] for name in imports if name.startswith("utils.")}


def parts() -> dict[str, set[str]]:
    """Return part of utils -> full names of all that it imports."""
    found: dict[str, set[str]] = {}
    for path in UTILS.rglob("*.py"):
        place = path.relative_to(UTILS.parent).with_suffix("").parts
        imports = imports_of(path.read_text(encoding="utf-8"), ".".join(place))
        found.setdefault(place[1], set()).update(imports)
    del found["__init__"]
    return found


PARTS = parts()


def floor_of(part: str) -> int:
    """Return the number of the floor of a part of utils."""
    return next(number for number, floor in enumerate(FLOORS) if part in floor)


def test_imports_are_found_in_every_form():
    text = "import utils.style\ndef f():\n    from utils import shapes\n    from . import _a\n"
    assert parts_of(imports_of(text)) == {"style", "shapes", "_a"}
    assert parts_of(imports_of("from .._validate import x", "utils.data._faces")) == {"_validate"}


def test_every_part_has_its_floor():
    assert set(PARTS) <= set.union(*FLOORS, BESIDE)


@pytest.mark.parametrize("part", sorted(set(PARTS) - BESIDE))
def test_imports_lead_down(part):
    used = parts_of(PARTS[part])
    assert not used & BESIDE
    upward = {other for other in used if floor_of(other) > floor_of(part)}
    assert not upward, f"utils.{part} is below {sorted(upward)} and must not import from there"


def test_on_one_floor_imports_do_not_go_in_circles():
    used = {part: parts_of(imports) - {part} for part, imports in PARTS.items()}
    list(TopologicalSorter(used).static_order())  # raises CycleError, which names the circle


def test_checks_judge_values():
    assert all(floor_of(other) <= 1 for other in parts_of(PARTS["checks"]) - BESIDE)


@pytest.mark.parametrize("part", sorted(WITHOUT_PYPLOT & set(PARTS)))
def test_values_draw_nothing(part):
    assert not {name for name in PARTS[part] if name.startswith("matplotlib.pyplot")}


def test_helpers_need_neither_tools_nor_tests():
    imported = set.union(*PARTS.values())
    assert not {name for name in imported if name.split(".")[0] in ("tools", "tests", "conftest")}


# ---------------------------------------------------------------- the guide says the same

GUIDE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
FILE = re.compile(r"`([\w.-]+/[\w./-]*|[\w.-]+\.(?:py|md|yml|toml|txt|bib|css))`")


def test_the_guide_draws_these_floors():
    picture = GUIDE.partition("```text\n")[2].partition("```")[0]
    drawn: dict[str, set[str]] = {}
    floor = ""
    for number, names in re.findall(r"^  (\d|beside| )  (\S.*?)(?:  |$)", picture, re.MULTILINE):
        floor = number.strip() or floor
        drawn.setdefault(floor, set()).update(names.split(", "))
    expected = {str(number): names for number, names in enumerate(FLOORS, 1)}
    assert drawn == {**expected, "beside": BESIDE}


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_the_guide_names_files_that_exist(document):
    named = set(FILE.findall((ROOT / document).read_text(encoding="utf-8")))
    assert named
    folders = [ROOT / name for name in ("book", "tests", "tools", "utils")]
    for name in named:
        pattern = name.rstrip("/").replace("chapter_NN", "chapter_*")
        found = any(ROOT.glob(pattern)) or (
            "/" not in name and any(any(folder.rglob(pattern)) for folder in folders)
        )
        assert found, f"{document} names {name}, which is not there"
