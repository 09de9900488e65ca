"""Landmarks of a photo: parts, then geometry, at one working size, in coordinates from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionviz.data.landmarks.catalogue import part_map
from fashionviz.data.landmarks.geometry import locate
from fashionviz.data.landmarks.kinds import LANDMARKS, Kind, Visibility
from fashionviz.data.landmarks.parts import PartMap, Refused
from fashionviz.errors import InvalidRequest

#: Photos of less height are enlarged by two before anything is measured on them.
LEAST_HEIGHT = 120


@dataclass(frozen=True)
class Derived:
    """Derived landmarks of one garment, or the reason why there are none.

    Attributes:
        kind: of the garment.
        points: ``(8, 2)`` float32, x and y from 0 to 1 of the photo; NaN where a landmark does not apply, is outside
            or hidden (a collar behind hair), or the photo is refused: ``np.isfinite`` is the mask for training.
        visibility: ``(8,)`` int8 of :class:`~fashionviz.data.landmarks.kinds.Visibility`; all 0 where refused.
        size: diagonal of the garment's box in pixels of the photo, 0 where refused: divide errors in pixels by it.
        reason: why there are none; empty where there are some.
        parts: ``(h, w)`` map that was measured, maybe at another size than the photo's.
    """

    kind: Kind
    points: NDArray[np.float32]
    visibility: NDArray[np.int8]
    size: float = 0.0
    reason: str = ""
    parts: PartMap | None = None

    def __bool__(self) -> bool:
        return not self.reason

    def named(self) -> dict[str, tuple[float, float, str]]:
        """``{name: (x, y, visibility)}`` of the landmarks that have a position."""
        found = {}
        for name, (x, y), seen in zip(LANDMARKS, self.points.tolist(), self.visibility.tolist(), strict=True):
            if x == x:  # not NaN
                found[name] = (x, y, Visibility(seen).word)
        return found


def refusal(kind: Kind, reason: str, parts: PartMap | None = None) -> Derived:
    """No landmarks, for a reason."""
    return Derived(kind, np.full((8, 2), np.nan, np.float32), np.zeros(8, np.int8), 0.0, reason, parts)


def from_parts(parts: PartMap, kind: Kind, scale: float = 1.0) -> Derived:
    """Landmarks of the garment in a part map.

    Args:
        parts: ``(h, w)`` of :class:`~fashionviz.data.landmarks.parts.Part`.
        kind: of the garment; ``NONE`` is refused.
        scale: pixels of the map for one of the photo.
    """
    if kind is Kind.NONE:
        return refusal(kind, "no landmark applies", parts)
    try:
        found = locate(parts, kind)
    except Refused as error:
        return refusal(kind, str(error), parts)
    height, width = parts.shape
    points = (found.points / np.array([width, height])).astype(np.float32)
    return Derived(kind, points, found.visibility, found.size / scale, "", parts)


def from_photo(pixels: NDArray[np.uint8], kind: Kind, people: PartMap | None = None) -> Derived:
    """Landmarks of the garment in a catalogue photo on near-white ground.

    Args:
        pixels: ``(H, W, 3)`` uint8 RGB.
        kind: of the garment; ``NONE`` is refused.
        people: ``(H, W)`` map from a better source, see :func:`~fashionviz.data.landmarks.catalogue.part_map`.

    Raises:
        InvalidRequest: not ``(H, W, 3)`` uint8, or a map of another size.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise InvalidRequest("Landmarks are derived from RGB pixels: (H, W, 3) uint8.")
    if people is not None and people.shape != pixels.shape[:2]:
        raise InvalidRequest(f"The map is {people.shape}, the photo {pixels.shape[:2]} pixels (height, width).")
    if kind is Kind.NONE:
        return refusal(kind, "no landmark applies")
    height, width = pixels.shape[:2]
    scale = 2 if height < LEAST_HEIGHT else 1
    if scale != 1:
        pixels = np.asarray(Image.fromarray(pixels).resize((width * scale, height * scale), Image.Resampling.BICUBIC))
        people = people.repeat(scale, 0).repeat(scale, 1) if people is not None else None
    try:
        parts = part_map(pixels, kind, people)
    except Refused as error:
        return refusal(kind, str(error))
    return from_parts(parts, kind, scale)


def normalised_error(predicted: NDArray[np.floating], derived: Derived, shape: tuple[int, int]) -> NDArray[np.floating]:
    """Distance of predicted from derived landmarks as a share of the garment's size.

    Args:
        predicted: ``(8, 2)``, x and y from 0 to 1.
        derived: with the landmarks and the size.
        shape: height and width of the photo in pixels.

    Returns:
        ``(8,)``, NaN where there is no derived landmark.
    """
    gap = (predicted - derived.points) * np.array([shape[1], shape[0]])
    return np.hypot(gap[:, 0], gap[:, 1]) / (derived.size or np.nan)
