"""Score a model on any Parquet file that has the columns of its data set. Pictures come through the visitor's door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fashionviz.data.answers import ANSWERS
from fashionviz.data.catalogue10 import catalogue10
from fashionviz.data.sets import ParquetSet, open_set, string_codes
from fashionviz.data.street import street_label
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation.answers import ask_rows
from fashionviz.evaluation.metrics import score
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_trained
from fashionviz.results import ModelRef, Report

LabelRule = Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True)
class Scored:
    """A report with the predictions it came from.

    Attributes:
        report: the metrics.
        rows: ``(N,)`` row numbers within the split.
        ids: the rows' ids as text, or the row number where there is none.
        truth: ``(N,)`` class indices.
        probabilities: ``(N, K)`` float32.
    """

    report: Report
    rows: NDArray[np.int64]
    ids: tuple[str, ...]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float32]


def label_rule(spec: ModelSpec, data: ParquetSet) -> tuple[LabelRule, list[str]]:
    """The rule that labels a data set's rows for a task, and the columns it reads.

    The task's own columns come first, then, for shop categories, those of home photos and of street garments, then a
    ``label``; street photos (``id`` and ``tags``) get our labels by id, and the catalogue's article types are mapped
    onto the ten garment types.

    Raises:
        DataError: neither applies.
    """
    if all(c in data.columns for c in spec.task.columns):
        return spec.task.label_of, list(spec.task.columns)
    if spec.task.name in ("category11", "category5"):
        for columns in (["category11"], ["label10", "label"]):  # street garments, home photos
            if set(columns) <= set(data.columns):
                return spec.task.label_of, columns
    if "label" in data.columns:
        return (lambda row: row["label"]), ["label"]
    if spec.task.name == "gender_category" and {"id", "tags"} <= set(data.columns):
        return street_label, ["id"]
    if spec.task.name == "clothing10" and "articleType" in data.columns:
        return catalogue10, ["articleType"]
    raise DataError(
        f"{data.name} has neither the columns {', '.join(spec.task.columns)} nor 'label'; "
        f"it has {', '.join(data.columns)}."
    )


def class_counts(spec: ModelSpec, data: ParquetSet) -> tuple[int, ...]:
    """Items of each class, from the label columns alone."""
    rule, columns = label_rule(spec, data)
    codes = string_codes([rule(row) for row in data.table(columns).to_pylist()], spec.task.classes)
    return tuple(int(v) for v in np.bincount(codes[codes >= 0], minlength=len(spec.task.classes)))


def evaluate(
    name: str,
    source: str | Path,
    split: str | None = None,
    *,
    network: nn.Module | None = None,
    temperature: float = 1.0,
    size: tuple[int, int] | None = None,
    crop: bool = False,
    batch: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> Scored:
    """Score a model on a data set.

    Args:
        name: registry name.
        source: a data set's name, a folder, or a Parquet file.
        split: a split of the folder; every row if ``None``.
        network: a network to score instead of the installed weights (after training, before they are installed).
        temperature: of that network; installed weights bring their own.
        size: height and width that pictures are fitted into; the model's input size if ``None``.
        crop: pictures to the box of what stands on white first.
        batch: pictures at once.
        progress: called with (done, total).

    Returns:
        The report and the predictions. Rows whose label is null or unknown, or whose picture cannot be read, are
        skipped and counted.

    Raises:
        DataError: missing data or columns.
        InvalidRequest: the model does not give one class.
        ModelNotTrained, WeightsError, UnknownModel: the model cannot answer.
    """
    spec = get_model(name)
    if spec.task.answer != "classes":
        scorer = ANSWERS[spec.task.answer].scored_by
        raise InvalidRequest(f"{name} gives {spec.task.answer}, not one class; `{scorer}` scores it.")
    sha = ""
    if network is None:
        network, card = load_trained(name)
        sha, temperature = card.sha256, card.temperature
    data = open_set(source, split)
    rule, columns = label_rule(spec, data)
    classes = spec.task.classes
    index = {c: i for i, c in enumerate(classes)}
    answers = ask_rows(
        spec, network, data, columns, lambda row: rule(row) in index, size=size, crop=crop, batch=batch,
        progress=progress,
    )  # fmt: skip
    codes = np.array([index[str(rule(row))] for row in answers.labels], dtype=np.int64)
    probabilities = (torch.from_numpy(answers.logits) / temperature).softmax(dim=1).numpy()
    report = score(
        ModelRef(name, sha), data.name, split or "all", classes, codes, probabilities, skipped=answers.skipped
    )
    return Scored(report, answers.rows, answers.ids, codes, probabilities)
