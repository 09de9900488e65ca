"""How well a network tells garment, skin and hair, and background apart: intersection over union in pixels."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fashionviz.data.landmarks.parts import Refused
from fashionviz.data.regions import COLUMNS, DERIVED_NOTE, GARMENT, PERSON, UNKNOWN, Regions, photo_with_regions
from fashionviz.data.sets import ParquetSet, open_set
from fashionviz.errors import DataError, ImageError, InvalidRequest
from fashionviz.models.preprocess import Placement, to_input
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_trained
from fashionviz.results import ModelRef
from fashionviz.segment_results import RegionFigure, RegionReport, labels_at

log = logging.getLogger(__name__)

Counts = NDArray[np.int64]
_DRAWS = 1000


@dataclass(frozen=True)
class ScoredRegions:
    """A report with the photos that it came from.

    Attributes:
        report: the figures.
        rows: ``(N,)`` row numbers within the split.
        ids: the rows' ids as text, or the row number where there is none.
        counts: ``(N, K, K)`` pixels of each photo, true class by row.
    """

    report: RegionReport
    rows: NDArray[np.int64]
    ids: tuple[str, ...]
    counts: Counts


def pixel_counts(true: Regions, said: Regions, classes: int) -> Counts:
    """How many pixels of a photo are of each true class (by row) and called each class.

    Args:
        true: ``(H, W)`` class indices; what is :data:`~fashionviz.data.regions.UNKNOWN` counts nowhere.
        said: ``(H, W)`` class indices.
        classes: how many there are.

    Returns:
        ``(K, K)``.
    """
    known = true != UNKNOWN
    places = true[known].astype(np.int64) * classes + said[known]
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def intersection_over_union(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """Of each class, ``(..., K)`` of pixel counts ``(..., K, K)``; NaN of a class that is neither there nor said."""
    right = np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)
    either = counts.sum(-1) + counts.sum(-2) - right
    return np.divide(right, either, out=np.full(right.shape, np.nan), where=either > 0)


def _share(part: NDArray[np.number], whole: NDArray[np.number]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(np.shape(whole)), where=np.asarray(whole) > 0)


def region_report(
    model: ModelRef,
    data_set: str,
    split: str,
    classes: tuple[str, ...],
    counts: Counts,
    *,
    skipped: int = 0,
    note: str = "",
) -> RegionReport:
    """Figures over the pixels of all photos together, with 95 % intervals over resampled photos.

    A photo is what was drawn at random, not a pixel: whole photos are resampled (1,000 times, percentiles).

    Args:
        model: name and weights.
        data_set, split: what was scored.
        classes: in the order of the counts.
        counts: ``(N, K, K)`` pixels of each photo, true class by row.
        skipped: rows that were not scored.
        note: where the masks come from.
    """
    n, k = len(counts), len(classes)
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=_DRAWS)
    resampled = (drawn @ counts.reshape(n, -1)).reshape(-1, k, k)
    whole = counts.sum(axis=0)

    def between(values: NDArray[np.floating]) -> tuple[float, float]:
        found = values[np.isfinite(values)]
        low, high = np.quantile(found, (0.025, 0.975)) if len(found) else (0.0, 0.0)
        return float(low), float(high)

    ious, many = intersection_over_union(whole), intersection_over_union(resampled)
    there = np.isfinite(ious)
    mean_of_many = np.nanmean(many[:, there], axis=1)
    right, rights = np.trace(whole), np.trace(resampled, axis1=1, axis2=2)
    rows, columns = whole.sum(axis=1), whole.sum(axis=0)

    def mixed(true: int, said: int) -> tuple[float, tuple[float, float]]:
        shares = _share(resampled[:, true, said], resampled[:, true].sum(axis=1))
        return float(_share(whole[true, said], rows[true])), between(shares)

    person, person_ci95 = mixed(PERSON, GARMENT)
    garment, garment_ci95 = mixed(GARMENT, PERSON)
    return RegionReport(
        model=model,
        data_set=data_set,
        split=split,
        classes=classes,
        n=n,
        skipped=skipped,
        miou=float(ious[there].mean()),
        miou_ci95=between(mean_of_many),
        pixel_accuracy=float(right / whole.sum()),
        pixel_accuracy_ci95=between(rights / resampled.sum(axis=(1, 2))),
        person_as_garment=person,
        person_as_garment_ci95=person_ci95,
        garment_as_person=garment,
        garment_as_person_ci95=garment_ci95,
        per_class=tuple(
            RegionFigure(
                label=label,
                iou=float(np.nan_to_num(ious[i])),
                iou_ci95=between(many[:, i]),
                precision=float(_share(whole[i, i], columns[i])),
                recall=float(_share(whole[i, i], rows[i])),
                share=float(rows[i] / whole.sum()),
            )
            for i, label in enumerate(classes)
        ),
        confusion=whole,
        note=note,
    )


def segmenter(name: str) -> ModelSpec:
    """The specification of a model that tells regions apart.

    Raises:
        UnknownModel: no such model.
        InvalidRequest: it answers something else.
    """
    spec = get_model(name)
    if spec.task.answer != "regions":
        raise InvalidRequest(f"{name} gives {spec.task.answer}, no regions: it does not say what each pixel shows.")
    return spec


def evaluate_regions(
    name: str,
    source: str | Path,
    split: str | None = None,
    *,
    network: nn.Module | None = None,
    batch: int = 8,
    progress: Callable[[int, int], None] | None = None,
) -> ScoredRegions:
    """Score a segmenter on photos with masks, or on catalogue photos with derived ones, at the photos' own sizes.

    Args:
        name: registry name.
        source: a data set's name, a folder, or a Parquet file, with a column ``mask`` or ``articleType``.
        split: a split of the folder; every row if ``None``.
        network: to score instead of the installed weights.
        batch: photos at once.
        progress: called with (done, total).

    Returns:
        The report and the photos. Rows without a mask, or whose picture or mask cannot be read, are skipped and
        counted.

    Raises:
        DataError: missing data, neither column, or no row can be scored.
        InvalidRequest: the model gives no regions.
        ModelNotTrained, WeightsError, UnknownModel: the model cannot answer.
    """
    spec, sha = segmenter(name), ""
    if network is None:
        network, card = load_trained(name)
        sha = card.sha256
    data = open_set(source, split)
    column = next((c for c in COLUMNS if c in data.columns), None)
    if column is None or "image" not in data.columns:
        raise DataError(
            f"{data.name} needs the column 'image' and either 'mask' (numbers of the 59 labels of Clothing Co-Parsing, "
            f"as PNG) or 'articleType'; it has {', '.join(data.columns)}."
        )
    rows, ids, counts = _ask(spec, network, data, column, batch, progress)
    if not rows:
        raise DataError(f"{data.name}: none of its {len(data)} rows has both a mask and a readable picture.")
    report = region_report(
        ModelRef(name, sha), data.name, split or "all", spec.task.classes, np.stack(counts),
        skipped=len(data) - len(rows), note=DERIVED_NOTE if column == "articleType" else "",
    )  # fmt: skip
    return ScoredRegions(report, np.array(rows, dtype=np.int64), tuple(ids), np.stack(counts))


def _ask(
    spec: ModelSpec,
    network: nn.Module,
    data: ParquetSet,
    column: str,
    batch: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[list[int], list[str], list[Counts]]:
    """Row numbers, ids and pixel counts of the rows that can be scored."""
    has_id, total = "id" in data.columns, len(data)
    device = next(network.parameters()).device
    rows: list[int] = []
    ids: list[str] = []
    counts: list[Counts] = []
    waiting: list[tuple[Tensor, Placement, Regions]] = []

    def flush() -> None:
        if not waiting:
            return
        with torch.inference_mode():
            x = torch.stack([w[0] for w in waiting]).to(device).to(memory_format=torch.channels_last)
            probabilities = network(x).float().softmax(dim=1).cpu().numpy()
        for (_, place, true), answer in zip(waiting, probabilities, strict=True):
            height, width = true.shape
            counts.append(pixel_counts(true, labels_at(place.cut(answer), (height, width)), len(spec.task.classes)))
        waiting.clear()

    for number, row in enumerate(data.rows(["image", column, *(["id"] if has_id else [])])):
        try:
            pixels, true = photo_with_regions(row)
        except (ImageError, DataError, Refused) as error:
            log.debug("%s row %d: %s", data.name, number, error)
        else:
            x, _, place = to_input(pixels, spec.input_size, spec.mean, spec.std)
            waiting.append((x, place, true))
            rows.append(number)
            ids.append(str(row["id"]) if has_id else str(number))
        if len(waiting) == batch:
            flush()
        if progress:
            progress(number + 1, total)
    flush()
    return rows, ids, counts
