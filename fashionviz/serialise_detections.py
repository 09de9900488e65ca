"""Items with boxes to JSON: of a photo, and of a detector's report."""

from __future__ import annotations

from fashionviz.detect_results import BoxReport, Detections
from fashionviz.json_parts import Json, box_json


def detections_json(result: Detections, file: str) -> Json:
    """The items of a photo, the surest first.

    Args:
        result: the result.
        file: the name under which the photo was given.
    """
    return {
        "file": file,
        "model": result.model.name,
        "sha256": result.model.sha256,
        "items": [
            {"box": box_json(box), "score": score, "label": label}
            for box, score, label in zip(result.boxes, result.scores, result.labels, strict=True)
        ],
        "min_score": result.min_score,
        "timings_ms": result.timings.as_dict(),
        "box": box_json(result.box),
        "note": result.note,
    }


def box_report_json(report: BoxReport) -> Json:
    """A detector's report with the keys of `evaluate --json`; ``boxes`` counts the items of the ``n`` photos."""
    return {
        "model": report.model.name,
        "sha256": report.model.sha256,
        "data_set": report.data_set,
        "split": report.split,
        "n": report.n,
        "boxes": report.boxes,
        "skipped": report.skipped,
        "ap": report.ap,
        "ap_ci95": list(report.ap_ci95),
        "ap50": report.ap50,
        "ap50_ci95": list(report.ap50_ci95),
        "ap75": report.ap75,
        "ap75_ci95": list(report.ap75_ci95),
        "ar": report.ar,
        "ar_ci95": list(report.ar_ci95),
        "per_class": [
            {
                "label": figure.label,
                "ap": figure.ap,
                "ap50": figure.ap50,
                "ap50_ci95": list(figure.ap50_ci95),
                "support": figure.support,
            }
            for figure in report.per_class
        ],
        "classes": list(report.classes),
        "note": report.note,
    }
