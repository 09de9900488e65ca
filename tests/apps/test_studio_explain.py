"""The attribution gallery in the studio, with a small shipped model, and the links that lead to it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from apps.studio import jobs
from apps.studio.attributions import Asked, Known, gallery_json, order, python_code, rows_csv, shell_code, todo, work
from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.errors import Cancelled, Overloaded
from fashionviz.explain.methods import METHODS
from fashionviz.figures.gallery import SCALES, contact_sheet, draw_as
from fashionviz.figures.pictures import attribution_colour, attribution_grey, attribution_overlay, attribution_signed
from fashionviz.images import Photo, encode_png
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.results import Attribution
from tests.apps.pages import MAIN, TIMEOUT_S, captions, well
from tests.apps.shipped import SMALL, furnish, needs_weights

pytestmark = needs_weights


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
        made = Engine(EngineConfig(device="cpu"))
        yield made
        made.close()


@pytest.fixture(autouse=True)
def house(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(engine, tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def photo() -> Photo:
    return images.from_pixels(draw("dress", 1))


@pytest.fixture
def asked(photo: Photo) -> Asked:
    return Asked(photo, None, SMALL, "dresses", "tops")


def nothing(_progress: object) -> None:
    """Nobody looks at progress."""


def test_quick_methods_come_first_and_trust_before_slow_ones(engine: Engine) -> None:
    info = engine.model(SMALL)
    slow = [METHODS[name].slow for name in order(info)]
    assert slow == sorted(slow)
    known = Known(wanted=["gradient"])
    tasks = todo(info, known)
    trust = tasks.index(("trust", "gradient"))
    assert not any(METHODS[name].slow for _, name in tasks[:trust])
    assert all(METHODS[name].slow for _, name in tasks[trust + 1 :])
    known.maps = dict.fromkeys(info.methods, "done")
    assert todo(info, known) == [("trust", "gradient")]


def test_a_job_fills_in_everything_and_a_failure_is_a_sentence(engine: Engine, asked: Asked) -> None:
    info, known = engine.model(SMALL), Known(wanted=["gradient"])

    class Busy:
        def explain(self, *arguments: object, **options: object) -> Attribution:
            if "occlusion" in arguments:
                raise Overloaded("Busy.")
            return engine.explain(*arguments, **options)

        trust = engine.trust

    assert work(Busy(), info, asked, known)(nothing, threading.Event())
    assert set(known.maps) == set(info.methods)
    assert known.maps["occlusion"] == "Busy."
    found = known.maps["gradient"]
    assert isinstance(found, Attribution)
    assert found.question == "dresses and not tops"
    table = rows_csv(info, known).decode().splitlines()
    assert len(table) == len(info.methods) + 1
    assert "rank correlation with random weights" in table[0]
    facts = json.loads(gallery_json(info, known, "x.png"))
    assert {m["against"] for m in facts["maps"]} == {"tops"}
    assert facts["trust"][0]["method"] == "gradient"


def test_a_job_stops(engine: Engine, asked: Asked) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        work(engine, engine.model(SMALL), asked, Known())(nothing, stop)


def test_one_scale_for_all(engine: Engine, photo: Photo) -> None:
    result = engine.explain(photo, SMALL, "gradient")
    drawn = {scale: draw_as(scale)(result) for scale in SCALES}
    expected = {"Signed": attribution_signed, "Over the photo": attribution_overlay, "By colour": attribution_colour}
    assert all(np.array_equal(drawn[scale], how(result)) for scale, how in expected.items())
    assert np.array_equal(draw_as("By colour", grey=True)(result), attribution_grey(result))
    sheet = contact_sheet(drawn["By colour"], [("One", drawn["Signed"]), ("Two", drawn["Signed"])], "Title", columns=2)
    assert sheet.dtype == np.uint8
    assert sheet.shape[0] > 2 * 240


def test_the_code_says_what_was_asked(asked: Asked) -> None:
    for python in python_code("it's.png", asked):
        compile(python, "page", "exec")
        assert len([line for line in python.splitlines() if line]) <= 5
        assert "target='dresses', against='tops'" in python
    shell = shell_code("it's.png", asked, ["gradient", "grad-cam"])
    assert "--target dresses --against tops" in shell
    assert "'it'\"'\"'s.png'" in shell


def page(**query: str) -> AppTest:
    made = AppTest.from_file(MAIN, default_timeout=TIMEOUT_S).run()
    made.query_params.update({"model": SMALL, **query})
    made.switch_page("views/explain.py").run()
    return made.file_uploader[0].set_value(("dress.png", encode_png(draw("dress", 1)), "image/png")).run()


def finished(app: AppTest) -> AppTest:
    for _ in range(60):
        if app.get("dataframe"):
            return app
        time.sleep(1)
        app = well(app.run())
    raise AssertionError("the gallery did not end")


def test_the_gallery_answers_and_offers_the_runner_up(engine: Engine, photo: Photo) -> None:
    app = finished(well(page()))
    assert app.title[0].value == "Attribution gallery"
    headings = [m.value.replace("\u00ad", "") for m in app.markdown]  # where a narrow card may break the word
    for name in engine.model(SMALL).methods:
        assert f"**{METHODS[name].title}**" in headings
    assert "steps, off by" in captions(app)
    scores = engine.predict(photo, SMALL).scores
    why = f"Why {scores[0].label} and not {scores[1].label}?"
    app = well(next(b for b in app.button if b.label == why).click().run())
    assert app.selectbox(key="target").value == scores[0].label
    assert app.selectbox(key="against").value == scores[1].label


def ended(app: AppTest) -> AppTest:
    """When nothing runs any more."""
    while "job" in app.session_state:
        assert app.session_state["job"].wait(60)
        app = well(app.run())
    return app


class Held:
    """An engine's `explain` whose slow methods wait to be let go, or to be cancelled."""

    def __init__(self, engine: Engine) -> None:
        self.explain, self.calls = engine.explain, list[str]()
        self.reached, self.go = threading.Event(), threading.Event()

    def __call__(
        self, photo: Photo, model: str, method: str, *, cancel: threading.Event, **more: object
    ) -> Attribution:
        self.calls.append(method)
        if METHODS[method].slow:
            self.reached.set()
            while not self.go.wait(0.02):
                if cancel.is_set():
                    raise Cancelled("The explanation was cancelled.")
        return self.explain(photo, model, method, cancel=cancel, **more)  # type: ignore[arg-type]


