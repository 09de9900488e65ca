"""Frozen results of drawing: pictures, walks, what forms inside. Plain numbers and NumPy arrays, no tensors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.results import ModelRef, Timings

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class GeneratorInfo:
    """What lists of generators show.

    Attributes:
        name, task, architecture, title: as registered.
        trained: whether weights are installed; an untrained generator draws nothing.
        default: whether it draws where nobody chose.
        classes: those it can be asked for; empty where it is not conditional.
        learns: the labels it learned from; empty for all photos.
        size: height and width of its pictures in pixels.
        latent: dimensions of a latent.
        parameters: of the generator; 0 where it is not trained.
        sha256: of the weights.
        metrics: the card's figures.
        judged: whether its discriminator is installed.
        note: words that must stand where its classes are shown.
        paper: where the design comes from.
    """

    name: str
    task: str
    architecture: str
    title: str
    trained: bool
    default: bool
    classes: tuple[str, ...]
    learns: tuple[str, ...]
    size: tuple[int, int]
    latent: int
    parameters: int
    sha256: str | None
    metrics: tuple[dict[str, Any], ...]
    judged: bool
    note: str
    paper: str


@dataclass(frozen=True)
class Drawing:
    """One picture.

    Attributes:
        point: where it comes from, as :mod:`fashionviz.generate.points` reads it.
        label: the class that was asked for, or that the generator learned; ``None`` where it knows none.
        pixels: ``(H, W, 3)`` uint8.
    """

    point: str
    label: str | None
    pixels: Pixels = field(repr=False)


@dataclass(frozen=True)
class Samples:
    """Pictures of one request.

    Attributes:
        model: name and weight hash.
        drawings: in order.
        truncation: of the latents, or ``None``.
        timings: ``queue`` is the wait for the generator.
    """

    model: ModelRef
    drawings: tuple[Drawing, ...]
    truncation: float | None
    timings: Timings

    @property
    def pixels(self) -> Pixels:
        """``(N, H, W, 3)`` uint8."""
        return np.stack([d.pixels for d in self.drawings])


@dataclass(frozen=True)
class Walk:
    """Pictures from point to point.

    Attributes:
        model: name and weight hash.
        keys: the points in order.
        labels: class of each key; on the way from one to the next, the class changes in the middle.
        frames: ``(N, H, W, 3)`` uint8; the first one is the first key's, every ``steps``-th one is a key's.
        steps: pictures from one key to the next.
        loop: whether it goes back to the first key.
        truncation: of the latents.
        timings: as ever.
    """

    model: ModelRef
    keys: tuple[str, ...]
    labels: tuple[str | None, ...]
    frames: Pixels = field(repr=False)
    steps: int
    loop: bool
    truncation: float | None
    timings: Timings


@dataclass(frozen=True)
class Stage:
    """What a stage of a network gives.

    Attributes:
        name: of the stage.
        maps: ``(C, h, w)`` float32.
    """

    name: str
    maps: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True)
class Formation:
    """How a picture forms, stage by stage.

    Attributes:
        model: name and weight hash.
        point, label: of the picture.
        stages: in order; the last one is the picture in -1..1.
        pixels: ``(H, W, 3)`` uint8.
    """

    model: ModelRef
    point: str
    label: str | None
    stages: tuple[Stage, ...]
    pixels: Pixels = field(repr=False)


@dataclass(frozen=True)
class Judgement:
    """What a discriminator says of a picture.

    Attributes:
        model: name and weight hash of the generator that it judged in training.
        logit: above 0 it takes the picture for a photo.
        probability: the logistic function of it, 0..1; not calibrated.
        stages: what its stages give, in order.
        pixels: the picture as it sees it, ``(H, W, 3)`` uint8.
    """

    model: ModelRef
    logit: float
    probability: float
    stages: tuple[Stage, ...]
    pixels: Pixels = field(repr=False)


@dataclass(frozen=True)
class Inversion:
    """The latent that draws what is most like a photo.

    Attributes:
        model: name and weight hash.
        label: class asked for.
        point: the latent found.
        pixels: what it draws, ``(H, W, 3)`` uint8.
        target: the photo as it was compared, ``(H, W, 3)`` uint8.
        distances: after each step: mean squared difference of the pixels in 0..1.
        timings: as ever.
    """

    model: ModelRef
    label: str | None
    point: str
    pixels: Pixels = field(repr=False)
    target: Pixels = field(repr=False)
    distances: tuple[float, ...]
    timings: Timings
