"""Shorten a style sheet to the rules that can match something."""

import re

__all__ = ["drop_missing_fonts", "prune_css", "words"]

WORD = re.compile(r"[A-Za-z_][\w-]*")
NAME = re.compile(r"[.#](-?[A-Za-z_][\w-]*)")
# Names that scripts put together from parts.
COMPOSED = re.compile(r"bs-tooltip|tooltip|dropdown|collaps|cnn-|book-|math-")


def words(text):
    """
    Return all words in pages and scripts: every class and every id is one of them.

    Parameters
    ----------
    text : str
        HTML or JavaScript.

    Returns
    -------
    set of str
        Words; hyphens belong to them.

    Examples
    --------
    >>> sorted(words('<p class="note first">1</p>'))
    ['class', 'first', 'note', 'p']
    """
    return set(WORD.findall(text))


def prune_css(css, used):
    """
    Leave out the rules whose classes and ids are not all used.

    A rule stays when one of its selectors can match, and when it has no selector (fonts,
    animations, page settings).

    Parameters
    ----------
    css : str
        A style sheet.
    used : set of str
        The classes and ids that occur, such as from `words`.

    Returns
    -------
    str
        The shorter style sheet.

    Examples
    --------
    >>> prune_css(".a{color:red}.b,.a p{color:blue}@media print{.b{color:black}}", {"a"})
    '.a{color:red}.a p{color:blue}'
    """
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return "".join(_rules(css, used))


def drop_missing_fonts(css, folder):
    """
    Leave out the fonts of which no file is there.

    Parameters
    ----------
    css : str
        A style sheet.
    folder : pathlib.Path
        Where the style sheet lies: the addresses in it begin there.

    Returns
    -------
    str
        The style sheet without these fonts.
    """

    def keep(rule):
        files = re.findall(r"url\([\"']?([^\"')?#]+)", rule[0])
        return rule[0] if any((folder / file).is_file() for file in files) else ""

    return re.sub(r"@font-face\s*\{[^}]*\}", keep, css)


def _rules(css, used):
    """Yield the rules that stay, one after the other."""
    position = 0
    while position < len(css):
        brace, semicolon = css.find("{", position), css.find(";", position)
        if semicolon != -1 and (brace == -1 or semicolon < brace):  # such as @charset
            yield css[position : semicolon + 1].strip()
            position = semicolon + 1
            continue
        if brace == -1:
            return
        head, end = css[position:brace].strip(), _closing(css, brace)
        body = css[brace + 1 : end - 1]
        position = end
        if head.startswith(("@media", "@supports", "@layer", "@container")):
            inner = "".join(_rules(body, used))
            if inner:
                yield f"{head}{{{inner}}}"
        elif head.startswith("@"):
            yield f"{head}{{{body.strip()}}}"
        else:
            selectors = [part for part in _selectors(head) if _can_match(part, used)]
            if selectors:
                yield f"{','.join(selectors)}{{{' '.join(body.split())}}}"


def _closing(css, start):
    """Return the position after the brace that closes the one at ``start``."""
    depth = 0
    for match in re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[{}]").finditer(css, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return len(css)


def _selectors(head):
    """Split a list of selectors at the commas that are not within brackets."""
    parts, depth, last = [], 0, 0
    for index, character in enumerate(head):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(head[last:index].strip())
            last = index + 1
    return [*parts, head[last:].strip()]


def _can_match(selector, used):
    """Tell whether all classes and ids that a selector requires occur."""
    required = re.sub(r"\[[^\]]*\]", "", selector)
    while ":" in required:  # what stands in :not(), :is() and the like is no requirement
        shorter = re.sub(r":(?:not|is|where|has)\([^()]*\)", "", required)
        if shorter == required:
            break
        required = shorter
    return all(name in used or COMPOSED.match(name) for name in NAME.findall(required))
