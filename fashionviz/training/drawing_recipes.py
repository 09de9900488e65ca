"""Recipes of networks that draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fashionviz.models.packing import Dtype


@dataclass(frozen=True)
class DrawingRecipe:
    """How a generator is trained.

    Attributes:
        model: registry name.
        epochs: passes over ``per_epoch`` photos.
        per_epoch: photos of an epoch, drawn without repetition by seed and epoch; all if ``None``.
        batch: photos of a step.
        loss: ``bce`` (the paper's, non-saturating) or ``hinge``.
        rate, betas: of Adam.
        judge_rate: of the discriminator's Adam where it has a rate of its own (Heusel et al., arXiv:1706.08500).
        fall: last share of the steps, over which the rates fall evenly to nothing.
        smooth: of the paper's loss: what real photos are worth, one-sided (Salimans et al. 2016).
        naming: weight of the cross-entropy with which the pictures are to be of their class.
        guides: of a conditional one: trained classifiers of its classes that tell the generator, beside the
            discriminator, what its pictures are taken for; what measures it must not be one of them.
        guiding: weight of their cross-entropy.
        warm_up: first steps, which the discriminator has to itself where the generator comes trained and it does not:
            the generator would unlearn from one that knows nothing.
        flip: probability that a photo is mirrored.
        ema_decay: of the generator's moving average, which is what is kept.
        start: another generator whose weights a run starts from, if its own has none of that name.
        scored: pictures that each epoch is scored on.
        seed: of everything random.
        dtype: how the weights are stored.
    """

    model: str
    epochs: int
    per_epoch: int | None = None
    batch: int = 64
    loss: Literal["bce", "hinge"] = "bce"
    rate: float = 2e-4
    judge_rate: float | None = None
    fall: float = 0.0
    betas: tuple[float, float] = (0.5, 0.999)
    smooth: float = 0.9
    naming: float = 0.0
    guides: tuple[str, ...] = ()
    guiding: float = 0.0
    warm_up: int = 0
    flip: float = 0.5
    ema_decay: float = 0.995
    start: str | None = None
    scored: int = 1024
    seed: int = 20260101
    dtype: Dtype | None = None


DRAWING_RECIPES: dict[str, DrawingRecipe] = {
    recipe.model: recipe
    for recipe in (
        DrawingRecipe(model="dcgan.all", epochs=10, per_epoch=6_400, batch=32),
        DrawingRecipe(model="dcgan.women_accessories", epochs=14, batch=32, start="dcgan.all"),
        DrawingRecipe(model="dcgan.men_apparel", epochs=9, batch=32, start="dcgan.all"),
        DrawingRecipe(
            model="cgan64.gender_category",
            epochs=44,
            per_epoch=9_600,
            batch=32,
            loss="hinge",
            judge_rate=4e-4,
            fall=0.3,
            betas=(0.0, 0.9),
            naming=0.3,
            ema_decay=0.998,
            warm_up=2_400,
        ),
    )
}
