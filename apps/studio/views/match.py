"""Find the item: the shop items most like a garment of the photo, and catalogues to search in."""

from __future__ import annotations

from hashlib import sha256

import streamlit as st

from apps.lab.match_snippets import match_cli, match_curl, match_python
from apps.lab.region import WHOLE, describe, preview
from apps.studio import garments, making_catalogue, match_cards, match_words, own_catalogue, parts, state, why
from apps.studio.catalogues import names, opened
from apps.studio.code_tabs import code_tabs
from apps.studio.region_choice import choose_region
from apps.studio.state import Held
from apps.words import category_words
from fashionviz import images
from fashionviz.data.items import named_item
from fashionviz.errors import FashionvizError
from fashionviz.match.catalogue import Catalogue, CatalogueInfo
from fashionviz.match.photo import K, match_item, match_photo
from fashionviz.match.pictures import pictures_of
from fashionviz.match.results import CatalogueItem, MatchedItem, Matches
from fashionviz.match.why import why_not
from fashionviz.match.wiring import EngineDetector, categoriser_for, embedder_for, trained_detectors


def filters(info: CatalogueInfo, narrowing: bool) -> tuple[tuple[str, ...], bool]:
    """Categories to search in, and whether to narrow the search to those that a garment may be of."""
    if not info.categories:
        return (), False
    options = list(info.categories)
    kept = [name for name in st.session_state.get("category", ()) if name in options]
    if "category" in st.session_state and kept != list(st.session_state["category"]):
        st.session_state["category"] = kept  # of another catalogue
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Categories", options, key="category", bind="query-params", placeholder="all", width=420,
            format_func=lambda name: f"{name} ({info.categories[name]:,})",
        )  # fmt: skip
        narrow = narrowing and st.toggle(
            "Only items of its kind", value=True, key="narrow", bind="query-params", disabled=bool(chosen),
            help="Searches the categories of what the detector found; of a part that you chose, the two that a small "
            "network finds most probable (paper 001). What they take for another kind of garment is not found then.",
        )  # fmt: skip
    return tuple(chosen), bool(narrow) and not chosen


def like_this(catalogue: Catalogue, info: CatalogueInfo, identifier: str) -> None:
    """The items most like one of the catalogue."""
    item = catalogue.items([identifier]).get(identifier)
    st.button("Back to the photo", key="back_to_photo", on_click=_like, args=("", ""), icon=":material/undo:")
    if item is None:
        st.warning(f"The catalogue has no item {identifier[:80]!r} any more.")
        return
    picture = pictures_of(catalogue, [identifier]).get(identifier)
    matches = match_item(catalogue, identifier)
    left, right = st.columns([3, 9], gap="large")
    with left:
        match_cards.picture(picture, item)
        st.markdown(f"**{match_cards.plain(item.title or item.id)}**")
        st.caption("  \n".join(match_cards.facts_of(item, 8)))
    with right:
        st.subheader("Most like this item", anchor=False)
        asked = None if why_not(catalogue, parts.engine()) else _as_photo(item, picture)
        match_cards.cards(catalogue, matches, _like, why.ask if asked else None)
    if asked is not None:
        named = item.source is not None and named_item(item.source) is not None  # code can fetch it by that name
        why.panel(catalogue, info, matches, asked, None, shown=named, of=item.title or item.id)


def _as_photo(item: CatalogueItem, picture: bytes | None) -> Held | None:
    """An item's picture in place of the visitor's photo; ``None`` where it is not there."""
    try:
        photo = images.decode(picture) if picture is not None else None
    except FashionvizError:
        return None
    if photo is None:
        return None
    return Held(photo, sha256(photo.pixels.tobytes()).hexdigest()[:16], item.source or item.id)


def _like(catalogue: str, identifier: str) -> None:
    """Remember whose like is looked for; it stands in the address as ``CATALOGUE/ID``."""
    if identifier:
        st.query_params["like"] = f"{catalogue}/{identifier}"
    else:
        st.query_params.pop("like", None)


