"""One item of a public data set by its name, ``DATASET:SPLIT:ID``: what a link to a test photo carries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fashionviz import images
from fashionviz.data.formats.registry import FORMATS
from fashionviz.data.publishers import PUBLICATIONS
from fashionviz.data.sets import ParquetSet, open_set
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.images import Photo

_PATTERN = re.compile(r"(?P<data_set>[a-z0-9][a-z0-9-]*):(?P<split>[A-Za-z0-9_]+):(?P<id>[^\x00-\x1f]{1,200})")


@dataclass(frozen=True)
class ItemRef:
    """Which item.

    Attributes:
        data_set: a published set's name, for example ``fpi``.
        split: ``train``, ``validation``, ``test``, …
        id: the row's id as text; the row's number where the set has no ids.
    """

    data_set: str
    split: str
    id: str

    def __str__(self) -> str:
        return f"{self.data_set}:{self.split}:{self.id}"


def parse_item(text: str) -> ItemRef:
    """Read ``DATASET:SPLIT:ID``.

    It comes from an address that anybody can write: only sets of publishers are named, never a path of this machine.

    Raises:
        InvalidRequest: it has another form, or names no known data set.
    """
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise InvalidRequest(f"{text[:80]!r} names no item: write data set, split and id, as in fpi:test:26960.")
    item = ItemRef(match["data_set"], match["split"], match["id"])
    known = [*PUBLICATIONS, *FORMATS]
    if item.data_set not in known:
        raise InvalidRequest(f"There is no data set {item.data_set!r}; there are {', '.join(known)}.")
    return item


def named_item(text: str) -> ItemRef | None:
    """The item that a text names, or ``None`` where it names none."""
    try:
        return parse_item(text)
    except InvalidRequest:
        return None


def item_photo(item: ItemRef) -> Photo:
    """The photo of an item, through the visitor's door. Reads the ids and the one row group that holds it.

    Raises:
        DataError: the data set is not here, or has no such item.
        ImageError: the picture cannot be read.
    """
    found = item_bytes(item.data_set, item.split, [item.id])
    if item.id not in found:
        raise DataError(f"The {item.split} split of {item.data_set} has no item {item.id!r}.")
    return images.decode(found[item.id])


def item_bytes(data_set: str, split: str, ids: Iterable[str]) -> dict[str, bytes]:
    """The encoded pictures of some items by id; ids that this edition of the set lacks are left out.

    Raises:
        DataError: the data set is not here, has no such split, or holds no pictures.
    """
    data = open_set(data_set, split)
    if "image" not in data.columns:
        raise DataError(f"{data_set} holds no pictures.")
    places = _rows_of(data, set(ids))
    return {places[row]: picture for row, picture in data.images(list(places)).items()}


def _rows_of(data: ParquetSet, wanted: set[str]) -> dict[int, str]:
    """Row numbers of ids. Looked up anew: another edition of the set may hold other rows."""
    if "id" not in data.columns:
        size = len(data)
        return {int(i): i for i in wanted if i.isdecimal() and str(int(i)) == i and int(i) < size}
    column = data.table(["id"]).column("id").to_pylist()
    return {row: str(i) for row, i in enumerate(column) if str(i) in wanted}
