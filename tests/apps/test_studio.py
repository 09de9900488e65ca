"""Every page of the studio, run as Streamlit runs it, without a browser."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from apps.studio import jobs
from fashionviz.data.examples import KINDS
from fashionviz.errors import Cancelled, FetchError, Overloaded
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.registry import get_model
from fashionviz.results import Progress
from tests.apps.pages import MAIN, TIMEOUT_S, captions, go, jpeg, link, upload, well
from tests.reports import N, write_made_up_report

MODEL = "mobilenet_v2.gender_category"
TITLES = {
    "predict": "Predict",
    "filters": "First-layer filters",
    "activations": "Activation maps",
    "layers": "Layers",
    "guided_backprop": "Guided backprop",
    "averages": "Class averages",
    "embedding_map": "Embedding map",
    "every_model": "Every model",
    "disagreement": "Disagreement",
    "report": "Take it home",
    "annotate": "Annotate",
    "confusion": "Confusion matrix",
    "compare_errors": "Compare errors",
    "tags": "Tags",
    "training": "Training",
    "studies": "Studies",
    "models": "Models",
}
ASK_FOR_PHOTO = ("predict", "activations", "guided_backprop", "every_model", "disagreement", "report")
#: Pages that are not about the one model of the sidebar.
ABOUT_SEVERAL = ("every_model", "disagreement", "report", "annotate", "training", "studies", "models")


@pytest.fixture(scope="session")
def scored_weights(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights with a report and its items."""
    root = tmp_path_factory.mktemp("studio") / "weights"
    shutil.copytree(random_weights, root)
    write_made_up_report(root / MODEL)
    return root


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of drawn pictures with as many rows as the report."""
    root = tmp_path_factory.mktemp("data")
    (root / "fpi").mkdir()
    picture = jpeg("hat", 60)
    table = pa.table(
        {
            "id": pa.array([f"item-{i}" for i in range(N)]),
            "image": pa.array([{"bytes": picture, "path": None}] * N),
        }
    )
    pq.write_table(table, root / "fpi" / "test-00000-of-00001.parquet")
    return root


@pytest.fixture(scope="session")
def shared() -> Iterator[Engine]:
    """One engine for all tests; each test names the weights folder (below), so that nothing leaks to other files."""
    made = Engine(EngineConfig(device="cpu"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def house(
    shared: Engine, scored_weights: Path, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(scored_weights))
    monkeypatch.setenv("FASHIONVIZ_DATA", str(data_folder))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    monkeypatch.setattr("apps.studio.parts.shared_engine", lambda: shared)
    monkeypatch.setattr(jobs, "PATIENCE_S", 120.0)  # on a busy machine no quick method counts as slow


@pytest.fixture
def studio() -> AppTest:
    return AppTest.from_file(MAIN, default_timeout=TIMEOUT_S)


def test_the_bare_address_leads_to_predict(studio: AppTest) -> None:
    assert well(studio.run()).title[0].value == "Predict"


@pytest.mark.parametrize("page", TITLES)
def test_a_page_without_a_photo_says_what_to_do(studio: AppTest, page: str) -> None:
    app = well(go(studio.run(), page))
    assert app.title[0].value == TITLES[page]
    assert [e.value for e in app.error] == []
    assert "How to read this" in [e.label for e in app.expander]
    assert MODEL in captions(app) or page in ABOUT_SEVERAL
    # Pages that need a photo ask for it themselves; elsewhere the sidebar offers it.
    asked = [m.value for m in app.main.markdown if m.value.startswith("**Add a photo to")]
    assert bool(asked) == (page in ASK_FOR_PHOTO)
    assert len(app.file_uploader) == 1
    examples = {b.label for b in app.button}
    assert examples >= set(KINDS) or (page == "annotate" and any("drawn by our own" in label for label in examples))


def test_the_bare_address_keeps_its_query(studio: AppTest) -> None:
    studio.query_params["region"] = "Centre"
    app = well(upload(studio.run(), jpeg()))
    assert "the centre (216×288 px)" in captions(app)


def test_the_bare_address_keeps_the_model_of_a_link(studio: AppTest) -> None:
    studio.query_params["model"] = "resnet50.gender_category"
    app = well(studio.run())
    assert app.title[0].value == "Predict"
    assert app.selectbox(key="model").value == "resnet50.gender_category"


def test_the_photo_and_the_model_stay_from_page_to_page(studio: AppTest) -> None:
    app = well(upload(studio.run(), jpeg()))
    assert app.metric[0].label == "Most probable class"
    first = app.metric[0].value
    for page in TITLES:
        well(go(app, page))
        assert [e.value for e in app.error] == [], page
        assert "photo.jpg · 360×480 px" in captions(app), page
        assert app.selectbox(key="model").value == MODEL
    assert well(go(app, "predict")).metric[0].value == first


def test_one_click_takes_a_drawn_example(studio: AppTest) -> None:
    app = studio.run()
    well(app.button(key=f"page_drawn_{KINDS[2]}").click().run())
    assert app.metric[0].value in get_model(MODEL).task.classes
    assert f"{KINDS[2]} · 360×480 px" in captions(app)


def test_predict_agrees_with_the_engine(studio: AppTest, shared: Engine) -> None:
    from fashionviz import images

    data = jpeg()
    app = well(upload(studio.run(), data))
    expected = shared.predict(images.decode(data)).top
    assert app.metric[0].value == expected.label
    assert app.metric[0].delta == f"{expected.probability:.1%} probable"
    assert "Men and Women name the department" in captions(app)
    assert any(".predict(read_photo(" in c.value for c in app.code)
    assert any("curl" in c.value for c in app.code)


def test_a_region_changes_the_question_and_travels(studio: AppTest) -> None:
    app = well(upload(studio.run(), jpeg()))
    app.segmented_control(key="region").set_value("Lower half").run()
    assert "the lower half (360×240 px)" in captions(well(app))
    assert "Asked about the lower half" in captions(well(go(app, "activations")))
    assert "the lower half" in captions(well(go(app, "predict")))


def test_a_link_to_another_page_carries_the_region(studio: AppTest) -> None:
    app = upload(link(studio, "activations", region="Centre"), jpeg())
    assert "Asked about the centre (216×288 px)" in captions(well(app))


BAD = {
    "not a picture": b"hello, this is no picture",
    "heic": b"\x00\x00\x00\x18ftypheic" + bytes(64),
    "truncated": jpeg()[:400],
    "empty": b"",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_bad_bytes_get_one_sentence_and_nothing_stale(studio: AppTest, data: bytes) -> None:
    app = well(upload(studio.run(), jpeg()))
    assert app.metric
    well(upload(app, data))
    assert len(app.error) == 1
    assert app.error[0].value.endswith(".")
    assert "Traceback" not in app.error[0].value
    assert not app.metric  # the old answer went with the old photo
    well(upload(app, jpeg()))
    assert not app.error
    assert app.metric


def test_a_session_holds_pixels_only_and_forgets_them(studio: AppTest) -> None:
    app = well(upload(studio.run(), jpeg()))
    held = app.session_state["held"]
    assert held.photo.pixels.shape == (480, 360, 3)
    assert app.file_uploader[0].value is None  # a fresh widget: the upload itself was let go
    assert b"secret" not in held.photo.pixels.tobytes()
    well(app.button(key="forget").click().run())
    assert "held" not in app.session_state
    assert not app.metric


def test_sessions_do_not_share_photos(studio: AppTest) -> None:
    well(upload(studio.run(), jpeg(), "mine.jpg"))
    other = AppTest.from_file(MAIN, default_timeout=TIMEOUT_S).run()
    assert "mine.jpg" not in captions(well(other))
    assert not other.metric


def test_filters_of_the_first_and_of_a_deeper_convolution(studio: AppTest) -> None:
    app = well(go(studio.run(), "filters"))
    assert "32 filters of 3×3 over 3 input channels" in captions(app)
    assert "red, green and blue" in captions(app)
    box = app.selectbox(key="conv")
    box.set_value(box.options[-1]).run()
    assert "Shown as the mean over" in captions(well(app))


def test_a_link_chooses_the_layer(studio: AppTest) -> None:
    app = upload(link(studio, "activations", layer="features.0.0"), jpeg())
    assert app.selectbox(key="layer").value == "features.0.0"
    assert "`features.0.0` is a Conv2d with 32 channels of 60×80" in captions(well(app))


def test_the_channels_shown_can_be_chosen(studio: AppTest) -> None:
    app = well(go(upload(studio.run(), jpeg()), "activations"))
    assert "The 16 strongest" in app.subheader[0].value
    app.select_slider(key="channels").set_value(8).run()
    assert "The 8 strongest" in well(app).subheader[0].value


@pytest.mark.parametrize("method", ["guided-backprop", "gradient", "grad-cam"])
def test_methods_explain_a_chosen_class(studio: AppTest, method: str) -> None:
    app = go(upload(studio.run(), jpeg()), "guided_backprop")
    app.selectbox(key="method").set_value(method)
    app.selectbox(key="target").set_value("Men/Other").run()
    assert any("What spoke for **Men/Other**" in m.value for m in well(app).markdown)
    assert any("Adebayo" in w.value for w in app.warning) == (method == "guided-backprop")


def test_a_slow_method_shows_progress_and_can_be_stopped(
    studio: AppTest, shared: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*args: object, on_progress: Callable[[Progress], None], cancel: threading.Event, **kwargs: object) -> None:
        for step in range(1, 6000):
            on_progress(Progress(step, 6000, 5.0))
            if cancel.wait(0.05):
                raise Cancelled("The explanation was cancelled.")

    monkeypatch.setattr(jobs, "PATIENCE_S", 0.2)
    app = well(upload(studio.run(), jpeg()))
    monkeypatch.setattr(shared, "explain", slow)
    well(go(app, "guided_backprop"))
    job = app.session_state["job"]
    assert not job.finished
    well(app.button(key="cancel_job").click().run())
    assert job.wait(60)
    well(app.run())
    assert [i.value for i in app.info] == ["Stopped before it was done."]
    monkeypatch.undo()


def test_being_overloaded_is_one_sentence(studio: AppTest, shared: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise Overloaded("Too many photos are waiting; please try again in a moment.")

    monkeypatch.setattr(shared, "predict", full)
    app = well(upload(studio.run(), jpeg()))
    assert [e.value for e in app.error] == ["Too many photos are waiting; please try again in a moment."]
    assert not app.metric


def test_a_new_question_stops_the_former_job() -> None:
    started = threading.Event()

    def work(on_progress: Callable[[Progress], None], cancel: threading.Event) -> str:
        started.set()
        if cancel.wait(300):
            raise Cancelled("stopped")
        return "done"

    job = jobs.Job(("a",), work)
    assert started.wait(60)
    job.cancel()
    assert job.wait(60)
    assert job.cancelled


def cell_table(app: AppTest) -> pd.DataFrame:
    """The items of the chosen cell; the mistakes of all cells come after them."""
    return next(d.value for d in app.dataframe if "id" in d.value)


def test_a_link_to_a_cell_lists_its_items_with_thumbnails(studio: AppTest) -> None:
    app = well(link(studio, "confusion", true="Men/Accessories", predicted="Women/Accessories"))
    assert app.subheader[0].value == "True Men/Accessories, predicted Women/Accessories: 4 items"
    table = cell_table(app)
    assert list(table["id"]) == ["item-36", "item-24", "item-12", "item-0"]  # most confident first
    assert np.all(np.diff(table["probability of the predicted"]) <= 0)
    assert not any("data fetch" in c.value for c in app.code)


def test_without_the_data_set_a_cell_offers_to_fetch_it(
    studio: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    st.cache_data.clear()  # the pictures of these rows may have been read by another test
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "nothing"))
    app = well(link(studio, "confusion", true="Men/Accessories", predicted="Women/Accessories"))
    assert any("not on this machine" in i.value for i in app.info)
    assert "fashionviz data fetch fpi" in [c.value for c in app.code]
    assert len(cell_table(app)) == 4


def test_an_empty_cell_and_a_choice_by_keyboard(studio: AppTest) -> None:
    app = well(go(studio.run(), "confusion"))
    assert any("Click a cell" in i.value for i in app.info)
    assert "n = 48, test split of `fpi`" in captions(app)
    app.selectbox(key="true").set_value("Men/Other")
    app.selectbox(key="predicted").set_value("Men/Apparel").run()
    assert any("No item fell into this cell" in i.value for i in well(app).info)


def test_a_model_without_weights_is_named_untrained(
    studio: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "none"))
    for page in TITLES:
        app = well(go(studio.run(), page))
        assert not app.metric
        if page == "tags":
            assert "Choose a tagger" in app.info[0].value, "it is about no classifier"
            continue
        if page == "studies":
            continue  # it is about no model
        assert f"fashionviz train {MODEL}" in [c.value for c in app.code], page


def test_the_models_page_shows_the_card(studio: AppTest) -> None:
    app = well(go(studio.run(), "models"))
    listed = app.dataframe[0].value["model"].tolist()
    assert listed[0] == "mobilenet_v2.gender_category", "the model that answers by default comes first"
    assert listed[1:] == sorted(listed[1:])
    assert any("knows nothing" in m.value for m in app.markdown)  # the card's limits
    assert "0.4000 to 0.6000" in next(d.value for d in app.dataframe if "metric" in d.value)["95 % interval"].tolist()


def test_photos_that_cannot_be_fetched_are_one_sentence(studio: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise FetchError("The publisher could not be reached. Please try again later.")

    monkeypatch.setattr("fashionviz.data.fetch.fetch_examples", fail)
    app = studio.run()
    well(app.button(key="page_fetch").click().run())
    assert [e.value for e in app.error] == ["The publisher could not be reached. Please try again later."]


def test_fetched_photos_become_examples(studio: AppTest, tmp_path: Path) -> None:
    folder = tmp_path / "examples"
    folder.mkdir()
    (folder / "one.jpg").write_bytes(jpeg("heel"))
    (folder / "broken.jpg").write_bytes(b"nothing")
    app = studio.run()
    well(app.button(key="page_cc0_one").click().run())
    assert app.metric
    assert "one.jpg · 360×480 px" in captions(app)
