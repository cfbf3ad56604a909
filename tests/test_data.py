"""The pictures: their shapes, their range, that they are always the same, and where they go."""

import functools
import gzip
import hashlib
import http.server
import itertools
import socket
import struct
import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import datasets

from utils.data import (
    LabelledImages,
    Split,
    _stored,
    class_names,
    colour_digits,
    digits,
    faces,
    load_images,
    portrait,
    split,
)
from utils.data import _colour_digits as colour
from utils.data import _faces as drawn


@pytest.mark.parametrize("size", [1, 32, 200, 400])
def test_shape_and_range(size):
    grey, colour = portrait(size=size), portrait(size=size, colour=True)
    assert grey.shape == (size, size)
    assert colour.shape == (3, size, size)
    for picture in (grey, colour):
        assert picture.dtype == torch.float32
        assert picture.is_contiguous()
        assert picture.min() >= 0
        assert picture.max() <= 1


def test_the_whole_range_is_used():
    assert portrait().min() < 0.05
    assert portrait().max() > 0.95


def test_grey_is_the_weighted_sum_of_the_colours():
    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    difference = portrait() - (portrait(colour=True) * weights).sum(0)
    assert difference.abs().max() < 0.03  # both are rounded to 256 steps before they are resized


def test_the_cap_is_dark_and_the_cheek_is_light():
    picture = portrait()
    assert picture[55, 100] < 0.2  # the peak of the cap
    assert picture[125, 75] > 0.4  # a cheek: the picture is not upside down


def test_resizing_is_antialiased():
    small = portrait(size=50)
    averaged = torch.nn.functional.avg_pool2d(portrait(size=200)[None, None], 4)[0, 0]
    assert (small - averaged).abs().mean() < 0.02


def test_each_call_gives_a_tensor_of_its_own():
    portrait().zero_()
    assert torch.equal(portrait(), portrait())
    assert portrait().max() > 0


@pytest.mark.parametrize(
    ("size", "error"), [(0, ValueError), (5000, ValueError), (2.5, TypeError), (True, TypeError)]
)
def test_wrong_sizes(size, error):
    with pytest.raises(error, match=r"size must be .*, got"):
        portrait(size=size)


def test_colour_is_true_or_false():
    with pytest.raises(TypeError, match="colour must be True or False, got 'yes'"):
        portrait(colour="yes")


class TestColourDigits:
    def test_shapes_types_and_range(self):
        images, labels = colour_digits(30, size=20)
        assert images.shape == (30, 3, 20, 20)
        assert images.dtype == torch.float32
        assert images.min() >= 0
        assert images.max() <= 1
        assert labels.shape == (30,)
        assert labels.dtype == torch.int64

    @pytest.mark.parametrize("n", [1, 7, 10, 95, 200])
    def test_each_digit_comes_equally_often(self, n):
        counts = colour_digits(n, size=12)[1].bincount(minlength=10)
        assert len(counts) == 10
        assert counts.sum() == n
        assert counts.max() - counts.min() <= 1

    def test_the_order_is_random(self):
        labels = colour_digits(200, size=12)[1]
        assert not torch.equal(labels, labels.sort().values)
        assert (labels[1:] - labels[:-1]).unique().numel() > 10

    def test_the_seed_decides(self):
        images, labels = colour_digits(20)
        again, same_labels = colour_digits(20, seed=0)
        assert torch.equal(images, again)
        assert torch.equal(labels, same_labels)
        others, other_labels = colour_digits(20, seed=1)
        assert not torch.equal(labels, other_labels)
        assert not torch.equal(images, others)

    def test_all_typefaces_are_drawn_and_differ(self, monkeypatch):
        glyph, used = colour._glyph, []
        monkeypatch.setattr(colour, "_glyph", lambda *what: used.append(what) or glyph(*what))
        colour_digits(500, size=12)
        assert {font for font, _ in used} == set(range(len(colour._FONTS)))
        for digit in range(10):
            drawn = {glyph(font, digit).tobytes() for font in range(len(colour._FONTS))}
            assert len(drawn) == len(colour._FONTS)

    @pytest.mark.parametrize("font", range(len(colour._FONTS)), ids=colour._FONTS)
    def test_every_typeface_has_ten_different_digits_of_a_sensible_form(self, font):
        glyphs = [colour._glyph(font, digit) for digit in range(10)]
        assert len({glyph.tobytes() for glyph in glyphs}) == 10
        for glyph in glyphs:
            assert 0.25 < glyph.width / glyph.height < 1.1
            ink = np.array(glyph) > 127
            assert 0.1 < ink.mean() < 0.75

    def test_digits_lie_inside_in_many_places_and_sizes(self, monkeypatch):
        masks, place = [], colour._digit
        monkeypatch.setattr(
            colour, "_digit", lambda *a, **k: masks.append(place(*a, **k)) or masks[-1]
        )
        colour_digits(200)
        inks = np.array(masks) > 127
        assert inks[:, 0].sum() == inks[:, -1].sum() == 0
        assert inks[:, :, 0].sum() == inks[:, :, -1].sum() == 0
        rows = [np.flatnonzero(ink.any(1)) for ink in inks]
        heights = [row[-1] - row[0] + 1 for row in rows]
        assert min(heights) >= 12
        assert max(heights) > 24
        assert len({(row[0], row[-1]) for row in rows}) > 30

    def test_digit_and_background_can_be_told_apart(self, monkeypatch):
        found = []
        contrast = colour._contrast
        monkeypatch.setattr(
            colour, "_contrast", lambda colours: found.append(contrast(colours)) or found[-1]
        )
        colour_digits(300, size=12)
        assert found[-1].min() >= 3
        black_and_white = torch.tensor([[[0.0, 0, 0], [1, 1, 1]]])
        assert contrast(black_and_white).item() == pytest.approx(21)
        assert contrast(black_and_white.flip(1)).item() == pytest.approx(21)

    def test_either_may_be_lighter(self):
        images, _ = colour_digits(300)
        brightness = images.mean(1)
        edge = torch.cat([brightness[:, 0], brightness[:, -1]], dim=1).mean(1)
        darker = (brightness.amin((1, 2)) - edge).abs() > (brightness.amax((1, 2)) - edge).abs()
        assert 60 < darker.sum() < 240

    def test_a_thousand_take_a_moment(self):
        start = time.perf_counter()
        colour_digits(1000)
        assert time.perf_counter() - start < 5  # about half a second on an idle machine

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"n": 0}, ValueError, "n must be at least 1, got 0"),
            ({"n": 2.5}, TypeError, r"n must be an integer, got 2\.5"),
            ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
            ({"size": 11}, ValueError, "size must be at least 12, got 11"),
        ],
    )
    def test_wrong_arguments(self, options, error, message):
        with pytest.raises(error, match=message):
            colour_digits(**options)


