"""Sizes and counts equal PyTorch's, refusals included, and the numbers the book prints."""

import random
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from utils.shapes import (
    conv_multiply_adds,
    conv_output_size,
    conv_parameters,
    conv_transpose_output_size,
    linear_multiply_adds,
    linear_parameters,
    pixel_usage,
    pool_output_size,
    receptive_field,
    same_padding,
    unused_pixels,
)

REFUSED = "refused"


def size_or_refusal(compute):
    """Return the size, or REFUSED when there is none: an error, or an empty output."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an even kernel with "same"
            result = compute()
    except (RuntimeError, ValueError):
        return REFUSED
    size = tuple(result.shape[2:]) if isinstance(result, torch.Tensor) else result
    return size if 0 not in size else REFUSED


def draw(rng, low, high):
    """Draw a pair; one in twenty has a value just below what is allowed."""
    low -= rng.random() < 0.05
    return rng.randint(low, high), rng.randint(low, high)


class TestPyTorchIsTheOracle:
    """14,000 settings, wrong ones among them: the same size, or both refuse."""

    def test_convolution(self):
        rng, agreed, refused = random.Random(0), 0, 0
        for _ in range(6000):
            size, kernel_size = draw(rng, 1, 12), draw(rng, 1, 5)
            options = {
                "stride": draw(rng, 1, 4),
                "padding": rng.choice([draw(rng, 0, 4)] * 3 + ["same", "valid"]),
                "dilation": draw(rng, 1, 3),
            }
            if options["padding"] == "same" and rng.random() < 0.7:
                options["stride"] = (1, 1)
            image, weight = torch.empty(1, 1, *size), torch.empty(1, 1, *kernel_size)
            expected = size_or_refusal(lambda: F.conv2d(image, weight, **options))  # noqa: B023
            ours = size_or_refusal(lambda: conv_output_size(size, kernel_size, **options))  # noqa: B023
            assert ours == expected, (size, kernel_size, options)
            agreed += 1
            refused += ours == REFUSED
        assert agreed - refused > 2000
        assert refused > 1000

    @pytest.mark.parametrize("pool", ["max", "average"])
    def test_pooling(self, pool):
        rng, refused = random.Random(1), 0
        for _ in range(2000):
            size, kernel_size = draw(rng, 2, 12), draw(rng, 1, 4)
            options = {
                "stride": rng.choice([None, draw(rng, 1, 4)]),
                "padding": (rng.randint(0, 2), rng.randint(0, 2)),
                "ceil_mode": rng.random() < 0.5,
            }
            if pool == "max":
                options["dilation"] = draw(rng, 1, 2)
            reference = F.max_pool2d if pool == "max" else F.avg_pool2d
            image = torch.empty(1, 1, *size)
            expected = size_or_refusal(lambda: reference(image, kernel_size, **options))  # noqa: B023
            ours = size_or_refusal(lambda: pool_output_size(size, kernel_size, **options))  # noqa: B023
            assert ours == expected, (size, kernel_size, options)
            refused += ours == REFUSED
        assert 400 < refused < 1600

    def test_transposed_convolution(self):
        # An empty output is refused by some of PyTorch's implementations and by ours.
        rng, refused = random.Random(2), 0
        for _ in range(4000):
            size, kernel_size = draw(rng, 1, 9), draw(rng, 1, 5)
            options = {
                "stride": draw(rng, 1, 4),
                "padding": draw(rng, 0, 3),
                "output_padding": draw(rng, 0, 2),
                "dilation": draw(rng, 1, 3),
            }
            image, weight = torch.empty(1, 1, *size), torch.empty(1, 1, *kernel_size)
            expected = size_or_refusal(lambda: F.conv_transpose2d(image, weight, **options))  # noqa: B023
            ours = size_or_refusal(
                lambda: conv_transpose_output_size(size, kernel_size, **options)  # noqa: B023
            )
            assert ours == expected, (size, kernel_size, options)
            refused += ours == REFUSED
        assert 400 < refused < 3000

    def test_transposed_convolution_undoes_the_size(self):
        for stride in (1, 2, 3):
            for size in range(5, 20):
                smaller = conv_output_size(size, 3, stride=stride, padding=1)
                rest = unused_pixels(size, 3, stride=stride, padding=1)
                assert size == conv_transpose_output_size(
                    smaller, 3, stride=stride, padding=1, output_padding=rest
                )

    def test_same_padding(self):
        for kernel_size in range(1, 9):
            for dilation in range(1, 5):
                if dilation * (kernel_size - 1) % 2:
                    with pytest.raises(ValueError, match="use an odd kernel_size"):
                        same_padding(kernel_size, dilation=dilation)
                else:
                    padding = same_padding(kernel_size, dilation=dilation)
                    size = conv_output_size(50, kernel_size, padding=padding, dilation=dilation)
                    assert size == 50

    @pytest.mark.parametrize(
        ("stride", "padding"),
        [(1, 0), (1, (1, 2)), (1, "same"), (2, "valid"), (2, 1), ((3, 1), (0, 2))],
    )
    @pytest.mark.parametrize("dilation", [1, (1, 2)])
    @pytest.mark.parametrize("kernel_size", [3, (2, 3), (1, 4)])
    def test_pixel_usage_is_a_gradient(self, kernel_size, stride, padding, dilation):
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        image = torch.ones(1, 1, 7, 9, dtype=torch.float64, requires_grad=True)
        height, width = (kernel_size,) * 2 if isinstance(kernel_size, int) else kernel_size
        weight = torch.ones(1, 1, height, width, dtype=torch.float64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            F.conv2d(image, weight, **options).sum().backward()
        usage = pixel_usage((7, 9), kernel_size, **options)
        assert usage.dtype == torch.int64
        torch.testing.assert_close(usage, image.grad[0, 0].long())

    @pytest.mark.parametrize("stride", [1, 2, 3])
    @pytest.mark.parametrize("padding", [0, 1])
    def test_unused_pixels_are_those_of_no_window(self, stride, padding):
        for size in range(5, 15):
            padded = size + 2 * padding
            used = pixel_usage(padded, 3, stride=stride)[0].nonzero().max().item() + 1
            left = unused_pixels(size, 3, stride=stride, padding=padding)
            assert left == padded - used

    @pytest.mark.parametrize("groups", [1, 3])
    @pytest.mark.parametrize("bias", [True, False])
    def test_parameters(self, groups, bias):
        layer = nn.Conv2d(6, 9, (3, 5), groups=groups, bias=bias)
        assert conv_parameters(6, 9, (3, 5), groups=groups, bias=bias) == sum(
            parameter.numel() for parameter in layer.parameters()
        )
        layer = nn.Linear(7, 4, bias=bias)
        assert linear_parameters(7, 4, bias=bias) == sum(
            parameter.numel() for parameter in layer.parameters()
        )

    @pytest.mark.parametrize(
        "layers", [[(3, 1)], [(3, 1, 2), (5, 2)], [(5, 1), (2, 2), (5, 1), (2, 2)], [(3, 2)] * 3]
    )
    def test_receptive_field_is_where_the_gradient_is_not_zero(self, layers):
        signal = torch.ones(1, 1, 120, dtype=torch.float64, requires_grad=True)
        hidden = signal
        for kernel_size, stride, *dilation in layers:
            weight = torch.ones(1, 1, kernel_size, dtype=torch.float64)
            hidden = F.conv1d(hidden, weight, stride=stride, dilation=(*dilation, 1)[0])
        hidden[0, 0, 1].backward()
        touched = signal.grad[0, 0].nonzero()
        assert receptive_field(layers) == (touched.max() - touched.min() + 1).item()


class TestNumbersOfTheBook:
    @pytest.mark.parametrize(
        ("kernel_size", "stride", "padding", "expected"),
        [
            (5, 1, 0, 196),
            (3, 1, 0, 198),
            (50, 1, 0, 151),
            (51, 1, 25, 200),
            (25, 3, 0, 59),
            (4, 1, 2, 201),  # an even kernel with kernel_size // 2 does not keep the size
        ],
    )
    def test_the_portrait(self, kernel_size, stride, padding, expected):
        size = conv_output_size(200, kernel_size, stride=stride, padding=padding)
        assert size == expected

    def test_from_73_to_25_to_10_parameters(self):
        assert linear_parameters(16, 4) + linear_parameters(4, 1) == 73
        assert 4 * linear_parameters(4, 1) + linear_parameters(4, 1) == 25
        assert conv_parameters(1, 1, 2) + linear_parameters(4, 1) == 10

    def test_the_first_layer(self):
        assert conv_output_size(32, 5) == 28
        assert 6 * 28 * 28 == 4704
        assert conv_parameters(3, 6, 5) == 456
        assert linear_multiply_adds(3 * 32 * 32, 4704) == 14_450_688
        assert linear_parameters(3 * 32 * 32, 4704) == 14_455_392
        assert conv_output_size(1000, 5) == 996
        assert linear_multiply_adds(3 * 1000**2, 6 * 996**2) == 17_856_288_000_000  # 1.8e13

    def test_edges_and_corners_are_used_less(self):
        usage = pixel_usage(5, 3, padding=1)
        assert usage[0, 0] == usage[4, 4] == usage[0, 4] == usage[4, 0] == 4
        assert set(usage[0, 1:4].tolist()) == {6}
        assert usage[2, 2] == 9
        assert usage.shape == (5, 5)

    def test_pooling(self):
        assert pool_output_size((5, 10), (5, 1)) == (1, 10)
        assert pool_output_size(7, 2) == 3
        assert unused_pixels(7, 2, stride=2) == 1

    def test_small_networks(self):
        assert conv_parameters(1, 3, 3) == 30
        assert conv_parameters(3, 3, 3) == 84
        assert conv_parameters(3, 10, 3) == 280
        assert conv_parameters(1, 3, 3) + conv_parameters(3, 2, 3) + linear_parameters(
            20_000, 1
        ) == (20_087)
        assert conv_parameters(3, 2, 3) == 56
        multiply_adds = conv_multiply_adds(100, 1, 3, 3, padding=1)
        multiply_adds += conv_multiply_adds(100, 3, 2, 3, padding=1)
        assert multiply_adds + linear_multiply_adds(20_000, 1) == 830_000
        multiply_adds = conv_multiply_adds(100, 1, 3, 3, padding=1)
        multiply_adds += conv_multiply_adds(50, 3, 2, 3, padding=1)
        assert multiply_adds + linear_multiply_adds(1_250, 1) == 406_250

    def test_lenet_style(self):
        total = conv_parameters(3, 6, 5) + conv_parameters(6, 16, 5) + linear_parameters(400, 10)
        assert total == 6_882
        multiply_adds = conv_multiply_adds(32, 3, 6, 5) + conv_multiply_adds(14, 6, 16, 5)
        assert multiply_adds + linear_multiply_adds(400, 10) == 596_800

    def test_digits(self):
        multiply_adds = conv_multiply_adds(28, 1, 16, 5, padding=2)
        multiply_adds += conv_multiply_adds(14, 16, 32, 5, padding=2)
        assert multiply_adds + linear_multiply_adds(32 * 7 * 7, 10) == 2_838_080

    def test_groups_divide_the_work(self):
        assert conv_multiply_adds(8, 6, 6, 3, groups=6) * 6 == conv_multiply_adds(8, 6, 6, 3)


class TestKindOfAnswer:
    def test_a_number_for_numbers_and_a_pair_for_pairs(self):
        assert conv_output_size(8, 3, padding="valid") == 6
        assert conv_output_size((8, 9), 3) == (6, 7)
        assert conv_output_size(8, (3, 5)) == (6, 4)
        assert conv_output_size(8, 3, stride=[1, 2]) == (6, 3)
        assert pool_output_size(8, (2, 4)) == (4, 2)
        assert conv_transpose_output_size(4, 2, stride=(2, 1)) == (8, 5)
        assert same_padding((3, 5)) == (1, 2)
        assert unused_pixels((8, 9), 2, stride=2) == (0, 1)

    def test_the_shape_of_a_tensor_is_a_size(self):
        image = torch.empty(3, 20, 30)
        assert conv_output_size(image.shape[1:], 3) == (18, 28)

    def test_no_layer_sees_one_pixel(self):
        assert receptive_field([]) == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: conv_output_size(3, 5), r"must fit into the padded input, got kernel_size=5"),
            (lambda: conv_output_size(4, 3, dilation=2), r"with dilation=2 \(spans 5\)"),
            (lambda: conv_output_size(8, 3, stride=2, padding="same"), r"needs stride 1"),
            (lambda: conv_output_size(8, 3, padding="sane"), r"did you mean 'same'"),
            (lambda: conv_output_size(0, 1), r"size must be at least 1, got 0"),
            (lambda: conv_output_size((8, 8, 8), 1), r"pair \(H, W\), got \(8, 8, 8\)"),
            (lambda: pool_output_size(8, 2, padding=2), r"at most half of the window, got"),
            (lambda: conv_transpose_output_size(1, 1, padding=1), r"use less padding"),
            (
                lambda: conv_transpose_output_size(4, 3, stride=2, output_padding=2),
                r"output_padding must be less than the stride or the dilation, got",
            ),
            (lambda: same_padding(4), r"use an odd kernel_size"),
            (lambda: conv_parameters(3, 4, 3, groups=2), r"in_channels must be divisible by"),
            (lambda: conv_parameters(2, 3, 3, groups=2), r"out_channels must be divisible by"),
        ],
    )
    def test_the_message_names_the_remedy(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()
