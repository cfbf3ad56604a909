"""The files of the project agree with each other, and with what the README promises."""

import ast
import functools
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]

# Which groups of pyproject.toml the code of a folder may import from.
GROUPS_OF = {
    "tools/sphinx_ext": {"site"},
    "tools": {"site", "notebooks", "test", "maintain"},
    "tests": {"site", "notebooks", "test"},
    "utils": {"notebooks"},
    "book": {"notebooks"},
}
# Modules whose name does not lead to their package, in case the package is not installed here.
PACKAGE_OF = {"fontTools": "fonttools", "PIL": "pillow"}


def read(name):
    """Return the text of a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def project_files():
    """List the files of the project: those that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(path for name in listed.split("\0") if (path := ROOT / name).is_file())


def lines_that(wrong, *, without=()):
    """List the lines of text files in which a pattern is found, except in stored pictures."""
    found = []
    for path in project_files():
        name = path.relative_to(ROOT).as_posix()
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture or a font
        if not name.startswith(without) and not name.endswith(without):
            short = (line for line in lines if len(line) < 2000 and '"image/png": "' not in line)
            found += [f"{name}: {line.strip()[:80]}" for line in short if re.search(wrong, line)]
    return found


PYPROJECT = tomllib.loads(read("pyproject.toml"))
GROUPS = PYPROJECT["dependency-groups"]
ALL = {text for group in GROUPS.values() for text in group}


@functools.cache
def pins():
    """Return name -> requirements of constraints.txt, each with its marker."""
    found = {}
    for line in read("constraints.txt").splitlines():
        if not line.startswith("#"):
            requirement = Requirement(line)
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def pinned_here(name):
    """Return the version of a package that constraints.txt asks for on this machine."""
    (pin,) = [p for p in pins().get(name, []) if p.marker is None or p.marker.evaluate()]
    return str(pin.specifier).removeprefix("==")


def names(requirements):
    """Return the normalised package names of requirements."""
    return {canonicalize_name(Requirement(text).name) for text in requirements}


# ---------------------------------------------------------------- versions


def test_every_version_is_pinned_once():
    for name, entries in pins().items():
        assert sum(e.marker is None or e.marker.evaluate() for e in entries) <= 1, name
        for pin in entries:
            assert re.fullmatch(r"==[\w.!]+", str(pin.specifier)), pin
            assert not pin.extras, f"pip does not take extras in constraints: {pin}"


def test_what_is_asked_for_is_pinned_in_a_version_it_allows():
    for requirement in map(Requirement, ALL):
        entries = pins().get(canonicalize_name(requirement.name))
        assert entries, f"{requirement} is not in constraints.txt: make constraints"
        for pin in entries:
            assert requirement.specifier.contains(str(pin.specifier).removeprefix("=="))


def test_everything_that_comes_along_is_pinned_and_installed_as_pinned():
    installed = GROUPS["site"] + GROUPS["notebooks"] + GROUPS["test"]
    waiting = [Requirement(text) for text in installed]
    seen = set()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), requirement.extras or {""}
        if (name, frozenset(extras)) in seen:
            continue
        seen.add((name, frozenset(extras)))
        distribution = metadata.distribution(name)
        # A build for another processor, such as 2.14.1+cpu, is the version that was asked for.
        assert distribution.version.partition("+")[0] == pinned_here(name), name
        for needed in map(Requirement, distribution.requires or []):
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(needed)
    assert len(seen) > 100


def test_conda_and_binder_get_what_the_notebooks_group_names():
    python, pip, packages = yaml.safe_load(read("environment.yml"))["dependencies"]
    assert python.startswith("python=")
    assert pip in GROUPS["maintain"]
    assert packages["pip"] == ["-c constraints.txt", *sorted(GROUPS["notebooks"])]


