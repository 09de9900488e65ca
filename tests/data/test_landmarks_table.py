"""The fifty article types, arrays, the Parquet table and the command."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import CliRunner

from fashionviz.cli import app
from fashionviz.data.landmarks.derive import from_photo
from fashionviz.data.landmarks.kinds import CATEGORIES, LANDMARKS, NOTE, Kind, articles, kind_of, most_frequent
from fashionviz.data.landmarks.sheet import CELL, contact_sheet
from fashionviz.data.landmarks.table import Record, arrays, derive_rows, read_landmarks, tally, write_landmarks
from fashionviz.data.sets import data_root, open_set
from fashionviz.errors import DataError
from tests.data.test_landmarks_catalogue import person
from tests.data.test_landmarks_street import NAMES, scene


def _png(pixels: np.ndarray) -> dict[str, object]:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": "x.png"}


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Three photos: a worn shirt, an empty one, a watch."""
    folder = tmp_path / "shop"
    folder.mkdir()
    empty = np.full((224, 168, 3), 255, np.uint8)
    rows = [
        {"id": 7, "articleType": "Tshirts", "image": _png(person())},
        {"id": 8, "articleType": "Jeans", "image": _png(empty)},
        {"id": 9, "articleType": "Watches", "image": _png(person())},
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "train-00000-of-00001.parquet")
    return folder


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """One street photo with its mask."""
    folder = tmp_path / "street"
    folder.mkdir()
    row = {"id": 1, "image": _png(np.full((260, 200, 3), 90, np.uint8)), "mask": _png(scene())}
    pq.write_table(pa.Table.from_pylist([row]), folder / "train-00000-of-00001.parquet")
    (folder / "labels.txt").write_text("\n".join(NAMES))
    return folder


def test_fifty_article_types_each_with_a_kind() -> None:
    found = articles()
    assert len(found) == CATEGORIES
    assert list(found)[:3] == ["Tshirts", "Shirts", "Casual Shoes"]
    assert kind_of("Dresses") is Kind.FULL
    assert kind_of("Jeans") is Kind.LOWER
    assert kind_of("Kurtas") is Kind.UPPER
    assert kind_of("Watches") is kind_of("Sarees") is kind_of("no such type") is kind_of(None) is Kind.NONE


def test_the_fifty_are_those_of_the_count() -> None:
    if not (data_root() / "fpi").is_dir():
        pytest.skip("the catalogue is not here")
    values = open_set("fpi", "train").table(["articleType"]).column("articleType").to_pylist()
    assert [name for name, _ in most_frequent(values)] == list(articles())


def test_equally_frequent_values_come_by_name() -> None:
    assert most_frequent(["b", "a", None, "c", "c", ""], 2) == (("c", 2), ("a", 1))


def test_each_kind_has_its_places() -> None:
    assert [LANDMARKS[i] for i in Kind.LOWER.places] == ["left_waist", "right_waist", "left_hem", "right_hem"]
    assert Kind.FULL.places == tuple(range(8))
    assert Kind.UPPER.places == (0, 1, 2, 3, 6, 7)
    assert Kind.NONE.places == ()


def test_rows_become_arrays_with_refusals_as_nothing(catalogue: Path) -> None:
    records = list(derive_rows(open_set(catalogue, "train")))
    assert [(r.row, r.id, r.garment) for r in records] == [(0, "7", "Tshirts"), (1, "8", "Jeans")]
    points, visibility, sizes = arrays(records)
    assert points.shape == (2, 8, 2)
    assert points.dtype == np.float32
    assert visibility.shape == (2, 8)
    assert np.isfinite(points[0, [0, 1, 2, 3, 6, 7]]).all()
    assert np.isnan(points[1]).all()
    assert visibility[1].tolist() == [0] * 8
    assert sizes[0] > 100
    assert sizes[1] == 0
    assert arrays([])[0].shape == (0, 8, 2)


def test_a_table_is_read_as_it_was_written_and_says_that_it_is_derived(catalogue: Path, tmp_path: Path) -> None:
    records = list(derive_rows(open_set(catalogue, "train")))
    path = tmp_path / "out" / "landmarks.parquet"
    write_landmarks(records, path)
    assert pq.read_schema(path).metadata[b"note"].decode() == NOTE
    again = read_landmarks(path)
    for before, after in zip(arrays(records), arrays(again), strict=True):
        np.testing.assert_array_equal(before, after)
    assert tally(again) == tally(records) == {
        "lower": {"nothing large enough stands on the ground": 1},
        "upper": {"": 1},
    }  # fmt: skip
    with pytest.raises(DataError, match="not a readable"):
        read_landmarks(catalogue / "train-00000-of-00001.parquet")


def test_a_set_without_types_or_masks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.parquet"
    pq.write_table(pa.table({"id": [1]}), path)
    with pytest.raises(DataError, match="neither"):
        derive_rows(open_set(path))


def test_the_sheet_shows_the_dots_and_numbers_the_photos() -> None:
    pixels = person()
    record = Record(0, "1", "Tshirts", from_photo(pixels, Kind.UPPER))
    sheet = contact_sheet([(record, pixels)] * 6, columns=5)
    assert sheet.shape[1] == 5 * CELL[0]
    assert CELL[0] >= 220
    orange = (np.abs(sheet.astype(int) - (0xD5, 0x5E, 0x00)).sum(-1) < 12).sum()
    assert orange > 6 * 2 * 60  # two collars on each of six


def test_the_command_prints_counts_and_reasons_and_writes_files(catalogue: Path, tmp_path: Path) -> None:
    out, sheet = tmp_path / "x.parquet", tmp_path / "x.png"
    result = CliRunner().invoke(
        app, ["data", "landmarks", str(catalogue), "--out", str(out), "--sheet", str(sheet), "--json"]
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["note"] == NOTE
    assert (told["photos"], told["garments"], told["landmarks"]) == (2, 2, 1)
    assert told["kinds"]["lower"]["refused"] == {"nothing large enough stands on the ground": 1}
    assert len(read_landmarks(out)) == 2
    with Image.open(sheet) as picture:
        assert picture.size[0] == 5 * CELL[0]


def test_the_command_draws_the_same_photos_for_the_same_seed(catalogue: Path, tmp_path: Path) -> None:
    def draw(seed: int) -> list[int]:
        out = tmp_path / f"{seed}.parquet"
        arguments = ["data", "landmarks", str(catalogue), "--limit", "1", "--seed", str(seed), "--out", str(out)]
        assert CliRunner().invoke(app, [*arguments, "--json"]).exit_code == 0
        return [r.row for r in read_landmarks(out)]

    assert draw(3) == draw(3)
    assert len(draw(3)) == 1
    assert {tuple(draw(s)) for s in range(8)} == {(0,), (1,)}


def test_the_command_reads_street_masks_and_prints_a_table(street: Path) -> None:
    result = CliRunner().invoke(app, ["data", "landmarks", str(street)])
    assert result.exit_code == 0, result.output
    assert "upper" in result.output
    assert "lower" in result.output
    (street / "labels.txt").unlink()
    assert CliRunner().invoke(app, ["data", "landmarks", str(street)]).exit_code == 2


@pytest.mark.parametrize("arguments", [["--out", "x.csv"], ["--sheet", "x.jpg"], ["--split", "nope"]])
def test_the_command_refuses_what_makes_no_sense(catalogue: Path, arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["data", "landmarks", str(catalogue), *arguments]).exit_code == 2
