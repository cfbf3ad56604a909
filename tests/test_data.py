"""The pictures: their shapes, their range, that they are always the same, and where they go."""

import functools
import gzip
import hashlib
import http.server
import itertools
import socket
import struct
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from torchvision import datasets

from utils.data import (
    LabelledImages,
    Split,
    class_names,
    colour_digits,
    digits,
    faces,
    load_images,
    pen_digits,
    portrait,
    split,
)
from utils.data import _pen_digits as pen

# Pictures ---------------------------------------------------------------------------------------

PICTURES = {
    "digits": lambda: digits()[0][:60],
    "colour_digits": lambda: colour_digits(60)[0],
    "faces": lambda: faces(60)[0],
    "pen_digits": lambda: pen_digits(60)[0],
    "portrait": lambda: portrait(colour=True)[None],
}
# Mean, standard deviation, mean product of neighbours in a row and in a column; of all pictures,
# the later ones with more weight.
LOOKS = {
    "digits": [0.1572579, 0.2959979, 0.1101597, 0.1085975],
    "colour_digits": [0.4408535, 0.2390642, 0.2749437, 0.275363],
    "faces": [0.4140771, 0.1643687, 0.2365642, 0.2363687],
    "pen_digits": [0.1354838, 0.3131184, 0.1048602, 0.1082203],
    "portrait": [0.1998106, 0.144956, 0.119571, 0.1197272],
}


