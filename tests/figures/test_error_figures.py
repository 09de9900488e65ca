"""Figures about errors show the numbers that were computed."""

import numpy as np
import pytest

from fashionviz.error_results import Cooccurrence
from fashionviz.evaluation.class_intervals import class_intervals
from fashionviz.evaluation.cooccurrence import KINDS
from fashionviz.evaluation.reliability import reliability
from fashionviz.figures.cooccurrence import cooccurrence_figure
from fashionviz.figures.per_class import per_class_figure
from fashionviz.figures.reliability import reliability_figure
from fashionviz.figures.theme import SIGNED
from tests.reports import made_up_report

SCORED = made_up_report("mobilenet_v2.gender_category")
REPORT = SCORED.report


def test_dots_and_bars_are_the_intervals() -> None:
    rows = class_intervals(REPORT.confusion, REPORT.classes)
    figure = per_class_figure(rows, REPORT)
    assert [trace.name for trace in figure.data] == ["precision", "recall", "F1"]
    assert len({trace.marker.symbol for trace in figure.data}) == 3, "told apart without colours"
    for trace, key in zip(figure.data, ("precision", "recall", "f1"), strict=True):
        found = [getattr(row, key) for row in rows]
        assert list(trace.x) == [e.value for e in found]
        np.testing.assert_allclose(np.add(trace.x, trace.error_x.array), [e.high for e in found])
        np.testing.assert_allclose(np.subtract(trace.x, trace.error_x.arrayminus), [e.low for e in found])
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first class stands on top"
    assert list(figure.layout.yaxis.ticktext) == list(REPORT.classes)
    assert "fpi test, n = 48" in figure.layout.title.text


def test_the_diagram_leaves_empty_bins_out_and_counts_the_others() -> None:
    found = {
        "as served": reliability(SCORED.probabilities, SCORED.truth),
        "before": reliability(SCORED.probabilities, SCORED.truth, 0.5),
    }
    line, curve, bars, other, _ = reliability_figure(found, REPORT).data
    assert list(line.x) == list(line.y) == [0, 1]
    bins = found["as served"]
    full = bins.counts > 0
    np.testing.assert_allclose(curve.x, bins.confidence[full])
    np.testing.assert_allclose(curve.y, bins.accuracy[full])
    np.testing.assert_allclose(np.add(curve.y, curve.error_y.array), bins.high[full])
    assert sum(bars.y) == 48
    assert curve.name == f"as served: ECE {bins.ece:.3f}"
    assert curve.marker.symbol != other.marker.symbol
    assert bins.ece == pytest.approx(np.nansum(bins.counts * np.abs(bins.accuracy - bins.confidence)) / 48)


def company() -> Cooccurrence:
    true = np.array([[9, 3, 1], [3, 8, 0], [1, 0, 4]])
    said = np.array([[9, 2, 4], [2, 8, 0], [4, 0, 6]])
    return Cooccurrence(("colour: red", "colour: blue", "kind: shirt"), true, said, np.full((3, 3), 20))


def test_the_matrix_of_tags_shows_pictures_and_leaves_a_tags_own_count_out() -> None:
    heat, points = cooccurrence_figure(company(), KINDS[0], (0, 2), (0, 1, 2), REPORT).data
    np.testing.assert_array_equal(np.asarray(heat.z, dtype=float), [[np.nan, 3, 1], [1, 0, np.nan]])
    assert (heat.zmin, heat.zmax) == (0, 3)
    assert list(points.customdata[1]) == ["colour: red", "colour: blue"]
    assert list(points.text) == ["", "3", "1", "1", "0", ""]
    assert "both true: 3, both said: 2 of 20 pictures" in points.hovertext[1]


def test_the_difference_is_signed_and_centred_on_zero() -> None:
    figure = cooccurrence_figure(company(), KINDS[2], (0, 1, 2), (0, 1, 2), REPORT, ("colour: red", "kind: shirt"))
    heat, points = figure.data
    assert heat.zmin == -heat.zmax == -3
    assert heat.colorscale[0][1] == SIGNED[0][1], "red where fewer are said"
    assert points.text[2] == "+3"
    assert points.text[1] == "-1"
    shape = figure.layout.shapes[-1]
    assert shape.x0 < 2 < shape.x1
    assert shape.y0 < 0 < shape.y1
    assert list(figure.layout.xaxis.ticktext) == ["red", "blue", "shirt"], "without the group"
