"""Reports to JSON: how a model did on a split, with the keys of `evaluate --json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from fashionviz.data.landmarks.kinds import NOTE
from fashionviz.error_results import Reliability
from fashionviz.json_parts import Json
from fashionviz.landmark_results import LandmarkReport
from fashionviz.results import Report
from fashionviz.segment_results import RegionReport
from fashionviz.tag_results import TaggingReport

if TYPE_CHECKING:
    from fashionviz.evaluation.report import Item


def scored_json(report: Report | TaggingReport | RegionReport) -> Json:
    """Which model was scored, and on what."""
    return {
        "model": report.model.name,
        "sha256": report.model.sha256,
        "data_set": report.data_set,
        "split": report.split,
        "n": report.n,
        "skipped": report.skipped,
    }


def report_json(report: Report) -> Json:
    """A report with the keys of `evaluate --json`; ``confusion`` has the true class by row.

    Intervals hold 95 %: Wilson's for precision and recall, percentiles over resampled pictures for F1.
    """
    from fashionviz.evaluation.class_intervals import class_intervals  # it imports torch, which takes seconds

    intervals = class_intervals(report.confusion, report.classes)
    return {
        **scored_json(report),
        "accuracy": float(report.accuracy),
        "accuracy_ci95": [float(v) for v in report.accuracy_ci95],
        "top2": float(report.top2),
        "top3": float(report.top3),
        "top5": float(report.top5),
        "macro_f1": float(report.macro_f1),
        "per_class": [
            {
                "label": c.label,
                "precision": float(c.precision),
                "recall": float(c.recall),
                "f1": float(c.f1),
                "support": int(c.support),
                "predicted": int(c.predicted),
                "precision_ci95": [i.precision.low, i.precision.high],
                "recall_ci95": [i.recall.low, i.recall.high],
                "f1_ci95": [i.f1.low, i.f1.high],
            }
            for c, i in zip(report.per_class, intervals, strict=True)
        ],
        "classes": list(report.classes),
        "confusion": [[int(v) for v in row] for row in report.confusion],
        "train_counts": [int(v) for v in report.train_counts],
    }


def reliability_json(found: Reliability) -> Json:
    """Confidence against accuracy in bins; bins without pictures are left out."""
    return {
        "n": found.n,
        "ece": found.ece,
        "bins": [
            {
                "confidence_from": float(found.edges[b]),
                "confidence_to": float(found.edges[b + 1]),
                "n": int(found.counts[b]),
                "mean_confidence": float(found.confidence[b]),
                "accuracy": float(found.accuracy[b]),
                "accuracy_ci95": [float(found.low[b]), float(found.high[b])],
            }
            for b in np.flatnonzero(found.counts)
        ],
    }


def cell_json(report: Report, items: Sequence[Item], true: str, predicted: str) -> Json:
    """The pictures of one cell of a confusion matrix, most confident first."""
    return {
        **scored_json(report),
        "true": true,
        "predicted": predicted,
        "items": [
            {
                "id": item.id,
                "item": f"{report.data_set}:{report.split}:{item.id}",
                "row": item.row,
                "probabilities": dict(zip(report.classes, item.probabilities, strict=True)),
            }
            for item in items
        ],
    }


def tagging_report_json(report: TaggingReport) -> Json:
    """A tagger's report with the keys of `evaluate --json`."""
    return {
        **scored_json(report),
        "labels": report.labels,
        "accuracy": float(report.accuracy),
        "micro_f1": float(report.micro.f1),
        "micro_f1_ci95": [float(v) for v in report.micro_f1_ci95],
        "macro_f1": float(report.macro.f1),
        "macro_f1_ci95": [float(v) for v in report.macro_f1_ci95],
        "map": float(report.mean_average_precision),
        "map_ci95": [float(v) for v in report.map_ci95],
        **{name: asdict(getattr(report, name)) for name in ("micro", "macro", "per_image")},
        "per_tag": [asdict(tag) for tag in report.per_tag],
    }


def landmark_report_json(report: LandmarkReport | None) -> Json:
    """What `evaluate --json` says of landmarks beside the categories; errors are shares of the garment's size.

    Args:
        report: the scores, or ``None`` where no landmarks could be derived: then everything but the note is ``None``.
    """
    return {
        "landmark_error": report and report.error,
        "landmark_error_ci95": report and list(report.error_ci95),
        "landmark_rate": report and report.rate,
        "landmark_rate_ci95": report and list(report.rate_ci95),
        "landmark_photos": report and report.photos,
        "landmark_n": report and report.n,
        "landmarks": report and [asdict(figure) for figure in report.each],
        "landmark_note": report.note if report else NOTE,
    }
