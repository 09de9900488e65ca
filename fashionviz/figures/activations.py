"""Activation maps as figures: one channel with its values on hover."""

from __future__ import annotations

import plotly.graph_objects as go

from fashionviz.figures.pictures import map_over_photo
from fashionviz.figures.theme import MAGNITUDE, layout
from fashionviz.results import ActivationMaps

#: About how wide the figure stands on a page, in pixels; its height follows from the map's shape.
_WIDTH = 430


def channel_figure(result: ActivationMaps, channel: int) -> go.Figure:
    """One channel over the photo's part of the input, in viridis between its own lowest and highest value.

    The scale is not drawn: pages show it once, beside the map and its overlay alike.

    Args:
        result: the maps of a layer.
        channel: from 0 to the layer's channels - 1.
    """
    values = map_over_photo(result, channel)
    height = max(160, min(640, round(_WIDTH * values.shape[0] / values.shape[1])))
    figure = go.Figure(
        go.Heatmap(
            z=values,
            colorscale=MAGNITUDE,
            showscale=False,
            hovertemplate="row %{y}, column %{x}<br>activation %{z:.4f}<extra></extra>",
        )
    )
    figure.update_layout(layout(height, margin=dict.fromkeys("lrtb", 0)))
    hidden = {"visible": False, "fixedrange": True, "constrain": "domain"}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden, autorange="reversed", scaleanchor="x", constraintoward="top")
    return figure
