"""Items of a mask by the rule: pairs, gaps, two people, slips of the pen; the classes; cut-outs of the catalogue."""

import csv
from importlib.resources import files

import numpy as np
import pytest

from fashionviz.data import cut_outs13
from fashionviz.data.cut_outs13 import class_of, cut_out
from fashionviz.data.garment13 import GARMENT13, LEAST, box_of, heads, items, label_classes
from fashionviz.data.landmarks.parts import Refused
from fashionviz.data.sets import data_root, open_set
from fashionviz.data.street_items import photo_with_items
from fashionviz.errors import DataError
from fashionviz.images import encode_png

SIZE = (200, 160)
HAIR, SKIN, HAT, COAT, SHIRT, SWEATER, SHOES, PANTS, BAG = 19, 41, 20, 13, 38, 48, 39, 31, 2


def figure(x: int = 70, mask: np.ndarray | None = None) -> np.ndarray:
    """A mask of a person 180 pixels tall: hair on both sides of a face, and hands that make the figure's height."""
    mask = np.zeros(SIZE, np.uint8) if mask is None else mask
    mask[10:30, x - 9 : x + 9] = SKIN
    mask[10:34, x - 12 : x - 6] = HAIR
    mask[10:34, x + 6 : x + 12] = HAIR
    mask[186:190, x - 2 : x + 2] = SKIN
    return mask


def found(mask: np.ndarray) -> list[tuple[str, tuple[int, int, int, int]]]:
    return [(GARMENT13[item.label], item.box) for item in items(mask)]


def test_classes_are_those_of_the_list() -> None:
    rows = list(csv.DictReader(files("fashionviz.data").joinpath("classes13.csv").read_text().splitlines()))
    assert [int(row["index"]) for row in rows] == list(range(59))
    assert len(GARMENT13) == 13 == len(set(GARMENT13))
    assert {c for c in label_classes() if c} == set(GARMENT13)
    named = {row["label"]: row["class"] for row in rows}
    assert (named["purse"], named["clogs"], named["skin"], named["romper"]) == ("bag", "footwear", "", "dress")
    publisher = data_root() / "ccp" / "classes13.csv"
    if publisher.exists():
        assert [row["class"] for row in csv.DictReader(publisher.read_text().splitlines())] == list(label_classes())


def test_a_pair_of_shoes_is_one_item() -> None:
    mask = figure()
    mask[170:190, 40:60] = SHOES
    mask[175:190, 90:115] = SHOES
    (pair,) = items(mask)
    assert (GARMENT13[pair.label], pair.box, pair.source) == ("footwear", (40, 170, 115, 190), SHOES)
    assert pair.mask.sum() == 20 * 20 + 15 * 25
    assert (mask[pair.mask] == SHOES).all()


def test_what_an_arm_divides_is_one_item_and_two_labels_are_two() -> None:
    mask = figure()
    mask[40:100, 50:100] = SHIRT
    mask[55:60, 40:110] = SKIN  # an arm
    mask[70:90, 50:100] = SWEATER  # a collar above and a hem below it
    assert found(mask) == [("top", (50, 40, 100, 100)), ("top", (50, 70, 100, 90))]


def test_regions_far_from_each_other_are_two_items() -> None:
    """Without a head in sight distance alone tells: a third of the figure's height and a bit."""
    mask = np.zeros(SIZE, np.uint8)
    mask[0:4, 0:3], mask[196:200, 0:3] = SKIN, SKIN  # 200 pixels tall
    mask[50:90, 10:40] = COAT
    mask[50:90, 40 + 70 : 150] = COAT
    assert len(found(mask)) == 1
    mask[50:90, 110:112] = 0
    assert [box for _, box in found(mask)] == [(10, 50, 40, 90), (112, 50, 150, 90)]


def test_what_connects_two_regions_makes_one_item_of_them() -> None:
    mask = np.zeros(SIZE, np.uint8)
    mask[0:4, 80:83], mask[96:100, 80:83] = SKIN, SKIN  # 100 pixels tall: regions join over 35
    mask[40:80, 0:30] = COAT
    mask[40:80, 120:150] = COAT
    assert len(found(mask)) == 2
    mask[50:60, 64:86] = COAT  # 34 pixels from either
    assert found(mask) == [("outerwear", (0, 40, 150, 80))]


def test_a_slip_of_the_pen_stretches_no_box() -> None:
    mask = figure()
    mask[80:160, 50:90] = PANTS
    mask[150:160, 130:136] = PANTS  # 2 % of the trousers, 40 pixels away
    mask[100, 95] = PANTS  # a speck
    assert found(mask) == [("trousers", (50, 80, 90, 160))]
    mask[150:160, 94:100] = PANTS  # near enough to be part of them
    assert found(mask)[0][1][2] == 100


