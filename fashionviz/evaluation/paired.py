"""Two classifiers on the same pictures: McNemar's test, both matrices, and which pictures one alone got right."""

from __future__ import annotations

import numpy as np

from fashionviz.error_results import Pair, PairedItem
from fashionviz.errors import InvalidRequest, ModelNotTrained
from fashionviz.evaluation.report import Item, load_items, load_report
from fashionviz.models.registry import get_model, list_models
from fashionviz.results import Report


def mcnemar(only_one: int, only_other: int) -> float:
    """Two-sided p-value of McNemar's test in its exact form (McNemar 1947): discordant pictures as coin tosses.

    Args:
        only_one, only_other: pictures that one model alone, and that the other alone, got right.

    Returns:
        0..1; 1 where the models never differ. By SciPy's binomial test.
    """
    from scipy.stats import binomtest

    differing = only_one + only_other
    return float(binomtest(only_one, differing, 0.5).pvalue) if differing else 1.0


def comparable(name: str) -> tuple[str, ...]:
    """Other classifiers whose report is about the same classes, data set and split.

    Args:
        name: registry name of a classifier.
    """
    mine = load_report(name)
    if mine is None:
        return ()
    return tuple(
        spec.name
        for spec in list_models()
        if spec.name != name and (theirs := load_report(spec.name)) is not None and _same(mine, theirs)
    )


def _same(one: Report, other: Report) -> bool:
    return (one.data_set, one.split, one.classes) == (other.data_set, other.split, other.classes)


def pair(name: str, other: str) -> Pair:
    """Two models by their committed reports, on the pictures that both answered and call by the same label.

    Raises:
        InvalidRequest: they are one model, give tags, or were scored on different things.
        ModelNotTrained: one has no report.
        UnknownModel: no such model.
    """
    if name == other:
        raise InvalidRequest("Name two different models to compare.")
    reports = []
    for one in (name, other):
        if (answer := get_model(one).task.answer) != "classes":
            raise InvalidRequest(f"{one} gives {answer}, not one class: its answers are no mistakes to pair.")
        report = load_report(one)
        if report is None:
            raise ModelNotTrained(f"{one} has no report yet: it is not trained.")
        reports.append(report)
    mine, theirs = reports
    if not _same(mine, theirs):
        raise InvalidRequest(
            f"{name} was scored on the {mine.split} split of {mine.data_set}, {other} on the {theirs.split} split of "
            f"{theirs.data_set}, or with other classes: only answers about the same pictures can be paired."
        )
    return paired(mine, other, load_items(name), load_items(other))


def paired(report: Report, other: str, mine: tuple[Item, ...], theirs: tuple[Item, ...]) -> Pair:
    """Pair the answers of two models.

    Args:
        report: of the first.
        other: name of the second.
        mine, theirs: their answers.
    """
    index = {label: i for i, label in enumerate(report.classes)}
    known = {(item.id, item.row): item for item in theirs}
    confusions = np.zeros((2, len(index), len(index)), dtype=np.int64)
    found = []
    for item in mine:
        twin = known.get((item.id, item.row))
        if twin is None or twin.label != item.label:
            continue
        for matrix, said in zip(confusions, (item.predicted, twin.predicted), strict=True):
            matrix[index[item.label], index[said]] += 1
        found.append(
            PairedItem(item.id, item.label, item.predicted, twin.predicted, item.probability, twin.probability)
        )
    only_one = sum(i.predicted == i.label != i.other for i in found)
    only_other = sum(i.other == i.label != i.predicted for i in found)
    return Pair(
        name=report.model.name,
        other=other,
        data_set=report.data_set,
        split=report.split,
        classes=report.classes,
        confusion=confusions[0],
        other_confusion=confusions[1],
        items=tuple(found),
        p_value=mcnemar(only_one, only_other),
    )
