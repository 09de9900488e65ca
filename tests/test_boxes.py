"""Regions as text."""

import pytest

from fashionviz.boxes import format_box, parse_box
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
