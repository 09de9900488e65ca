"""A small report with its items, for pages that show one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fashionviz.evaluation.evaluate import Scored
from fashionviz.evaluation.metrics import score
from fashionviz.evaluation.report import save_report
from fashionviz.evaluation.tagging import Tagged, report_tags
from fashionviz.evaluation.tagging_report import save_tagging_report
from fashionviz.models.card import load_card
from fashionviz.models.registry import get_model
from fashionviz.results import ModelRef, Report

#: Pictures in the report.
N = 48


def made_up_report(name: str) -> Scored:
    """Every fourth picture is taken for the next class; later pictures with more confidence."""
    classes = get_model(name).task.classes
    truth = np.arange(N) % len(classes)
    said = np.where(np.arange(N) % 4 == 0, (truth + 1) % len(classes), truth)
    probabilities = np.full((N, len(classes)), 0.02, dtype=np.float32)
    probabilities[np.arange(N), said] = 0.5 + np.arange(N) / 100
    report: Report = score(
        ModelRef(name, "0" * 64), "fpi", "test", classes, truth, probabilities, train_counts=(9,) * len(classes)
    )
    return Scored(report, np.arange(N), tuple(f"item-{i}" for i in range(N)), truth, probabilities)


def write_made_up_report(folder: Path) -> None:
    """Put it beside the weights of the model that the folder is named after."""
    save_report(made_up_report(folder.name), folder)


def write_made_up_tags(folder: Path, thresholds: float = 0.4) -> Tagged:
    """Put a tagger's report and thresholds beside the weights of the model that the folder is named after.

    Picture i has the tags whose number divides i + 1; every tenth of them is missed. Nobody has the last tag.
    """
    labels = get_model(folder.name).task.classes
    count = len(labels)
    true = np.array([[(i + 1) % (k + 1) == 0 for k in range(count)] for i in range(N)])
    true[:, -1] = False
    probabilities = np.where(true, 0.6, 0.1) + np.arange(count) / 1000
    probabilities[::10] = 0.05
    known = np.ones_like(true)
    chosen = np.full(count, thresholds)
    report = report_tags(
        ModelRef(folder.name, "0" * 64), "ccp", "test", labels, probabilities.astype(np.float32), true, known, chosen,
        train_counts=tuple(range(count, 0, -1)),
    )  # fmt: skip
    tagged = Tagged(
        report, np.arange(N), tuple(f"item-{i}" for i in range(N)), true, known, probabilities.astype(np.float32)
    )
    save_tagging_report(tagged, folder)
    load_card(folder).model_copy(update={"thresholds": tuple(chosen.tolist())}).save(folder / "card.json")
    return tagged
