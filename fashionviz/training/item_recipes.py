"""Recipes of networks that turn a picture of a shop item into a vector."""

from __future__ import annotations

from dataclasses import dataclass

from fashionviz.models.packing import Dtype


@dataclass(frozen=True)
class ItemRecipe:
    """How an embedder is trained.

    Attributes:
        model: registry name.
        stages: height and width of the pictures with the number of epochs, in order.
        items: of a step; each is seen as its catalogue photo and as ``views`` street views.
        views: street views of an item in a step.
        alike: share of the steps whose items are of one article type, which are the hard ones to tell apart.
        loss: by name (:data:`fashionviz.training.item_losses.LOSSES`).
        triplet: weight of the triplet loss with semi-hard mining beside another loss.
        temperature: of ``supcon``.
        margin: of the triplet losses, in Euclidean distance between vectors of norm 1.
        memory: catalogue photos of earlier steps that views are compared with (cross-batch memory, Wang et al. 2020).
        warmup: steps before that counts: the vectors drift too fast at first.
        init: what a run starts from (:mod:`fashionviz.training.starts`).
        feed: what it is checked on and reported on (:mod:`fashionviz.training.feeds`).
        learning_rate: peak of the one-cycle schedule, of the last layer.
        trunk_rate: the trunk learns at this share of it.
        frozen: parts that keep the weights they start with; their batch statistics adapt to the pictures.
        weight_decay: of AdamW; biases and batch norms are spared.
        ema_decay: of the moving average of the weights, which is what is kept.
        normalised: vectors are scaled to norm 1 in training; without it a triplet loss may shrink them to zero, which
            is what the study of paper 001's trials shows.
        queries: street views of validation items that are looked for after every epoch, in the validation items.
        dtype: how the weights are stored; by the number of parameters if ``None``.
        subsample: learn from so many items, drawn by the seed; from all if ``None``.
        seed: of everything random.
    """

    model: str
    stages: tuple[tuple[tuple[int, int], int], ...]
    items: int = 96
    views: int = 1
    alike: float = 0.3
    loss: str = "supcon"
    triplet: float = 0.0
    temperature: float = 0.06
    margin: float = 0.2
    memory: int = 8192
    warmup: int = 200
    init: str = "imagenet"
    feed: str = "item"
    learning_rate: float = 3e-3
    trunk_rate: float = 0.5
    frozen: tuple[str, ...] = ()
    weight_decay: float = 0.02
    ema_decay: float = 0.995
    normalised: bool = True
    queries: int = 2000
    dtype: Dtype | None = None
    subsample: int | None = None
    seed: int = 20260101

    @property
    def epochs(self) -> int:
        """Epochs of all stages."""
        return sum(epochs for _, epochs in self.stages)

    def frame_at(self, epoch: int) -> tuple[int, int]:
        """Height and width of the pictures of an epoch, counted from 0."""
        for frame, epochs in self.stages:
            if epoch < epochs:
                return frame
            epoch -= epochs
        return self.stages[-1][0]


ITEM_RECIPES: dict[str, ItemRecipe] = {
    recipe.model: recipe
    for recipe in (
        # The installed weights were on their way to six epochs for the first three; the schedule was then shortened to
        # these five. 84 minutes beside another training on two cores.
        ItemRecipe(
            model="mobilenet_v2.item",
            stages=(((96, 72), 4), ((128, 96), 1)),
            triplet=0.5,
            learning_rate=2e-3,
            frozen=("features.0", "features.1", "features.2", "features.3"),  # the costly ones, and the most general
        ),
    )
}
