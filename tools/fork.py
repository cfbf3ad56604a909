"""
Name the repository everywhere: ``make fork URL=https://github.com/you/your-fork``.

``repository`` in ``_config.yml`` is the one place that says where the book lives. This script can
change it, and brings in line all that repeats it: the set-up cells, which tell the name so far,
the launch links for Colab and Binder, and the links in the pages and in the files at the root.
It replaces text and needs no package; all files are read before the first is written.
"""

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
URL = re.compile(r"https://github\.com/\w[\w-]*/(?!\.+$)[\w.-]+")
BRANCH = re.compile(r"[\w.-]+(/[\w.-]+)*")
SETUP_LINE = re.compile(r'REPO, BRANCH = (\\?")(?P<url>[^"\\]*)\1, \1(?P<branch>[^"\\]*)\1')
END = r"(?![\w-]|\.(?!git\b)\w)"  # the name goes no further, ".git" aside
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


def parse_url(text: str) -> str:
    """Return the address of a repository in the form that links have, or raise a ForkError."""
    url = text.strip().removesuffix("/").removesuffix(".git")
    if not URL.fullmatch(url):
        raise ForkError(
            f"{text!r} is not the address of a repository: write it as "
            "URL=https://github.com/you/your-fork"
        )
    return url


def entry(key: str) -> re.Pattern[str]:
    """Return a pattern for one value inside the block ``repository`` of ``_config.yml``."""
    block = r"^repository:.*\n(?:[ \t].*\n|\n)*?"
    return re.compile(rf"({block}[ \t]+{key}:[ \t]*)([^\s#]+)", re.MULTILINE)


def configured(config: str) -> Repository:
    """Return the repository that the text of ``_config.yml`` names, or raise a ForkError."""
    url, branch = entry("url").search(config), entry("branch").search(config)
    if not url or not branch:
        raise ForkError("_config.yml has no repository with url and branch")
    return Repository(parse_url(url[2]), branch[2])


def in_line(text: str, old: Repository, new: Repository) -> str:
    """Replace the name of a repository in links and set-up lines, in any kind of file."""
    text = re.sub(
        rf"(github\.com/|/github/|/gh/){re.escape(old.slug)}{END}", rf"\g<1>{new.slug}", text
    )
    text = re.sub(re.escape(old.pages) + END, new.pages, text)
    folder = rf"{re.escape(new.slug)}/(?:(?:blob|tree|edit|raw)/)?"
    branch = rf"({folder}){re.escape(old.branch)}(?=[/?)\s\\\"'>])"
    text = re.sub(branch, rf"\g<1>{new.branch}", text)
    return SETUP_LINE.sub(rf"REPO, BRANCH = \g<1>{new.url}\g<1>, \g<1>{new.branch}\g<1>", text)


def rename(root: Path, new: Repository, *, write: bool) -> list[Path]:
    """Bring all files in line with a repository; return those that changed, or would."""
    config, setup = root / "_config.yml", root / "tools" / "setup_cell.py"
    line = SETUP_LINE.search(setup.read_text(encoding="utf-8"))
    if not line:
        raise ForkError("tools/setup_cell.py has no line REPO, BRANCH = ...")
    old = Repository(line["url"], line["branch"])
    changed = {}
    for path in (path for pattern in FILES for path in sorted(root.glob(pattern))):
        before = path.read_text(encoding="utf-8")
        after = in_line(before, old, new)
        if path == config:
            after = entry("url").sub(rf"\g<1>{new.url}", after)
            after = entry("branch").sub(rf"\g<1>{new.branch}", after)
        if after != before:
            changed[path] = after
    if write:
        for path, text in changed.items():
            path.write_text(text, encoding="utf-8")
    return list(changed)


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
    except (ForkError, OSError, UnicodeDecodeError) as error:
        sys.exit(f"error: {error}")
    names = ", ".join(str(path.relative_to(ROOT)) for path in changed)
    if options.check and changed:
        sys.exit(f"error: not in line with _config.yml: {names} (run: make fork)")
    print(f"{new.url}, branch {new.branch}: {f'brought in line {names}' if names else 'in line'}")


if __name__ == "__main__":
    main()
