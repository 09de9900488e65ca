"""The taggers' studies on drawn photos with a random backbone, and their committed records and pages."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from shutil import copytree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.data.sets import open_set
from fashionviz.data.tags import shipped_vocabulary
from fashionviz.errors import DataError, ModelNotTrained
from fashionviz.evaluation.multilabel import choose_thresholds, multilabel_figures
from fashionviz.evaluation.tagging import Tagged, report_tags
from fashionviz.evaluation.tagging_report import load_tagging_report, save_tagging_report
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import get_model
from fashionviz.models.weights import FILE, load_initial
from fashionviz.results import ModelRef
from fashionviz.studies import tag_baseline, tag_grid
from fashionviz.studies.frozen import Backbone, frozen_features, tag_material
from fashionviz.studies.record import read_record
from fashionviz.studies.tag_baseline import Baselines, baseline_page, run_baseline
from fashionviz.studies.tag_grid import RUNS, Grid, Run, grid_page, run_grid
from fashionviz.training import feature_cache
from fashionviz.training.last_layer import LastLayer, Material, by_steps, logistic_regressions
from fashionviz.training.multilabel_loss import LOSSES
from tests.conftest import MODEL, make_weights

DOCS = Path(__file__).parents[2] / "docs" / "studies"
TAGGER = "inception_v3.tags"
#: Any network will do; the installed weights of a model are a start like ImageNet's.
BACKBONE = Backbone(MODEL, MODEL, (40, 32))
KINDS = [
    ("Tshirts", "Red", "Men", "t-shirt"),
    ("Heels", "Black", "Women", "heel"),
    ("Watches", None, "Men", "watch"),
]
SPLITS = {"train": 15, "validation": 9, "test": 9}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("weights")
    make_weights(root)
    return root


@pytest.fixture
def data(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "data"
    (root / "fpi").mkdir(parents=True)
    for split, count in SPLITS.items():
        rows = [KINDS[i % 3] for i in range(count)]
        columns: dict[str, object] = {
            name: pa.array([row[place] for row in rows], pa.string())
            for place, name in enumerate(("articleType", "baseColour", "gender"))
        }
        for name in ("season", "usage"):
            columns[name] = pa.array([None] * count, pa.string())
        columns["image"] = [encoded(row[3], i % 2) for i, row in enumerate(rows)]
        pq.write_table(pa.table(columns), root / "fpi" / f"{split}-00000-of-00001.parquet")
    monkeypatch.setenv("FASHIONVIZ_DATA", str(root))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(weights))
    return root


@lru_cache
def encoded(kind: str, seed: int) -> dict[str, object]:
    out = io.BytesIO()
    Image.fromarray(draw(kind, seed)).resize((60, 80)).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": None}


def test_features_are_what_the_last_layer_receives(
    data: Path, tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[int, int]] = []
    found = frozen_features(BACKBONE, "fpi", "validation", lambda done, total: said.append((done, total)))
    assert said == [(9, 9)]
    spec = get_model(MODEL)
    network = spec.build()
    load_initial(weights / MODEL / FILE, network)
    network.eval()
    for row in (0, 7):
        pixels = images.decode(open_set("fpi", "validation").images([row])[row]).pixels
        x = to_input(pixels, BACKBONE.size, spec.mean, spec.std)[0]
        with torch.inference_mode():
            expected = network.features(x[None]).mean(dim=(2, 3))[0].numpy()
        assert expected.std() > 0.01
        assert found[row] == pytest.approx(expected, abs=0.01, rel=0.01), "in the order of the rows, as float16"
    assert found.shape == (9, 1280)
    assert found.dtype == np.float16
    kept = list((tmp_path / "cache" / "features").iterdir())
    assert [path.suffix for path in kept] == [".npy"], "and nothing half written"

    def fail(*_: object) -> None:
        raise AssertionError("looked at the photos again")

    monkeypatch.setattr(feature_cache.images, "decode", fail)
    assert np.array_equal(frozen_features(BACKBONE, "fpi", "validation"), found)
    with pytest.raises(AssertionError, match="again"):  # another size is another set of features
        frozen_features(replace(BACKBONE, size=(32, 32)), "fpi", "validation")


def test_material_masks_what_is_not_known(data: Path) -> None:
    material = tag_material(BACKBONE, TAGGER, "test")
    labels = shipped_vocabulary()
    assert material.x.dtype == np.float32
    assert len(material) == 9
    watches = np.arange(9) % 3 == 2
    colours = labels.places("baseColour")
    assert np.array_equal(material.known[:, colours.start], ~watches), "a watch here has no colour"
    assert not material.known[:, labels.places("season").start].any()
    assert material.true[watches, labels.names.index("articleType: Watches")].all()


@pytest.fixture
def small_grid(data: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, ...]:
    runs = (Run(6, 4, "bce", 0.5), Run(None, 4, "bce6", 0.5), Run(None, 3, "focal", 1.0, "rates"))
    monkeypatch.setattr(tag_grid, "BACKBONE", BACKBONE)
    monkeypatch.setattr(tag_grid, "RUNS", runs)
    return runs


def test_the_grid_is_what_its_runs_say(small_grid: tuple[Run, ...], tmp_path: Path) -> None:
    grid = run_grid(tmp_path)
    assert (grid.backbone, grid.train, grid.validation, grid.test) == (BACKBONE.title, 15, 9, 9)
    assert [row.run for row in grid.rows] == [run.key() for run in small_grid]
    train, validation, test = (tag_material(BACKBONE, TAGGER, split) for split in SPLITS)
    for run, row in zip(small_grid, grid.rows, strict=True):
        seen = train if run.images is None else train.some(run.images, tag_grid.SEED)
        layer = by_steps(seen, LOSSES[run.loss], run.steps, run.learning_rate, seed=tag_grid.SEED)
        on_validation, on_test = layer.probabilities(validation.x), layer.probabilities(test.x)
        half = multilabel_figures(on_test, test.true, test.known, 0.5)
        assert row.half.precision == pytest.approx(half.micro.precision, abs=1e-6)
        assert row.half.recall == pytest.approx(half.micro.recall, abs=1e-6)
        assert row.half.macro_f1.value == pytest.approx(half.macro.f1, abs=1e-6)
        assert row.half.micro_f1.ci95[0] <= row.half.micro_f1.value <= row.half.micro_f1.ci95[1]
        assert row.mean_average_precision.value == pytest.approx(half.mean_average_precision, abs=1e-6)
        thresholds = choose_thresholds(on_validation, validation.true, validation.known)
        chosen = multilabel_figures(on_test, test.true, test.known, thresholds)
        assert row.chosen.accuracy == pytest.approx(chosen.accuracy, abs=1e-6)
        assert row.chosen.per_image_f1 == pytest.approx(chosen.per_image.f1, abs=1e-6)
        on_validation_at_half = multilabel_figures(on_validation, validation.true, validation.known, 0.5)
        assert row.validation_accuracy == pytest.approx(on_validation_at_half.accuracy, abs=1e-6)
    assert grid.rows[0].chosen != grid.rows[0].half
    assert read_record(tmp_path / "tags.json", Grid) == grid
    assert (tmp_path / "tags.md").read_text() == grid_page(grid, shipped_vocabulary())


def test_the_grid_goes_on_after_its_finished_rows(
    small_grid: tuple[Run, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[int] = []

    def counting(seen: Material, *rest: object, **named: object) -> object:
        trained.append(len(seen))
        return by_steps(seen, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(tag_grid, "by_steps", counting)
    monkeypatch.setattr(tag_grid, "RUNS", small_grid[:1])
    first = run_grid(tmp_path)
    monkeypatch.setattr(tag_grid, "RUNS", small_grid[:2])
    second = run_grid(tmp_path)
    assert trained == [6, 15]
    assert second.rows[0] == first.rows[0]
    run_grid(tmp_path, overwrite=True)
    assert trained == [6, 15, 6, 15]
    (tmp_path / "tags.json").write_text("{")
    with pytest.raises(DataError, match="--overwrite"):
        run_grid(tmp_path)
    assert (tmp_path / "tags.json").read_text() == "{"


def fitted(train: Material, penalty: float, *, rarity: float = 0.0) -> LastLayer:
    """Regressions that say the opposite with all penalties but the second; a few iterations separate three kinds."""
    layer = logistic_regressions(train, 0.01, iterations=4, rarity=rarity)
    return layer if penalty == 2 else replace(layer, weight=-layer.weight)


@pytest.fixture
def tagged(data: Path, tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Tagged:
    """The report of a tagger that misses every tag of the first photos; of the test split it leaves out the last."""
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(copytree(weights, tmp_path / "reported")))
    monkeypatch.setattr(tag_baseline, "BACKBONES", (BACKBONE,))
    monkeypatch.setattr(tag_baseline, "PENALTIES", (1.0, 2.0, 3.0))
    monkeypatch.setattr(tag_baseline, "logistic_regressions", fitted)
    test = tag_material(BACKBONE, TAGGER, "test")
    rows = np.arange(8)
    true, known = test.true[rows], test.known[rows]
    probabilities = np.where(true, 0.75, 0.125).astype(np.float32)
    probabilities[:2] = 0.125
    report = report_tags(
        ModelRef(TAGGER, "f" * 64), "fpi", "test", shipped_vocabulary().names, probabilities, true, known,
        np.full(true.shape[1], 0.5),
    )  # fmt: skip
    made = Tagged(report, rows, tuple(map(str, rows)), true, known, probabilities)
    save_tagging_report(made, tmp_path / "reported" / TAGGER)
    return made


def test_the_baseline_has_the_better_penalty_of_validation(
    tagged: Tagged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[tuple[float, float]] = []

    def noted(train: Material, penalty: float, *, rarity: float = 0.0) -> LastLayer:
        fits.append((penalty, rarity))
        return fitted(train, penalty, rarity=rarity)

    monkeypatch.setattr(tag_baseline, "logistic_regressions", noted)
    record = run_baseline(tmp_path)
    assert fits == [(1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (2.0, tag_baseline.RARITY)], (
        "weighed at the plain one's penalty"
    )
    assert (record.model, record.sha256, record.n) == (TAGGER, "f" * 64, 8)
    assert record.macro_f1.value == pytest.approx(tagged.report.macro.f1)
    assert record.mean_average_precision.value == pytest.approx(tagged.report.mean_average_precision)

    train, validation, test = (tag_material(BACKBONE, TAGGER, split) for split in SPLITS)
    layer = fitted(train, 2)
    thresholds = choose_thresholds(layer.probabilities(validation.x), validation.true, validation.known)
    theirs = multilabel_figures(layer.probabilities(test.x)[tagged.rows], tagged.true, tagged.known, thresholds)
    row, weighed = record.baselines
    assert (row.backbone, row.rarity, row.penalty) == (BACKBONE.title, 0.0, 2.0)
    assert (weighed.backbone, weighed.rarity, weighed.penalty) == (BACKBONE.title, tag_baseline.RARITY, 2.0)
    assert row.macro_f1.value == pytest.approx(theirs.macro.f1)
    assert row.behind.value == pytest.approx(record.macro_f1.value - row.macro_f1.value)
    assert read_record(tmp_path / "tags-baseline.json", Baselines) == record
    assert (tmp_path / "tags-baseline.md").read_text() == baseline_page(record)


def test_finished_baselines_are_kept_as_long_as_the_tagger_is(
    tagged: Tagged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_baseline(tmp_path)
    monkeypatch.setattr(tag_baseline, "BACKBONES", (BACKBONE, replace(BACKBONE, size=(32, 32))))
    assert "Not finished: mobilenet_v2" in baseline_page(first)
    monkeypatch.setattr(tag_baseline, "PENALTIES", (3.0,))  # seen in the row that is fitted now, not in the kept one
    both = run_baseline(tmp_path)
    assert [row.penalty for row in both.baselines] == [2.0, 2.0, 3.0, 3.0]
    assert both.baselines[:2] == first.baselines
    assert "Not finished" not in baseline_page(both)
    assert [row.penalty for row in run_baseline(tmp_path, overwrite=True).baselines] == [3.0] * 4
    monkeypatch.setattr(tag_baseline, "PENALTIES", (1.0,))
    other = replace(tagged, report=replace(tagged.report, model=ModelRef(TAGGER, "e" * 64)))
    save_tagging_report(other, tmp_path / "reported" / TAGGER)
    assert [row.penalty for row in run_baseline(tmp_path).baselines] == [1.0] * 4, "another tagger: compared anew"


def test_a_baseline_needs_a_tagger_with_a_report_of_this_split(tagged: Tagged, tmp_path: Path) -> None:
    other = replace(tagged, true=~tagged.true)
    save_tagging_report(other, tmp_path / "reported" / TAGGER)
    with pytest.raises(DataError, match="not the one that the tagger's report is about"):
        run_baseline(tmp_path)
    (tmp_path / "reported" / TAGGER / "report.json").unlink()
    with pytest.raises(ModelNotTrained, match="no report yet"):
        run_baseline(tmp_path)
    assert not (tmp_path / "tags-baseline.json").exists()


def test_a_damaged_baseline_is_said(tmp_path: Path) -> None:
    (tmp_path / "tags-baseline.json").write_text('{"model": 1}')
    with pytest.raises(DataError, match="--overwrite"):
        read_record(tmp_path / "tags-baseline.json", Baselines)


def test_the_committed_grid_and_its_page_are_current() -> None:
    grid = read_record(DOCS / "tags.json", Grid)
    if grid is None:
        assert not (DOCS / "tags.md").exists(), "a page without a record"
        pytest.skip("fashionviz study tags has not been run")
    assert [row.run for row in grid.rows] == [run.key() for run in RUNS], "run `fashionviz study tags`"
    assert grid.backbone == tag_grid.BACKBONE.title
    assert (DOCS / "tags.md").read_text() == grid_page(grid, shipped_vocabulary()), "run `fashionviz study tags`"


def test_the_committed_baselines_and_their_page_are_current() -> None:
    record: Baselines | None = read_record(DOCS / "tags-baseline.json", Baselines)
    if record is None:
        assert not (DOCS / "tags-baseline.md").exists(), "a page without a record"
        pytest.skip("fashionviz study tags-baseline has not been run")
    report = load_tagging_report(tag_baseline.MODEL)
    assert report is not None
    assert record.sha256 == report.model.sha256, "another tagger since: run `fashionviz study tags-baseline`"
    rows = [(b.title, rarity) for b in tag_baseline.BACKBONES for rarity in (0.0, tag_baseline.RARITY)]
    assert [(row.backbone, row.rarity) for row in record.baselines] == rows[: len(record.baselines)]
    assert (DOCS / "tags-baseline.md").read_text() == baseline_page(record), "run `fashionviz study tags-baseline`"
