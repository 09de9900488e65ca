"""Fashion Product Images from Kaggle's folder, through Kaggle's client and from a mirror."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fashionviz import images
from fashionviz.data.fetch import fetch
from fashionviz.data.publishers import PUBLICATIONS
from fashionviz.data.sets import open_set, split_of
from fashionviz.errors import FetchError
from tests.data.archives import photo

STYLES = (
    "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n"
    "15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011.0,Casual,Turtle Check Men Navy Blue Shirt\n"
    "39386,Men,Apparel,Bottomwear,Jeans,,Summer,,Casual,Jeans, blue, two of them\n"
    "59263,Women,Accessories,Watches,Watches,Silver,Winter,2016.0,NA,Titan Women Silver Watch\n"
    "1163,Men,Apparel,Topwear,Tshirts,Blue,Summer,2011.0,Sports,No picture of this one\n"
    "1164,Men,Apparel,Topwear,Tshirts,Blue,Summer,2011.0,Sports,Damaged\n"
)


def kaggle_folder(folder: Path, size: tuple[int, int] = (60, 80)) -> Path:
    (folder / "images").mkdir(parents=True)
    (folder / "styles.csv").write_text(STYLES)
    for identifier in (15970, 39386, 59263):
        (folder / "images" / f"{identifier}.jpg").write_bytes(photo(identifier, *size))
    (folder / "images" / "1164.jpg").write_bytes(photo(1, *size)[:300])
    return folder


def all_rows(folder: Path) -> dict[int, dict[str, Any]]:
    return {r["id"]: r for r in open_set(folder).rows()}


def test_fpi_from_kaggles_folder(tmp_path: Path) -> None:
    source = kaggle_folder(tmp_path / "kaggle")
    result = fetch("fpi", to=tmp_path, source=str(source), partial=True)
    rows = all_rows(tmp_path / "fpi")
    assert set(rows) == {15970, 39386, 59263}
    assert rows[15970]["image"] == {"bytes": photo(15970, 60, 80), "path": "15970.jpg"}  # as published
    assert rows[15970]["year"] == 2011
    assert rows[39386]["productDisplayName"] == "Jeans, blue, two of them"
    assert (rows[39386]["baseColour"], rows[39386]["year"], rows[59263]["usage"]) == (None, None, None)
    for identifier in rows:
        split = split_of("fpi", identifier)
        assert identifier in open_set(tmp_path / "fpi", split).table(["id"]).column("id").to_pylist()
    assert [r.split(":")[0] for r in result.refused] == ["1164.jpg"]


def test_fpi_large_is_reduced(tmp_path: Path) -> None:
    source = kaggle_folder(tmp_path / "kaggle" / "fashion-dataset", (450, 600))
    fetch("fpi-large", to=tmp_path, source=str(source.parent), partial=True)
    decoded = images.decode(all_rows(tmp_path / "fpi-large")[15970]["image"]["bytes"])
    assert (decoded.width, decoded.height) == (168, 224)


def mirror_table() -> bytes:
    rows = [
        {"id": i, "gender": "Men", "masterCategory": "Apparel", "year": 2011.0,
         "image": {"bytes": photo(i, 60, 80), "path": None}} for i in (1, 2, 3, 3)
    ]  # fmt: skip
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def test_fpi_from_a_parquet_mirror(publisher: Any, tmp_path: Path) -> None:
    for remote in PUBLICATIONS["fpi"].mirror:
        publisher.files[f"/{remote.name}"] = mirror_table()
    fetch("fpi", to=tmp_path, source=publisher.url, partial=True)
    rows = all_rows(tmp_path / "fpi")
    assert set(rows) == {1, 2, 3}  # twice the same id is once the same row
    assert rows[1]["image"]["path"] == "1.jpg"
    assert rows[1]["year"] == 2011
    assert rows[1]["season"] is None


def test_fpi_mirror_without_labels_is_refused(publisher: Any, tmp_path: Path) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": [1]}), out)
    for remote in PUBLICATIONS["fpi"].mirror:
        publisher.files[f"/{remote.name}"] = out.getvalue()
    with pytest.raises(FetchError, match="lacks the column"):
        fetch("fpi", to=tmp_path, source=publisher.url)


def test_kaggle_without_its_client_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kagglehub", None)
    with pytest.raises(FetchError, match=r"pip install kagglehub.*--from huggingface"):
        fetch("fpi", to=tmp_path)


@pytest.mark.parametrize(
    ("words", "expected"), [("401 Client Error", "KAGGLE_KEY"), ("Name or service not known", "could not be reached")]
)
def test_kaggle_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, expected: str) -> None:
    def refuse(_handle: str) -> str:
        raise RuntimeError(words)

    client = type("Client", (), {"dataset_download": staticmethod(refuse)})
    monkeypatch.setitem(__import__("sys").modules, "kagglehub", client)
    with pytest.raises(FetchError, match=expected):
        fetch("fpi", to=tmp_path)


def test_kaggle_download_is_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = kaggle_folder(tmp_path / "kaggle")
    client = type("Client", (), {"dataset_download": staticmethod(lambda _handle: str(source))})
    monkeypatch.setitem(__import__("sys").modules, "kagglehub", client)
    assert sum(fetch("fpi", to=tmp_path, partial=True).splits.values()) == 3
