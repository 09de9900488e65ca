"""A tagger's figures show the report's numbers."""

import numpy as np

from fashionviz.evaluation.multilabel import threshold_curve
from fashionviz.figures.tags import histogram_figure, precision_recall_figure, threshold_figure
from fashionviz.results import ModelRef
from fashionviz.tag_results import Averages, TaggingReport, TagReport


def report() -> TaggingReport:
    zero = Averages(0, 0, 0)
    tags = tuple(TagReport(f"t{i}", 0.5, 0, 0, 0, 0, support=i, said=0, train_count=100 - i) for i in range(12))
    return TaggingReport(
        ModelRef("m", "0"), "d", "test", 5, 0, 12, 0.5, zero, zero, zero, 0.5, (0, 1), (0, 1), (0, 1), tags
    )


def test_the_most_frequent_tags_stand_first() -> None:
    figure = histogram_figure(report(), 3)
    train, scored = figure.data
    assert list(train.y) == ["t0", "t1", "t2"]
    assert list(train.x) == [100, 99, 98]
    assert list(scored.x) == [0, 1, 2]
    assert (train.name, scored.name) == ("train", "test")


def test_the_point_is_where_the_threshold_is() -> None:
    curve = threshold_curve(np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, False, True, False]))
    line, point = precision_recall_figure(curve, 0.5).data
    assert (point.x[0], point.y[0]) == (0.5, 0.5), "two are said, one of them rightly; one of two is found"
    assert len(line.x) == 5
    figure = threshold_figure(curve, 0.5)
    assert [trace.name for trace in figure.data] == ["precision", "recall", "F1"]
    assert len({trace.line.dash for trace in figure.data}) == 3, "told apart without colours"
    assert figure.layout.shapes[0].x0 == 0.5
