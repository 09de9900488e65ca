"""What is drawn equals what was computed."""

from __future__ import annotations

import numpy as np
import pytest

from fashionviz.figures import pictures, theme
from fashionviz.figures.activations import channel_figure
from fashionviz.figures.bars import probability_bars
from fashionviz.figures.confusion import (
    NUMBERS,
    column_shares,
    confusion_figure,
    distribution_figure,
    matrix_numbers,
    row_shares,
)
from fashionviz.figures.filters import columns_for, filter_figure, mosaic
from fashionviz.models.preprocess import letterbox
from fashionviz.results import (
    ActivationMaps,
    Attribution,
    ClassScore,
    FilterBank,
    ModelRef,
    ModelView,
    Prediction,
    Report,
    Timings,
)
from tests.reports import made_up_report

MODEL = "mobilenet_v2.gender_category"
REF = ModelRef(MODEL, "0" * 64)
TIMES = Timings(1.0, 2.0, 3.0)
FRAME = (32, 24)


@pytest.fixture
def view() -> ModelView:
    # A wide photo in a tall frame: white margins above and below.
    photo = np.random.default_rng(1).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    boxed, place = letterbox(photo, FRAME)
    return ModelView(boxed, place)


@pytest.fixture
def attribution(view: ModelView, rng: np.random.Generator) -> Attribution:
    values = rng.normal(size=(3, *FRAME)).astype(np.float32)
    return Attribution(REF, "gradient", "Men/Other", 0.5, values, view, TIMES)


@pytest.fixture
def maps(view: ModelView, rng: np.random.Generator) -> ActivationMaps:
    return ActivationMaps(REF, "features.3", rng.normal(size=(5, 16, 12)).astype(np.float32), view, TIMES)


@pytest.fixture
def report() -> Report:
    return made_up_report(MODEL).report


def bank(n: int, c: int, k: int, first: bool) -> FilterBank:
    weights = np.random.default_rng(2).normal(size=(n, c, k, k)).astype(np.float32)
    return FilterBank(REF, "features.0.0", weights, first)


# --- confusion matrix -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", NUMBERS)
def test_every_cell_of_the_matrix_is_one_clickable_point(report: Report, numbers: str) -> None:
    figure = confusion_figure(report, numbers)
    heat, points = figure.data
    k = len(report.classes)
    assert len(points.x) == k * k
    shares = {NUMBERS[1]: row_shares, NUMBERS[2]: column_shares}
    shown = shares[numbers](report.confusion) if numbers in shares else report.confusion
    np.testing.assert_allclose(np.asarray(heat.z, dtype=float), shown)
    for x, y, (true, predicted), text in zip(points.x, points.y, points.customdata, points.text, strict=True):
        assert (report.classes[y], report.classes[x]) == (true, predicted)
        value = shown[y, x]
        assert text == (f"{100 * value:.1f}" if numbers in shares else f"{value:,}")
    assert figure.layout.title.text == "Confusion matrix<br><sup>fpi test, n = 48</sup>"


def test_classes_stand_in_the_order_asked_for_and_shares_stay_those_of_all_pictures(report: Report) -> None:
    heat, points = confusion_figure(report, NUMBERS[1], order=[4, 0]).data
    shares = row_shares(report.confusion)
    np.testing.assert_allclose(np.asarray(heat.z, dtype=float), shares[np.ix_([4, 0], [4, 0])])
    assert list(points.customdata[1]) == [report.classes[4], report.classes[0]]
    assert list(confusion_figure(report, order=[4, 0]).layout.yaxis.ticktext) == [
        report.classes[i].replace("/", "/<br>") for i in (4, 0)
    ]


def test_many_classes_leave_the_numbers_to_the_pointer() -> None:
    classes = tuple(f"class {i}" for i in range(50))
    confusion = np.diag(np.arange(50, 100))
    many = Report(REF, "d", "test", classes, 3725, 0, 1, (1, 1), 1, 1, 1, 1, (), confusion)
    figure = confusion_figure(many)
    assert figure.data[1].mode == "markers"
    assert figure.layout.height < 1400
    assert "99 pictures, 100.0% of the true class" in figure.data[1].hovertext[-1]
    assert confusion_figure(many, order=range(12)).data[1].mode == "markers+text"


