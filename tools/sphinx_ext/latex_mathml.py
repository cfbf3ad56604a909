r"""
LaTeX formulas to MathML, strictly.

Covers the part of LaTeX that a course on convolutions needs, and refuses everything else with an
error that names the place: a formula is either right or not on the page. The output keeps to
MathML Core, which every current browser lays out by itself, so that pages load no script for it.

The grammar, from the outside in: a *table* is rows of cells, separated by ``\\`` and ``&``; a *row*
is a sequence of *scripted* elements; a scripted element is an *atom* with ``_``, ``^`` and ``'``.
"""

import re
from xml.etree.ElementTree import Element, SubElement, tostring

__all__ = ["LatexError", "characters", "latex_to_mathml"]

NAMESPACE = "http://www.w3.org/1998/Math/MathML"

GREEK = {
    name: character
    for names, characters in (
        ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu", "αβγδϵζηθικλμ"),
        ("nu xi pi rho sigma tau upsilon phi chi psi omega", "νξπρστυϕχψω"),
        ("varepsilon vartheta varphi Gamma Delta Theta Lambda", "εϑφΓΔΘΛ"),
        (
            "Xi Pi Sigma Upsilon Phi Psi Omega ell infty partial nabla hbar emptyset",
            "ΞΠΣΥΦΨΩℓ∞∂∇ℏ∅",
        ),
        (
            "forall exists top bot prime dagger ldots dots dotsc cdots dotsb vdots ddots",
            "∀∃⊤⊥′†………⋯⋯⋮⋱",
        ),
    )
    for name, character in zip(names.split(), characters, strict=True)
}
BINARY = dict(
    zip(
        "pm mp times div cdot ast star circ bullet oplus ominus otimes odot circledast cup cap "
        "wedge land vee lor setminus bmod".split(),
        [*"±∓×÷⋅∗⋆∘•⊕⊖⊗⊙⊛∪∩∧∧∨∨∖", "mod"],
        strict=True,
    )
)
RELATIONS = dict(
    zip(
        "le leq ge geq ne neq lt gt ll gg approx equiv sim simeq cong propto in ni notin subset "
        "subseteq supset supseteq to rightarrow leftarrow leftrightarrow mapsto Rightarrow implies "
        "Leftarrow Leftrightarrow iff longrightarrow uparrow downarrow mid parallel perp "
        "coloneqq".split(),
        "≤≤≥≥≠≠<>≪≫≈≡∼≃≅∝∈∋∉⊂⊆⊃⊇→→←↔↦⇒⟹⇐⇔⟺⟶↑↓∣∥⟂≔",
        strict=True,
    )
)
BIG_OPERATORS = dict(
    zip(
        "sum prod coprod bigcup bigcap bigoplus bigotimes bigodot int iint oint".split(),
        "∑∏∐⋃⋂⨁⨂⨀∫∬∮",
        strict=True,
    )
)
INTEGRALS = frozenset("∫∬∮")
FUNCTIONS = frozenset(
    "arccos arcsin arctan arg cos cosh cot deg det dim exp gcd hom ker lg ln log sec sin sinh tan "
    "tanh Pr".split()
)
LIMIT_FUNCTIONS = {name: name for name in "max min sup inf lim".split()} | {
    "argmax": "arg\u2009max",
    "argmin": "arg\u2009min",
    "limsup": "lim\u2009sup",
    "liminf": "lim\u2009inf",
}
OPENING = {
    "(": "(",
    "[": "[",
    r"\{": "{",
    r"\lbrace": "{",
    r"\lbrack": "[",
    r"\lfloor": "⌊",
    r"\lceil": "⌈",
    r"\langle": "⟨",
    r"\lvert": "|",
    r"\lVert": "‖",
}
CLOSING = {
    ")": ")",
    "]": "]",
    r"\}": "}",
    r"\rbrace": "}",
    r"\rbrack": "]",
    r"\rfloor": "⌋",
    r"\rceil": "⌉",
    r"\rangle": "⟩",
    r"\rvert": "|",
    r"\rVert": "‖",
}
DELIMITERS = OPENING | CLOSING | {"|": "|", r"\|": "‖", r"\vert": "|", r"\Vert": "‖", "/": "/"}
SIZES = {"big": "1.2em", "Big": "1.8em", "bigg": "2.4em", "Bigg": "3em"}
SPACES = {
    "\\,": "0.167em",
    "\\:": "0.222em",
    "\\>": "0.222em",
    "\\;": "0.278em",
    "\\!": "-0.167em",
    "\\ ": "0.333em",
    "~": "0.333em",
    r"\quad": "1em",
    r"\qquad": "2em",
}
ACCENTS = {
    "hat": "^",
    "widehat": "^",
    "tilde": "~",
    "widetilde": "~",
    "bar": "¯",
    "overline": "¯",
    "vec": "→",
    "dot": "˙",
    "ddot": "¨",
}
STRETCHED_ACCENTS = frozenset({"widehat", "widetilde", "overline"})
BRACES = {"overbrace": "⏞", "underbrace": "⏟"}
MATRIX_FENCES = {
    "matrix": ("", ""),
    "smallmatrix": ("", ""),
    "pmatrix": ("(", ")"),
    "bmatrix": ("[", "]"),
    "Bmatrix": ("{", "}"),
    "vmatrix": ("|", "|"),
    "Vmatrix": ("‖", "‖"),
    "cases": ("{", ""),
    "array": ("", ""),
}
ALIGNED = frozenset({"aligned", "align", "align*", "split"})
GATHERED = frozenset({"gathered", "gather", "gather*", "equation", "equation*"})
ENVIRONMENTS = ALIGNED | GATHERED | MATRIX_FENCES.keys()

