"""The multi-label loss against PyTorch, torchvision and the published formula; the mask by gradient."""

import math

import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import sigmoid_focal_loss

from fashionviz.training.multilabel_loss import LOSSES, MultilabelLoss


@pytest.fixture
def drawn() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(3)
    logits = 4 * torch.randn(9, 5, generator=g)
    return logits, torch.rand(9, 5, generator=g) < 0.3, torch.rand(9, 5, generator=g) < 0.7


@pytest.mark.parametrize("weight", [1.0, 4.0, 6.0])
def test_weighted_cross_entropy_is_pytorchs(drawn: tuple[torch.Tensor, ...], weight: float) -> None:
    logits, true, known = drawn
    theirs = F.binary_cross_entropy_with_logits(logits[known], true[known].float(), pos_weight=torch.tensor(weight))
    assert MultilabelLoss(weight=weight)(logits, true, known).item() == pytest.approx(theirs.item(), rel=1e-5)


def test_equal_focusing_is_the_focal_loss(drawn: tuple[torch.Tensor, ...]) -> None:
    logits, true, known = drawn
    theirs = sigmoid_focal_loss(logits[known], true[known].float(), alpha=-1, gamma=2, reduction="mean")
    assert LOSSES["focal"](logits, true, known).item() == pytest.approx(theirs.item(), rel=1e-4)


def test_asymmetric_by_hand() -> None:
    logits = torch.tensor([[math.log(0.3 / 0.7), math.log(0.04 / 0.96), math.log(0.8 / 0.2)]])  # 0.3, 0.04, 0.8
    true = torch.tensor([[False, False, True]])
    found = LOSSES["asymmetric"](logits, true, torch.ones(1, 3, dtype=torch.bool))
    expected = (-(0.25**4) * math.log(0.75) + 0 - math.log(0.8)) / 3
    assert found.item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_unknown_labels_pull_nowhere_and_extremes_stay_finite(name: str, drawn: tuple[torch.Tensor, ...]) -> None:
    logits, true, known = drawn
    logits = (30 * logits).requires_grad_()
    loss = LOSSES[name](logits, true, known)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert torch.isfinite(loss)
    assert torch.isfinite(gradient).all()
    assert gradient[~known].abs().max() == 0
    assert gradient[known].abs().max() > 0
    assert LOSSES[name](logits, true, torch.zeros_like(known)).item() == 0
