"""Results to JSON: the one shape that the command line prints and the REST API answers with.

Pure functions from a frozen result to plain dictionaries, lists, strings and numbers. Shares and probabilities are
0..1, boxes are pixels of the decoded photo, times are milliseconds. Nothing here rounds a score.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from fashionviz.disagreement_results import Disagreement
from fashionviz.errors import FashionvizError
from fashionviz.json_parts import (  # noqa: F401  every shape is found here
    Json,
    array_from_json,
    array_json,
    box_json,
    placement_json,
)
from fashionviz.landmark_results import Landmarks
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
    TagGroup,
)
from fashionviz.serialise_reports import (  # noqa: F401  every shape is found here
    cell_json,
    landmark_report_json,
    reliability_json,
    report_json,
    scored_json,
    tagging_report_json,
)
from fashionviz.trust_results import Curve, Trust


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
