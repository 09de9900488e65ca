"""Landmarks of small drawn street masks."""

import numpy as np
import pytest
from numpy.typing import NDArray

from fashionviz.data.landmarks.kinds import Kind, Visibility
from fashionviz.data.landmarks.street import street_landmarks

NAMES = ("null", "t-shirt", "jeans", "skin", "hair", "jacket", "bag", "shoes")
SHIRT, JEANS, ARM, HAIR, JACKET, BAG = 1, 2, 3, 4, 5, 6
Mask = NDArray[np.uint8]


def scene() -> Mask:
    """A person in a T-shirt (hem at row 120, columns 70 to 130) and jeans (to row 220)."""
    mask = np.zeros((260, 200), np.uint8)
    mask[120:220, 70:98] = JEANS
    mask[120:220, 102:130] = JEANS
    mask[120:150, 70:130] = JEANS
    mask[40:120, 70:130] = SHIRT
    for i in range(30):  # sloping shoulders with sleeves to row 85
        mask[40 + i // 2 : 85, 70 - i] = SHIRT
        mask[40 + i // 2 : 85, 129 + i] = SHIRT
    for i in range(22):  # and up to the neck
        mask[40 : 52 - i // 2, [69 + i, 130 - i]] = 0
    for i in range(30):
        mask[40 : 52 + i // 4, [70 - i, 129 + i]] = 0
    mask[85:130, 42:60] = ARM
    mask[85:130, 140:158] = ARM
    mask[36:46, 90:110] = ARM
    mask[10:36, 88:112] = ARM
    mask[5:14, 86:114] = HAIR
    return mask


def of(mask: Mask, name: str) -> list:
    return [found for label, found in street_landmarks(mask, NAMES) if label == name]


def test_one_record_a_garment_with_landmarks_where_it_was_drawn() -> None:
    (shirt,), (jeans,) = of(scene(), "t-shirt"), of(scene(), "jeans")
    assert shirt.kind is Kind.UPPER
    assert jeans.kind is Kind.LOWER
    for found, place, expected in (
        (shirt, 2, (51, 86)), (shirt, 3, (149, 86)), (shirt, 6, (70, 119)), (shirt, 7, (130, 119)),
        (jeans, 4, (70, 120)), (jeans, 5, (130, 120)), (jeans, 6, (70, 219)), (jeans, 7, (130, 219)),
    ):  # fmt: skip
        assert found, found.reason
        assert np.hypot(*(found.points[place] * (200, 260) - expected)) < 0.05 * found.size, (place, expected)
    assert jeans.visibility[4] == Visibility.OCCLUDED  # the shirt hangs over it


def test_a_label_split_by_an_arm_is_one_garment() -> None:
    mask = scene()
    mask[112:118, 60:140] = ARM
    mask[118:132, 70:130] = SHIRT
    (shirt,) = of(mask, "t-shirt")
    assert shirt, shirt.reason
    assert abs(shirt.points[6, 1] * 260 - 131) < 4


def test_two_people_are_two_garments() -> None:
    mask = np.concatenate([scene(), scene()], axis=1)
    found = of(mask, "t-shirt")
    assert len(found) == 2
    assert all(found)
    middles = sorted(np.nanmean(f.points[:, 0]) for f in found)
    assert middles == pytest.approx([0.25, 0.75], abs=0.02)


def test_what_touches_the_border_is_refused() -> None:
    (jeans,) = of(scene()[:200].copy(), "jeans")
    assert "border" in jeans.reason


def test_what_lies_under_a_jacket_is_refused_and_the_open_jacket_is_whole() -> None:
    mask = scene()
    jacket = mask == SHIRT
    jacket[:, 92:108] = False
    mask[jacket] = JACKET
    (shirt,), (found,) = of(mask, "t-shirt"), of(mask, "jacket")
    assert "over it" in shirt.reason
    assert found, found.reason
    assert abs(found.points[6, 0] * 200 - 70) < 6


def test_a_bag_over_the_hem_occludes_it() -> None:
    mask = scene()
    mask[110:150, 60:76] = BAG
    (shirt,) = of(mask, "t-shirt")
    assert shirt.visibility[6] == Visibility.OCCLUDED
    assert shirt.visibility[7] == Visibility.VISIBLE


def test_specks_and_other_labels_yield_nothing() -> None:
    mask = np.zeros((260, 200), np.uint8)
    mask[5:10, 5:10] = SHIRT
    mask[100:200, 50:150] = 7
    assert list(street_landmarks(mask, NAMES)) == []
