"""The methods that chapter 12 writes: right on any network, and without a trace."""

import ast
import copy
import json
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

NOTEBOOK = Path(__file__).resolve().parents[1] / "book" / "12_looking_inside.ipynb"
METHODS = ["evaluating", "listen", "top_patches", "occlusion", "saliency", "grad_cam", "rows_seen"]
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def load_methods():
    """Return the functions of the notebook, as a reader would copy them."""
    namespace = {"torch": torch, "F": F, "contextmanager": contextmanager}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code" or "exercise" in cell["metadata"].get("tags", []):
            continue
        for node in ast.parse("".join(cell["source"])).body:
            if isinstance(node, ast.FunctionDef) and node.name in METHODS:
                exec(compile(ast.Module([node], []), NOTEBOOK.name, "exec"), namespace)
    return namespace


BOOK = load_methods()


def network(device="cpu"):
    """Make a network on colour pictures, with parts that depend on the mode, one of them frozen."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True)]
    layers += [nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(), nn.Linear(8 * 4 * 5, 4)).double()
    model.train()
    model[1].eval()
    model[0].weight.requires_grad_(False)
    return model.to(device)


def picture(device="cpu"):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(3, 16, 20, generator=generator, dtype=torch.float64).to(device)


CALLS = {
    "listen": lambda m, x: BOOK["listen"](m, m[5], x[None])[1],
    "occlusion": lambda m, x: BOOK["occlusion"](m, x, 2),
    "saliency": lambda m, x: BOOK["saliency"](m, x, 2),
    "gradient times input": lambda m, x: BOOK["saliency"](m, x, 2, times_input=True),
    "grad_cam": lambda m, x: BOOK["grad_cam"](m, m[5], x, 2),
    "place by place": lambda m, x: BOOK["grad_cam"](m, m[5], x, 2, by_place=True),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", CALLS)
def test_a_method_leaves_no_trace(name, device):
    model, x = network(device), picture(device)
    before = copy.deepcopy(model.state_dict())
    modes = [part.training for part in model.modules()]
    result = CALLS[name](model, x)
    assert result.device.type == device
    assert torch.isfinite(result).all()
    torch.testing.assert_close(CALLS[name](model, x), result)  # dropout is off
    assert [part.training for part in model.modules()] == modes
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(part._forward_hooks for part in model.modules())
    torch.testing.assert_close(model.state_dict(), before)
    assert not x.requires_grad
    assert x.equal(picture(device))


def test_a_hook_is_removed_when_the_model_fails():
    model = network()
    with pytest.raises(RuntimeError):
        BOOK["listen"](model, model[0], torch.zeros(1, 3, 9, 9, dtype=torch.float64))
    assert not any(part._forward_hooks for part in model.modules())
    assert model.training


@pytest.mark.parametrize(("size", "stride", "shape"), [(6, 2, (8, 10)), (4, 4, (4, 5))])
def test_occlusion_of_a_linear_model_is_the_sum_that_it_hides(size, stride, shape):
    x = picture()
    model = nn.Sequential(nn.Flatten(), nn.Linear(x.numel(), 4)).double()
    falls = BOOK["occlusion"](model, x, 1, size=size, stride=stride)
    share = (model[1].weight[1].view_as(x) * x).sum(dim=0).detach()
    rim = (size - stride) // 2
    windows = F.pad(share, [rim] * 4).unfold(0, size, stride).unfold(1, size, stride)
    assert falls.shape == shape
    torch.testing.assert_close(falls, windows.sum(dim=(2, 3)))


def test_saliency_is_the_largest_slope_of_the_channels():
    model, x = network().eval(), picture()
    step = 1e-6
    for i, j in ((3, 4), (10, 15)):
        slopes = []
        for channel in range(3):
            moved = [x.clone(), x.clone()]
            moved[0][channel, i, j] += step
            moved[1][channel, i, j] -= step
            up, down = model(torch.stack(moved))[:, 2].tolist()
            slopes.append((up - down) / (2 * step))
        found = BOOK["saliency"](model, x, 2)[i, j].item()
        assert found == pytest.approx(max(map(abs, slopes)), rel=1e-4)
        product = sum(slope * value for slope, value in zip(slopes, x[:, i, j].tolist()))
        found = BOOK["saliency"](model, x, 2, times_input=True)[i, j].item()
        assert found == pytest.approx(product, rel=1e-3, abs=1e-8)


def test_gradient_times_input_of_a_linear_model_adds_up_to_the_score():
    x = picture()
    model = nn.Sequential(nn.Flatten(), nn.Linear(x.numel(), 4)).double()
    total = BOOK["saliency"](model, x, 3, times_input=True).sum()
    torch.testing.assert_close(total + model[1].bias[3], model(x[None])[0, 3])


def test_grad_cam_behind_a_global_mean_is_the_weighted_sum_of_the_maps():
    model, x = network(), picture()
    model = nn.Sequential(*model[:6], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
    model = model.double().eval()
    maps = model[:6](x[None])[0]
    expected = (model[8].weight[2][:, None, None] * maps).sum(dim=0) / maps[0].numel()
    found = BOOK["grad_cam"](model, model[5], x, 2)
    torch.testing.assert_close(found, expected.relu().detach())
    found = BOOK["grad_cam"](model, model[5], x, 2, by_place=True)
    torch.testing.assert_close(found, expected.detach())


def test_place_by_place_adds_up_to_the_score():
    model, x = network(), picture()
    total = BOOK["grad_cam"](model, model[6], x, 2, by_place=True).sum()
    torch.testing.assert_close(total + model[9].bias[2], model.eval()(x[None])[0, 2])


def test_top_patches_are_what_the_channel_saw():
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
    net = nn.Sequential(*layers, nn.Conv2d(4, 3, 5, padding=2), nn.ReLU()).double()
    pictures = torch.rand(20, 1, 28, 28, dtype=torch.float64)
    pictures[..., :8, :] = pictures[..., -8:, :] = 0  # windows at the edge do not win
    pictures[..., :8] = pictures[..., -8:] = 0
    maps = net(pictures).detach()
    maps[..., :3, :] = maps[..., -3:, :] = maps[..., :3] = maps[..., -3:] = 0
    patches, best = BOOK["top_patches"](maps, pictures, 1, number=5, size=14, step=2, outside=6)
    strongest = maps[:, 1].flatten(1).amax(dim=1)
    assert best == strongest.topk(5).indices.tolist()
    for layer in (net[0], net[3]):
        layer.padding = (0, 0)
    torch.testing.assert_close(net(patches[:, None])[:, 1, 0, 0], strongest[best])


def test_rows_seen_are_those_with_a_gradient():
    layers = [(5, 1, 2), (2, 2, 0), (3, 2, 1), (3, 1, 0)]
    x = torch.zeros(1, 1, 64, 64, requires_grad=True)
    z = x
    for kernel_size, stride, padding in layers:
        z = F.conv2d(z, torch.ones(1, 1, kernel_size, kernel_size), stride=stride, padding=padding)
    (gradient,) = torch.autograd.grad(z[0, 0, 6, 6], x)
    rows = gradient[0, 0].any(dim=1).nonzero().flatten()
    assert BOOK["rows_seen"](6, layers) == (int(rows[0]), int(rows[-1]))
