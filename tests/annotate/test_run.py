"""Whole runs over drawn photos and shipped weights: the answers of one model or two, from a folder or from memory."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
import time
from pathlib import Path

import pytest
import torch

from fashionviz import images
from fashionviz.annotate.photos import photo_of, read_photo
from fashionviz.annotate.row import Annotation
from fashionviz.annotate.run import annotate, annotate_photos
from fashionviz.annotate.table import read_annotations
from fashionviz.errors import Cancelled
from fashionviz.inference.engine import Engine
from fashionviz.models import registry
from fashionviz.results import Progress
from tests.annotate.conftest import NAMES, picture
from tests.conftest import MODEL, make_weights


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
