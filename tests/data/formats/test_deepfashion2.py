"""DeepFashion2 by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fashionviz.data.formats.deepfashion2 import CATEGORIES, DeepFashion2
from fashionviz.data.formats.problems import Kind
from fashionviz.data.formats.rows import Landmark
from fashionviz.errors import DataError
from tests.data.formats.writers import deepfashion2, item, jpeg, put


def test_rows(tmp_path: Path) -> None:
    reader = DeepFashion2(deepfashion2(tmp_path))
    first, second, shop = reader
    assert (first.id, first.split, first.category) == ("train/000001-1", "train", "skirt")
    assert first.image == second.image == tmp_path / "train/image/000001.jpg"
    assert first.box == (4.0, 6.0, 30.0, 50.0)
    assert list(first.landmarks) == [str(i) for i in range(1, 8)], "the eighth is not labelled"
    assert first.landmarks["1"] == Landmark(5, 10, "visible")
    assert first.landmarks["7"] == Landmark(11, 16, "occluded")
    assert first.polygons == ((4, 6, 30, 6, 30, 50), (5, 5, 9, 5, 9, 9, 5, 9))
    assert first.extra == {
        "source": "user", "pair_id": "7", "style": "2", "scale": "1", "occlusion": "3", "zoom_in": "1",
        "viewpoint": "2",
    }  # fmt: skip
    assert (first.product, second.product) == ("7-2", None), "style 0 is paired with nothing"
    assert (shop.id, shop.product) == ("validation/000001-1", "7-2")
    assert not reader.problems.kinds
    assert reader.total == 2


def test_the_landmarks_of_all_categories() -> None:
    assert sum(points for _, points in CATEGORIES.values()) == 294


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"bounding_box": [1, 2, float("nan"), 4]}, Kind.BAD_BOX, "train/annos/000001.json, item1: [1, 2, nan, 4]"),
        ({"bounding_box": None}, Kind.BAD_BOX, "a list of numbers"),
        ({"category_id": 14}, Kind.UNKNOWN_LABEL, "14 'skirt'"),
        ({"category_name": "gown"}, Kind.UNKNOWN_LABEL, "9 'gown'"),
        ({"category_id": [9]}, Kind.UNKNOWN_LABEL, "[9]"),
        ({"landmarks": [1, 2, 2]}, Kind.BAD_LANDMARKS, "8 landmarks of three numbers were expected, there are 3"),
        ({"landmarks": [1, 2, 5] * 8}, Kind.BAD_LANDMARKS, "0, 1 or 2, not 5"),
        ({"segmentation": [[1, 2, 3, 4]]}, Kind.BAD_POLYGON, "at least three"),
    ],
)
def test_one_bad_label_is_counted(tmp_path: Path, changes: dict[str, Any], kind: Kind, words: str) -> None:
    deepfashion2(tmp_path)
    put(tmp_path / "train/annos/000001.json", json.dumps({"source": "user", "pair_id": 7, "item1": item(**changes)}))
    reader = DeepFashion2(tmp_path, "train")
    assert len(list(reader)) == 1
    assert reader.problems.kinds == (kind,)
    assert words in reader.problems.examples(kind)[0]


def test_bad_and_lone_files_are_counted(tmp_path: Path) -> None:
    deepfashion2(tmp_path)
    put(tmp_path / "train/annos/000002.json", "{\n\n broken")
    put(tmp_path / "train/annos/000003.json", json.dumps({"item1": item()}))
    put(tmp_path / "train/annos/000004.json", json.dumps({"item1": 5}))
    put(tmp_path / "train/annos/readme.json", "{}")
    for name in ("2.jpg", "000004.PNG", "000005.jpg"):
        put(tmp_path / "train/image" / name, jpeg())
    reader = DeepFashion2(tmp_path, "train")
    assert len(list(reader)) == 2
    assert reader.problems.examples(Kind.MALFORMED) == (
        "train/annos/000002.json, line 3: no valid JSON (Expecting property name enclosed in double quotes)",
        "train/annos/000004.json: item1 is no object",
        "train/annos/readme.json: the name is no number",
    )
    assert reader.problems.examples(Kind.NO_PICTURE) == ("train/annos/000003.json",)
    assert reader.problems.examples(Kind.ONE_FILE) == ("train/image/000005.jpg has no annotation",)


def test_what_cannot_be_right_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lacks train/annos and validation/annos"):
        list(DeepFashion2(tmp_path))
    deepfashion2(tmp_path)
    put(tmp_path / "train/annos/000001.json", "[1]")
    with pytest.raises(DataError, match=r"train/annos/000001.json: an object was expected. No annotation of train"):
        list(DeepFashion2(tmp_path))
    (tmp_path / "validation/image").rename(tmp_path / "validation/pictures")
    with pytest.raises(DataError, match=r"lacks validation/image"):
        list(DeepFashion2(tmp_path, "validation"))


def test_one_split_is_enough(tmp_path: Path) -> None:
    deepfashion2(tmp_path)
    (tmp_path / "train").rename(tmp_path / "elsewhere")
    reader = DeepFashion2(tmp_path)
    assert [row.split for row in reader] == ["validation"]
    assert reader.problems.examples(Kind.NO_FILE) == ("train/annos",)
