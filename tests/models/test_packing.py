"""Int8 storage: codes and scales by hand, error bounds, sizes, and files that load or are refused."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from fashionviz.data.examples import KINDS, draw
from fashionviz.errors import WeightsError
from fashionviz.models.card import load_card
from fashionviz.models.packing import SCALE, Dtype, dtype_for, halve, pack, quantise, unpack
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import get_model
from fashionviz.models.weights import FILE, load_initial, load_trained, save_weights, sha256_of
from tests.conftest import MODEL, TRAINED

Store = Callable[[Mapping[str, torch.Tensor]], dict[str, torch.Tensor]]


def small_network(seed: int = 0) -> nn.Sequential:
    """Convolutions with statistics of one batch, as a trained network has them."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(3, 16, 3, bias=False),
        nn.BatchNorm2d(16, momentum=1.0),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, groups=16),
        nn.BatchNorm2d(16, momentum=1.0),
        nn.ReLU(),
        nn.Conv2d(16, 32, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 6),
    )
    with torch.no_grad():
        network(torch.randn(16, 3, 24, 24))
    return network.eval()


# --- codes and scales ---------------------------------------------------------------------------------------------


def test_the_rule_of_20_million() -> None:
    assert dtype_for(20_000_000) == "float16"
    assert dtype_for(20_000_001) == "int8"
    assert dtype_for(2_231_558) == "float16"


def test_by_hand() -> None:
    # 127 · 2⁻³ = 15.875, so the scale of the first channel is 2⁻³ exactly and its weights are whole codes; the
    # second channel is all zero; the third is the first, turned and twice as big.
    weight = torch.tensor([[15.875, -0.125, 1.0], [0.0, 0.0, 0.0], [-31.75, 0.25, 2.0]])
    stored = pack({"head.weight": weight})
    assert stored["head.weight"].dtype == torch.int8
    assert stored["head.weight"].tolist() == [[127, -1, 8], [0, 0, 0], [-127, 1, 8]]
    assert stored["head.weight::scale"].dtype == torch.float16
    assert stored["head.weight::scale"].tolist() == [0.125, 1.0, 0.25]
    assert torch.equal(unpack(stored)["head.weight"], weight)


def test_an_outlier_is_clipped_where_that_pays() -> None:
    # n uniform weights in ±0.5 and one of 1.0. With the range ending at c the squared error is n·(c/127)²/12 for the
    # rounding and (1 - c)² for the outlier: least at c = 1 / (1 + n / 12 / 127²) = 0.829 for n = 40,000.
    rng = np.random.default_rng(3)
    values = np.append(rng.uniform(-0.5, 0.5, 40_000), 1.0).astype(np.float32)
    quantised = quantise(torch.from_numpy(values)[None])
    assert quantised is not None
    codes, scale = quantised
    assert float(scale) * 127 == pytest.approx(0.829, abs=0.03)
    error = np.square(codes.numpy()[0] * np.float64(scale) - values).sum()
    expected = 40_000 * (0.829 / 127) ** 2 / 12 + (1 - 0.829) ** 2
    assert error == pytest.approx(expected, rel=0.02)
    assert error < 0.85 * (40_000 / 127**2 / 12)  # the error without clipping


