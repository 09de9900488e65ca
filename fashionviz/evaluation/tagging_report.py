"""The committed report of a tagger: ``report.json`` (figures) and ``predictions.parquet`` (a row a picture)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fashionviz.evaluation.multilabel import Bools
from fashionviz.evaluation.tagging import Tagged
from fashionviz.models.registry import get_model
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelRef
from fashionviz.tag_results import Averages, TaggingReport, TagReport


@dataclass(frozen=True)
class TaggedItems:
    """Every picture of a committed report.

    Attributes:
        ids: the rows' ids in their data set.
        rows: ``(N,)`` row numbers within the split.
        true, known: ``(N, L)``.
        probabilities: ``(N, L)`` float32, kept as float16.
    """

    ids: tuple[str, ...]
    rows: NDArray[np.int64]
    true: Bools
    known: Bools
    probabilities: NDArray[np.float32]


def save_tagging_report(tagged: Tagged, folder: Path) -> None:
    """Write ``report.json`` and ``predictions.parquet``; what is not known is kept group by group."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = asdict(tagged.report)
    (folder / "report.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    groups = get_model(tagged.report.model.name).task.groups
    unknown = np.stack([~tagged.known[:, g.start : g.stop].any(axis=1) for g in groups], axis=1)
    table = pa.table(
        {
            "id": pa.array(tagged.ids),
            "row": pa.array(tagged.rows, pa.int32()),
            "true": pa.array([np.flatnonzero(row).astype(np.int16) for row in tagged.true], pa.list_(pa.int16())),
            "unknown": pa.array([np.flatnonzero(row).astype(np.int8) for row in unknown], pa.list_(pa.int8())),
            "probabilities": pa.array(list(tagged.probabilities.astype(np.float16)), pa.list_(pa.float16())),
        }
    )
    pq.write_table(table, folder / "predictions.parquet", compression="zstd")


def load_tagging_report(name: str) -> TaggingReport | None:
    """The committed report of a tagger; ``None`` if there is none, or if the model is no tagger.

    Raises:
        UnknownModel: no such model.
    """
    path = model_folder(name) / "report.json"
    if not get_model(name).task.multilabel or not path.exists():
        return None
    facts = json.loads(path.read_text())
    averages = {kind: Averages(**facts[kind]) for kind in ("micro", "macro", "per_image")}
    intervals = {key: tuple(facts[key]) for key in ("micro_f1_ci95", "macro_f1_ci95", "map_ci95")}
    tags = tuple(TagReport(**tag) for tag in facts["per_tag"])
    return TaggingReport(**{**facts, **averages, **intervals, "model": ModelRef(**facts["model"]), "per_tag": tags})


def load_tagged_items(name: str) -> TaggedItems | None:
    """Every picture of a tagger's committed report, or ``None`` if it has none."""
    path = model_folder(name) / "predictions.parquet"
    task = get_model(name).task
    if not task.multilabel or not path.exists():
        return None
    table = pq.read_table(path)
    probabilities = np.stack(table.column("probabilities").to_numpy()).astype(np.float32)
    true, known = np.zeros(probabilities.shape, dtype=bool), np.ones(probabilities.shape, dtype=bool)
    for n, (has, lacks) in enumerate(
        zip(table.column("true").to_pylist(), table.column("unknown").to_pylist(), strict=True)
    ):
        true[n, has] = True
        for group in lacks:
            known[n, task.groups[group].start : task.groups[group].stop] = False
    return TaggedItems(
        tuple(table.column("id").to_pylist()),
        table.column("row").to_numpy().astype(np.int64),
        true,
        known,
        probabilities,
    )
