"""The discriminator's choice among the latents of a seed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fashionviz.errors import WeightsError
from fashionviz.generate.latents import candidates, latent_of
from fashionviz.generate.second_look import surest, surest_latents
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.cgan import ConditionalDiscriminator
from fashionviz.models.drawing_weights import JUDGE_FILE
from fashionviz.models.generators import Generator, get_generator
from tests.drawn import CONDITIONAL, PLAIN


class Shade(Generator):
    """Draws one grey: the latent's first number."""

    latent = 5

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def watch(self, z: Tensor, classes: Tensor | None = None) -> dict[str, Tensor]:
        return {"picture": (z[:, :1, None, None] * self.weight).expand(-1, 3, 4, 4)}


class Namer(nn.Module):
    """Takes bright pictures for class 1 and dark ones for class 0; its logit prefers what is near 0."""

    def forward(self, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        shade = images.mean(dim=(1, 2, 3))
        return -shade.abs(), torch.stack([-shade, shade], dim=1)


@pytest.mark.parametrize("truncation", [None, 0.7])
def test_the_candidates_begin_with_the_seeds_own_latent(truncation: float | None) -> None:
    found = candidates(11, 128, 4, truncation)
    assert np.array_equal(found[0], latent_of(11, 128, truncation))
    assert np.array_equal(found[:2], candidates(11, 128, 2, truncation))  # more tries change none before
    assert len(np.unique(found[:, 0])) == 4
    if truncation is not None:
        assert np.abs(found).max() <= truncation


def test_the_surest_of_the_class_is_taken() -> None:
    found = candidates(3, 5, 8)
    assert np.array_equal(surest(Shade(), Namer(), 3, 1, 8), found[found[:, 0].argmax()])
    assert np.array_equal(surest(Shade(), Namer(), 3, 0, 8), found[found[:, 0].argmin()])
    assert np.array_equal(surest(Shade(), Namer(), 3, 1, 1), found[0])
    both = surest_latents(Shade(), Namer(), [3, 3], np.array([0, 1]), 8)
    assert np.array_equal(both, [found[found[:, 0].argmin()], found[found[:, 0].argmax()]])


def test_the_engine_draws_the_surest_everywhere(shared: Engine) -> None:
    spec = get_generator(CONDITIONAL)
    assert spec.tries > 1
    drawer = shared._drawer(CONDITIONAL)
    judge = drawer.judge
    assert isinstance(judge, ConditionalDiscriminator)
    label, place = spec.classes[2], 2
    wanted = [surest(drawer.generator, judge, seed, place, spec.tries) for seed in range(6)]
    assert any(not np.array_equal(z, latent_of(seed, spec.latent)) for seed, z in enumerate(wanted))
    pictures = [drawer.picture(z, drawer.weights(label)) for z in wanted]
    drawn = shared.generate(CONDITIONAL, label=label, seed=0, n=6)
    assert all(np.array_equal(d.pixels, p) for d, p in zip(drawn.drawings, pictures, strict=True))
    walk = shared.walk(["4", "5"], CONDITIONAL, label=label, steps=2, loop=False)
    assert np.array_equal(walk.frames[0], pictures[4])
    assert np.array_equal(walk.frames[-1], pictures[5])
    assert np.array_equal(shared.formation("3", CONDITIONAL, label=label).pixels, pictures[3])
    whole = shared.generate(CONDITIONAL, label=label, points=["4>5@1"]).drawings[0]  # the other end of the way
    assert np.abs(whole.pixels.astype(int) - pictures[5]).max() <= 1


def test_one_without_classes_draws_its_first_latent(shared: Engine) -> None:
    drawer = shared._drawer(PLAIN)
    assert drawer.tries == 1
    picture = drawer.picture(latent_of(5, drawer.spec.latent), None)
    assert np.array_equal(shared.generate(PLAIN, seed=5, n=1).drawings[0].pixels, picture)


def test_a_choice_is_made_once(shared: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, float | None]] = []

    def watched(generator: Generator, judge: nn.Module, seed: int, place: int, tries: int, truncation: float | None):  # type: ignore[no-untyped-def]
        asked.append((seed, place, truncation))
        return surest(generator, judge, seed, place, tries, truncation)

    monkeypatch.setattr("fashionviz.inference.drawers.surest", watched)
    label = get_generator(CONDITIONAL).classes[1]
    first = shared.generate(CONDITIONAL, label=label, points=["70", "70>71@0.2", "70>71@0.4"])
    again = shared.generate(CONDITIONAL, label=label, points=["70", "70>71@0.2", "70>71@0.4"])
    assert asked == [(70, 1, None), (71, 1, None)]
    assert np.array_equal(first.pixels, again.pixels)
    shared.generate(CONDITIONAL, points=["70"], truncation=0.8)  # another class by its turn, another truncation
    assert asked[2:] == [(70, 70 % 6, 0.8)]


def test_who_chose_is_told(shared: Engine) -> None:
    drawer = shared._drawer(CONDITIONAL)
    assert shared.generate(CONDITIONAL, n=1).judge == drawer.card.judge_sha256 is not None
    assert shared.generate(PLAIN, n=1).judge is None
    assert (shared.generator(CONDITIONAL).tries, shared.generator(PLAIN).tries) == (3, 1)


def test_a_discriminator_that_is_missing_is_said(
    generators: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(generators / CONDITIONAL, tmp_path / CONDITIONAL)
    (tmp_path / CONDITIONAL / JUDGE_FILE).unlink()
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"restore discriminator\.safetensors"):
        Engine(EngineConfig(device="cpu")).generate(CONDITIONAL, n=1)
