"""Links from page to page that keep the session: the address carries the model, the item and the page's own choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

#: Choices of the sidebar. Streamlit carries them along by itself, whatever page comes next.
SHARED = ("model", "item")


def register(pages: Mapping[str, object], current: str, models: Sequence[str]) -> None:
    """Say which pages there are, and let the address of a newly opened page choose the model and the item.

    Streamlit lets a widget that stood on the page before win over the address of the next one; a link to another model
    would be lost.

    Args:
        pages: Streamlit's pages by their address.
        current: address of the page that runs.
        models: registry names.
    """
    st.session_state["pages"] = dict(pages)
    if st.session_state.get("page") == current:
        return
    st.session_state["page"] = current
    for key in SHARED:
        # Behind a link's own choice stands that of the page before, where it was in the address.
        wanted = next(iter(st.query_params.get_all(key)), None)
        if wanted is None or st.session_state.get(key) in (None, wanted) or (key == "model" and wanted not in models):
            continue
        st.session_state[key] = wanted


def listed(address: str) -> bool:
    """Whether there is a page of this address."""
    return address in st.session_state.get("pages", {})


def link(address: str, label: str, icon: str | None = None, **choices: str) -> bool:
    """A link to a page, if there is one of that address.

    Args:
        address: the page's, for example ``explain``.
        label: what the link says.
        icon: a Material symbol; that of the page if ``None``.
        choices: what the address carries; the session's own model and item are carried in any case.

    Returns:
        Whether there is such a page.
    """
    if not listed(address):
        return False
    query = {key: v for key, v in choices.items() if key not in SHARED or v != st.session_state.get(key)}
    st.page_link(st.session_state["pages"][address], label=label, icon=icon, query_params=query)
    return True
