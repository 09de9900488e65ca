"""The page Every model with the models that are shipped; and every page for a model that sees 28×28 grey pixels."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from apps.studio import every, jobs, parts
from apps.studio.every import Answer, ask, every_work, shell_code, table_csv, table_json
from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.errors import Cancelled, Overloaded
from fashionviz.figures.pictures import attribution_grey, view_photo
from fashionviz.images import Photo, encode_png, from_pixels
from fashionviz.inference.engine import Engine
from fashionviz.results import Attribution, Prediction, Progress
from fashionviz.take_home.code import every_python
from tests.apps.pages import MAIN, TIMEOUT_S, captions, well
from tests.apps.shipped import GENDER, SMALL, furnish, needs_weights, shipped_engine
from tests.conftest import NAMING

pytestmark = needs_weights


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with shipped_engine(Engine.explain) as made:
        yield made


@pytest.fixture(autouse=True)
def house(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(engine, tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def photo() -> Photo:
    return from_pixels(draw("street dress", 2))


@pytest.fixture
def app() -> AppTest:
    """The page with a photo."""
    made = AppTest.from_file(MAIN, default_timeout=TIMEOUT_S).run()
    made.switch_page("views/every_model.py").run()
    return well(made.file_uploader[0].set_value(("=dress.png", encode_png(draw("dress", 1)), "image/png")).run())


def bars(app: AppTest) -> list[list[tuple[str, str]]]:
    """The classes and shares of each card."""
    lists = [h.value for h in app.get("html") if 'class="fv-top"' in h.value]
    return [re.findall(r"<li><span>(.+?)</span><span[^>]*>(.+?)</span>", text) for text in lists]


def test_every_trained_model_answers_side_by_side(app: AppTest, engine: Engine) -> None:
    dress = images.decode(encode_png(draw("dress", 1)))
    trained = [info for info in engine.models() if info.trained and info.names]
    by_task = sorted(trained, key=lambda info: [i.task for i in trained].index(info.task))
    shown = bars(app)
    assert len(shown) == len(trained)
    for info, classes in zip(by_task, shown, strict=True):
        expected = engine.predict(dress, info.name).first(3)
        words = [f"{'✓ ' if score.said else ''}{score.value}" for score in expected]
        assert classes == [(word, f"{s.probability:.1%}") for word, s in zip(words, expected, strict=True)]
    text = captions(app)
    untrained = [info.name for info in engine.models() if info.names and not info.trained]
    assert all(f"`{name}`" in text for name in untrained)
    assert text.count("answered in") == text.count("guided backprop") == len(trained)
    assert "Input 28×28 px, grey" in text
    pictures = [caption for image in app.get("image") for caption in image.captions]
    assert "As the model sees it: 21×28 px, grey" in pictures
    assert sum(caption.startswith("Guided backprop") for caption in pictures) == len(trained)
    assert list(app.dataframe[0].value["model"]) == [info.name for info in trained]
    assert "error" not in app.dataframe[0].value
    assert any("for info in engine.models()" in code.value for code in app.code)
    assert not app.error


def test_the_map_of_a_model_can_be_tested_where_it_stands(app: AppTest, engine: Engine) -> None:
    dress = images.decode(encode_png(draw("dress", 1)))
    offered = [b.key for b in app.button if b.label == "Can I trust this map?"]
    assert len(offered) == len(NAMING)
    app.button(key=f"trust_{SMALL}").click().run()
    expected = engine.trust(dress, SMALL, "guided-backprop")
    assert sum(expected.sentence in m.value for m in well(app).markdown) == 1
    assert len([b for b in app.button if b.label == "Can I trust this map?"]) == len(NAMING) - 1
    app.button(key=f"trust_{GENDER}").click().run()
    verdicts = [m.value for m in well(app).markdown]
    other = engine.trust(dress, GENDER, "guided-backprop")
    assert any(other.sentence in v for v in verdicts)
    assert any(expected.sentence in v for v in verdicts), "the first verdict stays"


def test_a_model_that_fails_has_a_sentence_in_its_place(
    app: AppTest, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict, explain = engine.predict, engine.explain

    def failing(photo: Photo, model: str | None = None, **more: object) -> Prediction:
        if model == GENDER:
            raise Overloaded("Too many photos are waiting; please try again in a moment.")
        return predict(photo, model, **more)  # type: ignore[arg-type]

    def broken(photo: Photo, model: str | None = None, *more: object, **rest: object) -> Attribution:
        raise RuntimeError("a secret of the server")

    monkeypatch.setattr(engine, "predict", failing)
    monkeypatch.setattr(engine, "explain", broken)
    app.file_uploader[0].set_value(("hat.png", encode_png(draw("hat", 1)), "image/png")).run()
    sentences = [error.value for error in well(app).error]
    assert sentences[0] == "Too many photos are waiting; please try again in a moment."
    assert f"{SMALL} failed on this photo. Please try again." in sentences
    assert "secret" not in " ".join(sentences)
    assert len(bars(app)) == len(NAMING) - 1
    assert app.dataframe[0].value["error"].notna().all()
    monkeypatch.setattr(engine, "predict", predict)
    monkeypatch.setattr(engine, "explain", explain)
    next(b for b in app.button if b.label == "Ask those that failed again").click().run()
    assert not well(app).error
    assert len(bars(app)) == len(NAMING)


def test_answers_stand_there_one_by_one_and_it_can_be_stopped(
    app: AppTest, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    explain, reached = engine.explain, threading.Event()

    def slow(photo: Photo, model: str, method: str, *, cancel: threading.Event, **more: object) -> Attribution:
        if model != GENDER:
            reached.set()
            if cancel.wait(300):
                raise Cancelled("The explanation was cancelled.")
        return explain(photo, model, method, cancel=cancel, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "explain", slow)
    monkeypatch.setattr(jobs, "PATIENCE_S", 0.2)
    app.file_uploader[0].set_value(("hat.png", encode_png(draw("hat", 2)), "image/png")).run()
    assert reached.wait(300)
    well(app.run())
    assert len(bars(app)) == 1, "the first has answered, the second has not"
    assert "Has not answered yet." in captions(app)
    assert "model 1 of" in app.get("progress")[0].text
    job = app.session_state["job"]
    well(app.button(key="cancel_job").click().run())
    assert job.wait(300)
    well(app.run())
    assert [i.value for i in app.info] == [f"Stopped. 1 of {len(NAMING)} models have answered."]
    assert len(app.dataframe[0].value) == 1
    monkeypatch.setattr(engine, "explain", explain)
    monkeypatch.setattr(jobs, "PATIENCE_S", 300.0)
    next(b for b in app.button if b.label == "Go on").click().run()
    while "job" in app.session_state:  # there are answers already, so the page does not wait for the others
        assert app.session_state["job"].wait(300)
        well(app.run())
    assert len(bars(app)) == len(NAMING)


def answered(engine: Engine, photo: Photo, box: tuple[float, ...] | None = None) -> list[Answer]:
    found: dict[str, Answer] = {}
    infos = [info for info in engine.models() if info.trained and info.names]
    steps: list[Progress] = []
    assert every_work(engine, infos, photo, box, found)(steps.append, threading.Event())  # type: ignore[arg-type]
    assert [(step.done, step.total) for step in steps] == [(i + 1, len(infos)) for i in range(len(infos))]
    assert steps[-1].seconds_left == 0
    return [found[info.name] for info in infos]


def test_the_table_holds_what_the_engine_said(engine: Engine, photo: Photo) -> None:
    answers = answered(engine, photo, (40, 60, 300, 420))
    rows = list(csv.DictReader(io.StringIO(table_csv(answers).decode("utf-8"))))
    document = json.loads(table_json(answers, "=x.png", (40, 60, 300, 420)))
    assert document["file"] == "=x.png"
    assert document["box"] == [40, 60, 300, 420]
    for answer, row, found in zip(answers, rows, document["models"], strict=True):
        prediction = engine.predict(photo, answer.info.name, box=(40, 60, 300, 420))
        expected = prediction.scores
        for place, score in enumerate(prediction.first(3)):  # of a tagger with groups, the most probable tag of each
            assert row[f"class {place + 1}"] == score.label
            assert float(row[f"probability {place + 1}"]) == pytest.approx(score.probability, abs=1e-5)
        assert row["error"] == ""
        assert float(row["ms"]) > 0
        assert float(row["method ms"]) > 0
        assert row["method"] == found["method"] == "guided-backprop"
        assert [p["label"] for p in found["predictions"]] == [score.label for score in expected]
        assert found["sha256"] == answer.info.sha256
    failed = Answer(answers[0].info, "gradient", error="=It failed.")
    assert next(csv.DictReader(io.StringIO(table_csv([failed]).decode())))["error"] == "'=It failed."
    assert json.loads(table_json([failed], "x", None))["models"] == [{"model": GENDER, "error": "=It failed."}]


def test_stopping_keeps_what_was_answered(engine: Engine, photo: Photo) -> None:
    cancel, found = threading.Event(), {}
    infos = [info for info in engine.models() if info.trained and info.names]
    with pytest.raises(Cancelled):
        every_work(engine, infos, photo, None, found)(lambda _: cancel.set(), cancel)
    assert list(found) == [infos[0].name]
    assert not found[infos[0].name].failed


def test_a_region_too_small_is_a_sentence_of_each_model(engine: Engine, photo: Photo) -> None:
    answer = ask(engine, engine.model(SMALL), photo, (0, 0, 3, 3), threading.Event())
    assert answer.error is not None
    assert "at least 8×8" in answer.error


def test_the_code_to_copy_runs(
    engine: Engine, photo: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "it's a dress.png"
    Path(name).write_bytes(photo.png())
    monkeypatch.setattr("fashionviz.inference.engine.shared_engine", lambda: engine)
    exec(compile(every_python(name, (40, 60, 300, 420)), "copied", "exec"), {})
    said = capsys.readouterr().out
    for trained in NAMING:
        top = engine.predict(photo, trained, box=(40, 60, 300, 420)).top
        assert f"{trained} ClassScore(label={top.label!r}, probability={top.probability!r}" in said
    lines = shell_code(name, [engine.model(SMALL)], (40, 60, 300, 420)).splitlines()
    assert lines[0] == f"""fashionviz predict 'it'"'"'s a dress.png' --model {SMALL} --box 40,60,300,420 --json"""
    assert lines[1].endswith(f"--method guided-backprop --box 40,60,300,420 --out {SMALL}.png")


# --- a model that sees 28×28 grey pixels ------------------------------------------------------------------------


def test_what_a_grey_model_sees_is_grey_and_answers_the_same(engine: Engine, photo: Photo) -> None:
    result = engine.explain(photo, SMALL, "gradient")
    seen = result.view.pixels
    assert seen.shape == (28, 28, 3)
    assert (seen == seen[..., :1]).all()
    # Pillow's own grey of the same letterboxed picture: asked with it, the model says the same.
    there = engine.predict(from_pixels(seen), SMALL)
    here = engine.predict(photo, SMALL)
    assert there.top.label == here.top.label
    assert there.top.probability == pytest.approx(here.top.probability, abs=0.02)
    colour = engine.explain(photo, GENDER, "gradient").view.pixels
    assert (colour != colour[..., :1]).any()
    shown = attribution_grey(result)
    assert shown.shape == view_photo(result.view).shape
    assert (shown == shown[..., :1]).all()
    flat = np.zeros_like(result.values)
    flat[:, 14, 14] = 1
    shown = attribution_grey(replace(result, values=flat))
    assert shown.max() == 255
    assert (np.sort(shown[..., 0].ravel())[:-1] == 128).all()


@pytest.mark.parametrize(("side", "factor"), [(28, 23), (96, 7)])
def test_tiny_pictures_are_shown_as_squares(side: int, factor: int, rng: np.random.Generator) -> None:
    picture = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
    shown = parts.shown(picture)
    assert shown.shape == (side * factor, side * factor, 3)
    assert (shown == picture.repeat(factor, axis=0).repeat(factor, axis=1)).all()
    large = rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)
    assert (parts.shown(large) != large.repeat(5, axis=0).repeat(5, axis=1)).any()


def test_every_page_is_right_for_it() -> None:
    app = AppTest.from_file(MAIN, default_timeout=TIMEOUT_S).run()
    app.selectbox(key="model").set_value(SMALL).run()
    well(app.file_uploader[0].set_value(("hat.png", encode_png(draw("hat", 1)), "image/png")).run())
    said = {}
    for name in ("predict", "filters", "activations", "guided_backprop", "confusion", "models"):
        well(app.switch_page(f"views/{name}.py").run())
        assert not app.error, name
        assert app.selectbox(key="model").value == SMALL
        assert all(m.value for m in app.markdown), f"{name} has an empty sentence"
        assert all(c.value for c in app.caption), f"{name} has an empty caption"
        pictures = [caption for image in app.get("image") for caption in image.captions]
        said[name] = "\n".join([captions(app), *(m.value for m in app.markdown), *pictures])
    assert "28×28 px, grey" in said["predict"]
    assert "64 filters of 3×3 over 1 input channel," in said["filters"]
    assert "The one input channel is the photo in grey." in said["filters"]
    assert "colour picture" not in said["filters"]
    assert "`features.0` is a Conv2d with 64 channels of 28×28" in said["activations"]
    assert "The photo as the model received it, 21×28 px" in said["guided_backprop"]
    assert "this model sees no colour" in said["guided_backprop"]
    assert "**Input** 28×28 px, grey, letterbox" in said["models"]


def test_the_first_offered_method_where_there_is_no_guided_backprop(engine: Engine) -> None:
    info = engine.model(SMALL)
    assert every.method_for(info) == "guided-backprop"
    assert every.method_for(replace(info, methods=("gradient", "occlusion"))) == "gradient"