@pytest.mark.parametrize("seed", range(12))
def test_error_bounds_hold_for_any_weight(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = [(7, 5), (4, 3, 3, 3), (1, 300), (64, 1, 3, 3), (3, 2, 5), (9, 1)][seed % 6]
    weight = rng.standard_t(3, shape) * 10.0 ** rng.uniform(-7, 4, (shape[0], *[1] * (len(shape) - 1)))
    values = torch.from_numpy(weight.astype(np.float32))
    stored = pack({"w": values})
    back = unpack(stored)["w"]
    assert back.shape == values.shape
    assert back.dtype == torch.float32
    assert back.isfinite().all()
    # in numpy and float64, from what is stored
    rows, given = back.double().numpy().reshape(shape[0], -1), values.double().numpy().reshape(shape[0], -1)
    scale = stored["w::scale"].double().numpy()[:, None]
    assert scale.shape == (shape[0], 1)
    off = np.abs(rows - given)
    within = np.abs(given) <= 127 * scale
    assert (off <= np.where(within, scale / 2, np.abs(given) - 127 * scale) + 1e-6 * np.abs(given)).all()
    # never worse than the plain scheme, which clips nothing: the fp16 number next above the largest weight / 127
    least = np.abs(given).max(1, keepdims=True) / 127
    plain = np.maximum(least, 2.0**-24).astype(np.float16)
    plain = np.where(plain < least, np.nextafter(plain, np.float16(np.inf)), plain).astype(np.float64)
    naive = np.square(np.round(given / plain) * plain - given).sum(1)
    assert (np.square(off).sum(1) <= naive * 1.001 + 1e-12 * np.square(given).sum(1)).all()


def test_codes_belong_to_the_scale_as_stored() -> None:
    # 1.4 · 2⁻²⁴ per code: the nearest fp16 number is 2⁻²⁴, which would clip a third of the range away.
    weight = torch.linspace(-127, 127, 255)[None] * 1.4 * 2.0**-24
    stored = pack({"w": weight})
    assert float(stored["w::scale"]) == 2.0**-23
    assert (unpack(stored)["w"] - weight).abs().max() <= 2.0**-24


@pytest.mark.parametrize("size", [1.4e-45, 1e-38, 1e-12, 2.0**-26, 1e-6, 1e-3, 1.0, 1e3, 8.3e6])
def test_tiny_and_huge_weights_stay_finite(size: float) -> None:
    weight = torch.tensor([[1.0, -0.5, 0.25], [0.0, 0.0, 0.0]]) * size
    stored = pack({"w": weight})
    assert stored["w"].dtype == torch.int8
    assert (stored["w::scale"] > 0).all()
    assert stored["w::scale"][1] == 1
    back = unpack(stored)["w"]
    assert back.isfinite().all()
    assert (back - weight).abs().max() <= max(size / 254 * 1.001, 2.0**-25)


def test_weights_beyond_every_fp16_scale_stay_float32() -> None:
    weight = torch.tensor([[1e7, 1.0], [1.0, 2.0]])
    stored = pack({"w": weight})
    assert list(stored) == ["w"]
    assert torch.equal(stored["w"], weight)
    assert torch.equal(unpack(stored)["w"], weight)


def test_vectors_and_integers() -> None:
    state = {
        "bias": torch.tensor([0.1, -2.0]),
        "a.running_var": torch.tensor([1.0, 0.5]),
        "b.running_var": torch.tensor([1.0, 70_000.0]),
        "c.running_var": torch.tensor([1.0, 1e-9]),
        "d.running_var": torch.tensor([1.0, 0.0]),
        "a.running_mean": torch.tensor([1e-9, 2.0]),
        "b.running_mean": torch.tensor([-70_000.0, 2.0]),
        "scalar": torch.tensor(0.5),
        "double": torch.tensor([1e5, 1.0], dtype=torch.float64),
        "empty": torch.zeros(0, 3),
        "a.num_batches_tracked": torch.tensor(7),
        "index": torch.tensor([[3, 4]], dtype=torch.int8),
        "mask": torch.tensor([[True, False]]),
    }
    half, single = torch.float16, torch.float32
    expected = dict.fromkeys(state, half)
    expected |= {"b.running_var": single, "c.running_var": single, "b.running_mean": single, "double": single}
    expected |= {"a.num_batches_tracked": torch.int64, "index": torch.int8, "mask": torch.bool}
    for store in (pack, halve):
        stored = store(state)
        assert {k: v.dtype for k, v in stored.items()} == expected
        back = unpack(stored)
        assert back.keys() == state.keys()
        for name, value in state.items():
            exact = expected[name] != half
            assert back[name].dtype == (single if value.is_floating_point() else value.dtype)
            torch.testing.assert_close(back[name], value.to(back[name].dtype), rtol=0 if exact else 1e-3, atol=1e-7)


def test_packed_tensors_are_copies() -> None:
    state = {"v.running_var": torch.tensor([1e9]), "n": torch.tensor(1), "w": torch.ones(2, 2)}
    stored = pack(state)
    before = {k: v.clone() for k, v in stored.items()}
    for value in state.values():
        value.mul_(2)
    assert all(torch.equal(stored[k], before[k]) for k in stored)


@pytest.mark.parametrize("store", [pack, halve])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["net.weight", "net.bias"])
def test_weights_of_a_run_that_diverged_are_not_stored(store: Store, bad: float, name: str) -> None:
    state = {"net.weight": torch.ones(2, 2), "net.bias": torch.ones(2)}
    state[name].view(-1)[0] = bad
    with pytest.raises(WeightsError, match=rf"{name} has values that are not finite"):
        store(state)


