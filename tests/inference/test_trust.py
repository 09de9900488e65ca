"""Contrasts and trust by the engine, the command line and the API, with a small shipped model."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from apps.api import get_engine
from apps.server import create_app
from fashionviz.cli import app
from fashionviz.errors import Cancelled, InvalidRequest, ModelNotTrained
from fashionviz.explain.methods import METHODS
from fashionviz.figures.gallery import trust_figure, trust_rows
from fashionviz.images import Photo, encode_png
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.trust_results import RegionShare, Trust
from tests.apps.shipped import SMALL, needs_weights
from tests.explain.test_reference import tensors

pytestmark = needs_weights
A, B = "dresses", "tops"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
        made = Engine(EngineConfig(device="cpu"))
        yield made
        made.close()


@pytest.fixture(autouse=True)
def _shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASHIONVIZ_WEIGHTS", raising=False)


def test_a_contrast_says_so_and_is_the_difference(engine: Engine, shirt: Photo) -> None:
    one, other = (engine.explain(shirt, SMALL, method="gradient", target=label) for label in (A, B))
    both = engine.explain(shirt, SMALL, method="gradient", target=A, against=B)
    assert (both.target, both.against, both.question) == (A, B, f"{A} and not {B}")
    assert np.allclose(both.values, one.values - other.values, atol=1e-4 * np.abs(one.values).max())
    assert both.probability == pytest.approx(one.probability, abs=1e-6), "that of the class itself"


def test_what_cannot_be_compared_is_one_sentence(engine: Engine, shirt: Photo) -> None:
    top = engine.predict(shirt, SMALL).top.label
    for target, against, words in (
        (A, A, "cannot be compared with itself"),
        (A, "Hats", "has no class 'Hats'"),
        (None, top, "is the most probable class itself"),
    ):
        for ask in (engine.explain, engine.trust):
            with pytest.raises(InvalidRequest, match=words):
                ask(shirt, SMALL, method="gradient", target=target, against=against)


def test_a_layer_can_be_chosen_where_one_is_looked_at(engine: Engine, shirt: Photo) -> None:
    usual = engine.explain(shirt, SMALL, method="grad-cam")
    assert usual.layer == "features.9"
    earlier = engine.explain(shirt, SMALL, method="activation-x-gradient", layer="features.0")
    assert earlier.layer == "features.0"
    assert engine.explain(shirt, SMALL, method="gradient").layer is None
    flat = next(layer.name for layer in engine.layers(SMALL) if not layer.spatial)
    for method, layer, words in (
        ("gradient", "features.0", "looks at no single layer"),
        ("grad-cam", "features.99", "is no layer of this model"),
        ("grad-cam", flat, "has no height and width"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            engine.explain(shirt, SMALL, method=method, layer=layer)


def test_trust_has_every_score(engine: Engine, shirt: Photo) -> None:
    steps: list[tuple[int, int]] = []
    found = engine.trust(
        shirt, SMALL, method="guided-backprop", target=A, on_progress=lambda p: steps.append((p.done, p.total))
    )
    plain = engine.explain(shirt, SMALL, target=A)
    assert np.array_equal(found.attribution.values, plain.values)
    assert found.randomised.values.shape == plain.values.shape
    assert -1 <= found.randomised.spearman < 0.99
    for curve in (found.deletion, found.insertion):
        assert len(curve.probabilities) == len(curve.control) == 21
        assert 0 <= curve.auc <= 1
    # Both begin or end at the photo itself.
    assert found.deletion.probabilities[0] == pytest.approx(plain.probability, abs=1e-4)
    assert found.insertion.probabilities[-1] == pytest.approx(plain.probability, abs=1e-4)
    assert [d for d, _ in steps] == sorted(d for d, _ in steps)
    assert steps[-1][0] == steps[-1][1]
    assert found.shares is not None
    assert not found.shares_note
    for values in ([s.saliency for s in found.shares], [s.pixels for s in found.shares]):
        assert sum(values) == pytest.approx(1)
    again = engine.trust(shirt, SMALL, method="guided-backprop", target=A)
    assert again.randomised.spearman == found.randomised.spearman, "the seed is fixed"


@dataclass(frozen=True)
class Halves:
    """A segmenter's answer: garment on the left, background on the right."""

    classes: tuple[str, ...] = ("background", "garment", "skin and hair")

    def labels_on(self, size: tuple[int, int]) -> np.ndarray:
        labels = np.zeros(size, np.uint8)
        labels[:, : size[1] // 2] = 1
        return labels


def test_shares_come_from_the_segmenter(engine: Engine, shirt: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def segment(photo: Photo, model: str | None = None, box: object = None) -> Halves:
        asked.append(box)
        return Halves()

    monkeypatch.setattr(engine, "segment", segment, raising=False)
    box = (20.0, 30.0, 200.0, 300.0)
    found = engine.trust(shirt, SMALL, method="gradient", box=box)
    assert asked == [box]
    assert found.shares is not None
    background, garment, skin = found.shares
    values = found.attribution.view.placement.cut(np.abs(found.attribution.values).sum(axis=0))
    assert garment.pixels == pytest.approx((values.shape[1] // 2) / values.shape[1])
    assert garment.saliency == pytest.approx(values[:, : values.shape[1] // 2].sum() / values.sum(), abs=1e-6)
    assert background.saliency + garment.saliency + skin.saliency == pytest.approx(1)

    def untrained(*_arguments: object, **_options: object) -> None:
        raise ModelNotTrained("The segmenter is not trained yet.")

    monkeypatch.setattr(engine, "segment", untrained, raising=False)
    missing = engine.trust(shirt, SMALL, method="gradient")
    assert (missing.shares, missing.shares_note) == (None, "The segmenter is not trained yet.")


def test_trust_can_be_cancelled_and_frees_its_place(engine: Engine, shirt: Photo) -> None:
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        engine.trust(shirt, SMALL, method="gradient", on_progress=lambda p: p.done > 3 and cancel.set(), cancel=cancel)
    assert engine.explain(shirt, SMALL, method="smoothgrad").values.any()


@pytest.fixture
def quick(engine: Engine, shirt: Photo, monkeypatch: pytest.MonkeyPatch) -> Trust:
    """The engine answers every question about trust with one answer, so that the front ends' tests are quick."""
    found = engine.trust(shirt, SMALL, method="gradient", target=A, against=B)
    shares = (RegionShare("background", 0.6, 0.8), RegionShare("garment", 0.4, 0.2))
    found = replace(found, shares=shares, shares_note="")
    monkeypatch.setattr(engine, "trust", lambda *_arguments, **_options: found)
    monkeypatch.setattr("fashionviz.inference.engine.shared_engine", lambda: engine)
    return found


def test_every_front_end_carries_them(quick: Trust, engine: Engine, shirt: Photo, tmp_path: Path) -> None:
    photo = tmp_path / "shirt.png"
    photo.write_bytes(encode_png(shirt.pixels))
    ask = [str(photo), "--model", SMALL, "--target", A, "--against", B]
    said = CliRunner().invoke(app, ["trust", *ask, "--json"])
    assert said.exit_code == 0, said.output
    by_command = json.loads(said.stdout)
    assert CliRunner().invoke(app, ["trust", *ask]).exit_code == 0
    out = str(tmp_path / "o.npy")
    said = CliRunner().invoke(app, ["explain", *ask, "-k", "grad-cam", "--layer", "features.0", "-o", out, "--json"])
    assert said.exit_code == 0, said.output
    explained = json.loads(said.stdout)
    assert (explained["against"], explained["layer"]) == (B, "features.0")
    refused = CliRunner().invoke(
        app, ["explain", str(photo), "--model", SMALL, "--target", A, "--against", A, "-o", out]
    )
    assert refused.exit_code == 2

    served = create_app(lab=False, studio=False)
    served.dependency_overrides[get_engine] = lambda: engine
    fields = {"model": SMALL, "target": A, "against": B, "method": "gradient"}
    with TestClient(served) as client:
        files = {"file": ("shirt.png", photo.read_bytes(), "image/png")}
        answer = client.post("/api/v1/trust", files=files, data=fields)
        assert answer.status_code == 200, answer.text
        by_rest = answer.json()
        values = client.post("/api/v1/explain", files=files, data={**fields, "format": "json"}).json()
        assert (values["against"], values["completeness_error"]) == (B, None)
        assert client.post("/api/v1/explain", files=files, data={**fields, "against": A}).status_code == 422
    for answer_json in (by_command, by_rest):
        assert answer_json["deletion"]["auc"] == quick.deletion.auc
        assert answer_json["randomised"]["spearman"] == quick.randomised.spearman
        assert answer_json["shares"][1] == {"region": "garment", "saliency": 0.4, "pixels": 0.2, "lift": 2.0}
        assert answer_json["sentence"] == quick.sentence


def test_the_figure_and_the_table_show_the_scores(quick: Trust) -> None:
    figure = trust_figure(quick)
    assert [line.name for line in figure.data] == [
        "deletion", "deletion, map elsewhere", "insertion", "insertion, map elsewhere",
    ]  # fmt: skip
    assert np.array_equal(figure.data[2].y, quick.insertion.probabilities)
    assert figure.data[0].x[-1] == 1
    rows = {name: value for name, value, _ in trust_rows(quick)}
    assert rows["share on garment"] == 0.4
    assert rows["deletion, low is good"] == quick.deletion.auc


def test_integrated_gradients_carry_their_error(engine: Engine, shirt: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashionviz.explain.methods.MOST_STEPS", 32)
    result = engine.explain(shirt, SMALL, method="integrated-gradients")
    assert result.steps == 32
    assert result.completeness_error is not None
    assert METHODS["integrated-gradients"].slow


def test_checks_leave_nothing_behind(engine: Engine, shirt: Photo) -> None:
    """Neither a tensor nor a hook of the copies with random weights, also where the visitor cancels in the middle."""
    methods = ("gradient", "guided-backprop", "grad-cam")
    network = engine._get(SMALL).network
    for method in methods:
        engine.trust(shirt, SMALL, method, target=A)
    before = tensors()
    for number in range(24):
        cancel = threading.Event()
        if number % 4:
            engine.trust(shirt, SMALL, methods[number % 3], target=A)
            continue
        with pytest.raises(Cancelled):
            engine.trust(
                shirt, SMALL, methods[number % 3], target=A, cancel=cancel, on_progress=lambda p, c=cancel: c.set()
            )
    assert tensors() == before
    assert not any(module._forward_hooks or module._backward_hooks for module in network.modules())
