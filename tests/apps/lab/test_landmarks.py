"""The lab's section on landmarks: who finds them, what is shown, what a failure leaves."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from apps.lab import handlers, landmarks
from apps.lab.events import Events
from apps.lab.region import WHOLE
from apps.lab.visitor import Held
from fashionviz.errors import Overloaded
from fashionviz.images import from_pixels
from fashionviz.inference.engine import Engine
from tests.data.test_landmarks_catalogue import person
from tests.inference.test_landmarks import WORN
from tests.landmark_network import MODEL, install_card, landmark_engine

PART = (WHOLE, 0.0, 0.0, 100.0, 100.0)
HELD = Held(from_pixels(person()), "person.png")
OTHER = "mobilenet_v2.gender_category"


@pytest.fixture
def finder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine for which RopaNet is trained."""
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    engine = landmark_engine(tmp_path)
    install_card(tmp_path)
    yield engine
    engine.close()


def test_the_chosen_model_finds_them_or_the_default_does(finder: Engine) -> None:
    assert finder.landmark_finder(MODEL) == MODEL
    assert finder.landmark_finder(OTHER) == MODEL
    assert landmarks.offered(finder)


def test_dots_heat_and_words_of_a_photo(finder: Engine) -> None:
    result, dots, note, _ = Events(finder).landmarks(HELD, OTHER, "", *PART)
    there = [name for name, (x, _) in zip(landmarks.LANDMARKS, WORN.points, strict=True) if np.isfinite(x)]
    assert [mark.name for mark in result.found if mark.present] == there
    assert "Says that it sees: " + ", ".join(name.replace("_", " ") for name in there) in note
    assert MODEL in note
    assert max(dots.shape) == 640
    assert np.ptp(dots.astype(int), axis=2).max() > 100, "a coloured dot on a grey photo"
    hem = Events.heat(result, "left_hem")
    assert not np.array_equal(hem, Events.heat(result, "right_hem"))


def test_a_failure_is_a_sentence_and_leaves_nothing(finder: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise Overloaded("Many people are asking; please try again in 3 s.", 3)

    monkeypatch.setattr(finder, "landmarks", full)
    result, dots, note, heat = Events(finder).landmarks(HELD, MODEL, "", *PART)
    assert (result, dots, heat) == (None, None, None)
    assert "try again in 3 s" in note


def test_without_a_trained_network_the_section_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    engine = Engine()
    assert not landmarks.offered(engine)
    assert Events(engine).landmarks(HELD, MODEL, "", *PART)[0] is None
    assert handlers.UNEXPECTED not in str(Events(engine).landmarks(HELD, MODEL, "", *PART))
    engine.close()
