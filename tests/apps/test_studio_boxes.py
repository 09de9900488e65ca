"""Buttons over a photo: what lies above what, and where the labels stand."""

from __future__ import annotations

import pytest

from apps.studio.boxes import Spot, corners, layers
from apps.studio.garments import rounded, spot_of
from fashionviz.boxes import Shares
from fashionviz.match.results import MatchedItem


def test_the_smaller_lies_above_the_larger() -> None:
    dress, belt, shoes = Shares(0.2, 0.1, 0.6, 0.8), Shares(0.3, 0.4, 0.3, 0.05), Shares(0.4, 0.8, 0.2, 0.1)
    assert layers([belt, dress, shoes]) == [3, 1, 2]
    assert layers([dress, dress]) == [1, 2]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        # a narrow box at either side: the label grows towards the middle, and is not cut off
        ([Shares(0, 0, 0.1, 0.2), Shares(0.9, 0, 0.1, 0.2)], [("top", "left"), ("top", "right")]),
        # two boxes that begin at the same corner: the second label goes elsewhere
        ([Shares(0.1, 0.1, 0.7, 0.8), Shares(0.1, 0.1, 0.7, 0.3)], [("top", "left"), ("top", "right")]),
        ([Shares(0.1, 0.1, 0.2, 0.8), Shares(0.1, 0.1, 0.2, 0.3)], [("top", "left"), ("bottom", "left")]),
        # no room inside, and below the photo ends
        ([Shares(0.2, 0.9, 0.2, 0.1), Shares(0.22, 0.86, 0.15, 0.1)], [("top", "left"), ("above", "left")]),
        # nowhere is room: as far away as can be
        ([Shares(0.2, 0.86, 0.2, 0.1), Shares(0.22, 0.87, 0.15, 0.1)], [("top", "left"), ("above", "left")]),
    ],
)
def test_labels_stay_apart_and_inside(places: list[Shares], expected: list[tuple[str, str]]) -> None:
    assert corners(places) == expected


def test_a_button_says_number_kind_and_how_sure() -> None:
    item = MatchedItem((1.2, 2.0, 30.7, 40.1), 0.931, "dress", (), (), ())
    assert spot_of(item).words(1) == "1. dress, 93 %"
    assert spot_of(MatchedItem(item.box, None, None, (), (), ())).words(3) == "3. garment"
    assert Spot(item.box, "bag").words(2) == "2. bag"
    assert rounded(item.box) == (1, 2, 31, 41)
