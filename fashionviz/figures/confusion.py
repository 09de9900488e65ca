"""The confusion matrix as a figure one can click, and the distributions beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fashionviz.figures.cells import REACH, cell_size, numbered, outline, squares
from fashionviz.figures.theme import GREY, MAGNITUDE, PALETTE, layout, scored_title
from fashionviz.results import Report

#: What the numbers of a matrix may be, in words.
NUMBERS = ("counts", "shares of the true class", "shares of the predicted class")


def row_shares(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Counts to shares of each true class, 0..1; a class without items stays 0."""
    totals = confusion.sum(axis=1, keepdims=True)
    return np.divide(confusion, totals, out=np.zeros(confusion.shape, dtype=np.float64), where=totals > 0)


def column_shares(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Counts to shares of each predicted class, 0..1; a class that is never said stays 0."""
    return row_shares(confusion.T).T


def matrix_numbers(confusion: NDArray[np.int64], numbers: str) -> NDArray[np.generic]:
    """The numbers of a matrix.

    Args:
        confusion: ``(K, K)`` counts, true class by row.
        numbers: one of :data:`NUMBERS`.

    Raises:
        ValueError: another word.
    """
    if numbers not in NUMBERS:
        raise ValueError(f"no numbers {numbers!r}")
    return {NUMBERS[0]: confusion, NUMBERS[1]: row_shares(confusion), NUMBERS[2]: column_shares(confusion)}[numbers]


def confusion_figure(
    report: Report,
    numbers: str = NUMBERS[0],
    chosen: tuple[str, str] | None = None,
    order: Sequence[int] | None = None,
    title: str = "Confusion matrix",
) -> go.Figure:
    """True classes by row, predicted classes by column.

    Heatmaps report no clicks to Streamlit, so every cell carries one square marker (trace 1) that does. Its
    ``customdata`` is ``[true, predicted]``.

    Args:
        report: the model's report on a split.
        numbers: one of :data:`NUMBERS`.
        chosen: the ``(true, predicted)`` cell to outline.
        order: class numbers from top to bottom and from left to right; all as given if ``None``. Shares are of all
            pictures of a class, also where some classes are left out.
        title: what stands above it.
    """
    kept = list(range(len(report.classes))) if order is None else list(order)
    classes = [report.classes[i] for i in kept]
    shown = matrix_numbers(report.confusion, numbers)[np.ix_(kept, kept)]
    shares = numbers != NUMBERS[0]
    top = 1.0 if shares else max(1, int(shown.max(initial=1)))
    places = list(range(len(classes)))
    large = not numbered(len(classes))
    figure = go.Figure()
    figure.add_trace(
        go.Heatmap(
            z=shown,
            x=places,
            y=places,
            zmin=0,
            zmax=top,
            colorscale=MAGNITUDE,
            xgap=1 if large else 2,
            ygap=1 if large else 2,
            hoverinfo="skip",
            colorbar={
                "orientation": "h",
                "thickness": 12,
                "y": -0.03 if large else -0.08,
                "yanchor": "top",
                "len": 1.0,
                "title": {"text": _UNITS[numbers], "side": "bottom"},
                "tickformat": ".0%" if shares else ",d",
                "nticks": 6,
            },
        )
    )
    figure.add_trace(_squares(report, kept, shown, shares, float(top)))
    if chosen and chosen[0] in classes and chosen[1] in classes:
        outline(figure, classes.index(chosen[1]), classes.index(chosen[0]))
    broken = [c if large else c.replace("/", "/<br>") for c in classes]
    figure.update_layout(
        layout(
            (280 if large else 190) + cell_size(len(classes)) * len(classes),
            margin={"l": 8, "r": 8, "t": 60, "b": 8},
            title=scored_title(title, report),
            hovermode="closest",
            hoverdistance=REACH,
            clickmode="event+select",
            dragmode=False,
            showlegend=False,
        )
    )
    edge = [-0.5, len(classes) - 0.5]
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True, "tickvals": places, "ticktext": broken}
    if large:
        plain["tickfont"] = {"size": 11}
    figure.update_xaxes(**plain, range=edge, side="top", tickangle=-90, automargin=True)
    # Both names beside the rows: above the columns one would run into the title of a narrow chart.
    figure.update_yaxes(**plain, range=edge[::-1], title=AXES, automargin=True)
    return figure


#: What the two sides of a matrix are.
AXES = "true (rows), predicted (columns)"

_UNITS = {NUMBERS[0]: "pictures", NUMBERS[1]: "% of the true class", NUMBERS[2]: "% of the predicted class"}


def _squares(report: Report, kept: Sequence[int], shown: NDArray[np.generic], shares: bool, top: float) -> go.Scatter:
    rows, columns = row_shares(report.confusion), column_shares(report.confusion)
    names = [report.classes[i] for i in kept]
    # Without the sign, so that a cell at phone width holds it; the colour bar names the unit.
    text = [[f"{100 * float(v):.1f}" if shares else f"{int(v):,}" for v in line] for line in shown]
    words = [
        f"true {report.classes[i]}<br>predicted {report.classes[j]}<br>{int(report.confusion[i, j]):,} pictures, "
        f"{rows[i, j]:.1%} of the true class, {columns[i, j]:.1%} of the predicted class"
        for i in kept
        for j in kept
    ]
    # Viridis is dark below its middle and bright above: ink follows.
    return squares(names, names, text, np.asarray(shown, dtype=np.float64) / top >= 0.6, words)


def distribution_figure(report: Report) -> go.Figure:
    """Shares of the classes: in the train split, among the true and among the predicted labels of the scored split."""
    classes = list(report.classes)
    true = report.confusion.sum(axis=1)
    predicted = report.confusion.sum(axis=0)
    series = [(f"{report.split}: true", true, PALETTE[0]), (f"{report.split}: predicted", predicted, PALETTE[1])]
    if report.train_counts:
        series.insert(0, ("train", np.asarray(report.train_counts), GREY))
    figure = go.Figure()
    for name, counts, colour in series:
        total = max(1, int(counts.sum()))
        figure.add_trace(
            go.Bar(
                name=name,
                x=counts / total,
                y=classes,
                orientation="h",
                marker_color=colour,
                customdata=counts,
                hovertemplate=f"%{{y}}<br>{name}: %{{x:.1%}} (%{{customdata:,}} of {total:,})<extra></extra>",
            )
        )
    figure.update_layout(
        layout(
            150 + 26 * len(series) * len(classes) // 2,
            barmode="group",
            bargap=0.3,
            margin={"l": 8, "r": 16, "t": 88, "b": 8},
            title=scored_title("Classes by share of the pictures", report),
            legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        )
    )
    figure.update_xaxes(tickformat=".0%", title="share of pictures", rangemode="tozero", fixedrange=True)
    figure.update_yaxes(autorange="reversed", automargin=True, fixedrange=True)
    return figure
