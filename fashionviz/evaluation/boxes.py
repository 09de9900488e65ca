"""Score a detector on street photos with masks: COCO's average precision and recall of derived boxes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fashionviz.data.sets import ParquetSet, open_set
from fashionviz.data.street_items import photo_with_items
from fashionviz.detect_results import BoxFigure, BoxReport
from fashionviz.errors import DataError, ImageError, InvalidRequest
from fashionviz.evaluation.box_figures import box_figures, figures_of, intervals
from fashionviz.models.box_rows import Boxes, boxes_of, on_photo, true_boxes
from fashionviz.models.preprocess import to_input, turned
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_trained
from fashionviz.results import ModelRef

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScoredBoxes:
    """A report with the photos that it came from.

    Attributes:
        report: the figures.
        rows: ``(N,)`` row numbers within the split.
        ids: the rows' ids as text, or the row number where there is none.
        found, true: of each photo, in its pixels.
    """

    report: BoxReport
    rows: NDArray[np.int64]
    ids: tuple[str, ...]
    found: tuple[Boxes, ...]
    true: tuple[Boxes, ...]


def detector(name: str) -> ModelSpec:
    """The specification of a model that finds items.

    Raises:
        UnknownModel: no such model.
        InvalidRequest: it answers something else.
    """
    spec = get_model(name)
    if spec.task.answer != "boxes":
        raise InvalidRequest(f"{name} gives {spec.task.answer}, no boxes: it does not find the items of a photo.")
    return spec


def box_report(
    model: ModelRef,
    data_set: str,
    split: str,
    classes: tuple[str, ...],
    found: Sequence[Boxes],
    true: Sequence[Boxes],
    *,
    skipped: int = 0,
    note: str = "",
) -> BoxReport:
    """COCO's figures of what was found on photos, with 95 % intervals.

    Args:
        model: name and weights.
        data_set, split: what was scored.
        classes: in the order of the labels.
        found, true: of each photo.
        skipped: rows that were not scored.
        note: where the true boxes come from.
    """
    figures = box_figures(found, true, len(classes))
    between, each = intervals(found, true, len(classes))
    counts = np.bincount(np.concatenate([b.labels for b in true]), minlength=len(classes))

    def known(value: float) -> float | None:
        return None if np.isnan(value) else value

    return BoxReport(
        model=model,
        data_set=data_set,
        split=split,
        classes=classes,
        n=len(true),
        boxes=int(counts.sum()),
        skipped=skipped,
        per_class=tuple(
            BoxFigure(label, known(ap), known(ap50), ci95, int(counts[i]))
            for i, (label, (ap, ap50), ci95) in enumerate(zip(classes, figures.per_class, each, strict=True))
        ),
        note=note,
        **figures_of(figures),  # type: ignore[arg-type]
        **{f"{name}_ci95": interval for name, interval in between.items()},  # type: ignore[arg-type]
    )


def evaluate_boxes(
    name: str,
    source: str | Path,
    split: str | None = None,
    *,
    network: nn.Module | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ScoredBoxes:
    """Score a detector on photos with masks, at the photos' own sizes.

    Args:
        name: registry name.
        source: a data set's name, a folder, or a Parquet file, with a column ``mask``.
        split: a split of the folder; every row if ``None``.
        network: to score instead of the installed weights.
        progress: called with (done, total).

    Returns:
        The report and the photos. Rows whose picture or mask cannot be read, or whose mask is empty (nobody has
        labelled it), are skipped and counted.

    Raises:
        DataError: missing data, no masks, or no row can be scored.
        InvalidRequest: the model finds no boxes.
        ModelNotTrained, WeightsError, UnknownModel: the model cannot answer.
    """
    spec, sha = detector(name), ""
    if network is None:
        network, card = load_trained(name)
        sha = card.sha256
    data = open_set(source, split)
    if not {"image", "mask"} <= set(data.columns):
        raise DataError(
            f"{data.name} needs the columns 'image' and 'mask' (numbers of the 59 labels of Clothing Co-Parsing, as "
            f"PNG); it has {', '.join(data.columns)}."
        )
    rows, ids, found, true = _ask(spec, network, data, progress)
    if not rows:
        raise DataError(
            f"{data.name}: none of its {len(data)} rows has both a mask with labels and a readable picture."
        )
    report = box_report(
        ModelRef(name, sha), data.name, split or "all", spec.task.classes, found, true, skipped=len(data) - len(rows),
        note=spec.task.note,
    )  # fmt: skip
    return ScoredBoxes(report, np.array(rows, dtype=np.int64), tuple(ids), tuple(found), tuple(true))


def _ask(
    spec: ModelSpec, network: nn.Module, data: ParquetSet, progress: Callable[[int, int], None] | None
) -> tuple[list[int], list[str], list[Boxes], list[Boxes]]:
    """Row numbers, ids, what was found and what is true, of the rows that can be scored; one photo at a time."""
    has_id, total = "id" in data.columns, len(data)
    device = next(network.parameters()).device
    rows: list[int] = []
    ids: list[str] = []
    found: list[Boxes] = []
    true: list[Boxes] = []
    for number, row in enumerate(data.rows(["image", "mask", *(["id"] if has_id else [])])):
        try:
            pixels, mask, items = photo_with_items(row)
        except (ImageError, DataError) as error:
            log.debug("%s row %d: %s", data.name, number, error)
        else:
            if mask.any():
                size = pixels.shape[0], pixels.shape[1]
                x, _, place = to_input(pixels, turned(spec.input_size, size), spec.mean, spec.std)
                with torch.inference_mode():
                    answer = network(x[None].to(device).to(memory_format=torch.channels_last))[0]
                found.append(on_photo(boxes_of(answer.float().cpu().numpy()), place, size))
                true.append(true_boxes(items))
                rows.append(number)
                ids.append(str(row["id"]) if has_id else str(number))
        if progress:
            progress(number + 1, total)
    return rows, ids, found, true
