"""Buttons over a photo."""

from __future__ import annotations

from apps.studio.boxes import Spot
from apps.studio.garments import rounded, spot_of
from fashionviz.match.results import MatchedItem


def test_a_button_says_number_kind_and_how_sure() -> None:
    item = MatchedItem((1.2, 2.0, 30.7, 40.1), 0.931, "dress", (), (), ())
    assert spot_of(item).words(1) == "1. dress, 93 %"
    assert spot_of(MatchedItem(item.box, None, None, (), (), ())).words(3) == "3. garment"
    assert Spot(item.box, "bag").words(2) == "2. bag"
    assert rounded(item.box) == (1, 2, 31, 41)
