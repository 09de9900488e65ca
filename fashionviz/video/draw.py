"""A frame with the items on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fashionviz.data.garment13 import GARMENT13
from fashionviz.figures.theme import GREY, class_colour
from fashionviz.results import Box

#: Letters of a label at most.
_LONGEST = 44


@dataclass(frozen=True)
class Mark:
    """An item as it is drawn.

    Attributes:
        number: the sighting's.
        box: in pixels of the frame.
        label: what it is.
        words: what it was matched with; may be empty.
    """

    number: int
    box: Box
    label: str
    words: str = ""


def marked(pixels: NDArray[np.uint8], marks: Sequence[Mark]) -> NDArray[np.uint8]:
    """A copy of the frame ``(H, W, 3)`` with a box and two lines for every item, the smaller boxes over the larger."""
    if not marks:
        return pixels
    picture = Image.fromarray(pixels)
    pen = ImageDraw.Draw(picture)
    font = _font(max(12, max(pixels.shape[:2]) // 60))
    line = max(2, max(pixels.shape[:2]) // 400)
    for mark in sorted(marks, key=lambda m: -(m.box[2] - m.box[0]) * (m.box[3] - m.box[1])):
        colour = class_colour(mark.label, GARMENT13) if mark.label in GARMENT13 else GREY
        x0, y0, x1, y1 = mark.box
        pen.rectangle((x0, y0, max(x0, x1), max(y0, y1)), outline=colour, width=line)
        words = f"{mark.number} {mark.label}" + (f"\n{_short(mark.words)}" if mark.words else "")
        left, top, right, bottom = pen.multiline_textbbox((0, 0), words, font=font, spacing=1)
        wide, high = right - left + 2 * line, bottom - top + 2 * line
        x = min(max(0.0, x0), max(0.0, picture.width - wide))
        y = min(max(0.0, y0), max(0.0, picture.height - high))  # inside the box: a neighbour's label stays readable
        pen.rectangle((x, y, x + wide, y + high), fill=colour)
        pen.multiline_text((x + line - left, y + line - top), words, fill=_readable(colour), font=font, spacing=1)
    return np.asarray(picture)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1].rstrip() + "…"


def _readable(colour: str) -> str:
    """Black or white, whichever stands out from a colour (the weights are of ITU-R BT.601)."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "white"
