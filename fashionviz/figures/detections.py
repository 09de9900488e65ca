"""Items with boxes over a photo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fashionviz.data.garment13 import GARMENT13
from fashionviz.detect_results import Detections
from fashionviz.figures.pictures import Picture
from fashionviz.figures.theme import class_colour


def detection_picture(result: Detections, photo: NDArray[np.uint8], longest: int = 960) -> Picture:
    """The whole photo with a box, a name and a score for every item; the surest are drawn last, over the others.

    Args:
        result: boxes in pixels of the photo.
        photo: ``(H, W, 3)`` uint8.
        longest: side of the picture in pixels: names must be read on a thumbnail and not drown in a large photo.
    """
    scale = longest / max(photo.shape[:2])
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    picture = Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS)
    pen, font, line = ImageDraw.Draw(picture), ImageFont.load_default(longest // 48), max(2, longest // 320)
    if result.box:
        pen.rectangle(_ordered(tuple(v * scale for v in result.box)), outline="white", width=line)
    for box, score, label in reversed(list(zip(result.boxes, result.scores, result.labels, strict=True))):
        x0, y0, x1, y1 = (v * scale for v in box)
        colour = class_colour(label, GARMENT13)
        pen.rectangle((x0, y0, x1, y1), outline=colour, width=line)
        words = f"{label} {score:.2f}"
        left, top, right, bottom = pen.textbbox((0, 0), words, font=font)
        wide, high = right - left + 2 * line, bottom - top + 2 * line
        # Above the box where there is room, and never beyond the picture's border.
        x, y = min(max(0, x0), max(0, size[0] - wide)), y0 - high if y0 >= high else y0
        pen.rectangle((x, y, x + wide, y + high), fill=colour)
        pen.text((x + line - left, y + line - top), words, fill=_readable(colour), font=font)
    return np.asarray(picture)


def _ordered(box: tuple[float, ...]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _readable(colour: str) -> str:
    """Black or white, whichever stands out from a colour (the weights are of ITU-R BT.601)."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "white"