def test_rows_are_true_classes_from_top_to_bottom(report: Report) -> None:
    figure = confusion_figure(report)
    low, high = figure.layout.yaxis.range
    assert low > high  # the first class stands on top
    assert figure.layout.yaxis.title.text == "true (rows), predicted (columns)"


def test_the_chosen_cell_is_outlined(report: Report) -> None:
    assert not confusion_figure(report).layout.shapes
    shape = confusion_figure(report, chosen=(report.classes[2], report.classes[4])).layout.shapes[-1]
    assert shape.x0 < 4 < shape.x1
    assert shape.y0 < 2 < shape.y1
    assert not confusion_figure(report, chosen=("no", "class")).layout.shapes


def test_shares_of_a_row_add_up_and_an_empty_row_stays_zero() -> None:
    shares = row_shares(np.array([[3, 1], [0, 0]]))
    np.testing.assert_allclose(shares, [[0.75, 0.25], [0, 0]])
    np.testing.assert_allclose(column_shares(np.array([[3, 0], [1, 0]])), [[0.75, 0], [0.25, 0]])
    with pytest.raises(ValueError, match="no numbers"):
        matrix_numbers(np.eye(2, dtype=np.int64), "thirds")


def test_distributions_are_shares(report: Report) -> None:
    figure = distribution_figure(report)
    assert [t.name for t in figure.data] == ["train", "test: true", "test: predicted"]
    for trace in figure.data:
        assert sum(trace.x) == pytest.approx(1)
    np.testing.assert_array_equal(figure.data[2].customdata, report.confusion.sum(axis=0))


# --- filters --------------------------------------------------------------------------------------------------------


def test_rgb_tiles_are_each_normalised_around_mid_grey() -> None:
    filters = bank(7, 3, 5, True)
    for tile, weights in zip(pictures.filter_tiles(filters), filters.weights, strict=True):
        strongest = np.unravel_index(np.abs(weights).argmax(), weights.shape)
        assert tile[strongest[1], strongest[2], strongest[0]] in (0, 255)
        np.testing.assert_allclose(
            tile.transpose(2, 0, 1) / 255, 0.5 + 0.5 * weights / np.abs(weights).max(), atol=3e-3
        )


def test_a_switched_off_filter_is_grey_not_amplified_noise() -> None:
    filters = bank(4, 3, 3, True)
    filters.weights[1] = 6e-8
    filters.weights[2] = 0
    assert pictures.unused_filters(filters) == [1, 2]
    tiles = pictures.filter_tiles(filters)
    assert set(np.unique(tiles[1])) == set(np.unique(tiles[2])) == {128}
    assert "unused" in str(filter_figure(filters).data[0].hovertext[mosaic(filters)[1] == 1][0])


def test_scaling_a_filter_does_not_change_its_tile() -> None:
    filters = bank(4, 3, 3, True)
    louder = FilterBank(REF, filters.layer, filters.weights * 40, True)
    np.testing.assert_array_equal(mosaic(filters)[0], mosaic(louder)[0])


def test_deeper_filters_are_means_over_their_input_channels() -> None:
    weights = np.zeros((2, 4, 3, 3), dtype=np.float32)
    weights[0, :, 0, 0] = 2.0
    weights[1, :, 1, 1] = -0.5
    one, two = pictures.filter_tiles(FilterBank(REF, "features.5", weights, False))
    assert tuple(one[0, 0]) == (0x21, 0x66, 0xAC)  # blue: the largest positive
    assert tuple(two[1, 1]) == (0xB2, 0x18, 0x2B)  # red: the largest negative, on its own scale
    assert tuple(one[2, 2]) == (255, 255, 255)


def test_filters_of_one_weight_share_a_scale() -> None:
    weights = np.array([1.0, 0.5, -1.0], dtype=np.float32).reshape(3, 1, 1, 1)
    full, half, negative = (t[0, 0] for t in pictures.filter_tiles(FilterBank(REF, "features.1", weights, False)))
    assert tuple(full) == (0x21, 0x66, 0xAC)
    assert tuple(half) == (0x67, 0xA9, 0xCF)
    assert tuple(negative) == (0xB2, 0x18, 0x2B)


