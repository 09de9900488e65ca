"""Vectors and what they find, as JSON."""

from __future__ import annotations

from typing import Any

from fashionviz.embed_results import DEPTHS, CategoryReport, Embedding, Recall, RetrievalReport

Json = dict[str, Any]


def _recall_json(found: Recall, ending: str = "") -> Json:
    values = {f"recall_at_{k}{ending}": v for k, v in zip(DEPTHS, found.at, strict=True)}
    between = {f"recall_at_{k}{ending}_ci95": list(v) for k, v in zip(DEPTHS, found.ci95, strict=True)}
    return values | between | {f"median_rank{ending}": found.median_rank}


def retrieval_report_json(report: RetrievalReport | CategoryReport) -> Json:
    """A report as ``evaluate --json`` prints it."""
    facts: Json = {
        "model": report.model.name,
        "sha256": report.model.sha256,
        "data_set": report.data_set,
        "split": report.split,
        "n": report.n,
        "skipped": report.skipped,
        "gallery": report.gallery,
    }
    if isinstance(report, CategoryReport):
        return facts | {
            "precision_at_10": report.precision_at_10,
            "precision_at_10_ci95": list(report.precision_at_10_ci95),
            "macro_precision_at_10": report.macro_precision_at_10,
            "chance": report.chance,
            "per_category": [
                {"category": c.category, "n": c.n, "precision_at_10": c.value, "precision_at_10_ci95": list(c.ci95)}
                for c in report.per_category
            ],
        }
    return facts | {
        "items": report.items,
        "views": report.views,
        **_recall_json(report.recall),
        **_recall_json(report.strict, "_strict"),
        **_recall_json(report.near, "_near"),
        "per_category": [
            {"category": c.category, "n": c.recall.n} | _recall_json(c.recall) for c in report.per_category
        ],
        "duplicates": report.duplicates,
        "match_ece": report.match_ece,
        "match_ece_ci95": list(report.match_ece_ci95) if report.match_ece_ci95 else None,
        "note": report.note,
    }


def embedding_json(found: Embedding, file: str) -> Json:
    """A picture's vector with the model that made it."""
    return {
        "file": file,
        "model": found.model.name,
        "sha256": found.model.sha256,
        "vector": [float(v) for v in found.vector],
        "box": list(found.box) if found.box else None,
        "timings_ms": found.timings.as_dict(),
    }
