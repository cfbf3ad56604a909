"""Counts of whole networks equal closed forms, torchvision's published numbers and PyTorch's."""

import contextlib
import copy
import random

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, prune
from torch.utils.flop_counter import FlopCounterMode

from utils.shapes import (
    LayerSummary,
    receptive_field,
    summarise,
)

# Networks of the book -------------------------------------------------------------------------


def lenet():
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 10)),
    )


def first_cnn(*, pool):
    pools = [nn.MaxPool2d(2)] if pool else []
    return nn.Sequential(
        *(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), *pools),
        *(nn.Conv2d(3, 2, 3, padding=1), nn.ReLU(), *pools),
        *(nn.Flatten(), nn.Linear(1250 if pool else 20_000, 1)),
    )


class TestNumbersOfTheBook:
    @pytest.mark.parametrize(
        ("network", "input_shape", "parameters", "multiply_adds"),
        [
            (first_cnn(pool=False), (1, 100, 100), 20_087, 830_000),
            (first_cnn(pool=True), (1, 100, 100), 1_337, 406_250),
            (lenet(), (3, 32, 32), 6_882, 596_800),
            (nn.Sequential(nn.Linear(16, 4), nn.Linear(4, 1)), (16,), 73, 68),
        ],
    )
    def test_totals(self, network, input_shape, parameters, multiply_adds):
        summary = summarise(network, input_shape)
        assert summary.parameters == parameters
        assert summary.multiply_adds == multiply_adds

    def test_each_layer(self):
        summary = summarise(lenet(), (3, 32, 32))
        assert [row.parameters for row in summary] == [456, 0, 0, 2_416, 0, 0, 0, 4_010]
        assert [row.multiply_adds for row in summary if row.parameters] == [
            352_800,
            240_000,
            4_000,
        ]
        assert [row.receptive_field for row in summary] == [5, 5, 6, 14, 14, 16, None, None]
        assert summary.receptive_field == 16
        assert summary[3] == LayerSummary(
            name="3",
            type="Conv2d",
            input_shape=(6, 14, 14),
            output_shape=(16, 10, 10),
            kernel_size=(5, 5),
            parameters=2_416,
            multiply_adds=240_000,
            activation_bytes=16 * 10 * 10 * 4,
            receptive_field=14,
        )


# Closed forms ---------------------------------------------------------------------------------


class TestClosedForms:
    def test_linear_also_for_many_rows(self):
        row = summarise(nn.Linear(7, 5, bias=False), (7,))[0]
        assert (row.parameters, row.multiply_adds) == (35, 35)
        assert summarise(nn.Linear(7, 5), (11, 7)).multiply_adds == 11 * 35

    def test_what_multiplies_nothing(self):
        layers = nn.Sequential(
            *(nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True)),
            *(nn.LayerNorm([4, 6, 6]), nn.RMSNorm(6), nn.PReLU(4), nn.ReLU(), nn.Dropout(0.5)),
            *(nn.MaxPool2d(2), nn.AvgPool2d(1), nn.AdaptiveAvgPool2d(1), nn.Upsample(4)),
            *(nn.Flatten(), nn.Softmax(1), nn.Identity()),
        )
        summary = summarise(layers, (4, 6, 6))
        assert summary.multiply_adds == 0
        assert summary.parameters == 8 + 8 + 8 + 2 * 144 + 6 + 4
        assert summary.parameters == sum(p.numel() for p in layers.parameters())

    def test_memory_counts_what_is_new(self):
        network = nn.Sequential(
            *(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(72, 5)),
        )
        summary = summarise(network, (1, 8, 8))
        assert [row.activation_bytes for row in summary] == [288, 0, 0, 288, 0, 20]
        assert summary.activation_bytes == 596
        half = summarise(network.double(), (1, 8, 8))
        assert half.activation_bytes == 2 * 596


# torchvision ----------------------------------------------------------------------------------

