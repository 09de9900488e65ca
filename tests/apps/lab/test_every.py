"""The lab's tab "Every model": what it asks, shows and hands out, with the models that are shipped."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import gradio as gr
import numpy as np
import pytest

from apps.lab import cards, every, every_page, handlers, snippets
from apps.lab.every_page import EveryEvents
from apps.lab.layout import Page
from apps.lab.visitor import Held
from fashionviz import images
from fashionviz.data.answers import ANSWERS
from fashionviz.data.examples import draw
from fashionviz.errors import Overloaded
from fashionviz.figures import pictures
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.registry import list_models
from fashionviz.models.weights import is_trained

LARGE, SMALL = "mobilenet_v2.gender_category", "category_cnn28.category11"
PHOTO = images.from_pixels(draw("dress", 0))
HELD = Held(PHOTO, "=dress.png")
REQUEST = gr.Request(session_hash="a")

Step = dict[Any, Any]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
        made = Engine(EngineConfig(device="cpu"))
        yield made
        made.close()


@pytest.fixture(autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    monkeypatch.delenv("FASHIONVIZ_WEIGHTS", raising=False)


class Faulty:
    """The engine, but a call about one model fails in a chosen way."""

    def __init__(self, engine: Engine, call: str, model: str, error: Exception) -> None:
        self._engine, self._call, self._model, self._error = engine, call, model, error

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._engine, name)

        def called(*args: Any, **options: Any) -> Any:
            if name == self._call and self._model in args:
                raise self._error
            return real(*args, **options)

        return called


def page_of(engine: Any) -> Page:
    with gr.Blocks(analytics_enabled=False):
        return every_page.lay_out(engine)


def card(page: Page, steps: list[Step], model: str) -> tuple[str, Any, Any]:
    """What a model's card shows at the end: words and two pictures."""
    shown: Step = {}
    for step in steps:
        shown |= step
    return tuple(shown[place] for place in page.cards[model])  # type: ignore[return-value]


def said(page: Page, steps: list[Step]) -> list[str]:
    return [step[page.note] for step in steps if page.note in step]


def test_trained_models_are_grouped_by_task_and_the_others_named(engine: Engine) -> None:
    found = every.groups(engine)
    assert {info.name for group in found for info in group.models} == {
        spec.name for spec in list_models() if is_trained(spec.name) and ANSWERS[spec.task.answer].names
    }
    assert found[0].models[0].name == LARGE
    for group in found:
        assert {info.task for info in group.models} == {group.task}
        assert group.note in cards.group_heading(group)
    line = cards.untrained_line(every.untrained(engine))
    assert all(
        spec.name in line for spec in list_models() if ANSWERS[spec.task.answer].names and not is_trained(spec.name)
    )
    assert LARGE not in line
    sizes = [info.parameters for info in every.order(found)]
    assert sizes == sorted(sizes)


def test_each_model_answers_in_its_card_with_the_engines_numbers(engine: Engine) -> None:
    page = page_of(engine)
    steps = list(EveryEvents(engine, page).run(HELD, REQUEST))
    total = len(page.names)
    for name in (LARGE, SMALL):
        words, seen, looked = card(page, steps, name)
        expected, info = engine.predict(PHOTO, name), engine.model(name)
        assert words.count("<li") == every.TOP_K
        for score in expected.scores[: every.TOP_K]:
            assert f"{score.probability:.1%}" in words
        assert info.title in words
        assert f"receives {info.input_size[1]}×{info.input_size[0]} px" in words
        assert "Guided backpropagation for" in words
        assert seen.shape[2] == looked.shape[2] == 3
        assert seen.shape == looked.shape
    assert said(page, steps)[-1].count(f"{total} of {total} models answered") == 1
    alone = sum(page.cards[SMALL][0] in step and page.cards[LARGE][0] not in step for step in steps)
    assert alone == 1, "cards are filled one by one, not at the end"


def test_a_coarse_input_keeps_its_pixels(engine: Engine) -> None:
    reply = every.ask(engine, PHOTO, engine.model(SMALL))
    assert reply.attribution is not None
    small = pictures.view_photo(reply.attribution.view)
    shown = every.seen(reply.attribution)
    factor = shown.shape[0] // small.shape[0]
    assert factor > 1
    assert np.array_equal(shown, small.repeat(factor, axis=0).repeat(factor, axis=1))


