"""Guided backprop and its kin: which pixels spoke for a class?"""

from __future__ import annotations

import io

import numpy as np
import streamlit as st

from apps.lab.snippets import explain_curl
from apps.studio import parts, trust_view
from apps.studio.answered import answered
from apps.studio.charts import save_picture
from apps.studio.code_tabs import code_tabs
from apps.studio.state import Held
from apps.words import INSENSITIVE, caution_markdown
from fashionviz.explain.methods import get_method
from fashionviz.figures.pictures import (
    attribution_colour,
    attribution_grey,
    attribution_overlay,
    attribution_signed,
    enlarge,
    view_photo,
)
from fashionviz.results import Attribution, Box
from fashionviz.take_home.code import explain_cli, explain_python

MOST_PROBABLE = "the most probable class"
_SIDE = 640


def choose() -> tuple[str, str | None]:
    """Method and class; both travel in the address."""
    methods = list(info.methods)
    parts.choice_from("method", methods)
    parts.choice_from("target", [MOST_PROBABLE, *info.classes])
    left, right = st.columns(2)
    first = methods.index("guided-backprop") if "guided-backprop" in methods else 0
    method = left.selectbox("Method", methods, index=first, key="method", bind="query-params")
    target = right.selectbox("Class to explain", [MOST_PROBABLE, *info.classes], key="target", bind="query-params")
    st.caption(get_method(method).explanation)
    return method, None if target == MOST_PROBABLE else target


def explain(held: Held, method: str, target: str | None, box: Box | None) -> Attribution:
    """The attribution, from this session or from a job in the background; ends the page while that runs."""
    key = ("explain", info.name, info.sha256, held.digest, box, method, target)
    engine = parts.engine()
    found = answered(
        key,
        lambda on_progress, cancel: engine.explain(
            held.photo, info.name, method, target=target, box=box, on_progress=on_progress, cancel=cancel
        ),
        f"{get_method(method).title} is running",
    )
    if found is None:
        st.stop()
    return found


def show(result: Attribution) -> None:
    """Photo, colours, signed sum and overlay side by side, with what the colours mean."""
    by_value = (
        ("Attribution around mid-grey: this model sees no colour", attribution_grey(result))
        if parts.grey(info)
        else ("Attribution by colour channel, grey is zero", attribution_colour(result))
    )
    photo = view_photo(result.view)
    pictures = (
        (f"The photo as the model received it, {photo.shape[1]}×{photo.shape[0]} px", photo),
        by_value,
        ("Sum over the channels, signed", attribution_signed(result)),
        ("Its magnitude over the photo", attribution_overlay(result)),
    )
    st.markdown(f"What spoke for **{result.target}**, to which the model gives {result.probability:.1%}:")
    about = f"{get_method(result.method).title} of {info.name} for {result.target} ({result.probability:.1%})"
    columns = st.container(key="four").columns(4)
    for column, (caption, picture) in zip(columns, pictures, strict=True):
        with column:
            st.image(
                parts.shown(picture, _SIDE), width="stretch", caption=caption, alt=f"{caption}. {about}",
                output_format="PNG",
            )  # fmt: skip
    left, right = st.columns(2)
    with left:
        parts.legend_signed("against the class", "for the class")
    with right:
        parts.legend_magnitude("no influence", "most influence")


def trusted(held: Held, method: str, target: str | None, box: Box | None) -> None:
    """How far the map can be trusted, where that is asked for: it takes many passes."""
    if not st.toggle("Can I trust this map? Find out", key="check", bind="query-params"):
        return
    engine = parts.engine()
    with parts.plainly():
        found = answered(
            ("trust", info.name, info.sha256, held.digest, box, method, target),
            lambda on_progress, cancel: engine.trust(
                held.photo, info.name, method, target=target, box=box, on_progress=on_progress, cancel=cancel
            ),
            "Finding out how far the map can be trusted",
        )
    if found is not None:
        trust_view.verdict(found)


def details(result: Attribution) -> None:
    """Time taken, weights, downloads."""
    times = result.timings
    if result.completeness_error is not None:
        st.caption(f"{result.steps} steps; the values miss the change of the logit by {result.completeness_error:.2%}.")
    st.caption(
        f"{get_method(result.method).title} took {times.total / 1000:.2f} s (waiting {times.queue:.0f} ms, computing "
        f"{times.compute:.0f} ms). Weights `{result.model.name}`, SHA-256 `{result.model.sha256[:12]}…`. Full colour "
        "is the 99th percentile of the magnitude."
    )
    raw = io.BytesIO()
    np.save(raw, result.values)
    stem = f"{result.model.name}-{result.method}"
    title = f"{get_method(result.method).title} of {result.model.name} for {result.question}"
    save_picture(enlarge(attribution_signed(result), _SIDE), "map", stem, title)
    st.download_button(
        "Raw attribution (NPY, float32)",
        raw.getvalue(),
        file_name=f"{stem}.npy",
        mime="application/octet-stream",
        on_click="ignore",
        icon=":material/download:",
    )


info = parts.model()
parts.header(
    "Guided backprop",
    "Which pixels of the photo spoke for a class?",
    parts.model_label(info),
    "Guided backprop walks back from a class to the pixels and lets only positive evidence through at each ReLU. What "
    "stands out are edges and textures that raised the class's score.",
    "In the signed picture blue pixels spoke for the class, red ones against it, white ones said nothing. The other "
    "methods answer the same question in other ways; where they agree, there is more reason to believe them.",
)
parts.need_weights(info)
held = parts.need_photo("see which pixels spoke for a class")
with parts.plainly():
    box = parts.region_box()
    method, target = choose()
    if method in INSENSITIVE:
        st.warning(caution_markdown(), icon=":material/warning:")
    result = explain(held, method, target, box)
show(result)
trusted(held, method, target, box)
details(result)
query = {"model": info.name} | ({"target": target} if target else {})
st.page_link("views/explain.py", label="Every method side by side", icon=":material/dashboard:", query_params=query)
asked = (held.name, info.name, method, target, box)
code_tabs(explain_python(*asked), explain_cli(*asked), explain_curl(*asked))
