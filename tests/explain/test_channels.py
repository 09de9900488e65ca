"""The index of top items against brute force; guided backpropagation from a channel against Captum and by hand."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from captum.attr import GuidedBackprop
from PIL import Image
from torch import Tensor, nn

from fashionviz.data.examples import draw
from fashionviz.errors import Cancelled, InvalidRequest
from fashionviz.explain.channels import build_index, indexed_layers, load_index, nearest_indexed, save_index, top_of
from fashionviz.explain.hookable import Hookable, hookable
from fashionviz.explain.kept import NotBuilt
from fashionviz.explain.layers import activations_of, list_layers
from fashionviz.inference.channels import walk_back
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained
from tests.conftest import MODEL, make_weights


class Net(nn.Module):
    """A unit (convolution, batch norm, ReLU6 in place), a block that adds, a head."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.unit = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU6(inplace=True))
        self.conv = nn.Conv2d(4, 5, 3)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.relu(self.conv(self.unit(x))).mean(dim=(2, 3)))


def test_what_an_index_holds() -> None:
    net = Net().eval()
    assert indexed_layers(net, (12, 12)) == ("unit", "conv", "head")
    layers = list_layers(net, (12, 12))
    for asked, found in {"unit": "unit", "unit.0": "unit", "unit.2": "unit", "relu": "conv", "head": "head"}.items():
        assert nearest_indexed(layers, ("unit", "conv", "head"), asked) == found
    assert nearest_indexed(layers, ("conv",), "unit.0") is None


def test_top_items_are_those_of_brute_force() -> None:
    net = Net().eval()
    x = 3 * torch.randn(40, 3, 12, 12)
    x[31] = x[4]  # equal in every channel: the first comes first
    parts = [(tuple(range(i, min(i + 7, 40))), x[i : i + 7]) for i in range(0, 40, 7)]
    best = top_of(net, ["unit", "conv", "head"], parts, k=9)
    for name in ("unit", "conv"):
        maps = np.stack([activations_of(net, x[i : i + 1], name) for i in range(40)])
        for channel in range(maps.shape[1]):
            # Lexicographic: value, then mean, then place. Equal photos differ by rounding of a batch, so round.
            keys = [(-maps[i, channel].max().round(4), -maps[i, channel].mean().round(4), i) for i in range(40)]
            assert best[name].places[channel].tolist() == [k[2] for k in sorted(keys)[:9]], (name, channel)
    logits = net(x).detach()
    for channel in range(2):
        assert best["head"].values[channel].tolist() == pytest.approx(sorted(logits[:, channel].tolist())[:-10:-1])
    assert not any(m._forward_hooks for m in net.modules())


def test_clipped_values_are_ordered_by_their_mean() -> None:
    net = nn.Sequential(nn.Conv2d(3, 1, 1, bias=False), nn.ReLU6()).eval()
    nn.init.constant_(net[0].weight, 1.0)
    x = torch.zeros(4, 3, 4, 4)
    x[:, :, 0, 0] = 9.0  # all clipped at 6
    for i, extra in enumerate([0.1, 0.5, 0.5, 0.9]):
        x[i, :, 1, 1] = extra
    best = top_of(net, ["1"], [((0, 1), x[:2]), ((2, 3), x[2:])], k=3)["1"]
    assert best.values.tolist() == [[6.0, 6.0, 6.0]]
    assert best.places.tolist() == [[3, 1, 2]]


@pytest.fixture
def split(tmp_path: Path) -> Path:
    """Twelve drawn pictures with labels of the six classes; one of them is damaged, one has no label."""
    rows = []
    for i in range(12):
        out = io.BytesIO()
        Image.fromarray(draw("dress" if i % 2 else "hat", i)).save(out, "PNG")
        data = b"no picture" if i == 5 else out.getvalue()
        gender = "Unisex" if i == 7 else "Men" if i % 3 else "Women"
        rows.append(
            {"id": 100 + i, "image": {"bytes": data, "path": None}, "gender": gender, "masterCategory": "Apparel"}
        )
    folder = tmp_path / "drawn"
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "test-00000-of-00001.parquet")
    return folder


def test_an_index_is_built_saved_and_read(weights: Path, split: Path) -> None:
    seen: list[tuple[int, int]] = []
    index = build_index(MODEL, split, "test", batch=4, progress=lambda d, t: seen.append((d, t)))
    assert index.source.n == 11
    assert seen[-1] == (11, 11)
    save_index(index, weights / MODEL)
    read = load_index(MODEL)
    spec = get_model(MODEL)
    network, _ = load_trained(MODEL)
    answers = {}
    for i in range(12):
        if i not in (5, 7):
            x, _, _ = to_input(draw("dress" if i % 2 else "hat", i), spec.input_size, spec.mean, spec.std)
            answers[str(100 + i)] = activations_of(network, x[None], "features.18").max(axis=(1, 2))
    for channel in (0, 700, 1279):
        top = read.top("features.18", channel)
        best = sorted((float(a[channel]) for a in answers.values()), reverse=True)[:9]
        assert [item.value for item in top.items] == pytest.approx(best, rel=2e-3, abs=2e-3)
        for item in top.items:
            assert item.value == pytest.approx(float(answers[item.id][channel]), rel=2e-3, abs=2e-3)
    with pytest.raises(InvalidRequest, match="does not hold"):
        read.top("features.99", 0)
    with pytest.raises(InvalidRequest, match="channels 0 to 1279"):
        read.top("features.18", 1280)


