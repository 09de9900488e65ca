"""The part of the photo that is asked about: quick choices, four edges, two clicked corners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fashionviz.figures.theme import ACCENT
from fashionviz.images import Photo
from fashionviz.results import Box

#: Left, top, right and bottom edge in percent of the photo.
Edges = tuple[float, float, float, float]

WHOLE = "Whole photo"
CUSTOM = "Custom"
PRESETS: dict[str, Edges] = {
    WHOLE: (0, 0, 100, 100),
    "Upper half": (0, 0, 100, 50),
    "Lower half": (0, 50, 100, 100),
    "Centre": (20, 20, 80, 80),
}
CHOICES = (*PRESETS, CUSTOM)
#: Longest side of the preview in pixels.
PREVIEW = 960


def edges_to_box(photo: Photo, edges: Edges) -> Box | None:
    """Edges in percent to a box in pixels; ``None`` for the whole photo."""
    left, right = sorted((edges[0], edges[2]))
    top, bottom = sorted((edges[1], edges[3]))
    if (left, top, right, bottom) == (0, 0, 100, 100):
        return None
    return (
        round(photo.width * left / 100),
        round(photo.height * top / 100),
        round(photo.width * right / 100),
        round(photo.height * bottom / 100),
    )


def describe(choice: str, box: Box | None) -> str:
    """Which part is asked about, in words."""
    if box is None:
        return "the whole photo"
    width, height = round(box[2] - box[0]), round(box[3] - box[1])
    name = {"Upper half": "the upper half", "Lower half": "the lower half", "Centre": "the centre"}
    return f"{name.get(choice, 'a region')} ({width}×{height} px)"


def corners_to_edges(first: tuple[float, float], second: tuple[float, float]) -> Edges:
    """Two opposite corners in percent to edges, at least 4 % wide and high, inside the photo."""

    def span(a: float, b: float) -> tuple[int, int]:
        low, high = sorted((round(min(100, max(0, a))), round(min(100, max(0, b)))))
        if high - low < 4:
            low = min(low, 96)
            high = low + 4
        return low, high

    left, right = span(first[0], second[0])
    top, bottom = span(first[1], second[1])
    return (left, top, right, bottom)


def preview(photo: Photo, box: Box | None, corner: tuple[float, float] | None = None) -> NDArray[np.uint8]:
    """The photo for the page: what lies outside the box dimmed, the box outlined.

    Args:
        photo: the decoded photo.
        box: in pixels of the photo, or ``None``.
        corner: a first clicked corner in percent, marked with a cross.

    Returns:
        ``(h, w, 3)`` uint8, at most 960 pixels long.
    """
    scale = min(1.0, PREVIEW / max(photo.width, photo.height))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    picture = Image.fromarray(np.asarray(photo.pixels))
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    stroke = max(2, round(max(size) / 240))
    if box is not None:
        x0, y0, x1, y1 = (round(v * scale) for v in box)
        dimmed = Image.blend(picture, Image.new("RGB", size, "#FFFFFF"), 0.62)
        dimmed.paste(picture.crop((x0, y0, x1, y1)), (x0, y0))
        ImageDraw.Draw(dimmed).rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=ACCENT, width=stroke)
        picture = dimmed
    if corner is not None:
        x, y, arm = size[0] * corner[0] / 100, size[1] * corner[1] / 100, stroke * 5
        draw = ImageDraw.Draw(picture)
        for width, colour in ((stroke * 2, "#FFFFFF"), (stroke, ACCENT)):
            draw.line((x - arm, y, x + arm, y), fill=colour, width=width)
            draw.line((x, y - arm, x, y + arm), fill=colour, width=width)
    return np.asarray(picture)
