"""Landmarks of upper and full garments: collar, sleeves, hem and waist on both sides of a torso."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.landmarks.halves import (
    Found,
    Half,
    Point,
    central_runs,
    garment_box,
    outer_corner,
    unmirrored,
    visibility_at,
)
from fashionviz.data.landmarks.kinds import Kind, Visibility
from fashionviz.data.landmarks.morphology import Mask, components, dilate, opened
from fashionviz.data.landmarks.parts import Part, PartMap, Refused


def upper_landmarks(parts: PartMap, size: float, kind: Kind) -> Found:
    """Collar, sleeves and hem of a garment of the upper body; of a full one the waist, too.

    Args:
        parts: ``(H, W)``; the pixels of ``Part.GARMENT`` are one garment.
        size: diagonal of the garment's box in pixels.
        kind: ``UPPER`` or ``FULL``.

    Raises:
        Refused: the shape is not that of such a garment, upright and seen from the front.
    """
    left, right = _halves(parts, size)
    found: Found = {}
    for name, half in (("left", left), ("right", right)):
        found[f"{name}_collar"] = _collar(half)
        found[f"{name}_sleeve"] = _sleeve(half)
        found[f"{name}_hem"] = _hem(half, found[f"{name}_sleeve"][0])
        if kind is Kind.FULL:
            found[f"{name}_waist"] = _waist(half)
    found = unmirrored(found, parts.shape[1])
    _check_upper(found, left)
    for name in ("left_collar", "right_collar"):
        if found[name][1] == Visibility.OCCLUDED:  # the hair's edge is not the collar
            found[name] = None, Visibility.OCCLUDED
    return found


def _torso(garment: Mask, worn: Mask) -> tuple[Mask, float, float]:
    """The garment without what is thinner than about half of it, its axis and its width in pixels."""
    _, y0, _, y1 = garment_box(garment)
    height = y1 - y0
    whole = garment | worn  # a bare arm across the body is not a gap
    core = whole[y0 + round(0.2 * height) : y0 + round(0.75 * height)]
    columns = core.sum(0).astype(float)
    if not columns.sum():
        raise Refused("no body in the middle of the shape")
    axis = float((columns**2 * np.arange(len(columns))).sum() / (columns**2).sum()) + 0.5
    for _ in range(2):
        spans = central_runs(garment, axis)[y0 + round(0.45 * height) : y0 + round(0.9 * height)]
        spans = spans[~np.isnan(spans[:, 0])]
        if len(spans) < 0.25 * height:
            raise Refused("no body in the middle of the shape")
        axis = float(np.median(spans.mean(1)))
    width = float(np.median(spans[:, 1] - spans[:, 0]))
    torso = opened(garment, max(1, round(0.27 * width))) & garment
    return torso, axis, width


def _halves(parts: PartMap, size: float) -> tuple[Half, Half]:
    garment = parts == Part.GARMENT
    torso, axis, width = _torso(garment, parts == Part.SKIN)
    if not torso.any():
        raise Refused("no body in the middle of the shape")
    _, top, _, bottom = garment_box(torso)
    rest = garment & ~dilate(torso, max(1, round(0.01 * size)))
    numbers, areas = components(rest)
    x = np.broadcast_to(np.arange(parts.shape[1]), parts.shape)
    arms = []
    for side in (-1, 1):
        arm = np.zeros_like(garment)
        for number, area in enumerate(areas[:8], 1):
            part = numbers == number
            middle = float(x[part].mean()) + 0.5
            start = int(np.flatnonzero(part.any(1))[0])
            if area < 0.006 * garment.sum() or side * (middle - axis) < 0.3 * width:
                continue
            if start > top + 0.5 * (bottom - top):
                continue
            arm = part
            break
        arms.append(arm)
    columns = parts.shape[1]
    left = Half(parts, torso, arms[0], axis, top, bottom, width, size)
    right = Half(parts[:, ::-1], torso[:, ::-1], arms[1][:, ::-1], columns - axis, top, bottom, width, size)
    return left, right


def _collar(half: Half) -> tuple[Point, Visibility]:
    """The highest point of the garment beside the neck; of a level top edge its outer end.

    Where hair hangs beside it, the neckline goes on behind the hair: occluded, and not to be drawn.
    """
    first, last = max(0, round(half.axis - 0.5 * half.width)), max(1, round(half.axis))
    columns = half.garment[:, first:last]
    tops = np.where(columns.any(0), columns.argmax(0), 10**6)
    if tops.min() >= 10**6:
        raise Refused("no neckline")
    x = int(np.flatnonzero(tops <= tops.min() + 0.008 * half.size)[0])
    point = (first + x + 0.5, float(tops[x]) + 0.5)
    row, reach = int(tops[x]), max(2, round(0.08 * half.size))
    beside = half.parts[row : row + reach, max(0, round(half.axis - 0.6 * half.width)) : last]
    hidden = (beside == Part.COVER).sum() > 0.001 * half.size**2
    return point, Visibility.OCCLUDED if hidden else visibility_at(half, point)


def _sleeve(half: Half) -> tuple[Point | None, Visibility]:
    """The middle of a sleeve's opening; of a garment without sleeves, the outer end of its shoulder."""
    height = half.bottom - half.top
    y, x = np.mgrid[: half.parts.shape[0], : half.parts.shape[1]]
    garment = half.garment
    if garment[:, 0].sum() > 0.04 * half.size:
        return None, Visibility.OUTSIDE
    bare = _bare_arm(half)
    if bare is not None:
        return bare, visibility_at(half, bare)
    if half.arm.sum():
        # The far end of the branch: its pixels farthest from the shoulder.
        shoulder = (half.axis - 0.4 * half.width, half.top + 0.04 * half.size)
        gap = np.hypot(x + 0.5 - shoulder[0], y + 0.5 - shoulder[1])
        gap = np.where(half.arm, gap, -1)
        end = gap > gap.max() - 0.03 * half.size
        point = (float(x[end].mean()) + 0.5, float(y[end].mean()) + 0.5)
        return point, visibility_at(half, point)
    band = garment & (y < half.top + 0.3 * height) & (x < half.axis)
    if not band.any():
        raise Refused("no shoulder")
    # Up and outwards: the corner where the shoulder ends.
    score = np.where(band, -(x - half.axis) - 1.2 * (y - half.top), -1e9)
    end = score > score.max() - 0.006 * half.size
    point = (float(x[end].mean()) + 0.5, float(y[end].mean()) + 0.5)
    skin = half.parts == Part.SKIN
    if skin.any() and not (skin & (np.hypot(x - point[0], y - point[1]) < 0.08 * half.size)).any():
        raise Refused("no end of a sleeve")  # worn, and the arm is not bare: the sleeve lies against the body
    return point, visibility_at(half, point)


