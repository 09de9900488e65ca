"""Intersection over union: by hand, against torchmetrics, and through the door of the command line."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex

from fashionviz.data.regions import REGIONS, UNKNOWN
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation import regions
from fashionviz.evaluation.evaluate import evaluate
from fashionviz.evaluation.region_report import load_region_items, load_region_report, save_region_report
from fashionviz.evaluation.regions import (
    ScoredRegions,
    evaluate_regions,
    intersection_over_union,
    pixel_counts,
    region_report,
)
from fashionviz.images import encode_png
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelRef
from tests.cli.test_cli import run
from tests.conftest import MODEL as CLASSIFIER
from tests.conftest import make_weights
from tests.region_network import MODEL, ByColour, painted

#: The publisher's numbers of background, a dress, and hair.
LABELS = np.array([0, 14, 19], np.uint8)


def mask_png(regions: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(LABELS[regions]).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Three photos of several sizes; one whose mask is of another size, one without a mask, one that is no picture."""
    rows = []
    for number, size in enumerate([(120, 60), (301, 200), (90, 130)]):
        photo, true = painted(size)
        rows.append({"id": number, "image": {"bytes": encode_png(photo)}, "mask": {"bytes": mask_png(true)}})
    photo, true = painted()
    rows.append({"id": 3, "image": {"bytes": encode_png(photo)}, "mask": {"bytes": mask_png(true[:50])}})
    rows.append({"id": 4, "image": {"bytes": encode_png(photo)}, "mask": None})
    rows.append({"id": 5, "image": {"bytes": b"no picture"}, "mask": {"bytes": mask_png(true)}})
    path = tmp_path / "street.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_figures_equal_those_of_torchmetrics() -> None:
    rng = np.random.default_rng(1)
    true = rng.integers(0, 3, (4, 20, 15)).astype(np.uint8)
    said = np.where(rng.random(true.shape) < 0.7, true, rng.integers(0, 3, true.shape)).astype(np.uint8)
    true[0, :5] = UNKNOWN
    counts = np.stack([pixel_counts(t, s, 3) for t, s in zip(true, said, strict=True)])
    report = region_report(ModelRef("m", ""), "d", "test", REGIONS, counts)
    tensors = torch.from_numpy(said).long(), torch.from_numpy(true).long()
    jaccard = MulticlassJaccardIndex(3, average="none", ignore_index=UNKNOWN)(*tensors)
    assert [figure.iou for figure in report.per_class] == pytest.approx(jaccard.tolist())
    assert report.miou == pytest.approx(float(jaccard.mean()))
    right = MulticlassAccuracy(3, average="micro", ignore_index=UNKNOWN)(*tensors)
    assert report.pixel_accuracy == pytest.approx(float(right))
    recall = MulticlassAccuracy(3, average="none", ignore_index=UNKNOWN)(*tensors)
    assert [figure.recall for figure in report.per_class] == pytest.approx(recall.tolist())
    for figure in report.per_class:
        assert figure.iou_ci95[0] <= figure.iou <= figure.iou_ci95[1]
    assert report.confusion.sum() == true.size - 5 * 15


def test_figures_by_hand() -> None:
    true, said = np.array([[0, 1, 1, 2, 2, 2]]), np.array([[0, 1, 2, 2, 2, 1]])
    report = region_report(ModelRef("m", ""), "d", "all", REGIONS, pixel_counts(true, said, 3)[None])
    assert [figure.iou for figure in report.per_class] == pytest.approx([1, 1 / 3, 2 / 4])
    assert report.miou == pytest.approx((1 + 1 / 3 + 1 / 2) / 3)
    assert report.pixel_accuracy == pytest.approx(4 / 6)
    assert report.person_as_garment == pytest.approx(1 / 3)
    assert report.garment_as_person == pytest.approx(1 / 2)
    assert report.miou_ci95 == pytest.approx((report.miou, report.miou)), "one photo is all there is to resample"


