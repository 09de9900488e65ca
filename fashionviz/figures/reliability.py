"""Reliability diagrams: how often a model is right against how sure it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fashionviz.error_results import Reliability
from fashionviz.figures.theme import GREY, PALETTE, Scored, layout, scored_title

_LOOKS = ((PALETTE[0], "circle", "solid"), (PALETTE[5], "diamond", "dot"))


def reliability_figure(found: Mapping[str, Reliability], scored: Scored) -> go.Figure:
    """Accuracy in each bin of confidence with its 95 % interval, and below it how many pictures a bin holds.

    On the dashed line a model is right as often as it says; below it, it is too sure of itself.

    Args:
        found: at most two diagrams by name, for example after and before the temperature.
        scored: what they were scored on.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.74, 0.26], vertical_spacing=0.06)
    figure.add_trace(
        go.Scatter(
            name="right as often as it says",
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"color": GREY, "width": 1, "dash": "dash"},
            hoverinfo="skip",
        ),
        row=1,
        col=1,
    )
    for (name, bins), (colour, symbol, dash) in zip(found.items(), _LOOKS, strict=False):
        full = np.flatnonzero(bins.counts)
        title = f"{name}: ECE {bins.ece:.3f}"
        figure.add_trace(
            go.Scatter(
                name=title,
                x=bins.confidence[full],
                y=bins.accuracy[full],
                mode="lines+markers",
                line={"color": colour, "width": 1.5, "dash": dash},
                marker={"color": colour, "symbol": symbol, "size": 8},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": bins.high[full] - bins.accuracy[full],
                    "arrayminus": bins.accuracy[full] - bins.low[full],
                    "color": colour,
                    "thickness": 1.2,
                    "width": 3,
                },
                hovertext=[
                    f"{name}<br>{bins.counts[b]:,} pictures at {bins.edges[b]:.0%} to {bins.edges[b + 1]:.0%}<br>"
                    f"mean confidence {bins.confidence[b]:.1%}<br>right {bins.accuracy[b]:.1%}, 95 % interval "
                    f"{bins.low[b]:.1%} to {bins.high[b]:.1%}"
                    for b in full
                ],
                hoverinfo="text",
            ),
            row=1,
            col=1,
        )
        figure.add_trace(
            go.Bar(
                name=title,
                x=(bins.edges[:-1] + bins.edges[1:]) / 2,
                y=bins.counts,
                marker_color=colour,
                showlegend=False,
                hovertemplate=f"{name}<br>%{{y:,}} pictures<extra></extra>",
            ),
            row=2,
            col=1,
        )
    figure.update_layout(
        layout(
            480,
            margin={"l": 8, "r": 16, "t": 104, "b": 8},
            title=scored_title("Reliability", scored),
            barmode="group",
            legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        )
    )
    grid = {"fixedrange": True, "gridcolor": "rgba(128,128,128,0.2)", "zeroline": False}
    figure.update_xaxes(range=[0, 1.01], tickformat=".0%", **grid)
    figure.update_xaxes(title="probability of the predicted class", row=2, col=1)
    figure.update_yaxes(title="share right", range=[0, 1.03], tickformat=".0%", row=1, col=1, **grid)
    figure.update_yaxes(title="pictures", rangemode="tozero", row=2, col=1, nticks=4, **grid)
    return figure
