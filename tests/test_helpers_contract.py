"""
The rules that every helper of the book keeps (CONTRIBUTING says why).

A new public function is found by itself: the tests below fail until it has an entry in `CALLS`.
What its arguments may be stands in its signature (`utils._validate`), and the wrong values that it
must refuse follow from there.
"""

import ast
import contextlib
import copy
import importlib
import inspect
import json
import pkgutil
import random
import re
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpydoc.docscrape import FunctionDoc

import utils
from tests.drawn import approved_lines
from utils._validate import kinds_of
from utils.animation import Animation
from utils.training import History

mpl.use("agg")
ROOT = Path(utils.__file__).resolve().parent
EVERY_MODULE = sorted(module.name for module in pkgutil.walk_packages(utils.__path__, "utils."))
# What the book imports from; the modules inside a package are its own affair.
MODULES = [name for name in EVERY_MODULE if name.count(".") == 1 and "._" not in name]
WITHOUT_MATPLOTLIB = ["utils.shapes", "utils.kernels", "utils.convolution", "utils.training"]


def public_functions():
    """Return every public function but the exercise checks, by its name without ``utils.``."""
    found = {}
    for name in MODULES:
        module = importlib.import_module(name)
        for attribute in getattr(module, "__all__", ()):
            value = getattr(module, attribute)
            if inspect.isfunction(value) and name != "utils.checks":
                found[f"{name.removeprefix('utils.')}.{attribute}"] = value
    return found


FUNCTIONS = public_functions()


# One call that works, for each function ---------------------------------------------------------


def grey():
    return torch.rand(6, 7, generator=torch.Generator().manual_seed(0))


def colour():
    return torch.rand(3, 8, 9, generator=torch.Generator().manual_seed(0))


def kernel():
    return torch.tensor([[0.0, 1.0, 2.0], [2.0, 2.0, 0.0], [0.0, 1.0, 2.0]])


def weight():
    return torch.randn(2, 3, 3, 3, generator=torch.Generator().manual_seed(0))


def conv_layer():
    layer = torch.nn.Conv2d(3, 2, 3)
    with torch.no_grad():
        layer.weight.copy_(weight())
    return layer


def network():
    return torch.nn.Sequential(conv_layer(), torch.nn.BatchNorm2d(2), torch.nn.MaxPool2d(2))


def classifier():
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3), torch.nn.Dropout())
    with torch.no_grad():
        model[1].weight.copy_(torch.eye(3, 4))
    return model


def examples():
    return torch.rand(5, 1, 2, 2, generator=torch.Generator().manual_seed(0)), labels()


def labels():
    return torch.tensor([0, 1, 2, 2, 1])


