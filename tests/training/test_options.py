"""What a recipe may choose beside the first ones: shear, penalties, initialisers, optimisers, a subsample."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fashionviz.errors import InvalidRequest, WeightsError
from fashionviz.models.weights import FILE, model_folder
from fashionviz.training.augment import Warp, warp
from fashionviz.training.initialisers import INITIALISERS, initialise
from fashionviz.training.mixture import Batch
from fashionviz.training.module import GarmentClassifier
from fashionviz.training.recipes import Recipe, Stage
from fashionviz.training.sources import Source, stratified
from fashionviz.training.starts import starting_weights
from tests.conftest import MODEL

# The module is asked without a trainer to log to.
pytestmark = pytest.mark.filterwarnings("ignore:You are trying to `self.log:UserWarning")

RECIPE = Recipe("m", (Stage((8, 8), 1),), weight_decay=0.0, smoothing=0.0)


def linear(recipe: Recipe) -> GarmentClassifier:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    return GarmentClassifier(network, "1", recipe, ("a", "b"), (), {}, steps=10)


def batch() -> Batch:
    images = torch.rand(4, 3, 2, 2, generator=torch.Generator().manual_seed(1))
    return Batch(images, torch.eye(2, dtype=torch.bool).repeat(2, 1), {})


def _drawn_before_the_shear(n: int, g: torch.Generator) -> None:
    for shape in ((n,), (n,), (n,), (n,), (2, n)):  # zoom, aspect, mirror, angle, shift
        torch.rand(shape, generator=g)


def test_shear_moves_rows_sideways_in_proportion_to_their_distance_from_the_middle() -> None:
    still = Warp(zoom=(1, 1), shift=0, rotate=0, aspect=0, flip=0)
    ramp = torch.linspace(0, 1, 61).expand(1, 1, 81, 61).contiguous()  # a column's value grows by 1/60 a pixel
    level = torch.linspace(0, 1, 81)[:, None].expand(1, 1, 81, 61).contiguous()
    g = torch.Generator().manual_seed(3)
    before = g.get_state()
    out = warp(ramp, (81, 61), replace(still, shear=0.2), g)[0, 0, :, 30] * 60 - 30  # pixels that a row has moved
    y = torch.arange(81) - 40.0
    g.set_state(before)
    _drawn_before_the_shear(1, g)
    lean = float(torch.rand((1,), generator=g)) * 0.4 - 0.2
    assert abs(lean) > 0.01
    torch.testing.assert_close(out, lean * y, atol=1e-3, rtol=0)
    g.set_state(before)
    assert torch.allclose(warp(level, (81, 61), replace(still, shear=0.2), g)[..., 30], level[..., 30], atol=1e-5)


def test_without_shear_the_random_numbers_of_a_recipe_stay_what_they_were() -> None:
    g, h = torch.Generator().manual_seed(0), torch.Generator().manual_seed(0)
    warp(torch.rand(2, 3, 8, 8), (8, 8), Warp(), g)
    _drawn_before_the_shear(2, h)
    assert torch.equal(g.get_state(), h.get_state())


def test_penalties_by_hand() -> None:
    plain, both = linear(RECIPE), linear(replace(RECIPE, l1=0.5, l2=0.25))
    weight = both.network[1].weight.detach()  # type: ignore[index]
    expected = 0.5 * float(weight.abs().sum()) + 0.25 * float((weight**2).sum())
    assert expected > 0.5
    added = both.training_step(batch(), 0) - plain.training_step(batch(), 0)
    assert added.item() == pytest.approx(expected, rel=1e-5)
    # d/db of the penalty is nothing: the bias is spared.
    for module in (plain, both):
        module.training_step(batch(), 0).backward()
    assert torch.allclose(plain.network[1].bias.grad, both.network[1].bias.grad)  # type: ignore[index]
    extra = both.network[1].weight.grad - plain.network[1].weight.grad  # type: ignore[index]
    torch.testing.assert_close(extra, 0.5 * weight.sign() + 0.5 * weight)


@pytest.mark.parametrize("name", ["adamw", "adam", "adamax", "adadelta", "adagrad", "sgd"])
def test_every_optimiser_lowers_the_loss_under_the_schedule(name: str) -> None:
    rate = {"adadelta": 1.0, "sgd": 0.1}.get(name, 0.01)
    module = linear(replace(RECIPE, optimiser=name, learning_rate=rate))
    made = module.configure_optimizers()
    optimiser, schedule = made["optimizer"], made["lr_scheduler"]["scheduler"]
    assert type(optimiser).__name__.lower() == name
    first = module.training_step(batch(), 0).item()
    for _ in range(9):
        loss = module.training_step(batch(), 0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    assert module.training_step(batch(), 0).item() < first


@pytest.mark.parametrize(
    ("name", "deviation"),
    # Of a 3×3 convolution from 64 to 128 channels: 576 values in, 1152 out.
    [
        ("he-normal", math.sqrt(2 / 576)),
        ("he-uniform", math.sqrt(2 / 576)),
        ("glorot-normal", math.sqrt(2 / (576 + 1152))),
        ("glorot-uniform", math.sqrt(2 / (576 + 1152))),
        ("random-normal", 0.05),
    ],
)
def test_initialisers(name: str, deviation: float) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(64, 128, 3), nn.BatchNorm2d(128))
    initialise(network, name)
    weight = network[0].weight.detach()
    assert float(weight.std()) == pytest.approx(deviation, rel=0.02)
    assert abs(float(weight.mean())) < deviation / 50
    bounded = float(weight.abs().max()) <= deviation * math.sqrt(3) * 1.0001
    assert bounded == name.endswith("uniform")
    assert network[0].bias is not None
    assert not network[0].bias.any()
    assert bool((network[1].weight == 1).all())
    assert set(INITIALISERS) >= {name}


def test_an_unknown_initialiser_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidRequest, match="he-normal"):
        initialise(nn.Linear(2, 2), "magic")


def source(sizes: tuple[int, ...]) -> Source:
    labels = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    n = len(labels)
    pixels = np.zeros((n, 2, 2, 3), np.uint8)
    pixels[:, 0, 0, 0] = np.arange(n)  # a picture is known by its first pixel
    return Source(
        pixels, torch.nn.functional.one_hot(labels).bool(), "home", torch.full((n,), 1 / n), {"row": torch.arange(n)}
    )


def test_a_subsample_has_the_shares_of_the_classes() -> None:
    whole = source((50, 30, 13, 7))
    # Of 20: 10, 6, 2.6 and 1.4; the largest remainder gets the one that is left.
    part = stratified(whole, 20, seed=1)
    assert part.allowed.sum(0).tolist() == [10, 6, 3, 1]
    rows = part.auxiliary["row"]
    assert len(set(rows.tolist())) == 20
    assert part.pixels[:, 0, 0, 0].tolist() == rows.tolist()
    assert torch.equal(part.allowed, whole.allowed[rows])
    assert float(part.weight.sum()) == pytest.approx(1)
    assert torch.equal(rows, stratified(whole, 20, seed=1).auxiliary["row"])
    assert not torch.equal(rows, stratified(whole, 20, seed=2).auxiliary["row"])
    assert len(stratified(whole, 100, seed=1)) == 100


def test_a_subsample_of_more_than_there_is() -> None:
    with pytest.raises(InvalidRequest, match="100"):
        stratified(source((50, 50)), 101, seed=0)


def test_a_run_may_start_from_another_model(weights: Path) -> None:
    start = starting_weights(MODEL, "mobilenet_v2.clothing10")
    assert start.path == model_folder(MODEL) / FILE
    assert start.sha256 is not None
    with pytest.raises(WeightsError, match=r"resnet50\.clothing10"):
        starting_weights("resnet50.clothing10", "mobilenet_v2.clothing10")
