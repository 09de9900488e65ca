"""Last layers against scikit-learn, and the tagger's tables by hand."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from fashionviz.data.tags import shipped_vocabulary
from fashionviz.evaluation.multilabel import choose_thresholds, multilabel_figures
from fashionviz.studies.record import Figure
from fashionviz.studies.tag_baseline import Baseline, Baselines, baseline_page, paired_macro_f1
from fashionviz.studies.tag_grid import RUNS, Grid, GridFigures, GridRow, Run, grid_page
from fashionviz.training.last_layer import Material, by_steps, logistic_regressions, rarity_weights
from fashionviz.training.multilabel_loss import LOSSES


@pytest.fixture
def material() -> Material:
    rng = np.random.default_rng(2)
    x = rng.normal(0, [1, 5, 0.2, 1], (300, 4)).astype(np.float32) + np.array([0, 9, 1, 0], np.float32)
    slope = rng.normal(0, 1, (4, 3)) / x.std(axis=0)[:, None]
    true = (x - x.mean(axis=0)) @ slope + rng.normal(0, 1, (300, 3)) > 0.5
    known = rng.random((300, 3)) < 0.8
    return Material(x, true & known, known)


def test_rare_tags_weigh_by_how_much_rarer_they_are() -> None:
    true = np.array([[1, 1, 0]] * 2 + [[1, 0, 0]] * 14 + [[1, 0, 0]] * 3, dtype=np.bool_)
    known = np.ones_like(true)
    known[16:] = False
    found = rarity_weights(Material(np.zeros((19, 4), np.float32), true, known), 1 / 3)
    assert found == pytest.approx([1, 2, 16 ** (1 / 3)]), "16, 2 and no known positives"


@pytest.mark.parametrize("rarity", [0.0, 0.7])
def test_each_tag_is_a_logistic_regression_of_its_own(material: Material, rarity: float) -> None:
    penalty = 0.01
    layer = logistic_regressions(material, penalty, rarity=rarity)
    weights = rarity_weights(material, rarity)
    assert (weights.max() > 1.05) == bool(rarity), "else nothing is tested"
    scaled = (material.x - material.x.mean(axis=0)) / material.x.std(axis=0)
    for tag in range(3):
        where = material.known[:, tag]
        # Theirs sums the losses of the known photos, ours averages them.
        balance = {0: 1.0, 1: float(weights[tag])}
        theirs = LogisticRegression(C=1 / (penalty * where.sum()), class_weight=balance, tol=1e-10, max_iter=5000)
        theirs.fit(scaled[where], material.true[where, tag])
        assert layer.weight[:, tag] == pytest.approx(theirs.coef_[0], abs=2e-3)
        assert layer.probabilities(material.x)[:, tag] == pytest.approx(theirs.predict_proba(scaled)[:, 1], abs=2e-3)


def test_steps_of_the_papers_last_layer_learn(material: Material) -> None:
    layers = [by_steps(material, LOSSES["bce"], steps, 0.5, batch=50) for steps in (0, 2000)]
    losses = []
    for layer in layers:
        p = np.clip(layer.probabilities(material.x), 1e-9, 1 - 1e-9)
        losses.append(-np.log(np.where(material.true, p, 1 - p))[material.known].mean())
    assert losses[0] == pytest.approx(np.log(2), abs=0.01), "it begins undecided"
    assert losses[1] < 0.75 * losses[0]
    best = logistic_regressions(material, 1e-5).probabilities(material.x)
    floor = -np.log(np.where(material.true, best, 1 - best))[material.known].mean()
    assert losses[1] == pytest.approx(floor, rel=0.05)


def test_weighing_present_tags_raises_recall(material: Material) -> None:
    said = {}
    for name in ("bce", "bce6"):
        layer = by_steps(material, LOSSES[name], 2000, 0.3, batch=50)
        said[name] = multilabel_figures(layer.probabilities(material.x), material.true, material.known, 0.5).micro
    assert said["bce6"].recall > said["bce"].recall + 0.1
    assert said["bce6"].precision < said["bce"].precision


def test_a_subsample_keeps_rows_together(material: Material) -> None:
    few = material.some(20, seed=1)
    rows = [int(np.flatnonzero((material.x == row).all(axis=1))[0]) for row in few.x]
    assert rows == sorted(set(rows))
    assert np.array_equal(few.true, material.true[rows])
    assert np.array_equal(few.known, material.known[rows])


def test_the_difference_of_a_tagger_to_itself_is_nothing(material: Material) -> None:
    p = logistic_regressions(material, 1e-3).probabilities(material.x)
    said = p >= choose_thresholds(p, material.true, material.known)
    same = paired_macro_f1(said, said, material.true, material.known)
    assert (same.value, same.ci95) == (0.0, (0.0, 0.0))
    silent = paired_macro_f1(said, np.zeros_like(said), material.true, material.known)
    whole = multilabel_figures(said.astype(float), material.true, material.known, 0.5).macro.f1
    assert silent.value == pytest.approx(whole)
    assert silent.ci95[0] < whole < silent.ci95[1]


def figure(value: float) -> Figure:
    return Figure(value=value, ci95=(value - 0.01, value + 0.01))


def test_the_pages_hold_every_row() -> None:
    def figures(precision: float) -> GridFigures:
        return GridFigures(
            accuracy=0.9, precision=precision, recall=0.8, per_image_f1=0.7, micro_f1=figure(0.6), macro_f1=figure(0.5)
        )

    rows = tuple(
        GridRow(
            run=run.key(), seconds=1.0, validation_accuracy=0.9, half=figures(number / 100), chosen=figures(0.99),
            mean_average_precision=figure(0.25),
        )
        for number, run in enumerate(RUNS)
    )  # fmt: skip
    page = grid_page(Grid(backbone="b", train=1234, validation=5, test=6, rows=rows), shipped_vocabulary())
    assert page.count("0.250 (0.240 – 0.260)") == len(RUNS)
    assert page.count("| 1,234 |") == sum(run.images is None for run in RUNS)
    assert "cross-entropy, weight 6" in page
    assert "asymmetric" in page
    by_weight = [RUNS.index(Run(None, 22_000, loss)) / 100 for loss in ("bce", "bce4", "bce6")]
    listed = ", ".join(f"{value:.3f}" for value in by_weight)
    assert f"- 1,234 images, 22,000 steps, weights 1, 4, 6: precision at ½ {listed}; recall" in page
    assert page.count("\n- ") == 3, "of rows that have no others to compare with, nothing is said"
    begun = Grid(backbone="b", train=9, validation=5, test=6, rows=rows[:1])
    assert "Rows that differ" not in grid_page(begun, shipped_vocabulary())
    baseline = Baseline(
        backbone="mobilenet_v2", penalty=1e-3, micro_f1=figure(0.6), macro_f1=figure(0.5),
        mean_average_precision=figure(0.4), behind=figure(0.07),
    )  # fmt: skip
    record = Baselines(
        model="m", sha256="ab", n=9, micro_f1=figure(0.7), macro_f1=figure(0.57),
        mean_average_precision=figure(0.5), baselines=(baseline,),
    )  # fmt: skip
    assert "0.0700 (0.0600 – 0.0800)" in baseline_page(record)
