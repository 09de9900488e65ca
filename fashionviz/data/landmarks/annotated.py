"""Landmarks that a publisher annotated, in the form of derived ones."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.landmarks.derive import Derived
from fashionviz.data.landmarks.kept import kept_landmarks
from fashionviz.data.landmarks.kinds import LANDMARKS, NOTE_LEARNED, Kind, Visibility
from fashionviz.data.landmarks.table import Record
from fashionviz.data.own_tasks import OWN_TASKS
from fashionviz.data.sets import ParquetSet

#: What must stand beside figures of them.
NOTE = "Annotated by the data set's publisher, whose left and right they are."
_LEARNED = "Learned from landmarks that the data set's publisher annotated; left and right are the publisher's."
_SEEN = {"visible": Visibility.VISIBLE, "occluded": Visibility.OCCLUDED, "outside": Visibility.OUTSIDE}


def learned_note(task: str) -> str:
    """What must stand wherever landmarks are shown that a network of this task finds."""
    return _LEARNED if task in OWN_TASKS else NOTE_LEARNED


def annotated(data: ParquetSet) -> bool:
    """Whether a data set brings landmarks of its own."""
    return "landmarks" in data.columns


def annotated_landmarks(data: ParquetSet, rows: NDArray[np.int64]) -> dict[int, Record]:
    """Annotated landmarks of some rows by row number; rows that have none of the eight are left out.

    Args:
        data: a split of a converted data set.
        rows: which.
    """
    wanted, found = set(rows.tolist()), {}
    table = data.table(["id", "category", "landmarks", "box", "width", "height"]).to_pylist()
    for number, row in enumerate(table):
        marks = [mark for mark in row["landmarks"] or () if mark["name"] in LANDMARKS]
        if number not in wanted or not marks:
            continue
        points = np.full((len(LANDMARKS), 2), np.nan, np.float32)
        seen = np.full(len(LANDMARKS), Visibility.NOT_APPLICABLE, np.int8)
        for mark in marks:
            place = LANDMARKS.index(mark["name"])
            seen[place] = _SEEN[mark["visibility"]]
            if mark["x"] is not None:
                points[place] = mark["x"] / row["width"], mark["y"] / row["height"]
        x0, y0, x1, y1 = row["box"] or (0, 0, row["width"], row["height"])
        derived = Derived(Kind.NONE, points, seen, math.hypot(x1 - x0, y1 - y0))
        found[number] = Record(number, str(row["id"]), str(row["category"]), derived)
    return found


def landmarks_of(data: ParquetSet, rows: NDArray[np.int64]) -> dict[int, Record]:
    """Landmarks of some rows: those of the publisher where there are, else derived ones.

    Raises:
        DataError: nothing to derive them from.
    """
    return annotated_landmarks(data, rows) if annotated(data) else kept_landmarks(data, rows)
