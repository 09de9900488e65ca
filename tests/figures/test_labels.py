"""Boxes over a photo: what lies above what, where the labels stand, and the picture of them."""

from __future__ import annotations

import numpy as np
import pytest

from fashionviz.boxes import Shares
from fashionviz.figures.garments import garments_picture
from fashionviz.figures.labels import corners, layers
from fashionviz.figures.theme import ACCENT


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


def test_the_chosen_one_stands_out_and_the_photo_keeps_its_shape() -> None:
    photo = np.full((300, 200, 3), 128, np.uint8)
    boxes = [(20.0, 30.0, 120.0, 200.0), (40.0, 60.0, 90.0, 120.0)]
    picture = garments_picture(photo, boxes, ["1 dress", "2 bag"], 1, longest=600)
    assert picture.shape == (600, 400, 3)
    accent = tuple(int(ACCENT[i : i + 2], 16) for i in (1, 3, 5))
    rows, columns = (picture == accent).all(2).nonzero()
    assert rows.min() >= 110
    assert columns.min() >= 70
    assert (picture[200, 40] > 200).all(), "the other one has a thin white frame"
    assert (picture[400:, 260:] == 128).all(), "nothing is drawn elsewhere"
    none = garments_picture(photo, boxes, ["1 dress", "2 bag"], None, longest=600)
    assert not (none == accent).all(2).any()
