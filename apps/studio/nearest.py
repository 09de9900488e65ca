"""Real items that are most like a drawing: whether it copies one, anybody can see."""

from __future__ import annotations

import streamlit as st

from apps.studio import item_photos, items, parts, state
from apps.studio.answered import answered
from fashionviz.data.items import ItemRef
from fashionviz.drawing_results import Drawing
from fashionviz.explore_results import Source
from fashionviz.generate.nearest import DATA_SET, SPLIT
from fashionviz.inference.explanations import ticker
from fashionviz.match.drawn import NearestReal, nearest_to

COUNT, WANTED, _SIDE = 6, "nearest", 96


def nearest_real(drawn: Drawing) -> None:
    """The nearest training items as thumbnails, each a photo that can be looked into; asked for by a switch."""
    wanted = st.toggle(
        "Nearest real items", key=WANTED, bind="query-params",
        help="Among the photos that the generators learned from.",
    )  # fmt: skip
    if not wanted:
        return
    engine = parts.engine()
    answer: NearestReal | None = answered(
        ("nearest", state.digest_of(drawn.pixels)),
        lambda on_progress, cancel: nearest_to(engine, drawn.pixels, COUNT, tick=ticker(on_progress, cancel)),
        "Comparing with every photo that generators learned from",
        step="photo",
    )
    if answer is None:
        return
    found = answer.items
    ids = tuple(item.id for item in found)
    photos = item_photos.photos_or_offer(Source(DATA_SET, SPLIT, len(ids)), ids)
    with st.container(horizontal=True, gap="small"):
        for item in found:
            if item.id not in photos:
                continue
            with st.container(width=_SIDE, gap="xsmall", key=f"nearest_{item.id}"):
                st.image(item_photos.square(photos[item.id], 2 * _SIDE), width=_SIDE, output_format="PNG",
                         alt=f"Training item {item.id}, cosine {item.cosine:.3f}")  # fmt: skip
                st.button(
                    item.id, key=f"use_{item.id}", on_click=items.choose, args=(ItemRef(DATA_SET, SPLIT, item.id),),
                    help=f"Cosine {item.cosine:.3f}. Make it the photo of every page.", width="stretch",
                )  # fmt: skip
    st.caption(
        f"Most alike first, by the cosine of the vectors of `{answer.by}`: "
        + ", ".join(f"{item.id} {item.cosine:.3f}" for item in found)
        + "."
    )
