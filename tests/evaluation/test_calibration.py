"""Temperature and calibration error against closed forms and a sampled truth."""

import numpy as np
import pytest
from scipy.special import softmax

from fashionviz.evaluation.calibration import (
    calibration_interval,
    expected_calibration_error,
    fit_temperature,
    with_temperature,
)


def sampled(temperature: float, n: int = 20_000, k: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Answers that are too sure by a known temperature, and truths drawn from the honest ones."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (n, k))
    honest = softmax(logits, axis=1)
    truth = (honest.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return softmax(logits * temperature, axis=1), truth


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_found(temperature: float) -> None:
    probabilities, truth = sampled(temperature)
    assert fit_temperature(probabilities, truth) == pytest.approx(temperature, rel=0.03)


def test_calibrating_lowers_the_error_and_keeps_the_order() -> None:
    probabilities, truth = sampled(2.5)
    calibrated = with_temperature(probabilities, fit_temperature(probabilities, truth))
    assert expected_calibration_error(probabilities, truth) > 0.1
    assert expected_calibration_error(calibrated, truth) < 0.015
    assert (calibrated.argmax(1) == probabilities.argmax(1)).all()
    np.testing.assert_allclose(calibrated.sum(1), 1)
    np.testing.assert_allclose(with_temperature(probabilities, 1.0), probabilities, atol=1e-12)


def test_the_error_by_hand() -> None:
    # Four answers at 0.9, three of them right; two at 0.6, one right: (4 * |0.9 - 0.75| + 2 * |0.6 - 0.5|) / 6.
    probabilities = np.array([[0.9, 0.1]] * 4 + [[0.6, 0.4]] * 2)
    truth = np.array([0, 0, 0, 1, 0, 1])
    assert expected_calibration_error(probabilities, truth) == pytest.approx((4 * 0.15 + 2 * 0.1) / 6, abs=1e-6)


def test_the_interval_holds_the_value_and_narrows() -> None:
    probabilities, truth = sampled(2.0)
    value = expected_calibration_error(probabilities, truth)
    low, high = calibration_interval(probabilities, truth)
    assert low <= value <= high
    few = calibration_interval(probabilities[:500], truth[:500])
    assert few[1] - few[0] > high - low


def test_certain_and_wrong_answers_stay_finite() -> None:
    probabilities = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = fit_temperature(probabilities, np.array([0, 1, 1]))
    assert 1 < found <= 20
    assert np.isfinite(with_temperature(probabilities, found)).all()
