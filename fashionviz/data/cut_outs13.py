"""Catalogue garments cut out for the thirteen classes of a detector: the item alone, without the person who wears it.

An article that the catalogue shows without a person is its silhouette on white. One that is worn is what the procedure
behind the derived landmarks calls garment (:mod:`fashionviz.data.landmarks.catalogue`), which refuses a photo where it
cannot tell. Classes are mapped from article types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz import images
from fashionviz.data.garment13 import GARMENT13, Mask, box_of
from fashionviz.data.landmarks.catalogue import part_map, silhouette
from fashionviz.data.landmarks.kinds import Kind, kind_of
from fashionviz.data.landmarks.parts import Part, Refused
from fashionviz.data.sets import image_bytes

#: Article types of each class. Left out: what is neither (kurtas, long tops worn as dresses; waistcoats), what mostly
#: lies folded (scarves, stoles), underwear.
ARTICLES: dict[str, tuple[str, ...]] = {
    "bag": (
        "Handbags", "Backpacks", "Clutches", "Duffel Bag", "Laptop Bag", "Messenger Bag", "Waist Pouch", "Rucksacks",
        "Wallets",
    ),
    "belt": ("Belts",),
    "dress": ("Dresses", "Jumpsuit", "Rompers"),
    "eyewear": ("Sunglasses",),
    "footwear": (
        "Casual Shoes", "Sports Shoes", "Heels", "Formal Shoes", "Flats", "Flip Flops", "Sandals", "Sports Sandals",
        "Booties",
    ),
    "headwear": ("Caps", "Hat"),
    "hosiery": ("Socks", "Stockings"),
    "neckwear": ("Ties",),
    "outerwear": ("Jackets", "Blazers", "Rain Jacket", "Nehru Jackets"),
    "shorts": ("Shorts",),
    "skirt": ("Skirts",),
    "top": ("Tshirts", "Shirts", "Tops", "Sweatshirts", "Sweaters", "Tunics"),
    "trousers": ("Jeans", "Trousers", "Track Pants", "Capris", "Leggings", "Jeggings"),
}  # fmt: skip
#: Classes that the catalogue shows without a person.
_ALONE = ("bag", "belt", "eyewear", "footwear", "headwear", "hosiery", "neckwear")
_CLASS = {article: name for name, articles in ARTICLES.items() for article in articles}
#: Of the photo's pixels: a smaller item is a mistake of the procedure.
_LEAST = 0.02


def class_of(article: str | None) -> str | None:
    """The class of an article type; ``None`` where it has none."""
    return _CLASS.get(article or "")


def cut_out(row: Mapping[str, Any]) -> tuple[NDArray[np.uint8], Mask, int]:
    """The item of a catalogue photo, cut to its box.

    Args:
        row: with ``image`` and ``articleType``.

    Returns:
        Pixels ``(h, w, 3)`` uint8, the item's mask ``(h, w)``, its place in
        :data:`~fashionviz.data.garment13.GARMENT13`.

    Raises:
        ImageError: the photo cannot be read.
        Refused: an article without a class, or the item cannot be told from the rest of the photo.
    """
    article = row["articleType"]
    name = class_of(article)
    if name is None:
        raise Refused("no class for such an article")
    pixels = images.decode(image_bytes(row)).pixels
    if name in _ALONE:
        mask = silhouette(pixels)
    else:
        kind = kind_of(article)
        if kind is Kind.NONE:
            raise Refused("no rule for such an article")
        mask = part_map(pixels, kind) == Part.GARMENT
    if mask.mean() < _LEAST:
        raise Refused("hardly a garment")
    x0, y0, x1, y1 = box_of(mask)
    return pixels[y0:y1, x0:x1], mask[y0:y1, x0:x1], GARMENT13.index(name)
