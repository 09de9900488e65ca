"""Layers on frozen features, from Parquet to served weights: RopaNet and its baseline; losses and mirrors by hand."""

import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from typer.testing import CliRunner

from fashionviz.cli import app
from fashionviz.data.landmarks.derive import from_photo
from fashionviz.data.landmarks.kinds import LANDMARKS, Kind
from fashionviz.data.sets import open_set
from fashionviz.errors import InvalidRequest, WeightsError
from fashionviz.evaluation.landmarks import Measured, landmark_report, measure_landmarks
from fashionviz.evaluation.report import load_report
from fashionviz.models.card import load_card
from fashionviz.models.landmark_answer import FrozenFirst, LandmarkNetwork, places
from fashionviz.models.preprocess import placement
from fashionviz.models.registry import get_model
from fashionviz.models.ropanet import LEARNED, TRUNK, Branches, RopaNet, frozen_layers
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelRef
from fashionviz.training import commands, feature_cache, install
from fashionviz.training.feature_material import FeatureMixture, FeaturePhotos, feature_photos, mirrored
from fashionviz.training.feature_module import place_errors, place_loss, presence_loss
from fashionviz.training.feature_recipes import FEATURE_RECIPES
from fashionviz.training.feature_run import frozen_network
from fashionviz.training.remember import remembered_features
from fashionviz.training.starts import starting_weights
from tests.data.test_landmarks_catalogue import person
from tests.landmark_network import Knows

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

MODEL = "ropanet.category50"
RECIPE = replace(
    FEATURE_RECIPES[MODEL],
    photos=(("fpi-large", None), ("fpi", 2)),
    epochs=1,
    batch=2,
    landmark_steps=1,
    landmark_batch=None,
)


def _png(pixels: np.ndarray) -> dict[str, object]:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": None}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Worn shirts, which have landmarks, watches, which have none, and a type outside of the fifty."""
    root, watch = tmp_path / "data", np.full((224, 168, 3), 255, np.uint8)
    watch[80:140, 60:110] = 90
    for name, first in (("fpi-large", 0), ("fpi", 2)):
        (root / name).mkdir(parents=True)
        for split in ("train", "validation", "test"):
            rows = [
                {"id": 7 + first, "articleType": "Tshirts", "image": _png(person())},
                {"id": 8 + first, "articleType": "Watches", "image": _png(watch)},
                {"id": 9 + first, "articleType": "Tshirts", "image": _png(person((150, 40, 60)))},
                {"id": 10 + first, "articleType": "Umbrellas", "image": _png(watch)},
            ]
            pq.write_table(pa.Table.from_pylist(rows), root / name / f"{split}-00000-of-00001.parquet")
    monkeypatch.setenv("FASHIONVIZ_DATA", str(root))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path


@pytest.fixture
def trunk(shop: Path) -> Path:
    """Random layers up to the features."""
    torch.manual_seed(0)
    network = get_model("ropanet_baseline.category50").build()
    state = {k: v for k, v in network.state_dict().items() if k.split(".")[0] in TRUNK}
    save_file(state, shop / "trunk.safetensors")
    return shop / "trunk.safetensors"


def test_train_install_evaluate(shop: Path, trunk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "any_recipe", lambda name: RECIPE)
    monkeypatch.setattr(install, "try_assurance", lambda name, folder: load_card(folder))  # has its own tests
    said = commands.train_and_install(MODEL, init=str(trunk))
    assert said.startswith(f"Installed {MODEL}")
    card = load_card(model_folder(MODEL))
    assert card.dtype == "int8"
    figures = {(m.name, m.data_set, m.split): m for m in card.metrics}
    for where in (("fpi-large", "validation"), ("fpi-large", "test"), ("fpi", "test")):
        for name in ("accuracy", "landmark_error", "landmark_rate"):
            low, high = figures[(name, *where)].ci95
            assert low - 1e-9 <= figures[(name, *where)].value <= high + 1e-9
    assert figures[("landmark_error", "fpi-large", "test")].n == 2, "the watch has none"
    history = card.recipe["history"]
    assert [row["epoch"] for row in history] == [0]
    assert {"train_place_loss", "train_presence_loss", "train_loss", "val_landmark_error"} <= set(history[0])
    report = load_report(MODEL)
    assert report is not None
    assert (report.data_set, report.n, report.skipped) == ("fpi-large", 3, 1)

    printed = CliRunner().invoke(app, ["evaluate", MODEL, "--data", "fpi-large", "--split", "test", "--json"])
    assert printed.exit_code == 0, printed.output
    facts = json.loads(printed.stdout)
    assert facts["accuracy"] == report.accuracy
    # Maps of a network that has learned nothing are flat: the last digit decides where their maximum lies.
    assert facts["landmark_error"] == pytest.approx(figures[("landmark_error", "fpi-large", "test")].value, abs=0.2)
    assert [row["label"] for row in facts["landmarks"]] == list(LANDMARKS)
    assert "Derived" in facts["landmark_note"]

    plain = shop / "plain.parquet"
    pq.write_table(pa.Table.from_pylist([{"label": "Watches", "image": _png(person())}]), plain)
    printed = CliRunner().invoke(app, ["evaluate", MODEL, "--data", str(plain), "--json"])
    assert printed.exit_code == 0, printed.output
    facts = json.loads(printed.stdout)
    assert facts["n"] == 1
    assert facts["landmark_error"] is None, "photos without an article type have no landmarks to compare with"


