"""Whole runs over drawn photos and shipped weights: answers, stops, resumption, corrections, failures."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fashionviz import images
from fashionviz.annotate.photos import photo_of, read_photo
from fashionviz.annotate.row import Annotation
from fashionviz.annotate.run import annotate, annotate_photos
from fashionviz.annotate.table import append, correct, read_annotations
from fashionviz.errors import Cancelled, DataError, ModelNotTrained, Overloaded, UnknownModel, WorkerDied
from fashionviz.images import Photo
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models import registry
from fashionviz.results import Prediction, Progress
from tests.annotate.conftest import NAMES, picture
from tests.conftest import MODEL, make_weights


@pytest.fixture
def asked(shipped: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The models of all calls of the real engine, which still answers."""
    calls: list[str | None] = []
    predict = shipped.predict

    def counted(photo: Photo, model: str | None = None) -> Prediction:
        calls.append(model)
        return predict(photo, model)

    monkeypatch.setattr(shipped, "predict", counted)
    return calls


def stop_after(count: int) -> Callable[[Annotation], None]:
    """Ctrl-C as the row with that number has been written."""
    seen: list[Annotation] = []

    def stop(row: Annotation) -> None:
        seen.append(row)
        if len(seen) == count:
            raise KeyboardInterrupt

    return stop


def test_a_row_a_photo_with_the_engine_s_answer(shipped: Engine, folder: Path, out: Path) -> None:
    steps: list[Progress] = []
    run = annotate(folder, out, engine=shipped, on_progress=steps.append)
    assert tuple(row.file for row in run.rows) == NAMES
    for row in run.rows:
        data = (folder / row.file).read_bytes()
        first, second = shipped.predict(images.decode(data)).scores[:2]
        assert (row.label, row.runner_up) == (first.label, second.label)
        # Another batch adds up in another order: the tolerance is that of float32.
        assert row.probability == pytest.approx(first.probability, abs=1e-4)
        assert row.runner_up_probability == pytest.approx(second.probability, abs=1e-4)
        assert row.sha256 == hashlib.sha256(data).hexdigest()
        assert (row.model, row.weights) == (MODEL, shipped.model().sha256)
        assert (row.corrected, row.error) == (None, None)
    assert len({row.label for row in run.rows}) > 1
    assert (run.new, run.kept, run.failed, run.elsewhere, run.changed) == (6, 0, 0, 0, ())
    assert read_annotations(out) == run.rows
    assert [(p.done, p.total) for p in steps] == [(i, 6) for i in range(1, 7)]
    assert steps[-1].seconds_left == 0
    assert all(p.seconds_left is not None for p in steps)


