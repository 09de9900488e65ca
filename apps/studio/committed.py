"""Committed predictions on public splits, kept in memory once for all visitors: no visitor's photo is among them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from fashionviz.data.items import ItemRef
from fashionviz.evaluation.report import Item, load_items, load_report
from fashionviz.evaluation.tagging_report import TaggedItems, load_tagged_items, load_tagging_report
from fashionviz.models.registry import get_model
from fashionviz.models.weights import model_folder


def stamp(name: str) -> tuple[str, float]:
    """Where the predictions lie and since when, so that new ones are read."""
    path = model_folder(name) / "predictions.parquet"
    return str(path), path.stat().st_mtime if path.exists() else 0.0


def items(name: str) -> tuple[Item, ...]:
    """A classifier's predictions on the split of its report; empty without any."""
    return _items(name, stamp(name))


def tagged(name: str) -> TaggedItems | None:
    """A tagger's predictions on the split of its report; ``None`` without any. Not to be written to."""
    return _tagged(name, stamp(name))


# Resources are shared, not copied at every run: thousands of frozen items would be pickled each time.
@st.cache_resource(show_spinner=False, max_entries=8)
def _items(name: str, since: tuple[str, float]) -> tuple[Item, ...]:
    return load_items(name)


@st.cache_resource(show_spinner=False, max_entries=8)
def _by_id(name: str, since: tuple[str, float]) -> dict[str, Item]:
    return {item.id: item for item in _items(name, since)}


@st.cache_resource(show_spinner=False, max_entries=2)
def _tagged(name: str, since: tuple[str, float]) -> TaggedItems | None:
    return load_tagged_items(name)


@dataclass(frozen=True)
class Said:
    """What is true of an item, and what a model's committed predictions say of it.

    Attributes:
        true, said: the class of either, or all tags; tags that are not known are not among the true ones.
        probability: of the class said; ``None`` of tags.
        top: the most probable classes or tags with their probabilities, most probable first.
    """

    true: tuple[str, ...]
    said: tuple[str, ...]
    probability: float | None
    top: tuple[tuple[str, float], ...]


def said_of(name: str, item: ItemRef, count: int = 5) -> Said | None:
    """What a model said of a public item; ``None`` where its report is about other items.

    Args:
        name: registry name.
        item: which item.
        count: classes or tags in ``top`` at most.
    """
    task = get_model(name).task
    report = load_tagging_report(name) if task.multilabel else load_report(name)
    if report is None or (report.data_set, report.split) != (item.data_set, item.split):
        return None
    if task.multilabel:
        return _tags_of(name, item.id, count)
    found = _by_id(name, stamp(name)).get(item.id)
    if found is None:
        return None
    ranked = sorted(zip(task.classes, found.probabilities, strict=True), key=lambda pair: -pair[1])
    return Said((found.label,), (found.predicted,), found.probability, tuple(ranked[:count]))


def _tags_of(name: str, identifier: str, count: int) -> Said | None:
    found, report = tagged(name), load_tagging_report(name)
    if found is None or report is None or identifier not in found.ids:
        return None
    row = found.ids.index(identifier)
    labels = [tag.label for tag in report.per_tag]
    probabilities = found.probabilities[row]
    true = tuple(label for label, has in zip(labels, found.true[row] & found.known[row], strict=True) if has)
    said = tuple(t.label for t, p in zip(report.per_tag, probabilities, strict=True) if p >= t.threshold)
    ranked = sorted(zip(labels, map(float, probabilities), strict=True), key=lambda pair: -pair[1])
    return Said(true, said, None, tuple(ranked[:count]))
