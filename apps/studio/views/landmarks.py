"""Landmarks: where are collar, sleeves, waist and hem?"""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from apps.lab.snippets import landmarks_curl
from apps.studio import parts, state
from apps.studio.charts import save_picture
from fashionviz.data.landmarks.annotated import NOTE as ANNOTATED
from fashionviz.data.landmarks.annotated import learned_note
from fashionviz.data.landmarks.kinds import NOTE
from fashionviz.data.own_tasks import OWN_TASKS
from fashionviz.figures.landmarks import heat_picture, landmark_picture, legend
from fashionviz.landmark_results import Landmarks
from fashionviz.models.card import Metric
from fashionviz.results import Box, ModelInfo
from fashionviz.serialise import landmarks_json
from fashionviz.take_home.code import landmarks_cli, landmarks_python


def how_good(info: ModelInfo) -> None:
    """Error and detection rate of the card, split by split."""
    figures = {(m.name, m.data_set, m.split): m for m in map(Metric.model_validate, info.metrics)}
    said = []
    for (name, data_set, split), error in figures.items():
        if name != "landmark_error":
            continue
        rate = figures["landmark_rate", data_set, split]
        said.append(
            f"`{data_set}` {split}: mean error {error.value:.3f} of the garment's size ({error.ci95[0]:.3f} – "
            f"{error.ci95[1]:.3f}), detected {rate.value:.1%} ({rate.ci95[0]:.1%} – {rate.ci95[1]:.1%}), "
            f"n = {rate.n:,} photos"
        )
    if said:
        source = ANNOTATED if info.task in OWN_TASKS else NOTE
        st.caption("; ".join(said) + f". Intervals are 95 %. {source}")


def pictures(result: Landmarks, photo: state.Held) -> None:
    """Dots on the photo beside the heat of one landmark."""
    names = {mark.title: mark for mark in result.found}
    parts.choice_from("landmark", list(names))
    left, right = st.columns(2, gap="large")
    with left:
        dots = landmark_picture(result, photo.photo.pixels)
        there = [name for name, mark in names.items() if mark.present]
        st.subheader("What it finds", anchor=False)
        parts.legend_dots(legend())
        st.image(
            dots, width="stretch", output_format="PNG", alt=f"Your photo with dots at {', '.join(there) or 'no place'}"
        )
        st.caption(
            f"{len(there)} of {len(names)} landmarks are said to be there." if there else "It finds no landmark here."
        )
        save_picture(dots, "dots", "landmarks", f"Landmarks by {result.model.name}", "Picture with dots (PNG)")
    with right:
        st.subheader("Where it looks for one", anchor=False)
        first = next((i for i, mark in enumerate(result.found) if mark.present), 0)
        name = st.selectbox("Landmark", list(names), index=first, key="landmark", bind="query-params")
        parts.legend_magnitude("improbable", "the most probable place")
        st.image(
            parts.shown(heat_picture(result, names[name].name)),
            width="stretch",
            output_format="PNG",
            alt=f"Heat of the {name} over the photo",
        )
        st.caption(
            "Square root of the probability about each place, within about a sixtieth of the side, over the photo "
            "as the model received it."
        )


def table(result: Landmarks) -> None:
    """Every landmark with its place."""
    share = st.column_config.NumberColumn(format="%.3f")
    place = st.column_config.NumberColumn(format="%.0f")
    st.dataframe(
        pd.DataFrame(
            {
                "landmark": [mark.title for mark in result.found],
                "there?": [mark.present for mark in result.found],
                "probability": [mark.probability for mark in result.found],
                "x, px": [mark.x if mark.present else None for mark in result.found],
                "y, px": [mark.y if mark.present else None for mark in result.found],
            }
        ),
        hide_index=True,
        column_config={"probability": share, "x, px": place, "y, px": place},
    )


def code(file: str, model: str, box: Box | None) -> None:
    """The same call to copy."""
    python, shell, curl = st.tabs(["Python", "Command line", "curl"])
    python.code(landmarks_python(file, model, box), language="python", wrap_lines=True)
    shell.code(landmarks_cli(file, model, box), language="bash", wrap_lines=True)
    curl.code(landmarks_curl(file, model, box), language="bash", wrap_lines=True)


chosen = parts.model()
with parts.plainly():
    info = parts.engine().model(parts.engine().landmark_finder(chosen.name))
parts.header(
    "Landmarks",
    "Where are collar, sleeves, waist and hem of the garment, and which of them does the photo show?",
    parts.model_label(info),
    "A dot stands where the network finds a landmark that it says is there, from a probability of 50 % on. It names "
    "eight: four parts, each left and right in the picture. The heat shows all places that it takes into account for "
    "one of them.",
    "It was trained for single garments on catalogue photos. For a whole outfit, choose a part of the photo on the "
    "Predict page.",
    learned_note(info.task),
)
parts.need_weights(info)
if info.name != chosen.name:
    st.caption(f"`{chosen.name}` finds no landmarks; `{info.name}` does.")
how_good(info)
held = parts.need_photo("see where its parts are")
with parts.plainly():
    box = parts.region_box()
    result = state.remember(
        ("landmarks", info.name, info.sha256, held.digest, box),
        lambda: parts.engine().landmarks(held.photo, info.name, box=box),
    )
pictures(result, held)
table(result)
layers = state.remember(("layers", info.name, info.sha256), lambda: parts.engine().layers(info.name))
if gate := next((layer.name for layer in layers if layer.name == "gate.1"), None):
    st.page_link(
        "views/activations.py",
        label="Watch the gate that the landmarks are found by, and that the garment is seen through",
        icon=":material/layers:",
        query_params={"model": info.name, "layer": gate},
    )
code(held.name, info.name, box)
st.download_button(
    "Download the landmarks as JSON",
    json.dumps(landmarks_json(result, held.name), indent=2, ensure_ascii=False),
    file_name="landmarks.json",
    mime="application/json",
    on_click="ignore",
    icon=":material/download:",
)