MODELS = [
    *("vgg19_bn", "resnext50_32x4d", "densenet121", "squeezenet1_1", "shufflenet_v2_x1_0"),
    *("efficientnet_b0", "inception_v3"),
]
# Araujo, Norris and Sim (2019); in the last, every gate sees all.
FIELDS = {"alexnet": 195, "vgg16": 212, "resnet18": 435, "mobilenet_v3_small": None}


def build(name):
    """Return a model of torchvision without data, and its weights' facts and input size."""
    weights = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"]
    without = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with torch.device("meta"):
        model = torchvision.models.get_model(name, **without)
    (size,) = weights.transforms().crop_size
    return model, weights.meta, (3, size, size)


class TestTorchvision:
    """Its ``num_params``, and its ``_ops``: multiply-adds in thousands of millions."""

    @pytest.mark.parametrize("name", [*MODELS, *FIELDS])
    def test_published_numbers(self, name):
        model, published, input_shape = build(name)
        summary = summarise(model, input_shape)
        assert summary.parameters == published["num_params"]
        assert summary.multiply_adds / 1e9 == pytest.approx(published["_ops"], abs=0.00051)
        if name in FIELDS:
            assert summary.receptive_field == FIELDS[name]

    def test_branches_that_only_training_uses_are_named(self):
        model, published, input_shape = build("googlenet")
        summary = summarise(model, input_shape)
        idle = [row for row in summary if row.output_shape is None]
        assert {row.name.split(".")[0] for row in idle} == {"aux1", "aux2"}
        used = summary.parameters - sum(row.parameters for row in idle)
        assert used == published["num_params"]
        assert summary.parameters == sum(p.numel() for p in model.parameters())
        assert "not called" in str(summary)


# A second count -------------------------------------------------------------------------------


def random_layer(rng, axes, channels):
    """Return a random layer for so many channels; its settings need not be possible."""
    kind = rng.choice(["Conv", "Conv", "same", "ConvTranspose", "BatchNorm", "pool", "other"])
    kernel_size = tuple(rng.randint(1, 4) for _ in range(axes))
    groups = rng.choice([1, 1, 2, 3])
    settings = {"groups": groups, "bias": rng.random() < 0.5, "stride": rng.randint(1, 2)}
    outputs = groups * rng.randint(1, 4)
    if kind in ("Conv", "ConvTranspose"):
        settings |= {"padding": rng.randint(0, 2), "dilation": rng.randint(1, 2)}
        return getattr(nn, f"{kind}{axes}d")(channels, outputs, kernel_size, **settings)
    if kind == "same":
        return getattr(nn, f"Conv{axes}d")(channels, outputs, kernel_size, padding="same")
    if kind == "BatchNorm":
        return getattr(nn, f"BatchNorm{axes}d")(channels)
    if kind == "pool":
        name = rng.choice(["MaxPool", "AvgPool"])
        return getattr(nn, f"{name}{axes}d")(2, stride=rng.randint(1, 2), padding=rng.randint(0, 1))
    return rng.choice([nn.ReLU(), nn.PReLU(), nn.Dropout(), nn.Sigmoid()])


