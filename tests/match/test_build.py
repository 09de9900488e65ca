"""From photos to items: what is read, refused, kept and resumed; what ships and what is exported."""

from __future__ import annotations

import io
import shutil
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fashionviz.data.examples import KINDS
from fashionviz.errors import Cancelled, DataError, InvalidRequest
from fashionviz.images import Photo, encode_png
from fashionviz.match import ship as shipping
from fashionviz.match.build import build, open_for_build
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.errors import EmbedderMismatch, UnknownItem
from fashionviz.match.export import export
from fashionviz.match.pictures import picture_of, pictures_of
from fashionviz.match.protocols import WholePhoto
from fashionviz.match.sources import (
    DEMO,
    DemoSource,
    FolderSource,
    MemorySource,
    ParquetSource,
    PhotosSource,
    open_source,
)
from fashionviz.results import Box, ModelRef
from tests.match.fakes import Colours


def picture(colour: tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> bytes:
    return encode_png(np.full((size[1], size[0], 3), colour, np.uint8))


def jpeg(colour: tuple[int, int, int]) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "a secret description"
    out = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "shirts").mkdir(parents=True)
    (root / "red.png").write_bytes(picture((220, 20, 20)))
    (root / "shirts" / "blue.jpg").write_bytes(jpeg((20, 20, 220)))
    (root / "broken.jpg").write_bytes(b"\xff\xd8\xff not a photo")
    (root / "phone.heic").write_bytes(b"heic")
    (root / "items.csv").write_text("file,title,price,code,note\nred.png,Red shirt,19.90,007,\n", encoding="utf-8")
    return root


def start(tmp_path: Path, source: object, **choices: object) -> Catalogue:
    return open_for_build(tmp_path / "c", source, Colours(), WholePhoto(), **choices)


def test_a_folder_with_its_table(tmp_path: Path, folder: Path) -> None:
    source = FolderSource(folder)
    catalogue = start(tmp_path, source)
    seen = []
    result = build(catalogue, source, Colours(), on_progress=seen.append)
    assert (result.total, result.added, result.kept) == (3, 2, 0)
    assert [(r.id, r.reason[:27]) for r in result.refused] == [("broken.jpg", "The picture is damaged or c")]
    assert [p.done for p in seen] == [1, 2, 3]
    assert source.left_out == ((".heic", 1),)
    items = catalogue.items(["red.png", "shirts/blue.jpg"])
    assert (items["red.png"].title, items["red.png"].category) == ("Red shirt", None)
    assert items["red.png"].metadata == {"price": 19.9, "code": "007"}
    assert (items["shirts/blue.jpg"].title, items["shirts/blue.jpg"].category) == ("blue", "shirts")
    found = catalogue.search(Colours().embed([np.full((9, 9, 3), (210, 30, 30), np.uint8)]), 2)[0]
    assert found.ids == ("red.png", "shirts/blue.jpg")
    small = picture_of(catalogue, "shirts/blue.jpg")
    assert b"secret" not in small
    opened = Image.open(io.BytesIO(small))
    assert (opened.format, opened.size, dict(opened.getexif())) == ("WEBP", (224, 168), {})


def test_again_only_what_changed_is_embedded(tmp_path: Path, folder: Path) -> None:
    class Counting(Colours):
        count = 0

        def embed(self, pictures):  # type: ignore[no-untyped-def]
            Counting.count += len(pictures)
            return super().embed(pictures)

    catalogue = start(tmp_path, FolderSource(folder))
    build(catalogue, FolderSource(folder), Counting())
    again = build(catalogue, FolderSource(folder), Counting())
    assert (again.added, again.replaced, again.kept, Counting.count) == (0, 0, 2, 2)
    (folder / "items.csv").write_text("file,title,price\nred.png,Red shirt,9.90\n")
    (folder / "broken.jpg").write_bytes(jpeg((1, 200, 1)))
    again = build(catalogue, FolderSource(folder), Counting())
    assert (again.added, again.replaced, again.kept, again.refused) == (1, 1, 1, ())
    assert catalogue.items(["red.png"])["red.png"].metadata == {"price": 9.9}
    assert catalogue.refusals() == []
    assert len(catalogue) == 3


