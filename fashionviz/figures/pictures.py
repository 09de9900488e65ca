"""Results to pictures, ``(H, W, 3)`` uint8: attributions, overlays, activation grids, filter tiles."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionviz.figures.theme import signed, viridis
from fashionviz.results import ActivationMaps, FilterBank, ModelView

Picture = NDArray[np.uint8]


class Attributed(Protocol):
    """A map over a photo: of a class, or of how like another picture it is."""

    @property
    def values(self) -> NDArray[np.float32]:
        """``(3, H, W)``, signed, on the network's input."""

    @property
    def view(self) -> ModelView:
        """The photo as the network received it."""


def robust_scale(values: NDArray[np.floating], percentile: float = 99.0) -> float:
    """The magnitude that becomes full colour: a percentile of |values|, so that one pixel does not dim the rest."""
    magnitude = np.abs(values)
    scale = float(np.percentile(magnitude, percentile))
    return scale if scale > 0 else float(magnitude.max()) or 1.0


def enlarge(picture: Picture, longest: int, *, smooth: bool = False) -> Picture:
    """Scale a picture up (never down) so that its longest side has about that many pixels."""
    factor = max(1, round(longest / max(picture.shape[:2])))
    if factor == 1:
        return picture
    how = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    size = (picture.shape[1] * factor, picture.shape[0] * factor)
    return np.asarray(Image.fromarray(picture).resize(size, how))


def attribution_colour(result: Attributed) -> Picture:
    """The attribution itself, per colour channel around mid-grey: how guided backpropagation is shown in its papers."""
    values = result.view.placement.cut(result.values)
    shown = 0.5 + 0.5 * np.clip(values / robust_scale(values), -1, 1)
    return (shown.transpose(1, 2, 0) * 255).round().astype(np.uint8)


def attribution_grey(result: Attributed) -> Picture:
    """The sum over channels around mid-grey: the same picture for a model that sees no colour.

    Its three channels differ only by the weights that make grey of RGB; shown as colours they would be a green tint.
    """
    values = result.view.placement.cut(result.values).sum(axis=0)
    shown = 0.5 + 0.5 * np.clip(values / robust_scale(values), -1, 1)
    return np.repeat((shown * 255).round().astype(np.uint8)[..., None], 3, axis=2)


def attribution_signed(result: Attributed) -> Picture:
    """Sum over channels on the signed scale: red spoke against the class, white said nothing, blue spoke for it."""
    values = result.view.placement.cut(result.values).sum(axis=0)
    return signed(values / robust_scale(values))


def attribution_magnitude(result: Attributed) -> NDArray[np.float32]:
    """Largest magnitude over the channels, scaled to 0..1: ``(h, w)`` over the photo's part of the input."""
    magnitude = np.abs(result.view.placement.cut(result.values)).max(axis=0)
    return np.clip(magnitude / robust_scale(magnitude), 0, 1).astype(np.float32)


def view_photo(view: ModelView) -> Picture:
    """The photo as the model saw it, without the white margin."""
    return np.ascontiguousarray(view.placement.cut(view.pixels.transpose(2, 0, 1)).transpose(1, 2, 0))


