"""Maps of a generator's or discriminator's stage as tiles. There is no photo behind them, unlike a classifier's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionviz.figures.pictures import Picture, grid, scale_map
from fashionviz.figures.theme import viridis


def strongest_maps(maps: NDArray[np.float32], count: int) -> list[int]:
    """Channels by mean magnitude, strongest first.

    Args:
        maps: ``(C, h, w)``.
        count: how many at most.
    """
    order = np.argsort(-np.abs(maps).mean(axis=(1, 2)), kind="stable")
    return [int(channel) for channel in order[:count]]


def stage_grid(maps: NDArray[np.float32], channels: Sequence[int], columns: int = 8, tile: int = 64) -> Picture:
    """Channels side by side in viridis, each scaled on its own from its lowest to its highest value.

    Args:
        maps: ``(C, h, w)``.
        channels: which, in order; one or more.
        columns: tiles a row.
        tile: side of a tile in pixels.
    """
    return grid([viridis(scale_map(maps[channel])) for channel in channels], columns, tile)
