"""Two models' confusion matrices, one less the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fashionviz.error_results import Pair
from fashionviz.figures.cells import REACH, cell_size, numbered, outline, squares
from fashionviz.figures.confusion import AXES, NUMBERS, matrix_numbers
from fashionviz.figures.theme import SIGNED, layout, scored_title

_UNITS = {
    NUMBERS[0]: "pictures",
    NUMBERS[1]: "percentage points of the true class",
    NUMBERS[2]: "percentage points of the predicted class",
}


def matrix_difference(pair: Pair, numbers: str = NUMBERS[0]) -> NDArray[np.float64]:
    """``(K, K)`` numbers of the first model less those of the second; on the diagonal positive is better.

    Args:
        pair: both models on the same pictures.
        numbers: one of :data:`~fashionviz.figures.confusion.NUMBERS`.
    """
    first, second = (
        matrix_numbers(matrix, numbers).astype(np.float64) for matrix in (pair.confusion, pair.other_confusion)
    )
    return first - second


def difference_figure(
    pair: Pair,
    numbers: str = NUMBERS[0],
    chosen: tuple[str, str] | None = None,
    order: Sequence[int] | None = None,
) -> go.Figure:
    """Where the first model puts more pictures than the second (blue) and where fewer (red), white at zero.

    Every cell carries a square marker (trace 1) for clicks, with ``[true, predicted]`` as its ``customdata``.

    Args:
        pair: both models on the same pictures.
        numbers: one of :data:`~fashionviz.figures.confusion.NUMBERS`.
        chosen: the ``(true, predicted)`` cell to outline.
        order: class numbers from top to bottom and from left to right; all as given if ``None``.
    """
    kept = list(range(len(pair.classes))) if order is None else list(order)
    classes = [pair.classes[i] for i in kept]
    shares = numbers != NUMBERS[0]
    shown = matrix_difference(pair, numbers)[np.ix_(kept, kept)]
    top = max(float(np.abs(shown).max(initial=0.0)), 0.01 if shares else 1.0)
    places = list(range(len(classes)))
    large = not numbered(len(classes))
    figure = go.Figure(
        go.Heatmap(
            z=shown,
            x=places,
            y=places,
            zmin=-top,
            zmax=top,
            colorscale=[list(stop) for stop in SIGNED],
            xgap=1 if large else 2,
            ygap=1 if large else 2,
            hoverinfo="skip",
            colorbar={
                "orientation": "h",
                "thickness": 12,
                "y": -0.03 if large else -0.08,
                "yanchor": "top",
                "len": 1.0,
                "title": {"text": f"{_UNITS[numbers]}: first less second", "side": "bottom"},
                "tickformat": "+.1%" if shares else "+,d",
                "nticks": 5,
            },
        )
    )
    text = [[f"{100 * v:+.1f}" if shares else f"{int(v):+,}" for v in line] for line in shown]
    words = [
        f"true {pair.classes[i]}<br>predicted {pair.classes[j]}<br>{pair.name}: {pair.confusion[i, j]:,} pictures<br>"
        f"{pair.other}: {pair.other_confusion[i, j]:,} pictures"
        for i in kept
        for j in kept
    ]
    figure.add_trace(squares(classes, classes, text, np.abs(shown) / top < 0.6, words))
    if chosen and chosen[0] in classes and chosen[1] in classes:
        outline(figure, classes.index(chosen[1]), classes.index(chosen[0]))
    figure.update_layout(
        layout(
            (280 if large else 190) + cell_size(len(classes)) * len(classes),
            margin={"l": 8, "r": 8, "t": 60, "b": 8},
            title=scored_title("Difference of the matrices", pair),
            hovermode="closest",
            hoverdistance=REACH,
            clickmode="event+select",
            dragmode=False,
            showlegend=False,
        )
    )
    edge = [-0.5, len(classes) - 0.5]
    broken = [c if large else c.replace("/", "/<br>") for c in classes]
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True, "tickvals": places, "ticktext": broken}
    if large:
        plain["tickfont"] = {"size": 11}
    figure.update_xaxes(**plain, range=edge, side="top", tickangle=-90, automargin=True)
    # Both names beside the rows: above the columns one would run into the title of a narrow chart.
    figure.update_yaxes(**plain, range=edge[::-1], title=AXES, automargin=True)
    return figure
