"""Tests of the reports of other tools."""

import pytest
import torch
from torch import nn

from utils import reports
from utils.reports import torchinfo_report


def first_cnn(*, pool):
    """Return the network of chapter 7, with or without its pooling layers."""
    halve = [nn.MaxPool2d(2)] if pool else []
    first = [nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), *halve]
    second = [nn.Conv2d(3, 2, 3, padding=1), nn.ReLU(), *halve]
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(1250 if pool else 20_000, 1))


@pytest.mark.parametrize(
    ("pool", "parameters", "multiply_adds"),
    [(False, "20,087", "880,001"), (True, "1,337", "441,251")],
)
def test_sums_are_written_out(pool, parameters, multiply_adds):
    lines = torchinfo_report(first_cnn(pool=pool), (1, 100, 100)).splitlines()
    assert f"Total params: {parameters}" in lines
    assert f"Total mult-adds: {multiply_adds}" in lines
    assert max(map(len, lines)) == 75
    assert not any("Units" in line or line != line.rstrip() for line in lines)


def test_long_names_have_room():
    deep = nn.Linear(2, 2)
    for _ in range(8):
        deep = nn.Sequential(deep)
    line = next(line for line in torchinfo_report(deep, (2,)).splitlines() if "Linear" in line)
    assert line.split()[-3:] == ["2]", "6", "6"]
    assert "Linear: 8-1 " in line


def test_the_module_and_the_random_numbers_stay_as_they_are():
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout())
    module[1].eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state = torch.random.get_rng_state()
    torchinfo_report(module, (1, 8, 8))
    assert [part.training for part in module.modules()] == [True, True, False, True]
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_other_numbers(dtype):
    assert "Linear" in torchinfo_report(nn.Linear(2, 1).to(dtype), (2,))


def test_wrong_arguments():
    with pytest.raises(TypeError, match="module must be a"):
        torchinfo_report(torch.relu, (1, 8, 8))
    with pytest.raises(TypeError, match="input_shape must be a tuple"):
        torchinfo_report(nn.Flatten(), 8)
    module = nn.Conv2d(3, 2, 3).eval()
    with pytest.raises(ValueError, match=r"input_shape must be one .* got \(1, 8, 8\)"):
        torchinfo_report(module, (1, 8, 8))
    assert not module.training


def test_without_torchinfo_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(reports, "torchinfo", None)
    assert "pip install torchinfo" in torchinfo_report(nn.Flatten(), (2, 2))
