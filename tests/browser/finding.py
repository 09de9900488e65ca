"""The suite over networks whose answers are known: a detector that goes by colour, a random embedder, two items."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from fashionviz.images import encode_png
from tests.item_network import PAINT

#: Of the shop: as red as the painted dress, and as green as the painted bag.
ITEMS = {"dress": "A red thing", "bag": "A green thing"}


def serve() -> None:
    """Build the shop, then serve the suite at a free port; the environment says where weights and catalogues are."""
    import fashionviz.inference.engine as engines
    from apps import server
    from fashionviz.match import wiring
    from fashionviz.match.build import build
    from fashionviz.match.catalogue import create_catalogue, facts_for
    from fashionviz.match.sources import MemorySource
    from tests.conftest import make_weights
    from tests.item_network import MODEL, item_engine
    from tests.match.shop import EMBEDDER

    weights = Path(os.environ["FASHIONVIZ_WEIGHTS"])
    make_weights(weights, EMBEDDER)
    engines._shared = engine = item_engine(weights)
    wiring.trained_detectors = lambda: (MODEL,)
    embedder = wiring.embedder_for(engine, EMBEDDER)
    facts = facts_for(embedder.ref, embedder.dim, cropper="whole photo", source="a test")
    shop = create_catalogue(Path(os.environ["FASHIONVIZ_CATALOGUES"]) / "shop", facts)
    photos = [(f"{ITEMS[k]}.png", encode_png(np.full((120, 90, 3), PAINT[k][0], np.uint8))) for k in ITEMS]
    build(shop, MemorySource(photos, "a test"), embedder)
    server.serve(port=0)
