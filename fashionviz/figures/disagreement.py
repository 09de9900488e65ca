"""How much every two models disagree, as a matrix."""

from __future__ import annotations

import plotly.graph_objects as go

from fashionviz.disagreement_results import Disagreement, Pair
from fashionviz.figures.theme import MAGNITUDE, layout


def disagreement_figure(result: Disagreement) -> go.Figure:
    """Models by row and column, the one farthest from the others first; divergence in bits, empty where none is known.

    Args:
        result: the pairs.
    """
    names = [opinion.model.name for opinion in result.opinions]
    place = {name: i for i, name in enumerate(names)}
    z: list[list[float | None]] = [[None] * len(names) for _ in names]
    words = [[""] * len(names) for _ in names]
    for pair in result.pairs:
        for row, column in ((pair.first, pair.second), (pair.second, pair.first)):
            z[place[row]][place[column]] = pair.bits
            words[place[row]][place[column]] = _words(pair)
    shown = [["" if value is None else f"{value:.2f}" for value in row] for row in z]
    figure = go.Figure(
        go.Heatmap(
            z=z,
            x=names,
            y=names,
            zmin=0,
            zmax=1,
            colorscale=MAGNITUDE,
            xgap=2,
            ygap=2,
            text=shown,
            texttemplate="%{text}",
            customdata=words,
            hovertemplate="%{customdata}<extra></extra>",
            hoverongaps=False,
            colorbar={
                "orientation": "h",
                "thickness": 12,
                "y": -0.04,
                "yanchor": "top",
                "title": {
                    "text": "Jensen-Shannon divergence, bits (0: the same, 1: nothing in common)",
                    "side": "bottom",
                },
            },
        )
    )
    figure.update_layout(layout(190 + 40 * len(names), margin={"l": 8, "r": 8, "t": 8, "b": 8}))
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True}
    figure.update_xaxes(**plain, side="top", tickangle=-60, dtick=1)
    figure.update_yaxes(**plain, autorange="reversed", dtick=1)
    return figure


def _words(pair: Pair) -> str:
    if pair.bits is None or pair.first_says is None or pair.second_says is None:
        return f"{pair.first}<br>{pair.second}<br>{pair.reason}"
    return (
        f"{pair.first}: {pair.first_says[0]}, {pair.first_says[1]:.1%}<br>"
        f"{pair.second}: {pair.second_says[0]}, {pair.second_says[1]:.1%}<br>"
        f"{pair.bits:.3f} bits, compared in {pair.words}"
    )
