"""Two models on the same pictures, by hand and against closed forms."""

import math
from pathlib import Path

import numpy as np
import pytest

from fashionviz.errors import InvalidRequest, ModelNotTrained, UnknownModel
from fashionviz.evaluation.paired import comparable, mcnemar, pair, paired
from fashionviz.evaluation.report import Item
from fashionviz.results import ModelRef, Report
from tests.reports import write_made_up_report

REPORT = Report(
    ModelRef("one", "0"), "d", "test", ("a", "b"), 6, 0, 1, (1, 1), 1, 1, 1, 1, (), np.zeros((2, 2), dtype=np.int64)
)


def items(answers: str, truth: str = "aaabbb") -> tuple[Item, ...]:
    return tuple(
        Item(str(i), i, t, p, 0.5 + i / 20, (0.5, 0.5)) for i, (p, t) in enumerate(zip(answers, truth, strict=True))
    )


@pytest.mark.parametrize(("one", "other"), [(0, 5), (1, 9), (7, 3), (40, 20), (6, 6)])
def test_mcnemar_is_twice_the_smaller_tail_of_coin_tosses(one: int, other: int) -> None:
    n, few = one + other, min(one, other)
    tail = sum(math.comb(n, k) for k in range(few + 1)) / 2**n
    assert mcnemar(one, other) == pytest.approx(min(1.0, 2 * tail))


def test_models_that_never_differ() -> None:
    assert mcnemar(0, 0) == 1.0


def test_a_pair_by_hand() -> None:
    found = paired(REPORT, "two", items("aabbba"), items("abbbab"))
    assert (found.n, found.both_right, found.both_wrong) == (6, 2, 1)
    assert [i.id for i in found.only_name] == ["4", "1"], "the other's surest mistake first"
    assert [i.id for i in found.only_other] == ["5"]
    assert found.confusion.tolist() == [[2, 1], [1, 2]]
    assert found.other_confusion.tolist() == [[1, 2], [1, 2]]
    assert found.p_value == mcnemar(2, 1)
    first, second = found.in_cell("a", "b")
    assert ([i.id for i in first], [i.id for i in second]) == ([], ["1"]), "the third both gave to b"


def test_pictures_that_are_not_shared_do_not_count() -> None:
    found = paired(REPORT, "two", items("aabbba"), items("ab", "ab"))
    assert found.n == 1, "one has another label, four are missing"
    assert found.confusion.sum() == 1


def test_only_what_was_scored_alike_is_paired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    names = ("mobilenet_v2.gender_category", "resnet50.gender_category", "vgg16.clothing10")
    for name in names:
        write_made_up_report(tmp_path / name)
    assert comparable(names[0]) == (names[1],)
    assert comparable("resnet50v2.clothing10") == ()
    found = pair(names[0], names[1])
    assert (found.n, found.p_value) == (48, 1.0)
    with pytest.raises(InvalidRequest, match="same pictures"):
        pair(names[0], names[2])
    with pytest.raises(InvalidRequest, match="two different"):
        pair(names[0], names[0])
    with pytest.raises(InvalidRequest, match="gives tags"):
        pair(names[0], "inception_v3.tags")
    with pytest.raises(ModelNotTrained):
        pair(names[0], "vgg16.gender_category")
    with pytest.raises(UnknownModel):
        pair(names[0], "none.such")
