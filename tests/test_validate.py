"""Arguments become what functions work on, or an error says what was expected and what came."""

import inspect

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

    def test_an_error_names_the_parameter_however_it_was_given(self):
        for call in (lambda: resize([[1, 2]], 0), lambda: resize(image=[[1, 2]], size=0)):
            with pytest.raises(ValueError, match=r"^size must be at least 1, got 0$"):
                call()

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


NOT_NUMBERS = [None, "text", b"bytes", 3, 3.5, {"a": 1}, {1, 2}, object()]


class TestSingleValues:
    @pytest.mark.parametrize("value", [1, 7, np.int64(7), np.uint8(7)])
    def test_integers_of_every_kind_are_accepted(self, value):
        assert v.as_int(value, "size") == int(value)
        assert type(v.as_int(value, "size")) is int

    @pytest.mark.parametrize("value", [True, np.True_, 2.0, "3", None, [3], torch.tensor(3)])
    def test_other_types_are_no_integers(self, value):
        with pytest.raises(TypeError, match="size must be an integer, got"):
            v.as_int(value, "size")

    @pytest.mark.parametrize(("value", "minimum"), [(0, 1), (-1, 0), (-5, 1)])
    def test_an_integer_below_the_minimum(self, value, minimum):
        with pytest.raises(ValueError, match=f"size must be at least {minimum}, got {value}"):
            v.as_int(value, "size", minimum=minimum)

    def test_an_integer_above_the_maximum(self):
        assert v.as_int(4096, "size", maximum=4096) == 4096
        with pytest.raises(ValueError, match="size must be at most 4,096, got 1,000,000"):
            v.as_int(1_000_000, "size", maximum=4096)

    def test_the_steps_of_an_animation(self):
        assert v.as_step_count(9, most=9) == 9
        with pytest.raises(ValueError, match="at most 9 steps, got 10: use a smaller image"):
            v.as_step_count(10, most=9)

    @pytest.mark.parametrize("value", [2, 2.0, np.float32(2), torch.tensor(2.0)])
    def test_numbers(self, value):
        assert v.as_number(value, "limit") == 2.0

    @pytest.mark.parametrize("value", [True, "2", None, [2], 2j, torch.ones(2)])
    def test_other_types_are_no_numbers(self, value):
        with pytest.raises(TypeError, match="limit must be a number, got"):
            v.as_number(value, "limit")

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0])
    def test_numbers_out_of_range(self, value):
        with pytest.raises(ValueError, match=r"limit must be .*, got"):
            v.as_number(value, "limit", minimum=0, above=0)

    @pytest.mark.parametrize("value", [1, 0, None, "True"])
    def test_only_true_and_false_are_bools(self, value):
        assert v.as_bool(np.True_, "bias") is True
        with pytest.raises(TypeError, match="bias must be True or False, got"):
            v.as_bool(value, "bias")


class TestChoice:
    OPTIONS = ("sobel_x", "sobel_y", "box")

    def test_a_known_name(self):
        assert v.as_choice("box", "kernel", self.OPTIONS) == "box"

    @pytest.mark.parametrize("name", ["sobel", "Sobel X", "SOBEL_Y", "soble_x"])
    def test_an_unknown_name_gets_the_close_ones(self, name):
        with pytest.raises(ValueError, match=r"is not known: did you mean .*'sobel_[xy]'"):
            v.as_choice(name, "kernel", self.OPTIONS)

    def test_a_name_like_no_other_gets_all(self):
        with pytest.raises(ValueError, match="choose 'sobel_x', 'sobel_y' or 'box'"):
            v.as_choice("qqqq", "kernel", self.OPTIONS)

    @pytest.mark.parametrize("name", [None, 3, ["box"]])
    def test_a_name_is_a_string(self, name):
        with pytest.raises(TypeError, match="kernel must be a string, got"):
            v.as_choice(name, "kernel", self.OPTIONS)


class TestTexts:
    def test_one_for_each(self):
        assert v.as_texts(("a", "b"), "titles", 2) == ["a", "b"]

    @pytest.mark.parametrize(
        ("texts", "error", "message"),
        [
            ("ab", TypeError, "titles must be a list of 2 texts, got 'ab'"),
            (None, TypeError, "titles must be a list of 2 texts, got None"),
            (["a"], ValueError, "titles must hold 2 texts, got 1"),
            (["a", 2], TypeError, r"titles\[1\] must be a string, got 2"),
        ],
    )
    def test_anything_else(self, texts, error, message):
        with pytest.raises(error, match=message):
            v.as_texts(texts, "titles", 2)


