"""``fashionviz study tags-baseline``: a tagger against logistic regressions on frozen ImageNet features."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionviz.errors import DataError, ModelNotTrained
from fashionviz.evaluation.multilabel import (
    Bools,
    Counts,
    centred_interval,
    choose_thresholds,
    multilabel_figures,
    resampled_intervals,
)
from fashionviz.evaluation.tagging_report import TaggedItems, load_tagged_items, load_tagging_report
from fashionviz.studies.frozen import Backbone, tag_material
from fashionviz.studies.record import Figure, Frozen, in_cell, read_record, write_page
from fashionviz.training.last_layer import logistic_regressions
from fashionviz.training.recipes import get_recipe

log = logging.getLogger(__name__)

MODEL = "inception_v3.tags"
#: The backbone that everybody here has, and the tagger's own.
BACKBONES = (
    Backbone("mobilenet_v2.street_tags", "imagenet", (160, 120)),
    Backbone(MODEL, "nsfwjs", (128, 96)),
)
PENALTIES = (1e-4, 3e-4, 1e-3, 3e-3)
#: What the tagger's last layer is fitted with, for a second row: how much of its lead is the weighing of rare tags.
RARITY = get_recipe(MODEL).refit_rarity
DRAWS = 1000


class Baseline(Frozen):
    """Logistic regressions on one backbone, beside the tagger.

    Attributes:
        backbone: in words.
        rarity: exponent of the weights of rare tags' positives, 0 for plain regressions.
        penalty: chosen on validation among :data:`PENALTIES`, for plain regressions.
        micro_f1, macro_f1, mean_average_precision: on test.
        behind: macro F1 of the tagger less that of the regressions, on resampled test pictures.
    """

    backbone: str
    rarity: float = 0.0
    penalty: float
    micro_f1: Figure
    macro_f1: Figure
    mean_average_precision: Figure
    behind: Figure


class Baselines(Frozen):
    """The record."""

    model: str
    sha256: str
    n: int
    micro_f1: Figure
    macro_f1: Figure
    mean_average_precision: Figure
    baselines: tuple[Baseline, ...]


def _scores(
    probabilities: NDArray[np.floating], true: Bools, known: Bools, thresholds: NDArray[np.floating]
) -> tuple[Figure, Figure, Figure]:
    found = multilabel_figures(probabilities, true, known, thresholds)
    between = resampled_intervals(probabilities, true, known, thresholds)
    return (
        Figure(value=found.micro.f1, ci95=between.micro_f1),
        Figure(value=found.macro.f1, ci95=between.macro_f1),
        Figure(value=found.mean_average_precision, ci95=between.mean_average_precision),
    )


def paired_macro_f1(mine: Bools, theirs: Bools, true: Bools, known: Bools, seed: int = 0) -> Figure:
    """Macro F1 of one tagger less that of another, with a 95 % interval over pictures drawn for both alike.

    Args:
        mine, theirs: what each says, ``(N, L)``.
        true, known: ``(N, L)``.
        seed: of the drawing.
    """
    n = len(true)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=DRAWS).astype(np.float64)

    def macro(said: Bools) -> NDArray[np.float64]:
        hits, false, missed = (
            weights @ (where & known).astype(np.float64) for where in (said & true, said & ~true, ~said & true)
        )
        f1 = np.divide(2 * hits, 2 * hits + false + missed, out=np.zeros_like(hits), where=(hits + false + missed) > 0)
        present = (hits + missed) > 0
        return (f1 * present).sum(axis=1) / np.maximum(present.sum(axis=1), 1)

    def whole(said: Bools) -> float:
        counts = Counts.of(said, true, known, axis=0)
        present = (true & known).any(axis=0)
        return float(counts.f1[present].mean())

    value = whole(mine) - whole(theirs)
    return Figure(value=value, ci95=centred_interval(macro(mine) - macro(theirs), value))


def _fitted(
    backbone: Backbone, items: TaggedItems, said: Bools, penalties: tuple[float, ...], rarity: float
) -> Baseline:
    """Regressions on one backbone, their penalty and thresholds from validation, beside what the tagger says."""
    train, validation, test = (tag_material(backbone, MODEL, s) for s in ("train", "validation", "test"))
    if not np.array_equal(test.true[items.rows], items.true):
        raise DataError("The test split here is not the one that the tagger's report is about.")
    best: tuple[float, float, NDArray[np.float64], NDArray[np.float64]] | None = None
    for penalty in penalties:
        layer = logistic_regressions(train, penalty, rarity=rarity)
        probabilities = layer.probabilities(validation.x)
        thresholds = choose_thresholds(probabilities, validation.true, validation.known)
        score = multilabel_figures(probabilities, validation.true, validation.known, thresholds).macro.f1
        log.info("%s, rarity %g, penalty %g: validation macro F1 %.4f", backbone.title, rarity, penalty, score)
        if best is None or score > best[0]:
            best = score, penalty, layer.probabilities(test.x), thresholds
    assert best is not None
    _, penalty, probabilities, thresholds = best
    theirs = probabilities[items.rows]
    micro, macro, area = _scores(theirs, items.true, items.known, thresholds)
    return Baseline(
        backbone=backbone.title, rarity=rarity, penalty=penalty, micro_f1=micro, macro_f1=macro,
        mean_average_precision=area, behind=paired_macro_f1(said, theirs >= thresholds, items.true, items.known),
    )  # fmt: skip


def run_baseline(out: Path, *, overwrite: bool = False) -> Baselines:
    """Fit the regressions, compare them with the installed tagger on the same test split, write record and page.

    Thresholds are chosen for each tag on validation, by the same rule for all; so is the penalty, by macro F1. Record
    and page are written after each backbone; the same command goes on after those that are done.

    Args:
        out: folder of record and page.
        overwrite: fit all of them again.

    Raises:
        ModelNotTrained: the tagger has no report.
        DataError: the catalogue is missing, or the record is damaged.
        WeightsError: a backbone's weights are.
        StorageError: the record cannot be written.
    """
    report, items = load_tagging_report(MODEL), load_tagged_items(MODEL)
    if report is None or items is None:
        raise ModelNotTrained(f"{MODEL} has no report yet: it is not trained.")
    own = np.array([tag.threshold for tag in report.per_tag])
    path = out / "tags-baseline.json"
    old = None if overwrite else read_record(path, Baselines)
    known = {(b.backbone, b.rarity): b for b in old.baselines} if old and old.sha256 == report.model.sha256 else {}
    record = Baselines(
        model=MODEL,
        sha256=report.model.sha256,
        n=report.n,
        micro_f1=Figure(value=report.micro.f1, ci95=report.micro_f1_ci95),
        macro_f1=Figure(value=report.macro.f1, ci95=report.macro_f1_ci95),
        mean_average_precision=Figure(value=report.mean_average_precision, ci95=report.map_ci95),
        baselines=(),
    )
    for backbone in BACKBONES:
        penalties: tuple[float, ...] = PENALTIES
        for rarity in dict.fromkeys((0.0, RARITY)):
            found = known.get((backbone.title, rarity))
            if found is None:
                found = _fitted(backbone, items, items.probabilities >= own, penalties, rarity)
            penalties = (found.penalty,)
            record = record.model_copy(update={"baselines": (*record.baselines, found)})
            write_page(record, baseline_page(record), path)
    return record


def baseline_page(record: Baselines) -> str:
    """``docs/studies/tags-baseline.md`` from the record."""
    lines = [
        "# The tagger against logistic regressions",
        "",
        "Written by `fashionviz study tags-baseline` with the record `tags-baseline.json`; a test keeps it current.",
        "",
        "One logistic regression a tag against the rest, on the pooled features of a frozen backbone (ImageNet's; the "
        "upper half of NSFWJS' Inception was fine-tuned by that project), with the same items of `fpi`, the same masks "
        "for what is not known, and thresholds chosen for each tag on validation by the "
        f"same rule; the penalty is chosen on validation, too. Catalogue photos (`fpi`), test split, n {record.n:,}. "
        "Intervals are 95 %, over resampled pictures; differences are paired. The plain regressions are what the "
        "tagger is held against; the others weigh positives of rare tags as its last layer does (how much rarer than "
        f"the commonest tag they are, to the power {RARITY:g}), at the penalty of the plain ones: roughly how much of "
        "its lead that is. The tagger has also learned from the `fpi-large` photos of some of these items, and is "
        "served at 120×160 px.",
        "",
        "| | micro F1 | macro F1 | mAP | macro F1 of the tagger less this |",
        "|---|---|---|---|---|",
        f"| `{record.model}` | {in_cell(record.micro_f1, 4)} | {in_cell(record.macro_f1, 4)} | "
        f"{in_cell(record.mean_average_precision, 4)} | |",
    ]
    for row in record.baselines:
        lines.append(
            f"| logistic regressions on {row.backbone}, penalty {row.penalty:g}"
            f"{', rare tags weighed' if row.rarity else ''} | {in_cell(row.micro_f1, 4)} | "
            f"{in_cell(row.macro_f1, 4)} | {in_cell(row.mean_average_precision, 4)} | {in_cell(row.behind, 4)} |"
        )
    left = [b.title for b in BACKBONES if (b.title, RARITY) not in {(r.backbone, r.rarity) for r in record.baselines}]
    if left:
        lines += ["", f"Not finished: {', '.join(left)}. The same command goes on."]
    return "\n".join([*lines, "", f"Weights of the tagger: SHA-256 `{record.sha256}`."]) + "\n"
