"""What the page Find the item says of a catalogue, of the numbers beside a match, and as code."""

from __future__ import annotations

import shlex

from apps.lab.snippets import DEFAULT_URL
from fashionviz.boxes import format_box
from fashionviz.errors import UnknownModel
from fashionviz.match.catalogue import CatalogueInfo
from fashionviz.match.embedders import item_embedders
from fashionviz.models.registry import get_model
from fashionviz.results import Box


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


def snippets(file: str, info: CatalogueInfo, box: Box | None) -> tuple[str, str, str]:
    """The search as Python, shell and REST."""
    region = format_box(box)
    boxes = f", boxes=[{tuple(box)}]" if box else ""
    python = "\n".join(
        [
            "from fashionviz.inference.engine import shared_engine",
            "from fashionviz.match.catalogue import open_catalogue",
            "from fashionviz.match.photo import match_photo",
            "from fashionviz.match.wiring import embedder_for",
            "from fashionviz.photo_files import read_photo",
            "",
            f"catalogue = open_catalogue({info.name!r})",
            "embedder = embedder_for(shared_engine(), catalogue.embedder.name)",
            f"for match in match_photo(read_photo({file!r}), catalogue, embedder{boxes}).items[0].matches:",
            '    print(f"{match.score:.3f} {match.item.id} {match.item.title}")',
        ]
    )
    part = ["--box", region] if box else ["--whole"]
    shell = shlex.join(["fashionviz", "match", file, "--catalogue", info.name, *part])
    field = f"box={region}" if box else "whole=true"
    curl = shlex.join(["curl", "-F", f"file=@{file}", "-F", f"catalogue={info.name}", "-F", field])
    return python, shell, f"{curl} {DEFAULT_URL}/api/v1/match"
