"""Multi-label figures against scikit-learn and torchmetrics, masks and thresholds by hand."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, precision_recall_fscore_support
from torchmetrics.classification import MultilabelAveragePrecision, MultilabelF1Score

from fashionviz.errors import InvalidRequest
from fashionviz.evaluation.multilabel import (
    Counts,
    average_precision,
    choose_thresholds,
    multilabel_figures,
    said_by_the_others,
)


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    true = rng.random((200, 7)) < np.array([0.5, 0.3, 0.2, 0.1, 0.05, 0.4, 0.0])
    probabilities = np.clip(0.35 * true + 0.65 * rng.random((200, 7)), 0, 1).round(2)  # with ties
    known = rng.random((200, 7)) < 0.8
    known[:, 6] = True
    return probabilities, true, known


def test_without_a_mask_it_is_scikit_learns(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    probabilities, true, _ = drawn
    found = multilabel_figures(probabilities, true, np.ones_like(true), 0.5)
    said, some = probabilities >= 0.5, true.any(axis=0)
    for average, mine in (("micro", found.micro), ("macro", found.macro)):
        theirs = precision_recall_fscore_support(true[:, some], said[:, some], average=average, zero_division=0)
        if average == "macro":
            assert (mine.precision, mine.recall, mine.f1) == pytest.approx(theirs[:3])
    theirs = precision_recall_fscore_support(true, said, average="micro", zero_division=0)
    assert (found.micro.precision, found.micro.recall, found.micro.f1) == pytest.approx(theirs[:3])
    has = true.any(axis=1)
    theirs = precision_recall_fscore_support(true[has], said[has], average="samples", zero_division=0)
    assert (found.per_image.precision, found.per_image.recall, found.per_image.f1) == pytest.approx(theirs[:3])
    assert found.mean_average_precision == pytest.approx(
        average_precision_score(true[:, some], probabilities[:, some], average="macro")
    )
    assert found.accuracy == pytest.approx((said == true).mean())
    assert (found.n, found.labels) == (200, 6)


def test_with_a_mask_it_is_torchmetrics(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    probabilities, true, known = drawn
    found = multilabel_figures(probabilities[:, :6], true[:, :6], known[:, :6], 0.5)
    target = torch.from_numpy(np.where(known, true, -1)[:, :6]).long()
    scores = torch.from_numpy(probabilities[:, :6]).float() * 0.9998 + 1.5e-4  # theirs says above, ours at
    for average, mine in (("micro", found.micro.f1), ("macro", found.macro.f1)):
        theirs = MultilabelF1Score(6, average=average, ignore_index=-1)(scores, target)
        assert mine == pytest.approx(theirs.item(), abs=1e-6)
    theirs = MultilabelAveragePrecision(6, ignore_index=-1)(scores, target)
    assert found.mean_average_precision == pytest.approx(theirs.item(), abs=1e-6)


def test_what_is_unknown_counts_nowhere(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    probabilities, true, known = drawn
    other, lie = probabilities.copy(), true.copy()
    other[~known], lie[~known] = 0.99, ~true[~known]
    assert multilabel_figures(other, lie, known) == multilabel_figures(probabilities, true, known)
    assert np.array_equal(choose_thresholds(other, lie, known), choose_thresholds(probabilities, true, known))


def test_thresholds_are_the_best_there_are(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    probabilities, true, known = drawn
    chosen = choose_thresholds(probabilities, true, known, few=0)
    best = multilabel_figures(probabilities, true, known, chosen).macro.f1
    for label in range(6):
        for other in np.linspace(0, 1, 101):
            tried = chosen.copy()
            tried[label] = other
            assert multilabel_figures(probabilities, true, known, tried).macro.f1 <= best + 1e-12


def test_rare_labels_share_the_threshold_that_is_best_for_all(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    probabilities, true, known = drawn
    counts = (true & known).sum(axis=0)
    few = int(np.sort(counts)[2]) + 1  # three of the seven are rare, one of them absent
    chosen, own = (choose_thresholds(probabilities, true, known, n) for n in (few, 0))
    rare = counts < few
    assert np.array_equal(chosen[~rare], own[~rare])
    (common,) = set(chosen[rare])
    assert chosen[6] == own[6] == common, "no picture has it"
    best = multilabel_figures(probabilities, true, known, common).micro.f1
    for other in np.linspace(0, 1, 101):
        assert multilabel_figures(probabilities, true, known, other).micro.f1 <= best + 1e-12
    nobody = choose_thresholds(probabilities, np.zeros_like(true), known)
    assert (nobody == 0.5).all()


def test_average_precision_by_hand() -> None:
    # Right, wrong, right: precisions 1 and 2/3 at recalls 1/2 and 1. With equal scores there is one step.
    right = np.array([True, False, True])
    assert average_precision(np.array([0.9, 0.8, 0.7]), right) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.array([0.5, 0.5, 0.5]), right) == pytest.approx(2 / 3)


def test_shapes_must_fit() -> None:
    with pytest.raises(InvalidRequest, match="one shape"):
        multilabel_figures(np.zeros((2, 3)), np.zeros((2, 2), bool), np.zeros((2, 3), bool))
    with pytest.raises(InvalidRequest, match="a picture"):
        multilabel_figures(np.zeros((0, 3)), np.zeros((0, 3), bool), np.zeros((0, 3), bool))


def test_each_picture_is_decided_at_thresholds_of_the_others() -> None:
    rng = np.random.default_rng(1)
    true = rng.random((60, 3)) < 0.4
    known = rng.random((60, 3)) < 0.9
    probabilities = rng.random((60, 3))
    order = np.random.default_rng(5).permutation(60)
    said = said_by_the_others(probabilities, true, known, np.random.default_rng(5), few=2, folds=3)
    for start in (0, 20, 40):
        fold = order[start : start + 20]
        rest = np.delete(np.arange(60), fold)
        thresholds = choose_thresholds(probabilities[rest], true[rest], known[rest], 2)
        assert np.array_equal(said[fold], probabilities[fold] >= thresholds)


def test_thresholds_of_the_others_do_not_flatter_noise() -> None:
    rng = np.random.default_rng(2)
    true, known, noise = rng.random((80, 40)) < 0.12, np.ones((80, 40), np.bool_), rng.random((80, 40))
    own = noise >= choose_thresholds(noise, true, known)
    others = said_by_the_others(noise, true, known, np.random.default_rng(0))
    flattered, honest = (Counts.of(said, true, known, 0).f1.mean() for said in (own, others))
    assert flattered > honest + 0.03
