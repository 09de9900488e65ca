"""Binary images in NumPy: connected parts, dilation, erosion, opening and box means. SciPy is not needed to run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def box_sum(values: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Sum over the ``side`` × ``side`` square around each pixel; beyond the border there is zero.

    Args:
        values: ``(H, W)`` or ``(H, W, C)``.
        side: odd, in pixels.
    """
    r = side // 2
    pads = [(r + 1, r), (r + 1, r)] + [(0, 0)] * (values.ndim - 2)
    total = np.pad(values, pads).cumsum(0).cumsum(1)
    return total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]


def dilate(mask: Mask, radius: int) -> Mask:
    """Every pixel of ``(H, W)`` with a true one at most ``radius`` rows and columns away."""
    return box_sum(mask.astype(np.float64), 2 * radius + 1) > 0.5 if radius > 0 else mask.copy()


def erode(mask: Mask, radius: int) -> Mask:
    """What stays when the outside of ``(H, W)`` grows by ``radius``; beyond the border counts as inside."""
    return ~dilate(~mask, radius)


def opened(mask: Mask, radius: int) -> Mask:
    """The union of the squares of half side ``radius`` that fit into the mask: thin parts go."""
    return dilate(erode(mask, radius), radius)


def components(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Connected parts (a pixel has four neighbours), found by joining the runs of neighbouring rows.

    Args:
        mask: ``(H, W)``.

    Returns:
        ``(H, W)`` numbers from 1, 0 outside, the largest part first; and the area of each in pixels.
    """
    height, width = mask.shape
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    parent = list(range(len(rows)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first = np.searchsorted(rows, np.arange(height + 1)).tolist()
    start, end = starts.tolist(), ends.tolist()
    for y in range(1, height):
        above, here = first[y - 1], first[y]
        while above < first[y] and here < first[y + 1]:
            if start[above] < end[here] and start[here] < end[above]:
                a, b = root(above), root(here)
                parent[max(a, b)] = min(a, b)
            if end[above] < end[here]:
                above += 1
            else:
                here += 1
    roots = np.array([root(i) for i in range(len(rows))], dtype=np.int64)
    _, part = np.unique(roots, return_inverse=True)
    areas = np.bincount(part, weights=ends - starts).astype(np.int64) if len(rows) else np.zeros(0, np.int64)
    order = np.argsort(-areas, kind="stable")
    number = np.empty(len(order), np.int32)
    number[order] = np.arange(1, len(order) + 1)
    out = np.zeros((height, width), np.int32)
    for y, x0, x1, n in zip(rows.tolist(), start, end, number[part].tolist() if len(rows) else [], strict=True):
        out[y, x0:x1] = n
    return out, areas[order]


def largest(mask: Mask) -> Mask:
    """The largest connected part of ``(H, W)``; nothing where there is none."""
    parts, _ = components(mask)
    return parts == 1


def touching(mask: Mask, seed: Mask) -> Mask:
    """The connected parts of ``(H, W)`` that hold a pixel of the seed."""
    parts, areas = components(mask)
    held = np.zeros(len(areas) + 1, bool)
    held[parts[seed & mask]] = True
    held[0] = False
    return held[parts]


def without_small(mask: Mask, least: float) -> Mask:
    """Without the connected parts of less than ``least`` pixels."""
    parts, areas = components(mask)
    return np.concatenate([[False], areas >= least])[parts]


def filled(mask: Mask, most: float) -> Mask:
    """With the holes of at most ``most`` pixels closed; what reaches the border is not a hole."""
    parts, areas = components(~mask)
    hole = np.concatenate([[False], areas <= most])
    edge = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    hole[edge] = False
    return mask | hole[parts]
