"""One side of a garment, turned so that it is the left one, and what is measured on either kind of garment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.landmarks.kinds import Visibility
from fashionviz.data.landmarks.morphology import Mask
from fashionviz.data.landmarks.parts import Part, PartMap, Refused

Point = tuple[float, float]
#: Landmarks by name: where, or ``None`` where it cannot be placed, and how it is seen.
Found = dict[str, tuple[Point | None, Visibility]]


@dataclass(frozen=True)
class Half:
    """One side of a garment, turned so that it is the left one.

    Attributes:
        parts: the map, mirrored for the right side.
        torso: the garment without sleeves.
        arm: the sleeve on this side; nothing where none sticks out.
        axis: column of the middle.
        top, bottom: rows of the torso's box.
        width: of the torso in pixels.
        size: diagonal of the garment's box.
    """

    parts: PartMap
    torso: Mask
    arm: Mask
    axis: float
    top: int
    bottom: int
    width: float
    size: float

    @property
    def garment(self) -> Mask:
        """The whole garment, mirrored as the map is."""
        return self.parts == Part.GARMENT


def garment_box(mask: Mask) -> tuple[int, int, int, int]:
    """``(x0, y0, x1, y1)`` of the true pixels of ``(H, W)``, x1 and y1 exclusive.

    Raises:
        Refused: there is none.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        raise Refused("no garment")
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def runs_of(row: Mask) -> NDArray[np.int64]:
    """``(R, 2)`` starts and ends of the true runs of a row."""
    edges = np.diff(np.pad(row, 1).astype(np.int8))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)


def central_runs(mask: Mask, axis: float) -> NDArray[np.float64]:
    """Start and end of the run around the axis in each row of ``(H, W)``, NaN where there is none: ``(H, 2)``."""
    out = np.full((len(mask), 2), np.nan)
    for y in np.flatnonzero(mask.any(1)):
        runs = runs_of(mask[y])
        gaps = np.maximum(np.maximum(runs[:, 0] - axis, axis - runs[:, 1]), 0)
        best = int(gaps.argmin())
        if gaps[best] <= 3:
            out[y] = runs[best]
    return out


def outer_corner(mask: Mask, down: float, out: float) -> Point:
    """The pixel farthest to the left and down (or up, where ``down`` is negative)."""
    y, x = np.nonzero(mask)
    score = down * y - out * x
    best = score >= score.max() - 0.5
    return float(x[best].mean()) + 0.5, float(y[best].mean()) + 0.5


def visibility_at(half: Half, point: Point) -> Visibility:
    """Occluded where hair or another cover lies within a thirtieth of the garment's size."""
    r = max(2, round(0.03 * half.size))
    column, row = int(point[0]), int(point[1])
    around = half.parts[max(0, row - r) : row + r + 1, max(0, column - r) : column + r + 1]
    return Visibility.OCCLUDED if (around == Part.COVER).mean() > 0.08 else Visibility.VISIBLE


def unmirrored(found: Found, columns: int) -> Found:
    """Landmarks of the right side, which were measured on the mirrored map, where they lie in a map so wide."""
    out = dict(found)
    for name, (point, seen) in found.items():
        if name.startswith("right") and point is not None:
            out[name] = (columns - point[0], point[1]), seen
    return out
