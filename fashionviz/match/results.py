"""Frozen results of matching: what every front end shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.results import Box, ModelRef


@dataclass(frozen=True)
class CatalogueItem:
    """An item of a catalogue, without its vector and picture.

    Attributes:
        id: unique within the catalogue.
        category: by which a search may be narrowed, if it has one.
        title: for people; may be empty.
        metadata: any further columns, price among them where there is one.
        source: the item of a public data set that it is, as ``DATASET:SPLIT:ID``.
        box: the part of its photo that was embedded; ``None`` for all of it.
    """

    id: str
    category: str | None = None
    title: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    box: Box | None = None


@dataclass(frozen=True)
class Hits:
    """What a search found for one vector.

    Attributes:
        ids: most alike first; fewer than asked for where the catalogue, or the category, has no more.
        scores: ``(n,)`` float32, cosines -1..1.
    """

    ids: tuple[str, ...]
    scores: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True)
class Match:
    """A shop item that may be the one in the photo.

    Attributes:
        item: of the catalogue.
        score: cosine, -1..1.
        probability: that it is the same item, 0..1; ``None`` where no curve was fitted for the embedder.
    """

    item: CatalogueItem
    score: float
    probability: float | None


@dataclass(frozen=True)
class MatchedItem:
    """A garment in the photo with its matches.

    Attributes:
        box: ``(x0, y0, x1, y1)`` in pixels of the photo.
        score: how sure the detector is, 0..1; ``None`` where the region was given.
        category: its most probable one (:func:`fashionviz.match.shelves.category_of`); ``None`` where nobody was asked.
        categories: the categoriser's two most probable with their probabilities.
        narrowed_to: the categories that were searched; empty where all were.
        matches: most alike first.
        label: what the detector calls it, of which its score speaks; ``None`` where the region was given.
    """

    box: Box
    score: float | None
    category: str | None
    categories: tuple[tuple[str, float], ...]
    narrowed_to: tuple[str, ...]
    matches: tuple[Match, ...]
    label: str | None = None


@dataclass(frozen=True)
class MatchTimings:
    """Where the time went, in milliseconds."""

    decode: float = 0.0
    detect: float = 0.0
    categorise: float = 0.0
    embed: float = 0.0
    search: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """Rounded to a hundredth of a millisecond, for JSON."""
        parts = {
            "decode": self.decode, "detect": self.detect, "categorise": self.categorise, "embed": self.embed,
            "search": self.search,
        }  # fmt: skip
        return {name: round(value, 2) for name, value in {**parts, "total": sum(parts.values())}.items()}


@dataclass(frozen=True)
class Matches:
    """All garments of a photo with their matches.

    Attributes:
        catalogue: its name.
        embedder: which network's vectors were compared.
        calibrated: whether probabilities are given.
        items: the garments, surest first.
        timings: of the whole.
        notes: what was done to the photo, in words.
    """

    catalogue: str
    embedder: ModelRef
    calibrated: bool
    items: tuple[MatchedItem, ...]
    timings: MatchTimings
    notes: tuple[str, ...] = ()
