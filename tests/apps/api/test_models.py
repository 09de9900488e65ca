"""The API's models: their names, numbers, layers and reports."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.apps.api.calls import API, NAME, error_of
from tests.reports import N


def test_models_lists_name_metrics_and_methods(client: TestClient) -> None:
    found = {m["name"]: m for m in client.get(f"{API}/models").json()}
    model = found[NAME]
    assert model["trained"]
    assert model["default"]
    assert model["input_size"] == [160, 120]
    assert model["metrics"][0]["n"] == 96
    assert "guided-backprop" in model["methods"]
    assert "not a person" in model["note"]
    assert not model["multilabel"]
    assert {name for name, m in found.items() if m["multilabel"]} == {"inception_v3.tags", "mobilenet_v2.street_tags"}
    assert client.get(f"{API}/models/{NAME}").json()["sha256"] == model["sha256"]


def test_layers_come_from_the_model(client: TestClient) -> None:
    layers = {layer["name"]: layer for layer in client.get(f"{API}/models/{NAME}/layers").json()}
    assert layers["features.0.0"]["filters"]
    assert layers["features.0.0"]["shape"] == [32, 80, 60]


def test_report_is_the_committed_one(client: TestClient) -> None:
    report = client.get(f"{API}/models/{NAME}/report").json()
    assert report["n"] == N
    assert sum(map(sum, report["confusion"])) == N
    assert report["accuracy_ci95"][0] < report["accuracy"] < report["accuracy_ci95"][1]
    assert [c["label"] for c in report["per_class"]] == report["classes"]


def test_report_missing_says_why(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.api.routes.load_report", lambda name: None)
    response = client.get(f"{API}/models/{NAME}/report")
    assert response.status_code == 404
    assert error_of(response)[0] == "report_missing"


@pytest.mark.parametrize("path", ["/models/nope", "/models/nope/layers", "/models/nope/report", "/filters?model=nope"])
def test_unknown_model_is_404(client: TestClient, path: str) -> None:
    response = client.get(API + path)
    assert response.status_code == 404
    code, message = error_of(response)
    assert code == "unknown_model"
    assert NAME in message  # the names there are
