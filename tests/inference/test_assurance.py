"""The verdict in the engine, the command line and the API; and what the shipped models say."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

import fashionviz.inference.engine as engines
from apps.lab import parts
from apps.server import create_app
from fashionviz.cli import app as command
from fashionviz.data.examples import KINDS, draw
from fashionviz.data.patterns import FITTED, pattern
from fashionviz.errors import WeightsError
from fashionviz.images import Photo, from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.assurance import FILE
from fashionviz.models.card import load_card
from fashionviz.models.weights import model_folder
from fashionviz.serialise import prediction_json
from tests.assured import add_assurance
from tests.conftest import MODEL, TRAINED

WIDTH = 1280


@pytest.fixture
def assured(weights: Path) -> Iterator[Engine]:
    add_assurance(weights / MODEL, WIDTH)
    made = Engine(EngineConfig(device="cpu"))
    yield made
    made.close()


def test_without_facts_there_is_no_verdict(engine: Engine, shirt: Photo) -> None:
    prediction = engine.predict(shirt)
    assert prediction.assurance is None
    assert prediction_json(prediction, "shirt.png")["assurance"] is None


def test_classes_and_explanations_stay_as_they_are(engine: Engine, shirt: Photo, weights: Path) -> None:
    before = engine.predict(shirt)
    target = before.scores[-1].label
    maps = {m: engine.explain(shirt, method=m, target=target).values for m in ("gradient", "guided-backprop")}
    add_assurance(weights / MODEL, WIDTH)
    after = Engine(EngineConfig(device="cpu"))
    answer = after.predict(shirt)
    assert [s.label for s in answer.scores] == [s.label for s in before.scores]
    for old, new in zip(before.scores, answer.scores, strict=True):
        assert new.logit == pytest.approx(old.logit, abs=1e-6)
        assert new.probability == pytest.approx(old.probability, abs=1e-6)
    assert answer.assurance is not None
    for method, values in maps.items():
        assert np.allclose(after.explain(shirt, method=method, target=target).values, values, atol=1e-6)
    # The most probable class is sought among the classes, however high the garment's logit is.
    assert after.explain(shirt).target == before.top.label
    loaded = after._get(MODEL)
    x = loaded.prepare(shirt)[0][None]
    assert loaded.network(x).shape == loaded.hooked(x).shape == (1, 6)
    assert after.layers()[-1].shape == (6,)
    assert after.ready().ready
    after.close()


def test_a_large_garment_logit_is_no_class(weights: Path, shirt: Photo) -> None:
    add_assurance(weights / MODEL, WIDTH, bias=1e4)
    engine = Engine(EngineConfig(device="cpu"))
    prediction = engine.predict(shirt)
    assert sum(s.probability for s in prediction.scores) == pytest.approx(1)
    assert prediction.assurance is not None
    assert prediction.assurance.garment_probability == pytest.approx(1)
    assert engine.explain(shirt).target == prediction.top.label
    engine.close()


def test_a_damaged_file_is_one_sentence(weights: Path, shirt: Photo) -> None:
    add_assurance(weights / MODEL, WIDTH)
    (weights / MODEL / FILE).write_bytes(b"no tensors")
    engine = Engine(EngineConfig(device="cpu"))
    with pytest.raises(WeightsError, match="damaged"):
        engine.predict(shirt)
    engine.close()


def test_command_line_and_api_say_the_same(
    assured: Engine, shirt: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_shared", assured)
    path = tmp_path / "shirt.png"
    path.write_bytes(shirt.png())
    expected = assured.predict(shirt).assurance
    assert expected is not None
    result = CliRunner().invoke(command, ["predict", str(path), "--model", MODEL, "--json"])
    assert result.exit_code == 0, result.output
    with TestClient(create_app(lab=False, studio=False)) as client:
        answer = client.post("/api/v1/predict", files={"file": path.read_bytes()}, data={"model": MODEL})
    for said in (json.loads(result.stdout)[0]["assurance"], answer.json()["assurance"]):
        assert set(said) == {"verdict", "garment_probability", "reason"}
        assert said["verdict"] == expected.verdict
        assert said["reason"] == expected.reason
        assert said["garment_probability"] == pytest.approx(expected.garment_probability, abs=1e-6)
    plain = CliRunner().invoke(command, ["predict", str(path), "--model", MODEL])
    assert expected.reason in plain.stdout


def test_the_lab_says_it_in_words(assured: Engine, shirt: Photo) -> None:
    prediction = assured.predict(shirt)
    assert prediction.assurance is not None
    html = parts.prediction_card(prediction, assured.model(), "the whole photo")
    assert prediction.assurance.reason in html


def _assured_models() -> list[str]:
    return [name for name in TRAINED if (facts := load_card(model_folder(name)).assurance) and facts.sha256]


@pytest.fixture(scope="module")
def shipped() -> Iterator[Engine]:
    made = Engine(EngineConfig(device="cpu"))
    yield made
    made.close()


def test_the_default_model_has_assurance() -> None:
    assert MODEL in _assured_models()


@pytest.mark.parametrize("name", _assured_models())
def test_noise_is_no_garment_and_a_drawn_garment_is_one(shipped: Engine, name: str) -> None:
    noise = [shipped.predict(from_pixels(pattern("noise", 900_000 + i)), name).assurance for i in range(10)]
    assert sum(a is not None and a.verdict == "not-a-garment" for a in noise) >= 9
    for kind in KINDS[:6]:
        found = shipped.predict(from_pixels(draw(kind, 0)), name).assurance
        assert found is not None
        assert found.verdict != "not-a-garment", kind


@pytest.mark.parametrize("name", _assured_models())
def test_the_card_reports_both_errors_on_garments_and_other_pictures(name: str) -> None:
    card = load_card(model_folder(name))
    assert card.assurance is not None
    assert {s.data_set for s in card.assurance.sets} == {"fpi", "clothing", "ccp", "drawn", "skimage"}
    for row in card.assurance.sets:
        assert row.not_a_garment is not None
        assert row.not_a_garment.n == row.n > 0
        low, high = row.not_a_garment.ci95
        assert low - 1e-12 <= row.not_a_garment.value <= high + 1e-12  # all of 400 end a rounding below 1
    patterns = next(s for s in card.assurance.sets if s.title == "drawn patterns of the fitted kinds")
    assert patterns.not_a_garment is not None
    assert patterns.not_a_garment.value > 0.8
    assert len(FITTED) == 10
