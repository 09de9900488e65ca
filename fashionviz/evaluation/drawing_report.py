"""The committed report of a generator: ``report.json`` beside the weights, and ``film.webp``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from fashionviz.drawing_results import Copy, Distance, DrawingReport, Rate
from fashionviz.errors import WeightsError
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelRef

REPORT, FILM = "report.json", "film.webp"
_RATES = (
    "precision", "recall", "agreement", "agreement_first", "agreement_real", "near_copies", "near_copies_real",
)  # fmt: skip
#: Pictures a row of the film's sheet.
ACROSS = 6


def drawing_report_json(report: DrawingReport) -> dict[str, Any]:
    """A report as plain JSON, with the shares spelled out."""
    facts: dict[str, Any] = json.loads(json.dumps(asdict(report)))
    for name in _RATES:
        if facts[name] is not None:
            facts[name]["value"] = getattr(report, name).value
    facts["on_scale"] = {measure: report.on_scale(measure) for measure in ("frechet", "kernel")}
    return facts


def save_drawing_report(report: DrawingReport, folder: Path) -> None:
    """Write ``report.json``."""
    (folder / REPORT).write_text(json.dumps(drawing_report_json(report), indent=1, ensure_ascii=False) + "\n")


def load_drawing_report(name: str) -> DrawingReport | None:
    """The committed report of a generator, or ``None``.

    Raises:
        WeightsError: it is damaged.
    """
    path = model_folder(name) / REPORT
    if not path.is_file():
        return None
    try:
        return _read(json.loads(path.read_text()))
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"The report of {name} is damaged; restore {path.name}.") from error


def _read(facts: dict[str, Any]) -> DrawingReport:
    def rate(value: dict[str, Any] | None) -> Rate | None:
        return None if value is None else Rate(value["count"], value["n"], tuple(value["ci95"]))

    def distance(row: dict[str, Any]) -> Distance:
        frechet, kernel = ((float(low), float(high)) for low, high in (row["frechet_ci95"], row["kernel_ci95"]))
        return Distance(row["what"], row["n"], row["frechet"], frechet, row["kernel"], kernel)

    facts.pop("on_scale", None)
    rates = {name: rate(facts.pop(name, None)) for name in _RATES}  # older reports have no agreement_first
    return DrawingReport(
        model=ModelRef(**facts.pop("model")),
        distances=tuple(distance(row) for row in facts.pop("distances")),
        nearest=tuple(Copy(**row) for row in facts.pop("nearest")),
        classes=tuple(facts.pop("classes")),
        asked=tuple(tuple(row) for row in facts.pop("asked")),
        **rates,  # type: ignore[arg-type]
        **facts,
    )


def sheet(pictures: NDArray[np.uint8], across: int = ACROSS, gap: int = 2) -> NDArray[np.uint8]:
    """Pictures ``(N, H, W, 3)`` in rows on white, ``(…, …, 3)`` uint8."""
    n, height, width, _ = pictures.shape
    rows = -(-n // across)
    out = np.full((rows * (height + gap) - gap, across * (width + gap) - gap, 3), 255, np.uint8)
    for k, picture in enumerate(pictures):
        y, x = (k // across) * (height + gap), (k % across) * (width + gap)
        out[y : y + height, x : x + width] = picture
    return out


def save_film(film: NDArray[np.uint8], path: Path, before: Path | None = None) -> None:
    """An animated WebP: one frame an epoch.

    Args:
        film: ``(epochs, N, H, W, 3)`` uint8.
        path: to write.
        before: the film of an earlier run that this one went on from; its frames come first.
    """
    frames = [Image.fromarray(sheet(pictures)) for pictures in film]
    if before is not None:
        with Image.open(before, formats=("WEBP",)) as earlier:
            frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(earlier)] + frames
    pauses = [600] * (len(frames) - 1) + [2400]  # milliseconds
    frames[0].save(path, "WEBP", save_all=True, append_images=frames[1:], duration=pauses, loop=0, quality=70)
