"""A photo to its matches, as in paper 001: find the garments, name each one's category, embed it, search."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from fashionviz.boxes import shared
from fashionviz.errors import InvalidRequest
from fashionviz.images import Photo
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.curve import MatchCurve
from fashionviz.match.protocols import Categoriser, Detector, Embedder
from fashionviz.match.results import CatalogueItem, Hits, Match, MatchedItem, Matches, MatchTimings
from fashionviz.match.shelves import category_of, shelves_for
from fashionviz.results import Box

#: Matches for each garment.
K = 10
#: Garments of a photo at most, and the least that the detector must be sure of one.
MAX_ITEMS, LEAST_SCORE = 12, 0.6
#: A box of which more than this lies within a surer one of its kind, or the other way round, is the same garment: a
#: part of it, or it with something around it. The detector's own suppression asks for alike boxes only.
DOUBLE = 0.9
#: Categories that the categoriser names: the paper's top 2.
NARROW = 2


def match_photo(
    photo: Photo,
    catalogue: Catalogue,
    embedder: Embedder,
    *,
    detector: Detector | None = None,
    categoriser: Categoriser | None = None,
    boxes: Sequence[Box] | None = None,
    k: int = K,
    narrow: bool = False,
    category: str | Collection[str] | None = None,
    least_score: float = LEAST_SCORE,
) -> Matches:
    """The shop items most like the garments of a photo.

    Args:
        photo: from :func:`fashionviz.images.decode`.
        catalogue: to search in.
        embedder: the one that made the catalogue's vectors.
        detector: finds the garments; without it the whole photo is one.
        categoriser: names each garment's category.
        boxes: these regions are the garments; nobody detects then.
        k: matches for each.
        narrow: search only the categories that a garment may be of (:func:`fashionviz.match.shelves.shelves_for`):
            those of what the detector found, else the categoriser's two most probable, as the paper does. A garment of
            none that the catalogue has is searched for in all of it.
        category: search this category, or these, only.
        least_score: garments of which the detector is less sure are left out.

    Raises:
        EmbedderMismatch: the catalogue's vectors are another network's.
        InvalidRequest: ``narrow`` without a categoriser or beside ``category``, or a category the catalogue lacks.
        ImageTooSmall: a box outside the photo.
        NoDetector: no detector is installed.
    """
    catalogue.check(embedder.ref)
    if narrow and categoriser is None and (detector is None or boxes is not None):
        raise InvalidRequest("Narrowing needs a network that names categories; none is installed.")
    if narrow and category is not None:
        raise InvalidRequest("Choose a category, or let the search be narrowed, not both.")
    held = set(catalogue.info().categories) if narrow or category is not None else set()
    asked = (category,) if isinstance(category, str) else category
    for name in asked or ():
        if name not in held:
            words = ", ".join(sorted(held)) or "none at all"
            raise InvalidRequest(f"The catalogue {catalogue.name} has no category {name[:80]!r}; it has {words}.")
    spent = _Spent()

    with spent.on("detect"):
        garments = _garments(photo, detector, boxes, least_score)
    with spent.on("categorise"):
        named = [categoriser.name_crop(photo, box)[:NARROW] if categoriser else () for box, _, _ in garments]
    with spent.on("embed"):
        crops = [photo.crop(box).pixels for box, _, _ in garments]
        vectors = embedder.embed(crops) if crops else np.empty((0, embedder.dim), np.float32)
    curve = catalogue.curve()
    items = []
    with spent.on("search"):
        for (box, score, label), top, vector in zip(garments, named, vectors, strict=True):
            only = shelves_for(label, top, held) if narrow else tuple(asked or ())
            hits = catalogue.search(vector[None], k, only or None)[0]
            matches = matches_of(hits, catalogue.items(hits.ids), curve)
            items.append(MatchedItem(box, score, category_of(label, top), top, only, matches, label))
    return Matches(
        catalogue.name,
        embedder.ref,
        curve is not None,
        tuple(items),
        MatchTimings(decode=photo.decode_ms, **spent.times),
        photo.notes,
    )


def match_item(catalogue: Catalogue, identifier: str, k: int = K) -> tuple[Match, ...]:
    """The items of a catalogue most like one of them, itself left out.

    Raises:
        UnknownItem: it has no such item.
    """
    hits = catalogue.search(catalogue.vectors([identifier]), k + 1)[0]
    found = matches_of(hits, catalogue.items(hits.ids), catalogue.curve())
    return tuple(match for match in found if match.item.id != identifier)[:k]


def matches_of(hits: Hits, items: dict[str, CatalogueItem], curve: MatchCurve | None) -> tuple[Match, ...]:
    """Hits with what is known of each item; one that was removed a moment ago is left out."""
    return tuple(
        Match(items[i], float(score), curve.probability(float(score)) if curve else None)
        for i, score in zip(hits.ids, hits.scores, strict=True)
        if i in items
    )


def _garments(
    photo: Photo, detector: Detector | None, boxes: Sequence[Box] | None, least_score: float
) -> list[tuple[Box, float | None, str | None]]:
    """Boxes with the detector's score and label, surest first; of one kind within one another, the surest alone."""
    if boxes is not None:
        return [(_inside(photo, box), None, None) for box in boxes]
    if detector is None:
        return [((0.0, 0.0, float(photo.width), float(photo.height)), None, None)]
    found = detector.detect(photo)
    garments: list[tuple[Box, float | None, str | None]] = []
    for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True):
        box = _inside(photo, box)
        double = any(label == other and shared(box, kept) > DOUBLE for kept, _, other in garments)
        if score >= least_score and not double:
            garments.append((box, score, label))
    return garments[:MAX_ITEMS]


def _inside(photo: Photo, box: Box) -> Box:
    """The box with its corners in order and inside the photo; :meth:`Photo.crop` refuses one without area."""
    x0, x1 = sorted((box[0], box[2]))
    y0, y1 = sorted((box[1], box[3]))
    right, bottom = min(float(photo.width), float(x1)), min(float(photo.height), float(y1))
    return max(0.0, float(x0)), max(0.0, float(y0)), right, bottom


class _Spent:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.times[stage] = (time.perf_counter() - start) * 1000
