"""Label rules by hand, and against the published vocabularies where the data are present."""

import pytest

from fashionviz.data.catalogue10 import ARTICLES10, CATALOGUE10, catalogue10
from fashionviz.data.labels import CLOTHING10, TASKS
from fashionviz.data.sets import data_root, open_set
from fashionviz.data.street2shop import ARTICLES, CATEGORY5, CATEGORY11, HOME, category11


@pytest.mark.parametrize(
    ("task", "row", "label"),
    [
        ("category11", {"articleType": "Heels"}, "footwear"),
        ("category11", {"articleType": "Churidar"}, "leggings"),
        ("category11", {"articleType": "Watches"}, None),
        ("category11", {"articleType": None}, None),
        ("category11", {}, None),
        ("category5", {"articleType": "Churidar"}, "pants"),  # leggings are merged into pants
        ("category5", {"articleType": "Handbags"}, None),  # dropped for their number
        ("category5", {"articleType": "Skirts"}, "skirts"),
        ("category11", {"label": "Longsleeve", "label10": "outwear"}, "outerwear"),  # the official name goes first
        ("category11", {"label": "Polo", "label10": None}, "tops"),
        ("category11", {"label": "Shorts", "label10": "shorts"}, None),
        ("category5", {"label": "Pants", "label10": "pants"}, "pants"),
        ("category5", {"category11": "leggings"}, "pants"),
        ("category5", {"category11": "bags"}, None),
        ("clothing10", {"label": "Polo", "label10": None}, None),
        ("clothing10", {"label": "Longsleeve", "label10": "outwear"}, "outwear"),
        ("gender_category", {"gender": "Women", "masterCategory": "Footwear"}, "Women/Other"),
        ("gender_category", {"gender": "Unisex", "masterCategory": "Apparel"}, None),
    ],
)
def test_rules(task: str, row: dict[str, str | None], label: str | None) -> None:
    assert TASKS[task].label_of(row) == label


def test_every_article_type_has_one_category() -> None:
    named = [a for articles in ARTICLES.values() for a in articles]
    assert len(named) == len(set(named))
    assert len(CATEGORY11) == 11
    assert set(CATEGORY5) < set(CATEGORY11)
    assert set(HOME.values()) < set(CATEGORY11)
    assert sorted(CLOTHING10) == list(CLOTHING10)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_rule_gives_classes_of_its_task(task) -> None:  # type: ignore[no-untyped-def]
    for article in {a for articles in ARTICLES.values() for a in articles}:
        row = {"articleType": article, "gender": "Men", "masterCategory": "Apparel", "label10": "hat"}
        assert task.label_of(row) in (*task.classes, None)


def test_article_types_of_the_ten_garment_types() -> None:
    assert tuple(ARTICLES10) == CLOTHING10
    named = [a for articles in ARTICLES10.values() for a in articles]
    assert len(named) == len(set(named))
    assert CATALOGUE10.classes == CLOTHING10
    assert CATALOGUE10.label_of({"articleType": "Sweaters"}) == "longsleeve"
    for unclear in ("Tops", "Tunics", "Kurtas", "Capris", "Watches", None):
        assert catalogue10({"articleType": unclear}) is None


def test_both_mappings_of_the_article_types_agree() -> None:
    same = {"dress": "dresses", "hat": "hats", "longsleeve": "tops", "outwear": "outerwear", "shirt": "tops"}
    same |= {"shoes": "footwear", "skirt": "skirts", "t-shirt": "tops", "shorts": None, "pants": "pants"}
    for name, articles in ARTICLES10.items():
        for article in articles:
            category = category11({"articleType": article})
            assert ("pants" if category == "leggings" else category) == same[name], article


@pytest.mark.skipif(not (data_root() / "fpi").is_dir(), reason="the catalogue is not on this machine")
@pytest.mark.parametrize("mapping", [ARTICLES, ARTICLES10], ids=["street2shop", "clothing10"])
def test_mapped_article_types_are_the_catalogues(mapping: dict[str, tuple[str, ...]]) -> None:
    found = set(open_set("fpi", "train").table(["articleType"]).column("articleType").to_pylist())
    assert {a for articles in mapping.values() for a in articles} <= found
