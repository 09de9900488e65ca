"""A generator in memory: checked once, used by one job at a time, with few waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fashionviz.drawing_results import Drawing, Stage
from fashionviz.errors import Cancelled, InvalidRequest, Overloaded
from fashionviz.generate.draw import to_pixels
from fashionviz.generate.latents import Latent
from fashionviz.generate.limits import MAX_TRUNCATION, MIN_TRUNCATION
from fashionviz.generate.points import Point
from fashionviz.generate.second_look import surest
from fashionviz.inference.config import EngineConfig
from fashionviz.models.drawing_card import GeneratorCard
from fashionviz.models.drawing_weights import load_generator, load_judge
from fashionviz.models.generators import GeneratorSpec
from fashionviz.results import ModelRef

#: Chosen latents that are kept: half a kilobyte each.
REMEMBERED = 4096


class Drawer:
    """A verified generator on its device.

    Args:
        spec: which.
        config: placement and limits.
    """

    def __init__(self, spec: GeneratorSpec, config: EngineConfig) -> None:
        self.spec, self.config = spec, config
        generator, self.card = load_generator(spec.name)
        self.device = config.place()[0]  # in float32: a picture is the same from every front end
        self.generator = generator.requires_grad_(False).to(self.device)
        self.ref = ModelRef(spec.name, self.card.sha256)
        self._latents: dict[tuple[int, int, float | None], Latent] = {}
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(config.explain_queue)

    @cached_property
    def judge(self) -> nn.Module:
        """The discriminator.

        Raises:
            InvalidRequest: none is shipped.
        """
        return load_judge(self.spec.name).requires_grad_(False).to(self.device)

    @contextmanager
    def alone(self, cancel: threading.Event | None = None) -> Iterator[float]:
        """The generator for one job at a time; gives the wait in milliseconds.

        Raises:
            Overloaded: too many wait already, or it took too long.
            Cancelled: the caller cancelled while waiting.
        """
        if not self._places.acquire(blocking=False):
            raise Overloaded(
                f"{self.spec.name} has {self.config.explain_queue} jobs waiting; please try again in 5 s.", 5.0
            )
        began = time.perf_counter()
        try:
            while not self._lock.acquire(timeout=0.1):
                stop_if(cancel)
                if time.perf_counter() - began > self.config.timeout_s:
                    raise Overloaded(f"{self.spec.name} is busy; please try again.", 5.0)
            try:
                yield (time.perf_counter() - began) * 1000
            finally:
                self._lock.release()
        finally:
            self._places.release()

    def class_of(self, label: str | None, point: Point) -> str | None:
        """The class of a picture: the one asked for, else the turn of the seed it begins at.

        Raises:
            InvalidRequest: the generator does not draw it, or a latent that is written out comes without one.
        """
        spec = self.spec
        if not spec.classes:
            alone = spec.learns[0] if len(spec.learns) == 1 else None
            if label is not None and label != alone:
                others = f"It draws {alone}." if alone else "It draws all garments, unasked."
                raise InvalidRequest(f"{spec.name} cannot be asked for {label!r}. {others}")
            return alone
        if label is not None:
            if label not in spec.classes:
                raise InvalidRequest(f"{spec.name} draws no {label!r}. Choose one of: {', '.join(spec.classes)}.")
            return label
        if point.seed is None:
            raise InvalidRequest(f"A latent that is written out needs a class: one of {', '.join(spec.classes)}.")
        return spec.classes[point.seed % len(spec.classes)]

    def weights(self, label: str | None) -> Tensor | None:
        """A class as weights ``(K,)``, 1 for itself; ``None`` where the generator knows none."""
        if not self.spec.classes or label is None:
            return None
        return torch.eye(len(self.spec.classes))[self.spec.classes.index(label)]

    def picture(self, z: NDArray[np.float32], classes: Tensor | None) -> NDArray[np.uint8]:
        """One picture ``(H, W, 3)``; one at a time, so that it does not depend on its neighbours in a batch."""
        with torch.inference_mode():
            asked = None if classes is None else classes[None].to(self.device)
            return to_pixels(self.generator(torch.from_numpy(z)[None].to(self.device), asked))[0]

    @property
    def tries(self) -> int:
        """Latents of a seed among which the discriminator chooses; 1 is no choice."""
        return tries_of(self.spec, self.card)

    def latent(self, point: Point, named: str | None, truncation: float | None) -> Latent:
        """The latent of a point for a class that the generator draws, as :meth:`class_of` gives it."""
        if self.tries == 1 or named is None:
            return point.latent(self.spec.latent, truncation)
        place = self.spec.classes.index(named)
        return point.latent(self.spec.latent, truncation, lambda seed: self._chosen(seed, place, truncation))

    def _chosen(self, seed: int, place: int, truncation: float | None) -> Latent:
        """The latent of a seed for a class; remembered, since walks and variations come back to their seeds."""
        key = (seed, place, truncation)
        found = self._latents.get(key)
        if found is None:
            found = surest(self.generator, self.judge, seed, place, self.tries, truncation)
            while len(self._latents) >= REMEMBERED:  # the oldest first; jobs of other threads may be at it, too
                self._latents.pop(next(iter(self._latents)), None)
            self._latents[key] = found
        return found

    def draw(self, point: Point, label: str | None, truncation: float | None) -> Drawing:
        """The picture of a point."""
        named = self.class_of(label, point)
        return Drawing(str(point), named, self.picture(self.latent(point, named, truncation), self.weights(named)))


def tries_of(spec: GeneratorSpec, card: GeneratorCard) -> int:
    """Latents of a seed among which the discriminator chooses: the registered number where one is shipped, else 1."""
    return spec.tries if spec.classes and card.judge_sha256 else 1


def stages_of(found: dict[str, Tensor]) -> tuple[Stage, ...]:
    """What stages gave of one picture, as arrays."""
    return tuple(Stage(name, maps[0].float().cpu().numpy()) for name, maps in found.items())


def check_truncation(value: float | None) -> None:
    """Whether latents can be drawn within a bound.

    Raises:
        InvalidRequest: it is too small or too large.
    """
    if value is not None and not MIN_TRUNCATION <= value <= MAX_TRUNCATION:
        raise InvalidRequest(f"The truncation is a number from {MIN_TRUNCATION} to {MAX_TRUNCATION}, or left out.")


def stop_if(cancel: threading.Event | None) -> None:
    """Leave a job that was cancelled.

    Raises:
        Cancelled: it was.
    """
    if cancel is not None and cancel.is_set():
        raise Cancelled("The drawing was cancelled.")
