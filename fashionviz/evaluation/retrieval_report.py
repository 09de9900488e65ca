"""The committed report of an embedder: ``report.json`` (figures) and ``predictions.parquet`` (rank of each query)."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fashionviz.embed_results import CategoryRecall, Recall, RetrievalReport
from fashionviz.evaluation.retrieval import Retrieved
from fashionviz.models.registry import get_model
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelRef

#: Columns of ``predictions.parquet`` with their types.
COLUMNS = {
    "id": pa.int64(), "view": pa.int16(), "rank": pa.int32(), "rank_strict": pa.int32(), "rank_near": pa.int32(),
    "found": pa.int64(), "similarity": pa.float32(),
}  # fmt: skip


def save_retrieval_report(retrieved: Retrieved, folder: Path) -> None:
    """Write ``report.json`` and ``predictions.parquet``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(asdict(retrieved.report), indent=1, ensure_ascii=False) + "\n")
    values = (
        retrieved.ids, retrieved.views, retrieved.exact, retrieved.strict, retrieved.near, retrieved.found,
        retrieved.similarity,
    )  # fmt: skip
    table = pa.table({n: pa.array(v).cast(t) for (n, t), v in zip(COLUMNS.items(), values, strict=True)})
    pq.write_table(table, folder / "predictions.parquet", compression="zstd")


def _recall(facts: dict[str, Any]) -> Recall:
    return Recall(**{**facts, "at": tuple(facts["at"]), "ci95": tuple(map(tuple, facts["ci95"]))})


def load_retrieval_report(name: str) -> RetrievalReport | None:
    """The committed report of an embedder; ``None`` if there is none, or if the model gives no vectors.

    Raises:
        UnknownModel: no such model.
    """
    path = model_folder(name) / "report.json"
    if get_model(name).task.answer != "embedding" or not path.exists():
        return None
    facts = json.loads(path.read_text())
    interval = facts["match_ece_ci95"]
    return replace(
        RetrievalReport(**facts),
        model=ModelRef(**facts["model"]),
        match_ece_ci95=tuple(interval) if interval else None,
        per_category=tuple(CategoryRecall(r["category"], _recall(r["recall"])) for r in facts["per_category"]),
        recall=_recall(facts["recall"]),
        strict=_recall(facts["strict"]),
        near=_recall(facts["near"]),
    )
