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


def test_the_report_has_intervals_and_reliability(client: TestClient) -> None:
    report = client.get(f"{API}/models/{NAME}/report").json()
    for row in report["per_class"]:
        for figure in ("precision", "recall", "f1"):
            low, high = row[f"{figure}_ci95"]
            assert low <= row[figure] <= high
    bins = report["reliability"]["bins"]
    assert sum(b["n"] for b in bins) == N
    ece = sum(b["n"] * abs(b["accuracy"] - b["mean_confidence"]) for b in bins) / N
    assert report["reliability"]["ece"] == pytest.approx(ece)


def test_the_pictures_of_a_cell_are_those_counted(client: TestClient) -> None:
    report = client.get(f"{API}/models/{NAME}/report").json()
    true, predicted = report["classes"][0], report["classes"][1]
    cell = client.get(f"{API}/models/{NAME}/report/cell", params={"true": true, "predicted": predicted}).json()
    assert len(cell["items"]) == report["confusion"][0][1] > 0
    assert cell["items"][0]["item"] == f"fpi:test:{cell['items'][0]['id']}"
    sure = [item["probabilities"][predicted] for item in cell["items"]]
    assert sure == sorted(sure, reverse=True)
    response = client.get(f"{API}/models/{NAME}/report/cell", params={"true": true, "predicted": "Hats"})
    assert response.status_code == 422
    assert "There is no class 'Hats'" in error_of(response)[1]


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
