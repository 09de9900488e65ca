"""The desk of the tab "Annotate": a visitor's collection and its table, with the models that are shipped."""

from __future__ import annotations

import csv
import io
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from apps.lab import desk as desks
from apps.lab.annotate_page import without_places
from apps.lab.desk import Desk
from fashionviz.annotate.run import annotate
from fashionviz.annotate.table import parse_table, table_bytes
from fashionviz.errors import Cancelled, DataError, InvalidRequest
from fashionviz.inference.engine import Engine
from fashionviz.results import Progress
from tests.apps.lab.collection import HEIC, SMALL, Counting, Send, jpeg, row
from tests.conftest import MODEL

pytestmark = pytest.mark.usefixtures("cache")


def left(tmp_path: Path) -> list[str]:
    return [p.name for p in (tmp_path / "uploads").rglob("*")]


def test_the_table_is_the_librarys_to_the_byte(desk: Desk, engine: Engine, sent: Send, tmp_path: Path) -> None:
    files = {
        "=1+1.jpg": jpeg("dress"),
        "shirt.jpg": jpeg("shirt"),
        "cut.jpg": jpeg("hat")[:900],
        "bag.JPEG": jpeg("handbag"),
    }
    receipt = desk.receive([sent(name, data) for name, data in files.items()])
    assert receipt == desks.Receipt(4, 0, ())
    assert left(tmp_path) == [], "uploads are deleted as they are taken"
    desk.annotate(engine, (MODEL, SMALL))
    folder, out = tmp_path / "same", tmp_path / "labels.csv"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    annotate(folder, out, models=(MODEL, SMALL), engine=engine)
    assert desk.csv() == out.read_bytes()
    cells = list(csv.DictReader(io.StringIO(desk.csv().decode())))
    assert len(cells) == 8
    assert {c["file"] for c in cells} == {"'=1+1.jpg", "shirt.jpg", "cut.jpg", "bag.JPEG"}
    assert all(("damaged or cut off" in c["error"]) == (c["file"] == "cut.jpg") for c in cells)


def test_no_photos_are_left_out_with_a_sentence(desk: Desk, sent: Send, tmp_path: Path) -> None:
    given = [sent("IMG_1.HEIC", HEIC), sent("notes.txt", b"words"), sent("photo", jpeg()), sent("ok.png", jpeg())]
    receipt = desk.receive([*given, sent("other.csv", b"a,b\n1,2\n"), sent("empty.jpg", b"")])
    assert desk.photos == ("empty.jpg", "ok.png")
    said = {words.split(" ")[0].rstrip(":"): words for words in receipt.refused}
    assert set(said) == {"IMG_1.HEIC", "notes.txt", "photo", "other.csv"}
    assert "HEIC" in said["IMG_1.HEIC"]
    assert "can be recognised" in said["notes.txt"]
    assert "ends in one of" in said["photo"]
    assert said["other.csv"].startswith("other.csv is no table of annotations")
    assert not any(str(tmp_path) in words for words in receipt.refused)
    assert left(tmp_path) == []


def test_a_csv_and_photos_go_on_where_an_earlier_run_stopped(desk: Desk, engine: Engine, sent: Send) -> None:
    shirt, dress = jpeg("shirt"), jpeg("dress")
    desk.receive([sent("shirt.jpg", shirt)])
    desk.annotate(engine, (MODEL,))
    earlier = [replace(r, file="men/shirt.jpg", corrected="Men/Other") for r in desk.rows]
    elsewhere = row("gone.jpg")
    again = Desk(desk.folder.parent)
    receipt = again.receive(
        [sent("dress.jpg", dress), sent("shirt.jpg", shirt), sent("labels.csv", table_bytes([*earlier, elsewhere]))]
    )
    assert receipt == desks.Receipt(2, 2, ())
    assert again.photos == ("dress.jpg", "men/shirt.jpg"), "a photo is known by its bytes"
    counting = Counting(engine)
    run = again.annotate(counting, (MODEL,))
    assert counting.asked == 1
    assert (run.new, run.kept, run.failed, run.elsewhere) == (1, 1, 0, 1)
    assert {r.file: r.corrected for r in again.rows} == {
        "dress.jpg": None,
        "gone.jpg": None,
        "men/shirt.jpg": "Men/Other",
    }
    assert parse_table(again.csv(), "x") == again.rows


@pytest.mark.parametrize(
    "file", ["../../evil.jpg", "/tmp/evil.jpg", ".hidden/evil.jpg", "a/../../evil.jpg", "evil.py", "x\0.jpg", "..", "/"]
)
def test_a_table_names_no_place_outside(desk: Desk, sent: Send, tmp_path: Path, file: str) -> None:
    assert not desks._harmless(file)
    photo = jpeg()
    desk.receive([sent("mine.jpg", photo)])
    digest = next(iter(desk._photos.values()))[0]
    desk.rows = (row(file, sha256=digest),)
    desk.receive([])
    assert desk.photos == ("mine.jpg",)
    assert [p.name for p in tmp_path.rglob("*.jpg")] == ["mine.jpg"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../evil.jpg", "evil.jpg"),
        (".jpg.jpg", "jpg.jpg"),
        ("...jpg", "photo.jpg"),
        ("a\0b.png", "ab.png"),
        ("é" * 300 + ".jpg", "é" * 88 + ".jpg"),
        ("\ud800.jpg", "?.jpg"),
    ],
)
def test_names_of_files_can_be_written(name: str, kept: str) -> None:
    assert desks._file_name(Path(name).name) == kept