# First code points of the alphabets of Unicode; the letters that live elsewhere are listed below.
ALPHABETS = {
    "mathbf": (0x1D400, 0x1D41A, 0x1D7CE),
    "mathit": (0x1D434, 0x1D44E, None),
    "boldsymbol": (0x1D468, 0x1D482, None),
    "mathcal": (0x1D49C, 0x1D4B6, None),
    "mathbb": (0x1D538, 0x1D552, 0x1D7D8),
}
ALPHABETS |= {"bm": ALPHABETS["boldsymbol"], "pmb": ALPHABETS["boldsymbol"]}
ALPHABET_HOLES = {
    **{("mathcal", a): b for a, b in zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)},
    **{("mathbb", a): b for a, b in zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)},
    ("mathit", "h"): "ℎ",
}
TEXTS = {
    "text": None,
    "textrm": None,
    "mbox": None,
    "texttt": "math-code",
    "textbf": "math-bold",
    "textit": "math-italic",
}

TOKEN = re.compile(
    r"\\begin\s*\{(?P<begin>[A-Za-z]+\*?)\}|\\end\s*\{(?P<end>[A-Za-z]+\*?)\}"
    r"|(?P<command>\\(?:[A-Za-z]+|.))"
    r"|(?P<number>\d+(?:\{,\}\d{3})*(?:\.\d+)?)"
    r"|(?P<space>\s+)"
    r"|(?P<character>.)",
    re.DOTALL,
)
ROW_ENDS = frozenset({"}", "&", r"\\", r"\right", r"\middle", "]end"})


class LatexError(ValueError):
    """A formula that is wrong, or that uses something this module does not know."""


