"""AdamW with a slower trunk, under a one-cycle schedule."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def one_cycle(
    network: nn.Module,
    *,
    learning_rate: float,
    trunk_rate: float,
    weight_decay: float,
    steps: int,
    trunk: str = "features.",
) -> dict[str, Any]:
    """Optimiser and schedule as Lightning wants them; no decay on biases and batch norms.

    Args:
        network: parameters that need no gradient are left out.
        learning_rate: peak of the schedule, of what is not the trunk.
        trunk_rate: the trunk learns at this share of it.
        weight_decay: of AdamW.
        steps: of the whole run.
        trunk: what the names of the trunk's parameters begin with.
    """
    groups: list[dict[str, Any]] = []
    rates: list[float] = []
    for of_trunk in (True, False):
        rate = learning_rate * (trunk_rate if of_trunk else 1)
        learned = ((n, p) for n, p in network.named_parameters() if p.requires_grad)
        found = [p for n, p in learned if n.startswith(trunk) == of_trunk]
        for decayed in (True, False):
            decay = weight_decay if decayed else 0.0
            groups.append({"params": [p for p in found if (p.ndim > 1) == decayed], "weight_decay": decay})
            rates.append(rate)
    optimiser = torch.optim.AdamW(groups, lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rates, total_steps=steps, pct_start=0.15, final_div_factor=1e3
    )
    return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
