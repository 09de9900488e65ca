"""The lab's tab "Annotate": a visitor's collection and its table, with the models that are shipped."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from apps.lab import annotate_layout, annotate_page
from apps.lab import desk as desks
from apps.lab.annotate_layout import AS_IS, ROWS
from apps.lab.annotate_page import AnnotateEvents, without_places
from apps.lab.desk import Desk
from apps.lab.intake import Upload
from apps.lab.layout import Page
from fashionviz import images
from fashionviz.annotate.row import Annotation
from fashionviz.annotate.run import annotate
from fashionviz.annotate.table import parse_table, table_bytes
from fashionviz.data.examples import draw
from fashionviz.errors import Cancelled, DataError, InvalidRequest
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.results import Progress

MODEL, SMALL = "mobilenet_v2.gender_category", "category_cnn28.category11"
SHA = "ab" * 32
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64
REQUEST = gr.Request(session_hash="a")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
        made = Engine(EngineConfig(device="cpu", max_batch=1))
        yield made
        made.close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
    folder = tmp_path / "gradio"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.fixture
def desk(cache: Path) -> Desk:
    return Desk(cache)


def jpeg(kind: str = "dress", seed: int = 0) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[271] = "SECRETCAMERA"
    Image.fromarray(draw(kind, seed)).resize((90, 120)).save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


@pytest.fixture
def sent(tmp_path: Path) -> Callable[[str, bytes], Upload]:
    """What Gradio hands over for a file: it lies in a folder of its own."""
    count = 0

    def send(name: str, data: bytes) -> Upload:
        nonlocal count
        count += 1
        place = tmp_path / "uploads" / str(count)
        place.mkdir(parents=True)
        (place / "f").write_bytes(data)
        return Upload(str(place / "f"), name)

    return send


Send = Callable[[str, bytes], Upload]


def left(tmp_path: Path) -> list[str]:
    return [p.name for p in (tmp_path / "uploads").rglob("*")]


def row(file: str, **changes: Any) -> Annotation:
    plain = Annotation(file, SHA, MODEL, SHA, "Men/Apparel", 0.9, "Women/Apparel", 0.05)
    return replace(plain, **changes)


class Counting:
    """The engine, counting what it is asked; while the gate is shut only the first photo is answered."""

    def __init__(self, engine: Engine) -> None:
        self.real, self.config = engine, engine.config
        self.calls: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    @property
    def asked(self) -> int:
        return len(self.calls)

    def predict(self, *args: Any, **options: Any) -> Any:
        self.calls.append(args[1])
        if self.asked > 1:
            assert self.gate.wait(120)
        return self.real.predict(*args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


# --- the desk -----------------------------------------------------------------------------------------------------


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


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.fixture
def page(engine: Engine) -> Page:
    with gr.Blocks(analytics_enabled=False):
        return annotate_layout.lay_out(engine)


def test_photos_arrive_are_asked_and_shown(page: Page, engine: Engine, sent: Send) -> None:
    events = AnnotateEvents(engine, page)
    out = events.upload((sent("cut.jpg", jpeg()[:900]), sent("dress.jpg", jpeg())), None, 100, REQUEST)
    desk = out[page.desk]
    assert "2 photos here" in out[page.hint]
    assert out[page.files] is None
    assert out[page.ask].interactive
    steps = [events.begin(desk, REQUEST), *events.run(desk, [MODEL], 100, REQUEST)]
    assert "Waiting for a turn" in steps[0][page.note]
    assert "<progress" in steps[1][page.note]
    last = steps[-1]
    assert "2 rows, 1 new, 0 kept, 1 failed" in last[page.note]
    assert last[page.keys] == (("cut.jpg", MODEL), ("dress.jpg", MODEL))
    first, second, third = page.slots[:3]
    assert "damaged or cut off" in last[first.words]
    assert last[first.picture].alt_text == "No picture of cut.jpg"
    best = engine.predict(images.decode(jpeg()), MODEL).top
    assert f"{best.probability:.1%}" in last[second.words]
    assert best.label in last[second.words]
    assert last[second.picture].alt_text == "Photo dress.jpg"
    assert last[second.choice].label == "Corrected class of dress.jpg"
    assert [value for _, value in last[second.choice].choices] == [AS_IS, *engine.model(MODEL).classes]
    assert not last[third.row].visible
    assert not events.jobs.waiting("a")
    fixed = events.correct(1, desk, last[page.keys], "Women/Other")
    assert "1 corrected, 1 failed" in fixed[page.count]
    assert [r.corrected for r in desk.rows] == [None, "Women/Other"]
    events.correct(1, desk, last[page.keys], AS_IS)
    assert desk.rows[1].corrected is None


def test_what_cannot_be_asked_is_said_and_nothing_lost(page: Page, engine: Engine, sent: Send) -> None:
    events = AnnotateEvents(engine, page)
    desk = events.upload((sent("dress.jpg", jpeg()),), None, 100, REQUEST)[page.desk]
    last = list(events.run(desk, [], 100, REQUEST))[-1]
    assert "at least one model" in last[page.note]
    last = list(events.run(desk, ["vgg16.gender_category"], 100, REQUEST))[-1]
    assert 'role="alert"' in last[page.note]
    assert str(desk.folder) not in last[page.note]
    assert desk.photos == ("dress.jpg",)
    assert last[page.ask].interactive
    with pytest.warns(UserWarning, match="forgotten after fifty minutes"):  # a toast, outside a page
        assert "add the photos" in events.correct(0, None, (), AS_IS)[page.count]


def test_the_table_is_turned_and_filtered(page: Page, engine: Engine, desk: Desk) -> None:
    events = AnnotateEvents(engine, page)
    rows = [row(f"{i:02}.jpg", probability=0.2 + i / 50) for i in range(2 * ROWS + 3)]
    desk.rows = (*rows[:-1], replace(rows[-1], label=None, probability=None, runner_up=None, error="No."))
    first = events.turn(desk, 100, 0, by=0)
    assert [key[0] for key in first[page.keys]] == [r.file for r in rows[:ROWS]]
    assert not first[page.back].interactive
    assert first[page.on].interactive
    last = events.turn(desk, 100, ROWS, by=1)
    assert [key[0] for key in last[page.keys]] == [r.file for r in rows[2 * ROWS :]]
    assert not last[page.on].interactive
    assert events.turn(desk, 100, 2 * ROWS, by=1)[page.start] == 2 * ROWS
    desk.correct(engine, rows[0].key, "Men/Other")
    some = events.turn(desk, 30, ROWS, by=0)
    assert [key[0] for key in some[page.keys]] == ["01.jpg", "02.jpg", "03.jpg", "04.jpg"], "least sure, uncorrected"
    assert "No uncorrected answer is below 20 %" in events.turn(desk, 20, 0, by=0)[page.count]


def test_deleting_while_it_runs_shows_no_old_table(page: Page, engine: Engine, sent: Send, cache: Path) -> None:
    events = AnnotateEvents(engine, page)
    desk = events.upload((sent("dress.jpg", jpeg()),), None, 100, REQUEST)[page.desk]
    running = events.run(desk, [SMALL], 100, REQUEST)
    next(running)
    gone = events.remove(desk, 100, REQUEST)
    assert gone[page.desk] is not desk
    assert not gone[page.ask].interactive
    assert all(page.desk not in step for step in running)
    assert not desk.root.exists()


def test_a_model_that_is_not_here_keeps_its_rows(page: Page, engine: Engine, desk: Desk) -> None:
    desk.rows = (row("a.jpg", model="gone.task", label="<b>Hat", corrected="Cap"),)
    out = AnnotateEvents(engine, page).turn(desk, 100, 0, by=0)
    slot = page.slots[0]
    assert "gone.task (not here)" in out[slot.words]
    assert "<b>" not in out[slot.words]
    assert not out[slot.choice].interactive
    assert out[slot.choice].value == "Cap"


def test_progress_comes_in_steps_and_an_abandoned_run_stops(desk: Desk, engine: Engine, sent: Send) -> None:
    desk.receive([sent(f"{i}.jpg", jpeg(seed=i)) for i in range(8)])
    cancel, counting = threading.Event(), Counting(engine)
    counting.gate.clear()
    steps = annotate_page.steps(desk, counting, (SMALL,), cancel)
    first = next(steps)
    assert isinstance(first, Progress)
    assert (first.done, first.total) == (1, 8)
    steps.close()  # type: ignore[attr-defined]
    assert cancel.is_set()
    counting.gate.set()
    for thread in threading.enumerate():
        if thread.name == "lab-annotate":
            thread.join(120)
    assert 1 <= len(desk.rows) < 8, "what was answered is kept, the rest is not asked"
