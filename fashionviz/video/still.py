"""Furniture: what stands there from the first frame on and does not move while something else does is not worn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionviz.video.track import Track, overlaps

#: Pixels on a side whose mean is compared from one look to the next: noise of the codec is averaged away.
_CELL = 8
#: Change in grey levels, 0..255, below which an item stands still, and from which on something moves in the frame.
STILL, MOVES = 0.3, 3.0
#: Seconds after which a scene in which nothing moves at all is one of things that do not: then nothing is left out.
NOTHING_S = 10.0
#: Overlap with a piece of furniture from which on a box is the same piece, seen again.
SAME = 0.5


class Stillness:
    """What has changed where, from look to look of one scene."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._first: int | None = None
        self._changes: dict[int, list[float]] = defaultdict(list)
        self._moving = 0
        self._began = self._now = 0.0
        self._furniture: list[Track] = []

    def look(self, frame: int, second: float, pixels: NDArray[np.uint8], tracks: Sequence[Track]) -> None:
        """Take in a frame ``(H, W, 3)`` that was looked at, with the tracks that were seen in it."""
        height, width = (side // _CELL * _CELL for side in pixels.shape[:2])
        grey = pixels[:height, :width, 1].astype(np.float32)
        now = grey.reshape(height // _CELL, _CELL, width // _CELL, _CELL).mean(axis=(1, 3))
        before, self._before = self._before, now
        if before is None or before.shape != now.shape:
            self._first, self._began = frame, second
            return
        change = np.abs(now - before)
        self._now = second
        self._moving += bool(np.percentile(change, 98) > MOVES)
        for track in tracks:
            x0, y0, x1, y1 = (max(0, round(v / _CELL)) for v in track.spots[-1].box)
            self._changes[track.id].append(float(change[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)].mean()))

    def worn(self, track: Track, *, over: bool = False) -> bool:
        """Whether an item may be worn; of one that was there from the start this shows only with time.

        Args:
            track: the item.
            over: nothing more will be seen of the scene.
        """
        others = [piece for piece in self._furniture if piece is not track]
        if any(overlaps([track.spots[-1].box], [piece.spots[-1].box])[0, 0] > SAME for piece in others):
            return self._moved(track, MOVES)  # somebody in front of it
        if track.spots[0].frame != self._first:
            return True
        if self._moved(track):
            return True
        if self._moving < 3:
            return over or self._now - self._began >= NOTHING_S
        if track not in self._furniture:
            self._furniture.append(track)
        return False

    def _moved(self, track: Track, least: float = STILL) -> bool:
        changes = self._changes[track.id]
        return bool(changes) and float(np.median(changes)) >= least