def ask_trust(app: AppTest, method: str = "gradient") -> AppTest:
    return well(app.button(key=f"trust_{method}").click().run())


def verdicts(app: AppTest) -> int:
    return sum(m.value.startswith(("✓ **", "✕ **", "? **")) for m in app.markdown)


def test_trust_asked_for_while_a_slow_method_runs_comes_after_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that runs is begun anew."""
    held = Held(engine)
    monkeypatch.setattr(engine, "explain", held)
    monkeypatch.setattr(jobs, "PATIENCE_S", 0.2)
    app = well(page())
    assert held.reached.wait(60)
    job = app.session_state["job"]
    app = ask_trust(well(app.run()))
    assert app.session_state["job"] is job
    assert not job.stopping
    assert app.button(key="trust_gradient").label == "Asked …"
    held.go.set()
    ended(app)
    assert sorted(held.calls) == sorted(engine.model(SMALL).methods), "each was asked once"
    assert verdicts(app) == 1


def test_what_is_asked_after_a_stop_is_answered_and_no_map_begun(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(engine)
    monkeypatch.setattr(engine, "explain", held)
    monkeypatch.setattr(jobs, "PATIENCE_S", 0.2)
    app = well(page())
    assert held.reached.wait(60)
    app = ask_trust(well(app.run()), "grad-cam")
    job = app.session_state["job"]
    app = well(app.button(key="cancel_job").click().run())
    assert job.wait(60)
    app = well(app.run())
    quick = sum(not METHODS[name].slow for name in engine.model(SMALL).methods)
    words = f"Stopped. {quick} of {len(engine.model(SMALL).methods)} methods have answered."
    assert [i.value for i in app.info] == [words]
    assert verdicts(app) == 0, "what waited was stopped too"
    app = ended(ask_trust(app))
    assert verdicts(app) == 1
    assert [i.value for i in app.info] == [words]
    assert len(held.calls) == quick + 1
    held.go.set()
    app = ended(well(next(b for b in app.button if b.label == "Go on").click().run()))
    assert not app.info
    assert len(held.calls) == len(engine.model(SMALL).methods) + 1


def test_a_link_carries_the_question_and_one_class_twice_is_a_sentence() -> None:
    app = well(page(target="dresses", against="dresses"))
    assert app.selectbox(key="against").value == "dresses"
    assert "dresses cannot be compared with itself. Choose another class." in [w.value for w in app.warning]


def test_without_a_photo_the_page_asks_for_one() -> None:
    app = AppTest.from_file(MAIN, default_timeout=TIMEOUT_S).run()
    app = well(app.switch_page("views/explain.py").run())
    assert any(m.value.startswith("**Add a photo to see where the model looked") for m in app.main.markdown)
