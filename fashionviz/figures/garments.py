"""The garments of a photo, numbered, with the chosen one standing out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fashionviz.boxes import shares_of
from fashionviz.figures.labels import corners, layers
from fashionviz.figures.pictures import Picture
from fashionviz.figures.theme import ACCENT
from fashionviz.results import Box

_DARK = "#1B2033"


def garments_picture(
    photo: NDArray[np.uint8], boxes: Sequence[Box], words: Sequence[str], chosen: int | None, longest: int = 960
) -> Picture:
    """The whole photo with a frame and a label for every garment, the smaller over the larger.

    Args:
        photo: ``(H, W, 3)`` uint8.
        boxes: in pixels of the photo.
        words: a label of each.
        chosen: place of the one whose frame is thick and coloured, if any.
        longest: side of the picture in pixels; a label's size follows from it.
    """
    scale = longest / max(photo.shape[:2])
    width, height = (max(1, round(side * scale)) for side in (photo.shape[1], photo.shape[0]))
    picture = Image.fromarray(photo).resize((width, height), Image.Resampling.LANCZOS)
    pen, font, thin = ImageDraw.Draw(picture), ImageFont.load_default(longest // 38), max(2, longest // 320)
    places = [shares_of(box, (photo.shape[1], photo.shape[0])) for box in boxes]
    order = sorted(range(len(boxes)), key=lambda i: layers(places)[i])
    for i in order:
        place = places[i]
        frame = [place.left * width, place.top * height]
        frame += [frame[0] + place.width * width - 1, frame[1] + place.height * height - 1]
        rings = [(ACCENT, 2 * thin), ("white", thin)] if i == chosen else [("white", thin), (_DARK, max(1, thin // 2))]
        for colour, line in rings:
            pen.rectangle(_ordered(frame), outline=colour, width=line)
            frame = [frame[0] + line, frame[1] + line, frame[2] - line, frame[3] - line]
    where = corners(places)
    for i in [*(i for i in order if i != chosen), *([chosen] if chosen is not None else [])]:
        place, (down, across) = places[i], where[i]
        left, top, right, bottom = pen.textbbox((0, 0), words[i], font=font)
        wide, high = right - left + 4 * thin, bottom - top + 4 * thin
        x = place.left * width if across == "left" else (place.left + place.width) * width - wide
        y = place.top * height - (high if down == "above" else 0)
        if down in ("bottom", "below"):
            y = (place.top + place.height) * height - (high if down == "bottom" else 0)
        x, y = min(max(0.0, x), max(0.0, width - wide)), min(max(0.0, y), max(0.0, height - high))
        pen.rectangle((x, y, x + wide, y + high), fill=ACCENT if i == chosen else _DARK)
        pen.text((x + 2 * thin - left, y + 2 * thin - top), words[i], fill="white", font=font)
    return np.asarray(picture)


def _ordered(frame: Sequence[float]) -> tuple[float, float, float, float]:
    """A frame within a box of few pixels does not turn inside out."""
    return frame[0], frame[1], max(frame[0], frame[2]), max(frame[1], frame[3])
