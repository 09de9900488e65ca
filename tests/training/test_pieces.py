"""Losses and augmentation against closed forms and properties."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fashionviz.errors import InvalidRequest
from fashionviz.models.registry import get_model
from fashionviz.training.augment import Light, Warp, cut_out_alpha, erase, paste, relight, soften, warp
from fashionviz.training.feeds import FEEDS
from fashionviz.training.module import partial_cross_entropy
from fashionviz.training.recipes import RECIPES, Recipe, Stage, get_recipe
from fashionviz.training.sources import allowed_classes

STILL = Warp(zoom=(1, 1), shift=0, rotate=0, aspect=0, flip=0)


@pytest.fixture
def g() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_one_allowed_class_is_cross_entropy(g: torch.Generator) -> None:
    logits, target = torch.randn(50, 6, generator=g), torch.randint(0, 6, (50,), generator=g)
    allowed = F.one_hot(target, 6).bool()
    for smoothing in (0.0, 0.1):
        ours = partial_cross_entropy(logits, allowed, smoothing)
        assert torch.allclose(
            ours, F.cross_entropy(logits, target, label_smoothing=smoothing, reduction="none"), atol=1e-5
        )


def test_two_allowed_classes_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0, 0.0]])
    allowed = torch.tensor([[True, True, False, False]])
    assert partial_cross_entropy(logits, allowed, 0.1).item() == pytest.approx(np.log(2), abs=1e-6)
    everything = torch.ones(1, 4, dtype=torch.bool)
    assert partial_cross_entropy(logits, everything).item() == pytest.approx(0, abs=1e-6)


def test_allowed_classes() -> None:
    assert sum(allowed_classes("Men/Apparel", None)) == 1
    assert sum(allowed_classes(None, "Apparel")) == 2
    assert sum(allowed_classes(None, None)) == 6


def test_standing_still_is_resizing(g: torch.Generator) -> None:
    images = torch.rand(2, 3, 40, 30, generator=g)
    same = warp(images, (40, 30), STILL, g)
    assert torch.allclose(same, images, atol=1e-5)
    doubled = warp(images, (80, 60), STILL, g)
    assert (doubled - F.interpolate(images, scale_factor=2, mode="bilinear"))[..., 2:-2, 2:-2].abs().max() < 1e-4


def test_a_mirror_twice_is_the_same_and_outside_is_zero(g: torch.Generator) -> None:
    images = torch.rand(2, 3, 40, 30, generator=g)
    mirror = Warp(zoom=(1, 1), shift=0, rotate=0, aspect=0, flip=1)
    once = warp(images, (40, 30), mirror, g)
    assert torch.allclose(once, images.flip(3), atol=1e-5)
    small = warp(torch.ones(1, 1, 40, 30), (40, 30), Warp(zoom=(0.5, 0.5), shift=0, rotate=0, aspect=0), g)
    assert small[0, 0, :8].abs().max() == 0
    assert small[0, 0, 15:25, 12:18].min() > 0.99


def test_a_wide_frame_keeps_the_shape(g: torch.Generator) -> None:
    # A square in a tall picture stays a square in a wide frame: letterboxed, not stretched.
    image = torch.zeros(1, 1, 80, 40)
    image[..., 30:50, 10:30] = 1
    out = warp(image, (40, 60), STILL, g)[0, 0] > 0.5
    rows, columns = out.any(1).sum().item(), out.any(0).sum().item()
    assert rows == pytest.approx(10, abs=1)
    assert columns == pytest.approx(10, abs=1)


def test_the_same_seed_gives_the_same_batch() -> None:
    images = torch.rand(4, 3, 40, 30, generator=torch.Generator().manual_seed(1))

    def once(seed: int) -> torch.Tensor:
        g = torch.Generator().manual_seed(seed)
        return erase(soften(relight(warp(images, (64, 48), Warp(), g), Light(), g), 0.5, g), 0.5, g)

    assert torch.equal(once(3), once(3))
    assert not torch.equal(once(3), once(4))
    assert once(3).min() >= 0
    assert once(3).max() <= 1


def test_cut_outs_keep_holes_that_do_not_touch_the_border() -> None:
    image = torch.ones(1, 3, 40, 30)
    image[..., 10:30, 8:22] = 0.2  # a dark garment
    image[..., 18:22, 13:17] = 1.0  # with a white logo
    alpha = cut_out_alpha(image)[0, 0]
    assert alpha[0, 0] == 0
    assert alpha[20, 15] == 1, "the logo belongs to the garment"
    assert alpha.sum() == 20 * 14


def test_pasting_shows_the_ground_only_outside(g: torch.Generator) -> None:
    cut = torch.zeros(1, 4, 40, 30)
    cut[:, 0] = 1.0
    cut[:, 3, 10:30, 8:22] = 1.0
    out = paste(cut, torch.full((1, 3, 128, 96), 0.5), (40, 30), STILL, g)
    assert torch.allclose(out[0, :, 20, 15], torch.tensor([1.0, 0.0, 0.0]), atol=1e-4)
    assert torch.allclose(out[0, :, 2, 2], torch.full((3,), 0.5), atol=1e-4)


def test_recipes() -> None:
    recipe = get_recipe("mobilenet_v2.gender_category")
    assert recipe.main == "catalogue"
    assert all(name == r.model == get_model(name).name and r.feed in FEEDS for name, r in RECIPES.items())
    staged = Recipe("m", (Stage((1, 1), 2), Stage((2, 2), 1)))
    assert [staged.frame_at(e) for e in range(4)] == [(1, 1), (1, 1), (2, 2), (2, 2)]
    assert staged.epochs == 3


@pytest.mark.parametrize("feed", ["gender_category", "clothing10"])
def test_feeds_without_a_white_ground_do_not_crop(feed: str) -> None:
    with pytest.raises(InvalidRequest, match="crop"):
        FEEDS[feed].material(Recipe("m", (Stage((8, 6), 1),), feed=feed, crop=True))