class TestPairsAndPadding:
    @pytest.mark.parametrize("value", [3, (3, 3), [3, 3], torch.Size([3, 3]), np.int64(3)])
    def test_a_number_is_a_square(self, value):
        assert v.as_pair(value, "stride") == (3, 3)

    @pytest.mark.parametrize("value", [(1,), (1, 2, 3), [], [0, 1], (1, -1), 0])
    def test_wrong_pairs(self, value):
        with pytest.raises(ValueError, match=r"stride must be .*, got"):
            v.as_pair(value, "stride")

    @pytest.mark.parametrize(
        "value", [None, True, 1.5, "33", (1, 2.0), (True, 1), {1: 2, 3: 4}, np.array([1, 2])]
    )
    def test_wrong_types(self, value):
        with pytest.raises(TypeError, match=r"stride must be an integer.*, got"):
            v.as_pair(value, "stride")

    def test_padding(self):
        assert v.as_padding(0) == (0, 0)
        assert v.as_padding("same") == "same"
        with pytest.raises(ValueError, match="padding 'some' is not known: did you mean 'same'"):
            v.as_padding("some")
        with pytest.raises(ValueError, match="padding must be at least 0, got -1"):
            v.as_padding((0, -1))

    def test_pad_amounts(self):
        assert v.pad_amounts((1, 2), 3) == ((1, 1), (2, 2))
        assert v.pad_amounts("valid", 3) == ((0, 0), (0, 0))
        assert v.pad_amounts("same", (3, 4), dilation=(2, 1)) == ((2, 2), (1, 2))

    def test_same_padding_refuses_a_stride(self):
        with pytest.raises(ValueError, match=r'padding="same" needs stride 1, got stride=2'):
            v.pad_amounts("same", 3, stride=2)

    def test_layers(self):
        assert v.as_layers([(3, 1), [2, 2, 4]]) == [(3, 1, 1), (2, 2, 4)]
        with pytest.raises(TypeError, match="layers must be a list"):
            v.as_layers(3)
        with pytest.raises(TypeError, match=r"layers\[0\] must be \(kernel_size, stride\)"):
            v.as_layers([3])
        with pytest.raises(ValueError, match=r"layers\[1\] must be .*, got \(3,\)"):
            v.as_layers([(3, 1), (3,)])


class TestTensors:
    @pytest.mark.parametrize(
        ("value", "dtype"),
        [
            (torch.ones(2, dtype=torch.float64), torch.float64),
            (torch.ones(2, dtype=torch.float16), torch.float16),
            (torch.ones(2, dtype=torch.uint8), torch.float32),
            (torch.ones(2, dtype=torch.bool), torch.float32),
            (np.ones(2), torch.float64),
            (np.ones(2, dtype=np.uint16), torch.float32),
            (np.ones(2, dtype=">f4"), torch.float32),
            (np.ones(4)[::-2], torch.float64),
            ([1, 2], torch.float32),
            ((1.0, 2), torch.float32),
            ([True, False], torch.float32),
            ([torch.ones(3), torch.ones(3)], torch.float32),
            ([np.ones(3), np.ones(3)], torch.float64),
        ],
    )
    def test_numbers_of_every_kind_become_floats(self, value, dtype):
        tensor = v.as_tensor(value, "image")
        assert tensor.dtype == dtype
        assert len(tensor) == 2

    @pytest.mark.parametrize("value", NOT_NUMBERS)
    def test_other_things_do_not(self, value):
        with pytest.raises(TypeError, match="image must be a tensor, an array or nested lists"):
            v.as_tensor(value, "image")

    @pytest.mark.parametrize(
        "value",
        [
            torch.ones(2, 2, dtype=torch.complex64),
            np.ones((2, 2), dtype=np.complex128),
            np.array([["a"]]),
            np.array([[None]]),
            np.array([["2026-01-01"]], dtype="datetime64[D]"),
            torch.eye(2).to_sparse(),
        ],
    )
    def test_only_dense_real_numbers(self, value):
        with pytest.raises(TypeError, match=r"image must .*, got"):
            v.as_tensor(value, "image")

    @pytest.mark.parametrize(
        "value", [[[1, 2], [3]], [["a"]], [None], [torch.ones(2), torch.ones(3)], [[1], 2]]
    )
    def test_ragged_lists(self, value):
        with pytest.raises(ValueError, match="rows of equal length, got"):
            v.as_tensor(value, "image")

    def test_gradients_and_values_are_kept(self):
        image = torch.ones(2, 2, requires_grad=True)
        assert v.as_matrix(image, "image") is image
        array = np.ones((2, 2))
        v.as_matrix(array, "image")[0, 0] = 5  # an array is copied
        assert array[0, 0] == 1
        assert v.as_matrix([image[0], image[1]], "image").requires_grad

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

    def test_the_error_of_the_design(self):
        message = r"image must have shape \(H, W\) or \(C, H, W\), got \(2, 3, 4, 5\)"
        with pytest.raises(ValueError, match=message):
            v.as_image(torch.zeros(2, 3, 4, 5))

    @pytest.mark.parametrize("shape", [(), (4,), (0, 4), (3, 4, 0)])
    def test_wrong_shapes(self, shape):
        with pytest.raises(ValueError, match=r"image must .*, got .*\("):
            v.as_image(torch.zeros(shape))

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

    @pytest.mark.parametrize(
        ("value", "error", "message"),
        [
            (torch.rand(3, 4, 4), ValueError, r"shape \(N, C, H, W\), got \(3, 4, 4\)"),
            ([], ValueError, "at least one image, got none"),
            ("text", TypeError, "must be a list of images, got 'text'"),
            ([torch.rand(2)], ValueError, r"images\[0\] must have shape"),
        ],
    )
    def test_what_is_no_list_of_images(self, value, error, message):
        with pytest.raises(error, match=message):
            v.as_images(value)


