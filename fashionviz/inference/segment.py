"""A segmenter's answer about one photo, and what to say where somebody asks it for classes."""

from __future__ import annotations

import time

import numpy as np

from fashionviz.data.answers import ANSWERS
from fashionviz.errors import InvalidRequest
from fashionviz.images import Photo
from fashionviz.inference.loaded import Loaded
from fashionviz.models.registry import ModelSpec, default_model, list_models
from fashionviz.results import Box, Timings
from fashionviz.segment_results import Segmentation

#: The task of the models that tell garment, skin and hair, and background apart.
TASK = "garment"


def must_name(spec: ModelSpec) -> None:
    """Refuse a model that names nothing where one is needed that names what the photo shows.

    Raises:
        InvalidRequest: its answer is of such a kind; the sentence says what to do instead.
    """
    answer = ANSWERS[spec.task.answer]
    if not answer.names:
        raise InvalidRequest(answer.refusal(spec.name))


def must_segment(spec: ModelSpec) -> None:
    """Refuse a model that does not say what each pixel shows.

    Raises:
        InvalidRequest: its answer is something else; the sentence names those whose is.
    """
    if spec.task.answer != "regions":
        having = ", ".join(other.name for other in list_models() if other.task.answer == "regions")
        raise InvalidRequest(f"{spec.name} does not say what each pixel shows. This does: {having}.")


def segmenter() -> str:
    """The name of the model that segments when nobody chooses one."""
    return default_model(TASK).name


def segment_photo(loaded: Loaded, photo: Photo, region: Photo, box: Box | None) -> Segmentation:
    """Ask a loaded segmenter; its queue forms micro-batches as a classifier's does.

    Args:
        loaded: whose answer is regions.
        photo: the whole photo.
        region: the part of it that is asked about.
        box: of that part, in pixels of the photo.

    Raises:
        Overloaded: the model's queue is full.
        WorkerDied: the model's worker stopped.
    """
    began = time.perf_counter()
    x, view = loaded.prepare(region)
    prepared = (time.perf_counter() - began) * 1000
    answer, _ = loaded.ask(x)
    began = time.perf_counter()
    probabilities = answer.logits.softmax(dim=0).numpy()
    labels = np.zeros(probabilities.shape[1:], np.uint8)  # the padding is background, whatever the network says of it
    view.placement.cut(labels)[...] = view.placement.cut(probabilities).argmax(axis=0)
    for values in (labels, probabilities):
        values.setflags(write=False)
    spent = prepared + answer.compute_ms + (time.perf_counter() - began) * 1000
    return Segmentation(
        model=loaded.ref,
        classes=loaded.card.classes,
        labels=labels,
        probabilities=probabilities,
        view=view,
        timings=Timings(photo.decode_ms, answer.queue_ms, spent),
        note=loaded.spec.task.note,
        box=box,
    )
