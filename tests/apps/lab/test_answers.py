"""The lab's answers: as they are shown, as they fail, and as a visitor or a newer question cancels them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from apps.lab import handlers, parts
from apps.lab.jobs import Jobs
from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.errors import InvalidRequest, Overloaded
from fashionviz.inference.engine import Engine
from fashionviz.results import ClassScore, ModelRef, Prediction, TagGroup, Timings
from tests.conftest import MODEL


class _Broken:
    """An engine that fails in a chosen way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Callable[..., None]:
        def fail(*_args: object, **_options: object) -> None:
            raise self.error

        return fail


def test_failures_empty_the_answer_and_hide_the_unexpected(caplog: pytest.LogCaptureFixture) -> None:
    photo = images.from_pixels(draw("hat", 0))
    busy = handlers.predict(
        _Broken(Overloaded("Many people are asking; please try again in 3 s.", 3)), photo, MODEL, None, ""
    )
    assert "try again in 3 s" in busy.html
    assert busy.prediction is None
    odd = handlers.predict(_Broken(RuntimeError("/secret/path")), photo, MODEL, None, "")
    assert "/secret/path" not in odd.html
    assert handlers.UNEXPECTED in odd.html
    assert "/secret/path" in caplog.text
    why = handlers.explain(_Broken(InvalidRequest("No.")), photo, MODEL, "gradient", None, None, "Colour")
    assert why.picture is None
    assert why.result is None
    assert "No." in why.caption
    seen = handlers.activations(_Broken(InvalidRequest("No.")), photo, MODEL, None, None)
    assert seen.tiles == ()
    assert seen.large is None
    assert "No." in seen.caption


def test_cancelling_stops_a_slow_explanation(server: tuple[str, Engine, Path]) -> None:
    jobs, photo = Jobs(), images.from_pixels(draw("dress", 0))
    event = jobs.start("a")
    assert not jobs.cancel("b")
    threading.Timer(0.05, jobs.cancel, ["a"]).start()
    started = time.perf_counter()
    out = handlers.explain(server[1], photo, MODEL, "occlusion", None, None, "Overlay", cancel=event)
    assert out.result is None
    assert "cancelled" in out.caption.lower()
    assert time.perf_counter() - started < 20


def test_a_job_can_be_cancelled_before_it_starts() -> None:
    jobs = Jobs()
    jobs.announce("a")
    assert jobs.cancel("a")
    event = jobs.start("a")
    assert event.is_set()
    assert jobs.waiting("a")
    jobs.finish("a", event)
    assert not jobs.waiting("a")


def test_a_newer_job_replaces_the_older() -> None:
    jobs = Jobs()
    first, second = jobs.start("a"), jobs.start("a")
    assert first.is_set()
    assert not second.is_set()
    jobs.finish("a", first)
    assert jobs.current("a", second)
    jobs.replace("a")
    assert second.is_set()
    assert not jobs.cancel("a")


def test_the_card_escapes_what_it_shows() -> None:
    assert "<script>" not in parts.error_card("<script>alert(1)</script>")
    assert "<b>" not in parts.heading("<b>")


def test_the_card_shows_every_class_in_its_colour(server: tuple[str, Engine, Path]) -> None:
    info = server[1].model(MODEL)
    scores = tuple(ClassScore(c, 1 / 6, 0.0) for c in info.classes)
    prediction = Prediction(ModelRef(MODEL, "ab" * 32), scores, Timings(1, 2, 3), notes=("turned upright",))
    html = parts.prediction_card(prediction, info, "the whole photo")
    assert html.count("<li") == 6
    assert "department" in html
    assert "abababababab" in html
    assert "turned upright" in html


def test_a_taggers_card_says_what_is_said_and_folds_the_rest(server: tuple[str, Engine, Path]) -> None:
    tags = tuple(
        ClassScore(f"kind: <{i}>", 0.9 - i / 10, 0.0, threshold) for i, threshold in enumerate((0.5, 0.9, 0.1))
    )
    group = TagGroup("kind", "Kind", True, tags)
    prediction = Prediction(ModelRef(MODEL, "ab" * 32), tags, Timings(1, 2, 3), tags=(group,))
    html = parts.prediction_card(prediction, server[1].model(MODEL), "the whole photo")
    assert "<h2>&lt;0&gt; · &lt;2&gt;</h2>" in html
    assert "2 of 3 tags" in html
    shown, _, folded = html.partition("<details>")
    assert shown.count("<li") == 2
    assert shown.count('aria-label="said"') == 2
    assert folded.count("<li") == 1
    assert "said from 90.0%" in folded
    assert "left:90.00%" in folded, "the line in the bar"
    quiet = replace(prediction, tags=(replace(group, tags=tags[1:2]),))
    assert "No tag is probable enough" in parts.prediction_card(quiet, server[1].model(MODEL), "it")


def test_the_caution_stands_where_it_belongs(server: tuple[str, Engine, Path]) -> None:
    photo = images.from_pixels(draw("dress", 1))
    for method, warned in (("guided-backprop", True), ("guided-grad-cam", True), ("gradient", False)):
        result = server[1].explain(photo, MODEL, method)
        assert ("Adebayo et al. 2018</a>" in handlers.caption(result, "Colour")) == warned, method
