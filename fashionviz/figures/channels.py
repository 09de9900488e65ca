"""What excites a channel as pictures: the photo and the attribution from the channel, cut to what the channel saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionviz.explore_results import ChannelAttribution
from fashionviz.figures.pictures import Picture, grid, robust_scale, view_photo
from fashionviz.figures.theme import signed
from fashionviz.results import FilterBank

#: The smallest side of a cut, as a share of the photo's: less shows nothing of the garment.
LEAST = 1 / 5


@dataclass(frozen=True)
class Cut:
    """A part of the photo as the model received it, in its pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, values: NDArray) -> NDArray:
        """That part of ``(H, W, …)`` values over the photo."""
        return values[self.top : self.top + self.height, self.left : self.left + self.width]


def over_photo(result: ChannelAttribution) -> NDArray[np.float32]:
    """Sum over the colour channels ``(h, w)``, over the photo's part of the input."""
    values: NDArray[np.float32] = result.view.placement.cut(result.values).sum(axis=0)
    return values


def seen(result: ChannelAttribution) -> Cut:
    """The smallest square around every pixel of the photo that has a share, at least a fifth of it wide.

    Walked back from one place of a map, an attribution covers that place's receptive field and no more.
    """
    height, width = (int(side) for side in over_photo(result).shape)
    # Rounding leaves specks of a billionth; they are no share.
    magnitude = np.abs(result.view.placement.cut(result.values)).max(axis=0)
    rows, columns = np.nonzero(magnitude > 1e-6 * (float(magnitude.max()) or 1.0))
    if not len(rows):
        return Cut(0, 0, height, width)
    side = max(round(LEAST * max(height, width)), int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1)
    tall, wide = min(side, height), min(side, width)
    top = int(np.clip((rows.min() + rows.max() + 1 - tall) // 2, 0, height - tall))
    left = int(np.clip((columns.min() + columns.max() + 1 - wide) // 2, 0, width - wide))
    return Cut(top, left, tall, wide)


def channel_photo(result: ChannelAttribution, *, cut: bool) -> Picture:
    """The photo as the model received it, or what the channel saw of it."""
    photo = view_photo(result.view)
    return np.ascontiguousarray(seen(result).of(photo)) if cut else photo


def channel_signed(result: ChannelAttribution, *, cut: bool) -> Picture:
    """The attribution on the signed scale: blue excites the channel, red inhibits it, white does nothing."""
    values = over_photo(result)
    picture = signed(values / robust_scale(values, 99.0 if cut else 99.8))
    return np.ascontiguousarray(seen(result).of(picture)) if cut else picture


def input_tiles(bank: FilterBank, channel: int, first: int = 0, count: int = 64, tile: int = 40) -> Picture:
    """One filter of a convolution, a tile an input channel, on one signed scale, eight a row.

    Args:
        bank: weights ``(N, C, kh, kw)``.
        channel: which filter.
        first: the first input channel shown.
        count: how many.
        tile: side in pixels.
    """
    weights = bank.weights[channel]
    scale = float(np.abs(weights).max()) or 1.0
    return grid([signed(plane / scale) for plane in weights[first : first + count]], 8, tile)
