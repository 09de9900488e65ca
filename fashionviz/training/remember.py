"""Photos that are scored more than once pass the frozen layers once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from fashionviz.models.landmark_answer import FrozenFirst


@contextmanager
def remembered_features(network: nn.Module) -> Iterator[None]:
    """While it lasts, a network with frozen first layers answers a photo that it has seen from memory.

    A new model is scored on validation for its temperature, on every reported split for its categories, and again for
    its landmarks; the frozen layers are nearly all of the time. Features stay in memory in float32, 0.5 MB a
    photo of 8×8×2048, so that nothing differs from a score without this. Other networks are left as they are.

    Args:
        network: in evaluation mode; as it was afterwards.
    """
    if not isinstance(network, FrozenFirst):
        yield
        return
    frozen = network.features
    # A layer of that name, or a method: both are shadowed on the instance.
    owner, name = (frozen, "forward") if isinstance(frozen, nn.Module) else (network, "features")
    compute: Callable[[Tensor], Tensor] = getattr(owner, name)
    known: dict[bytes, Tensor] = {}

    def features(x: Tensor) -> Tensor:
        keys = [hashlib.blake2b(photo.contiguous().cpu().numpy().tobytes()).digest() for photo in x]
        new = [i for i, key in enumerate(keys) if key not in known]
        if new:
            for i, made in zip(new, compute(x[new]), strict=True):
                known[keys[i]] = made.clone()
        return torch.stack([known[key] for key in keys])

    setattr(owner, name, features)
    try:
        yield
    finally:
        delattr(owner, name)
