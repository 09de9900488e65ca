"""Thresholds, intervals and temperatures of tags against plain loops."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fashionviz.data.examples import draw
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation.calibration import fit_sigmoid_temperature
from fashionviz.evaluation.evaluate import evaluate
from fashionviz.evaluation.multilabel import Counts, multilabel_figures, resampled_intervals, threshold_curve
from fashionviz.evaluation.tagging import evaluate_tags, report_tags
from fashionviz.images import encode_png
from fashionviz.results import ModelRef


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    true = rng.random((60, 5)) < np.array([0.5, 0.3, 0.2, 0.05, 0.0])
    probabilities = np.clip(0.35 * true + 0.65 * rng.random((60, 5)), 0, 1).round(2)  # with ties
    known = rng.random((60, 5)) < 0.8
    return probabilities, true & known, known


def test_intervals_are_those_of_resampled_pictures(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    probabilities, true, known = drawn
    found = resampled_intervals(probabilities, true, known, 0.5, draws=40, seed=3)
    n = len(probabilities)
    weights = np.random.default_rng(3).multinomial(n, np.full(n, 1 / n), size=40)
    figures = []
    for weight in weights:
        pick = np.repeat(np.arange(n), weight)
        figures.append(multilabel_figures(probabilities[pick], true[pick], known[pick], 0.5))
    all_of_them = multilabel_figures(probabilities, true, known, 0.5)
    for interval, whole, values in (
        (found.micro_f1, all_of_them.micro.f1, [f.micro.f1 for f in figures]),
        (found.macro_f1, all_of_them.macro.f1, [f.macro.f1 for f in figures]),
        (
            found.mean_average_precision,
            all_of_them.mean_average_precision,
            [f.mean_average_precision for f in figures],
        ),
    ):
        shift = np.mean(values) - whole
        assert interval == pytest.approx(tuple(np.quantile(values, (0.025, 0.975)) - shift))
        assert interval[0] < whole < interval[1]


def test_the_curve_says_what_a_threshold_does(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    probabilities, true, known = drawn
    scores, right = probabilities[known[:, 0], 0], true[known[:, 0], 0]
    curve = threshold_curve(scores, right)
    for threshold in (0.0, 0.1, 0.333, 0.5, 0.77, float(scores.max())):
        counts = Counts.of(scores >= threshold, right, np.ones_like(right), None)
        expected = (float(counts.precision), float(counts.recall), float(counts.f1))
        assert curve.at(threshold) == pytest.approx(expected), threshold
    assert curve.at(1.0)[1:] == (0.0, 0.0), "nothing is said above the highest probability"


def test_the_report_counts_tag_by_tag(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    probabilities, true, known = drawn
    thresholds = np.array([0.5, 0.4, 0.6, 0.5, 0.5])
    report = report_tags(
        ModelRef("m", "0"), "d", "s", tuple("abcde"), probabilities, true, known, thresholds, train_counts=(9,) * 5
    )
    for i, tag in enumerate(report.per_tag):
        said = (probabilities[:, i] >= thresholds[i]) & known[:, i]
        assert (tag.support, tag.said) == (true[:, i].sum(), said.sum())
        assert tag.precision == pytest.approx((said & true[:, i]).sum() / max(1, said.sum()))
        assert tag.train_count == 9
    assert report.labels == 4
    assert report.per_tag[4].average_precision == 0, "nothing has it"
    assert report.macro.f1 == pytest.approx(np.mean([t.f1 for t in report.per_tag[:4]]))


def test_the_temperature_of_made_up_logits_is_found() -> None:
    rng = np.random.default_rng(1)
    honest = rng.normal(0, 2, (4000, 3))
    true = rng.random(honest.shape) < 1 / (1 + np.exp(-honest))
    known = rng.random(honest.shape) < 0.9
    lies = np.where(known, honest * 2.5, 50.0)  # what is not known must not count
    assert fit_sigmoid_temperature(lies, true, known) == pytest.approx(2.5, rel=0.06)


def test_only_taggers_are_scored_as_taggers(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="gives tags"):
        evaluate("mobilenet_v2.street_tags", tmp_path)
    path = tmp_path / "all.parquet"
    picture = {"bytes": encode_png(draw("shirt", 0)), "path": None}
    pq.write_table(pa.table({"colour": ["red"], "image": [picture]}), path)
    with pytest.raises(InvalidRequest, match="gives one class"):
        evaluate_tags("mobilenet_v2.gender_category", path)
    with pytest.raises(DataError, match="none of the columns tags; it has colour"):
        evaluate_tags("mobilenet_v2.street_tags", path)