def test_the_files_hold_every_answer_unrounded_and_no_formula(engine: Engine) -> None:
    models = every.order(every.groups(engine))
    replies = [every.ask(engine, PHOTO, info, explained=False) for info in models]
    rows = list(csv.DictReader(io.StringIO(every.table_csv(replies, HELD.name).decode())))
    objects = json.loads(every.table_json(replies, HELD.name))
    assert [row["model"] for row in rows] == [o["model"] for o in objects] == [info.name for info in models]
    for row, found, reply in zip(rows, objects, replies, strict=True):
        assert reply.prediction is not None
        assert row["file"] == "'=dress.png"
        first = reply.prediction.first(3)  # of a tagger with groups, the most probable tag of each
        assert float(row["probability_1"]) == first[0].probability
        assert row["label_3"] == first[2].label
        assert row["weights"] == reply.prediction.model.sha256
        assert row["error"] == ""
        assert [p["label"] for p in found["predictions"]] == [s.label for s in reply.prediction.scores]


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        (Overloaded("Many people are asking; please try again in 3 s.", 3), "try again in 3 s", "overloaded"),
        (RuntimeError("/secret/path"), handlers.UNEXPECTED, "error"),
    ],
)
def test_one_model_fails_and_the_others_answer(engine: Engine, error: Exception, words: str, code: str) -> None:
    faulty = Faulty(engine, "predict", SMALL, error)
    page = page_of(faulty)
    steps = list(EveryEvents(faulty, page).run(HELD, REQUEST))
    failed, seen, looked = card(page, steps, SMALL)
    assert words in failed
    assert "No answer" in failed
    assert "/secret" not in failed
    assert seen is None
    assert looked is None
    answered, seen, _ = card(page, steps, LARGE)
    assert "<li" in answered
    assert seen is not None
    assert f"{len(page.names) - 1} of {len(page.names)} models answered" in said(page, steps)[-1]
    files = {place: step[place].value for step in steps for place in (page.csv, page.json) if place in step}
    by_model = {o["model"]: o for o in json.loads(_path(files[page.json]).read_text())}
    assert by_model[SMALL]["code"] == code
    assert words in by_model[SMALL]["error"]
    assert by_model[LARGE]["predictions"]


def _path(value: Any) -> Path:
    return Path(value["path"] if isinstance(value, dict) else str(value))


def test_an_answer_stands_without_its_map(engine: Engine) -> None:
    faulty = Faulty(engine, "explain", SMALL, Overloaded("8 explanations are waiting.", 5))
    reply = every.ask(faulty, PHOTO, engine.model(SMALL))
    assert reply.prediction is not None
    assert reply.attribution is None
    assert "<li" in cards.reply_tile(reply)
    assert "8 explanations are waiting." in cards.reply_tile(reply)


def test_cancelling_leaves_what_was_answered(engine: Engine) -> None:
    page = page_of(engine)
    events = EveryEvents(engine, page)
    first = every.order(page.groups)[0].name
    steps = []
    for step in events.run(HELD, REQUEST):
        steps.append(step)
        if page.cards[first][1] in step and step[page.cards[first][1]] is not None:
            events.cancel(REQUEST)
    assert "<li" in card(page, steps, first)[0]
    others = [name for name in page.names if name != first]
    assert others
    for name in others:
        assert "you cancelled" in card(page, steps, name)[0]
    assert said(page, steps)[-1].count(f"1 of {len(page.names)} models answered") == 1
    assert not events.jobs.waiting("a")


def test_a_newer_photo_ends_the_older_run(engine: Engine) -> None:
    page = page_of(engine)
    events = EveryEvents(engine, page)
    running = events.run(HELD, REQUEST)
    next(running)
    next(running)
    events.clear(REQUEST)
    assert list(running) == [], "an old answer must not land in a new photo's cards"


def test_a_photo_of_the_first_tab_comes_along_once(engine: Engine) -> None:
    page = page_of(engine)
    events = EveryEvents(engine, page)
    assert page.held not in events.take_along(None, None, REQUEST)
    first = events.take_along(HELD, None, REQUEST)
    assert first[page.held] is first[page.todo] is first[page.taken] is HELD
    assert page.todo not in events.take_along(HELD, HELD, REQUEST)
    assert list(events.run(None, REQUEST)) == [{page.todo: None}]


def test_nothing_is_asked_after_a_cancel(engine: Engine) -> None:
    cancel = Event()
    cancel.set()
    reply = every.ask(Faulty(engine, "predict", SMALL, AssertionError()), PHOTO, engine.model(SMALL), cancel)
    assert reply.failure == ("Not asked: you cancelled.", "cancelled")


@pytest.mark.parametrize("name", ["photo.jpg", "it's mine.jpg", "$(reboot).png", 'a"b.jpg'])
def test_snippets_are_code(name: str) -> None:
    compile(snippets.every_python(name), "snippet", "exec")
    compile(snippets.every_client(name), "snippet", "exec")
    compile(snippets.annotate_python([LARGE]), "snippet", "exec")
    compile(snippets.annotate_client([LARGE, SMALL]), "snippet", "exec")
    loop, call, _ = snippets.every_cli(name, [LARGE, SMALL]).splitlines()
    assert shlex.split(loop) == ["for", "model", "in", LARGE, f"{SMALL};", "do"]
    assert shlex.split(call) == ["fashionviz", "predict", name, "--model", "$model", "--json"]
    assert shlex.split(snippets.annotate_cli([LARGE, SMALL]))[:3] == ["fashionviz", "annotate", "photos/"]