def by_photo(catalogue: Catalogue, info: CatalogueInfo) -> None:
    """The items most like the photo, or a part of it."""
    engine = parts.engine()
    namer = categoriser_for(engine)
    chosen, narrow = filters(info, namer is not None and bool(set(namer.categories) & set(info.categories)))
    held = parts.need_photo("find the shop items in it")
    detect = bool(trained_detectors()) and st.toggle(
        "Find the garments in the photo", value=True, key="detect", bind="query-params"
    )
    choice, box = WHOLE, None
    if not detect:
        choose_region()
        choice, box = state.region()
    result: Matches = state.remember(
        ("match", info.name, info.generation, info.embedder.sha256, held.digest, box, detect, chosen, narrow),
        lambda: match_photo(
            held.photo,
            catalogue,
            embedder_for(engine, info.embedder.name),
            detector=EngineDetector(engine) if detect else None,
            categoriser=namer,
            boxes=[box] if box else None,
            k=K,
            narrow=narrow,
            category=chosen or None,
        ),
    )
    place = garments.which(result, held) if detect else 0
    garment = None if place is None else result.items[place]
    left, right = st.columns([4, 8], gap="medium")
    with left:
        if detect and place is not None:
            garments.on_photo(result, held, place)
            st.caption("Click a garment, or move with the arrow keys. Searched for: the one with the thick frame.")
        else:
            st.image(preview(held.photo, box), width="stretch", alt="Your photo with the garment outlined")
            if not detect:
                st.caption(f"Searched for: {describe(choice, box)}.")
    if garment is not None:
        region = garments.rounded(garment.box) if detect else box
        with right:
            found(catalogue, garment)
        named = info.name != own_catalogue.NAME
        why.panel(catalogue, info, garment.matches, held, region, shown=named)
    times = result.timings.as_dict()
    finding = f"find {times['detect']:.0f}, " if detect else ""
    st.caption(
        f"Answered in {times['total']:.0f} ms: decode {times['decode']:.0f}, {finding}category "
        f"{times['categorise']:.0f}, embed "
        f"{times['embed']:.0f}, search {times['search']:.1f}. Weights `{result.embedder.name}`, SHA-256 "
        f"`{result.embedder.sha256[:12]}…`"
    )
    if garment is not None and named:
        asked = (held.name, info.name, region, chosen, narrow)
        code_tabs(match_python(*asked), match_cli(*asked), match_curl(*asked))


def found(catalogue: Catalogue, garment: MatchedItem) -> None:
    """A garment's category and its matches."""
    if garment.categories:
        st.caption(category_words(garment))
    if garment.narrowed_to:
        st.caption(f"Searched among {' and '.join(garment.narrowed_to)} only.")
    if garment.matches:
        unexplained = why_not(catalogue, parts.engine())
        match_cards.cards(catalogue, garment.matches, _like, None if unexplained else why.ask)
        if unexplained:
            st.caption(f"Why an item matches cannot be shown: {unexplained}")
    else:
        st.info("The catalogue has no item there. Choose other categories, or add items to it.")


def page() -> None:
    """All of it in a function: globals wait for the garbage collector, and photos must go with their session."""
    own_catalogue.look_after()
    building: str | None = st.session_state.get("building")
    every = names()
    parts.header(
        "Find the item",
        "Which items of a shop are most like the garment in the photo?",
        f"{len(every)} catalogue{'' if len(every) == 1 else 's'} to search in",
        "A network turns every picture into a vector; the items whose vectors point most nearly the same way come "
        "first. Choose the part of the photo that shows one garment: of a whole outfit the answer is about all of it.",
        "“Why this item” marks on both pictures what their similarity rests on. “More like this” searches with an item "
        "of the catalogue in place of the photo.",
    )
    with parts.plainly():
        if building is not None:
            making_catalogue.work(building)
        making_catalogue.said_of_build()
        if not every:
            with st.container(border=True):
                st.markdown("**There is no catalogue on this machine yet.** Try it with drawn articles:")
                making_catalogue.offer_demo()
            making_catalogue.offer_own(True)
            return
        parts.choice_from("catalogue", every)
        named, _, like = st.query_params.get("like", "").partition("/")
        if named in every and "catalogue" not in st.session_state:
            st.session_state["catalogue"] = named  # of the item that a link names
        name = st.selectbox("Catalogue", every, key="catalogue", bind="query-params")
        try:
            catalogue = opened(name)
            info = catalogue.info()
        except FashionvizError as error:
            parts.sentence(error)
            making_catalogue.offer_own(False)
            return
        st.caption(f"{match_words.made_by(info)}. {match_words.how_far(info)}")
        if not info.items:
            st.info("This catalogue is empty. Add photos to it, or choose another.")
            st.code(f"fashionviz catalogue add {info.name} photo.jpg", language="bash")
        elif like and named == name:
            like_this(catalogue, info, like)
        else:
            by_photo(catalogue, info)
        if "demo" not in every:
            making_catalogue.offer_demo()
        making_catalogue.offer_own(False)


page()
