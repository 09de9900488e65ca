"""Furniture is left out; who stands still in a video of still things is not, nor who comes in later."""

from __future__ import annotations

import numpy as np
import pytest

from fashionviz.results import Box
from fashionviz.video.kalman import MovingBox
from fashionviz.video.past import Past, clear
from fashionviz.video.results import Spot
from fashionviz.video.still import Stillness
from fashionviz.video.track import Track

CHAIR, PERSON = (8.0, 8.0, 40.0, 40.0), (64.0, 8.0, 96.0, 72.0)


def seen(track: Track | None, number: int, frame: int, box: Box) -> Track:
    spot = Spot(frame, frame / 10, box, 0.9)
    if track is None:
        return Track(number, MovingBox(box), spot.second, [spot], {"bag": 0.9})
    track.spots.append(spot)
    return track


def frame_of(t: int, *, moves: bool, later: int = 0) -> np.ndarray:
    pixels = np.full((80, 160, 3), 200, np.uint8)
    pixels[8:40, 8:40] = 90
    at = 64 + (2 * t if moves else 0)
    if t >= later:
        pixels[8:72, at : at + 32] = 30
    return pixels


def watched(*, moves: bool, later: int = 0) -> tuple[Stillness, Track, Track]:
    stillness, chair, person = Stillness(), None, None
    for t in range(10):
        chair = seen(chair, 1, t, CHAIR)
        tracks = [chair]
        if t >= later:
            person = seen(person, 2, t, tuple(v + (2 * t if moves and k % 2 == 0 else 0) for k, v in enumerate(PERSON)))  # type: ignore[arg-type]
            tracks.append(person)
        stillness.look(t, t / 10, frame_of(t, moves=moves, later=later), tracks)
    assert chair is not None
    assert person is not None
    return stillness, chair, person


def test_what_never_moves_beside_what_does_is_furniture() -> None:
    stillness, chair, person = watched(moves=True)
    assert not stillness.worn(chair)
    assert stillness.worn(person)
    again = seen(None, 3, 9, tuple(v + 1 for v in CHAIR))  # type: ignore[arg-type]
    assert not stillness.worn(again), "the same piece, found anew"
    assert not stillness.worn(chair), "and asked again"
    seen(person, 2, 10, CHAIR)
    assert stillness.worn(person), "who stands before it moves"


def test_where_nothing_moves_nothing_is_left_out() -> None:
    stillness, chair, person = watched(moves=False)
    assert not stillness.worn(chair), "not yet"
    assert stillness.worn(chair, over=True)
    assert stillness.worn(person, over=True)
    stillness.look(120, 12.0, frame_of(0, moves=False), [chair])
    assert stillness.worn(chair)


def test_who_comes_later_may_stand_still() -> None:
    stillness, _, person = watched(moves=False, later=3)
    assert stillness.worn(person)


def test_a_piece_of_the_scene_that_is_found_late_is_none_of_the_items() -> None:
    stillness, _, person = watched(moves=True, later=3)
    shelf: Track | None = None
    for t in range(10, 18):
        shelf = seen(shelf, 3, t, CHAIR)
        stillness.look(t, t / 10, frame_of(t, moves=True), [shelf])
        assert stillness.scenery(shelf) == (t >= 14), "after five looks"
    assert shelf is not None
    assert not stillness.worn(shelf)
    assert not stillness.scenery(person)


def test_who_is_found_anew_where_somebody_stood_is_no_scenery() -> None:
    """A garment that gets another name does not look like the scene, but like itself before."""
    stillness, _, person = watched(moves=False, later=3)
    again: Track | None = None
    for t in range(10, 18):
        again = seen(again, 3, t, PERSON)
        stillness.look(t, t / 10, frame_of(t, moves=False), [again], [person])
    assert again is not None
    assert not stillness.scenery(again)


def test_the_past_is_thinned_out_and_asked_only_where_it_counts() -> None:
    past = Past()
    everywhere = (slice(0, 2), slice(0, 3))
    for t in range(1000):
        past.look(t, np.full((2, 3), float(t % 7), np.float32))
    frames = past.frames(900)
    assert 16 <= len(frames) <= 64
    assert max(frames) < 900
    assert max(np.diff(frames)) <= 64, "evenly over time"
    now = np.full((2, 3), 2.5, np.float32)
    assert past.apart(now, everywhere, frames) == pytest.approx(0.5)
    assert past.apart(now, everywhere, [f for f in frames if f % 7 == 6]) == pytest.approx(3.5)
    assert past.apart(now, everywhere, []) == np.inf
    assert clear((0, 0, 10, 10), [(9, 0, 20, 20), (30, 30, 40, 40)])
    assert not clear((0, 0, 10, 10), [(7, 0, 20, 20)])
