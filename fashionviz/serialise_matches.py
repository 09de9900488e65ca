"""Catalogues and matches to JSON: the one shape that the command line prints and the REST API answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.match.build import BuildResult
from fashionviz.match.catalogue import CatalogueInfo
from fashionviz.match.results import CatalogueItem, Match, MatchedItem, Matches
from fashionviz.match.why import Why
from fashionviz.results import ModelView
from fashionviz.serialise import Json, array_json, box_json, placement_json


def matches_json(result: Matches, file: str) -> Json:
    """A photo's garments with their matches.

    Args:
        result: of :func:`fashionviz.match.photo.match_photo`.
        file: the name under which the photo was given.
    """
    return {
        "file": file,
        "catalogue": result.catalogue,
        "embedder": result.embedder.name,
        "sha256": result.embedder.sha256,
        "calibrated": result.calibrated,
        "items": [_garment(item) for item in result.items],
        "timings_ms": result.timings.as_dict(),
        "notes": list(result.notes),
    }


def _garment(item: MatchedItem) -> Json:
    return {
        "box": box_json(item.box),
        "score": item.score,
        "label": item.label,
        "category": item.category,
        "categories": [{"label": label, "probability": share} for label, share in item.categories],
        "narrowed_to": list(item.narrowed_to),
        "matches": [match_json(match) for match in item.matches],
    }


def match_json(match: Match) -> Json:
    """A match: the item's metadata beside what we say of it. Ours win where a column has the same name."""
    return {
        **_metadata(match.item.metadata),
        "id": match.item.id,
        "score": match.score,
        "probability": match.probability,
        "category": match.item.category,
        "title": match.item.title,
    }


def _metadata(metadata: Mapping[str, Any]) -> Json:
    return {str(name): value for name, value in metadata.items()}


def item_json(item: CatalogueItem) -> Json:
    """An item as the catalogue keeps it, its further columns apart."""
    return {
        "id": item.id,
        "category": item.category,
        "title": item.title,
        "metadata": _metadata(item.metadata),
        "source": item.source,
        "box": box_json(item.box),
    }


def info_json(info: CatalogueInfo) -> Json:
    """What is known of a catalogue."""
    facts = asdict(info)
    embedder = facts.pop("embedder")
    return {"name": facts.pop("name"), "embedder": embedder["name"], "sha256": embedder["sha256"], **facts}


def build_json(result: BuildResult, info: CatalogueInfo) -> Json:
    """What became of the photos, and what the catalogue is now."""
    return {
        "catalogue": info_json(info),
        "total": result.total,
        "added": result.added,
        "replaced": result.replaced,
        "kept": result.kept,
        "refused": [{"id": r.id, "reason": r.reason} for r in result.refused],
    }


def why_facts(result: Why, file: str) -> Json:
    """Why an item is like a garment, without the maps: the command line writes those into a file.

    Args:
        result: of :func:`fashionviz.match.why.why_match`.
        file: the name under which the photo was given.
    """
    found = result.explanation
    return {
        "file": file,
        "catalogue": result.catalogue,
        "item": item_json(result.item),
        "box": box_json(result.box),
        "model": found.model.name,
        "sha256": found.model.sha256,
        "method": found.method,
        "similarity": found.similarity,
        "timings_ms": found.timings.as_dict(),
        "notes": list(result.notes),
    }


def why_json(result: Why, file: str) -> Json:
    """The same with both maps ``(3, H, W)``, and where the pictures lie in the network's input."""
    found = result.explanation
    maps = {"query": (found.query, found.query_view), "match": (found.item, found.item_view)}
    return why_facts(result, file) | {name: _map(values, view) for name, (values, view) in maps.items()}


def _map(values: NDArray[np.float32], view: ModelView) -> Json:
    return {"values": array_json(values), "placement": placement_json(view.placement)}
