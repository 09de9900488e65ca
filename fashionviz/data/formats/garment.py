"""One garment a picture, small: what networks learn from, out of pictures as published."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from fashionviz import images

#: Kept around the garment's box, as a share of its sides.
MARGIN = 0.05
#: Longest side of what is kept, in pixels: more than any network here sees.
LONGEST = 320
_QUALITY = 92


def as_garment(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its picture cut to the garment's box and shrunk; box and landmarks move along, outlines are dropped.

    Args:
        row: as :func:`fashionviz.data.formats.convert.convert` packs it.

    Raises:
        ImageError: the picture is damaged.
    """
    photo = images.decode(row["image"]["bytes"])
    picture = Image.fromarray(photo.pixels)
    upright = (photo.width > photo.height) == (row["width"] > row["height"]) or row["width"] == row["height"]
    scale = photo.width / row["width"]
    left, top, right, bottom = 0, 0, photo.width, photo.height
    if row["box"] and upright:
        x0, y0, x1, y1 = (v * scale for v in row["box"])
        across, down = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
        left, top = max(0, int(x0 - across)), max(0, int(y0 - down))
        right, bottom = min(photo.width, round(x1 + across)), min(photo.height, round(y1 + down))
        picture = picture.crop((left, top, max(left + 1, right), max(top + 1, bottom)))
    shrink = min(1.0, LONGEST / max(picture.size))
    if shrink < 1:
        size = (max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)

    def moved(x: float, y: float) -> tuple[float, float]:
        return (x * scale - left) * shrink, (y * scale - top) * shrink

    landmarks = []
    for mark in row["landmarks"] if upright else ():
        if mark["x"] is not None:
            x, y = moved(mark["x"], mark["y"])
            inside = 0 <= x <= picture.width and 0 <= y <= picture.height
            mark = {**mark, "x": x, "y": y} if inside else {**mark, "x": None, "y": None, "visibility": "outside"}
        landmarks.append(mark)
    return {
        **row,
        "box": [*moved(*row["box"][:2]), *moved(*row["box"][2:])] if row["box"] and upright else None,
        "landmarks": landmarks,
        "polygons": [],
        "width": picture.width,
        "height": picture.height,
        "image": {"bytes": out.getvalue(), "path": row["image"]["path"]},
    }