class TestDigits:
    def test_shapes_types_and_range(self):
        images, labels = digits()
        assert images.shape == (1797, 1, 28, 28)
        assert images.dtype == torch.float32
        assert images.min() == 0
        assert images.max() == 1
        assert labels.dtype == torch.int64
        assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]

    @pytest.mark.parametrize(("size", "border"), [(28, 4), (12, 2), (32, 5), (64, 9)])
    def test_the_border_is_black(self, size, border):
        images, _ = digits(size=size)
        assert images.shape[2:] == (size, size)
        ink = images.amax((0, 1)) > 0
        rows, columns = torch.where(ink)
        assert rows.min() == columns.min() == border
        assert rows.max() == columns.max() == size - border - 1

    def test_they_are_the_digits_of_scikit_learn(self):
        from sklearn.datasets import load_digits

        images, labels = digits(size=56)
        stored = load_digits()
        assert torch.equal(labels, torch.from_numpy(stored.target))
        # five times as large: made small again, they are what they were
        small = torch.nn.functional.avg_pool2d(images[:, 0, 8:48, 8:48], 5)
        difference = small - torch.from_numpy(stored.images).float() / 16
        assert difference.abs().mean() < 0.05

    def test_no_two_are_the_same(self):
        images, _ = digits()
        assert len(images.flatten(1).unique(dim=0)) == len(images)

    def test_each_call_gives_tensors_of_its_own(self):
        digits()[0].zero_()
        assert digits()[0].max() == 1

    @pytest.mark.parametrize(("size", "error"), [(11, ValueError), (28.0, TypeError)])
    def test_wrong_sizes(self, size, error):
        with pytest.raises(error, match=r"size must be .*, got"):
            digits(size=size)


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
            lambda content: content[:-5],
            lambda content: content[:6],
            lambda content: b"",
            lambda content: b"<html>" + content,
            lambda content: content + b"more",
        ],
        ids=["cut off", "header cut off", "empty", "not idx", "too long"],
    )
    def test_a_damaged_file_is_named(self, tmp_path, file, damage):
        files = small_set()
        folder = written(tmp_path, files=files | {file: damage(files[file])})
        with pytest.raises(RuntimeError, match="is damaged: delete this folder") as caught:
            load_images("mnist", root=tmp_path)
        assert str(folder) in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.usefixtures("_no_network")
    def test_each_picture_needs_a_label(self, tmp_path):
        labels = {"train-labels-idx1-ubyte": idx(np.arange(5, dtype=np.uint8))}
        written(tmp_path, files=small_set() | labels)
        with pytest.raises(RuntimeError, match="is damaged"):
            load_images("mnist", root=tmp_path)

    def test_the_connection_is_given_up_after_a_while(self):
        assert socket.getdefaulttimeout() is None
        with _stored._timeout(_stored._TIMEOUT):
            assert socket.getdefaulttimeout() == 20
        assert socket.getdefaulttimeout() is None

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"name": "minst"}, ValueError, "name 'minst' is not known: did you mean 'mnist'"),
            ({"name": 3}, TypeError, "name must be a string, got 3"),
            ({"train": True}, ValueError, "train must be None for 'digits', .*, got True"),
            ({"name": "mnist", "train": 1}, TypeError, "train must be True or False, got 1"),
            ({"root": 3}, TypeError, "root must be a string or a path, got 3"),
        ],
    )
    def test_wrong_arguments(self, options, error, message):
        with pytest.raises(error, match=message):
            load_images(**options)

    def test_the_classes_have_names(self):
        assert class_names() == class_names("mnist") == list("0123456789")
        assert class_names("fashion_mnist") == datasets.FashionMNIST.classes
        class_names("fashion_mnist").clear()
        assert len(class_names("fashion_mnist")) == 10


