"""Typical wrong answers to the exercises of chapter NN: each must fail its check."""

WRONG = {
    "NN.1": [2, 12],
    "NN.2": [lambda number: number + 2],
    "NN.3": [lambda number: number // 2],
    "NN.4": [200, 400],
}
