"""Why two pictures are alike, as pictures: the saliency of their similarity on both."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionviz.embed_results import MatchExplanation
from fashionviz.explain.methods import METHODS
from fashionviz.figures.pictures import Picture, attribution_overlay, attribution_signed
from fashionviz.results import ModelView

#: How the maps can be shown: magnitudes over the photo, or what speaks for and against.
OVERLAY, SIGNED = "Over the photo", "Signed"


@dataclass(frozen=True)
class _Map:
    values: NDArray[np.float32] = field(repr=False)
    view: ModelView


def styles_of(method: str) -> tuple[str, ...]:
    """The ways to show a method's maps: a sign is only shown where it is evidence."""
    return (OVERLAY, SIGNED) if METHODS[method].evidence else (OVERLAY,)


def why_pictures(result: MatchExplanation, style: str = OVERLAY) -> tuple[Picture, Picture]:
    """The maps of the garment and of the item, ``(h, w, 3)`` each, without the network's white margin.

    Full colour is the 99th percentile of each map's own magnitude.
    """
    draw = attribution_signed if style == SIGNED else attribution_overlay
    return draw(_Map(result.query, result.query_view)), draw(_Map(result.item, result.item_view))


def beside(one: Picture, other: Picture, height: int = 480, gap: int = 16) -> Picture:
    """Two pictures of one height side by side on white, never stretched.

    Args:
        one: left.
        other: right.
        height: of both in pixels.
        gap: between and around them.
    """
    scaled = []
    for picture in (one, other):
        width = max(1, round(picture.shape[1] * height / picture.shape[0]))
        scaled.append(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))
    page = Image.new("RGB", (sum(p.width for p in scaled) + 3 * gap, height + 2 * gap), "white")
    page.paste(scaled[0], (gap, gap))
    page.paste(scaled[1], (scaled[0].width + 2 * gap, gap))
    return np.asarray(page)


def why_picture(result: MatchExplanation, style: str = OVERLAY) -> Picture:
    """Both maps side by side: the garment left, the item right."""
    return beside(*why_pictures(result, style))


def why_words(result: MatchExplanation, style: str = OVERLAY) -> str:
    """What the two maps say, in plain words."""
    title = METHODS[result.method].title
    how = (
        "Blue is what makes the two alike, red what tells them apart, white says nothing."
        if style == SIGNED
        else "The brighter a place, the more the similarity depends on it."
    )
    return (
        f"Their similarity is {result.similarity:.3f}, the cosine of two vectors. {title} shows which parts of either "
        f"picture it rests on. {how} Full colour is the 99th percentile of each map's own magnitude."
    )
