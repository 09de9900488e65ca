"""An embedder from Parquet to served weights; batches and losses by hand."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fashionviz.data import cutouts
from fashionviz.embed_results import CategoryReport
from fashionviz.errors import InvalidRequest
from fashionviz.evaluation.retrieval import Retrieved, evaluate_embedding, open_gallery
from fashionviz.evaluation.retrieval_report import load_retrieval_report
from fashionviz.models.card import load_card
from fashionviz.models.registry import get_model
from fashionviz.models.weights import FILE, model_folder
from fashionviz.training import commands, feeds
from fashionviz.training.item_losses import LOSSES, ItemLoss, triplet_loss
from fashionviz.training.item_material import ItemPairs, item_material
from fashionviz.training.item_recipes import ITEM_RECIPES
from fashionviz.training.item_run import train_embedder
from fashionviz.training.starts import Start
from tests.cli.test_cli import run
from tests.items import item_house

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

MODEL = "mobilenet_v2.item"
SPEC = get_model(MODEL)
RECIPE = replace(
    ITEM_RECIPES[MODEL], stages=(((64, 48), 2),), items=4, queries=4, memory=8, warmup=1, ema_decay=0.5, alike=0.5
)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(cutouts, "PATCHES", 12)
    item_house(tmp_path / "data")
    return tmp_path


def quietly(done: int, total: int) -> None:
    """Instead of a progress bar."""


def test_train_install_evaluate(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(RECIPE, stages=(((64, 48), 1),))
    monkeypatch.setattr(commands, "any_recipe", lambda name: recipe)
    feed = feeds.FEEDS["item"]
    reported = tuple(c for c in feed.reported if c.data_set != "ccp-garments")  # these photos have no masks
    monkeypatch.setitem(feeds.FEEDS, "item", replace(feed, reported=reported))
    said = commands.train_and_install(MODEL, init="scratch")
    assert said.startswith(f"Installed {MODEL}")
    card, report = load_card(model_folder(MODEL)), load_retrieval_report(MODEL)
    assert report is not None
    assert card.dtype == "float16"
    assert (model_folder(MODEL) / FILE).stat().st_size < 8 * 2**20
    assert card.classes == ()
    assert card.assurance is None
    assert card.match is not None
    assert card.match.split == "validation"
    assert card.golden is not None
    assert len(card.golden.logits) == 256
    assert sum(v * v for v in card.golden.logits) == pytest.approx(1, abs=1e-5)
    assert (report.gallery, report.items, report.views, report.n) == (16, 4, 2, 8)
    assert report.duplicates["exact_items"] == 2, "the last test item is the first one of train"
    assert "synthetic" in report.note
    for name, value in zip(("recall_at_1", "recall_at_5", "recall_at_10"), report.recall.at, strict=False):
        metric = card.metric(name, "fpi", "test")
        assert metric is not None
        assert metric.value == value
    assert card.metric("match_ece", "fpi", "test") is not None
    assert card.metric("precision_at_10", "clothing", "validation") is not None
    assert {"train_loss", "val_recall_at_1", "val_spread"} <= set(card.recipe["history"][0])

    status, out, err = run("evaluate", MODEL, "--data", "fpi", "--split", "test", "--json")
    assert status == 0, err
    facts = json.loads(out)
    assert facts["recall_at_10"] == pytest.approx(report.recall.at[2])
    assert facts["recall_at_1_ci95"] == list(report.recall.ci95[0])
    assert facts["sha256"] == card.sha256
    again = evaluate_embedding(MODEL, "clothing", "validation")
    assert isinstance(again, CategoryReport)
    assert (again.n, again.gallery) == (2, 16)
    assert commands.train_and_install(MODEL, init="scratch").startswith("Not installed"), "no better than itself"


def test_a_run_that_was_killed_goes_on_along_the_same_curve(house: Path) -> None:
    whole = train_embedder(RECIPE, Start("scratch"), folder=house / "whole", on_epoch=quietly)
    train_embedder(RECIPE, Start("scratch"), epochs=1, folder=house / "cut", on_epoch=quietly)
    rest = train_embedder(RECIPE, Start("scratch"), resume=True, folder=house / "cut", on_epoch=quietly)
    assert [row["epoch"] for row in rest.history] == [0, 1]
    one, other = (torch.load(r.last, map_location="cpu", weights_only=True) for r in (whole, rest))
    for name, value in one["state_dict"].items():
        assert torch.allclose(value.float(), other["state_dict"][name].float(), atol=1e-5), name
    assert one["item_loss"]["steps"] == other["item_loss"]["steps"] == 4
    assert torch.allclose(one["item_loss"]["vectors"], other["item_loss"]["vectors"], atol=1e-4), "the memory goes on"


def test_a_batch_depends_on_its_number_alone(house: Path) -> None:
    pairs = ItemPairs(RECIPE, SPEC, item_material("train"))
    assert len(pairs) == 2
    batch, again = pairs[1], ItemPairs(RECIPE, SPEC, item_material("train"))[1]
    assert all(torch.equal(a, b) for a, b in zip(batch, again, strict=True))
    assert batch.images.shape == (8, 3, 64, 48)
    assert batch.photos.tolist() == [True] * 4 + [False] * 4
    assert torch.equal(batch.labels[:4], batch.labels[4:])
    epoch = torch.cat([pairs[0].labels[:4], pairs[1].labels[:4]])
    assert len(epoch.unique()) == 8, "every item once an epoch"
    assert not torch.equal(pairs[2].images, pairs[0].images), "the next epoch shows them differently"
    with pytest.raises(InvalidRequest, match="There are 8 items, not 9"):
        ItemPairs(replace(RECIPE, subsample=9), SPEC, item_material("train"))
    with pytest.raises(InvalidRequest, match="one process"):
        commands.train_and_install(MODEL, init="scratch", devices=2)


def test_triplets_by_hand() -> None:
    """Two items, two pictures each, on a line: distances can be read off."""
    vectors = torch.tensor([[0.0, 0], [0.3, 0], [0.4, 0], [1.0, 0]])
    labels = torch.tensor([0, 0, 1, 1])
    loss, miner = triplet_loss(0.2, "hardest", normalised=False)
    # Positive against hardest negative: of 0 .3 and .4, of 1 .3 and .1, of 2 .6 and .1, of 3 .6 and .7.
    expected = np.mean([max(0, 0.2 + p - n) for p, n in ((0.3, 0.4), (0.3, 0.1), (0.6, 0.1), (0.6, 0.7))])
    assert float(loss(vectors, labels, miner(vectors, labels))) == pytest.approx(expected, abs=1e-6)
    loss, miner = triplet_loss(0.2, "semihard", normalised=False)
    # Semi-hard negatives are farther than the positive, by less than the margin: 0-1-2 and 3-2-1.
    anchors, positives, negatives = miner(vectors, labels)
    assert sorted(zip(anchors.tolist(), positives.tolist(), negatives.tolist(), strict=True)) == [(0, 1, 2), (3, 2, 1)]
    assert float(loss(vectors, labels, (anchors, positives, negatives))) == pytest.approx(0.1, abs=1e-6)
    still = torch.zeros(4, 2)
    loss, miner = triplet_loss(0.2, "random", normalised=False)
    assert float(loss(still, labels, miner(still, labels))) == pytest.approx(0.2, abs=1e-5), "collapsed: at the margin"


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_small_where_items_are_apart(name: str) -> None:
    loss = replace(RECIPE, loss=name, warmup=0, triplet=0.5)
    apart = F.normalize(torch.eye(4, 256).repeat(2, 1), dim=1)
    together = F.normalize(
        torch.ones(8, 256) + 0.01 * torch.randn(8, 256, generator=torch.Generator().manual_seed(0)), dim=1
    )
    labels, photos = torch.arange(4).repeat(2), torch.arange(8) < 4
    good, bad = (float(sum(ItemLoss(loss, 256)(v, labels, photos).values())) for v in (apart, together))
    least = 0.32 if name == "multi-similarity" else 0.05  # its pull on pairs that are together already never ends
    assert good < least
    assert bad > good + 0.05


def test_supcon_by_hand_and_what_the_memory_adds() -> None:
    recipe = replace(RECIPE, loss="supcon", triplet=0.0, warmup=1, temperature=0.5, memory=4)
    found = ItemLoss(recipe, 2)
    angles = torch.tensor([0.0, 1.2, 0.3, 1.7])
    vectors = torch.stack([angles.cos(), angles.sin()], dim=1)
    labels, photos = torch.tensor([0, 1, 0, 1]), torch.tensor([True, True, False, False])
    assert set(found(vectors, labels, photos)) == {"pairs"}, "the memory warms up"
    parts = found(vectors, labels, photos)
    similar = vectors @ vectors.T / 0.5
    rows = [torch.log_softmax(similar[i][torch.arange(4) != i], 0) for i in range(4)]
    expected = -torch.stack([rows[0][1], rows[1][2], rows[2][0], rows[3][1]]).mean()
    assert float(parts["pairs"]) == pytest.approx(float(expected), abs=1e-5)
    # The two views against both photos, which the memory holds twice by now.
    logits = similar[2:, [0, 1, 0, 1]].log_softmax(dim=1)
    expected = -torch.stack([logits[0, [0, 2]].mean(), logits[1, [1, 3]].mean()]).mean()
    assert float(parts["memory"]) == pytest.approx(float(expected), abs=1e-5)


def test_vectors_have_norm_one_and_the_trunk_is_imagenets() -> None:
    network = SPEC.build().eval()
    with torch.no_grad():
        vectors = network(torch.randn(3, 3, 128, 96))
    assert vectors.shape == (3, 256)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3), atol=1e-5)
    from torchvision.models import mobilenet_v2

    theirs = {k for k in mobilenet_v2(weights=None).state_dict() if k.startswith("features.")}
    assert {k for k in network.state_dict() if k.startswith("features.")} == theirs


def test_others_are_refused(house: Path) -> None:
    with pytest.raises(InvalidRequest, match="gives classes, no vectors"):
        evaluate_embedding("mobilenet_v2.gender_category", "fpi", "test")
    file = house / "data" / "fpi" / "test-00000-of-00001.parquet"
    for gallery in (open_gallery("fpi", "test"), open_gallery(shutil.copy(file, house / "mine.parquet"), None)):
        assert (len(gallery.ids), gallery.start) == (16, 12), "a copy of a public split takes its place"
    found = evaluate_embedding(MODEL, "fpi", "test", network=SPEC.build().eval())
    assert isinstance(found, Retrieved)
    assert found.report.recall.at[0] >= found.report.strict.at[0]
    assert found.report.near.at[0] >= found.report.recall.at[0]
