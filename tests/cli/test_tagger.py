"""A tagger on the command line: tags by group, F1 and average precision instead of a share right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fashionviz.inference.engine as engines
from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.evaluation.multilabel import multilabel_figures
from fashionviz.evaluation.tagging import Tagged, evaluate_tags
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.cli.test_cli import run
from tests.conftest import TAGGER

WORN = (["dress", "bag"], ["dress"], ["pants", "hair"], None, ["boots", "bag"])
PHOTO = images.encode_png(draw("street dress", 0))


@pytest.fixture(autouse=True)
def engine(random_tagger: tuple[Path, Tagged], monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(random_tagger[0]))
    made = Engine(EngineConfig(device="cpu"))
    monkeypatch.setattr(engines, "_shared", made)
    yield made
    made.close()


def test_a_last_layer_that_no_recipe_fits_is_one_sentence() -> None:
    for model, why in (("mobilenet_v2.gender_category", "fits no last layer anew"), ("nobody", "There is no recipe")):
        status, _, said = run("refit", model)
        assert status != 0
        assert why in " ".join(said.split())


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Five photos; of the fourth nothing is known."""
    path = tmp_path / "street.parquet"
    pictures = [{"bytes": images.encode_png(draw("street dress", seed)), "path": None} for seed in range(len(WORN))]
    pq.write_table(pa.table({"tags": pa.array(WORN, pa.list_(pa.string())), "image": pictures}), path)
    return path


def test_predict_names_tags_by_group(engine: Engine, tmp_path: Path) -> None:
    photo = tmp_path / "street.png"
    photo.write_bytes(PHOTO)
    expected = engine.predict(images.decode(PHOTO), TAGGER)
    assert expected.tags[0].said
    status, out, err = run("predict", str(photo), "--model", TAGGER, "--json")
    assert status == 0, err
    (answer,) = json.loads(out)
    assert [p["label"] for p in answer["predictions"]] == [s.label for s in expected.scores]
    (group,) = answer["tags"]
    assert (group["title"], group["exclusive"]) == ("Worn", False)
    assert group["said"] == [t.value for t in expected.tags[0].said]
    assert [t["probability"] for t in group["tags"]] == [t.probability for t in expected.tags[0].tags]
    status, out, _ = run("predict", str(photo), "--model", TAGGER)
    assert status == 0
    assert out.count("✓") == len(group["said"])


def test_models_says_which_figure_it_is() -> None:
    status, out, _ = run("models")
    assert status == 0
    said = " ".join(out.replace("│", " ").split())
    assert "precision of the tags 0.500 ccp test, n 96" in said
    assert "accuracy" not in said, "the one trained model is a tagger"


def test_evaluate_has_f1_and_average_precision(street: Path) -> None:
    status, out, err = run("evaluate", TAGGER, "--data", str(street), "--json")
    assert status == 0, err
    report = json.loads(out)
    assert (report["model"], report["n"], report["skipped"], report["labels"]) == (TAGGER, 4, 1, 4)
    again = evaluate_tags(TAGGER, street)
    figures = multilabel_figures(again.probabilities, again.true, again.known, 0.4)
    assert report["micro_f1"] == pytest.approx(figures.micro.f1)
    assert report["macro_f1"] == pytest.approx(figures.macro.f1)
    assert report["map"] == pytest.approx(figures.mean_average_precision)
    assert 0 < report["map"] < 1
    for name in ("micro_f1", "macro_f1", "map"):
        low, high = report[f"{name}_ci95"]
        assert low <= report[name] <= high
    assert {t["label"]: t["support"] for t in report["per_tag"] if t["support"]} == {
        "bag": 2, "pants": 1, "dress": 2, "boots": 1,
    }  # fmt: skip
    assert "confusion" not in report
    status, out, _ = run("evaluate", TAGGER, "--data", str(street))
    assert status == 0
    said = " ".join(out.split())
    assert f"micro F1 {report['micro_f1']:.4f} (95 % interval" in said
    assert "n 4, tags 4, skipped 1" in said


def test_what_is_about_one_class_refuses_it(tmp_path: Path) -> None:
    status, out, err = run("compare", TAGGER)
    assert (status, out) == (2, "")
    assert TAGGER in " ".join(err.split())
