"""The studio's pages about errors: from a cell to its items, to one item, into the model, and back."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from apps.studio import jobs, links
from fashionviz.data.examples import draw
from fashionviz.evaluation.evaluate import Scored
from fashionviz.evaluation.metrics import score
from fashionviz.evaluation.report import save_report
from fashionviz.evaluation.tagging import Tagged
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.results import ModelRef
from tests.conftest import TAGGER
from tests.reports import N, made_up_report

MAIN = str(Path(__file__).resolve().parents[2] / "apps" / "studio" / "main.py")
MODEL, OTHER = "mobilenet_v2.gender_category", "resnet50.gender_category"
CELL = {"true": "Men/Accessories", "predicted": "Women/Accessories"}
ITEM = "fpi:test:item-36"


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(draw(kind, 1)).save(out, "JPEG")
    return out.getvalue()


def other_report() -> Scored:
    """As the first model's, but every sixth picture is mistaken instead of every fourth."""
    mine = made_up_report(OTHER)
    said = np.where(np.arange(N) % 6 == 0, (mine.truth + 2) % 6, mine.truth)
    probabilities = np.full((N, 6), 0.02, dtype=np.float32)
    probabilities[np.arange(N), said] = 0.9
    report = score(ModelRef(OTHER, "0" * 64), "fpi", "test", mine.report.classes, mine.truth, probabilities)
    return replace(mine, report=report, probabilities=probabilities)


@pytest.fixture(scope="module")
def folders(
    random_weights: Path, random_tagger: tuple[Path, Tagged], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Weights with two classifiers' reports and a tagger's, and the data sets that these are about."""
    root = tmp_path_factory.mktemp("errors")
    shutil.copytree(random_weights, root / "weights")
    shutil.copytree(random_tagger[0], root / "weights", dirs_exist_ok=True)
    save_report(other_report(), root / "weights" / OTHER)
    for name in ("fpi", "ccp"):
        (root / "data" / name).mkdir(parents=True)
        rows = {"id": [f"item-{i}" for i in range(N)], "image": [{"bytes": picture("hat"), "path": None}] * N}
        pq.write_table(pa.table(rows), root / "data" / name / "test-00000-of-00001.parquet")
    return root / "weights", root / "data"


@pytest.fixture(scope="module")
def engine(folders: tuple[Path, Path]) -> Iterator[Engine]:
    made = Engine(EngineConfig(device="cpu"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def house(engine: Engine, folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(folders[0]))
    monkeypatch.setenv("FASHIONVIZ_DATA", str(folders[1]))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    monkeypatch.setattr("apps.studio.parts.shared_engine", lambda: engine)
    monkeypatch.setattr(jobs, "PATIENCE_S", 120.0)
    st.cache_data.clear()


def page(name: str, **query: str) -> AppTest:
    """Open a page at an address with a query."""
    app = AppTest.from_file(MAIN, default_timeout=180)
    if name == "predict":  # where the bare address leads
        app.query_params.update(query)
        return well(app.run())
    app.run().query_params.update(query)
    return go(app, name)


def go(app: AppTest, name: str) -> AppTest:
    return well(app.switch_page(f"views/{name}.py").run())


def well(app: AppTest) -> AppTest:
    assert [e.value for e in app.exception] == []
    return app


def captions(app: AppTest) -> str:
    return "\n".join(c.value for c in app.caption)


def subheaders(app: AppTest) -> list[str]:
    return [s.value for s in app.subheader]


def linked(app: AppTest) -> dict[str, tuple[str, str]]:
    """Links of the main part by their label: the page's address and its query."""
    return {link.proto.label: (link.proto.page, link.proto.query_string) for link in app.main.get("page_link")}


def figure(app: AppTest, key: str) -> dict[str, object]:
    charts = {chart.proto.id.rpartition("-")[2]: chart for chart in app.get("plotly_chart")}
    return json.loads(charts[key].proto.spec)


def test_an_item_of_the_address_is_the_photo_and_says_what_is_true() -> None:
    app = page("predict", item=ITEM)
    assert app.metric[0].label == "Most probable class", "the page answers without asking for a photo"
    assert "The photo is item **item-36** of the test split of `fpi`." in captions(app)
    assert f"`{MODEL}` said **Women/Accessories** (86.0%), but it is **Men/Accessories**." in captions(app)
    assert linked(app)["Its cell in the confusion matrix"][0] == "confusion"
    for name in ("activations", "confusion", "predict"):
        go(app, name)
        assert app.text_input(key="item").value == ITEM, name
        assert app.query_params["item"] == ITEM, name


def test_the_visitors_own_photo_comes_back_and_a_new_one_takes_the_items_place() -> None:
    app = page("predict")
    app.file_uploader[0].set_value(("mine.jpg", picture("dress"), "image/jpeg")).run()
    assert "mine.jpg · 360×480 px" in captions(app)
    well(app.text_input(key="item").set_value(ITEM).run())
    assert f"{ITEM} · " in captions(app)
    assert "mine.jpg" not in captions(app)
    button = app.button(key="put_away")
    assert button.label == "Back to my photo"
    well(button.click().run())
    assert "mine.jpg · 360×480 px" in captions(app)
    assert "item" not in app.query_params
    app.text_input(key="item").set_value(ITEM).run()
    well(app.file_uploader[0].set_value(("next.jpg", picture("heel"), "image/jpeg")).run())
    assert "next.jpg · 360×480 px" in captions(app)
    assert app.text_input(key="item").value == ""
    assert "item" not in app.query_params


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("nonsense", "names no item"),
        ("../../etc:test:1", "names no item"),
        ("mine:test:1", "There is no data set 'mine'"),
        ("fpi:test:item-999", "has no item 'item-999'"),
        ("fpi:elsewhere:item-1", "has no split 'elsewhere'"),
    ],
)
def test_an_item_that_is_not_there_is_one_sentence(item: str, words: str) -> None:
    app = page("predict", item=item)
    assert [words in w.value for w in app.warning] == [True]
    assert any(m.value.startswith("**Add a photo to") for m in app.main.markdown), "the page asks for a photo instead"


