"""Precision, recall and F1 class by class as dots with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from fashionviz.error_results import ClassIntervals
from fashionviz.figures.theme import PALETTE, Scored, layout, scored_title

#: Figure, attribute, colour, symbol, and how far from the class's line it stands.
_SERIES = (
    ("precision", "precision", PALETTE[0], "circle", -0.22),
    ("recall", "recall", PALETTE[5], "diamond", 0.0),
    ("F1", "f1", PALETTE[2], "square", 0.22),
)


def per_class_figure(rows: Sequence[ClassIntervals], scored: Scored) -> go.Figure:
    """A dot a figure and class, with a bar for the 95 % interval; the first class on top.

    Args:
        rows: the classes in the order in which they stand.
        scored: what they were scored on.
    """
    figure = go.Figure()
    places = list(range(len(rows)))
    for name, attribute, colour, symbol, shift in _SERIES:
        found = [getattr(row, attribute) for row in rows]
        figure.add_trace(
            go.Scatter(
                name=name,
                x=[e.value for e in found],
                y=[place + shift for place in places],
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 8},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [e.high - e.value for e in found],
                    "arrayminus": [e.value - e.low for e in found],
                    "color": colour,
                    "thickness": 1.5,
                    "width": 3,
                },
                hovertext=[
                    f"{row.label}<br>{name} {e.value:.3f}, 95 % interval {e.low:.3f} to {e.high:.3f}<br>"
                    f"{row.support:,} pictures of it, said of {row.predicted:,}"
                    for row, e in zip(rows, found, strict=True)
                ],
                hoverinfo="text",
            )
        )
    figure.update_layout(
        layout(
            150 + 34 * len(rows),
            margin={"l": 8, "r": 16, "t": 88, "b": 8},
            title=scored_title("Precision, recall and F1 with 95 % intervals", scored),
            legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        )
    )
    figure.update_xaxes(
        range=[-0.02, 1.02], title="share, 0 to 1", fixedrange=True, gridcolor="rgba(128,128,128,0.2)", zeroline=False
    )
    figure.update_yaxes(
        range=[len(rows) - 0.5, -0.5], tickvals=places, ticktext=[row.label for row in rows], automargin=True,
        fixedrange=True, showgrid=False, zeroline=False,
    )  # fmt: skip
    return figure
