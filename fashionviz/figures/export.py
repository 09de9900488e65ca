"""Any figure as what can be taken along: on white ground for print, and as the table of its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from fashionviz.figures.theme import LIGHT

#: Rows of a table at most: a map of many pixels is a picture, and its values are downloaded as an array.
MOST_ROWS = 20_000


def printable(figure: go.Figure) -> go.Figure:
    """The figure with dark ink on white ground, whatever the page around it looks like."""
    made = go.Figure(figure)
    made.update_layout(
        template="plotly_white",
        paper_bgcolor=LIGHT.background,
        plot_bgcolor=LIGHT.background,
        font={"color": LIGHT.text},
    )
    return made


def figure_rows(figure: go.Figure) -> list[dict[str, Any]]:
    """The numbers that a figure shows, a row a bar, point or cell; nothing is rounded.

    Lines, bars and points give their place on both axes, heat maps row, column and value; intervals give their ends.
    Traces that show no numbers of their own (pictures, invisible ones that catch clicks) give nothing.

    Args:
        figure: of any page.
    """
    rows: list[dict[str, Any]] = []
    drawn = [trace for trace in figure.data if trace.type in ("bar", "scatter", "scattergl", "heatmap")]
    drawn = [trace for trace in drawn if not (trace.type == "scatter" and trace.marker.opacity == 0)]
    several = sum(trace.type != "heatmap" for trace in drawn) > 1
    for trace in drawn:
        found = _cells(figure, trace) if trace.type == "heatmap" else _points(figure, trace)
        named = {"series": trace.name or ""} if several and any(t.name for t in drawn) else {}
        rows += [{**named, **row} for row in found]
    return rows[:MOST_ROWS]


def _title(figure: go.Figure, trace: Any, letter: str) -> str:
    """What stands along an axis, or its letter."""
    reference = getattr(trace, f"{letter}axis") or letter
    axis = getattr(figure.layout, f"{letter}axis{reference[1:]}", None)
    words = axis.title.text if axis is not None else None
    return str(words).replace("<br>", " ") if words else letter


def _points(figure: go.Figure, trace: Any) -> list[dict[str, Any]]:
    across, up = _title(figure, trace, "x"), _title(figure, trace, "y")
    if across == up:
        across, up = f"{across} (x)", f"{up} (y)"
    error = trace.error_x if trace.type == "scatter" else None
    rows = []
    for i, (x, y) in enumerate(zip(_plain(trace.x), _plain(trace.y), strict=True)):
        row = {up: _text(y), across: x} if getattr(trace, "orientation", None) == "h" else {across: x, up: _text(y)}
        if error is not None and error.array is not None and error.arrayminus is not None:
            row |= {"low": x - error.arrayminus[i], "high": x + error.array[i]}
        rows.append(row)
    return rows


def _cells(figure: go.Figure, trace: Any) -> list[dict[str, Any]]:
    values = np.asarray(trace.z, dtype=object)
    down = _plain(trace.y) if trace.y is not None else range(values.shape[0])
    along = _plain(trace.x) if trace.x is not None else range(values.shape[1])
    names = {letter: _title(figure, trace, letter) for letter in "xy"}
    row_name = names["y"] if names["y"] != "y" else "row"
    column_name = names["x"] if names["x"] != "x" else "column"
    return [
        {row_name: row, column_name: column, "value": float(values[i, j])}
        for i, row in enumerate(down)
        for j, column in enumerate(along)
        if values[i, j] is not None and not np.isnan(float(values[i, j]))
    ]


def _plain(values: Any) -> list[Any]:
    """Numbers and words of Python's own."""
    return [value.item() if isinstance(value, np.generic) else value for value in np.asarray(values, dtype=object)]


def _text(value: Any) -> Any:
    return value.replace("<br>", " ") if isinstance(value, str) else value
