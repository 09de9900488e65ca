"""Regions to JSON: of a photo, and of a model's report."""

from __future__ import annotations

import base64

from fashionviz.figures.regions import label_png
from fashionviz.segment_results import RegionReport, Segmentation
from fashionviz.serialise import Json, box_json, scored_json


def segmentation_json(result: Segmentation, file: str, size: tuple[int, int]) -> Json:
    """What each pixel shows: shares of the classes, and the label map as a PNG whose values are class indices.

    Args:
        result: the result.
        file: the name under which the photo was given.
        size: height and width of the photo, or of the region asked about: those of the label map.
    """
    return {
        "file": file,
        "model": result.model.name,
        "sha256": result.model.sha256,
        "classes": list(result.classes),
        "shares": dict(zip(result.classes, result.shares, strict=True)),
        "size": list(size),
        "labels_png": base64.b64encode(label_png(result.labels_on(size))).decode("ascii"),
        "timings_ms": result.timings.as_dict(),
        "box": box_json(result.box),
        "note": result.note,
    }


def region_report_json(report: RegionReport) -> Json:
    """A segmenter's report with the keys of `evaluate --json`; ``confusion`` counts pixels, the true class by row."""
    return {
        **scored_json(report),
        "miou": report.miou,
        "miou_ci95": list(report.miou_ci95),
        "iou": {figure.label: figure.iou for figure in report.per_class},
        "pixel_accuracy": report.pixel_accuracy,
        "pixel_accuracy_ci95": list(report.pixel_accuracy_ci95),
        "person_as_garment": report.person_as_garment,
        "person_as_garment_ci95": list(report.person_as_garment_ci95),
        "garment_as_person": report.garment_as_person,
        "garment_as_person_ci95": list(report.garment_as_person_ci95),
        "per_class": [
            {
                "label": figure.label,
                "iou": figure.iou,
                "iou_ci95": list(figure.iou_ci95),
                "precision": figure.precision,
                "recall": figure.recall,
                "share": figure.share,
            }
            for figure in report.per_class
        ],
        "classes": list(report.classes),
        "confusion": report.confusion.tolist(),
        "note": report.note,
    }
