"""What stands beside every page: the model, the photo, the way to the other front ends."""

from __future__ import annotations

import streamlit as st

from apps.studio import intake, items, parts, state
from fashionviz.data.items import ItemRef
from fashionviz.generate.named import DrawnRef
from fashionviz.inference.engine import Engine


def model_choice(engine: Engine, *, inside: bool) -> None:
    """Choose a model; the name travels in the address as ``?model=``.

    Args:
        engine: the shared engine.
        inside: the page looks into networks, and so into those, too, that name nothing: offer every model.
    """
    every = engine.models()
    infos = [info for info in every if inside or info.names]
    names = [info.name for info in infos]
    before = st.session_state.get("model") or st.query_params.get("model")
    parts.choice_from("model", names)
    if before in {info.name for info in every} - set(names):
        st.query_params.pop("model", None)
        st.caption(f"`{before}` names no classes, so another model answers here.")
    first = next((i for i, info in enumerate(infos) if info.default and info.trained), 0)
    name = st.selectbox("Model", names, index=first, key="model", bind="query-params")
    info = engine.model(name)
    st.caption(f"{info.title}" + ("" if info.trained else " · **not trained yet**"))


def photo(wanted_on_page: bool) -> None:
    """The session's photo with ways to change it.

    Args:
        wanted_on_page: the page asks for a photo itself when there is none, so the sidebar need not.
    """
    held, item, drawing = state.held(), items.shown(), items.drawn()
    if held is not None:
        st.markdown("**Photo: a drawing**" if drawing else "**Photo**" if item is None else "**Photo: a test item**")
        with st.container(key="sidebar_photo"):
            st.image(held.photo.pixels, width=120, alt=_alt(item, drawing))
        name = held.name if drawing is None else drawing.words.capitalize()
        st.caption(f"{name if drawing else _shortened(name)} · {held.photo.width}×{held.photo.height} px")
        if item is not None:
            st.caption(items.words(st.session_state["model"], item))
        if item is not None or drawing is not None:
            st.button(items.way_back(), key="put_away_beside", on_click=items.put_away)
        with st.expander("Change photo"):
            intake.chooser("sidebar")
        if item is None and drawing is None:
            st.button("Remove photo", key="forget", on_click=state.forget)
        st.page_link("views/report.py", label="Take it home", icon=":material/lab_profile:")
    elif not wanted_on_page:
        if state.problem():
            st.error(state.problem())
        with st.expander("Add a photo"):
            intake.chooser("sidebar")


def links() -> None:
    """To the portal and the lab, in the same tab."""
    st.html(
        '<nav aria-label="Other front ends" class="fv-links">'
        '<a href="/" target="_self">Portal</a> · <a href="/lab" target="_self">Lab</a> · '
        '<a href="/api/v1/docs" target="_self">API</a></nav>'
    )


def _alt(item: ItemRef | None, drawing: DrawnRef | None) -> str:
    if drawing is not None:
        return f"A garment {drawing.words}"
    return "Your photo" if item is None else f"Item {item}"


def _shortened(name: str, longest: int = 28) -> str:
    return name if len(name) <= longest else f"{name[: longest - 9]}…{name[-8:]}"
