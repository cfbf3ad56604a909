"""The named kernels: what they are, what their sums do, and that nobody can spoil them."""

import pytest
import torch

from utils.kernels import KERNELS, kernel, kernel_names

SUM_ONE = {"identity", "box", "gaussian", "motion_blur", "sharpen", "emboss"}
SUM_ZERO = {"outline", "laplacian", "sobel_x", "sobel_y", "vertical_edge"}


def test_every_kernel_of_the_book_is_there():
    assert set(kernel_names()) == set(KERNELS) == SUM_ONE | SUM_ZERO


@pytest.mark.parametrize("name", kernel_names())
def test_a_kernel_is_an_odd_float_matrix(name):
    values = kernel(name)
    assert values.dtype == torch.float32
    assert values.ndim == 2
    assert all(side % 2 for side in values.shape)


@pytest.mark.parametrize("name", kernel_names())
def test_the_sum_says_what_happens_to_an_even_area(name):
    even_area = torch.full(kernel(name).shape, 0.5)
    response = (even_area * kernel(name)).sum()
    torch.testing.assert_close(response, torch.tensor(0.5 if name in SUM_ONE else 0.0))


def test_the_values_that_the_chapters_print():
    assert (kernel("gaussian") * 16).tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    assert kernel("emboss").tolist() == [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]
    assert kernel("outline").tolist() == [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]
    assert kernel("sobel_x").tolist() == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    assert kernel("vertical_edge").tolist() == [[1, 0, -1]] * 3


def test_sobel_y_is_sobel_x_turned():
    assert torch.equal(kernel("sobel_y"), kernel("sobel_x").T)


def test_the_signs_point_to_where_it_gets_brighter():
    brighter_to_the_right = torch.tensor([[0.0, 0.5, 1.0]] * 3)
    assert (kernel("sobel_x") * brighter_to_the_right).sum() > 0
    assert (kernel("sobel_y") * brighter_to_the_right.T).sum() > 0
    assert (kernel("vertical_edge") * brighter_to_the_right).sum() < 0


def test_each_call_gives_a_tensor_of_its_own():
    kernel("box").zero_()
    assert kernel("box").sum() > 0.99
    with pytest.raises(TypeError):
        KERNELS["box"] = ((0,),)


def test_an_unknown_name_gets_the_close_ones():
    with pytest.raises(ValueError, match="name 'sobel' is not known: did you mean 'sobel_"):
        kernel("sobel")
    with pytest.raises(ValueError, match="did you mean 'gaussian'"):
        kernel("gausian")
    with pytest.raises(TypeError, match="name must be a string, got 3"):
        kernel(3)
