"""A tagger's report as figures: how often tags occur, and what a threshold does to one of them."""

from __future__ import annotations

import plotly.graph_objects as go

from fashionviz.figures.theme import ACCENT, GREY, PALETTE, layout, scored_title
from fashionviz.tag_results import TaggingReport, ThresholdCurve


def histogram_figure(report: TaggingReport, most: int = 10) -> go.Figure:
    """Items of the most frequent tags in the train split and in the scored one, as shares are compared by eye.

    Args:
        report: of a tagger.
        most: how many tags.
    """
    tags = sorted(report.per_tag, key=lambda tag: -tag.train_count)[:most]
    names = [tag.label for tag in tags]
    figure = go.Figure()
    for name, counts, colour in (
        ("train", [tag.train_count for tag in tags], GREY),
        (report.split, [tag.support for tag in tags], PALETTE[0]),
    ):
        figure.add_trace(
            go.Bar(
                name=name,
                x=counts,
                y=names,
                orientation="h",
                marker_color=colour,
                hovertemplate=f"%{{y}}<br>{name}: %{{x:,}} items<extra></extra>",
            )
        )
    figure.update_layout(
        layout(
            150 + 34 * len(tags),
            barmode="group",
            bargap=0.3,
            margin={"l": 8, "r": 16, "t": 88, "b": 8},
            title=scored_title(f"The {len(tags)} most frequent tags", report),
            legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        )
    )
    figure.update_xaxes(title="items", rangemode="tozero", fixedrange=True, gridcolor="rgba(128,128,128,0.2)")
    figure.update_yaxes(autorange="reversed", automargin=True, fixedrange=True)
    return figure


def precision_recall_figure(
    curve: ThresholdCurve, threshold: float, title: dict[str, object] | None = None
) -> go.Figure:
    """Precision against recall over all thresholds, with the point of one of them.

    Args:
        curve: of one tag.
        threshold: 0..1.
        title: of :func:`~fashionviz.figures.theme.scored_title`.
    """
    precision, recall, f1 = curve.at(threshold)
    figure = go.Figure(
        [
            go.Scatter(
                x=curve.recall,
                y=curve.precision,
                mode="lines",
                line={"color": PALETTE[0], "width": 2, "shape": "hv"},
                customdata=curve.thresholds,
                hovertemplate="said from %{customdata:.3f}<br>recall %{x:.3f}<br>precision %{y:.3f}<extra></extra>",
                showlegend=False,
            ),
            go.Scatter(
                x=[recall],
                y=[precision],
                mode="markers",
                marker={"color": ACCENT, "size": 13, "symbol": "diamond", "line": {"color": "#FFFFFF", "width": 1}},
                hovertemplate=f"said from {threshold:.3f}<br>F1 {f1:.3f}<extra></extra>",
                showlegend=False,
            ),
        ]
    )
    figure.update_layout(layout(360, margin={"l": 8, "r": 16, "t": 60, "b": 8}, title=title))
    for axis, measure in ((figure.update_xaxes, "recall"), (figure.update_yaxes, "precision")):
        axis(title=measure, range=[-0.02, 1.04], fixedrange=True, gridcolor="rgba(128,128,128,0.2)")
    return figure


def threshold_figure(curve: ThresholdCurve, threshold: float, title: dict[str, object] | None = None) -> go.Figure:
    """Precision, recall and F1 against the threshold, with a line at one of them.

    Args:
        curve: of one tag.
        threshold: 0..1.
        title: of :func:`~fashionviz.figures.theme.scored_title`.
    """
    figure = go.Figure()
    for name, values, colour, dash in (
        ("precision", curve.precision, PALETTE[0], "solid"),
        ("recall", curve.recall, PALETTE[5], "dash"),
        ("F1", curve.f1, PALETTE[2], "dot"),
    ):
        figure.add_trace(
            go.Scatter(
                name=name,
                x=curve.thresholds,
                y=values,
                mode="lines",
                line={"color": colour, "width": 2, "dash": dash},
                hovertemplate=f"said from %{{x:.3f}}<br>{name} %{{y:.3f}}<extra></extra>",
            )
        )
    figure.add_vline(x=threshold, line={"color": ACCENT, "width": 2})
    figure.update_layout(
        layout(
            360,
            margin={"l": 8, "r": 16, "t": 88, "b": 8},
            title=title,
            legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        )
    )
    figure.update_xaxes(title="said from a probability of", range=[0, 1], fixedrange=True)
    figure.update_yaxes(range=[0, 1.04], fixedrange=True, gridcolor="rgba(128,128,128,0.2)")
    return figure
