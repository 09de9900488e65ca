"""Frozen results about vectors of shop items: one picture's, how well they find items, why two are alike."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fashionviz.results import Box, ModelRef, ModelView, Timings

Interval = tuple[float, float]
#: How many of the first items found may hold the right one.
DEPTHS = (1, 5, 10, 20)


@dataclass(frozen=True)
class Embedding:
    """A picture as a vector.

    Attributes:
        model: name and weight hash; vectors of other weights cannot be compared with it.
        vector: ``(D,)`` float32 of norm 1.
        view: what the network received.
        timings: decode, queue, compute.
        box: the region asked about, or ``None``.
    """

    model: ModelRef
    vector: NDArray[np.float32] = field(repr=False)
    view: ModelView = field(repr=False)
    timings: Timings
    box: Box | None = None


@dataclass(frozen=True)
class Recall:
    """How many queries find their item among the first k, k of :data:`DEPTHS`, and where the item stands.

    Attributes:
        n: queries.
        at: shares, in the order of :data:`DEPTHS`.
        ci95: of each, over resampled items.
        median_rank: 1 is first.
    """

    n: int
    at: tuple[float, ...]
    ci95: tuple[Interval, ...]
    median_rank: float


@dataclass(frozen=True)
class CategoryRecall:
    """Recall of the items of one shop category."""

    category: str
    recall: Recall


@dataclass(frozen=True)
class RetrievalReport:
    """How well an embedder finds catalogue items from synthetic street views of them.

    Attributes:
        model: name and weights.
        data_set, split: whose items were looked for.
        n: queries.
        items, views: items that were looked for, and views of each.
        skipped: items of which no view can be made: too little is left when their ground is cut away.
        gallery: items that were looked among.
        recall: items with equal photos are one item.
        strict: nothing but the very id is right.
        near: an item with a nearly equal photo is right, too.
        per_category: by shop category; what is in none of the eleven stands under ``other``.
        duplicates: how many items of the gallery have an equal, a nearly equal photo, or the same shape.
        match_ece: mean distance of match probability and truth; ``None`` without a curve.
        match_ece_ci95: of that.
        note: words that must stand beside the figures.
    """

    model: ModelRef
    data_set: str
    split: str
    n: int
    items: int
    views: int
    skipped: int
    gallery: int
    recall: Recall
    strict: Recall
    near: Recall
    per_category: tuple[CategoryRecall, ...]
    duplicates: dict[str, int]
    match_ece: float | None = None
    match_ece_ci95: Interval | None = None
    note: str = ""


@dataclass(frozen=True)
class CategoryPrecision:
    """Precision at ten of the photos of one category."""

    category: str
    n: int
    value: float
    ci95: Interval


@dataclass(frozen=True)
class CategoryReport:
    """Of real photos, whose item is in no catalogue: how many of the first ten items are of the photo's category.

    Attributes:
        model: name and weights.
        data_set, split: the photos.
        n: photos with a shop category.
        skipped: photos without one, or unreadable.
        gallery: items that were looked among.
        precision_at_10: mean share, with its interval over resampled photos.
        macro_precision_at_10: mean over the categories.
        chance: the share that items drawn by chance would have.
        per_category: in the order of the vocabulary.
    """

    model: ModelRef
    data_set: str
    split: str
    n: int
    skipped: int
    gallery: int
    precision_at_10: float
    precision_at_10_ci95: Interval
    macro_precision_at_10: float
    chance: float
    per_category: tuple[CategoryPrecision, ...]


@dataclass(frozen=True)
class MatchExplanation:
    """Why two pictures are alike: what of each their similarity rests on.

    Attributes:
        model: name and weights.
        method: how it was found.
        similarity: the cosine of the two vectors.
        query, item: ``(3, H, W)`` float32 at the pixels of the views, as an attribution of a class has them; of a
            method whose sign is evidence, what is positive makes the pictures alike.
        query_view, item_view: what the network received.
        timings: of the computation.
    """

    model: ModelRef
    method: str
    similarity: float
    query: NDArray[np.float32] = field(repr=False)
    item: NDArray[np.float32] = field(repr=False)
    query_view: ModelView = field(repr=False)
    item_view: ModelView = field(repr=False)
    timings: Timings
