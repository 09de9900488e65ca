"""What stands beside a match in both apps: how alike it is, and what is known of the item."""

from __future__ import annotations

import re

from fashionviz.match.results import CatalogueItem, Match

#: Columns that a person looks for first.
_FIRST = ("price", "baseColour", "articleType", "kind", "seed", "season", "year")
#: What is less probable than this is said to be so, rather than rounded to nothing.
_LITTLE = 0.005


def alike(match: Match) -> str:
    """How alike, and how probably the same where that is known."""
    words = f"similarity {match.score:.3f}"
    if match.probability is None:
        return words
    share = "under 1%" if match.probability < _LITTLE else f"{match.probability:.0%}"
    return f"{share} probable · {words}"


def facts(item: CatalogueItem, most: int) -> list[str]:
    """Category and a few further columns, those that a person looks for first.

    Args:
        item: of a catalogue; its words are a stranger's, in whatever way they have to be escaped.
        most: further columns at most.
    """
    known = {**item.metadata}
    order = [name for name in _FIRST if name in known] + [name for name in known if name not in _FIRST]
    more = [f"{in_words(name)}: {known[name]}" for name in order if known[name] not in (None, "")]
    return [*([item.category] if item.category else []), *more[:most]]


def in_words(column: str) -> str:
    """A column's name as a person would write it: ``articleType`` becomes ``article type``."""
    return re.sub(r"(?<=[a-z])[A-Z]", lambda m: f" {m[0].lower()}", column).replace("_", " ")
