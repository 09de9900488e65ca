"""What is worn and carried on a street photo, item by item: thirteen classes with boxes and masks.

The masks of Clothing Co-Parsing name a label for each pixel and count no items. Items are *derived* from them:

- **One label of one person is one item.** Its connected regions belong together although an arm, a bag's strap or a
  jacket lies between them, so that a shirt seen at the collar and at the hem has one box. A **pair of shoes is one
  item** as well (and so are stockings, and the two lenses of a pair of glasses): a shop sells the pair and photographs
  it as one, so that is what a box is to be looked up by; and a box a shoe would double the weight of footwear in every
  figure.
- **Two labels are two items**, of one class too: a shirt (*top*) under a sweater (*top*).
- Regions of one label further apart than :data:`NEAR` of the figure's height are not of one item. Bags are no
  exception: on the photos where two large regions of *bag* lie apart they are the straps of a backpack, two excepted.
- **People side by side share no box.** They are told apart by their heads, the connected regions of hair, hat and face
  in the upper part of the figure; a region belongs to the nearest head, and one that lies under two heads is divided
  half way between them.
- Specks are not looked at, and an item of fewer than :data:`LEAST` of the photo's pixels is none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.landmarks.morphology import components
from fashionviz.errors import DataError

Mask = NDArray[np.bool_]

#: Of the figure's height: the largest gap inside one item. A shirt's collar and hem are a third of it apart.
NEAR = 0.35
#: Of the largest region, and of the figure's height: a smaller region, further off, is a slip of the pen.
STRAY = (0.06, 0.1)
#: Of the photo's pixels: the smallest item, 102 pixels of a photo of 336 × 504.
LEAST = 0.0006
#: Of the photo's pixels, and of the label's: smaller regions are slips of the pen.
SPECK = (0.00005, 0.01)

#: Of the figure's height: how far down heads are looked for.
_TOP = 0.25
#: Of the photo's pixels: the least hair and hat of a head.
_HEAD = 0.0005
#: Of the figure's height: the least distance of two heads. A lock of hair beside the face is no second one.
_APART = 0.15
_HAIR, _HAT, _GLASSES, _SUNGLASSES, _SKIN = 19, 20, 17, 47, 41
#: A region with this share of its pixels under another head lies under both.
_SHARED = 0.2


@cache
def label_classes() -> tuple[str, ...]:
    """The class of each of the publisher's labels by number, empty for what is none of the thirteen."""
    text = files("fashionviz.data").joinpath("classes13.csv").read_text()
    return tuple(row["class"] for row in csv.DictReader(text.splitlines()))


#: In the order of a detector's labels.
GARMENT13 = tuple(sorted({name for name in label_classes() if name}))


@dataclass(frozen=True)
class Item:
    """Something worn or carried.

    Attributes:
        label: place in :data:`GARMENT13`.
        box: ``(x0, y0, x1, y1)`` in pixels of the photo, x1 and y1 exclusive.
        mask: ``(H, W)`` of the photo; the masks of two items have no pixel in common.
        source: the publisher's label by number.
    """

    label: int
    box: tuple[int, int, int, int]
    mask: Mask
    source: int


@dataclass(frozen=True)
class _Region:
    pixels: Mask
    area: int
    box: tuple[int, int, int, int]


def box_of(mask: Mask) -> tuple[int, int, int, int]:
    """The smallest box ``(x0, y0, x1, y1)``, exclusive at the end, around the true pixels of ``(H, W)``."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def heads(mask: NDArray[np.uint8]) -> tuple[float, ...]:
    """Where the heads of a mask are: x of each in pixels, from left to right.

    Hair on both sides of a face is one head, since the face between them is skin.

    Args:
        mask: ``(H, W)``, numbers of the publisher's 59 labels.
    """
    shown = np.flatnonzero((mask > 0).any(axis=1))
    if not len(shown):
        return ()
    height = int(shown[-1] + 1 - shown[0])
    upper = np.zeros(mask.shape, bool)
    upper[: int(shown[0] + _TOP * height)] = True
    parts, areas = components(np.isin(mask, (_HAIR, _HAT, _GLASSES, _SUNGLASSES, _SKIN)) & upper)
    hair = np.isin(mask, (_HAIR, _HAT))
    found: list[float] = []
    for number in range(1, len(areas) + 1):  # the largest first
        part = parts == number
        if (part & hair).sum() >= _HEAD * mask.size:
            x = float(np.nonzero(part)[1].mean())
            if all(abs(x - other) >= _APART * height for other in found):
                found.append(x)
    return tuple(sorted(found))


def items(mask: NDArray[np.uint8]) -> tuple[Item, ...]:
    """The items of a mask, by the publisher's number of their label.

    Args:
        mask: ``(H, W)``, numbers of the publisher's 59 labels.

    Raises:
        DataError: a number is none of the 59.
    """
    names = label_classes()
    if mask.max() >= len(names):
        raise DataError(f"The mask holds the number {int(mask.max())}; the labels are 0 to {len(names) - 1}.")
    shown = np.flatnonzero((mask > 0).any(axis=1))
    if not len(shown):
        return ()
    height, people = int(shown[-1] + 1 - shown[0]), heads(mask)
    found = []
    for source in np.unique(mask).tolist():
        if not names[source]:
            continue
        for regions in _by_person(list(_regions(mask == source)), people):
            for pixels in _joined(regions, height):
                if pixels.sum() >= LEAST * mask.size:
                    found.append(Item(GARMENT13.index(names[source]), box_of(pixels), pixels, source))
    return tuple(found)


def _regions(mask: Mask) -> Iterator[_Region]:
    """The connected regions of a label, without specks."""
    parts, areas = components(mask)
    least = max(SPECK[0] * mask.size, SPECK[1] * mask.sum())
    for number, area in enumerate(areas.tolist(), start=1):
        if area >= least:
            pixels = parts == number
            yield _Region(pixels, area, box_of(pixels))


def _by_person(regions: list[_Region], people: tuple[float, ...]) -> list[list[_Region]]:
    """The regions of each person."""
    if len(people) < 2:
        return [regions]
    between = [(a + b) / 2 for a, b in pairwise(people)]
    shares: list[list[_Region]] = [[] for _ in people]
    for region in regions:
        whose = np.digitize(np.arange(region.pixels.shape[1]), between)
        counts = np.bincount(whose, weights=region.pixels.sum(axis=0), minlength=len(people))
        owners = np.flatnonzero(counts >= _SHARED * region.area)
        if len(owners) == 1:
            shares[owners[0]].append(region)
            continue
        for owner in owners:
            pixels = region.pixels & (whose == owner)
            shares[owner].append(_Region(pixels, int(pixels.sum()), box_of(pixels)))
    return [share for share in shares if share]


def _joined(regions: list[_Region], height: int) -> Iterator[Mask]:
    """Regions of one label and one person, joined to items.

    Args:
        regions: of one label.
        height: of the figure.
    """
    regions = sorted(regions, key=lambda r: -r.area)
    found: list[list[_Region]] = []
    for region in regions:
        stray = region.area < STRAY[0] * regions[0].area
        far = height * (STRAY[1] if stray else NEAR)
        near = [item for item in found if min(_gap(region.box, other.box) for other in item) <= far]
        if not near and stray:
            continue
        item = [region, *(other for joined in near for other in joined)]  # what it connects is one item
        found = [other for other in found if all(other is not joined for joined in near)] + [item]
    for item in found:
        yield np.logical_or.reduce([region.pixels for region in item])


def _gap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> int:
    """Pixels between two boxes, along the axis where they are further apart; 0 where they touch or overlap."""
    return max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3], 0)
