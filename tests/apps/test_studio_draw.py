"""The pages that draw: without weights, with untrained networks in their place, and without the photos."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from apps.studio import jobs
from apps.studio.quiz_questions import Score
from fashionviz.data.labels import GENDER_CATEGORY
from fashionviz.drawing_results import Rate
from fashionviz.evaluation.drawing_report import load_drawing_report, save_drawing_report, save_film
from fashionviz.generate.named import DrawnRef
from fashionviz.generate.nearest import Nearest
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.match.drawn import NearestReal
from tests.apps.pages import MAIN, TIMEOUT_S, captions, go, well
from tests.drawn import CONDITIONAL, PLAIN, make_generator
from tests.figures.test_drawings import made_up

PAGES = {
    "draw": "Draw",
    "quiz": "Real or drawn?",
    "generator": "Inside the generator",
    "find_latent": "Find it in latent space",
    "drawing_quality": "How good are the drawings",
}


@pytest.fixture(scope="module")
def drawing_weights(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random classifier and two generators, one of them with a film and a report."""
    root = tmp_path_factory.mktemp("drawing") / "weights"
    shutil.copytree(random_weights, root)
    make_generator(root, PLAIN)
    folder = make_generator(root, CONDITIONAL)
    film = np.random.default_rng(0).integers(0, 255, (3, 36, 8, 8, 3), dtype=np.uint8)
    save_film(film, folder / "film.webp")
    right = tuple(tuple(int(row == column) for column in range(6)) for row in range(6))
    save_drawing_report(replace(made_up(), classes=GENDER_CATEGORY, asked=right), folder)
    card = json.loads((folder / "card.json").read_text())
    card["recipe"] = {
        "history": [{"epoch": 0, "val_kernel_distance": 0.5, "spread": 0.3}],
        "warnings": ["Epoch 1: the drawn pictures differ only 30% as much as photos do."],
    }
    (folder / "card.json").write_text(json.dumps(card))
    return root


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    made = Engine(EngineConfig(device="cpu"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def house(shared: Engine, drawing_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(drawing_weights))
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "no data"))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    monkeypatch.setattr("apps.studio.parts.shared_engine", lambda: shared)
    monkeypatch.setattr("apps.studio.intake.shared_engine", lambda: shared)
    monkeypatch.setattr(jobs, "PATIENCE_S", 120.0)


def opened(page: str, **query: str) -> AppTest:
    """A page at an address with a query, without the page before it."""
    app = AppTest.from_file(MAIN, default_timeout=TIMEOUT_S)
    app.run()
    app.query_params.update(query)
    return well(go(app, page))


def test_an_untrained_generator_draws_nothing_and_says_how_to_train_it() -> None:
    app = opened("draw", gen="dcgan.men_apparel")
    assert "not trained yet, so it draws nothing" in app.warning[0].value
    assert app.code[0].value == "fashionviz train dcgan.men_apparel"
    for page, title in PAGES.items():  # each of them, from page to page with the same generator
        well(go(app, page))
        assert app.title[0].value == title
        assert app.selectbox(key="gen").value == "dcgan.men_apparel"
        assert app.code[0].value == "fashionviz train dcgan.men_apparel"


def test_picks_can_be_walked_through_and_looked_at() -> None:
    app = opened("draw", picks="7,12,seven", seed="5", count="4")
    assert app.number_input(key="seed").value == 5
    assert "'seven' is no point" in app.error[0].value
    assert [s.value for s in app.subheader] == [
        "From pick to pick",
        f"Looked at closely: seed 12, {GENDER_CATEGORY[0]}",
    ]
    assert "24 frames, 12 of them here; 12 steps between two picks" in captions(app)
    shell = next(c.value for c in app.code if c.value.startswith("fashionviz generate"))
    assert f"--model {CONDITIONAL}" in shell
    assert "--n 1 --seed 12" in shell
    like = next(b for b in app.button if b.label == "More like this")
    well(like.click().run())
    assert app.text_input(key="start").value == "12"
    well(next(b for b in app.button if b.label == "Mix the first two").click().run())
    assert app.text_input(key="start").value == "7,12"
    well(app.button(key="dice").click().run())
    assert app.number_input(key="seed").value != 5


def test_the_nearest_real_items_are_named_and_their_photos_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[np.ndarray] = []

    def answer(engine: Engine, pixels: np.ndarray, k: int, *, tick: object) -> NearestReal:
        asked.append(pixels)
        return NearestReal((Nearest("26960", 0.91), Nearest("4729", 0.5)), "a.network")

    monkeypatch.setattr("apps.studio.nearest.nearest_to", answer)
    app = opened("draw", picks="7")
    assert "26960" not in captions(app)
    well(app.toggle(key="nearest").set_value(True).run())
    assert "by the cosine of the vectors of `a.network`: 26960 0.910, 4729 0.500." in captions(app)
    assert "fashionviz data fetch fpi" in [c.value for c in app.code], "their photos are not here"
    assert asked[0].shape == (64, 64, 3)


def test_one_pick_becomes_the_photo_of_every_page() -> None:
    app = opened("draw", picks="7", **{"class": "Men/Apparel", "truncation": "0.7"})
    well(app.button(key="as_photo").click().run())
    name = str(DrawnRef(CONDITIONAL, "Men/Apparel", 0.7, "7"))
    assert app.text_input(key="item").value == name
    well(go(app, "predict"))
    assert f"it is drawn by {CONDITIONAL}, seed 7, Men/Apparel" in captions(app)
    assert any(f"read_photo('{name}')" in c.value for c in app.code)
    well(app.button(key="put_away").click().run())
    assert "drawn by" not in "".join(c.value for c in app.main.caption if "The photo is no photo" in c.value)


