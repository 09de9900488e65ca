"""The studio's "Why this item": the panel under the matches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.studio import jobs, own_catalogue
from apps.studio.state import Held
from fashionviz.errors import Cancelled
from fashionviz.images import decode
from fashionviz.inference.engine import Engine
from tests.conftest import make_weights
from tests.match.shop import PHOTO, open_shop

MAIN = str(Path(__file__).resolve().parents[2] / "apps" / "studio" / "main.py")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    root = tmp_path_factory.mktemp("why")
    with pytest.MonkeyPatch.context() as patch:
        make_weights(root / "weights")
        engine, _ = open_shop(root / "weights", root / "catalogues", patch)
        patch.setenv("FASHIONVIZ_CACHE", str(root / "cache"))
        patch.setattr("apps.studio.parts.shared_engine", lambda: engine)
        patch.setattr(jobs, "PATIENCE_S", 120.0)
        patch.setattr(own_catalogue, "look_after", lambda: None)
        yield engine
        engine.close()


def page(**query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=300)
    app.session_state["held"] = Held(decode(PHOTO), "0" * 16, "mine.png")
    app.session_state["why_method"] = "gradient"
    app.query_params.update(query)
    app.run()
    app.query_params.update(query)
    app.switch_page("views/match.py").run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "\n".join(e.value for e in [*app.caption, *app.markdown, *app.info, *app.warning, *app.error])


def test_a_button_shows_what_the_similarity_rests_on(engine: Engine) -> None:
    app = page(catalogue="shop")
    assert not [s for s in app.subheader if s.value.startswith("Why")]
    app.button(key="why_2").click().run()
    assert not app.exception
    assert app.query_params["why"] in ("two.png", ["two.png"])
    assert [s.value for s in app.subheader] == ["Why two?"]
    assert "Their similarity is 0." in words(app)
    assert "the catalogue's small picture" in words(app)
    assert "Took " in words(app)
    codes = [c.value for c in app.code]
    assert "fashionviz match-why mine.png --catalogue shop --item two.png --method gradient --out why.png" in codes
    assert any("item=two.png" in c and "/api/v1/match/why" in c for c in codes)
    assert any("why_match(photo, catalogue, 'two.png'" in c for c in codes)
    app.button(key="why_close").click().run()
    assert "why" not in app.query_params
    assert not [s for s in app.subheader if s.value.startswith("Why")]


def test_it_is_also_said_of_an_item_that_stands_in_for_the_photo(engine: Engine) -> None:
    app = page(catalogue="shop", like="shop/one.png", why="two.png")
    assert [s.value for s in app.subheader] == ["Most like this item", "Why two?"]
    assert "Their similarity is 0." in words(app)
    captions = [caption for image in app.get("image") for caption in image.captions]
    assert "one" in captions
    assert not any("match-why" in c.value for c in app.code), "this item has no name that the command line knows"


def test_a_link_asks_and_signs_are_shown_where_they_are_evidence(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(catalogue="shop", why="one.png")
    assert [s.value for s in app.subheader] == ["Why one?"]
    assert "why_style" not in [c.key for c in app.segmented_control], (
        "of a gradient the sign says nothing for or against"
    )
    app.selectbox(key="why_method").set_value("input-x-gradient").run()
    app.segmented_control(key="why_style").set_value("Signed").run()
    assert not app.exception
    assert "Blue is what makes the two alike" in words(app)

    def stopped(*asked: object, **choices: object) -> None:
        raise Cancelled("Stopped.")

    monkeypatch.setattr(engine, "explain_match", stopped)
    app.selectbox(key="why_method").set_value("occlusion").run()
    assert "Stopped before it was done." in words(app)
    assert page(catalogue="shop", why="nobody").subheader.len == 0


def test_where_it_cannot_be_explained_a_sentence_says_why(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashionviz.match.why.ITEM", "another task")
    app = page(catalogue="shop", why="two.png")
    assert "why_1" not in [b.key for b in app.button]
    assert "Why an item matches cannot be shown: The vectors of shop are features of the classifier" in words(app)
    assert any("features of the classifier" in info.value for info in app.info)
