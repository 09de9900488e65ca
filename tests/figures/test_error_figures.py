"""Figures about errors show the numbers that were computed."""

import numpy as np
import pytest

from fashionviz.evaluation.class_intervals import class_intervals
from fashionviz.evaluation.reliability import reliability
from fashionviz.figures.per_class import per_class_figure
from fashionviz.figures.reliability import reliability_figure
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
