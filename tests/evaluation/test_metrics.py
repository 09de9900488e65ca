"""Metrics against scikit-learn and cases worked by hand."""

import numpy as np
import pytest
from sklearn import metrics as reference

from fashionviz.evaluation.metrics import macro_averages, macro_intervals, mean_interval, score, wilson
from fashionviz.results import ModelRef

CLASSES = ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),  # Wilson (1927), as tabulated in Brown, Cai and DasGupta (2001)
        (0, 10, 0.0, 0.2775),  # none right: not the empty interval that the normal approximation gives
        (10, 10, 0.7225, 1.0),
        (0, 0, 0.0, 1.0),  # nothing seen, nothing known
    ],
)
def test_wilson(right: int, n: int, low: float, high: float) -> None:
    assert wilson(right, n) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_mean_interval() -> None:
    mean, (low, high) = mean_interval([(30, 30), (50, 100)])
    assert mean == pytest.approx(0.75)
    assert low < 0.75 < high
    wide = mean_interval([(3, 3), (5, 10)])[1]
    assert wide[1] - wide[0] > high - low


def test_everything_agrees_with_scikit_learn(rng: np.random.Generator) -> None:
    truth = rng.integers(0, 3, 300)  # the class "d" never occurs
    probabilities = rng.dirichlet(np.ones(4), 300) + np.eye(4)[truth] * 0.4
    predicted = probabilities.argmax(1)
    report = score(ModelRef("m", ""), "set", "test", CLASSES, truth, probabilities, skipped=2)
    assert report.accuracy == pytest.approx(reference.accuracy_score(truth, predicted))
    assert np.array_equal(report.confusion, reference.confusion_matrix(truth, predicted, labels=range(4)))
    p, r, f, n = reference.precision_recall_fscore_support(truth, predicted, labels=range(4), zero_division=0)
    for i, row in enumerate(report.per_class):
        assert (row.precision, row.recall, row.f1) == (pytest.approx(p[i]), pytest.approx(r[i]), pytest.approx(f[i]))
        assert (row.label, row.support, row.predicted) == (CLASSES[i], n[i], (predicted == i).sum())
    assert report.macro_f1 == pytest.approx(f.mean())
    for k, got in ((2, report.top2), (3, report.top3)):
        assert got == pytest.approx(reference.top_k_accuracy_score(truth, probabilities, k=k, labels=range(4)))
    assert report.top5 == 1.0, "there are four classes"
    assert (report.n, report.skipped) == (300, 2)
    assert report.accuracy_ci95 == wilson(int((truth == predicted).sum()), 300)


def test_nothing_to_score_is_no_crash() -> None:
    report = score(ModelRef("m", ""), "s", "t", CLASSES, np.array([], dtype=np.int64), np.zeros((0, 4)))
    assert (report.n, report.accuracy_ci95) == (0, (0.0, 1.0))


def test_macro_averages(rng: np.random.Generator) -> None:
    truth, predicted = rng.integers(0, 3, 200), rng.integers(0, 4, 200)  # class d is never true
    confusion = reference.confusion_matrix(truth, predicted, labels=range(4))
    expected = reference.precision_recall_fscore_support(
        truth, predicted, labels=range(4), average="macro", zero_division=0
    )[:3]
    assert macro_averages(confusion) == pytest.approx(expected)
    both = macro_averages(np.stack([confusion, np.diag([3, 3, 3, 3])]))
    assert [v[1] for v in both] == [1, 1, 1]
    assert [v[0] for v in both] == pytest.approx(expected)


def test_macro_intervals() -> None:
    # Two classes of 100, right 80 and 90 times: the mean recall varies like the mean of two independent shares.
    confusion = np.array([[80, 20], [10, 90]])
    low, high = macro_intervals(confusion)[1]
    spread = np.sqrt(0.8 * 0.2 / 100 + 0.9 * 0.1 / 100) / 2
    assert (low, high) == pytest.approx((0.85 - 1.96 * spread, 0.85 + 1.96 * spread), abs=0.012)
    assert macro_intervals(confusion) == macro_intervals(confusion)
    assert macro_intervals(np.diag([5, 0]))[1] == (0.5, 0.5), "a class without items has no recall"
