"""Which tags occur together, as a matrix that one can click."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from fashionviz.error_results import Cooccurrence
from fashionviz.evaluation.cooccurrence import KINDS, pictures_of
from fashionviz.figures.cells import REACH, cell_size, numbered, outline, squares
from fashionviz.figures.theme import MAGNITUDE, SIGNED, Scored, layout, scored_title


def cooccurrence_figure(
    found: Cooccurrence,
    kind: str,
    rows: Sequence[int],
    columns: Sequence[int],
    scored: Scored,
    chosen: tuple[str, str] | None = None,
) -> go.Figure:
    """Pictures that have a row's and a column's tag; a tag's own count on the diagonal is left blank.

    Every cell carries a square marker (trace 1) for clicks, with ``[row tag, column tag]`` as its ``customdata``.

    Args:
        found: the counts.
        kind: one of :data:`~fashionviz.evaluation.cooccurrence.KINDS`.
        rows, columns: numbers of the tags, from top to bottom and from left to right.
        scored: what they were counted on.
        chosen: the cell to outline.
    """
    shown = pictures_of(found, kind)[np.ix_(rows, columns)].astype(np.float64)
    shown[np.equal.outer(np.asarray(rows), np.asarray(columns))] = np.nan
    signed = kind == KINDS[2]
    size = np.abs(shown)
    top = max(1.0, float(np.nanmax(size)) if np.isfinite(size).any() else 1.0)
    down, across = ([found.labels[i] for i in places] for places in (rows, columns))
    figure = go.Figure(
        go.Heatmap(
            z=shown,
            x=list(range(len(across))),
            y=list(range(len(down))),
            zmin=-top if signed else 0,
            zmax=top,
            colorscale=[list(stop) for stop in SIGNED] if signed else MAGNITUDE,
            xgap=1,
            ygap=1,
            hoverinfo="skip",
            colorbar={
                "orientation": "h",
                "thickness": 12,
                "y": -0.04,
                "yanchor": "top",
                "len": 1.0,
                "title": {
                    "text": "pictures more (blue) or fewer (red) than true" if signed else "pictures",
                    "side": "bottom",
                },
                "tickformat": "+,d" if signed else ",d",
                "nticks": 5,
            },
        )
    )
    words = [
        f"{found.labels[i]}<br>{found.labels[j]}<br>both true: {found.true[i, j]:,}, both said: {found.said[i, j]:,} "
        f"of {found.known[i, j]:,} pictures"
        for i in rows
        for j in columns
    ]
    bright = np.nan_to_num(size / top)
    dark_ink = (bright < 0.6) if signed else (bright >= 0.6)
    text = [["" if np.isnan(v) else f"{int(v):+,}" if signed else f"{int(v):,}" for v in line] for line in shown]
    figure.add_trace(squares(down, across, text, dark_ink, words))
    if chosen and chosen[0] in down and chosen[1] in across:
        outline(figure, across.index(chosen[1]), down.index(chosen[0]))
    figure.update_layout(
        layout(
            230 + cell_size(len(rows)) * len(rows),
            margin={"l": 8, "r": 8, "t": 60, "b": 8},
            title=scored_title(f"Co-occurrence: {kind}", scored),
            hovermode="closest",
            hoverdistance=REACH,
            clickmode="event+select",
            dragmode=False,
            showlegend=False,
        )
    )
    for update, names, reverse in ((figure.update_xaxes, across, False), (figure.update_yaxes, down, True)):
        edge = [-0.5, len(names) - 0.5]
        update(
            range=edge[::-1] if reverse else edge,
            tickvals=list(range(len(names))),
            ticktext=[name.partition(": ")[2] or name for name in names],
            tickfont={"size": 12 if numbered(len(names)) else 11},
            showgrid=False,
            zeroline=False,
            fixedrange=True,
            automargin=True,
        )
    figure.update_xaxes(side="top", tickangle=-90)
    return figure