def random_stack(rng):
    """Return a random network of layers of every kind that multiplies, and a shape it reads."""
    axes = rng.choice([1, 2, 2, 2, 3])
    input_shape = (
        rng.randint(1, 6),
        *(rng.randint(9, 20 if axes < 3 else 12) for _ in range(axes)),
    )
    image, layers = torch.empty(1, *input_shape, device="meta"), []
    while len(layers) < 7:
        try:
            with torch.device("meta"):
                layer = random_layer(rng, axes, image.shape[1])
            output = layer.eval()(image)
        except (ValueError, RuntimeError):
            continue  # groups that do not divide the channels, a window that does not fit
        if 0 < output.numel() < 60_000:
            image = output
            layers.append(layer)
    if rng.random() < 0.5:
        head = nn.Linear(image.numel(), rng.randint(1, 5), bias=rng.random() < 0.5, device="meta")
        layers += [nn.Flatten(), head]
    half = rng.randint(1, len(layers) - 1)
    nested = nn.Sequential(nn.Sequential(*layers[:half]), *layers[half:])
    return nested, input_shape


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
class TestRandomStacks:
    def test_multiply_adds_and_parameters(self):
        rng, multiplied = random.Random(0), 0
        for _ in range(300):
            network, input_shape = random_stack(rng)
            summary = summarise(network, input_shape)
            counter = FlopCounterMode(display=False)  # of PyTorch: two flops are a multiply-add
            with counter, torch.no_grad():
                output = network.eval()(torch.empty(1, *input_shape, device="meta"))
            assert 2 * summary.multiply_adds == counter.get_total_flops(), network
            assert summary.parameters == sum(p.numel() for p in network.parameters())
            assert summary[-1].output_shape == tuple(output.shape[1:])
            multiplied += summary.multiply_adds > 0
        assert multiplied > 250


# What an entry sees -----------------------------------------------------------------------------


def seen(network, size):
    """Measure with gradients how many pixels of a line of `size` the best placed entry sees."""
    for parameter in network.parameters():
        nn.init.constant_(parameter, 1.0)
    line = torch.ones(1, 1, size, dtype=torch.float64)
    slopes = torch.autograd.functional.jacobian(network.double(), line, vectorize=True)
    reached = [entry.nonzero().flatten().tolist() for entry in slopes.reshape(-1, size)]
    return max(pixels[-1] - pixels[0] + 1 for pixels in reached if pixels)


class TestReceptiveField:
    def test_gradients_measure_the_same(self):
        rng, enlarged = random.Random(0), 0
        for _ in range(60):
            layers = []
            for _ in range(rng.randint(1, 5)):
                k, s, d = rng.randint(1, 4), rng.randint(1, 2), rng.randint(1, 2)
                choices = [
                    nn.Conv1d(1, 1, k, stride=s, dilation=d, bias=False),
                    nn.Conv1d(1, 1, k, padding=1, bias=False),
                    nn.AvgPool1d(k, stride=s),
                    nn.Identity(),
                ]
                layers.append(rng.choice(choices))
            larger = rng.random() < 0.4
            if larger:
                enlarged += 1
                choices = [
                    nn.ConvTranspose1d(1, 1, k, stride=s, dilation=d, bias=False),
                    nn.Upsample(scale_factor=2),
                    nn.Upsample(scale_factor=3, mode="linear"),
                ]
                layers.append(rng.choice(choices))
            network = nn.Sequential(*layers)
            measured = seen(network, 160)
            assert summarise(network, (1, 160))[-1].receptive_field == measured, network
            if not larger:
                assert receptive_field(network) == measured
        assert enlarged > 10

    def test_of_a_chain(self):
        layers = [nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, dilation=2)]
        assert receptive_field(nn.Sequential(*layers)) == receptive_field(
            [(5, 1), (2, 2), (3, 1, 2)]
        )
        assert receptive_field(nn.Sequential(nn.Conv2d(1, 1, (3, 1)), nn.ReLU())) == (3, 1)
        assert receptive_field(nn.Sequential()) == 1
        assert receptive_field(nn.MaxPool1d(3)) == 3

    @pytest.mark.parametrize(
        "layer",
        [
            *(nn.Flatten(), nn.Linear(9, 2), nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool1d(1)),
            *(nn.ConvTranspose2d(1, 1, 2), nn.Upsample(scale_factor=2)),
        ],
        ids=lambda layer: type(layer).__name__,
    )
    def test_a_layer_without_a_window_is_no_part_of_a_chain(self, layer):
        name = type(layer).__name__
        with pytest.raises(ValueError, match=rf"entry by entry, got '1' of type {name}: use summ"):
            receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3), layer))
        with pytest.raises(ValueError, match=rf"entry by entry, got {name}: use summarise\("):
            receptive_field(layer)

    def test_the_path_that_sees_most_counts(self):
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(4, 4, 3, padding=1)
                self.conv2 = nn.Conv2d(4, 4, 5, padding=2)

            def forward(self, image):
                return F.relu(image + self.conv2(F.relu(self.conv1(image))))

        assert summarise(nn.Sequential(Block(), Block()), (4, 20, 20)).receptive_field == 13

    def test_pooling_functions_take_their_settings_by_place_or_by_name(self):
        class Pools(nn.Module):
            def forward(self, image):
                image = F.max_pool2d(image, 3, 1, 1, 2)
                image = F.avg_pool2d(image, (2, 1), stride=(2, 3))
                return F.max_pool2d(image, kernel_size=2, dilation=3)

        layers = [
            nn.MaxPool2d(3, 1, 1, 2),
            nn.AvgPool2d((2, 1), (2, 3)),
            nn.MaxPool2d(2, dilation=3),
        ]
        expected = summarise(nn.Sequential(*layers), (1, 40, 40)).receptive_field
        assert expected == (12, 14)
        assert summarise(Pools(), (1, 40, 40)).receptive_field == expected

    def test_whole_maps(self):
        same = nn.Sequential(nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(6), nn.Conv2d(1, 1, 3))
        assert summarise(same, (1, 8, 8)).receptive_field == 5
        whole = nn.Sequential(nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1))
        assert [row.receptive_field for row in summarise(whole, (1, 8, 8))] == [3, None]
        assert summarise(whole, (1, 8, 8)).receptive_field == 3
        assert summarise(nn.Linear(3, 2), (3,)).receptive_field is None


