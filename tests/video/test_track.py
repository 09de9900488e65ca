"""Following: the filter, the assignment, tracks that go on, end, and are never mixed up."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from fashionviz.match.protocols import Found
from fashionviz.results import Box
from fashionviz.video.kalman import MovingBox
from fashionviz.video.results import Spot
from fashionviz.video.track import Tracker, assigned, overlaps
from fashionviz.video.wearers import between, one_body, wearers_of


def at(x: float, y: float = 10.0, side: float = 40.0) -> Box:
    return x, y, x + side, y + side


def found(*boxes: tuple[Box, float, str]) -> Found:
    ordered = sorted(boxes, key=lambda b: -b[1])
    return Found(tuple(b for b, _, _ in ordered), tuple(s for _, s, _ in ordered), tuple(n for _, _, n in ordered))


def test_overlap_by_hand() -> None:
    got = overlaps([(0, 0, 2, 2)], [(1, 1, 3, 3), (0, 0, 2, 2), (5, 5, 6, 6), (0, 0, 2, 1)])
    np.testing.assert_allclose(got, [[1 / 7, 1, 0, 0.5]])


def test_the_filter_learns_a_speed_and_goes_on_with_it() -> None:
    moving = MovingBox(at(0))
    for t in range(1, 12):
        moving.move(0.1)
        moving.see(at(5.0 * t))
    moving.move(0.3)  # 50 pixels a second
    assert abs(moving.box[0] - (55 + 15)) < 4
    assert abs((moving.box[2] - moving.box[0]) - 40) < 1


def test_the_filter_trusts_measurements_more_the_longer_nothing_was_seen() -> None:
    near, far = MovingBox(at(0)), MovingBox(at(0))
    for moving, pause in ((near, 0.05), (far, 2.0)):
        for _ in range(5):
            moving.move(0.1)
            moving.see(at(0))
        moving.move(pause)
        moving.see(at(30))
    assert 0 < near.box[0] < far.box[0] <= 31


def test_the_assignment_is_the_best_of_all() -> None:
    """Against every permutation, on boxes where taking the best pair first is not best."""
    rng = np.random.default_rng(3)
    for _ in range(30):
        a = [(at(float(x), float(y)), "top") for x, y in rng.uniform(0, 60, (4, 2))]
        b = [(at(float(x), float(y)), "top") for x, y in rng.uniform(0, 60, (4, 2))]
        overlap = overlaps([box for box, _ in a], [box for box, _ in b])
        best = max(sum(overlap[i, p[i]] for i in range(4)) for p in permutations(range(4)))
        pairs = assigned(a, b, 0.0)
        assert sum(overlap[i, j] for i, j in pairs) == pytest.approx(best)


def test_another_label_counts_for_less() -> None:
    expected = [(at(0), "dress")]
    assert assigned(expected, [(at(0), "top"), (at(6), "dress")], 0.25) == [(0, 1)]
    assert assigned(expected, [(at(0), "top")], 0.25) == [(0, 0)]
    assert assigned(expected, [(at(14), "top")], 0.3) == []


def test_two_items_that_cross_keep_their_tracks() -> None:
    tracker = Tracker()
    for t in range(20):
        tracker.update(
            t, t / 10, found((at(6.0 * t, 10), 0.9, "top"), (at(114 - 6.0 * t, 24), 0.9, "bag"))
        )  # fmt: skip
    tracks = tracker.confirmed()
    assert [track.label for track in tracks] == ["top", "bag"]
    assert [len(track.spots) for track in tracks] == [20, 20]
    xs = [spot.box[0] for spot in tracks[0].spots]
    assert xs == sorted(xs)


def test_boxes_of_little_score_go_on_with_a_track_but_start_none() -> None:
    tracker = Tracker()
    for t in range(9):
        weak = t in (4, 5)
        tracker.update(t, t / 10, found((at(2.0 * t), 0.3 if weak else 0.9, "top"), (at(200), 0.3, "bag")))
    (track,) = tracker.confirmed()
    assert len(track.spots) == 9
    assert len(tracker.live) == 1


def test_out_of_sight_for_a_while_and_for_good() -> None:
    tracker = Tracker()
    for t in range(5):
        tracker.update(t, t / 10, found((at(0), 0.9, "top")))
    for t in range(5, 10):
        tracker.update(t, t / 10, found())
    tracker.update(10, 1.0, found((at(2), 0.9, "top")))
    assert len(tracker.confirmed()) == 1
    tracker.update(11, 4.0, found())
    tracker.update(12, 4.1, found((at(2), 0.9, "top")))
    assert len(tracker.ended) == 1
    assert tracker.live[0].id != tracker.ended[0].id


def test_what_flickers_once_is_not_believed() -> None:
    tracker = Tracker()
    tracker.update(0, 0.0, found((at(0), 0.99, "hat")))
    tracker.update(1, 0.1, found())
    assert tracker.confirmed() == []
    assert tracker.live == []


def test_labels_are_put_to_the_vote() -> None:
    tracker = Tracker()
    for t, (label, score) in enumerate([("dress", 0.95), ("top", 0.6), ("top", 0.6), ("top", 0.6)]):
        tracker.update(t, t / 10, found((at(0), score, label)))
    (track,) = tracker.confirmed()
    assert track.label == "top"
    tracker.cut()
    assert tracker.live == []
    assert tracker.confirmed() == [track]


def spots(*boxes: Box, start: int = 0) -> list[Spot]:
    return [Spot(start + t, t / 10, box, 0.9) for t, box in enumerate(boxes)]


def test_who_wears_what() -> None:
    top, trousers, shoes = (20.0, 20.0, 60.0, 70.0), (24.0, 68.0, 56.0, 130.0), (30.0, 135.0, 50.0, 145.0)
    other = (200.0, 20.0, 240.0, 70.0)
    items = [spots(top, top), spots(other, other), spots(trousers, trousers), spots(shoes, shoes)]
    assert wearers_of(items) == [1, 2, 1, 1]
    # Of two items that are never in one frame nothing is known.
    assert wearers_of([spots(top), spots(trousers, start=5)]) == [1, 2]
    # Passing each other in one frame of three does not make them one person's.
    passing = [(200.0, 20.0, 240.0, 70.0), (30.0, 20.0, 70.0, 70.0), (300.0, 20.0, 340.0, 70.0)]
    assert wearers_of([spots(top, top, top), spots(*passing)]) == [1, 2]


def test_one_body_by_hand() -> None:
    assert one_body((0, 0, 40, 50), (10, 60, 30, 100))
    assert not one_body((0, 0, 40, 50), (10, 120, 30, 130))
    assert not one_body((0, 0, 40, 50), (30, 0, 70, 50))


def test_between() -> None:
    assert between((0, 0, 10, 10), (10, 20, 30, 40), 0.5) == (5, 10, 20, 25)
