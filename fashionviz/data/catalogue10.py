"""The ten classes of the Clothing data set, mapped from the catalogue's article types, for transfer between the two.

A type is mapped where its name settles the class. Left out, and so without a label:

- what may be one of several classes: tops, tunics, kurtas, kurtis, camisoles and innerwear vests (T-shirt, longsleeve
  or shirt), capris (pants or shorts), shrugs and waistcoats (longsleeve, outwear or neither);
- what is none of the ten: bags, watches, jewellery, underwear, nightwear, swimwear, sarees, jumpsuits, sets, ...

A catalogue ``Tshirts`` may be a polo or have long sleeves: the type does not say, and it stays a T-shirt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fashionviz.data.labels import TASKS

#: Article types of each class. A blazer is outwear, as among the ``extra`` home photos; home photos of leggings and
#: their kin are filed under pants.
ARTICLES10: dict[str, tuple[str, ...]] = {
    "dress": ("Dresses",),
    "hat": ("Caps", "Hat"),
    "longsleeve": ("Sweatshirts", "Sweaters"),
    "outwear": ("Jackets", "Blazers", "Rain Jacket", "Nehru Jackets"),
    "pants": (
        "Jeans", "Trousers", "Track Pants", "Lounge Pants", "Leggings", "Jeggings", "Churidar", "Patiala", "Salwar",
    ),
    "shirt": ("Shirts",),
    "shoes": (
        "Casual Shoes", "Sports Shoes", "Heels", "Formal Shoes", "Flats", "Flip Flops", "Sandals", "Sports Sandals",
        "Booties",
    ),
    "shorts": ("Shorts", "Lounge Shorts"),
    "skirt": ("Skirts",),
    "t-shirt": ("Tshirts", "Lounge Tshirts"),
}  # fmt: skip

_CLASS = {article: name for name, articles in ARTICLES10.items() for article in articles}


def catalogue10(row: Mapping[str, Any]) -> str | None:
    """The clothing10 class of a catalogue row, by ``articleType``; ``None`` where it has none."""
    return _CLASS.get(row.get("articleType") or "")


#: The task ``clothing10`` as the catalogue's columns tell it.
CATALOGUE10 = replace(TASKS["clothing10"], columns=("articleType",), label_of=catalogue10, data_set="fpi")
