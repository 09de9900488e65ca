"""Which classes of two tasks mean the same: the vocabularies in which answers of different models can be compared.

Each vocabulary says what a class of a task is in its words; a class that is none of them is left out, and what a model
gives to it takes no part in a comparison. The rules are those of the tasks themselves (`data/catalogue10.py` for home
photos, `data/street2shop.py` for the shop categories) and the catalogue's own column for its categories.

Not comparable with anything: labels of street photos (`street_tags`), which are about all that a person wears, and the
publisher's classes of a data set of the user's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fashionviz.data.catalogue10 import ARTICLES10
from fashionviz.data.labels import CLOTHING10, GENDER_CATEGORY, TASKS
from fashionviz.data.street2shop import ARTICLES, CATEGORY5, CATEGORY11, HOME

#: The group of a tagger's tags that says what the item is.
TYPE_GROUP = "articleType"


@dataclass(frozen=True)
class Vocabulary:
    """Words that several tasks can be put into.

    Attributes:
        title: what the words are, for people.
        words: for each task, what its classes are; of a tagger, the values of :data:`TYPE_GROUP`.
    """

    title: str
    words: Mapping[str, Mapping[str, str]]

    def shared(self, first: str, second: str) -> tuple[str, ...]:
        """The words that both tasks have a class for, in the order of the first."""
        theirs = set(self.words[second].values())
        return tuple(dict.fromkeys(word for word in self.words[first].values() if word in theirs))


def _same(names: tuple[str, ...]) -> dict[str, str]:
    return {name: name for name in names}


def _turned(groups: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {article: word for word, articles in groups.items() for article in articles}


_TAG_TYPES = tuple(name.partition(": ")[2] for name in TASKS["tags"].classes if name.startswith(f"{TYPE_GROUP}: "))
#: What a garment is, so coarsely that home photos, catalogue and shops agree: leggings are pants (home photos are filed
#: so), and shirts, T-shirts and sweaters are tops (no shop tells them apart).
_COARSE = {name: "pants" if name == "leggings" else name for name in CATEGORY11}
_COARSE_ARTICLES = {
    **{article: _COARSE[category] for article, category in _turned(ARTICLES).items()},
    "Shorts": "shorts",
    "Lounge Shorts": "shorts",
}
_COARSE_HOME = {name: "shorts" if name == "shorts" else HOME[name] for name in CLOTHING10}

#: The catalogue's category of the types that have a tag, as 95 % or more of the train items of each have it; what is
#: neither apparel nor an accessory is Other, footwear and cosmetics among it, as in the six classes.
_ACCESSORIES = (
    "Accessory Gift Set", "Backpacks", "Bangle", "Belts", "Bracelet", "Caps", "Clutches", "Cufflinks", "Duffel Bag",
    "Earrings", "Handbags", "Jewellery Set", "Laptop Bag", "Messenger Bag", "Mobile Pouch", "Mufflers",
    "Necklace and Chains", "Pendant", "Ring", "Scarves", "Socks", "Stoles", "Sunglasses", "Ties", "Wallets", "Watches",
)  # fmt: skip
_OTHER = (
    "Casual Shoes", "Compact", "Deodorant", "Eyeshadow", "Face Moisturisers", "Flats", "Flip Flops", "Formal Shoes",
    "Foundation and Primer", "Fragrance Gift Set", "Free Gifts", "Heels", "Highlighter and Blush", "Kajal and Eyeliner",
    "Lip Gloss", "Lip Liner", "Lipstick", "Nail Polish", "Perfume and Body Mist", "Sandals", "Sports Sandals",
    "Sports Shoes",
)  # fmt: skip
_APPAREL = (
    "Boxers", "Bra", "Briefs", "Camisoles", "Capris", "Churidar", "Dresses", "Dupatta", "Innerwear Vests", "Jackets",
    "Jeans", "Jeggings", "Kurta Sets", "Kurtas", "Kurtis", "Leggings", "Lounge Pants", "Lounge Shorts", "Night suits",
    "Nightdress", "Patiala", "Salwar", "Sarees", "Shirts", "Shorts", "Skirts", "Stockings", "Suspenders", "Sweaters",
    "Sweatshirts", "Tops", "Track Pants", "Trousers", "Trunk", "Tshirts", "Tunics",
)  # fmt: skip
CATEGORIES = _turned({"Apparel": _APPAREL, "Accessories": _ACCESSORIES, "Other": _OTHER})
_CATEGORY_OF = {
    word: {"footwear": "Other"}.get(word, "Accessories" if word in ("bags", "belts", "eyewear", "hats") else "Apparel")
    for word in (*_COARSE.values(), "shorts")
}

#: Finest first: two tasks are compared in the first one that has both.
VOCABULARIES: tuple[Vocabulary, ...] = (
    Vocabulary("article type", {"category50": _same(TASKS["category50"].classes), "tags": _same(_TAG_TYPES)}),
    Vocabulary(
        "garment type",
        {"clothing10": _same(CLOTHING10), "category50": _turned(ARTICLES10), "tags": _turned(ARTICLES10)},
    ),
    Vocabulary(
        "shop category",
        {"category11": _same(CATEGORY11), "category50": _turned(ARTICLES), "tags": _turned(ARTICLES)},
    ),
    Vocabulary(
        "coarse type",
        {
            "clothing10": _COARSE_HOME,
            "category11": _COARSE,
            "category5": _same(CATEGORY5),
            "category50": _COARSE_ARTICLES,
            "tags": _COARSE_ARTICLES,
        },
    ),
    Vocabulary(
        "category",
        {
            "gender_category": {name: name.partition("/")[2] for name in GENDER_CATEGORY},
            "clothing10": {name: _CATEGORY_OF[word] for name, word in _COARSE_HOME.items()},
            "category11": {name: _CATEGORY_OF[word] for name, word in _COARSE.items()},
            "category5": {name: _CATEGORY_OF[name] for name in CATEGORY5},
            "category50": CATEGORIES,
            "tags": CATEGORIES,
        },
    ),
)


def vocabulary_for(first: str, second: str) -> Vocabulary | None:
    """The finest vocabulary that two tasks share; ``None`` where none is written down.

    Args:
        first, second: names of tasks.
    """
    return next((v for v in VOCABULARIES if first in v.words and second in v.words), None)
