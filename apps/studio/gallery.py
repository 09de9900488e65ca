"""Items of public sets as thumbnails, each with a button that makes it the session's photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from apps.studio import items
from fashionviz import images
from fashionviz.data.items import ItemRef, item_bytes
from fashionviz.errors import DataError, FashionvizError

#: Items on one page, and a thumbnail's side in pixels.
PAGE = 24
SIDE = 96


@dataclass(frozen=True)
class Entry:
    """An item of a gallery: its id, a few words for its button, and what its picture shows."""

    id: str
    words: str
    alt: str


def one_page(count: int, key: str) -> slice:
    """The part of a long list that is shown, with a field for its page where there are several.

    Args:
        count: entries of the whole list.
        key: of the field, and in the address.
    """
    pages = max(1, -(-count // PAGE))
    if st.session_state.get(key, 1) > pages:
        del st.session_state[key]
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page, 1 to {pages}", 1, pages, key=key, width=160, bind="query-params"))
    return slice((page - 1) * PAGE, page * PAGE)


def gallery(data_set: str, split: str, entries: Sequence[Entry], key: str) -> None:
    """Thumbnails with a button each, or how to fetch the pictures.

    Args:
        data_set, split: where the items are from.
        entries: what to show, in order.
        key: a prefix for the buttons' keys.
    """
    if not entries:
        return
    try:
        found = _squares(data_set, split, tuple(entry.id for entry in entries))
    except DataError:
        st.info("The pictures of these items are not on this machine. Whoever runs it can fetch them:")
        st.code(f"fashionviz data fetch {data_set}", language="bash")
        return
    with st.container(horizontal=True, gap="small"):
        for entry in entries:
            if entry.id not in found:
                continue
            with st.container(width=SIDE, gap="xsmall"):
                st.image(found[entry.id], width=SIDE, alt=entry.alt)
                st.button(
                    entry.words,
                    key=f"{key}_{entry.id}",
                    on_click=items.choose,
                    args=(ItemRef(data_set, split, entry.id),),
                    width="stretch",
                    help=f"{entry.alt}. Look into this item.",
                )


@st.cache_data(show_spinner="Reading the items' pictures…", max_entries=32)
def _squares(data_set: str, split: str, ids: tuple[str, ...]) -> dict[str, NDArray[np.uint8]]:
    """Pictures of a public data set on white squares of one size, so that the grid stays aligned."""
    found = item_bytes(data_set, split, ids)
    if not found:
        raise DataError(f"None of these items is in this edition of {data_set}.")
    squares = {}
    for identifier, data in found.items():
        try:
            picture = Image.fromarray(images.decode(data, max_side=512).pixels)
        except FashionvizError:
            continue  # an unreadable picture is left out of the grid; its row stays in the table
        scale = 2 * SIDE / max(picture.size)
        picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
        square = Image.new("RGB", (2 * SIDE, 2 * SIDE), "#FFFFFF")
        square.paste(picture, ((square.width - picture.width) // 2, (square.height - picture.height) // 2))
        squares[identifier] = np.asarray(square)
    return squares
