"""The committed report of a segmenter: ``report.json`` (figures) and ``predictions.parquet`` (pixels of each photo)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fashionviz.evaluation.regions import ScoredRegions
from fashionviz.models.registry import get_model
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelRef
from fashionviz.segment_results import RegionFigure, RegionReport


@dataclass(frozen=True)
class RegionItems:
    """Every photo of a committed report.

    Attributes:
        ids: the rows' ids in their data set.
        rows: ``(N,)`` row numbers within the split.
        counts: ``(N, K, K)`` pixels, true class by row.
    """

    ids: tuple[str, ...]
    rows: NDArray[np.int64]
    counts: NDArray[np.int64]


def save_region_report(scored: ScoredRegions, folder: Path) -> None:
    """Write ``report.json`` and ``predictions.parquet``."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = asdict(scored.report) | {"confusion": scored.report.confusion.tolist()}
    (folder / "report.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    table = pa.table(
        {
            "id": pa.array(scored.ids),
            "row": pa.array(scored.rows, pa.int32()),
            "pixels": pa.array(list(scored.counts.reshape(len(scored.rows), -1)), pa.list_(pa.int64())),
        }
    )
    pq.write_table(table, folder / "predictions.parquet", compression="zstd")


def _regions(name: str) -> bool:
    return get_model(name).task.answer == "regions"


def load_region_report(name: str) -> RegionReport | None:
    """The committed report of a segmenter; ``None`` if there is none, or if the model gives no regions.

    Raises:
        UnknownModel: no such model.
    """
    path = model_folder(name) / "report.json"
    if not _regions(name) or not path.exists():
        return None
    facts = json.loads(path.read_text())
    intervals = {key: tuple(value) for key, value in facts.items() if key.endswith("_ci95")}
    return replace(
        RegionReport(**{**facts, **intervals, "per_class": ()}),
        model=ModelRef(**facts["model"]),
        classes=tuple(facts["classes"]),
        per_class=tuple(RegionFigure(**{**row, "iou_ci95": tuple(row["iou_ci95"])}) for row in facts["per_class"]),
        confusion=np.array(facts["confusion"], dtype=np.int64),
    )


def load_region_items(name: str) -> RegionItems | None:
    """Every photo of a segmenter's committed report, or ``None`` if it has none."""
    path = model_folder(name) / "predictions.parquet"
    if not _regions(name) or not path.exists():
        return None
    table, k = pq.read_table(path), len(get_model(name).task.classes)
    counts = np.array(table.column("pixels").to_pylist(), dtype=np.int64).reshape(-1, k, k)
    rows = table.column("row").to_numpy().astype(np.int64)
    return RegionItems(tuple(table.column("id").to_pylist()), rows, counts)