class _Parser:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, latex, *, display):
        self.latex = latex
        self.display = display
        self.tokens = [match for match in TOKEN.finditer(latex) if match["space"] is None]
        self.position = 0

    # ------------------------------------------------------------------ tokens

    def peek(self):
        """Return the next token: empty at the end, without the name at environments."""
        if self.position == len(self.tokens):
            return ""
        match = self.tokens[self.position]
        return r"\begin" if match["begin"] else r"\end" if match["end"] else match[0]

    def next(self):
        token = self.peek()
        self.position += 1
        return token

    def fail(self, message, *, back=1):
        index = min(max(self.position - back, 0), len(self.tokens) - 1)
        start = self.tokens[index].start() if self.tokens else 0
        raise LatexError(f"{message}, at “{self.latex[start : start + 24].strip()}”")

    def expect(self, token):
        if self.next() != token:
            self.fail(f"“{token}” is missing")

    def raw_group(self):
        """Return the text between the next pair of braces, spaces included."""
        if self.peek() != "{":
            self.position += 1
            self.fail("a group in braces is missing")
        start, depth = self.tokens[self.position].end(), 0
        while self.position < len(self.tokens):
            token = self.next()
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth == 0:
                return self.latex[start : self.tokens[self.position - 1].start()]
        self.fail("a closing brace is missing")

    # ------------------------------------------------------------------ tables and rows

    def formula(self):
        content = self.table(None)
        if self.position < len(self.tokens):
            token = self.next()
            self.fail({"}": "a closing brace too many"}.get(token, f"“{token}” has no partner"))
        return content

    def table(self, environment, columns=""):
        """Rows and cells up to the end of an environment; a single cell stays a plain row."""
        rows = [[self.row()]]
        while self.peek() in ("&", r"\\"):
            if self.next() == "&":
                rows[-1].append(self.row())
            elif self.peek() not in (r"\end", ""):
                rows.append([self.row()])
        if environment is None:
            if len(rows) == len(rows[0]) == 1:
                return rows[0][0]
            if not self.display:
                self.fail("rows and columns need an environment here")
            environment = "aligned" if any(len(row) > 1 for row in rows) else "gathered"
        if environment == "array" and any(len(row) > len(columns.replace("|", "")) for row in rows):
            self.fail("more cells than columns of the array")
        return [_table(rows, environment, columns)]

    def row(self):
        """Return the elements up to the next token that ends a row."""
        elements = []
        while self.peek() not in ROW_ENDS and self.peek() not in (r"\end", ""):
            elements += self.scripted(elements)
        return elements

    def group(self):
        """Return what a command takes: one atom, or a row in braces."""
        token = self.peek()
        if token in ROW_ENDS or token in ("", r"\end", "_", "^", "'"):
            self.position += 1
            self.fail("something is missing")
        if token == "{":
            self.next()
            elements = self.row()
            self.expect("}")
            return _row(elements)
        if len(token) > 1 and token[0].isdigit():  # LaTeX would take the first digit only
            self.position += 1
            self.fail("braces are missing")
        return _row(self.atom([]))

    # ------------------------------------------------------------------ elements

    def scripted(self, before):
        """Return one atom with its subscript, superscript and primes."""
        atom = [Element("mi")] if self.peek() in ("_", "^", "'") else self.atom(before)
        scripts = {}
        while (token := self.peek()) in ("_", "^", "'", r"\limits", r"\nolimits"):
            self.next()
            if token in (r"\limits", r"\nolimits"):
                if not atom or atom[-1].tag != "mo":
                    self.fail(f"“{token}” needs a big operator before it")
                atom[-1].set("movablelimits", "false")
                continue
            key, script = ("^", _text("mo", "′")) if token == "'" else (token, self.group())
            if key in scripts:
                if "′" not in "".join(scripts[key].itertext()):
                    self.fail(f"two scripts “{key}” in one place")
                script = _row([scripts[key], script])
            scripts[key] = script
        if not scripts:
            return atom
        if not atom:
            self.fail("a script needs something before it")
        *others, base = atom
        above = base.tag in ("munder", "mover") or base.get("movablelimits") is not None
        names = ("munder", "mover", "munderover") if above else ("msub", "msup", "msubsup")
        element = Element(names[2] if len(scripts) == 2 else names["^" in scripts])
        element.extend([base, *(scripts[key] for key in ("_", "^") if key in scripts)])
        return [*others, element]

    def atom(self, before):
        """Return the elements of one atom; ``before`` decides whether a sign is unary."""
        if self.position == len(self.tokens):
            self.fail("something is missing")
        match = self.tokens[self.position]
        token = self.next()
        if match["number"]:
            return [_text("mn", token.replace("{,}", ","))]
        if match["begin"]:
            return self.environment(match["begin"])
        if token == "{":
            elements = self.row()
            self.expect("}")
            return [_row(elements)]
        if token in SPACES:
            return [Element("mspace", width=SPACES[token])]
        if token in OPENING:
            return [_fence(OPENING[token], "prefix")]
        if token in CLOSING:
            return [_fence(CLOSING[token], "postfix")]
        if match["command"]:
            return self.command(token[1:], before)
        return self.character(token, before)

    def character(self, token, before):
        if token.isascii() and token.isalpha():
            return [_text("mi", token)]
        if token in "+-*":
            return [_operator({"-": "−", "*": "∗"}.get(token, token), before)]
        if token in "=<>:":
            return [_text("mo", token)]
        if token in ",;":
            return [_text("mo", token, separator="true")]
        if token in "/.|?":
            return [_text("mo", token, lspace="0", rspace="0", stretchy="false")]
        if token == "!":
            return [_text("mo", token, lspace="0", rspace="0")]
        self.fail(f"the character “{token}” is not known")

    def command(self, name, before):
        if name in GREEK:
            upright = {"mathvariant": "normal"} if name[0].isupper() else {}
            return [_text("mi", GREEK[name], **upright)]
        if name in BINARY:
            return [_operator(BINARY[name], before)]
        if name in RELATIONS:
            return [_text("mo", RELATIONS[name], stretchy="false")]
        if name in BIG_OPERATORS:
            sign = BIG_OPERATORS[name]
            return [_text("mo", sign, **({} if sign in INTEGRALS else {"movablelimits": "true"}))]
        if name in FUNCTIONS:
            return self.function(name)
        if name in LIMIT_FUNCTIONS:
            attributes = {"movablelimits": "true", "lspace": "0", "rspace": "0.167em"}
            return [_text("mo", LIMIT_FUNCTIONS[name], **attributes)]
        if name in ALPHABETS:
            return [self.letters(name)]
        if name in TEXTS:
            element = _text("mtext", re.sub(r"\s+", "\u00a0", self.raw_group()))
            if re.search(r"[\\${}]", element.text):
                self.fail("only plain text can be in a text")
            if TEXTS[name]:
                element.set("class", TEXTS[name])
            return [element]
        if name in ACCENTS:
            return [self.accent(name)]
        if name in BRACES:
            element = Element("mover" if name == "overbrace" else "munder")
            element.extend([self.group(), _text("mo", BRACES[name], stretchy="true")])
            return [element]
        if name in ("|", "vert", "Vert"):
            return [_text("mo", DELIMITERS["\\" + name], lspace="0", rspace="0", stretchy="false")]
        if name in ("%", "#", "&", "_", "$"):
            return [_text("mtext", name)]
        method = getattr(self, f"command_{name}", None) if name.isalpha() else None
        if method is None:
            size = re.fullmatch(r"([bB]igg?)([lrm]?)", name)
            if not size:
                self.fail(f"the command “\\{name}” is not known")
            form = {"l": "prefix", "r": "postfix"}.get(size[2])
            fence = _fence(self.delimiter(), form, stretchy=True)
            fence.set("minsize", SIZES[size[1]])
            fence.set("maxsize", SIZES[size[1]])
            return [fence]
        return method()

    def function(self, name):
        element = _text("mi", name)
        if len(name) == 1:
            element.set("mathvariant", "normal")
        opens = self.peek() in OPENING or self.peek() in ("_", "^", r"\left", "")
        return [element] if opens else [element, Element("mspace", width="0.167em")]

    def letters(self, alphabet):
        """Return the argument of a font command, in the letters that Unicode has for it."""
        text = self.raw_group() if self.peek() == "{" else self.next()
        if text.startswith("\\") and text[1:] in GREEK and alphabet in ("boldsymbol", "bm", "pmb"):
            return _text("mi", GREEK[text[1:]], **{"class": "math-bold"})
        if not re.fullmatch(r"[A-Za-z0-9]+", text):
            self.fail(f"“\\{alphabet}” takes letters and digits")
        capital, small, digit = ALPHABETS[alphabet]
        characters = []
        for letter in text:
            first, base = (digit, "0") if letter.isdigit() else (small, "a")
            if letter.isupper():
                first, base = capital, "A"
            if first is None:
                characters.append(letter)
            else:
                plain = chr(first + ord(letter) - ord(base))
                characters.append(ALPHABET_HOLES.get((alphabet, letter), plain))
        return _text("mi", "".join(characters))

    def accent(self, name):
        element = Element("mover", accent="true")
        stretchy = "true" if name in STRETCHED_ACCENTS else "false"
        element.extend([self.group(), _text("mo", ACCENTS[name], stretchy=stretchy)])
        return element

    def delimiter(self):
        token = self.next()
        if token == ".":
            return ""
        if token not in DELIMITERS:
            self.fail("a delimiter such as ( [ | or \\lfloor is missing")
        return DELIMITERS[token]

    def environment(self, name):
        if name not in ENVIRONMENTS:
            self.fail(f"the environment “{name}” is not known")
        columns = self.raw_group().replace(" ", "") if name == "array" else ""
        if not re.fullmatch(r"[lcr|]*", columns):
            self.fail("columns of an array are l, c, r and |")
        table = self.table(name, columns)
        end = self.tokens[self.position]["end"] if self.position < len(self.tokens) else None
        self.position += 1
        if end != name:
            self.fail(f"“\\end{{{name}}}” is missing")
        opening, closing = MATRIX_FENCES.get(name, ("", ""))
        return [_enclosed(opening, table, closing)] if opening or closing else table

    # ------------------------------------------------------------------ commands with arguments

    def command_frac(self, **style):
        element = Element("mfrac")
        element.extend([self.group(), self.group()])
        if not style:
            return [element]
        outer = Element("mstyle", style)
        outer.append(element)
        return [outer]

    def command_dfrac(self):
        return self.command_frac(displaystyle="true", scriptlevel="0")

    def command_tfrac(self):
        return self.command_frac(displaystyle="false", scriptlevel="1")

    def command_binom(self):
        element = Element("mfrac", linethickness="0")
        element.extend([self.group(), self.group()])
        return [_enclosed("(", [element], ")")]

    def command_sqrt(self):
        if self.peek() == "[":
            self.next()
            degree = []
            while self.peek() != "]":
                degree += self.scripted(degree)
            self.next()
            element = Element("mroot")
            element.extend([self.group(), _row(degree)])
        else:
            element = Element("msqrt")
            element.append(self.group())
        return [element]

    def command_left(self):
        parts = [_fence(self.delimiter(), "prefix", stretchy=True), *self.row()]
        while self.peek() == r"\middle":
            self.next()
            parts += [_fence(self.delimiter(), "infix", stretchy=True), *self.row()]
        self.expect(r"\right")
        parts.append(_fence(self.delimiter(), "postfix", stretchy=True))
        return [_row(parts, always=True)]

    def command_operatorname(self):
        limits = self.peek() == "*"
        if limits:
            self.next()
        name = self.raw_group()
        if not re.fullmatch(r"[A-Za-z0-9]+", name):
            self.fail("the name of an operator is letters and digits")
        if limits:
            return [_text("mo", name, movablelimits="true", lspace="0", rspace="0.167em")]
        return self.function(name)

    def command_mathrm(self):
        text = self.raw_group() if self.peek() == "{" else self.next()
        if not re.fullmatch(r"[A-Za-z0-9 ]+", text):
            self.fail("“\\mathrm” takes letters and digits")
        attributes = {"mathvariant": "normal"} if len(text) == 1 else {}
        return [_text("mi", text, **attributes)]

    def command_pmod(self):
        content = [_text("mi", "mod"), Element("mspace", width="0.333em"), self.group()]
        return [Element("mspace", width="1em"), _enclosed("(", content, ")")]

    def command_overset(self, tag="mover"):
        script, base = self.group(), self.group()
        element = Element(tag)
        element.extend([base, script])
        return [element]

    def command_underset(self):
        return self.command_overset("munder")

    command_stackrel = command_overset

    def command_xrightarrow(self):
        element = Element("mover")
        label = Element("mpadded", width="+0.8em", lspace="0.4em")
        label.append(self.group())
        element.extend([_text("mo", "→", stretchy="true"), label])
        return [element]

    def command_boxed(self):
        box = self.group()
        outer = Element("mrow", {"class": "math-boxed"})
        outer.append(box)
        return [outer]

    def command_phantom(self):
        element = Element("mphantom")
        element.append(self.group())
        return [element]

    def command_displaystyle(self):
        return [_styled(self.row(), "true")]

    def command_textstyle(self):
        return [_styled(self.row(), "false")]

    def command_nonumber(self):
        return []

    command_notag = command_nonumber


