"""A network's answers on a data set's pictures, which come through the visitor's door."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fashionviz import images
from fashionviz.data.sets import ParquetSet, image_bytes
from fashionviz.errors import DataError, ImageError
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import ModelSpec
from fashionviz.models.silhouette import crop_to_silhouette

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answers:
    """What a network says of the rows that have a label and a readable picture.

    Attributes:
        rows: ``(N,)`` row numbers within the split.
        ids: the rows' ids as text, or the row number where there is none.
        labels: the label columns of each.
        logits: ``(N, K)`` float32.
        skipped: rows without a known label or a readable picture.
    """

    rows: NDArray[np.int64]
    ids: tuple[str, ...]
    labels: tuple[Mapping[str, Any], ...]
    logits: NDArray[np.float32]
    skipped: int


def ask_rows(
    spec: ModelSpec,
    network: nn.Module,
    data: ParquetSet,
    columns: Sequence[str],
    labelled: Callable[[Mapping[str, Any]], bool],
    *,
    size: tuple[int, int] | None = None,
    crop: bool = False,
    batch: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> Answers:
    """Ask a network about every labelled row.

    Args:
        spec: how pictures are prepared.
        network: in evaluation mode, on the device that answers.
        data: rows with an ``image``.
        columns: label columns to read.
        labelled: whether a row has a label that counts; the others are skipped and counted, their pictures unread.
        size: height and width that pictures are fitted into; the model's input size if ``None``.
        crop: pictures to the box of what stands on white first.
        batch: pictures at once.
        progress: called with (done, total).

    Raises:
        DataError: no pictures, or no row has both a known label and a readable picture.
    """
    if "image" not in data.columns:
        raise DataError(f"{data.name} has no column 'image'; it has {', '.join(data.columns)}.")
    has_id = "id" in data.columns
    wanted = sorted({*columns, "image", *(["id"] if has_id else [])})
    device = next(network.parameters()).device
    rows: list[int] = []
    ids: list[str] = []
    labels: list[Mapping[str, Any]] = []
    parts: list[NDArray[np.float32]] = []
    waiting: list[torch.Tensor] = []
    total, skipped = len(data), 0

    def flush() -> None:
        if waiting:
            with torch.inference_mode():
                x = torch.stack(waiting).to(device).to(memory_format=torch.channels_last)
                parts.append(network(x).float().cpu().numpy())
            waiting.clear()

    for number, row in enumerate(data.rows(wanted)):
        if not labelled(row):
            skipped += 1
        else:
            try:
                photo = images.decode(image_bytes(row))
            except ImageError as error:
                log.warning("%s row %d: %s", data.name, number, error)
                skipped += 1
            else:
                pixels = crop_to_silhouette(photo.pixels) if crop else photo.pixels
                waiting.append(to_input(pixels, size or spec.input_size, spec.mean, spec.std)[0])
                rows.append(number)
                ids.append(str(row["id"]) if has_id else str(number))
                labels.append({c: row[c] for c in columns})
        if len(waiting) == batch:
            flush()
        if progress:
            progress(number + 1, total)
    flush()
    if not rows:
        raise DataError(f"{data.name}: none of its {total} rows has both a known label and a readable picture.")
    return Answers(np.array(rows, dtype=np.int64), tuple(ids), tuple(labels), np.concatenate(parts), skipped)
