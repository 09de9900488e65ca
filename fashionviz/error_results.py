"""Frozen results of exploring errors: intervals class by class, reliability, pairs of models, co-occurrence."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """A share with its 95 % interval, all 0..1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassIntervals:
    """Precision, recall and F1 of one class with 95 % intervals.

    Attributes:
        label: the class.
        precision, recall: with Wilson intervals, of ``predicted`` and of ``support`` pictures.
        f1: with percentiles over resampled pictures.
        support, predicted: pictures of the class, and pictures that the model gave it to.
    """

    label: str
    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int
    predicted: int


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy in bins of confidence.

    Attributes:
        edges: ``(B + 1,)`` of the bins, 0..1; a bin holds its upper edge.
        counts: ``(B,)`` pictures.
        confidence: ``(B,)`` mean probability of the predicted class; not a number in an empty bin.
        accuracy: ``(B,)`` share that was right; not a number in an empty bin.
        low, high: ``(B,)`` 95 % Wilson interval of the accuracy.
        ece: expected calibration error, 0..1: the mean distance of confidence and accuracy, weighted by the counts.
        n: pictures.
    """

    edges: NDArray[np.float64] = field(repr=False)
    counts: NDArray[np.int64] = field(repr=False)
    confidence: NDArray[np.float64] = field(repr=False)
    accuracy: NDArray[np.float64] = field(repr=False)
    low: NDArray[np.float64] = field(repr=False)
    high: NDArray[np.float64] = field(repr=False)
    ece: float
    n: int


@dataclass(frozen=True)
class PairedItem:
    """A picture that two models answered.

    Attributes:
        id: in its data set.
        label: the true class.
        predicted, other: what either model said.
        probability, other_probability: which it gave to that.
    """

    id: str
    label: str
    predicted: str
    other: str
    probability: float
    other_probability: float


@dataclass(frozen=True)
class Pair:
    """Two classifiers on the pictures that both answered.

    Attributes:
        name, other: the models.
        data_set, split: where the pictures are from.
        classes: in the order of the matrices.
        confusion, other_confusion: ``(K, K)`` counts over the common pictures, true class by row.
        items: the common pictures.
        p_value: of McNemar's exact test that both are right equally often.
    """

    name: str
    other: str
    data_set: str
    split: str
    classes: tuple[str, ...]
    confusion: NDArray[np.int64] = field(repr=False)
    other_confusion: NDArray[np.int64] = field(repr=False)
    items: tuple[PairedItem, ...] = field(repr=False)
    p_value: float

    @property
    def n(self) -> int:
        """Pictures in common."""
        return len(self.items)

    @property
    def only_name(self) -> tuple[PairedItem, ...]:
        """Pictures that the first alone got right, those first on which the second was surest of its mistake."""
        found = [i for i in self.items if i.predicted == i.label != i.other]
        return tuple(sorted(found, key=lambda i: -i.other_probability))

    @property
    def only_other(self) -> tuple[PairedItem, ...]:
        """Pictures that the second alone got right, those first on which the first was surest of its mistake."""
        found = [i for i in self.items if i.other == i.label != i.predicted]
        return tuple(sorted(found, key=lambda i: -i.probability))

    @property
    def both_right(self) -> int:
        """Pictures that both got right."""
        return sum(i.predicted == i.label == i.other for i in self.items)

    @property
    def both_wrong(self) -> int:
        """Pictures that neither got right."""
        return sum(i.label not in (i.predicted, i.other) for i in self.items)

    def in_cell(self, true: str, predicted: str) -> tuple[tuple[PairedItem, ...], tuple[PairedItem, ...]]:
        """Pictures of a class that the first model alone, and that the second alone, gave to another class."""
        of_class = [i for i in self.items if i.label == true]
        first = [i for i in of_class if i.predicted == predicted != i.other]
        second = [i for i in of_class if i.other == predicted != i.predicted]
        return (
            tuple(sorted(first, key=lambda i: -i.probability)),
            tuple(sorted(second, key=lambda i: -i.other_probability)),
        )


@dataclass(frozen=True)
class Cooccurrence:
    """How often two tags occur on one picture: as they are true, and as they are said.

    Attributes:
        labels: the tags, in the order of the matrices.
        true, said: ``(L, L)`` pictures on which both are true, and on which both are said; the diagonal holds each
            tag's own count. Counted where it is known of both.
        known: ``(L, L)`` pictures on which both are known.
    """

    labels: tuple[str, ...]
    true: NDArray[np.int64] = field(repr=False)
    said: NDArray[np.int64] = field(repr=False)
    known: NDArray[np.int64] = field(repr=False)
