"""Runs over a table that is already there: stops, resumption, changed photos and weights, corrections, other hands."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fashionviz.annotate.row import Annotation
from fashionviz.annotate.run import annotate
from fashionviz.annotate.table import append, correct, read_annotations
from fashionviz.errors import Cancelled, DataError
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.conftest import MODEL, make_weights


def stop_after(count: int) -> Callable[[Annotation], None]:
    """Ctrl-C as the row with that number has been written."""
    seen: list[Annotation] = []

    def stop(row: Annotation) -> None:
        seen.append(row)
        if len(seen) == count:
            raise KeyboardInterrupt

    return stop


def test_a_second_run_asks_nothing(shipped: Engine, folder: Path, out: Path, asked: list[str]) -> None:
    first = annotate(folder, out, engine=shipped)
    assert len(asked) == 6
    before = out.read_bytes()
    again = annotate(folder, out, engine=shipped)
    assert len(asked) == 6
    assert out.read_bytes() == before
    assert (again.rows, again.new, again.kept) == (first.rows, 0, 6)


@pytest.mark.parametrize("cut", [0, 1, 40, 150])
def test_stopped_in_the_middle_and_cut_off_in_a_row(
    shipped: Engine, folder: Path, out: Path, asked: list[str], cut: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        annotate(folder, out, engine=shipped, on_row=stop_after(3))
    written = read_annotations(out)
    assert len(written) == 3, "each row is written before anybody hears of it"
    if cut:
        out.write_bytes(out.read_bytes()[:-cut])
    left = read_annotations(out)
    assert len(left) == (3 if cut <= 1 else 2)
    asked.clear()
    run = annotate(folder, out, engine=shipped)
    assert len(asked) == 6 - len(left)
    assert (run.kept, run.new) == (len(left), 6 - len(left))
    assert set(left) <= set(run.rows)
    whole = annotate(folder, out.with_name("whole.csv"), engine=shipped).rows
    assert [(r.file, r.label, r.sha256) for r in run.rows] == [(r.file, r.label, r.sha256) for r in whole]


def test_cancelling(
    shipped: Engine, folder: Path, out: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # One photo at a time: there are always some left as the first is answered.
    monkeypatch.setattr(shipped, "config", EngineConfig(device="cpu", max_batch=1, queue_size=1))
    cancel = threading.Event()
    with pytest.raises(Cancelled, match="of 6 photos"):
        annotate(folder, out, engine=shipped, cancel=cancel, on_row=lambda row: cancel.set())
    done = len(read_annotations(out))
    assert 1 <= done <= 2
    asked.clear()
    cancel.clear()
    run = annotate(
        folder, out, engine=shipped, cancel=cancel, on_progress=lambda p: cancel.set() if p.done == p.total else None
    )
    assert (run.kept, run.new, len(asked)) == (done, 6 - done, 6 - done), "too late to stop is no failure"


def test_only_what_has_changed_is_asked_again(
    shipped: Engine, folder: Path, out: Path, asked: list[str], drawn: dict[str, bytes]
) -> None:
    annotate(folder, out, engine=shipped)
    asked.clear()
    (folder / "dress.png").write_bytes(drawn["more/deep/watch.jpg"])  # a JPEG by its bytes, which is what counts
    (folder / "new.jpg").write_bytes(drawn["sunglasses.jpg"])
    (folder / "sunglasses.jpg").unlink()
    run = annotate(folder, out, engine=shipped)
    assert len(asked) == 2
    rows = {row.file: row for row in read_annotations(out)}
    assert rows["dress.png"].sha256 == hashlib.sha256(drawn["more/deep/watch.jpg"]).hexdigest()
    assert rows["dress.png"].label == rows["more/deep/watch.jpg"].label
    assert rows["new.jpg"].label == rows["sunglasses.jpg"].label
    assert (len(run.rows), run.new, run.kept, run.elsewhere) == (6, 2, 4, 1)
    assert len(rows) == 7, "the row of a photo that is gone is kept"


def test_corrections_survive(
    shipped: Engine, folder: Path, out: Path, asked: list[str], drawn: dict[str, bytes]
) -> None:
    annotate(folder, out, engine=shipped)
    correct(out, "dress.png", MODEL, "Men/Other")
    correct(out, "sunglasses.jpg", MODEL, "Women/Other")
    asked.clear()
    assert {r.file: r.corrected for r in annotate(folder, out, engine=shipped).rows if r.corrected} == {
        "dress.png": "Men/Other",
        "sunglasses.jpg": "Women/Other",
    }
    assert asked == []
    (folder / "dress.png").write_bytes(drawn["men/shirt.jpg"])
    with pytest.raises(KeyboardInterrupt):
        annotate(folder, out, engine=shipped, on_row=stop_after(1))
    changed = {r.file: r for r in read_annotations(out)}["dress.png"]
    assert (changed.corrected, changed.sha256) == ("Men/Other", hashlib.sha256(drawn["men/shirt.jpg"]).hexdigest())
    (folder / "sunglasses.jpg").write_bytes(b"")
    run = annotate(folder, out, engine=shipped)
    assert run.changed == ("sunglasses.jpg",)
    emptied = {r.file: r for r in run.rows}["sunglasses.jpg"]
    assert emptied.error is not None
    assert (emptied.corrected, emptied.label) == ("Women/Other", None)
    run = annotate(folder, out, engine=shipped, overwrite=True)
    assert not any(r.corrected for r in run.rows)


def test_a_correction_during_a_run_stays(shipped: Engine, folder: Path, out: Path) -> None:
    seen: list[str] = []

    def look(row: Annotation) -> None:
        if not seen:
            correct(out, row.file, row.model, "Women/Other")
        seen.append(row.file)

    run = annotate(folder, out, engine=shipped, on_row=look)
    assert {r.file for r in run.rows if r.corrected == "Women/Other"} == {seen[0]}
    assert len(read_annotations(out)) == 6


def test_rows_that_another_program_saved_over_come_back(shipped: Engine, folder: Path, out: Path) -> None:
    states: list[bytes] = []

    def save_over(_row: Annotation) -> None:
        states.append(out.read_bytes())
        if len(states) == 4:
            out.write_bytes(states[0])

    assert len(annotate(folder, out, engine=shipped, on_row=save_over).rows) == 6


def test_other_weights_answer_anew(weights: Path, folder: Path, out: Path) -> None:
    for seed in (0, 1):
        card = make_weights(weights, seed=seed)
        engine = Engine(EngineConfig(device="cpu"))
        run = annotate(folder, out, engine=engine)
        assert (run.new, run.kept) == (6, 0)
        assert {row.weights for row in read_annotations(out)} == {card.sha256}
        engine.close()
        correct(out, "dress.png", MODEL, "Men/Other")
    assert [r.file for r in read_annotations(out) if r.corrected] == ["dress.png"]
    assert run.changed == (), "the photo is the one that was corrected"


def test_another_file_is_not_touched(shipped: Engine, folder: Path, out: Path, asked: list[str]) -> None:
    out.write_text("my,own,table\n")
    for overwrite in (False, True):
        with pytest.raises(DataError, match="no table of annotations"):
            annotate(folder, out, engine=shipped, overwrite=overwrite)
    assert out.read_text() == "my,own,table\n"
    assert asked == []


def test_rows_of_another_run_at_the_same_time_are_kept(shipped: Engine, folder: Path, out: Path) -> None:
    other = Annotation("elsewhere.jpg", "0" * 64, MODEL, "0" * 64, "Men/Other", 0.5, "Women/Other", 0.4)
    run = annotate(folder, out, engine=shipped, on_row=lambda row: append(out, [other]))
    assert run.elsewhere == 1
    assert other in read_annotations(out)
