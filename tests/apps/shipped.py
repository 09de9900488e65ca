"""The studio's pages with all models that are shipped, each loaded before the first page runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apps.studio import jobs
from fashionviz.data.examples import draw
from fashionviz.images import Photo, from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.conftest import NAMING, TRAINED

GENDER, SMALL = "mobilenet_v2.gender_category", "category_cnn28.category11"
needs_weights = pytest.mark.skipif(not {GENDER, SMALL} <= set(TRAINED), reason="the shipped weights are not here")


@contextmanager
def shipped_engine(ask: Callable[[Engine, Photo, str], object]) -> Iterator[Engine]:
    """An engine that has been asked this question of every model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
        made = Engine(EngineConfig(device="cpu"))
        for name in NAMING:  # loading them may take long on a busy machine, and is not what is tested
            ask(made, from_pixels(draw("dress", 0)), name)
        yield made
        made.close()


def furnish(engine: Engine, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages ask this engine, and wait for it."""
    monkeypatch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(cache))
    monkeypatch.setattr("apps.studio.parts.shared_engine", lambda: engine)
    monkeypatch.setattr(jobs, "PATIENCE_S", 300.0)
