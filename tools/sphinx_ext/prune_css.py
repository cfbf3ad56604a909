"""Shorten a style sheet to the rules that can match something."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import tinycss2

WORD = re.compile(r"[A-Za-z_][\w-]*")
# Names that scripts put together from parts.
COMPOSED = re.compile(r"bs-tooltip|tooltip|dropdown|collaps|cnn-|book-|math-")
SKIP = {"skip_comments": True, "skip_whitespace": True}
NESTED = ("media", "supports", "layer", "container")


def words(text: str) -> set[str]:
    """Return all words of pages and scripts: every class and every id is one of them."""
    return set(WORD.findall(text))


def prune_css(css: str, used: set[str]) -> str:
    """
    Leave out the rules whose classes and ids are not all used.

    A rule stays when one of its selectors can match, and when it has no selector (fonts,
    animations, page settings).
    """
    return "".join(_kept(tinycss2.parse_stylesheet(css, **SKIP), used))


def drop_missing_fonts(css: str, folder: Path) -> str:
    """Leave out the fonts of which no file is there; addresses begin at the folder of the sheet."""

    def keep(rule: re.Match[str]) -> str:
        files = re.findall(r"url\([\"']?([^\"')?#]+)", rule[0])
        return rule[0] if any((folder / file).is_file() for file in files) else ""

    return re.sub(r"@font-face\s*\{[^}]*\}", keep, css)


def _kept(rules: Iterable[Any], used: set[str]) -> Iterator[str]:
    """Yield the rules that stay, one after the other."""
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [part for part in _selectors(rule.prelude) if _can_match(part, used)]
            if selectors:
                yield f"{','.join(map(_text, selectors))}{{{_text(rule.content)}}}"
        elif rule.type == "at-rule" and rule.content and rule.lower_at_keyword in NESTED:
            inner = "".join(_kept(tinycss2.parse_rule_list(rule.content, **SKIP), used))
            if inner:
                yield f"@{rule.at_keyword} {_text(rule.prelude)}{{{inner}}}"
        else:
            yield rule.serialize()


def _text(tokens: list[Any]) -> str:
    """Write tokens of a style sheet, with single spaces and without comments."""
    tokens = [token for token in tokens if token.type != "comment"]
    return re.sub(r"\s*\n\s*", " ", tinycss2.serialize(tokens)).strip()


def _selectors(tokens: list[Any]) -> list[list[Any]]:
    """Split a list of selectors at its commas."""
    parts: list[list[Any]] = [[]]
    for token in tokens:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _can_match(selector: list[Any], used: set[str]) -> bool:
    """Tell whether the classes and ids that a selector requires all occur."""
    # What stands in brackets, or in :not(), :is() and the like, is a token of its own.
    required = [token.value for token in selector if token.type == "hash"]
    for before, token in pairwise(selector):
        if before == "." and token.type == "ident":
            required.append(token.value)
    return all(name in used or COMPOSED.match(name) for name in required)
