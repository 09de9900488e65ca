"""The pages Take it home and Disagreement."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.studio import jobs
from fashionviz.errors import Cancelled, WeightsError
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.results import Attribution, Prediction
from tests.apps.pages import MAIN, TIMEOUT_S, captions, go, jpeg, link, upload, well
from tests.conftest import MODEL, make_weights

OTHER = "mobilenet_v2.clothing10"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine over two random models of two tasks."""
    root = tmp_path_factory.mktemp("two")
    make_weights(root)
    make_weights(root, OTHER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(root))
        made = Engine(EngineConfig(device="cpu"))
        yield made
        made.close()


@pytest.fixture
def studio(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    monkeypatch.setattr("apps.studio.parts.shared_engine", lambda: engine)
    monkeypatch.setattr(jobs, "PATIENCE_S", 120.0)
    return AppTest.from_file(MAIN, default_timeout=TIMEOUT_S)


def codes(app: AppTest) -> list[str]:
    return [code.value for code in app.code]


def test_a_report_is_made_when_asked_for(studio: AppTest) -> None:
    app = link(studio, "report", models=MODEL, methods="gradient", target="Men/Other", trust="none")
    upload(well(app), jpeg(), "<b>me.jpg")
    assert well(app).multiselect(key="models").value == [MODEL]
    assert app.multiselect(key="methods").value == ["gradient"]
    assert app.selectbox(key="target").value == "Men/Other"
    assert not app.success, "nothing is computed before it is asked for"
    assert "methods=['gradient'], target='Men/Other', trust='none')" in codes(app)[0]
    well(app.button(key="make").click().run())
    assert app.success[0].value.startswith("The report is there: one HTML file of ")
    assert any(d.proto.label == "Download the report (HTML)" for d in app.get("download_button"))
    app.multiselect(key="methods").set_value([]).run()
    assert not well(app).success, "another report was asked for"


def test_a_report_can_be_stopped(studio: AppTest, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = threading.Event()

    def slow(*_: object, cancel: threading.Event, **__: object) -> Attribution:
        reached.set()
        cancel.wait(120)
        raise Cancelled("The explanation was cancelled.")

    monkeypatch.setattr(engine, "explain", slow)
    monkeypatch.setattr(jobs, "PATIENCE_S", 0.1)
    app = link(studio, "report", methods="gradient", trust="none")
    well(upload(app, jpeg()))
    well(app.button(key="make").click().run())
    assert reached.wait(120)
    job = app.session_state["job"]
    well(app.button(key="cancel_job").click().run())
    assert job.wait(120)
    well(app.run())
    assert [i.value for i in app.info] == ["Stopped before it was done. Make the report to start again."]
    assert app.button(key="make")


def test_every_page_with_a_photo_leads_to_the_report(studio: AppTest) -> None:
    app = upload(go(studio.run(), "predict"), jpeg())
    assert [p.proto.page for p in app.sidebar.get("page_link")] == ["report"]
    well(app.button(key="forget").click().run())
    assert not app.sidebar.get("page_link")


def test_the_models_disagree(studio: AppTest, engine: Engine) -> None:
    app = well(upload(go(studio.run(), "disagreement"), jpeg()))
    assert not app.error
    opinions = next(d.value for d in app.dataframe if "says" in d.value)
    pairs = next(d.value for d in app.dataframe if "other says" in d.value)
    assert set(opinions["model"]) == {MODEL, OTHER}
    assert list(pairs["compared in"]) == ["category"]
    assert 0 <= pairs["bits"][0] <= 1
    assert opinions["mean bits from the others"].tolist() == [pairs["bits"][0]] * 2
    assert any("The most probable answer differs in " in h.value for h in app.get("html"))
    assert "print(result.sentence)" in codes(app)[0]
    app.multiselect(key="models").set_value([MODEL]).run()
    assert [i.value for i in well(app).info] == ["Choose two models or more."]


def test_a_model_that_fails_is_named(studio: AppTest, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    predict = engine.predict

    def failing(photo: object, model: str | None = None, **more: object) -> Prediction:
        if model == OTHER:
            raise WeightsError("The weights are damaged.")
        return predict(photo, model, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "predict", failing)
    app = well(upload(go(studio.run(), "disagreement"), jpeg()))
    assert [w.value for w in app.warning] == [f"{OTHER}: The weights are damaged."]
    assert any("One model alone has nobody to disagree with." in h.value for h in app.get("html"))
    assert captions(app)
