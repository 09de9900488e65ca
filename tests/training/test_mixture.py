"""Batches: labels stay with their pictures, every item once an epoch, the same number gives the same batch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fashionviz.models.registry import IMAGENET_MEAN, IMAGENET_STD
from fashionviz.training.mixture import EpochSampler, Mixture
from fashionviz.training.recipes import Recipe, Stage
from fashionviz.training.sources import Source

CLASSES = 4
RECIPE = Recipe("m", (Stage((24, 16), 2), Stage((32, 24), 1)), batch={"main": 70, "side": 10}, erase=0.0)


def plain(counts: list[int], shade: int = 0, seed: int = 0) -> Source:
    """Pictures whose grey level tells their class: the label can be read back from the batch."""
    codes = np.repeat(np.arange(CLASSES), counts)
    np.random.default_rng(seed).shuffle(codes)
    pixels = np.empty((len(codes), 20, 15, 3), dtype=np.uint8)
    pixels[:] = (codes * 60 + shade).astype(np.uint8)[:, None, None, None]
    labels = torch.from_numpy(codes)
    weight = torch.full((len(codes),), 1 / len(codes))
    return Source(pixels, F.one_hot(labels, CLASSES).bool(), "plain", weight, {"twice": labels * 2})


@pytest.fixture
def mixture() -> Mixture:
    sources = {"main": plain([150, 80, 30, 20]), "side": plain([5, 5, 5, 5], shade=1, seed=3)}
    return Mixture(RECIPE, sources, np.empty((0, 8, 6, 3), np.uint8), heads=("twice", "never"))


def classes_seen(images: torch.Tensor) -> torch.Tensor:
    mean = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)
    std = torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)
    grey = ((images * std + mean) * 255)[:, :, 10:14, 6:10].mean(dim=(1, 2, 3))  # the margins are white
    return (grey / 60).round().long()


@pytest.mark.parametrize("balance", [False, True])
def test_labels_stay_with_their_pictures(mixture: Mixture, balance: bool) -> None:
    mixture.recipe = replace(RECIPE, balance=balance)
    batch = mixture[2]
    assert batch.images.shape == (80, 3, 24, 16)
    labels = batch.allowed.int().argmax(dim=1)
    assert torch.equal(classes_seen(batch.images), labels)
    assert torch.equal(batch.auxiliary["twice"], labels * 2)
    assert (batch.auxiliary["never"] == -1).all()


def test_every_item_once_an_epoch(mixture: Mixture) -> None:
    assert len(mixture) == 4
    drawn = [mixture._choose("main", 70, 1, step, torch.Generator()) for step in range(4)]
    assert sorted(np.concatenate(drawn)) == list(range(280))
    again = [mixture._choose("main", 70, 2, step, torch.Generator()) for step in range(4)]
    assert not np.array_equal(np.concatenate(drawn), np.concatenate(again)), "epochs differ"


def test_a_number_means_the_same_batch_to_whoever_asks(mixture: Mixture) -> None:
    first, second = mixture[5], mixture[5]
    assert all(torch.equal(a, b) for a, b in zip(first[:2], second[:2], strict=True))
    assert not torch.equal(mixture[4].images, first.images)
    assert mixture[2 * 4].images.shape[2:] == (32, 24), "the third epoch has another resolution"


def test_balance_draws_rare_classes_as_often(mixture: Mixture) -> None:
    mixture.recipe = replace(RECIPE, balance=True)
    counts = torch.stack([mixture[i].allowed[:70].sum(0) for i in range(40)]).sum(0).float()
    expected = counts.sum() / CLASSES
    assert ((counts - expected).abs() < 5 * expected.sqrt()).all()


def test_uncertain_items_do_not_fill_the_epoch() -> None:
    source = plain([40, 40, 40, 40])
    source.allowed[:60] = True
    recipe = replace(RECIPE, batch={"main": 10})
    mixture = Mixture(recipe, {"main": source}, np.empty((0, 8, 6, 3), np.uint8))
    assert len(mixture) == 10
    assert all((mixture[i].allowed.sum(1) == 1).all() for i in range(10))


def test_processes_share_an_epoch_out() -> None:
    parts = []
    for rank in range(2):
        sampler = EpochSampler(7, rank, 2)
        sampler.set_epoch(3)
        parts.append(list(sampler))
        assert len(sampler) == len(parts[-1]) == 3
    assert sorted(parts[0] + parts[1]) == [21, 22, 23, 24, 25, 26]
    assert list(EpochSampler(3)) == [0, 1, 2]


def test_at_most_so_many_of_a_class() -> None:
    recipe = replace(RECIPE, batch={"main": 10}, at_most=40)
    mixture = Mixture(recipe, {"main": plain([150, 80, 30, 20])}, np.empty((0, 8, 6, 3), np.uint8))
    assert mixture.counts.tolist() == [40, 40, 30, 20]
    assert len(mixture) == 13
    assert torch.stack([mixture[i].allowed.sum(0) for i in range(13)]).sum(0).tolist() == [40, 40, 30, 20]
    again = Mixture(recipe, mixture.sources, mixture.ground)
    assert np.array_equal(again.certain, mixture.certain)
    other = Mixture(replace(recipe, seed=5), mixture.sources, mixture.ground)
    assert not np.array_equal(other.certain, mixture.certain)
