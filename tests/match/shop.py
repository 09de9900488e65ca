"""A small shop whose vectors a random embedder made: for tests of what explains its matches."""

from __future__ import annotations

from pathlib import Path

import pytest

from fashionviz.images import encode_png
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.match.build import build
from fashionviz.match.catalogue import Catalogue, create_catalogue, facts_for
from fashionviz.match.sources import MemorySource
from fashionviz.match.wiring import embedder_for
from tests.conftest import make_weights
from tests.items import garment

EMBEDDER = "mobilenet_v2.item"
#: Of the shop's items; the photo that is searched with is the first.
PHOTO = encode_png(garment(0, (120, 90)))
ITEMS = ("one", "two")


def open_shop(weights: Path, catalogues: Path, patch: pytest.MonkeyPatch) -> tuple[Engine, Catalogue]:
    """An engine over random weights, and the catalogue ``shop`` of it.

    Args:
        weights, catalogues: folders to write into; the environment names them from now on.
        patch: undoes that.
    """
    make_weights(weights, EMBEDDER)
    patch.setenv("FASHIONVIZ_WEIGHTS", str(weights))
    patch.setenv("FASHIONVIZ_CATALOGUES", str(catalogues))
    engine = Engine(EngineConfig(device="cpu"))
    embedder = embedder_for(engine, EMBEDDER)
    facts = facts_for(embedder.ref, embedder.dim, cropper="whole photo", source="a test")
    shop = create_catalogue(catalogues / "shop", facts)
    photos = [(f"{name}.png", encode_png(garment(n, (120, 90)))) for n, name in enumerate(ITEMS)]
    build(shop, MemorySource(photos, "a test"), embedder)
    return engine, shop
