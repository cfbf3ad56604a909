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

from tools import environment

ROOT = Path(__file__).resolve().parents[1]
SKIPPED_FOLDERS = {".git", ".venv", "_build", "__pycache__", "node_modules", ".ipynb_checkpoints"}

# Packages that are run by name, not imported: what the name looks like where they are used.
COMMANDS = {
    "brotli": "woff2",
    "jupyter-book": "jupyter-book",
    "jupyterlab": "jupyter-lab",
    "nbval": "--nbval",
    "numpydoc": "numpydoc",
    "pre-commit": "pre-commit",
    "pytest-xdist": "--dist",
    "ruff": "ruff",
    "uv": '"uv"',
}
# Modules whose name does not lead to their package, in case the package is not installed here.
PACKAGE_OF = {"fontTools": "fonttools", "PIL": "pillow"}

# Which groups of pyproject.toml the code of a folder may import from.
GROUPS_OF = {
    "tools/sphinx_ext": {"site"},
    "tools": {"site", "notebooks", "test", "maintain"},
    "tests": {"site", "notebooks", "test"},
    "utils": {"notebooks"},
    "book": {"notebooks"},
}


def read(name):
    """Return the text of a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def project_files():
    """List the files of the project: those that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if result.returncode == 0 and (ROOT / ".git").exists():
        paths = [ROOT / name for name in result.stdout.split("\0") if name]
        return sorted(path for path in paths if path.is_file())
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not SKIPPED_FOLDERS & set(path.relative_to(ROOT).parts)
    )


def text_files():
    """Yield path and text of every file that is not a picture or a font."""
    for path in project_files():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def lines_of(text):
    """Split a text into lines, without those of a stored picture."""
    return [line for line in text.splitlines() if len(line) < 2000]


PYPROJECT = tomllib.loads(read("pyproject.toml"))
GROUPS = {
    group: environment.requirements_of(group, PYPROJECT["dependency-groups"])
    for group in PYPROJECT["dependency-groups"]
}


def pins():
    """Return name -> requirements of constraints.txt, each with its marker."""
    found = {}
    for line in read("constraints.txt").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def names(requirements):
    """Return the normalised package names of requirements."""
    return {canonicalize_name(Requirement(text).name) for text in requirements}


# ---------------------------------------------------------------- versions


def test_every_version_is_pinned_once():
    for name, requirements in pins().items():
        for requirement in requirements:
            assert re.fullmatch(r"==[\w.!]+", str(requirement.specifier)), requirement
            assert not requirement.extras, f"pip does not take extras in constraints: {requirement}"
            assert not requirement.url, requirement
        assert sum(r.marker is None or r.marker.evaluate() for r in requirements) <= 1, name


def test_what_is_asked_for_is_pinned_in_a_version_it_allows():
    pinned = pins()
    for group, requirements in GROUPS.items():
        for requirement in map(Requirement, requirements):
            name = canonicalize_name(requirement.name)
            assert name in pinned, f"{group}: {name} is not in constraints.txt: make constraints"
            for pin in pinned[name]:
                version = str(pin.specifier).removeprefix("==")
                assert requirement.specifier.contains(version), f"{requirement} and {pin}"


