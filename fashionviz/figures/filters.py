"""Filters of a convolution as one picture with the filter's index on hover."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fashionviz.figures.pictures import filter_tiles, unused_filters
from fashionviz.figures.theme import layout
from fashionviz.results import FilterBank


def columns_for(count: int) -> int:
    """How many filters stand in a row: a grid about twice as wide as high that still reads on a phone."""
    return max(1, min(count, 8 if count <= 64 else 16 if count <= 256 else 32))


def figure_width(count: int) -> int:
    """How wide the figure is meant to stand, in pixels; on a narrower page it shrinks."""
    return 560 if count <= 64 else 860


#: About as many pixels as a mosaic may have, since each carries its hover text to the browser.
_PIXELS = 20_000


def mosaic(bank: FilterBank) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Filters side by side, each weight a square of a few pixels, tiles a little apart.

    Returns:
        ``(H, W, 4)`` uint8 RGBA with clear gaps, and ``(H, W)`` the filter's index at each pixel, -1 in the gaps.
    """
    tiles = filter_tiles(bank)
    weights = len(tiles) * tiles[0].shape[0] * tiles[0].shape[1]
    side = int(np.clip(np.sqrt(_PIXELS / weights), 1, 6))
    tiles = [tile.repeat(side, axis=0).repeat(side, axis=1) for tile in tiles]
    gap = max(1, side // 2)
    height, width = tiles[0].shape[:2]
    columns = columns_for(len(tiles))
    rows = -(-len(tiles) // columns)
    picture = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, 4), dtype=np.uint8)
    index = np.full(picture.shape[:2], -1, dtype=np.int64)
    for i, tile in enumerate(tiles):
        y, x = (i // columns) * (height + gap), (i % columns) * (width + gap)
        picture[y : y + height, x : x + width, :3] = tile
        picture[y : y + height, x : x + width, 3] = 255
        index[y : y + height, x : x + width] = i
    return picture, index


def filter_figure(bank: FilterBank) -> go.Figure:
    """Every filter of a layer, each normalised on its own, with its index and range on hover.

    Filters over RGB are shown in colour around mid-grey; others as the mean over their input channels, red below zero,
    white at zero, blue above.
    """
    picture, index = mosaic(bank)
    unused = set(unused_filters(bank))
    ranges = [f"weights {w.min():+.3f} to {w.max():+.3f}" for w in bank.weights]
    facts = ["unused: all weights about zero" if i in unused else r for i, r in enumerate(ranges)]
    words = ["", *(f"filter {i}<br>{fact}" for i, fact in enumerate(facts))]
    figure = go.Figure(
        go.Image(
            z=picture,
            colormodel="rgba",
            zsmooth=False,
            hovertext=np.array(words, dtype=object)[index + 1],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    height, width = picture.shape[:2]
    tall = max(80, round(figure_width(len(bank.weights)) * height / width))
    figure.update_layout(layout(tall, margin=dict.fromkeys("lrtb", 0)))
    hidden = {"visible": False, "fixedrange": True, "constrain": "domain"}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden, constraintoward="top", scaleanchor="x")
    return figure


def filter_rows(bank: FilterBank) -> list[dict[str, float | int | bool]]:
    """What the figure says on hover, a row a filter: range and length of its weights, and whether it is unused."""
    unused = set(unused_filters(bank))
    return [
        {
            "filter": i,
            "smallest weight": float(w.min()),
            "largest weight": float(w.max()),
            "norm": float(np.linalg.norm(w)),
            "unused": i in unused,
        }
        for i, w in enumerate(bank.weights)
    ]
