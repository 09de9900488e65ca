"""What has which landmark: the eight names, the catalogue's fifty article types, and the kinds of street labels."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from enum import IntEnum, StrEnum
from functools import cache
from pathlib import Path

#: In the order of the arrays. Left is left in the picture: the wearer's right where a person faces the camera.
LANDMARKS = (
    "left_collar", "right_collar", "left_sleeve", "right_sleeve", "left_waist", "right_waist", "left_hem", "right_hem",
)  # fmt: skip
#: What must stand wherever a number or a picture shows these landmarks.
NOTE = "Derived from silhouettes and masks by a rule; nobody annotated them. Left is left in the picture."
#: What must stand wherever a network's landmarks are shown.
NOTE_LEARNED = "Learned from landmarks that a rule derived; nobody annotated them. Left is left in the picture."
#: How many article types the catalogue's task has.
CATEGORIES = 50
_FILE = Path(__file__).parent.parent / "articles50.csv"


class Visibility(IntEnum):
    """How much of a landmark the picture shows; the number is what arrays hold.

    ``OUTSIDE`` and ``NOT_APPLICABLE`` have no position (NaN). ``OCCLUDED`` has one where an edge beside it tells it (a
    waist under a shirt, a hem behind a bag), and none for a collar behind hair.
    """

    NOT_APPLICABLE = 0
    VISIBLE = 1
    OCCLUDED = 2
    OUTSIDE = 3

    @property
    def word(self) -> str:
        """``visible``, ``occluded``, ``outside`` or ``not applicable``."""
        return self.name.lower().replace("_", " ")


class Kind(StrEnum):
    """Which of the eight landmarks a garment has."""

    UPPER = "upper"
    LOWER = "lower"
    FULL = "full"
    NONE = "none"

    @property
    def parts(self) -> tuple[str, ...]:
        """``collar``, ``sleeve``, ``waist``, ``hem`` as far as they apply."""
        return _PARTS[self]

    @property
    def places(self) -> tuple[int, ...]:
        """Where its landmarks stand among :data:`LANDMARKS`."""
        return tuple(i for i, name in enumerate(LANDMARKS) if name.split("_")[1] in self.parts)


_PARTS: dict[Kind, tuple[str, ...]] = {
    Kind.UPPER: ("collar", "sleeve", "hem"),
    Kind.LOWER: ("waist", "hem"),
    Kind.FULL: ("collar", "sleeve", "waist", "hem"),
    Kind.NONE: (),
}

#: Kinds of Clothing Co-Parsing's labels; every other label has none. Capes have no sleeves, suits and swimwear may be
#: two pieces, tights and stockings are worn under something.
STREET: dict[str, Kind] = {
    **dict.fromkeys(("blazer", "blouse", "cardigan", "coat", "hoodie", "jacket", "jumper", "shirt"), Kind.UPPER),
    **dict.fromkeys(("sweater", "sweatshirt", "t-shirt", "top", "vest"), Kind.UPPER),
    **dict.fromkeys(("jeans", "leggings", "pants", "shorts", "skirt"), Kind.LOWER),
    **dict.fromkeys(("dress", "romper"), Kind.FULL),
}


@cache
def articles() -> dict[str, Kind]:
    """The fifty article types, the most frequent first, with the kind of each (``articles50.csv``)."""
    with _FILE.open(newline="", encoding="utf-8") as lines:
        return {row["article"]: Kind(row["kind"]) for row in csv.DictReader(lines)}


def kind_of(article: str | None) -> Kind:
    """The kind of an article type; ``none`` where it is not one of the fifty."""
    return articles().get(article or "", Kind.NONE)


def most_frequent(values: Iterable[str | None], most: int = CATEGORIES) -> tuple[tuple[str, int], ...]:
    """The most frequent values with their counts, of equally frequent ones by name; nulls do not count."""
    counts = Counter(value for value in values if value)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most])
