"""Regions as text and as shares of the photo."""

import pytest

from fashionviz.boxes import Shares, format_box, parse_box, shared, shares_of, smallest_at
from fashionviz.errors import InvalidRequest


def test_a_box_is_four_numbers() -> None:
    assert parse_box("1, 2.5,3,4") == (1.0, 2.5, 3.0, 4.0)
    assert parse_box(format_box((1, 2, 3.25, 4))) == (1, 2, 3.25, 4)
    assert parse_box(None) is parse_box(" ") is None
    assert format_box(None) == ""


@pytest.mark.parametrize("text", ["1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,3,nan", "1,2,inf,4", ","])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="'--box' must be four numbers"):
        parse_box(text, "--box")


@pytest.mark.parametrize("text", ["5,1,5,9", "1,7,9,7"])
def test_a_box_has_an_area(text: str) -> None:
    with pytest.raises(InvalidRequest, match="no area"):
        parse_box(text)


def test_shares_are_cut_off_at_the_border() -> None:
    assert shares_of((20, 10, 60, 40), (80, 40)) == Shares(0.25, 0.25, 0.5, 0.75)
    assert shares_of((-20, 10, 160, 80), (80, 40)) == Shares(0, 0.25, 1, 0.75)
    assert Shares(0, 0, 0.5, 0.5).area == 0.25


def test_a_click_means_the_smallest_box_around_it() -> None:
    boxes = [(0, 0, 100, 100), (10, 10, 50, 50), (40, 40, 90, 90)]
    assert smallest_at(boxes, 20, 20) == 1
    assert smallest_at(boxes, 45, 45) == 1
    assert smallest_at(boxes, 95, 5) == 0
    assert smallest_at(boxes, 101, 5) is None
    assert smallest_at([], 1, 1) is None


def test_what_two_boxes_share_is_of_the_smaller() -> None:
    large = (0.0, 0.0, 10.0, 10.0)
    assert shared(large, (2, 2, 4, 4)) == shared((2, 2, 4, 4), large) == 1
    assert shared(large, (8, 0, 12, 5)) == pytest.approx(0.5)
    assert shared(large, (10, 0, 12, 5)) == shared(large, (20, 20, 30, 30)) == 0
    assert shared(large, (5, 5, 5, 9)) == 0
