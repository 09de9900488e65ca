"""Runs with an engine that is busy, dies, fails or has nothing to answer with."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import torch

from fashionviz import images
from fashionviz.annotate.photos import photo_of
from fashionviz.annotate.run import annotate, annotate_photos
from fashionviz.errors import InvalidRequest, ModelNotTrained, Overloaded, UnknownModel, WorkerDied
from fashionviz.images import Photo
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.results import Prediction
from tests.conftest import MODEL, TAGGER


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


def test_a_tagger_is_refused_before_anything_is_done(
    shipped: Engine, asked: list[str | None], folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a model was loaded or the folder was searched")

    monkeypatch.setattr(shipped, "filters", fail)
    monkeypatch.setattr("fashionviz.annotate.run.find_photos", fail)
    for models in ([TAGGER], [MODEL, TAGGER]):
        with pytest.raises(InvalidRequest, match=f"{TAGGER} gives tags, .* Choose a model that gives one class"):
            annotate(folder, out, models=models, engine=shipped)
        with pytest.raises(InvalidRequest, match="gives tags"):
            annotate_photos(("a.jpg",), lambda _: photo_of(b""), models=models, engine=shipped)
    assert not out.exists()
    assert asked == []
