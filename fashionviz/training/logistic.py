"""Logistic regression on embeddings, with balanced kinds of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray


def balanced_weights(groups: Sequence[tuple[int, bool]]) -> NDArray[np.float64]:
    """A weight for each picture: both answers count the same, and within each every kind counts the same.

    Args:
        groups: number of pictures and answer of each kind, in order.

    Returns:
        ``(N,)``, with mean 1.
    """
    sides = {answer: sum(1 for _, a in groups if a == answer) for answer in (False, True)}
    total = sum(n for n, _ in groups)
    parts = [np.full(n, total / (2 * sides[answer] * n)) for n, answer in groups]
    weights = np.concatenate(parts)
    return weights / weights.mean()


def fit_logistic(
    x: NDArray[np.floating], y: NDArray[np.bool_], weights: NDArray[np.floating], penalty: float
) -> tuple[NDArray[np.float64], float]:
    """Minimise ``mean(weights · log loss) + penalty / 2 · |w|²`` over standardised features, the intercept spared.

    scikit-learn's ``LogisticRegression(C=1 / (penalty · N))`` on the same features has the same minimum.

    Args:
        x: ``(N, D)`` embeddings.
        y: ``(N,)`` answers.
        weights: ``(N,)`` positive.
        penalty: positive.

    Returns:
        Weights ``(D,)`` and intercept for the features as they are given.
    """
    features = torch.from_numpy(np.asarray(x, dtype=np.float64))
    mean, spread = features.mean(dim=0), features.std(dim=0, correction=0)
    spread = torch.where(spread > 1e-8, spread, torch.ones_like(spread))  # a feature that never fires
    features = (features - mean) / spread
    target = torch.from_numpy(np.asarray(y, dtype=np.float64))
    share = torch.from_numpy(np.asarray(weights, dtype=np.float64))
    w = torch.zeros(features.shape[1], dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [w, b], max_iter=300, tolerance_grad=1e-6, tolerance_change=1e-12, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        losses = F.binary_cross_entropy_with_logits(features @ w + b, target, reduction="none")
        value = (share * losses).mean() + penalty / 2 * (w @ w)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[arg-type]
    scaled = (w / spread).detach()
    return scaled.numpy(), float(b.detach() - scaled @ mean)
