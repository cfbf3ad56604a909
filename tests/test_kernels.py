"""The named kernels: what they are, what their sums do, and that nobody can spoil them."""

import pytest
import torch

from utils.kernels import KERNELS, kernel, kernel_names

SUM_ONE = ["identity", "box", "gaussian", "motion_blur", "sharpen", "emboss"]
SUM_ZERO = ["outline", "laplacian", "sobel_x", "sobel_y", "vertical_edge"]
VALUES = {  # times the factor
    "identity": ([[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1),
    "box": ([[1] * 3] * 3, 9),
    "gaussian": ([[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
    "motion_blur": (torch.eye(5).tolist(), 5),
    "sharpen": ([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
    "emboss": ([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], 1),
    "outline": ([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], 1),
    "laplacian": ([[0, 1, 0], [1, -4, 1], [0, 1, 0]], 1),
    "sobel_x": ([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 1),
    "sobel_y": ([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], 1),
    "vertical_edge": ([[1, 0, -1]] * 3, 1),
}


@pytest.mark.parametrize("name", VALUES)
def test_the_values_are_those_of_the_book(name):
    values, factor = VALUES[name]
    torch.testing.assert_close(kernel(name) * factor, torch.tensor(values, dtype=torch.float32))


def test_the_sum_says_what_happens_to_an_even_area():
    assert kernel_names() == list(KERNELS) == SUM_ONE + SUM_ZERO
    for name in kernel_names():
        expected = 1.0 if name in SUM_ONE else 0.0
        torch.testing.assert_close(kernel(name).sum(), torch.tensor(expected))


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
