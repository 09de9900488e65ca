"""The same network with parameters that know nothing (Adebayo et al. 2018): does a map need what was learned?"""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

#: Random pictures whose statistics batch norms take.
_PICTURES = 8


def randomised(network: nn.Module, x: Tensor, seed: int = 0) -> nn.Module:
    """A copy whose every parameter is drawn anew, as before training.

    Weights come from He et al. 2015 (normal, variance 2 / fan-in), biases are 0, scales of norms 1. Batch norms take
    their statistics from noise of the photo's size: with those of the trained network the signal would die out or
    explode, and what a map of that shows is rounding.

    Args:
        network: in evaluation mode; left as it is.
        x: an input ``(1, 3, H, W)``, for its shape and device.
        seed: of the draws; the global generator is not touched.

    Returns:
        The copy, in evaluation mode, without gradients of parameters.
    """
    made = copy.deepcopy(network).eval()
    draws = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            parameter.requires_grad_(False)
            if parameter.ndim >= 2:
                fan_in = max(1, parameter[0].numel())
                noise = torch.randn(parameter.shape, generator=draws) * math.sqrt(2 / fan_in)
                parameter.copy_(noise.to(parameter))
            else:
                parameter.fill_(1.0 if name.endswith("weight") else 0.0)
        _take_statistics(made, torch.randn((_PICTURES, *x.shape[1:]), generator=draws).to(x))
    return made


def _take_statistics(network: nn.Module, pictures: Tensor) -> None:
    """Let every batch norm take mean and variance of one batch."""
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    network(pictures)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
