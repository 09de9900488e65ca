"""Activation maps as figures: one channel with its values and a colour bar."""

from __future__ import annotations

import plotly.graph_objects as go

from fashionviz.figures.pictures import map_over_photo
from fashionviz.figures.theme import MAGNITUDE, layout
from fashionviz.results import ActivationMaps


def channel_figure(result: ActivationMaps, channel: int) -> go.Figure:
    """One channel over the photo's part of the input, in viridis between its own lowest and highest value.

    Args:
        result: the maps of a layer.
        channel: from 0 to the layer's channels - 1.
    """
    values = map_over_photo(result, channel)
    figure = go.Figure(
        go.Heatmap(
            z=values,
            colorscale=MAGNITUDE,
            colorbar={"title": {"text": "activation", "side": "right"}, "thickness": 14, "nticks": 6},
            hovertemplate="row %{y}, column %{x}<br>activation %{z:.4f}<extra></extra>",
        )
    )
    figure.update_layout(layout(420, margin=dict.fromkeys("lrtb", 0)))
    hidden = {"visible": False, "fixedrange": True, "constrain": "domain"}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden, autorange="reversed", scaleanchor="x", constraintoward="top")
    return figure
