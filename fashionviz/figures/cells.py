"""What matrices share that one can click: sizes of cells, squares that take the clicks, the outline of the chosen one.

Plotly's heatmaps report no clicks to Streamlit, so every cell carries a marker that does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

#: How far from a cell's centre a click still counts, in pixels: enough for the largest cell drawn.
REACH = 160
#: With more rows or columns the cells hold no numbers: colours and the words under the pointer remain, and the table.
MOST_WITH_NUMBERS = 20
_WHITE, _DARK = "#FFFFFF", "#1B2033"


def cell_size(count: int) -> int:
    """Height of a cell in pixels: large where there are few, so that many fit on a page."""
    return 62 if count <= 12 else max(17, 744 // count)


def numbered(count: int) -> bool:
    """Whether that many rows or columns leave room for numbers."""
    return count <= MOST_WITH_NUMBERS


def squares(
    rows: Sequence[str],
    columns: Sequence[str],
    text: Sequence[Sequence[str]],
    dark_ink: NDArray[np.bool_],
    words: Sequence[str],
) -> go.Scatter:
    """A clear square on each cell, row by row, with ``[row, column]`` as its ``customdata``.

    Args:
        rows, columns: their names.
        text: ``[row][column]`` numbers written into the cells.
        dark_ink: ``(rows, columns)`` where the cell is so bright that its number must be dark.
        words: under the pointer, row by row.
    """
    cells = [(r, c) for r in range(len(rows)) for c in range(len(columns))]
    clear = {"opacity": 0}
    most = max(len(rows), len(columns), 1)
    return go.Scatter(
        x=[c for _, c in cells],
        y=[r for r, _ in cells],
        mode="markers+text" if numbered(most) else "markers",
        marker={"symbol": "square", "size": 34, "opacity": 0, "color": _WHITE},
        selected={"marker": clear},
        unselected={"marker": clear, "textfont": {}},
        text=[text[r][c] for r, c in cells],
        textposition="middle center",
        textfont={"color": [_DARK if dark_ink[r, c] else _WHITE for r, c in cells], "size": 12 if most <= 12 else 10},
        customdata=[[rows[r], columns[c]] for r, c in cells],
        hovertext=list(words),
        hoverinfo="text",
    )


def outline(figure: go.Figure, x: int, y: int) -> None:
    """Draw a frame around a cell that stands out on dark and on bright colours."""
    box = {"type": "rect", "x0": x - 0.49, "x1": x + 0.49, "y0": y - 0.49, "y1": y + 0.49}
    figure.add_shape(**box, line={"color": _WHITE, "width": 5})
    figure.add_shape(**box, line={"color": "#D55E00", "width": 3})
