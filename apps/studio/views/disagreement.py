"""Disagreement: all models on one photo, the one that stands farthest from the others first."""

from __future__ import annotations

import json
from html import escape

import pandas as pd
import streamlit as st

from apps.lab.snippets import disagreement_curl
from apps.studio import parts
from apps.studio.answered import answered
from apps.studio.charts import chart
from apps.studio.code_tabs import code_tabs
from apps.studio.state import Held
from fashionviz.disagreement_results import Disagreement
from fashionviz.figures.disagreement import disagreement_figure
from fashionviz.inference.disagreement import disagree
from fashionviz.results import Box
from fashionviz.serialise import disagreement_json
from fashionviz.take_home.code import disagreement_cli, disagreement_python


def ask(held: Held, box: Box | None, models: tuple[str, ...]) -> Disagreement:
    """Every chosen model's answer, from this session or from a job; ends the page while that runs."""
    key = ("disagree", held.digest, box, *((i.name, i.sha256) for i in trained if i.name in models))
    engine = parts.engine()
    found = answered(
        key,
        lambda on_progress, cancel: disagree(
            engine, held.photo, models, box=box, on_progress=on_progress, cancel=cancel
        ),
        "Asking one model after the other",
        step="model",
        stopped="Stopped before all models had answered.",
    )
    if found is None:
        st.stop()
    return found


def opinions(result: Disagreement) -> None:
    """A row a model, the one farthest from the others first."""
    share = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        pd.DataFrame(
            {
                "model": [o.model.name for o in result.opinions],
                "says": [o.label for o in result.opinions],
                "probability": [o.probability for o in result.opinions],
                "mean bits from the others": [o.mean for o in result.opinions],
                "compared with": [o.compared for o in result.opinions],
            }
        ),
        hide_index=True,
        column_config={"probability": share, "mean bits from the others": share},
    )


def tasks(result: Disagreement) -> None:
    """What models of one task say, all together."""
    for task in result.tasks:
        said = "; ".join(f"**{label}**: {', '.join(f'`{name}`' for name in names)}" for label, names in task.says)
        st.markdown(f"{task.title}, {task.bits:.3f} of at most {task.most:.2f} bits. {said}.")


def pairs(result: Disagreement) -> None:
    """Every two models, those farthest apart first."""
    ordered = sorted(result.pairs, key=lambda pair: (pair.bits is None, -(pair.bits or 0.0)))
    share = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        pd.DataFrame(
            {
                "model": [p.first for p in ordered],
                "other": [p.second for p in ordered],
                "bits": [p.bits for p in ordered],
                "compared in": [p.words for p in ordered],
                "model says": [p.first_says[0] if p.first_says else None for p in ordered],
                "share": [p.first_says[1] if p.first_says else None for p in ordered],
                "other says": [p.second_says[0] if p.second_says else None for p in ordered],
                "share of the other": [p.second_says[1] if p.second_says else None for p in ordered],
                "compared share": [p.coverage for p in ordered],
                "why not": [p.reason for p in ordered],
            }
        ),
        hide_index=True,
        column_config=dict.fromkeys(("bits", "share", "share of the other", "compared share"), share),
    )


chosen = parts.model()
trained = [info for info in parts.engine().models() if info.trained and info.names]
names = [info.name for info in trained]
parts.header(
    "Disagreement",
    "Which models see something else in this photo than the others, and what do they disagree about?",
    f"{len(trained)} trained models",
    "Two answers are compared by their Jensen-Shannon divergence: 0 bits where they are the same, 1 bit where they "
    "have nothing in common. Of models with the same classes all of these are compared.",
    "Models with different classes are compared in words that both have: a T-shirt and a shirt are both tops. What a "
    "model gives to classes that the other lacks takes no part; where that is more than half, they are not compared, "
    "nor where no words in common are written down, as for what is worn on a street photo.",
    "Disagreement is no mistake: the one that stands apart may be right.",
)
if not trained:
    parts.need_weights(chosen)
held = parts.need_photo("see where the models disagree")
with parts.plainly():
    box = parts.region_box()
    wanted = st.multiselect("Models", names, default=names, key="models", bind="query-params", wrap=True)
    if len(wanted) < 2:
        st.info("Choose two models or more.")
        st.stop()
    left, right = st.columns([3, 8], gap="large")
    with left:
        picture = st.empty()
        picture.image(held.photo.pixels, width="stretch", alt="The photo that the models are asked about")
    with right:
        result = ask(held, box, tuple(name for name in names if name in wanted))
        picture.image(held.photo.pixels, width="stretch", alt=f"The photo. {result.sentence}")
        st.html(f"<p><strong>{escape(result.sentence)}</strong></p>")
        for name, reason in result.failed:
            st.warning(f"{name}: {reason}")
        opinions(result)
        tasks(result)
st.subheader("Every two models", anchor=False)
with st.container(key="wide_disagreement" if len(result.opinions) > 5 else "disagreement_box"):
    chart(
        disagreement_figure(result),
        "matrix",
        "disagreement",
        table=(),  # every two models stand in the table below
        alt=f"Divergence of every two of {len(result.opinions)} models; the table below has the same numbers",
    )
pairs(result)
st.page_link("views/every_model.py", label="Every model's answer and where it looked", icon=":material/view_agenda:")
every = () if len(wanted) == len(names) else tuple(name for name in names if name in wanted)
asked = (held.name, every, box)
code_tabs(disagreement_python(*asked), disagreement_cli(*asked), disagreement_curl(*asked))
st.download_button(
    "Download as JSON",
    json.dumps(disagreement_json(result, held.name, box), indent=2, ensure_ascii=False),
    file_name="disagreement.json",
    mime="application/json",
    on_click="ignore",
    icon=":material/download:",
)
