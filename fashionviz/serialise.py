"""Results to JSON: the one shape that the command line prints and the REST API answers with.

Pure functions from a frozen result to plain dictionaries, lists, strings and numbers. Shares and probabilities are
0..1, boxes are pixels of the decoded photo, times are milliseconds. Nothing here rounds a score.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.landmarks.kinds import NOTE
from fashionviz.disagreement_results import Disagreement
from fashionviz.error_results import Reliability
from fashionviz.errors import FashionvizError
from fashionviz.landmark_results import LandmarkReport, Landmarks
from fashionviz.models.preprocess import Placement
from fashionviz.results import (
    ActivationMaps,
    Assurance,
    Attribution,
    Box,
    FilterBank,
    LayerInfo,
    ModelInfo,
    Prediction,
    Readiness,
    Report,
    TagGroup,
)
from fashionviz.segment_results import RegionReport
from fashionviz.tag_results import TaggingReport
from fashionviz.trust_results import Curve, Trust

if TYPE_CHECKING:
    from fashionviz.evaluation.report import Item

Json = dict[str, Any]


def prediction_json(prediction: Prediction, file: str, note: str = "") -> Json:
    """A prediction, every class, most probable first; a tagger's ``tags`` by group, else ``None``.

    Args:
        prediction: the result.
        file: the name under which the photo was given.
        note: words that must stand beside the model's classes.
    """
    return {
        "file": file,
        "model": prediction.model.name,
        "sha256": prediction.model.sha256,
        "predictions": [
            {"label": s.label, "probability": float(s.probability), "logit": float(s.logit)} for s in prediction.scores
        ],
        "timings_ms": prediction.timings.as_dict(),
        "box": box_json(prediction.box),
        "notes": list(prediction.notes),
        "note": note,
        "assurance": assurance_json(prediction.assurance),
        "tags": [tag_group_json(group) for group in prediction.tags] or None,
    }


def tag_group_json(group: TagGroup) -> Json:
    """The tags of a group, most probable first, with the threshold from which each is said."""
    return {
        "group": group.name,
        "title": group.title,
        "exclusive": group.exclusive,
        "said": [tag.value for tag in group.said],
        "tags": [
            {"value": t.value, "probability": float(t.probability), "threshold": t.threshold, "said": t.said}
            for t in group.tags
        ],
    }


def assurance_json(assurance: Assurance | None) -> Json | None:
    """Whether to rely on the prediction, or ``None`` where that was not measured for the model."""
    if assurance is None:
        return None
    garment = assurance.garment_probability
    return {
        "verdict": assurance.verdict,
        "garment_probability": None if garment is None else float(garment),
        "reason": assurance.reason,
    }


def failure_json(error: FashionvizError, file: str) -> Json:
    """What stands in place of a prediction for a photo that could not be answered: ``file`` and the sentence."""
    return {"file": file, "error": str(error), "code": error.code}


def error_json(code: str, message: str) -> Json:
    """The body of every answer that is not a success."""
    return {"error": {"code": code, "message": message}}


def box_json(box: Box | None) -> list[float] | None:
    """``[x0, y0, x1, y1]`` in pixels of the decoded photo, or ``None`` for all of it."""
    return None if box is None else [float(v) for v in box]


def model_json(info: ModelInfo) -> Json:
    """A model as `models` lists it."""
    return {
        "name": info.name,
        "task": info.task,
        "architecture": info.architecture,
        "title": info.title,
        "trained": info.trained,
        "default": info.default,
        "metrics": [dict(m) for m in info.metrics],
        "sha256": info.sha256,
        "classes": list(info.classes),
        "input_size": list(info.input_size),
        "parameters": info.parameters,
        "methods": list(info.methods),
        "loaded": info.loaded,
        "device": info.device,
        "dtype": info.dtype,
        "note": info.note,
        "paper": info.paper,
        "multilabel": info.multilabel,
        "answer": info.answer,
    }


def layer_json(layer: LayerInfo) -> Json:
    """A layer as the model lists it."""
    return {
        "name": layer.name,
        "kind": layer.kind,
        "shape": list(layer.shape),
        "parameters": layer.parameters,
        "spatial": layer.spatial,
        "filters": layer.filters,
    }


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


def landmarks_json(result: Landmarks, file: str) -> Json:
    """Landmarks of a photo, x and y in pixels of the decoded photo.

    Args:
        result: the result.
        file: the name under which the photo was given.
    """
    return {
        "file": file,
        "model": result.model.name,
        "sha256": result.model.sha256,
        "landmarks": [
            {"name": m.name, "x": m.x, "y": m.y, "probability": m.probability, "present": m.present}
            for m in result.found
        ],
        "timings_ms": result.timings.as_dict(),
        "box": box_json(result.box),
        "note": result.note,
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


def disagreement_json(result: Disagreement, file: str, box: Box | None = None) -> Json:
    """How much models disagree on a photo; divergences in bits, ``None`` where two cannot be compared."""
    return {
        "file": file,
        "box": box_json(box),
        "sentence": result.sentence,
        "models": [
            {
                "model": opinion.model.name,
                "sha256": opinion.model.sha256,
                "task": opinion.task,
                "label": opinion.label,
                "probability": float(opinion.probability),
                "mean_bits": opinion.mean,
                "compared": opinion.compared,
            }
            for opinion in result.opinions
        ],
        "pairs": [
            {**asdict(pair), "first_says": _said(pair.first_says), "second_says": _said(pair.second_says)}
            | {"differs": pair.differs}
            for pair in result.pairs
        ],
        "tasks": [
            {**asdict(task), "models": list(task.models), "says": {label: list(names) for label, names in task.says}}
            for task in result.tasks
        ],
        "failed": [{"model": name, "error": reason} for name, reason in result.failed],
    }


def _said(says: tuple[str, float] | None) -> Json | None:
    return None if says is None else {"word": says[0], "share": float(says[1])}


def readiness_json(readiness: Readiness) -> Json:
    """Whether the suite can answer, and why not."""
    return {
        "status": "ready" if readiness.ready else "not ready",
        "ready": readiness.ready,
        "model": readiness.model,
        "worst": float(readiness.worst) if np.isfinite(readiness.worst) else None,
        "tolerance": float(readiness.tolerance),
        "reason": readiness.reason,
    }


def array_json(values: NDArray[Any]) -> Json:
    """An array as its shape, its dtype and base64 of its little-endian float32 values in C order.

    ``numpy.frombuffer(base64.b64decode(a["data"]), "<f4").reshape(a["shape"])`` gives it back.
    """
    packed = np.ascontiguousarray(values, dtype="<f4")
    return {
        "shape": list(packed.shape),
        "dtype": "float32",
        "byte_order": "little",
        "encoding": "base64",
        "data": base64.b64encode(packed.tobytes()).decode("ascii"),
    }


def array_from_json(packed: Json) -> NDArray[np.float32]:
    """The inverse of :func:`array_json`."""
    values = np.frombuffer(base64.b64decode(packed["data"]), dtype="<f4")
    return values.reshape(packed["shape"]).astype(np.float32)


def placement_json(place: Placement) -> Json:
    """Where the photo lies in the model's input, in input pixels: needed to lay values back over the photo."""
    return {
        "top": place.top,
        "left": place.left,
        "height": place.height,
        "width": place.width,
        "frame": list(place.frame),
    }


