"""Every generator: architecture, and of those that ship card, report, film and self-test."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from fashionviz.evaluation.drawing_report import FILM, load_drawing_report
from fashionviz.generate.draw import draw_pixels
from fashionviz.generate.latents import latents_of
from fashionviz.inference.drawers import tries_of
from fashionviz.models.drawing_card import load_generator_card
from fashionviz.models.drawing_weights import JUDGE_FILE, load_generator, load_judge
from fashionviz.models.generators import GeneratorSpec, default_generator, list_generators
from fashionviz.models.weights import FILE, is_trained, model_folder, sha256_of
from fashionviz.training.drawing_install import drawing_metrics
from fashionviz.training.drawing_recipes import DRAWING_RECIPES

SPECS = list_generators()
TRAINED = [spec for spec in SPECS if is_trained(spec.name)]
ids = [spec.name for spec in SPECS]
MIB = 2**20


@pytest.mark.parametrize("spec", SPECS, ids=ids)
def test_architecture(spec: GeneratorSpec) -> None:
    generator = spec.make().eval()
    z = torch.randn(2, spec.latent)
    classes = torch.tensor([0, len(spec.classes) - 1]) if spec.classes else None
    with torch.no_grad():
        found = generator.watch(z, classes)
        picture = generator(z, classes)
    assert picture.shape == (2, 3, *spec.size)
    assert picture.abs().max() <= 1
    assert torch.equal(list(found.values())[-1], picture)
    assert generator.latent == spec.latent
    if classes is not None:  # a class is a blend of itself alone
        weights = torch.nn.functional.one_hot(classes, len(spec.classes)).float()
        with torch.no_grad():
            assert torch.allclose(generator(z, weights), picture, atol=1e-6)
    if spec.make_judge:
        with torch.no_grad():
            assert spec.make_judge().eval().watch(picture)["logit"].shape == (2, 1, 1, 1)
    assert spec.name in DRAWING_RECIPES


def test_one_draws_by_default() -> None:
    assert sum(spec.default for spec in SPECS) == 1
    assert default_generator().default


@pytest.mark.parametrize("spec", TRAINED, ids=[spec.name for spec in TRAINED])
def test_what_ships_is_complete(spec: GeneratorSpec) -> None:
    folder = model_folder(spec.name)
    card, report = load_generator_card(folder), load_drawing_report(spec.name)
    generator, _ = load_generator(spec.name)
    assert report is not None
    assert report.model.sha256 == card.sha256 == sha256_of(folder / FILE)
    assert card.metrics == drawing_metrics(report)
    assert card.golden is not None
    classes = np.zeros(1, np.int64) if spec.classes else None
    drawn = draw_pixels(generator, latents_of([card.golden.seed], spec.latent), classes)[0]
    assert np.abs(drawn.reshape(-1, 3).mean(axis=0) - card.golden.means).max() <= card.golden.tolerance
    if card.judge_sha256 is not None:
        assert sha256_of(folder / JUDGE_FILE) == card.judge_sha256
        load_judge(spec.name)
    assert report.tries == tries_of(spec, card), "measured as it is served"
    assert (report.tries > 1) == ("its discriminator takes" in card.description)
    assert sum(f.stat().st_size for f in (folder / FILE, folder / JUDGE_FILE) if f.exists()) <= 8 * MIB
    assert Image.open(folder / FILM).n_frames == len(card.recipe["history"])
    for words in (card.description, card.intended_use, card.limits, card.licence, card.command):
        assert words
    assert "not a person" in card.description
    assert "/work" not in card.model_dump_json()


@pytest.mark.parametrize("spec", TRAINED, ids=[spec.name for spec in TRAINED])
def test_what_ships_is_better_than_nothing(spec: GeneratorSpec) -> None:
    """Each stands well below the shuffled control, and draws no near-copies beyond what photos are of each other."""
    report = load_drawing_report(spec.name)
    assert report is not None
    assert report.on_scale("frechet") < 0.8
    assert report.on_scale("kernel") < 0.8
    assert report.near_copies.value <= report.near_copies_real.ci95[1]
    assert report.spread > 0.5
