"""COCO's figures: by hand, our bootstrap against torchmetrics, and a detector through the command line."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fashionviz.detect_results import BoxReport
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation import boxes as scoring
from fashionviz.evaluation.box_figures import average_precision, box_figures, intervals, matched
from fashionviz.evaluation.box_report import load_box_items, load_box_report, save_box_report
from fashionviz.evaluation.boxes import box_report, evaluate_boxes
from fashionviz.evaluation.evaluate import evaluate
from fashionviz.images import encode_png
from fashionviz.models.box_rows import Boxes
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelRef
from tests.cli.test_cli import run
from tests.conftest import MODEL as CLASSIFIER
from tests.item_network import MODEL, ByColour, painted, png, street_rows


def made(*rows: tuple[tuple[float, float, float, float], int, float]) -> Boxes:
    return Boxes(
        np.array([row[0] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float32),
    )


def drawn(seed: int, photos: int = 12, classes: int = 3) -> tuple[list[Boxes], list[Boxes]]:
    """True boxes, and found ones: shaken, missed, invented, of the wrong class."""
    rng = np.random.default_rng(seed)
    found, true = [], []
    for _ in range(photos):
        n = int(rng.integers(1, 6))
        corner, side = rng.uniform(0, 100, (n, 2)), rng.uniform(10, 60, (n, 2))
        real = np.hstack([corner, corner + side])
        labels = rng.integers(0, classes, n)
        true.append(Boxes(real.astype(np.float32), labels, np.ones(n, np.float32)))
        twice = np.concatenate([real, real])[rng.random(2 * n) < 0.7]
        said = np.concatenate([labels, labels])[: len(twice)]
        shaken = twice + rng.normal(0, 4, twice.shape)
        wrong = rng.random(len(said)) < 0.2
        said = np.where(wrong, rng.integers(0, classes, len(said)), said)
        found.append(Boxes(shaken.astype(np.float32), said, rng.random(len(said)).astype(np.float32)))
    return found, true


def test_average_precision_by_hand() -> None:
    """Two true boxes; found are one of them, one beside it, and then the other at an overlap of 0.6."""
    true = [made(((0, 0, 10, 10), 0, 1)), made(((0, 0, 10, 10), 0, 1))]
    found = [made(((0, 0, 10, 10), 0, 0.9), ((50, 50, 60, 60), 0, 0.8)), made(((0, 0, 6, 10), 0, 0.7))]
    boxes = matched(found, true, 0)
    assert boxes.right[0].tolist() == [True, False, True]
    ap, recall = average_precision(boxes, np.array([1, 1]))
    # Precision 1 up to a recall of 0.5 (51 of the 101 recalls), then 2/3.
    assert ap[0] == pytest.approx((51 * 1 + 50 * 2 / 3) / 101)
    assert ap[2] == pytest.approx(ap[0]), "0.6"
    assert ap[3] == pytest.approx(51 / 101), "0.65: the second is too small"
    assert recall[[0, 3]].tolist() == [1, 0.5]
    # The first photo counted twice: three of four true ones are certain, and one wrong box counts twice.
    ap, _ = average_precision(boxes, np.array([2, 1]))
    assert ap[0] == pytest.approx((67 * 1 + 34 * 3 / 5) / 101)
    assert np.isnan(average_precision(matched(found, true, 1), np.array([1, 1]))[0]).all()


@pytest.mark.parametrize("seed", range(4))
def test_ours_is_cocos_where_every_photo_counts_once(seed: int) -> None:
    found, true = drawn(seed)
    theirs = box_figures(found, true, 3)
    ours = [average_precision(matched(found, true, label), np.ones(len(true), np.int64)) for label in range(3)]
    for label, (ap, _) in enumerate(ours):
        assert theirs.per_class[label] == pytest.approx((ap.mean(), ap[0]), abs=1e-9)
    assert theirs.ap50 == pytest.approx(np.mean([ap[0] for ap, _ in ours]))
    assert theirs.ap75 == pytest.approx(np.mean([ap[5] for ap, _ in ours]))
    assert theirs.ap == pytest.approx(np.mean([ap.mean() for ap, _ in ours]))
    assert theirs.ar == pytest.approx(np.mean([recall.mean() for _, recall in ours]))


def test_intervals_hold_the_figure_and_shrink_with_more_photos() -> None:
    found, true = drawn(9, photos=10)
    figures = box_figures(found, true, 3)
    few, each = intervals(found, true, 3, draws=60)
    many, _ = intervals(found * 9, true * 9, 3, draws=60)
    for name in ("ap", "ap50", "ap75", "ar"):
        assert few[name][0] <= getattr(figures, name) <= few[name][1]
        assert many[name][1] - many[name][0] < few[name][1] - few[name][0]
    assert len(each) == 3


def test_perfect_and_hopeless() -> None:
    _, true = drawn(2)
    figures = box_figures(true, true, 5)
    assert (figures.ap, figures.ap50, figures.ar) == (1, 1, 1)
    assert np.isnan(figures.per_class[4]).all(), "no photo shows it"
    nothing = [made() for _ in true]
    figures = box_figures(nothing, true, 5)
    assert (figures.ap, figures.ap50, figures.ap75, figures.ar) == (0, 0, 0, 0)
    assert figures.per_class[0] == (0, 0)


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Four photos of several sizes, one of them wide; a mask of another size, none, an empty one, no picture."""
    rows = street_rows([(120, 80), (300, 200), (508, 336), (100, 160)])
    photo, mask = painted()
    image = {"bytes": encode_png(photo)}
    rows.append({"id": 10, "image": image, "mask": {"bytes": png(mask[:50])}})
    rows.append({"id": 11, "image": image, "mask": None})
    rows.append({"id": 12, "image": image, "mask": {"bytes": png(mask * 0)}})
    rows.append({"id": 13, "image": {"bytes": b"no picture"}, "mask": {"bytes": png(mask)}})
    path = tmp_path / "street.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_a_detector_that_is_right_has_every_point(
    street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    done: list[tuple[int, int]] = []
    scored = evaluate_boxes(MODEL, street, network=ByColour(), progress=lambda *at: done.append(at))
    report = scored.report
    assert (report.n, report.boxes, report.skipped, scored.ids) == (4, 12, 4, ("0", "1", "2", "3"))
    assert done[-1] == (8, 8)
    assert report.ap50 == pytest.approx(1)
    assert report.ap > 0.85, "boxes of a photo that is scaled are a pixel off"
    support = {figure.label: figure.support for figure in report.per_class}
    assert (support["dress"], support["bag"], support["shorts"]) == (4, 4, 0)
    assert [figure.ap50 for figure in report.per_class if figure.label == "shorts"] == [None]
    save_box_report(scored, model_folder(MODEL))
    assert load_box_report(MODEL) == report
    items = load_box_items(MODEL)
    assert items is not None
    assert items.ids == scored.ids
    again = box_report(
        report.model, report.data_set, report.split, report.classes, items.found, items.true, skipped=4,
        note=report.note,
    )  # fmt: skip
    assert again == report
    assert load_box_report(CLASSIFIER) is None