def _bare_arm(half: Half) -> Point | None:
    """Where the skin of an arm or a hand comes out of the garment; ``None`` where no arm shows on this side."""
    y, x = np.mgrid[: half.parts.shape[0], : half.parts.shape[1]]
    _, y0, _, y1 = garment_box(half.garment)
    skin = (half.parts == Part.SKIN) & (x < half.axis - 0.2 * half.width)
    near = dilate(half.garment, max(1, round(0.01 * half.size)))
    numbers, areas = components(skin)
    best: tuple[float, Point] | None = None
    for number, area in enumerate(areas[:6], 1):
        if area < 0.0015 * half.size**2:
            break
        part = numbers == number
        start = int(np.flatnonzero(part.any(1))[0])
        if not (part & near).any():
            continue
        if start < y0 + 0.07 * (y1 - y0):
            if np.flatnonzero(part.any(1))[-1] > y0 + 0.3 * (y1 - y0):
                return None  # an arm that is bare from the neck on: no sleeve
            continue
        top = part & (y < start + max(2, 0.035 * half.size))
        point = (float(x[top].mean()) + 0.5, float(y[top].mean()) + 0.5)
        if best is None or point[1] < best[0]:
            best = point[1], point
    return best[1] if best else None


def _hem(half: Half, sleeve: Point | None) -> tuple[Point | None, Visibility]:
    """The outer corner of the bottom edge, as far as that edge runs on without a step (a sleeve beside it)."""
    if half.garment[-1].sum() > 0.04 * half.size:
        return None, Visibility.OUTSIDE
    y, x = np.mgrid[: half.parts.shape[0], : half.parts.shape[1]]
    start = max(1, round(half.axis))
    ends, reach = _bottom_edge(half, start)
    low = half.garment & (x < half.axis) & (x >= start - 1 - reach) & (y > half.top + 0.55 * (half.bottom - half.top))
    if not low.any():
        raise Refused("no hem")
    point = outer_corner(low, 1.0, 0.7)
    if sleeve is not None and np.hypot(point[0] - sleeve[0], point[1] - sleeve[1]) < 0.22 * half.size:
        # A sleeve hangs beside the hem without a gap: the hem is as wide as what is worn below.
        row = round(float(np.median(ends[: max(1, reach // 2)])) + 0.03 * half.size)
        below = (half.parts[row : row + max(2, round(0.03 * half.size)), :start] == Part.OTHER).any(0)
        if below.any():
            narrow = low & (x >= int(below.argmax()) - 0.01 * half.size)
            point = outer_corner(narrow, 1.0, 0.7) if narrow.any() else point
    return point, visibility_at(half, point)


def _bottom_edge(half: Half, start: int) -> tuple[NDArray[np.int64], int]:
    """The lowest garment row of each column from the axis outwards, and how many columns on it runs without a step.

    Where a hand lies over the edge the row is not known; the edge goes on if it comes back behind the hand.
    """
    columns = half.garment[:, :start]
    height = len(columns)
    ends = np.where(columns.any(0), height - 1 - columns[::-1].argmax(0), -(10**6))[::-1]
    last, reach = int(ends[0]), 0
    for i, end in enumerate(ends.tolist()):
        if abs(end - last) <= 0.035 * half.size:
            last, reach = end, i
        elif end < 0 or half.parts[min(end + 2, height - 1), start - 1 - i] != Part.SKIN:
            break
    return ends, reach


def _waist(half: Half) -> tuple[Point, Visibility]:
    """The narrowest row of the torso between a quarter and a little over half of its height."""
    height = half.bottom - half.top
    rows = np.arange(half.top + round(0.24 * height), half.top + round(0.52 * height))
    spans = central_runs(half.torso, half.axis)[rows]
    wide = spans[:, 1] - spans[:, 0]
    if np.isnan(wide).mean() > 0.3:
        raise Refused("no waist")
    # Where the sides run straight, two fifths of the way down.
    drift = 0.15 * abs((rows - half.top) / height - 0.4)
    best = int(np.nanargmin(wide / np.nanmedian(wide) + drift))
    point = (float(spans[best, 0]) + 0.5, float(rows[best]) + 0.5)
    return point, visibility_at(half, point)


def _check_upper(found: Found, half: Half) -> None:
    """Refuse shapes whose two sides disagree: a person turned away, a folded or a cut garment."""
    left, right = found["left_collar"][0], found["right_collar"][0]
    if left is not None and right is not None:
        gap = (right[0] - left[0]) / half.width
        if not 0.18 < gap < 0.95 or abs(left[1] - right[1]) > 0.06 * half.size:
            raise Refused("no neckline between two shoulders")
        middle = (left[0] + right[0]) / 2 - half.axis
        if abs(middle) > 0.25 * half.width:
            raise Refused("the neckline is not above the middle of the body")
    left, right = found["left_sleeve"][0], found["right_sleeve"][0]
    for side, end in ((-1, left), (1, right)):
        if end is not None and side * (end[0] - half.axis) < 0.25 * half.width:
            raise Refused("a sleeve ends inside the body")
    if left is not None and right is not None:
        reach = [np.hypot(p[0] - half.axis, p[1] - half.top) for p in (left, right)]
        if not 0.64 < reach[0] / reach[1] < 1.56:
            raise Refused("the two sleeves differ")
        level = [abs(p[0] - half.axis) for p in (left, right)]
        if abs(left[1] - right[1]) > 0.09 * half.size and 0.8 < level[0] / level[1] < 1.25:
            raise Refused("the two sleeves differ")  # equally far out and not equally far down: one is cut
    left, right = found["left_hem"][0], found["right_hem"][0]
    if left is not None and right is not None:
        gap = (right[0] - left[0]) / half.width
        aside = abs((left[0] + right[0]) / 2 - half.axis) / half.width
        if gap < 0.42 or aside > 0.18 or abs(left[1] - right[1]) > 0.06 * half.size:
            raise Refused("the two ends of the hem differ")
        (first, _), (last, _) = (found.get(f"{side}_waist", (None, None)) for side in ("left", "right"))
        if first is not None and last is not None and last[0] - first[0] > 1.05 * (right[0] - left[0]):
            raise Refused("the sleeves lie against the waist")