def overlay(photo: Picture, heat: NDArray[np.floating], strength: float = 0.65) -> Picture:
    """Lay a heat map in 0..1 over the greyed photo, in viridis; the stronger the heat, the less of the photo."""
    height, width = photo.shape[:2]
    field = Image.fromarray(np.asarray(heat, dtype=np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    values = np.clip(np.asarray(field), 0, 1)
    grey = np.repeat(photo.mean(axis=2, keepdims=True), 3, axis=2)
    weight = (strength * values**0.7)[..., None]
    return (grey * (1 - weight) + viridis(values) * weight).round().astype(np.uint8)


def attribution_overlay(result: Attributed) -> Picture:
    """The attribution's magnitude laid over the photo."""
    return overlay(view_photo(result.view), attribution_magnitude(result))


def scale_map(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """One activation map to 0..1; a constant map becomes 0."""
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-12:
        return np.zeros(values.shape, dtype=np.float32)
    return ((values - low) / (high - low)).astype(np.float32)


def strongest_channels(result: ActivationMaps, count: int) -> list[int]:
    """Channels by mean activation magnitude, strongest first."""
    order = np.argsort(-np.abs(result.maps).mean(axis=(1, 2)), kind="stable")
    return [int(i) for i in order[:count]]


def activation_tile(result: ActivationMaps, channel: int, longest: int = 0) -> Picture:
    """One channel in viridis, its own range scaled to 0..1, without the white margin."""
    picture = viridis(scale_map(map_over_photo(result, channel)))
    return enlarge(picture, longest) if longest else picture


def map_over_photo(result: ActivationMaps, channel: int) -> NDArray[np.float32]:
    """The part of a channel's map that lies over the photo, ``(h, w)``."""
    values = result.maps[channel]
    place = result.view.placement
    sy, sx = values.shape[0] / place.frame[0], values.shape[1] / place.frame[1]
    top, left = int(np.floor(place.top * sy)), int(np.floor(place.left * sx))
    bottom = max(top + 1, int(np.ceil((place.top + place.height) * sy)))
    right = max(left + 1, int(np.ceil((place.left + place.width) * sx)))
    return values[top:bottom, left:right]


def activation_overlay(result: ActivationMaps, channel: int) -> Picture:
    """One channel laid over the photo."""
    return overlay(view_photo(result.view), scale_map(map_over_photo(result, channel)))


def activation_grid(result: ActivationMaps, channels: list[int], columns: int = 8, tile: int = 72) -> Picture:
    """Channels side by side on white, each scaled on its own."""
    return grid([activation_tile(result, c) for c in channels], columns, tile)


def grid(tiles: list[Picture], columns: int, tile: int, gap: int = 3) -> Picture:
    """Lay tiles of one shape in rows, each fitted into ``tile`` pixels, with white gaps."""
    height, width = tiles[0].shape[:2]
    scale = tile / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    columns = max(1, min(columns, len(tiles)))
    rows = -(-len(tiles) // columns)
    out = np.full((rows * (size[1] + gap) - gap, columns * (size[0] + gap) - gap, 3), 255, dtype=np.uint8)
    for i, picture in enumerate(tiles):
        y, x = (i // columns) * (size[1] + gap), (i % columns) * (size[0] + gap)
        out[y : y + size[1], x : x + size[0]] = np.asarray(
            Image.fromarray(picture).resize(size, Image.Resampling.NEAREST)
        )
    return out


def filter_tiles(bank: FilterBank) -> list[Picture]:
    """Filters as tiles, each normalised on its own around mid-grey.

    A first layer's filters are RGB. Deeper ones are shown as the mean over input channels on the signed scale; filters
    of a single weight share one scale, since on its own each would be full red or full blue.
    """
    if bank.first and bank.weights.shape[1] == 3:
        unused = set(unused_filters(bank))
        return [_filter_colour(w * 0 if i in unused else w) for i, w in enumerate(bank.weights)]
    means = bank.weights.mean(axis=1)
    shared = float(np.abs(means).max()) if means[0].size == 1 else 0.0
    return [signed(mean / (shared or float(np.abs(mean).max()) or 1.0)) for mean in means]


def unused_filters(bank: FilterBank) -> list[int]:
    """Filters that weight decay has switched off: no weight reaches a ten-thousandth of the layer's largest.

    Normalised on their own they would show rounding noise as if it were a pattern.
    """
    largest = np.abs(bank.weights).reshape(len(bank.weights), -1).max(axis=1)
    return [int(i) for i in np.flatnonzero(largest <= 1e-4 * largest.max())]


def _filter_colour(weights: NDArray[np.float32]) -> Picture:
    """A filter over RGB, mid-grey where it is zero, full colour at its largest magnitude."""
    scale = float(np.abs(weights).max()) or 1.0
    return ((0.5 + 0.5 * weights / scale).transpose(1, 2, 0) * 255).round().astype(np.uint8)


def filter_grid(bank: FilterBank, columns: int = 8, tile: int = 48) -> Picture:
    """All filters of a layer as one picture."""
    return grid(filter_tiles(bank), columns, tile)
