"""The confusion matrix as a figure one can click, and the distributions beside it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fashionviz.figures.theme import GREY, MAGNITUDE, PALETTE, layout
from fashionviz.results import Report

#: How far from a cell's centre a click still counts, in pixels: enough for the largest cell drawn.
_REACH = 160


def row_shares(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Counts to shares of each true class, 0..1; a class without items stays 0."""
    totals = confusion.sum(axis=1, keepdims=True)
    return np.divide(confusion, totals, out=np.zeros(confusion.shape, dtype=np.float64), where=totals > 0)


def confusion_figure(report: Report, normalise: bool = False, chosen: tuple[str, str] | None = None) -> go.Figure:
    """True classes by row, predicted classes by column.

    Heatmaps report no clicks to Streamlit, so every cell carries one square marker (trace 1) that does. Its
    ``customdata`` is ``[true, predicted]``.

    Args:
        report: the model's report on a split.
        normalise: show each row as shares of its true class instead of counts.
        chosen: the ``(true, predicted)`` cell to outline.
    """
    classes = report.classes
    shares = row_shares(report.confusion)
    shown = shares if normalise else report.confusion
    top = 1.0 if normalise else max(1, int(report.confusion.max()))
    places = list(range(len(classes)))
    figure = go.Figure()
    figure.add_trace(
        go.Heatmap(
            z=shown,
            x=places,
            y=places,
            zmin=0,
            zmax=top,
            colorscale=MAGNITUDE,
            xgap=2,
            ygap=2,
            hoverinfo="skip",
            colorbar={
                "orientation": "h",
                "thickness": 12,
                "y": -0.08,
                "yanchor": "top",
                "len": 1.0,
                "title": {"text": "% of the true class" if normalise else "pictures", "side": "bottom"},
                "tickformat": ".0%" if normalise else ",d",
                "nticks": 6,
            },
        )
    )
    figure.add_trace(_squares(report, shares, shown, normalise, top))
    if chosen and chosen[0] in classes and chosen[1] in classes:
        x, y = classes.index(chosen[1]), classes.index(chosen[0])
        box = {"type": "rect", "x0": x - 0.49, "x1": x + 0.49, "y0": y - 0.49, "y1": y + 0.49}
        figure.add_shape(**box, line={"color": "#FFFFFF", "width": 5})
        figure.add_shape(**box, line={"color": "#D55E00", "width": 3})
    broken = [c.replace("/", "/<br>") for c in classes]
    height = 150 + 62 * len(classes)
    figure.update_layout(
        layout(
            height,
            margin={"l": 8, "r": 8, "t": 8, "b": 8},
            hovermode="closest",
            hoverdistance=_REACH,
            clickmode="event+select",
            dragmode=False,
            showlegend=False,
        )
    )
    edge = [-0.5, len(classes) - 0.5]
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True, "tickvals": places, "ticktext": broken}
    figure.update_xaxes(**plain, range=edge, side="top", title="predicted", tickangle=-90, automargin=True)
    figure.update_yaxes(**plain, range=edge[::-1], title="true", automargin=True)
    return figure


def _squares(
    report: Report, shares: NDArray[np.float64], shown: NDArray[np.generic], normalise: bool, top: float
) -> go.Scatter:
    classes = report.classes
    cells = [(t, p) for t in range(len(classes)) for p in range(len(classes))]
    # Viridis is dark below its middle and bright above: ink follows.
    ink = ["#FFFFFF" if float(shown[t, p]) / top < 0.6 else "#1B2033" for t, p in cells]
    # Without the sign, so that a cell at phone width holds it; the colour bar names the unit.
    words = [f"{100 * shares[t, p]:.1f}" if normalise else f"{int(report.confusion[t, p]):,}" for t, p in cells]
    clear = {"opacity": 0}
    return go.Scatter(
        x=[p for _, p in cells],
        y=[t for t, _ in cells],
        mode="markers+text",
        marker={"symbol": "square", "size": 34, "opacity": 0, "color": "#FFFFFF"},
        selected={"marker": clear},
        unselected={"marker": clear, "textfont": {}},
        text=words,
        textposition="middle center",
        textfont={"color": ink, "size": 12},
        customdata=[[classes[t], classes[p]] for t, p in cells],
        hovertext=[
            f"true {classes[t]}<br>predicted {classes[p]}<br>"
            f"{int(report.confusion[t, p]):,} pictures, {shares[t, p]:.1%} of the true class"
            for t, p in cells
        ],
        hoverinfo="text",
    )


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
            110 + 26 * len(series) * len(classes) // 2,
            barmode="group",
            bargap=0.3,
            margin={"l": 8, "r": 16, "t": 8, "b": 8},
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        )
    )
    figure.update_xaxes(tickformat=".0%", title="share of pictures", rangemode="tozero", fixedrange=True)
    figure.update_yaxes(autorange="reversed", automargin=True, fixedrange=True)
    return figure
