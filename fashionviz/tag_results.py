"""Frozen results of scoring a tagger: its report on a split, tag by tag, and what a threshold does to one of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fashionviz.results import ModelRef


@dataclass(frozen=True)
class Averages:
    """Precision, recall and F1 of one kind of average, each in 0..1."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class TagReport:
    """Scores of one tag on a split.

    Attributes:
        label: its name with its group.
        threshold: the least probability at which it is said, 0..1.
        precision, recall, f1: at that threshold.
        average_precision: area under its precision-recall steps; 0 where no item has it.
        support: items that have it, among those of which it is known.
        said: items that it was said of, among those.
        train_count: items of the train split that have it.
    """

    label: str
    threshold: float
    precision: float
    recall: float
    f1: float
    average_precision: float
    support: int
    said: int
    train_count: int = 0


@dataclass(frozen=True)
class TaggingReport:
    """How a tagger did on a split. What is not known of an item counts nowhere.

    Attributes:
        model: name and weight hash.
        data_set, split: what it was scored on.
        n: pictures scored; ``skipped`` had no known label, or could not be read.
        labels: tags that some picture has; only these are averaged over.
        accuracy: share of known tags that are decided rightly (mostly absences).
        micro: over all decisions.
        macro: mean over tags.
        per_image: mean over pictures that have a tag.
        mean_average_precision: mean over tags; needs no threshold.
        micro_f1_ci95, macro_f1_ci95, map_ci95: 95 % intervals over resampled pictures.
        per_tag: in the order of the logits.
    """

    model: ModelRef
    data_set: str
    split: str
    n: int
    skipped: int
    labels: int
    accuracy: float
    micro: Averages
    macro: Averages
    per_image: Averages
    mean_average_precision: float
    micro_f1_ci95: tuple[float, float]
    macro_f1_ci95: tuple[float, float]
    map_ci95: tuple[float, float]
    per_tag: tuple[TagReport, ...]


@dataclass(frozen=True)
class ThresholdCurve:
    """Precision, recall and F1 of one label at rising thresholds.

    Attributes:
        thresholds: ``(T,)``, rising.
        precision, recall, f1: ``(T,)``; precision is 1 where nothing is said any more, of which the curve ends.
    """

    thresholds: NDArray[np.float64] = field(repr=False)
    precision: NDArray[np.float64] = field(repr=False)
    recall: NDArray[np.float64] = field(repr=False)
    f1: NDArray[np.float64] = field(repr=False)

    def at(self, threshold: float) -> tuple[float, float, float]:
        """Precision, recall and F1 at a threshold."""
        place = min(int(np.searchsorted(self.thresholds, threshold, side="left")), len(self.thresholds) - 1)
        return float(self.precision[place]), float(self.recall[place]), float(self.f1[place])
