"""``fashionviz study narrowing``: what it costs, and saves, to look for an item in its likeliest categories alone.

Paper 001 classifies a crop and compares it with the items of its two likeliest categories. Its items were put into
categories by the same classifier when the catalogue was built; so are ours.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fashionviz.data.cache import decoded
from fashionviz.data.cutouts import Bytes, catalogue_cut_outs, ground_patches
from fashionviz.data.street_views import SYNTHETIC, placed_views
from fashionviz.evaluation.retrieval import (
    QUERY_SEED,
    Gallery,
    Queries,
    embed_photos,
    embed_views,
    embedder,
    open_gallery,
    queries_of,
)
from fashionviz.evaluation.retrieval_figures import Codes, Vectors, resampled
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained
from fashionviz.studies.record import Figure, Frozen, in_cell, write_page
from fashionviz.training.item_recipes import ITEM_RECIPES
from fashionviz.training.loop import describe

log = logging.getLogger(__name__)

MODEL, CATEGORIES = "mobilenet_v2.item", "category_cnn28.category11"
DATA, SPLIT = "fpi", "test"
#: How many of the likeliest categories are looked in; ``None`` is the whole catalogue.
WIDTHS = (None, 1, 2, 3)
DEPTHS = (1, 10, 20)
#: Queries whose search is timed, and the batch of the classifier.
_TIMED, _BATCH = 200, 256


class Way(Frozen):
    """A way to search.

    Attributes:
        width: of the likeliest categories; ``None`` for the whole catalogue.
        kept: share of the queries whose item is in what is looked in: no better recall is possible.
        share: of the catalogue that is compared with, mean over the queries.
        recall: at :data:`DEPTHS`.
        named: recall@1 of the items that are in one of the eleven categories.
        search_ms: median time of one exact search, one query at a time on one thread; the classifier is not in it.
    """

    width: int | None
    kept: Figure
    share: float
    recall: tuple[Figure, ...]
    named: Figure
    search_ms: float


class NarrowingRecord(Frozen):
    """The record.

    Attributes:
        sha256: of the embedder's weights and of the classifier's.
        queries, named, gallery: counts; ``named`` are queries whose item is in one of the eleven categories.
        top: share of those whose category is among the classifier's first 1, 2, 3.
        classify_ms: median time of the classifier for one crop on one thread.
        rows: ways to search.
        machine: that the times are of.
    """

    sha256: tuple[str, str]
    queries: int
    named: int
    gallery: int
    top: tuple[Figure, ...]
    classify_ms: float
    rows: tuple[Way, ...]
    machine: str


def narrowed_ranks(
    queries: Vectors, gallery: Vectors, true: Codes, groups: Codes, likely: Codes, categories: Codes
) -> tuple[Codes, NDArray[np.bool_]]:
    """Ranks ``(Q,)`` among the items of each query's likely categories, and whether the item is among them.

    Args:
        queries, gallery: ``(Q, D)`` and ``(N, D)`` of norm 1.
        true, groups: ``(Q,)`` and ``(N,)`` products.
        likely: ``(Q, k)`` categories that each query is looked for in.
        categories: ``(N,)`` of the items.

    Returns:
        An item that is not among them has a rank behind the whole catalogue.
    """
    places, kept = np.empty(len(queries), np.int64), np.empty(len(queries), bool)
    items, numbers = torch.from_numpy(gallery).T.contiguous(), torch.from_numpy(groups)
    kinds = torch.from_numpy(categories)
    for start in range(0, len(queries), 256):
        part = slice(start, start + 256)
        similar = torch.from_numpy(np.ascontiguousarray(queries[part])) @ items
        inside = (kinds[None, :, None] == torch.from_numpy(likely[part])[:, None]).any(dim=2)
        right = (numbers[None] == torch.from_numpy(true[part])[:, None]) & inside
        best = similar.masked_fill(~right, -2).amax(dim=1, keepdim=True)
        found = ((similar >= best) & ~right & inside).sum(dim=1) + 1
        there = right.any(dim=1)
        places[part] = torch.where(there, found, len(gallery) + 1).numpy()
        kept[part] = there.numpy()
    return places, kept


def _classified(pictures: Iterable[Bytes]) -> Codes:
    """Categories ``(N, 11)`` of pictures, likeliest first."""
    spec = get_model(CATEGORIES)
    network, _ = load_trained(CATEGORIES)
    out: list[NDArray[np.int64]] = []
    waiting: list[torch.Tensor] = []

    def flush() -> None:
        if waiting:
            with torch.inference_mode():
                out.append(network(torch.stack(waiting)).argsort(dim=1, descending=True).numpy())
            waiting.clear()

    for pixels in pictures:
        waiting.append(to_input(pixels, spec.input_size, spec.mean, spec.std)[0])
        if len(waiting) == _BATCH:
            flush()
    flush()
    return np.concatenate(out)


def _crops(queries: Queries) -> Iterator[Bytes]:
    """The crops of the queries, ``(h, w, 3)`` uint8, as a detector would hand them on."""
    items, grounds, size = catalogue_cut_outs(DATA, SPLIT), ground_patches(SPLIT), get_model(MODEL).input_size
    for start in range(0, len(queries.rows), 128):
        part = slice(start, start + 128)
        pictures, placed = placed_views(
            items, queries.rows[part], grounds, seed=QUERY_SEED, views=queries.views[part].tolist(), frame=size
        )
        pixels = (pictures * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        boxes = torch.stack([placed.left, placed.top, placed.width, placed.height], dim=1).int().tolist()
        for picture, (left, top, width, height) in zip(pixels, boxes, strict=True):
            yield np.ascontiguousarray(picture[top : top + height, left : left + width])


def _timed(seen: Vectors, blocks: list[Vectors], likely: Codes | None) -> float:
    """Median milliseconds of one exact search for the best twenty."""
    spent = []
    for number in range(min(_TIMED, len(seen))):
        chosen = range(len(blocks)) if likely is None else likely[number]
        began = time.perf_counter()
        similar = np.concatenate([blocks[c] @ seen[number] for c in chosen])
        if len(similar):  # a shelf may be empty
            np.argpartition(-similar, min(20, len(similar) - 1))
        spent.append(time.perf_counter() - began)
    return float(np.median(spent) * 1000)


def _classify_ms(crops: list[Bytes]) -> float:
    spec = get_model(CATEGORIES)
    network, _ = load_trained(CATEGORIES)
    spent = []
    with torch.inference_mode():
        for crop in crops:
            began = time.perf_counter()
            network(to_input(crop, spec.input_size, spec.mean, spec.std)[0][None])
            spent.append(time.perf_counter() - began)
    return float(np.median(spent) * 1000)


def _figure(values: NDArray[np.bool_], ids: Codes) -> Figure:
    value, between = resampled(values.astype(np.float64), ids)
    return Figure(value=value, ci95=between)


def _ways(
    gallery: Gallery, queries: Queries, photos: Vectors, seen: Vectors, likely: Codes, shelves: Codes
) -> tuple[Way, ...]:
    exact, ids = gallery.groups.exact, gallery.ids[queries.places]
    named = gallery.categories[queries.places] >= 0
    blocks = [np.ascontiguousarray(photos[shelves == c]) for c in range(likely.shape[1])]
    sizes = np.array([len(block) for block in blocks])
    rows = []
    for width in WIDTHS:
        chosen = likely[:, : width or likely.shape[1]]
        places, kept = narrowed_ranks(seen, photos, exact[queries.places], exact, chosen, shelves)
        rows.append(
            Way(
                width=width,
                kept=_figure(kept, ids),
                share=float(sizes[chosen].sum(axis=1).mean() / len(photos)),
                recall=tuple(_figure(places <= k, ids) for k in DEPTHS),
                named=_figure(places[named] == 1, ids[named]),
                search_ms=_timed(seen, blocks if width else [photos], None if width is None else chosen),
            )
        )
    return tuple(rows)


def run_narrowing(out: Path) -> NarrowingRecord:
    """Measure, and write record and page.

    Args:
        out: their folder.

    Raises:
        ModelNotTrained, WeightsError: the embedder or the classifier has no weights.
        DataError: a data set is missing.
        StorageError: the record cannot be written.
    """
    network, card = load_trained(MODEL)
    _, other = load_trained(CATEGORIES)
    spec = get_model(MODEL)
    gallery = open_gallery(DATA, SPLIT)
    queries = queries_of(gallery, DATA, SPLIT)
    embed = embedder(spec, network)
    photos = embed_photos(embed, gallery.parts, spec.input_size)
    seen = embed_views(embed, queries, DATA, SPLIT, spec.input_size)
    shelves = _classified(photo for part in gallery.parts for photo in decoded(part, spec.input_size))[:, 0]
    likely = _classified(_crops(queries))
    true, ids = gallery.categories[queries.places], gallery.ids[queries.places]
    named = true >= 0
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        crops = list(islice(_crops(queries), _TIMED))
        classify_ms = _classify_ms(crops)
        rows = _ways(gallery, queries, photos, seen, likely, np.ascontiguousarray(shelves))
    finally:
        torch.set_num_threads(threads)
    record = NarrowingRecord(
        sha256=(card.sha256, other.sha256),
        queries=len(ids),
        named=int(named.sum()),
        gallery=len(photos),
        top=tuple(_figure((likely[named, :k] == true[named, None]).any(axis=1), ids[named]) for k in (1, 2, 3)),
        classify_ms=classify_ms,
        rows=rows,
        machine=str(describe(ITEM_RECIPES[MODEL])["machine"]),
    )
    write_page(record, narrowing_page(record), out / "narrowing.json")
    return record


def narrowing_page(record: NarrowingRecord) -> str:
    """``docs/studies/narrowing.md`` from the record."""
    whole = record.rows[0]
    lines = [
        "# Looking in the likeliest categories alone",
        "",
        "Written by `fashionviz study narrowing` with the record `narrowing.json`; a test keeps it current.",
        "",
        f"Paper 001 narrows its search by the two likeliest categories of a crop. Here `{CATEGORIES}` puts each of "
        f"the {record.gallery:,} catalogue photos onto the shelf of its likeliest category, and each of "
        f"{record.queries:,} queries is looked for on the shelves of its own likeliest ones. The queries are "
        f"{SYNTHETIC}, two of each test item. {record.named:,} are of items in one of the eleven categories; watches, "
        "perfumes and the like are in none, and lie on whichever shelf they look like. Intervals are 95 %, over "
        "resampled items.",
        "",
        "Of the queries in one of the eleven, the right category is first for "
        f"{in_cell(record.top[0])}, among two for {in_cell(record.top[1])}, among three for {in_cell(record.top[2])}.",
        "",
        "| looked in | item is there | share of the catalogue | "
        + " | ".join(f"recall@{k}" for k in DEPTHS)
        + " | recall@1, the eleven | search |",
        "|---|---|---:|" + "---|" * len(DEPTHS) + "---|---:|",
    ]
    for row in record.rows:
        title = "the whole catalogue" if row.width is None else f"the likeliest {row.width}"
        lines.append(
            f"| {title} | {in_cell(row.kept)} | {row.share:.1%} | {' | '.join(in_cell(v) for v in row.recall)} | "
            f"{in_cell(row.named)} | {row.search_ms:.2f} ms |"
        )
    two = next(row for row in record.rows if row.width == 2)
    cost, saved = whole.recall[0].value - two.recall[0].value, whole.search_ms - two.search_ms
    lines += [
        "",
        f"Two categories cost {cost:+.3f} of recall@1 and save {saved:.2f} ms of a search; the classifier that chooses "
        f"them takes {record.classify_ms:.2f} ms. Times are medians of an exact search, one query at a time on one "
        f"thread ({record.machine}).",
    ]
    return "\n".join(lines) + "\n"
