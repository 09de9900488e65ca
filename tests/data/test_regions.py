"""Regions: how the 59 labels map to three, masks that do not fit, and what is derived of catalogue photos."""

import io

import numpy as np
import pytest
from PIL import Image

from fashionviz.data import regions
from fashionviz.data.landmarks.parts import Refused
from fashionviz.data.regions import (
    ALONE,
    BACKGROUND,
    GARMENT,
    PERSON,
    UNKNOWN,
    catalogue_regions,
    photo_with_regions,
    street_regions,
)
from fashionviz.errors import DataError
from tests.data.test_landmarks_catalogue import person

#: The publisher's names, by number.
NAMES = [
    "null", "accessories", "bag", "belt", "blazer", "blouse", "bodysuit", "boots", "bra", "bracelet", "cape",
    "cardigan", "clogs", "coat", "dress", "earrings", "flats", "glasses", "gloves", "hair", "hat", "heels", "hoodie",
    "intimate", "jacket", "jeans", "jumper", "leggings", "loafers", "necklace", "panties", "pants", "pumps", "purse",
    "ring", "romper", "sandals", "scarf", "shirt", "shoes", "shorts", "skin", "skirt", "sneakers", "socks",
    "stockings", "suit", "sunglasses", "sweater", "sweatshirt", "swimwear", "t-shirt", "tie", "tights", "top", "vest",
    "wallet", "watch", "wedges",
]  # fmt: skip


def png(values: np.ndarray) -> dict[str, object]:
    out = io.BytesIO()
    Image.fromarray(values).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": None}


def test_skin_and_hair_are_the_person_and_whatever_is_worn_or_carried_is_garment() -> None:
    assert len(NAMES) == regions.LABELS
    found = street_regions(np.arange(regions.LABELS, dtype=np.uint8)[None])[0]
    by_name = dict(zip(NAMES, found.tolist(), strict=True))
    assert {name for name, region in by_name.items() if region == BACKGROUND} == {"null"}
    assert {name for name, region in by_name.items() if region == PERSON} == {"skin", "hair"}
    assert by_name["shoes"] == by_name["bag"] == by_name["glasses"] == by_name["tights"] == GARMENT
    with pytest.raises(DataError, match="the number 59"):
        street_regions(np.array([[0, 59]], np.uint8))


def test_a_worn_shirt_is_parted_from_skin_and_hair() -> None:
    photo = person()
    found = catalogue_regions(photo, "Tshirts")
    assert found.shape == photo.shape[:2]
    assert set(np.unique(found)) >= {BACKGROUND, GARMENT, PERSON}
    assert found[0, 0] == BACKGROUND
    person_rows = np.flatnonzero((found == PERSON).any(axis=1))
    assert person_rows[0] < np.flatnonzero((found == GARMENT).any(axis=1))[0], "the head is above the shirt"


def test_a_shoe_alone_is_garment_and_what_has_no_rule_is_refused() -> None:
    photo = np.full((120, 90, 3), 255, np.uint8)
    photo[40:80, 20:70] = (200, 150, 120)  # the colour of skin
    assert "Heels" in ALONE
    found = catalogue_regions(photo, "Heels")
    assert (found[42:78, 22:68] == GARMENT).all()
    assert (found[:38] == BACKGROUND).all()
    with pytest.raises(Refused, match="no rule"):
        catalogue_regions(photo, "Perfume and Body Mist")
    with pytest.raises(Refused):
        catalogue_regions(np.full((120, 90, 3), 90, np.uint8), "Heels")


def test_white_that_a_garment_encloses_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = np.zeros((9, 9), np.uint8)
    parts[2:7, 2:7] = 1
    parts[4, 4] = 0  # a stripe, or ground between arm and body
    monkeypatch.setattr(regions, "part_map", lambda pixels, kind: parts)
    found = catalogue_regions(np.zeros((9, 9, 3), np.uint8), "Tshirts")
    assert found[4, 4] == UNKNOWN
    assert (found == UNKNOWN).sum() == 1
    assert found[0, 0] == BACKGROUND


def test_masks_that_do_not_fit_are_said() -> None:
    photo, mask = png(np.full((30, 20, 3), 90, np.uint8)), np.zeros((30, 20), np.uint8)
    mask[5:10] = 14
    pixels, found = photo_with_regions({"image": photo, "mask": png(mask)})
    assert pixels.shape == (30, 20, 3)
    assert np.array_equal(found, np.where(mask == 14, GARMENT, BACKGROUND))
    with pytest.raises(DataError, match="photo's size"):
        photo_with_regions({"image": photo, "mask": png(mask[:, :10])})
    with pytest.raises(DataError, match="readable PNG"):
        photo_with_regions({"image": photo, "mask": {"bytes": b"no picture", "path": None}})
    with pytest.raises(Refused, match="no mask"):
        photo_with_regions({"image": photo, "mask": None})
