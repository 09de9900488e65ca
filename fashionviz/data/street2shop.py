"""The garment categories of paper 001 (those of Street2Shop), mapped from the catalogue's article types.

Paper 001 classified eleven categories, then dropped those with few photos and merged leggings into pants, which left
five. Its data (Street2Shop) is not open; the mapping below carries the categories over to Fashion Product Images.
Article types that are in none of the eleven (watches, perfume, innerwear, shorts, sarees, ...) have no label.

Home photos (Clothing data set) and garments cut out of street photos (Clothing Co-Parsing) are mapped too, so that what
was trained on the catalogue can be measured on them.
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

#: Names of home photos. Shorts, bodies, undershirts and what may be two things (a hoodie) have no label;
#: home photos of leggings are filed under pants by their publisher.
HOME: dict[str, str] = {
    "dress": "dresses", "hat": "hats", "longsleeve": "tops", "outwear": "outerwear", "pants": "pants", "shirt": "tops",
    "shoes": "footwear", "skirt": "skirts", "t-shirt": "tops", "blazer": "outerwear", "blouse": "tops", "polo": "tops",
    "top": "tops",
}  # fmt: skip

#: Numbers among the 59 labels of street masks. Left out: cardigans, vests and capes (tops or outerwear), rompers,
#: bodysuits, swimwear, hosiery and intimates (none of the eleven), shorts.
STREET_LABELS: dict[str, tuple[int, ...]] = {
    "bags": (2, 33, 56),  # bag, purse, wallet
    "belts": (3,),
    "dresses": (14,),
    "eyewear": (17, 47),  # glasses, sunglasses
    "footwear": (7, 12, 16, 21, 28, 32, 36, 39, 43, 58),  # boots, clogs, flats, heels, loafers, pumps, sandals, …
    "hats": (20,),
    "leggings": (27,),
    "outerwear": (4, 13, 24),  # blazer, coat, jacket
    "pants": (25, 31),  # jeans, pants
    "skirts": (42,),
    "tops": (5, 22, 26, 38, 48, 49, 51, 54),  # blouse, hoodie, jumper, shirt, sweater, sweatshirt, t-shirt, top
}

#: The five categories that paper 001 kept, most frequent first there.
CATEGORY5 = ("footwear", "pants", "tops", "dresses", "skirts")

_CATEGORY = {article: category for category, articles in ARTICLES.items() for article in articles}


def category11(row: Mapping[str, Any]) -> str | None:
    """The Street2Shop category of a row, ``None`` where it has none.

    Args:
        row: of the catalogue (``articleType``), of home photos (``label10`` where it is known, else ``label``), or of
            garments cut out of street photos (``category11``).
    """
    if "articleType" in row:
        return _CATEGORY.get(row["articleType"] or "")
    if "category11" in row:
        return row["category11"]
    return HOME.get((row.get("label10") or row.get("label") or "").lower())


def category5(row: Mapping[str, Any]) -> str | None:
    """The category after paper 001's merging (leggings are pants) and dropping; ``None`` for dropped ones."""
    category = category11(row)
    if category == "leggings":
        return "pants"
    return category if category in CATEGORY5 else None
