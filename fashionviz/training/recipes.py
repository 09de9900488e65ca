"""Recipes: small frozen dataclasses, one a model. A recipe and a seed determine a training run."""

from __future__ import annotations

from dataclasses import dataclass, field

from fashionviz.errors import InvalidRequest


@dataclass(frozen=True)
class Stage:
    """Some epochs at one resolution (progressive resizing: low first, the served size last).

    Attributes:
        frame: height and width in pixels.
        epochs: how many.
    """

    frame: tuple[int, int]
    epochs: int


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Attributes:
        model: registry name.
        stages: resolutions in order.
        batch: pictures of each source in a batch; ``catalogue`` fixes the length of an epoch.
        learning_rate: peak of the one-cycle schedule.
        weight_decay: of AdamW.
        smoothing: label smoothing of pictures with one certain class.
        auxiliary: weight of the auxiliary heads (article type and department of every catalogue item).
        ema_decay: of the exponential moving average of the weights, which is what is kept.
        frozen: parts that keep the weights they start with; their batch statistics adapt to the photos.
        seed: of everything random.
    """

    model: str
    stages: tuple[Stage, ...]
    batch: dict[str, int] = field(default_factory=dict)
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    smoothing: float = 0.05
    auxiliary: float = 0.3
    ema_decay: float = 0.998
    frozen: tuple[str, ...] = ()
    seed: int = 20260101

    @property
    def epochs(self) -> int:
        """Epochs of all stages."""
        return sum(stage.epochs for stage in self.stages)

    def frame_at(self, epoch: int) -> tuple[int, int]:
        """The resolution of an epoch, counted from 0."""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage.frame
            epoch -= stage.epochs
        return self.stages[-1].frame


RECIPES: dict[str, Recipe] = {
    recipe.model: recipe
    for recipe in (
        Recipe(
            model="mobilenet_v2.gender_category",
            stages=(Stage((128, 96), 5), Stage((160, 120), 5)),
            batch={"catalogue": 60, "catalogue-large": 6, "pasted": 4, "street": 8, "home": 2},
            learning_rate=1e-3,
            weight_decay=0.05,
        ),
    )
}


def get_recipe(model: str) -> Recipe:
    """The recipe of a model.

    Raises:
        InvalidRequest: there is none; the message lists those there are.
    """
    if model not in RECIPES:
        raise InvalidRequest(f"There is no recipe for {model!r}. Recipes: {', '.join(sorted(RECIPES))}.")
    return RECIPES[model]
