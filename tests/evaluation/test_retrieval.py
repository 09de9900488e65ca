"""Ranks, recall, precision and match probability by hand; reports come back as they were written."""

import json
from pathlib import Path

import numpy as np
import pytest

from fashionviz.data.item_groups import ItemGroups, group_pictures
from fashionviz.data.street2shop import CATEGORY11
from fashionviz.embed_results import DEPTHS
from fashionviz.evaluation.retrieval import Gallery, Queries, category_report, retrieval
from fashionviz.evaluation.retrieval_figures import match_error, nearest, ranks, recall, resampled
from fashionviz.evaluation.retrieval_page import retrieval_lines
from fashionviz.evaluation.retrieval_print import print_retrieval
from fashionviz.evaluation.retrieval_report import load_retrieval_report, save_retrieval_report
from fashionviz.models.card import MatchCurve
from fashionviz.results import ModelRef
from fashionviz.retrieval_json import retrieval_report_json
from fashionviz.training.measure_items import item_metrics, match_curve
from tests.items import garment

MODEL = "mobilenet_v2.item"
REF = ModelRef(MODEL, "ab" * 32)


def at(*degrees: float) -> np.ndarray:
    """Vectors of norm 1 in the plane."""
    angles = np.deg2rad(np.array(degrees))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_ranks_by_hand() -> None:
    gallery, queries = at(0, 30, 60, 90), at(10, 80)
    numbers = np.arange(4)
    # From 10 degrees the items lie 10, 20, 50 and 80 away; from 80 they lie 80, 50, 20 and 10 away.
    assert ranks(queries, gallery, np.array([0, 0]), numbers).tolist() == [1, 4]
    assert ranks(queries, gallery, np.array([2, 2]), numbers).tolist() == [3, 2]
    one = np.array([0, 1, 0, 3])  # the first and the third are one product: the nearer one counts
    assert ranks(queries, gallery, np.array([0, 0]), one).tolist() == [1, 2]
    same = np.ones((4, 2), np.float32) / np.sqrt(2)
    assert ranks(same[:1], same, np.array([0]), numbers).tolist() == [4], "equal vectors find nothing"
    rows, values = nearest(queries, gallery, 2)
    assert rows.tolist() == [[0, 1], [3, 2]]
    assert values == pytest.approx(np.cos(np.deg2rad([[10, 20], [10, 20]])), abs=1e-6)


def test_ranks_are_those_of_sorting(rng: np.random.Generator) -> None:
    gallery, queries = (rng.normal(size=(n, 16)).astype(np.float32) for n in (300, 40))
    gallery, queries = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (gallery, queries))
    true, groups = rng.integers(0, 90, 40), rng.integers(0, 90, 300)
    for query, label, place in zip(queries, true, ranks(queries, gallery, true, groups), strict=True):
        order = groups[np.argsort(-(gallery @ query))]
        others = order[: int(np.flatnonzero(order == label)[0])] if label in order else order
        assert place == len(others) + 1


def test_recall_and_its_interval() -> None:
    places, items = np.array([1, 2, 7, 30]), np.array([5, 5, 6, 6])
    found = recall(places, items)
    assert found.at == (0.25, 0.5, 0.75, 0.75)
    assert DEPTHS == (1, 5, 10, 20)
    assert found.median_rank == 4.5
    # Two items of two views each: a resampling is one of both (¼ each) or one of each (½).
    assert found.ci95[1] == (0.0, 1.0)
    value, (low, high) = resampled(np.tile([1.0, 0.0], 500), np.arange(1000))
    assert value == 0.5
    assert (low, high) == pytest.approx((0.5 - 1.96 * 0.0158, 0.5 + 1.96 * 0.0158), abs=0.006)


def test_match_error_by_hand() -> None:
    right = np.array([True, True, False, False])
    # Two bins: 0.9 said and all right, 0.2 said and none right: (0.1 + 0.2) / 2.
    error, (low, high) = match_error(np.array([0.9, 0.9, 0.2, 0.2]), right)
    assert error == pytest.approx(0.15)
    assert low <= error <= high


def test_items_with_equal_photos_are_one_and_colours_are_not() -> None:
    shirt = garment(0)
    paler = (255 - (255 - shirt.astype(int)) * 0.985).astype(np.uint8)
    blue = shirt[..., ::-1].copy()
    blue[shirt.min(axis=2) > 230] = 255
    pictures = np.stack([shirt, garment(5), shirt, paler, blue])
    groups = group_pictures(pictures)
    assert groups.exact[0] == groups.exact[2]
    assert len(set(groups.exact.tolist())) == 4
    assert groups.near[0] == groups.near[2] == groups.near[3]
    assert len({groups.near[i] for i in (0, 1, 4)}) == 3
    assert groups.variant[4], "the same shape in another colour"
    assert not groups.variant[1]
    counts = groups.counts()
    assert (counts["exact_items"], counts["exact_groups"], counts["near_items"], counts["near_groups"]) == (2, 1, 3, 1)


