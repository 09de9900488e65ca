"""Furniture: what stood there from the first frame on, unmoved, or what its place looked like before it was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from fashionviz.results import Box
from fashionviz.video.past import Past, clear
from fashionviz.video.track import Track, overlaps

#: Pixels on a side whose mean is compared from one look to the next: noise of the codec is averaged away.
_CELL = 8
#: Change in grey levels, 0..255, below which an item stands still, and from which on something moves in the frame.
STILL, MOVES = 0.3, 3.0
#: Seconds after which a scene in which nothing moves at all is one of things that do not: then nothing is left out.
NOTHING_S = 10.0
#: Looks after which an item may turn out to be a part of the scene, and the distance from what its place looked like
#: before, in grey levels, below which it is. Asked of a quarter of the looks: people pass in front of furniture.
LOOKS, ALIKE = 5, 5.0
#: Overlap with a piece of furniture from which on a box is the same piece, seen again.
SAME = 0.5


class Stillness:
    """What has changed where, from look to look of one scene."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._first: int | None = None
        self._changes: dict[int, list[float]] = defaultdict(list)
        self._apart: dict[int, list[float]] = defaultdict(list)
        self._past = Past()
        self._moving = 0
        self._began = self._now = 0.0
        self._furniture: list[Track] = []

    def look(
        self,
        frame: int,
        second: float,
        pixels: NDArray[np.uint8],
        tracks: Sequence[Track],
        worn: Collection[Track] = (),
    ) -> None:
        """Take in a frame that was looked at.

        Args:
            frame, second, pixels: ``(H, W, 3)``.
            tracks: that were seen in it.
            worn: of the scene, those that are believed: where one stood, a place did not look like itself.
        """
        height, width = (side // _CELL * _CELL for side in pixels.shape[:2])
        grey = pixels[:height, :width, 1].astype(np.float32)
        now = grey.reshape(height // _CELL, _CELL, width // _CELL, _CELL).mean(axis=(1, 3))
        before, self._before = self._before, now
        self._past.look(frame, now)
        if before is None or before.shape != now.shape:
            self._first, self._began = frame, second
            return
        change = np.abs(now - before)
        self._now = second
        self._moving += bool(np.percentile(change, 98) > MOVES)
        boxes: dict[int, list[Box]] = defaultdict(list)
        for other in worn:
            for spot in other.spots:
                boxes[spot.frame].append(spot.box)
        for track in tracks:
            x0, y0, x1, y1 = (max(0, round(v / _CELL)) for v in track.spots[-1].box)
            place = slice(y0, max(y1, y0 + 1)), slice(x0, max(x1, x0 + 1))
            self._changes[track.id].append(float(change[place].mean()))
            box = track.spots[-1].box
            free = [f for f in self._past.frames(track.spots[0].frame) if clear(box, boxes.get(f, ()))]
            self._apart[track.id].append(self._past.apart(now, place, free))

    def scenery(self, track: Track) -> bool:
        """Whether an item has turned out to be a part of the scene: its place looked just so before it came."""
        apart = self._apart[track.id]
        return len(apart) >= LOOKS and sorted(apart)[len(apart) // 4] < ALIKE

    def worn(self, track: Track, *, over: bool = False) -> bool:
        """Whether an item may be worn; of one that was there from the start this shows only with time.

        Args:
            track: the item.
            over: nothing more will be seen of the scene.
        """
        if self.scenery(track):
            return False
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
