"""Regions of a photo: as text, ``x0,y0,x1,y1`` in pixels, the one form that every front end reads and writes; and as
shares of the photo.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fashionviz.errors import InvalidRequest
from fashionviz.results import Box


def parse_box(text: str | None, name: str = "box") -> Box | None:
    """``"x0,y0,x1,y1"`` to a box; nothing, or blanks, is the whole photo.

    Args:
        text: what a person wrote.
        name: of the field or option, for the message.

    Raises:
        InvalidRequest: not four finite numbers, or no area.
    """
    if text is None or not text.strip():
        return None
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 4 or not all(math.isfinite(v) for v in values):
        raise InvalidRequest(f"{name!r} must be four numbers in pixels, x0,y0,x1,y1, for example 40,30,200,260.")
    x0, y0, x1, y1 = values
    if x0 == x1 or y0 == y1:
        raise InvalidRequest(f"{name!r} has no area: x0 and x1 must differ, and so must y0 and y1.")
    return x0, y0, x1, y1


def format_box(box: Box | None) -> str:
    """The inverse of :func:`parse_box`."""
    return "" if box is None else ",".join(f"{v:g}" for v in box)


@dataclass(frozen=True)
class Shares:
    """Where a box lies, in shares of the photo's width and height."""

    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Share of the photo."""
        return self.width * self.height


def shares_of(box: Box, size: tuple[int, int]) -> Shares:
    """A box in pixels as shares, cut off at the photo's border.

    Args:
        box: with its corners in order.
        size: width and height of the photo.
    """
    x0, x1 = (min(1.0, max(0.0, x / size[0])) for x in (box[0], box[2]))
    y0, y1 = (min(1.0, max(0.0, y / size[1])) for y in (box[1], box[3]))
    return Shares(x0, y0, x1 - x0, y1 - y0)


def smallest_at(boxes: Sequence[Box], x: float, y: float) -> int | None:
    """Place of the smallest box that holds a point; ``None`` where none does. Of two the first."""
    holding = [(i, b) for i, b in enumerate(boxes) if b[0] <= x <= b[2] and b[1] <= y <= b[3]]
    return min(holding, key=lambda at: (at[1][2] - at[1][0]) * (at[1][3] - at[1][1]))[0] if holding else None


def shared(a: Box, b: Box) -> float:
    """The part of the smaller box that lies within the other, 0..1; 1 where it lies within entirely."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return max(0.0, width) * max(0.0, height) / smaller if smaller > 0 else 0.0
