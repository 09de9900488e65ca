"""Times of stages, and whether the work would keep up with the video's own rate."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from fashionviz.video.results import STAGES, StageTime

#: Seconds that a live viewer may lag behind before frames are dropped.
DELAY_S = 0.5


class Clock:
    """Milliseconds of every stage of every frame."""

    def __init__(self) -> None:
        self.frames: list[dict[str, float]] = []

    def next_frame(self) -> None:
        """From now on times belong to the next frame."""
        self.frames.append({})

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        """Time a stage of this frame; several times add up."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, (time.perf_counter() - start) * 1000)

    def add(self, stage: str, ms: float) -> None:
        """Count time to a stage of this frame."""
        if self.frames:
            self.frames[-1][stage] = self.frames[-1].get(stage, 0.0) + ms

    def totals(self) -> list[float]:
        """Milliseconds of each frame altogether."""
        return [sum(frame.values()) for frame in self.frames]

    def stages(self) -> tuple[StageTime, ...]:
        """Figures of each stage that was run, then of a frame altogether."""
        many = len(self.frames)
        found = [
            stage_time(stage, values, many)
            for stage in STAGES
            if (values := [frame[stage] for frame in self.frames if stage in frame])
        ]
        return (*found, stage_time("total", self.totals(), many)) if many else ()


def stage_time(stage: str, values: Sequence[float], frames: int) -> StageTime:
    """Percentiles of the frames with work, and the mean over all frames."""
    p50, p95, p99 = (float(v) for v in np.percentile(values, (50, 95, 99)))
    return StageTime(stage, len(values), p50, p95, p99, float(np.sum(values)) / max(1, frames))


def dropped_frames(totals_ms: Sequence[float], fps: float, delay_s: float = DELAY_S) -> int:
    """Frames that would be missed if the work were done live.

    A frame comes every ``1 / fps`` seconds; it is dropped if the work on those before it has fallen behind by more than
    the delay. A dropped frame costs nothing.

    Args:
        totals_ms: work on each frame.
        fps: the video's own rate.
        delay_s: that a viewer bears.
    """
    free, missed = 0.0, 0
    for number, ms in enumerate(totals_ms):
        due = number / fps
        if free - due > delay_s:
            missed += 1
            continue
        free = max(free, due) + ms / 1000
    return missed
