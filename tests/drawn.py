"""Generators for tests: untrained networks, installed with a card into a folder of weights."""

from __future__ import annotations

from pathlib import Path

import torch

from fashionviz.models.drawing_card import GeneratorCard
from fashionviz.models.drawing_weights import JUDGE_FILE
from fashionviz.models.generators import get_generator
from fashionviz.models.weights import FILE, save_weights

CONDITIONAL, PLAIN, ALONE = "cgan64.gender_category", "dcgan.all", "dcgan.men_apparel"


def make_generator(folder: Path, name: str = CONDITIONAL) -> Path:
    """Install an untrained generator, and its discriminator where one is shipped, under ``folder / name``."""
    spec = get_generator(name)
    torch.manual_seed(0)
    generator = spec.make()
    for parameter in generator.parameters():  # the training's start draws nothing but grey
        if parameter.dim() > 1:
            parameter.data.normal_(0, 0.1)
    target = folder / name
    stored = save_weights(generator, name, target / FILE)
    judge = save_weights(spec.make_judge(), name, target / JUDGE_FILE) if spec.make_judge else None
    GeneratorCard(
        name=name,
        title=spec.title,
        description="An untrained network for tests.",
        learns=spec.learns,
        classes=spec.classes,
        size=spec.size,
        latent=spec.latent,
        parameters=sum(p.numel() for p in generator.parameters()),
        dtype=stored.dtype,
        sha256=stored.sha256,
        judge_sha256=judge.sha256 if judge else None,
        judge_dtype=judge.dtype if judge else None,
        data_sets=("fpi",),
        licence="Apache-2.0",
        intended_use="tests",
        limits="draws nothing",
        recipe={},
        command="none",
    ).save(target / "card.json")
    return target
