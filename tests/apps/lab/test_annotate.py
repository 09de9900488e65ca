"""The page of the tab "Annotate": photos arrive, are asked, shown, corrected and deleted, with shipped models."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest

from apps.lab import annotate_layout, annotate_page
from apps.lab.annotate_layout import AS_IS, ROWS
from apps.lab.annotate_page import AnnotateEvents
from apps.lab.desk import Desk
from apps.lab.layout import Page
from fashionviz import images
from fashionviz.inference.engine import Engine
from fashionviz.results import Progress
from tests.apps.lab.collection import REQUEST, SMALL, Counting, Send, jpeg, row
from tests.conftest import CLASSIFIERS, MODEL, TAGGER

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def page(engine: Engine) -> Page:
    with gr.Blocks(analytics_enabled=False):
        return annotate_layout.lay_out(engine)


def test_photos_arrive_are_asked_and_shown(page: Page, engine: Engine, sent: Send) -> None:
    events = AnnotateEvents(engine, page)
    out = events.upload((sent("cut.jpg", jpeg()[:900]), sent("dress.jpg", jpeg())), None, 100, REQUEST)
    desk = out[page.desk]
    assert "2 photos here" in out[page.hint]
    assert out[page.files] is None
    assert out[page.ask].interactive
    steps = [events.begin(desk, REQUEST), *events.run(desk, [MODEL], 100, REQUEST)]
    assert "Waiting for a turn" in steps[0][page.note]
    assert "<progress" in steps[1][page.note]
    last = steps[-1]
    assert "2 rows, 1 new, 0 kept, 1 failed" in last[page.note]
    assert last[page.keys] == (("cut.jpg", MODEL), ("dress.jpg", MODEL))
    first, second, third = page.slots[:3]
    assert "damaged or cut off" in last[first.words]
    assert last[first.picture].alt_text == "No picture of cut.jpg"
    best = engine.predict(images.decode(jpeg()), MODEL).top
    assert f"{best.probability:.1%}" in last[second.words]
    assert best.label in last[second.words]
    assert last[second.picture].alt_text == "Photo dress.jpg"
    assert last[second.choice].label == "Corrected class of dress.jpg"
    assert [value for _, value in last[second.choice].choices] == [AS_IS, *engine.model(MODEL).classes]
    assert not last[third.row].visible
    assert not events.jobs.waiting("a")
    fixed = events.correct(1, desk, last[page.keys], "Women/Other")
    assert "1 corrected, 1 failed" in fixed[page.count]
    assert [r.corrected for r in desk.rows] == [None, "Women/Other"]
    events.correct(1, desk, last[page.keys], AS_IS)
    assert desk.rows[1].corrected is None


def test_what_cannot_be_asked_is_said_and_nothing_lost(page: Page, engine: Engine, sent: Send) -> None:
    events = AnnotateEvents(engine, page)
    desk = events.upload((sent("dress.jpg", jpeg()),), None, 100, REQUEST)[page.desk]
    last = list(events.run(desk, [], 100, REQUEST))[-1]
    assert "at least one model" in last[page.note]
    last = list(events.run(desk, ["vgg16.gender_category"], 100, REQUEST))[-1]
    assert 'role="alert"' in last[page.note]
    assert str(desk.folder) not in last[page.note]
    assert desk.photos == ("dress.jpg",)
    assert last[page.ask].interactive
    with pytest.warns(UserWarning, match="forgotten after fifty minutes"):  # a toast, outside a page
        assert "add the photos" in events.correct(0, None, (), AS_IS)[page.count]


def test_a_tagger_is_neither_offered_nor_asked(page: Page, engine: Engine, sent: Send) -> None:
    titles, names = zip(*page.models.choices, strict=True)
    assert set(names) == set(CLASSIFIERS)
    assert len(set(titles)) == len(titles), "no two models look alike"
    events = AnnotateEvents(engine, page)
    desk = events.upload((sent("dress.jpg", jpeg()),), None, 100, REQUEST)[page.desk]
    last = list(events.run(desk, [TAGGER], 100, REQUEST))[-1]
    assert f"{TAGGER} gives tags" in last[page.note]
    assert desk.rows == ()


def test_the_table_is_turned_and_filtered(page: Page, engine: Engine, desk: Desk) -> None:
    events = AnnotateEvents(engine, page)
    rows = [row(f"{i:02}.jpg", probability=0.2 + i / 50) for i in range(2 * ROWS + 3)]
    desk.rows = (*rows[:-1], replace(rows[-1], label=None, probability=None, runner_up=None, error="No."))
    first = events.turn(desk, 100, 0, by=0)
    assert [key[0] for key in first[page.keys]] == [r.file for r in rows[:ROWS]]
    assert not first[page.back].interactive
    assert first[page.on].interactive
    last = events.turn(desk, 100, ROWS, by=1)
    assert [key[0] for key in last[page.keys]] == [r.file for r in rows[2 * ROWS :]]
    assert not last[page.on].interactive
    assert events.turn(desk, 100, 2 * ROWS, by=1)[page.start] == 2 * ROWS
    desk.correct(engine, rows[0].key, "Men/Other")
    some = events.turn(desk, 30, ROWS, by=0)
    assert [key[0] for key in some[page.keys]] == ["01.jpg", "02.jpg", "03.jpg", "04.jpg"], "least sure, uncorrected"
    assert "No uncorrected answer is below 20 %" in events.turn(desk, 20, 0, by=0)[page.count]


def test_deleting_while_it_runs_shows_no_old_table(page: Page, engine: Engine, sent: Send, cache: Path) -> None:
    events = AnnotateEvents(engine, page)
    desk = events.upload((sent("dress.jpg", jpeg()),), None, 100, REQUEST)[page.desk]
    running = events.run(desk, [SMALL], 100, REQUEST)
    next(running)
    gone = events.remove(desk, 100, REQUEST)
    assert gone[page.desk] is not desk
    assert not gone[page.ask].interactive
    assert all(page.desk not in step for step in running)
    assert not desk.root.exists()


def test_a_model_that_is_not_here_keeps_its_rows(page: Page, engine: Engine, desk: Desk) -> None:
    desk.rows = (row("a.jpg", model="gone.task", label="<b>Hat", corrected="Cap"),)
    out = AnnotateEvents(engine, page).turn(desk, 100, 0, by=0)
    slot = page.slots[0]
    assert "gone.task (not here)" in out[slot.words]
    assert "<b>" not in out[slot.words]
    assert not out[slot.choice].interactive
    assert out[slot.choice].value == "Cap"


def test_progress_comes_in_steps_and_an_abandoned_run_stops(desk: Desk, engine: Engine, sent: Send) -> None:
    desk.receive([sent(f"{i}.jpg", jpeg(seed=i)) for i in range(8)])
    cancel, counting = threading.Event(), Counting(engine)
    counting.gate.clear()
    steps = annotate_page.steps(desk, counting, (SMALL,), cancel)
    first = next(steps)
    assert isinstance(first, Progress)
    assert (first.done, first.total) == (1, 8)
    steps.close()  # type: ignore[attr-defined]
    assert cancel.is_set()
    counting.gate.set()
    for thread in threading.enumerate():
        if thread.name == "lab-annotate":
            thread.join(120)
    assert 1 <= len(desk.rows) < 8, "what was answered is kept, the rest is not asked"
