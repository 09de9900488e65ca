"""Parquet sets: only what is asked for is read, and every mistake gets a sentence."""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fashionviz.data import sets
from fashionviz.data.labels import TASKS, gender_category
from fashionviz.data.sets import cache_root, data_root, open_set, split_of, splits_in, string_codes
from fashionviz.data.street import _FILE, street_ids, street_label
from fashionviz.errors import DataError


def write(path: Path, ids: range, group: int = 4) -> None:
    rows = [
        {"id": i, "gender": "Men" if i % 2 else None, "image": {"bytes": b"picture %d" % i, "path": f"{i}.jpg"}}
        for i in ids
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=group)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "toy"
    write(place / "train-00000-of-00002.parquet", range(10))
    write(place / "train-00001-of-00002.parquet", range(10, 16))
    write(place / "test-00000-of-00001.parquet", range(100, 103))
    return place


def test_splits_and_lengths(folder: Path) -> None:
    assert {k: len(v) for k, v in splits_in(folder).items()} == {"train": 2, "test": 1}
    assert len(open_set(folder, "train")) == 16
    assert len(open_set(folder)) == 19
    assert open_set(folder, "test").name == "toy"
    assert open_set(folder).columns == ("id", "gender", "image")


def test_a_single_file(folder: Path) -> None:
    one = open_set(folder / "train-00001-of-00002.parquet")
    assert len(one) == 6
    assert open_set(folder / "train-00001-of-00002.parquet", "train").split == "train"
    with pytest.raises(DataError, match="holds the split 'train', not 'test'"):
        open_set(folder / "train-00001-of-00002.parquet", "test")


def test_labels_are_read_without_the_pictures(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = pq.read_table
    monkeypatch.setattr(sets.pq, "read_table", lambda f, columns: asked.append(columns) or real(f, columns=columns))
    table = open_set(folder, "train").table(["id"])
    assert table.column("id").to_pylist() == list(range(16))
    assert asked == [["id"], ["id"]]


def test_pictures_read_only_the_row_groups_that_hold_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = pq.ParquetFile.read_row_group

    def watch(self: pq.ParquetFile, group: int, columns: list[str] | None = None) -> pa.Table:
        asked.append((group, columns))
        return real(self, group, columns=columns)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", watch)
    found = open_set(folder, "train").images([11, 1, 2, 11])
    assert found == {1: b"picture 1", 2: b"picture 2", 11: b"picture 11"}
    assert asked == [(0, ["image"]), (0, ["image"])]  # the first group of each file


def test_rows_come_in_order_and_can_start_anywhere(folder: Path) -> None:
    data = open_set(folder, "train")
    assert [r["id"] for r in data.rows()] == list(range(16))
    assert [r["id"] for r in data.rows(["id"], start=7)] == list(range(7, 16))
    assert [r["id"] for r in data.rows(["id"], start=13)] == [13, 14, 15]
    assert list(data.rows(["id"], start=16)) == []
    assert set(next(data.rows(["image"]))) == {"image"}


def test_missing_columns_are_named(folder: Path) -> None:
    with pytest.raises(DataError, match=r"lacks the column.* masterCategory; it has id, gender, image"):
        open_set(folder).table(["id", "masterCategory"])


def test_names_are_looked_up_in_the_data_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(folder.parent))
    assert data_root() == folder.parent
    assert len(open_set("toy", "test")) == 3


def test_what_is_not_there_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path))
    with pytest.raises(DataError, match="fashionviz data fetch fpi"):
        open_set("fpi")
    with pytest.raises(DataError, match="no split 'validation'; it has test, train"):
        open_set("toy", "validation")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no Parquet files"):
        open_set("empty")
    (tmp_path / "bad.parquet").write_bytes(b"not at all")
    with pytest.raises(DataError, match="not a readable Parquet file"):
        open_set(tmp_path / "bad.parquet")


