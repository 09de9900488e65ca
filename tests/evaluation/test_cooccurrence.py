"""Co-occurrence of tags on five pictures, counted by hand."""

import numpy as np
import pytest

from fashionviz.error_results import Cooccurrence
from fashionviz.evaluation.cooccurrence import (
    KINDS,
    clustered_tags,
    cooccurrence,
    frequent,
    pictures_of,
    rows_with_both,
)

TRUE = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]], dtype=bool)
KNOWN = np.ones_like(TRUE)
KNOWN[4, 2] = False
PROBABILITIES = np.array([[0.9, 0.8, 0.1], [0.9, 0.2, 0.6], [0.7, 0.1, 0.9], [0.2, 0.9, 0.9], [0.8, 0.6, 0.9]])
THRESHOLDS = np.array([0.5, 0.5, 0.5])
FOUND = cooccurrence(PROBABILITIES, TRUE, KNOWN, THRESHOLDS, "abc")


def test_counts_by_hand() -> None:
    assert FOUND.true.tolist() == [[4, 3, 1], [3, 4, 1], [1, 1, 2]]
    assert FOUND.said.tolist() == [[4, 2, 2], [2, 3, 1], [2, 1, 3]]
    assert FOUND.known[0].tolist() == [5, 5, 4], "the last picture says nothing about c"
    assert pictures_of(FOUND, KINDS[2]).tolist() == [[0, -1, 1], [-1, -1, 0], [1, 0, 1]]
    with pytest.raises(ValueError, match="no kind"):
        pictures_of(FOUND, "else")


@pytest.mark.parametrize(
    ("pair", "kind", "rows"),
    [
        ((0, 1), KINDS[0], [0, 4, 1]),
        ((0, 1), KINDS[1], [0, 4]),
        ((0, 1), KINDS[2], [1]),
        ((0, 2), KINDS[1], [2, 1]),
        ((0, 2), KINDS[2], [1]),
        ((2, 2), KINDS[0], [2, 3]),
    ],
)
def test_the_pictures_of_a_cell_are_those_counted(pair: tuple[int, int], kind: str, rows: list[int]) -> None:
    found = rows_with_both(PROBABILITIES, TRUE, KNOWN, THRESHOLDS, pair, kind)
    assert found.tolist() == rows
    if kind != KINDS[2]:
        assert len(found) == pictures_of(FOUND, kind)[pair]


def test_the_most_frequent_tags() -> None:
    assert frequent(FOUND, (2, 1, 0), 2) == (0, 1), "of equals the first"


def test_tags_that_occur_together_stand_side_by_side() -> None:
    company = np.array([[9, 0, 8, 0], [0, 9, 0, 8], [8, 0, 9, 0], [0, 8, 0, 9]])
    found = Cooccurrence(tuple("abcd"), company, company, company)
    rows, columns = clustered_tags(found, (0, 1, 2, 3), (0, 1, 2, 3))
    assert rows == columns
    assert {frozenset(rows[:2]), frozenset(rows[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


def test_between_two_sets_those_with_like_companions_stand_side_by_side() -> None:
    company = np.zeros((6, 6), dtype=np.int64)
    company[:3, 3:] = [[9, 0, 1], [0, 9, 0], [8, 0, 2]]
    found = Cooccurrence(tuple("abcdef"), company, company, company)
    rows, columns = clustered_tags(found, (0, 1, 2), (3, 4, 5))
    assert abs(rows.index(0) - rows.index(2)) == 1
    assert sorted(columns) == [3, 4, 5]
    assert abs(columns.index(3) - columns.index(5)) == 1
