"""Looking for items: synthetic street views of a split's items in the whole catalogue, real photos by category."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from fashionviz.data.cache import decoded
from fashionviz.data.cutouts import catalogue_cut_outs, ground_patches, item_ids
from fashionviz.data.item_groups import ItemGroups, item_groups
from fashionviz.data.sets import ParquetSet, open_set
from fashionviz.data.street2shop import CATEGORY11, category11
from fashionviz.data.street_views import SYNTHETIC, street_views
from fashionviz.embed_results import CategoryPrecision, CategoryRecall, CategoryReport, RetrievalReport
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation.answers import ask_rows
from fashionviz.evaluation.retrieval_figures import Codes, Vectors, match_error, nearest, ranks, recall, resampled
from fashionviz.models.card import MatchCurve
from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_trained
from fashionviz.results import ModelRef

log = logging.getLogger(__name__)

#: Seed of the views that are looked for, and views of each item: the same for every network.
QUERY_SEED, VIEWS = 2, 2
#: Where an item is in none of the eleven shop categories.
OTHER = "other"
#: The public splits, which a catalogue is made of.
PUBLIC = ("train", "validation", "test")

Progress = Callable[[int, int], None]
#: Pictures ``(N, 3, H, W)`` in 0..1 to vectors ``(N, D)`` of norm 1.
Embed = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Gallery:
    """The catalogue that is looked in.

    Attributes:
        parts: its splits, in order.
        asked: the one whose items are looked for.
        ids: ``(N,)``.
        groups: which items are one product.
        categories: ``(N,)`` places in the eleven shop categories, -1 outside them.
    """

    parts: tuple[ParquetSet, ...]
    asked: ParquetSet | None
    ids: Codes
    groups: ItemGroups
    categories: Codes

    @property
    def start(self) -> int:
        """Where the items that are looked for begin."""
        assert self.asked is not None
        return sum(len(part) for part in self.parts[: self.parts.index(self.asked)])


@dataclass(frozen=True)
class Embedded:
    """Vectors of a catalogue that are known already.

    Attributes:
        ids: ``(N,)`` its items, in order.
        vectors: ``(N, D)``.
    """

    ids: Codes
    vectors: Vectors


@dataclass(frozen=True)
class Queries:
    """Street views that are looked for.

    Attributes:
        rows: ``(Q,)`` rows of the split.
        views: ``(Q,)`` the number of each view.
        places: ``(Q,)`` rows of the gallery.
        skipped: items of which no view can be made.
    """

    rows: Codes
    views: Codes
    places: Codes
    skipped: int


@dataclass(frozen=True)
class Retrieved:
    """A report and what it was made of, query by query.

    Attributes:
        report: the figures.
        ids: ``(Q,)`` items looked for.
        views: ``(Q,)`` view numbers.
        exact, strict, near: ``(Q,)`` ranks.
        found: ``(Q,)`` ids that came first.
        similarity: ``(Q,)`` of those.
    """

    report: RetrievalReport
    ids: Codes
    views: Codes
    exact: Codes
    strict: Codes
    near: Codes
    found: Codes
    similarity: Vectors


def shop_categories(data: ParquetSet) -> Codes:
    """``(N,)`` places in the eleven shop categories, -1 for rows in none."""
    columns = [c for c in ("articleType", "category11", "label10", "label") if c in data.columns]
    found = (category11(row) for row in data.table(columns).to_pylist()) if columns else ()
    return np.array([CATEGORY11.index(c) if c in CATEGORY11 else -1 for c in found], np.int64)


def open_gallery(source: str | Path = "fpi", split: str | None = "train") -> Gallery:
    """The catalogue that queries of a set are looked for in: the public items of ``fpi`` that are there, and the set.

    Args:
        source: a data set's name, a folder, or a Parquet file.
        split: asked about; every row if ``None``.

    Raises:
        DataError: missing data or columns, or ids that are no whole numbers.
    """
    asked = open_set(source, split)
    own = item_ids(asked)
    parts: list[ParquetSet] = []
    for name in PUBLIC:
        try:
            part = open_set("fpi", name)
        except DataError:
            log.warning("fpi has no split %s here: the catalogue is smaller by it", name)
            continue
        if part.files == asked.files:
            parts.append(asked)
        elif not np.isin(item_ids(part), own).any():  # else the set is, or holds, that split
            parts.append(part)
    if asked not in parts:
        parts.append(asked)
    ids = np.concatenate([item_ids(part) for part in parts])
    categories = np.concatenate([shop_categories(part) for part in parts])
    return Gallery(tuple(parts), asked, ids, item_groups(parts), categories)


def queries_of(gallery: Gallery, source: str | Path, split: str | None, views: int = VIEWS) -> Queries:
    """Views of every item of a split that can be cut out."""
    usable = catalogue_cut_outs(source, split).usable
    rows = np.repeat(np.flatnonzero(usable), views)
    numbers = np.tile(np.arange(views), int(usable.sum()))
    return Queries(rows, numbers, rows + gallery.start, int((~usable).sum()))


def embed_photos(
    embed: Embed, parts: Sequence[ParquetSet], size: tuple[int, int], *, batch: int = 128, tick: Progress | None = None
) -> Vectors:
    """Vectors ``(N, D)`` of catalogue photos, letterboxed as they are served."""
    out, total = [], sum(map(len, parts))
    done = 0
    for part in parts:
        pixels = decoded(part, size)
        for start in range(0, len(pixels), batch):
            block = torch.from_numpy(np.array(pixels[start : start + batch])).permute(0, 3, 1, 2).float().div_(255)
            out.append(embed(block).float().cpu().numpy())
            done += len(block)
            if tick:
                tick(done, total)
    return np.concatenate(out)


def embed_views(
    embed: Embed, queries: Queries, source: str | Path, split: str | None, size: tuple[int, int], *, batch: int = 128
) -> Vectors:
    """Vectors ``(Q, D)`` of street views, in 8 bits as a photo comes."""
    items, grounds = catalogue_cut_outs(source, split), ground_patches(split)
    out = []
    for start in range(0, len(queries.rows), batch):
        part = slice(start, start + batch)
        pictures = street_views(
            items, queries.rows[part], grounds, seed=QUERY_SEED, views=queries.views[part].tolist(), frame=size
        )
        out.append(embed((pictures * 255).round().div_(255)).float().cpu().numpy())
    return np.concatenate(out)


def embedder(spec: ModelSpec, network: nn.Module) -> Embed:
    """A network as a function of pictures in 0..1, on its own device."""
    device = next(network.parameters()).device

    def embed(pictures: Tensor) -> Tensor:
        x = normalise(pictures, spec.mean, spec.std).to(device).to(memory_format=torch.channels_last)
        with torch.inference_mode():
            found: Tensor = network(x)
        return found

    return embed


def retrieval(
    gallery: Gallery,
    queries: Queries,
    photos: Vectors,
    seen: Vectors,
    *,
    model: ModelRef,
    data_set: str,
    split: str,
    match: MatchCurve | None = None,
) -> Retrieved:
    """The figures of vectors.

    Args:
        gallery: what is looked in.
        queries: what is looked for.
        photos: ``(N, D)`` vectors of the gallery.
        seen: ``(Q, D)`` vectors of the queries.
        model, data_set, split: for the report.
        match: from a similarity to a probability, to be scored.
    """
    groups = gallery.groups
    ids = gallery.ids[queries.places]
    own = np.arange(len(gallery.ids))
    exact, strict, near = (ranks(seen, photos, g[queries.places], g) for g in (groups.exact, own, groups.near))
    rows, values = nearest(seen, photos, 1)
    categories = gallery.categories[queries.places]
    per = []
    for code, label in [*enumerate(CATEGORY11), (-1, OTHER)]:
        here = categories == code
        if here.any():
            per.append(CategoryRecall(label, recall(exact[here], ids[here])))
    error = interval = None
    if match is not None:
        error, interval = match_error(match.probabilities(values[:, 0]), exact == 1)
    report = RetrievalReport(
        model=model,
        data_set=data_set,
        split=split,
        n=len(ids),
        items=len(np.unique(ids)),
        views=int(queries.views.max()) + 1,
        skipped=queries.skipped,
        gallery=len(gallery.ids),
        recall=recall(exact, ids),
        strict=recall(strict, ids),
        near=recall(near, ids),
        per_category=tuple(per),
        duplicates=groups.counts(),
        match_ece=error,
        match_ece_ci95=interval,
        note=SYNTHETIC,
    )
    return Retrieved(report, ids, queries.views, exact, strict, near, gallery.ids[rows[:, 0]], values[:, 0])


def evaluate_embedding(
    name: str,
    source: str | Path,
    split: str | None = None,
    *,
    network: nn.Module | None = None,
    match: MatchCurve | None = None,
    known: Embedded | None = None,
    progress: Progress | None = None,
) -> Retrieved | CategoryReport:
    """Score an embedder: catalogue items by street views of them, other photos by the category of what they find.

    Args:
        name: registry name.
        source: ``fpi`` or a folder or file like it; or a set whose rows have a shop category but no item in the
            catalogue (``clothing``, ``ccp-garments``), which are looked for in ``fpi``.
        split: a split of the set; every row if ``None``.
        network: to score instead of the installed weights.
        match: of that network; installed weights bring their own.
        known: vectors of the catalogue, where there are some.
        progress: called with (done, total).

    Raises:
        DataError: missing data or columns, or nothing to look for.
        InvalidRequest: the model gives no vectors.
        ModelNotTrained, WeightsError, UnknownModel: the model cannot answer.
    """
    spec, sha = embedding_spec(name), ""
    if network is None:
        network, card = load_trained(name)
        sha, match = card.sha256, card.match
    data = open_set(source, split)
    embed, ref = embedder(spec, network), ModelRef(name, sha)
    if "articleType" not in data.columns:
        return _by_category(spec, network, data, ref, known, progress)
    gallery = open_gallery(source, split)
    photos = vectors_of(gallery, embed, spec.input_size, known, progress)
    queries = queries_of(gallery, source, split)
    seen = embed_views(embed, queries, source, split, spec.input_size)
    return retrieval(gallery, queries, photos, seen, model=ref, data_set=data.name, split=split or "all", match=match)


def report_of(found: Retrieved | CategoryReport) -> RetrievalReport | CategoryReport:
    """The figures alone."""
    return found.report if isinstance(found, Retrieved) else found


def embedding_spec(name: str) -> ModelSpec:
    """The specification of a model that gives vectors.

    Raises:
        UnknownModel: no such model.
        InvalidRequest: it answers something else.
    """
    spec = get_model(name)
    if spec.task.answer != "embedding":
        raise InvalidRequest(f"{name} gives {spec.task.answer}, no vectors: pictures cannot be compared by it.")
    return spec


def vectors_of(
    gallery: Gallery, embed: Embed, size: tuple[int, int], known: Embedded | None, tick: Progress | None
) -> Vectors:
    """Vectors of a catalogue: the known ones if they are of the same items, else new ones."""
    if known is not None and np.array_equal(known.ids, gallery.ids):
        return known.vectors
    return embed_photos(embed, gallery.parts, size, tick=tick)


def _by_category(
    spec: ModelSpec,
    network: nn.Module,
    data: ParquetSet,
    ref: ModelRef,
    known: Embedded | None,
    progress: Progress | None,
) -> CategoryReport:
    gallery = open_gallery()
    photos = vectors_of(gallery, embedder(spec, network), spec.input_size, known, progress)
    columns = [c for c in ("category11", "label10", "label") if c in data.columns]
    if not columns:
        raise DataError(f"{data.name} has neither items of the catalogue nor a shop category; it has {data.columns}.")
    answers = ask_rows(spec, network, data, columns, lambda row: category11(row) is not None)
    true = np.array([CATEGORY11.index(str(category11(row))) for row in answers.labels], np.int64)
    return category_report(
        ref, data.name, data.split or "all", true, answers.logits, photos, gallery.categories, answers.skipped
    )


def category_report(
    ref: ModelRef,
    data_set: str,
    split: str,
    true: Codes,
    seen: Vectors,
    photos: Vectors,
    categories: Codes,
    skipped: int = 0,
) -> CategoryReport:
    """Precision at ten of photos with categories ``(Q,)`` and vectors ``(Q, D)``; arguments as in the report."""
    rows, _ = nearest(seen, photos, 10)
    shares = (categories[rows] == true[:, None]).mean(axis=1)
    each = np.arange(len(true))
    value, interval = resampled(shares, each)
    per = []
    for code, label in enumerate(CATEGORY11):
        here = true == code
        if here.any():
            mean, between = resampled(shares[here], each[here])
            per.append(CategoryPrecision(label, int(here.sum()), mean, between))
    chance = np.bincount(categories[categories >= 0], minlength=len(CATEGORY11)) / len(categories)
    return CategoryReport(
        model=ref,
        data_set=data_set,
        split=split,
        n=len(true),
        skipped=skipped,
        gallery=len(photos),
        precision_at_10=value,
        precision_at_10_ci95=interval,
        macro_precision_at_10=float(np.mean([row.value for row in per])),
        chance=float(chance[true].mean()),
        per_category=tuple(per),
    )