def test_other_weights_are_noticed_and_damage_too(weights: Path, split: Path) -> None:
    with pytest.raises(NotBuilt, match=f"fashionviz channels {MODEL}"):
        load_index(MODEL)
    save_index(build_index(MODEL, split, limit=2), weights / MODEL)
    assert load_index(MODEL).source.limit == 2
    make_weights(weights, seed=1)
    with pytest.raises(NotBuilt, match="other weights"):
        load_index(MODEL)
    (weights / MODEL / "channels.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(NotBuilt, match="cannot be read"):
        load_index(MODEL)


def test_a_build_can_be_stopped(weights: Path, split: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        build_index(MODEL, split, cancel=stop)


class Maximum(nn.Module):
    """A network whose outputs are the maxima of one layer's channels: Captum's plain guided backprop explains them."""

    def __init__(self, hooked: Hookable, layer: str) -> None:
        super().__init__()
        self.hooked, self.layer = hooked, layer

    def forward(self, x: Tensor) -> Tensor:
        kept = {}
        handle = self.hooked.net.get_submodule(self.layer).register_forward_hook(lambda m, i, o: kept.update(out=o))
        self.hooked(x)
        handle.remove()
        return kept["out"].flatten(2).max(dim=2).values


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("mobilenet_v2.gender_category", "features.4"),
        ("resnet50.clothing10", "layer2.1"),
        ("category_cnn28.category11", "features.4"),
        ("inception_v3.tags", "Mixed_5b"),
    ],
)
def test_from_a_channel_as_captum_does(name: str, layer: str) -> None:
    spec = get_model(name)
    torch.manual_seed(0)
    network = spec.build().eval()
    x = torch.randn(1, 3, *(max(75, side) if "inception" in name else side for side in spec.input_size))
    values, _, explained = walk_back(made := hookable(network, x), made.net.get_submodule(layer), x, 3, guided=True)
    reference = GuidedBackprop(Maximum(hookable(network, x), layer)).attribute(x.requires_grad_(), target=3)[0]
    assert explained == "maximum"
    assert values.abs().max() > 0
    assert torch.allclose(values, reference, rtol=1e-4, atol=1e-7)
    plain, _, _ = walk_back(made, made.net.get_submodule(layer), x.detach(), 3, guided=False)
    assert not torch.allclose(values, plain, rtol=1e-2, atol=1e-7)
    assert not any(m._forward_hooks or m._backward_hooks or m._forward_pre_hooks for m in made.modules())


def test_by_hand() -> None:
    """One convolution of ones over 1×1: the maximum's gradient is the weight at its place, and nothing elsewhere."""
    net = nn.Sequential(nn.Conv2d(3, 2, 1, bias=False), nn.ReLU6())
    with torch.no_grad():
        net[0].weight[0] = torch.tensor([1.0, -2.0, 0.5]).view(3, 1, 1)
    x = torch.zeros(1, 3, 4, 5)
    x[0, 0, 2, 3] = 1.0
    made = hookable(net.eval(), x)
    values, neuron, explained = walk_back(made, made.net[1], x, 0, guided=True)
    assert explained == "maximum"
    assert float(neuron.map.max()) == 1.0
    expected = torch.zeros(3, 4, 5)
    expected[:, 2, 3] = torch.tensor([1.0, -2.0, 0.5])
    assert torch.equal(values, expected)
    x[0, 0, 2, 3] = 9.0  # beyond the ceiling nothing flows back from the maximum: it is explained before the ceiling
    x[0, 0, 0, 0] = 7.0
    values, neuron, explained = walk_back(made, made.net[1], x, 0, guided=True)
    assert explained == "unclipped maximum"
    assert float(neuron.map.max()) == 9.0
    assert torch.equal(values, expected)
    x[0, 0, 0, 0] = 1.0
    pooled = hookable(nn.Sequential(net[0], net[1], nn.AvgPool2d(1)), x)
    values, _, explained = walk_back(pooled, pooled.net[2], x, 0, guided=True)
    assert explained == "mean", "the layer does not end in the ReLU6 that clips"
    assert values[0].nonzero().tolist() == [[0, 0]]
    assert values[0, 0, 0] == pytest.approx(1 / 20)
