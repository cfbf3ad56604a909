"""Arguments become what functions work on, or an error says what was expected and what came."""

import ast
import inspect
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from utils import _validate as v


@v.checked
def resize(image: v.Matrix, size: v.Pair = 4, *, factor: v.Count | None = None, title: object = 3):
    """Show what arrives in the body."""
    return image, size, factor, title


class TestChecked:
    def test_the_body_sees_what_the_signature_declares(self):
        image, size, factor, title = resize([[1, 2]], (np.int64(2), 3), factor=np.int64(5), title=0)
        assert image.dtype == torch.float32
        assert (size, factor, title) == ((2, 3), 5, 0)
        assert type(factor) is int

    def test_defaults_are_converted_too(self):
        assert resize([[1, 2]])[1:] == ((4, 4), None, 3)

    def test_none_passes_where_the_signature_says_so(self):
        assert resize([[1, 2]], factor=None)[2] is None
        with pytest.raises(TypeError, match=r"^size must be an integer or a pair .*, got None"):
            resize([[1, 2]], None)

    @pytest.mark.parametrize(
        ("arguments", "options", "message"),
        [
            ((), {}, r"resize\(\) missing 1 required positional argument: 'image'"),
            (([[1]],), {"sise": 3}, r"resize\(\) got an unexpected keyword argument 'sise'"),
            (([[1]], 1, 2), {}, r"resize\(\) takes from 1 to 2 positional arguments but 3"),
            (([[1]],), {"image": 2}, r"resize\(\) got multiple values for argument 'image'"),
        ],
    )
    def test_a_call_that_does_not_fit_gets_pythons_own_error(self, arguments, options, message):
        with pytest.raises(TypeError, match=message) as caught:
            resize(*arguments, **options)
        assert caught.value.__context__ is None

    def test_help_shows_the_function_without_the_kinds(self):
        assert resize.__doc__ == "Show what arrives in the body."
        assert str(inspect.signature(resize)) == "(image, size=4, *, factor=None, title=3)"

    def test_the_kinds_can_be_read(self):
        kinds = v.kinds_of(resize.__wrapped__)
        assert list(kinds) == ["image", "size", "factor"]
        assert [kind.optional for kind in kinds.values()] == [False, False, True]


KINDS = {
    name: kind
    for name, value in vars(v).items()
    for kind in getattr(value, "__metadata__", ())
    if isinstance(kind, v.Kind)
}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_refuses_its_wrong_values_and_names_the_parameter(name):
    assert len(KINDS[name].wrong) >= 3
    for value in KINDS[name].wrong:
        with pytest.raises((TypeError, ValueError), match=r"^argument\b.*(, got|not known: )"):
            KINDS[name].convert(value, "argument")


def test_no_name_is_given_twice():
    names = []
    files = Path(v.__file__).parent.glob("_[a-z]*.py")
    sources = [path.read_text(encoding="utf-8") for path in files]
    for node in (node for source in sources for node in ast.parse(source).body):
        targets = node.targets if isinstance(node, ast.Assign) else [node]
        names += [name for t in targets if (name := getattr(t, "id", getattr(t, "name", None)))]
    assert sorted(names) == sorted(set(names))


LIMITS = [  # kind, the outermost values that pass, what is just outside, the error
    (v.integer(), [1, 7, np.uint8(7)], {0: "at least 1, got 0"}),
    (v.integer(0, 5000), [0, 5000], {-1: "at least 0, got -1", 5001: "at most 5,000, got 5,001"}),
    (v.number(), [2, -2.0, np.float32(2)], {math.inf: "finite, got inf", math.nan: "finite, got"}),
    (v.number(minimum=0, below=1), [0, 0.99], {-0.1: "at least 0, got", 1: "less than 1, got 1"}),
    (v.number(above=0, maximum=1), [0.1, 1], {0: "greater than 0, got", 1.1: "at most 1, got"}),
    (v.pair(), [1, (2, 3)], {0: "at least 1, got 0", (2, 0): "at least 1, got 0"}),
    (v.pair(0), [0, (0, 3)], {(0, -1): "at least 0, got -1"}),
]