def test_photos_share_micro_batches(shipped: Engine, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batcher = shipped._get(MODEL).batcher
    forward, sizes = batcher._forward, []

    def measured(x: torch.Tensor) -> torch.Tensor:
        sizes.append(len(x))
        time.sleep(0.3)  # the next photos have time to come
        return forward(x)

    monkeypatch.setattr(batcher, "_forward", measured)
    annotate(folder, out, engine=shipped)
    assert sum(sizes) == 6
    assert len(sizes) < 6


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


def test_two_models(
    weights: Path, folder: Path, out: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, drawn: dict[str, bytes]
) -> None:
    twin = "twin.gender_category"
    registry._load()
    spec = dataclasses.replace(registry.get_model(MODEL), name=twin, default=False)
    monkeypatch.setitem(registry._REGISTRY, twin, spec)
    make_weights(weights, twin, seed=1)
    assert annotate(folder, out, engine=engine).new == 6
    run = annotate(folder, out, models=[twin, MODEL, twin], engine=engine)
    assert [m.name for m in run.models] == [twin, MODEL]
    assert (run.new, run.kept) == (6, 6)
    assert [(r.file, r.model) for r in run.rows] == [(n, m) for n in NAMES for m in (MODEL, twin)]
    photo = images.decode(drawn["dress.png"])
    for row in run.rows[:2]:
        top = engine.predict(photo, row.model).top
        assert (row.label, row.probability) == (top.label, pytest.approx(top.probability, abs=1e-4))
    again = annotate(folder, out, models=[twin], engine=engine)
    assert (len(again.rows), again.kept, again.elsewhere) == (6, 6, 6)


def test_what_is_no_photo_gets_its_sentence_and_another_try(
    shipped: Engine, folder: Path, out: Path, asked: list[str], drawn: dict[str, bytes]
) -> None:
    bad = {
        "empty.jpg": (b"", "empty"),
        "broken.png": (b"\xff\xd8\xff\xe0 this is no photo", "damaged"),
        "cut.jpg": (drawn["men/shirt.jpg"][:900], "damaged"),
        "animated.webp": (b"GIF89a" + bytes(40), "a GIF"),
        "text.jpeg": (b"hello", "not a picture"),
        "huge.jpg": (bytes(images.MAX_BYTES + 1), "at most 25 MB"),
    }
    for name, (data, _) in bad.items():
        (folder / name).write_bytes(data)
    run = annotate(folder, out, engine=shipped)
    rows = {row.file: row for row in read_annotations(out)}
    for name, (data, words) in bad.items():
        assert words in str(rows[name].error)
        assert (rows[name].label, rows[name].probability) == (None, None)
        assert rows[name].sha256 == hashlib.sha256(data).hexdigest()
    assert (run.new, run.failed, len(asked)) == (6, 6, 6)
    (folder / "broken.png").write_bytes(picture("hat", 0, ".png"))
    run = annotate(folder, out, engine=shipped)
    assert (run.new, run.kept, run.failed, len(asked)) == (1, 6, 5, 7)


def test_a_busy_engine_is_asked_again(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(EngineConfig(device="cpu", max_batch=1, queue_size=1))
    photo = images.decode((folder / "dress.png").read_bytes())
    batcher = engine._get(MODEL).batcher
    forward, predict = batcher._forward, engine.predict
    entered, gate, busy = threading.Event(), threading.Event(), threading.Event()

    def held(x: torch.Tensor) -> torch.Tensor:
        entered.set()
        gate.wait(60)
        return forward(x)

    def watched(photo: Photo, model: str | None = None) -> Prediction:
        try:
            return predict(photo, model)
        except Overloaded:
            busy.set()
            gate.set()
            raise

    monkeypatch.setattr(batcher, "_forward", held)
    others = [threading.Thread(target=predict, args=(photo,)) for _ in range(2)]
    others[0].start()
    assert entered.wait(60)  # the first is being computed
    others[1].start()
    while not batcher.waiting:  # the second takes the only place in the queue
        time.sleep(0.01)
    monkeypatch.setattr(engine, "predict", watched)
    run = annotate(folder, out, engine=engine)
    assert busy.is_set()
    assert (run.new, run.failed) == (6, 0)
    for thread in others:
        thread.join(60)
    engine.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_dies_is_not_the_photo_s_fault(
    shipped: Engine, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batcher = shipped._get(MODEL).batcher
    forward, deaths = batcher._forward, []

    def die_once(x: torch.Tensor) -> torch.Tensor:
        if not deaths:
            deaths.append(len(x))
            raise SystemExit  # ends the worker's thread, as a kill would
        return forward(x)

    monkeypatch.setattr(batcher, "_forward", die_once)
    assert annotate(folder, out, engine=shipped).failed == 0
    assert deaths
    monkeypatch.setattr(shipped, "predict", lambda *_: (_ for _ in ()).throw(WorkerDied("It stopped.")))
    run = annotate(folder, out.with_name("other.csv"), engine=shipped)  # always: it ends, with a sentence a photo
    assert {row.error for row in run.rows} == {"It stopped."}


def test_a_batch_that_fails_is_tried_in_the_next_run(
    shipped: Engine, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batcher = shipped._get(MODEL).batcher

    def fail(_x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("CUDA error")

    with monkeypatch.context() as patch:
        patch.setattr(batcher, "_forward", fail)
        run = annotate(folder, out, engine=shipped)
    assert run.failed == 6
    assert all("RuntimeError" in str(row.error) for row in run.rows)
    assert annotate(folder, out, engine=shipped).new == 6


def test_nothing_is_written_where_nothing_can_be_answered(weights: Path, folder: Path, out: Path) -> None:
    engine = Engine(EngineConfig(device="cpu"))
    with pytest.raises(UnknownModel):
        annotate(folder, out, models=["no.model"], engine=engine)
    (weights / MODEL / "model.safetensors").unlink()
    with pytest.raises(ModelNotTrained):
        annotate(folder, out, engine=engine)
    assert not out.exists()


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


def test_photos_in_memory_are_answered_as_those_of_a_folder(
    shipped: Engine, folder: Path, out: Path, drawn: dict[str, bytes], asked: list[str]
) -> None:
    stored = annotate(folder, out, engine=shipped).rows
    asked.clear()
    seen: list[Annotation] = []
    steps: list[Progress] = []
    kept = dataclasses.replace(stored[0], corrected="Men/Other")
    rows = annotate_photos(
        NAMES,
        lambda file: photo_of(drawn[file]),
        engine=shipped,
        known=[kept],
        on_row=seen.append,
        on_progress=steps.append,
    )
    assert rows[0] == kept
    assert sorted(seen, key=lambda row: row.key) == list(rows[1:])
    assert len(asked) == len(NAMES) - 1
    assert [step.done for step in steps] == list(range(1, len(NAMES) + 1))
    for one, other in zip(rows[1:], stored[1:], strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-4)
        assert (one.key, one.sha256, one.weights, one.label) == (other.key, other.sha256, other.weights, other.label)


def test_cancelling_photos_in_memory_keeps_what_was_said(shipped: Engine, drawn: dict[str, bytes]) -> None:
    cancel, seen = threading.Event(), []

    def stop(row: Annotation) -> None:
        seen.append(row)
        cancel.set()

    with pytest.raises(Cancelled):
        annotate_photos(NAMES, lambda f: photo_of(drawn[f]), engine=shipped, on_row=stop, cancel=cancel)
    assert seen
    assert all(row.label for row in seen)


def test_bytes_in_memory_are_read_as_a_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashionviz.annotate.photos.MAX_BYTES", 10)
    for size in (0, 10, 11):
        data, path = bytes(range(size)), tmp_path / f"{size}.jpg"
        path.write_bytes(data)
        one, other = photo_of(data), read_photo(path)
        assert (one.sha256, one.data, str(one.error)) == (other.sha256, other.data, str(other.error))
