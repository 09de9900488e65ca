"""Live and ready: asked of the engine's self-test, remembered for a while."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from apps import health
from fashionviz.inference.engine import Engine
from tests.apps.api.calls import Broken


def test_live_and_ready(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    response = client.get("/health/ready")
    body = response.json()
    assert response.status_code == 200
    assert body["ready"]
    assert body["worst"] <= body["tolerance"]


def test_ready_is_remembered_for_a_while(engine: Engine) -> None:
    asked = 0

    def count() -> Any:
        nonlocal asked
        asked += 1
        return engine.ready()

    broken: Any = Broken(engine, ready=count)
    cache = health.ReadinessCache(keep_s=60)
    assert cache.ask(broken).ready
    assert cache.ask(broken).ready
    assert asked == 1
    brief = health.ReadinessCache(keep_s=0)
    brief.ask(broken)
    brief.ask(broken)
    assert asked == 3


def test_a_failing_self_test_is_not_ready(client: TestClient, replace: Any) -> None:
    def fail() -> Any:
        raise RuntimeError("/srv/secret")

    replace(ready=fail)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["worst"] is None
    assert "secret" not in response.text
