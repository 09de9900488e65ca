"""Scoring Parquet files: every row is counted, broken and unlabelled ones are skipped, the report survives the disk."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.data.sets import open_set
from fashionviz.errors import DataError
from fashionviz.evaluation.evaluate import class_counts, evaluate
from fashionviz.evaluation.metrics import department_recalls
from fashionviz.evaluation.report import items_in_cell, load_items, load_report, save_report
from fashionviz.inference.engine import Engine
from fashionviz.models.registry import get_model
from tests.conftest import MODEL


def photo(kind: str, seed: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(draw(kind, seed)).resize((60, 80)).save(out, "JPEG")
    return out.getvalue()


ROWS = [
    ("Men", "Apparel", photo("shirt", 0)),
    ("Women", "Apparel", photo("dress", 0)),
    ("Women", "Footwear", photo("heel", 0)),
    ("Unisex", "Accessories", photo("watch", 0)),  # no class for this department
    (None, "Apparel", photo("shirt", 1)),  # unknown department
    ("Men", None, photo("shirt", 2)),  # unknown category
    ("Men", "Accessories", b"not a picture"),
    ("Men", "Accessories", photo("watch", 1)),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for split, rows in (("test", ROWS[:5]), ("holdout", ROWS[5:])):
        table = pa.table(
            {
                "id": pa.array(range(len(rows))),
                "gender": pa.array([r[0] for r in rows]),
                "masterCategory": pa.array([r[1] for r in rows]),
                "image": pa.array([{"bytes": r[2], "path": None} for r in rows]),
            }
        )
        pq.write_table(table, folder / f"{split}-00000-of-00001.parquet", row_group_size=2)
    return folder


def test_without_a_split_every_row_is_used(weights: Path, data: Path) -> None:
    report = evaluate(MODEL, data).report
    assert (report.n, report.skipped) == (4, 4)
    assert sum(c.support for c in report.per_class) == 4
    by_split = [evaluate(MODEL, data, split).report for split in ("test", "holdout")]
    assert [r.n for r in by_split] == [3, 1]
    assert evaluate(MODEL, data / "holdout-00000-of-00001.parquet").report.n == 1


def test_the_numbers_are_those_of_a_visitors_upload(weights: Path, data: Path, engine: Engine) -> None:
    scored = evaluate(MODEL, data, "test", batch=2)
    bytes_by_row = open_set(data, "test").images(list(scored.rows))
    for row, probabilities in zip(scored.rows, scored.probabilities, strict=True):
        answer = engine.predict(images.decode(bytes_by_row[int(row)]))
        by_label = {s.label: s.probability for s in answer.scores}
        assert np.allclose([by_label[c] for c in get_model(MODEL).task.classes], probabilities, atol=1e-4)


def test_the_report_survives_the_disk(weights: Path, data: Path) -> None:
    scored = evaluate(MODEL, data, "test")
    save_report(scored, weights / MODEL)
    loaded = load_report(MODEL)
    assert loaded is not None
    assert np.array_equal(loaded.confusion, scored.report.confusion)
    assert loaded.per_class == scored.report.per_class
    assert loaded.accuracy_ci95 == scored.report.accuracy_ci95
    items = load_items(MODEL)
    assert len(items) == scored.report.n
    for true, row in zip(loaded.classes, loaded.confusion, strict=True):
        for predicted, count in zip(loaded.classes, row, strict=True):
            cell = items_in_cell(items, true, predicted)
            assert len(cell) == count
            assert [i.probability for i in cell] == sorted((i.probability for i in cell), reverse=True)


def test_null_and_plain_pictures(weights: Path, tmp_path: Path) -> None:
    facts = {"gender": ["Men"] * 3, "masterCategory": ["Apparel"] * 3}
    struct = tmp_path / "null.parquet"
    cells = [None, {"bytes": None, "path": "a.jpg"}, {"bytes": ROWS[0][2], "path": None}]
    pq.write_table(pa.table({**facts, "image": cells}), struct)
    report = evaluate(MODEL, struct).report
    assert (report.n, report.skipped) == (1, 2)
    plain = tmp_path / "plain.parquet"
    pq.write_table(pa.table({**facts, "image": [ROWS[0][2], b"", ROWS[0][2]]}), plain)
    assert evaluate(MODEL, plain).report.n == 2
    none = tmp_path / "none.parquet"
    pq.write_table(pa.table({**facts, "image": [b"", b"", b""]}), none)
    with pytest.raises(DataError, match="none of its 3 rows"):
        evaluate(MODEL, none)
    bare = tmp_path / "labels.parquet"
    pq.write_table(pa.table(facts), bare)
    with pytest.raises(DataError, match="no column 'image'"):
        evaluate(MODEL, bare)


def test_missing_columns_and_sets_are_named(weights: Path, data: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.parquet"
    pq.write_table(pa.table({"image": [{"bytes": ROWS[0][2], "path": None}]}), bare)
    with pytest.raises(DataError, match="gender"):
        evaluate(MODEL, bare)
    with pytest.raises(DataError, match="data fetch"):
        evaluate(MODEL, "nowhere")
    with pytest.raises(DataError, match="no split"):
        evaluate(MODEL, data, "train")


def test_counts_come_from_the_labels_alone(weights: Path, data: Path) -> None:
    counts = dict(zip(get_model(MODEL).task.classes, class_counts(get_model(MODEL), open_set(data)), strict=True))
    assert counts == {
        "Men/Accessories": 2, "Women/Accessories": 0, "Men/Apparel": 1, "Women/Apparel": 1, "Men/Other": 0,
        "Women/Other": 1,
    }  # fmt: skip


def test_department_recall_ignores_the_category(weights: Path, data: Path) -> None:
    report = evaluate(MODEL, data).report
    recalls = department_recalls(report.confusion, report.classes)
    assert recalls["Men"][1] == 2
    assert recalls["Women"][1] == 2
    men = report.confusion[[0, 2, 4]][:, [0, 2, 4]].sum()
    assert recalls["Men"][0] == men
