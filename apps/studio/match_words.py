"""What the page Find the item says of a catalogue and of the numbers beside a match."""

from __future__ import annotations

from fashionviz.errors import UnknownModel
from fashionviz.match.catalogue import CatalogueInfo
from fashionviz.match.embedders import item_embedders
from fashionviz.models.registry import get_model


def made_by(info: CatalogueInfo) -> str:
    """How many items, and which network made their vectors, in words."""
    words = f"{info.items:,} items, vectors by `{info.embedder.name}`"
    try:
        trained = get_model(info.embedder.name).task.name == "item"
    except UnknownModel:
        return words
    if trained:
        return words
    more = "" if item_embedders() else ": a baseline, since no network that embeds items is installed"
    return f"{words} (features of a classifier{more})"


def how_far(info: CatalogueInfo) -> str:
    """What the numbers beside a match mean."""
    if info.calibrated:
        return (
            "The first number says how often a best match so alike was the right item, where the catalogue had it; the "
            "similarity is a cosine."
        )
    return (
        "The similarity is the cosine of two vectors, at most 1. From which similarity two pictures show the same item "
        "was not measured for this network, so no probability is given."
    )
