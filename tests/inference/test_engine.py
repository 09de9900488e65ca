"""The engine over a model with random weights: numbers, bounds, refusals, verification."""

import dataclasses
import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from fashionviz.data.examples import draw
from fashionviz.errors import (
    Cancelled,
    ImageTooSmall,
    InvalidRequest,
    ModelNotTrained,
    Overloaded,
    UnknownModel,
    WeightsError,
)
from fashionviz.explain.methods import METHODS, Job
from fashionviz.images import Photo, from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.preprocess import to_input
from fashionviz.models.weights import load_trained
from tests.conftest import MODEL, make_weights


def test_prediction_equals_a_forward_pass(engine: Engine, shirt: Photo) -> None:
    network, card = load_trained(MODEL)
    x = to_input(shirt.pixels, card.input_size, card.mean, card.std)[0]
    with torch.no_grad():
        expected = network(x[None])[0].double().softmax(0).numpy()
    got = engine.predict(shirt)
    by_label = {s.label: s.probability for s in got.scores}
    # Another memory layout adds up in another order: the tolerance is that of float32.
    assert np.allclose([by_label[c] for c in card.classes], expected, atol=1e-4)
    assert [s.probability for s in got.scores] == sorted(by_label.values(), reverse=True)
    assert sum(by_label.values()) == pytest.approx(1)
    assert got.model.sha256 == card.sha256
    assert got.timings.compute > 0


def test_batches_agree_with_single_photos(engine: Engine) -> None:
    photos = [from_pixels(draw("dress", seed)) for seed in range(8)]
    alone = [engine.predict(p) for p in photos]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(engine.predict, photos))
    for a, b in zip(alone, together, strict=True):
        left, right = ({s.label: s.probability for s in r.scores} for r in (a, b))
        assert all(abs(left[k] - right[k]) < 1e-4 for k in left)


def test_a_box_is_the_same_as_a_cropped_photo(engine: Engine, shirt: Photo) -> None:
    box = (20.0, 30.0, 200.0, 300.0)
    cropped = from_pixels(np.ascontiguousarray(shirt.pixels[30:300, 20:200]))
    assert engine.predict(shirt, box=box).scores == engine.predict(cropped).scores
    with pytest.raises(ImageTooSmall):
        engine.predict(shirt, box=(5000, 5000, 6000, 6000))
    with pytest.raises(InvalidRequest):
        engine.predict(shirt, box=(0, 0, float("nan"), 10))


def test_ready_compares_the_golden_picture(engine: Engine, weights: Path) -> None:
    assert engine.ready().ready
    path = weights / MODEL / "card.json"
    card = json.loads(path.read_text())
    card["golden"]["logits"][0] += 1
    path.write_text(json.dumps(card))
    fresh = Engine(EngineConfig(device="cpu"))
    readiness = fresh.ready()
    assert not readiness.ready
    assert readiness.worst == pytest.approx(1, abs=1e-3)
    fresh.close()


def test_unknown_and_untrained(engine: Engine, shirt: Photo, weights: Path) -> None:
    with pytest.raises(UnknownModel, match=MODEL):
        engine.predict(shirt, "nothing.here")
    shutil.rmtree(weights / MODEL)
    assert [m.trained for m in engine.models()] == [False] * len(engine.models())
    with pytest.raises(ModelNotTrained, match="does not guess"):
        engine.predict(shirt)
    assert not engine.ready().ready


@pytest.mark.parametrize("harm", ["flip a byte", "cut off", "another model's", "wrong classes", "no card", "bad card"])
def test_damaged_weights_are_refused(engine: Engine, shirt: Photo, weights: Path, harm: str) -> None:
    folder = weights / MODEL
    file, card = folder / "model.safetensors", folder / "card.json"
    if harm == "flip a byte":
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
    elif harm == "cut off":
        file.write_bytes(file.read_bytes()[:1000])
    elif harm == "no card":
        card.unlink()
    else:
        facts = json.loads(card.read_text())
        if harm == "another model's":
            facts["name"] = "other.gender_category"
        elif harm == "wrong classes":
            facts["classes"] = facts["classes"][:-1]
        else:
            del facts["sha256"]
        card.write_text(json.dumps(facts))
    with pytest.raises((WeightsError, ModelNotTrained)):
        engine.predict(shirt)


