"""The lab's tab "Find the item": what is found, clicked, explained and said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from apps.lab import match_layout, match_page, matching, region
from apps.lab.app import chosen_tab
from apps.lab.layout import Page
from apps.lab.match_page import MatchEvents
from apps.lab.visitor import Held
from fashionviz import images
from fashionviz.images import Photo, decode, encode_png, from_pixels
from fashionviz.inference.engine import Engine
from fashionviz.match import sources, wiring
from fashionviz.match.protocols import Found
from fashionviz.match.results import CatalogueItem, Match
from tests.items import garment
from tests.match.shop import PHOTO, open_shop

REQUEST = gr.Request(session_hash="a")
BOXES = ((0.0, 0.0, 90.0, 120.0), (90.0, 0.0, 180.0, 120.0), (100.0, 20.0, 160.0, 80.0))


class Three:
    """A detector that finds two garments side by side, and a smaller one upon the second."""

    def __init__(self, engine: object) -> None: ...

    def detect(self, photo: Photo) -> Found:
        return Found(BOXES, (0.9, 0.8, 0.7), ("top", "dress", "bag"))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    root = tmp_path_factory.mktemp("find")
    with pytest.MonkeyPatch.context() as patch:
        engine, _ = open_shop(root / "weights", root / "catalogues", patch)
        patch.setenv("FASHIONVIZ_CACHE", str(root / "cache"))
        patch.setenv("GRADIO_TEMP_DIR", str(root / "gradio"))
        yield engine
        engine.close()


@pytest.fixture
def page(engine: Engine) -> Page:
    with gr.Blocks(analytics_enabled=False):
        return match_layout.lay_out()


@pytest.fixture
def held() -> Held:
    """The shop's two articles side by side."""
    return Held(from_pixels(np.hstack([garment(n, (120, 90)) for n in (0, 1)])), "both.png")


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "trained_detectors", lambda: ("boxes.garment13",))
    monkeypatch.setattr(wiring, "EngineDetector", Three)


def search(events: MatchEvents, held: Held | None, choice: str | None = None, shown: Any = None) -> dict[Any, Any]:
    return events.search(held, "shop", [], False, choice, shown, REQUEST)


def captions(page: Page, out: dict[Any, Any]) -> list[str]:
    return [tile["caption"] for tile in out[page.matches].value]


def click(x: float, y: float) -> gr.SelectData:
    return gr.SelectData(None, {"index": [x, y], "value": None})


def test_a_click_on_a_garment_finds_the_items_like_it(engine: Engine, page: Page, held: Held, detector: None) -> None:
    events = MatchEvents(engine, page)
    out = search(events, held)
    words = [label for label, _ in out[page.choice].choices]
    assert words == ["1. top, 90 %", "2. dress, 80 %", "3. bag, 70 %", *region.PRESETS]
    assert out[page.choice].value == "garment 1"
    assert captions(page, out)[0].startswith("1. one\nsimilarity ")
    assert "3 found. Click one on the photo" in out[page.hint]
    frames = out[page.photo]
    assert max(frames.shape) == matching.LONGEST
    scale = matching.LONGEST / 180
    for x, y, wanted in ((20, 20, "garment 1"), (170, 110, "garment 2"), (130, 50, "garment 3")):
        assert events.click(held, out[page.shown], click(x * scale, y * scale)) == {page.choice: wanted}
    second = search(events, held, "garment 2", out[page.shown])
    assert captions(page, second)[0].startswith("1. two\nsimilarity ")
    assert second[page.shown].detected is out[page.shown].detected, "the garments are not looked for again"
    assert not np.array_equal(second[page.photo], frames)
    assert "fashionviz match both.png --catalogue shop --box 90,0,180,120" in second[page.shell]
    part = search(events, held, "Upper half", second[page.shown])
    assert part[page.shown].box == (0, 0, 180, 60)
    assert len(part[page.shown].garments) == 3
    third = search(events, held, "garment 1", part[page.shown])
    assert third[page.shown].result is out[page.shown].detected


def test_without_a_detector_parts_are_searched_for(engine: Engine, page: Page, held: Held) -> None:
    events = MatchEvents(engine, page)
    out = search(events, held)
    assert [value for _, value in out[page.choice].choices] == list(region.PRESETS)
    assert "No detector is trained" in out[page.hint]
    assert "fashionviz match both.png --catalogue shop --whole" in out[page.shell]
    assert events.click(held, out[page.shown], click(10, 10))[page.choice] == gr.skip()
    assert "2 items" in out[page.times]
    assert "No probability is given" in out[page.times]


def test_a_click_beside_every_garment_says_so(
    engine: Engine, page: Page, held: Held, detector: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Three, "detect", lambda self, photo: Found(BOXES[:1], (0.9,), ("top",)))
    events = MatchEvents(engine, page)
    shown = search(events, held)[page.shown]
    assert "no garment at that place" in events.click(held, shown, click(900, 10))[page.hint]
    monkeypatch.setattr(Three, "detect", lambda self, photo: Found((), (), ()))
    none = search(events, held)
    assert "No garment was found" in none[page.hint]
    assert none[page.shown].choice == region.WHOLE


