"""The studio's page Find the item: empty, with the demo's button, with a photo, with an item; and a visitor's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from apps.studio import jobs, own_catalogue
from apps.studio.state import Held
from fashionviz.images import Photo, encode_png, from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.match import sources, wiring
from fashionviz.match.build import build
from fashionviz.match.catalogue import create_catalogue, facts_for
from fashionviz.match.protocols import Found
from fashionviz.match.results import CatalogueItem, Match
from fashionviz.match.sources import MemorySource
from tests.match.fakes import DIM, Colours

MAIN = str(Path(__file__).resolve().parents[2] / "apps" / "studio" / "main.py")


def flat(*colour: int) -> bytes:
    return encode_png(np.full((30, 40, 3), colour, np.uint8))


@pytest.fixture(autouse=True)
def house(random_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(random_weights))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_CATALOGUES", str(tmp_path / "catalogues"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(jobs, "PATIENCE_S", 120.0)
    monkeypatch.setattr(own_catalogue, "look_after", lambda: None)
    monkeypatch.setattr(sources, "DEMO", {"watch": "watches"})
    monkeypatch.setattr(wiring, "embedder_for", lambda engine, name=None: Colours())
    monkeypatch.setattr(wiring, "best_embedder", lambda engine: Colours())
    engine = Engine(EngineConfig(device="cpu"))
    monkeypatch.setattr("apps.studio.parts.shared_engine", lambda: engine)
    yield tmp_path / "catalogues"
    engine.close()


def page(photo: bool = True, **query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=300)
    if photo:
        pixels = np.zeros((60, 100, 3), np.uint8)
        pixels[:30], pixels[30:] = (220, 30, 30), (30, 30, 220)
        app.session_state["held"] = Held(from_pixels(pixels), "0" * 16, "two colours.png")
    app.query_params.update(query)
    app.run()
    app.query_params.update(query)
    app.switch_page("views/match.py").run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "\n".join(e.value for e in [*app.caption, *app.markdown, *app.info, *app.warning, *app.error, *app.success])


def colours(root: Path) -> None:
    catalogue = create_catalogue(root / "colours", facts_for(Colours.ref, DIM, cropper="whole photo", source="a test"))
    photos = [("red.png", flat(230, 20, 20)), ("blue.png", flat(20, 20, 230)), ("green.png", flat(20, 230, 20))]
    build(catalogue, MemorySource(photos, "a test"), Colours())


def titles(app: AppTest) -> list[str]:
    return [m.value for m in app.main.markdown if m.value[:2] == "**" and m.value[2:3].isdigit()]


def test_without_a_catalogue_one_button_makes_the_demo(house: Path) -> None:
    app = page()
    assert "There is no catalogue on this machine yet" in words(app)
    app.button(key="build_demo").click().run()
    assert not app.exception
    assert app.selectbox(key="catalogue").value == "demo"
    assert "8 of 8 items are in the catalogue" in words(app)
    assert len(titles(app)) == 8
    assert "no probability is given" in words(app)


def test_a_photo_a_part_of_it_and_an_item(house: Path) -> None:
    colours(house)
    app = page(catalogue="colours")
    app.segmented_control(key="region").set_value("Upper half").run()
    assert titles(app)[0] == "**1. red**"
    assert "Searched for: the upper half (100×30 px)." in words(app)
    assert "fashionviz match 'two colours.png' --catalogue colours --box 0,0,100,30" in [c.value for c in app.code]
    app.segmented_control(key="region").set_value("Lower half").run()
    assert titles(app)[0] == "**1. blue**"
    app.segmented_control(key="region").set_value("Upper half").run()
    app.button(key="more_2").click().run()
    assert not app.exception
    assert len(titles(app)) == 2  # the other two
    app.button(key="back_to_photo").click().run()
    assert titles(app)[0] == "**1. red**"
    linked = page(photo=False, like="colours/green.png")
    assert "**green**" in words(linked)
    assert len(titles(linked)) == 2


def test_garments_are_found_where_a_detector_is_trained(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Halves:
        def __init__(self, engine: object) -> None: ...

        def detect(self, photo: Photo) -> Found:
            return Found(((0, 0, 100, 30), (0, 30, 100, 60)), (0.9, 0.8), ("top", "bag"))

    colours(house)
    assert "detect" not in [t.key for t in page().toggle]
    monkeypatch.setattr(wiring, "trained_detectors", lambda: ("boxes.garment13",))
    monkeypatch.setattr(wiring, "EngineDetector", Halves)
    app = page(why="red.png")
    assert titles(app)[0] == "**1. red**"
    assert app.segmented_control(key="garment").options == ["1. top, 90 %", "2. bag, 80 %"]
    app.segmented_control(key="garment").set_value(2).run()
    assert not app.exception
    assert titles(app)[0] == "**1. blue**"
    assert app.query_params["garment"] in ("2", ["2"])
    assert "why" not in app.query_params, "it was asked about the other garment"
    assert "fashionviz match 'two colours.png' --catalogue colours --box 0,30,100,60" in [c.value for c in app.code]
    linked = page(garment="2")
    assert titles(linked)[0] == "**1. blue**"
    other = np.zeros((60, 100, 3), np.uint8)
    other[:30] = (20, 230, 20)
    linked.session_state["held"] = Held(from_pixels(other), "1" * 16, "another.png")
    linked.run()
    assert titles(linked)[0] == "**1. green**", "a number belongs to one photo"
    assert "garment" not in linked.query_params
    assert titles(page(garment="99"))[0] == "**1. blue**", "the last one there is"
    app.toggle(key="detect").set_value(False).run()
    assert "Searched for: the whole photo." in words(app)


def test_without_a_photo_it_asks_for_one_and_a_damaged_catalogue_is_one_sentence(house: Path) -> None:
    colours(house)
    assert "Add a photo to find the shop items in it" in words(page(photo=False))
    (house / "broken").mkdir()
    (house / "broken" / "catalogue.sqlite").write_bytes(b"nothing")
    app = page(catalogue="broken")
    assert "is damaged" in words(app)
    assert not titles(app)


def test_photos_of_ones_own_are_searched_and_removed(house: Path) -> None:
    app = page()
    app.session_state["building"] = "own"
    folder = own_catalogue.root() / f"{int(time.time())}-abc"
    folder.mkdir()
    app.session_state["own_catalogue"] = folder
    app.session_state["shop_photos"] = [("mine.png", flat(230, 20, 20)), ("broken.png", b"nothing")]
    app.run()
    assert not app.exception
    assert app.selectbox(key="catalogue").value == own_catalogue.NAME
    assert titles(app) == ["**1. mine**"]
    assert "1 of 2 items are in the catalogue" in words(app)
    assert any("broken.png: " in t.value for t in app.text)
    assert "shop_photos" not in app.session_state
    assert "There is no catalogue" in words(page())  # another visitor's page
    app.button(key="drop_own").click().run()
    assert not app.exception
    assert not folder.exists()
    assert "There is no catalogue" in words(app)


def test_folders_go_within_the_hour(house: Path) -> None:
    now = int(time.time())
    for name in (f"{now - 4000}-old", f"{now - 100}-young", "something else"):
        (own_catalogue.root() / name).mkdir()
    assert own_catalogue.OLDEST_S + own_catalogue.EVERY_S <= 3600
    assert own_catalogue.sweep() == 1
    assert sorted(p.name for p in own_catalogue.root().iterdir()) == [f"{now - 100}-young", "something else"]
    assert oct(own_catalogue.root().stat().st_mode)[-3:] == "700"


def test_no_more_photos_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_catalogue, "MAX_PHOTOS", 2)
    taken, remarks = own_catalogue.accepted([("a", b"1"), ("b", b"2"), ("c", b"3")])
    assert [name for name, _ in taken] == ["a", "b"]
    assert "1 photo left out" in remarks[0]


def test_a_strangers_words_are_text() -> None:
    from apps.match_facts import alike, facts
    from apps.studio.match_cards import facts_of

    item = CatalogueItem("x", "tops", "t", {"season": "[a](http://b)", "price": 5, "other": None})
    assert facts_of(item) == ["tops", "price\\: 5", "season\\: \\[a\\]\\(http\\://b\\)"]
    assert alike(Match(item, 0.91, None)) == "similarity 0.910"
    assert alike(Match(item, 0.91, 0.8)) == "80% probable · similarity 0.910"
    assert alike(Match(item, 0.6, 0.004)) == "under 1% probable · similarity 0.600"
    assert facts(CatalogueItem("x", None, None, {"articleType": "Shirts", "shop_code": 7}), 3) == [
        "article type: Shirts",
        "shop code: 7",
    ]
