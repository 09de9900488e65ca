"""Calls to the REST API, and what stands in for its engine."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.inference.engine import Engine

NAME = "mobilenet_v2.gender_category"
API = "/api/v1"
PNG = images.encode_png(draw("dress", 0))


class Broken:
    """The engine with some of its calls replaced."""

    def __init__(self, engine: Engine, **calls: Any) -> None:
        self._engine = engine
        self.__dict__.update(calls)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def post(client: TestClient, path: str, data: bytes = PNG, name: str = "dress.png", **fields: str) -> Any:
    return client.post(API + path, files={"file": (name, data, "image/png")}, data=fields)


def error_of(response: Any) -> tuple[str, str]:
    """The error's code and sentence, after checking that the body has the one shape."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    message = body["error"]["message"]
    assert message.endswith(".")
    assert "Traceback" not in message
    assert "/work" not in message
    return body["error"]["code"], message