def test_frozen_layers_keep_their_weights_and_what_they_make_is_kept(
    shop: Path, trunk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, name = frozen_network(MODEL, starting_weights(str(trunk), MODEL))
    assert isinstance(network, LandmarkNetwork)
    assert network.frozen == TRUNK[:-3]
    assert not any(p.requires_grad for layer in network.frozen for p in network.get_submodule(layer).parameters())
    assert network.gate[0].weight.requires_grad
    assert all(p.requires_grad for layer in LEARNED for p in network.get_submodule(layer).parameters())
    assert frozen_network(MODEL, starting_weights(str(trunk), MODEL), lambda n: RopaNet(n, Branches()))[1] != name, (
        "features of another depth are kept apart in the cache"
    )
    spec = get_model(MODEL)
    photos, ids = feature_photos(spec, network.features, name, ("fpi-large", "train"))
    assert ids == {"7", "8", "9"}
    assert photos.features.shape == (3, 768, 17, 17)
    assert [spec.task.classes[i] for i in photos.labels] == ["Tshirts", "Watches", "Tshirts"]
    assert photos.placed.tolist() == [True, False, True]
    assert (photos.present[1] == 0).all(), "a watch has none of them, and that is known"
    worn = from_photo(person(), Kind.UPPER)
    place = placement((224, 168), (299, 299))
    x, y = worn.points[0] * [place.width, place.height] + [place.left, place.top]
    assert photos.points[0, 0] == pytest.approx([x / 299, y / 299])
    assert photos.size[0] == pytest.approx(worn.size / 224, rel=0.01)

    monkeypatch.setattr(feature_cache.images, "decode", None)  # nothing is computed again
    monkeypatch.setattr("fashionviz.training.feature_material.landmark_targets", lambda *a: (None, None, None))
    again, _ = feature_photos(spec, network.features, name, ("fpi-large", "train"))
    assert np.array_equal(again.features, photos.features)


def test_nothing_to_freeze_is_said(shop: Path, trunk: Path) -> None:
    with pytest.raises(InvalidRequest, match="not scratch"):
        frozen_network(MODEL, starting_weights("scratch", MODEL))
    save_file({"gate.0.bias": torch.zeros(2048)}, shop / "other.safetensors")
    with pytest.raises(WeightsError, match="lacks layers"):
        frozen_network(MODEL, starting_weights(str(shop / "other.safetensors"), MODEL))
    with pytest.raises(InvalidRequest, match="one process"):
        commands.train_and_install(MODEL, init=str(trunk), devices=2)


def test_amplified_features_are_the_same_many_times_over(trunk: Path) -> None:
    start = starting_weights(str(trunk), MODEL)
    (plain, name), (loud, other) = frozen_network(MODEL, start), frozen_network(MODEL, start, factor=40)
    assert isinstance(plain, RopaNet)
    assert isinstance(loud, RopaNet)
    assert name != other, "they are kept apart in the cache"
    x = torch.randn(1, 3, 299, 299)
    with torch.inference_mode():
        before, after = (network.deep(network.features(x)) for network in (plain, loud))
        assert torch.allclose(after, 40 * before, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("model", [MODEL, "fashionnet.category50"])
def test_a_photo_that_was_seen_is_not_computed_again(model: str) -> None:
    torch.manual_seed(0)
    network = get_model(model).build().eval()
    assert isinstance(network, FrozenFirst)
    photos = torch.randn(3, 3, *get_model(model).input_size)
    passes: list[int] = []
    first = network.get_submodule(get_model(model).first_conv)
    first.register_forward_hook(lambda layer, given, made: passes.append(len(given[0])))
    with torch.inference_mode():
        expected = network(photos)
        with remembered_features(network):
            assert torch.allclose(network(photos[:2]), expected[:2], atol=1e-5)
            assert torch.allclose(network(photos[[1, 2, 0]]), expected[[1, 2, 0]], atol=1e-5)
        network(photos[:1])
    assert passes == [3, 2, 1, 1], "three photos, then two, then the one that is new; afterwards as ever"


def _made_up(count: int, placed: int) -> FeaturePhotos:
    rng = np.random.default_rng(0)
    points = np.full((count, 8, 2), np.nan, np.float32)
    points[:placed, :4] = rng.random((placed, 4, 2))
    present = np.where(np.isfinite(points[..., 0]), 1, -1).astype(np.int8)
    features = np.arange(count, dtype=np.float16)[:, None, None, None] + np.zeros((1, 2, 3, 3), np.float16)
    return FeaturePhotos(features, np.arange(count) % 5, points, present, np.ones(count, np.float32))


def test_an_epoch_shows_every_photo_once_and_landmark_steps_only_those_that_have_some() -> None:
    recipe = replace(RECIPE, batch=4, landmark_steps=2, mirror=False)
    mixture = FeatureMixture(recipe, [_made_up(6, 3), _made_up(6, 0)])
    assert len(mixture) == 3 * 3
    batches = [mixture[i] for i in range(9)]
    assert [b.landmarks_only for b in batches] == [True, True, False] * 3
    shown = np.concatenate([b.features[:, 0, 0, 0] for b in batches if not b.landmarks_only])
    assert sorted(shown) == sorted([*range(6), *range(6)])
    assert all(torch.isfinite(b.points[:, :4]).all() for b in batches if b.landmarks_only)
    second = torch.cat([mixture[9 + i].labels for i in (2, 5, 8)])
    assert not torch.equal(second, torch.cat([b.labels for b in batches if not b.landmarks_only])), "another order"
    assert torch.equal(mixture[2].labels, batches[2].labels), "the number determines the batch"
    smaller = FeatureMixture(replace(recipe, landmark_batch=2), [_made_up(6, 3), _made_up(6, 0)])
    assert [len(smaller[i].labels) for i in range(3)] == [2, 2, 4]
    fewer = FeatureMixture(replace(recipe, subsample=5, landmark_steps=0), [_made_up(6, 3), _made_up(6, 0)])
    assert len(fewer.labels) == 5
    with pytest.raises(InvalidRequest, match="12 training photos, not 13"):
        FeatureMixture(replace(recipe, subsample=13), [_made_up(6, 3), _made_up(6, 0)])
    with pytest.raises(InvalidRequest, match="landmark steps"):
        FeatureMixture(recipe, [_made_up(4, 0)])


def test_mirrored_twice_is_as_before_and_left_becomes_right() -> None:
    photos = _made_up(3, 3)
    photos.points[0, LANDMARKS.index("left_hem")] = (0.2, 0.9)
    once = mirrored(photos.features, photos.points, photos.present)
    assert once[1][0, LANDMARKS.index("right_hem")] == pytest.approx((0.8, 0.9))
    for back, before in zip(mirrored(*once), (photos.features, photos.points, photos.present), strict=True):
        assert np.allclose(back, before, equal_nan=True)


def test_losses_by_hand() -> None:
    maps = torch.zeros(1, 2, 4, 5)
    points = torch.tensor([[[0.5, 0.3], [math.nan, math.nan]]])  # pixel (2, 1); the other is not known
    assert float(place_loss(maps, points)) == pytest.approx(math.log(20))
    maps[0, 0, 1, 2] = 50
    maps[0, 1] = torch.randn(4, 5)
    assert float(place_loss(maps, points)) == pytest.approx(0, abs=1e-6)
    assert float(place_loss(maps, torch.full((1, 2, 2), math.nan))) == 0
    present = torch.tensor([[1, 0, -1]], dtype=torch.int8)
    logits = torch.tensor([[0.0, 2.0, 99.0]])
    assert float(presence_loss(logits, present)) == pytest.approx((math.log(2) + math.log(1 + math.exp(2))) / 2)
    assert float(presence_loss(logits, torch.full((1, 3), -1))) == 0


def test_place_errors_are_shares_of_the_garment() -> None:
    maps = torch.full((1, 2, 10, 10), -30.0)
    maps[0, :, 4, 4] = 30.0  # at 0.45, 0.45
    points = torch.tensor([[[0.75, 0.05], [math.nan, math.nan]]])
    assert place_errors(maps, points, torch.tensor([0.5])).tolist() == pytest.approx([1.0])


def test_a_place_is_the_middle_of_its_peak() -> None:
    maps = torch.full((1, 1, 100, 100), -30.0)
    maps[0, 0, 19, 60:62] = 5.0  # between two pixels
    maps[0, 0, 90, 5] = 4.0  # a lower peak far off
    assert places(maps)[0, 0].tolist() == pytest.approx([0.61, 0.195], abs=1e-4)


def test_errors_and_detection_by_hand() -> None:
    error = np.full((2, 8), np.nan)
    error[0, :3], error[1, 0] = (0.02, 0.2, 0.04), 0.06
    present = np.full((2, 8), 0.9)
    present[0, 2] = 0.4  # near enough, and said to be absent
    report = landmark_report(ModelRef("m", ""), "d", "test", Measured(np.arange(2), error, present))
    assert (report.photos, report.n) == (2, 4)
    assert report.error == pytest.approx(0.08)
    assert report.rate == pytest.approx(2 / 4)
    assert (report.each[0].n, report.each[0].error, report.each[0].rate) == (2, pytest.approx(0.04), 1.0)
    assert report.each[7].n == 0
    assert report.error_ci95[0] <= report.error <= report.error_ci95[1]


def test_errors_are_measured_on_the_photo_as_a_share_of_the_garment(shop: Path) -> None:
    measured = measure_landmarks(MODEL, Knows(aside=0.1), open_set("fpi-large", "test"))
    assert measured.rows.tolist() == [0, 2]
    worn = from_photo(person(), Kind.UPPER)
    expected = 0.1 * 224 / worn.size  # the photo fills the frame's height
    assert measured.error[0][np.isfinite(measured.error[0])] == pytest.approx(expected, abs=0.01)
    with pytest.raises(InvalidRequest, match="finds no landmarks"):
        measure_landmarks("ropanet_baseline.category50", torch.nn.Linear(1, 1), open_set("fpi-large", "test"))


@pytest.mark.parametrize("branches", [Branches(), Branches(width=32, pool="max", side=75), Branches(gate=False)])
def test_the_variants_of_the_paper(branches: Branches) -> None:
    network = RopaNet(50, branches).eval()
    assert isinstance(network, FrozenFirst)
    features = torch.rand(2, 2048, 8, 8)
    with torch.no_grad():
        whole, some = network.answer(features), network.answer(features, torch.tensor([False, True]))
        assert torch.allclose(network.logits(features), whole.logits)
        before = whole.logits
        network.gate[0].bias.fill_(-30.0)  # a gate that is shut
        shut = network.logits(features)
    assert whole.maps.shape == (2, 8, branches.side, branches.side)
    assert torch.allclose(some.maps[0], whole.maps[1], atol=1e-5)
    assert torch.allclose(before, shut) != branches.gate


def test_the_trunk_is_the_same_wherever_it_is_cut() -> None:
    torch.manual_seed(0)
    served = RopaNet(50).eval()
    paper = RopaNet(50, Branches(width=256)).eval()
    paper.load_state_dict(served.state_dict())
    x = torch.randn(1, 3, 299, 299)
    with torch.inference_mode():
        cut, whole = served.features(x), paper.features(x)
        assert (cut.shape, whole.shape) == ((1, 768, 17, 17), (1, 2048, 8, 8))
        assert torch.allclose(served.deep(cut), whole, atol=1e-5)
        assert torch.allclose(served.logits(cut), paper.logits(whole), atol=1e-5)
        gates = served.gate_of(cut), paper.gate_of(whole)
        assert gates[0] is not None
        assert torch.allclose(*gates, atol=1e-5)
    with pytest.raises(AssertionError):
        frozen_layers(("Mixed_7a",))
