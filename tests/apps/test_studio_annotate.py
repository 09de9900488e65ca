"""The Annotate page with the models that are shipped, run as Streamlit runs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.studio import desk as desk_module
from apps.studio import jobs
from fashionviz import images
from fashionviz.annotate.table import parse_table
from fashionviz.data.examples import KINDS, draw
from fashionviz.images import Photo, encode_png
from fashionviz.inference.engine import Engine
from fashionviz.models.registry import get_model
from fashionviz.results import Prediction
from tests.apps.pages import MAIN, TIMEOUT_S, captions, well
from tests.apps.shipped import GENDER, SMALL, furnish, needs_weights, shipped_engine
from tests.conftest import CLASSIFIERS, TAGGER
from tests.counted import count_calls

pytestmark = needs_weights

File = tuple[str, bytes, str]
PHOTOS: tuple[File, ...] = tuple((f"{kind}.png", encode_png(draw(kind, 1)), "image/png") for kind in KINDS[:3])
BROKEN: File = ("broken.jpg", PHOTOS[0][1][:300], "image/jpeg")
CORRECTED = "Women/Other"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with shipped_engine(Engine.predict) as made:
        yield made


@pytest.fixture(autouse=True)
def house(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(engine, tmp_path, monkeypatch)


@pytest.fixture
def asked(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The models of all calls of the real engine, which still answers."""
    return count_calls(engine, monkeypatch)


def page(**query: str | list[str]) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=TIMEOUT_S).run()
    app.query_params.update(query)
    return well(app.switch_page("views/annotate.py").run())


def bring(app: AppTest, *files: File) -> AppTest:
    return well(app.file_uploader[0].set_value(list(files)).run())


def start(app: AppTest) -> AppTest:
    return well(app.button(key="annotate_start").click().run())


def correct(app: AppTest, row: int, label: str | None) -> AppTest:
    """What the editor sends when a person chooses a class in a row."""
    edits = {row: {"corrected": label}}
    app.session_state[app.data_editor[0].key] = {"edited_rows": edits, "added_rows": [], "deleted_rows": []}
    return well(app.run())


def test_many_photos_become_a_table_that_a_person_corrects_and_takes_along(
    engine: Engine, asked: list[str | None]
) -> None:
    app = page()
    assert "never written to disk" in captions(app)
    bring(app, *PHOTOS, BROKEN)
    assert "4 photos here, 4 answers still to be asked." in captions(app)
    assert not app.data_editor
    start(app)
    table = app.data_editor[0].value
    assert table["file"][0] == "broken.jpg", "what has no answer comes first"
    assert "damaged or cut off" in table["error"][0]
    assert table["photo"].notna().tolist() == [False, True, True, True]
    assert table["photo"][1].startswith("data:image/jpeg;base64,")
    assert table["probability"][1:].is_monotonic_increasing
    for _, row in table[1:].iterrows():
        first, second = engine.predict(images.decode(dict((n, d) for n, d, _ in PHOTOS)[row["file"]])).scores[:2]
        assert (row["label"], row["runner_up"]) == (first.label, second.label)
        assert row["probability"] == pytest.approx(first.probability, abs=1e-4)
    assert "4 rows: 3 answered, 1 failed, 0 corrected" in captions(app)
    assert "Men and Women name the department" in captions(app)

    corrected = table["file"][1]
    correct(app, 1, CORRECTED)
    assert "4 rows: 3 answered, 1 failed, 1 corrected" in captions(app)
    assert list(app.data_editor[0].value["file"]) == list(table["file"]), "rows stay where they are"
    app.slider(key="below").set_value(99).run()
    assert corrected not in list(well(app).data_editor[0].value["file"])
    app.slider(key="below").set_value(100).run()
    assert dict(zip(app.data_editor[0].value["file"], app.data_editor[0].value["corrected"], strict=True))[
        corrected
    ] == CORRECTED  # fmt: skip

    csv = app.session_state["desk"].csv()
    rows = {row.file: row for row in parse_table(csv, "labels.csv")}
    assert rows[corrected].corrected == rows[corrected].final == CORRECTED
    assert rows["broken.jpg"].error

    later = page()
    asked.clear()
    bring(later, *PHOTOS, ("hat.png", encode_png(draw("hat", 4)), "image/png"), ("labels.csv", csv, "text/csv"))
    assert "4 photos here, 1 answer still to be asked." in captions(later)
    start(later)
    assert asked == [GENDER], "only the new photo is asked"
    again = later.data_editor[0].value
    assert set(again["file"]) == {"hat.png", *(name for name, _, _ in PHOTOS)}
    assert dict(zip(again["file"], again["corrected"], strict=True))[corrected] == CORRECTED
    assert "1 row of photos that are not here stays" in captions(later)
    assert "broken.jpg" in {row.file for row in parse_table(later.session_state["desk"].csv(), "x")}


