"""What every annotation format is read as: one row a garment, with its picture's path and not its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from fashionviz.results import Box

#: ``outside``: cut off by the border of the picture; its x and y then say nothing.
Visibility = Literal["visible", "occluded", "outside"]

#: The landmarks of a garment. Whose left and right is meant, the data set says (see its reader).
LANDMARKS = (
    "left_collar",
    "right_collar",
    "left_sleeve",
    "right_sleeve",
    "left_waist",
    "right_waist",
    "left_hem",
    "right_hem",
)


class Landmark(NamedTuple):
    """A point of a garment, in pixels of the picture as published."""

    x: float
    y: float
    visibility: Visibility


@dataclass(frozen=True)
class Row:
    """A garment in a picture.

    Attributes:
        image: the picture's file; it existed when the row was made.
        id: unique within the data set.
        split: ``train``, ``validation``, ``test``, or ``shop`` (Street2Shop's pictures of products).
        category: as the publisher names it; ``None`` where it is unknown, or where there are several.
        attributes: what is known to be true of it; of what is not listed nothing is said.
        box: ``(x0, y0, x1, y1)`` in pixels of the picture as published, x0 < x1 and y0 < y1.
        landmarks: by name (:data:`LANDMARKS`; in DeepFashion2 the numbers of the publisher's figure).
        polygons: outlines as ``(x, y, x, y, …)`` in pixels; a garment may be in several pieces.
        product: the same for all pictures of one product; ``None`` where it is unknown.
        extra: the publisher's other labels.
    """

    image: Path
    id: str
    split: str
    category: str | None = None
    attributes: tuple[str, ...] = ()
    box: Box | None = None
    landmarks: Mapping[str, Landmark] = field(default_factory=dict)
    polygons: tuple[tuple[float, ...], ...] = ()
    product: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
