"""Real items that a drawing resembles most: by the catalogue that ships, in a moment, or by measuring all photos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.items import ItemRef, named_item
from fashionviz.errors import ModelNotTrained, UnknownModel
from fashionviz.evaluation.drawing_judge import CLASSIFIER, garment_part
from fashionviz.generate.nearest import DATA_SET, SPLIT, Nearest, nearest_items
from fashionviz.match.catalogue import open_catalogue
from fashionviz.match.errors import CatalogueDamaged, EmbedderMismatch, UnknownCatalogue
from fashionviz.match.wiring import embedder_for

#: Of so many items most like a drawing those of the training split are taken: it has three quarters of all.
_DEPTH = 8


@dataclass(frozen=True)
class NearestReal:
    """What was found.

    Attributes:
        items: most alike first.
        by: whose vectors were compared.
    """

    items: tuple[Nearest, ...]
    by: str


def nearest_to(
    engine: Any, pixels: NDArray[np.uint8], k: int = 6, *, tick: Callable[[int, int], None] | None = None
) -> NearestReal:
    """The items that generators learned from and that are most like a drawing.

    The vectors of the catalogue ``fpi`` are asked where it and the network that made them are here; else the photos are
    measured by the shipped classifier, which takes minutes the first time.

    Args:
        engine: the shared engine.
        pixels: ``(H, H, 3)`` uint8, a drawing.
        k: how many.
        tick: called with (done, total) photos while they are measured; may raise to stop.

    Raises:
        DataError: neither the catalogue nor the photos are here.
        Overloaded: too many wait for the network.
    """
    try:
        found = _by_catalogue(engine, pixels, k)
    except (UnknownCatalogue, CatalogueDamaged, EmbedderMismatch, ModelNotTrained, UnknownModel):
        found = None
    if found is not None:
        return found
    return NearestReal(nearest_items(pixels, k, tick=tick), CLASSIFIER)


def _by_catalogue(engine: Any, pixels: NDArray[np.uint8], k: int) -> NearestReal | None:
    catalogue = open_catalogue(DATA_SET)
    embedder = embedder_for(engine, catalogue.embedder.name)
    catalogue.check(embedder.ref)
    hits = catalogue.search(embedder.embed([garment_part(pixels[None])[0]]), _DEPTH * k)[0]
    items = catalogue.items(hits.ids)
    found = []
    for identifier, score in zip(hits.ids, hits.scores, strict=True):
        source = items[identifier].source if identifier in items else None
        ref = named_item(source) if source else None
        if isinstance(ref, ItemRef) and (ref.data_set, ref.split) == (DATA_SET, SPLIT):
            found.append(Nearest(ref.id, float(score)))
    return NearestReal(tuple(found[:k]), embedder.ref.name) if len(found) >= k else None