@pytest.fixture
def found() -> tuple[Gallery, Queries, np.ndarray, np.ndarray]:
    """Four items, the first and the last with equal photos; two views of each of the last two."""
    groups = ItemGroups(np.array([0, 1, 2, 0]), np.array([0, 1, 1, 0]), np.array([False] * 4))
    gallery = Gallery((), None, np.array([11, 12, 13, 14]), groups, np.array([10, -1, 4, 10]))
    queries = Queries(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([2, 2, 3, 3]), skipped=3)
    photos = at(0, 30, 60, 0)
    return gallery, queries, photos, at(58, 20, 4, 16)


def test_a_report_by_hand(
    found: tuple[Gallery, Queries, np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery, queries, photos, seen = found
    curve = MatchCurve(slope=0.0, intercept=0.0, n=4, data_set="fpi", split="validation", note="made up")
    made = retrieval(gallery, queries, photos, seen, model=REF, data_set="fpi", split="test", match=curve)
    report = made.report
    # Item 13 from 58 degrees: first. From 20: 12, 11, 14 come before it; 11 and 14 are one product of another item.
    # Item 14 from 4: 11 has the same photo. From 16: 12 is nearer than both.
    assert made.exact.tolist() == [1, 4, 1, 2]
    assert made.strict.tolist() == [1, 4, 2, 3]
    assert made.near.tolist() == [1, 1, 1, 2], "12 is nearly 13"
    assert made.found.tolist()[:2] == [13, 12]
    assert made.similarity == pytest.approx(np.cos(np.deg2rad([2, 10, 4, 14])), abs=1e-6)
    assert (report.n, report.items, report.views, report.skipped, report.gallery) == (4, 2, 2, 3, 4)
    assert report.recall.at[0] == 0.5
    assert report.strict.at[0] == 0.25
    assert report.near.at[0] == 0.75
    assert {c.category: (c.recall.n, c.recall.at[0]) for c in report.per_category} == {
        CATEGORY11[4]: (2, 0.5), CATEGORY11[10]: (2, 0.5),
    }  # fmt: skip
    assert report.match_ece == pytest.approx(0.0), "one half of the first hits are right, and one half is said"
    assert item_metrics(report)["recall_at_1_strict"].value == 0.25

    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    save_retrieval_report(made, tmp_path / MODEL)
    assert load_retrieval_report(MODEL) == report
    facts = json.loads(json.dumps(retrieval_report_json(report)))
    assert facts["recall_at_1"] == 0.5
    assert facts["recall_at_1_near"] == 0.75
    assert facts["median_rank"] == 1.5
    assert any("synthetic" in line for line in retrieval_lines(report, curve))


def test_the_match_curve_is_scikit_learns(rng: np.random.Generator) -> None:
    from sklearn.linear_model import LogisticRegression

    similar = rng.uniform(0.3, 1, 400).astype(np.float32)
    right = rng.random(400) < 1 / (1 + np.exp(-(9 * similar - 6)))

    class Made:
        similarity, exact = similar, np.where(right, 1, 2)
        report = type("R", (), {"n": 400, "data_set": "fpi", "split": "validation"})

    curve = match_curve(Made())  # type: ignore[arg-type]
    other = LogisticRegression(C=1e8).fit(similar[:, None], right)
    assert curve.slope == pytest.approx(float(other.coef_[0, 0]), rel=0.02)
    assert curve.probabilities(similar) == pytest.approx(other.predict_proba(similar[:, None])[:, 1], abs=0.005)
    assert 0 <= float(curve.probabilities(np.array(-1.0))) < float(curve.probabilities(np.array(1.0))) <= 1


def test_category_precision_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    photos = at(*range(20))
    categories = np.array([0] * 10 + [1] * 5 + [-1] * 5)
    report = category_report(REF, "clothing", "validation", np.array([0, 1]), at(0, 19), photos, categories, 7)
    assert report.precision_at_10 == pytest.approx((1.0 + 0.5) / 2)
    assert report.macro_precision_at_10 == pytest.approx(0.75)
    assert report.chance == pytest.approx((0.5 + 0.25) / 2)
    assert [(c.category, c.n, c.value) for c in report.per_category] == [
        (CATEGORY11[0], 1, 1.0),
        (CATEGORY11[1], 1, 0.5),
    ]
    assert (report.skipped, report.gallery) == (7, 20)
    assert retrieval_report_json(report)["precision_at_10"] == report.precision_at_10
    print_retrieval(report, as_json=False)
    assert "0.7500 are of the photo's category" in " ".join(capsys.readouterr().out.split())
