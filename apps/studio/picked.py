"""One drawn garment looked at closely: what models say of it, where they look, real items like it, its code."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from apps.lab.snippets import DEFAULT_URL
from apps.studio import drawing, drawing_files, items, links, parts, state
from apps.studio.charts import chart
from apps.studio.code_tabs import code_tabs
from apps.studio.nearest import nearest_real
from fashionviz import images
from fashionviz.drawing_results import Drawing, GeneratorInfo, Walk
from fashionviz.figures.bars import probability_bars
from fashionviz.figures.pictures import attribution_colour, attribution_grey, attribution_signed
from fashionviz.generate.code import (
    generate_cli,
    generate_curl,
    generate_python,
    walk_cli,
    walk_curl,
    walk_python,
)
from fashionviz.generate.files import file_names
from fashionviz.generate.named import DrawnRef
from fashionviz.images import encode_png
from fashionviz.results import Attribution, Prediction

_SIDE = 448
GUIDED = "guided-backprop"


def closely(
    info: GeneratorInfo,
    drawn: Drawing,
    truncation: float | None,
    *,
    like: Callable[[], None],
    walk: Callable[[], None],
) -> None:
    """Everything about one drawing.

    Args:
        info: what drew it.
        drawn: the drawing.
        truncation: with which it was drawn.
        like, walk: show drawings like it, or a walk from it; run before the page runs again.
    """
    name = str(DrawnRef(info.name, drawn.label, truncation, drawn.point))
    st.subheader(f"Looked at closely: {drawing.drawing_words(drawn)}", anchor=False)
    left, right = st.columns([5, 7], gap="large")
    with left:
        st.image(
            parts.shown(drawn.pixels, _SIDE), width="stretch", output_format="PNG",
            alt=f"Drawn by {info.name}: {drawing.drawing_words(drawn)}",
        )  # fmt: skip
        with st.container(horizontal=True, gap="small"):
            st.button("More like this", key="like", on_click=like, type="primary", icon=":material/auto_awesome:")
            st.button("Walk from here", key="walk", on_click=walk, icon=":material/route:")
        st.button(
            "Use it as the photo of every page",
            key="as_photo",
            on_click=items.choose_name,
            args=(name,),
            icon=":material/add_photo_alternate:",
            help="Predict, attributions, layers and all other pages then look at this drawing. Your own photo is kept.",
        )
        drawing_files.save("PNG", encode_png(drawn.pixels), file_names([drawn])[0], "image/png", "save_one")
        label = {drawing.LABEL: drawn.label} if info.classes and drawn.label else {}
        links.link("generator", "How it forms, layer by layer", gen=info.name, point=drawn.point, **label)
    with right:
        said(drawn)
    nearest_real(drawn)
    st.markdown("**The code that draws it**")
    asked = (info.name, [drawn.point], drawn.label if info.classes else None, truncation)
    code_tabs(generate_python(*asked), generate_cli(*asked), generate_curl(DEFAULT_URL, *asked))


def said(drawn: Drawing) -> None:
    """What the model of the sidebar says of the drawing, as bars, and guided backprop of it."""
    model = parts.model()
    st.markdown(f"**What `{model.name}` says of it** (choose another model in the sidebar)")
    if not model.trained:
        st.caption(f"{model.name} is not trained yet, so it does not guess.")
        return
    photo = images.from_pixels(drawn.pixels)
    digest = state.digest_of(photo.pixels)
    # Catalogue photos are three to four; the rest of a square is the white that they were laid on in training.
    box = (photo.width / 8, 0.0, photo.width * 7 / 8, float(photo.height))
    with parts.plainly():
        prediction: Prediction = state.remember(
            ("predict", model.name, model.sha256, digest, box),
            lambda: parts.engine().predict(photo, model.name, box=box),
        )
        result: Attribution | None = None
        if GUIDED in model.methods:
            result = state.remember(
                ("explain", model.name, model.sha256, digest, box, GUIDED, None),
                lambda: parts.engine().explain(photo, model.name, GUIDED, box=box),
            )
    if prediction.tags:
        parts.top_tags(prediction, 8)
    elif len(prediction.scores) <= 12:
        chart(probability_bars(prediction, model.classes), "bars", f"{model.name}-of-a-drawing")
    else:
        parts.top_classes(prediction.scores[:8], model.classes)
    if drawn.label in model.classes and prediction.scores:
        agrees = prediction.top.label == drawn.label
        st.caption(f"Asked for {drawn.label}: the model {'agrees' if agrees else 'sees ' + prediction.top.label}.")
    if result is not None:
        colour = attribution_grey(result) if parts.grey(model) else attribution_colour(result)
        one, two = st.container(key="pair_guided").columns(2)
        one.image(parts.shown(colour, 256), width="stretch", output_format="PNG",
                  alt=f"Guided backprop for {result.target}", caption="Guided backprop")  # fmt: skip
        two.image(parts.shown(attribution_signed(result), 256), width="stretch", output_format="PNG",
                  alt="Its sum over the channels", caption="Its sum: blue speaks for it")  # fmt: skip
        st.caption(
            f"What spoke for **{result.target}** ({result.probability:.1%}). Asked about the middle three quarters of "
            "the width, where the garments of the catalogue lie."
        )


def walk_code(walk: Walk) -> None:
    """The walk from pick to pick, in code."""
    asked = (walk.model.name, walk.keys, walk.labels, walk.steps, walk.truncation)
    with st.expander("The walk in code"):
        if not walk.loop:
            st.caption("These go back to the first; add loop=False or --no-loop.")
        code_tabs(walk_python(*asked), walk_cli(*asked), walk_curl(DEFAULT_URL, *asked))
