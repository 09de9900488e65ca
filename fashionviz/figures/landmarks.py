"""Landmarks over a photo: dots with letters, and the heat of one landmark."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fashionviz.data.landmarks.sheet import COLOURS
from fashionviz.figures.pictures import Picture, overlay, view_photo
from fashionviz.landmark_results import Landmarks


def landmark_picture(result: Landmarks, photo: NDArray[np.uint8], longest: int = 960) -> Picture:
    """The whole photo with a dot and a letter (Collar, Sleeve, Waist, Hem) for every landmark said to be there.

    Args:
        result: landmarks in pixels of the photo.
        photo: ``(H, W, 3)`` uint8.
        longest: side of the picture in pixels: dots must be seen on a thumbnail and not drown in a large photo.
    """
    scale = longest / max(photo.shape[:2])
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    picture = Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS)
    pen, font, radius = ImageDraw.Draw(picture), ImageFont.load_default(longest // 36), longest // 90
    if result.box:
        pen.rectangle([v * scale for v in result.box], outline="white", width=3)
    for mark in result.found:
        if not mark.present:
            continue
        x, y = mark.x * scale, mark.y * scale
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=COLOURS[mark.part], outline="white", width=2)
        left = mark.name.startswith("left")
        pen.text(
            (x - 1.6 * radius if left else x + 1.6 * radius, y), mark.part[0].upper(), fill=COLOURS[mark.part],
            font=font, anchor="rm" if left else "lm", stroke_width=3, stroke_fill="white",
        )  # fmt: skip
    return np.asarray(picture)


def legend() -> tuple[tuple[str, str, str], ...]:
    """Letter, part and colour (hex RGB) of the dots."""
    return tuple((part[0].upper(), part, colour) for part, colour in COLOURS.items())


def heat_picture(result: Landmarks, name: str) -> Picture:
    """Where the network looks for one landmark, over the photo.

    Args:
        result: with its heat maps.
        name: of a landmark.

    Raises:
        KeyError: no such landmark.
    """
    names = [mark.name for mark in result.found]
    if name not in names:
        raise KeyError(name)
    heat = result.heat[names.index(name)]
    near = _nearby(heat)
    # The root lets the foot of a peak be seen, too.
    return overlay(view_photo(result.view), _over_photo(result, np.sqrt(near / near.max())))


#: How far about a place counts as there, as a share of the map's side: a network that is sure names a single pixel.
_ABOUT = 1 / 60


def _nearby(heat: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probability ``(S, S)`` summed about each place under a Gaussian of that width."""
    sigma = len(heat) * _ABOUT
    steps = np.arange(-round(3 * sigma), round(3 * sigma) + 1)
    kernel = np.exp(-((steps / sigma) ** 2) / 2)
    summed = np.asarray(heat, np.float64)
    for axis in (0, 1):
        summed = np.apply_along_axis(np.convolve, axis, summed, kernel, mode="same")
    return summed


def _over_photo(result: Landmarks, values: NDArray[np.floating]) -> NDArray[np.float32]:
    """The part of ``(h, w)`` values over the model's input that lies over the photo."""
    place = result.view.placement
    field = Image.fromarray(np.asarray(values, np.float32)).resize(
        (place.frame[1], place.frame[0]), Image.Resampling.BILINEAR
    )
    return np.ascontiguousarray(place.cut(np.asarray(field)))