@pytest.mark.parametrize(("kind", "inside", "outside"), LIMITS)
def test_limits(kind, inside, outside):
    for value in inside:
        kind.convert(value, "size")
    for value, message in outside.items():
        with pytest.raises(ValueError, match=f"^size must be {message}"):
            kind.convert(value, "size")


@pytest.mark.parametrize(
    ("convert", "value", "expected"),
    [
        (v.as_int, np.int64(7), 7),
        (v.as_number, torch.tensor(2.5), 2.5),
        (v.as_bool, np.True_, True),
        (v.as_texts, ("a", "b"), ["a", "b"]),
        *((v.as_pair, value, (3, 3)) for value in (3, [3, 3], torch.Size([3, 3]), np.int64(3))),
        *((v.as_int_or_pair, value, value) for value in (3, (3, 3))),
        *((v.as_padding, value, (2, 2)) for value in (2, (2, 2))),
        *((convert, "same", "same") for convert in (v.as_padding, v.as_padding_or_int)),
        *((v.as_padding_or_int, value, value) for value in (0, (0, 1), "valid")),
        (v.as_layers, [(3, 1), [2, 2, 4]], [(3, 1, 1), (2, 2, 4)]),
        (v.as_input_shape, [3, np.int64(8)], (3, 8)),
        (v.as_input_shape, torch.Size([784]), (784,)),
    ],
)
def test_what_arrives_in_the_body(convert, value, expected):
    result = convert(value, "argument")
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("convert", "value", "error", "message"),
    [
        *((v.as_int, value, TypeError, "an integer, got") for value in (True, np.True_, 2.0, [3])),
        (v.as_int, torch.tensor(3), TypeError, r"an integer, got a tensor of shape \(\)"),
        *((v.as_number, value, TypeError, "a number, got") for value in (True, 2j, torch.ones(2))),
        (v.as_bool, 1, TypeError, "True or False, got 1"),
        (v.as_texts, "ab", TypeError, "a list of texts, got 'ab'"),
        (
            v.as_pair,
            np.ones(2),
            TypeError,
            r"an integer or a pair \(H, W\), got an array of shape \(2,\)",
        ),
        (KINDS["ConvLayer"], torch.nn.Conv1d(1, 2, 3), TypeError, r"a torch\.nn\.Conv2d, got an"),
        (v.as_module, torch.nn.ReLU, TypeError, r"a torch\.nn\.Module, got an object of type type"),
    ],
)
def test_messages(convert, value, error, message):
    with pytest.raises(error, match=f"^argument must (be )?{message}"):
        convert(value, "argument")


def test_parts_are_counted():
    with pytest.raises(TypeError, match="titles must be a list of 2 texts, got 'ab'"):
        v.as_titles("ab", 2)
    with pytest.raises(ValueError, match="titles must hold 2 texts, got 1"):
        v.as_titles(["a"], 2)
    with pytest.raises(TypeError, match=r"titles\[1\] must be a string, got 2"):
        v.as_titles(["a", 2], 2)
    assert v.as_titles(None, 2) == [None, None]
    with pytest.raises(TypeError, match=r"layers\[0\] must be \(kernel_size, stride\) or"):
        v.as_layers([3])
    with pytest.raises(ValueError, match=r"layers\[1\] must be .*, got \(3,\)"):
        v.as_layers([(3, 1), (3,)])
    with pytest.raises(ValueError, match=r"input_shape\[1\] must be at least 1, got 0"):
        v.as_input_shape((3, 0))
    assert v.as_step_count(9, most=9) == 9
    with pytest.raises(ValueError, match="at most 9 steps, got 10: use a smaller image"):
        v.as_step_count(10, most=9)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        *((name, "did you mean .*'sobel_[xy]'") for name in ("sobel", "Sobel X", "soble_x")),
        ("qqqq", "choose 'sobel_x', 'sobel_y' or 'box'"),
    ],
)
def test_an_unknown_name_gets_the_close_ones_or_all(name, hint):
    options = ("sobel_x", "sobel_y", "box")
    assert v.as_choice("box", "kernel", options) == "box"
    with pytest.raises(ValueError, match=f"kernel '{name}' is not known: {hint}"):
        v.as_choice(name, "kernel", options)


