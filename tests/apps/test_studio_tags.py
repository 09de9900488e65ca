"""Tags on the studio's pages: by group on Predict, tag by tag on Tags, refused where one class is asked for."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from apps.studio import jobs
from fashionviz.data.examples import draw
from fashionviz.evaluation.tagging import Tagged
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.conftest import TAGGER

MAIN = str(Path(__file__).resolve().parents[2] / "apps" / "studio" / "main.py")


@pytest.fixture(autouse=True)
def house(random_tagger: tuple[Path, Tagged], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(random_tagger[0]))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    engine = Engine(EngineConfig(device="cpu"))
    monkeypatch.setattr("apps.studio.parts.shared_engine", lambda: engine)
    monkeypatch.setattr(jobs, "PATIENCE_S", 120.0)
    yield
    engine.close()


def page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=180).run()
    app.query_params.update({"model": TAGGER, **query})
    return app.switch_page(f"views/{name}.py").run()


def test_tag_by_tag(random_tagger: tuple[Path, Tagged]) -> None:
    report = random_tagger[1].report
    app = page("tags", tag="bag")
    assert not app.exception
    values = {m.label: m.value for m in app.metric}
    assert values["Micro F1"] == f"{report.micro.f1:.3f}"
    assert values["Mean average precision"] == f"{report.mean_average_precision:.3f}"
    bag = report.per_tag[1]
    assert bag.label == "bag"
    assert (values["Precision"], values["Recall"]) == (f"{bag.precision:.3f}", f"{bag.recall:.3f}")
    assert values["Items that have it"] == f"{bag.support}"
    app.slider[0].set_value(0.9).run()
    assert {m.label: m.value for m in app.metric}["Recall"] == "0.000", "nothing is said from 0.9 on"
    table = app.dataframe[-1].value
    assert len(table) == 50
    assert table["F1"].isna().sum() == 50 - report.labels


def test_a_tag_that_nobody_has(random_tagger: tuple[Path, Tagged]) -> None:
    app = page("tags", tag="clogs")
    assert "No picture of the test split has the tag clogs" in app.info[0].value


def test_predict_shows_tags_by_group() -> None:
    app = page("predict")
    out = io.BytesIO()
    Image.fromarray(draw("dress", 1)).save(out, "JPEG")
    app.file_uploader[0].set_value(("photo.jpg", out.getvalue(), "image/jpeg")).run()
    assert not app.exception
    assert "of 50 tags are said" in "\n".join(c.value for c in app.caption)
    assert len(app.dataframe[0].value) == 50


def test_the_models_page_names_a_taggers_figures() -> None:
    app = page("models")
    assert not app.exception
    figures = next(d.value for d in app.dataframe if "metric" in d.value)
    assert list(figures["metric"]) == [
        "F1 of the tags, all decisions together",
        "F1 of the tags, mean over tags",
        "mean average precision of the tags",
    ]
    assert any(c.value.startswith("Tags: shoes, bag") for c in app.caption)


def test_a_tagger_alone_annotates_nothing() -> None:
    app = page("annotate")
    assert not app.exception
    assert "gender_category is not trained yet" in app.warning[0].value
    assert len(app.multiselect) == 0


def test_a_tagger_has_no_confusion_matrix_and_a_classifier_no_tags() -> None:
    app = page("confusion")
    assert not app.exception
    assert "gives tags, not one class" in app.info[0].value
    app = page("tags")
    app.selectbox(key="model").set_value("mobilenet_v2.gender_category").run()
    assert "gives one class, not tags" in app.info[0].value


def test_a_model_without_a_report_says_what_to_do() -> None:
    for name, view in (("inception_v3.tags", "tags"), ("vgg16.gender_category", "confusion")):
        app = page(view)
        app.selectbox(key="model").set_value(name).run()
        assert not app.exception
        assert f"There is no report for {name} yet" in app.info[0].value
        assert [code.value for code in app.code] == [f"fashionviz train {name}"]
        assert not app.metric
