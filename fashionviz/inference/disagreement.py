"""Ask several models about one photo and say how much they disagree."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fashionviz.disagreement_results import Disagreement
from fashionviz.errors import Cancelled, FashionvizError, ModelNotTrained
from fashionviz.evaluation.disagreement import Answer, disagreement
from fashionviz.images import Photo
from fashionviz.models.registry import get_model
from fashionviz.results import Box, Progress

if TYPE_CHECKING:
    from fashionviz.inference.engine import Engine


def disagree(
    engine: Engine,
    photo: Photo,
    models: Sequence[str] = (),
    *,
    box: Box | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Disagreement:
    """How much models disagree on a photo. One that fails is named with its sentence; the others are compared.

    Args:
        engine: the engine.
        photo: from :func:`fashionviz.images.decode`.
        models: registry names; every trained model where there are none.
        box: region in pixels of the photo.
        on_progress: called from this thread after each model.
        cancel: set it from another thread to stop.

    Raises:
        UnknownModel, ModelNotTrained: a model that cannot answer.
        FashionvizError: no model answered; that of the first.
        Cancelled: ``cancel`` was set.
    """
    infos = [engine.model(name) for name in dict.fromkeys(models)] or [
        i for i in engine.models() if i.trained and i.names
    ]
    for info in infos:
        if not info.trained:
            raise ModelNotTrained(f"{info.name} is not trained yet, so it has no opinion.")
    if not infos:
        raise ModelNotTrained("No model is trained yet, so there is nothing to compare.")
    answers: list[Answer] = []
    failed: list[tuple[str, str]] = []
    first: FashionvizError | None = None
    began = time.monotonic()
    for number, info in enumerate(infos, start=1):
        if cancel is not None and cancel.is_set():
            raise Cancelled("Stopped.")
        try:
            answers.append(Answer(get_model(info.name).task, engine.predict(photo, info.name, box=box)))
        except Cancelled:
            raise
        except FashionvizError as error:
            first = first or error
            failed.append((info.name, str(error)))
        if on_progress is not None:
            spent = time.monotonic() - began
            on_progress(Progress(number, len(infos), spent / number * (len(infos) - number)))
    if first is not None and not answers:
        raise first
    return disagreement(answers, failed)