def test_stopped_it_goes_on(tmp_path: Path) -> None:
    source = MemorySource([(f"{i}.png", picture((i, 90, 255 - i))) for i in range(150)], "a test")
    catalogue = start(tmp_path, source)
    stop = threading.Event()
    with pytest.raises(Cancelled):
        build(catalogue, source, Colours(), cancel=stop, on_progress=lambda p: stop.set() if p.done == 100 else None)
    assert len(catalogue) == 64  # the batch that was committed
    rest = build(catalogue, source, Colours())
    assert (rest.added, rest.kept, len(catalogue)) == (150 - 64, 64, 150)


def test_the_demos_items_say_how_they_were_drawn() -> None:
    first = next(iter(DemoSource(1)))
    assert (first.id, first.category, first.metadata) == ("t-shirt-0", "tops", {"kind": "t-shirt", "seed": 0})
    assert len(DemoSource(3)) == 36
    assert set(DEMO) == {kind for kind in KINDS if not kind.startswith("street")}


def test_another_embedder_or_cropper_is_refused_and_overwrite_begins_anew(tmp_path: Path, folder: Path) -> None:
    class Other(Colours):
        ref = ModelRef("colours.item", "b" * 64)

    class Half:
        name = "left half"

        def crop(self, photo: Photo) -> Box:
            return (0, 0, photo.width / 2, photo.height)

    source = FolderSource(folder)
    build(start(tmp_path, source), source, Colours())
    with pytest.raises(EmbedderMismatch):
        open_for_build(tmp_path / "c", source, Other(), WholePhoto())
    with pytest.raises(InvalidRequest, match="was built with 'whole photo'"):
        open_for_build(tmp_path / "c", source, Colours(), Half())
    catalogue = open_for_build(tmp_path / "c", source, Other(), Half(), overwrite=True)
    assert len(catalogue) == 0
    build(catalogue, source, Other(), cropper=Half())
    assert catalogue.items(["red.png"])["red.png"].box == (0, 0, 20, 30)
    assert catalogue.info().cropper == "left half"


def write_set(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(root))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(root / "cache"))
    (root / "fpi").mkdir(parents=True)
    for split, ids in (("train", [1, 2]), ("test", [3])):
        rows = {
            "id": ids,
            "articleType": ["Tshirts", "Watches"][: len(ids)],
            "season": [None, "Summer"][: len(ids)],
            "productDisplayName": [f"Item {i}" for i in ids],
            "image": [{"bytes": picture((60 * i, 10, 10)), "path": None} for i in ids],
        }
        pq.write_table(pa.table(rows), root / "fpi" / f"{split}-00000-of-00001.parquet")