def explained_json(result: Attribution) -> Json:
    """What an attribution is about, and how well integrated gradients add up."""
    return {
        "target": result.target,
        "against": result.against,
        "probability": float(result.probability),
        "layer": result.layer,
        "steps": result.steps,
        "completeness_error": result.completeness_error,
    }


def attribution_json(result: Attribution, file: str) -> Json:
    """An attribution with its values ``(3, H, W)`` on the model's normalised input."""
    return {
        "file": file,
        "model": result.model.name,
        "sha256": result.model.sha256,
        "method": result.method,
        **explained_json(result),
        "values": array_json(result.values),
        "placement": placement_json(result.view.placement),
        "timings_ms": result.timings.as_dict(),
    }


def trust_json(result: Trust, file: str) -> Json:
    """How far an attribution can be trusted; the map itself is what `explain` answers with."""
    asked = result.attribution
    return {
        "file": file,
        "model": asked.model.name,
        "sha256": asked.model.sha256,
        "method": asked.method,
        **explained_json(asked),
        "level": result.level,
        "sentence": result.sentence,
        "randomised": {"spearman": result.randomised.spearman, "ssim": result.randomised.ssim},
        "deletion": _curve_json(result.deletion),
        "insertion": _curve_json(result.insertion),
        "shares": result.shares and [asdict(share) | {"lift": share.lift} for share in result.shares],
        "shares_note": result.shares_note,
        "timings_ms": result.timings.as_dict(),
    }


def _curve_json(curve: Curve) -> Json:
    return {
        "auc": curve.auc,
        "control_auc": curve.control_auc,
        "probabilities": [float(v) for v in curve.probabilities],
        "control": [float(v) for v in curve.control],
    }


def activations_json(result: ActivationMaps, file: str, channel: int | None = None) -> Json:
    """A layer's maps ``(C, h, w)``, or one channel of them ``(1, h, w)``."""
    maps = result.maps if channel is None else result.maps[channel : channel + 1]
    return {
        "file": file,
        "model": result.model.name,
        "sha256": result.model.sha256,
        "layer": result.layer,
        "channels": int(result.maps.shape[0]),
        "channel": channel,
        "maps": array_json(maps),
        "placement": placement_json(result.view.placement),
        "timings_ms": result.timings.as_dict(),
    }


def filters_json(bank: FilterBank) -> Json:
    """A convolution's weights ``(N, C, kh, kw)``."""
    return {
        "model": bank.model.name,
        "sha256": bank.model.sha256,
        "layer": bank.layer,
        "first": bank.first,
        "weights": array_json(bank.weights),
    }
