"""Layers: every layer of a model, what it makes of the photo, its filters, and what excites one of its channels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from apps.studio import exciting, intake, parts, state
from apps.studio.charts import chart
from apps.studio.exciting import Asked
from fashionviz.errors import InvalidRequest
from fashionviz.explain.channels import ChannelIndex, load_index, nearest_indexed
from fashionviz.explain.kept import NotBuilt
from fashionviz.figures.activations import channel_figure
from fashionviz.figures.channels import input_tiles
from fashionviz.figures.filters import figure_width, filter_figure, filter_rows
from fashionviz.figures.pictures import (
    activation_overlay,
    activation_tile,
    enlarge,
    map_over_photo,
    strongest_channels,
)
from fashionviz.models.registry import get_model
from fashionviz.results import ActivationMaps, LayerInfo

_TILE, _TILES = 84, 16
#: Input channels of a filter on one page of tiles.
_PLANES = 64


def shape_words(layer: LayerInfo) -> str:
    """Channels, and width by height where there are any."""
    if len(layer.shape) == 3:
        return f"{layer.shape[0]} × {layer.shape[2]}×{layer.shape[1]}"
    return " × ".join(map(str, layer.shape))


def _row_chosen(names: list[str]) -> None:
    rows = st.session_state["layer_rows"]["selection"]["rows"]
    if rows and rows[0] < len(names):
        st.session_state["layer"] = names[rows[0]]
        st.session_state.pop("channel", None)


def _other_layer() -> None:
    st.session_state.pop("channel", None)


def choose_layer(layers: tuple[LayerInfo, ...]) -> LayerInfo:
    """A searchable table whose rows choose, and a list that does the same by keyboard."""
    names = [layer.name for layer in layers]
    parts.choice_from("layer", names)
    default = get_model(info.name).activation_layer
    left, right = st.columns([2, 3])
    wanted = (
        left.text_input("Search layers", key="search", placeholder="name or kind, for example conv").strip().lower()
    )
    found = [layer for layer in layers if wanted in f"{layer.name} {layer.kind}".lower()]
    above = right.container()
    st.dataframe(
        pd.DataFrame(
            {
                "layer": [layer.name for layer in found],
                "kind": [layer.kind for layer in found],
                "output": [shape_words(layer) for layer in found],
                "parameters": [layer.parameters for layer in found],
            }
        ),
        hide_index=True,
        height=220,
        key="layer_rows",
        on_select=lambda: _row_chosen([layer.name for layer in found]),
        selection_mode="single-row",
        column_config={"parameters": st.column_config.NumberColumn(format="localized")},
    )
    st.caption(
        f"{len(found)} of {len(layers)} layers; output is channels × width×height. A row of the table chooses its "
        "layer, and so does the list above."
    )
    with above:
        name = st.selectbox(
            "Layer", names, index=names.index(default) if default in names else 0, key="layer", bind="query-params",
            on_change=_other_layer,
        )  # fmt: skip
    return layers[names.index(name)]


def choose_channel(layer: LayerInfo) -> int:
    """A channel of the layer; it travels in the address."""
    last = layer.shape[0] - 1
    kept = st.session_state.get("channel")
    if kept is not None and not (isinstance(kept, int) and 0 <= kept <= last):
        del st.session_state["channel"]
    return int(
        st.number_input(
            f"Channel, 0 to {last}", 0, last, key="channel", bind="query-params", disabled=last == 0, width=220
        )
    )


def maps_of(layer: LayerInfo, channel: int) -> None:
    """The strongest maps of the photo as tiles, and the chosen one large."""
    st.subheader("Activation maps of your photo", anchor=False)
    if not layer.spatial:
        st.info("The output of this layer has no height and width, so it has no maps.")
        return
    held = state.held()
    if held is None:
        if state.problem():
            st.error(state.problem())
        with st.expander("**Add a photo to see where this layer answers**"):
            intake.chooser("page")
        return
    with parts.plainly():
        box = parts.region_box()
        maps: ActivationMaps = state.remember(
            ("activations", info.name, info.sha256, held.digest, box, layer.name),
            lambda: parts.engine().activations(held.photo, info.name, layer.name, box=box),
        )
    shown = map_over_photo(maps, channel)
    left, right = st.columns(2, gap="large")
    with left:
        chart(channel_figure(maps, channel), "map", f"{info.name}-{layer.name}-channel-{channel}")
        parts.legend_magnitude(f"{shown.min():.3g}", f"{shown.max():.3g} (activation of channel {channel})")
    with right:
        st.image(
            parts.shown(activation_overlay(maps, channel)), width="stretch", output_format="PNG",
            alt=f"Channel {channel} of {layer.name} laid over the photo",
        )  # fmt: skip
    order = strongest_channels(maps, _TILES)
    st.caption(f"The {len(order)} strongest of {len(maps.maps)} channels, each on its own scale:")
    st.image(
        [activation_tile(maps, c, 2 * _TILE) for c in order],
        caption=[f"channel {c}" for c in order],
        width=_TILE,
        output_format="PNG",
        alt=[f"Activation map of channel {c}" for c in order],
    )
    st.page_link("views/activations.py", label="All of them: Activation maps", icon=":material/layers:")


def convolution_of(layers: tuple[LayerInfo, ...], layer: LayerInfo) -> str | None:
    """The layer itself, or the only convolution within it that has as many channels."""
    if layer.filters:
        return layer.name
    within = [inner for inner in layers if inner.filters and inner.name.startswith(f"{layer.name}.")]
    return within[0].name if len(within) == 1 and within[0].shape[0] == layer.shape[0] else None


def filters_of(layers: tuple[LayerInfo, ...], layer: LayerInfo, channel: int) -> None:
    """The convolution's filters, and the chosen one with a tile an input channel."""
    name = convolution_of(layers, layer)
    if name is None:
        return
    st.subheader("Filters", anchor=False)
    with parts.plainly():
        bank = parts.engine().filters(info.name, name)
    count, inputs, height, width = bank.weights.shape
    st.caption(
        f"`{name}`: {count} filters of {height}×{width} over {inputs} input channel{'s' if inputs > 1 else ''}. "
        + ("In colour: the inputs are red, green and blue." if bank.first and inputs == 3 else "Mean over the inputs.")
    )
    if bank.first or count <= 64:
        chart(
            filter_figure(bank), "filters", f"{info.name}-{name}-filters", table=filter_rows(bank),
            width=figure_width(count), alt=f"{count} filters of {name}, index on hover",
        )  # fmt: skip
    if not (bank.first and inputs == 3):
        pages = -(-inputs // _PLANES)
        page = 1
        if pages > 1:
            page = int(st.number_input(f"Input channels, page 1 to {pages}", 1, pages, key=f"planes_{name}", width=220))
        first = (page - 1) * _PLANES
        last = min(first + _PLANES, inputs)
        st.caption(f"Filter {channel}, a tile for each of the input channels {first} to {last - 1}, on one scale:")
        st.image(
            enlarge(input_tiles(bank, channel, first, _PLANES), 420), output_format="PNG",
            alt=f"Weights of filter {channel} of {name} for the input channels {first} to {last - 1}",
        )  # fmt: skip
    parts.legend_signed("negative weight", "positive weight")
    with st.expander(f"Table of filter {channel}'s weights"):
        planes = bank.weights[channel].reshape(inputs, -1)
        st.dataframe(
            pd.DataFrame(
                {
                    "input channel": np.arange(inputs),
                    "lowest": planes.min(axis=1),
                    "highest": planes.max(axis=1),
                    "sum": planes.sum(axis=1),
                }
            ),
            hide_index=True,
        )
    st.page_link("views/filters.py", label="All filters, with downloads: Filters", icon=":material/grid_view:")


def index() -> ChannelIndex | None:
    """The model's index of top items; without one, what to do."""
    try:
        return load_index(info.name)
    except (NotBuilt, InvalidRequest) as error:
        st.info(str(error))
        return None


def excites(layers: tuple[LayerInfo, ...], layer: LayerInfo, channel: int) -> None:
    """The visitor's photo and the nine items."""
    st.subheader(f"What excites channel {channel}", anchor=False)
    if len(layer.shape) not in (1, 3):
        st.info("The output of this layer has no channels; choose a convolution, a block or a linear layer.")
        return
    cut = st.toggle("Cut to what the channel sees", value=True, key="cut", bind="query-params")
    asked = Asked(info.name, info.sha256 or "", layer.name, channel)
    held = state.held()
    if held is not None:
        with parts.plainly():
            box = parts.region_box() if not layer.spatial else state.region()[1]
            own = state.remember(
                ("excite", *asked.key, held.digest, box),
                lambda: parts.engine().explain_channel(held.photo, info.name, layer.name, channel, box=box),
            )
        exciting.own_photo(asked, own, cut=cut)
    known = index()
    if known is None:
        return
    name = nearest_indexed(layers, known.layers, layer.name)
    if name is None:
        st.info("The index of top items holds convolutions, blocks and linear layers; none of them has these channels.")
        return
    with parts.plainly():
        try:
            top = known.top(name, channel)
        except InvalidRequest as error:
            st.info(str(error))
            return
    st.markdown(f"**The {len(top.items)} test items that excite it most**, by the largest value of its map:")
    if name != layer.name:
        st.caption(f"These are the items of `{name}`, the layer of the index that holds these channels.")
    exciting.top_nine(Asked(info.name, info.sha256 or "", name, channel), top, cut=cut)
    equal = len({item.value for item in top.items}) == 1 and len(top.items) > 1
    st.caption(
        f"Looked at: {top.source.words}. "
        + (
            f"All reach {top.items[0].value:g}, the most that this layer puts out, so the mean of the map orders them."
            if equal
            else "Equal values are ordered by the mean of the map."
        )
    )
    exciting.code(asked, known.layers)


info = parts.model()
parts.header(
    "Layers",
    "What does each layer make of the photo, and what does one of its channels look for?",
    parts.model_label(info),
    "A layer has channels; each answers somewhere in the photo. Early ones answer to edges and colours, late ones to "
    "parts of a garment.",
    "What a channel looks for shows in the test items that excite it most, and in the pixels of each that do it: blue "
    "pixels excite the channel, red ones inhibit it. Guided backprop lets only positive evidence through at each ReLU.",
    "A channel that several unlike items excite looks for more than one thing, or for something they share that is "
    "not the garment.",
)
parts.need_weights(info)
with parts.plainly():
    layers = state.remember(("layers", info.name, info.sha256), lambda: parts.engine().layers(info.name))
layer = choose_layer(layers)
st.markdown(f"`{layer.name}` · {layer.kind} · output {shape_words(layer)} · {layer.parameters:,} parameters")
channel = choose_channel(layer)
maps_of(layer, channel)
excites(layers, layer, channel)
filters_of(layers, layer, channel)
