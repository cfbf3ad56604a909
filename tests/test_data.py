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
    _stored,
    class_names,
    colour_digits,
    digits,
    faces,
    load_images,
    pen_digits,
    portrait,
    split,
)
from utils.data import _colour_digits as colour
from utils.data import _faces as drawn
from utils.data import _pen_digits as pen

# Pictures ---------------------------------------------------------------------------------------

PICTURES = {
    "digits": lambda: digits()[0][:3],
    "colour_digits": lambda: colour_digits(4)[0][:3],
    "faces": lambda: faces(4)[0][:3],
    "pen_digits": lambda: pen_digits(4)[0][:3],
    "portrait": lambda: portrait(colour=True)[None],
}
# Of each picture: mean, standard deviation, mean product of neighbours in a row and in a column.
LOOKS = {
    "digits": [
        [0.15314, 0.26541, 0.08982, 0.09086],
        [0.15687, 0.31261, 0.12022, 0.12004],
        [0.17375, 0.31733, 0.12944, 0.12606],
    ],
    "colour_digits": [
        [0.80103, 0.15546, 0.65977, 0.66100],
        [0.29501, 0.22563, 0.13510, 0.13597],
        [0.63589, 0.16267, 0.42510, 0.42428],
    ],
    "faces": [
        [0.47070, 0.14057, 0.23817, 0.23797],
        [0.15216, 0.11990, 0.03377, 0.03375],
        [0.35542, 0.21416, 0.16741, 0.16761],
    ],
    "pen_digits": [
        [0.12275, 0.29819, 0.08060, 0.09268],
        [0.05305, 0.20346, 0.02856, 0.04221],
        [0.15424, 0.33842, 0.12736, 0.12119],
    ],
    "portrait": [[0.39962, 0.28991, 0.23914, 0.23945]],
}


@pytest.mark.parametrize("name", PICTURES)
def test_they_are_the_pictures_of_the_book(name):
    """The stored outputs of the chapters depend on every pixel."""
    images = PICTURES[name]()
    along_rows, along_columns = (
        images[..., 1:] * images[..., :-1],
        images[..., 1:, :] * images[..., :-1, :],
    )
    looks = [images.mean((1, 2, 3)), images.std((1, 2, 3))]
    looks += [along_rows.mean((1, 2, 3)), along_columns.mean((1, 2, 3))]
    expected = torch.tensor(LOOKS[name])
    torch.testing.assert_close(torch.stack(looks, 1), expected, atol=2e-5, rtol=0)


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


def test_the_portrait_is_upright_grey_and_antialiased():
    picture = portrait()
    assert picture.shape == (200, 200)
    assert picture[55, 100] < 0.2  # the peak of the cap
    assert picture[125, 75] > 0.4  # a cheek
    grey = torch.einsum("chw,c->hw", portrait(colour=True), torch.tensor([0.299, 0.587, 0.114]))
    assert (picture - grey).abs().max() < 0.03  # both are rounded before they are resized
    averaged = torch.nn.functional.avg_pool2d(picture[None], 4)[0]
    assert (portrait(size=50) - averaged).abs().mean() < 0.02


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


class TestColourDigits:
    def test_all_typefaces_are_drawn_and_have_ten_digits_of_a_sensible_form(self, monkeypatch):
        glyph, used = colour._glyph, set()
        monkeypatch.setattr(colour, "_glyph", lambda *what: used.add(what[0]) or glyph(*what))
        colour_digits(500, size=12)
        assert used == set(range(len(colour._FONTS)))
        glyphs = [glyph(font, digit) for font in used for digit in range(10)]
        assert len({picture.tobytes() for picture in glyphs}) == len(glyphs)
        for picture in glyphs:
            assert 0.25 < picture.width / picture.height < 1.1
            assert 0.1 < (np.array(picture) > 127).mean() < 0.75

    def test_digits_lie_inside_in_many_places_and_sizes(self, monkeypatch):
        masks, place = [], colour._digit
        monkeypatch.setattr(
            colour, "_digit", lambda *a, **k: masks.append(place(*a, **k)) or masks[-1]
        )
        colour_digits(200)
        inks = np.array(masks) > 127
        assert not inks[:, [0, -1]].any()
        assert not inks[:, :, [0, -1]].any()
        rows = [np.flatnonzero(ink.any(1)) for ink in inks]
        heights = [row[-1] - row[0] + 1 for row in rows]
        assert min(heights) >= 12
        assert max(heights) > 24
        assert len({(row[0], row[-1]) for row in rows}) > 30

    def test_digit_and_background_can_be_told_apart(self, monkeypatch):
        found, contrast = [], colour._contrast
        monkeypatch.setattr(
            colour, "_contrast", lambda colours: found.append(contrast(colours)) or found[-1]
        )
        colour_digits(300, size=12)
        assert 3 <= found[-1].min() < 3.2
        grey = 119 / 255
        pairs = torch.tensor(
            [[[0.0] * 3, [1.0] * 3], [[1.0] * 3, [grey] * 3], [[1, 0, 0], [0, 0, 0]]]
        )
        known = torch.tensor([21, 4.4781, 5.252])  # WCAG 2
        torch.testing.assert_close(contrast(pairs), known, atol=1e-3, rtol=0)
        torch.testing.assert_close(contrast(pairs.flip(1)), known, atol=1e-3, rtol=0)

    def test_either_may_be_lighter(self):
        brightness = colour_digits(300)[0].mean(1)
        edge = torch.cat([brightness[:, 0], brightness[:, -1]], dim=1).mean(1)
        darker = (brightness.amin((1, 2)) - edge).abs() > (brightness.amax((1, 2)) - edge).abs()
        assert 60 < darker.sum() < 240


class TestFaces:
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

    def test_the_connection_is_given_up_after_a_while(self):
        assert socket.getdefaulttimeout() is None
        with _stored._timeout(_stored._TIMEOUT):
            assert socket.getdefaulttimeout() == 20
        assert socket.getdefaulttimeout() is None

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
        parts = split(images, labels)
        assert [len(part.labels) for part in parts] == [1258, 270, 269]
        together = torch.cat([part.images for part in parts]).flatten(1)
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