def test_why_one_of_the_matches(engine: Engine, page: Page, held: Held, detector: None) -> None:
    events = MatchEvents(engine, page)
    shown = search(events, held)[page.shown]
    item = events.pick(shown, gr.SelectData(None, {"index": 1, "value": None}))[page.item]
    assert item == shown.part.matches[1].item.id
    assert events.begin(held, item, "gradient", REQUEST)[page.cancel].interactive
    out = events.explain(held, shown, item, "gradient", "Signed", REQUEST, lambda *a, **k: None)
    found = out[page.why].explanation
    assert out[page.why].box == BOXES[0]
    assert f"Their similarity is {found.similarity:.3f}" in out[page.note]
    assert "brighter" in out[page.note], "of a gradient no sign is shown"
    assert decode(Path(out[page.png].value["path"]).read_bytes()).width > 480, "two pictures, side by side"
    assert f"--item {item}" in out[page.shell]
    assert not events.end(REQUEST).interactive
    events.begin(held, item, "input-x-gradient", REQUEST)
    signed = events.explain(held, shown, item, "input-x-gradient", "Signed", REQUEST, lambda *a, **k: None)
    assert "Blue is what makes the two alike" in signed[page.note]
    over = events.restyle(held, signed[page.why], "Over the photo")
    assert "brighter" in over[page.note]
    events.begin(held, item, "occlusion", REQUEST)
    events.cancel(REQUEST)
    stopped = events.explain(held, shown, item, "occlusion", "Signed", REQUEST, lambda *a, **k: None)
    assert stopped[page.why] is None
    assert "ancelled" in stopped[page.note]
    assert not events.jobs.waiting("a")


def test_a_link_names_the_tab_and_the_catalogue(engine: Engine, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    request = gr.Request(session_hash="a", query_params={"tab": "find", "catalogue": "shop"})
    assert chosen_tab(request).selected == match_layout.TAB
    events = MatchEvents(engine, page)
    assert events.arrive(request)[page.catalogue].value == "shop"
    said: list[str] = []
    monkeypatch.setattr(gr, "Info", said.append)
    events.arrive(gr.Request(session_hash="a", query_params={"catalogue": "nowhere"}))
    assert said == ["The link names a catalogue that is not here: nowhere."]


def test_without_a_catalogue_a_button_builds_the_demo(
    engine: Engine, page: Page, held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASHIONVIZ_CATALOGUES", str(tmp_path))
    monkeypatch.setattr(sources, "DEMO", {"watch": "watches"})
    events = MatchEvents(engine, page)
    assert events.opened(None)[page.none].visible
    assert "fashionviz catalogue demo" in matching.no_catalogue()
    out = events.demo(lambda *a, **k: None)
    assert (out[page.catalogue].value, out[page.none].visible, out[page.where].visible) == ("demo", False, True)
    assert [value for _, value in out[page.categories].choices] == ["watches"]
    found = events.search(held, "demo", ["watches"], False, None, None, REQUEST)
    assert len(captions(page, found)) == 8
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "catalogue.sqlite").write_bytes(b"nothing")
    damaged = events.search(held, "broken", [], False, None, None, REQUEST)
    assert "is damaged" in damaged[page.category]
    assert captions(page, damaged) == []


def test_photos_come_along_and_go(engine: Engine, page: Page, held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(match_page, "warn", said.append)
    events = MatchEvents(engine, page)
    along = events.take_along(held, None, REQUEST)
    assert along[page.held] is held
    assert events.take_along(held, held, REQUEST) == {page.taken: held}
    assert events.clear(REQUEST)[page.held] is None
    refused = events.upload(None, REQUEST)
    assert "No photo was sent" in refused[page.hint]
    assert len(said) == 1


def test_a_strangers_words_are_text_and_a_missing_picture_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    item = CatalogueItem("x", "tops", "<b>bold</b>", {"season": "x", "price": 5, "other": None})
    monkeypatch.setattr(matching, "pictures_of", lambda catalogue, ids: {})
    ((picture, words),) = matching.tiles(None, [Match(item, 0.91, 0.8)])  # type: ignore[arg-type]
    assert words == "1. <b>bold</b>\n80% probable · similarity 0.910\ntops · price: 5 · season: x"
    assert picture.shape == (matching.SIDE + matching.ROOM, matching.SIDE, 3)
    assert (picture != 255).any(), "words stand in its place"
    pixels = decode(PHOTO).pixels
    monkeypatch.setattr(matching, "pictures_of", lambda catalogue, ids: {"x": encode_png(pixels)})
    ((picture, _),) = matching.tiles(None, [Match(item, 0.91, None)])  # type: ignore[arg-type]
    assert (picture[matching.SIDE :] == 255).all(), "room for the caption"
    assert images.decode(encode_png(picture)).width == matching.SIDE
