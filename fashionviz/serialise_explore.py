"""What was computed over a split to JSON: the one shape of the command line and the API."""

from __future__ import annotations

from fashionviz.explain.channels import ChannelIndex
from fashionviz.explore_results import ClassAverages, EmbeddingMap, Source, TopItems
from fashionviz.serialise import Json, array_json


def source_json(source: Source) -> Json:
    """The items that something was made from."""
    return {"data_set": source.data_set, "split": source.split, "n": source.n, "limit": source.limit}


def top_items_json(top: TopItems) -> Json:
    """A channel's top items, strongest first."""
    return {
        "model": top.model.name,
        "sha256": top.model.sha256,
        "layer": top.layer,
        "channel": top.channel,
        "source": source_json(top.source),
        "items": [{"id": item.id, "value": item.value} for item in top.items],
    }


def index_json(index: ChannelIndex) -> Json:
    """Which layers an index holds, with their channels."""
    return {
        "model": index.model.name,
        "sha256": index.model.sha256,
        "source": source_json(index.source),
        "layers": [{"layer": layer, "channels": len(index.places[layer])} for layer in index.layers],
    }


def averages_json(averages: ClassAverages, *, arrays: bool) -> Json:
    """Class averages.

    Args:
        averages: the result.
        arrays: with the arrays: photos ``(K, h, w, 3)`` 0..1, signed ``(K, 3, h, w)``, magnitude ``(K, h, w)``.
    """
    facts: Json = {
        "model": averages.model.name,
        "sha256": averages.model.sha256,
        "method": averages.method,
        "right_only": averages.right_only,
        "source": source_json(averages.source),
        "classes": [
            {"label": label, "n": int(count)} for label, count in zip(averages.classes, averages.counts, strict=True)
        ],
    }
    if arrays:
        facts["photos"] = array_json(averages.photos / 255)
        facts["signed"] = array_json(averages.signed)
        facts["magnitude"] = array_json(averages.magnitude)
    return facts


def embedding_map_json(made: EmbeddingMap) -> Json:
    """Where each item of a map lies; the axes have no unit."""
    return {
        "model": made.model.name,
        "sha256": made.model.sha256,
        "method": made.method,
        "source": source_json(made.source),
        "items": [{"id": i, "x": float(x), "y": float(y)} for i, (x, y) in zip(made.ids, made.xy, strict=True)],
    }
