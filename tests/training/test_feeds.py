"""What each feed brings from drawn photos, and that a run stops when it no longer gets better."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fashionviz.data.labels import CLOTHING10
from fashionviz.data.street2shop import CATEGORY11
from fashionviz.training.feeds import FEEDS
from fashionviz.training.recipes import RECIPES, Stage, get_recipe
from fashionviz.training.run import train

#: Article type, its class among the ten and among the eleven, or none.
ARTICLES = (
    ("Tshirts", "t-shirt", "tops"),
    ("Casual Shoes", "shoes", "footwear"),
    ("Watches", None, None),
    ("Tunics", None, "tops"),
)
#: Name, official class (none among the extra photos), and what it may be.
HOMES = (("Shirt", "shirt"), ("Shoes", "shoes"), ("Dress", "dress"))
EXTRA = (("Blazer", {"outwear"}), ("Polo", {"t-shirt", "longsleeve", "shirt"}), ("Skip", None))


def _photo(grey: int) -> dict[str, object]:
    out = io.BytesIO()
    Image.fromarray(np.full((40, 30, 3), grey, np.uint8)).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": None}


def _write(path: Path, columns: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "data"
    for split in ("train", "validation"):
        types = [a[0] for a in ARTICLES]
        _write(
            root / "fpi" / f"{split}-00000-of-00001.parquet",
            {"articleType": types, "image": [_photo(10 * i) for i in range(len(types))]},
        )
        _write(
            root / "clothing" / f"{split}-00000-of-00001.parquet",
            {
                "label": [h[0] for h in HOMES],
                "label10": [h[1] for h in HOMES],
                "image": [_photo(100 + i) for i in range(len(HOMES))],
            },
        )
    _write(
        root / "clothing" / "extra-00000-of-00001.parquet",
        {
            "label": [e[0] for e in EXTRA],
            "label10": pa.array([None] * len(EXTRA), pa.string()),
            "image": [_photo(200 + i) for i in range(len(EXTRA))],
        },
    )
    monkeypatch.setenv("FASHIONVIZ_DATA", str(root))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    return root


def test_ten_garment_types(data: Path) -> None:
    material = FEEDS["clothing10"].material(replace(get_recipe("resnet50v2.clothing10"), stages=(Stage((40, 30), 1),)))
    assert set(material.sources) == {"home10", "extra10", "catalogue"}
    home, extra, catalogue = (material.sources[name] for name in ("home10", "extra10", "catalogue"))

    assert [CLOTHING10[row.int().argmax()] for row in home.allowed] == [h[1] for h in HOMES]
    assert home.allowed.sum(1).tolist() == [1, 1, 1]
    assert home.pixels[:, 0, 0, 0].tolist() == [100, 101, 102]

    assert len(extra) == 2, "a name that tells nothing is left out"
    for row, (_, may_be) in zip(extra.allowed, EXTRA, strict=False):
        assert {c for c, allowed in zip(CLOTHING10, row, strict=True) if allowed} == may_be

    for row, (_, label, _) in zip(catalogue.allowed, ARTICLES, strict=True):
        assert {c for c, allowed in zip(CLOTHING10, row, strict=True) if allowed} == {label} - {None} or set(CLOTHING10)
        assert row.sum() == (1 if label else 10)
    assert material.heads == {"article": 4}
    articles = sorted(a[0] for a in ARTICLES)
    assert [articles[i] for i in catalogue.auxiliary["article"]] == [a[0] for a in ARTICLES]


def test_only_what_a_recipe_draws_from_is_opened(data: Path) -> None:
    (data / "clothing" / "extra-00000-of-00001.parquet").unlink()
    recipe = replace(get_recipe("mobilenet_v2.clothing10"), batch={"home10": 2}, stages=(Stage((40, 30), 1),))
    material = FEEDS["clothing10"].material(recipe)
    assert set(material.sources) == {"home10"}
    assert material.heads == {}


def test_shop_categories(data: Path) -> None:
    recipe = replace(get_recipe("category_cnn28.category11"), batch={"catalogue": 2, "home": 2})
    sources = FEEDS["category"].material(recipe).sources
    source, home = sources["catalogue"], sources["home"]
    assert [CATEGORY11[row.int().argmax()] for row in home.allowed] == ["tops", "footwear", "dresses"]
    mapped = [i for i, a in enumerate(ARTICLES) if a[2]]
    assert len(source) == len(mapped), "what has no category is left out"
    assert source.pixels[:, 40, 30, 0].tolist() == [10 * i for i in mapped]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_recipes_name_what_there_is(recipe: object) -> None:
    assert recipe.feed in FEEDS  # type: ignore[attr-defined]
    for teacher in recipe.teachers:  # type: ignore[attr-defined]
        assert teacher in RECIPES


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_a_run_stops_when_it_no_longer_gets_better(data: Path) -> None:
    recipe = replace(
        get_recipe("category_cnn28.category11"),
        stages=(Stage((28, 28), 9),),
        batch={"catalogue": 2},
        learning_rate=1e-12,  # it learns nothing, so the first epoch stays the best
        patience=2,
    )
    assert [row["epoch"] for row in train(recipe).history] == [0, 1, 2]
