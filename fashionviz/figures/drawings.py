"""How good drawings are: distances on a scale from other photos to shuffled ones, classes, the course of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fashionviz.drawing_results import DrawingReport
from fashionviz.figures.theme import ACCENT, GREY, PALETTE, layout

#: Sets of pictures in the order of the scale: what they are, colour and mark.
SETS = {
    "real": ("other photos (the floor)", PALETTE[2], "diamond"),
    "drawn": ("drawn", ACCENT, "circle"),
    "blurred": ("photos blurred to 16 px", PALETTE[1], "square"),
    "shuffled": ("photos with shuffled patches", PALETTE[5], "x"),
}
#: Names of the two distances.
MEASURES = {"frechet": "Fréchet distance", "kernel": "kernel distance"}
_GRID = "rgba(128,128,128,0.2)"


def scale_rows(reports: Mapping[str, DrawingReport], measure: str) -> list[dict[str, Any]]:
    """Where each set of each report lies: 0 is the floor of its own photos, 1 its own shuffled control.

    Args:
        reports: by the generator's name.
        measure: ``frechet`` or ``kernel``.

    Returns:
        Rows of generator, pictures, distance with the ends of its interval, and its place with the ends of that.
    """
    rows = []
    for name, report in reports.items():
        floor, top = (getattr(report.distance(what), measure) for what in ("real", "shuffled"))
        for what, (title, _, _) in SETS.items():
            found = report.distance(what)
            value, interval = getattr(found, measure), getattr(found, f"{measure}_ci95")
            place, low, high = ((v - floor) / (top - floor) for v in (value, *interval))
            rows.append(
                {
                    "generator": name,
                    "pictures": title,
                    "n": found.n,
                    "distance": value,
                    "low": interval[0],
                    "high": interval[1],
                    "place": place,
                    "place_low": low,
                    "place_high": high,
                }
            )
    return rows


def scale_figure(reports: Mapping[str, DrawingReport], measure: str = "frechet") -> go.Figure:
    """Drawings between the floor and the controls, a line for each generator; the further left, the better.

    Args:
        reports: by the generator's name, best on top.
        measure: ``frechet`` or ``kernel``.
    """
    rows = scale_rows(reports, measure)
    figure = go.Figure()
    for title, colour, symbol in SETS.values():
        found = [row for row in rows if row["pictures"] == title]
        figure.add_scatter(
            x=[row["place"] for row in found],
            y=[row["generator"] for row in found],
            mode="markers",
            name=title,
            marker={"color": colour, "symbol": symbol, "size": 13},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [row["place_high"] - row["place"] for row in found],
                "arrayminus": [row["place"] - row["place_low"] for row in found],
                "color": colour,
            },
            customdata=[[row["distance"], row["low"], row["high"], row["n"]] for row in found],
            hovertemplate="%{y}, " + title + f"<br>{MEASURES[measure]} %{{customdata[0]:.4g}} "
            "(%{customdata[1]:.4g} to %{customdata[2]:.4g}), n = %{customdata[3]}<br>at %{x:.3f} of the scale"
            "<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": GREY, "dash": "dot", "width": 1})
    figure.add_vline(x=1, line={"color": GREY, "dash": "dot", "width": 1})
    figure.update_layout(
        layout(
            150 + 56 * len(reports),
            margin={"l": 8, "r": 16, "t": 8, "b": 8},
            legend={"orientation": "h", "y": -0.4, "x": 0},
        )
    )
    figure.update_xaxes(
        title=f"{MEASURES[measure]}<br>(0: other photos, 1: shuffled ones)", gridcolor=_GRID, rangemode="tozero"
    )
    figure.update_yaxes(autorange="reversed", automargin=True, type="category")
    return figure


def agreement_rows(report: DrawingReport, asked: Sequence[str]) -> list[dict[str, Any]]:
    """What the classifier names, by the class that was asked for.

    Args:
        report: with ``asked`` and ``classes``.
        asked: names of its rows.
    """
    return [
        {"asked": label, "drawn": sum(row), **dict(zip(report.classes, row, strict=True))}
        for label, row in zip(asked, report.asked, strict=True)
    ]


def agreement_figure(report: DrawingReport, asked: Sequence[str]) -> go.Figure:
    """The classes asked for against those that the classifier names, in shares of each row.

    Args:
        report: with ``asked`` and ``classes``.
        asked: names of its rows.
    """
    counts = np.array(report.asked, dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(report.classes),
            y=list(asked),
            zmin=0,
            zmax=1,
            colorscale="Blues",
            text=[[f"{share:.0%}" for share in row] for row in shares],
            texttemplate="%{text}",
            customdata=counts.astype(int),
            hovertemplate="asked for %{y}, named %{x}<br>%{customdata} drawings, %{z:.1%} of the row<extra></extra>",
            colorbar={"title": "share", "tickformat": ".0%"},
        )
    )
    figure.update_layout(layout(150 + 46 * len(asked), margin={"l": 8, "r": 8, "t": 8, "b": 8}))
    figure.update_xaxes(title="class that the classifier names", side="bottom", automargin=True)
    figure.update_yaxes(title="class asked for", autorange="reversed", automargin=True)
    return figure


#: What an epoch's row of a generator's history holds, with its name for people.
_COURSE = {
    "spread": "spread of the drawings, as a share of the photos'",
    "real_found": "photos that the discriminator finds",
    "drawn_found": "drawings that the discriminator finds",
}


def course_figure(history: Sequence[Mapping[str, Any]], height: int = 340) -> go.Figure:
    """A generator's training: the kernel distance to validation photos, and how the game stood.

    Args:
        history: a row an epoch with ``epoch`` (from 0).
        height: in pixels.
    """
    figure = make_subplots(
        rows=1, cols=2, subplot_titles=["Kernel distance to validation photos", "How the game stood"]
    )
    epochs = [int(row["epoch"]) + 1 for row in history]
    figure.add_scatter(
        x=epochs, y=[row["val_kernel_distance"] for row in history], mode="lines+markers", line={"color": ACCENT},
        name="kernel distance", hovertemplate="epoch %{x}: %{y:.4f}<extra>kernel distance</extra>", row=1, col=1,
    )  # fmt: skip
    for place, (key, name) in enumerate(_COURSE.items()):
        if not any(key in row for row in history):
            continue
        figure.add_scatter(
            x=[epoch for epoch, row in zip(epochs, history, strict=True) if key in row],
            y=[row[key] for row in history if key in row],
            mode="lines+markers", name=name, line={"color": PALETTE[place]},
            hovertemplate=f"epoch %{{x}}: %{{y:.2f}}<extra>{name}</extra>", row=1, col=2,
        )  # fmt: skip
    figure.update_xaxes(title_text="epoch", dtick=max(1, len(history) // 8))
    figure.update_layout(layout(height, legend={"orientation": "h", "y": -0.25, "x": 0}))
    return figure
