"""Typical wrong answers to the exercises of chapter 12: each must fail its check."""

import torch


def _receptive_field_alone(place, layers):
    field, step = 1, 1
    for kernel_size, stride, _ in layers:
        field += (kernel_size - 1) * step
        step *= stride
    return place, place + field - 1


def _without_padding(place, layers):
    first = last = place
    for kernel_size, stride, _ in reversed(layers):
        first, last = first * stride, last * stride + kernel_size - 1
    return first, last


def _forwards(place, layers):
    first = last = place
    for kernel_size, stride, padding in layers:
        first = first * stride - padding
        last = last * stride - padding + kernel_size - 1
    return first, last


def _end_is_excluded(place, layers):
    first = last = place
    for kernel_size, stride, padding in reversed(layers):
        first = first * stride - padding
        last = last * stride - padding + kernel_size - 1
    return first, last + 1


def _careless(model, picture, target):
    model.eval()
    picture.requires_grad_()
    model(picture[None])[0, target].backward()
    return picture.grad.abs().amax(dim=0)


def _in_training_mode(model, picture, target):
    pixels = picture[None].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(pixels)[0, target], pixels)
    return gradient[0].abs().amax(dim=0)


def _always_training_afterwards(model, picture, target):
    model.eval()
    pixels = picture[None].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(pixels)[0, target], pixels)
    model.train()
    return gradient[0].abs().amax(dim=0)


def _gradients_in_the_weights(model, picture, target):
    modes = [(part, part.training) for part in model.modules()]
    pixels = picture[None].clone().requires_grad_()
    model.eval()(pixels)[0, target].backward()
    for part, mode in modes:
        part.training = mode
    return pixels.grad[0].abs().amax(dim=0)


def _upper_rim_only(images):
    images = images.clone()
    images[..., :4, :] = 0
    return images


def _in_place(images):
    rim = torch.ones_like(images, dtype=torch.bool)
    rim[..., 4:-4, 4:-4] = False
    return images.masked_fill_(rim, 0.5)


def _too_much(images):
    inside = torch.zeros_like(images)
    inside[..., 6:-6, 6:-6] = images[..., 6:-6, 6:-6]
    return inside


WRONG = {
    "12.1": [
        ([1, -1], [[1, 1], [-2, 1]]),  # without the maximum
        ([4, -4], [[4, 4], [0, 4]]),  # sums in place of means
        ([1, -1], [[2, -1], [-4, 0]]),  # place by place
        ([1, 1], [[1, 3], [2, 1]]),  # without the signs
    ],
    "12.2": [_receptive_field_alone, _without_padding, _forwards, _end_is_excluded],
    "12.3": [(8, 4), (4, 4), (10, 20), (0.04, 0.08), (4, 50)],
    "12.4": [
        _careless,
        _in_training_mode,
        _always_training_afterwards,
        _gradients_in_the_weights,
    ],
    "12.5": [lambda images: images, torch.zeros_like, _upper_rim_only, _in_place, _too_much],
}
