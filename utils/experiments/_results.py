"""Accuracies of several networks under several conditions, over several seeds."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import Tensor

from utils import _validate
from utils._validate import checked

_FOLDER = Path(__file__).parent
_NAMES = (  # of the experiments that `make results` measures: of chapter 9, and of chapter 10
    *("other_writers", "outside"),
    *("equal_budget", "faces"),
)
_Name = Annotated[str, _validate.choice(_NAMES)]
_NotNegative = Annotated[float, _validate.number(minimum=0)]
_PER_CENT = 100


@dataclass(frozen=True)
class Results:
    """
    What an experiment measured, and where it comes from.

    Attributes
    ----------
    provenance : dict
        Date, versions, processor, number of threads, and a fingerprint of the code.
    settings : dict
        What the networks were trained with, and on how many pictures.
    seeds : list of int
        One training for each: a seed decides the first weights, the order of the pictures and,
        where not all of them are used, which.
    networks : dict
        For each network its ``architecture`` (what ``print`` shows) and ``parameters``.
    tuning : dict
        For each network the learning rates that were tried, and for each the loss that it was
        judged by: ``settings["chosen by"]`` says which.
    accuracies : dict
        For each network and each condition, the test accuracy for each seed, from 0 to 1.

    Examples
    --------
    >>> results = load_results("equal_budget")
    >>> len(results.of("CNN + flatten", "normal")) == len(results.seeds)
    True
    """

    provenance: dict[str, Any]
    settings: dict[str, Any]
    seeds: list[int]
    networks: dict[str, dict[str, Any]]
    tuning: dict[str, dict[str, float]]
    accuracies: dict[str, dict[str, list[float]]]

    @property
    def conditions(self) -> list[str]:
        """The names of the conditions, in the order in which they were measured."""
        return list(next(iter(self.accuracies.values())))

    def of(self, network: str, condition: str) -> Tensor:
        """
        Return the accuracies of one network under one condition.

        Parameters
        ----------
        network : str
            A key of `accuracies`.
        condition : str
            One of `conditions`.

        Returns
        -------
        Tensor of shape (seeds,), float64
            From 0 to 1.

        Raises
        ------
        TypeError, ValueError
            If there is no such network or condition.

        Examples
        --------
        >>> load_results("equal_budget").of("CNN + flatten", "normal").min() > 0.9
        tensor(True)
        """
        network = _validate.as_choice(network, "network", self.accuracies)
        condition = _validate.as_choice(condition, "condition", self.conditions)
        return torch.tensor(self.accuracies[network][condition], dtype=torch.float64)

    @checked
    def agrees(
        self,
        network: str,
        condition: str,
        accuracy: _NotNegative,
        *,
        tolerance: _NotNegative = 0.03,
    ) -> bool:
        """
        Say whether an accuracy lies within what was measured, or near it.

        Parameters
        ----------
        network, condition : str
            As for `of`.
        accuracy : float
            Of one more training, from 0 to 1.
        tolerance : float
            How far it may lie below the lowest or above the highest of the seeds: other processors
            round differently, which is like another seed.

        Returns
        -------
        bool
            Whether it does.

        Raises
        ------
        TypeError, ValueError
            If there is no such network or condition, or a number is none.

        Examples
        --------
        >>> load_results("equal_budget").agrees("CNN + flatten", "normal", 0.1)
        False
        """
        measured = self.of(network, condition)
        low, high = measured.aminmax()
        return bool(low - tolerance <= accuracy <= high + tolerance)

    def table(self, conditions: Sequence[str] | None = None) -> str:
        """
        Write mean and standard deviation over the seeds, in per cent.

        Parameters
        ----------
        conditions : list of str, optional
            The rows; all `conditions` if not given.

        Returns
        -------
        str
            A line for each condition, a column for each network.

        Raises
        ------
        TypeError, ValueError
            If there is no such condition.

        Examples
        --------
        >>> print(load_results("equal_budget").table(["normal"]))  # doctest: +ELLIPSIS
        per cent right...fully connected...CNN + flatten...
        normal...
        """
        rows = self.conditions if conditions is None else conditions
        rows = [_validate.as_choice(row, "condition", self.conditions) for row in rows]
        first = max(map(len, ["per cent right", *rows])) + 2
        widths = [max(len(name), len("100.0 ± 0.0")) + 2 for name in self.accuracies]
        names = (f"{name:>{width}}" for name, width in zip(self.accuracies, widths))
        lines = ["per cent right".ljust(first) + "".join(names)]
        for row in rows:
            cells = ""
            for name, width in zip(self.accuracies, widths):
                measured = _PER_CENT * self.of(name, row)
                cells += f"{measured.mean():.1f} ± {measured.std():3.1f}".rjust(width)
            lines.append(row.ljust(first) + cells)
        return "\n".join(lines)

    def to_json(self) -> str:
        """
        Return the text that `load_results` reads.

        Returns
        -------
        str
            JSON, with one line for each list of numbers.

        Examples
        --------
        >>> json.loads(load_results("faces").to_json())["seeds"][0]
        0
        """
        return _write(asdict(self)) + "\n"


@checked
def load_results(name: _Name) -> Results:
    """
    Read what was measured.

    Parameters
    ----------
    name : str
        The experiment: "other_writers" or "outside" of chapter 9, "equal_budget" or "faces" of
        chapter 10.

    Returns
    -------
    Results
        Accuracies, seeds, settings, networks and provenance.

    Raises
    ------
    TypeError
        If `name` is not a string.
    ValueError
        If there is no such experiment, or its file is missing or broken.

    Examples
    --------
    >>> sorted(load_results("equal_budget").accuracies)
    ['CNN + flatten', 'CNN + global pooling', 'fully connected']
    """
    return read_results(_FOLDER / f"{name}.json")


def read_results(file: Path) -> Results:
    """Read a file of results, or say in one line what is wrong with it."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _unusable(file, "no such file") from None
    except ValueError as error:  # not JSON, or not text
        raise _unusable(file, str(error)) from None
    if not isinstance(content, dict) or set(content) != set(Results.__annotations__):
        raise _unusable(file, "other entries than a file of results has")
    results = Results(**content)
    if problem := _problem_with(results):
        raise _unusable(file, problem)
    return results


def _unusable(file: Path, problem: str) -> ValueError:
    return ValueError(
        f"the results must be in {file.name}, got {problem:.120}: run `make results`, or get the "
        "file again"
    )


def _problem_with(results: Results) -> str:
    """Say what is missing or wrong, or return an empty string."""
    networks, accuracies = results.networks, results.accuracies
    if not all(isinstance(part, dict) and part for part in (networks, accuracies)):
        return "no networks or no accuracies"
    if not list(networks) == list(accuracies) == list(results.tuning):
        return "not the same networks in every part"
    if not all(isinstance(row, dict) and row for row in accuracies.values()):
        return "a network without conditions"
    conditions = results.conditions
    for name, row in accuracies.items():
        if list(row) != conditions:
            return f"other conditions for {name!r}"
        for condition, values in row.items():
            if not isinstance(values, list) or len(values) != len(results.seeds):
                return f"not one accuracy for each seed at {name!r}, {condition!r}"
            if not all(isinstance(value, float) and 0 <= value <= 1 for value in values):
                return f"an accuracy that is not from 0 to 1 at {name!r}, {condition!r}"
    return ""


def _write(value: Any, indent: int = 0) -> str:
    """Write JSON with one entry of a dictionary on a line, and lists in one line."""
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    space = " " * (indent + 1)
    lines = (f"{space}{json.dumps(key)}: {_write(part, indent + 1)}" for key, part in value.items())
    return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"
