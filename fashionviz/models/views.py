"""Logits of a batch, where the card says so averaged over each photo and its mirror image."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def logits_of(network: nn.Module, x: Tensor, mirror: bool) -> Tensor:
    """Logits ``(N, K)`` of ``(N, 3, H, W)`` inputs, in one pass.

    A garment means the same mirrored; the network has learned that only roughly. Averaging both views takes out the
    rest (test-time augmentation), at twice the work.

    Args:
        network: maps inputs to logits.
        x: normalised inputs.
        mirror: average over the mirror images.
    """
    if not mirror:
        return network(x)
    straight, mirrored = network(torch.cat([x, x.flip(-1)])).chunk(2)
    return (straight + mirrored) / 2
