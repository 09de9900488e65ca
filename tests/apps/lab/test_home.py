"""The lab's report to take home: what is asked for, that it can be stopped, and that it is the photo's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from apps.lab import handlers, home, parts, region
from apps.lab.app import build_lab
from apps.lab.home import HomeEvents
from apps.lab.layout import Page
from apps.lab.visitor import Held
from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.errors import Cancelled, Overloaded
from fashionviz.explain.methods import METHODS
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.apps.shipped import SMALL, needs_weights

pytestmark = needs_weights

HELD = Held(images.from_pixels(draw("dress", 0)), "../../<b>dress.png")
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
def events(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HomeEvents:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with gr.Blocks(analytics_enabled=False):
        return HomeEvents(engine, home.lay_out())


def make(events: HomeEvents, held: Held | None = HELD) -> dict[Page, object]:
    shown = events.begin(held, REQUEST)
    said: list[str] = []
    return shown | events.make(held, SMALL, "gradient", "dresses", REQUEST, lambda _, desc: said.append(desc), *WHOLE)  # type: ignore[arg-type]


def test_the_report_is_about_what_the_page_shows(events: HomeEvents) -> None:
    shown, page = make(events), events.page
    assert shown[page.file].visible
    assert shown[page.make].interactive
    assert not shown[page.cancel].visible
    value = shown[page.file].value
    path = Path(value["path"] if isinstance(value, dict) else value)
    assert path.name == "report.html", "the visitor's name of the photo is no path here"
    text = path.read_text()
    assert "../../&lt;b&gt;dress.png" in text
    for method in ("guided-backprop", "grad-cam", "gradient"):
        assert f"<h3>{METHODS[method].title} for dresses (" in text, method
    assert text.count("Can this map be trusted?") == 3
    assert f"--model {SMALL}" in text


def test_it_is_stopped_by_the_button_and_by_another_photo(events: HomeEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, cancel: object, **__: object) -> None:
        events.cancel(REQUEST)
        assert cancel.is_set()  # type: ignore[attr-defined]
        raise Cancelled("Stopped.")

    monkeypatch.setattr(home, "take_home", stopped)
    shown, page = make(events), events.page
    assert "Stopped before it was done." in shown[page.note]
    assert not shown[page.file].visible
    assert shown[page.make].interactive

    def replaced(*_: object, cancel: object, **__: object) -> None:
        assert events.follow(None, "", REQUEST)[page.make].interactive is False
        assert cancel.is_set()  # type: ignore[attr-defined]
        raise Cancelled("Stopped.")

    assert events.follow(HELD, parts.working_card(), REQUEST)[page.make].interactive is False
    assert events.follow(HELD, "<p>an answer</p>", REQUEST)[page.make].interactive
    monkeypatch.setattr(home, "take_home", replaced)
    events.begin(HELD, REQUEST)
    late = events.make(HELD, SMALL, "gradient", handlers.TOP, REQUEST, None, *WHOLE)  # type: ignore[arg-type]
    assert list(late) == [page.note], "nothing of the former photo is shown"


def test_a_failure_is_a_sentence(events: HomeEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise Overloaded("Too many photos are waiting.")

    monkeypatch.setattr(home, "take_home", full)
    assert "Too many photos are waiting." in make(events)[events.page.note]
    assert "Add a photo first" in make(events, None)[events.page.note]


def test_nothing_that_has_no_hash_is_watched(engine: Engine) -> None:
    """Gradio hashes a state that something listens to, and a photo's pixels have no hash: no answer would come."""
    blocks = build_lab(engine)
    watched = [blocks.blocks.get(target) for fn in blocks.fns.values() for target, _ in fn.targets]
    assert any(watched)
    assert not [component for component in watched if isinstance(component, gr.State)]
