"""First-layer filters: what does a convolution look for?"""

from __future__ import annotations

import io

import numpy as np
import streamlit as st

from apps.lab.snippets import filters_curl
from apps.studio import parts, state
from apps.studio.charts import chart
from apps.studio.code_tabs import code_tabs
from fashionviz.figures.filters import columns_for, figure_width, filter_figure, filter_rows
from fashionviz.figures.pictures import filter_grid, unused_filters
from fashionviz.images import encode_png
from fashionviz.results import FilterBank
from fashionviz.take_home.code import filters_cli, filters_python


def downloads(bank: FilterBank) -> None:
    """The picture as PNG and the weights as they are."""
    stem = f"{bank.model.name}-{bank.layer}"
    weights = io.BytesIO()
    np.savez_compressed(weights, weights=bank.weights, layer=np.array(bank.layer), sha256=np.array(bank.model.sha256))
    with st.container(horizontal=True):
        st.download_button(
            "Picture (PNG)",
            encode_png(filter_grid(bank, columns=columns_for(len(bank.weights)))),
            file_name=f"{stem}-filters.png",
            mime="image/png",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Weights (NPZ, float32)",
            weights.getvalue(),
            file_name=f"{stem}-filters.npz",
            mime="application/octet-stream",
            on_click="ignore",
            icon=":material/download:",
        )


info = parts.model()
parts.header(
    "First-layer filters",
    "What does the network look for first? Each tile is one filter of a convolution.",
    parts.model_label(info),
    "A filter of the first layer is a small picture in shades of red and blue: the network answers most where the "
    "photo, which it sees in grey, is bright at the blue weights and dark at the red ones. Stripes answer to edges in "
    "that direction."
    if parts.grey(info)
    else "A filter of the first layer is a small colour picture: the network answers most where the photo looks like "
    "it. Stripes answer to edges in that direction, blobs of colour to that colour.",
    f"Each tile is normalised on its own around {'white' if parts.grey(info) else 'mid-grey'}, so tiles cannot be "
    "compared in strength; hover over one for its index and the range of its weights.",
)
parts.need_weights(info)
with parts.plainly():
    layers = state.remember(("layers", info.name, info.sha256), lambda: parts.engine().layers(info.name))
    convolutions = {layer.name: layer for layer in layers if layer.filters}
    parts.choice_from("conv", list(convolutions))
    name = st.selectbox(
        f"Convolution ({len(convolutions)} in this model)", list(convolutions), key="conv", bind="query-params"
    )
    bank = parts.engine().filters(info.name, name)

count, channels, height, width = bank.weights.shape
st.caption(
    f"`{bank.layer}`: {count} filters of {height}×{width} over {channels} input channel{'s' if channels > 1 else ''}, "
    f"{convolutions[name].parameters:,} parameters"
)
if bank.first and channels == 3:
    st.caption("Shown in colour: the three input channels are red, green and blue. Mid-grey is a weight of zero.")
elif bank.first and channels == 1:
    st.caption("The one input channel is the photo in grey. White is a weight of zero, each tile on its own scale.")
    parts.legend_signed("negative", "positive")
else:
    alike = "all tiles on one scale" if height * width == 1 else "each tile on its own scale"
    st.caption(f"Shown as the mean over the {channels} input channel{'s' if channels > 1 else ''}, {alike}.")
    parts.legend_signed("negative", "positive")
unused = len(unused_filters(bank))
if unused:
    st.caption(f"{unused} of the {count} filters are unused: training has driven all their weights to about zero.")
chart(
    filter_figure(bank),
    "filters",
    f"{bank.model.name}-{bank.layer}-filters",
    table=filter_rows(bank),
    width=figure_width(count),
    alt=f"{count} filters of {bank.layer}, index on hover",
)
downloads(bank)
code_tabs(filters_python(info.name, name), filters_cli(info.name, name), filters_curl(info.name, name))
