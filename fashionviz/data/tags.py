"""Fine-grained labels of the catalogue in groups (paper 000): article type, base colour, department, season, usage.

A tag is a value of a group that at least :data:`LEAST` training items have. Items without a value in a group say
nothing about its tags, which are masked; items with a rarer value have none of them, which is an answer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.errors import DataError

#: Columns of the catalogue, with what people call them. The department is that of a shop, not a person.
GROUPS: dict[str, str] = {
    "articleType": "Article type",
    "baseColour": "Base colour",
    "gender": "Department",
    "season": "Season",
    "usage": "Usage",
}
#: Training items that a value must have.
LEAST = 20
#: The tags of the catalogue's train split, which the tagger's outputs are named by whether the data are present or not;
#: written by ``fashionviz data tags --out``.
SHIPPED = Path(__file__).with_name("tags.json")


@dataclass(frozen=True)
class Tag:
    """A label: a value of a group.

    Attributes:
        group: a column in :data:`GROUPS`.
        value: as the catalogue writes it.
        count: training items that have it.
    """

    group: str
    value: str
    count: int

    @property
    def name(self) -> str:
        """Group and value, since a value may be in two groups."""
        return f"{self.group}: {self.value}"


@dataclass(frozen=True)
class TagVocabulary:
    """The tags of a training split, group by group, the most frequent of a group first.

    Attributes:
        tags: in the order of the logits.
        items: rows they were counted in.
    """

    tags: tuple[Tag, ...]
    items: int

    def __len__(self) -> int:
        return len(self.tags)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the logits."""
        return tuple(tag.name for tag in self.tags)

    def places(self, group: str) -> range:
        """Where a group's tags stand among the logits."""
        found = [i for i, tag in enumerate(self.tags) if tag.group == group]
        return range(found[0], found[-1] + 1) if found else range(0)

    def targets(self, rows: Iterable[Mapping[str, Any]]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """What is true of each row, and what is known.

        Args:
            rows: with the columns of :data:`GROUPS`; a column that is missing or null is not known.

        Returns:
            Two ``(N, L)`` bool arrays; where the second is false, the first says nothing.
        """
        index = {(tag.group, tag.value): i for i, tag in enumerate(self.tags)}
        places = {group: self.places(group) for group in GROUPS}
        table = list(rows)
        true = np.zeros((len(table), len(self.tags)), dtype=bool)
        known = np.zeros_like(true)
        for n, row in enumerate(table):
            for group, where in places.items():
                value = row.get(group)
                if not value:
                    continue
                known[n, where.start : where.stop] = True
                place = index.get((group, value))
                if place is not None:
                    true[n, place] = True
        return true, known


def write_vocabulary(vocabulary: TagVocabulary, path: Path) -> None:
    """Keep a vocabulary as JSON, a tag a line."""
    lines = ",\n".join("  " + json.dumps(asdict(tag), ensure_ascii=False) for tag in vocabulary.tags)
    path.write_text(f'{{"items": {vocabulary.items}, "tags": [\n{lines}\n]}}\n')


def read_vocabulary(path: Path) -> TagVocabulary:
    """The vocabulary that :func:`write_vocabulary` kept.

    Raises:
        DataError: the file is missing or is no vocabulary.
    """
    try:
        facts = json.loads(path.read_text())
        return TagVocabulary(tuple(Tag(**tag) for tag in facts["tags"]), int(facts["items"]))
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path.name} is no vocabulary of tags.") from error


@cache
def shipped_vocabulary() -> TagVocabulary:
    """The tags that the tagger's outputs stand for."""
    return read_vocabulary(SHIPPED)


def tag_vocabulary(rows: Sequence[Mapping[str, Any]], least: int = LEAST) -> TagVocabulary:
    """Count the values of each group and keep those of enough items; of equally frequent ones by name.

    Args:
        rows: of the training split.
        least: items that a value must have.

    Raises:
        DataError: no value has so many.
    """
    tags: list[Tag] = []
    for group in GROUPS:
        counts = Counter(row[group] for row in rows if row.get(group))
        kept = sorted((-n, value) for value, n in counts.items() if n >= least)
        tags += [Tag(group, value, -n) for n, value in kept]
    if not tags:
        raise DataError(f"No value of {', '.join(GROUPS)} has {least} items or more.")
    return TagVocabulary(tuple(tags), len(rows))