class TestKernelsAndLayers:
    @pytest.mark.parametrize("kernel", [torch.ones(2, 3), torch.ones(1, 1, 2, 3), [[1, 2, 3]] * 2])
    def test_kernels(self, kernel):
        assert v.as_kernel(kernel).shape == (2, 3)

    @pytest.mark.parametrize("shape", [(3,), (1, 3, 3), (2, 1, 3, 3), (1, 1, 1, 3, 3), (0, 3)])
    def test_wrong_kernels(self, shape):
        with pytest.raises(ValueError, match=r"kernel must .*, got .*\("):
            v.as_kernel(torch.ones(shape))

    def test_a_layer_is_a_conv2d(self):
        layer = torch.nn.Conv2d(1, 2, 3)
        assert v.as_conv_layer(layer) is layer
        for wrong in (torch.nn.Conv1d(1, 2, 3), torch.nn.Conv2d, None):
            with pytest.raises(TypeError, match=r"conv_layer must be a torch\.nn\.Conv2d, got"):
                v.as_conv_layer(wrong)

    def test_axes(self):
        with pytest.raises(TypeError, match="ax must be a Matplotlib Axes, got an array"):
            v.as_axes(np.array([1, 2]))

    def test_an_image_and_a_filter_have_as_many_channels(self):
        image, kernels = v.as_image_and_filter(torch.ones(2, 4, 4), torch.ones(2, 3, 3).double())
        assert image.dtype == kernels.dtype == torch.float64
        with pytest.raises(ValueError, match=r"each of the 2 channels .* got shape \(3, 3, 3\)"):
            v.as_image_and_filter(torch.ones(2, 4, 4), torch.ones(3, 3, 3))

    def test_an_image_a_weight_and_a_bias_match(self):
        image, weight = torch.ones(2, 4, 4), torch.ones(3, 2, 3, 3)
        assert v.as_image_weight_bias(image, weight, None)[2].tolist() == [0, 0, 0]
        with pytest.raises(ValueError, match=r"weight must have shape \(C_out, 2, kH, kW\)"):
            v.as_image_weight_bias(image, torch.ones(3, 1, 3, 3), None)
        with pytest.raises(ValueError, match=r"bias must have shape \(3,\), got \(2,\)"):
            v.as_image_weight_bias(image, weight, torch.ones(2))


@pytest.mark.parametrize("value", [torch.ones(30, 30), [0] * 90, "x" * 90, np.ones((30, 30))])
def test_a_long_value_does_not_fill_the_message(value):
    with pytest.raises(TypeError) as caught:
        v.as_int(value, "size")
    assert len(str(caught.value)) < 80


class TestModules:
    def test_a_shape_is_a_tuple_of_ints(self):
        assert v.as_input_shape([3, np.int64(8), 8]) == (3, 8, 8)
        assert v.as_input_shape(torch.Size([784])) == (784,)

    @pytest.mark.parametrize("shape", [None, 3, "text", torch.ones(3), {3, 8}])
    def test_what_is_no_shape(self, shape):
        with pytest.raises(TypeError, match=r"input_shape must be a tuple such as .*, got"):
            v.as_input_shape(shape)

    @pytest.mark.parametrize(
        ("shape", "error", "message"),
        [
            ((), ValueError, r"input_shape must have at least one axis, got \(\)"),
            ((3, 0), ValueError, r"input_shape\[1\] must be at least 1, got 0"),
            ((3, 2.5), TypeError, r"input_shape\[1\] must be an integer, got 2\.5"),
        ],
    )
    def test_axes_that_cannot_be(self, shape, error, message):
        with pytest.raises(error, match=message):
            v.as_input_shape(shape)

    @pytest.mark.parametrize("module", [*NOT_NUMBERS, torch.nn.ReLU, torch.relu])
    def test_what_is_no_module(self, module):
        with pytest.raises(TypeError, match=r"module must be a torch\.nn\.Module, got"):
            v.as_module(module)
