"""Real items most like a drawing: by the catalogue where it is here, else by measuring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fashionviz.errors import Overloaded
from fashionviz.evaluation.drawing_judge import CLASSIFIER
from fashionviz.generate.nearest import Nearest
from fashionviz.match import drawn
from fashionviz.match.results import CatalogueItem
from fashionviz.match.store import NewItem
from tests.match.fakes import Colours, made

RED = np.full((64, 64, 3), (230, 20, 20), np.uint8)


def shop(root: Path, splits: tuple[str, ...]) -> None:
    """Reds, each darker than the one before, from these splits."""
    held = made(root / "fpi")
    pictures = [np.full((20, 20, 3), (230 - 12 * i, 20, 20 + 12 * i), np.uint8) for i in range(len(splits))]
    with held.writer() as writer:
        for i, (split, vector) in enumerate(zip(splits, Colours().embed(pictures), strict=True)):
            writer.add([NewItem(CatalogueItem(str(i), None, str(i), {}, f"fpi:{split}:{i}"), vector)])


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASHIONVIZ_CATALOGUES", str(tmp_path))
    monkeypatch.setattr(drawn, "embedder_for", lambda engine, name: Colours())
    monkeypatch.setattr(drawn, "nearest_items", lambda pixels, k, tick=None: (Nearest("measured", 1.0),))
    return tmp_path


def test_the_catalogue_is_asked_for_items_that_were_learned_from(house: Path) -> None:
    shop(house, ("test", "train", "validation", "train", "train"))
    found = drawn.nearest_to(None, RED, 2)
    assert [item.id for item in found.items] == ["1", "3"]
    assert found.items[0].cosine > found.items[1].cosine > 0.5
    assert found.by == Colours.ref.name


def test_without_it_or_with_too_few_items_the_photos_are_measured(house: Path) -> None:
    measured = drawn.NearestReal((Nearest("measured", 1.0),), CLASSIFIER)
    assert drawn.nearest_to(None, RED, 2) == measured
    shop(house, ("test", "train", "validation"))
    assert drawn.nearest_to(None, RED, 2) == measured


def test_a_full_queue_is_said_and_not_answered_by_minutes_of_measuring(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(pictures: object) -> None:
        raise Overloaded("Too many photos are waiting; please try again in a moment.")

    shop(house, ("train", "train"))
    embedder = Colours()
    monkeypatch.setattr(embedder, "embed", busy)
    monkeypatch.setattr(drawn, "embedder_for", lambda engine, name: embedder)
    with pytest.raises(Overloaded):
        drawn.nearest_to(None, RED, 1)