def test_everything_that_comes_along_is_pinned_and_installed_as_pinned():
    pinned = pins()
    waiting = [
        Requirement(text) for group in ("site", "notebooks", "test") for text in GROUPS[group]
    ]
    seen, problems = set(), set()
    while waiting:
        requirement = waiting.pop()
        key = canonicalize_name(requirement.name), tuple(sorted(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            distribution = metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            problems.add(f"{requirement.name} is not installed")
            continue
        versions = [
            str(pin.specifier).removeprefix("==")
            for pin in pinned.get(key[0], [])
            if pin.marker is None or pin.marker.evaluate()
        ]
        # A build for another processor, such as 2.14.1+cpu, is the version that was asked for.
        if distribution.version.partition("+")[0] not in versions:
            problems.add(f"{requirement.name} {distribution.version} is pinned as {versions}")
        for text in distribution.requires or []:
            needed = Requirement(text)
            extras = requirement.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(needed)
    assert not problems
    assert len(seen) > 100


def test_the_package_asks_for_what_the_notebooks_get():
    assert set(PYPROJECT["project"]["dependencies"]) <= set(GROUPS["notebooks"])


def test_conda_and_binder_get_what_the_notebooks_group_names():
    dependencies = yaml.safe_load(read("environment.yml"))["dependencies"]
    plain = [item for item in dependencies if isinstance(item, str)]
    (pip,) = [item["pip"] for item in dependencies if isinstance(item, dict)]
    assert [re.split("[=>]", item)[0] for item in plain] == ["python", "pip"]
    assert pip[0] == "-c constraints.txt"
    assert pip[1:] == sorted(GROUPS["notebooks"])


def test_one_oldest_python_everywhere():
    oldest = ".".join(map(str, environment.OLDEST_PYTHON))
    assert PYPROJECT["project"]["requires-python"] == f">={oldest}"
    assert PYPROJECT["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
    assert f'"{oldest}"' in read(".github/workflows/test.yml")
    assert f'"--python-version", "{oldest}"' in read("tools/pin_versions.py")


def test_one_oldest_pip_everywhere():
    oldest = ".".join(map(str, environment.OLDEST_PIP))
    assert f"pip>={oldest}" in read("environment.yml")
    assert f"pip>={oldest}" in read("tools/pin_versions.py")


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
    return found


def imports_of(path):
    """Return the third-party modules that a Python file or a notebook imports."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
    own = {"utils", "tools", "tests", "conftest", "setuptools"}
    own |= {file.stem for folder in ("tools", "tests") for file in (ROOT / folder).rglob("*.py")}
    return modules_of(ast.parse(text)) - own - sys.stdlib_module_names - {"google"}


packages_distributions = functools.cache(metadata.packages_distributions)


def package_of(module):
    """Return the name of the package that a module belongs to."""
    installed = packages_distributions().get(module)
    return canonicalize_name(installed[0] if installed else PACKAGE_OF.get(module, module))


def sources():
    """List the Python files and notebooks of the project."""
    return [path for path in project_files() if path.suffix in (".py", ".ipynb")]


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_imported_is_declared(path):
    place = path.relative_to(ROOT).as_posix()
    groups = next(
        (groups for folder, groups in GROUPS_OF.items() if place.startswith(folder + "/")),
        {"notebooks", "test"},
    )
    declared = set().union(*(names(GROUPS[group]) for group in groups))
    declared |= {"packaging"} if "test" in groups else set()  # comes with pytest
    missing = {package_of(module) for module in imports_of(path)} - declared
    assert not missing, f"not in the groups {sorted(groups)} of pyproject.toml: {sorted(missing)}"


def test_what_the_helpers_cannot_do_without_is_what_the_package_asks_for():
    class WithoutTry(ast.NodeTransformer):
        def visit_Try(self, node):
            return None

    needed = set()
    for path in (ROOT / "utils").rglob("*.py"):
        tree = WithoutTry().visit(ast.parse(path.read_text(encoding="utf-8")))
        needed |= {package_of(m) for m in modules_of(tree) - sys.stdlib_module_names - {"utils"}}
    # torchvision is published as a pair with torch: naming both keeps them together
    assert needed | {"torchvision"} == names(PYPROJECT["project"]["dependencies"])


def test_what_is_declared_is_used():
    imported = {package_of(module) for path in sources() for module in imports_of(path)}
    text = read("Makefile") + read(".pre-commit-config.yaml")
    text += "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tools").glob("*.py"))
    for group, requirements in GROUPS.items():
        for name in names(requirements) - imported:
            if name == "torchvision":
                continue  # published as a pair with torch; later chapters use it
            assert name in COMMANDS, f"{group}: nothing imports or runs {name}"
            assert COMMANDS[name] in text, f"{group}: nothing runs {name}"


def test_every_folder_of_helpers_is_a_package():
    folders = {path.parent for path in (ROOT / "utils").rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


# ---------------------------------------------------------------- places


def test_no_file_names_a_place_on_a_machine():
    place = re.compile(r"(?<![\w.:/<-])/(?:root|opt|work)/\w")
    home = re.compile(r"(?<![\w.:/<-])/(?:home|Users|srv|mnt)/\w|\b[A-Z]:\\+Users")
    found = [
        f"{name}: {line.strip()[:80]}"
        for name, text in text_files()
        for line in lines_of(text)
        if place.search(line) or (home.search(line) and not name.startswith("tests/"))
    ]
    assert not found


def test_no_file_that_machines_read_names_a_registry():
    hosts = "|".join(
        ("pypi" + r"\.org", "python" + r"hosted\.org", "download" + r"\.pytorch\.org",
         "npmjs" + r"\.(com|org)", "anaconda" + r"\.org", "index" + "-url ")
    )  # fmt: skip
    found = [
        f"{name}: {match[0]}"
        for name, text in text_files()
        if not name.endswith(".md")
        for match in [re.search(hosts, text)]
        if match
    ]
    assert not found


def test_nothing_is_left_to_do():
    mark = re.compile(r"\b(TO" + "DO|FIX" + r"ME|XX" + r"X)\b")
    found = [
        f"{name}: {line.strip()[:80]}"
        for name, text in text_files()
        if not name.endswith((".js", ".css", ".svg"))
        for line in lines_of(text)
        if mark.search(line) and '"image/png": "' not in line  # where any letters may come
    ]
    assert not found


def test_every_picture_has_a_source_and_a_licence():
    listed = read("img/README.md")
    pictures = [path for path in project_files() if path.parent == ROOT / "img"]
    missing = [path.name for path in pictures if f"`{path.name}`" not in listed]
    missing.remove("README.md")
    assert not missing


# ---------------------------------------------------------------- commands

COMMAND = re.compile(r"`make ([a-z]+)|^\s*(?:\$ )?make ([a-z]+)", re.MULTILINE)


def make(*arguments):
    """Run make as from a new terminal, also when make runs these tests."""
    settings = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PYTHON", "VENV", "BUILD"}
    variables = {name: value for name, value in os.environ.items() if name not in settings}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)


def targets():
    """Return the targets that ``make help`` lists."""
    result = make("help")
    return re.findall(r"^  ([a-z]+) +\S", result.stdout, re.MULTILINE)


def test_help_lists_every_target_in_one_line():
    phony = re.search(r"^\.PHONY: (.*)$", read("Makefile"), re.MULTILINE)[1].split()
    assert targets() == phony
    result = make()
    assert "usage: make TARGET" in result.stdout
    assert all(len(line) <= 100 for line in result.stdout.splitlines())


@pytest.mark.parametrize("target", targets())
def test_every_target_can_be_read_by_make(target):
    result = make("-n", target)
    assert result.returncode == 0, result.stderr
    for script in re.findall(r"tools/\w+\.py", result.stdout):
        assert (ROOT / script).is_file(), script


def test_one_stage_of_the_tests_can_be_chosen():
    assert make("-n", "test", "STAGES=lint").stdout.rstrip().endswith(" lint")


def test_a_missing_python_is_one_line():
    result = make("book", "PYTHON=no-such-python")
    assert result.returncode != 0
    assert result.stderr.count("\n") == 1
    assert "no-such-python is not installed: install Python" in result.stderr


@pytest.mark.parametrize(
    "name", [name for name, _ in text_files() if name.endswith((".md", ".yml"))]
)
def test_every_command_that_is_written_down_exists(name):
    written = {first or second for first, second in COMMAND.findall(read(name))}
    assert written <= set(targets())


def test_the_readme_names_the_two_commands():
    written = {first or second for first, second in COMMAND.findall(read("README.md"))}
    assert {"book", "test"} <= written


def workflow_commands(name):
    """Return the shell commands of a workflow."""
    jobs = yaml.safe_load(read(f".github/workflows/{name}"))["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def test_continuous_integration_runs_the_readmes_commands_and_nothing_of_its_own():
    assert workflow_commands("test.yml") == ["make test"]
    fork, book = workflow_commands("pages.yml")
    assert fork.startswith('make fork URL="https://github.com/$GITHUB_REPOSITORY"')
    assert book == "make book"
    assert read(".ci/run").rstrip().endswith("\nexport CI=true\nexec make test")


def test_the_published_folder_is_the_one_that_make_book_writes():
    jobs = yaml.safe_load(read(".github/workflows/pages.yml"))["jobs"]
    (artifact,) = [
        step for step in jobs["build"]["steps"] if "upload-pages" in step.get("uses", "")
    ]
    result = make("-n", "serve")
    assert f'"./{artifact["with"]["path"]}"' in result.stdout


def test_ci_run_can_be_run():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True)


def test_the_hooks_before_a_commit_run_the_checks_of_make_test():
    (local,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert local["repo"] == "local"
    entries = " ".join(hook["entry"] for hook in local["hooks"])
    runner = read("tools/run_tests.py")
    for script in re.findall(r"tools/\w+\.py", entries):
        assert (ROOT / script).is_file()
        assert f'"{script}"' in runner
    for module in re.findall(r"-m (\w+)", entries):
        assert f'"-m", "{module}"' in runner