# What is refused, and what stays as it was -------------------------------------------------------


class WithMatmul(nn.Module):
    """A network that multiplies outside of its layers."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, image):
        maps = self.conv(image)
        return maps @ maps.transpose(-1, -2)


class WithParameter(nn.Module):
    """A layer of somebody's own."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, image):
        return self.scale * image


class TestRefusals:
    @pytest.mark.parametrize(
        ("network", "message"),
        [
            (
                nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.LSTM(6, 3))),
                r"layer '1\.0' of type LSTM is not known: it has parameters of its own",
            ),
            (
                nn.Sequential(nn.Conv2d(1, 2, 3), nn.MultiheadAttention(6, 3)),
                r"layer '1' of type MultiheadAttention is not known",
            ),
            (nn.Sequential(WithParameter()), r"layer '0' of type WithParameter is not known"),
            (WithParameter(), r"module of type WithParameter is not known"),
            (
                nn.Sequential(WithMatmul()),
                r"layer '0' of type WithMatmul is not known: its forward computes matmul",
            ),
            (WithMatmul(), r"module of type WithMatmul is not known"),
            (nn.Sequential(nn.LazyConv2d(3, 3)), r"got a lazy one: call it on an input first"),
            (
                lenet(),
                r"one that the module can read, got \(1, 8, 8\): layer '0' of type Conv2d was "
                r"given \(1, 8, 8\): .",
            ),
            (
                nn.Sequential(nn.Flatten(), nn.Linear(5, 2)),
                r"got \(1, 8, 8\): layer '1' of type Linear was given \(64,\): .",
            ),
        ],
    )
    def test_the_message_names_the_layer(self, network, message):
        with pytest.raises(ValueError, match=message):
            summarise(network, (1, 8, 8))

    def test_what_has_parameters_but_is_known(self):
        weighted = parametrizations.weight_norm(nn.Conv2d(1, 2, 3))
        assert summarise(weighted, (1, 8, 8)).multiply_adds == 36 * 18
        pruned = nn.Sequential(prune.random_unstructured(nn.Conv2d(1, 2, 3), "weight", 0.5))
        before = pruned[0].weight.clone()
        assert summarise(pruned, (1, 8, 8)).multiply_adds == 36 * 18
        assert torch.equal(pruned[0].weight, before)
        lazy = nn.LazyConv2d(2, 3)
        lazy(torch.zeros(1, 1, 8, 8))
        assert summarise(lazy, (1, 8, 8)).multiply_adds == 36 * 18


