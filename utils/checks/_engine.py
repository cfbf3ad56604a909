"""
The engine behind the exercise checks.

The tests of an exercise are a generator function in the file of its chapter. It receives the
reader's answer and yields pairs: what should be so, and whether it is so.

    # utils/checks/chapter_04.py
    from utils.checks._engine import Tests, exercise, raises, same

    @exercise("4.1")
    def output_size(answer: Any) -> Tests:
        yield "a 5x5 input under a 3x3 kernel", same(answer(5, 3), 3)
        yield "padding 1 keeps the size", same(answer(5, 3, padding=1), 5)
        yield "a kernel that does not fit is refused", raises(ValueError, answer, 2, 3)

    @exercise("4.2")
    def shape_by_hand(answer: Any) -> Tests:
        yield "it has a height and a width", len(answer) == 2
        yield "both numbers are right", same(answer, (3, 3), reveal=False)

`check` looks the exercise up, runs its tests up to the first that fails, and prints one line.
A blank (``...``, ``None``, a function whose body is ``...``, or ``NotImplementedError``) is
reported as "not done yet".
"""

import contextlib
import copy
import dis
import functools
import importlib
import importlib.util
import inspect
import io
import math
import pkgutil
import random
import re
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

__all__ = ["Outcome", "Tests", "check", "exercise", "known_exercises", "raises", "same"]

Tests = Iterator[tuple[str, Any]]  # what should be so, and whether it is

_PACKAGE = "utils.checks"
_LONGEST_MESSAGE = 240  # characters: a check prints one line that fits under a cell

_exercises: dict[str, Callable[[Any], Tests]] = {}


@dataclass(frozen=True)
class Outcome:
    """What one test found: true or false, and in words what was expected and what came."""

    passed: bool
    detail: str = ""

    def __bool__(self) -> bool:
        return self.passed


class _NotDone(Exception):
    """The answer, or what it returned, is still the blank of the starter cell."""


class _Stopped(Exception):
    """The reader's function raised, or returned nothing: the text says which call did."""


# ---------------------------------------------------------------- what chapter files use


def exercise(number: str) -> Callable[[Callable[[Any], Tests]], Callable[[Any], Tests]]:
    """
    Register the tests of one exercise, numbered by its chapter: ``"3.1"``.

    The decorated function is a generator ``tests(answer)`` of pairs ``(what, outcome)``; an
    outcome is a bool or comes from `same` or `raises`.

    >>> @exercise("99.1")
    ... def sum_by_hand(answer):
    ...     yield "it is a whole number", isinstance(answer, int)
    ...     yield "the sum is right", same(answer, 12, reveal=False)
    >>> check("99.1", ...)
    Exercise 99.1: not done yet
    >>> check("99.1", 21)
    Exercise 99.1: test 2 fails: the sum is right (got 21)
    >>> check("99.1", 12)
    Exercise 99.1: all 2 tests pass
    """
    if not re.fullmatch(r"\d+\.\d+", number):
        raise ValueError(f'an exercise is numbered like "3.1", got {number!r}')

    def register(tests: Callable[[Any], Tests]) -> Callable[[Any], Tests]:
        if number in _exercises and _exercises[number].__code__ != tests.__code__:
            raise ValueError(f"exercise {number} has two sets of tests")
        _exercises[number] = tests
        return tests

    return register


