"""Who wears what: items that move together are one person's. Derived; no person is recognised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionviz.results import Box
from fashionviz.video.results import Spot

#: Share of the common frames in which two items must be at one body, to be one person's.
TOGETHER = 0.6
#: A gap between two items, as a share of the taller one's height, that a body may fill (waist, neck, bare legs).
GAP = 0.6


def wearers_of(items: Sequence[Sequence[Spot]]) -> list[int]:
    """A person's number, from 1 on, for every item.

    Two items belong to one person if, in most of the frames that show both, the narrower one lies within the other's
    width for the greater part and no more than :data:`GAP` above or below it; so do items linked by others.

    Args:
        items: where each was seen.
    """
    group = list(range(len(items)))

    def root(i: int) -> int:
        while group[i] != i:
            i = group[i]
        return i

    frames = [{spot.frame: spot.box for spot in spots} for spots in items]
    for i in range(len(items)):
        for j in range(i):
            common = frames[i].keys() & frames[j].keys()
            if common and np.mean([one_body(frames[i][f], frames[j][f]) for f in common]) >= TOGETHER:
                group[root(i)] = root(j)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(i), len(numbers) + 1) for i in range(len(items))]


def one_body(a: Box, b: Box) -> bool:
    """Whether two boxes may be worn by one person."""
    common = min(a[2], b[2]) - max(a[0], b[0])
    narrower = min(a[2] - a[0], b[2] - b[0])
    apart = max(a[1], b[1]) - min(a[3], b[3])
    taller = max(a[3] - a[1], b[3] - b[1])
    return common >= 0.6 * narrower and apart <= GAP * taller


def between(before: Box, after: Box, share: float) -> Box:
    """The box a share of the way from one to the other."""
    values: NDArray[np.float64] = (1 - share) * np.array(before) + share * np.array(after)
    return float(values[0]), float(values[1]), float(values[2]), float(values[3])
