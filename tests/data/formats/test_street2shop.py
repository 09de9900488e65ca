"""Street2Shop by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fashionviz.data.formats.problems import Kind
from fashionviz.data.formats.street2shop import Street2Shop
from fashionviz.errors import DataError
from tests.data.formats.writers import jpeg, pair, put, street2shop


def test_rows(tmp_path: Path) -> None:
    reader = Street2Shop(street2shop(tmp_path))
    rows = list(reader)
    assert [(r.id, r.split, r.category, r.product) for r in rows] == [
        ("train_pairs_dresses/1", "train", "dresses", "900"),
        ("train_pairs_dresses/2", "train", "dresses", "900"),
        ("test_pairs_dresses/1", "test", "dresses", "901"),
        ("retrieval_dresses/1", "shop", "dresses", "900"),
        ("retrieval_dresses/2", "shop", "dresses", "901"),
        ("retrieval_hats/1", "shop", "hats", "55"),
    ]
    assert rows[0].box == (4.0, 5.0, 24.0, 35.0)
    assert rows[1].box == (1.0, 5.0, 21.0, 35.0)
    assert rows[3].box is None
    assert rows[0].extra == {"photo": "11", "url": "http://x.org/11,11.jpg"}
    assert [r.image.relative_to(tmp_path).as_posix() for r in rows[1:5]] == [
        "photos/000000011.jpg", "photos/12.JPEG", "photos/000000021.jpeg", "photos/dresses/22.jpg",
    ]  # fmt: skip
    assert reader.problems.examples(Kind.NO_PICTURE) == ("meta/json/test_pairs_dresses.json, entry 2: photo 404",)
    assert reader.problems.examples(Kind.ONE_FILE) == (
        "meta/json/retrieval_hats.json, entry 1: photo 23 is not in photos/photos.txt",
    )
    assert reader.total == 7


def test_a_split_without_the_list_of_addresses(tmp_path: Path) -> None:
    street2shop(tmp_path)
    (tmp_path / "photos/photos.txt").unlink()
    (tmp_path / "photos").rename(tmp_path / "Images")
    reader = Street2Shop(tmp_path, "test")
    assert [row.extra for row in reader] == [{"photo": "12"}]
    assert reader.problems.count(Kind.NO_FILE) == 1


@pytest.mark.parametrize(
    ("entry", "kind", "words"),
    [
        (pair(11, 900, width=0), Kind.BAD_BOX, "entry 2: the box 4,5,4,35 has no area"),
        (pair(11, 900, width=float("nan")), Kind.BAD_BOX, "not all finite"),
        (pair(11, 900, width=None), Kind.BAD_BOX, "lacks left, top, width or height"),
        ({"photo": 11, "product": 900}, Kind.BAD_BOX, "there is no bbox"),
        ({"photo": "../11", "product": 900}, Kind.MALFORMED, "'../11' is no whole number"),
        (7, Kind.MALFORMED, "entry 2: an object was expected"),
    ],
)
def test_one_bad_row_is_counted(tmp_path: Path, entry: Any, kind: Kind, words: str) -> None:
    street2shop(tmp_path)
    put(tmp_path / "meta/json/train_pairs_dresses.json", json.dumps([pair(11, 900), entry]))
    reader = Street2Shop(tmp_path, "train")
    assert len(list(reader)) == 2 - (kind is Kind.MALFORMED)
    assert reader.problems.kinds == (kind,)
    assert words in reader.problems.examples(kind)[0]


def test_bad_lines_of_addresses_and_other_categories_are_counted(tmp_path: Path) -> None:
    street2shop(tmp_path)
    put(tmp_path / "photos/photos.txt", "000000011,u\nwhat\n\nx,u\n")
    put(tmp_path / "meta/json/train_pairs_socks.json", json.dumps([pair(11, 1)]))
    reader = Street2Shop(tmp_path, "train")
    assert [row.category for row in reader] == ["dresses", "dresses", None]
    assert reader.problems.examples(Kind.MALFORMED)[0].startswith("photos/photos.txt, line 2: an id, a comma")
    assert reader.problems.count(Kind.MALFORMED) == 2
    assert reader.problems.examples(Kind.UNKNOWN_LABEL) == ("meta/json/train_pairs_socks.json: the category socks",)


def test_what_cannot_be_right_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lacks meta/json"):
        list(Street2Shop(tmp_path))
    (tmp_path / "meta/json").mkdir(parents=True)
    with pytest.raises(DataError, match=r"lacks test_pairs_CATEGORY.json"):
        list(Street2Shop(tmp_path, "test"))
    put(tmp_path / "meta/json/test_pairs_hats.json", "[\n1,\n}")
    with pytest.raises(DataError, match="There are no pictures in photos or images"):
        list(Street2Shop(tmp_path))
    put(tmp_path / "photos/1.jpg", jpeg())
    with pytest.raises(DataError, match=r"meta/json/test_pairs_hats.json, line 3: no valid JSON"):
        list(Street2Shop(tmp_path))
    put(tmp_path / "meta/json/test_pairs_hats.json", "{}")
    with pytest.raises(DataError, match="a list was expected"):
        list(Street2Shop(tmp_path))
    put(tmp_path / "meta/json/test_pairs_hats.json", "[{}]")
    with pytest.raises(DataError, match=r"entry 1: 'None' is no whole number. No entry"):
        list(Street2Shop(tmp_path))
    put(tmp_path / "photos/photos.txt", "<html>\n")
    with pytest.raises(DataError, match=r"photos/photos.txt, line 1: an id, a comma"):
        list(Street2Shop(tmp_path))
