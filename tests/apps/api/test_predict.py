"""The API's predictions: the engine's numbers, each visitor's own, and none without trained weights."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from apps.api import get_engine
from apps.server import create_app
from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.weights import is_trained, weights_root
from tests.apps.api.calls import API, NAME, PNG, error_of, post


def test_predict_equals_the_engine(client: TestClient, engine: Engine) -> None:
    response = post(client, "/predict")
    body = response.json()
    expected = engine.predict(images.decode(PNG))
    assert body["file"] == "dress.png"
    assert [p["label"] for p in body["predictions"]] == [s.label for s in expected.scores]
    got = [p["probability"] for p in body["predictions"]]
    assert got == pytest.approx([s.probability for s in expected.scores], abs=1e-6)
    assert got == sorted(got, reverse=True)
    assert sum(got) == pytest.approx(1, abs=1e-5)
    assert [p["logit"] for p in body["predictions"]] == pytest.approx([s.logit for s in expected.scores], abs=1e-4)
    assert set(body["timings_ms"]) == {"decode", "queue", "compute", "total"}
    assert body["sha256"] == response.headers["x-fashionviz-weights"] == expected.model.sha256
    assert body["box"] is None
    assert "not a person" in body["note"]
    assert response.headers["cache-control"] == "no-store"


def test_box_and_model_come_by_form_or_query(client: TestClient, engine: Engine) -> None:
    box = (40.0, 30.0, 200.0, 260.0)
    form = post(client, "/predict", box="40,30,200,260", model=NAME).json()
    query = post(client, f"/predict?box=40,30,200,260&model={NAME}").json()
    expected = engine.predict(images.decode(PNG), box=box)
    for body in (form, query):
        assert body["box"] == list(box)
        assert body["predictions"][0]["logit"] == pytest.approx(expected.top.logit, abs=1e-4)
    whole = post(client, "/predict").json()
    assert whole["predictions"][0]["logit"] != pytest.approx(expected.top.logit, abs=1e-3)


def test_not_trained_model_never_guesses(
    client: TestClient, app: Any, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    empty = Engine(EngineConfig(device="cpu"))
    app.dependency_overrides[get_engine] = lambda: empty
    try:
        assert not client.get(f"{API}/models/{NAME}").json()["trained"]
        response = post(client, "/predict")
        page = client.get("/").text
        ready = client.get("/health/ready")
    finally:
        app.dependency_overrides[get_engine] = lambda: engine
    assert response.status_code == 409
    assert error_of(response)[0] == "model_not_trained"
    assert "No model is trained yet" in page
    assert "looked.png" not in page
    assert ready.status_code == 503
    assert ready.json()["reason"]


def test_photos_of_two_visitors_do_not_mix(client: TestClient, engine: Engine) -> None:
    photos = {kind: images.encode_png(draw(kind, 1)) for kind in ("watch", "skirt")}
    expected = {kind: engine.predict(images.decode(data)).top.logit for kind, data in photos.items()}
    wrong: list[str] = []

    def visitor(kind: str) -> None:
        for _ in range(4):
            body = post(client, "/predict", photos[kind], f"{kind}.png").json()
            if body["file"] != f"{kind}.png" or abs(body["predictions"][0]["logit"] - expected[kind]) > 1e-3:
                wrong.append(kind)

    threads = [threading.Thread(target=visitor, args=(kind,)) for kind in (*photos, *photos)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_committed_weights_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights that users get: ready, and a drawn dress is answered with all six classes."""
    monkeypatch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
    if not is_trained(NAME):
        pytest.skip(f"no weights of {NAME} in {weights_root().name}/: train them with `fashionviz train {NAME}`")
    own = Engine(EngineConfig(device="cpu"))
    app = create_app(lab=False, studio=False)
    app.dependency_overrides[get_engine] = lambda: own
    try:
        with TestClient(app) as client:
            assert client.get("/health/ready").status_code == 200
            body = post(client, "/predict").json()
            assert len(body["predictions"]) == 6
    finally:
        own.close()
