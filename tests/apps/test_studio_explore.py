"""The studio's pages about a whole split: layers and what excites a channel, class averages, the embedding map."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from apps.studio import jobs
from apps.studio.state import Held
from fashionviz.data.examples import draw
from fashionviz.images import from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.apps.api.calls import NAME
from tests.apps.api.test_explore import write_made_up_files
from tests.conftest import make_weights

MAIN = str(Path(__file__).resolve().parents[2] / "apps" / "studio" / "main.py")


@pytest.fixture(scope="module")
def root(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights with a report and everything that is made over a split, and the items' pictures."""
    root = tmp_path_factory.mktemp("studio_explore")
    shutil.copytree(random_weights, root / "weights")
    write_made_up_files(root / "weights" / NAME)
    out = io.BytesIO()
    Image.fromarray(draw("hat", 1)).save(out, "JPEG")
    table = pa.table(
        {
            "id": pa.array([f"item-{i}" for i in range(48)]),
            "image": pa.array([{"bytes": out.getvalue(), "path": None}] * 48),
        }
    )
    (root / "data" / "fpi").mkdir(parents=True)
    pq.write_table(table, root / "data" / "fpi" / "test-00000-of-00001.parquet")
    return root


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    made = Engine(EngineConfig(device="cpu"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def house(shared: Engine, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(root / "weights"))
    monkeypatch.setenv("FASHIONVIZ_DATA", str(root / "data"))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    monkeypatch.setattr("apps.studio.parts.shared_engine", lambda: shared)
    monkeypatch.setattr(jobs, "PATIENCE_S", 120.0)


def page(name: str, *, photo: bool = False, **query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=180)
    if photo:
        app.session_state["held"] = Held(from_pixels(draw("dress", 1)), "0" * 16, "dress.png")
    app.run()
    app.query_params.update(query)
    app.switch_page(f"views/{name}.py").run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    return " ".join(e.value for kind in (app.caption, app.markdown, app.info, app.subheader) for e in kind)


def test_a_link_shows_what_excites_a_channel() -> None:
    app = page("layers", photo=True, layer="features.18", channel="45")
    assert app.selectbox(key="layer").value == "features.18"
    assert app.number_input(key="channel").value == 45
    said = texts(app)
    assert "What excites channel 45" in said
    assert "9 test items" in said
    assert "48 items of the test split of fpi" in said
    table = next(d.value for d in app.dataframe if "rank" in d.value)
    assert table["id"].tolist() == [f"item-{(45 + i) % 48}" for i in range(9)]
    assert table["true"].tolist()[0], "the committed report says what it is"
    assert f"fashionviz channels {NAME} --layer features.18 --channel 45 --json" in [c.value for c in app.code]
    assert any("explain_channel" in c.value for c in app.code)


def test_the_table_of_layers_can_be_searched_and_a_layer_chosen() -> None:
    app = page("layers")
    app.text_input(key="search").set_value("relu6").run()
    assert set(app.dataframe[0].value["kind"]) == {"ReLU6"}
    app.selectbox(key="layer").set_value("features.18.2").run()
    assert not app.exception
    said = texts(app)
    assert "`features.18.2` · ReLU6 · output 1280 × 4×5 · 0 parameters" in said
    assert "These are the items of `features.18`" in said
    assert "Add a photo to see where this layer answers" in " ".join(e.label for e in app.expander)
    app.selectbox(key="layer").set_value("features.3.conv.0.0").run()
    assert "none of them has these channels" in texts(app), "the index of this test holds two layers"
    assert "filters of 1×1" in texts(app)


def test_a_channel_that_a_layer_lacks_falls_back() -> None:
    app = page("layers", layer="features.0", channel="700")
    assert app.number_input(key="channel").value == 0


def test_without_the_pictures_the_layers_page_offers_to_fetch_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    st.cache_data.clear()
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "nothing"))
    app = page("layers", layer="features.18")
    assert "fashionviz data fetch fpi" in [c.value for c in app.code]
    assert any("rank" in d.value for d in app.dataframe), "the ids and values are there all the same"


def test_averages_name_every_class_with_its_number() -> None:
    app = page("averages", look="signed sum")
    said = texts(app)
    assert "**Men/\u200bApparel** · n\u00a0=\u00a08" in said
    assert "**Women/Other**" not in said, "it has no items"
    assert "guided-backprop, for the true class; kept at 12×16 px" in said
    assert app.dataframe[0].value["n"].tolist() == [8, 8, 8, 8, 8, 0]
    assert f"fashionviz averages {NAME} --json" in app.code[1].value


def test_the_map_lists_a_class_by_keyboard_and_its_mistakes() -> None:
    app = page("embedding_map", among="Men/Apparel")
    assert "8 items chosen" in texts(app)
    assert set(app.dataframe[-1].value["true"]) == {"Men/Apparel"}
    app.toggle(key="wrong").set_value(True).run()
    assert set(app.dataframe[-1].value["answer"]) == {"wrong"}
    app.segmented_control(key="colour").set_value("right or wrong").run()
    assert not app.exception
    app = page("embedding_map")
    assert "Draw around points" in texts(app)


@pytest.mark.parametrize(
    ("name", "command"), [("layers", "channels"), ("averages", "averages"), ("embedding_map", "embedding-map")]
)
def test_what_other_weights_made_is_not_shown(
    name: str, command: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "weights"
    make_weights(other, seed=3)
    for file in ("channels.parquet", "averages.npz", "embedding_map.parquet"):
        shutil.copy(root / "weights" / NAME / file, other / NAME / file)
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(other))
    app = page(name)
    assert "other weights" in texts(app)
    assert f"fashionviz {command} {NAME}" in texts(app)
