"""Eight landmarks from a garment's shape: pure geometry on a part map, in pixels.

Everything is relative to the garment's own size, so that a scaled mask has scaled landmarks, and the right half is
measured as the left half of the mirrored mask, so that a mirrored mask has mirrored landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.landmarks.halves import garment_box
from fashionviz.data.landmarks.kinds import LANDMARKS, Kind
from fashionviz.data.landmarks.lower import lower_landmarks
from fashionviz.data.landmarks.morphology import components
from fashionviz.data.landmarks.parts import Part, PartMap, Refused
from fashionviz.data.landmarks.upper import upper_landmarks


@dataclass(frozen=True)
class Located:
    """Landmarks of one garment.

    Attributes:
        points: ``(8, 2)`` float32, x and y in pixels of the map, NaN where there is none.
        visibility: ``(8,)`` int8 of :class:`~fashionviz.data.landmarks.kinds.Visibility`.
        size: diagonal of the garment's box in pixels, by which landmark errors are divided.
    """

    points: NDArray[np.float32]
    visibility: NDArray[np.int8]
    size: float


def locate(parts: PartMap, kind: Kind) -> Located:
    """The landmarks that a garment of this kind has.

    Args:
        parts: ``(H, W)``; the pixels of ``Part.GARMENT`` are one garment.
        kind: not ``NONE``.

    Raises:
        Refused: the shape is not that of such a garment, upright and seen from the front.
    """
    garment = parts == Part.GARMENT
    x0, y0, x1, y1 = garment_box(garment)
    size = float(np.hypot(x1 - x0, y1 - y0))
    if garment.sum() < 150 or min(x1 - x0, y1 - y0) < 10:
        raise Refused("the garment is too small")
    _, areas = components(garment)
    if len(areas) > 1 and areas[1] > 0.2 * areas[0]:
        raise Refused("the garment is in several parts")
    found = lower_landmarks(parts, size) if kind is Kind.LOWER else upper_landmarks(parts, size, kind)
    points = np.full((8, 2), np.nan, np.float32)
    visibility = np.zeros(8, np.int8)
    for i, name in enumerate(LANDMARKS):
        if name in found and i in kind.places:
            point, seen = found[name]
            visibility[i] = seen
            if point is not None:
                points[i] = point
    return Located(points, visibility, size)
