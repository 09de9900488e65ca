"""Garments of street photos with a mask: one part map a garment, from the labels of Clothing Co-Parsing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.landmarks.derive import Derived, from_parts, refusal
from fashionviz.data.landmarks.kinds import STREET, Kind
from fashionviz.data.landmarks.morphology import Mask, components, dilate
from fashionviz.data.landmarks.parts import Part, PartMap

#: Worn open over something else: what shows between the halves belongs to their silhouette.
OUTER = ("blazer", "cardigan", "coat", "jacket", "vest", "cape", "suit")
#: What may hide a landmark where it lies over the garment.
COVERS = ("hair", "bag", "purse", "scarf", "boots", "wallet", "gloves")
#: Smallest share of the photo that a garment covers.
_LEAST = 0.01


def labels_of(*kinds: Kind) -> list[str]:
    """Names of the labels of these kinds."""
    return [name for name, kind in STREET.items() if kind in kinds]


def street_landmarks(mask: NDArray[np.uint8], names: Sequence[str]) -> Iterator[tuple[str, Derived]]:
    """Landmarks of each garment in a street mask.

    Args:
        mask: ``(H, W)`` uint8, numbers of labels.
        names: of the labels, by number.

    Yields:
        A label's name and what was derived, one for each garment of a kind; several people have several.
    """
    number = {name: i for i, name in enumerate(names)}
    for name, kind in STREET.items():
        own = mask == number.get(name, -1)
        if own.sum() < _LEAST * mask.size:
            continue
        for garment in _garments(own, _LEAST * mask.size):
            yield name, _one(mask, garment, name, kind, number)


def _garments(own: Mask, least: float) -> Iterator[Mask]:
    """Parts of one label, joined where they lie above or beside each other as those of one person do."""
    parts, areas = components(own)
    left = [n for n, area in enumerate(areas, 1) if area >= 0.03 * areas[0]]
    boxes = {n: np.flatnonzero((parts == n).any(0))[[0, -1]] for n in left}
    while left:
        first = left.pop(0)
        group, (x0, x1) = [first], boxes[first]
        for other in list(left):
            gap = max(boxes[other][0] - x1, x0 - boxes[other][1])
            if gap < 0.5 * (x1 - x0 + 1):
                group.append(other)
                left.remove(other)
        joined = np.isin(parts, group)
        if joined.sum() >= least:
            yield joined


def _one(mask: NDArray[np.uint8], garment: Mask, name: str, kind: Kind, number: dict[str, int]) -> Derived:
    def labelled(which: Sequence[str]) -> Mask:
        return np.isin(mask, [number[n] for n in which if n in number])

    if garment[0].any() or garment[-1].any() or garment[:, 0].any() or garment[:, -1].any():
        return refusal(kind, "the garment touches the border")
    near = dilate(garment, 3)
    outer = labelled([n for n in (*OUTER, "scarf") if n != name])
    if kind is not Kind.LOWER and (near & outer).sum() > 0.04 * garment.sum():
        return refusal(kind, "another garment lies over it")
    for other in labels_of(Kind.UPPER, Kind.FULL) if kind is not Kind.LOWER and name not in OUTER else ():
        beside = labelled([other]) if other != name else np.zeros_like(garment)
        if kind is Kind.FULL and (near & beside).sum() > 0.02 * garment.sum():
            return refusal(kind, "another garment lies over it")  # a top over a dress hides its collar and sleeves
        if beside.sum() >= garment.sum() and (near & beside).sum() > 0.04 * garment.sum():
            return refusal(kind, "another garment lies over it")  # of two tops, less shows of the one beneath
    if name in OUTER:
        inner = labelled(labels_of(Kind.UPPER, Kind.FULL))
        garment = garment | (inner & _between(garment))
    parts: PartMap = np.where(mask == 0, Part.GROUND, Part.OTHER).astype(np.uint8)
    parts[labelled(["skin"])] = Part.SKIN
    parts[labelled(COVERS)] = Part.COVER
    parts[garment] = Part.GARMENT
    return from_parts(parts, kind)


def _between(garment: Mask) -> Mask:
    """Pixels with the garment on their left and on their right in the same row."""
    before = np.maximum.accumulate(garment, axis=1)
    after = np.maximum.accumulate(garment[:, ::-1], axis=1)[:, ::-1]
    return before & after
