"""A contact sheet: numbered photos with their derived landmarks, to be judged by eye."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fashionviz.data.landmarks.kinds import LANDMARKS, NOTE, Visibility
from fashionviz.data.landmarks.table import Record

#: Of Okabe and Ito's palette, so that they differ for colour-blind people too; the letter tells them apart as well.
COLOURS = {"collar": "#D55E00", "sleeve": "#0072B2", "waist": "#009E73", "hem": "#CC79A7"}
#: Width and height of a photo on the sheet, in pixels.
CELL = (260, 347)
_CAPTION = 18
_DOT = 6


def contact_sheet(
    items: Sequence[tuple[Record, NDArray[np.uint8]]], columns: int = 5, first: int = 1
) -> NDArray[np.uint8]:
    """Photos in rows, each with its number, its garment and its landmarks.

    A filled dot is visible, a ring is occluded; C, S, W and H are collar, sleeve, waist and hem. A refused photo shows
    its reason.

    Args:
        items: records with their photos, ``(H, W, 3)`` uint8.
        columns: photos in a row.
        first: number of the first photo.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    width, height = CELL
    rows = max(1, -(-len(items) // columns))
    sheet = Image.new("RGB", (columns * width, rows * (height + _CAPTION) + _CAPTION), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for i, (record, pixels) in enumerate(items):
        x, y = i % columns * width, i // columns * (height + _CAPTION)
        _cell(sheet, draw, font, record, pixels, x, y)
        caption = f"{first + i}  {record.garment}" + (f": {record.derived.reason}" if record.derived.reason else "")
        draw.text((x + 4, y + height + 1), caption[:42], fill="black", font=font)
    draw.text((4, rows * (height + _CAPTION) + 1), NOTE, fill="black", font=font)
    return np.asarray(sheet)


def _cell(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    record: Record,
    pixels: NDArray[np.uint8],
    x: int,
    y: int,
) -> None:
    derived = record.derived
    left, top = 0, 0
    whole = pixels.shape[:2]
    if derived and derived.size < 0.6 * np.hypot(*whole):  # a garment in a scene: cut to it, or it cannot be judged
        middle, reach = np.nanmean(derived.points, axis=0) * (whole[1], whole[0]), 0.8 * derived.size
        left, top = (max(0, int(m - r)) for m, r in zip(middle, (0.75 * reach, reach), strict=True))
        pixels = pixels[top : int(middle[1] + reach), left : int(middle[0] + 0.75 * reach)]
    scale = min((CELL[0] - 4) / pixels.shape[1], CELL[1] / pixels.shape[0])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    sheet.paste(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC), (x, y))
    for name, (px, py), seen in zip(LANDMARKS, derived.points.tolist(), derived.visibility.tolist(), strict=True):
        if px != px:  # NaN: no position
            continue
        part = name.split("_")[1]
        cx, cy = x + (px * whole[1] - left) * scale, y + (py * whole[0] - top) * scale
        dot = (cx - _DOT, cy - _DOT, cx + _DOT, cy + _DOT)
        if seen == Visibility.VISIBLE:
            draw.ellipse(dot, fill=COLOURS[part], outline="white", width=1)
        else:
            draw.ellipse(dot, outline=COLOURS[part], width=3)
        aside = -_DOT - 10 if name.startswith("left") else _DOT + 2
        draw.text(
            (cx + aside, cy - 8), part[0].upper(), fill=COLOURS[part], font=font, stroke_width=2, stroke_fill="white"
        )
