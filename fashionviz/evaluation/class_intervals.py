"""95 % intervals of precision, recall and F1, class by class, from a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionviz.error_results import ClassIntervals, Estimate
from fashionviz.evaluation.metrics import DRAWS, wilson


def f1_interval(hits: int, false: int, missed: int, n: int, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of F1 (Efron and Tibshirani 1993) over :data:`DRAWS` resamplings of pictures.

    Pictures are drawn with replacement; F1 needs only how many of the drawn ones are hits, false alarms and misses, and
    these follow a multinomial distribution. A class without a mistake has no spread: the interval is one point.

    Args:
        hits, false, missed: pictures of the class found, others taken for it, pictures of it not found.
        n: pictures of the whole split.
        seed: of the resampling.

    Returns:
        Both ends; (0, 1), the empty statement, where the class neither occurs nor is said.
    """
    if hits + false + missed == 0:
        return 0.0, 1.0
    counts = np.array([hits, false, missed, n - hits - false - missed], dtype=np.float64)
    drawn = np.random.default_rng(seed).multinomial(n, counts / n, DRAWS)
    decided = drawn[:, :3].sum(axis=1)
    drawn = drawn[decided > 0]
    f1 = 2 * drawn[:, 0] / (2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2])
    low, high = np.quantile(f1, (0.025, 0.975))
    return float(low), float(high)


def class_intervals(
    confusion: NDArray[np.integer], classes: Sequence[str], seed: int = 0
) -> tuple[ClassIntervals, ...]:
    """Precision, recall and F1 of every class with intervals: Wilson's for the first two, the bootstrap's for F1.

    Args:
        confusion: ``(K, K)`` counts, true class by row.
        classes: names in its order.
        seed: of the resampling.
    """
    n = int(confusion.sum())
    found = []
    for i, label in enumerate(classes):
        hits, support, predicted = int(confusion[i, i]), int(confusion[i].sum()), int(confusion[:, i].sum())
        f1 = 2 * hits / (support + predicted) if support + predicted else 0.0
        found.append(
            ClassIntervals(
                label=label,
                precision=Estimate(hits / predicted if predicted else 0.0, *wilson(hits, predicted)),
                recall=Estimate(hits / support if support else 0.0, *wilson(hits, support)),
                f1=Estimate(f1, *f1_interval(hits, predicted - hits, support - hits, n, seed)),
                support=support,
                predicted=predicted,
            )
        )
    return tuple(found)


def tag_intervals(
    probabilities: NDArray[np.floating],
    true: NDArray[np.bool_],
    known: NDArray[np.bool_],
    place: int,
    threshold: float,
    label: str = "",
) -> ClassIntervals:
    """Precision, recall and F1 of one tag at a threshold, over the pictures of which it is known, with intervals.

    Args:
        probabilities, true, known: ``(N, L)``.
        place: the tag's number.
        threshold: 0..1; the tag is said at or above it.
        label: its name.
    """
    rows = known[:, place]
    has, said = true[rows, place], probabilities[rows, place] >= threshold
    hits, false, missed = int((has & said).sum()), int((~has & said).sum()), int((has & ~said).sum())
    confusion = np.array([[hits, missed], [false, len(has) - hits - false - missed]])
    return class_intervals(confusion, (label, f"not {label}"))[0]
