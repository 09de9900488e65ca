"""The catalogue that comes with the package: small enough, of all public items, by the installed embedder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fashionviz.match import places
from fashionviz.match.catalogue import Catalogue, open_catalogue
from fashionviz.models.card import load_card
from fashionviz.models.weights import model_folder

ROOT = Path(__file__).resolve().parents[2] / "catalogues"


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Catalogue:
    if not (ROOT / "fpi" / places.FILE).is_file():
        pytest.skip("no catalogue ships yet")
    monkeypatch.setattr(places, "shipped_root", lambda: ROOT)
    monkeypatch.setenv("FASHIONVIZ_CATALOGUES", str(tmp_path))
    monkeypatch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
    return open_catalogue("fpi")


def test_it_holds_every_public_item_without_its_photo(shipped: Catalogue) -> None:
    info = shipped.info()
    assert (info.items, info.thumbnails, info.shipped, info.packing) == (41_846, 0, True, "int8")
    assert info.calibrated
    assert info.embedder.sha256 == load_card(model_folder(info.embedder.name)).sha256
    assert (ROOT / "fpi" / places.FILE).stat().st_size <= 30 * 2**20
    item = shipped.items(["39386"])["39386"]
    assert item.category == "pants"
    assert item.source is not None
    assert item.source.endswith(":39386")


def test_an_item_finds_itself_first(shipped: Catalogue) -> None:
    vector = shipped.vectors(["39386"])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)
    hits = shipped.search(vector, 5)[0]
    assert hits.ids[0] == "39386"
    assert hits.scores[0] == pytest.approx(1, abs=0.01)
    assert all(hits.scores[0] >= score for score in hits.scores)
