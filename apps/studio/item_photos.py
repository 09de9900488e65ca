"""Photos of public test items, where their data set is on this machine: the same for every visitor."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from apps.studio import parts
from fashionviz import images
from fashionviz.data.sets import open_set
from fashionviz.errors import DataError, FashionvizError
from fashionviz.evaluation.report import load_items
from fashionviz.evaluation.tagging_report import load_tagged_items
from fashionviz.explore_results import Source
from fashionviz.models.registry import get_model
from fashionviz.models.weights import model_folder

_MAX_SIDE = 1024


@st.cache_data(show_spinner="Reading the items' pictures…", max_entries=32)
def item_photos(data_set: str, split: str, ids: tuple[str, ...]) -> dict[str, NDArray[np.uint8]]:
    """Pixels of items by id; an item whose picture cannot be read is left out.

    Raises:
        DataError: the data set is not here, or none of the items is in this edition of it.
    """
    data = open_set(data_set, split)
    wanted = set(ids)
    if "id" in data.columns:
        places = {row: str(i) for row, i in enumerate(data.table(["id"]).column("id").to_pylist()) if str(i) in wanted}
    else:
        places = {int(i): i for i in wanted if i.isdecimal() and int(i) < len(data)}
    if not places:
        raise DataError(f"None of these items is in this edition of {data_set}.")
    found = {}
    for row, encoded in data.images(list(places)).items():
        try:
            found[places[row]] = images.decode(encoded, max_side=_MAX_SIDE).pixels
        except FashionvizError:
            continue
    return found


def photos_or_offer(source: Source, ids: tuple[str, ...]) -> dict[str, NDArray[np.uint8]]:
    """Photos of items; where the data set is not here, how to fetch it."""
    try:
        return item_photos(source.data_set, source.split, ids)
    except DataError:
        st.info("The pictures of these items are not on this machine. Whoever runs it can fetch them:")
        st.code(f"fashionviz data fetch {source.data_set}", language="bash")
        return {}


def square(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture centred on a white square, so that a grid stays aligned."""
    picture = Image.fromarray(pixels)
    scale = side / max(picture.size)
    smooth = Image.Resampling.BICUBIC if max(picture.size) > parts.TINY else Image.Resampling.NEAREST
    picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), smooth)
    out = Image.new("RGB", (side, side), "#FFFFFF")
    out.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return np.asarray(out)


@st.cache_data(show_spinner=False, max_entries=8)
def _labels(name: str, stamp: float) -> dict[str, str]:
    """What each item of the committed report is, by id. The stamp is the file's time."""
    task = get_model(name).task
    if not task.multilabel:
        return {item.id: item.label for item in load_items(name)}
    tagged = load_tagged_items(name)
    if tagged is None:
        return {}
    group = task.groups[0]
    names = [label.partition(": ")[2] or label for label in task.classes[group.start : group.stop]]
    rows = tagged.true[:, group.start : group.stop]
    return {i: ", ".join(np.array(names)[row][:3]) for i, row in zip(tagged.ids, rows, strict=True)}


def item_labels(name: str) -> dict[str, str]:
    """What each test item is, by id; of a tagger, its tags of the first group. Empty without a report."""
    path = model_folder(name) / "predictions.parquet"
    return _labels(name, path.stat().st_mtime if path.exists() else 0.0)


def address(source: Source, identifier: str) -> str:
    """How an item stands in an address: ``DATASET:SPLIT:ID``."""
    return f"{source.data_set}:{source.split}:{identifier}"
