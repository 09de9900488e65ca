"""One photo, every trained model: who there is, what each one says, and the answers as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from apps.lab import handlers
from fashionviz.annotate.row import guard, printable
from fashionviz.errors import Cancelled, FashionvizError
from fashionviz.figures import pictures
from fashionviz.images import Photo
from fashionviz.models.registry import get_model
from fashionviz.results import Attribution, ModelInfo, Prediction
from fashionviz.serialise import Json, error_json, prediction_json

#: Classes shown a model.
TOP_K = 3
#: Longest side of a card's picture in pixels.
PICTURE = 280
#: Inputs up to this side are enlarged pixel by pixel: that the model sees no more is the point.
COARSE = 96

COLUMNS = (
    "file", "task", "model", "weights", "input",
    *(f"{what}_{rank}" for rank in range(1, TOP_K + 1) for what in ("label", "probability")),
    "compute_ms", "total_ms", "error",
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """The trained models of one task, with its title and the words that stand beside its classes."""

    task: str
    title: str
    note: str
    models: tuple[ModelInfo, ...]


@dataclass(frozen=True)
class Reply:
    """What one model says: an answer, or the sentence in its place.

    Attributes:
        model: who was asked.
        prediction: the classes.
        attribution: where it looked.
        failure: why there is no answer, and its machine-readable code.
        unexplained: why there is no attribution beside an answer.
    """

    model: ModelInfo
    prediction: Prediction | None = None
    attribution: Attribution | None = field(default=None, repr=False)
    failure: tuple[str, str] | None = None
    unexplained: str = ""


def groups(engine: Any) -> tuple[Group, ...]:
    """The trained models that name what a photo shows, by task; the default task first, as the engine lists them."""
    by_task: dict[str, list[ModelInfo]] = {}
    for info in engine.models():
        if info.trained and info.names:
            by_task.setdefault(info.task, []).append(info)
    return tuple(
        Group(task, get_model(models[0].name).task.title, models[0].note, tuple(models))
        for task, models in by_task.items()
    )


def untrained(engine: Any) -> tuple[str, ...]:
    """Names of such models without weights."""
    return tuple(info.name for info in engine.models() if info.names and not info.trained)


def order(found: Iterable[Group]) -> tuple[ModelInfo, ...]:
    """In which order to ask: the smallest first, so that something is to be seen soon."""
    models = [info for group in found for info in group.models]
    return tuple(sorted(models, key=lambda info: (info.parameters, info.name)))


def ask(engine: Any, photo: Photo, info: ModelInfo, cancel: Event | None = None, *, explained: bool = True) -> Reply:
    """Ask one model. Never raises: what goes wrong with it stands in its own place.

    Args:
        engine: the shared engine.
        photo: what to ask about, as a whole.
        info: the model.
        cancel: set from another thread to give up.
        explained: whether to ask where it looked, too.
    """
    if cancel is not None and cancel.is_set():
        return Reply(info, failure=("Not asked: you cancelled.", Cancelled.code))
    try:
        prediction = engine.predict(photo, info.name)
    except Exception as error:
        return Reply(info, failure=(handlers.sentence(error), _code(error)))
    method = handlers.default_method(info)
    if not explained or method is None:
        return Reply(info, prediction)
    try:
        return Reply(info, prediction, engine.explain(photo, info.name, method, cancel=cancel))
    except Exception as error:
        return Reply(info, prediction, unexplained=handlers.sentence(error))


def _code(error: Exception) -> str:
    return error.code if isinstance(error, FashionvizError) else FashionvizError.code


def seen(reply: Attribution) -> handlers.Picture:
    """The photo as the model receives it; a coarse input keeps its pixels."""
    picture = pictures.view_photo(reply.view)
    return pictures.enlarge(picture, PICTURE, smooth=max(reply.view.pixels.shape[:2]) > COARSE)


def looked(reply: Attribution) -> handlers.Picture:
    """Where it looked, in the style that suits the method."""
    return handlers.draw(reply, handlers.style_for(reply.method, "Colour"), PICTURE)


def reply_json(reply: Reply, file: str) -> Json:
    """An answer in the shape of ``predict --json``; a failed one has ``file``, ``model``, ``error`` and ``code``."""
    if reply.prediction is not None:
        return prediction_json(reply.prediction, printable(file), reply.model.note)
    words, code = reply.failure or ("", FashionvizError.code)
    return {"file": printable(file), "model": reply.model.name, **_flat(error_json(code, words))}


def _flat(body: Json) -> Json:
    return {"error": body["error"]["message"], "code": body["error"]["code"]}


def table_json(replies: Iterable[Reply], file: str) -> bytes:
    """All answers as a JSON array."""
    return json.dumps([reply_json(reply, file) for reply in replies], indent=2, ensure_ascii=False).encode()


def table_csv(replies: Iterable[Reply], file: str) -> bytes:
    """All answers as a CSV with :data:`COLUMNS`, a row a model; every cell quoted, none a formula, nothing rounded."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows(_cells(reply, file) for reply in replies)
    return text.getvalue().encode("utf-8")


def _cells(reply: Reply, file: str) -> list[str]:
    info, answer = reply.model, reply.prediction
    height, width = info.input_size
    scores = answer.first(TOP_K) if answer else ()
    pairs = [part for score in scores for part in (guard(score.label), repr(float(score.probability)))]
    times = [f"{answer.timings.compute:.2f}", f"{answer.timings.total:.2f}"] if answer else ["", ""]
    weights = answer.model.sha256 if answer else info.sha256 or ""
    facts = [guard(printable(file)), info.task, info.name, weights, f"{width}x{height}"]
    failed = guard(reply.failure[0]) if reply.failure else ""
    return [*facts, *pairs, *[""] * (2 * TOP_K - len(pairs)), *times, failed]
