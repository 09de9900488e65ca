"""Boxes of a photo as arrays: what a detector's rows hold, and what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.garment13 import Item
from fashionviz.models.preprocess import Placement


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


def on_photo(boxes: Boxes, place: Placement, size: tuple[int, int]) -> Boxes:
    """Boxes in pixels of a model's input as boxes in pixels of the photo, clipped to it.

    Args:
        boxes: in pixels of the input.
        place: where the photo lies in it.
        size: height and width of the photo.
    """
    height, width = place.frame
    corners = boxes.boxes.reshape(-1, 2, 2).astype(np.float64) / [width, height]
    placed = place.on_photo(corners) * [size[1], size[0]]
    return Boxes(placed.reshape(-1, 4).astype(np.float32), boxes.labels, boxes.scores)
