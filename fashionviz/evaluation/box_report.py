"""The committed report of a detector: ``report.json`` (figures) and ``predictions.parquet`` (each photo's boxes)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fashionviz.detect_results import BoxFigure, BoxReport
from fashionviz.evaluation.boxes import ScoredBoxes
from fashionviz.models.box_rows import Boxes
from fashionviz.models.registry import get_model
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelRef

_BOXES = pa.list_(pa.struct([("box", pa.list_(pa.float32(), 4)), ("label", pa.string()), ("score", pa.float32())]))


@dataclass(frozen=True)
class BoxItems:
    """Every photo of a committed report.

    Attributes:
        ids: the rows' ids in their data set.
        rows: ``(N,)`` row numbers within the split.
        found, true: of each photo, in its pixels.
    """

    ids: tuple[str, ...]
    rows: NDArray[np.int64]
    found: tuple[Boxes, ...]
    true: tuple[Boxes, ...]


def _plain(boxes: Boxes, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"box": box.tolist(), "label": classes[label], "score": float(score)}
        for box, label, score in zip(boxes.boxes, boxes.labels, boxes.scores, strict=True)
    ]


def _boxes(rows: list[dict[str, Any]], classes: tuple[str, ...]) -> Boxes:
    return Boxes(
        np.array([row["box"] for row in rows], np.float32).reshape(-1, 4),
        np.array([classes.index(row["label"]) for row in rows], np.int64),
        np.array([row["score"] for row in rows], np.float32),
    )


def save_box_report(scored: ScoredBoxes, folder: Path) -> None:
    """Write ``report.json`` and ``predictions.parquet``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(asdict(scored.report), indent=1, ensure_ascii=False) + "\n")
    classes = scored.report.classes
    table = pa.table(
        {
            "id": pa.array(scored.ids),
            "row": pa.array(scored.rows, pa.int32()),
            "found": pa.array([_plain(boxes, classes) for boxes in scored.found], _BOXES),
            "true": pa.array([_plain(boxes, classes) for boxes in scored.true], _BOXES),
        }
    )
    pq.write_table(table, folder / "predictions.parquet", compression="zstd")


def _detects(name: str) -> bool:
    return get_model(name).task.answer == "boxes"


def load_box_report(name: str) -> BoxReport | None:
    """The committed report of a detector; ``None`` if there is none, or if the model finds no boxes.

    Raises:
        UnknownModel: no such model.
    """
    path = model_folder(name) / "report.json"
    if not _detects(name) or not path.exists():
        return None
    facts = json.loads(path.read_text())
    intervals = {key: tuple(value) for key, value in facts.items() if key.endswith("_ci95")}
    return replace(
        BoxReport(**{**facts, **intervals, "per_class": ()}),
        model=ModelRef(**facts["model"]),
        classes=tuple(facts["classes"]),
        per_class=tuple(BoxFigure(**{**row, "ap50_ci95": tuple(row["ap50_ci95"])}) for row in facts["per_class"]),
    )


def load_box_items(name: str) -> BoxItems | None:
    """Every photo of a detector's committed report, or ``None`` if it has none."""
    path = model_folder(name) / "predictions.parquet"
    if not _detects(name) or not path.exists():
        return None
    table, classes = pq.read_table(path), get_model(name).task.classes
    found, true = (
        tuple(_boxes(rows, classes) for rows in table.column(side).to_pylist()) for side in ("found", "true")
    )
    rows = table.column("row").to_numpy().astype(np.int64)
    return BoxItems(tuple(table.column("id").to_pylist()), rows, found, true)
