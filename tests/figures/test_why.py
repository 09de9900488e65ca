"""The saliency of a similarity as pictures and words."""

from __future__ import annotations

import numpy as np
import pytest

from fashionviz.embed_results import MatchExplanation
from fashionviz.figures.pictures import attribution_overlay
from fashionviz.figures.why import OVERLAY, SIGNED, beside, styles_of, why_picture, why_pictures, why_words
from fashionviz.models.preprocess import letterbox
from fashionviz.results import Attribution, ModelRef, ModelView, Timings

REF, TIMES, FRAME = ModelRef("a.item", "0" * 64), Timings(1, 2, 3), (32, 24)


def view(size: tuple[int, int]) -> ModelView:
    return ModelView(*letterbox(np.random.default_rng(1).integers(0, 255, (*size, 3), dtype=np.uint8), FRAME))


@pytest.fixture
def explained(rng: np.random.Generator) -> MatchExplanation:
    one, two = (rng.normal(size=(3, *FRAME)).astype(np.float32) for _ in range(2))
    return MatchExplanation(REF, "integrated-gradients", 0.8712, one, two, view((60, 90)), view((90, 60)), TIMES)


def test_each_picture_has_the_map_of_its_own(explained: MatchExplanation) -> None:
    query, item = why_pictures(explained)
    assert query.shape[1] > query.shape[0], "without the network's white margin"
    assert item.shape[0] > item.shape[1]
    asked = Attribution(REF, "gradient", "x", 0.5, explained.item, explained.item_view, TIMES)
    assert np.array_equal(item, attribution_overlay(asked))
    signed = why_pictures(explained, SIGNED)
    assert signed[0].shape == query.shape
    assert not np.array_equal(signed[0], query)


def test_side_by_side_nothing_is_stretched(explained: MatchExplanation) -> None:
    red, blue = np.full((10, 20, 3), (255, 0, 0), np.uint8), np.full((30, 10, 3), (0, 0, 255), np.uint8)
    page = beside(red, blue, height=60, gap=5)
    assert page.shape == (70, 120 + 20 + 15, 3)
    reds, blues = (page == (255, 0, 0)).all(2), (page == (0, 0, 255)).all(2)
    assert (reds.any(0).sum(), reds.any(1).sum()) == (120, 60)
    assert (blues.any(0).sum(), blues.any(1).sum()) == (20, 60)
    assert reds.nonzero()[1].max() < blues.nonzero()[1].min()
    assert why_picture(explained).shape[0] == 512


def test_words_say_what_colours_mean_and_a_sign_only_where_it_is_evidence(explained: MatchExplanation) -> None:
    assert styles_of("integrated-gradients") == (OVERLAY, SIGNED)
    assert styles_of("gradient") == (OVERLAY,)
    assert "similarity is 0.871" in why_words(explained)
    assert "brighter" in why_words(explained)
    assert "Blue is what makes the two alike, red what tells them apart" in why_words(explained, SIGNED)
