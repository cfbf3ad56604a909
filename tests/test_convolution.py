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


def test_numbers_of_the_book():
    assert corr2d(X, K).tolist() == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]
    flipped = [[18, 20, 19], [10, 9, 17], [11, 8, 14]]
    assert conv2d_flipped(X, K).tolist() == flipped
    assert signal.convolve2d(X, K, mode="valid").tolist() == flipped
    image = [[0, 1, 1, 0], [0, 2, 1, 0], [1, 1, 2, 1], [2, 3, 2, 2]]
    assert corr2d(image, [[1, 2], [3, -1]], stride=2).tolist() == [[0, 4], [6, 8]]
    edge, kernel = [[10, 10, 10, 0, 0, 0]] * 6, [[1, 0, -1]] * 3
    assert corr2d(edge, kernel).tolist() == [[0, 30, 30, 0]] * 4


@st.composite
def problems(draw):
    """Draw an image, a weight and settings that fit."""
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    stride, dilation, kernel_size = draw(pairs), draw(pairs), draw(pairs)
    amounts = st.tuples(st.integers(0, 2), st.integers(0, 2))
    padding = draw(st.one_of(amounts, st.sampled_from(["same", "valid"])))
    if padding == "same":
        stride = (1, 1)
    channels, filters = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel_size, strict=True)]
    size = [span + draw(st.integers(0, 4)) for span in spans]
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    image = torch.randn(channels, *size, generator=generator, dtype=torch.float64)
    weight = torch.randn(filters, channels, *kernel_size, generator=generator, dtype=torch.float64)
    return image, weight, {"stride": stride, "padding": padding, "dilation": dilation}


@settings(max_examples=100, deadline=None)
@given(problems())
def test_all_settings_equal_pytorch(problem):
    image, weight, options = problem

    def conv2d(image, weight, bias=None):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an even kernel with "same"
            return F.conv2d(image[None], weight, bias, **options)[0]

    bias = weight.sum(dim=(1, 2, 3))
    ours = corr2d_multi_in_out(image, weight, bias, **options)
    torch.testing.assert_close(ours, conv2d(image, weight, bias))
    ours = corr2d_multi_in(image, weight[0], **options)
    torch.testing.assert_close(ours, conv2d(image, weight[:1])[0])
    ours = corr2d(image[0], weight[0, 0], **options)
    torch.testing.assert_close(ours, conv2d(image[:1], weight[:1, :1])[0])
    expected = signal.convolve2d(image[0], weight[0, 0], mode="valid")
    np.testing.assert_allclose(conv2d_flipped(image[0], weight[0, 0]), expected, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"padding": "same"}])
def test_gradients_pass_through_image_weight_and_bias(options):
    tensors = [torch.randn(shape).double() for shape in ((2, 5, 5), (2, 2, 3, 3), (2,))]
    assert torch.autograd.gradcheck(
        lambda *tensors: corr2d_multi_in_out(*tensors, **options),
        [tensor.requires_grad_() for tensor in tensors],
    )


def test_the_dtype_is_the_widest_and_integers_are_cast():
    for dtype in (torch.float16, torch.float32, torch.float64):
        assert corr2d(X.to(dtype), K.to(dtype)).dtype == dtype
    assert corr2d(X, K.double()).dtype == torch.float64
    assert corr2d(X.numpy(), K.tolist()).dtype == torch.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: corr2d(torch.ones(2, 2), K), r"must fit into the padded input, got"),
        (lambda: corr2d(X, K, padding="same", stride=2), r"needs stride 1, got stride=2: give"),
        (lambda: corr2d(X, K, padding="same", stride=(1, 2)), r"got stride=\(1, 2\): give"),
        (
            lambda: corr2d_multi_in(torch.ones(3, 4, 4), torch.ones(1, 3, 3)),
            r"one kernel for each of the 3 channels of the image, got shape \(1, 3, 3\)",
        ),
        (
            lambda: corr2d_multi_in_out(torch.ones(3, 4, 4), torch.ones(2, 1, 3, 3)),
            r"weight must have shape \(C_out, 3, kH, kW\) .* got \(2, 1, 3, 3\)",
        ),
        (
            lambda: corr2d_multi_in_out(torch.ones(1, 4, 4), torch.ones(2, 1, 3, 3), [1.0]),
            r"bias must have shape \(2,\), got \(1,\)",
        ),
    ],
)
def test_shapes_that_do_not_match(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", convolution.__all__)
def test_the_code_is_short_enough_to_be_read(name):
    source = inspect.getsource(getattr(convolution, name))
    body = source.split('"""')[2]
    assert len(body.strip().splitlines()) <= 12
