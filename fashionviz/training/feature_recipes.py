"""Recipes of networks whose first layers are frozen and computed once: those of paper 004."""

from __future__ import annotations

from dataclasses import dataclass

from fashionviz.models.packing import Dtype


@dataclass(frozen=True)
class FeatureRecipe:
    """How layers on frozen features are trained.

    Attributes:
        model: registry name.
        init: whose layers are frozen (:mod:`fashionviz.training.starts`).
        photos: data sets of the train split with how many photos of each, drawn by the seed; all if ``None``. A product
            that an earlier one has is left out.
        amplify: the frozen Inception's features are multiplied by it (:func:`fashionviz.models.ropanet.amplify`), so
            that they are about 1 on average and the layers on them learn at a usual rate.
        feed: what it is checked on and reported on (:mod:`fashionviz.training.feeds`).
        epochs: passes over the photos.
        batch: photos a step.
        learning_rate: peak of the one-cycle schedule.
        weight_decay: of AdamW; biases are spared.
        smoothing: label smoothing.
        place_weight: of the landmarks' places in the loss: cross-entropy over the pixels of a map.
        presence_weight: of whether a landmark is there: binary cross-entropy.
        landmark_steps: steps on the landmarks alone before each step on everything (the paper has two).
        landmark_batch: photos of such a step; as many as ``batch`` if ``None``. They all have maps, which are costly.
        mirror: half of the photos are seen mirrored: their features are, which is nearly the same.
        ema_decay: of the moving average of the weights, which is what is kept.
        dtype: how the weights are stored; by the number of parameters if ``None``.
        subsample: learn from so many of these photos, drawn by the seed; from all if ``None``.
        seed: of everything random.
    """

    model: str
    init: str
    photos: tuple[tuple[str, int | None], ...] = (("fpi-large", None), ("fpi", 3000))
    amplify: float = 1.0
    feed: str = "category50"
    epochs: int = 6
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    smoothing: float = 0.05
    place_weight: float = 0.1
    presence_weight: float = 0.5
    landmark_steps: int = 0
    landmark_batch: int | None = None
    mirror: bool = True
    ema_decay: float = 0.99
    dtype: Dtype | None = None
    subsample: int | None = None
    seed: int = 20260101


FEATURE_RECIPES: dict[str, FeatureRecipe] = {
    recipe.model: recipe
    for recipe in (
        # One photo in five has landmarks: without steps of their own they are learned five times more slowly.
        FeatureRecipe(
            model="ropanet.category50",
            init="nsfwjs",
            amplify=40,
            epochs=3,
            learning_rate=8e-4,
            landmark_steps=1,
            landmark_batch=24,
            place_weight=0.3,
        ),
        FeatureRecipe(model="ropanet_baseline.category50", init="nsfwjs", amplify=40, epochs=3, learning_rate=8e-4),
        FeatureRecipe(model="fashionnet.category50", init="imagenet"),
    )
}
