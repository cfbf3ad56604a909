"""Typical wrong answers to the exercises of chapter 3: each must fail its check."""

import torch
import torch.nn.functional as F


def _unflipped(image, kernel):
    return F.conv2d(image[None, None], kernel[None, None])[0, 0]


def _transposed(image, kernel):
    return F.conv2d(image[None, None], kernel.T[None, None])[0, 0]


def _flipped_downwards_only(image, kernel):
    return F.conv2d(image[None, None], kernel.flip(0)[None, None])[0, 0]


def _four_axes(image, kernel):
    return F.conv2d(image[None, None], kernel.flip(0, 1)[None, None])


def _slide_square(X, K):
    rows, columns = K.shape
    Y = torch.zeros(X.shape[0] - rows + 1, X.shape[1] - columns + 1)
    for i in range(Y.shape[1]):
        for j in range(Y.shape[0]):
            Y[i, j] = (X[i : i + rows, j : j + columns] * K).sum()
    return Y


def _square_kernels_only(X, K):
    size = K.shape[0]
    Y = torch.zeros(X.shape[0] - size + 1, X.shape[1] - size + 1)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (X[i : i + size, j : j + size] * K).sum()
    return Y


def _transposed_output(X, K):
    return F.conv2d(X[None, None], K[None, None])[0, 0].T


WRONG = {
    "3.1": [
        [[0, -1, 6], [8, 1, 0]],  # a kernel turned by half a turn
        [[3, 6], [-2, 3], [5, 0]],  # rows and columns swapped
        [[3, -2, 5], [6, 3, 1]],  # one slip
    ],
    "3.2": [
        [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],  # Sobel x: upright edges
        [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],  # brighter upwards
        [[0, 1, 0], [1, -4, 1], [0, 1, 0]],  # no direction
        [[0, 0, 0], [0, 0, 0], [1, 1, 1]],  # sees flat areas
        torch.zeros(3, 3),  # blind to everything
    ],
    "3.3": [_unflipped, _transposed, _flipped_downwards_only, _four_axes],
    "3.4": [_slide_square, _square_kernels_only, _transposed_output],
    "3.5": [
        [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],  # Sobel x, as it was meant to be
        torch.zeros(3, 3),  # the first kernel instead of the last
    ],
}