@pytest.mark.parametrize("name", PICTURES)
def test_they_are_the_pictures_of_the_book(name):
    """The stored outputs of the chapters depend on every pixel."""
    images = PICTURES[name]()
    looks = [
        images.mean((1, 2, 3)),
        images.std((1, 2, 3)),
        (images[..., 1:] * images[..., :-1]).mean((1, 2, 3)),
        (images[..., 1:, :] * images[..., :-1, :]).mean((1, 2, 3)),
    ]
    weights = torch.linspace(0.5, 1.5, len(images)) / len(images)
    expected = torch.tensor(LOOKS[name])
    torch.testing.assert_close(torch.stack(looks) @ weights, expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize("name", PICTURES)
def test_they_are_float_from_0_to_1_and_the_callers_own(name):
    images = PICTURES[name]()
    assert images.dtype == torch.float32
    assert images.is_contiguous()
    assert images.min() >= 0
    assert images.max() <= 1
    copy = images.clone()
    images.zero_()
    assert torch.equal(PICTURES[name](), copy)


@pytest.mark.parametrize(
    ("function", "smallest"),
    [
        *((lambda **o: colour_digits(1, **o)[0], 12), (lambda **o: faces(1, **o)[0], 48)),
        *((lambda **o: digits(**o)[0], 12), (portrait, 1)),
    ],
)
def test_the_limits_of_a_size(function, smallest):
    assert function(size=smallest).shape[-2:] == (smallest, smallest)
    with pytest.raises(ValueError, match=f"size must be at least {smallest}, got {smallest - 1}"):
        function(size=smallest - 1)
    with pytest.raises(ValueError, match="size must be at most 4,096, got 4,097"):
        portrait(size=4097)


# The portrait


# Digits in colour, and faces


@pytest.mark.parametrize(
    ("function", "size", "channels", "classes"),
    [(colour_digits, 12, 3, 10), (faces, 48, 1, 2), (pen_digits, 12, 1, 10)],
)
class TestDrawn:
    @pytest.mark.parametrize("n", [1, 7, 95])
    def test_each_class_comes_equally_often(self, function, size, channels, classes, n):
        images, labels = function(n, size=size)
        assert images.shape == (n, channels, size, size)
        assert labels.dtype == torch.int64
        counts = labels.bincount(minlength=classes)
        assert (len(counts), counts.sum()) == (classes, n)
        assert counts.max() - counts.min() <= 1

    def test_the_order_is_random_and_the_seed_decides(self, function, size, channels, classes):
        images, labels = function(100, size=size)
        assert 0.3 < (labels[1:] != labels[:-1]).double().mean() < 0.98
        assert torch.equal(function(100, seed=0, size=size)[0], images)
        others, other_labels = function(100, seed=1, size=size)
        assert not torch.equal(labels, other_labels)
        assert (images - others).abs().mean() > 0.1


class TestPenDigits:
    def test_digits_are_as_high_as_handwritten_ones_and_stand_in_the_middle(self):
        images, _ = pen_digits(300)
        assert images.min() == 0
        assert images.max() == 1
        inks = (images[:, 0] > 0.5).numpy()
        for ink in inks:
            rows, columns = (np.flatnonzero(ink.any(axis)) for axis in (1, 0))
            assert 15 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
            assert abs(rows[0] + rows[-1] - 27) <= 2
            assert abs(columns[0] + columns[-1] - 27) <= 2

    def test_pens_are_thin_to_thick_and_every_form_is_drawn(self):
        images, labels = pen_digits(400)
        ones = images[labels == 1].sum((1, 2, 3))
        assert ones.max() > 2 * ones.min()
        used = [int(part * len(forms)) for forms in pen._FORMS.values() for part in (0, 0.99)]
        assert set(used) == {0, 1}

    def test_a_classifier_can_learn_them(self):
        (images, labels), (others, truth) = pen_digits(600), pen_digits(200, seed=1)
        nearest = torch.cdist(others.flatten(1), images.flatten(1)).argmin(1)
        assert (labels[nearest] == truth).double().mean() > 0.9


class TestDigits:
    def test_they_are_those_of_scikit_learn(self):
        images, labels = digits(size=56)
        stored = load_digits()
        assert torch.equal(labels, torch.from_numpy(stored.target))
        assert labels.dtype == torch.int64
        # five times as large: made small again, they are what they were
        small = torch.nn.functional.avg_pool2d(images[:, 0, 8:48, 8:48], 5)
        difference = small - torch.from_numpy(stored.images).float() / 16
        assert difference.abs().mean() < 0.05
        assert len(images.flatten(1).unique(dim=0)) == 1797

    @pytest.mark.parametrize(("size", "border"), [(28, 4), (12, 2), (32, 5)])
    def test_the_border_is_black(self, size, border):
        images, _ = digits(size=size)
        assert images.shape == (1797, 1, size, size)
        rows, columns = torch.where(images.amax((0, 1)) > 0)
        assert rows.min() == columns.min() == border
        assert rows.max() == columns.max() == size - border - 1


# Data sets that are downloaded ------------------------------------------------------------------


def idx(array):
    """Return an array as the bytes of an idx file, the format of MNIST."""
    kind = 0x0800 + array.ndim  # 8: unsigned bytes
    return struct.pack(f">{1 + array.ndim}I", kind, *array.shape) + array.tobytes()


def small_set():
    """Return the four files of a data set of 6 + 4 pictures, by name without ``.gz``."""
    generator = np.random.default_rng(0)
    files = {}
    for part, count in (("train", 6), ("t10k", 4)):
        pixels = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        files[f"{part}-images-idx3-ubyte"] = idx(pixels)
        files[f"{part}-labels-idx1-ubyte"] = idx(np.arange(count, dtype=np.uint8))
    return files


def written(root, name="MNIST", files=None):
    """Write the files of a data set where torchvision looks for them."""
    folder = root / name / "raw"
    folder.mkdir(parents=True)
    for file, content in (files or small_set()).items():
        (folder / file).write_bytes(content)
    return folder


@pytest.fixture
def _no_network(monkeypatch):
    """Let every connection fail, as it does without a network."""

    def fail(*_, **__):
        assert socket.getdefaulttimeout() == 20, "a connection is given up after a while"
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve a small MNIST on this machine, with checksums of its own; return its folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    folder = tmp_path / "server"
    folder.mkdir()
    resources = []
    for file, content in small_set().items():
        packed = gzip.compress(content, mtime=0)
        (folder / f"{file}.gz").write_bytes(packed)
        resources.append((f"{file}.gz", hashlib.md5(packed).hexdigest()))
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        mirror = f"http://127.0.0.1:{running.server_port}/"
        monkeypatch.setattr(datasets.MNIST, "mirrors", [mirror])
        monkeypatch.setattr(datasets.MNIST, "resources", resources)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield folder
        running.shutdown()


def everything_in(folder):
    """List what a folder holds."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


class TestLoadImages:
    def test_the_default_needs_no_network(self, tmp_path):
        images, labels = load_images(root=tmp_path)
        assert torch.equal(images, digits()[0])
        assert torch.equal(labels, digits()[1])
        assert everything_in(tmp_path) == []

    @pytest.mark.usefixtures("_no_network")
    @pytest.mark.parametrize(
        ("name", "folder"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")]
    )
    def test_files_that_are_there_are_read(self, tmp_path, name, folder):
        written(tmp_path, folder)
        stored = small_set()
        for train, part, count in ((True, "train", 6), (False, "t10k", 4)):
            images, labels = load_images(name, train=train, root=str(tmp_path))
            assert images.shape == (count, 1, 28, 28)
            assert images.dtype == torch.float32
            expected = np.frombuffer(stored[f"{part}-images-idx3-ubyte"][16:], np.uint8)
            assert (images.flatten() * 255).round().byte().tolist() == expected.tolist()
            assert labels.dtype == torch.int64
            assert labels.tolist() == list(range(count))
        images, labels = load_images(name, root=tmp_path)
        assert len(images) == 10
        assert labels.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]

    @pytest.mark.usefixtures("_no_network")
    @pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
    def test_without_a_network_one_line_says_what_to_do(self, tmp_path, name):
        root = tmp_path / "not" / "there"
        with pytest.raises(ConnectionError, match="connect to the internet and try") as caught:
            load_images(name, root=root)
        assert str(caught.value).startswith(f"{name!r} could not be downloaded: ")
        assert "\n" not in str(caught.value)
        assert caught.value.__suppress_context__
        assert everything_in(tmp_path) == []
        assert socket.getdefaulttimeout() is None

    def test_a_download_brings_four_files_and_only_once(self, tmp_path, server):
        root = tmp_path / "data"
        images, labels = load_images("mnist", root=root)
        assert images.shape == (10, 1, 28, 28)
        assert labels.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]
        files = [f"MNIST/raw/{name}" for name in sorted(small_set())]
        assert everything_in(root) == ["MNIST", "MNIST/raw", *files]
        for file in server.iterdir():
            file.unlink()
        assert torch.equal(load_images("mnist", root=root)[0], images)

    @pytest.mark.parametrize("damage", ["gone", "cut off", "changed"])
    def test_a_download_that_breaks_off_leaves_nothing(self, tmp_path, server, damage):
        last = server / "t10k-labels-idx1-ubyte.gz"
        content = last.read_bytes()
        last.unlink()
        if damage != "gone":
            last.write_bytes(content[:-9] if damage == "cut off" else content + b"x")
        root = tmp_path / "data"
        root.mkdir()
        with pytest.raises(ConnectionError, match="'mnist' could not be downloaded"):
            load_images("mnist", root=root)
        assert everything_in(root) == []
        last.write_bytes(content)
        assert len(load_images("mnist", root=root)[0]) == 10

    def test_what_is_missing_is_downloaded(self, tmp_path, server):
        assert server.is_dir()
        folder = written(tmp_path / "data")
        (folder / "train-labels-idx1-ubyte").unlink()
        assert len(load_images("mnist", root=tmp_path / "data")[0]) == 10

    @pytest.mark.usefixtures("_no_network")
    @pytest.mark.parametrize("file", sorted(small_set()))
    @pytest.mark.parametrize(
        "damage",
        [
            *(lambda content: content[:-5], lambda content: content[:6], lambda content: b""),
            *(lambda content: b"<html>" + content, lambda content: content + b"more"),
            lambda content: idx(np.arange(5, dtype=np.uint8)),  # another number of them
        ],
        ids=["cut off", "header cut off", "empty", "not idx", "too long", "of other data"],
    )
    def test_a_damaged_file_is_named(self, tmp_path, file, damage):
        files = small_set()
        folder = written(tmp_path, files=files | {file: damage(files[file])})
        with pytest.raises(
            RuntimeError, match=r"^a file in .* is damaged: delete this folder"
        ) as caught:
            load_images("mnist", root=tmp_path)
        assert str(folder) in str(caught.value)

    def test_digits_have_no_parts(self):
        with pytest.raises(ValueError, match=r"train must be None for 'digits', .*, got True"):
            load_images(train=True)

    def test_the_classes_have_names(self):
        assert class_names() == class_names("mnist") == list("0123456789")
        assert class_names("fashion_mnist") == datasets.FashionMNIST.classes
        class_names("fashion_mnist").clear()
        assert len(class_names("fashion_mnist")) == 10


# Parts of a data set ----------------------------------------------------------------------------


def numbered(labels):
    """Return pictures that can be told apart, and their labels."""
    return torch.arange(len(labels)).view(-1, 1, 1, 1).float(), torch.tensor(labels)


class TestSplit:
    def test_the_parts_and_what_they_hold_have_names(self):
        parts = split(*numbered([0, 1] * 20))
        assert isinstance(parts, Split)
        assert parts == (parts.train, parts.validation, parts.test)
        assert isinstance(parts.train, LabelledImages)
        assert parts.train == (parts.train.images, parts.train.labels)
        other = split(*numbered([0, 1] * 20), seed=1)
        assert not torch.equal(parts.test.images, other.test.images)

    @settings(deadline=None, max_examples=60)
    @given(
        labels=st.lists(st.integers(0, 4), min_size=1, max_size=60),
        validation=st.sampled_from([0, 0.1, 0.15, 0.25, 1 / 3, 0.49]),
        test=st.sampled_from([0, 0.1, 0.15, 0.25, 1 / 3, 0.5]),
        seed=st.integers(0, 99),
    )
    def test_parts_are_disjoint_stratified_and_make_up_the_whole(
        self, labels, validation, test, seed
    ):
        images, labels = numbered(labels)
        parts = split(images, labels, validation=validation, test=test, seed=seed)
        members = [part.images.flatten().long().tolist() for part in parts]
        again = split(images, labels, validation=validation, test=test, seed=seed)
        assert [part.images.flatten().long().tolist() for part in again] == members
        assert sorted(itertools.chain(*members)) == list(range(len(labels)))
        for part, member in zip(parts, members):
            assert torch.equal(part.labels, labels[member])
        for share, part in zip((1 - validation - test, validation, test), parts):
            wanted = share * labels.bincount(minlength=5)
            found = part.labels.bincount(minlength=5)
            assert (wanted - found).abs().max() <= 1 + 1e-6

    def test_the_order_in_a_part_is_random(self):
        train = split(*numbered([0] * 50 + [1] * 50)).train
        assert 15 < (train.labels[1:] != train.labels[:-1]).sum() < 55

    def test_the_parts_are_copies_of_the_same_dtype(self):
        images = torch.zeros(10, 3, 4, 4, dtype=torch.uint8)
        train = split(images, np.arange(10, dtype=np.uint8) % 2).train
        assert train.images.dtype == torch.uint8
        assert train.labels.dtype == torch.int64
        train.images.fill_(9)
        assert images.max() == 0

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"labels": [0, 1]}, ValueError, r"labels must have shape \(6,\), .*, got \(2,\)"),
            ({"labels": [True] * 6}, TypeError, "labels must hold integers, got bool"),
            ({"validation": 0.5, "test": 0.5}, ValueError, r"less than 1, got 0.5 [+] 0.5"),
            ({"test": 1, "validation": 0}, ValueError, r"less than 1, got 0.0 [+] 1.0"),
        ],
    )
    def test_wrong_arguments(self, options, error, message):
        images, labels = numbered([0, 1] * 3)
        with pytest.raises(error, match=message):
            split(**({"images": images, "labels": labels} | options))
