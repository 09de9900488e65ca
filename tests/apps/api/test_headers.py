"""Wrong addresses and methods get JSON, foreign origins nothing, and every answer its security headers."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.apps.api.calls import API, error_of


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/models", "/api/v1/models/a/b/c"])
def test_unknown_addresses_of_the_api_are_json(client: TestClient, path: str) -> None:
    response = client.get(path, headers={"accept": "text/html"})
    assert response.status_code == 404
    assert error_of(response)[0] == "not_found"


def test_a_wrong_method_is_json(client: TestClient) -> None:
    response = client.get(f"{API}/predict")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert error_of(response)[0] == "method_not_allowed"


def test_no_foreign_origin_is_allowed(client: TestClient) -> None:
    origin = {"origin": "https://elsewhere.example"}
    assert "access-control-allow-origin" not in client.get(f"{API}/models", headers=origin).headers
    asked = {**origin, "access-control-request-method": "POST"}
    response = client.options(f"{API}/predict", headers=asked)
    assert response.status_code == 400
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["/", f"{API}/models", f"{API}/docs", "/nothing", "/static/portal.css"])
def test_security_headers_everywhere(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "default-src 'self'" in headers["content-security-policy"]
