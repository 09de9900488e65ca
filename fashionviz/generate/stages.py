"""Stages of generators and discriminators: their names, and the filters of their convolutions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import nn


def stage_names(network: nn.Module) -> tuple[str, ...]:
    """Names of a network's stages, in order; those without a convolution are left out."""
    stages = network.stages
    assert isinstance(stages, nn.ModuleDict)
    return tuple(name for name, stage in stages.items() if _convolution(stage) is not None)


def painted(network: nn.Module, stage: str) -> tuple[NDArray[np.float32], bool]:
    """Filters of a stage's convolution.

    Returns:
        ``(K, C, kh, kw)`` and whether C is R, G and B. Of a convolution that gives a picture, K counts the channels
        that go in, and a filter is what one of them paints; of any other, K counts those that come out.
    """
    stages = network.stages
    assert isinstance(stages, nn.ModuleDict)
    convolution = _convolution(stages[stage])
    assert convolution is not None
    weights = convolution.weight.detach().float().cpu()
    if isinstance(convolution, nn.ConvTranspose2d):
        weights = weights.transpose(0, 1)  # stored as (in, out, kh, kw)
    if convolution.out_channels == 3:
        return weights.transpose(0, 1).contiguous().numpy(), True
    return weights.contiguous().numpy(), convolution.in_channels == 3


def _convolution(stage: nn.Module) -> nn.Conv2d | nn.ConvTranspose2d | None:
    found = [m for m in stage.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    return found[0] if found else None
