"""The suite over networks whose answers are known: a detector and an embedder that go by colour, and two items."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch

from fashionviz.images import encode_png
from tests.item_network import PAINT

#: Values of a vector of the embedder in whose place this one stands.
DIM = 256
#: Of the shop: as red as the painted dress, and as green as the painted bag.
ITEMS = {"dress": "A red thing", "bag": "A green thing"}


class Colours(torch.nn.Module):
    """The mean of each colour channel as a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.features = torch.nn.Conv2d(3, 3, 1, bias=False)
        torch.nn.init.dirac_(self.features.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        means = self.features(x).mean(dim=(2, 3))
        return torch.nn.functional.pad(means / means.norm(dim=1, keepdim=True), (0, DIM - 3))


def serve() -> None:
    """Build the shop, then serve the suite at a free port; the environment says where weights and catalogues are."""
    import fashionviz.inference.engine as engines
    from apps import server
    from fashionviz.inference.loaded import Loaded
    from fashionviz.match import places, wiring
    from fashionviz.match.build import build
    from fashionviz.match.catalogue import create_catalogue, facts_for
    from fashionviz.match.sources import MemorySource
    from fashionviz.models.registry import get_model
    from tests.conftest import make_weights
    from tests.item_network import MODEL, item_engine
    from tests.match.shop import EMBEDDER

    weights = Path(os.environ["FASHIONVIZ_WEIGHTS"])
    places.shipped_root = lambda: Path("/nowhere/catalogues")  # the one that ships would be chosen first
    card = make_weights(weights, EMBEDDER).model_copy(update={"golden": None})
    engines._shared = engine = item_engine(weights)
    engine._loaded[EMBEDDER] = Loaded(get_model(EMBEDDER), card, Colours(), engine.config)
    wiring.trained_detectors = lambda: (MODEL,)
    embedder = wiring.embedder_for(engine, EMBEDDER)
    facts = facts_for(embedder.ref, embedder.dim, cropper="whole photo", source="a test")
    shop = create_catalogue(Path(os.environ["FASHIONVIZ_CATALOGUES"]) / "shop", facts)
    photos = [(f"{ITEMS[k]}.png", encode_png(np.full((120, 90, 3), PAINT[k][0], np.uint8))) for k in ITEMS]
    build(shop, MemorySource(photos, "a test"), embedder)
    server.serve(port=0)
