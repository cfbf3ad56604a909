"""
Name the repository everywhere: ``make fork URL=https://github.com/you/your-fork``.

``repository`` in ``_config.yml`` is the one place that says where the book lives. This script can
change it, and brings in line all that has to repeat it: the set-up cells of the notebooks, the
launch links for Colab and Binder, and the links in the files at the root and in the pages.
Only the standard library is used, and a file is written only when it changes.
"""

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
URL = re.compile(r"https://github\.com/(?P<owner>\w[\w-]*)/(?P<name>(?!\.+$)[\w.-]+)")
BRANCH = re.compile(r"[\w.-]+(/[\w.-]+)*")

FILES = (
    "*.md",
    "*.cff",
    "_config.yml",
    "book/*.md",
    "book/*.ipynb",
    ".github/**/*.md",
    ".github/**/*.yml",
    "tools/setup_cell.py",
)
SETUP_LINE = re.compile(r'^REPO, BRANCH = ".*$', re.MULTILINE)


class ForkError(Exception):
    """The repository cannot be named; the message says what to do."""


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub, and the forms in which links name it."""

    url: str
    branch: str

    @property
    def slug(self) -> str:
        """Return owner and name, as in ``owner/name``."""
        return self.url.removeprefix("https://github.com/")

    @property
    def pages(self) -> str:
        """Return the address of the published site."""
        owner, name = self.slug.split("/")
        return f"https://{owner.lower()}.github.io/{name}"

    @property
    def setup_line(self) -> str:
        """Return the line of a set-up cell that names repository and branch."""
        return f'REPO, BRANCH = "{self.url}", "{self.branch}"'


def parse_url(text: str) -> str:
    """
    Check the address of a repository.

    Parameters
    ----------
    text : str
        What was given, with or without ``.git`` or a slash at the end.

    Returns
    -------
    str
        The address, as in ``https://github.com/owner/name``.

    Raises
    ------
    ForkError
        When it is not the address of a repository on GitHub.
    """
    url = text.strip().removesuffix("/").removesuffix(".git")
    if not URL.fullmatch(url):
        raise ForkError(
            f"{text!r} is not the address of a repository: write it as "
            "URL=https://github.com/you/your-fork"
        )
    return url


def configured(config: str) -> Repository:
    """
    Read which repository the configuration names.

    Parameters
    ----------
    config : str
        Text of ``_config.yml``.

    Returns
    -------
    Repository
        Its address and branch.

    Raises
    ------
    ForkError
        When there is no ``repository`` with ``url`` and ``branch``.
    """
    found = _entry("url").search(config), _entry("branch").search(config)
    if None in found:
        raise ForkError("_config.yml has no repository with url and branch")
    return Repository(parse_url(found[0]["value"]), found[1]["value"])


def reconfigure(config: str, new: Repository) -> str:
    """
    Name another repository in the configuration.

    Parameters
    ----------
    config : str
        Text of ``_config.yml``.
    new : Repository
        What it is to name.

    Returns
    -------
    str
        The text with two values replaced, comments kept.
    """
    for key, value in (("url", new.url), ("branch", new.branch)):
        config = _entry(key).sub(rf"\g<before>{value}", config, count=1)
    return config


def _entry(key: str) -> re.Pattern:
    """Match a scalar inside the block ``repository`` of ``_config.yml``."""
    start = r"^repository:[^\n]*\n(?:[ \t]+[^\n]*\n|\n)*?"
    return re.compile(rf"(?P<before>{start}[ \t]+{key}:[ \t]*)(?P<value>[^\s#]+)", re.MULTILINE)


def in_line(text: str, old: Repository, new: Repository) -> str:
    """
    Bring all links to the repository in line.

    Links to Colab and Binder are ours whatever repository they name. A link to GitHub or to a
    site on GitHub Pages is ours when it names the old repository.

    Parameters
    ----------
    text : str
        A page, or one cell of a notebook.
    old, new : Repository
        The repository named so far, and the one to name.

    Returns
    -------
    str
        The text with the links replaced.
    """
    end = r"(?![\w-])(?!\.(?!git\b)\w)"  # the name goes no further, ".git" aside
    text = re.sub(
        r"(colab\.research\.google\.com/github/)[\w-]+/[\w.-]+/blob/[^\s/)\"'>]+",
        rf"\g<1>{new.slug}/blob/{new.branch}",
        text,
    )
    text = re.sub(
        r"(mybinder\.org/v2/gh/)[\w-]+/[\w.-]+/[^\s/?)\"'>]+",
        rf"\g<1>{new.slug}/{new.branch}",
        text,
    )
    text = re.sub(re.escape(old.url) + rf"/(blob|tree|edit|raw)/{re.escape(old.branch)}(?=[/)\s])",
                  rf"{new.url}/\g<1>/{new.branch}", text)  # fmt: skip
    text = re.sub(re.escape(old.url) + end, new.url, text)
    return re.sub(re.escape(old.pages) + end, new.pages, text)


def notebook_in_line(text: str, old: Repository, new: Repository) -> str:
    """
    Bring the sources of a notebook in line, and leave every other byte as it is.

    Parameters
    ----------
    text : str
        Content of an .ipynb file.
    old, new : Repository
        The repository named so far, and the one to name.

    Returns
    -------
    str
        The content with links and the set-up line replaced.
    """
    for cell in json.loads(text)["cells"]:
        source = cell["source"]
        for line in source if isinstance(source, list) else source.splitlines(keepends=True):
            changed = in_line(line, old, new)
            if "course-setup" in cell["metadata"].get("tags", []):
                changed = SETUP_LINE.sub(new.setup_line, changed)
            if changed != line:
                text = text.replace(_as_json(line), _as_json(changed))
    return text


def _as_json(line: str) -> str:
    """Return a line as it stands in an .ipynb file, without the quotes around it."""
    return json.dumps(line, ensure_ascii=False)[1:-1]


def rename(root: Path, new: Repository | None = None, *, write: bool = True) -> list[Path]:
    """
    Bring all files in line with the configuration, or with a new repository.

    Parameters
    ----------
    root : Path
        Root of the repository.
    new : Repository, optional
        The repository to name; by default the one that ``_config.yml`` names.
    write : bool, default: True
        Whether to write the files that change.

    Returns
    -------
    list of Path
        The files that changed, or would.

    Raises
    ------
    ForkError
        When the configuration names no repository, or a notebook cannot be read.
    """
    config = root / "_config.yml"
    if not config.is_file():
        raise ForkError(f"{config} does not exist")
    old = configured(config.read_text(encoding="utf-8"))
    new = new or old
    pending = {}
    for pattern in FILES:
        for path in sorted(root.glob(pattern)):
            before = path.read_text(encoding="utf-8")
            if path.suffix == ".ipynb":
                try:
                    after = notebook_in_line(before, old, new)
                except (ValueError, KeyError):
                    raise ForkError(f"{path.relative_to(root)} is not a notebook") from None
            else:
                after = in_line(before, old, new)
            if path == config:
                after = reconfigure(after, new)
            elif path.suffix == ".py":
                after = SETUP_LINE.sub(new.setup_line, after)
            if after != before:
                pending[path] = after
    if write:  # only now, when every file could be read: all files or none
        for path, text in pending.items():
            path.write_text(text, encoding="utf-8")
    return list(pending)


def main() -> None:
    """Name the repository, or check that all files name the same one."""
    parser = argparse.ArgumentParser(description="Name the repository everywhere.")
    parser.add_argument("--url", help="address of the repository (default: that in _config.yml)")
    parser.add_argument("--branch", help="its branch (default: that in _config.yml)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it would")
    options = parser.parse_args()
    try:
        old = configured((ROOT / "_config.yml").read_text(encoding="utf-8"))
        branch = options.branch or old.branch
        if not BRANCH.fullmatch(branch):
            raise ForkError(f"{branch!r} is not the name of a branch")
        new = Repository(parse_url(options.url) if options.url else old.url, branch)
        changed = rename(ROOT, new, write=not options.check)
    except (ForkError, OSError) as error:
        sys.exit(f"error: {error}")
    names = ", ".join(str(path.relative_to(ROOT)) for path in changed)
    if options.check and changed:
        sys.exit(f"error: not in line with _config.yml: {names} (run: make fork)")
    print(f"{new.url}, branch {new.branch}: {f'brought in line {names}' if names else 'in line'}")


if __name__ == "__main__":
    main()
