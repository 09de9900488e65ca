"""The items of the split that a model was scored on, as the network receives them."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fashionviz import images
from fashionviz.data.sets import ParquetSet, image_bytes, open_set
from fashionviz.errors import Cancelled, DataError, ImageError
from fashionviz.evaluation.evaluate import label_rule
from fashionviz.evaluation.tagging import label_columns
from fashionviz.explain.kept import must_have_items
from fashionviz.explore_results import Source
from fashionviz.models.preprocess import to_grey, to_input
from fashionviz.models.registry import ModelSpec
from fashionviz.models.weights import model_folder

log = logging.getLogger(__name__)

Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class SplitItems:
    """Labelled rows of a split.

    Attributes:
        data: the set.
        source: data set, split, how many.
        rows: row numbers, rising.
        ids: the rows' ids as text, or the row numbers where there are none.
        labels: class indices of each; several of a tagger's.
    """

    data: ParquetSet
    source: Source
    rows: tuple[int, ...]
    ids: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Batch:
    """Items side by side.

    Attributes:
        places: of each in the :class:`SplitItems`.
        x: ``(N, 3, H, W)`` normalised.
        pixels: ``(N, H, W, 3)`` uint8, letterboxed; grey where the model sees no colour.
    """

    places: tuple[int, ...]
    x: Tensor
    pixels: NDArray[np.uint8]


def scored_split(spec: ModelSpec) -> tuple[str, str]:
    """Data set and split of the model's committed report; the test split of its task's set without one."""
    path = model_folder(spec.name) / "report.json"
    if path.exists():
        facts = json.loads(path.read_text())
        return facts["data_set"], facts["split"]
    return spec.task.data_set, "test"


def split_items(
    spec: ModelSpec, source: str | Path | None = None, split: str | None = None, *, limit: int | None = None
) -> SplitItems:
    """The rows of a split that have a label the model knows.

    Args:
        spec: the model.
        source: a data set's name, a folder or a Parquet file; that of the model's report if ``None``.
        split: that of the report if both are ``None``.
        limit: items of each class at most: those whose ids come first by their MD5, so that a set that is sorted
            gives no more of its beginning than of its end.

    Raises:
        InvalidRequest: a model whose split has no items of classes.
        DataError: missing data or columns, or no labelled row.
    """
    must_have_items(spec)
    if source is None:
        named, of_report = scored_split(spec)
        source, split = named, split or of_report
    data = open_set(source, split)
    if spec.task.multilabel:
        columns = label_columns(spec, data)
        assert spec.task.targets is not None
        true, _ = spec.task.targets(data.table(columns).to_pylist())
        labels = [tuple(int(i) for i in np.flatnonzero(row)) for row in true]
    else:
        rule, columns = label_rule(spec, data)
        index = {label: i for i, label in enumerate(spec.task.classes)}
        found = (index.get(str(rule(row)), -1) for row in data.table(columns).to_pylist())
        labels = [(code,) if code >= 0 else () for code in found]
    ids = [str(i) for i in data.table(["id"]).column("id").to_pylist()] if "id" in data.columns else None
    ids = ids if ids is not None else [str(row) for row in range(len(labels))]
    rows = [row for row, has in enumerate(labels) if has]
    if limit is not None:
        rows = _limited(rows, ids, labels, limit)
    if not rows:
        raise DataError(f"{data.name}: none of its {len(labels)} rows has a label that {spec.name} knows.")
    return SplitItems(
        data,
        Source(data.name, split or "all", len(rows), limit),
        tuple(rows),
        tuple(ids[row] for row in rows),
        tuple(labels[row] for row in rows),
    )


def _limited(rows: list[int], ids: Sequence[str], labels: Sequence[tuple[int, ...]], limit: int) -> list[int]:
    taken: dict[int, int] = {}
    chosen = []
    for row in sorted(rows, key=lambda row: hashlib.md5(ids[row].encode()).digest()):
        if any(taken.get(label, 0) < limit for label in labels[row]):
            chosen.append(row)
            for label in labels[row]:
                taken[label] = taken.get(label, 0) + 1
    return sorted(chosen)


def batches(spec: ModelSpec, items: SplitItems, size: int, *, start: int = 0) -> Iterator[Batch]:
    """The items' pictures through the visitor's door; a picture that cannot be read is left out.

    Args:
        spec: how pictures are prepared.
        items: which.
        size: items at once.
        start: the first place that is wanted.
    """
    place_of = {row: place for place, row in enumerate(items.rows) if place >= start}
    first = items.rows[start] if start < len(items.rows) else len(items.data)
    places: list[int] = []
    inputs: list[Tensor] = []
    pixels: list[NDArray[np.uint8]] = []
    for row, data in enumerate(items.data.rows(["image"], start=first), start=first):
        place = place_of.get(row)
        if place is None:
            continue
        try:
            photo = images.decode(image_bytes(data))
        except ImageError as error:
            log.warning("%s row %d: %s", items.data.name, row, error)
            continue
        x, boxed, _ = to_input(photo.pixels, spec.input_size, spec.mean, spec.std)
        places.append(place)
        inputs.append(x)
        pixels.append(to_grey(boxed) if spec.grey else boxed)
        if len(places) == size:
            yield Batch(tuple(places), torch.stack(inputs), np.stack(pixels))
            places, inputs, pixels = [], [], []
    if places:
        yield Batch(tuple(places), torch.stack(inputs), np.stack(pixels))


def stop_if(cancel: threading.Event | None) -> None:
    """Leave a job that was cancelled.

    Raises:
        Cancelled: it was.
    """
    if cancel is not None and cancel.is_set():
        raise Cancelled("Stopped before it was done.")
