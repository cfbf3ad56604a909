"""What torchinfo says about a network, the same on every machine."""

import pytest
import torch
from torch import nn

from utils import reports
from utils.reports import torchinfo_report


@pytest.mark.parametrize(
    ("halve", "inputs", "parameters", "multiply_adds"),
    [([], 20_000, "20,087", "880,001"), ([nn.MaxPool2d(2)], 1250, "1,337", "441,251")],
)
def test_sums_are_written_out(halve, inputs, parameters, multiply_adds):
    first = [nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), *halve]  # the network of chapter 7
    second = [nn.Conv2d(3, 2, 3, padding=1), nn.ReLU(), *halve]
    network = nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(inputs, 1))
    lines = torchinfo_report(network, (1, 100, 100)).splitlines()
    assert "".join(lines[1].split()) == "Layer(type:depth-idx)OutputShapeParam#Mult-Adds"
    assert f"Total params: {parameters}" in lines
    assert f"Total mult-adds: {multiply_adds}" in lines
    assert max(map(len, lines)) == 75  # characters fit on a page
    assert not any("Units" in line or line != line.rstrip() for line in lines)


def test_every_level_is_listed_and_long_names_have_room():
    deep = nn.Linear(2, 2)
    for _ in range(8):
        deep = nn.Sequential(deep)
    lines = torchinfo_report(deep, (2,)).splitlines()
    line = next(line for line in lines if "Linear" in line)
    assert line.split()[-3:] == ["2]", "6", "6"]
    assert "Linear: 8-1 " in line
    assert max(map(len, lines)) == 3 * 17 + 38  # the width of the deepest name


def test_the_module_stays_as_it_is_also_when_it_cannot_read_the_input():
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout()).double()
    module[1].eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    torchinfo_report(module, (1, 8, 8))
    with pytest.raises(ValueError, match=r"input_shape must be one .* got \(3, 8, 8\): \w+"):
        torchinfo_report(module, (3, 8, 8))
    assert [part.training for part in module.modules()] == [True, True, False, True]
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


def test_without_torchinfo_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(reports, "torchinfo", None)
    assert "pip install torchinfo" in torchinfo_report(nn.Flatten(), (2, 2))
