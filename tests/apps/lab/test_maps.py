"""The lab's tab "Gallery": what it asks, shows and stops, with a small shipped model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np
import pytest

from apps.lab import handlers, maps, maps_page, region
from apps.lab.app import chosen_tab
from apps.lab.events import Events
from apps.lab.layout import Page
from apps.lab.maps_page import MapsEvents
from apps.lab.trusting import UNCHECKED
from apps.lab.visitor import Held
from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.figures.pictures import attribution_overlay, attribution_signed, enlarge, view_photo
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.results import Attribution
from tests.apps.shipped import needs_weights

pytestmark = needs_weights

MODEL = "category_cnn28.category11"
HELD = Held(images.from_pixels(draw("dress", 0)), "dress.png")
REQUEST = gr.Request(session_hash="a")
WHOLE = (region.WHOLE, 0, 0, 100, 100)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
        made = Engine(EngineConfig(device="cpu"))
        yield made
        made.close()


@pytest.fixture
def page(engine: Engine) -> Page:
    with gr.Blocks(analytics_enabled=False):
        return maps_page.lay_out(engine)


def run(events: MapsEvents, against: str, scale: str = "Signed") -> tuple[dict[Any, Any], int]:
    """Everything that the page shows at the end, and in how many steps it came."""
    shown: dict[Any, Any] = {}
    steps = list(events.run(HELD, MODEL, "dresses", against, scale, REQUEST, *WHOLE))
    for step in steps:
        shown |= step
    return shown, len(steps)


@pytest.mark.parametrize(("scale", "how"), [("Signed", attribution_signed), ("Over the photo", attribution_overlay)])
def test_every_method_is_drawn_beside_the_photo(engine: Engine, page: Page, scale: str, how: Any) -> None:
    shown, steps = run(MapsEvents(engine, page), "tops", scale)
    methods = engine.model(MODEL).methods
    assert steps == 2 * len(methods) + 2, "each as soon as it is there"
    result = engine.explain(HELD.photo, MODEL, "gradient", target="dresses", against="tops")
    photo, drawn = shown[page.sliders["gradient"]]
    assert np.array_equal(drawn, enlarge(how(result), 640))
    assert photo.shape == drawn.shape
    assert np.abs(photo.astype(int).mean() - view_photo(result.view).mean()) < 2
    for name in methods:
        assert "dresses and not tops" in shown[page.notes[name]]
    assert "which miss the change of the logit by" in shown[page.notes["integrated-gradients"]]
    assert shown[page.ask].interactive
    assert f"{len(methods)} of {len(methods)} drawn" in shown[page.note]


def test_a_failure_is_a_sentence_in_its_place(engine: Engine, page: Page) -> None:
    shown, _ = run(MapsEvents(engine, page), "dresses")
    assert shown[page.sliders["gradient"]] is None
    assert "cannot be compared with itself" in shown[page.notes["gradient"]]


def test_cancelling_stops_the_rest(engine: Engine, page: Page) -> None:
    events, shown = MapsEvents(engine, page), {}
    for number, step in enumerate(events.run(HELD, MODEL, "dresses", maps.NOTHING, "Signed", REQUEST, *WHOLE)):
        shown |= step
        if number == 3:
            events.cancel(REQUEST)
    assert "The rest was cancelled" in shown[page.note]
    assert shown[page.ask].interactive
    assert not events.jobs.waiting("a")


def test_without_a_photo_it_says_where_to_add_one(engine: Engine, page: Page) -> None:
    (step,) = MapsEvents(engine, page).run(None, MODEL, "dresses", maps.NOTHING, "Signed", REQUEST, *WHOLE)
    assert "first tab" in step[page.note]


def test_the_classes_are_those_of_the_model(engine: Engine, page: Page) -> None:
    opened = MapsEvents(engine, page).opened(HELD, MODEL, "Men/Apparel", "dresses", "grad-cam", REQUEST)
    labels = [label for label, _ in opened[page.target].choices]
    assert set(engine.model(MODEL).classes) <= set(labels)
    assert opened[page.target].value != "Men/Apparel"
    assert opened[page.against].value == "dresses"
    assert "dress.png" in opened[page.note]


def test_a_check_does_not_stop_the_drawing(engine: Engine, page: Page) -> None:
    events, shown = MapsEvents(engine, page), {}
    for number, step in enumerate(events.run(HELD, MODEL, "dresses", maps.NOTHING, "Signed", REQUEST, *WHOLE)):
        shown |= step
        if number == 3:
            nothing = lambda *a, **k: None  # noqa: E731
            html = events.check(HELD, MODEL, "dresses", maps.NOTHING, "gradient", REQUEST, nothing, *WHOLE)
            assert "rank correlation" in html
            assert events.checked(REQUEST).interactive, "the drawing can still be cancelled"
    assert "cancelled" not in shown[page.note]
    assert not events.checked(REQUEST).interactive


def test_a_link_names_both_classes(engine: Engine, page: Page) -> None:
    request = gr.Request(session_hash="a", query_params={"target": "dresses", "against": "tops"})
    arrived = MapsEvents(engine, page).arrive(None, MODEL, None, request)
    assert (arrived[page.target].value, arrived[page.against].value) == ("dresses", "tops")
    assert chosen_tab(request).selected == maps_page.TAB
    foreign = gr.Request(session_hash="a", query_params={"target": "Pets"})
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr(gr, "Info", said.append)
        arrived = MapsEvents(engine, page).arrive(None, MODEL, None, foreign)
    assert said == [f"The link names a class that {MODEL} does not have: Pets."]
    assert (arrived[page.target].value, arrived[page.against].value) == (handlers.TOP, maps.NOTHING)


def test_the_verdict_is_that_of_the_engine(engine: Engine, page: Page) -> None:
    html = MapsEvents(engine, page).check(
        HELD, MODEL, "dresses", "tops", "gradient", REQUEST, lambda *a, **k: None, *WHOLE
    )
    trust = engine.trust(HELD.photo, MODEL, "gradient", target="dresses", against="tops")
    assert trust.sentence.split(":")[0] in html
    assert f"{trust.deletion.auc:.3f}" in html
    assert isinstance(trust.attribution, Attribution)


def test_the_first_tab_asks_the_same_and_forgets_it_with_the_map(engine: Engine) -> None:
    events = Events(engine)
    nothing = lambda *a, **k: None  # noqa: E731
    html = events.check(HELD, MODEL, "gradient", "dresses", REQUEST, nothing, *WHOLE)
    trust = engine.trust(HELD.photo, MODEL, "gradient", target="dresses")
    assert f"{trust.deletion.auc:.3f}" in html
    assert not events.end(REQUEST).interactive
    verdict, button = events.unchecked(HELD, REQUEST)
    assert verdict == UNCHECKED
    assert button.interactive
    assert not events.unchecked(None, REQUEST)[1].interactive
    assert events.check(None, MODEL, "gradient", None, REQUEST, nothing, *WHOLE) == UNCHECKED


def test_a_new_map_stops_the_check_of_the_former_one(engine: Engine) -> None:
    events = Events(engine)
    cancel = events.checks.start("a")
    assert events.end(REQUEST).interactive, "it can be cancelled while it runs"
    events.unchecked(HELD, REQUEST)
    assert cancel.is_set()
