"""Following items from one detection to the next: ByteTrack (Zhang et al. 2022, arXiv:2110.06864).

Boxes that the detector is sure of are given to tracks first, by overlap with where a Kalman filter expects the item;
then those it is less sure of go to the tracks that are left, which bridges blurred and half hidden frames. The
assignment is the best one over all pairs (the Hungarian method, SciPy's).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from fashionviz.match.protocols import Found
from fashionviz.results import Box
from fashionviz.video.kalman import MovingBox
from fashionviz.video.results import Spot

#: Scores from here on start tracks and are given away first; from the lower one on they only continue tracks.
SURE, UNSURE = 0.6, 0.25
#: Least overlap of a box with where its track is expected, in the first and in the second round.
OVERLAP, OVERLAP_UNSURE = 0.25, 0.45
#: A box of another label than the track's counts for so much of its overlap: a detector wavers between top and coat.
OTHER_LABEL = 0.6
#: Detections that a track needs before it counts, and seconds that it may be out of sight.
CONFIRMED, PATIENCE_S = 3, 1.5


@dataclass
class Track:
    """An item on its way.

    Attributes:
        id: in the order in which tracks were made; not yet the number of a sighting.
        moving: where it is expected.
        spots: where it was seen.
        votes: summed scores by label.
        at: the time that ``moving`` stands at.
    """

    id: int
    moving: MovingBox
    at: float
    spots: list[Spot] = field(default_factory=list)
    votes: dict[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The label with the most votes."""
        return max(self.votes, key=lambda name: self.votes[name])

    @property
    def confirmed(self) -> bool:
        """Seen often enough to be believed."""
        return len(self.spots) >= CONFIRMED

    def see(self, spot: Spot, label: str) -> None:
        """Take in a detection."""
        self.moving.see(spot.box)
        self.spots.append(spot)
        self.votes[label] = self.votes.get(label, 0.0) + spot.score


class Tracker:
    """Tracks of one video."""

    def __init__(self) -> None:
        self.live: list[Track] = []
        self.ended: list[Track] = []
        self._made = 0

    def update(self, frame: int, second: float, found: Found) -> list[Track]:
        """Give the boxes of a frame to tracks.

        Args:
            frame, second: which frame, and when.
            found: the detector's answer, with scores down to :data:`UNSURE`.

        Returns:
            The tracks that were seen in this frame.
        """
        for track in self.live:
            track.moving.move(second - track.at)
            track.at = second
        scores = np.array(found.scores)
        sure = [int(i) for i in np.flatnonzero(scores >= SURE)]
        unsure = [int(i) for i in np.flatnonzero((scores >= UNSURE) & (scores < SURE))]
        seen: list[Track] = []

        def take(tracks: Sequence[Track], boxes: Sequence[int], least: float) -> tuple[list[Track], list[int]]:
            pairs = assigned(
                [(t.moving.box, t.label) for t in tracks], [(found.boxes[i], found.labels[i]) for i in boxes], least
            )
            for row, column in pairs:
                i = boxes[column]
                tracks[row].see(Spot(frame, second, found.boxes[i], found.scores[i]), found.labels[i])
                seen.append(tracks[row])
            rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
            return (
                [t for row, t in enumerate(tracks) if row not in rows],
                [i for column, i in enumerate(boxes) if column not in columns],
            )

        left, new = take(self.live, sure, OVERLAP)
        take(left, unsure, OVERLAP_UNSURE)
        for i in new:
            self._made += 1
            track = Track(self._made, MovingBox(found.boxes[i]), second)
            track.spots.append(Spot(frame, second, found.boxes[i], found.scores[i]))
            track.votes[found.labels[i]] = found.scores[i]
            self.live.append(track)
            seen.append(track)
        for track in [t for t in self.live if self._lost(t, second)]:
            self.live.remove(track)
            self.ended.append(track)
        return seen

    def _lost(self, track: Track, second: float) -> bool:
        """Out of sight too long; one that was never confirmed is given up at the first miss."""
        away = second - track.spots[-1].second
        return away > (PATIENCE_S if track.confirmed else 0.0)

    def cut(self) -> None:
        """The picture changed altogether: nothing goes on."""
        self.ended += self.live
        self.live = []

    def confirmed(self) -> list[Track]:
        """All tracks that are believed, in the order in which they came."""
        return sorted((t for t in [*self.ended, *self.live] if t.confirmed), key=lambda t: t.spots[0].frame)


def assigned(
    expected: Sequence[tuple[Box, str]], boxes: Sequence[tuple[Box, str]], least: float
) -> list[tuple[int, int]]:
    """Pairs of the best assignment, by overlap (intersection over union).

    Args:
        expected, boxes: each with its label.
        least: overlap of a pair that counts.
    """
    if not expected or not boxes:
        return []
    overlap = overlaps([box for box, _ in expected], [box for box, _ in boxes])
    same = np.array([[a == b for _, b in boxes] for _, a in expected])
    worth = np.where(same, overlap, OTHER_LABEL * overlap)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if worth[r, c] >= least]


def overlaps(first: Sequence[Box], second: Sequence[Box]) -> NDArray[np.float64]:
    """Intersection over union of every pair ``(N, M)``."""
    a, b = np.array(first, np.float64)[:, None], np.array(second, np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    common = np.prod(np.maximum(sides, 0), axis=-1)
    whole = np.prod(a[..., 2:] - a[..., :2], axis=-1) + np.prod(b[..., 2:] - b[..., :2], axis=-1) - common
    return np.asarray(common / np.maximum(whole, 1e-9))
