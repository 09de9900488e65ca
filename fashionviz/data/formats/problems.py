"""What was wrong with single rows: counted with a few examples, so that one bad row does not cost 200,000 good ones."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

#: Examples kept of each kind.
EXAMPLES = 5


class Kind(StrEnum):
    """Kinds of problems, in words for people."""

    NO_PICTURE = "rows without a picture, left out"
    UNREADABLE = "pictures that cannot be read, left out"
    IGNORING_CASE = "paths joined only by ignoring upper and lower case"
    ONE_FILE = "rows that are in one file only"
    NO_FILE = "files that are not there; their labels are missing"
    MALFORMED = "malformed rows, passed over"
    DUPLICATE = "rows that come twice; the first one counts"
    UNKNOWN_LABEL = "labels that are not in the vocabulary, left out"
    BAD_BOX = "boxes without area or with impossible numbers, left out"
    BOX_OUTSIDE = "boxes that reach over the border of the picture, cut off there"
    BAD_LANDMARKS = "landmarks in a wrong number, with impossible numbers or beyond the picture, left out"
    BAD_POLYGON = "outlines with fewer than three points or with impossible numbers, left out"


class Problems:
    """Counts by kind, with the first few examples of each."""

    def __init__(self) -> None:
        self._counts: dict[Kind, int] = {}
        self._examples: dict[Kind, list[str]] = {}

    def add(self, kind: Kind, example: str) -> None:
        """Count a problem; the example says where it is."""
        # A byte that is no text must not stop what is printed or written later.
        example = example.encode("utf-8", "backslashreplace").decode()
        self._counts[kind] = self._counts.get(kind, 0) + 1
        examples = self._examples.setdefault(kind, [])
        if len(examples) < EXAMPLES:
            examples.append(example)

    def count(self, kind: Kind) -> int:
        """How many of a kind there were."""
        return self._counts.get(kind, 0)

    def examples(self, kind: Kind) -> tuple[str, ...]:
        """The first few of a kind."""
        return tuple(self._examples.get(kind, ()))

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that there were, the most frequent first."""
        return tuple(sorted(self._counts, key=lambda kind: -self._counts[kind]))

    def to_json(self) -> list[dict[str, Any]]:
        """As JSON objects, the most frequent first; ``kind`` is a name that does not change with the wording."""
        return [
            {"kind": k.name.lower(), "words": k.value, "count": self._counts[k], "examples": self._examples[k]}
            for k in self.kinds
        ]
