"""The committed report of a model: ``report.json`` (metrics) and ``predictions.parquet`` (a row a picture)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fashionviz.evaluation.evaluate import Scored
from fashionviz.models.registry import get_model
from fashionviz.models.weights import model_folder
from fashionviz.results import ClassReport, ModelRef, Report


@dataclass(frozen=True)
class Item:
    """One picture of a scored split.

    Attributes:
        id: the row's id in its data set.
        row: its number within the split.
        label, predicted: class names.
        probability: of the predicted class.
        probabilities: of every class, in the order of the report's classes.
    """

    id: str
    row: int
    label: str
    predicted: str
    probability: float
    probabilities: tuple[float, ...]


def save_report(scored: Scored, folder: Path) -> None:
    """Write ``report.json`` and ``predictions.parquet``."""
    report = scored.report
    folder.mkdir(parents=True, exist_ok=True)
    facts = asdict(report)
    facts["confusion"] = report.confusion.tolist()
    (folder / "report.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    table = pa.table(
        {
            "id": pa.array(scored.ids),
            "row": pa.array(scored.rows, pa.int32()),
            "label": pa.array([report.classes[i] for i in scored.truth]).dictionary_encode(),
            "predicted": pa.array([report.classes[i] for i in scored.probabilities.argmax(1)]).dictionary_encode(),
            "probabilities": pa.array(list(scored.probabilities.astype(np.float32)), pa.list_(pa.float32())),
        }
    )
    pq.write_table(table, folder / "predictions.parquet", compression="zstd")


def load_report(name: str) -> Report | None:
    """The committed report of a classifier; ``None`` if it has none, or if the model is no classifier.

    Raises:
        UnknownModel: no such model.
    """
    path = model_folder(name) / "report.json"
    if get_model(name).task.answer != "classes" or not path.exists():
        return None
    facts = json.loads(path.read_text())
    return replace(
        Report(**{**facts, "per_class": (), "confusion": np.array(facts["confusion"], dtype=np.int64)}),
        model=ModelRef(**facts["model"]),
        classes=tuple(facts["classes"]),
        accuracy_ci95=(facts["accuracy_ci95"][0], facts["accuracy_ci95"][1]),
        per_class=tuple(ClassReport(**row) for row in facts["per_class"]),
        train_counts=tuple(facts["train_counts"]),
    )


def load_items(name: str) -> tuple[Item, ...]:
    """Every picture of a classifier's committed report; empty if there is none."""
    path = model_folder(name) / "predictions.parquet"
    if get_model(name).task.answer != "classes" or not path.exists():
        return ()
    rows = pq.read_table(path).to_pylist()
    return tuple(
        Item(
            id=row["id"],
            row=row["row"],
            label=row["label"],
            predicted=row["predicted"],
            probability=max(row["probabilities"]),
            probabilities=tuple(row["probabilities"]),
        )
        for row in rows
    )


def items_in_cell(items: Sequence[Item], true: str, predicted: str) -> tuple[Item, ...]:
    """The pictures of one cell of the confusion matrix, most confident first."""
    found = [i for i in items if i.label == true and i.predicted == predicted]
    return tuple(sorted(found, key=lambda i: (-i.probability, i.row)))
