"""A public item or a drawing as the session's photo: ``?item=DATASET:SPLIT:ID`` on any page.

A drawn garment is named ``drawn:MODEL:CLASS:TRUNCATION:POINT`` and drawn again wherever the link is opened. Either
stands before the visitor's own photo, which is kept and comes back when it is put away. A photo that he brings in takes
its place. The parameter belongs to a field of the sidebar, so that it goes along from page to
page and the browser's back button undoes it.
"""

from __future__ import annotations

import streamlit as st

from apps.studio import committed, links, parts, state
from apps.studio.state import Held
from fashionviz.data.items import ItemRef, item_photo, parse_item
from fashionviz.data.publishers import PUBLICATIONS
from fashionviz.errors import DataError, FashionvizError
from fashionviz.generate.named import DrawnRef, drawn_photo, is_drawn, parse_drawn
from fashionviz.models.registry import get_model

KEY = state.ITEM


def bring() -> None:
    """The field with the item's name; its photo becomes the session's. Stands in the sidebar before the photo."""
    name = st.text_input(
        "Test item or drawing as the photo",
        key=KEY,
        bind="query-params",
        placeholder="fpi:test:26960",
        max_chars=700,
        help="Data set, split and id of a public photo, or drawn:MODEL:CLASS:TRUNCATION:POINT. It stands in the "
        "address, so that a link shows the same photo.",
    ).strip()
    held: Held | None = st.session_state.get("item_held")
    if held is not None and held.name == name:
        return
    for key in ("item_held", "item_problem"):
        st.session_state.pop(key, None)
    if not name:
        return
    try:
        photo = drawn_photo(parse_drawn(name), parts.engine()) if is_drawn(name) else item_photo(parse_item(name))
    except FashionvizError as error:
        st.session_state["item_problem"] = error
        return
    st.session_state["item_held"] = Held(photo, state.digest_of(photo.pixels), name)


def shown() -> ItemRef | None:
    """The item whose photo is the session's now."""
    held: Held | None = st.session_state.get("item_held")
    return parse_item(held.name) if held is not None and not is_drawn(held.name) else None


def drawn() -> DrawnRef | None:
    """The drawing that is the session's photo now."""
    held: Held | None = st.session_state.get("item_held")
    return parse_drawn(held.name) if held is not None and is_drawn(held.name) else None


def choose_name(name: str) -> None:
    """Take the item or drawing of this name as the photo; for callbacks, before the page's widgets are drawn."""
    st.session_state[KEY] = name


def choose(item: ItemRef) -> None:
    """Take this item as the photo; for callbacks, before the page's widgets are drawn."""
    choose_name(str(item))


def put_away() -> None:
    """Back to the visitor's own photo, or to none; for callbacks."""
    st.session_state[KEY] = ""


def way_back() -> str:
    """What putting the item away does, in words."""
    if st.session_state.get("held") is not None:
        return "Back to my photo"
    return "Put the drawing away" if drawn() is not None else "Put the item away"


def words(name: str, item: ItemRef) -> str:
    """True label and what a model said, in Markdown.

    Args:
        name: registry name of the model.
        item: which item.
    """
    said = committed.said_of(name, item)
    if said is None:
        return f"`{name}` has no committed answer about it: its report is about other items."
    true, answer = (", ".join(labels) or "nothing" for labels in (said.true, said.said))
    if get_model(name).task.multilabel:
        return f"True: {true}. `{name}` said: {answer}."
    right = "and so it is" if said.true == said.said else f"but it is **{true}**"
    return f"`{name}` said **{answer}** ({said.probability:.1%}), {right}."


def banner(name: str) -> None:
    """On a page about a photo: which item it is, what is true, what the model said, and the ways back.

    Args:
        name: registry name of the model.
    """
    item, drawing = shown(), drawn()
    if drawing is not None:
        st.caption(f"The photo is no photo: it is {drawing.words}.")
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            drawing_link(drawing)
            st.button(way_back(), key="put_away", on_click=put_away, type="tertiary", icon=":material/undo:")
        return
    if item is None:
        problem()
        return
    st.caption(f"The photo is item **{item.id}** of the {item.split} split of `{item.data_set}`. {words(name, item)}")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        cell_link(name, item)
        st.button(way_back(), key="put_away", on_click=put_away, type="tertiary", icon=":material/undo:")


def drawing_link(drawing: DrawnRef, label: str = "Draw") -> None:
    """A link to the page that draws, with this drawing picked."""
    truncation = {} if drawing.truncation is None else {"truncation": f"{drawing.truncation:g}"}
    asked = {"class": drawing.label} if drawing.label else {}
    links.link("draw", label, gen=drawing.model, picks=drawing.point, **asked, **truncation)


def cell_link(name: str, item: ItemRef) -> None:
    """A link to the item's place among the model's errors."""
    said = committed.said_of(name, item)
    if said is None:
        return
    if get_model(name).task.multilabel:
        links.link("tags", "Tags", item=str(item))
        return
    links.link("confusion", "Its cell in the confusion matrix", true=said.true[0], predicted=said.said[0])


def problem() -> None:
    """Why the item of the address cannot be shown, and what to do."""
    error: FashionvizError | None = st.session_state.get("item_problem")
    if error is None:
        return
    if not isinstance(error, DataError) or is_drawn(st.session_state[KEY]):
        st.warning(str(error))
        return
    item = parse_item(st.session_state[KEY])
    st.warning(f"The item {item} cannot be shown: {error}")
    if PUBLICATIONS.get(item.data_set) and "fashionviz data fetch" in str(error):
        st.code(f"fashionviz data fetch {item.data_set}", language="bash")
