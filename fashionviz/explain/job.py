"""What an attribution method is given: the network, the photo, and the one number that is to be explained."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

Tick = Callable[[int, int], None]
#: From logits ``(K,)`` to the index of the class that is to be explained.
Choose = Callable[[Tensor], int]


@dataclass
class Found:
    """What a method learned on its way, beside the attribution.

    Attributes:
        logits: of the photo, ``(K,)``, from the method's own first forward pass.
        target: index of the class that is explained.
        steps: of integrated gradients.
        completeness_error: of integrated gradients: by which share of the explained change their sum misses it.
    """

    logits: Tensor | None = None
    target: int | None = None
    steps: int | None = None
    completeness_error: float | None = None


class Copy(Protocol):
    """The hookable copy, or what stands for it."""

    @property
    def net(self) -> nn.Module:
        """Whose layers keep their names."""

    def guiding(self) -> AbstractContextManager[None]:
        """While it lasts, gradients are those of guided backpropagation."""

    def __call__(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W)`` to logits."""


@dataclass(frozen=True)
class Job:
    """Everything a method needs.

    Attributes:
        network: the plain network; it must not be hooked.
        hooked: the hookable copy, held exclusively; ``None`` for methods that need no hooks.
        x: ``(1, 3, H, W)``.
        target: class index, or how to choose it from the photo's logits, which saves a pass of its own.
        cam_layer: the layer of the methods that look at one: by default the last with a spatial extent.
        tick: called with (done, total) passes.
        against: index of a second class: then the logit difference target - against is explained.
        found: filled by the method.
    """

    network: nn.Module
    hooked: Copy | None
    x: Tensor
    target: int | Choose
    cam_layer: str
    tick: Tick
    against: int | None = None
    found: Found = field(default_factory=Found)

    @property
    def copy(self) -> Copy:
        """The hookable copy, for the methods that are declared to need it."""
        if self.hooked is None:
            raise RuntimeError("a method that hooks must be registered with hooks=True")
        return self.hooked

    def leaf(self) -> Tensor:
        """The input as a fresh tensor that takes gradients."""
        return self.x.clone().requires_grad_()

    def settle(self, logits: Tensor) -> int:
        """The class that is explained; chosen at the first forward pass, whose first row must be the photo."""
        found = self.found
        if found.logits is None:
            found.logits = logits.detach()
        if found.target is None:
            found.target = self.target(found.logits) if callable(self.target) else self.target
        return found.target

    def plain(self, before: Callable[[], None] | None = None) -> Asked:
        """The plain network as a function to one number a photo; ``before`` is called before each pass."""
        return Asked(self.network, self, before)

    def hookable(self) -> Asked:
        """The same of the hookable copy."""
        return Asked(self.copy, self)


class Asked(nn.Module):
    """A network that puts out what is to be explained, ``(N,)``: a logit, or the difference of two."""

    def __init__(self, network: Callable[[Tensor], Tensor], job: Job, before: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.network = network
        self._job, self._before = job, before

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W)`` to ``(N,)``."""
        if self._before is not None:
            self._before()
        logits = self.network(x)
        value = logits[:, self._job.settle(logits[0])]
        return value if self._job.against is None else value - logits[:, self._job.against]


class Counter:
    """Counts forward passes towards a total that may grow: what is done never shrinks, and never reaches the total."""

    def __init__(self, tick: Tick, total: int) -> None:
        self.done, self.total, self._tick = 0, total, tick

    def __call__(self) -> None:
        """Before a pass: says how many are done, and raises when the job is cancelled."""
        self._tick(min(self.done, self.total - 1), self.total)
        self.done += 1


def settled(job: Job) -> Tensor:
    """What is explained, for the photo and for mean grey, ``(2,)``; the class is chosen on the way."""
    with torch.no_grad():
        return job.plain()(torch.cat([job.x, torch.zeros_like(job.x)])).detach()
