"""Metrics of a classifier, by torchmetrics, with Wilson intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from fashionviz.results import ClassReport, ModelRef, Report


def wilson(right: float, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """95 % Wilson score interval of a share (Wilson 1927): holds at small n and near 0 and 1.

    Args:
        right: number of successes.
        n: number of trials; 0 gives the empty statement (0, 1).
        z: quantile of the normal distribution.
    """
    if n == 0:
        return 0.0, 1.0
    p = right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_interval(parts: Sequence[tuple[int, int]], z: float = 1.959963984540054) -> tuple[float, tuple[float, float]]:
    """Mean of several independent shares, (right, n) each, with a 95 % interval from the sum of their variances.

    Each variance is that of the Wilson (adjusted) share, so that a share of 1 still has one.
    """
    shares, variances = [], []
    for right, n in parts:
        shares.append(right / n if n else 0.0)
        adjusted = (right + z * z / 2) / (n + z * z)
        variances.append(adjusted * (1 - adjusted) / (n + z * z))
    if not shares:
        return 0.0, (0.0, 1.0)
    mean = sum(shares) / len(shares)
    half = z * math.sqrt(sum(variances)) / len(shares)
    return mean, (max(0.0, mean - half), min(1.0, mean + half))


#: Resamplings of a bootstrap.
DRAWS = 1000


def macro_averages(confusion: NDArray[np.integer]) -> tuple[NDArray, NDArray, NDArray]:
    """Precision, recall and F1, each averaged over the classes; a class that is never predicted has precision 0.

    Args:
        confusion: ``(..., K, K)`` counts, true class by row.

    Returns:
        Three arrays of shape ``(...)``.
    """
    right = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    items, predicted = confusion.sum(-1), confusion.sum(-2)
    return (
        (right / np.maximum(predicted, 1)).mean(-1),
        (right / np.maximum(items, 1)).mean(-1),
        (2 * right / np.maximum(items + predicted, 1)).mean(-1),
    )


def macro_intervals(confusion: NDArray[np.integer], seed: int = 0) -> tuple[tuple[float, float], ...]:
    """95 % intervals of :func:`macro_averages`: percentiles over :data:`DRAWS` resamplings of each class's items.

    Args:
        confusion: ``(K, K)`` counts, true class by row.
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    drawn = np.stack([rng.multinomial(n := int(row.sum()), row / max(1, n), DRAWS) for row in confusion], axis=1)
    ends = (np.quantile(values, (0.025, 0.975)) for values in macro_averages(drawn))
    return tuple((float(low), float(high)) for low, high in ends)


def department_recalls(confusion: NDArray[np.integer], classes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of the items of each department, how many were given that department, whatever the category: (right, n).

    Args:
        confusion: ``(K, K)`` counts, true class by row.
        classes: names of the form ``department/category``.
    """
    out = {}
    for department in dict.fromkeys(c.partition("/")[0] for c in classes):
        mine = [i for i, c in enumerate(classes) if c.startswith(f"{department}/")]
        block = confusion[mine]
        out[department] = (int(block[:, mine].sum()), int(block.sum()))
    return out


Estimate = tuple[float, tuple[float, float]]


def _accuracy(confusion: NDArray[np.integer], classes: Sequence[str]) -> Estimate:
    right, n = int(np.trace(confusion)), int(confusion.sum())
    return right / max(1, n), wilson(right, n)


def _department_recall(confusion: NDArray[np.integer], classes: Sequence[str]) -> Estimate:
    return mean_interval([part for part in department_recalls(confusion, classes).values() if part[1]])


#: Figures that follow from a confusion matrix and its classes, with their 95 % intervals.
FIGURES: dict[str, Callable[[NDArray[np.integer], Sequence[str]], Estimate]] = {
    "accuracy": _accuracy,
    "department_recall": _department_recall,
}


def score(
    model: ModelRef,
    data_set: str,
    split: str,
    classes: tuple[str, ...],
    truth: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    *,
    skipped: int = 0,
    train_counts: tuple[int, ...] = (),
) -> Report:
    """Everything about a set of predictions.

    Args:
        model, data_set, split: what was scored on what.
        classes: names in the order of the columns.
        truth: ``(N,)`` class indices.
        probabilities: ``(N, K)``; only their order matters here.
        skipped: rows that were left out, for the record.
        train_counts: items of each class in the train split.
    """
    # Here, not above: torchmetrics takes seconds to import, and a server that only reads reports never scores.
    from torchmetrics.functional.classification import (
        multiclass_accuracy,
        multiclass_confusion_matrix,
        multiclass_f1_score,
        multiclass_precision,
        multiclass_recall,
    )

    k, n = len(classes), len(truth)
    if n == 0:
        empty = tuple(ClassReport(c, 0.0, 0.0, 0.0, 0, 0) for c in classes)
        return Report(
            model, data_set, split, classes, 0, skipped, 0.0, (0.0, 1.0), 0.0, 0.0, 0.0, 0.0, empty,
            np.zeros((k, k), dtype=np.int64), train_counts,
        )  # fmt: skip
    target = torch.from_numpy(np.asarray(truth, dtype=np.int64))
    scores = torch.from_numpy(np.asarray(probabilities, dtype=np.float64))
    predicted = scores.argmax(dim=1)
    confusion = multiclass_confusion_matrix(predicted, target, k).numpy().astype(np.int64)

    def each(function: object) -> list[float]:
        return [float(v) for v in function(predicted, target, k, average="none", zero_division=0)]  # type: ignore[operator]

    def top(j: int) -> float:
        return float(multiclass_accuracy(scores, target, k, average="micro", top_k=min(j, k)))

    precision, recall, f1 = each(multiclass_precision), each(multiclass_recall), each(multiclass_f1_score)
    right = int((predicted == target).sum())
    return Report(
        model=model,
        data_set=data_set,
        split=split,
        classes=classes,
        n=n,
        skipped=skipped,
        accuracy=right / n,
        accuracy_ci95=wilson(right, n),
        top2=top(2),
        top3=top(3),
        top5=top(5),
        macro_f1=float(np.mean(f1)),
        per_class=tuple(
            ClassReport(c, precision[i], recall[i], f1[i], int(confusion[i].sum()), int(confusion[:, i].sum()))
            for i, c in enumerate(classes)
        ),
        confusion=confusion,
        train_counts=train_counts,
    )
