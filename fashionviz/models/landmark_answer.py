"""What a landmark network says of a batch, and how a map becomes a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor


@dataclass(frozen=True)
class LandmarkAnswer:
    """Everything that a landmark network says.

    Attributes:
        logits: ``(N, K)`` of the categories.
        maps: ``(N, 8, S, S)`` logits of each landmark's place; a softmax over the places makes them probabilities.
        present: ``(N, 8)`` logits of whether the garment has the landmark in the picture.
    """

    logits: Tensor
    maps: Tensor
    present: Tensor


@runtime_checkable
class FrozenFirst(Protocol):
    """A classifier in two steps, of which the first is frozen: its features may be kept in a cache.

    Attributes:
        frozen: names of the layers of the first step.
    """

    frozen: tuple[str, ...]

    def features(self, x: Tensor) -> Tensor:
        """Features ``(N, C, h, w)`` of normalised RGB ``(N, 3, H, W)``."""

    def logits(self, features: Tensor) -> Tensor:
        """Logits ``(N, K)`` of the categories from the features."""


@runtime_checkable
class LandmarkNetwork(FrozenFirst, Protocol):
    """Such a classifier that also finds landmarks."""

    def landmarks(self, features: Tensor, where: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Maps ``(M, 8, S, S)`` and presence ``(N, 8)``, both logits, from the features.

        Args:
            features: ``(N, C, h, w)``.
            where: ``(N,)`` bool, which M of the photos need maps; all by default.
        """

    def gate_of(self, features: Tensor) -> Tensor | None:
        """How much of each feature goes on to the local branch, ``(N, C, h, w)`` in 0..1; ``None`` without a gate."""

    def answer(self, features: Tensor, where: Tensor | None = None) -> LandmarkAnswer:
        """Categories and landmarks from the features, maps of some of the photos."""


def places(maps: Tensor) -> Tensor:
    """Where each landmark is: the expected place under the softmax around the most probable one.

    The most probable place alone jumps by a pixel of the map; the mean over all of it is drawn to the middle. So the
    mean is taken over a window of a tenth of the map about the maximum.

    Args:
        maps: ``(N, L, S, S)`` logits.

    Returns:
        ``(N, L, 2)`` x and y from 0 to 1 of the model's input.
    """
    n, count, height, width = maps.shape
    best = maps.flatten(2).argmax(dim=2)
    rows = torch.arange(height, device=maps.device).view(1, 1, height, 1)
    columns = torch.arange(width, device=maps.device).view(1, 1, 1, width)
    near = ((rows - (best // width).view(n, count, 1, 1)).abs() <= height // 20) & (
        (columns - (best % width).view(n, count, 1, 1)).abs() <= width // 20
    )
    weight = maps.masked_fill(~near, -torch.inf).flatten(2).softmax(dim=2).view_as(maps)
    x = (weight * (columns + 0.5)).sum(dim=(2, 3)) / width
    y = (weight * (rows + 0.5)).sum(dim=(2, 3)) / height
    return torch.stack([x, y], dim=2)
