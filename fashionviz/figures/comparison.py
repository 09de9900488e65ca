"""Models side by side: accuracy with intervals."""

from __future__ import annotations

import plotly.graph_objects as go

from fashionviz.evaluation.compare import Comparison
from fashionviz.figures.theme import layout


def comparison_chart(comparison: Comparison) -> go.Figure:
    """Accuracy of each model as a point with its 95 % interval, best on top.

    Args:
        comparison: the rows; their data sets and splits stand beside the names.
    """
    rows = comparison.models[::-1]
    figure = go.Figure(
        go.Scatter(
            x=[r.accuracy for r in rows],
            y=[f"{r.name}<br>{r.data_set} {r.split}, n {r.n:,}" for r in rows],
            mode="markers",
            marker={"size": 11},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [r.ci95[1] - r.accuracy for r in rows],
                "arrayminus": [r.accuracy - r.ci95[0] for r in rows],
            },
            hovertemplate="%{y}<br>accuracy %{x:.4f}<extra></extra>",
        )
    )
    figure.update_layout(layout(90 + 56 * len(rows), margin={"l": 8, "r": 24, "t": 8, "b": 8}))
    figure.update_xaxes(title="accuracy, with its 95 % interval", tickformat=".1%", gridcolor="rgba(128,128,128,0.2)")
    figure.update_yaxes(automargin=True)
    return figure
