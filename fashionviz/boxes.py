"""Regions of a photo as text: ``x0,y0,x1,y1`` in pixels, the one form that every front end reads and writes."""

from __future__ import annotations

import math

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
