"""How good a generator's pictures are: distances on a scale, precision and recall, class agreement, near-copies.

A distance alone says nothing, so three other sets are measured beside the pictures: other photos of the same kind (the
floor that no generator can be expected to pass), photos blurred to 16 pixels, and photos with shuffled patches.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import nn

from fashionviz.data.cache import decoded
from fashionviz.data.labels import GENDER_CATEGORY
from fashionviz.data.sets import ParquetSet, cache_root
from fashionviz.drawing_results import Copy, Distance, DrawingReport, Rate
from fashionviz.errors import DataError
from fashionviz.evaluation.distances import (
    Features,
    frechet_distance,
    kernel_distance,
    nearest_rows,
    precision_recall,
    spread,
)
from fashionviz.evaluation.drawing_controls import blurred, shuffled
from fashionviz.evaluation.drawing_features import IMAGENET, imagenet_features
from fashionviz.evaluation.drawing_judge import CLASSIFIER, classifier_answers, garment_part, named_by
from fashionviz.evaluation.metrics import wilson
from fashionviz.generate.draw import draw_pixels
from fashionviz.generate.latents import latents_of
from fashionviz.generate.second_look import surest_latents
from fashionviz.models.drawing_weights import load_generator, load_judge
from fashionviz.models.generators import Generator, get_generator
from fashionviz.results import ModelRef
from fashionviz.training.drawing_photos import Photos, photos_for

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
#: Seeds of the pictures that are measured; those that choose an epoch begin at 1,000,000.
FIRST_SEED = 2_000_000
#: Draws of the bootstrap behind the interval of the Fréchet distance.
DRAWS = 8
#: Test photos alike to a training item beyond this percentile of their own are what a near-copy is compared with.
PERCENTILE = 95
_SHOWN = 12
#: Photos that the classifier is shown between two ticks.
CHUNK = 512
_CONTROLS: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {"blurred": blurred, "shuffled": shuffled}


def set_features(data: ParquetSet, size: tuple[int, int], kind: str, *, tick: Progress | None = None) -> Features:
    """Features of every photo of a set at a generator's size, computed once and kept in the user's cache.

    Args:
        data: the set.
        size: height and width the photos are letterboxed to.
        kind: ``real``, ``blurred``, ``shuffled`` (ImageNet features), or ``judge`` (the classifier's).
        tick: called with (done, total) photos while they are decoded and, of the classifier's features, again while
            they are looked at; may raise.
    """
    folder = cache_root() / "features"
    folder.mkdir(parents=True, exist_ok=True)
    mark = hashlib.sha256(f"{data.fingerprint()}{size}{kind}{CLASSIFIER}".encode()).hexdigest()[:16]
    path = folder / f"drawings-{data.name}-{data.split or 'all'}-{kind}-{mark}.npy"
    if not path.exists():
        log.info("features of %s %s (%s)", data.name, data.split, kind)
        pixels = decoded(data, size, progress=tick)
        if kind == "judge":
            found = np.concatenate([_judged(pixels, start, tick) for start in range(0, len(pixels), CHUNK)])
        else:
            real = np.asarray(pixels)
            found = imagenet_features(_CONTROLS[kind](real) if kind in _CONTROLS else real)
        part = path.with_suffix(".part.npy")
        np.save(part, found.astype(np.float16))
        part.replace(path)
    return np.load(path).astype(np.float32)


def _judged(pixels: NDArray[np.uint8], start: int, tick: Progress | None) -> Features:
    """The classifier's features of a chunk of photos."""
    found = classifier_answers(garment_part(np.asarray(pixels[start : start + CHUNK])))[1]
    if tick:
        tick(min(start + CHUNK, len(pixels)), len(pixels))
    return found


def evaluate_drawings(
    name: str,
    source: str = "fpi",
    split: str | None = "test",
    *,
    generator: Generator | None = None,
    judge: nn.Module | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
) -> DrawingReport:
    """Measure a generator against the photos of a split.

    Args:
        name: registry name.
        source: data set, folder or Parquet file with the columns of ``fpi``.
        split: ``test`` and so on; every row if ``None``.
        generator: measure this network instead of the installed one.
        judge: its discriminator, which chooses among a seed's latents as it does when visitors draw; without one the
            first latent is drawn.
        sha256: of its weights.
        progress: called with (done, total) steps.

    Raises:
        UnknownModel, ModelNotTrained, WeightsError: the generator cannot draw.
        DataError: the photos, or those it learned from, are missing, or they are too few.
    """
    spec = get_generator(name)
    if generator is None:
        generator, card = load_generator(name)
        judge = load_judge(name) if spec.tries > 1 and card.judge_sha256 else None
        sha256 = card.sha256
    steps = iter(range(1, 9))

    def tick() -> None:
        if progress:
            progress(next(steps), 8)

    test = photos_for(spec, split, source=source)
    if len(test) < 50:
        raise DataError(
            f"{len(test)} photos of {test.known.name} are too few to measure drawings against; 50 are needed."
        )
    floor = photos_for(spec, "validation")
    train = photos_for(spec, "train")
    n = len(test)
    seeds = list(range(FIRST_SEED, FIRST_SEED + n))
    latents = latents_of(seeds, spec.latent)
    asked = test.classes if spec.classes else None  # the classes in the photos' own proportions
    first_pixels = draw_pixels(generator, latents, asked)
    tries = spec.tries if asked is not None and judge is not None else 1
    if asked is not None and judge is not None and tries > 1:  # as visitors are served
        drawn_pixels = draw_pixels(generator, surest_latents(generator, judge, seeds, asked, tries), asked)
    else:
        drawn_pixels = first_pixels
    tick()
    drawn = imagenet_features(drawn_pixels)
    tick()
    real = set_features(test.known, spec.size, "real")[test.rows]
    tick()
    distances = [_distance("drawn", drawn, real)]
    tick()
    for kind in ("real", "blurred", "shuffled"):
        distances.append(_distance(kind, set_features(floor.known, spec.size, kind)[floor.rows], real))
        tick()
    precise, recalled = precision_recall(real, drawn)
    named, seen = classifier_answers(garment_part(drawn_pixels))
    classes, table, agreement, ceiling = _agreement(spec.learns, spec.classes, test, named, asked)
    unchosen = None
    if tries > 1:
        first_named, _ = classifier_answers(garment_part(first_pixels))
        unchosen = _agreement(spec.learns, spec.classes, test, first_named, asked)[2]
    near, near_real, limit, nearest = _copies(spec.size, train, test, seen, asked, spec.classes, spec.learns)
    tick()
    return DrawingReport(
        model=ModelRef(name, sha256 or ""),
        data_set=test.known.name,
        split=split or "all",
        n=n,
        first_seed=FIRST_SEED,
        features=IMAGENET,
        distances=tuple(distances),
        precision=_rate(precise),
        recall=_rate(recalled),
        judged_by=CLASSIFIER,
        agreement=agreement,
        agreement_first=unchosen,
        agreement_real=ceiling,
        classes=classes,
        asked=table,
        near_copies=near,
        near_copies_real=near_real,
        near_from=limit,
        nearest=nearest,
        spread=spread(drawn) / spread(real),
        tries=tries,
    )


def _rate(hits: NDArray[np.bool_]) -> Rate:
    return Rate(int(hits.sum()), len(hits), wilson(int(hits.sum()), len(hits)))


def _distance(what: str, features: Features, real: Features) -> Distance:
    """Both distances; the Fréchet interval is ± 1.96 standard deviations of resampled sets."""
    value = frechet_distance(features, real)
    rng = np.random.default_rng(0)

    def drawn_again(rows: Features) -> Features:
        return rows[rng.integers(0, len(rows), len(rows))]

    again = [frechet_distance(drawn_again(features), drawn_again(real)) for _ in range(DRAWS)]
    half = 1.96 * float(np.std(again, ddof=1))
    kernel, interval = kernel_distance(features, real)
    log.info("%s: Fréchet distance %.3f ± %.3f, kernel distance %.4f", what, value, half, kernel)
    return Distance(what, len(features), value, (max(0.0, value - half), value + half), kernel, interval)


def _agreement(
    learns: tuple[str, ...],
    classes: tuple[str, ...],
    test: Photos,
    named: NDArray[np.int64],
    asked: NDArray[np.int64] | None,
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...], Rate | None, Rate | None]:
    """Whether the classifier names the class that was asked for, or the only one that the generator learned."""
    if asked is None and len(learns) != 1:
        return (), (), None, None
    rows = classes or learns
    order = np.array([GENDER_CATEGORY.index(label) for label in rows])
    wanted = order[asked] if asked is not None else np.full(len(named), order[0])
    table = np.zeros((len(rows), len(GENDER_CATEGORY)), np.int64)
    np.add.at(table, (asked if asked is not None else np.zeros(len(named), np.int64), named), 1)
    real = named_by(set_features(test.known, (test.pixels.shape[1], test.pixels.shape[2]), "judge")[test.rows])
    return (
        GENDER_CATEGORY,
        tuple(tuple(int(v) for v in row) for row in table),
        _rate(named == wanted),
        _rate(real == order[test.classes]),
    )


def _copies(
    size: tuple[int, int],
    train: Photos,
    test: Photos,
    seen: Features,
    asked: NDArray[np.int64] | None,
    classes: tuple[str, ...],
    learns: tuple[str, ...],
) -> tuple[Rate, Rate, float, tuple[Copy, ...]]:
    """Drawn pictures that are more like a training item than nearly all test photos are."""
    known = set_features(train.known, size, "judge")[train.rows]
    _, own = nearest_rows(set_features(test.known, size, "judge")[test.rows], known)
    limit = float(np.percentile(own, PERCENTILE))
    places, alike = nearest_rows(seen, known)
    ids = train.known.table(["id"]).column("id")
    alone = learns[0] if len(learns) == 1 else None
    nearest = tuple(
        Copy(
            seed=FIRST_SEED + int(k),
            label=classes[int(asked[k])] if asked is not None else alone,
            item=str(ids[int(train.rows[places[k]])]),
            cosine=float(alike[k]),
        )
        for k in np.argsort(-alike)[:_SHOWN]
    )
    return _rate(alike > limit), _rate(own > limit), limit, nearest