CALLS = {
    "animation.animate_channels": lambda f: f(colour()[:, :4, :3], weight()[0]),
    "animation.animate_conv": lambda f: f(grey()[:4, :4], kernel()),
    "animation.animate_pool": lambda f: f(grey()[:4, :4], 2),
    "convolution.conv2d_flipped": lambda f: f(grey(), kernel()),
    "convolution.corr2d": lambda f: f(grey(), kernel()),
    "convolution.corr2d_multi_in": lambda f: f(colour(), weight()[0]),
    "convolution.corr2d_multi_in_out": lambda f: f(colour(), weight()),
    "data.class_names": lambda f: f("fashion_mnist"),
    "data.colour_digits": lambda f: f(4, size=16),
    "data.digits": lambda f: f(size=12),
    "data.faces": lambda f: f(2, size=48),
    "data.load_images": lambda f: f("digits"),
    "data.pen_digits": lambda f: f(2, size=16),
    "data.portrait": lambda f: f(size=16),
    "data.split": lambda f: f(torch.ones(8, 1, 2, 2), [0, 1] * 4),
    "diagrams.draw_grid": lambda f: f(grey()),
    "diagrams.draw_network": lambda f: f([4, 2, 1]),
    "diagrams.plot_architectures": lambda f: f({"small": (network(), (3, 8, 9))}),
    "diagrams.plot_convolution": lambda f: f(grey()[:4, :4], kernel()),
    "diagrams.plot_grids": lambda f: f([grey(), kernel()]),
    "diagrams.plot_network_volumes": lambda f: f(network(), (3, 8, 9)),
    "diagrams.plot_pool_step": lambda f: f(grey()[:4, :4], 2),
    "diagrams.plot_window_step": lambda f: f(grey()[:4, :4], kernel()),
    "experiments.load_results": lambda f: f("faces"),
    "inside.plot_heatmaps": lambda f: f(
        [grey(), colour()], {"a map": [grey()[:3, :3] - 0.5, grey()]}
    ),
    "inside.plot_tiles": lambda f: f({"channels": colour()}, rows=2),
    "inside.show_heatmap": lambda f: f(grey() - 0.5),
    "kernels.kernel": lambda f: f("sobel_x"),
    "kernels.kernel_names": lambda f: f(),
    "plotting.plot_confusion": lambda f: f(torch.tensor([[3, 1, 0], [0, 4, 0], [0, 2, 2]])),
    "plotting.plot_conv": lambda f: f(grey(), kernel()),
    "plotting.plot_convs": lambda f: f(colour(), conv_layer()),
    "plotting.plot_history": lambda f: f(History([1.9, 0.6], [1.2, 0.4])),
    "plotting.plot_images": lambda f: f([grey(), colour()]),
    "plotting.plot_kernels": lambda f: f([kernel(), kernel()]),
    "plotting.plot_responses": lambda f: f([grey() - 0.5, grey()]),
    "plotting.show_image": lambda f: f(colour()),
    "plotting.show_kernel": lambda f: f(kernel()),
    "plotting.show_response": lambda f: f(grey() - 0.5),
    "reports.torchinfo_report": lambda f: f(network(), (3, 8, 9)),
    "shapes.conv_multiply_adds": lambda f: f(8, 2, 4, 3),
    "shapes.conv_output_size": lambda f: f(8, 3),
    "shapes.conv_parameters": lambda f: f(2, 4, 3),
    "shapes.conv_transpose_output_size": lambda f: f(8, 3),
    "shapes.linear_multiply_adds": lambda f: f(3, 2),
    "shapes.linear_parameters": lambda f: f(3, 2),
    "shapes.pixel_usage": lambda f: f(8, 3),
    "shapes.pool_output_size": lambda f: f(8, 3),
    "shapes.receptive_field": lambda f: f([(3, 1), (2, 2)]),
    "shapes.same_padding": lambda f: f(3),
    "shapes.summarise": lambda f: f(network(), (3, 8, 9)),
    "shapes.unused_pixels": lambda f: f(8, 3),
    "style.use_book_style": lambda f: f(),
    "training.accuracy_interval": lambda f: f(97, 100),
    "training.confusion_matrix": lambda f: f(labels(), labels().flip(0), 3),
    "training.evaluate": lambda f: f(classifier(), examples()[0], labels()),
    "training.fit": lambda f: f(classifier(), examples(), examples(), epochs=2, batch_size=2),
    "training.predict": lambda f: f(classifier(), examples()[0]),
    "training.scores": lambda f: f(classifier(), examples()[0]),
}


def arguments_of(name):
    """Return the arguments of the call in `CALLS`, by name."""
    return CALLS[name](inspect.signature(FUNCTIONS[name]).bind).arguments


# What the signatures declare --------------------------------------------------------------------

DECLARED = {name: kinds_of(inspect.unwrap(function)) for name, function in FUNCTIONS.items()}
CHECKED = [name for name, function in FUNCTIONS.items() if hasattr(function, "__wrapped__")]


# Watching what a call does ----------------------------------------------------------------------