def test_without_the_data_set_an_item_offers_to_fetch_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "nothing"))
    app = page("predict", item=ITEM)
    assert "cannot be shown" in app.warning[0].value
    assert "fashionviz data fetch fpi" in [c.value for c in app.code]


def test_from_a_cell_to_an_item_into_the_model_and_back() -> None:
    app = page("confusion", **CELL)
    assert "True Men/Accessories, predicted Women/Accessories: 4 items" in subheaders(app)
    why = "Why Women/Accessories and not Men/Accessories?"
    address, query = next(place for label, place in linked(app).items() if label.startswith(why))
    assert address == "explain"
    assert query.startswith("target=Women%2FAccessories&against=Men%2FAccessories&item=")
    well(app.button(key="cell_item-36").click().run())
    assert app.query_params["item"] == ITEM
    assert subheaders(app)[1] == "Item item-36: true Men/Accessories, predicted Women/Accessories"
    found = linked(app)
    assert found["Guided backprop"] == ("guided-backprop", "target=Women%2FAccessories")
    assert found["Predict"] == ("predict", "")
    assert found[why] == ("explain", "target=Women%2FAccessories&against=Men%2FAccessories")
    assert {"Where the model looked", "Layers"} & set(found) == {
        label for label, address in (("Where the model looked", "explain"), ("Layers", "layers")) if known(app, address)
    }
    go(app, "predict")
    assert "item **item-36**" in captions(app)
    app = page("confusion", item=ITEM)
    assert "True Men/Accessories, predicted Women/Accessories: 4 items" in subheaders(app), "the item's own cell"
    well(app.button(key="panel_back").click().run())
    assert app.text_input(key="item").value == ""
    assert not any(s.startswith("Item ") for s in subheaders(app))


def known(app: AppTest, address: str) -> bool:
    return address in app.session_state["pages"]


def test_links_light_up_when_their_page_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[object, dict[str, str]]] = []
    monkeypatch.setattr(st, "page_link", lambda page, query_params, **rest: drawn.append((page, query_params)))
    st.session_state.clear()
    assert not links.link("explain", "Where the model looked", target="a")
    links.register({"explain": "a page"}, "explain", [MODEL, OTHER])
    st.session_state["model"] = MODEL
    assert links.link("explain", "Where the model looked", target="a", against="b", model=MODEL)
    assert links.link("explain", "Where the model looked", target="a", model=OTHER)
    assert drawn == [
        ("a page", {"target": "a", "against": "b"}),  # Streamlit carries the session's own model along
        ("a page", {"target": "a", "model": OTHER}),
    ]
    st.session_state.clear()


def test_a_link_to_another_model_wins_over_the_sidebar() -> None:
    app = page("confusion")
    app.query_params["model"] = OTHER
    go(app, "filters")
    assert app.selectbox(key="model").value == OTHER


