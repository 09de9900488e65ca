"""COCO's figures of boxes by torchmetrics (on pycocotools), and their 95 % intervals over resampled photos.

AP is the mean over classes and over the overlaps 0.50, 0.55, …, 0.95 of the area under the precision-recall curve, read
at 101 recalls; AP50 and AP75 are that at one overlap. AR is the mean recall with at most a hundred boxes a photo.

pycocotools cannot count a photo twice, which the bootstrap must. So boxes are matched once here, as COCO matches them,
and each resample weighs every photo by how often it was drawn; with all weights 1 the figures are COCO's (tested).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionviz.models.box_rows import Boxes

#: Overlaps at which a box counts as right.
OVERLAPS = np.arange(0.5, 1.0, 0.05)
_RECALLS = np.linspace(0, 1, 101)
_DRAWS = 500

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BoxFigures:
    """COCO's figures.

    Attributes:
        ap, ap50, ap75: mean average precision, 0..1.
        ar: mean recall.
        per_class: of each class ap and ap50, NaN of one that no photo shows.
    """

    ap: float
    ap50: float
    ap75: float
    ar: float
    per_class: tuple[tuple[float, float], ...]


def figures_of(figures: BoxFigures) -> dict[str, float]:
    """The four figures by name."""
    return {name: getattr(figures, name) for name in ("ap", "ap50", "ap75", "ar")}


def box_figures(found: Sequence[Boxes], true: Sequence[Boxes], classes: int) -> BoxFigures:
    """COCO's figures of what was found on photos, by torchmetrics.

    Args:
        found, true: of each photo.
        classes: how many there are.
    """
    import torch
    from torchmetrics.detection import MeanAveragePrecision

    metric = MeanAveragePrecision(class_metrics=True, extended_summary=True, backend="pycocotools")
    metric.warn_on_many_detections = False
    tensor = torch.from_numpy
    metric.update(
        [{"boxes": tensor(b.boxes), "labels": tensor(b.labels), "scores": tensor(b.scores)} for b in found],
        [{"boxes": tensor(b.boxes), "labels": tensor(b.labels)} for b in true],
    )
    result = metric.compute()
    # (overlaps, recalls, classes that there are, sizes, most boxes): all sizes, a hundred boxes
    precision = result["precision"][:, :, :, 0, -1].numpy()
    seen = [int(c) for c in np.atleast_1d(result["classes"].numpy())]
    shown = {int(label) for boxes in true for label in boxes.labels}
    each = [(float("nan"), float("nan"))] * classes
    for place, label in enumerate(seen):
        if label in shown:
            each[label] = float(precision[:, :, place].mean()), float(precision[0, :, place].mean())
    ap, ap50, ap75, ar = (max(0.0, float(result[name])) for name in ("map", "map_50", "map_75", "mar_100"))
    return BoxFigures(ap, ap50, ap75, ar, per_class=tuple(each))


@dataclass(frozen=True)
class Matched:
    """Boxes of one class on all photos, the surest first.

    Attributes:
        photo: ``(n,)`` where each was found.
        right: ``(overlaps, n)`` whether it is matched with a true one.
        true: ``(photos,)`` how many there are to be found.
    """

    photo: NDArray[np.int64]
    right: NDArray[np.bool_]
    true: NDArray[np.int64]


def _overlap(a: Floats, b: Floats) -> Floats:
    """Intersection over union of boxes ``(n, 4)`` and ``(m, 4)``."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(axis=2)
    areas = ((v[:, 2] - v[:, 0]) * (v[:, 3] - v[:, 1]) for v in (a, b))
    first, second = areas
    out: Floats = both / np.maximum(first[:, None] + second[None] - both, 1e-9)
    return out


def _right(found: Floats, true: Floats) -> NDArray[np.bool_]:
    """Which boxes, the surest first, are right at each overlap: each takes the free true one that it overlaps most."""
    overlaps = _overlap(found, true)
    right = np.zeros((len(OVERLAPS), len(found)), bool)
    for place, least in enumerate(OVERLAPS):
        free = np.ones(len(true), bool)
        for box in range(len(found)):
            best = np.where(free, overlaps[box], -1)
            taken = int(best.argmax()) if len(true) else -1
            if taken >= 0 and best[taken] >= least - 1e-10:
                free[taken], right[place, box] = False, True
    return right


def matched(found: Sequence[Boxes], true: Sequence[Boxes], label: int) -> Matched:
    """The boxes of a class on all photos."""
    photos, rights, scores = [], [], []
    for place, (one, other) in enumerate(zip(found, true, strict=True)):
        held = np.flatnonzero(one.labels == label)
        held = held[np.argsort(-one.scores[held], kind="stable")]
        rights.append(_right(one.boxes[held].astype(np.float64), other.boxes[other.labels == label].astype(np.float64)))
        photos.append(np.full(len(held), place))
        scores.append(one.scores[held])
    order = np.argsort(-np.concatenate(scores), kind="stable")
    return Matched(
        np.concatenate(photos)[order],
        np.concatenate(rights, axis=1)[:, order],
        np.array([(other.labels == label).sum() for other in true], np.int64),
    )


def average_precision(boxes: Matched, weights: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Average precision and highest recall at each overlap, ``(..., overlaps)``; NaN where nothing is to be found.

    Args:
        boxes: of one class.
        weights: ``(..., photos)`` how often each photo counts.
    """
    total = (weights @ boxes.true)[..., None]
    weight = weights[..., None, boxes.photo]
    right = (boxes.right * weight).cumsum(axis=-1)
    precision = right / np.maximum(weight.cumsum(axis=-1), 1)
    precision = np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1]
    recall = right / np.maximum(total, 1)[..., None]
    # Precision is read at each of the recalls from the first box that reaches it: so many of them each box reaches.
    reached = np.diff(np.searchsorted(_RECALLS, recall, side="right"), prepend=0, axis=-1)
    ap = (precision * reached).sum(axis=-1) / len(_RECALLS)
    return np.where(total > 0, ap, np.nan), np.where(total > 0, recall.max(axis=-1, initial=0.0), np.nan)


def intervals(
    found: Sequence[Boxes], true: Sequence[Boxes], classes: int, *, draws: int = _DRAWS
) -> tuple[dict[str, tuple[float, float]], tuple[tuple[float, float], ...]]:
    """95 % intervals over resampled photos (percentiles): of the four figures by name, and of each class' AP50.

    A class that a resample does not show counts nowhere in it, as in the figures themselves.

    Args:
        found, true: of each photo.
        classes: how many there are.
        draws: resamples.
    """
    each = [matched(found, true, label) for label in range(classes)]
    drawn = np.random.default_rng(0).multinomial(len(true), np.full(len(true), 1 / len(true)), size=draws)
    ap, recall = (np.stack(v, axis=1) for v in zip(*(average_precision(b, drawn) for b in each), strict=True))

    def between(values: Floats) -> tuple[float, float]:
        known = values[np.isfinite(values)]
        low, high = np.quantile(known, (0.025, 0.975)) if len(known) else (0.0, 0.0)
        return float(low), float(high)

    figures = {
        "ap": np.nanmean(ap, axis=(1, 2)),
        "ap50": np.nanmean(ap[:, :, 0], axis=1),
        "ap75": np.nanmean(ap[:, :, 5], axis=1),
        "ar": np.nanmean(recall, axis=(1, 2)),
    }
    return {name: between(values) for name, values in figures.items()}, tuple(
        between(ap[:, label, 0]) for label in range(classes)
    )
