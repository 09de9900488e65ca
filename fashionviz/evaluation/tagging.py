"""Score a tagger on any Parquet file that has the label columns of its task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fashionviz.data.sets import ParquetSet, open_set
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation.answers import ask_rows
from fashionviz.evaluation.multilabel import (
    Bools,
    Counts,
    average_precision,
    choose_thresholds,
    multilabel_figures,
    resampled_intervals,
)
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_trained
from fashionviz.results import ModelRef
from fashionviz.tag_results import TaggingReport, TagReport


@dataclass(frozen=True)
class Tagged:
    """A report with the probabilities it came from.

    Attributes:
        report: the figures.
        rows: ``(N,)`` row numbers within the split.
        ids: the rows' ids as text, or the row number where there is none.
        true, known: ``(N, L)``; where the second is false, the first says nothing.
        probabilities: ``(N, L)`` float32.
    """

    report: TaggingReport
    rows: NDArray[np.int64]
    ids: tuple[str, ...]
    true: Bools
    known: Bools
    probabilities: NDArray[np.float32]


def label_columns(spec: ModelSpec, data: ParquetSet) -> list[str]:
    """The task's columns that a data set has; tags of the others are not known.

    Raises:
        InvalidRequest: the model gives one class, not tags.
        DataError: it has none of them.
    """
    if not spec.task.multilabel:
        raise InvalidRequest(f"{spec.name} gives one class, not tags; `evaluate` scores it.")
    columns = [c for c in spec.task.columns if c in data.columns]
    if not columns:
        raise DataError(
            f"{data.name} has none of the columns {', '.join(spec.task.columns)}; it has {', '.join(data.columns)}."
        )
    return columns


def tag_counts(spec: ModelSpec, data: ParquetSet) -> tuple[int, ...]:
    """Items that have each tag, from the label columns alone."""
    assert spec.task.targets is not None
    true, _ = spec.task.targets(data.table(label_columns(spec, data)).to_pylist())
    return tuple(int(v) for v in true.sum(axis=0))


def report_tags(
    model: ModelRef,
    data_set: str,
    split: str,
    labels: tuple[str, ...],
    probabilities: NDArray[np.floating],
    true: Bools,
    known: Bools,
    thresholds: NDArray[np.floating],
    *,
    skipped: int = 0,
    train_counts: tuple[int, ...] = (),
) -> TaggingReport:
    """Everything about probabilities of tags.

    Args:
        model, data_set, split: what was scored on what.
        labels: names in the order of the columns.
        probabilities, true, known: ``(N, L)``.
        thresholds: ``(L,)``.
        skipped: rows that were left out, for the record.
        train_counts: items of the train split that have each tag.
    """
    figures = multilabel_figures(probabilities, true, known, thresholds)
    counts = Counts.of(probabilities >= thresholds, true, known, axis=0)
    intervals = resampled_intervals(probabilities, true, known, thresholds)

    def area(i: int) -> float:
        where = known[:, i]
        return average_precision(probabilities[where, i], true[where, i]) if true[where, i].any() else 0.0

    return TaggingReport(
        model=model,
        data_set=data_set,
        split=split,
        n=figures.n,
        skipped=skipped,
        labels=figures.labels,
        accuracy=figures.accuracy,
        micro=figures.micro,
        macro=figures.macro,
        per_image=figures.per_image,
        mean_average_precision=figures.mean_average_precision,
        micro_f1_ci95=intervals.micro_f1,
        macro_f1_ci95=intervals.macro_f1,
        map_ci95=intervals.mean_average_precision,
        per_tag=tuple(
            TagReport(
                label=label,
                threshold=float(thresholds[i]),
                precision=float(counts.precision[i]),
                recall=float(counts.recall[i]),
                f1=float(counts.f1[i]),
                average_precision=area(i),
                support=int(counts.hits[i] + counts.missed[i]),
                said=int(counts.hits[i] + counts.false[i]),
                train_count=train_counts[i] if train_counts else 0,
            )
            for i, label in enumerate(labels)
        ),
    )


def evaluate_tags(
    name: str,
    source: str | Path,
    split: str | None = None,
    *,
    network: nn.Module | None = None,
    temperature: float = 1.0,
    thresholds: NDArray[np.floating] | None = None,
    batch: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> Tagged:
    """Score a tagger on a data set.

    Args:
        name: registry name.
        source: a data set's name, a folder, or a Parquet file.
        split: a split of the folder; every row if ``None``.
        network: a network to score instead of the installed weights.
        temperature: of that network; installed weights bring their own.
        thresholds: ``(L,)`` of that network; ``None`` chooses them on the very pictures that are scored, as is right
            for validation alone. Installed weights bring their own.
        batch: pictures at once.
        progress: called with (done, total).

    Returns:
        The report and the probabilities. Rows of which no tag is known, or whose picture cannot be read, are skipped
        and counted.

    Raises:
        DataError: missing data or columns.
        InvalidRequest: the model gives one class.
        ModelNotTrained, WeightsError, UnknownModel: the model cannot answer.
    """
    spec = get_model(name)
    data = open_set(source, split)
    columns = label_columns(spec, data)
    targets = spec.task.targets
    assert targets is not None
    sha = ""
    if network is None:
        network, card = load_trained(name)
        sha, temperature, thresholds = card.sha256, card.temperature, np.asarray(card.thresholds)
    answers = ask_rows(
        spec, network, data, columns, lambda row: bool(targets([row])[1].any()), batch=batch, progress=progress
    )
    true, known = targets(answers.labels)
    probabilities = (torch.from_numpy(answers.logits) / temperature).sigmoid().numpy()
    if thresholds is None:
        thresholds = choose_thresholds(probabilities, true, known)
    report = report_tags(
        ModelRef(name, sha), data.name, split or "all", spec.task.classes, probabilities, true, known, thresholds,
        skipped=answers.skipped,
    )  # fmt: skip
    return Tagged(report, answers.rows, answers.ids, true, known, probabilities)
