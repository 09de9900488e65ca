"""The committed record of a study, ``docs/studies/NAME.json``: what was measured, row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from fashionviz.errors import DataError, StorageError
from fashionviz.evaluation.evaluate import Scored
from fashionviz.evaluation.metrics import macro_averages, macro_intervals, wilson
from fashionviz.studies.study import Scoring, Study

AnyRecord = TypeVar("AnyRecord", bound=BaseModel)


class Frozen(BaseModel):
    """A part of a record: read back as it was written, never changed."""

    model_config = ConfigDict(frozen=True)


class Figure(Frozen):
    """A share in 0..1 with its 95 % interval."""

    value: float
    ci95: tuple[float, float]


def in_cell(figure: Figure, digits: int = 3) -> str:
    """A figure with its interval, for a table."""
    low, high = figure.ci95
    return f"{figure.value:.{digits}f} ({low:.{digits}f} – {high:.{digits}f})"


class ClassFigure(Frozen):
    """Recall of one class (Wilson interval), and its photos: ``n`` scored, ``train`` in an epoch of training."""

    label: str
    n: int
    train: int
    recall: Figure


class Score(Frozen):
    """How a row did on some photos.

    Attributes:
        data_set, split, crop: which photos, and whether they were cropped.
        n, skipped: photos scored; photos without a label of the task or unreadable.
        accuracy: with its Wilson interval.
        precision, recall, f1: averaged over the classes, with bootstrap intervals.
        classes: in the task's order.
        right: a bit a photo, in order, whether it was answered rightly; packed, in hexadecimal.
    """

    data_set: str
    split: str
    crop: bool
    n: int
    skipped: int
    accuracy: Figure
    precision: Figure
    recall: Figure
    f1: Figure
    classes: tuple[ClassFigure, ...]
    right: str

    @property
    def photos(self) -> tuple[str, str, bool]:
        """Which photos were scored."""
        return self.data_set, self.split, self.crop

    def right_bits(self) -> NDArray[np.bool_]:
        """``(n,)`` bool of :attr:`right`."""
        packed = np.frombuffer(bytes.fromhex(self.right), dtype=np.uint8)
        return np.unpackbits(packed, count=self.n).astype(bool)


class Result(Frozen):
    """A finished row.

    Attributes:
        name: of the row.
        settings: what determined it (:meth:`fashionviz.studies.study.Row.settings`).
        sha256: of its weights as stored in fp16, which are what is scored.
        start_sha256: of the weights that it started from, ``None`` from scratch.
        photos, epochs, seconds: of training; 0 where there was none. The seconds are the wall clock's, with the
            validation of each epoch and without the decoding of photos.
        machine, torch: what it ran on.
        scores: one each of the row's scorings.
    """

    name: str
    settings: dict[str, Any]
    sha256: str
    start_sha256: str | None
    photos: int
    epochs: int
    seconds: float
    machine: str
    torch: str
    scores: tuple[Score, ...]


class Record(Frozen):
    """All finished rows, in the order of the study."""

    study: str
    rows: tuple[Result, ...] = ()


def score_of(scoring: Scoring, scored: Scored, counts: tuple[int, ...]) -> Score:
    """What the record keeps of a scored split.

    Args:
        scoring: which photos.
        scored: report and predictions.
        counts: training photos of each class.
    """
    report = scored.report
    values, intervals = macro_averages(report.confusion), macro_intervals(report.confusion)
    precision, recall, f1 = (Figure(value=float(v), ci95=i) for v, i in zip(values, intervals, strict=True))
    classes = tuple(
        ClassFigure(
            label=row.label,
            n=row.support,
            train=train,
            recall=Figure(value=row.recall, ci95=wilson(int(report.confusion[i, i]), row.support)),
        )
        for i, (row, train) in enumerate(zip(report.per_class, counts, strict=True))
    )
    return Score(
        data_set=scoring.data_set,
        split=scoring.split,
        crop=scoring.crop,
        n=report.n,
        skipped=report.skipped,
        accuracy=Figure(value=report.accuracy, ci95=report.accuracy_ci95),
        precision=precision,
        recall=recall,
        f1=f1,
        classes=classes,
        right=np.packbits(scored.probabilities.argmax(1) == scored.truth).tobytes().hex(),
    )


def up_to_date(study: Study, known: dict[str, Result]) -> dict[str, Result]:
    """The finished rows that are as the study says today, and that started from rows which are."""
    kept: dict[str, Result] = {}
    for row in study.rows:
        found = known.get(row.name)
        if found is None or found.settings != row.settings():
            continue
        if row.start is None or (row.start in kept and found.start_sha256 == kept[row.start].sha256):
            kept[row.name] = found
    return kept


def read_record(path: Path, kind: type[AnyRecord]) -> AnyRecord | None:
    """Read a record; ``None`` if there is none.

    Args:
        path: its file.
        kind: what it is a record of.

    Raises:
        DataError: it is damaged.
    """
    try:
        return kind.model_validate_json(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(f"The record {path} cannot be read: restore it, or start anew with --overwrite.") from error


def load_record(path: Path) -> Record | None:
    """Read the record of a study of recipes; ``None`` if there is none.

    Raises:
        DataError: it is damaged.
    """
    return read_record(path, Record)


def write(path: Path, text: str) -> None:
    """Replace a file in one step.

    Raises:
        StorageError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text)
        part.replace(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from error


def save_record(record: Record, path: Path) -> None:
    """Write a record as indented JSON.

    Raises:
        StorageError: it cannot be written.
    """
    write(path, json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n")


def write_page(record: Frozen, page: str, path: Path) -> None:
    """Write a record as JSON, and its page beside it.

    Raises:
        StorageError: they cannot be written.
    """
    write(path, record.model_dump_json(indent=1) + "\n")
    write(path.with_suffix(".md"), page)
