"""Calibrated probabilities: one temperature fitted on validation, judged by the expected calibration error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

#: Bins of the expected calibration error, as in Guo et al. 2017.
BINS = 15


def with_temperature(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Probabilities ``(N, K)`` as they would be with all logits divided by a temperature.

    Log-probabilities are logits up to a constant a row, which the softmax does not see.
    """
    logits = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), 1e-38)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True)


def fit_temperature(probabilities: NDArray[np.floating], truth: NDArray[np.int64]) -> float:
    """The temperature that minimises the negative log-likelihood (Guo et al. 2017), between 1/20 and 20.

    Args:
        probabilities: ``(N, K)`` of uncalibrated answers on validation.
        truth: ``(N,)`` class indices.

    Returns:
        The divisor of the logits: above 1 where the network is too sure of itself.
    """
    logits = torch.from_numpy(np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), 1e-38)))
    target = torch.from_numpy(np.asarray(truth, dtype=np.int64))
    return _fit(lambda t: torch.nn.functional.cross_entropy(logits / t, target))


def _fit(likelihood: Callable[[torch.Tensor], torch.Tensor]) -> float:
    log_t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_t], lr=0.5, max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = likelihood(log_t.exp())
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[arg-type]
    found = float(log_t.detach().exp())
    return float(np.clip(found, 0.05, 20.0)) if np.isfinite(found) else 1.0


def fit_sigmoid_temperature(logits: NDArray[np.floating], true: NDArray[np.bool_], known: NDArray[np.bool_]) -> float:
    """The temperature that minimises the negative log-likelihood of independent labels, between 1/20 and 20.

    Args:
        logits: ``(N, L)`` on validation.
        true, known: ``(N, L)``; where the second is false, the first says nothing.

    Returns:
        The divisor of the logits.
    """
    values = torch.from_numpy(np.asarray(logits, dtype=np.float64)[known])
    target = torch.from_numpy(true[known].astype(np.float64))
    return _fit(lambda t: torch.nn.functional.binary_cross_entropy_with_logits(values / t, target))


def expected_calibration_error(probabilities: NDArray[np.floating], truth: NDArray[np.int64]) -> float:
    """Mean distance of confidence and accuracy over :data:`BINS` bins of confidence, weighted by their number.

    By torchmetrics, L1 norm.

    Args:
        probabilities: ``(N, K)``.
        truth: ``(N,)`` class indices.
    """
    from torchmetrics.functional.classification import multiclass_calibration_error

    scores = torch.from_numpy(np.asarray(probabilities, dtype=np.float64))
    return float(
        multiclass_calibration_error(
            scores, torch.from_numpy(np.asarray(truth, dtype=np.int64)), scores.shape[1], n_bins=BINS, norm="l1"
        )
    )


def calibration_interval(
    probabilities: NDArray[np.floating], truth: NDArray[np.int64], draws: int = 300, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the expected calibration error.

    The error of a finite sample is biased upwards, and a resampled one more so; the interval is shifted back by the
    difference (the basic bootstrap), and cut at zero.
    """
    confidence = np.asarray(probabilities).max(axis=1)
    right = np.asarray(probabilities).argmax(axis=1) == truth
    whole = expected_calibration_error(probabilities, truth)
    rng = np.random.default_rng(seed)
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    found = []
    for _ in range(draws):
        pick = rng.integers(0, len(truth), len(truth))
        gaps = np.bincount(bins[pick], weights=confidence[pick] - right[pick], minlength=BINS)
        found.append(np.abs(gaps).sum() / len(truth))
    low, high = np.quantile(found, [0.025, 0.975])
    shift = float(np.mean(found)) - whole
    return min(whole, max(0.0, float(low) - shift)), max(whole, float(high) - shift)
