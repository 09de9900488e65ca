"""Garments cut out of street photos: boxes by hand, the file that is made, and what the publisher calls the labels."""

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fashionviz.data.sets import data_root, open_set
from fashionviz.data.street2shop import CATEGORY11, STREET_LABELS
from fashionviz.data.street_garments import garment_boxes
from fashionviz.errors import DataError
from fashionviz.evaluation.evaluate import label_rule
from fashionviz.models.registry import get_model

SKIRT, LEFT_SHOE, RIGHT_SHOE, RING = 42, 39, 43, 34


def mask_of() -> np.ndarray:
    mask = np.zeros((200, 100), dtype=np.uint8)
    mask[60:120, 20:70] = SKIRT
    mask[180:200, 10:30] = LEFT_SHOE
    mask[180:195, 60:90] = RIGHT_SHOE
    mask[5:45, 5:45] = RING
    mask[50:55, 50:55] = 3  # a belt of five pixels shows nothing
    return mask


def png(pixels: np.ndarray) -> dict[str, object]:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": None}


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "data" / "ccp"
    root.mkdir(parents=True)
    mask = mask_of()
    photo = np.stack([np.full_like(mask, 40), mask, np.full_like(mask, 200)], axis=2)
    table = pa.table({"id": [7], "tags": [["skirt"]], "image": [png(photo)], "mask": [png(mask)]})
    pq.write_table(table, root / "test-00000-of-00001.parquet")
    pq.write_table(table.drop_columns(["mask"]), root / "tags-00000-of-00001.parquet")
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    return root


def test_boxes_have_a_margin_and_stay_in_the_photo() -> None:
    boxes = dict(garment_boxes(mask_of()))
    assert boxes == {"skirts": (15, 54, 75, 126), "footwear": (2, 178, 98, 200)}, "both shoes make one photo"
    assert "belts" in dict(garment_boxes(mask_of(), least=5))


def test_the_set_is_made_once_and_scored_like_any_other(street: Path) -> None:
    data = open_set("ccp-garments", "test")
    rows = list(data.rows())
    assert [(row["id"], row["category11"]) for row in rows] == [("7-footwear", "footwear"), ("7-skirts", "skirts")]
    with Image.open(io.BytesIO(rows[1]["image"]["bytes"])) as picture:
        assert picture.size == (60, 72)
        assert abs(int(np.asarray(picture)[36, 30, 1]) - SKIRT) < 4, "the middle of the skirt"
    rule, columns = label_rule(get_model("category_cnn64.category5"), data)
    assert [rule(row) for row in data.table(columns).to_pylist()] == ["footwear", "skirts"]
    made = data.files[0].stat().st_mtime_ns
    assert open_set("ccp-garments", "test").files[0].stat().st_mtime_ns == made
    assert not list(data.files[0].parent.glob("*.part"))


def test_photos_without_masks_say_so(street: Path) -> None:
    with pytest.raises(DataError, match="no masks"):
        open_set("ccp-garments", "tags")
    with pytest.raises(DataError, match="choose train, validation or test"):
        open_set("ccp-garments")


def test_label_numbers_are_the_publishers() -> None:
    path = data_root() / "ccp" / "classes13.csv"
    if not path.exists():
        pytest.skip("The street photos are not here.")
    coarse = {"bags": "bag", "belts": "belt", "dresses": "dress", "hats": "headwear", "leggings": "trousers"}
    coarse |= {"pants": "trousers", "skirts": "skirt", "tops": "top"}
    with path.open(newline="") as handle:
        classes = {int(row["index"]): row["class"] for row in csv.DictReader(handle)}
    assert tuple(STREET_LABELS) == CATEGORY11
    for category, labels in STREET_LABELS.items():
        assert {classes[label] for label in labels} == {coarse.get(category, category)}
