"""Is a model right as often as it says? Reliability diagrams, before and after the temperature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionviz.error_results import Reliability
from fashionviz.evaluation.calibration import BINS, with_temperature
from fashionviz.evaluation.metrics import wilson
from fashionviz.evaluation.report import Item


def reliability(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], temperature: float = 1.0, bins: int = BINS
) -> Reliability:
    """Bins of equal width over the probability of the predicted class (DeGroot and Fienberg 1983; Guo et al. 2017).

    Args:
        probabilities: ``(N, K)``.
        truth: ``(N,)`` class indices.
        temperature: divides the logits first.
        bins: how many.
    """
    scores = np.asarray(probabilities, dtype=np.float64)
    if temperature != 1.0:
        scores = with_temperature(scores, temperature)
    confidence = scores.max(axis=1)
    right = scores.argmax(axis=1) == truth
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    hits = np.bincount(place, weights=right, minlength=bins)
    total = np.bincount(place, weights=confidence, minlength=bins)
    ends = np.array([wilson(float(h), int(n)) for h, n in zip(hits, counts, strict=True)])
    empty = np.full(bins, np.nan)
    return Reliability(
        edges=edges,
        counts=counts.astype(np.int64),
        confidence=np.divide(total, counts, out=empty.copy(), where=counts > 0),
        accuracy=np.divide(hits, counts, out=empty.copy(), where=counts > 0),
        low=np.where(counts > 0, ends[:, 0], np.nan),
        high=np.where(counts > 0, ends[:, 1], np.nan),
        ece=float(np.abs(total - hits).sum() / max(1, len(scores))),
        n=len(scores),
    )


def item_scores(items: Sequence[Item], classes: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities ``(N, K)`` and class indices ``(N,)`` of a committed report's items."""
    index = {label: i for i, label in enumerate(classes)}
    probabilities = np.array([item.probabilities for item in items], dtype=np.float64).reshape(-1, len(classes))
    return probabilities, np.array([index[item.label] for item in items], dtype=np.int64)
