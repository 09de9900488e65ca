"""One photo answered by every trained model, one model after the other, as pictures, a table and code."""

from __future__ import annotations

import csv
import io
import json
import logging
import shlex
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fashionviz.annotate.row import guard
from fashionviz.boxes import format_box
from fashionviz.errors import Cancelled, FashionvizError
from fashionviz.figures.pictures import Picture, attribution_signed, view_photo
from fashionviz.images import Photo
from fashionviz.inference.engine import Engine
from fashionviz.results import Box, ModelInfo, Prediction, Progress
from fashionviz.serialise import box_json, prediction_json

log = logging.getLogger(__name__)

#: Classes shown for each model.
TOP = 3
PREFERRED = "guided-backprop"


@dataclass(frozen=True)
class Answer:
    """What one model says of the photo; it holds pictures rather than attributions, which are four times as large.

    Attributes:
        info: the model.
        method: by which it was asked where it looked.
        prediction: every class, or ``None`` where ``error`` says why.
        seen: the photo as the model sees it, ``(h, w, 3)`` uint8, without the margin.
        map: the attribution to the most probable class, summed over the channels, on the signed scale.
        map_ms: how long the attribution took, without waiting, in milliseconds.
        error: why there is no prediction.
        map_error: why there is a prediction but no map.
    """

    info: ModelInfo
    method: str
    prediction: Prediction | None = None
    seen: Picture | None = None
    map: Picture | None = None
    map_ms: float | None = None
    error: str | None = None
    map_error: str | None = None

    @property
    def predict_ms(self) -> float | None:
        """Preparing the photo and the network, without decoding and without waiting for others, in milliseconds."""
        return self.prediction.timings.compute if self.prediction else None

    @property
    def failed(self) -> bool:
        """Whether something is missing."""
        return self.error is not None or self.map_error is not None


def method_for(info: ModelInfo) -> str:
    """Guided backprop where the model offers it, else the first method that it offers."""
    return PREFERRED if PREFERRED in info.methods else info.methods[0]


def ask(engine: Engine, info: ModelInfo, photo: Photo, box: Box | None, cancel: threading.Event) -> Answer:
    """Ask one model. Its failure is a sentence in its answer, so that the others can still answer.

    Raises:
        Cancelled: ``cancel`` was set.
    """
    method = method_for(info)
    try:
        prediction = engine.predict(photo, info.name, box=box)
    except Exception as error:
        return Answer(info, method, error=_sentence(error, info))
    if cancel.is_set():
        raise Cancelled("Stopped.")
    try:
        result = engine.explain(photo, info.name, method, box=box, cancel=cancel)
    except Exception as error:
        return Answer(info, method, prediction, map_error=_sentence(error, info))
    return Answer(
        info,
        method,
        prediction,
        seen=view_photo(result.view),
        map=attribution_signed(result),
        map_ms=result.timings.compute,
    )


def _sentence(error: Exception, info: ModelInfo) -> str:
    if isinstance(error, Cancelled):
        raise error
    if isinstance(error, FashionvizError):
        return str(error)
    log.error("%s failed on a visitor's photo", info.name, exc_info=error)
    return f"{info.name} failed on this photo. Please try again."


def every_work(
    engine: Engine,
    infos: Sequence[ModelInfo],
    photo: Photo,
    box: Box | None,
    found: dict[str, Answer],
) -> Callable[[Callable[[Progress], None], threading.Event], bool]:
    """What a job does: ask one model after the other, each answer into ``found`` as soon as it is there.

    Args:
        engine: the engine.
        infos: every trained model, in the order of the page; those in ``found`` are not asked again.
        photo, box: what they are asked about.
        found: answers by the model's name; progress counts them.
    """

    def work(on_progress: Callable[[Progress], None], cancel: threading.Event) -> bool:
        began = time.monotonic()
        todo = [info for info in infos if info.name not in found]
        for number, info in enumerate(todo, start=1):
            if cancel.is_set():
                raise Cancelled("Stopped.")
            found[info.name] = ask(engine, info, photo, box, cancel)
            spent = time.monotonic() - began
            on_progress(Progress(len(found), len(infos), spent / number * (len(todo) - number)))
        return True

    return work


# --- as a table -------------------------------------------------------------------------------------------------


def table(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """A row a model; what is missing is ``None``, nothing is rounded."""
    rows = []
    for answer in answers:
        row: dict[str, Any] = {"model": answer.info.name, "task": answer.info.task}
        height, width = answer.info.input_size
        row["input"] = f"{width}×{height}"
        scores = answer.prediction.first(TOP) if answer.prediction else ()
        for place in range(TOP):
            score = scores[place] if place < len(scores) else None
            row[f"class {place + 1}"] = score.label if score else None
            row[f"probability {place + 1}"] = score.probability if score else None
        row["ms"] = answer.predict_ms
        row["method"] = answer.method
        row["method ms"] = answer.map_ms
        row["error"] = answer.error or answer.map_error
        rows.append(row)
    return rows


def table_csv(answers: Sequence[Answer]) -> bytes:
    """The table as CSV: UTF-8, every cell quoted, nothing a spreadsheet would run as a formula."""
    rows = table(answers)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for row in rows:
        writer.writerow({k: guard(v) if isinstance(v, str) else "" if v is None else repr(v) for k, v in row.items()})
    return text.getvalue().encode("utf-8")


def table_json(answers: Sequence[Answer], file: str, box: Box | None) -> str:
    """Every class of every model, with the shape that ``predict --json`` has for one."""
    models = []
    for answer in answers:
        if answer.prediction is None:
            models.append({"model": answer.info.name, "error": answer.error})
            continue
        found = prediction_json(answer.prediction, file, answer.info.note)
        found |= {"method": answer.method, "method_ms": answer.map_ms, "method_error": answer.map_error}
        models.append(found)
    return json.dumps({"file": file, "box": box_json(box), "models": models}, indent=2, ensure_ascii=False)


# --- as code ----------------------------------------------------------------------------------------------------


def python_code(file: str, box: Box | None = None) -> str:
    """The library's calls behind the page."""
    region = f", box=({format_box(box).replace(',', ', ')})" if box is not None else ""
    return f"""from pathlib import Path

from fashionviz import images
from fashionviz.inference.engine import shared_engine

engine = shared_engine()
photo = images.decode(Path({file!r}).read_bytes())
for info in engine.models():
    if not (info.trained and info.names):
        continue
    prediction = engine.predict(photo, info.name{region})
    print(f"{{info.name}}: {{prediction.timings.compute:.0f}} ms")
    for score in prediction.first({TOP}):
        print(f"    {{score.label:20}} {{score.probability:.3f}}")
    method = {PREFERRED!r} if {PREFERRED!r} in info.methods else info.methods[0]
    result = engine.explain(photo, info.name, method{region})
    print(f"    {{method}} for {{result.target}}:", result.values.shape)  # (3, H, W), on the model's input"""


def shell_code(file: str, infos: Sequence[ModelInfo], box: Box | None = None) -> str:
    """The same on the command line, for a POSIX shell: two lines a model."""
    region = ["--box", format_box(box)] if box is not None else []
    lines = []
    for info in infos:
        method, picture = method_for(info), f"{info.name}.png"
        lines.append(shlex.join(["fashionviz", "predict", file, "--model", info.name, *region, "--json"]))
        words = ["fashionviz", "explain", file, "--model", info.name, "--method", method, *region, "--out", picture]
        lines.append(shlex.join(words))
    return "\n".join(lines)
