"""The studio's page Garment and skin, and which pages offer a network that names nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.studio.state import Held
from fashionviz.data.regions import REGIONS
from fashionviz.images import from_pixels
from fashionviz.models.weights import model_folder
from tests.conftest import MODEL as CLASSIFIER
from tests.region_network import MODEL, painted, region_engine

MAIN = str(Path(__file__).resolve().parents[2] / "apps" / "studio" / "main.py")


@pytest.fixture(autouse=True)
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The segmenter goes by colour; its card's figures are made up."""
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    engine = region_engine(tmp_path / "weights")
    monkeypatch.setattr("apps.studio.parts.shared_engine", lambda: engine)
    yield
    engine.close()


def page(model: str = MODEL, view: str = "segment", *, photo: bool = True, **query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=180)
    if photo:
        app.session_state["held"] = Held(from_pixels(painted((90, 150))[0]), "0" * 16, "painted.png")
    app.query_params.update(query)
    app.run()
    app.query_params.update(query)
    app.switch_page(f"views/{view}.py").run()
    if app.selectbox(key="model").value != model:
        app.selectbox(key="model").select(model).run()
    return app


def test_regions_of_a_photo() -> None:
    true = painted((90, 150))[1]
    app = page()
    assert not app.exception
    table = app.dataframe[0].value
    assert table["class"].tolist() == list(REGIONS)
    shares = [100 * float((true == i).mean()) for i in range(3)]
    assert table["share of the photo, %"].tolist() == pytest.approx(shares, abs=1)
    assert f"fashionviz segment painted.png --model {MODEL} --json" in app.code[1].value
    assert f"segment(read_photo('painted.png'), '{MODEL}')" in app.code[0].value
    assert "/api/v1/segment" in app.code[2].value


def test_the_part_of_the_photo_is_in_the_address() -> None:
    app = page(region="Upper half")
    assert not app.exception
    true = painted((90, 150))[1][:45]
    found = app.dataframe[0].value["share of the photo, %"].tolist()
    assert found == pytest.approx([100 * float((true == i).mean()) for i in range(3)], abs=2)
    assert "box=(0, 0, 150, 45)" in app.code[0].value


def test_for_a_classifier_the_segmenter_answers() -> None:
    app = page(CLASSIFIER)
    assert not app.exception
    assert any(f"`{MODEL}` says what each pixel shows" in caption.value for caption in app.caption)
    assert len(app.dataframe[0].value) == len(REGIONS)


def test_without_a_photo_it_asks_for_one_and_without_weights_it_says_how_to_train() -> None:
    app = page(photo=False)
    assert "Add a photo to see which pixels are garment" in "\n".join(m.value for m in app.markdown)
    (model_folder(MODEL) / "card.json").unlink()
    app = page()
    assert f"fashionviz train {MODEL}" in [c.value for c in app.code]
    assert not app.dataframe


def test_it_is_offered_where_one_looks_inside_and_nowhere_else() -> None:
    app = page(view="filters")
    assert not app.exception
    assert app.selectbox(key="model").value == MODEL
    app.switch_page("views/predict.py").run()
    assert not app.exception
    assert MODEL not in app.selectbox(key="model").options
    assert app.selectbox(key="model").value == CLASSIFIER
    assert any(f"`{MODEL}` names no classes" in caption.value for caption in app.caption)
    app.switch_page("views/every_model.py").run()
    assert not app.exception
    assert not any(MODEL in caption.value for caption in app.caption if "Not trained" in caption.value)