def test_without_the_photos_the_quiz_asks_which_of_two_drew_it() -> None:
    app = opened("quiz", round="3")
    assert app.code[0].value == "fashionviz data fetch fpi"
    names = [b.label for b in app.main.button][:2]
    assert set(names) == {CONDITIONAL, PLAIN}
    assert "Guessing gives one half" in captions(app)
    well(app.button(key="say_1").click().run())
    assert app.button(key="say_2").disabled  # the first answer counts
    assert "n = 1" in captions(app)
    assert any("The discriminator of" in m.value for m in app.markdown)
    well(app.button(key="next").click().run())
    assert app.number_input(key="round").value == 4
    assert not app.button(key="say_1").disabled


def test_the_interval_of_a_score_is_wilsons() -> None:
    score = Score()
    for number in range(10):
        score.keep(number, "real", number < 8)
    score.keep(0, "drawn", False)  # an answer cannot be taken back
    assert (score.right, score.n) == (8, 10)
    assert score.interval == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Wilson's, from a table


def test_inside_the_generator(drawing_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("generator", point="7>12@0.3")
    stages = [m.value for m in app.main.markdown if "maps of" in m.value]
    assert [s.split("`")[1] for s in stages if "`" in s] == ["4x4", "8x8", "16x16", "32x32", "64x64"]
    app = opened("generator", gen=PLAIN, look="Filters")
    assert "`picture`: 3 filters" in captions(app) or "`picture`: 32 filters" in captions(app)
    app = opened("generator", gen=PLAIN, look="The discriminator")
    assert app.metric[0].label == "Logit"
    app = opened("generator", look="The discriminator")
    assert app.metric[0].label == "Logit", "of the class that it takes the picture for"
    with monkeypatch.context() as patch:
        card = json.loads((drawing_weights / CONDITIONAL / "card.json").read_text())
        alone = tmp_path / "alone"
        shutil.copytree(drawing_weights, alone)
        (alone / CONDITIONAL / "card.json").write_text(json.dumps({**card, "judge_sha256": None}))
        patch.setenv("FASHIONVIZ_WEIGHTS", str(alone))
        app = opened("generator", look="The discriminator")
        assert "No discriminator is installed" in app.info[0].value
    app = opened("generator", look="Its training as a film", epoch="2")
    assert app.slider(key="epoch").value == 2
    assert "after epoch 2 of 3" in captions(app)


def test_the_latent_of_a_photo_is_searched_and_varied() -> None:
    photo = str(DrawnRef(CONDITIONAL, "Men/Apparel", None, "7"))
    app = opened("find_latent", item=photo, steps="50", **{"class": "Men/Apparel"})
    well(app.button(key="search_latent").click().run())
    assert any("Their pixels differ by" in m.value for m in app.markdown)
    assert any("engine().invert(read_photo(" in c.value for c in app.code)


def test_how_good_the_drawings_are_stands_with_its_n_and_its_features() -> None:
    app = opened("drawing_quality")
    said = captions(app)
    assert "In features of MobileNetV2 on ImageNet, so these are no FID" in said
    assert "n = 4 photos" in said
    assert "seeds 2,000,000 to 2,000,003" in said
    assert any("nearer to photos than photos blurred" in m.value for m in app.markdown)
    assert "differ only 30%" in app.warning[0].value
    app = opened("drawing_quality", gen=PLAIN)
    assert f"There is no report for {PLAIN} yet" in app.info[0].value


def test_a_choice_of_the_discriminator_is_told_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = load_drawing_report(CONDITIONAL)
    assert plain is not None
    chosen = replace(plain, tries=3, agreement_first=Rate(1, 4, (0.05, 0.7)))
    monkeypatch.setattr(
        "fashionviz.evaluation.drawing_report.load_drawing_report",
        lambda name: chosen if name == CONDITIONAL else None,
    )
    app = opened("drawing_quality")
    assert "A seed gives 3 latents." in captions(app)
    shares = next(frame.value for frame in app.dataframe if "share" in frame.value)
    row = shares[shares["share"].str.contains("first latent")]
    assert list(row["value (95 % interval)"]) == ["25.0% (5.0% to 70.0%), n = 4"]
    told = "a seed gives 3 latents"
    assert any(told in m.value for m in opened("draw").markdown)
    assert not any(told in m.value for m in opened("draw", gen=PLAIN).markdown)


def test_a_visitor_without_a_photo_is_offered_drawings_with_their_seeds() -> None:
    app = opened("predict")
    offered = [b for b in app.main.button if b.label.startswith("Seed ")]
    assert len(offered) == 6
    assert f"drawn by `{CONDITIONAL}`" in captions(app)
    well(offered[0].click().run())
    assert f"it is drawn by {CONDITIONAL}, seed" in captions(app)


def test_the_models_page_lists_what_draws_apart() -> None:
    app = opened("models")
    table = next(d.value for d in app.dataframe if "generator" in d.value.columns)
    assert dict(zip(table["generator"], table["trained"], strict=True))[CONDITIONAL] == "yes, default"
    assert "They do not say what a photo shows" in "".join(m.value for m in app.markdown)


def test_a_film_can_be_taken_apart(drawing_weights: Path) -> None:
    with Image.open(drawing_weights / CONDITIONAL / "film.webp") as film:
        assert film.n_frames == 3  # type: ignore[attr-defined]
