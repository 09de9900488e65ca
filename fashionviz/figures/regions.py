"""Regions of a photo: laid over it in two colours, as a label map, and as bars."""

from __future__ import annotations

import io

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fashionviz.figures.pictures import Picture
from fashionviz.figures.theme import GREY, PALETTE, layout
from fashionviz.segment_results import Segmentation

#: Of background, garment, skin and hair: orange and sky blue are far apart for every kind of colour blindness.
COLOURS = (GREY, PALETTE[1], PALETTE[4])
#: How much of a region's colour lies over the photo.
_STRENGTH = 0.55


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def legend(result: Segmentation) -> tuple[tuple[str, str, str], ...]:
    """Sign, words with the share of the photo, and colour (hex RGB) of each region."""
    return tuple(
        ("■", f"{name} {share:.0%}", colour)
        for name, share, colour in zip(result.classes, result.shares, COLOURS, strict=True)
    )


def region_picture(result: Segmentation, pixels: NDArray[np.uint8], longest: int = 960) -> Picture:
    """Garment, and skin and hair, in colour over the grey photo, with a white line where regions meet.

    Args:
        result: the regions.
        pixels: ``(h, w, 3)`` uint8, the photo or the region of it that was asked about.
        longest: side of the picture in pixels.
    """
    scale = longest / max(pixels.shape[:2])
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    photo = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS), np.float32)
    labels = result.labels_on((height, width))
    grey = np.repeat(photo.mean(axis=2, keepdims=True), 3, axis=2)
    colours = np.array([_rgb(colour) for colour in COLOURS], np.float32)[labels]
    weight = np.where(labels == 0, 0.0, _STRENGTH)[..., None]
    out = (grey * (1 - weight) + colours * weight).round().astype(np.uint8)
    out[border(labels)] = 255
    return out


def border(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels of ``(h, w)`` labels whose right or lower neighbour has another label."""
    found = np.zeros(labels.shape, bool)
    found[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    found[:-1] |= labels[:-1] != labels[1:]
    return found


def with_legend(picture: Picture, result: Segmentation) -> Picture:
    """A picture with the legend below it, for files that leave the page.

    Args:
        picture: from :func:`region_picture`.
        result: whose regions and shares.
    """
    size = max(14, round(picture.shape[1] / 34))
    font = ImageFont.load_default(size)
    entries = legend(result)
    strip = Image.new("RGB", (picture.shape[1], (len(entries) * 3 + 1) * size // 2), "white")
    pen = ImageDraw.Draw(strip)
    for row, (_, words, colour) in enumerate(entries):
        y = size // 2 + row * 3 * size // 2
        pen.rectangle((size // 2, y, size // 2 + size, y + size), fill=colour)
        pen.text((2 * size, y + size // 2), words, fill="black", font=font, anchor="lm")
    return np.vstack([picture, np.asarray(strip)])


def label_png(labels: NDArray[np.uint8]) -> bytes:
    """``(h, w)`` class indices as a PNG whose values are the indices, shown in the regions' colours."""
    image = Image.fromarray(labels).convert("P")
    image.putdata(labels.reshape(-1).tolist())
    image.putpalette([value for colour in COLOURS for value in _rgb(colour)])
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def shares_figure(result: Segmentation) -> go.Figure:
    """How much of the photo each region covers, as bars in percent."""
    shares = [100 * share for share in result.shares]
    bars = go.Bar(
        x=shares,
        y=list(result.classes),
        orientation="h",
        marker_color=list(COLOURS),
        text=[f"{share:.1f} %" for share in shares],
        textposition="auto",
        hovertemplate="%{y}: %{x:.2f} % of the photo<extra></extra>",
    )
    figure = go.Figure(bars, layout(190))
    figure.update_xaxes(title="share of the photo, %", range=[0, 100])
    figure.update_yaxes(autorange="reversed")
    return figure
