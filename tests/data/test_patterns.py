"""Drawn pictures without a garment, and scikit-image's sample photos."""

from importlib.util import find_spec

import numpy as np
import pytest

from fashionviz.data.patterns import FITTED, UNSEEN, pattern, patterns
from fashionviz.data.samples import EXCLUDED, sample_photos


@pytest.mark.parametrize("kind", [*FITTED, *UNSEEN])
def test_each_kind_draws_the_same_for_a_seed_and_another_for_another(kind: str) -> None:
    first, again, other = pattern(kind, 3), pattern(kind, 3), pattern(kind, 4)
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)
    assert first.dtype == np.uint8
    assert first.shape[2] == 3
    assert min(first.shape[:2]) >= 150


def test_what_is_judged_on_is_not_fitted_on() -> None:
    assert not set(FITTED) & set(UNSEEN)


def test_kinds_take_turns() -> None:
    found = patterns(("noise", "flat"), 5, first=7)
    expected = [pattern("noise", 7), pattern("flat", 7), pattern("noise", 8), pattern("flat", 8), pattern("noise", 9)]
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_sample_photos_leave_out_what_shows_clothing() -> None:
    photos = sample_photos()
    assert bool(photos) == (find_spec("skimage") is not None)
    assert "astronaut.png" in EXCLUDED
    assert not set(photos) & set(EXCLUDED)
    assert all(p.dtype == np.uint8 and p.ndim == 3 for p in photos.values())
