"""Comparisons against hand-computed tables."""

import math

import pytest

from fashionviz.errors import InvalidRequest, UnknownModel
from fashionviz.evaluation.compare import compare, paired_difference
from fashionviz.evaluation.report import Item
from tests.conftest import CLASSIFIERS


def items(answers: str, truth: str = "aabb") -> list[Item]:
    return [Item(str(i), i, t, p, 0.9, (0.9, 0.1)) for i, (p, t) in enumerate(zip(answers, truth, strict=True))]


def test_a_paired_difference_by_hand() -> None:
    found = paired_difference("x", "y", items("aabb"), items("abba"))  # y is wrong on the second and the fourth
    assert found is not None
    assert (found.only_name, found.only_other, found.n) == (2, 0, 4)
    assert found.value == 0.5
    assert found.p_value == 0.5, "two tosses that fell on the same side"
    half = 1.959963984540054 * math.sqrt((0.5 - 0.25) / 4)
    assert found.ci95 == pytest.approx((0.5 - half, 0.5 + half))


def test_the_difference_changes_sign_and_ignores_what_is_not_shared() -> None:
    mine, theirs = items("aabb"), items("abba")
    back = paired_difference("y", "x", theirs, mine)
    assert back is not None
    assert back.value == -0.5
    relabelled = [Item(i.id, i.row, "b" if i.row == 0 else i.label, i.predicted, 0.9, ()) for i in theirs]
    fewer = paired_difference("x", "y", mine, relabelled[:3])
    assert fewer is not None
    assert fewer.n == 2, "the first has another label, the fourth is missing"
    assert paired_difference("x", "y", mine, []) is None


def test_the_shipped_models() -> None:
    found = compare(CLASSIFIERS)
    assert {m.name for m in found.models} == set(CLASSIFIERS)
    assert [m.accuracy for m in found.models] == sorted((m.accuracy for m in found.models), reverse=True)
    for m in found.models:
        assert m.ci95[0] <= m.accuracy <= m.ci95[1]
        assert m.megabytes > m.parameters / 1e6 * 0.9, "a weight takes a byte at least"
    assert found.markdown().count("\n") == len(CLASSIFIERS) + 2


def test_wrong_names() -> None:
    with pytest.raises(InvalidRequest):
        compare([])
    with pytest.raises(InvalidRequest):
        compare([CLASSIFIERS[0], CLASSIFIERS[0]])
    with pytest.raises(InvalidRequest, match="gives tags"):
        compare(["mobilenet_v2.street_tags"])
    with pytest.raises(UnknownModel):
        compare(["none.such"])