@pytest.mark.parametrize(("n", "c", "k", "first"), [(32, 3, 3, True), (5, 3, 7, True), (130, 8, 1, False)])
def test_hovering_a_tile_names_its_filter(n: int, c: int, k: int, first: bool) -> None:
    filters = bank(n, c, k, first)
    picture, index = mosaic(filters)
    assert picture.shape[:2] == index.shape
    assert set(np.unique(index)) - {-1} == set(range(n))
    assert (picture[index < 0, 3] == 0).all()  # gaps are clear, on light and dark pages alike
    trace = filter_figure(filters).data[0]
    words = np.asarray(trace.hovertext)
    for i in (0, n // 2, n - 1):
        assert {w.split("<br>")[0] for w in words[index == i]} == {f"filter {i}"}
    assert index.shape[1] / index.shape[0] > 0.5
    assert columns_for(n) <= n


# --- attributions ---------------------------------------------------------------------------------------------------


def test_the_signed_scale_is_white_at_zero_and_even() -> None:
    assert theme.signed(np.array(0.0)).tolist() == [255, 255, 255]
    assert theme.signed(np.array([-1.0, 1.0])).tolist() == [[0xB2, 0x18, 0x2B], [0x21, 0x66, 0xAC]]
    assert theme.signed(np.array([-9.0])).tolist() == theme.signed(np.array([-1.0])).tolist()


def test_viridis_runs_from_dark_to_bright() -> None:
    ramp = theme.viridis(np.linspace(0, 1, 50)).astype(int)
    assert (np.diff(ramp @ [299, 587, 114]) > 0).all()


def test_attribution_pictures_leave_the_margin_out(attribution: Attribution) -> None:
    place = attribution.view.placement
    for draw in (pictures.attribution_colour, pictures.attribution_signed, pictures.attribution_overlay):
        picture = draw(attribution)
        assert picture.shape == (place.height, place.width, 3)
        assert picture.dtype == np.uint8


def test_no_attribution_is_grey_and_white(view: ModelView) -> None:
    nothing = Attribution(REF, "gradient", "Men/Other", 0.5, np.zeros((3, *FRAME), np.float32), view, TIMES)
    assert set(np.unique(pictures.attribution_colour(nothing))) == {128}
    assert set(np.unique(pictures.attribution_signed(nothing))) == {255}
    assert not pictures.attribution_magnitude(nothing).any()


# --- activation maps ------------------------------------------------------------------------------------------------


def test_the_strongest_channels_come_first(maps: ActivationMaps) -> None:
    order = pictures.strongest_channels(maps, 5)
    strength = np.abs(maps.maps).mean(axis=(1, 2))[order]
    assert (np.diff(strength) <= 0).all()
    assert pictures.strongest_channels(maps, 2) == order[:2]


def test_a_map_spans_its_own_scale_and_a_flat_one_is_dark(maps: ActivationMaps) -> None:
    scaled = pictures.scale_map(maps.maps[0])
    assert scaled.min() == 0
    assert scaled.max() == 1
    assert not pictures.scale_map(np.full((4, 4), 3.0)).any()


def test_a_channel_is_drawn_with_its_values(maps: ActivationMaps) -> None:
    figure = channel_figure(maps, 3)
    np.testing.assert_allclose(np.asarray(figure.data[0].z), pictures.map_over_photo(maps, 3))


def test_the_grid_has_a_place_for_every_channel(maps: ActivationMaps) -> None:
    picture = pictures.activation_grid(maps, [0, 1, 2], columns=2, tile=24)
    assert picture.shape[1] == 2 * 24 + 3
    assert (picture[-1, -1] == 255).all()  # the fourth place is empty


# --- bars -----------------------------------------------------------------------------------------------------------


def test_bars_show_every_class_in_its_own_colour(report: Report) -> None:
    scores = tuple(ClassScore(c, p, 0.0) for c, p in zip(report.classes, (0.4, 0.3, 0.1, 0.1, 0.06, 0.04), strict=True))
    trace = probability_bars(Prediction(REF, scores, TIMES), report.classes).data[0]
    assert list(trace.y)[-1] == report.classes[0]  # plotly draws the last on top
    np.testing.assert_allclose(sorted(trace.x, reverse=True), [s.probability for s in scores])
    assert len(set(trace.marker.color)) == len(report.classes)
    swapped = probability_bars(Prediction(REF, scores[::-1], TIMES), report.classes).data[0]
    assert dict(zip(trace.y, trace.marker.color, strict=True)) == dict(
        zip(swapped.y, swapped.marker.color, strict=True)
    )