class TestFaces:
    def test_shapes_types_and_range(self):
        images, labels = faces(12, size=64)
        assert images.shape == (12, 1, 64, 64)
        assert images.dtype == torch.float32
        assert images.min() >= 0
        assert images.max() <= 1
        assert labels.dtype == torch.int64

    @pytest.mark.parametrize("n", [1, 2, 7, 60])
    def test_half_of_them_smile(self, n):
        counts = faces(n, size=48)[1].bincount(minlength=2)
        assert counts.sum() == n
        assert counts.max() - counts.min() <= 1

    def test_the_order_is_random(self):
        labels = faces(100, size=48)[1]
        assert 30 < (labels[1:] != labels[:-1]).sum() < 70

    def test_the_seed_decides(self):
        images, labels = faces(20)
        again, same_labels = faces(20, seed=0)
        assert torch.equal(images, again)
        assert torch.equal(labels, same_labels)
        others, other_labels = faces(20, seed=1)
        assert not torch.equal(labels, other_labels)
        assert (images - others).abs().mean() > 0.1

    @pytest.mark.parametrize("corner", [*drawn._SMILE, *drawn._NO_SMILE])
    def test_only_a_smile_has_raised_corners(self, corner):
        traits = {name: (low + high) / 2 for name, (low, high) in drawn._TRAITS.items()}
        face, _ = drawn._head(0.9, 0.9, corner, **traits)
        below_the_nose = np.array(face)[int(0.6 * drawn._SIDE) :] < 150
        columns = np.flatnonzero(below_the_nose.any(0))
        heights = [below_the_nose[:, x].nonzero()[0].mean() for x in columns]
        raised = (heights[len(heights) // 2] - (heights[1] + heights[-2]) / 2) / drawn._SIDE
        assert raised == pytest.approx(corner, abs=0.02)

    def test_they_are_anywhere_of_many_sizes_and_whole(self, monkeypatch):
        monkeypatch.setattr(drawn, "_skin_hair_background", lambda generator: (0.9, 0.8, 0.1))
        generator = torch.Generator().manual_seed(0)
        heads = np.array([drawn._picture(1, 128, generator) for _ in range(150)]) > 150
        rows = [np.flatnonzero(head.any(1)) for head in heads]
        columns = [np.flatnonzero(head.any(0)) for head in heads]
        heights = np.array([row[-1] - row[0] + 1 for row in rows])
        assert 0.28 * 128 < heights.min() < 0.36 * 128
        assert 0.54 * 128 < heights.max() < 0.62 * 128
        middles = np.array([(r.mean(), c.mean()) for r, c in zip(rows, columns)])
        assert (middles.min(0) < 40).all()
        assert (middles.max(0) > 88).all()
        widths = [column[-1] - column[0] + 1 for column in columns]
        ratios = heights / widths  # nothing is cut off at an edge
        assert ratios.min() > 1
        assert ratios.max() < 1.5

    def test_heads_can_be_told_from_the_background(self):
        generator = torch.Generator().manual_seed(0)
        values = torch.tensor([drawn._skin_hair_background(generator) for _ in range(300)])
        skin, hair, background = values.T
        assert (skin - background).abs().min() >= 0.2
        assert (hair - background).abs().min() >= 0.2
        assert 20 < (skin < background).sum() < 150  # some are darker

    def test_nothing_but_the_mouth_tells_them_apart(self):
        images, labels = faces(600, size=48)
        means = [images[labels == label].mean((0, 1)) for label in (0, 1)]
        assert (means[0] - means[1]).abs().mean() < 0.04  # no place or brightness gives it away

    def test_light_and_noise_vary(self):
        images, _ = faces(100, size=64)
        steps = (images[:, 0, 1:] - images[:, 0, :-1]).abs().flatten(1).median(1).values
        assert steps.min() < 0.01
        assert steps.max() > 0.05

    def test_a_thousand_take_a_moment(self):
        start = time.process_time()
        faces(1000)
        assert time.process_time() - start < 10  # about two seconds on an idle machine

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"n": 0}, ValueError, "n must be at least 1, got 0"),
            ({"seed": None}, TypeError, "seed must be an integer, got None"),
            ({"size": 47}, ValueError, "size must be at least 48, got 47"),
        ],
    )
    def test_wrong_arguments(self, options, error, message):
        with pytest.raises(error, match=message):
            faces(**options)


