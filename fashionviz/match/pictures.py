"""An item's picture: the catalogue's own, else that of the public data set which it comes from, where that is here."""

from __future__ import annotations

from collections.abc import Iterable

from fashionviz import images
from fashionviz.data.items import item_bytes, named_item
from fashionviz.errors import FashionvizError
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.errors import UnknownItem
from fashionviz.match.thumbnails import thumbnail


def pictures_of(catalogue: Catalogue, ids: Iterable[str]) -> dict[str, bytes]:
    """Small WebP pictures by id; items whose picture is nowhere are left out."""
    wanted = list(dict.fromkeys(ids))
    found = catalogue.thumbnails(wanted)
    lacking: dict[tuple[str, str], dict[str, str]] = {}
    for item in catalogue.items([i for i in wanted if i not in found]).values():
        ref = named_item(item.source) if item.source else None
        if ref is not None:
            lacking.setdefault((ref.data_set, ref.split), {})[ref.id] = item.id
    for (data_set, split), of in lacking.items():
        try:
            encoded = item_bytes(data_set, split, of)
        except FashionvizError:
            continue  # the data set is not on this machine
        for own, data in encoded.items():
            try:
                found[of[own]] = thumbnail(images.decode(data).pixels)
            except FashionvizError:
                continue
    return found


def picture_of(catalogue: Catalogue, identifier: str) -> bytes:
    """The WebP picture of one item.

    Raises:
        UnknownItem: no such item, or its picture is not on this machine.
    """
    if identifier not in catalogue.items([identifier]):
        raise UnknownItem(f"The catalogue {catalogue.name} has no item {identifier[:80]!r}.")
    found = pictures_of(catalogue, [identifier])
    if identifier not in found:
        raise UnknownItem(f"There is no picture of {identifier[:80]!r} in {catalogue.name} on this machine.")
    return found[identifier]
