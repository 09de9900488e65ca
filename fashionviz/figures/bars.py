"""Class probabilities as horizontal bars."""

from __future__ import annotations

import plotly.graph_objects as go

from fashionviz.figures.theme import class_colour, layout
from fashionviz.results import Prediction


def probability_bars(prediction: Prediction, classes: tuple[str, ...]) -> go.Figure:
    """Every class as a bar, most probable on top, in its own colour.

    Args:
        prediction: the result.
        classes: the model's classes in order, which fixes the colours.
    """
    scores = prediction.scores[::-1]
    figure = go.Figure(
        go.Bar(
            x=[s.probability for s in scores],
            y=[s.label for s in scores],
            orientation="h",
            marker_color=[class_colour(s.label, classes) for s in scores],
            text=[f"{s.probability:.1%}" for s in scores],
            textposition="outside",
            cliponaxis=False,
            customdata=[s.logit for s in scores],
            hovertemplate="%{y}<br>probability %{x:.4f}<br>logit %{customdata:.3f}<extra></extra>",
        )
    )
    figure.update_layout(layout(60 + 38 * len(scores), margin={"l": 8, "r": 48, "t": 8, "b": 8}))
    figure.update_xaxes(range=[0, 1.0], tickformat=".0%", title="probability", gridcolor="rgba(128,128,128,0.2)")
    figure.update_yaxes(automargin=True)
    return figure
