"""Training, validation and test data."""

from typing import Annotated, NamedTuple

import torch

from utils import _validate
from utils._validate import ImageBatch, Labels, NonNegative, checked, number

Share = Annotated[float, number(minimum=0)]


class LabelledImages(NamedTuple):
    """
    Pictures and their labels: ``images, labels = part``.

    Parameters
    ----------
    images : Tensor of shape (N, C, H, W)
        The pictures.
    labels : Tensor of shape (N,), int64
        The number of the class of each picture.
    """

    images: torch.Tensor
    labels: torch.Tensor


class Split(NamedTuple):
    """
    Three parts of a data set: ``train, validation, test = split(images, labels)``.

    Parameters
    ----------
    train : LabelledImages
        What the network learns from.
    validation : LabelledImages
        What decisions are made on, such as when to stop.
    test : LabelledImages
        What is looked at once, at the end.
    """

    train: LabelledImages
    validation: LabelledImages
    test: LabelledImages


@checked
def split(
    images: ImageBatch,
    labels: Labels,
    *,
    validation: Share = 0.15,
    test: Share = 0.15,
    seed: NonNegative = 0,
) -> Split:
    """
    Divide labelled pictures at random into training, validation and test data.

    Each picture goes into one part. The parts are stratified: each class has the same share of
    each part, to within one picture. The order within a part is random.

    Parameters
    ----------
    images : Tensor of shape (N, C, H, W)
        The pictures.
    labels : Tensor of shape (N,), integers
        The number of the class of each picture.
    validation, test : float
        Shares of the whole, from 0 to less than 1; the rest, which must be more than 0, is for
        training.
    seed : int
        The same number gives the same parts; another one gives others.

    Returns
    -------
    Split
        The parts `train`, `validation` and `test`, each with its `images` and `labels`. They are
        copies, in the dtype and on the device of the originals; labels are int64.

    Raises
    ------
    TypeError
        If an argument has the wrong type, for example if labels are not integers.
    ValueError
        If shapes do not match, or the shares leave nothing for training.

    Notes
    -----
    Of a class of n pictures, round(n (validation + test)) are not for training, and of these
    round(n test) are for testing (halves are rounded up).

    Examples
    --------
    >>> images, labels = torch.rand(100, 1, 8, 8), torch.arange(100) % 10
    >>> train, validation, test = split(images, labels, validation=0.1, test=0.2)
    >>> len(train.images), len(validation.images), test.labels.bincount().tolist()
    (70, 10, [2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    """
    _validate.require_labels_for(images, labels)
    _validate.require_rest(validation=validation, test=test)
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    shuffled = labels.cpu()[order]
    part = torch.zeros(len(labels), dtype=torch.int64)  # 0 training, 1 validation, 2 test
    for label in shuffled.unique():
        (members,) = torch.where(shuffled == label)
        held_out, tested = (
            int(len(members) * share + 0.5 + 1e-9) for share in (validation + test, test)
        )
        part[members[:held_out]] = 1
        part[members[:tested]] = 2
    indices = [order[part == number] for number in range(3)]
    return Split(
        *(
            LabelledImages(images[index.to(images.device)], labels[index.to(labels.device)])
            for index in indices
        )
    )
