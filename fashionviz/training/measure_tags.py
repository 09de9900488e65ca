"""What the card of a tagger says: temperature and thresholds from validation, figures of every reported split."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from fashionviz.data.sets import open_set, split_of
from fashionviz.evaluation.answers import ask_rows
from fashionviz.evaluation.calibration import fit_sigmoid_temperature
from fashionviz.evaluation.multilabel import choose_thresholds
from fashionviz.evaluation.tagging import Tagged, evaluate_tags, label_columns, report_tags, tag_counts
from fashionviz.models.card import Metric
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.results import ModelRef
from fashionviz.tag_results import TaggingReport
from fashionviz.training.feeds import Feed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MeasuredTags:
    """What was measured of a tagger.

    Attributes:
        metrics: of every split that its card reports.
        tagged: what the report is made of.
        temperature: divisor of the logits.
        thresholds: of each tag.
    """

    metrics: tuple[Metric, ...]
    tagged: Tagged
    temperature: float
    thresholds: tuple[float, ...]


def tag_metrics(report: TaggingReport) -> dict[str, Metric]:
    """The figures of a report by name, each with its interval and the command that prints it."""
    found = {
        "micro_f1": (report.micro.f1, report.micro_f1_ci95),
        "macro_f1": (report.macro.f1, report.macro_f1_ci95),
        "map": (report.mean_average_precision, report.map_ci95),
    }
    command = f"fashionviz evaluate {report.model.name} --data {report.data_set} --split {report.split}"
    return {
        name: Metric(
            name=name, value=value, ci95=interval, n=report.n, data_set=report.data_set, split=report.split,
            command=command,
        )
        for name, (value, interval) in found.items()
    }  # fmt: skip


def _train_counts(spec: ModelSpec, data_set: str) -> tuple[int, ...]:
    """Items that each tag was learned from: street photos with names alone are learned from, too."""
    counts = np.array(tag_counts(spec, open_set(data_set, "train")))
    if data_set == "ccp":
        rows = open_set("ccp", "tags").table(["id", "tags"]).to_pylist()
        assert spec.task.targets is not None
        true, _ = spec.task.targets([row for row in rows if split_of("ccp", row["id"]) == "train"])
        counts = counts + true.sum(axis=0)
    return tuple(int(v) for v in counts)


def measure_tags(feed: Feed, name: str, network: nn.Module, sha256: str) -> MeasuredTags:
    """Fit temperature and thresholds on validation, then score a network on every split that its card reports.

    The report is that of the first test split.

    Raises:
        DataError: a split is not there.
    """
    spec, first = get_model(name), feed.checks[0]
    targets = spec.task.targets
    assert targets is not None
    data = open_set(first.data_set, first.split)
    answers = ask_rows(spec, network, data, label_columns(spec, data), lambda row: bool(targets([row])[1].any()))
    true, known = targets(answers.labels)
    temperature = fit_sigmoid_temperature(answers.logits, true, known)
    logits = answers.logits.astype(np.float64) / temperature
    chosen = choose_thresholds(1 / (1 + np.exp(-logits)), true, known)
    thresholds = tuple(float(v) for v in chosen)

    reports = next((c for c in feed.reported if c.split == "test"), feed.reported[0])
    metrics: list[Metric] = []
    kept: Tagged | None = None
    for source in dict.fromkeys((c.data_set, c.split) for c in feed.reported):
        tagged = evaluate_tags(
            name, *source, network=network, temperature=temperature, thresholds=np.asarray(thresholds)
        )
        found = tag_metrics(tagged.report)
        metrics += [found[c.figure] for c in feed.reported if (c.data_set, c.split) == source]
        log.info("%s %s: %s", *source, ", ".join(f"{m.name} {m.value:.4f}" for m in found.values()))
        if source == (reports.data_set, reports.split):
            whole = report_tags(
                ModelRef(name, sha256), *source, spec.task.classes, tagged.probabilities, tagged.true, tagged.known,
                np.asarray(thresholds), skipped=tagged.report.skipped,
                train_counts=_train_counts(spec, reports.data_set),
            )  # fmt: skip
            kept = replace(tagged, report=whole)
    assert kept is not None
    return MeasuredTags(tuple(metrics), kept, temperature, thresholds)
