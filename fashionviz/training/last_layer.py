"""Last layers on frozen features: logistic regressions, one a tag, and the paper's last layer trained step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from fashionviz.evaluation.multilabel import Bools
from fashionviz.training.multilabel_loss import MultilabelLoss


@dataclass(frozen=True)
class Material:
    """Features of a split with what is true of its photos.

    Attributes:
        x: ``(N, D)`` float32.
        true, known: ``(N, L)``.
    """

    x: NDArray[np.float32]
    true: Bools
    known: Bools

    def __len__(self) -> int:
        return len(self.x)

    def some(self, count: int, seed: int) -> Material:
        """So many photos, drawn by a seed."""
        pick = np.sort(np.random.default_rng(seed).permutation(len(self))[:count])
        return Material(self.x[pick], self.true[pick], self.known[pick])


@dataclass(frozen=True)
class LastLayer:
    """A linear layer on standardised features.

    Attributes:
        mean, spread: ``(D,)`` of the training features.
        weight, bias: ``(D, L)`` and ``(L,)``.
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def probabilities(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(N, L)`` in 0..1 of features ``(N, D)``."""
        logits = ((x - self.mean) / self.spread) @ self.weight + self.bias
        found: NDArray[np.float64] = torch.from_numpy(logits).double().sigmoid().numpy()  # which does not overflow
        return found


def _standardised(x: NDArray[np.float32]) -> tuple[torch.Tensor, NDArray[np.float32], NDArray[np.float32]]:
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 1e-6, spread, 1).astype(np.float32)  # a feature that never fires
    return torch.from_numpy((x - mean) / spread), mean, spread


def rarity_weights(train: Material, exponent: float) -> NDArray[np.float32]:
    """``(L,)`` weights of positives: how much rarer a tag is than the commonest one, to a power.

    Args:
        train: whose known positives are counted.
        exponent: 0 for equal weights, 1 for positives that weigh the same in all tags together.
    """
    positives = np.maximum((train.true & train.known).sum(axis=0), 1)
    weights: NDArray[np.float32] = ((positives.max() / positives) ** exponent).astype(np.float32)
    return weights


def logistic_regressions(train: Material, penalty: float, iterations: int = 200, *, rarity: float = 0.0) -> LastLayer:
    """One logistic regression a tag against the rest, all at once: they share nothing but the features.

    Each minimises ``mean over known photos(log loss) + penalty / 2 · |w|²``, the intercept spared; scikit-learn's
    ``LogisticRegression(C=1 / (penalty · n), class_weight={1: weight})`` has the same minimum.

    Args:
        train: features and targets.
        penalty: positive.
        iterations: of LBFGS at most.
        rarity: exponent of the weights of positives (:func:`rarity_weights`): they raise rare tags to where common
            ones are, so that tags that share a threshold are said alike readily.
    """
    x, mean, spread = _standardised(train.x)
    positive = torch.from_numpy(rarity_weights(train, rarity)) if rarity else None
    true = torch.from_numpy(train.true.astype(np.float32))
    share = torch.from_numpy((train.known / np.maximum(train.known.sum(axis=0), 1)).astype(np.float32))
    weight = torch.zeros(x.shape[1], true.shape[1], requires_grad=True)
    bias = torch.zeros(true.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=iterations, tolerance_grad=1e-6, tolerance_change=1e-10, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        losses = F.binary_cross_entropy_with_logits(x @ weight + bias, true, reduction="none", pos_weight=positive)
        value = (share * losses).sum() + penalty / 2 * weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[arg-type]
    return LastLayer(mean, spread, weight.detach().numpy(), bias.detach().numpy())


def by_steps(
    train: Material, loss: MultilabelLoss, steps: int, learning_rate: float, batch: int = 100, seed: int = 0
) -> LastLayer:
    """The paper's last layer: so many steps of plain stochastic gradient descent.

    Args:
        train: features and targets.
        loss: of a batch, a mean over photos and tags, as the paper's code has it.
        steps: of the optimiser.
        learning_rate: of it.
        batch: photos a step, drawn with replacement.
        seed: of the drawing.
    """
    x, mean, spread = _standardised(train.x)
    true, known = torch.from_numpy(train.true), torch.from_numpy(train.known)
    g = torch.Generator().manual_seed(seed)
    layer = torch.nn.Linear(x.shape[1], true.shape[1])
    torch.nn.init.trunc_normal_(layer.weight, std=0.001, generator=g)
    torch.nn.init.zeros_(layer.bias)
    optimiser = torch.optim.SGD(layer.parameters(), lr=learning_rate)
    for _ in range(steps):
        pick = torch.randint(0, len(x), (batch,), generator=g)
        optimiser.zero_grad()
        value = loss(layer(x[pick]), true[pick], known[pick])
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return LastLayer(mean, spread, layer.weight.detach().T.numpy(), layer.bias.detach().numpy())