def test_a_class_that_is_nowhere_does_not_count() -> None:
    counts = pixel_counts(np.array([[0, 1, 1]]), np.array([[0, 1, 0]]), 3)
    assert np.isnan(intersection_over_union(counts)[2])
    report = region_report(ModelRef("m", ""), "d", "all", REGIONS, counts[None])
    assert report.miou == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert report.person_as_garment == 0


def test_intervals_are_over_photos() -> None:
    """Of photos that are all right or all wrong, the interval is that of the share of photos."""
    good, bad = pixel_counts(np.zeros((9, 9), int), np.zeros((9, 9), int), 3), None
    bad = pixel_counts(np.zeros((9, 9), int), np.ones((9, 9), int), 3)
    report = region_report(ModelRef("m", ""), "d", "all", REGIONS, np.stack([good] * 15 + [bad] * 5))
    low, high = report.pixel_accuracy_ci95
    assert low == pytest.approx(0.55, abs=0.051)
    assert high == pytest.approx(0.95, abs=0.051)


def test_photos_are_scored_at_their_own_size_and_the_rest_is_counted(street: Path) -> None:
    scored = evaluate_regions(MODEL, street, network=ByColour().eval(), batch=2)
    report = scored.report
    assert (report.n, report.skipped, scored.ids) == (3, 3, ("0", "1", "2"))
    assert scored.counts[1].sum() == 301 * 200
    assert [counts.sum(axis=1).tolist() for counts in scored.counts[:1]] == [
        np.bincount(painted((120, 60))[1].ravel(), minlength=3).tolist()
    ]
    assert report.miou > 0.97, "only borders may be off, where the photo was scaled"
    assert report.note == ""


def test_a_report_comes_back_as_it_was_saved(street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    assert load_region_report(MODEL) is None
    assert load_region_items(MODEL) is None
    scored: ScoredRegions = evaluate_regions(MODEL, street, network=ByColour().eval())
    save_region_report(scored, model_folder(MODEL))
    again, items = load_region_report(MODEL), load_region_items(MODEL)
    assert again is not None
    assert items is not None
    assert np.array_equal(again.confusion, scored.report.confusion)
    assert again.per_class == scored.report.per_class
    assert (again.miou, again.miou_ci95) == (scored.report.miou, scored.report.miou_ci95)
    assert items.ids == scored.ids
    assert np.array_equal(items.counts, scored.counts)


def test_evaluate_prints_one_document(street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    make_weights(tmp_path / "weights", MODEL)
    monkeypatch.setattr(regions, "load_trained", lambda name: (ByColour().eval(), type("Card", (), {"sha256": "ab"})))
    status, out, err = run("evaluate", MODEL, "--data", str(street), "--json")
    assert status == 0, err
    facts = json.loads(out)
    assert (facts["n"], facts["skipped"], facts["sha256"]) == (3, 3, "ab")
    assert set(facts["iou"]) == set(REGIONS)
    assert facts["miou_ci95"][0] <= facts["miou"] <= facts["miou_ci95"][1]
    assert facts["pixel_accuracy"] > 0.98
    status, out, _ = run("evaluate", MODEL, "--data", str(street))
    assert status == 0
    assert "mean IoU" in out
    assert "skin and hair" in out


def test_who_cannot_be_scored_so_is_told(street: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="gives classes, no regions"):
        evaluate_regions(CLASSIFIER, street)
    with pytest.raises(InvalidRequest, match="gives regions, not one class"):
        evaluate(MODEL, street)
    path = tmp_path / "bare.parquet"
    pq.write_table(pa.table({"id": [1], "image": [{"bytes": encode_png(painted()[0])}]}), path)
    with pytest.raises(DataError, match="needs the column 'image' and either 'mask'"):
        evaluate_regions(MODEL, path, network=ByColour())
    pq.write_table(pa.table({"articleType": ["Heels"], "image": [{"bytes": encode_png(painted()[0])}]}), path)
    with pytest.raises(DataError, match="none of its 1 rows"):
        evaluate_regions(MODEL, path, network=ByColour())
