"""A detector's answer about one photo, and what to say where somebody asks another model for boxes."""

from __future__ import annotations

import threading
import time
from math import isfinite

import numpy as np

from fashionviz.detect_results import Detections
from fashionviz.errors import Cancelled, InvalidRequest
from fashionviz.images import Photo
from fashionviz.inference.loaded import Loaded
from fashionviz.models.box_rows import boxes_of, on_photo
from fashionviz.models.preprocess import to_input, turned
from fashionviz.models.registry import ModelSpec, default_model, list_models
from fashionviz.results import Box, Timings

#: The task of the models that find items.
TASK = "garment13"
#: The least score of an item that is shown when nobody says otherwise. `python -m bench.detection_threshold`: on ccp
#: validation the fast detector's F1 is within 0.01 of its best here, which more sureness would pay for with recall.
MIN_SCORE = 0.6


def detector() -> str:
    """The name of the model that finds items when nobody chooses one."""
    return default_model(TASK).name


def must_detect(spec: ModelSpec) -> None:
    """Refuse a model that finds no items.

    Raises:
        InvalidRequest: its answer is something else; the sentence names those whose is.
    """
    if spec.task.answer != "boxes":
        having = ", ".join(other.name for other in list_models() if other.task.answer == "boxes")
        raise InvalidRequest(f"{spec.name} finds no items on a photo. These do: {having}.")


def checked_score(min_score: float | None) -> float:
    """A least score; :data:`MIN_SCORE` if ``None``.

    Raises:
        InvalidRequest: not between 0 and 1.
    """
    if min_score is None:
        return MIN_SCORE
    if not isfinite(min_score) or not 0 <= min_score <= 1:
        raise InvalidRequest(f"The least score lies between 0 and 1; {min_score:g} does not.")
    return float(min_score)


def detect_items(
    loaded: Loaded,
    photo: Photo,
    region: Photo,
    min_score: float | None,
    box: Box | None,
    cancel: threading.Event | None = None,
) -> Detections:
    """Ask a loaded detector; its queue forms micro-batches of photos of one orientation.

    Args:
        loaded: whose answer is boxes.
        photo: the whole photo.
        region: the part of it that is asked about.
        min_score: the least score of what is kept; the network itself drops what it scores below
            :data:`fashionviz.models.detectors.LEAST_SCORE`.
        box: of that part, in pixels of the photo.
        cancel: set it from another thread; a photo that is asked about already is answered.

    Raises:
        InvalidRequest: a score that is none.
        Cancelled: ``cancel`` was set.
        Overloaded: the model's queue is full.
        WorkerDied: the model's worker stopped.
    """
    least = checked_score(min_score)
    if cancel is not None and cancel.is_set():
        raise Cancelled("The search for items was cancelled.")
    began = time.perf_counter()
    size = region.height, region.width
    card = loaded.card
    x, _, place = to_input(region.pixels, turned(card.input_size, size), card.mean, card.std)
    prepared = (time.perf_counter() - began) * 1000
    answer = loaded.batcher.submit(x, loaded.config.timeout_s)
    if cancel is not None and cancel.is_set():
        raise Cancelled("The search for items was cancelled.")
    began = time.perf_counter()
    found = on_photo(boxes_of(answer.logits.numpy()), place, size)
    # The corner of the region as `Photo.crop` cuts it.
    left, top = (max(0, round(min(box[0], box[2]))), max(0, round(min(box[1], box[3])))) if box else (0, 0)
    sides = found.boxes[:, 2:] - found.boxes[:, :2]
    kept = np.flatnonzero((found.scores >= least) & (sides.min(axis=1, initial=np.inf) >= 1)).tolist()
    spent = prepared + answer.compute_ms + (time.perf_counter() - began) * 1000
    return Detections(
        model=loaded.ref,
        boxes=tuple(
            (float(x0) + left, float(y0) + top, float(x1) + left, float(y1) + top)
            for x0, y0, x1, y1 in found.boxes[kept]
        ),
        scores=tuple(float(score) for score in found.scores[kept]),
        labels=tuple(card.classes[label] for label in found.labels[kept]),
        timings=Timings(photo.decode_ms, answer.queue_ms, spent),
        min_score=least,
        note=loaded.spec.task.note,
        box=box,
    )
