"""Frozen results about boxes: the items found on a photo, and how well a network finds them on a split."""

from __future__ import annotations

from dataclasses import dataclass

from fashionviz.results import Box, ModelRef, Timings


@dataclass(frozen=True)
class Detections:
    """The items found on a photo, the surest first.

    Attributes:
        model: name and weight hash.
        boxes: ``(x0, y0, x1, y1)`` of each in pixels of the upright photo.
        scores: of each, 0..1.
        labels: the class of each.
        timings: decode, queue, compute.
        min_score: the least score that was asked for.
        note: words that must stand beside the boxes.
        box: the region asked about, or ``None``.
    """

    model: ModelRef
    boxes: tuple[Box, ...]
    scores: tuple[float, ...]
    labels: tuple[str, ...]
    timings: Timings
    min_score: float
    note: str = ""
    box: Box | None = None

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True)
class BoxFigure:
    """One class of a detector's report.

    Attributes:
        label: the class.
        ap, ap50: average precision, 0..1; ``None`` of a class that no photo shows.
        ap50_ci95: of ap50.
        support: how many there are to be found.
    """

    label: str
    ap: float | None
    ap50: float | None
    ap50_ci95: tuple[float, float]
    support: int


@dataclass(frozen=True)
class BoxReport:
    """How well a network finds items on a split: COCO's figures (:mod:`fashionviz.evaluation.box_figures`).

    Attributes:
        model: name and weights.
        data_set, split: what was scored.
        classes: in the order of the labels.
        n: photos.
        boxes: items on them.
        skipped: rows that were not scored.
        ap, ap50, ap75, ar: mean over classes, with 95 % intervals over resampled photos.
        per_class: in the order of the classes.
        note: where the boxes come from.
    """

    model: ModelRef
    data_set: str
    split: str
    classes: tuple[str, ...]
    n: int
    boxes: int
    skipped: int
    ap: float
    ap_ci95: tuple[float, float]
    ap50: float
    ap50_ci95: tuple[float, float]
    ap75: float
    ap75_ci95: tuple[float, float]
    ar: float
    ar_ci95: tuple[float, float]
    per_class: tuple[BoxFigure, ...]
    note: str = ""
