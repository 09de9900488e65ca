"""How the lines are fitted: against scikit-learn, by hand, and a whole run on drawn pictures."""

import math

import numpy as np
import pytest
import torch

from fashionviz.data.patterns import FITTED
from fashionviz.errors import DataError
from fashionviz.models.assurance import GarmentRow
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.training import albums
from fashionviz.training.albums import Album, drawn_garments, drawn_patterns, part_of, present
from fashionviz.training.assurance import Seen, fit_row, look, measured, rejection_line, sure_line
from fashionviz.training.logistic import balanced_weights, fit_logistic
from tests.assured import lines

SPEC = get_model("category_cnn28.category11")


def album(garments: bool, title: str = "pictures") -> Album:
    return Album(title, "made up", "test", garments, np.empty((0, 28, 28, 3), dtype=np.uint8))


def seen(embedding: np.ndarray, garments: bool, right: np.ndarray | None = None, top: float = 0.9) -> Seen:
    n = len(embedding)
    probabilities = np.tile([top, 1 - top], (n, 1))
    return Seen(album(garments), embedding.astype(np.float32), probabilities, right)


def test_logistic_regression_equals_scikit_learns(rng: np.random.Generator) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    x = rng.normal(size=(300, 6)) * [1, 5, 0.1, 2, 1, 1] + [0, 10, 0, -3, 0, 0]
    x[:, 5] = 4.0  # a feature that never changes
    y = (x[:, 0] - 0.4 * x[:, 1] + rng.normal(size=300)) > -4
    weights = balanced_weights([(100, True), (200, False)])
    penalty = 0.01
    w, b = fit_logistic(x, y, weights, penalty)
    spread = np.where(x.std(0) > 1e-8, x.std(0), 1)
    theirs = linear_model.LogisticRegression(C=1 / (penalty * 300), tol=1e-10, max_iter=10_000)
    theirs.fit((x - x.mean(0)) / spread, y, sample_weight=weights)
    assert np.allclose(x @ w + b, theirs.decision_function((x - x.mean(0)) / spread), atol=1e-4)


def test_every_kind_counts_the_same() -> None:
    weights = balanced_weights([(10, True), (30, True), (20, False)])
    assert weights.mean() == pytest.approx(1)
    sums = [weights[:10].sum(), weights[10:40].sum(), weights[40:].sum()]
    assert sums == pytest.approx([15, 15, 30])


def test_the_rejection_line_by_hand() -> None:
    many = np.arange(200.0)  # 1 % of 200: two may lie below
    few = np.arange(50.0) + 1  # 1 % of 50: none
    assert rejection_line([many]) == 2
    assert (many < 2).sum() == 2
    assert rejection_line([many, few]) == 1


def test_no_kind_loses_more_than_its_share(rng: np.random.Generator) -> None:
    kinds = [rng.normal(i, 2, 100 * (i + 1)) for i in range(3)]
    line = rejection_line(kinds)
    assert all((kind < line).mean() <= 0.01 for kind in kinds)


def test_the_line_of_sure_answers_by_hand() -> None:
    top = np.linspace(1, 0.5, 101)
    right = np.ones(101, dtype=bool)
    assert sure_line(top, right) == 0.5  # all right: nothing is called unsure
    right[95:] = False  # 95 right; with 96 answers 98.96 %, with 97 97.9 %
    assert sure_line(top, right) == pytest.approx(top[95], abs=1e-4)
    right[:] = False  # never right enough: a quarter is called unsure, no more
    line = sure_line(top, right)
    assert (top < line).mean() <= 0.25
    assert (top < line).sum() == 25


def test_the_kept_row_rejects_few_garments_and_finds_the_others(rng: np.random.Generator) -> None:
    def draws(n: int) -> list[Seen]:
        garments = rng.normal(0, 1, (n, 8)) + np.eye(8)[0] * 4
        others = rng.normal(0, 1, (n, 8)) - np.eye(8)[0] * 4
        return [seen(garments, True), seen(others, False)]

    fitted, chosen = draws(200), draws(300)
    fit = fit_row(fitted, chosen)
    logits = [s.embedding @ fit.row.weight.numpy() + fit.row.bias for s in chosen]
    assert (logits[0] < 0).mean() <= 0.01
    assert fit.found == pytest.approx((logits[1] < 0).mean(), abs=1e-6)
    assert fit.found > 0.95
    assert fit.odds > 0
    again = fit_row(fitted, chosen)
    assert torch.equal(again.row.weight, fit.row.weight)
    with pytest.raises(DataError, match="fashionviz data fetch"):
        fit_row(fitted[:1], chosen)


