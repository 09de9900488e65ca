"""The desk of the Annotate page: names, corrections and limits, without a browser and without a model."""

from __future__ import annotations

import base64
import gc
import io
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from PIL import Image

from apps.studio import desk as module
from apps.studio.desk import Desk, annotation_work, listed, names_for, thumbnail, upload
from apps.studio.jobs import Job
from fashionviz.annotate.row import Annotation
from fashionviz.annotate.table import parse_table, table_bytes
from fashionviz.errors import Cancelled
from fashionviz.results import ModelInfo

MODEL = "mobilenet_v2.gender_category"
WEIGHTS = "e" * 64


def answer(file: str, data: bytes, **changes: object) -> Annotation:
    """A row about a photo with these bytes."""
    row = Annotation(file, upload(file, data).sha256, MODEL, WEIGHTS, "Men/Apparel", 0.7, "Men/Other", 0.2)
    return replace(row, **changes)  # type: ignore[arg-type]


def failure(file: str, data: bytes) -> Annotation:
    return Annotation(file, upload(file, data).sha256, MODEL, WEIGHTS, error="The picture is damaged.")


def info(sha256: str = WEIGHTS) -> ModelInfo:
    return ModelInfo(
        name=MODEL,
        task="gender_category",
        architecture="mobilenet_v2",
        title="",
        trained=True,
        default=True,
        classes=(),
        input_size=(160, 120),
        parameters=1,
        sha256=sha256,
        metrics=(),
        loaded=False,
        device="",
        dtype="",
        methods=("gradient",),
        note="",
    )


def names(desk: Desk) -> list[tuple[str, bytes]]:
    return [(file, photo.data) for file, photo in desk.photos.items()]


def test_photos_of_one_name_are_told_apart() -> None:
    desk = Desk()
    desk.take([("a.jpg", b"1"), ("a.jpg", b"2"), ("b.tar.gz", b"3")])
    desk.take([("a.jpg", b"4"), ("b.tar.gz", b"5"), ("", b"6")])
    assert names(desk) == [
        ("a.jpg", b"1"),
        ("a (2).jpg", b"2"),
        ("b.tar.gz", b"3"),
        ("a (3).jpg", b"4"),
        ("b.tar (2).gz", b"5"),
        ("photo", b"6"),
    ]
    assert all(file == photo.file for file, photo in desk.photos.items())


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_each_photo_finds_its_own_row_again_in_whatever_order_it_comes(order: tuple[int, ...]) -> None:
    first = Desk()
    first.take([("a.jpg", b"1"), ("a.jpg", b"2"), ("c.jpg", b"3")])
    for file, data in names(first):
        first.add(answer(file, data))
        first.correct((file, MODEL), f"class of {data!r}")
    photos = [("a.jpg", b"1"), ("a.jpg", b"2"), ("c.jpg", b"3")]
    again = Desk()
    again.take([*(photos[i] for i in order), ("labels.csv", first.csv())])
    assert {row.corrected for row in again.asked(MODEL)} == {f"class of {data!r}" for _, data in photos}
    for row in again.asked(MODEL):
        assert row.corrected == f"class of {again.photos[row.file].data!r}"
    assert again.csv() == first.csv()
    assert again.waiting([info()]) == (0, 0)


@pytest.mark.parametrize("table_first", [True, False])
def test_a_table_of_a_folder_of_folders_fits_flat_photos(table_first: bool) -> None:
    table = [
        answer("men/1.jpg", b"x", corrected="Men/Other"),
        answer("women/1.jpg", b"y"),
        answer("women/copy.jpg", b"x", corrected="Women/Other"),
        answer("gone.jpg", b"z"),
    ]
    csv = ("labels.csv", table_bytes(table))
    desk = Desk()
    if table_first:
        desk.take([csv])
    desk.take([("1.jpg", b"x"), ("1.jpg", b"y")])
    if not table_first:
        desk.add(answer("1.jpg", b"x"))
        desk.take([csv])
    assert names(desk) == [("men/1.jpg", b"x"), ("women/1.jpg", b"y")]
    assert [row.corrected for row in desk.asked(MODEL)] == ["Men/Other", None]
    assert desk.elsewhere() == 2
    assert {row.key for row in parse_table(desk.csv(), "x")} == {row.key for row in table}
    assert desk.waiting([info()]) == (0, 0)


def test_a_correction_stays_with_a_new_answer_and_a_changed_photo_is_named() -> None:
    desk = Desk()
    desk.take([("labels.csv", table_bytes([answer("a.jpg", b"old", corrected="Men/Other")])), ("a.jpg", b"new")])
    assert desk.waiting([info()]) == (1, 0)
    desk.add(answer("a.jpg", b"new", label="Women/Other"))
    (row,) = desk.asked(MODEL)
    assert (row.label, row.corrected) == ("Women/Other", "Men/Other")
    assert desk.changed == {"a.jpg"}
    desk.correct(row.key, None)
    assert desk.asked(MODEL)[0].corrected is None
    desk.correct(("nothing.jpg", MODEL), "Men/Other")
    assert len(desk.rows) == 1


