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
        tries: latents of a seed, of which its discriminator takes the surest one for a class; 1 is no choice.
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
    tries: int = 1


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
        judge: weight hash of the discriminator that chose among a seed's latents; ``None`` where none did.
    """

    model: ModelRef
    drawings: tuple[Drawing, ...]
    truncation: float | None
    timings: Timings
    judge: str | None = None

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


@dataclass(frozen=True)
class Distance:
    """How far a set of pictures is from test photos.

    Attributes:
        what: ``drawn``, ``real`` (other photos: the floor), ``blurred`` or ``shuffled`` (the controls).
        n: pictures.
        frechet, kernel: distances, each with its 95 % interval.
    """

    what: str
    n: int
    frechet: float
    frechet_ci95: tuple[float, float]
    kernel: float
    kernel_ci95: tuple[float, float]


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % interval (Wilson).

    Attributes:
        count, n: so many of so many.
        ci95: ends of the interval.
    """

    count: int
    n: int
    ci95: tuple[float, float]

    @property
    def value(self) -> float:
        """The share, 0..1."""
        return self.count / self.n if self.n else 0.0


@dataclass(frozen=True)
class Copy:
    """A drawn picture beside the training item that is most like it.

    Attributes:
        seed, label: of the picture.
        item: the item's id.
        cosine: of the features, -1..1.
    """

    seed: int
    label: str | None
    item: str
    cosine: float


@dataclass(frozen=True)
class DrawingReport:
    """How good drawings are.

    Attributes:
        model: name and weight hash.
        data_set, split: the photos they are compared with.
        n: photos; as many pictures are drawn.
        first_seed: of the pictures; the others have the seeds after it.
        features: whose features the distances are in.
        distances: drawn, floor, controls.
        precision: drawn pictures that lie where photos do.
        recall: photos that lie where drawn pictures do.
        judged_by: the classifier of ``agreement``.
        agreement: drawn pictures that the classifier takes for the class asked for; ``None`` where none is asked.
        agreement_real: photos of the same size that it takes for theirs: the ceiling.
        agreement_first: the same as ``agreement`` of each seed's first latent; ``None`` where there is no choice.
        classes, asked: names, and pictures drawn of each by the class that the classifier names, ``(K, K)``.
        near_copies: drawn pictures more like a training item than ``near_from``.
        near_copies_real: test photos more like a training item than that.
        near_from: the cosine; the 95th percentile of test photos' own.
        nearest: the pictures most like a training item.
        spread: mean distance between drawn pictures as a share of that between photos.
        tries: latents of a seed, of which the discriminator took the one whose picture it named most surely as asked
            (:mod:`fashionviz.generate.second_look`); 1 is no choice.
    """

    model: ModelRef
    data_set: str
    split: str
    n: int
    first_seed: int
    features: str
    distances: tuple[Distance, ...]
    precision: Rate
    recall: Rate
    judged_by: str
    agreement: Rate | None
    agreement_real: Rate | None
    classes: tuple[str, ...]
    asked: tuple[tuple[int, ...], ...]
    near_copies: Rate
    near_copies_real: Rate
    near_from: float
    nearest: tuple[Copy, ...]
    spread: float
    tries: int = 1
    agreement_first: Rate | None = None

    def distance(self, what: str) -> Distance:
        """The distance of one of the sets."""
        return next(d for d in self.distances if d.what == what)

    def on_scale(self, measure: str = "frechet") -> float:
        """Where the drawings stand between the floor (0) and the shuffled control (1)."""
        drawn, floor, top = (getattr(self.distance(w), measure) for w in ("drawn", "real", "shuffled"))
        return float((drawn - floor) / (top - floor))
