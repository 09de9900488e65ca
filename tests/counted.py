"""Counts what a real engine is asked, while it still answers."""

import pytest

from fashionviz.images import Photo
from fashionviz.inference.engine import Engine
from fashionviz.results import Prediction


def count_calls(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The models of all calls from now on, in a list that grows."""
    calls: list[str | None] = []
    predict = engine.predict

    def counted(photo: Photo, model: str | None = None) -> Prediction:
        calls.append(model)
        return predict(photo, model)

    monkeypatch.setattr(engine, "predict", counted)
    return calls
