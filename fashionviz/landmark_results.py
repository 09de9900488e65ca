"""Frozen results about landmarks: where a network finds them, and how well it does on a split."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.landmarks.kinds import NOTE
from fashionviz.results import Box, ModelRef, ModelView, Timings


@dataclass(frozen=True)
class LandmarkFigure:
    """One landmark on a split.

    Attributes:
        label: its name.
        n: photos with a derived place of it.
        error: mean distance from that place as a share of the garment's size.
        rate: share detected: near enough, and said to be there.
    """

    label: str
    n: int
    error: float
    rate: float


@dataclass(frozen=True)
class LandmarkReport:
    """How a network's landmarks did on a split, against derived ones or the publisher's.

    Attributes:
        model: name and weight hash.
        data_set, split: what it was scored on.
        photos: photos that have derived landmarks; the others are not scored.
        n: landmarks with a derived place.
        error, error_ci95: mean distance as a share of the garment's size (the diagonal of its box).
        rate, rate_ci95: share detected.
        each: one by one, in the order of the arrays.
        note: where the landmarks come from that it was scored against.
    """

    model: ModelRef
    data_set: str
    split: str
    photos: int
    n: int
    error: float
    error_ci95: tuple[float, float]
    rate: float
    rate_ci95: tuple[float, float]
    each: tuple[LandmarkFigure, ...]
    note: str = NOTE


@dataclass(frozen=True)
class Landmark:
    """One landmark of a photo.

    Attributes:
        name: for example ``left_collar``; left is left in the picture.
        x, y: in pixels of the decoded photo.
        probability: that the garment shows it.
    """

    name: str
    x: float
    y: float
    probability: float

    @property
    def present(self) -> bool:
        """Whether the network says that it is there."""
        return self.probability >= 0.5

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name.replace("_", " ")

    @property
    def part(self) -> str:
        """``collar``, ``sleeve``, ``waist`` or ``hem``."""
        return self.name.partition("_")[2]


@dataclass(frozen=True)
class Landmarks:
    """Where a network finds the landmarks of a garment.

    Attributes:
        model: name and weight hash.
        found: all eight, in the order of the arrays.
        heat: ``(8, S, S)`` float32 over the model's input; each sums to 1.
        view: the photo as the model saw it.
        timings: decode, queue, compute.
        note: words that must stand beside them.
        box: the region asked about, or ``None``.
    """

    model: ModelRef
    found: tuple[Landmark, ...]
    heat: NDArray[np.float32] = field(repr=False)
    view: ModelView
    timings: Timings
    note: str
    box: Box | None = None