# --- what cannot be expanded --------------------------------------------------------------------------------------

CODES, SCALES = torch.ones(2, 3, dtype=torch.int8), torch.ones(2, dtype=torch.float16)


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        ({"w::scale": SCALES}, "without the tensor"),
        ({"w": CODES, "w::scale": torch.ones(3, dtype=torch.float16)}, r"shape \(2, 3\) .* shape \(3,\)"),
        ({"w": CODES, "w::scale": torch.ones(2, 1, dtype=torch.float16)}, r"scales of shape \(2, 1\)"),
        ({"w": CODES[:, 0], "w::scale": SCALES}, r"shape \(2,\) does not go"),
        ({"w": CODES.half(), "w::scale": SCALES}, "not int8"),
        ({"w": CODES, "w::scale": SCALES.to(torch.int64)}, "not int8"),
        ({"w": CODES, "w::scale": SCALES * 0}, "finite and positive"),
        ({"w": CODES, "w::scale": SCALES * float("inf")}, "finite and positive"),
    ],
)
def test_what_does_not_fit_together_is_refused(stored: dict[str, torch.Tensor], says: str) -> None:
    with pytest.raises(WeightsError, match=says):
        unpack(stored)


def test_a_name_kept_for_scales_is_refused() -> None:
    with pytest.raises(WeightsError, match="kept for scales"):
        pack({"w::scale": SCALES})


# --- whole networks -----------------------------------------------------------------------------------------------


