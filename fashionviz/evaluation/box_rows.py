"""Boxes of a photo as arrays: what a detector's rows hold, and what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.garment13 import Item


@dataclass(frozen=True)
class Boxes:
    """The items of one photo.

    Attributes:
        boxes: ``(n, 4)`` x0, y0, x1, y1 in pixels.
        labels: ``(n,)`` int64 places among the classes.
        scores: ``(n,)`` in 0..1; 1 of what is true.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.boxes)


def boxes_of(rows: NDArray[np.float32]) -> Boxes:
    """The boxes of a detector's rows ``(MOST, 6)``, without the empty ones."""
    held = rows[rows[:, 4] > 0]
    return Boxes(
        np.ascontiguousarray(held[:, :4], np.float32),
        held[:, 5].round().astype(np.int64),
        held[:, 4].astype(np.float32),
    )


def true_boxes(items: Sequence[Item]) -> Boxes:
    """The items of a mask."""
    boxes = np.array([item.box for item in items], np.float32).reshape(-1, 4)
    return Boxes(boxes, np.array([item.label for item in items], np.int64), np.ones(len(items), np.float32))