class TestTheModuleIsOnlyRead:
    @pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 8)])  # the second one cannot be read
    def test_hooks_modes_and_gradients(self, shape):
        network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.ReLU(True))
        network[2].eval()
        network(torch.rand(2, 1, 8, 8)).sum().backward()
        network[0].register_forward_hook(lambda *_: pytest.fail("called"))
        before = copy.deepcopy(network.state_dict())
        gradients = [parameter.grad.clone() for parameter in network.parameters()]
        with contextlib.suppress(ValueError):
            summarise(network, shape)
        assert [part.training for part in network] == [True, True, False, True]
        torch.testing.assert_close(network.state_dict(), before)
        for parameter, gradient in zip(network.parameters(), gradients, strict=True):
            assert torch.equal(parameter.grad, gradient)
        assert [len(part._forward_hooks) for part in network] == [1, 0, 0, 0]

    def test_a_large_network_needs_no_memory(self):
        with torch.device("meta"):
            network = nn.Linear(10**6, 10**6)
        assert summarise(network, (10**6,)).multiply_adds == 10**12


class TestCalls:
    def test_a_layer_that_is_called_twice(self):
        conv = nn.Conv2d(2, 2, 3, padding=1)
        summary = summarise(nn.Sequential(conv, nn.ReLU(), conv), (2, 8, 8))
        assert [row.name for row in summary] == ["0", "1", "0"]
        assert [row.parameters for row in summary] == [38, 0, 0]
        assert summary.parameters == 38
        assert summary.multiply_adds == 2 * 64 * 36

    def test_weights_that_are_shared(self):
        first, second = nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3)
        second.weight = first.weight
        summary = summarise(nn.Sequential(first, second), (2, 8, 8))
        assert [row.parameters for row in summary] == [38, 2]

    @pytest.mark.parametrize(
        ("network", "one", "batch"),
        [
            (lenet(), (3, 32, 32), (64, 3, 32, 32)),
            (nn.Conv1d(2, 3, 3), (2, 9), (5, 2, 9)),
            (nn.Conv3d(2, 3, 3), (2, 9, 9, 9), (5, 2, 9, 9, 9)),
            (nn.Sequential(nn.Flatten(), nn.Linear(27, 2)), (3, 3, 3), (8, 3, 3, 3)),
        ],
    )
    def test_a_batch_axis_is_dropped(self, network, one, batch):
        assert summarise(network, torch.Size(batch)) == summarise(network, list(one))
        assert summarise(network, batch).input_shape == one


class TestTable:
    def test_it_is_a_sequence_and_a_table(self):
        summary = summarise(lenet(), (3, 32, 32))
        assert len(summary) == 8
        assert summary[0].name == "0"
        assert [row.type for row in summary][:3] == ["Conv2d", "ReLU", "MaxPool2d"]
        lines = str(summary).splitlines()
        assert repr(summary) == str(summary)
        assert lines[0].split() == [
            *("layer", "output", "parameters", "multiply-adds", "memory", "sees")
        ]
        assert lines[2].split() == ["input", *"3 × 32 × 32".split()]
        assert lines[-1].split() == ["total", "6,882", "596,800", "56.8", "kB", "16"]
        assert len({line.index("×") for line in lines[3:9:3]}) == 1
        assert max(map(len, lines)) <= 80
        assert all(line == line.rstrip() for line in lines)

    def test_sizes_have_units(self):
        text = str(summarise(nn.Conv2d(3, 512, 3, padding=1), (3, 1024, 1024)))
        assert "2.1 GB" in text
        assert "3 × 1,024 × 1,024" in text
