"""Recipes of networks that say what each pixel shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from fashionviz.models.packing import Dtype


@dataclass(frozen=True)
class SegmentRecipe:
    """How a segmenter is trained.

    Attributes:
        model: registry name.
        stages: height and width of the training crops with the number of epochs, in order.
        batch: photos of each kind in a step: ``street`` (once an epoch each), ``cutout`` (their people on another
            ground), ``catalogue`` (photos on white with derived masks, half of them on another ground).
        init: whose trunk a run starts from (:mod:`fashionviz.training.starts`).
        feed: what it is checked on and reported on (:mod:`fashionviz.training.feeds`).
        learning_rate: peak of the one-cycle schedule, of the head.
        trunk_rate: the trunk learns at this share of it.
        frozen: parts that keep the weights they start with; their batch statistics adapt to the photos.
        weight_decay: of AdamW; biases and batch norms are spared.
        overlap: weight of the soft intersection over union in the loss, beside cross-entropy.
        catalogue: photos of the catalogue's train split with a derived mask, drawn by the seed.
        ema_decay: of the moving average of the weights, which is what is kept.
        dtype: how the weights are stored; by the number of parameters if ``None``.
        subsample: learn from so many street photos, drawn by the seed; from all if ``None``.
        seed: of everything random.
    """

    model: str
    stages: tuple[tuple[tuple[int, int], int], ...]
    batch: dict[str, int] = field(default_factory=lambda: {"street": 12, "cutout": 2, "catalogue": 3})
    init: str = "imagenet"
    feed: str = "garment"
    learning_rate: float = 3e-3
    trunk_rate: float = 0.3
    frozen: tuple[str, ...] = ()
    weight_decay: float = 0.02
    overlap: float = 0.5
    catalogue: int = 600
    ema_decay: float = 0.99
    dtype: Dtype | None = None
    subsample: int | None = None
    seed: int = 20260101

    @property
    def epochs(self) -> int:
        """Epochs of all stages."""
        return sum(epochs for _, epochs in self.stages)

    def frame_at(self, epoch: int) -> tuple[int, int]:
        """Height and width of the crops of an epoch, counted from 0."""
        for frame, epochs in self.stages:
            if epoch < epochs:
                return frame
            epoch -= epochs
        return self.stages[-1][0]


SEGMENT_RECIPES: dict[str, SegmentRecipe] = {
    recipe.model: recipe
    for recipe in (
        # Crops show people larger than whole photos do: it is served larger than trained (Touvron et al. 2019).
        SegmentRecipe(
            model="lraspp_mobilenet_v2.garment",
            stages=(((192, 144), 4), ((256, 192), 2)),
            frozen=("features.0", "features.1", "features.2", "features.3"),  # the costly ones, and the most general
        ),
    )
}