def test_a_file_that_is_no_table_is_one_sentence_and_costs_nothing() -> None:
    desk = Desk()
    desk.take([("a.jpg", b"1")])
    desk.add(answer("a.jpg", b"1"))
    before = desk.csv()
    desk.take([("shopping.csv", b"milk,eggs\n1,2\n"), ("a.jpg", b"1")])
    assert len(desk.remarks) == 2
    assert desk.remarks[0].startswith("shopping.csv is no table of annotations")
    assert desk.remarks[1] == "1 photo was here already."
    assert desk.csv() == before
    assert list(desk.photos) == ["a.jpg"]


def test_too_many_photos_and_too_many_bytes_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PHOTOS", 3)
    monkeypatch.setattr(module, "MAX_TOTAL", 10)
    desk = Desk()
    desk.take([("a", b"1" * 6), ("b", b"2" * 5), ("c", b"3" * 4)])
    assert list(desk.photos) == ["a", "c"]
    assert "1 photo left out: together" in desk.remarks[0]
    desk.take([("d", b""), ("e", b"5"), ("f", b"6")])
    assert list(desk.photos) == ["a", "c", "d"]
    assert desk.remarks[0].startswith("2 photos left out: at most 3 fit")


def test_what_is_still_to_be_asked() -> None:
    desk = Desk()
    desk.take([("a", b"1"), ("b", b"2"), ("c", b"3")])
    assert desk.waiting([info()]) == (3, 0)
    desk.add(answer("a", b"1"))
    desk.add(failure("b", b"2"))
    assert desk.waiting([info()]) == (1, 1)
    assert desk.waiting([info("f" * 64)]) == (2, 1)  # other weights answer anew
    assert desk.waiting([]) == (0, 0)


def test_failures_come_first_and_then_the_least_sure() -> None:
    rows = [
        answer("a", b"1", probability=0.9),
        answer("b", b"2", probability=0.3),
        answer("c", b"3", probability=0.5, corrected="Men/Other"),
        failure("d", b"4"),
        answer("e", b"5", probability=0.6),
        answer("f", b"6", probability=1.0),
    ]
    assert [row.file for row in listed(rows, 100)] == ["d", "b", "c", "e", "a", "f"]
    assert [row.file for row in listed(rows, 60)] == ["d", "b"]
    assert [row.file for row in listed(rows, 0)] == ["d"]


def test_thumbnails_are_small_pixels_without_metadata() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "a secret description"
    Image.fromarray(np.full((600, 400, 3), 200, dtype=np.uint8)).save(out, "JPEG", exif=exif)
    address = thumbnail(out.getvalue())
    assert address is not None
    kind, _, text = address.partition(",")
    assert kind == "data:image/jpeg;base64"
    data = base64.b64decode(text)
    assert b"secret" not in data
    assert max(Image.open(io.BytesIO(data)).size) == module.THUMB
    assert thumbnail(b"no picture") is None


def test_names_for_prefers_the_same_name_among_copies() -> None:
    rows = [answer("a/x.jpg", b"1"), answer("b/y.jpg", b"1"), answer("z.jpg", b"1")]
    photos = [upload("y.jpg", b"1"), upload("z.jpg", b"1"), upload("new.jpg", b"2")]
    assert names_for(photos, rows) == ["b/y.jpg", "z.jpg", "new.jpg"]
    assert names_for(photos, rows, {"b/y.jpg", "new.jpg"}) == ["a/x.jpg", "z.jpg", "new (2).jpg"]


def test_the_job_stops_when_its_visitor_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()

    def answers(
        files: tuple[str, ...],
        read: object,
        *,
        on_row: Callable[[Annotation], None],
        cancel: threading.Event,
        **_: object,
    ) -> None:
        while not cancel.wait(0.01):
            on_row(answer(files[0], b"1"))
            told.set()
        raise Cancelled("Stopped.")

    monkeypatch.setattr(module, "annotate_photos", answers)
    desk = Desk()
    desk.take([("a.jpg", b"1")])
    job = Job(("annotate",), annotation_work(desk, [MODEL], None))  # type: ignore[arg-type]
    assert told.wait(60)
    assert not job.finished
    assert desk.asked(MODEL)[0].label == "Men/Apparel"
    del desk
    gc.collect()
    deadline = time.monotonic() + 60
    while not job.finished and time.monotonic() < deadline:
        time.sleep(0.02)
    assert job.cancelled
