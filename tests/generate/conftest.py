"""Untrained generators in a folder of weights, and the process's engine over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import fashionviz.inference.engine as engines
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.drawn import CONDITIONAL, PLAIN, make_generator


@pytest.fixture(scope="session")
def generators(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    for name in (CONDITIONAL, PLAIN):
        make_generator(folder, name)
    return folder


@pytest.fixture
def shared(generators: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(generators))
    made = Engine(EngineConfig(device="cpu"))
    monkeypatch.setattr(engines, "_shared", made)
    yield made
    made.close()
