"""Reliability bins by hand and against torchmetrics' calibration error."""

import numpy as np
import pytest

from fashionviz.evaluation.calibration import expected_calibration_error, with_temperature
from fashionviz.evaluation.metrics import wilson
from fashionviz.evaluation.mistakes import confident_mistakes
from fashionviz.evaluation.reliability import item_scores, reliability
from fashionviz.evaluation.report import Item


def test_bins_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1]] * 4 + [[0.55, 0.45]] * 2)
    truth = np.array([0, 0, 0, 1, 0, 1])
    found = reliability(probabilities, truth, bins=10)
    assert found.counts.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 4, 0], "a bin holds its upper edge"
    assert found.accuracy[[5, 8]].tolist() == [0.5, 0.75]
    assert found.confidence[[5, 8]].tolist() == pytest.approx([0.55, 0.9])
    assert (found.low[8], found.high[8]) == wilson(3, 4)
    assert np.isnan(found.accuracy[0])
    assert found.ece == pytest.approx((4 * 0.15 + 2 * 0.05) / 6)
    assert found.n == 6


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_the_error_is_that_of_torchmetrics(rng: np.random.Generator, temperature: float) -> None:
    probabilities = rng.dirichlet(np.full(5, 0.4), 800)
    truth = rng.integers(0, 5, 800)
    expected = expected_calibration_error(with_temperature(probabilities, temperature), truth)
    assert reliability(probabilities, truth, temperature).ece == pytest.approx(expected, abs=1e-6)


def test_no_pictures_and_a_certain_answer() -> None:
    assert reliability(np.zeros((0, 3)), np.zeros(0, dtype=int)).ece == 0
    assert reliability(np.array([[1.0, 0.0]]), np.array([0])).counts[-1] == 1


ITEMS = [
    Item("1", 0, "a", "b", 0.6, (0.4, 0.6)),
    Item("2", 1, "a", "a", 0.9, (0.9, 0.1)),
    Item("3", 2, "b", "a", 0.8, (0.8, 0.2)),
    Item("4", 3, "c", "b", 0.8, (0.2, 0.8)),
]


def test_mistakes_come_the_surest_first() -> None:
    assert [i.id for i in confident_mistakes(ITEMS)] == ["3", "4", "1"]
    assert [i.id for i in confident_mistakes(ITEMS, "a")] == ["3", "1"], "true or predicted"
    assert confident_mistakes(ITEMS, "none") == ()


def test_scores_of_items() -> None:
    probabilities, truth = item_scores(ITEMS[:3], "ab")
    assert truth.tolist() == [0, 0, 1]
    assert probabilities[2].tolist() == [0.8, 0.2]
