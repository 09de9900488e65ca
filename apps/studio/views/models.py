"""Models: which there are, what they were trained on, how good they are and what they cannot do."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from apps.studio import parts
from apps.studio.charts import chart
from fashionviz.errors import FashionvizError
from fashionviz.figures.curves import curves_figure
from fashionviz.models.card import FIGURE_NAMES, ModelCard, load_card
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelInfo


def overview(infos: tuple[ModelInfo, ...]) -> None:
    """One row a model."""
    st.dataframe(
        pd.DataFrame(
            {
                "model": [i.name for i in infos],
                "trained": [("yes" if i.trained else "no") + (", default" if i.default else "") for i in infos],
                "task": [i.task for i in infos],
                "classes or tags": [len(i.classes) for i in infos],
                "input": [parts.input_label(i) for i in infos],
                "parameters": [f"{i.parameters:,}" if i.parameters else "" for i in infos],
                "runs on": [f"{i.device}, {i.dtype}" if i.loaded else "not loaded" for i in infos],
            }
        ),
        hide_index=True,
    )


def metrics_table(metrics: tuple[dict[str, Any], ...]) -> None:
    """Metrics with interval, n and what they were measured on."""
    st.dataframe(
        pd.DataFrame(
            {
                "metric": [FIGURE_NAMES.get(m["name"], m["name"].replace("_", " ")) for m in metrics],
                "value": [f"{m['value']:.4f}" for m in metrics],
                "95 % interval": [f"{m['ci95'][0]:.4f} to {m['ci95'][1]:.4f}" for m in metrics],
                "n": [f"{m['n']:,}" for m in metrics],
                "data set": [m["data_set"] for m in metrics],
                "split": [m["split"] for m in metrics],
                "command": [m["command"] for m in metrics],
            }
        ),
        hide_index=True,
    )


def layers_table(name: str) -> None:
    """Every layer as the network lists it."""
    try:
        layers = parts.engine().layers(name)
    except FashionvizError as error:
        parts.sentence(error)
        return
    st.dataframe(
        pd.DataFrame(
            {
                "layer": [x.name for x in layers],
                "kind": [x.kind for x in layers],
                "output shape": ["×".join(str(v) for v in x.shape) for x in layers],
                "parameters": [x.parameters for x in layers],
                "activation maps": ["yes" if x.spatial else "" for x in layers],
                "filters": ["yes" if x.filters else "" for x in layers],
            }
        ),
        hide_index=True,
        height=420,
    )


def card_of(info: ModelInfo) -> ModelCard | None:
    """The model's card, or ``None`` with the reason on the page."""
    try:
        return load_card(model_folder(info.name))
    except FashionvizError as error:
        parts.sentence(error)
        return None


def one(info: ModelInfo) -> None:
    """What the card of a model says."""
    st.subheader(info.name, anchor=False)
    st.markdown(info.title)
    if info.classes:
        st.caption(("Tags: " if info.multilabel else "Classes: ") + ", ".join(info.classes))
    if info.paper:
        st.caption(info.paper)
    parts.note(info)
    if not info.trained:
        st.warning("This model is listed but not trained, so it never answers. Train it with:")
        st.code(f"fashionviz train {info.name}", language="bash")
        return
    card = card_of(info)
    if card is None:
        return
    st.markdown(card.description)
    st.markdown(
        f"- **Input** {parts.input_label(info)}, {card.resize}, {card.interpolation}\n"
        f"- **Parameters** {card.parameters:,}, stored as {card.dtype}\n"
        f"- **Data** {', '.join(card.data_sets)}\n"
        f"- **Licence** {card.licence}\n"
        f"- **SHA-256** `{card.sha256}`"
    )
    st.markdown(f"**Made for.** {card.intended_use}")
    st.markdown(f"**Limits.** {card.limits}")
    if info.metrics:
        st.markdown("**How good it is**")
        metrics_table(info.metrics)
    history = card.recipe.get("history") or []
    if history:
        st.markdown("**How it was trained**")
        chart(curves_figure(history), "curves", f"{info.name}-training", table=history)
        st.caption(
            "Validation is scored after each epoch with the averaged weights, which are what is kept; training with "
            "the weights of the moment, on augmented photos, and so it may look worse."
        )
    with st.expander("Recipe"):
        st.code(card.command, language="bash", wrap_lines=True)
        st.json(card.recipe)
    with st.expander("Layers", expanded=False):
        layers_table(info.name)


infos = parts.engine().models()
chosen = parts.model()
trained = sum(i.trained for i in infos)
parts.header(
    "Models",
    "Which models there are, how good they are, and what they cannot do.",
    f"{len(infos)} registered, {trained} trained",
    "A trained model answers; an untrained one is listed with the command that trains it and never guesses.",
    "Every figure stands with the number of pictures and the 95 % interval: two models whose intervals overlap widely "
    "may be equally good.",
)
overview(infos)
one(chosen)