def test_measured_by_hand() -> None:
    embedding = np.array([[1.0], [1.0], [1.0], [-1.0]])
    row = GarmentRow(torch.tensor([5.0]), 0.0)
    probabilities = np.array([[0.9, 0.1], [0.55, 0.45], [0.8, 0.2], [0.9, 0.1]])
    pictures = Seen(album(True), embedding.astype(np.float32), probabilities, np.array([True, False, True, True]))
    found = measured(pictures, row, lines(0.6))
    assert found.not_a_garment is not None
    assert (found.not_a_garment.count, found.not_a_garment.n) == (1, 4)
    assert (found.unsure.count, found.unsure.n) == (1, 3)
    assert found.right_sure is not None
    assert (found.right_sure.count, found.right_sure.n) == (2, 2)
    assert found.right_unsure is not None
    assert (found.right_unsure.count, found.right_unsure.n) == (0, 1)
    # Where it is not offered, nothing is rejected, but the rates are still told.
    silent = measured(pictures, row, lines(0.6, None))
    assert silent.not_a_garment == found.not_a_garment
    assert silent.unsure.n == 4


def test_the_embedding_is_what_the_head_receives() -> None:
    torch.manual_seed(0)
    network = SPEC.build().eval()
    pictures = drawn_patterns(SPEC, FITTED, "drawn", count=5, first=0)
    found = look(SPEC, network, 2.0, pictures)
    head = network.get_submodule(SPEC.head)
    with torch.no_grad():
        logits = head(torch.from_numpy(found.embedding)).double()
    assert np.allclose(found.probabilities, (logits / 2).softmax(1).numpy(), atol=1e-6)
    assert found.right is None


def test_parts_are_parts(rng: np.random.Generator) -> None:
    picture = np.arange(40 * 30 * 3, dtype=np.uint8).reshape(40, 30, 3)
    for _ in range(20):
        part = part_of(picture, rng)
        assert 40 >= part.shape[0] >= math.floor(0.55 * 40)
        assert 30 >= part.shape[1] >= math.floor(0.55 * 30)


def test_missing_photos_are_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path))
    monkeypatch.setattr(albums, "KINDS", albums.KINDS[:1])
    sizes = albums.Sizes(fit=4, choose=3, measure=2)
    titles = [a.title for a in present(albums.to_fit(SPEC, 0, sizes))]
    assert titles == ["drawn example garments", "drawn patterns"]
    assert len(drawn_garments(SPEC, seeds=range(2)).pixels) == 2


@pytest.mark.parametrize(
    ("model", "catalogue"),
    [("category_cnn28.category11", "fpi"), ("mobilenet_v2.clothing10", "fpi"), ("fashionnet.category50", "fpi-large")],
)
def test_a_model_is_asked_about_the_catalogue_that_it_learned(
    monkeypatch: pytest.MonkeyPatch, model: str, catalogue: str
) -> None:
    asked: list[tuple[str, str]] = []

    def note(spec: ModelSpec, data_set: str, split: str, title: str, **others: object) -> Album:
        asked.append((data_set, split))
        raise DataError("only noted")

    monkeypatch.setattr(albums, "garment_photos", note)
    spec, sizes = get_model(model), albums.Sizes(fit=1, choose=1, measure=1)
    for plan in (albums.to_fit, albums.to_choose, albums.to_measure):
        list(present(plan(spec, 0, sizes)[:1]))
    assert asked == [(catalogue, "train"), (catalogue, "validation"), (catalogue, "test")]


def test_a_network_that_is_slow_to_ask_is_asked_about_fewer_pictures() -> None:
    def sizes(name: str) -> albums.Sizes:
        spec = get_model(name)
        return albums.sizes_for(spec, spec.build().eval())

    assert sizes("category_cnn28.category11") == albums.SIZES
    assert sizes("vgg16.clothing10") == albums.FEW