def test_folders_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "c"))
    assert cache_root() == tmp_path / "c"
    monkeypatch.delenv("FASHIONVIZ_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_root() == tmp_path / "x" / "fashionviz"


def test_fingerprint_changes_with_what_the_files_hold(folder: Path, tmp_path: Path) -> None:
    first = open_set(folder, "test").fingerprint()
    assert open_set(folder, "train").fingerprint() != first
    copy = shutil.copytree(folder, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    assert open_set(copy, "test").fingerprint() == first, "what was made of it is good for a copy"
    path = copy / "test-00000-of-00001.parquet"
    rows = pq.read_table(path).to_pylist()
    schema = pq.read_schema(path)

    def changed(altered: list[dict[str, Any]]) -> bool:
        pq.write_table(pa.Table.from_pylist(altered, schema=schema), path)
        return open_set(copy, "test").fingerprint() != first

    assert not changed(rows), "written again"
    assert changed(rows[:-1])
    assert changed(rows[::-1]), "the same rows in another order"
    at, label = next((i, k) for i, row in enumerate(rows) for k, v in row.items() if isinstance(v, str))
    other = {**rows[at], label: "x" + rows[at][label][1:]}
    assert changed([*rows[:at], other, *rows[at + 1 :]]), "a label of the same length"
    picture = rows[0]["image"]
    assert changed([{**rows[0], "image": {**picture, "bytes": picture["bytes"][::-1]}}, *rows[1:]])


@pytest.mark.parametrize(
    ("name", "bounds"), [("fpi", (75, 85, 95)), ("fpi-large", (75, 85, 95)), ("ccp", (78, 86, 94))]
)
def test_split_rule(name: str, bounds: tuple[int, int, int]) -> None:
    for identifier in range(1, 400):
        value = int(hashlib.md5(str(identifier).encode()).hexdigest(), 16) % 100
        expected = ("train", "validation", "test", "holdout")[sum(value >= b for b in bounds)]
        assert split_of(name, identifier) == expected
    assert split_of("fpi", 15970) == split_of("fpi-large", "15970")  # the same product, the same split


def test_split_rule_where_the_publisher_has_his_own() -> None:
    with pytest.raises(DataError, match="publisher's own"):
        split_of("clothing", "x")


def test_string_codes() -> None:
    codes = string_codes(["b", None, "a", "?"], ("a", "b"))
    assert codes.dtype == np.int64
    assert codes.tolist() == [1, -1, 0, -1]


@pytest.mark.parametrize(
    ("gender", "category", "label"),
    [
        ("Men", "Apparel", "Men/Apparel"),
        ("Women", "Apparel", "Women/Apparel"),
        ("Men", "Accessories", "Men/Accessories"),
        ("Women", "Accessories", "Women/Accessories"),
        # everything else is Other
        ("Men", "Footwear", "Men/Other"),
        ("Women", "Personal Care", "Women/Other"),
        ("Women", "Free Items", "Women/Other"),
        ("Men", "Sporting Goods", "Men/Other"),
        # departments that are neither have no label
        ("Unisex", "Apparel", None),
        ("Boys", "Apparel", None),
        ("Girls", "Footwear", None),
        (None, "Apparel", None),
        # a missing category has none either
        ("Men", None, None),
        ("Women", "", None),
        # the spelling is the publisher's
        ("men", "Apparel", None),
    ],
)
def test_gender_category(gender: str | None, category: str | None, label: str | None) -> None:
    task = TASKS["gender_category"]
    assert gender_category({"gender": gender, "masterCategory": category}) == label
    assert label is None or label in task.classes
    assert set(task.columns) == {"gender", "masterCategory"}


def test_street_labels_keep_to_the_split_rule() -> None:
    with _FILE.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    ids = [int(r["id"]) for r in rows]
    assert len(set(ids)) == len(ids)
    assert {r["department"] for r in rows} <= {"Men", "Women", "unclear"}
    for row in rows:
        assert row["split"] == split_of("ccp", int(row["id"]))
        assert row["split"] != "holdout"
        if row["split"] in ("validation", "test"):
            assert row["how"] == "viewed"  # what is scored has been looked at
    counted = Counter(r["split"] for r in rows if r["department"] != "unclear")
    assert {s: len(street_ids(s)) for s in counted} == counted
    assert street_ids("train").isdisjoint(street_ids("test"))
    assert {street_label({"id": i}) for i in street_ids("test")} == {"Men/Apparel", "Women/Apparel"}
    assert street_label({"id": 10**9}) is None


def real(name: str) -> Path:
    folder = data_root() / name
    if not any(folder.glob("*.parquet")):
        pytest.skip(f"{name} is not in {data_root()}; `fashionviz data fetch {name}` brings it")
    return folder


@pytest.mark.parametrize(
    ("name", "split", "columns"),
    [
        ("fpi", "validation", {"id", "gender", "masterCategory", "image"}),
        ("fpi-large", "validation", {"id", "gender", "masterCategory", "image"}),
        ("clothing", "validation", {"id", "label", "label10", "image"}),
        ("ccp", "validation", {"id", "tags", "image", "mask"}),
        ("ccp", "tags", {"id", "tags", "image"}),
    ],
)
def test_real_sets_open(name: str, split: str, columns: set[str]) -> None:
    real(name)
    data = open_set(name, split)
    assert columns <= set(data.columns)
    ids = data.table(["id"]).column("id").to_pylist()
    assert len(set(ids)) == len(ids) == len(data)
    if name in sets.SPLIT_BOUNDS and split != "tags":
        assert {split_of(name, i) for i in ids} == {split}
    last = len(data) - 1
    assert data.images([last])[last][:2] == b"\xff\xd8"
