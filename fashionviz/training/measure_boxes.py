"""What the card of a detector says: figures of every reported split, with their intervals."""

from __future__ import annotations

import logging
from dataclasses import replace

from torch import nn

from fashionviz.detect_results import BoxReport
from fashionviz.evaluation.boxes import ScoredBoxes, evaluate_boxes
from fashionviz.models.card import Metric
from fashionviz.results import ModelRef
from fashionviz.training.feeds import BOX_FIGURES, Feed

log = logging.getLogger(__name__)


def box_metrics(report: BoxReport) -> dict[str, Metric]:
    """The figures of a report by name, each with its interval and the command that prints it; n counts photos."""
    command = f"fashionviz evaluate {report.model.name} --data {report.data_set} --split {report.split}"
    return {
        name: Metric(
            name=name, value=getattr(report, name), ci95=getattr(report, f"{name}_ci95"), n=report.n,
            data_set=report.data_set, split=report.split, command=command,
        )
        for name in BOX_FIGURES
    }  # fmt: skip


def measure_boxes(feed: Feed, name: str, network: nn.Module, sha256: str) -> tuple[tuple[Metric, ...], ScoredBoxes]:
    """Score a network on every split that its card reports.

    Returns:
        The metrics, and what the report is made of: that of the first test split.

    Raises:
        DataError: a split is not there.
    """
    reports = next((c for c in feed.reported if c.split == "test"), feed.reported[0])
    metrics: list[Metric] = []
    kept: ScoredBoxes | None = None
    for source in dict.fromkeys((c.data_set, c.split) for c in feed.reported):
        scored = evaluate_boxes(name, *source, network=network)
        found = box_metrics(scored.report)
        metrics += [found[c.figure] for c in feed.reported if (c.data_set, c.split) == source]
        log.info("%s %s: %s", *source, ", ".join(f"{m.name} {m.value:.4f}" for m in found.values()))
        if source == (reports.data_set, reports.split):
            kept = replace(scored, report=replace(scored.report, model=ModelRef(name, sha256)))
    assert kept is not None
    return tuple(metrics), kept
