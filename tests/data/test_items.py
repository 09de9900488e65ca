"""Items by their name in an address."""

import io
import shlex
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import CliRunner

from apps.lab.snippets import sendable
from fashionviz.cli import app
from fashionviz.data.item_command import file_of
from fashionviz.data.items import ItemRef, item_bytes, item_photo, parse_item
from fashionviz.errors import DataError, ImageError, InvalidRequest
from fashionviz.photo_files import read_photo


def png(shade: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((12, 10, 3), shade, dtype=np.uint8)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Thirty items in three row groups; item 107 has a damaged picture."""
    (tmp_path / "fpi").mkdir()
    pictures = [png(i) if i != 7 else b"nothing" for i in range(30)]
    table = pa.table({"id": [100 + i for i in range(30)], "image": [{"bytes": p, "path": None} for p in pictures]})
    pq.write_table(table, tmp_path / "fpi" / "test-00000-of-00001.parquet", row_group_size=10)
    pq.write_table(table.select(["image"]), tmp_path / "fpi" / "train-00000-of-00001.parquet")
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path))
    return tmp_path


def test_a_name_is_read_and_written() -> None:
    item = parse_item(" clothing:validation:97074b7f-706a ")
    assert item == ItemRef("clothing", "validation", "97074b7f-706a")
    assert str(item) == "clothing:validation:97074b7f-706a"
    assert parse_item("fpi:test:a:b").id == "a:b"


@pytest.mark.parametrize(
    "text",
    ["", "fpi", "fpi:test", "fpi:test:", "../etc:test:1", "/etc:test:1", "fpi:../x:1", "fpi:test:a\nb", "mine:test:1"],
)
def test_what_names_no_item_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_item(text)


def test_the_photo_is_that_of_the_id(folder: Path) -> None:
    assert item_photo(ItemRef("fpi", "test", "123")).pixels[0, 0].tolist() == [23, 23, 23]
    assert item_photo(ItemRef("fpi", "train", "5")).pixels[0, 0].tolist() == [5, 5, 5], "without ids, the row's number"
    assert set(item_bytes("fpi", "test", ["104", "999", "125"])) == {"104", "125"}


def test_only_the_wanted_row_group_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = pq.ParquetFile.read_row_group

    def counted(self: pq.ParquetFile, group: int, **kwargs: object) -> pa.Table:
        read.append(group)
        return real(self, group, **kwargs)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    item_photo(ItemRef("fpi", "test", "123"))
    assert read == [2]


@pytest.mark.parametrize(
    ("item", "error", "words"),
    [
        (ItemRef("fpi", "test", "999"), DataError, "no item '999'"),
        (ItemRef("fpi", "holdout", "100"), DataError, "no split 'holdout'"),
        (ItemRef("ccp", "test", "1"), DataError, "fashionviz data fetch ccp"),
        (ItemRef("fpi", "test", "107"), ImageError, "picture"),
        (ItemRef("fpi", "train", "30"), DataError, "no item"),
    ],
)
def test_what_is_not_there_is_one_sentence(folder: Path, item: ItemRef, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        item_photo(item)


def test_code_that_a_page_shows_of_an_item_reads_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert read_photo("fpi:test:112").pixels[0, 0, 0] == 12
    with pytest.raises(DataError, match="999"):
        read_photo("fpi:test:999")
    Path("fpi:test:112").write_bytes(png(200))  # a file of that name comes first
    assert read_photo("fpi:test:112").pixels[0, 0, 0] == 200
    with pytest.raises(ImageError, match="No such file"):
        read_photo("shirt:png")


def test_an_item_is_saved_for_what_reads_files_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`curl` among them: the line that a page shows before it is run here."""
    monkeypatch.chdir(folder)
    first, file = sendable("fpi:test:112")
    words = shlex.split(first)
    assert words[0] == "fashionviz"
    result = CliRunner().invoke(app, words[1:])
    assert result.exit_code == 0, result.output
    assert (read_photo(file).pixels == item_photo(ItemRef("fpi", "test", "112")).pixels).all()
    assert file == "112.png"
    assert sendable("it's.png") == ("", "it's.png")
    assert file_of(ItemRef("fpi", "test", "../../a b")) == "a-b.png"
    for bad in (["fpi:test:999"], ["nothing"], ["fpi:test:112", "--out", "a.jpg"]):
        result = CliRunner().invoke(app, ["data", "item", *bad])
        assert result.exit_code in (1, 2)
        assert "Traceback" not in result.output
    assert not Path("a.jpg").exists()
