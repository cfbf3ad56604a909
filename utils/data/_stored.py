"""Data sets of labelled pictures: one that comes with scikit-learn, two that are downloaded."""

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Annotated, Any
from urllib.error import URLError

import numpy as np
import torch
from PIL import Image

from utils import _validate
from utils._validate import FilePath, Flag, checked, choice, integer

_TORCHVISION = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}  # by the name of its class
_NAMES = ("digits", *_TORCHVISION)
_TIMEOUT = 20  # seconds without an answer

DataSetName = Annotated[str, choice(_NAMES)]


@checked
def digits(*, size: Annotated[int, integer(minimum=12)] = 28) -> tuple[torch.Tensor, torch.Tensor]:
    """
    Return 1,797 handwritten digits, which come with scikit-learn.

    The pictures have 8 x 8 pixels. They are enlarged, smoothly, and get a black border, one
    seventh of the picture wide. So they look like those of MNIST: white on black, 28 x 28 pixels,
    of which 4 on each side are border.

    Parameters
    ----------
    size : int
        Height and width, in pixels; at least 12.

    Returns
    -------
    images : Tensor of shape (1797, 1, H, W), float32
        Brightness from 0 (black) to 1 (white).
    labels : Tensor of shape (1797,), int64
        The digits.

    Raises
    ------
    TypeError
        If `size` is not an integer.
    ValueError
        If `size` is less than 12.

    Notes
    -----
    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998, https://doi.org/10.24432/C50P49, CC BY 4.0; scikit-learn ships the
    test set, written by 13 people. Each of the 8 x 8 numbers counts the ink, from 0 to 16, in a
    block of 4 x 4 pixels. They are resized with Lanczos interpolation, rounded to 256 steps.

    Examples
    --------
    >>> images, labels = digits()
    >>> images.shape, labels[:10].tolist()
    (torch.Size([1797, 1, 28, 28]), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    from sklearn.datasets import load_digits  # slow to import, and it adds warning filters

    stored = load_digits()
    border = round(size / 7)
    inside = slice(border, size - border)
    pixels = np.zeros((len(stored.images), size, size), dtype=np.uint8)
    for picture, ink in zip(pixels, np.rint(stored.images * (255 / 16)).astype(np.uint8)):
        enlarged = Image.fromarray(ink).resize((size - 2 * border,) * 2, Image.Resampling.LANCZOS)
        picture[inside, inside] = np.asarray(enlarged)
    return _as_tensors(pixels, stored.target)


@checked
def load_images(
    name: DataSetName = "digits", *, train: Flag | None = None, root: FilePath = "data"
) -> tuple[torch.Tensor, torch.Tensor]:
    """
    Return a data set of labelled 28 x 28 pictures by its name.

    ``"digits"`` comes with scikit-learn and needs no network. ``"mnist"`` and ``"fashion_mnist"``
    are downloaded once through torchvision (11 and 31 MB), and read from `root` from then on.

    Parameters
    ----------
    name : {"digits", "mnist", "fashion_mnist"}
        The data set: 1,797 handwritten digits, 70,000 handwritten digits, or 70,000 pictures of
        clothes, bags and shoes.
    train : bool or None
        For the two that are downloaded: True for the 60,000 training pictures, False for the
        10,000 test pictures. None means all of them, the training pictures first.
    root : str or path
        The folder in which downloads are kept, as in `torchvision.datasets`.

    Returns
    -------
    images : Tensor of shape (N, 1, 28, 28), float32
        Brightness from 0 (black) to 1 (white).
    labels : Tensor of shape (N,), int64
        Numbers of the classes, from 0; `class_names` says what they are called.

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If the name is not known, or if `train` is given for ``"digits"``, which has no such parts.
    ConnectionError
        If there is no network, or the download breaks off. Nothing half-written is left.
    RuntimeError
        If a file in `root` is damaged.

    Notes
    -----
    MNIST: Y. LeCun, C. Cortes and C. J. C. Burges, 1998. Fashion-MNIST: H. Xiao, K. Rasul and
    R. Vollgraf, 2017, https://arxiv.org/abs/1708.07747. A download goes to a temporary folder, is
    compared with its checksum, and only then moved to `root`.

    Examples
    --------
    >>> images, labels = load_images("digits")
    >>> images.shape, labels.shape
    (torch.Size([1797, 1, 28, 28]), torch.Size([1797]))
    """
    if name == "digits":
        _validate.require_undivided(train, name)
        return digits()
    from torchvision import datasets  # slow to import

    dataset = getattr(datasets, _TORCHVISION[name])
    _download(dataset, name, root)
    parts = [_read(dataset, root, part) for part in ((True, False) if train is None else (train,))]
    images, labels = (torch.cat(tensors) for tensors in zip(*parts))
    return images, labels


@checked
def class_names(name: DataSetName = "digits") -> list[str]:
    """
    Return what the classes of a data set are called.

    Parameters
    ----------
    name : {"digits", "mnist", "fashion_mnist"}
        The data set, as for `load_images`.

    Returns
    -------
    list of str
        The names of the ten classes, in the order of their numbers.

    Raises
    ------
    TypeError
        If `name` is not a string.
    ValueError
        If the name is not known.

    Examples
    --------
    >>> class_names("fashion_mnist")[:3]
    ['T-shirt/top', 'Trouser', 'Pullover']
    """
    if name != "fashion_mnist":
        return [str(digit) for digit in range(10)]
    from torchvision import datasets

    return list(datasets.FashionMNIST.classes)


def _as_tensors(pixels: Any, labels: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Return bytes (N, H, W) as brightness (N, 1, H, W), and the labels as int64."""
    pixels, labels = torch.as_tensor(pixels), torch.as_tensor(labels)
    return pixels.unsqueeze(1).float() / 255, labels.long()


def _files(dataset: Any, root: Path) -> list[Path]:
    """Return the four files of a data set as torchvision keeps them, without the ``.gz``."""
    folder = root / dataset.__name__ / "raw"
    return [folder / filename.removesuffix(".gz") for filename, _ in dataset.resources]


def _download(dataset: Any, name: str, root: Path) -> None:
    """Bring the files of a data set to `root`, all of them or none."""
    targets = _files(dataset, root)
    if all(target.is_file() for target in targets):
        return
    # The temporary folder is on the same disk, so that moving a file is one step.
    nearest = next(folder for folder in (root, *root.parents) if folder.is_dir())
    with tempfile.TemporaryDirectory(prefix=".download-", dir=nearest) as folder:
        try:
            with _timeout(_TIMEOUT):
                dataset(folder, download=True)
        except (ConnectionError, HTTPException, RuntimeError, TimeoutError, URLError):
            raise ConnectionError(
                f"{name!r} could not be downloaded: connect to the internet and try again, "
                "or use 'digits', which needs no download"
            ) from None
        targets[0].parent.mkdir(parents=True, exist_ok=True)
        for source, target in zip(_files(dataset, Path(folder)), targets):
            os.replace(source, target)


@contextlib.contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    """Give up on a connection that does not answer for so long."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _read(dataset: Any, root: Path, train: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Read the training or the test pictures of a data set that is there."""
    try:
        stored = dataset(root, train=train)
        if not 0 < len(stored.data) == len(stored.targets):
            raise ValueError("as many labels as pictures")
    except (AssertionError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
        folder = _files(dataset, root)[0].parent
        raise RuntimeError(
            f"a file in {folder} is damaged: delete this folder and load the pictures again"
        ) from None
    return _as_tensors(stored.data, stored.targets)
