"""Landmarks of lower garments: the two ends of the waist and of the hem."""

from __future__ import annotations

import numpy as np

from fashionviz.data.landmarks.halves import (
    Found,
    Half,
    Point,
    garment_box,
    outer_corner,
    runs_of,
    unmirrored,
    visibility_at,
)
from fashionviz.data.landmarks.kinds import Visibility
from fashionviz.data.landmarks.parts import Part, PartMap, Refused


def lower_landmarks(parts: PartMap, size: float) -> Found:
    """Waist and hem of trousers or a skirt.

    Args:
        parts: ``(H, W)``; the pixels of ``Part.GARMENT`` are one garment.
        size: diagonal of the garment's box in pixels.

    Raises:
        Refused: the shape is not that of such a garment, upright and seen from the front.
    """
    garment = parts == Part.GARMENT
    _, y0, _, y1 = garment_box(garment)
    columns = parts.shape[1]
    height = y1 - y0
    spans = [runs_of(garment[y]) for y in range(y0, y0 + max(2, round(0.3 * height)))]
    axis = float(np.median([(r[0, 0] + r[-1, 1]) / 2 for r in spans if len(r)]))
    width = float(np.median([r[-1, 1] - r[0, 0] for r in spans if len(r)]))
    left = Half(parts, garment, np.zeros_like(garment), axis, y0, y1, width, size)
    right = Half(parts[:, ::-1], garment[:, ::-1], left.arm, columns - axis, y0, y1, width, size)
    found: Found = {}
    for name, half in (("left", left), ("right", right)):
        found[f"{name}_waist"] = _top_corner(half)
        found[f"{name}_hem"] = _leg_end(half)
    found = unmirrored(found, parts.shape[1])
    _check_lower(found, left)
    return found


def _top_corner(half: Half) -> tuple[Point, Visibility]:
    """The outer end of the top edge."""
    y, x = np.mgrid[: half.parts.shape[0], : half.parts.shape[1]]
    high = half.torso & (x < half.axis) & (y < half.top + 0.35 * (half.bottom - half.top))
    if not high.any():
        raise Refused("no top edge")
    point = outer_corner(high, -1.0, 0.45)
    r = max(2, round(0.03 * half.size))
    column, row = int(point[0]), int(point[1])
    above = half.parts[max(0, row - r) : row, column : column + 2 * r]
    if above.size and (above == Part.OTHER).mean() > 0.4:  # what hangs over the waist, or a belt: they look alike
        return point, Visibility.OCCLUDED
    return point, visibility_at(half, point)


def _leg_end(half: Half) -> tuple[Point | None, Visibility]:
    """The outer corner of this side's leg, or of a skirt."""
    y, x = np.mgrid[: half.parts.shape[0], : half.parts.shape[1]]
    low = half.torso & (y > half.top + 0.55 * (half.bottom - half.top))
    if half.garment[-1].sum() > 0.04 * half.size:
        return None, Visibility.OUTSIDE
    here = low & (x < half.axis)
    if not here.any():
        raise Refused("no leg on one side")
    point = outer_corner(here, 1.0, 0.6)
    return point, visibility_at(half, point)


def _check_lower(found: Found, half: Half) -> None:
    left, right = found["left_waist"][0], found["right_waist"][0]
    if left is not None and right is not None:
        gap = (right[0] - left[0]) / half.width
        if gap < 0.62 or abs(left[1] - right[1]) > 0.1 * half.size:
            raise Refused("the two ends of the waist differ")
        rows = half.torso[half.top : half.top + max(2, round(0.5 * (half.bottom - half.top)))]
        if right[0] - left[0] < 0.58 * rows.sum(1).max():
            raise Refused("only a corner of the waist shows")
    left, right = found["left_hem"][0], found["right_hem"][0]
    if left is not None and right is not None:
        gap = (right[0] - left[0]) / half.width
        if gap < 0.35 or abs(left[1] - right[1]) > 0.13 * half.size:
            raise Refused("the two ends of the hem differ")