def test_a_tagger_is_not_offered() -> None:
    app = page(model=TAGGER, models=[TAGGER])
    box = app.multiselect(key="models")
    assert set(box.options) == set(CLASSIFIERS)
    assert box.value == [GENDER]


def test_several_models_each_with_their_classes() -> None:
    app = page(models=[GENDER, SMALL], below="100")
    assert app.multiselect(key="models").value == [GENDER, SMALL]
    start(bring(app, *PHOTOS[:2]))
    assert [box.value for box in app.selectbox if box.key == "answers_of"] == [GENDER]
    app.selectbox(key="answers_of").set_value(SMALL).run()
    assert set(well(app).data_editor[0].value["label"]) <= set(get_model(SMALL).task.classes)
    correct(app, 0, "hats")
    rows = parse_table(app.session_state["desk"].csv(), "x")
    assert [row.model for row in rows] == [SMALL, GENDER] * 2
    assert [row.corrected for row in rows].count("hats") == 1
    assert any(f"--model {GENDER} --model {SMALL} --out labels.csv" in code.value for code in app.code)
    correct(app, 0, None)
    assert all(row.corrected is None for row in parse_table(app.session_state["desk"].csv(), "x"))


def test_corrections_survive_another_page() -> None:
    app = start(bring(page(), *PHOTOS[:2]))
    name = app.data_editor[0].value["file"][0]
    key = app.data_editor[0].key
    correct(app, 0, CORRECTED)
    well(app.switch_page("views/models.py").run())
    assert key not in app.session_state, "Streamlit forgets an editor that has left the page"
    well(app.switch_page("views/annotate.py").run())
    table = app.data_editor[0].value
    assert dict(zip(table["file"], table["corrected"], strict=True))[name] == CORRECTED


def test_it_can_be_stopped_and_goes_on(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, predict = threading.Event(), engine.predict
    calls: list[str] = []
    number = count(1)

    def slow(photo: Photo, model: str | None = None) -> Prediction:
        calls.append(str(model))
        if next(number) > 2:
            gate.wait(300)
        return predict(photo, model)

    monkeypatch.setattr(engine, "predict", slow)
    monkeypatch.setattr(jobs, "PATIENCE_S", 0.2)
    app = start(bring(page(), *((f"{i}-{n}", d, m) for i in range(30) for n, d, m in PHOTOS)))
    assert app.file_uploader[0].proto.disabled
    job, here = app.session_state["job"], app.session_state["desk"]
    deadline = time.monotonic() + 300
    while not here.rows and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not job.finished
    well(app.button(key="cancel_job").click().run())
    gate.set()
    assert job.wait(300)
    assert job.cancelled
    well(app.run())
    assert any("What was answered is kept" in warning.value for warning in app.warning)
    kept = len(app.data_editor[0].value)
    assert 0 < kept < 90
    monkeypatch.setattr(jobs, "PATIENCE_S", 300.0)
    calls.clear()
    start(app)
    assert len(calls) == 90 - kept
    assert len(app.data_editor[0].value) == 90
    assert not app.warning


def test_photos_are_private_and_can_be_removed() -> None:
    app = start(bring(page(), *PHOTOS[:1]))
    other = page()
    assert "photo here" not in captions(other)
    assert other.session_state["desk"] is not app.session_state["desk"]
    assert app.file_uploader[0].value == [], "a fresh widget: the uploads themselves were let go"
    well(app.button(key="annotate_clear").click().run())
    assert not app.session_state["desk"].photos
    assert not app.session_state["desk"].rows
    assert not app.data_editor


def test_too_many_photos_are_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "MAX_PHOTOS", 2)
    app = bring(page(), *PHOTOS)
    assert any("1 photo left out" in info.value for info in app.info)
    assert "2 photos here" in captions(app)


def test_a_first_try_with_drawn_photos_and_no_model_chosen() -> None:
    app = page()
    well(app.button(key="annotate_examples").click().run())
    assert f"{len(KINDS)} photos here" in captions(app)
    app.multiselect(key="models").set_value([]).run()
    assert [info.value for info in well(app).info] == ["Choose at least one model."]


def test_a_table_without_its_photos_says_what_to_do() -> None:
    app = start(bring(page(), *PHOTOS[:1]))
    later = bring(page(), ("labels.csv", app.session_state["desk"].csv(), "text/csv"))
    assert any("The table holds 1 row. Add its photos" in info.value for info in later.info)