def snapshot(value):
    """Return something that compares equal as long as `value` is not changed."""
    if isinstance(value, torch.nn.Module):
        state = {key: snapshot(tensor) for key, tensor in value.state_dict().items()}
        grads = [parameter.grad is None for parameter in value.parameters()]
        return state, value.training, grads, len(value._forward_hooks)
    if isinstance(value, torch.Tensor):
        return value.tolist(), value.dtype, value.requires_grad, value.grad is None
    if isinstance(value, np.ndarray):
        return value.tolist(), value.dtype
    if isinstance(value, dict):
        return {key: snapshot(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [snapshot(entry) for entry in value]
    return copy.copy(value) if isinstance(value, (str, int, float)) else id(value)


def surroundings():
    """Return the global state that no helper may touch."""
    return (
        mpl.rcParams.copy(),
        torch.get_rng_state().numpy().tobytes(),
        np.random.get_state()[1].tobytes(),  # noqa: NPY002
        random.getstate(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
    )


# Modules ----------------------------------------------------------------------------------------


def test_importing_has_no_side_effect():
    script = """
        import importlib, json, random, sys, warnings
        names, without = json.loads(sys.argv[1]), json.loads(sys.argv[2])
        problems = []
        for name in without:
            importlib.import_module(name)
            if "matplotlib" in sys.modules:
                problems.append(f"{name} imports matplotlib")
        import matplotlib as mpl, matplotlib.pyplot as plt, numpy as np, torch

        def state():
            return (dict(mpl.rcParams), torch.get_rng_state().tolist(), random.getstate(),
                    np.random.get_state()[1].tolist(), plt.get_fignums(), list(warnings.filters),
                    torch.get_default_dtype(), torch.get_num_threads(), mpl.get_backend())

        before = state()
        for name in names:
            importlib.import_module(name)
            if state() != before:
                problems.append(f"{name} changes something when it is imported")
        print(json.dumps(problems))
    """
    arguments = [json.dumps(EVERY_MODULE), json.dumps(WITHOUT_MATPLOTLIB)]
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        cwd=ROOT.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == ""
    assert json.loads(result.stdout) == []  # and nothing else was printed


@pytest.mark.parametrize("name", MODULES)
def test_a_module_names_what_it_offers(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert len(module.__all__) == len(set(module.__all__))
    own = {
        attribute
        for attribute, value in vars(module).items()
        if not attribute.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == name
    }
    assert own <= set(module.__all__)
    assert all(hasattr(module, attribute) for attribute in module.__all__)


def test_a_star_import_gives_the_two_names_everybody_knows_and_no_library():
    names = {}
    exec("from utils.plotting import *", names)
    assert {"plot_conv", "plot_convs"} <= set(names)
    assert not {"torch", "plt", "np", "F"} & set(names)


SOURCES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_helpers_are_quiet(path):
    """No print, no plt.show, no rcParams but in `style`, no seed, no draw without a generator."""
    allowed = {"style.py": {"rcParams", "rcParams.update"}}.get(path.name, set())
    if path.name == "training.py":
        allowed = {"manual_seed"}  # inside `fork_rng`, which puts the generators back
    if path.parent.name == "checks":
        allowed = {"print"}
    forbidden = {"print", "show", "rcParams", "manual_seed", "seed", "set_default_dtype"}
    problems = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr == "rcParams" and not allowed:
            problems.append((node.lineno, "rcParams"))
        if not isinstance(node, ast.Call):
            continue
        owner = getattr(getattr(node.func, "value", None), "id", "")
        called = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
        seeded = isinstance(getattr(node.func, "value", None), ast.Call)  # Generator().manual_seed
        if called in forbidden - allowed and not seeded:
            problems.append((node.lineno, called))
        if owner == "torch" and called in {"rand", "randn", "randint", "randperm"}:
            keywords = {keyword.arg for keyword in node.keywords}
            if "generator" not in keywords:
                problems.append((node.lineno, f"torch.{called} without a generator"))
    assert problems == []


# Functions --------------------------------------------------------------------------------------


def test_every_function_is_tried():
    assert set(FUNCTIONS) - set(CALLS) == set(), "add a call to CALLS"
    assert set(CALLS) - set(FUNCTIONS) == set(), "these are gone"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_is_declared(name):
    """A parameter has a kind, or is any `object`, such as a title that Matplotlib writes."""
    function = inspect.unwrap(FUNCTIONS[name])
    assert not inspect.signature(function).parameters or name in CHECKED
    parameters = inspect.signature(function, eval_str=True).parameters
    assert {key for key, p in parameters.items() if p.annotation is not object} == set(
        DECLARED[name]
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstrings_say_all(name):
    function = FUNCTIONS[name]
    document = FunctionDoc(function)
    documented = {
        part.strip().lstrip("*")
        for entry in document["Parameters"]
        for part in entry.name.split(",")
    }
    parameters = set(inspect.signature(function).parameters)
    assert documented == parameters
    assert document["Summary"]
    assert document["Examples"], "give a runnable example"
    assert any(line.startswith(">>>") for line in document["Examples"])
    if name != "style.use_book_style":
        assert document["Returns"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_verb_gives_the_type(name):
    result = FUNCTIONS[name](**arguments_of(name))
    verb = name.split(".")[1].split("_")[0]
    kinds = {"show": Axes, "draw": Axes, "plot": Figure, "animate": Animation}
    if verb in kinds:
        assert isinstance(result, kinds[verb])
    else:
        assert not isinstance(result, (Axes, Figure))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_call_changes_nothing_else(name, capsys):
    arguments = arguments_of(name)
    before, around = snapshot(arguments), surroundings()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = FUNCTIONS[name](**arguments)
    if name not in TRAINS:
        assert snapshot(arguments) == before
    if name != "style.use_book_style":
        assert surroundings() == around
    assert capsys.readouterr() == ("", "")
    assert len(plt.get_fignums()) <= isinstance(result, (Axes, Figure))


AXES_FUNCTIONS = [n for n, f in FUNCTIONS.items() if "ax" in inspect.signature(f).parameters]


@pytest.mark.parametrize("name", AXES_FUNCTIONS)
def test_one_panel_draws_where_it_is_told_or_in_a_figure_of_its_own(name):
    figure, (first, second) = plt.subplots(1, 2)
    untouched = len(second.get_children())
    assert FUNCTIONS[name](**arguments_of(name), ax=first) is first
    assert plt.get_fignums() == [figure.number]
    assert FUNCTIONS[name](**arguments_of(name)).figure is not figure
    assert figure.axes == [first, second]
    assert len(second.get_children()) == untouched


TRAINS = {"training.fit"}  # tests/test_training.py says what it leaves alone
TENSOR_FUNCTIONS = [
    name
    for name in FUNCTIONS
    if name in CALLS
    and any(isinstance(v, (torch.Tensor, torch.nn.Module)) for v in arguments_of(name).values())
]


@pytest.mark.parametrize("name", TENSOR_FUNCTIONS)
@pytest.mark.parametrize("kind", ["grad", "float64", "int64", "cuda", "array"])
def test_tensors_of_every_kind(name, kind):
    if kind == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    convert = {
        "grad": lambda tensor: tensor.requires_grad_(),
        "float64": lambda tensor: tensor.double(),
        "int64": lambda tensor: (tensor * 2).long() if tensor.is_floating_point() else tensor,
        "cuda": lambda tensor: tensor.cuda(),
        "array": lambda tensor: tensor.numpy(),
    }[kind]
    arguments = {}
    for key, value in arguments_of(name).items():
        whole = isinstance(value, torch.Tensor) and not value.is_floating_point()
        if isinstance(value, torch.Tensor) and not (whole and kind in ("grad", "float64")):
            value = convert(value)
        elif isinstance(value, torch.nn.Module) and kind == "cuda":
            value = value.cuda()
        arguments[key] = value
    before = snapshot(arguments)
    FUNCTIONS[name](**arguments)
    if name not in TRAINS:
        assert snapshot(arguments) == before


@contextlib.contextmanager
def refused(name, arguments, parameter, capsys):
    """Expect a clear error about `parameter`, and that nothing else happens."""
    before, around = snapshot(arguments), surroundings()
    with pytest.raises((TypeError, ValueError)) as caught:
        yield
    message = str(caught.value)
    assert type(caught.value) in (TypeError, ValueError)
    assert re.match(rf"{parameter}\b.*(, got |is not known: )", message, re.DOTALL), message
    assert len(message) < 300
    assert plt.get_fignums() == []
    assert snapshot(arguments) == before
    assert surroundings() == around
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "parameter"), [(name, key) for name in CHECKED for key in DECLARED[name]]
)
def test_wrong_arguments_get_a_clear_error(name, parameter, capsys):
    kind = DECLARED[name][parameter]
    assert len(kind.wrong) > 0
    for value in kind.wrong:
        if not (kind.optional and value is None):
            arguments = {**arguments_of(name), parameter: value}
            with refused(name, arguments, parameter, capsys):
                FUNCTIONS[name](**arguments)


# The interface that the chapters rely on --------------------------------------------------------

THE_OTHER_WAY = {
    "convolution.corr2d_multi_in_out:bias",
    "data.class_names:name",
    "data.colour_digits:n",
    "data.faces:n",
    "data.load_images:name",
    "data.pen_digits:n",
    "inside.plot_tiles:rows",
    "inside.show_heatmap:image",
    "plotting.plot_convs:axis",
    "training.fit:epochs",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_data_come_by_position_and_options_with_a_default_by_name(name):
    for parameter in inspect.signature(FUNCTIONS[name]).parameters.values():
        required = parameter.default is parameter.empty
        by_position = required != (f"{name}:{parameter.name}" in THE_OTHER_WAY)
        assert (parameter.kind is parameter.POSITIONAL_OR_KEYWORD) == by_position, parameter


def test_every_parameter_keeps_its_name_its_place_and_its_default():
    signatures = [f"{name}{inspect.signature(FUNCTIONS[name])}" for name in sorted(FUNCTIONS)]
    assert signatures == approved_lines("interface", signatures)