def test_padding_of_each_side():
    assert v.pad_amounts((1, 2), 3) == ((1, 1), (2, 2))
    assert v.pad_amounts("valid", 3) == ((0, 0), (0, 0))
    assert v.pad_amounts("same", (3, 4), dilation=(2, 1)) == ((2, 2), (1, 2))
    with pytest.raises(ValueError, match=r'padding="same" needs stride 1, got stride=2'):
        v.pad_amounts("same", 3, stride=2)


def test_a_path_is_absolute_and_knows_the_home_folder():
    assert v.as_path("~/data", "root") == Path.home() / "data"
    assert v.as_path(Path("data"), "root") == Path.cwd() / "data"


class TestTensors:
    @pytest.mark.parametrize(
        ("value", "dtype"),
        [
            (torch.ones(2, dtype=torch.float64), torch.float64),
            (torch.ones(2, dtype=torch.uint8), torch.float32),
            (torch.ones(2, dtype=torch.bool), torch.float32),
            (np.ones(2), torch.float64),
            (np.ones(2, dtype=np.uint16), torch.float32),
            (np.ones(2, dtype=">f4"), torch.float32),
            (np.ones(4)[::-2], torch.float64),
            ((1.0, 2), torch.float32),
            ([True, False], torch.float32),
            ([np.ones(3), np.ones(3)], torch.float64),
        ],
    )
    def test_numbers_of_every_kind_become_floats(self, value, dtype):
        tensor = v.as_tensor(value, "image")
        assert tensor.dtype == dtype
        assert len(tensor) == 2

    def test_gradients_and_values_are_kept(self):
        image = torch.ones(2, 2, requires_grad=True)
        assert v.as_tensor(image, "image") is image
        array = np.ones((2, 2))
        v.as_tensor(array, "image")[0, 0] = 5  # an array is copied
        assert array[0, 0] == 1
        assert v.as_tensor([image[0], image[1]], "image").requires_grad

    def test_one_dtype_for_all(self):
        single, double = torch.ones(2), torch.ones(2, dtype=torch.float64)
        assert [t.dtype for t in v.as_same_dtype(a=single, b=double)] == [torch.float64] * 2

    def test_one_device_for_all(self):
        with pytest.raises(ValueError, match="image and kernel must be on one device, got cpu and"):
            v.as_same_dtype(image=torch.ones(2), kernel=torch.ones(2, device="meta"))


class TestImages:
    @pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5), (7, 4, 5), (64, 5, 3), (1, 1)])
    def test_grey_and_channels(self, shape):
        image = v.as_image(torch.rand(shape))
        assert image.shape == (shape if len(shape) == 3 else (1, *shape))

    def test_channels_last_gets_the_remedy(self):
        with pytest.raises(ValueError, match=r"looks like \(H, W, C\): use image.permute\(2, 0, 1"):
            v.as_image(np.zeros((200, 200, 3)))

    @pytest.mark.parametrize(("bad", "name"), [("nan", "NaN"), ("inf", "infinity")])
    def test_only_finite_numbers_can_be_drawn(self, bad, name):
        with pytest.raises(ValueError, match=f"image must hold finite numbers, got {name}"):
            v.as_image([[0.0, float(bad)]])

    def test_it_is_safe_to_draw(self):
        image = torch.rand(4, 4, dtype=torch.bfloat16, requires_grad=True)
        drawn = v.as_image(image)
        assert drawn.dtype == torch.float32
        assert not drawn.requires_grad
        assert image.requires_grad

    def test_lists_of_images(self):
        assert [tuple(i.shape) for i in v.as_images([torch.rand(4, 4), torch.rand(3, 2, 2)])] == [
            (1, 4, 4),
            (3, 2, 2),
        ]
        assert len(v.as_images(torch.rand(5, 1, 4, 4))) == 5


