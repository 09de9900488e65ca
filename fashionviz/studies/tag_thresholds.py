"""``fashionviz study thresholds``: how many positives a tag needs for a threshold of its own, by cross-validation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionviz.evaluation.multilabel import FEW, Bools, Counts, said_by_the_others
from fashionviz.evaluation.tagging import evaluate_tags
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained
from fashionviz.studies.record import Frozen, write_page

#: The tagger with so few validation photos that it matters.
MODEL = "mobilenet_v2.street_tags"
SEED = 20260101
FOLDS, REPEATS = 4, 15
#: Positives that a threshold of one's own needs; ``None``: one threshold for all.
LEAST: tuple[int | None, ...] = (0, 3, 5, 8, 10, 15, None)


class Rule(Frozen):
    """What thresholds chosen on other photos make of photos: means over the repeats.

    Attributes:
        least: positives that a tag needs for a threshold of its own, ``None`` if none has one.
        micro_f1, macro_f1, per_image_f1: of all decisions, of the tags that some photo has, of a photo.
        said: tags a photo.
    """

    least: int | None
    micro_f1: float
    macro_f1: float
    per_image_f1: float
    said: float


class Thresholds(Frozen):
    """The record."""

    model: str
    sha256: str
    data_set: str
    split: str
    n: int
    true: float
    folds: int
    repeats: int
    rules: tuple[Rule, ...]


def cross_validated(
    probabilities: NDArray[np.floating], true: Bools, known: Bools, least: int | None, repeats: int = REPEATS
) -> Rule:
    """Choose thresholds on three quarters of the photos, score the fourth, each in turn; again with other quarters.

    Args:
        probabilities, true, known: ``(N, L)``.
        least: of the rule.
        repeats: drawings of quarters.
    """
    rng = np.random.default_rng(SEED)
    few = len(true) + 1 if least is None else least
    scores = []
    for _ in range(repeats):
        said = said_by_the_others(probabilities, true, known, rng, few, FOLDS)
        some = (true & known).any(axis=0), (true & known).any(axis=1)
        scores.append(
            (
                float(Counts.of(said, true, known, None).f1),
                float(Counts.of(said, true, known, 0).f1[some[0]].mean()),
                float(Counts.of(said, true, known, 1).f1[some[1]].mean()),
                float((said & known).sum(axis=1).mean()),
            )
        )
    micro, macro, per_image, count = np.mean(scores, axis=0)
    return Rule(least=least, micro_f1=micro, macro_f1=macro, per_image_f1=per_image, said=count)


def run_thresholds(out: Path) -> Thresholds:
    """Compare the rules on the tagger's validation photos, which it did not learn from; write record and page.

    Raises:
        ModelNotTrained, WeightsError: the tagger cannot answer.
        DataError: its photos are missing.
        StorageError: the record cannot be written.
    """
    network, card = load_trained(MODEL)
    data_set = get_model(MODEL).task.data_set
    tagged = evaluate_tags(
        MODEL, data_set, "validation", network=network, temperature=card.temperature,
        thresholds=np.asarray(card.thresholds),
    )  # fmt: skip
    of = tagged.probabilities, tagged.true, tagged.known
    record = Thresholds(
        model=MODEL, sha256=card.sha256, data_set=data_set, split="validation", n=len(tagged.true),
        true=float((tagged.true & tagged.known).sum(axis=1).mean()), folds=FOLDS, repeats=REPEATS,
        rules=tuple(cross_validated(*of, least) for least in LEAST),
    )  # fmt: skip
    write_page(record, thresholds_page(record), out / "thresholds.json")
    return record


def _words(least: int | None) -> str:
    if least is None:
        return "one threshold for all tags"
    if least == 0:
        return "every tag its own"
    return f"its own from {least} photos on" + (" (taken)" if least == FEW else "")


def thresholds_page(record: Thresholds) -> str:
    """``docs/studies/thresholds.md`` from the record."""
    lines = [
        "# Thresholds of rare tags",
        "",
        "Written by `fashionviz study thresholds` with the record `thresholds.json`; a test keeps it current.",
        "",
        "A threshold chosen for a tag that two photos have fits these two, and says the tag too often elsewhere. So "
        f"tags with fewer than {FEW} known positives on validation share the threshold that is best for all decisions "
        "together (as the fallback of SCutFBR, Yang 2001). The table compares rules on photos that the thresholds were "
        f"not chosen on: `{record.model}`, {record.data_set} {record.split}, n {record.n}, {record.folds}-fold "
        f"cross-validation, means of {record.repeats} repeats. The test split took no part. What is taken "
        "lies between the best for all decisions together and the best for the mean over tags. Photos have "
        f"{record.true:.1f} tags on average.",
        "",
        "| thresholds | micro F1 | macro F1 | F1 a photo | tags said a photo |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {_words(rule.least)} | {rule.micro_f1:.3f} | {rule.macro_f1:.3f} | {rule.per_image_f1:.3f} | "
            f"{rule.said:.1f} |"
            for rule in record.rules
        ),
        "",
        f"Weights: SHA-256 `{record.sha256}`.",
    ]
    return "\n".join(lines) + "\n"
