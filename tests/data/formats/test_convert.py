"""Converted sets are data sets: they open, keep pictures and labels, and appear whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fashionviz.cli import app
from fashionviz.data import pack
from fashionviz.data.formats import convert as module
from fashionviz.data.formats.convert import convert
from fashionviz.data.formats.problems import Kind
from fashionviz.data.formats.registry import FORMATS, open_format
from fashionviz.data.sets import image_bytes, open_set
from fashionviz.errors import DataError, InvalidRequest, StorageError
from tests.data.formats import writers
from tests.data.formats.writers import HEIGHT, WIDTH, item, jpeg, put

WRITERS: dict[str, Callable[[Path], Path]] = {
    "deepfashion": writers.deepfashion,
    "deepfashion2": writers.deepfashion2,
    "imaterialist": writers.imaterialist,
    "street2shop": writers.street2shop,
}


@pytest.mark.parametrize("name", list(FORMATS))
def test_round_trip(tmp_path: Path, name: str) -> None:
    root, out = WRITERS[name](tmp_path / "published"), tmp_path / "mine"
    done: list[tuple[int, int]] = []
    result = convert(open_format(name, root), out, on_rows=lambda n, total: done.append((n, total)))
    rows = list(open_format(name, root))
    assert sum(result.splits.values()) == len(rows) == len(open_set(out))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "published"]
    for split in result.splits:
        expected = [row for row in rows if row.split == split]
        packed = list(open_set(out, split).rows())
        assert [row["id"] for row in packed] == [row.id for row in expected]
        for row, was in zip(packed, expected, strict=True):
            assert image_bytes(row) == was.image.read_bytes()
            assert row["image"]["path"] == was.image.relative_to(root).as_posix()
            assert (row["category"], row["product"]) == (was.category, was.product)
            assert tuple(row["attributes"]) == was.attributes
            assert tuple(tuple(p) for p in row["polygons"]) == was.polygons
            assert dict(row["extra"]) == dict(was.extra)
            assert (row["width"], row["height"]) == (WIDTH, HEIGHT)
            for mark in row["landmarks"]:
                x, y, visibility = was.landmarks[mark["name"]]
                place = (None, None) if visibility == "outside" else (x, y)
                assert (mark["x"], mark["y"], mark["visibility"]) == (*place, visibility)
            assert len(row["landmarks"]) == len(was.landmarks)
    assert done[-1][0] == len(rows)
    assert all(n <= total for n, total in done)


def test_boxes_are_cut_off_at_the_border(tmp_path: Path) -> None:
    result = convert(open_format("deepfashion", writers.deepfashion(tmp_path / "d")), tmp_path / "out")
    boxes = {row["id"]: row["box"] for row in open_set(tmp_path / "out").rows(["id", "box"])}
    assert boxes["img/Blue_Jeans/img_01.jpg"] == [0, 0, WIDTH, HEIGHT]
    assert boxes["img/Gown/img_01.jpg"] == [5, 5, WIDTH, HEIGHT]
    assert boxes["img/Lone/1.jpg"] is None
    assert result.problems.examples(Kind.BOX_OUTSIDE) == ("img/Gown/img_01.jpg: 5,5,45,70 in 40×60",)


def test_labels_beyond_the_picture_and_pictures_that_are_none(tmp_path: Path) -> None:
    root = writers.deepfashion2(tmp_path / "d")
    marks = [500, 10, 2, *[1, 1, 2] * 7]
    beyond = item(bounding_box=[100, 100, 120, 120], landmarks=marks)
    put(root / "train/annos/000001.json", json.dumps({"pair_id": "\ud800", "item1": beyond}))
    put(root / "train/annos/000002.json", json.dumps({"item1": item()}))
    put(root / "train/image/000002.jpg", jpeg()[:-60])
    put(root / "train/annos/000003.json", json.dumps({"item1": item()}))
    put(root / "train/image/000003.jpg", "no picture")
    result = convert(open_format("deepfashion2", root, "train"), tmp_path / "out")
    assert result.splits == {"train": 1}
    (row,) = open_set(tmp_path / "out").rows()
    assert row["box"] is None
    assert [mark["name"] for mark in row["landmarks"]] == [str(i) for i in range(2, 9)]
    assert dict(row["extra"])["pair_id"] == "\\ud800"
    assert result.problems.examples(Kind.BAD_LANDMARKS) == ("train/000001-1: 1 500,10 in 40×60",)
    assert result.problems.count(Kind.BAD_BOX) == 1
    unreadable = result.problems.examples(Kind.UNREADABLE)
    assert [text.split(":")[0] for text in unreadable] == ["train/image/000002.jpg", "train/image/000003.jpg"]


def test_splits_are_added_and_never_replaced(tmp_path: Path) -> None:
    root, out = writers.deepfashion(tmp_path / "d"), tmp_path / "out"
    assert convert(open_format("deepfashion", root, "train"), out, limit=1).splits == {"train": 1}
    assert convert(open_format("deepfashion", root, "test"), out).splits == {"test": 1}
    with pytest.raises(InvalidRequest, match="already holds test and train"):
        convert(open_format("deepfashion", root), out)
    assert len(open_set(out)) == 2
    with pytest.raises(InvalidRequest, match="is a file"):
        convert(open_format("deepfashion", root), root / "Anno/list_bbox.txt")


def test_a_limit_stops_the_reading(tmp_path: Path) -> None:
    root = writers.deepfashion(tmp_path / "d")
    seen: list[int] = []
    result = convert(
        open_format("deepfashion", root), tmp_path / "out", limit=1, on_rows=lambda n, _total: seen.append(n)
    )
    assert result.splits == {"train": 1, "validation": 1, "test": 1}
    assert seen == [1, 2, 3]


def test_rows_are_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "_GROUP_BYTES", 1)
    convert(open_format("deepfashion", writers.deepfashion(tmp_path / "d")), tmp_path / "out")
    assert pq.ParquetFile(tmp_path / "out/train-00000-of-00001.parquet").num_row_groups == 2


def test_nothing_is_left_of_a_run_that_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = writers.deepfashion2(tmp_path / "d")

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(open_format("deepfashion2", root), tmp_path / "out", on_rows=stop)

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module.Splits, "add", full)
        with pytest.raises(StorageError, match="No space left"):
            convert(open_format("deepfashion2", root), tmp_path / "out")
    for path in root.glob("*/image/*.jpg"):
        path.write_bytes(b"none")
    with pytest.raises(DataError, match=r"no row with a readable picture. There are 3 pictures that cannot be read"):
        convert(open_format("deepfashion2", root), tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["d"]


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["data", "convert", *arguments])


def test_the_command(tmp_path: Path) -> None:
    root, out = str(writers.imaterialist(tmp_path / "d")), str(tmp_path / "out")
    result = run("imaterialist", root, out, "--split", "train", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document == {
        "format": "imaterialist",
        "root": root,
        "path": out,
        "splits": {"train": 2},
        "problems": [
            {
                "kind": "no_picture",
                "words": "rows without a picture, left out",
                "count": 1,
                "examples": ["train.json, annotation 3: image 3"],
            }
        ],
    }
    assert len(open_set(out, "train")) == 2
    again = run("imaterialist", root, out, "--split", "validation")
    assert again.exit_code == 0
    assert again.stdout == ""
    assert "is ready: validation 1" in " ".join(again.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["coco", "D", "OUT"], "There is no format 'coco'; there are deepfashion,"),
        (["deepfashion", "NOWHERE", "OUT"], "There is no folder"),
        (["deepfashion", "D", "OUT", "--split", "shop"], "has the splits train, validation, test"),
        (["street2shop", "D", "OUT"], "lacks meta/json"),
    ],
)
def test_failures_of_the_command(tmp_path: Path, arguments: list[str], words: str) -> None:
    writers.deepfashion(tmp_path / "D")
    result = run(*(str(tmp_path / a) if a.isupper() else a for a in arguments))
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert not (tmp_path / "OUT").exists()