def test_small_things_are_none() -> None:
    mask = figure()
    side = int(np.sqrt(LEAST * mask.size))
    mask[100 : 100 + side, 50 : 50 + side] = BAG
    assert found(mask) == []
    mask[100 : 101 + side, 50 : 51 + side] = BAG
    assert [name for name, _ in found(mask)] == ["bag"]


def test_one_head_has_hair_on_both_sides_of_the_face_and_a_lock_beside_it() -> None:
    mask = figure(70)
    assert heads(mask) == pytest.approx((69.5,), abs=0.6)
    mask[30:50, 84:90] = HAIR  # a lock that touches nothing
    assert len(heads(mask)) == 1
    assert heads(np.zeros(SIZE, np.uint8)) == ()


def test_people_side_by_side_share_no_box() -> None:
    mask = figure(110, figure(40))
    mask[5:10, 100:120] = HAT
    mask[40:110, 22:130] = COAT  # two coats that touch
    mask[180:190, 25:55] = SHOES
    mask[180:190, 95:125] = SHOES
    assert len(heads(mask)) == 2
    middle = sum(heads(mask)) / 2
    coats = [box for name, box in found(mask) if name == "outerwear"]
    assert coats == [(22, 40, int(np.ceil(middle)), 110), (int(np.ceil(middle)), 40, 130, 110)]
    assert sorted(box for name, box in found(mask) if name == "footwear") == [(25, 180, 55, 190), (95, 180, 125, 190)]
    mask[120:150, 60:78] = BAG  # a sixth of it lies under the other head: it belongs to the one most of it is under
    assert [box for name, box in found(mask) if name == "bag"] == [(60, 120, 78, 150)]


def test_items_share_no_pixel_and_boxes_are_tight() -> None:
    rng = np.random.default_rng(3)
    mask = figure()
    for label in (COAT, SHIRT, BAG, SHOES, PANTS):
        y, x = rng.integers(40, 120), rng.integers(5, 90)
        mask[y : y + 50, x : x + 40] = label
    made = items(mask)
    assert np.sum([item.mask for item in made], axis=0).max() == 1
    assert all(box_of(item.mask) == item.box for item in made)
    assert all((mask[item.mask] == item.source).all() for item in made)


def test_an_empty_mask_has_no_items_and_a_wrong_one_is_refused() -> None:
    assert items(np.zeros(SIZE, np.uint8)) == ()
    with pytest.raises(DataError, match="holds the number 59"):
        items(np.full(SIZE, 59, np.uint8))


def test_a_row_without_a_mask_is_refused() -> None:
    photo = {"bytes": encode_png(np.zeros((*SIZE, 3), np.uint8))}
    for mask in (None, {"bytes": b"no picture"}, {"bytes": encode_png(np.zeros((9, 9, 3), np.uint8))}):
        with pytest.raises(DataError):
            photo_with_items({"image": photo, "mask": mask})


@pytest.mark.skipif(not (data_root() / "ccp").is_dir(), reason="the street photos are not here")
def test_on_real_masks() -> None:
    """Photo 940 is the one with two people: two dresses, two pairs of shoes."""
    for row in open_set("ccp", "test").rows(["id", "image", "mask"]):
        if row["id"] == 940:
            names = [GARMENT13[item.label] for item in photo_with_items(row)[2]]
            assert (names.count("dress"), names.count("footwear"), names.count("bag")) == (2, 2, 2)
            return
    raise AssertionError("no photo 940")


def test_article_types_are_mapped_once_onto_the_classes() -> None:
    assert set(cut_outs13.ARTICLES) == set(GARMENT13)
    every = [article for articles in cut_outs13.ARTICLES.values() for article in articles]
    assert len(every) == len(set(every))
    assert (class_of("Casual Shoes"), class_of("Wallets"), class_of("Perfume and Body Mist"), class_of(None)) == (
        "footwear", "bag", None, None,
    )  # fmt: skip


def test_a_shoe_on_white_is_cut_out() -> None:
    photo = np.full((120, 90, 3), 255, np.uint8)
    photo[40:80, 20:70] = (60, 20, 20)
    row = {"image": {"bytes": encode_png(photo)}, "articleType": "Heels"}
    pixels, mask, label = cut_out(row)
    assert GARMENT13[label] == "footwear"
    assert pixels.shape[:2] == mask.shape
    assert abs(mask.sum() - 40 * 50) < 200
    with pytest.raises(Refused, match="no class"):
        cut_out({**row, "articleType": "Perfume and Body Mist"})
    with pytest.raises(Refused, match="hardly a garment"):
        cut_out({**row, "image": {"bytes": encode_png(np.full((120, 90, 3), 255, np.uint8))}})
