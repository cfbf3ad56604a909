"""Exercise checks: solutions pass, typical mistakes do not, and nothing makes a check raise."""

import contextlib
import copy
import importlib
import io
import random
import re
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch

from tests.notebook_rules import NOTEBOOKS
from utils.checks import _engine, check
from utils.checks._engine import Outcome, exercise, known_exercises, raises, same

EXERCISES = list(known_exercises())
WRONG = {
    number: answers
    for file in sorted((Path(__file__).parent / "wrong_answers").glob("chapter_*.py"))
    for number, answers in importlib.import_module(f"tests.wrong_answers.{file.stem}").WRONG.items()
}


def told(number, answer):
    """Return what a check prints: always one line."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        check(number, answer)
    text = printed.getvalue()
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert text.startswith(f"Exercise {number}: ")
    return text.removeprefix(f"Exercise {number}: ").rstrip("\n")


# ---------------------------------------------------------------- the exercises of the book


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_has_the_exercises_that_are_checked(notebook):
    # That its starters are not done yet and its solutions pass is stored in their outputs:
    # `exercises_are_statement_starter_solution` reads it there, and nbval proves it.
    cells = nbformat.read(notebook, as_version=4).cells
    headings = [re.match(r"### Exercise (\d+\.\d+)", cell.source) for cell in cells]
    chapter = str(int(notebook.stem[:2]))
    checked = [number for number in EXERCISES if number.split(".")[0] == chapter]
    assert [heading[1] for heading in headings if heading] == checked


@pytest.mark.parametrize("number", EXERCISES)
def test_typical_wrong_answers_fail(number):
    assert WRONG.get(number), f"add typical wrong answers of {number} to tests/wrong_answers"
    assert set(WRONG) <= set(EXERCISES)
    for answer in WRONG[number]:
        verdict = told(number, answer)
        assert re.match(r"test \d+ fails: \S", verdict), f"{verdict!r} for {answer!r}"


# ---------------------------------------------------------------- answers nobody expects


class Hostile:
    """An object that refuses everything."""

    def __repr__(self):
        raise RuntimeError("no name")

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    def __deepcopy__(self, memo):
        raise RuntimeError("no copy")

    __hash__ = None


class Unspeakable(Exception):
    """An error without words."""

    def __str__(self):
        raise RuntimeError("no words")


def recurses(*args, **kwargs):
    return recurses(*args, **kwargs)


def exits(*args, **kwargs):
    raise SystemExit(3)


def cannot_say_why(*args, **kwargs):
    raise Unspeakable


def raises_many_lines(*args, **kwargs):
    raise ValueError("first\nsecond\n" + "third " * 200)


def nested(depth=100_000):
    answer = []
    for _ in range(depth):
        answer = [answer]
    return answer


STRANGE = {
    "text": "three",
    "empty text": "",
    "number": -17,
    "huge number": 10**400,
    "nan": float("nan"),
    "infinity": float("inf"),
    "complex": 3 + 4j,
    "empty list": [],
    "ragged list": [[1], [2, 3]],
    "list of text": ["a", "b"],
    "deep list": nested(),
    "dictionary": {"a": 1},
    "bytes": b"abc",
    "empty tensor": torch.zeros(0),
    "tensor of nan": torch.full((3, 3), float("nan")),
    "tensor of seven axes": torch.zeros(1, 2, 1, 2, 1, 2, 1),
    "boolean tensor": torch.tensor([True, False]),
    "sparse tensor": torch.eye(3).to_sparse(),
    "tensor in a graph": torch.ones(2, requires_grad=True) * 2,
    "array of objects": np.array([object()]),
    "module": torch.nn.Linear(2, 2),
    "class": Hostile,
    "hostile object": Hostile(),
    "generator": (number for number in range(3)),
    "function without arguments": lambda: 3,
    "function that returns itself": lambda *args, **kwargs: recurses,
    "function that returns nan": lambda *args, **kwargs: float("nan"),
    "function that recurses for ever": recurses,
    "function that exits": exits,
    "function that cannot say why": cannot_say_why,
    "function that raises many lines": raises_many_lines,
    "print": print,
}


@pytest.mark.parametrize("number", EXERCISES)
def test_a_strange_answer_gives_one_line(number):
    for kind, answer in STRANGE.items():
        verdict = told(number, answer)
        assert "pass" not in verdict, kind
        assert len(verdict) < 250, kind


@pytest.mark.parametrize("number", ["99.1", "3.99", "three", None, ["3.1"]])
def test_an_unknown_exercise_lists_the_known_ones(number):
    verdict = told(number, 3)
    assert verdict.startswith("there is no such exercise; there are ")
    assert "..." not in verdict  # the list of a whole book has room in the line
    for chapter in {number.split(".")[0] for number in EXERCISES}:
        numbers = [number for number in EXERCISES if number.split(".")[0] == chapter]
        ends = f"{numbers[0]} to {numbers[-1]}" if numbers[1:] else numbers[0]
        assert re.search(rf"\b{re.escape(ends)}\b", verdict)


# ---------------------------------------------------------------- the engine, on made-up exercises


@pytest.fixture
def register(monkeypatch):
    """Register exercises for one test."""
    monkeypatch.setattr(_engine, "_exercises", dict(_engine._exercises))
    return exercise


@pytest.fixture
def double(register):
    """Ask for a function that doubles."""

    @register("90.1")
    def tests(answer):
        yield "twice 2 is 4", same(answer(2), 4)
        yield "twice 3 is 6", same(answer(3), 6)

    return "90.1"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (lambda n: 2 * n, "all 2 tests pass"),
        (lambda n: n + 2, "test 2 fails: twice 3 is 6 (expected 6, got 5)"),
        (lambda n: float("nan"), "test 1 fails: twice 2 is 4 (expected 4, got nan)"),
        (lambda n: "four", "test 1 fails: twice 2 is 4 (expected a number, got 'four')"),
        (lambda n: ..., "not done yet"),
        (lambda n: n / 0, "test 1 fails: your function(2) stopped with ZeroDivisionError: "),
        (exits, "test 1 fails: exits(2) stopped with SystemExit: 3"),
        (recurses, "test 1 fails: recurses(2) stopped with RecursionError: maximum recursion"),
        (4, "test 1 fails: 4 does not have the expected form (TypeError: 'int' object is not"),
    ],
)
def test_the_line_says_what_to_look_at(double, answer, verdict):
    assert told(double, answer).startswith(verdict)


def written(body):
    """Return a function of one number with some body."""
    names = {}
    exec(f"def answer(number):\n    {body}", names)
    return names["answer"]


@pytest.mark.parametrize(
    "answer",
    [
        written("..."),
        written("'Return twice the number.'\n    ..."),
        written("pass"),
        written("result = ...\n    return result"),
        written("return number, ..."),
        written("raise NotImplementedError"),
        ...,
        None,
        [1, ...],
        (None, 2),
        {"rows": ...},
        [[1, 2], [3, ...]],
    ],
)
def test_a_blank_of_any_kind_is_not_done_yet(double, answer):
    assert told(double, answer) == "not done yet"


def test_a_missing_return_is_named(double):
    verdict = told(double, written("result = 2 * number"))
    assert verdict == "test 1 fails: answer(2) gives None: is a `return` missing?"


def test_an_interrupt_passes(double):
    def interrupted(number):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(double, interrupted)


def test_what_an_answer_prints_and_warns_stays_silent(double, recwarn):
    def talks(number):
        print("hello")
        torch.tensor([number]).float().var()  # warns about degrees of freedom
        return 2 * number

    assert told(double, talks) == "all 2 tests pass"
    assert not recwarn.list


def test_random_numbers_and_figures_are_left_alone(double):
    def draws(number):
        torch.manual_seed(5), np.random.seed(5), random.seed(5)  # noqa: NPY002
        plt.figure()
        return 2 * number

    plt.figure("mine")
    states = torch.get_rng_state(), np.random.get_state()[1], random.getstate()  # noqa: NPY002
    check(double, draws)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()  # noqa: NPY002
    assert random.getstate() == states[2]
    assert plt.get_figlabels() == ["mine"]
    plt.close("mine")


@pytest.mark.parametrize(
    "answer", [[3, 1, 2], {"b": 1}, torch.tensor([3.0, 1.0]), np.array([3, 1])], ids=type
)
def test_the_answer_is_not_changed(register, answer):
    @register("90.2")
    def greedy(answer):
        if isinstance(answer, list):
            answer.sort()
        elif isinstance(answer, dict):
            answer.clear()
        else:
            answer[:] = 0
        yield "it was taken", True

    before = copy.deepcopy(answer)
    check("90.2", answer)
    assert str(answer) == str(before)


def test_a_module_keeps_its_mode_and_its_gradients(register):
    @register("90.3")
    def evaluates(answer):
        answer.eval()
        answer(torch.ones(1, 2)).sum().backward()
        yield "it computes", True

    module = torch.nn.Linear(2, 2)
    check("90.3", module)
    assert module.training
    assert module.weight.grad is None


def test_the_first_test_that_fails_is_the_last_that_runs(register):
    @register("90.4")
    def tests(answer):
        yield "it is there", True
        yield "it is positive", answer > 0
        raise AssertionError("never reached")

    assert told("90.4", -1) == "test 2 fails: it is positive"


@pytest.mark.parametrize("number", ["3", "3.a", "3.1.2"])
def test_an_exercise_needs_a_number(number):
    with pytest.raises(ValueError, match="numbered like"):
        exercise(number)


def test_two_exercises_cannot_share_a_number(double, register):
    with pytest.raises(ValueError, match=r"90\.1 has two"):
        register(double)(lambda answer: iter([("other", True)]))


# ---------------------------------------------------------------- same and raises


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (3, 3.0),
        (3.0000001, 3),
        (torch.tensor(3), 3),
        (np.float32(0.1), 0.1),
        ([1, 2], (1, 2)),
        (torch.Size([2, 3]), (2, 3)),
        (torch.ones(2, 2, requires_grad=True), [[1, 1], [1, 1]]),
        ([torch.tensor(1), torch.tensor(2)], [1, 2]),
        ((torch.tensor([1, 2]), [3, 4]), [[1, 2], [3, 4]]),
        (float("nan"), float("nan")),
        (1 + 2j, 1 + 2j),
        ([], []),
        ("rows", "rows"),
        (True, True),
    ],
)
def test_same_accepts(got, expected):
    assert same(got, expected)


@pytest.mark.parametrize(
    ("got", "expected", "detail"),
    [
        (4, 3, "expected 3, got 4"),
        (0.30001, 0.3, "expected 0.3, got 0.30001"),
        (float("nan"), 3, "expected 3, got nan"),
        ("3", 3, "expected a number, got '3'"),
        ("columns", "rows", "expected 'rows', got 'columns'"),
        (3, [1, 2], "expected shape (2,), got shape ()"),
        (torch.zeros(2, 3), torch.zeros(3, 2), "expected shape (3, 2), got shape (2, 3)"),
        ([[1, 2], [3, 5]], [[1, 2], [3, 4]], "at [1, 1]: expected 4, got 5"),
        ([1, "a"], [1, 2], "expected numbers in shape (2,), got [1, 'a']"),
        (torch.nn.Linear, 3, "expected a number, got the class Linear"),
    ],
)
def test_same_says_how_they_differ(got, expected, detail):
    outcome = same(got, expected)
    assert not outcome
    assert outcome.detail == detail


@pytest.mark.parametrize(
    ("got", "expected"), [(4, 3), ([[1, 2], [3, 5]], [[1, 2], [3, 74]]), ("columns", "rows")]
)
def test_a_solution_is_not_revealed(got, expected):
    detail = same(got, expected, reveal=False).detail
    assert "expected" not in detail
    assert "74" not in detail
    assert "rows" not in detail


def test_raises():
    assert raises(ValueError, int, "x") == Outcome(True)
    assert raises(ValueError, int, "3").detail == "expected ValueError, got 3"
    assert raises(ValueError, int, None).detail.startswith("expected ValueError, got TypeError: ")


def test_a_blank_function_that_should_refuse_is_not_done_yet(register):
    @register("90.5")
    def tests(answer):
        yield "an even kernel is refused", raises(ValueError, answer, 2)
        yield "an odd one is not", same(answer(3), 1)

    assert told("90.5", written("...")) == "not done yet"
    assert (
        told("90.5", lambda n: 1) == "test 1 fails: an even kernel is refused ("
        "expected ValueError, got 1)"
    )
