"""Predict: what is it, and how sure is the model?"""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from apps.lab.region import describe, preview
from apps.lab.snippets import cli_snippet, curl_snippet, python_snippet
from apps.studio import parts, state
from apps.studio.charts import chart
from apps.studio.region_choice import choose_region
from apps.words import assurance_words, tags_headline
from fashionviz.figures.bars import probability_bars
from fashionviz.models.registry import get_model
from fashionviz.results import Prediction
from fashionviz.serialise import prediction_json


def answer(prediction: Prediction, note: str, classes: tuple[str, ...]) -> None:
    """The most probable class, the bars, and the words that belong to the classes; of a tagger its tags by group."""
    if prediction.tags:
        tagged(prediction)
        if note:
            st.caption(note)
        return
    top = prediction.top
    st.metric("Most probable class", top.label, f"{top.probability:.1%} probable", delta_color="off", delta_arrow="off")
    if prediction.assurance:
        sign, lead, more = assurance_words(prediction.assurance)
        st.markdown(f"{sign} **{lead}** {more}")
    chart(probability_bars(prediction, classes), "bars", f"{prediction.model.name}-probabilities")
    parts.why_link(prediction)
    if note:
        st.caption(note)


def tagged(prediction: Prediction) -> None:
    """What is said of the photo, bars by group, and every tag in a table."""
    said = sum(len(group.said) for group in prediction.tags)
    st.subheader(tags_headline(prediction.tags), anchor=False)
    st.caption(
        f"{said} of {len(prediction.scores)} tags are said (✓): those whose probability reaches the line in their "
        "bar, which was chosen for each tag on validation."
    )
    parts.tags(prediction.tags)
    parts.why_link(prediction)
    with st.expander(f"All {len(prediction.scores)} tags"):
        rows = [(group.title, tag) for group in prediction.tags for tag in group.tags]
        share = st.column_config.NumberColumn(format="%.4f")
        st.dataframe(
            pd.DataFrame(
                {
                    "group": [title for title, _ in rows],
                    "tag": [tag.value for _, tag in rows],
                    "probability": [tag.probability for _, tag in rows],
                    "said from": [tag.threshold for _, tag in rows],
                    "said": [tag.said for _, tag in rows],
                }
            ),
            hide_index=True,
            column_config={"probability": share, "said from": share},
        )


def details(prediction: Prediction, name: str, note: str) -> None:
    """Timings, weights, code to repeat it, and the answer as JSON."""
    times = prediction.timings
    st.caption(
        f"Answered in {times.total:.0f} ms: decode {times.decode:.0f}, queue {times.queue:.0f}, "
        f"compute {times.compute:.0f}. Weights `{prediction.model.name}`, SHA-256 `{prediction.model.sha256[:12]}…`"
    )
    if prediction.notes:
        st.caption("The photo was " + ", ".join(prediction.notes) + ".")
    python, shell, curl = st.tabs(["Python", "Command line", "curl"])
    model, box = prediction.model.name, prediction.box
    python.code(python_snippet(name, model, box=box), language="python", wrap_lines=True)
    shell.code(cli_snippet(name, model, box=box), language="bash", wrap_lines=True)
    curl.code(curl_snippet(name, model, box=box), language="bash", wrap_lines=True)
    st.download_button(
        "Download the answer as JSON",
        json.dumps(prediction_json(prediction, name, note), indent=2, ensure_ascii=False),
        file_name="prediction.json",
        mime="application/json",
        on_click="ignore",
        icon=":material/download:",
    )


_TAGS = (
    "Every bar is the probability that the model gives to a tag, each on its own; the line in it is the threshold from "
    "which the tag is said. A tag that is not said may still be true."
)
_CLASSES = (
    "Every bar is the probability that the model gives to a class; together they make 100 %. The model must choose "
    "among its classes even when none fits, so a high bar is no proof."
)

_ITEMS = (
    "It was trained for single garments. For a whole outfit, choose a part of the photo: the answer is about what lies "
    "inside the frame."
)
_OUTFITS = "It was trained on street photos of whole outfits: ask about the whole person."

info = parts.model()
spec = get_model(info.name)
parts.header(
    "Predict",
    "Which of its classes does the model see in the photo, and how sure is it?",
    parts.model_label(info),
    _TAGS if spec.task.multilabel else _CLASSES,
    _OUTFITS if spec.task.data_set == "ccp" else _ITEMS,
    info.note,
)
parts.need_weights(info)
held = parts.need_photo("see what the model makes of it")
choose_region()
choice, box = state.region()
left, right = st.columns([5, 7], gap="large")
outlined = "Your photo with the chosen part outlined"
with left:
    picture = st.empty()
    picture.image(preview(held.photo, box), width="stretch", alt=outlined)
    st.caption(f"Asked about {describe(choice, box)}.")
with right, parts.plainly():
    prediction = state.remember(
        ("predict", info.name, info.sha256, held.digest, box),
        lambda: parts.engine().predict(held.photo, info.name, box=box),
    )
    picture.image(preview(held.photo, box), width="stretch", alt=parts.photo_alt(prediction, outlined))
    answer(prediction, info.note, info.classes)
details(prediction, held.name, info.note)