def test_a_data_set_its_pictures_where_it_is_and_what_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_set(tmp_path / "data", monkeypatch)
    source = open_source("fpi")
    assert (len(source), source.words) == (3, "fpi, all splits")
    catalogue = start(tmp_path, source)
    build(catalogue, source, Colours(), thumbnails=False)
    items = catalogue.items(["1", "2", "3"])
    assert [items[i].category for i in "123"] == ["tops", "watches", "tops"]
    assert [items[i].source for i in "123"] == ["fpi:train:1", "fpi:train:2", "fpi:test:3"]
    assert items["2"].metadata == {"articleType": "Watches", "season": "Summer"}
    assert items["1"].metadata == {"articleType": "Tshirts"}
    assert items["1"].title == "Item 1"
    assert set(pictures_of(catalogue, "123")) == set("123")

    with pytest.raises(Exception, match=r"colours\.item"):  # no network of the registry
        shipping.ship(catalogue, tmp_path / "package")
    monkeypatch.setattr(shipping, "_must_embed_items", lambda name, ref: None)
    path = shipping.ship(catalogue, tmp_path / "package")
    shipped = Catalogue(path.parent, read_only=True)
    assert (shipped.info().packing, shipped.info().thumbnails, shipped.embedder) == ("int8", 0, Colours.ref)
    query = Colours().embed([np.full((9, 9, 3), (60, 12, 9), np.uint8)])
    one, other = shipped.search(query, 3)[0], catalogue.search(query, 3)[0]
    assert one.ids == other.ids
    assert one.scores == pytest.approx(other.scores, abs=0.01)
    assert shipped.items(["3"]) == catalogue.items(["3"])
    monkeypatch.setattr(shipping, "MAX_BYTES", 1000)
    with pytest.raises(InvalidRequest, match="may ship"):
        shipping.ship(catalogue, tmp_path / "package2")
    assert not list((tmp_path / "package2").rglob("*.sqlite*"))

    shutil.rmtree(tmp_path / "data" / "fpi")
    assert pictures_of(catalogue, "123") == {}
    with pytest.raises(UnknownItem, match="no picture"):
        picture_of(catalogue, "1")
    with pytest.raises(UnknownItem, match="has no item"):
        picture_of(catalogue, "9")


def test_what_is_exported_can_be_built_from(tmp_path: Path, folder: Path) -> None:
    source = FolderSource(folder)
    catalogue = start(tmp_path, source)
    build(catalogue, source, Colours())
    assert export(catalogue, tmp_path / "out" / "all.parquet") == 2
    table = pq.read_table(tmp_path / "out" / "all.parquet")
    assert np.array(table.column("vector").to_pylist()[0]) == pytest.approx(catalogue.vectors(["red.png"])[0])
    back = list(ParquetSource(tmp_path / "out" / "all.parquet"))
    first = back[0]
    assert (first.id, first.category, first.title) == ("red.png", None, "Red shirt")
    assert first.metadata == {"price": 19.9, "code": "007"}
    with pytest.raises(InvalidRequest, match=r"end in \.parquet"):
        export(catalogue, tmp_path / "all.csv")


def test_sources_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InvalidRequest, match="There is no folder"):
        open_source(str(tmp_path / "nothing"))
    with pytest.raises(DataError, match="no data set"):
        open_source("nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidRequest):
        open_source(str(tmp_path / "empty"))
    (tmp_path / "empty" / "a.png").write_bytes(picture((1, 2, 3)))
    (tmp_path / "empty" / "items.csv").write_text("name,price\na,1\n")
    with pytest.raises(InvalidRequest, match="needs a column 'file'"):
        open_source(str(tmp_path / "empty"))
    pq.write_table(pa.table({"id": [1]}), tmp_path / "bare.parquet")
    with pytest.raises(DataError, match="holds no pictures"):
        open_source(str(tmp_path / "bare.parquet"))


def test_single_photos_and_photos_in_memory(tmp_path: Path, folder: Path) -> None:
    source = PhotosSource([folder / "red.png", folder / "missing.png"], "tops", None, {"price": 5})
    catalogue = start(tmp_path, source)
    result = build(catalogue, source, Colours())
    assert catalogue.items(["red.png"])["red.png"].metadata == {"price": 5}
    assert [r.id for r in result.refused] == ["missing.png"]
    dropped = MemorySource([("a.png", picture((1, 1, 1))), ("a.png", picture((9, 9, 9)))], "dropped photos")
    build(catalogue, dropped, Colours())
    assert len(catalogue.items(["a.png", "a.png (2)"])) == 2


def test_two_photos_with_one_id_are_not_mixed_up(tmp_path: Path, folder: Path) -> None:
    (folder / "items.csv").write_text("file,id\nred.png,X\nshirts/blue.jpg,X\n")
    source = FolderSource(folder)
    catalogue = start(tmp_path, source)
    result = build(catalogue, source, Colours())
    assert result.added == 1
    assert {r.id for r in result.refused} == {"broken.jpg", "X"}
    assert catalogue.items(["X"])["X"].title == "red"