class TestKernelsAndFilters:
    @pytest.mark.parametrize("kernel", [torch.ones(2, 3), torch.ones(1, 1, 2, 3), [[1, 2, 3]] * 2])
    def test_kernels(self, kernel):
        assert v.as_kernel(kernel).shape == (2, 3)

    def test_an_image_and_a_filter_have_as_many_channels(self):
        image, kernels = v.as_image_and_filter(torch.ones(2, 4, 4), torch.ones(2, 3, 3).double())
        assert image.dtype == kernels.dtype == torch.float64
        with pytest.raises(ValueError, match=r"each of the 2 channels .* got shape \(3, 3, 3\)"):
            v.as_image_and_filter(torch.ones(2, 4, 4), torch.ones(3, 3, 3))

    def test_a_missing_bias_is_zero(self):
        image, weight = torch.ones(2, 4, 4), torch.ones(3, 2, 3, 3)
        assert v.as_image_weight_bias(image, weight, None)[2].tolist() == [0, 0, 0]


class TestTraining:
    def test_labels_and_batches(self):
        assert v.as_labels(np.array([1, 2], dtype=np.uint8)).dtype == torch.int64
        assert not v.as_batch(torch.ones(2, 3, requires_grad=True)).requires_grad
        assert v.as_batch(torch.ones(2, 3).int()).dtype == torch.float32

    def test_images_and_labels_are_as_many(self):
        with pytest.raises(
            ValueError, match="train labels must be as many as train images, got 2 a"
        ):
            v.as_examples((torch.ones(3, 4), [0, 1]), "train")

    def test_labels_are_classes(self):
        v.require_classes(torch.tensor([0, 2]), 3, "labels")
        for label in (-1, 3):
            with pytest.raises(ValueError, match=f"labels must be from 0 to 2 .* got {label}"):
                v.require_classes(torch.tensor([0, label]), 3, "labels")

    @pytest.mark.parametrize(
        ("maker", "error", "message"),
        [
            (torch.optim.Optimizer, ValueError, "got one that says: "),
            (lambda parameters, lr: "text", TypeError, "got one that returns 'text'"),
        ],
    )
    def test_an_optimiser_is_made(self, maker, error, message):
        parameters = [torch.ones(1, requires_grad=True)]
        assert isinstance(v.as_optimiser(torch.optim.SGD, parameters, 0.1), torch.optim.SGD)
        with pytest.raises(error, match=f"optimiser must be a callable such as .*, {message}"):
            v.as_optimiser(maker, parameters, 0.1)

    def test_a_trained_model_has_parameters_that_learn(self):
        layer = torch.nn.Linear(2, 2)
        layer.weight.requires_grad_(False)
        assert v.as_trainable(layer) is layer
        layer.bias.requires_grad_(False)
        with pytest.raises(ValueError, match="parameters that require gradients, got none"):
            v.as_trainable(layer)

    @pytest.mark.parametrize(
        "output", [torch.ones(2, 3, 4), torch.ones(1, 3), torch.ones(2, 3).int()]
    )
    def test_a_model_returns_scores(self, output):
        images = torch.ones(2, 5)
        assert v.require_scores(lambda x: x, images) == 5
        with pytest.raises((TypeError, ValueError), match=r"scores of shape \(N, classes\), got"):
            v.require_scores(lambda x: output, images)


@pytest.mark.parametrize("value", [torch.ones(30, 30), [0] * 90, "x" * 90, np.ones((30, 30))])
def test_a_long_value_does_not_fill_the_message(value):
    with pytest.raises(TypeError) as caught:
        v.as_int(value, "size")
    assert len(str(caught.value)) < 80
