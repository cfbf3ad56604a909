"""Sizes and counts equal PyTorch's, refusals included, and the numbers the book prints."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

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

many = settings(max_examples=600, deadline=None)


def pairs(low, high):
    """Draw a pair; now and then one of its values is just below what is allowed."""
    return st.tuples(*[st.integers(low - 1, high) | st.integers(low, high)] * 2)


def agree(ours, theirs):
    """Assert that both give the same size, or both refuse: an error, or an empty output."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an even kernel with "same"
            expected = tuple(theirs().shape[2:])
    except (RuntimeError, ValueError):
        expected = (0, 0)
    if 0 in expected:
        with pytest.raises(ValueError, match=", got "):
            ours()
    else:
        assert ours() == expected


class TestPyTorchIsTheOracle:
    @many
    @given(
        size=pairs(1, 12),
        kernel_size=pairs(1, 5),
        stride=st.just((1, 1)) | pairs(1, 4),
        padding=pairs(0, 4) | st.sampled_from(["same", "valid"]),
        dilation=pairs(1, 3),
    )
    def test_convolution(self, size, kernel_size, **options):
        agree(
            lambda: conv_output_size(size, kernel_size, **options),
            lambda: F.conv2d(torch.empty(1, 1, *size), torch.empty(1, 1, *kernel_size), **options),
        )

    @many
    @given(
        maximum=st.booleans(),
        size=pairs(2, 12),
        kernel_size=pairs(1, 4),
        stride=st.none() | pairs(1, 4),
        padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
        dilation=pairs(1, 2),
        ceil_mode=st.booleans(),
    )
    def test_pooling(self, maximum, size, kernel_size, dilation, **options):
        if maximum:
            options["dilation"] = dilation
        reference = F.max_pool2d if maximum else F.avg_pool2d
        agree(
            lambda: pool_output_size(size, kernel_size, **options),
            lambda: reference(torch.empty(1, 1, *size), kernel_size, **options),
        )

    @many
    @given(
        size=pairs(1, 9),
        kernel_size=pairs(1, 5),
        stride=pairs(1, 4),
        padding=pairs(0, 3),
        output_padding=pairs(0, 2),
        dilation=pairs(1, 3),
    )
    def test_transposed_convolution(self, size, kernel_size, **options):
        image, weight = torch.empty(1, 1, *size), torch.empty(1, 1, *kernel_size)
        agree(
            lambda: conv_transpose_output_size(size, kernel_size, **options),
            lambda: F.conv_transpose2d(image, weight, **options),
        )

    @given(kernel_size=st.integers(1, 9), dilation=st.integers(1, 5))
    def test_same_padding_keeps_the_size(self, kernel_size, dilation):
        if dilation * (kernel_size - 1) % 2:
            with pytest.raises(ValueError, match=r"got kernel_size=.*: use an odd kernel_size"):
                same_padding(kernel_size, dilation=dilation)
        else:
            padding = same_padding(kernel_size, dilation=dilation)
            assert conv_output_size(50, kernel_size, padding=padding, dilation=dilation) == 50

    @settings(max_examples=100, deadline=None)
    @given(
        kernel_size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
        stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
        padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
        dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    )
    def test_how_often_a_pixel_is_used_is_a_gradient(self, kernel_size, **options):
        image = torch.ones(1, 1, 7, 9, dtype=torch.float64, requires_grad=True)
        F.conv2d(
            image, torch.ones(1, 1, *kernel_size, dtype=torch.float64), **options
        ).sum().backward()
        usage = pixel_usage((7, 9), kernel_size, **options)
        torch.testing.assert_close(usage, image.grad[0, 0].long())
        rows, columns = unused_pixels((7, 9), kernel_size, **options)
        (p_h, p_w), options["padding"] = options["padding"], 0
        padded = pixel_usage((7 + 2 * p_h, 9 + 2 * p_w), kernel_size, **options)
        reached = padded.nonzero().amax(0) + 1
        assert [rows, columns] == (torch.tensor(padded.shape) - reached).tolist()

    @pytest.mark.parametrize("groups", [1, 3])
    @pytest.mark.parametrize("bias", [True, False])
    def test_parameters(self, groups, bias):
        layer = nn.Conv2d(6, 9, (3, 5), groups=groups, bias=bias)
        counted = sum(parameter.numel() for parameter in layer.parameters())
        assert conv_parameters(6, 9, (3, 5), groups=groups, bias=bias) == counted
        layer = nn.Linear(7, 4, bias=bias)
        counted = sum(parameter.numel() for parameter in layer.parameters())
        assert linear_parameters(7, 4, bias=bias) == counted

    @settings(max_examples=100, deadline=None)
    @given(
        kernel_size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
        stride=st.integers(1, 2),
        padding=st.integers(0, 2),
        dilation=st.integers(1, 2),
        groups=st.integers(1, 3),
    )
    def test_multiply_adds(self, kernel_size, groups, **options):
        image, weight = torch.empty(1, 6, 7, 9), torch.empty(2 * groups, 6 // groups, *kernel_size)
        with FlopCounterMode(display=False) as counter:  # two flops are a multiply-add
            F.conv2d(image, weight, groups=groups, **options)
        ours = conv_multiply_adds((7, 9), 6, 2 * groups, kernel_size, groups=groups, **options)
        assert 2 * ours == counter.get_total_flops()
        assert conv_multiply_adds(32, 3, 6, 5) == 352_800  # of the book, as is what follows
        assert linear_multiply_adds(3 * 1000**2, 6 * 996**2) == 17_856_288_000_000

    @pytest.mark.parametrize(
        "layers",
        [[], [(3, 1)], [(3, 1, 2), (5, 2)], [(5, 1), (2, 2), (5, 1), (2, 2)], [(3, 2)] * 3],
    )
    def test_receptive_field_is_where_the_gradient_is_not_zero(self, layers):
        signal = torch.ones(1, 1, 120, dtype=torch.float64, requires_grad=True)
        hidden = 1 * signal
        for kernel_size, stride, *dilation in layers:
            weight = torch.ones(1, 1, kernel_size, dtype=torch.float64)
            hidden = F.conv1d(hidden, weight, stride=stride, dilation=(*dilation, 1)[0])
        hidden[0, 0, 1].backward()
        touched = signal.grad[0, 0].nonzero()
        assert receptive_field(layers) == (touched.max() - touched.min() + 1).item()


def test_a_number_for_numbers_and_a_pair_for_pairs():
    assert conv_output_size(8, 3, padding="valid") == 6
    assert conv_output_size(torch.empty(3, 8, 9).shape[1:], 3) == (6, 7)
    assert conv_output_size(8, (3, 5)) == (6, 4)
    assert conv_output_size(8, 3, stride=[1, 2]) == (6, 3)
    assert pool_output_size(8, (2, 4)) == (4, 2)
    assert conv_transpose_output_size(4, 2, stride=(2, 1)) == (8, 5)
    assert same_padding((3, 5)) == (1, 2)
    assert unused_pixels((8, 9), 2, stride=2) == (0, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: conv_output_size(4, 3, dilation=3, padding=1),
            r"kernel_size=3 with dilation=3 \(spans 7\) for an input of 4 with 2 of padding: use",
        ),
        (lambda: conv_output_size(8, 3, stride=2, padding="same"), "needs stride 1, got stride=2:"),
        (lambda: pool_output_size(8, 2, padding=2), "half of the window, got padding=2 .* of 2"),
        (
            lambda: conv_transpose_output_size(2, 1, padding=1),
            "got padding=1 for an output of 2 before it is cut: use less padding",
        ),
        (
            lambda: conv_transpose_output_size(4, 3, stride=2, output_padding=2),
            "output_padding must be less than the stride .* got output_padding=2 with stride=2 and",
        ),
        (
            lambda: same_padding(4, dilation=3),
            "kernel_size=4 with dilation=3, which needs 9 in all",
        ),
        (lambda: conv_parameters(3, 4, 3, groups=2), "in_channels .* by groups, got 3 and 2"),
        (lambda: conv_parameters(2, 3, 3, groups=2), "out_channels .* by groups, got 3 and 2"),
    ],
)
def test_a_refusal_names_values_and_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()
