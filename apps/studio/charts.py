"""Charts and pictures that can be taken along as PNG, SVG and interactive HTML; charts with their table, too.

The files are made in the visitor's browser, on white ground, by Plotly's script from this server, which is loaded when
the first button is pressed. The server needs no browser for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from apps.plotly_js import ADDRESS
from apps.studio.parts import PLAIN
from fashionviz.figures.export import figure_rows, printable
from fashionviz.figures.pictures import Picture
from fashionviz.figures.taken import picture_figure
from fashionviz.images import encode_png

_HERE = Path(__file__).parent
_BUTTONS = """
<div class="row" role="group">
  <button type="button" data-format="png">PNG</button>
  <button type="button" data-format="svg">SVG</button>
  <button type="button" data-format="html">Interactive HTML</button>
  <span role="status"></span>
</div>
"""
_STYLE = """
.row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; font: inherit; }
button {
  font: inherit; font-size: .875rem; color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color, #8888); border-radius: .5rem; padding: .3rem .75rem; cursor: pointer;
  min-height: 2.25rem;
}
button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
button:disabled { opacity: .5; cursor: default; }
span { font-size: .82rem; opacity: .8; }
"""


def _buttons(**mounted: Any) -> None:
    """The buttons; the component is registered anew with each run, since sessions come and go."""
    script = (_HERE / "charts.js").read_text(encoding="utf-8")
    st.components.v2.component("fashionviz_chart", html=_BUTTONS, css=_STYLE, js=script)(**mounted)


def chart(
    figure: go.Figure,
    key: str,
    name: str,
    *,
    table: pd.DataFrame | Sequence[dict[str, Any]] | None = None,
    columns: dict[str, Any] | None = None,
    **options: Any,
) -> None:
    """A chart and, below a fold, its table and what it can be saved as.

    Args:
        figure: the chart.
        key: of the element; unique on the page.
        name: of the files, without an ending.
        table: the numbers that it shows; read from the figure where nothing is given, none if empty.
        columns: how the table's columns look, as ``st.dataframe`` takes them.
        options: what else ``st.plotly_chart`` takes.
    """
    st.plotly_chart(figure, key=key, **({"config": PLAIN} | options))
    frame = pd.DataFrame(figure_rows(figure) if table is None else table)
    with st.expander("Save this chart" + (", or read it as a table" if len(frame) else "")):
        _buttons(
            key=f"save {key}",
            data={"figure": printable(figure).to_json(), "name": name, "script": ADDRESS},
        )
        if len(frame):
            st.dataframe(frame, hide_index=True, column_config=columns, key=f"table {key}")


def save_picture(pixels: Picture, key: str, name: str, title: str, label: str = "Picture (PNG)") -> None:
    """What a picture can be saved as: a button for PNG, and on demand those of a chart.

    Args:
        pixels: ``(H, W, 3)`` uint8.
        key: of the elements; unique on the page.
        name: of the files, without an ending.
        title: what it shows, in words: it stands over the SVG and in the HTML.
        label: of the button.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            label, encode_png(pixels), file_name=f"{name}.png", mime="image/png", on_click="ignore",
            icon=":material/download:", key=f"png {key}",
        )  # fmt: skip
        more = st.toggle("As SVG or interactive HTML", key=f"more {key}")
    if more:  # the picture travels to the browser a second time
        figure = printable(picture_figure(pixels, title))
        _buttons(key=f"save {key}", data={"figure": figure.to_json(), "name": name, "script": ADDRESS})
