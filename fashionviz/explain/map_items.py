"""What is known of the items of an embedding map: what each is, and whether the model is right about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionviz.errors import InvalidRequest
from fashionviz.evaluation.report import load_items
from fashionviz.evaluation.tagging_report import load_tagged_items, load_tagging_report
from fashionviz.models.registry import get_model

RIGHT, WRONG, UNKNOWN = "right", "wrong", "not scored"
#: Of a tag: what is true and what is said.
FOUND, MISSED, FALSE, NEITHER = "has it, said", "has it, not said", "said without having it", "neither"


@dataclass(frozen=True)
class MapItem:
    """An item of a map.

    Attributes:
        id: in its data set.
        label: the true class; of a tag, one of :data:`FOUND` and its kin.
        said: the class that the model gives; empty of a tag.
        verdict: right, wrong, or not scored.
    """

    id: str
    label: str
    said: str
    verdict: str


def map_items(name: str, ids: Sequence[str], tag: str | None = None) -> tuple[MapItem, ...]:
    """The items of a map, from the model's committed predictions.

    Args:
        name: registry name.
        ids: in the order of the map.
        tag: of a tagger: which tag is asked about.

    Raises:
        InvalidRequest: a tagger without a tag, or one it does not know.
    """
    if not get_model(name).task.multilabel:
        scored = {item.id: item for item in load_items(name)}
        found = []
        for identifier in ids:
            item = scored.get(identifier)
            if item is None:
                found.append(MapItem(identifier, "", "", UNKNOWN))
            else:
                verdict = RIGHT if item.label == item.predicted else WRONG
                found.append(MapItem(identifier, item.label, item.predicted, verdict))
        return tuple(found)
    classes = get_model(name).task.classes
    if tag not in classes:
        raise InvalidRequest(f"{name} has no tag {tag!r}.")
    report, tagged = load_tagging_report(name), load_tagged_items(name)
    if report is None or tagged is None:
        return tuple(MapItem(identifier, "", "", UNKNOWN) for identifier in ids)
    place = classes.index(tag)
    said = tagged.probabilities[:, place] >= report.per_tag[place].threshold
    true, known = tagged.true[:, place], tagged.known[:, place]
    row_of = {identifier: row for row, identifier in enumerate(tagged.ids)}
    return tuple(_of_tag(identifier, row_of.get(identifier), true, said, known) for identifier in ids)


def _of_tag(
    identifier: str, row: int | None, true: NDArray[np.bool_], said: NDArray[np.bool_], known: NDArray[np.bool_]
) -> MapItem:
    if row is None or not known[row]:
        return MapItem(identifier, "", "", UNKNOWN)
    states = {(True, True): FOUND, (True, False): MISSED, (False, True): FALSE, (False, False): NEITHER}
    state = states[bool(true[row]), bool(said[row])]
    return MapItem(identifier, state, "", RIGHT if state in (FOUND, NEITHER) else WRONG)