def test_one_version_of_the_book_everywhere():
    version = PYPROJECT["project"]["version"]
    assert yaml.safe_load(read("CITATION.cff"))["version"] == version
    released = re.findall(r"^## \[(\d[^\]]*)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert released[:1] in ([], [version])


# ---------------------------------------------------------------- imports


def modules_of(tree):
    """Return the names of the top-level modules that a piece of code imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"utils", "tools", "tests", "conftest", "google"}


def packages_of(path, change=lambda tree: tree):
    """Return the names of the packages that a Python file or a notebook imports."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
    return {package_of(module) for module in modules_of(change(ast.parse(text)))}


packages_distributions = functools.cache(metadata.packages_distributions)


def package_of(module):
    """Return the name of the package that a module belongs to."""
    installed = packages_distributions().get(module)
    return canonicalize_name(installed[0] if installed else PACKAGE_OF.get(module, module))


@functools.cache
def imported():
    """Return place -> packages, for every Python file and notebook of the project."""
    sources = [path for path in project_files() if path.suffix in (".py", ".ipynb")]
    return {path.relative_to(ROOT).as_posix(): packages_of(path) for path in sources}


def test_what_is_imported_is_declared():
    for place, packages in imported().items():
        folders = (folder for folder in GROUPS_OF if place.startswith(folder + "/"))
        groups = GROUPS_OF.get(next(folders, ""), {"notebooks", "test"})
        declared = set().union(*(names(GROUPS[group]) for group in groups))
        declared |= {"packaging"} if "test" in groups else set()  # comes with pytest
        assert packages <= declared, f"{place}: not in the groups {sorted(groups)}"


def test_what_the_helpers_cannot_do_without_is_what_the_package_asks_for():
    class WithoutTry(ast.NodeTransformer):
        def visit_Try(self, node):
            return None

    needed = {"torchvision"}  # published as a pair with torch: naming both keeps them together
    for path in (ROOT / "utils").rglob("*.py"):
        needed |= packages_of(path, WithoutTry().visit)
    assert needed == names(PYPROJECT["project"]["dependencies"])
    assert set(PYPROJECT["project"]["dependencies"]) <= set(GROUPS["notebooks"])


# ---------------------------------------------------------------- places


def test_no_file_names_a_place_on_a_machine():
    assert not lines_that(r"(?<![\w.:/<-])/(?:root|opt|work)/\w")
    home = r"(?<![\w.:/<-])/(?:home|Users|srv|mnt)/\w|\b[A-Z]:\\+Users"
    assert not lines_that(home, without=("tests/",))


def test_no_file_that_machines_read_names_a_registry():
    hosts = (r"pypi\.", r"pythonhosted\.", r"download\.pytorch\.", r"npmjs\.", r"anaconda\.")
    hosts = "|".join(host + "(org|com)" for host in hosts) + "|index" + "-url "
    assert not lines_that(hosts, without=(".md",))


def test_nothing_is_left_to_do():
    mark = r"\b(TO" + "DO|FIX" + r"ME|XX" + r"X)\b"
    assert not lines_that(mark, without=(".js", ".css", ".svg"))


def test_every_picture_has_a_source_and_a_licence():
    listed = read("img/README.md")
    pictures = {path.name for path in project_files() if path.parent == ROOT / "img"}
    assert not {name for name in pictures - {"README.md"} if f"`{name}`" not in listed}


# ---------------------------------------------------------------- commands

COMMAND = re.compile(r"`make ([a-z]+)|^\s*(?:\$ )?make ([a-z]+)", re.MULTILINE)


def make(*arguments):
    """Run make as from a new terminal, also when make runs these tests."""
    settings = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PYTHON", "VENV", "BUILD"}
    variables = {name: value for name, value in os.environ.items() if name not in settings}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)


@functools.cache
def targets():
    """Return the targets that ``make help`` lists."""
    return re.findall(r"^  ([a-z]+) +\S", make("help").stdout, re.MULTILINE)


def commands_in(name):
    """Return the targets of make that a document names."""
    return {first or second for first, second in COMMAND.findall(read(name))}


def test_help_lists_every_target_in_one_line():
    phony = re.search(r"^\.PHONY:((.*\\\n)*.*)$", read("Makefile"), re.MULTILINE)[1]
    assert set(targets()) == set(phony.replace("\\", "").split())
    result = make()
    assert "usage: make TARGET" in result.stdout
    assert all(len(line) <= 100 for line in result.stdout.splitlines())


def test_every_target_can_be_read_by_make_and_runs_tools_that_exist():
    result = make("-n", *targets())
    assert result.returncode == 0, result.stderr
    tools = set(re.findall(r"-m tools\.(\w+)", result.stdout))
    assert len(tools) >= 5
    assert all((ROOT / "tools" / f"{tool}.py").is_file() for tool in tools)


def test_every_command_that_is_written_down_exists():
    for path in project_files():
        if path.suffix in (".md", ".yml"):
            assert commands_in(path) <= set(targets()), path.name


def steps(name, job):
    """Return the steps of a job of a workflow."""
    return yaml.safe_load(read(f".github/workflows/{name}"))["jobs"][job]["steps"]


def test_continuous_integration_runs_the_readmes_commands_and_nothing_of_its_own():
    assert [step["run"] for step in steps("test.yml", "test") if "run" in step] == ["make test"]
    fork, book = [step["run"] for step in steps("pages.yml", "build") if "run" in step]
    assert fork.startswith('make fork URL="https://github.com/$GITHUB_REPOSITORY"')
    assert book == "make book"
    assert read(".ci/run").endswith("\nexport CI=true\nexec make test\n")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


def test_the_published_folder_is_the_one_that_make_book_writes():
    published = [step["with"] for step in steps("pages.yml", "build") if "with" in step][-1]
    assert f'"./{published["path"]}"' in make("-n", "serve").stdout


FUNCTION = '"""A module."""\n\n\ndef area({}):\n    """Return it."""\n    return {}\n'
CELL = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
NOTEBOOK = {"cells": [{**CELL, "source": "import os"}], "metadata": {}, "nbformat": 4}


@pytest.mark.parametrize(
    ("name", "text", "command"),
    [
        ("utils/sample.py", '"""A module."""\n\nimport os\n', "ruff check"),
        ("utils/sample.py", 'X  =  "unformatted"\n', "ruff format --check"),
        ("utils/sample.py", FUNCTION.format("a: int", "a"), "numpydoc lint utils/sample.py"),
        ("utils/sample.py", FUNCTION.format("a", "a"), "mypy utils/sample.py"),
        ("tools/sample.py", FUNCTION.format("", "1 + ''"), "mypy tools/sample.py"),
        ("book/sample.ipynb", json.dumps({**NOTEBOOK, "nbformat_minor": 4}), "ruff check"),
    ],
    ids=["ruff", "format", "numpydoc", "no types", "wrong body", "ruff on a notebook"],
)
def test_the_linters_notice_with_our_settings(tmp_path, name, text, command):
    (tmp_path / "pyproject.toml").write_text(read("pyproject.toml"))
    path = tmp_path / name
    path.parent.mkdir()
    (path.parent / "__init__.py").write_text("")
    path.write_text(text)
    command = [sys.executable, "-m", *command.split()]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 1, result.stdout + result.stderr
