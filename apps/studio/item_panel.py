"""One item of a report: its picture, what is true, what the model said, and the ways into the model."""

from __future__ import annotations

import streamlit as st

from apps.studio import committed, items, links, parts, state
from apps.studio.error_snippets import item_python
from fashionviz.data.items import ItemRef
from fashionviz.models.registry import get_model
from fashionviz.results import ClassScore


def panel(name: str, data_set: str, split: str, back: str = "Back to the list", others: tuple[str, ...] = ()) -> bool:
    """The session's item, where it belongs to this split; whether it does.

    Args:
        name: registry name of the model that is asked about it.
        data_set, split: of the page's report.
        back: what the button says that puts the item away.
        others: models whose answers and links stand below.
    """
    item, held = items.shown(), state.held()
    if item is None or held is None or (item.data_set, item.split) != (data_set, split):
        return False
    said = committed.said_of(name, item)
    if said is None:
        return False
    task = get_model(name).task
    with st.container(border=True, key="item_panel"):
        if task.multilabel:
            st.subheader(f"Item {item.id}", anchor=False)
        else:
            st.subheader(f"Item {item.id}: true {said.true[0]}, predicted {said.said[0]}", anchor=False)
        left, right = st.columns([4, 7], gap="medium")
        with left:
            st.image(held.photo.pixels, width=260, alt=f"Item {item.id}: true {', '.join(said.true)}")
        with right:
            st.markdown(items.words(name, item))
            if task.multilabel:
                st.caption("Most probable: " + ", ".join(f"{label} {p:.0%}" for label, p in said.top))
            else:
                parts.top_classes([ClassScore(label, p, 0.0) for label, p in said.top], task.classes)
            st.caption(
                f"Committed answers on the {split} split of `{data_set}`. The item is now the photo of all pages."
            )
        ways(name, item, said)
        for other in others:
            answer = committed.said_of(other, item)
            if answer is not None:
                st.markdown(items.words(other, item))
                ways(other, item, answer)
        st.button(back, key="panel_back", on_click=items.put_away, icon=":material/arrow_back:")
        st.code(item_python(name, item, said.said[0] if said.said else None), language="python", wrap_lines=True)
    return True


def runner_up(said: committed.Said) -> str | None:
    """The most probable of the classes that were not said."""
    return next((label for label, _ in said.top if label not in said.said), None)


def ways(name: str, item: ItemRef, said: committed.Said) -> None:
    """Links to the pages that look into the model with this item as the photo."""
    model = {"model": name, "item": str(item)}
    with st.container(horizontal=True, gap="small"):
        if said.said:
            answer = said.said[0]
            links.link("explain", "Where the model looked", target=answer, **model)
            other = next(iter(said.true), None) if answer not in said.true else runner_up(said)
            if other is not None:
                links.link("explain", f"Why {answer} and not {other}?", target=answer, against=other, **model)
            links.link("guided-backprop", "Guided backprop", target=answer, **model)
        links.link("layers", "Layers", **model)
        links.link("predict", "Predict", **model)
