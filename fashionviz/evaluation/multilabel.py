"""Figures of multi-label predictions: precision, recall, F1, average precision; thresholds chosen label by label.

Every label of a picture may be unknown. What is not known counts nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionviz.errors import InvalidRequest
from fashionviz.tag_results import Averages, ThresholdCurve

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def _ratio(part: NDArray[np.integer], whole: NDArray[np.integer]) -> Floats:
    """Elementwise share, 0 where there is nothing to share."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0)


@dataclass(frozen=True)
class Counts:
    """Known labels counted along an axis: hits, false alarms, misses."""

    hits: NDArray[np.int64]
    false: NDArray[np.int64]
    missed: NDArray[np.int64]

    @classmethod
    def of(cls, said: Bools, true: Bools, known: Bools, axis: int | None) -> Counts:
        """Count decisions ``(N, L)`` over pictures (axis 0), over labels (1), or altogether (``None``)."""

        def total(where: Bools) -> NDArray[np.int64]:
            return np.asarray((where & known).sum(axis=axis))

        return cls(total(said & true), total(said & ~true), total(~said & true))

    @property
    def precision(self) -> Floats:
        """Hits among what was said, 0 where nothing was."""
        return _ratio(self.hits, self.hits + self.false)

    @property
    def recall(self) -> Floats:
        """Hits among what is true, 0 where nothing is."""
        return _ratio(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> Floats:
        """Harmonic mean of both, 0 where there is neither."""
        return _ratio(2 * self.hits, 2 * self.hits + self.false + self.missed)


@dataclass(frozen=True)
class MultilabelFigures:
    """What is reported of multi-label predictions.

    Attributes:
        n: pictures.
        labels: labels that some picture is known to have; only these are averaged over.
        accuracy: share of known labels that are decided rightly (mostly absences).
        micro: over all decisions.
        macro: mean over labels.
        per_image: mean over pictures that have a label.
        mean_average_precision: mean over labels; needs no threshold.
    """

    n: int
    labels: int
    accuracy: float
    micro: Averages
    macro: Averages
    per_image: Averages
    mean_average_precision: float


def average_precision(scores: NDArray[np.floating], true: Bools) -> float:
    """Area under the precision-recall steps of one label; tied scores are one step.

    Args:
        scores: ``(N,)``, larger where the label is more likely.
        true: ``(N,)``, at least one true.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of each group of equals
    hits = np.cumsum(true[order])[last]
    recall = hits / true.sum()
    return float(np.sum(np.diff(recall, prepend=0.0) * hits / (last + 1)))


def _averages(counts: Counts, where: Bools) -> Averages:
    if not where.any():
        return Averages(0.0, 0.0, 0.0)
    return Averages(*(float(v[where].mean()) for v in (counts.precision, counts.recall, counts.f1)))


def multilabel_figures(
    probabilities: NDArray[np.floating], true: Bools, known: Bools, thresholds: NDArray[np.floating] | float = 0.5
) -> MultilabelFigures:
    """Score probabilities of labels.

    Args:
        probabilities: ``(N, L)`` in 0..1.
        true: ``(N, L)``.
        known: ``(N, L)``.
        thresholds: ``(L,)`` or one for all; a label is said at or above its own.

    Raises:
        InvalidRequest: shapes differ, or there is no picture.
    """
    if not probabilities.size or not probabilities.shape == true.shape == known.shape:
        raise InvalidRequest("Probabilities, labels and what is known of them must have one shape, and a picture.")
    said = probabilities >= np.asarray(thresholds)
    by_label, by_image = (Counts.of(said, true, known, axis) for axis in (0, 1))
    whole = Counts.of(said, true, known, None)
    present: Bools = np.any(true & known, axis=0)
    some: Bools = np.any(true & known, axis=1)
    precisions = [
        average_precision(probabilities[known[:, i], i], true[known[:, i], i]) for i in np.flatnonzero(present)
    ]
    return MultilabelFigures(
        n=len(probabilities),
        labels=int(present.sum()),
        accuracy=float((said == true)[known].mean()),
        micro=Averages(float(whole.precision), float(whole.recall), float(whole.f1)),
        macro=_averages(by_label, present),
        per_image=_averages(by_image, some),
        mean_average_precision=float(np.mean(precisions)) if precisions else 0.0,
    )


#: Labels with fewer known positives than this share one threshold. Chosen by cross-validation on street photos' tags,
#: where a threshold for every label fits noise: ``fashionviz study thresholds``.
FEW = 8


def best_threshold(scores: NDArray[np.floating], right: Bools, default: float = 0.5) -> float:
    """The threshold with the highest F1 over decisions.

    It lies halfway between the last probability that is said and the next one; of equal F1 the highest is taken.

    Args:
        scores: ``(N,)`` probabilities.
        right: ``(N,)``.
        default: where nothing is true.
    """
    if not right.any():
        return default
    order = np.argsort(-scores, kind="stable")
    scores, right = scores[order].astype(np.float64), right[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    f1 = 2 * np.cumsum(right)[last] / (last + 1 + right.sum())
    best = last[int(np.argmax(f1))]
    following = scores[best + 1] if best + 1 < len(scores) else 0.0
    return float((scores[best] + following) / 2)


def choose_thresholds(
    probabilities: NDArray[np.floating], true: Bools, known: Bools, few: int = FEW, default: float = 0.5
) -> Floats:
    """The threshold of each label with the highest F1, on validation; rare labels take one that is common to all.

    A threshold that fits one or two pictures says the label far too often on others (the fallback of SCutFBR, Yang
    2001, doi:10.1145/383952.383975): labels with fewer than ``few`` known positives take the threshold that is best
    for all decisions together.

    Args:
        probabilities, true, known: ``(N, L)``.
        few: positives that a threshold of one's own needs; 0 gives every label that has any its own.
        default: where no picture has any label.

    Returns:
        ``(L,)``.
    """
    common = best_threshold(probabilities[known], true[known], default)
    out = np.full(probabilities.shape[1], common)
    for label in np.flatnonzero((true & known).sum(axis=0) >= max(1, few)):
        rows = known[:, label]
        out[label] = best_threshold(probabilities[rows, label], true[rows, label])
    return out


def said_by_the_others(
    probabilities: NDArray[np.floating],
    true: Bools,
    known: Bools,
    rng: np.random.Generator,
    few: int = FEW,
    folds: int = 4,
) -> Bools:
    """What is said of each picture at thresholds chosen on the others: cross-validation of a rule for thresholds.

    Args:
        probabilities, true, known: ``(N, L)``.
        rng: draws the folds.
        few: of :func:`choose_thresholds`.
        folds: parts of the pictures, each decided at the thresholds of the rest.

    Returns:
        ``(N, L)``.
    """
    order = rng.permutation(len(true))
    said = np.zeros_like(true)
    for fold in np.array_split(order, folds):
        rest = np.setdiff1d(order, fold)
        said[fold] = probabilities[fold] >= choose_thresholds(probabilities[rest], true[rest], known[rest], few)
    return said


def centred_interval(drawn: Floats, whole: float) -> tuple[float, float]:
    """95 % interval from resampled figures, shifted by how far their mean is from that of the whole sample.

    A resample holds some pictures several times and lacks the rarest tags, which raises averages over tags (the bias
    of the bootstrap; Efron and Tibshirani 1993, chapter 10).

    Args:
        drawn: a figure of each resample.
        whole: the same of the whole sample, which the interval contains.
    """
    low, high = np.quantile(drawn, (0.025, 0.975))
    shift = float(np.mean(drawn)) - whole
    return min(whole, float(low) - shift), max(whole, float(high) - shift)


@dataclass(frozen=True)
class Intervals:
    """95 % intervals over resampled pictures."""

    micro_f1: tuple[float, float]
    macro_f1: tuple[float, float]
    mean_average_precision: tuple[float, float]


def resampled_intervals(
    probabilities: NDArray[np.floating],
    true: Bools,
    known: Bools,
    thresholds: NDArray[np.floating] | float = 0.5,
    draws: int = 300,
    seed: int = 0,
) -> Intervals:
    """Intervals of micro F1, macro F1 and mean average precision: pictures are drawn with replacement.

    A tag that a resample lacks is left out of that resample's macro averages, as it is of a split's.

    Args:
        probabilities, true, known: ``(N, L)``.
        thresholds: ``(L,)`` or one for all.
        draws: resamples.
        seed: of the resampling.
    """
    n, labels = probabilities.shape
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    said = probabilities >= np.asarray(thresholds)
    hits, false, missed = (
        weights @ (where & known).astype(np.float64) for where in (said & true, said & ~true, ~said & true)
    )  # (draws, L) each

    def f1(h: Floats, f: Floats, m: Floats) -> Floats:
        return np.divide(2 * h, 2 * h + f + m, out=np.zeros_like(h), where=(2 * h + f + m) > 0)

    present = (hits + missed) > 0
    counted = np.maximum(present.sum(axis=1), 1)
    macro = (f1(hits, false, missed) * present).sum(axis=1) / counted
    micro = f1(hits.sum(axis=1), false.sum(axis=1), missed.sum(axis=1))
    areas = np.zeros((draws, labels))
    for i in range(labels):
        rows = np.flatnonzero(known[:, i])
        order = rows[np.argsort(-probabilities[rows, i], kind="stable")]
        if not true[order, i].any():
            continue
        last = np.append(np.flatnonzero(np.diff(probabilities[order, i])), len(order) - 1)
        drawn = weights[:, order]
        found = np.cumsum(drawn * true[order, i], axis=1)[:, last]
        among = np.cumsum(drawn, axis=1)[:, last]
        precision = np.divide(found, among, out=np.zeros_like(found), where=among > 0)
        steps = np.diff(found, axis=1, prepend=0.0)
        areas[:, i] = (steps * precision).sum(axis=1) / np.maximum(found[:, -1], 1)
    area = (areas * present).sum(axis=1) / counted

    whole = multilabel_figures(probabilities, true, known, thresholds)
    return Intervals(
        centred_interval(micro, whole.micro.f1),
        centred_interval(macro, whole.macro.f1),
        centred_interval(area, whole.mean_average_precision),
    )


def threshold_curve(scores: NDArray[np.floating], true: Bools) -> ThresholdCurve:
    """What every threshold that changes a decision does to one label.

    Args:
        scores: ``(N,)`` probabilities of pictures of which the label is known.
        true: ``(N,)``.
    """
    order = np.argsort(-scores, kind="stable")
    sorted_scores = np.asarray(scores, dtype=np.float64)[order]
    last = np.append(np.flatnonzero(np.diff(sorted_scores)), len(order) - 1)
    hits, said = np.cumsum(true[order])[last], last + 1
    precision, recall = hits / said, hits / max(1, int(true.sum()))
    f1 = 2 * hits / (said + max(1, int(true.sum())))
    above = np.nextafter(sorted_scores[0], 2)  # nothing is said
    return ThresholdCurve(
        np.append(sorted_scores[last][::-1], above),
        np.append(precision[::-1], 1.0),
        np.append(recall[::-1], 0.0),
        np.append(f1[::-1], 0.0),
    )
