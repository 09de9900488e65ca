"""Tables of the tab "Video" as HTML: items, and the time of every stage. Pure, everything escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from apps import videos
from fashionviz import images
from fashionviz.errors import FashionvizError
from fashionviz.figures.video import colour_of, nearest, stage_rows
from fashionviz.video.results import Sighting, Watched

#: Side of a picture in a table, in pixels.
_SIDE = 56
NO_ITEMS = "No items yet."


def items_table(sightings: Sequence[Sighting], pictures: Mapping[str, bytes] | None = None) -> str:
    """A row an item: how it was seen, what it is, who wears it when, and the nearest shop item.

    Args:
        sightings: in the order of the rows.
        pictures: of shop items by id, where they are wanted.
    """
    if not sightings:
        return f'<p class="fv-note">{NO_ITEMS}</p>'
    rows = "".join(_item(sighting, pictures or {}) for sighting in sightings)
    return (
        '<div class="fv-scroll"><table class="fv-table"><caption>Items, each with the shop item most like it</caption>'
        '<thead><tr><th scope="col">Seen</th><th scope="col">Item</th><th scope="col">Person</th>'
        f'<th scope="col">In sight</th><th scope="col">Nearest</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _item(sighting: Sighting, pictures: Mapping[str, bytes]) -> str:
    seen = _picture(sighting.picture, f"Item {sighting.id}, {sighting.label}") if sighting.picture.size else ""
    found = ""
    best = sighting.matches[0].item if sighting.matches else None
    if best is not None and best.id in pictures:
        try:
            found = _picture(images.decode(pictures[best.id]).pixels, best.title or best.id)
        except FashionvizError:
            found = ""
    return (
        f"<tr><td>{seen}</td><td><i class='fv-dot' style='background:{colour_of(sighting.label)}'></i>"
        f"{sighting.id} {escape(sighting.label)}<br><small>{sighting.label_share:.0%} of the votes</small></td>"
        f"<td>{sighting.wearer}</td><td class='fv-time'>{videos.span(sighting)}</td>"
        f"<td>{found}{escape(nearest(sighting))}</td></tr>"
    )


def _picture(pixels: NDArray[np.uint8], alt: str) -> str:
    """A small picture that is part of the page: it leaves no file behind."""
    small = Image.fromarray(np.ascontiguousarray(pixels))
    small.thumbnail((2 * _SIDE, 2 * _SIDE))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    data = base64.b64encode(out.getvalue()).decode("ascii")
    return f'<img src="data:image/jpeg;base64,{data}" alt="{escape(alt)}" height="{_SIDE}">'


def stages_table(result: Watched) -> str:
    """Milliseconds of every stage."""
    rows = stage_rows(result)
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in rows[0])
    cells = ["".join(f"<td>{escape(_number(value))}</td>" for value in row.values()) for row in rows]
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return (
        '<div class="fv-scroll"><table class="fv-table"><caption>Time of every stage of the work on a frame'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        "</div>"
    )


def summary(result: Watched) -> str:
    """What was found and how fast, in three sentences and the notes."""
    said = [f"{videos.counted(result)}", f"{videos.speed(result)}.", videos.keeping_up(result), *result.notes]
    return f'<div class="fv-status"><p>{" ".join(escape(words) for words in said)}</p></div>'


def _number(value: object) -> str:
    """A cell: numbers with their thousands set apart."""
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