def test_two_photos_of_one_name_are_two_and_the_same_photo_is_one(desk: Desk, sent: Send) -> None:
    one, two = jpeg("shirt"), jpeg("dress")
    assert desk.receive([sent("a.jpg", one), sent("a.jpg", two), sent("a.jpg", one)]).photos == 2
    assert desk.receive([sent("a.jpg", two)]).photos == 0
    assert desk.photos == ("a (2).jpg", "a.jpg")


def test_the_bounds_are_said(desk: Desk, sent: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desks, "MOST_PHOTOS", 2)
    receipt = desk.receive([sent(f"{i}.jpg", jpeg(seed=i)) for i in range(4)])
    assert receipt.photos == 2
    assert [words.split(":")[0] for words in receipt.refused] == ["2.jpg", "3.jpg"]
    assert "takes 2 photos" in receipt.refused[0]
    assert left(tmp_path) == []
    monkeypatch.setattr(desks, "MOST_PHOTOS", 9)
    monkeypatch.setattr(desks, "MOST_BYTES", desk.size + 10)
    assert "together may have" in desk.receive([sent("5.jpg", jpeg())]).refused[0]
    monkeypatch.setattr(desks, "MOST_ROWS", 1)
    assert "this page takes 1" in desk.receive([sent("t.csv", table_bytes([row("a.jpg"), row("b.jpg")]))]).refused[0]
    assert desk.rows == ()


def test_corrections_are_the_models_classes_and_can_be_taken_back(desk: Desk, engine: Engine) -> None:
    desk.rows = (row("a.jpg"), row("b.jpg"))
    desk.correct(engine, ("b.jpg", MODEL), "Women/Other")
    assert [r.corrected for r in parse_table(desk.csv(), "x")] == [None, "Women/Other"]
    with pytest.raises(InvalidRequest, match="no class 'Hat'"):
        desk.correct(engine, ("b.jpg", MODEL), "Hat")
    with pytest.raises(InvalidRequest, match=r"no row for c\.jpg"):
        desk.correct(engine, ("c.jpg", MODEL), None)
    desk.correct(engine, ("b.jpg", MODEL), None)
    assert [r.corrected for r in desk.rows] == [None, None]


def test_cancelling_and_correcting_while_it_runs_lose_nothing(desk: Desk, engine: Engine, sent: Send) -> None:
    desk.receive([sent(f"{i:02}.jpg", jpeg(seed=i)) for i in range(12)])
    desk.rows = (row("old.jpg"),)
    cancel = threading.Event()

    def on_progress(_: Progress) -> None:
        if not cancel.is_set():
            desk.correct(engine, ("old.jpg", MODEL), "Men/Other")
        cancel.set()

    with pytest.raises(Cancelled, match="Stopped after"):
        desk.annotate(engine, (SMALL,), on_progress, cancel)
    answered = [r for r in desk.rows if r.model == SMALL]
    assert 0 < len(answered) < 12
    assert next(r for r in desk.rows if r.file == "old.jpg").corrected == "Men/Other"
    counting = Counting(engine)
    run = desk.annotate(counting, (SMALL,))
    assert counting.asked == 12 - len(answered)
    assert run.kept == len(answered)
    assert len(desk.rows) == 13
    assert not list((desk.folder / "table").iterdir()), "the table on disk was for the run alone"


def test_everything_can_be_deleted_and_swept_photos_are_forgotten(desk: Desk, sent: Send, cache: Path) -> None:
    desk.receive([sent("a.jpg", jpeg()), sent("b.jpg", jpeg("shirt"))])
    small = desk.thumbnail("a.jpg")
    assert small is not None
    assert max(small.shape) <= desks.THUMB
    assert desk.thumbnail("no.jpg") is None
    (desk.root / "a.jpg").unlink()
    assert desk.photos == ("b.jpg",)
    assert desk.receive([sent("a.jpg", jpeg())]).photos == 1
    desk.clear()
    assert list(cache.iterdir()) == []
    assert desk.photos == desk.rows == ()


def test_nothing_to_ask_is_a_sentence_without_our_folder(desk: Desk, engine: Engine, sent: Send) -> None:
    with pytest.raises(InvalidRequest, match="Please add some"):
        desk.annotate(engine, (MODEL,))
    desk.receive([sent("a.jpg", jpeg())])
    with pytest.raises(InvalidRequest, match="at least one model"):
        desk.annotate(engine, ())
    words = without_places(f"{desk.root}/a.jpg, {desk.root} and {desk.folder}/table/x cannot be read.", desk)
    assert str(desk.folder) not in words
    assert words.startswith("a.jpg, here and table/x")


def test_a_table_of_somebody_is_read_by_name(tmp_path: Path) -> None:
    rows = (row("a.jpg"), row("b.jpg", corrected="Men/Other"))
    assert parse_table(table_bytes(reversed(rows)), "t.csv") == rows
    with pytest.raises(DataError, match=r"^t\.csv is no table of annotations"):
        parse_table(b"x,y\n", "t.csv")
