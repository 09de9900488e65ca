"""The table on disk: cut off anywhere, corrected meanwhile, written by two, confused with another file."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from fashionviz.annotate.row import COLUMNS, Annotation
from fashionviz.annotate.table import (
    append,
    below,
    close_table,
    correct,
    merged,
    open_table,
    parse_table,
    read_annotations,
    table_bytes,
)
from fashionviz.errors import DataError, InvalidRequest, StorageError, UnknownModel
from tests.annotate.test_row import HOSTILE, SHA, row

MODEL = "mobilenet_v2.gender_category"
FAILED = Annotation("bad.jpg", SHA, MODEL, SHA, error="The picture is damaged, or cut off.")
OTHER = "f" * 64


def rows(*names: str) -> list[Annotation]:
    return [row(name, model=MODEL) for name in names]


def write(path: Path, given: list[Annotation]) -> None:
    open_table(path)
    append(path, given)


def test_appended_rows_are_there_at_once_and_in_order_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "new" / "labels.csv"
    assert open_table(out) == ()
    names = [*HOSTILE, "b.jpg", "a.jpg"]
    given = [replace(r, model=m) for r in rows(*names) for m in ("z.t", "a.t")]
    for i, one in enumerate(given, start=1):
        append(out, [one])
        if i % 10 == 0:
            assert len(read_annotations(out)) == i
    expected = tuple(sorted(given, key=lambda r: (r.file, r.model)))
    assert close_table(out) == expected == read_annotations(out)
    assert out.read_text(encoding="utf-8").splitlines()[0] == ",".join(f'"{c}"' for c in COLUMNS)
    assert open_table(out) == expected
    assert [p.name for p in out.parent.iterdir()] == ["labels.csv"]


def test_cut_off_anywhere_every_whole_row_is_kept(tmp_path: Path) -> None:
    given = [*rows("a.jpg", 'b "x", é\n=.jpg', "'c.jpg"), FAILED, row("z.jpg", corrected="Men/Other")]
    out = tmp_path / "labels.csv"
    open_table(out)
    ends = [out.stat().st_size]
    for one in given:
        append(out, [one])
        ends.append(out.stat().st_size)
    data = out.read_bytes()
    for cut in range(ends[0], len(data) + 1):
        out.write_bytes(data[:cut])
        whole = sum(end <= cut for end in ends[1:])
        # A row that lacks no more than its line end and the last cell, empty in an answer, may be kept.
        possible = [tuple(sorted(given[:k], key=lambda r: r.key)) for k in (whole, whole + 1)]
        found = read_annotations(out)
        assert found == possible[0] or (cut >= ends[whole + 1] - 4 and found == possible[1]), cut
        if cut % 40 == 0 or cut in ends:
            assert open_table(out) == found
            append(out, rows("next.jpg"))
            assert set(read_annotations(out)) == {*found, *rows("next.jpg")}


def harmed(data: bytes) -> dict[str, bytes]:
    header, first, rest = data.split(b"\r\n", 2)
    return {
        "another table": b"file,label\r\na.jpg,shirt\r\n",
        "no table": b"Dear diary,\n",
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        "not UTF-8": data.replace(b"a.jpg", b"\xe4.jpg"),
        "semicolons": data.replace(b'","', b'";"'),
        "one more column": header + b',"notes"\r\n' + first + b',""\r\n',
        "a header cut off": header[:-3],
        "a damaged row in the middle": header + b"\r\n" + first[:-20] + b"\r\n" + rest,
        "a damaged row, then a cut": header + b"\r\n" + first.replace(b"0.7", b"7") + b"\r\n" + rest[:-9],
        "a damaged last row that is whole": data + b'"x.jpg","",""\r\n',
        "an open quote": header + b'\r\n"a"b",' + first + b"\r\n",
    }


@pytest.mark.parametrize("harm", list(harmed(b"a\r\nb\r\nc")))
def test_a_file_of_another_shape_is_refused_and_left_alone(tmp_path: Path, harm: str) -> None:
    out = tmp_path / "labels {0}.csv"
    write(out, rows("a.jpg", "b.jpg", "c.jpg"))
    data = harmed(out.read_bytes())[harm]
    out.write_bytes(data)
    for attempt in (
        lambda: open_table(out),
        lambda: read_annotations(out),
        lambda: close_table(out, rows("d.jpg")),
        lambda: correct(out, "a.jpg", MODEL, "Men/Other"),
    ):
        with pytest.raises(DataError, match="no table of annotations"):
            attempt()
    assert out.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["labels {0}.csv"]
    if "row" in harm or "quote" in harm:  # its header says that it is ours: starting over is allowed
        assert open_table(out, overwrite=True) == ()
    else:
        with pytest.raises(DataError, match="no table of annotations"):
            open_table(out, overwrite=True)
        assert out.read_bytes() == data


def test_overwriting_starts_over(tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    write(out, [row("a.jpg", corrected="Men/Other")])
    assert open_table(out, overwrite=True) == ()
    assert read_annotations(out) == ()


def test_an_empty_file_is_a_new_table(tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    out.touch()
    write(out, rows("a.jpg"))
    assert read_annotations(out) == tuple(rows("a.jpg"))


def test_as_a_spreadsheet_saves_it(tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    write(out, [*rows("=1.jpg", "b.jpg"), FAILED])
    plain = out.read_bytes().decode().replace("\r\n", "\n").rstrip("\n").replace('"', "")
    out.write_bytes("\ufeff".encode() + plain.replace(FAILED.error or "", f'"{FAILED.error}"').encode())
    assert read_annotations(out) == tuple(sorted([*rows("=1.jpg", "b.jpg"), FAILED], key=lambda r: r.key))


def test_the_last_row_counts_and_corrections_stay() -> None:
    old = row("a.jpg", corrected="Men/Other")
    new = row("a.jpg", sha256=OTHER, label="Women/Other")
    assert merged([old, new, row("a.jpg", model="x.t")]) == (
        replace(new, corrected="Men/Other"),
        row("a.jpg", model="x.t"),
    )
    assert merged([old, replace(new, corrected="Women/Other")]) == (replace(new, corrected="Women/Other"),)


def test_correcting(tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    write(out, [*rows("b.jpg", "=a.jpg"), FAILED])
    assert correct(out, "=a.jpg", MODEL, "Women/Other").corrected == "Women/Other"
    correct(out, "bad.jpg", MODEL, "Men/Other")  # a person may know what the model could not read
    assert {r.file: (r.corrected, r.label) for r in read_annotations(out)} == {
        "=a.jpg": ("Women/Other", "Men/Apparel"),
        "b.jpg": (None, "Men/Apparel"),
        "bad.jpg": ("Men/Other", None),
    }
    assert correct(out, "=a.jpg", MODEL, None).corrected is None
    assert [r.corrected for r in read_annotations(out)] == [None, None, "Men/Other"]
    before = out.read_bytes()
    for wrong, words in (
        ((out, "b.jpg", MODEL, "Hats"), "Women/Apparel"),  # the sentence lists the classes
        ((out, "nobody.jpg", MODEL, "Men/Other"), "no row"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            correct(*wrong)
    with pytest.raises(UnknownModel):
        correct(out, "b.jpg", "no.model", "Men/Other")
    with pytest.raises(DataError, match="no table"):
        correct(tmp_path / "nothing.csv", "b.jpg", MODEL, "Men/Other")
    assert out.read_bytes() == before
    assert not (tmp_path / "nothing.csv").exists()


def test_a_write_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "labels.csv"
    write(out, rows("a.jpg"))
    before = out.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    for attempt in (lambda: correct(out, "a.jpg", MODEL, "Men/Other"), lambda: close_table(out, rows("b.jpg"))):
        with pytest.raises(StorageError, match="No space left"):
            attempt()
    assert out.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["labels.csv"]
    out.unlink()
    with pytest.raises(StorageError, match="No such file"):
        append(out, rows("b.jpg"))
    assert not out.exists()


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "labels.csv"):
        with pytest.raises(InvalidRequest, match="cannot be written"):
            open_table(path)


def test_links_and_modes_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "labels.csv"
    write(real, rows("a.jpg"))
    real.chmod(0o640)
    link.symlink_to(real)
    append(link, rows("b.jpg"))
    correct(link, "a.jpg", MODEL, "Men/Other")
    assert len(close_table(link)) == 2
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert len(read_annotations(real)) == 2


def test_corrections_and_new_rows_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    fixed = rows(*(f"fixed{i}.jpg" for i in range(15)))
    write(out, fixed)
    failures: list[BaseException] = []

    def guarded(work: object, *items: object) -> None:
        try:
            for item in items:
                work(item)  # type: ignore[operator]
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=guarded, args=(lambda r: append(out, [r]), *rows(*(f"{t}-{i}.jpg" for i in range(15)))))
        for t in range(3)
    ]
    threads.append(threading.Thread(target=guarded, args=(lambda r: correct(out, *r.key, "Men/Other"), *fixed)))
    threads.append(threading.Thread(target=guarded, args=(lambda _: close_table(out), *range(10))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = {r.file: r.corrected for r in close_table(out)}
    assert failures == []
    assert found == {
        **{f"{t}-{i}.jpg": None for t in range(3) for i in range(15)},
        **{f"fixed{i}.jpg": "Men/Other" for i in range(15)},
    }


def test_the_least_sure_first() -> None:
    given = [
        row("b.jpg", probability=0.5),
        row("a.jpg", probability=0.5),
        row("c.jpg", probability=0.3),
        row("d.jpg", probability=0.2, corrected="Men/Other"),  # a person has looked already
        row("e.jpg", probability=0.6),  # not below
        row("f.jpg", probability=0.9),
        FAILED,
    ]
    assert [r.file for r in below(given, 0.6)] == ["c.jpg", "a.jpg", "b.jpg"]
    assert [r.file for r in below(given)] == ["c.jpg", "a.jpg", "b.jpg"]
    assert below(given, 0) == ()
    for wrong in (-0.1, 60, float("nan")):
        with pytest.raises(InvalidRequest, match="between 0 and 1"):
            below(given, wrong)


def test_a_table_in_memory_is_the_file(tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    write(out, [*rows("b.jpg", "=a.jpg"), FAILED, row("c.jpg", model=MODEL, corrected="Men/Other")])
    stored = close_table(out)
    assert table_bytes(stored) == out.read_bytes()
    assert parse_table(out.read_bytes(), "labels.csv") == stored
    assert parse_table(table_bytes(()), "labels.csv") == ()
    with pytest.raises(DataError, match=r"^other\.csv is no table of annotations"):
        parse_table(b"a,b\n1,2\n", "other.csv")