def _text(tag, text, **attributes):
    element = Element(tag, attributes)
    element.text = text
    return element


def _row(elements, *, always=False):
    if len(elements) == 1 and not always:
        return elements[0]
    element = Element("mrow")
    element.extend(elements)
    return element


def _styled(elements, displaystyle):
    element = Element("mstyle", displaystyle=displaystyle, scriptlevel="0")
    element.extend(elements)
    return element


def _fence(character, form, *, stretchy=False):
    attributes = {"form": form} if form else {}
    return _text("mo", character, stretchy=str(stretchy).lower(), fence="true", **attributes)


def _enclosed(opening, elements, closing):
    return _row(
        [
            *([_fence(opening, "prefix", stretchy=True)] if opening else []),
            *elements,
            *([_fence(closing, "postfix", stretchy=True)] if closing else []),
        ],
        always=True,
    )


def _operator(sign, before):
    """Return a sign: binary after something it can act on, else unary (without space)."""
    last = before[-1] if before else None
    while last is not None and last.tag == "mspace" and len(before) > 1:
        before = before[:-1]
        last = before[-1]
    unary = last is None or (last.tag == "mo" and last.get("form") != "postfix")
    if unary and last is not None and last.text in ("!", ".", "|", "‖"):
        unary = False
    return _text("mo", sign, form="prefix" if unary else "infix")