def numbered(labels):
    """Return pictures that can be told apart, and their labels."""
    return torch.arange(len(labels)).view(-1, 1, 1, 1).float(), torch.tensor(labels)


class TestSplit:
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
        assert sorted(itertools.chain(*members)) == list(range(len(labels)))
        for part, member in zip(parts, members):
            assert torch.equal(part.labels, labels[member])
        for share, part in zip((1 - validation - test, validation, test), parts):
            wanted = share * labels.bincount(minlength=5)
            found = part.labels.bincount(minlength=5)
            assert (wanted - found).abs().max() <= 1 + 1e-6

    def test_handwritten_digits(self):
        images, labels = digits(size=12)
        parts = train, validation, test = split(images, labels)
        assert [len(part.labels) for part in parts] == [1258, 270, 269]
        assert sum(len(part.images.flatten(1).unique(dim=0)) for part in parts) == 1797
        for part in parts:
            shares = part.labels.bincount() / len(part.labels)
            assert (shares - labels.bincount() / 1797).abs().max() < 0.005
        together = torch.cat([train.images, validation.images, test.images]).flatten(1)
        assert len(together.unique(dim=0)) == 1797  # no picture is in two parts

    def test_the_parts_have_names(self):
        parts = split(*numbered([0, 1] * 20))
        assert isinstance(parts, Split)
        assert all(isinstance(part, LabelledImages) for part in parts)
        train, validation, test = parts
        assert parts.train is train
        assert parts.validation is validation
        assert parts.test is test
        images, labels = train
        assert train.images is images
        assert train.labels is labels

    def test_the_seed_decides(self):
        images, labels = numbered([0, 1, 2] * 40)
        first, again, other = (split(images, labels, seed=seed) for seed in (0, 0, 1))
        assert all(torch.equal(a.images, b.images) for a, b in zip(first, again))
        assert set(first.test.images.flatten().tolist()) != set(
            other.test.images.flatten().tolist()
        )

    def test_the_order_in_a_part_is_random(self):
        train = split(*numbered([0] * 50 + [1] * 50)).train
        assert 15 < (train.labels[1:] != train.labels[:-1]).sum() < 55

    @pytest.mark.parametrize("share", [0.05, 0.15, 0.35, 0.45])
    def test_shares_that_are_no_binary_fractions(self, share):
        parts = split(*numbered([0] * 100), validation=share, test=share)
        assert len(parts.validation.labels) == len(parts.test.labels) == round(100 * share)

    def test_a_part_may_be_empty(self):
        parts = split(*numbered([0, 1] * 5), validation=0, test=0)
        assert parts.validation.images.shape == (0, 1, 1, 1)
        assert len(parts.train.labels) == 10

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
            ({"images": torch.zeros(6, 28, 28)}, ValueError, r"shape \(N, C, H, W\), got"),
            ({"labels": [0, 1]}, ValueError, r"labels must have shape \(6,\), .*, got \(2,\)"),
            ({"labels": [0.0] * 6}, TypeError, "labels must hold integers, got float32"),
            ({"labels": [True] * 6}, TypeError, "labels must hold integers, got bool"),
            ({"labels": "012345"}, TypeError, "labels must be a tensor, .*, got '012345'"),
            ({"test": -0.1}, ValueError, "test must be at least 0, got"),
            ({"validation": 0.5, "test": 0.5}, ValueError, r"less than 1, got 0.5 [+] 0.5"),
            ({"seed": 1.5}, TypeError, "seed must be an integer, got 1.5"),
        ],
    )
    def test_wrong_arguments(self, options, error, message):
        images, labels = numbered([0, 1] * 3)
        with pytest.raises(error, match=message):
            split(**({"images": images, "labels": labels} | options))
