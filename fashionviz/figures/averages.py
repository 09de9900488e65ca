"""Class averages as pictures: the mean photo, the mean attribution, and a sheet of all classes."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from fashionviz.explore_results import ClassAverages
from fashionviz.figures.pictures import Picture, robust_scale
from fashionviz.figures.theme import signed, viridis

Look = Literal["magnitude", "signed", "colour"]


def average_map(averages: ClassAverages, place: int, look: Look) -> Picture:
    """The mean attribution of a class, scaled on its own.

    Args:
        averages: of all classes.
        place: the class, by its number.
        look: ``magnitude`` in viridis; ``signed``, the sum over the colour channels, blue for the class and red against
            it; ``colour``, channel by channel around mid-grey, as paper 003 shows it.
    """
    if look == "magnitude":
        values = averages.magnitude[place]
        return viridis(np.clip(values / robust_scale(values, 99.5), 0, 1))
    values = averages.signed[place]
    if look == "signed":
        total = values.sum(axis=0)
        return signed(total / robust_scale(total, 99.5))
    shown = 0.5 + 0.5 * np.clip(values / robust_scale(values, 99.5), -1, 1)
    return (shown.transpose(1, 2, 0) * 255).round().astype(np.uint8)


def average_sheet(averages: ClassAverages, places: list[int], look: Look, side: int = 128) -> Picture:
    """Classes side by side on white: name and n, photo above map.

    Args:
        averages: of all classes.
        places: which, by their numbers.
        look: as of :func:`average_map`.
        side: longest side of a picture in pixels.
    """
    height, width = averages.magnitude.shape[1:]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    columns = max(1, min(6, len(places)))
    cell = (max(size[0], 120) + 12, 2 * size[1] + 44)
    rows = -(-len(places) // columns)
    sheet = Image.new("RGB", (columns * cell[0] + 12, rows * cell[1] + 12), "#FFFFFF")
    pen = ImageDraw.Draw(sheet)
    for number, place in enumerate(places):
        left, top = 12 + (number % columns) * cell[0], 12 + (number // columns) * cell[1]
        pen.text((left, top), averages.classes[place][:22], fill="#1B2033")
        pen.text((left, top + 12), f"n = {averages.counts[place]:,}", fill="#5B6478")
        for down, picture in enumerate((averages.photos[place], average_map(averages, place, look))):
            shown = Image.fromarray(np.ascontiguousarray(picture)).resize(size, Image.Resampling.BILINEAR)
            sheet.paste(shown, (left, top + 26 + down * (size[1] + 4)))
    return np.asarray(sheet)
