"""The from-scratch convolution equals PyTorch's and SciPy's, and prints the book's numbers."""

import inspect
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from utils import convolution
from utils.convolution import conv2d_flipped, corr2d, corr2d_multi_in, corr2d_multi_in_out

X = torch.tensor(
    [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
)
K = torch.tensor([[0, 1, 2], [2, 2, 0], [0, 1, 2]])


class TestNumbersOfTheBook:
    def test_sliding_window(self):
        assert corr2d(X, K).tolist() == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]

    def test_flipped_is_what_scipy_calls_convolution(self):
        expected = [[18, 20, 19], [10, 9, 17], [11, 8, 14]]
        assert conv2d_flipped(X, K).tolist() == expected
        assert signal.convolve2d(X, K, mode="valid").tolist() == expected
        assert signal.correlate2d(X, K, mode="valid").tolist() == corr2d(X, K).tolist()

    def test_stride_two(self):
        image = [[0, 1, 1, 0], [0, 2, 1, 0], [1, 1, 2, 1], [2, 3, 2, 2]]
        kernel = [[1, 2], [3, -1]]
        assert corr2d(image, kernel, stride=2).tolist() == [[0, 4], [6, 8]]
        assert corr2d(image, kernel).shape == (3, 3)

    def test_padding_one_and_stride_two(self):
        image = [
            [2, 2, 3, 3, 3],
            [0, 1, 3, 0, 3],
            [2, 3, 0, 1, 3],
            [3, 3, 2, 1, 2],
            [3, 3, 0, 2, 3],
        ]
        kernel = [[2, 0, 1], [1, 0, 0], [0, 1, 1]]
        output = corr2d(image, kernel, padding=1, stride=2)
        assert output.tolist() == [[1, 5, 6], [7, 8, 3], [3, 10, 4]]

    def test_vertical_edge(self):
        image = torch.tensor([[10, 10, 10, 0, 0, 0]] * 6)
        kernel = torch.tensor([[1, 0, -1]] * 3)
        assert corr2d(image, kernel).tolist() == [[0, 30, 30, 0]] * 4


@st.composite
def problems(draw):
    """Draw an image, a weight and settings that fit."""
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    stride, dilation, kernel_size = draw(pairs), draw(pairs), draw(pairs)
    padding = draw(
        st.one_of(
            st.tuples(st.integers(0, 2), st.integers(0, 2)), st.sampled_from(["same", "valid"])
        )
    )
    if padding == "same":
        stride = (1, 1)
    channels, filters = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel_size, strict=True)]
    size = [span + draw(st.integers(0, 4)) for span in spans]
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    image = torch.randn(channels, *size, generator=generator, dtype=torch.float64)
    weight = torch.randn(filters, channels, *kernel_size, generator=generator, dtype=torch.float64)
    return image, weight, {"stride": stride, "padding": padding, "dilation": dilation}


def conv2d(image, weight, bias=None, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an even kernel with "same"
        return F.conv2d(image[None], weight, bias, **options)[0]


class TestPyTorchIsTheOracle:
    @settings(max_examples=150, deadline=None)
    @given(problems())
    def test_all_settings(self, problem):
        image, weight, options = problem
        bias = weight.sum(dim=(1, 2, 3))
        expected = conv2d(image, weight, bias, **options)
        torch.testing.assert_close(corr2d_multi_in_out(image, weight, bias, **options), expected)
        expected = conv2d(image, weight[:1], **options)[0]
        torch.testing.assert_close(corr2d_multi_in(image, weight[0], **options), expected)
        expected = conv2d(image[:1], weight[:1, :1], **options)[0]
        torch.testing.assert_close(corr2d(image[0], weight[0, 0], **options), expected)

    @settings(max_examples=50, deadline=None)
    @given(problems())
    def test_flipped(self, problem):
        image, weight, _ = problem
        expected = signal.convolve2d(image[0], weight[0, 0], mode="valid")
        np.testing.assert_allclose(conv2d_flipped(image[0], weight[0, 0]), expected, atol=1e-12)

    @pytest.mark.parametrize(
        "options", [{}, {"stride": 2, "padding": 1}, {"dilation": 2, "padding": "same"}]
    )
    def test_gradients(self, options):
        image = torch.randn(2, 5, 5, dtype=torch.float64, requires_grad=True)
        weight = torch.randn(2, 2, 3, 3, dtype=torch.float64, requires_grad=True)
        bias = torch.randn(2, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(
            lambda *tensors: corr2d_multi_in_out(*tensors, **options), (image, weight, bias)
        )

    def test_a_kernel_can_be_learnt_through_it(self):
        image = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
        kernel = torch.zeros(3, 3, requires_grad=True)
        corr2d(image, kernel).square().sum().backward()
        assert kernel.grad is not None


class TestWhatGoesInAndOut:
    @pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
    def test_the_dtype_is_kept(self, dtype):
        assert corr2d(X.to(dtype), K.to(dtype)).dtype == dtype

    def test_integers_are_cast(self):
        assert corr2d(X, K).dtype == torch.float32
        assert corr2d(X, K.double()).dtype == torch.float64
        assert corr2d(X.numpy(), K.tolist()).dtype == torch.float32

    def test_arguments_are_not_changed(self):
        image, kernel = X.float(), K.float()
        copies = image.clone(), kernel.clone()
        corr2d(image, kernel, padding=1)
        conv2d_flipped(image, kernel)
        assert torch.equal(image, copies[0])
        assert torch.equal(kernel, copies[1])

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: corr2d(torch.ones(1, 4, 4), K), r"image must have shape \(H, W\), got \(1, 4"),
            (lambda: corr2d(X, torch.ones(3)), r"kernel must have shape \(kH, kW\), got \(3,\)"),
            (lambda: corr2d(torch.ones(2, 2), K), r"must fit into the padded input, got"),
            (lambda: corr2d(X, K, padding="same", stride=2), r"needs stride 1, got stride=2"),
            (lambda: corr2d(X, K, padding=-1), r"padding must be at least 0, got -1"),
            (
                lambda: corr2d_multi_in(torch.ones(3, 4, 4), torch.ones(1, 3, 3)),
                r"one kernel for each of the 3 channels of the image, got shape \(1, 3, 3\)",
            ),
            (
                lambda: corr2d_multi_in_out(torch.ones(3, 4, 4), torch.ones(2, 3, 3)),
                r"weight must have shape \(C_out, C_in, kH, kW\), got \(2, 3, 3\)",
            ),
            (
                lambda: corr2d_multi_in_out(torch.ones(1, 4, 4), torch.ones(2, 1, 3, 3), [1.0]),
                r"bias must have shape \(2,\), got \(1,\)",
            ),
        ],
    )
    def test_wrong_shapes(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("name", convolution.__all__)
def test_the_code_is_short_enough_to_be_read(name):
    source = inspect.getsource(getattr(convolution, name))
    body = source.split('"""')[2]
    assert len(body.strip().splitlines()) <= 12