def _table(rows, environment, columns):
    if environment in ALIGNED:
        kind, alignments = "math-aligned", "right left"
    elif environment == "cases":
        kind, alignments = "math-cases", "left"
    elif environment == "array":
        kind, alignments = "math-array", columns
    else:
        kind, alignments = "math-gathered" if environment in GATHERED else "math-matrix", ""
    table = Element("mtable", {"class": kind})
    if environment in ALIGNED | GATHERED:
        table.set("displaystyle", "true")
    if environment == "smallmatrix":
        table.set("scriptlevel", "1")
    if alignments and environment != "array":
        table.set("columnalign", alignments)  # for browsers from before MathML Core
    for row in rows:
        line = SubElement(table, "mtr")
        for number, elements in enumerate(row):
            cell = SubElement(line, "mtd")
            if environment in ALIGNED and number % 2 == 1 and elements:
                first = elements[0]  # it follows the cell before, with space on both sides
                if first.tag == "mo" and first.get("fence") is None:
                    first.set("form", "infix")
            if environment == "array":
                cell.set("class", _array_column(columns, number))
            cell.extend(elements)
    return table


def _array_column(columns, number):
    """Return the CSS classes of one column of an array, from a specification such as ``cc|c``."""
    letters = [match.start() for match in re.finditer("[lcr]", columns)]
    place = letters[number]
    ruled = " math-ruled" if place > 0 and columns[place - 1] == "|" else ""
    return {"l": "math-left", "c": "math-centre", "r": "math-right"}[columns[place]] + ruled