def same(got: Any, expected: Any, *, tolerance: float = 1e-6, reveal: bool = True) -> Outcome:
    """
    Compare an answer with what it should be.

    Numbers, nested lists, tuples, arrays and tensors are compared by shape and value, everything
    else by ``==``. Two numbers that differ by at most `tolerance` count as equal. The message tells
    the expected values unless `reveal` is False: where they *are* the solution, as in one by
    hand.

    >>> same([1, 2, 4], [1, 2, 3]).detail
    'at [2]: expected 3, got 4'
    >>> same([1, 2, 4], [1, 2, 3], reveal=False).detail
    '1 of 3 values differs, the first at [2]'
    >>> bool(same(torch.tensor(2.0), 2))
    True
    """
    wanted = _as_numbers(expected)
    if wanted is None:
        return Outcome(bool(got == expected), _expected_got(expected, got, reveal))
    numbers = _as_numbers(got)
    if numbers is None:
        kind = "a number" if wanted.ndim == 0 else f"numbers in shape {wanted.shape}"
        return Outcome(False, f"expected {kind}, got {_short(got)}")
    if numbers.shape != wanted.shape:
        detail = f"got shape {numbers.shape}"
        return Outcome(False, f"expected shape {wanted.shape}, {detail}" if reveal else detail)
    wrong = ~np.isclose(numbers, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
    if not wrong.any():
        return Outcome(True)
    if wanted.ndim == 0:
        return Outcome(False, _expected_got(wanted.item(), numbers.item(), reveal))
    first = tuple(int(index) for index in np.argwhere(wrong)[0])
    place = f"[{', '.join(map(str, first))}]"
    if reveal:
        return Outcome(False, f"at {place}: {_expected_got(wanted[first], numbers[first], True)}")
    count = int(wrong.sum())
    verb = "differs" if count == 1 else "differ"
    return Outcome(False, f"{count} of {wrong.size} values {verb}, the first at {place}")


def raises(error: type[Exception], function: Callable, *args: Any, **kwargs: Any) -> Outcome:
    """
    Call a function that should refuse its arguments with `error`, and say what happened.

    >>> bool(raises(ValueError, int, "three"))
    True
    >>> raises(ValueError, int, "3").detail
    'expected ValueError, got 3'
    """
    function = getattr(function, "__wrapped__", function)
    try:
        result = function(*args, **kwargs)
    except error:
        return Outcome(True)
    except Exception as problem:
        return Outcome(False, f"expected {error.__name__}, got {_in_words(problem)}")
    if _is_blank(result):
        raise _NotDone
    return Outcome(False, f"expected {error.__name__}, got {_short(result)}")


# ---------------------------------------------------------------- what notebooks use


def check(exercise: str, answer: Any) -> None:
    """
    Test an answer and print one line: done, not done yet, or what to look at next.

    Never raises, whatever the answer is, and leaves the answer, the random number generators
    and the open figures as they were.

    Parameters
    ----------
    exercise
        Chapter and exercise, such as ``"3.1"``.
    answer
        Whatever the exercise asks for: a number, a tensor, a function, a module ...

    Examples
    --------
    >>> check("3.1", ...)  # doctest: +SKIP
    Exercise 3.1: not done yet
    """
    try:
        with _undisturbed():
            verdict = _verdict(exercise, answer)
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # an answer may do anything, even call sys.exit()
        verdict = f"the check stopped with {_in_words(problem)}"
    print(_one_line(f"Exercise {exercise}: {verdict}"))


def known_exercises() -> dict[str, Callable[[Any], Tests]]:
    """
    Return the tests of every exercise of the book, by number.

    >>> all(callable(tests) for tests in known_exercises().values())
    True
    """
    for module in pkgutil.iter_modules(importlib.import_module(_PACKAGE).__path__):
        if module.name.startswith("chapter_"):
            importlib.import_module(f"{_PACKAGE}.{module.name}")
    return dict(sorted(_exercises.items(), key=lambda item: _order(item[0])))


def _verdict(number: str, answer: Any) -> str:
    tests = _find_tests(number)
    if tests is None:
        return f"there is no such exercise; there are {_ranges(known_exercises()) or 'none yet'}"
    if _has_blank(answer):
        return "not done yet"
    count = 0
    try:
        for count, (what, outcome) in enumerate(tests(_guarded(answer)), start=1):
            if not outcome:
                detail = getattr(outcome, "detail", "")
                return f"test {count} fails: {what}" + (f" ({detail})" if detail else "")
    except KeyboardInterrupt:
        raise
    except (_NotDone, NotImplementedError):
        return "not done yet"
    except _Stopped as problem:
        return f"test {count + 1} fails: {problem}"
    except BaseException as problem:
        return (
            f"test {count + 1} fails: {_short(answer)} does not have the expected form "
            f"({_in_words(problem)})"
        )
    return f"all {count} tests pass"


def _find_tests(number: Any) -> Callable[[Any], Tests] | None:
    if not isinstance(number, str) or not re.fullmatch(r"\d+\.\d+", number):
        return None
    if number not in _exercises:
        module = f"{_PACKAGE}.chapter_{int(number.split('.')[0]):02d}"
        if importlib.util.find_spec(module) is None:
            return None
        importlib.import_module(module)
    return _exercises.get(number)


def _ranges(numbers: Iterable[str]) -> str:
    """Write sorted numbers by chapter: "3.1 to 3.5, 4.1"."""
    chapters: dict[str, list[str]] = {}
    for number in numbers:
        chapters.setdefault(number.split(".")[0], []).append(number)
    ends = [dict.fromkeys((found[0], found[-1])) for found in chapters.values()]
    return ", ".join(" to ".join(pair) for pair in ends)


def _order(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("."))


# ---------------------------------------------------------------- blanks and guards


def _is_blank(value: Any) -> bool:
    return value is None or value is ...


def _has_blank(answer: Any) -> bool:
    """Whether an answer, or an item of a list, tuple or dictionary, is still the blank."""
    if isinstance(answer, dict):
        return any(_has_blank(value) for value in answer.values())
    if isinstance(answer, list | tuple):
        return any(_has_blank(value) for value in answer)
    return _is_blank(answer)


def _does_nothing(function: Any) -> bool:
    """Whether the body of a function is empty: a docstring, `pass` or `...`."""
    if not isinstance(function, types.FunctionType):
        return False
    harmless = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
    return all(step.opname in harmless for step in dis.get_instructions(function))


def _guarded(answer: Any) -> Any:
    """Return what the tests may play with: a copy of a value, a watched call of a function."""
    if not inspect.isroutine(answer):
        try:
            return copy.deepcopy(answer)
        except Exception:  # generators, tensors inside a graph: the tests only read them
            return answer

    @functools.wraps(answer)
    def watched(*args: Any, **kwargs: Any) -> Any:
        try:
            result = answer(*args, **kwargs)
        except (KeyboardInterrupt, NotImplementedError):
            raise
        except BaseException as problem:
            call = _call(answer, args, kwargs)
            raise _Stopped(f"{call} stopped with {_in_words(problem)}") from None
        if result is ... or (result is None and _does_nothing(answer)):
            raise _NotDone
        if result is None:
            raise _Stopped(f"{_call(answer, args, kwargs)} gives None: is a `return` missing?")
        if isinstance(result, list | tuple) and any(item is ... for item in result):
            raise _NotDone
        return result

    return watched


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep what a check does to itself: printing, warnings, random numbers, figures."""
    python_state, numpy_state, torch_state = (
        random.getstate(),
        np.random.get_state(),
        torch.random.get_rng_state(),
    )
    pyplot = sys.modules.get("matplotlib.pyplot")
    figures = set(pyplot.get_fignums()) if pyplot else set()
    silence = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(silence),
            contextlib.redirect_stderr(silence),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        torch.random.set_rng_state(torch_state)
        if pyplot:
            for number in set(pyplot.get_fignums()) - figures:
                pyplot.close(number)


# ---------------------------------------------------------------- words


def _as_numbers(value: Any) -> np.ndarray | None:
    """Return numbers as a float64 array (complex as they are), or None if there are none."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().resolve_conj()
        value = (value.to(torch.complex128) if value.is_complex() else value.double()).numpy()
    if isinstance(value, list | tuple) and any(isinstance(item, torch.Tensor) for item in value):
        value = [item.detach().cpu().numpy() if hasattr(item, "detach") else item for item in value]
    if not isinstance(value, bool | int | float | complex | list | tuple | np.ndarray | np.generic):
        return None
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biufc" and array.size:
            return None
        return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    except (TypeError, ValueError, OverflowError):  # ragged lists, text among numbers
        return None


def _expected_got(expected: Any, got: Any, reveal: bool) -> str:
    came = f"got {_short(got)}"
    return f"expected {_short(expected)}, {came}" if reveal else came


def _short(value: Any) -> str:
    """Describe a value in a few words."""
    if isinstance(value, torch.Tensor | np.ndarray):
        kind = "tensor" if isinstance(value, torch.Tensor) else "array"
        if value.ndim:
            return f"a {kind} of shape {tuple(value.shape)}"
        value = value.item()
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, float | np.floating):
        return "nan" if math.isnan(value) else f"{value:.6g}"
    if inspect.isroutine(value) or inspect.isclass(value):
        return f"the {'class' if inspect.isclass(value) else 'function'} {value.__name__}"
    try:
        words = _one_line(repr(value))
    except Exception:
        words = ""
    if not words or len(words) > 60 or " at 0x" in words or isinstance(value, torch.nn.Module):
        return f"an object of type {type(value).__name__}"
    return words


def _call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    name = getattr(function, "__name__", "answer")
    name = "your function" if name == "<lambda>" else name
    given = [_short(value) for value in args]
    given += [f"{key}={_short(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(given)})"


def _in_words(problem: BaseException) -> str:
    try:
        text = str(problem)
    except Exception:
        text = ""
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 4] + " ..."
