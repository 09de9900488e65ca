"""What the card of an embedder says: recall, precision, and the curve from a similarity to a probability."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
from torch import nn

from fashionviz.data.street_views import SYNTHETIC
from fashionviz.embed_results import DEPTHS, CategoryReport, RetrievalReport
from fashionviz.evaluation.retrieval import (
    Embedded,
    Retrieved,
    embed_photos,
    embedder,
    evaluate_embedding,
    open_gallery,
    report_of,
)
from fashionviz.models.card import MatchCurve, Metric
from fashionviz.models.registry import get_model
from fashionviz.results import ModelRef
from fashionviz.training.feeds import Feed
from fashionviz.training.logistic import fit_logistic

log = logging.getLogger(__name__)


def item_metrics(report: RetrievalReport | CategoryReport) -> dict[str, Metric]:
    """The figures of a report by name, each with its interval and the command that prints it."""
    command = f"fashionviz evaluate {report.model.name} --data {report.data_set} --split {report.split}"

    def metric(name: str, value: float, ci95: tuple[float, float]) -> Metric:
        return Metric(
            name=name, value=value, ci95=ci95, n=report.n, data_set=report.data_set, split=report.split, command=command
        )

    if isinstance(report, CategoryReport):
        return {"precision_at_10": metric("precision_at_10", report.precision_at_10, report.precision_at_10_ci95)}
    found = {
        f"recall_at_{k}": metric(f"recall_at_{k}", value, between)
        for k, value, between in zip(DEPTHS, report.recall.at, report.recall.ci95, strict=True)
    }
    for name, other in (("strict", report.strict), ("near", report.near)):
        found[f"recall_at_1_{name}"] = metric(f"recall_at_1_{name}", other.at[0], other.ci95[0])
    if report.match_ece is not None and report.match_ece_ci95 is not None:
        found["match_ece"] = metric("match_ece", report.match_ece, report.match_ece_ci95)
    return found


def match_curve(retrieved: Retrieved) -> MatchCurve:
    """A logistic regression of "the first item is the right one" on its similarity (Platt 1999)."""
    similar, right = retrieved.similarity.astype(np.float64)[:, None], retrieved.exact == 1
    weights, intercept = fit_logistic(similar, right, np.ones(len(right)), 1e-6)
    report = retrieved.report
    return MatchCurve(
        slope=float(weights[0]), intercept=intercept, n=report.n, data_set=report.data_set, split=report.split,
        note=SYNTHETIC,
    )  # fmt: skip


def measure_items(
    feed: Feed, name: str, network: nn.Module, sha256: str
) -> tuple[tuple[Metric, ...], MatchCurve, Retrieved]:
    """Fit the match probability on validation, then score a network on every split that its card reports.

    Returns:
        The metrics, the curve, and what the report is made of: that of the first test split.

    Raises:
        DataError: a split is not there.
    """
    spec, first = get_model(name), feed.checks[0]
    gallery = open_gallery(first.data_set, first.split)
    vectors = embed_photos(embedder(spec, network), gallery.parts, spec.input_size)
    known = Embedded(gallery.ids, vectors)
    fitted = evaluate_embedding(name, first.data_set, first.split, network=network, known=known)
    assert isinstance(fitted, Retrieved)
    curve = match_curve(fitted)
    reports = next((c for c in feed.reported if c.split == "test"), feed.reported[0])
    metrics: list[Metric] = []
    kept: Retrieved | None = None
    for source in dict.fromkeys((c.data_set, c.split) for c in feed.reported):
        scored = evaluate_embedding(name, *source, network=network, match=curve, known=known)
        found = item_metrics(report_of(scored))
        metrics += found.values()
        log.info("%s %s: %s", *source, ", ".join(f"{m.name} {m.value:.4f}" for m in found.values()))
        if isinstance(scored, Retrieved) and source == (reports.data_set, reports.split):
            kept = replace(scored, report=replace(scored.report, model=ModelRef(name, sha256)))
    assert kept is not None
    return tuple(metrics), curve, kept