def test_numbers_and_orders_of_the_matrix() -> None:
    app = page("confusion", order="by error", scale="shares of the predicted class")
    drawn = figure(app, "matrix")
    assert drawn["layout"]["title"]["text"] == "Confusion matrix<br><sup>fpi test, n = 48</sup>"  # type: ignore[index]
    table = next(d.value for d in app.dataframe if d.value.columns[0].startswith("true ↓"))
    np.testing.assert_allclose(table.iloc[:, 1:].to_numpy().sum(axis=0), 1)
    assert table.iloc[:, 0].tolist() == table.columns[1:].tolist()
    expected = [c.replace("/", "/<br>") for c in table.columns[1:]]
    assert drawn["layout"]["yaxis"]["ticktext"] == expected  # type: ignore[index]


def test_every_class_has_intervals_and_bins_hold_every_picture() -> None:
    app = page("confusion")
    tables = [d.value for d in app.dataframe]
    classes = next(t for t in tables if "F1 from" in t)
    assert ((classes["F1 from"] <= classes["F1"]) & (classes["F1"] <= classes["F1 to"])).all()
    bins = next(t for t in tables if "confidence from" in t)
    assert bins["pictures (n)"].sum() == N
    assert "Expected calibration error over 15 bins: as served" in captions(app)


def test_mistakes_of_one_class() -> None:
    app = page("confusion", mistakes="Men/Other")
    found = next(d.value for d in app.dataframe if list(d.value.columns[:2]) == ["id", "true"])
    assert len(found)
    assert ((found["true"] == "Men/Other") | (found["predicted"] == "Men/Other")).all()
    assert (found["true"] != found["predicted"]).all()
    assert f"{len(found)} mistakes among 48 pictures" in captions(app)


def test_two_models_on_the_same_pictures() -> None:
    app = page("compare_errors")
    assert app.selectbox(key="other").options == [OTHER]
    values = {m.label: m.value for m in app.metric}
    assert values == {"First alone right": "4", "Second alone right": "8", "Both right": "32", "Both wrong": "4"}
    assert any("**p = 0.388**" in m.value for m in app.markdown)
    difference = figure(app, "matrix_difference")
    assert difference["data"][0]["zmin"] == -difference["data"][0]["zmax"]  # type: ignore[index]
    app.segmented_control(key="which").set_value("the second alone is right (8)").run()
    shown = next(d.value for d in well(app).dataframe if "id" in d.value)
    assert len(shown) == 8
    assert (shown["true"] == shown[f"said by {OTHER}"]).all()
    well(app.button(key=f"pair_{shown['id'][0]}").click().run())
    assert any(s.startswith(f"Item {shown['id'][0]}: true") for s in subheaders(app))
    assert sum("said **" in m.value for m in app.main.markdown) == 2, "what either model said"
    assert linked(app)["Predict"] == ("predict", f"model={OTHER}")


def test_a_model_without_a_partner_and_a_tagger_have_nothing_to_compare() -> None:
    app = page("compare_errors", model=TAGGER)
    assert "gives tags" in app.info[0].value
    app = page("compare_errors", model="vgg16.gender_category")
    assert "There is no report for vgg16.gender_category yet" in app.info[0].value


def test_tags_that_occur_together_lead_to_their_items(random_tagger: tuple[Path, Tagged]) -> None:
    tagged = random_tagger[1]
    labels = [tag.label for tag in tagged.report.per_tag]
    app = page("tags", model=TAGGER, first=labels[1], second=labels[2])
    assert f"{labels[1]} and {labels[2]}, both true: 8 items" in subheaders(app), "every sixth of 48"
    found = next(d.value for d in app.dataframe if f"{labels[1]}: true" in d.value)
    assert found[f"{labels[1]}: true"].all()
    matrix = figure(app, "together")
    assert matrix["layout"]["title"]["text"].endswith("ccp test, n = 48</sup>")  # type: ignore[index]
    app.segmented_control(key="pairs").set_value("said less true").run()
    assert figure(well(app), "together")["data"][0]["zmin"] < 0  # type: ignore[index]
    app = page("tags", model=TAGGER, first=labels[0], second=labels[1])
    well(app.button(key=f"pair_{found['id'][0]}").click().run())
    assert f"Item {found['id'][0]}" in subheaders(app)


def test_the_threshold_travels_and_another_tag_begins_at_its_own() -> None:
    app = page("tags", model=TAGGER, tag="bag", threshold="0.9")
    assert app.slider(key="threshold").value == 0.9
    assert "that it is said of), recall 0.000 to" in captions(app)
    app.selectbox(key="tag").set_value("shoes").run()
    assert well(app).slider(key="threshold").value == 0.4
