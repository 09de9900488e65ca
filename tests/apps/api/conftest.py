"""The REST API over random weights, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from apps.api import get_engine
from apps.server import create_app
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.apps.api.calls import Broken


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(random_weights))
        engine = Engine(EngineConfig(device="cpu"))
        yield engine
        engine.close()


@pytest.fixture(scope="module")
def app(engine: Engine) -> Any:
    app = create_app(lab=False, studio=False)
    app.dependency_overrides[get_engine] = lambda: engine
    return app


@pytest.fixture(scope="module")
def client(app: Any) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


@pytest.fixture
def replace(app: Any, engine: Engine) -> Iterator[Any]:
    def put(**calls: Any) -> None:
        app.dependency_overrides[get_engine] = lambda: Broken(engine, **calls)

    yield put
    app.dependency_overrides[get_engine] = lambda: engine