def test_logits_of_a_small_network_move_little() -> None:
    network = small_network()
    x = torch.randn(64, 3, 24, 24, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        before = network(x)
        network.load_state_dict(unpack(pack(network.state_dict())), strict=True)
        after = network(x)
    assert not torch.equal(before, after)
    # a code is off by 1/254 of the largest weight at most, and the errors of many weights cancel: 2 % of the spread
    assert (after - before).abs().max() <= 0.02 * before.std()


def test_channels_last_weights_keep_their_place() -> None:
    network = small_network()
    plain = pack(network.state_dict())
    turned = pack(network.to(memory_format=torch.channels_last).state_dict())
    assert plain.keys() == turned.keys()
    for name, value in plain.items():
        assert turned[name].is_contiguous()
        assert torch.equal(turned[name], value)


def test_resnet50_keeps_its_keys_in_a_byte_a_weight(tmp_path: Path) -> None:
    from torchvision.models import resnet50

    torch.manual_seed(0)
    network = resnet50(weights=None)
    stored = save_weights(network, "resnet50.test", tmp_path / FILE)
    assert stored.dtype == "int8"
    assert stored.sha256 == sha256_of(tmp_path / FILE)
    size, parameters = (tmp_path / FILE).stat().st_size, sum(p.numel() for p in network.parameters())
    assert parameters < size < 1.02 * parameters
    assert size < 26 * 2**20
    state, back = network.state_dict(), unpack(load_file(tmp_path / FILE))
    assert back.keys() == state.keys()
    assert all(back[k].shape == state[k].shape for k in state)
    fresh = resnet50(weights=None)
    fresh.load_state_dict(back, strict=True)
    far = {k: float((back[k] - v).norm() / v.norm()) for k, v in state.items() if v.dim() > 1}
    assert max(far.values()) < 0.01  # uniform rounding of a normal weight, largest near 4 sigma: 4 / 127 / √12


@pytest.mark.skipif(MODEL not in TRAINED, reason="no weights installed")
def test_a_trained_network_answers_the_same_as_int8() -> None:
    """Depthwise convolutions are the hard case; this network is small enough to be served in fp16."""
    spec = get_model(MODEL)
    network, _ = load_trained(MODEL)
    photos = [draw(kind, 0) for kind in KINDS]
    x = torch.stack([to_input(p, spec.input_size, spec.mean, spec.std)[0] for p in photos])
    with torch.inference_mode():
        before = network(x).softmax(1)
        network.load_state_dict(unpack(pack(network.state_dict())))
        after = network(x).softmax(1)
    assert (after - before).abs().mean() < 0.01
    sure = before.amax(1) > 0.6
    assert sure.sum() >= len(photos) // 2
    assert torch.equal(after.argmax(1)[sure], before.argmax(1)[sure])


# --- files --------------------------------------------------------------------------------------------------------


def as_int8(root: Path) -> tuple[nn.Module, Path]:
    """Store the random model of ``root`` again as int8; returns the network before that."""
    network, card = load_trained(MODEL)
    folder = root / MODEL
    stored = save_weights(network, MODEL, folder / FILE, dtype="int8")
    card.model_copy(update={"sha256": stored.sha256, "dtype": stored.dtype}).save(folder / "card.json")
    return network, folder


def header(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as handle:
        return handle.metadata()


def test_int8_weights_load_as_float32(weights: Path) -> None:
    before, folder = as_int8(weights)
    assert header(folder / FILE) == {"format": "pt", "model": MODEL, "dtype": "int8"}
    network, card = load_trained(MODEL)
    assert card.dtype == "int8"
    expected = unpack(pack(before.state_dict()))
    state = network.state_dict()
    assert state.keys() == expected.keys()
    for name, value in state.items():
        assert value.dtype == expected[name].dtype
        assert torch.equal(value, expected[name])


def test_fp16_weights_of_before_still_load(weights: Path) -> None:
    before, card = load_trained(MODEL)
    folder = weights / MODEL
    state = {k: v.half() if v.is_floating_point() else v for k, v in before.state_dict().items()}
    save_file(state, folder / FILE, metadata={"format": "pt", "model": MODEL})
    card.model_copy(update={"sha256": sha256_of(folder / FILE)}).save(folder / "card.json")
    network, _ = load_trained(MODEL)
    for name, value in network.state_dict().items():
        expected = state[name].float() if state[name].is_floating_point() else state[name]
        assert torch.equal(value, expected)


def test_a_changed_byte_is_noticed(weights: Path) -> None:
    _, folder = as_int8(weights)
    data = bytearray((folder / FILE).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / FILE).write_bytes(data)
    with pytest.raises(WeightsError, match="SHA-256"):
        load_trained(MODEL)


@pytest.mark.parametrize(
    ("in_header", "in_card", "says"),
    [
        ("int8", "float16", "stored as int8, the card says float16"),
        ("float16", "int8", "stored as float16, the card says int8"),
        ("int4", "int4", "int4, which this version cannot expand"),
    ],
)
def test_card_and_header_agree(weights: Path, in_header: str, in_card: str, says: str) -> None:
    _, folder = as_int8(weights)
    save_file(load_file(folder / FILE), folder / FILE, metadata={"model": MODEL, "dtype": in_header})
    card = load_card(folder)
    card.model_copy(update={"sha256": sha256_of(folder / FILE), "dtype": in_card}).save(folder / "card.json")
    with pytest.raises(WeightsError, match=says):
        load_trained(MODEL)


def test_codes_without_scales_never_become_weights(weights: Path) -> None:
    _, folder = as_int8(weights)
    stored = load_file(folder / FILE)
    del stored["features.0.0.weight::scale"]
    save_file(stored, folder / FILE, metadata=header(folder / FILE))
    card = load_card(folder)
    card.model_copy(update={"sha256": sha256_of(folder / FILE)}).save(folder / "card.json")
    with pytest.raises(WeightsError, match=r"features\.0\.0\.weight is stored as int8 without its scales"):
        load_trained(MODEL)
    with pytest.raises(WeightsError, match="without its scales"):
        load_initial(folder / FILE, get_model(MODEL).build())


@pytest.mark.parametrize("dtype", ["int8", "float16"])
def test_a_run_starts_from_either_kind(tmp_path: Path, dtype: Dtype) -> None:
    network = small_network(1)
    save_weights(network, "small", tmp_path / FILE, dtype=dtype)
    other_head = nn.Linear(32, 4)
    other = nn.Sequential(*list(small_network(2))[:-1], other_head)
    head = other_head.weight.clone()
    assert load_initial(tmp_path / FILE, other) == ["9.bias", "9.weight"]
    assert torch.equal(other_head.weight, head)
    for name, value in network.state_dict().items():
        if not name.startswith("9."):
            torch.testing.assert_close(other.state_dict()[name], value, rtol=1e-3, atol=2e-3)
    assert not any(name.endswith(SCALE) for name in other.state_dict())


def test_a_start_that_cannot_be_expanded_says_so(tmp_path: Path) -> None:
    save_file({"0.weight::scale": SCALES}, tmp_path / FILE)
    with pytest.raises(WeightsError, match="without the tensor"):
        load_initial(tmp_path / FILE, small_network())
