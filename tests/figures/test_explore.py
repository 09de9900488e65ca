"""Pictures of channels, class averages and embedding maps hold what was computed."""

from __future__ import annotations

import numpy as np
import pytest

from fashionviz.explain.map_items import RIGHT, WRONG, MapItem
from fashionviz.explore_results import ChannelAttribution, ClassAverages, EmbeddingMap, Source
from fashionviz.figures.averages import average_map, average_sheet
from fashionviz.figures.channels import channel_photo, channel_signed, input_tiles, seen
from fashionviz.figures.embedding import OTHERS, map_figure
from fashionviz.figures.theme import PALETTE, class_colour, signed, viridis
from fashionviz.models.preprocess import letterbox
from fashionviz.results import FilterBank, ModelRef, ModelView, Timings

REF = ModelRef("mobilenet_v2.gender_category", "0" * 64)
SOURCE = Source("fpi", "test", 3)


def channel(values: np.ndarray) -> ChannelAttribution:
    photo = np.random.default_rng(1).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    boxed, place = letterbox(photo, (32, 24))  # the photo covers rows 8 to 23
    return ChannelAttribution(
        REF, "features.1", 3, "guided-backprop", "maximum", 2.0, (1, 1), values.astype(np.float32),
        ModelView(boxed, place), Timings(1, 2, 3),
    )  # fmt: skip


def test_a_cut_is_the_smallest_square_around_what_was_seen() -> None:
    values = np.zeros((3, 32, 24))
    values[0, 10:17, 4:10] = 1.0
    values[1, 2, 2] = 5.0  # in the margin: no part of the photo
    values[2, 23, 23] = 1e-9  # rounding
    cut = seen(channel(values))
    assert (cut.top, cut.left, cut.height, cut.width) == (2, 3, 7, 7)
    assert channel_photo(channel(values), cut=True).shape == (7, 7, 3)
    picture = channel_signed(channel(values), cut=False)
    assert picture.shape == (16, 24, 3)
    assert (picture[2:9, 4:10] == signed(np.float64(1.0))).all()
    assert (picture[0, 0] == 255).all()


def test_a_dead_channel_shows_the_whole_photo_in_white() -> None:
    result = channel(np.zeros((3, 32, 24)))
    assert channel_photo(result, cut=True).shape == (16, 24, 3)
    assert (channel_signed(result, cut=True) == 255).all()


def test_tiles_of_a_filter_share_one_scale() -> None:
    weights = np.zeros((2, 70, 1, 1), np.float32)
    weights[1, 64, 0, 0], weights[1, 65, 0, 0] = -2.0, 1.0
    picture = input_tiles(FilterBank(REF, "conv", weights, first=False), 1, 64, 64, tile=4)
    assert picture.shape == (4, 6 * 7 - 3, 3)
    assert (picture[0, 0] == signed(np.float64(-1.0))).all()
    assert (picture[0, 7] == signed(np.float64(0.5))).all()
    assert (picture[0, 14] == 255).all()


@pytest.fixture
def averages() -> ClassAverages:
    signed_means = np.zeros((2, 3, 4, 4), np.float32)
    signed_means[1, 0, 0, 0], signed_means[1, :, 3, 3] = 2.0, -1.0
    magnitude = np.abs(signed_means).max(axis=1)
    photos = np.full((2, 4, 4, 3), 200, np.uint8)
    return ClassAverages(
        REF, ("a", "b"), "guided-backprop", False, SOURCE, np.array([0, 3]), photos, signed_means, magnitude
    )


def test_an_average_map_is_scaled_by_its_own_class(averages: ClassAverages) -> None:
    assert (average_map(averages, 1, "magnitude")[3, 3] == viridis(np.array(1 / 1.925))).all()
    assert (average_map(averages, 1, "signed")[3, 3] == signed(np.array(-1.0))).all(), "the sum of three channels"
    colour = average_map(averages, 1, "colour")
    assert colour[0, 0].tolist() == [255, 128, 128]
    assert (average_map(averages, 0, "signed") == 255).all(), "without items there is nothing"
    assert average_sheet(averages, [0, 1], "magnitude").shape[2] == 3


def test_a_map_draws_every_item_once_in_its_colour() -> None:
    made = EmbeddingMap(REF, SOURCE, "by hand", ("1", "2", "3"), np.array([[0, 1], [2, 3], [4, 5]], np.float32))
    items = [MapItem("1", "x", "x", RIGHT), MapItem("2", "y", "x", WRONG), MapItem("3", "x", "x", RIGHT)]
    figure = map_figure(made, items, ("x", "y"), chosen=[1])
    first, second, ring = figure.data
    assert (first.name, list(first.customdata), list(first.x), list(first.y)) == ("x (2)", [0, 2], [0, 4], [1, 5])
    assert first.marker.color == class_colour("x", ("x", "y"))
    assert list(second.customdata) == [1]
    assert "said x" in second.text[0]
    assert ring.customdata is None, "a ring is no point to choose"
    assert list(ring.x) == [2]
    by_verdict = map_figure(made, items, ("x", "y"), by="verdict")
    assert [trace.name for trace in by_verdict.data] == ["right (2)", "wrong (1)"]


def test_of_many_classes_the_rare_ones_share_grey() -> None:
    classes = tuple(f"class {i}" for i in range(20))
    items = [MapItem(str(i), classes[i % 20 if i < 20 else i % 10], "", RIGHT) for i in range(60)]
    made = EmbeddingMap(REF, SOURCE, "by hand", tuple(map(str, range(60))), np.zeros((60, 2), np.float32))
    figure = map_figure(made, items, classes)
    names = [trace.name.rpartition(" (")[0] for trace in figure.data]
    assert len(names) == len(PALETTE) + 1
    assert OTHERS in names
    assert sum(len(trace.customdata) for trace in figure.data) == 60
