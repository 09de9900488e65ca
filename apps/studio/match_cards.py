"""Matches as cards: picture, how alike, what is known of the item, and a way on from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from apps.match_facts import alike, facts
from apps.studio import items
from apps.studio.item_photos import square
from fashionviz import images
from fashionviz.data.items import named_item
from fashionviz.errors import FashionvizError
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.pictures import pictures_of
from fashionviz.match.results import CatalogueItem, Match

#: Side of a card's picture in pixels, and facts shown on it.
SIDE, FACTS = 136, 3

#: Gets the catalogue's name and an item's id.
Asked = Callable[[str, str], None]


def cards(catalogue: Catalogue, matches: Sequence[Match], more: Asked, why: Asked | None = None) -> None:
    """Matches side by side, most alike first.

    Args:
        catalogue: that they are from.
        matches: to be shown.
        more: called with the catalogue's name and an item's id when somebody asks for others like it.
        why: the same when somebody asks why it is here; nobody can without it.
    """
    pictures = pictures_of(catalogue, [match.item.id for match in matches])
    with st.container(horizontal=True, gap="small"):
        for place, match in enumerate(matches, start=1):
            with st.container(width=SIDE + 8, gap="xsmall", key=f"match_{place}"):
                picture(pictures.get(match.item.id), match.item)
                st.markdown(f"**{place}. {plain(match.item.title or match.item.id)}**")
                st.caption("  \n".join([alike(match), *facts_of(match.item)]))
                if why is not None:
                    st.button(
                        "Why this item",
                        key=f"why_{place}",
                        on_click=why,
                        args=(catalogue.name, match.item.id),
                        type="tertiary",
                        icon=":material/search_insights:",
                    )
                st.button(
                    "More like this",
                    key=f"more_{place}",
                    on_click=more,
                    args=(catalogue.name, match.item.id),
                    type="tertiary",
                )
                ref = named_item(match.item.source) if match.item.source else None
                if ref is not None:
                    st.button(
                        "Ask about it", key=f"ask_{place}", on_click=items.choose, args=(ref,), type="tertiary",
                        help="Makes this item the photo of every page.",
                    )  # fmt: skip


def picture(data: bytes | None, item: CatalogueItem) -> None:
    """An item's picture on a white square, or a few words in its place."""
    try:
        if data is not None:
            pixels = images.decode(data).pixels
            st.image(square(pixels, 2 * SIDE), width=SIDE, alt=item.title or item.id)
            return
    except FashionvizError:
        pass
    with st.container(border=True, height=SIDE, width=SIDE):
        st.caption("Its picture is not on this machine.")


def facts_of(item: CatalogueItem, most: int = FACTS) -> list[str]:
    """Category and a few further columns, within Markdown."""
    return [plain(fact) for fact in facts(item, most)]


def plain(text: str) -> str:
    """Text of a stranger within Markdown."""
    for sign in "\\`*_{}[]()#+-!|<>~$:":
        text = text.replace(sign, f"\\{sign}")
    return text
