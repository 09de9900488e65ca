"""Intervals of precision, recall and F1 against scikit-learn's values and a bootstrap of single pictures."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from fashionviz.evaluation.class_intervals import class_intervals, f1_interval, tag_intervals
from fashionviz.evaluation.metrics import wilson

CONFUSION = np.array([[30, 5, 0], [10, 50, 0], [0, 0, 0]])
TRUTH = np.repeat([0, 0, 1, 1], [30, 5, 10, 50])
SAID = np.repeat([0, 1, 0, 1], [30, 5, 10, 50])


def test_values_are_those_of_scikit_learn() -> None:
    found = class_intervals(CONFUSION, "abc")
    for name, function in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        expected = function(TRUTH, SAID, labels=[0, 1, 2], average=None, zero_division=0)
        np.testing.assert_allclose([getattr(row, name).value for row in found], expected)
    assert [(row.support, row.predicted) for row in found] == [(35, 40), (60, 55), (0, 0)]


def test_precision_and_recall_have_wilsons_intervals() -> None:
    first = class_intervals(CONFUSION, "abc")[0]
    assert (first.precision.low, first.precision.high) == wilson(30, 40)
    assert (first.recall.low, first.recall.high) == wilson(30, 35)


def test_the_interval_of_f1_is_that_of_resampled_pictures() -> None:
    rng = np.random.default_rng(3)
    drawn = []
    for _ in range(1500):
        pick = rng.integers(0, len(TRUTH), len(TRUTH))
        drawn.append(f1_score(TRUTH[pick] == 0, SAID[pick] == 0))
    low, high = f1_interval(30, 10, 5, 95)
    assert (low, high) == pytest.approx(tuple(np.quantile(drawn, (0.025, 0.975))), abs=0.02)
    assert low < 2 * 30 / 75 < high


def test_a_class_without_items_says_nothing_and_one_without_mistakes_has_no_spread() -> None:
    third = class_intervals(CONFUSION, "abc")[2]
    assert (third.f1.low, third.f1.high) == (0, 1)
    assert (third.recall.low, third.recall.high) == (0, 1)
    assert f1_interval(20, 0, 0, 50) == (1, 1)


def test_a_tag_counts_where_it_is_known() -> None:
    probabilities = np.array([[0.9], [0.8], [0.3], [0.2], [0.9]])
    true = np.array([[True], [False], [True], [False], [True]])
    known = np.array([[True], [True], [True], [True], [False]])
    found = tag_intervals(probabilities, true, known, 0, 0.5, "bag")
    assert (found.label, found.support, found.predicted) == ("bag", 2, 2)
    assert (found.precision.value, found.recall.value, found.f1.value) == (0.5, 0.5, 0.5)
    assert (found.recall.low, found.recall.high) == wilson(1, 2)
    assert tag_intervals(probabilities, true, known, 0, 0.3).recall.value == 1, "said at the threshold itself"
