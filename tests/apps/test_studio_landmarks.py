"""The studio's Landmarks page: dots, heat, table and code of a network that finds them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.studio.state import Held
from fashionviz.data.landmarks.kinds import LANDMARKS
from fashionviz.images import from_pixels
from fashionviz.models.card import Metric
from fashionviz.models.weights import model_folder
from tests.data.test_landmarks_catalogue import person
from tests.inference.test_landmarks import PIXELS, WORN
from tests.landmark_network import MODEL, install_card, landmark_engine

MAIN = str(Path(__file__).resolve().parents[2] / "apps" / "studio" / "main.py")


@pytest.fixture(autouse=True)
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """RopaNet is served by a network that knows one photo, with a card that has its figures."""
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    engine = landmark_engine(tmp_path / "weights")
    shared = {"n": 40, "data_set": "fpi-large", "split": "test", "command": "fashionviz evaluate"}
    figures = (
        Metric(name="landmark_error", value=0.0412, ci95=(0.03, 0.05), **shared),
        Metric(name="landmark_rate", value=0.875, ci95=(0.7, 0.95), **shared),
    )
    install_card(tmp_path / "weights", figures)
    monkeypatch.setattr("apps.studio.parts.shared_engine", lambda: engine)
    yield
    engine.close()


def page(model: str = MODEL, *, photo: bool = True, **query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=180)
    app.query_params["model"] = model
    if photo:
        app.session_state["held"] = Held(from_pixels(person()), "0" * 16, "person.png")
    app.run()
    app.query_params.update({"model": model, **query})
    return app.switch_page("views/landmarks.py").run()


def test_landmarks_of_a_photo() -> None:
    app = page(landmark="left hem")
    assert not app.exception
    table = app.dataframe[0].value
    assert table["landmark"].tolist() == [name.replace("_", " ") for name in LANDMARKS]
    assert table["there?"].tolist() == [bool(x == x) for x in WORN.points[:, 0]]
    assert table["x, px"].dropna().tolist() == pytest.approx([x for x in PIXELS[:, 0] if x == x], abs=1)
    assert app.selectbox(key="landmark").value == "left hem", "the link says which heat is shown"
    said = "\n".join(c.value for c in app.caption)
    assert "mean error 0.041 of the garment's size (0.030 – 0.050), detected 87.5% (70.0% – 95.0%), n = 40" in said
    assert f"fashionviz landmarks person.png --model {MODEL} --json" in app.code[1].value


def test_without_a_photo_it_asks_for_one() -> None:
    app = page(photo=False)
    assert "Add a photo to see where its parts are" in "\n".join(m.value for m in app.markdown)


def test_for_a_model_that_finds_none_another_answers() -> None:
    app = page("mobilenet_v2.gender_category")
    assert not app.exception
    assert f"`mobilenet_v2.gender_category` finds no landmarks; `{MODEL}` does." in [c.value for c in app.caption]
    assert len(app.dataframe[0].value) == len(LANDMARKS)


def test_without_a_trained_network_it_says_how_to_train_one() -> None:
    (model_folder(MODEL) / "card.json").unlink()
    app = page("mobilenet_v2.gender_category")
    assert f"fashionviz train {MODEL}" in [c.value for c in app.code]
    assert not app.dataframe
