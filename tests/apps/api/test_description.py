"""The API's description of itself: OpenAPI and the page for people."""

from __future__ import annotations

import re

from starlette.testclient import TestClient

from tests.apps.api.calls import API


def test_openapi_is_complete(client: TestClient) -> None:
    schema = client.get(f"{API}/openapi.json").json()
    calls = {(m.upper(), p): op for p, methods in schema["paths"].items() for m, op in methods.items()}
    assert set(calls) == {
        ("GET", f"{API}/models"),
        ("GET", f"{API}/models/{{name}}"),
        ("GET", f"{API}/models/{{name}}/layers"),
        ("GET", f"{API}/models/{{name}}/report"),
        ("GET", f"{API}/models/{{name}}/report/cell"),
        ("GET", f"{API}/models/{{name}}/channels"),
        ("GET", f"{API}/models/{{name}}/averages"),
        ("GET", f"{API}/models/{{name}}/embedding-map"),
        ("POST", f"{API}/predict"),
        ("POST", f"{API}/explain"),
        ("GET", f"{API}/filters"),
        ("POST", f"{API}/activations"),
        ("POST", f"{API}/landmarks"),
        ("POST", f"{API}/report"),
        ("POST", f"{API}/disagreement"),
        ("POST", f"{API}/segment"),
        ("POST", f"{API}/trust"),
        ("POST", f"{API}/detect"),
        ("GET", f"{API}/generators"),
        ("POST", f"{API}/generate"),
        ("POST", f"{API}/interpolate"),
        ("POST", f"{API}/formation"),
        ("POST", f"{API}/invert"),
        ("POST", f"{API}/match"),
        ("POST", f"{API}/match/why"),
        ("GET", f"{API}/catalogues"),
        ("GET", f"{API}/catalogues/{{name}}"),
        ("GET", f"{API}/catalogues/{{name}}/items/{{identifier}}/thumbnail"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
    }
    for (_, path), operation in calls.items():
        assert operation["summary"]
        assert operation["description"]
        kind = "text/html" if path == f"{API}/report" else "application/json"
        kind = "image/webp" if path.endswith("/thumbnail") else kind
        kind = "image/gif" if path == f"{API}/interpolate" else kind
        assert "schema" in operation["responses"]["200"]["content"][kind]
    assert set(calls["POST", f"{API}/explain"]["responses"]["200"]["content"]) == {
        "application/json",
        "image/png",
        "application/octet-stream",
    }
    assert "429" in calls["POST", f"{API}/predict"]["responses"]
    for shape in ("PredictionBody", "SamplesBody", "GenerateAsked", "InterpolateAsked", "FormationAsked"):
        assert schema["components"]["schemas"][shape]["examples"]
    for call in ("generate", "interpolate", "formation", "invert"):
        assert {"404", "409", "422", "429"} <= set(calls["POST", f"{API}/{call}"]["responses"])


def test_docs_need_no_other_host(client: TestClient) -> None:
    page = client.get(f"{API}/docs").text
    for path in ("/predict", "/explain", "/filters", "/activations", "/landmarks", "/segment", "/models/{name}/report"):
        assert f"{API}{path}" in page
    assert "curl -F file=@photo.jpg" in page
    assert f"{API}/openapi.json" in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
