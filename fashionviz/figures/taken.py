"""A picture as a figure, so that a browser can save it as SVG or interactive HTML as it saves any chart."""

from __future__ import annotations

import base64
from html import escape

import plotly.graph_objects as go

from fashionviz.figures.pictures import Picture
from fashionviz.figures.theme import layout
from fashionviz.images import encode_png

#: The width that charts are saved at, in pixels, and the room for a title.
WIDTH, ROOM = 960, 48


def picture_figure(pixels: Picture, title: str) -> go.Figure:
    """A picture under its title; the pointer reads a pixel's place.

    Args:
        pixels: ``(H, W, 3)`` uint8; kept as it is, as PNG within the figure.
        title: what it shows, in words.
    """
    height, width = pixels.shape[:2]
    source = "data:image/png;base64," + base64.b64encode(encode_png(pixels)).decode()
    figure = go.Figure(go.Image(source=source, hovertemplate="column %{x}, row %{y}<extra></extra>"))
    figure.update_layout(
        layout(
            round(min(1600, WIDTH * height / width)) + ROOM,
            title={"text": escape(title), "font": {"size": 16}, "x": 0.01, "y": 0.985, "yanchor": "top"},
            margin={"l": 8, "r": 8, "t": ROOM, "b": 8},
        )
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure
