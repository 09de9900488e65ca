"""Tags by group from the engine, their JSON, and what is explained when nothing is asked for."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fashionviz.errors import WeightsError
from fashionviz.images import Photo
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.card import load_card
from fashionviz.models.preprocess import to_input
from fashionviz.models.weights import load_trained
from fashionviz.results import ClassScore, ModelRef, Prediction, TagGroup, Timings
from fashionviz.serialise import prediction_json
from tests.conftest import make_weights

MODEL = "mobilenet_v2.street_tags"


@pytest.fixture
def tagger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_weights(tmp_path, MODEL)
    card = load_card(tmp_path / MODEL)
    thresholds = tuple(0.2 + 0.01 * i for i in range(len(card.classes)))
    card.model_copy(update={"thresholds": thresholds, "temperature": 2.0}).save(tmp_path / MODEL / "card.json")
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    return tmp_path


def test_every_tag_has_a_probability_of_its_own(tagger: Path, shirt: Photo) -> None:
    engine = Engine(EngineConfig(device="cpu"))
    got = engine.predict(shirt, MODEL)
    network, card = load_trained(MODEL)
    x = to_input(shirt.pixels, card.input_size, card.mean, card.std)[0]
    with torch.no_grad():
        expected = (network(x[None])[0].double() / 2).sigmoid().numpy()
    found = {s.label: s for s in got.scores}
    assert np.allclose([found[c].probability for c in card.classes], expected, atol=1e-4)
    assert [found[c].threshold for c in card.classes] == list(card.thresholds)
    (group,) = got.tags
    assert len(group.tags) == len(card.classes)
    assert {t.label for t in group.said} == {
        c for c, p, t in zip(card.classes, expected, card.thresholds, strict=True) if p >= t
    }
    attribution = engine.explain(shirt, MODEL, "gradient")
    assert attribution.target == got.top.label
    engine.close()


def test_a_card_without_thresholds_is_refused(tagger: Path) -> None:
    load_card(tagger / MODEL).model_copy(update={"thresholds": (0.5,)}).save(tagger / MODEL / "card.json")
    with pytest.raises(WeightsError, match="1 thresholds for its tags"):
        load_trained(MODEL)


def two_groups() -> Prediction:
    kind = (ClassScore("kind: Shirts", 0.7, 1.0, 0.5), ClassScore("kind: Heels", 0.1, -2.0, 0.05))
    colour = (ClassScore("colour: Red", 0.9, 2.0, 0.95), ClassScore("colour: Blue", 0.2, -1.4, 0.3))
    groups = (TagGroup("kind", "Kind", True, kind), TagGroup("colour", "Colour", True, colour))
    scores = tuple(sorted(kind + colour, key=lambda s: -s.probability))
    return Prediction(ModelRef("m", "0"), scores, Timings(0, 0, 0), tags=groups)


def test_the_first_group_says_what_it_is() -> None:
    found = two_groups()
    assert found.top.label == "kind: Shirts", "although red is more probable"
    assert [s.value for s in found.first(5)] == ["Shirts", "Red"]
    assert [s.value for s in found.tags[0].said] == ["Shirts", "Heels"]
    assert [s.value for s in found.tags[1].shown(1)] == ["Red"], "nothing is said, so the most probable"
    assert [s.value for s in found.tags[1].shown(2)] == ["Red", "Blue"]


def test_json_by_group() -> None:
    facts = prediction_json(two_groups(), "a.jpg")["tags"]
    assert [g["group"] for g in facts] == ["kind", "colour"]
    assert facts[0]["said"] == ["Shirts", "Heels"]
    assert facts[1] == {
        "group": "colour",
        "title": "Colour",
        "exclusive": True,
        "said": [],
        "tags": [
            {"value": "Red", "probability": 0.9, "threshold": 0.95, "said": False},
            {"value": "Blue", "probability": 0.2, "threshold": 0.3, "said": False},
        ],
    }
