"""Losses of multi-label training with unknown labels: weighted cross-entropy, focal and asymmetric, one formula."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class MultilabelLoss:
    """Binary cross-entropy whose terms are weighted by how wrong they are.

    With the probability p of a label, and p' = max(p - margin, 0) where the label is absent, a present label costs
    ``-weight · (1 - p)^γ+ · log p`` and an absent one ``-p'^γ- · log(1 - p')``. All zero and a weight of 1 is plain
    cross-entropy; equal γ is the focal loss (Lin et al. 2017); a larger γ- with a margin is the asymmetric loss
    (Ridnik et al. 2021). Weighting present labels is paper 000's.

    Attributes:
        weight: of present labels, of which there are few.
        gamma_present, gamma_absent: how fast easy terms fade.
        margin: absent labels below this probability cost nothing, 0..1.
    """

    weight: float = 1.0
    gamma_present: float = 0.0
    gamma_absent: float = 0.0
    margin: float = 0.0

    def __call__(self, logits: Tensor, true: Tensor, known: Tensor) -> Tensor:
        """Mean over the known labels, a scalar; 0 where none is known.

        Args:
            logits: ``(N, L)``.
            true, known: ``(N, L)`` bool.
        """
        p = logits.sigmoid()
        present = -self.weight * F.logsigmoid(logits)
        if self.gamma_present:
            present = present * (1 - p) ** self.gamma_present
        if self.margin:
            shifted = (p - self.margin).clamp(min=0)
            absent = -(1 - shifted).clamp(min=1e-8).log()
        else:
            shifted, absent = p, -F.logsigmoid(-logits)
        if self.gamma_absent:
            absent = absent * shifted**self.gamma_absent
        terms = true.to(logits.dtype) * present + (~true).to(logits.dtype) * absent
        return (terms * known).sum() / known.sum().clamp(min=1)


#: Paper 000's three, and two that weigh by difficulty.
LOSSES: dict[str, MultilabelLoss] = {
    "bce": MultilabelLoss(),
    "bce4": MultilabelLoss(weight=4),
    "bce6": MultilabelLoss(weight=6),
    "focal": MultilabelLoss(gamma_present=2, gamma_absent=2),
    "asymmetric": MultilabelLoss(gamma_absent=4, margin=0.05),
}
