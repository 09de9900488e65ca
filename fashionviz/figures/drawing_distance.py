"""The way of a search for a photo's latent: the distance after each step."""

from __future__ import annotations

import plotly.graph_objects as go

from fashionviz.drawing_results import Inversion
from fashionviz.figures.theme import ACCENT, layout


def search_figure(found: Inversion, height: int = 280) -> go.Figure:
    """Mean squared difference of the pixels after each step, on a logarithmic axis.

    Args:
        found: the search.
        height: in pixels.
    """
    figure = go.Figure(
        go.Scatter(
            x=list(range(1, len(found.distances) + 1)),
            y=list(found.distances),
            mode="lines",
            line={"color": ACCENT},
            hovertemplate="step %{x}: %{y:.4f}<extra></extra>",
        )
    )
    figure.update_layout(layout(height, margin={"l": 8, "r": 16, "t": 8, "b": 8}))
    figure.update_xaxes(title="step", gridcolor="rgba(128,128,128,0.2)")
    figure.update_yaxes(title="mean squared difference", type="log", automargin=True, gridcolor="rgba(128,128,128,0.2)")
    return figure
