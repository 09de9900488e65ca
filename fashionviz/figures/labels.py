"""Where the names of boxes over a photo stand, and which box lies above which."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from fashionviz.boxes import Shares

#: Share of the photo's width and height within which two labels would cover each other.
_NEAR = (0.3, 0.07)


def layers(places: Sequence[Shares]) -> list[int]:
    """Which lies above which: the larger, the lower, so that one inside another can be reached.

    Returns:
        A number from 1 for each.
    """
    order = sorted(range(len(places)), key=lambda i: -places[i].area)
    return [order.index(i) + 1 for i in range(len(places))]


def corners(places: Sequence[Shares]) -> list[tuple[str, str]]:
    """Where each label stands: at a corner of its box, within the photo, and not upon another one where that can be.

    Returns:
        ``top``, ``bottom``, ``above`` or ``below``, and ``left`` or ``right`` for each.
    """
    taken: list[tuple[float, float]] = []
    found = []
    for place in places:
        spots = _spots(place)
        free = (key for key, at in spots.items() if all(_apart(at, other) >= 1 for other in taken))
        best = next(free, None) or max(spots, key=lambda key: min(_apart(spots[key], other) for other in taken))
        taken.append(spots[best])
        found.append(best)
    return found


def _spots(place: Shares) -> dict[tuple[str, str], tuple[float, float]]:
    """Places for a label, the best first, with the left upper corner that it would have."""
    right, bottom = place.left + place.width, place.top + place.height
    rows = {"top": place.top, "bottom": bottom - _NEAR[1], "above": place.top - _NEAR[1], "below": bottom}
    columns = {"left": place.left, "right": right - _NEAR[0]}
    # A label may be wider than its box: it grows towards the middle of the photo.
    first = "left" if place.left + right <= 1 else "right"
    sides = (first, "right" if first == "left" else "left") if place.width > _NEAR[0] else (first,)
    spots = {(down, across): (columns[across], rows[down]) for down, across in product(rows, sides)}
    return {key: at for key, at in spots.items() if key[0] == "top" or 0 <= at[1] <= 1 - _NEAR[1]}


def _apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """How far apart two labels begin; from 1 on they do not touch."""
    return max(abs(one[0] - other[0]) / _NEAR[0], abs(one[1] - other[1]) / _NEAR[1])