def test_on_the_command_line(street: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "load_trained", lambda name: (ByColour(), type("Card", (), {"sha256": "ab"})))
    status, out, err = run("evaluate", MODEL, "--data", str(street), "--json")
    assert status == 0, err
    told = json.loads(out)
    assert {"model", "n", "skipped", "ap", "ap50", "ap75", "ar", "ap50_ci95", "per_class"} <= set(told)
    assert (told["n"], told["boxes"], told["sha256"]) == (4, 12, "ab")
    assert told["ap50"] == pytest.approx(1)
    status, out, err = run("evaluate", MODEL, "--data", str(street))
    assert status == 0, err
    assert "AP50 1.0000" in " ".join(out.split())


def test_what_cannot_be_scored_is_said(street: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="gives classes, no boxes"):
        evaluate_boxes(CLASSIFIER, street)
    with pytest.raises(InvalidRequest, match="evaluate_boxes"):
        evaluate(MODEL, street)
    path = tmp_path / "none.parquet"
    pq.write_table(pa.Table.from_pylist([{"id": 1, "image": {"bytes": b""}}]), path)
    with pytest.raises(DataError, match="needs the columns 'image' and 'mask'"):
        evaluate_boxes(MODEL, path, network=ByColour())
    pq.write_table(pa.Table.from_pylist([{"image": {"bytes": b""}, "mask": {"bytes": b""}}]), path)
    with pytest.raises(DataError, match="none of its 1 rows"):
        evaluate_boxes(MODEL, path, network=ByColour())


def test_a_report_has_a_place_for_every_class() -> None:
    found, true = drawn(1, classes=2)
    report: BoxReport = box_report(ModelRef("m", ""), "d", "s", ("a", "b", "c"), found, true)
    assert [figure.label for figure in report.per_class] == ["a", "b", "c"]
    assert report.per_class[2].ap is None
