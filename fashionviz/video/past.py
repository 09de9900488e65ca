"""What a scene looked like before: some of its frames, evenly over time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionviz.results import Box

#: Frames that are kept at most.
KEPT = 64
#: Share of a place that a worn item may cover in a frame; else the frame does not show what the place looks like.
CLEAR = 0.2


class Past:
    """Frames of one scene, fewer and farther apart the longer it lasts."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, NDArray[np.float32]]] = []
        self._stride = 1
        self._looks = 0

    def look(self, frame: int, cells: NDArray[np.float32]) -> None:
        """Take in a frame by its number, as cells ``(h, w)`` in grey levels."""
        if self._looks % self._stride == 0:
            self._kept.append((frame, cells))
            if len(self._kept) > KEPT:
                self._kept = self._kept[::2]
                self._stride *= 2
        self._looks += 1

    def frames(self, before: int) -> list[int]:
        """The numbers of the frames that are kept, before one."""
        return [frame for frame, _ in self._kept if frame < before]

    def apart(self, cells: NDArray[np.float32], place: tuple[slice, slice], frames: Sequence[int]) -> float:
        """How far a place is from what it looked like at the most alike moment of the past.

        Args:
            cells: the frame now, ``(h, w)`` in grey levels.
            place: rows and columns.
            frames: those that count.

        Returns:
            Mean difference in grey levels; infinite where there was no such frame.
        """
        asked = set(frames)
        past = [kept[place] for frame, kept in self._kept if frame in asked]
        if not past:
            return math.inf
        return float(np.abs(np.stack(past) - cells[place]).mean(axis=(1, 2)).min())


def clear(box: Box, others: Sequence[Box]) -> bool:
    """Whether none of some boxes covers more than a little of one."""
    area = (box[2] - box[0]) * (box[3] - box[1])
    for other in others:
        width = min(box[2], other[2]) - max(box[0], other[0])
        height = min(box[3], other[3]) - max(box[1], other[1])
        if width > 0 and height > 0 and width * height > CLEAR * area:
            return False
    return True
