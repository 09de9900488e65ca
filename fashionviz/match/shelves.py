"""Which categories of a catalogue a garment may be in: what a narrowed search looks through.

Paper 001 searches the two categories that its small network finds most probable. On street photos the detector, which
has learned from such photos, knows better what it has found (`python -m bench.match_on_street`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

#: Categories of the catalogue ``fpi`` that hold each of the detector's classes.
SHELVES: dict[str, tuple[str, ...]] = {
    "bag": ("bags",),
    "belt": ("belts",),
    "dress": ("dresses",),
    "eyewear": ("eyewear",),
    "footwear": ("footwear",),
    "headwear": ("hats",),
    "hosiery": ("socks", "stockings", "leggings"),
    "neckwear": ("scarves", "stoles", "mufflers", "ties"),
    "outerwear": ("outerwear",),
    "shorts": ("shorts",),
    "skirt": ("skirts",),
    "top": ("tops",),
    "trousers": ("pants", "leggings"),
}


def category_of(label: str | None, top: Sequence[tuple[str, float]]) -> str | None:
    """What a garment is called: after what the detector found, or else the categoriser.

    Args:
        label: the detector's; ``None`` where the region was given.
        top: the categoriser's most probable categories with their probabilities.
    """
    shelves = SHELVES.get(label or "", ())
    if 0 < len(shelves) <= 2:
        return shelves[0]
    return top[0][0] if top else label


def shelves_for(label: str | None, top: Sequence[tuple[str, float]], held: Collection[str]) -> tuple[str, ...]:
    """The categories to search: those of what the detector found, else the categoriser's most probable ones.

    Args:
        label: the detector's; ``None`` where the region was given.
        top: the categoriser's most probable categories with their probabilities.
        held: the catalogue's categories; of none else anything is returned.
    """
    known = tuple(name for name in SHELVES.get(label or "", ()) if name in held)
    return known or tuple(name for name, _ in top if name in held)