def latex_to_mathml(latex, *, display=False):
    r"""
    Convert a formula to a MathML element.

    Parameters
    ----------
    latex : str
        The formula, without dollar signs.
    display : bool
        Whether the formula stands on a line of its own.

    Returns
    -------
    str
        A ``math`` element; its ``alttext`` is the LaTeX source.

    Raises
    ------
    LatexError
        When the formula is empty, wrong, or uses a command that is not known.

    Examples
    --------
    >>> latex_to_mathml(r"\frac{n}{s}").split("alttext")[1]
    '="\\frac{n}{s}"><mfrac><mi>n</mi><mi>s</mi></mfrac></math>'
    """
    source = " ".join(latex.split())
    if not source:
        raise LatexError("the formula is empty")
    parser = _Parser(source, display=display)
    elements = parser.formula()
    attributes = {"xmlns": NAMESPACE, "display": "block" if display else "inline"}
    math = Element("math", attributes | {"alttext": source})
    if len(elements) == 1:
        math.append(elements[0])
    else:
        SubElement(math, "mrow").extend(elements)
    return tostring(math, encoding="unicode")


def characters():
    """
    Return every character that a formula can show: what the font has to contain.

    Returns
    -------
    set of str
        Single characters.
    """
    tables = (GREEK, BINARY, RELATIONS, BIG_OPERATORS, LIMIT_FUNCTIONS, DELIMITERS, ACCENTS, BRACES)
    found = {chr(code) for code in range(0x20, 0x7F)} | set("−∗′√\u00a0\u2009…")
    for table in tables:
        found.update("".join(table.values()))
    for alphabet, (capital, small, digit) in ALPHABETS.items():
        for first, letters in ((capital, 26), (small, 26), (digit, 10)):
            found.update(chr(first + step) for step in range(letters if first else 0))
        found -= {
            chr((capital if letter.isupper() else small) + ord(letter.lower()) - ord("a"))
            for name, letter in ALPHABET_HOLES
            if name == alphabet
        }
    found.update(ALPHABET_HOLES.values())
    # Italic Greek, which browsers choose for single letters.
    found.update(chr(code) for code in range(0x1D6E2, 0x1D71C))
    return found
