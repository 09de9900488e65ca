"""Many attributions of one photo side by side, and how far one of them can be trusted, as pictures and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go
from PIL import Image, ImageDraw, ImageFont

from fashionviz.figures.pictures import (
    Picture,
    attribution_colour,
    attribution_grey,
    attribution_overlay,
    attribution_signed,
    enlarge,
)
from fashionviz.figures.theme import GREY, PALETTE, layout
from fashionviz.results import Attribution
from fashionviz.trust_results import Curve, Trust

#: How a gallery can be shown. Whichever is chosen holds for all its maps, each with full colour at the 99th percentile
#: of its own magnitude: methods have no unit in common.
SCALES = ("Signed", "Over the photo", "By colour")


def draw_as(scale: str, *, grey: bool = False) -> Callable[[Attribution], Picture]:
    """How a map is drawn on one of :data:`SCALES`.

    Args:
        scale: the choice.
        grey: the model sees no colour.
    """
    by_value = attribution_grey if grey else attribution_colour
    return {"Signed": attribution_signed, "Over the photo": attribution_overlay, "By colour": by_value}[scale]


def contact_sheet(
    photo: Picture, maps: Sequence[tuple[str, Picture]], title: str, columns: int = 4, side: int = 240
) -> Picture:
    """Photo and maps with their names on one white page.

    Args:
        photo: as the model received it.
        maps: caption and picture of each.
        title: over all of it.
        columns: pictures in a row.
        side: longest side of a picture in pixels.
    """
    tiles = [("The photo", photo), *maps]
    height, width = photo.shape[:2]
    size = (max(1, round(width * side / max(height, width))), max(1, round(height * side / max(height, width))))
    font = ImageFont.load_default(14)
    widest = max(round(font.getlength(caption)) for caption, _ in tiles)
    cell, words, gap = (max(size[0], 160, widest), size[1]), 22, 12
    rows = -(-len(tiles) // columns)
    across = max(columns * (cell[0] + gap), round(font.getlength(title)) + gap) + gap
    page = Image.new("RGB", (across, rows * (cell[1] + words + gap) + 2 * gap + words), "white")
    pen = ImageDraw.Draw(page)
    pen.text((gap, gap), title, fill="black", font=font)
    for i, (caption, picture) in enumerate(tiles):
        x = gap + (i % columns) * (cell[0] + gap)
        y = 2 * gap + words + (i // columns) * (cell[1] + words + gap)
        smooth = Image.Resampling.BICUBIC if i == 0 else Image.Resampling.NEAREST
        page.paste(Image.fromarray(enlarge(picture, side)).resize(_fitted(picture, cell), smooth), (x, y))
        pen.text((x, y + size[1] + 2), caption, fill="black", font=font)
    return np.asarray(page)


def _fitted(picture: Picture, cell: tuple[int, int]) -> tuple[int, int]:
    """Width and height of a picture that fills a cell as far as its own proportions let it."""
    height, width = picture.shape[:2]
    scale = min(cell[0] / width, cell[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def trust_figure(trust: Trust, height: int = 260) -> go.Figure:
    """Deletion and insertion over the share of pixels, with the control dotted."""
    figure = go.Figure()
    for name, curve, colour in (("deletion", trust.deletion, PALETTE[5]), ("insertion", trust.insertion, PALETTE[0])):
        _lines(figure, name, curve, colour)
    figure.update_layout(layout(height, legend={"orientation": "h", "y": 1.2}, margin={"l": 8, "r": 8, "t": 8, "b": 8}))
    figure.update_xaxes(title="share of the pixels", tickformat=".0%", range=[0, 1], gridcolor="rgba(128,128,128,0.2)")
    figure.update_yaxes(title="probability", tickformat=".0%", range=[0, 1.02], gridcolor="rgba(128,128,128,0.2)")
    return figure


def _lines(figure: go.Figure, name: str, curve: Curve, colour: str) -> None:
    share = np.linspace(0, 1, len(curve.probabilities))
    for values, label, dash in (
        (curve.probabilities, name, "solid"),
        (curve.control, f"{name}, map elsewhere", "dot"),
    ):
        figure.add_scatter(
            x=share,
            y=values,
            name=label,
            mode="lines",
            line={"color": colour if dash == "solid" else GREY, "dash": dash},
            hovertemplate=f"%{{x:.0%}} of the pixels: %{{y:.3f}}<extra>{label}</extra>",
        )


def trust_words(trust: Trust) -> tuple[str, str]:
    """Sign and lead of how far a map can be trusted, before its sentence: the words say it, not a colour."""
    return {"good": ("✓", "It holds."), "caution": ("?", "Hardly."), "poor": ("✕", "No.")}[trust.level]


def trust_rows(trust: Trust) -> list[tuple[str, float, str]]:
    """Every score with its value and what to compare it with, for a table."""
    rows = [
        ("rank correlation with random weights", trust.randomised.spearman, "1: the weights do not matter"),
        ("structural similarity with random weights", trust.randomised.ssim, "1: the weights do not matter"),
        ("deletion, low is good", trust.deletion.auc, f"map elsewhere {trust.deletion.control_auc:.3f}"),
        ("insertion, high is good", trust.insertion.auc, f"map elsewhere {trust.insertion.control_auc:.3f}"),
    ]
    rows += [(f"share on {s.region}", s.saliency, f"of {s.pixels:.1%} of the pixels") for s in trust.shares or ()]
    return rows
