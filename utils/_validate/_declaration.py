"""What a kind of argument is, and the decorator that checks a call by its signature."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any, ParamSpec, TypeVar, get_args

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Kind:
    """
    What an argument may be; it stands in the signature, in an `Annotated` type.

    Parameters
    ----------
    convert : callable
        ``convert(value, name)`` returns what the function works on, or raises an error that names
        the parameter.
    wrong : sequence
        A few values that it must refuse, for the tests.
    optional : bool
        Whether None passes as it is: ``Count | None`` in the signature.
    """

    convert: Callable[[Any, str], Any]
    wrong: Sequence[Any] = ()
    optional: bool = False

    def __call__(self, value: Any, name: str) -> Any:
        return None if self.optional and value is None else self.convert(value, name)


def kinds_of(function: Callable[..., Any]) -> dict[str, Kind]:
    """Return the kind of each parameter of `function` that declares one."""
    kinds = {}
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        annotation = parameter.annotation
        alternatives = [annotation, *get_args(annotation)]  # a type, or those of `X | None`
        for alternative in alternatives:
            for part in getattr(alternative, "__metadata__", ()):
                if isinstance(part, Kind):
                    kinds[name] = replace(part, optional=NoneType in alternatives)
    return kinds


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """
    Check and convert the arguments of `function` as its signature declares.

    Defaults are converted as well, so that the body never sees anything else. A call that does not
    fit the signature raises Python's own error.
    """
    signature = inspect.signature(function)
    kinds = kinds_of(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            bound = None
        if bound is None:
            return function(*args, **kwargs)  # Python says what is missing or not known
        bound.apply_defaults()
        for name, kind in kinds.items():
            bound.arguments[name] = kind(bound.arguments[name], name)
        return function(*bound.args, **bound.kwargs)

    # What help() and an editor show: `size, kernel_size, *, stride=1`, without the kinds.
    plain = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=plain, return_annotation=signature.empty
    )
    return call
