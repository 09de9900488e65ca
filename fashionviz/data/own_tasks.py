"""Tasks of data sets that a user holds: the categories or the labels of a published annotation format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.formats.registry import FORMATS
from fashionviz.data.labels import LabelGroup, Task
from fashionviz.data.sets import ParquetSet
from fashionviz.errors import DataError

#: Names of the tasks, which are those of the formats, with their titles.
OWN_TASKS = {name: reader.TITLE for name, reader in FORMATS.items()}
#: Training pictures that a label must have.
LEAST = 20


def own_task(name: str, classes: tuple[str, ...], *, multilabel: bool) -> Task:
    """The task of a converted data set.

    Args:
        name: of the format; its converted pictures are the data set of that name.
        classes: categories, or labels.
        multilabel: labels, of which a picture may have several.
    """
    title = f"{OWN_TASKS[name]}, {len(classes)} {'labels' if multilabel else 'categories'}"
    if not multilabel:
        known = frozenset(classes)

        def category(row: Mapping[str, Any]) -> str | None:
            found = row.get("category")
            return found if found in known else None

        return Task(name, title, classes, ("category",), category, name)
    place = {label: i for i, label in enumerate(classes)}

    def targets(rows: Sequence[Mapping[str, Any]]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        true = np.zeros((len(rows), len(classes)), bool)
        for i, row in enumerate(rows):
            true[i, [place[label] for label in row["attributes"] or () if label in place]] = True
        annotated = np.array([row["attributes"] is not None for row in rows], bool)
        return true, np.repeat(annotated[:, None], len(classes), axis=1)

    group = LabelGroup("", "Labels", 0, len(classes), exclusive=False)
    return Task(
        name, title, classes, ("attributes",), lambda row: None, name, groups=(group,), targets=targets, answer="tags"
    )


def vocabulary(train: ParquetSet, *, multilabel: bool) -> tuple[str, ...]:
    """Categories or labels that enough training pictures have, by name.

    Args:
        train: of the converted data set.
        multilabel: labels.

    Raises:
        DataError: fewer than two.
    """
    column = train.table(["attributes" if multilabel else "category"]).column(0).to_pylist()
    values = [label for labels in column for label in labels or ()] if multilabel else [v for v in column if v]
    found = tuple(sorted(label for label, count in Counter(values).items() if count >= LEAST))
    if len(found) < 2:
        kind = "labels" if multilabel else "categories"
        raise DataError(
            f"{train.name} has {len(found)} {kind} with at least {LEAST} training pictures; there must be two."
            + ("" if multilabel else " Train a tagger on it, if its pictures have labels.")
        )
    return found