def test_explanations_name_what_they_explain(engine: Engine, shirt: Photo) -> None:
    top = engine.predict(shirt).top
    result = engine.explain(shirt)
    assert (result.target, result.probability) == (top.label, pytest.approx(top.probability, abs=1e-6))
    assert result.values.shape == (3, *engine.model().input_size)
    assert result.values.dtype == np.float32
    least = engine.predict(shirt).scores[-1].label
    other = engine.explain(shirt, target=least)
    assert other.target == least
    assert not np.array_equal(other.values, result.values)
    for wrong in ({"method": "magic"}, {"target": "Hats"}):
        with pytest.raises(InvalidRequest):
            engine.explain(shirt, **wrong)


@pytest.mark.parametrize("name", ["gradient", "guided-backprop", "smoothgrad"])  # plain, hooked, slow
def test_computing_is_not_called_waiting(
    engine: Engine, shirt: Photo, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = METHODS[name]

    def linger(job: Job) -> torch.Tensor:
        time.sleep(0.5)
        return method.run(job)

    monkeypatch.setitem(METHODS, name, dataclasses.replace(method, run=linger))
    assert engine.explain(shirt, method=name).timings.compute >= 500


def test_slow_jobs_report_progress_and_stop(engine: Engine, shirt: Photo) -> None:
    steps = []
    engine.explain(shirt, method="smoothgrad", on_progress=lambda p: steps.append((p.done, p.total)))
    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1]
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        engine.explain(shirt, method="occlusion", on_progress=lambda p: cancel.set(), cancel=cancel)
    assert engine.explain(shirt, method="smoothgrad").values.any(), "a cancelled job must free its place"


def test_predictions_go_on_while_a_slow_job_runs(engine: Engine, shirt: Photo) -> None:
    running, proceed = threading.Event(), threading.Event()

    def hold(_progress: object) -> None:
        running.set()
        proceed.wait(20)

    thread = threading.Thread(target=lambda: engine.explain(shirt, method="occlusion", on_progress=hold))
    thread.start()
    assert running.wait(20)
    assert engine.predict(shirt).scores  # would hang if the slow job held the model
    assert engine.explain(shirt, method="guided-backprop").values.any()
    proceed.set()
    thread.join(60)


def test_explanations_are_bounded(weights: Path, shirt: Photo) -> None:
    engine = Engine(EngineConfig(device="cpu", explain_queue=1))
    running, proceed = threading.Event(), threading.Event()

    def hold(_progress: object) -> None:
        running.set()
        proceed.wait(20)

    thread = threading.Thread(target=lambda: engine.explain(shirt, method="smoothgrad", on_progress=hold))
    thread.start()
    assert running.wait(20)
    with pytest.raises(Overloaded):
        engine.explain(shirt)
    proceed.set()
    thread.join(60)
    engine.close()


def test_hooked_and_plain_methods_do_not_disturb_each_other(engine: Engine, shirt: Photo) -> None:
    alone = {m: engine.explain(shirt, method=m).values for m in ("gradient", "guided-backprop", "grad-cam")}
    with ThreadPoolExecutor(6) as pool:
        jobs = [(m, pool.submit(engine.explain, shirt, None, m)) for m in list(alone) * 2]
        for method, job in jobs:
            assert np.allclose(job.result().values, alone[method], atol=1e-6), method


def test_least_recently_used_models_leave(weights: Path, shirt: Photo) -> None:
    engine = Engine(EngineConfig(device="cpu", memory_mb=0))
    engine.predict(shirt)
    assert engine.model().loaded, "the model in use stays even above the budget"
    engine.close()
    assert not engine.model().loaded
    assert engine.predict(shirt).scores, "a dropped model loads again"
    engine.close()


def test_config_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_QUEUE_SIZE", "3")
    monkeypatch.setenv("FASHIONVIZ_DEVICE", "cpu")
    monkeypatch.setenv("FASHIONVIZ_MAX_WAIT_MS", "1.5")
    config = EngineConfig.from_environment()
    assert (config.queue_size, config.device, config.max_wait_ms) == (3, "cpu", 1.5)
    assert config.place() == (torch.device("cpu"), torch.float32)


def test_same_seed_same_weights(tmp_path: Path) -> None:
    assert make_weights(tmp_path / "a").sha256 == make_weights(tmp_path / "b").sha256
    assert make_weights(tmp_path / "c", seed=1).sha256 != make_weights(tmp_path / "a").sha256


def test_models_that_answer_come_first(engine: Engine) -> None:
    listed = engine.models()
    assert listed[0].name == engine.model().name, "every front end takes the first default that is trained"
    trained = [info.trained for info in listed]
    assert trained == sorted(trained, reverse=True)
    assert [i.name for i in listed if not i.trained] == sorted(i.name for i in listed if not i.trained)
