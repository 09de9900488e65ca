"""Activation maps: where does each channel of a layer answer?"""

from __future__ import annotations

import streamlit as st

from apps.lab.snippets import activations_curl
from apps.studio import parts, state
from apps.studio.charts import chart
from apps.studio.code_tabs import code_tabs
from fashionviz.figures.activations import channel_figure
from fashionviz.figures.pictures import (
    activation_grid,
    activation_overlay,
    activation_tile,
    map_over_photo,
    strongest_channels,
)
from fashionviz.images import encode_png
from fashionviz.models.registry import get_model
from fashionviz.results import ActivationMaps
from fashionviz.take_home.code import activations_cli, activations_python

_TILE = 112


def _other_layer() -> None:
    st.session_state.pop("channel", None)


def choose_layer() -> str:
    """Any layer with a height and a width, by name; the card's default first."""
    layers = state.remember(("layers", info.name, info.sha256), lambda: parts.engine().layers(info.name))
    spatial = {layer.name: layer for layer in layers if layer.spatial}
    parts.choice_from("layer", list(spatial))
    default = get_model(info.name).activation_layer
    left, right = st.columns([3, 2])
    name = left.selectbox(
        f"Layer ({len(spatial)} with maps)",
        list(spatial),
        index=list(spatial).index(default) if default in spatial else 0,
        key="layer",
        bind="query-params",
        on_change=_other_layer,
    )
    right.select_slider("Channels shown", [8, 16, 24, 32, 48, 64], value=16, key="channels", bind="query-params")
    chosen = spatial[name]
    channels, height, width = chosen.shape
    st.caption(
        f"`{name}` is a {chosen.kind} with {channels} channel{'s' if channels > 1 else ''} of {width}×{height}, "
        f"{chosen.parameters:,} parameters."
    )
    return name


def tiles(maps: ActivationMaps, channels: list[int]) -> None:
    """The strongest channels, each with its index, in rows that wrap."""
    st.subheader(f"The {len(channels)} strongest of {len(maps.maps)} channels", anchor=False)
    parts.legend_magnitude("lowest of the map", "highest of the map")
    st.image(
        [activation_tile(maps, c, 2 * _TILE) for c in channels],
        caption=[f"channel {c}" for c in channels],
        width=_TILE,
        output_format="PNG",
        alt=[f"Activation map of channel {c}" for c in channels],
    )
    st.download_button(
        "Picture of these channels (PNG)",
        encode_png(activation_grid(maps, channels)),
        file_name=f"{maps.model.name}-{maps.layer}.png",
        mime="image/png",
        on_click="ignore",
        icon=":material/download:",
    )


def one(maps: ActivationMaps, order: list[int]) -> None:
    """One channel large, with its values, and laid over the photo."""
    st.subheader("One channel", anchor=False)
    parts.choice_from("channel", order)  # type: ignore[arg-type]
    channel = st.selectbox("Channel, strongest first", order, key="channel", bind="query-params")
    values = maps.maps[channel]
    shown = map_over_photo(maps, channel)
    parts.legend_magnitude(f"{shown.min():.3g}", f"{shown.max():.3g} (activation)")
    left, right = st.columns(2, gap="large")
    with left:
        chart(channel_figure(maps, channel), "map", f"{maps.model.name}-{maps.layer}-channel-{channel}")
        st.caption(
            f"Channel {channel} of `{maps.layer}`: {values.shape[1]}×{values.shape[0]} values for the whole input, "
            f"{shown.shape[1]}×{shown.shape[0]} of them over the photo."
        )
    with right:
        st.image(
            parts.shown(activation_overlay(maps, channel)),
            width="stretch",
            output_format="PNG",
            alt=f"Channel {channel} laid over the photo",
        )
        st.caption("The same laid over the photo as the model received it: the brighter, the stronger the answer.")


info = parts.model()
parts.header(
    "Activation maps",
    "Where in the photo does each channel of a layer answer?",
    parts.model_label(info),
    "Each tile is the output of one channel: bright where it answers strongly, dark where it does not. Early layers "
    "follow edges and colours, late ones whole parts of a garment, in coarser and coarser maps.",
    "Every map is scaled on its own from its lowest to its highest value, so brightness cannot be compared between "
    "channels. The strongest are those with the largest mean magnitude.",
)
parts.need_weights(info)
held = parts.need_photo("see where the layers answer")
with parts.plainly():
    box = parts.region_box()
    layer = choose_layer()
    maps = state.remember(
        ("activations", info.name, info.sha256, held.digest, box, layer),
        lambda: parts.engine().activations(held.photo, info.name, layer, box=box),
    )
order = strongest_channels(maps, len(maps.maps))
tiles(maps, order[: st.session_state["channels"]])
one(maps, order)
asked = (held.name, info.name, layer, box)
code_tabs(activations_python(*asked), activations_cli(*asked), activations_curl(*asked))
