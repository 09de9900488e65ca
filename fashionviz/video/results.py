"""Frozen results of watching a video: what every front end shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fashionviz.match.results import Match
from fashionviz.results import Box, ModelRef

#: Milliseconds a frame that paper 001 allows itself.
BUDGET_MS = 33.0
#: Stages of the work on a frame, in their order.
STAGES = ("decode", "detect", "track", "categorise", "embed", "search", "draw")


@dataclass(frozen=True)
class VideoInfo:
    """What a file says of itself.

    Attributes:
        file: its name.
        width, height: of a frame as it is shown, in pixels.
        fps: frames a second.
        frames: how many it says it has; 0 where it does not say.
        seconds: how long it says it is; 0 where it does not say.
        codec: of the pictures.
    """

    file: str
    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    codec: str


@dataclass(frozen=True)
class Spot:
    """An item in one frame that the detector looked at.

    Attributes:
        frame: its number, from 0.
        second: its time.
        box: ``(x0, y0, x1, y1)`` in pixels of the frame.
        score: how sure the detector is, 0..1.
    """

    frame: int
    second: float
    box: Box
    score: float


@dataclass(frozen=True)
class Sighting:
    """One item, followed from where it comes into sight to where it leaves.

    Attributes:
        id: its number, from 1 on, in the order in which items came.
        wearer: the number of the person who wears it, derived from items that move together; from 1 on.
        label: what the detector calls it, by vote over the frames.
        label_share: the label's share of the votes, 0..1.
        categories: the categoriser's two most probable, averaged over the views, with their probabilities.
        first_s, last_s: between these it was seen.
        spots: where.
        views: crops whose vectors were averaged.
        matches: the most alike shop items.
        picture: ``(h, w, 3)`` uint8, the best view.
    """

    id: int
    wearer: int
    label: str
    label_share: float
    categories: tuple[tuple[str, float], ...]
    first_s: float
    last_s: float
    spots: tuple[Spot, ...] = field(repr=False)
    views: int = 0
    matches: tuple[Match, ...] = ()
    picture: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 0, 3), np.uint8), repr=False)


@dataclass(frozen=True)
class StageTime:
    """How long a stage takes, in milliseconds.

    Attributes:
        stage: one of :data:`STAGES`, or ``total`` of a frame.
        n: frames in which there was something to do.
        p50, p95, p99: of those frames.
        mean: a frame of the video, those without work counted.
    """

    stage: str
    n: int
    p50: float
    p95: float
    p99: float
    mean: float


@dataclass(frozen=True)
class Watched:
    """A video with the items in it.

    Attributes:
        info: of the file.
        catalogue: that was searched.
        detector, embedder: the networks.
        calibrated: whether matches come with a probability.
        frames: that were read.
        seconds: of the video.
        every: the detector looked at every so many frames.
        sightings: the items, in the order in which they came.
        stages: times of each stage, then of a frame altogether.
        spent_s: seconds that the work took.
        dropped: frames that a viewer of the video at its own rate would have missed, were the work done live with half
            a second of delay (:func:`fashionviz.video.pace.dropped_frames`).
        damaged: frames that could not be decoded.
        notes: what was done to the video, in words.
    """

    info: VideoInfo
    catalogue: str
    detector: ModelRef
    embedder: ModelRef
    calibrated: bool
    frames: int
    seconds: float
    every: int
    sightings: tuple[Sighting, ...]
    stages: tuple[StageTime, ...]
    spent_s: float
    dropped: int
    damaged: int
    notes: tuple[str, ...] = ()

    @property
    def fps(self) -> float:
        """Frames a second that were worked through."""
        return self.frames / self.spent_s if self.spent_s else 0.0

    @property
    def wearers(self) -> tuple[int, ...]:
        """The numbers of the persons."""
        return tuple(sorted({sighting.wearer for sighting in self.sightings}))


@dataclass(frozen=True)
class Glimpse:
    """What is seen while the work goes on.

    Attributes:
        second: of the video.
        pixels: ``(h, w, 3)`` uint8, the frame with its items.
        sightings: those found so far, the latest first.
    """

    second: float
    pixels: NDArray[np.uint8] = field(repr=False)
    sightings: tuple[Sighting, ...] = ()
