"""The lab's tab "Draw": the engine's pixels, picks, walks, mixtures, a photo's latent, links and programs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from apps.lab import drawing, drawing_layout
from apps.lab.app import chosen_tab
from apps.lab.drawing import Basis
from apps.lab.drawing_page import DrawEvents, folder
from apps.lab.drawing_walks import SearchEvents, WalkEvents
from apps.lab.layout import Page
from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.drawing_results import Drawing
from fashionviz.errors import InvalidRequest
from fashionviz.generate.nearest import Nearest
from fashionviz.images import encode_png
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.match.drawn import NearestReal
from tests.apps.lab.conftest import launched
from tests.drawn import CONDITIONAL, PLAIN, make_generator

Lab = tuple[str, Engine, Path]
REQUEST = gr.Request(session_hash="a")


@pytest.fixture(scope="module")
def weights(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random classifier and two untrained generators."""
    folder = tmp_path_factory.mktemp("both")
    copytree(random_weights, folder, dirs_exist_ok=True)
    for name in (CONDITIONAL, PLAIN):
        make_generator(folder, name)
    return folder


@pytest.fixture(scope="module")
def server(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A launched lab."""
    with launched(tmp_path_factory, weights) as lab:
        yield lab


@pytest.fixture(scope="module")
def engine(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(weights))
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        made = Engine(EngineConfig(device="cpu"))
        yield made
        made.close()


@pytest.fixture(scope="module")
def page(engine: Engine) -> Page:
    with gr.Blocks(analytics_enabled=False):
        return drawing_layout.lay_out(engine)


@pytest.fixture
def draws(engine: Engine, page: Page) -> DrawEvents:
    return DrawEvents(engine, page)


def click(index: int) -> gr.SelectData:
    return cast(gr.SelectData, SimpleNamespace(index=index))


def arrived(**link: str) -> gr.Request:
    return cast(gr.Request, SimpleNamespace(query_params=link, session_hash="a"))


def drawn(draws: DrawEvents, *, n: int = 6, seed: int = 3, truncation: float = drawing.AS_IT_COMES) -> dict[Any, Any]:
    return draws.draw(CONDITIONAL, drawing.EVERY, seed, n, truncation, (), None)


def archived(path: str) -> tuple[dict[str, Any], list[np.ndarray]]:
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        return manifest, [np.asarray(Image.open(io.BytesIO(archive.read(row["file"])))) for row in manifest["drawings"]]


# --- the page ---------------------------------------------------------------------------------------------------


def test_the_grid_holds_the_engines_pixels_and_can_be_taken_home(draws: DrawEvents, page: Page, engine: Engine) -> None:
    out = drawn(draws)
    expected = engine.generate(CONDITIONAL, seed=3, n=6)
    assert (out[page.samples].pixels == expected.pixels).all()
    manifest, pixels = archived(drawing.save_drawings(folder(), out[page.samples]).archive)
    assert (np.stack(pixels) == expected.pixels).all()
    assert manifest["sha256"] == expected.model.sha256
    assert "--n 6 --seed 3" in out[page.shell]
    assert "shared_engine().generate" in out[page.python]


def test_an_untrained_generator_draws_nothing_and_says_how_to_train_it(draws: DrawEvents, page: Page) -> None:
    out = draws.draw("dcgan.men_apparel", None, 0, 6, None, (), None)
    assert "not trained yet" in out[page.note]
    assert "fashionviz train dcgan.men_apparel" in out[page.note]
    assert out[page.samples] is None


@pytest.mark.parametrize(("seed", "words"), [(-1, "A seed is"), (1.5, "whole number"), (None, "whole number")])
def test_a_bad_seed_is_a_sentence(draws: DrawEvents, page: Page, seed: Any, words: str) -> None:
    assert words in draws.draw(CONDITIONAL, None, seed, 6, None, (), None)[page.note]


def test_cells_are_picked_and_let_go(draws: DrawEvents, page: Page) -> None:
    samples = drawn(draws)[page.samples]
    out = draws.pick(samples, (), click(2))
    picks = out[page.picks]
    assert [pick.point for pick in picks] == ["5"]
    assert out[page.current].point == "5"
    assert not out[page.walk].interactive
    out = draws.pick(samples, picks, click(4))
    assert [pick.point for pick in out[page.picks]] == ["5", "7"]
    assert out[page.walk].interactive
    assert [caption for _, caption in drawing.tiles(samples.drawings, out[page.picks])] == [
        "3", "4", "✓ 1", "6", "✓ 2", "8",
    ]  # fmt: skip
    out = draws.pick(samples, out[page.picks], click(2))
    assert [pick.point for pick in out[page.picks]] == ["7"]
    assert draws.forget(samples)[page.picks] == ()


def test_eight_picks_are_the_most() -> None:
    picks = tuple(Drawing(str(n), None, np.zeros((8, 8, 3), np.uint8)) for n in range(8))
    kept, words = drawing.toggled(picks, Drawing("9", None, picks[0].pixels))
    assert kept == picks
    assert "8 are picked" in words


def test_picks_of_another_truncation_go(draws: DrawEvents, page: Page) -> None:
    first = drawn(draws)
    picks = draws.pick(first[page.samples], (), click(0))[page.picks]
    kept = draws.draw(CONDITIONAL, drawing.EVERY, 9, 6, drawing.AS_IT_COMES, picks, first[page.basis])
    assert page.picks not in kept
    gone = draws.draw(CONDITIONAL, drawing.EVERY, 9, 6, 0.7, picks, first[page.basis])
    assert gone[page.picks] == ()
    assert "picks are cleared" in gone[page.note]


def test_more_like_this_stays_near_and_is_new_each_time(draws: DrawEvents, page: Page, engine: Engine) -> None:
    first = drawn(draws)
    chosen = first[page.samples].drawings[1]
    out = draws.like(chosen, 20, 0, (), first[page.basis])
    near = out[page.samples]
    assert len(near.drawings) == 1 + drawing.VARIATIONS
    assert (near.drawings[0].pixels == chosen.pixels).all()
    assert {d.label for d in near.drawings} == {chosen.label}
    apart = np.abs(near.pixels.astype(int) - chosen.pixels).mean(axis=(1, 2, 3))
    far = np.abs(engine.generate(points=["900"], label=chosen.label).pixels[0].astype(int) - chosen.pixels).mean()
    assert 0 < np.median(apart[1:]) < far
    again = draws.like(chosen, 20, out[page.turn], (), first[page.basis])[page.samples]
    assert {d.point for d in again.drawings[1:]}.isdisjoint(d.point for d in near.drawings[1:])


def test_real_items_like_a_drawing_stand_beside_it(
    draws: DrawEvents, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = drawn(draws)[page.samples].drawings[0]
    found = NearestReal((Nearest("26960", 0.91), Nearest("4729", 0.5)), "a.network")
    monkeypatch.setattr("fashionviz.match.drawn.nearest_to", lambda engine, pixels: found)
    monkeypatch.setattr(
        "fashionviz.data.items.item_bytes", lambda name, split, ids: {"26960": encode_png(draw("dress", 1))}
    )
    out = draws.near(chosen)
    assert [tile["caption"] for tile in out[page.real].value] == ["0.910"], "the other's photo is not here"
    assert "the vectors of a.network: 26960, 4729." in out[page.real_note]
    assert draws.near(None) == {page.real_note: ""}


def test_the_classifier_is_asked_about_the_drawing(draws: DrawEvents, page: Page, engine: Engine) -> None:
    chosen = drawn(draws)[page.samples].drawings[0]
    out = draws.look(chosen)
    top = engine.predict(images.from_pixels(chosen.pixels)).top
    assert f"{top.probability:.1%}" in out[page.said]
    assert "the classifier" in out[page.said]
    assert out[page.looked].ndim == 3


def test_a_walk_of_picks_is_a_film_and_files(draws: DrawEvents, page: Page, engine: Engine) -> None:
    first = drawn(draws)
    picks = tuple(first[page.samples].drawings[k] for k in (0, 3))
    out = WalkEvents(engine, page).walk(picks, first[page.basis], 4, REQUEST, lambda *_, **__: None)
    walk = engine.walk(["3", "6"], labels=[pick.label for pick in picks], steps=4)
    with Image.open(out[page.film]) as film:
        assert (film.format, film.n_frames, film.info["loop"]) == ("GIF", len(walk.frames), 0)
    assert out[page.film].endswith(".gif")
    assert "8 pictures by way of 3, 6 and back" in out[page.walk_note]
    assert "fashionviz interpolate" in out[page.shell]


def test_a_random_walk_begins_at_what_is_looked_at(draws: DrawEvents, page: Page, engine: Engine) -> None:
    first = drawn(draws)
    start = first[page.samples].drawings[2]
    out = WalkEvents(engine, page).wander(first[page.samples], start, 2, REQUEST, lambda *_, **__: None)
    assert out[page.walk_note].startswith(
        drawing.parts.status(f"10 pictures by way of {start.point},")[: -len("</div>")]
    )


def test_a_cancelled_walk_says_so(draws: DrawEvents, page: Page, engine: Engine) -> None:
    first, walks = drawn(draws), WalkEvents(engine, page)
    picks = first[page.samples].drawings[:2]
    walks.begin(REQUEST)
    walks.cancel(REQUEST)
    out = walks.walk(picks, first[page.basis], 4, REQUEST, lambda *_, **__: None)
    assert "cancelled" in out[page.walk_note]
    assert out[page.film] is None


def test_a_mixture_lies_between_and_can_be_picked(draws: DrawEvents, page: Page, engine: Engine) -> None:
    first = drawn(draws)
    samples = first[page.samples]
    picks = samples.drawings[:2]
    out = WalkEvents(engine, page).mix(picks, first[page.basis], 25)
    mixed = out[page.mixed]
    assert mixed.point == "3>4@0.25"
    assert (mixed.pixels == engine.generate(points=["3>4@0.25"], label=picks[0].label).pixels[0]).all()
    kept = draws.keep(mixed, samples, picks)
    assert [pick.point for pick in kept[page.picks]] == ["3", "4", "3>4@0.25"]
    assert "picked already" in draws.keep(mixed, samples, kept[page.picks])[page.picked]


def test_a_photos_latent_is_found_and_varied(draws: DrawEvents, page: Page, engine: Engine) -> None:
    finds = SearchEvents(engine, page, draws)
    photo = images.from_pixels(draw("dress", 0))
    out = finds.search(photo, PLAIN, None, 2, REQUEST, lambda *_, **__: None)
    found = out[page.found]
    assert "Mean squared difference" in out[page.search_note]
    near = finds.vary(found, 20, 0, (), None)[page.samples]
    assert (near.drawings[0].pixels == found.pixels).all()
    assert all(d.point.startswith(f"{found.point}>") for d in near.drawings[1:])
    assert finds.clear(REQUEST)[page.found] is None


def test_a_link_says_what_is_drawn(draws: DrawEvents, page: Page) -> None:
    out = draws.arrive(arrived(draw=PLAIN, seed="77", n="12", truncation="0.7"))
    assert (out[page.model], out[page.seed], out[page.count], out[page.truncation]) == (PLAIN, 77, 12, 0.7)
    odd = draws.arrive(arrived(draw="", seed="many", n="13", truncation="nan"))
    assert odd[page.model] == CONDITIONAL
    assert not {page.seed, page.count, page.truncation} & set(odd)
    assert page.model not in draws.arrive(arrived(tab="draw"))
    assert chosen_tab(arrived(draw=PLAIN)).selected == "draw"
    asked = (CONDITIONAL, drawing.EVERY, 1, 6, drawing.AS_IT_COMES, (), None)
    assert draws.linked(arrived(draw=""), *asked)[page.samples].drawings[0].point == "1"
    assert set(draws.linked(arrived(), *asked)) == {page.samples}
    assert draws.first(None, arrived(), *asked)[page.samples].drawings[0].point == "1"
    assert set(draws.first(None, arrived(draw=""), *asked)) == {page.samples}


def test_truncation_of_the_slider() -> None:
    assert drawing.asked_truncation(drawing.AS_IT_COMES) is None
    assert drawing.asked_truncation(0.7) == 0.7
    assert drawing.asked_truncation(0.0) == 0.3


def test_the_basis_is_weights_and_truncation(engine: Engine) -> None:
    one, other = engine.generate(PLAIN, n=1), engine.generate(PLAIN, n=1, seed=5)
    assert Basis.of(one) == Basis.of(other)
    assert Basis.of(engine.generate(PLAIN, n=1, truncation=0.5)) != Basis.of(one)


@pytest.mark.parametrize("value", [True, 2.5, None])
def test_what_is_no_seed(value: Any) -> None:
    with pytest.raises(InvalidRequest):
        drawing.as_seed(value)


# --- programs ---------------------------------------------------------------------------------------------------


def test_programs_draw_walk_and_search(client: Client, server: Lab, tmp_path: Path) -> None:
    engine = server[1]
    path = client.predict(CONDITIONAL, "Men/Other", 7, 2, "", 0.8, api_name="/draw")
    manifest, pixels = archived(path)
    expected = engine.generate(CONDITIONAL, label="Men/Other", seed=7, n=2, truncation=0.8)
    assert (np.stack(pixels) == expected.pixels).all()
    assert manifest["sha256"] == expected.model.sha256
    film = client.predict(model=PLAIN, points="1, 2>5@0.5", steps=2, api_name="/interpolate")
    with Image.open(film) as shown:
        assert (shown.format, shown.n_frames) == ("GIF", 4)
    photo = tmp_path / "dress.png"
    photo.write_bytes(encode_png(draw("dress", 0)))
    found = client.predict(handle_file(photo), PLAIN, "", 2, api_name="/invert")
    assert (found["file"], found["steps"], found["model"]) == ("dress.png", 2, PLAIN)
    with pytest.raises(AppError, match="One to 256 pictures"):
        client.predict(n=257, api_name="/draw")
    with pytest.raises(AppError, match="is no point"):
        client.predict(points="seven,8", api_name="/interpolate")
