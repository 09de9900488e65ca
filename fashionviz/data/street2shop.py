"""The garment categories of paper 001 (those of Street2Shop), mapped from the catalogue's article types.

Paper 001 classified eleven categories, then dropped those with few photos and merged leggings into pants, which left
five. Its data (Street2Shop) is not open; the mapping below carries the categories over to Fashion Product Images.
Article types that are in none of the eleven (watches, perfume, innerwear, shorts, sarees, ...) have no label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Article types of each category. Kurtas, kurtis and tunics are worn as tops; sweaters and sweatshirts are sold as
#: tops by the shops that Street2Shop was collected from; shorts are neither pants nor skirts there.
ARTICLES: dict[str, tuple[str, ...]] = {
    "bags": (
        "Handbags", "Backpacks", "Clutches", "Duffel Bag", "Laptop Bag", "Messenger Bag", "Waist Pouch", "Rucksacks",
        "Trolley Bag",
    ),
    "belts": ("Belts",),
    "dresses": ("Dresses",),
    "eyewear": ("Sunglasses",),
    "footwear": (
        "Casual Shoes", "Sports Shoes", "Heels", "Formal Shoes", "Flats", "Flip Flops", "Sandals", "Sports Sandals",
        "Booties",
    ),
    "hats": ("Caps", "Hat"),
    "leggings": ("Leggings", "Jeggings", "Tights", "Churidar"),
    "outerwear": ("Jackets", "Blazers", "Rain Jacket", "Nehru Jackets", "Waistcoat", "Shrug"),
    "pants": ("Jeans", "Trousers", "Track Pants", "Capris", "Patiala", "Salwar", "Lounge Pants"),
    "skirts": ("Skirts",),
    "tops": (
        "Tshirts", "Shirts", "Tops", "Kurtas", "Kurtis", "Tunics", "Sweatshirts", "Sweaters", "Camisoles",
        "Lounge Tshirts",
    ),
}  # fmt: skip

CATEGORY11 = tuple(ARTICLES)

#: The five categories that paper 001 kept, most frequent first there.
CATEGORY5 = ("footwear", "pants", "tops", "dresses", "skirts")

_CATEGORY = {article: category for category, articles in ARTICLES.items() for article in articles}


def category11(row: Mapping[str, Any]) -> str | None:
    """The Street2Shop category of a catalogue row, by ``articleType``; ``None`` where it has none."""
    return _CATEGORY.get(row.get("articleType") or "")


def category5(row: Mapping[str, Any]) -> str | None:
    """The category after paper 001's merging (leggings are pants) and dropping; ``None`` for dropped ones."""
    category = category11(row)
    if category == "leggings":
        return "pants"
    return category if category in CATEGORY5 else None
