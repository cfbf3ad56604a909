"""
Begin a chapter: a notebook that keeps every rule, and the files of its exercises.

    python -m tools.new_chapter 13 "Transposed convolutions"

It copies ``tools/chapter_template/``, fills in number and title, runs the notebook, and lists
what remains to be done. Nothing that exists is overwritten.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from tools.execute_notebooks import process

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "tools" / "chapter_template"

TO_DO = """\
What remains (`make test` asks for most of it):
  {notebook}  write it; `make execute ONLY={notebook}` runs it
  {checks} and {wrong}  its exercises, and typical wrong answers
  _toc.yml  where it stands:
      - file: {stem}
  README.md  among the chapters:
      [{lower}]({notebook})
  book/how_to_use.md  how long it takes, as the notebook says, and what to know before:
      | [{number}. {title}]({stem}.ipynb) | 45 minutes | chapter {previous} |
  book/glossary.md  its terms; where an entry says "Chapter {number}", a link:
      [Chapter {number}]({stem}.ipynb)
  book/cheat_sheet.md  its rules and formulas
  book/wrong_numbers.md  numbers that it proves wrong
  book/references.md, book/references.bib  what it cites
  the last lines of chapter {previous}  a link that leads here
  CHANGELOG.md  what a reader will notice
Then `make execute` twice, the second time without a change, and `make test`."""


def file_names(number: int, title: str) -> dict[str, str]:
    """Map the files of the template to those of a chapter, relative to the root."""
    topic = "_".join(re.findall(r"[a-z0-9]+", title.lower()))
    return {
        "notebook.ipynb": f"book/{number:02d}_{topic}.ipynb",
        "checks.py": f"utils/checks/chapter_{number:02d}.py",
        "wrong_answers.py": f"tests/wrong_answers/chapter_{number:02d}.py",
    }


def write_chapter(number: int, title: str, root: Path = ROOT) -> list[Path]:
    """
    Write the notebook of a new chapter, the checks of its exercises, and the wrong answers.

    Raises FileExistsError if there is anything of such a chapter; nothing is written then.
    """
    files = {source: root / name for source, name in file_names(number, title).items()}
    taken = [*(root / "book").glob(f"{number:02d}_*.ipynb"), *files.values()]
    for path in taken:
        if path.exists():
            raise FileExistsError(f"chapter {number} exists: {path.relative_to(root)}")
    for source, path in files.items():
        text = (TEMPLATE / source).read_text(encoding="utf-8")
        text = text.replace("fig-NN-", f"fig-{number:02d}-").replace("NN", str(number))
        path.write_text(text.replace("TITLE", json.dumps(title)[1:-1]), encoding="utf-8")
    return list(files.values())


def to_do(number: int, title: str) -> str:
    """Say what the author of a new chapter has to do, with the lines to add to other files."""
    notebook, checks, wrong = file_names(number, title).values()
    return TO_DO.format(
        number=number,
        previous=number - 1,
        title=title,
        lower=title[0].lower() + title[1:],
        stem=Path(notebook).stem,
        notebook=notebook,
        checks=checks,
        wrong=wrong,
    )


def main(arguments: list[str] | None = None) -> int:
    """Write a chapter, run it, and say what remains; return the exit status."""
    parser = argparse.ArgumentParser(description="Begin a chapter.")
    parser.add_argument("number", type=int, choices=range(1, 100), metavar="NUMBER")
    parser.add_argument("title", help='such as "Convolutional layers"')
    options = parser.parse_args(arguments)
    if not re.search(r"[A-Za-z]", options.title):
        parser.error("the title needs letters, which name the file")
    try:
        notebook, *_ = write_chapter(options.number, options.title)
    except FileExistsError as error:
        print(error, file=sys.stderr)
        return 1
    result = process(notebook)
    if result.error:
        print(f"{notebook.name}: {result.error}", file=sys.stderr)
        return 1
    print(to_do(options.number, options.title))
    return 0


if __name__ == "__main__":
    sys.exit(main())
