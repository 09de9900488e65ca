"""Recipes of detectors."""

from __future__ import annotations

from dataclasses import dataclass, field

from fashionviz.models.packing import Dtype


@dataclass(frozen=True)
class DetectRecipe:
    """How a detector is trained.

    Attributes:
        model: registry name.
        stages: height and width of the training photos with the number of epochs, in order.
        batch: photos of each kind in a step: ``street`` (once an epoch each), ``shop`` (catalogue cut-outs on white or
            on a street without a person).
        paste: catalogue cut-outs pasted onto a street photo, on average.
        init: whose trunk, or whose whole detector, a run starts from (:mod:`fashionviz.training.starts`).
        feed: what it is checked on and reported on (:mod:`fashionviz.training.feeds`).
        learning_rate: peak of the one-cycle schedule, of everything but the trunk.
        trunk_rate: the trunk learns at this share of it.
        frozen: parts that keep the weights they start with; their batch statistics adapt to the photos.
        weight_decay: of AdamW; biases and batch norms are spared.
        pixels: weight of a second task, dropped afterwards: the class of each pixel, told from the finest map.
        cut_outs: at most so many of each class, drawn by the seed.
        ema_decay: of the moving average of the weights, which is what is kept.
        dtype: how the weights are stored; by the number of parameters if ``None``.
        subsample: learn from so many street photos, drawn by the seed; from all if ``None``.
        seed: of everything random.
    """

    model: str
    stages: tuple[tuple[tuple[int, int], int], ...]
    batch: dict[str, int] = field(default_factory=lambda: {"street": 7, "shop": 1})
    paste: float = 0.7
    init: str = "imagenet"
    feed: str = "garment13"
    learning_rate: float = 1e-3
    trunk_rate: float = 0.3
    frozen: tuple[str, ...] = ()
    weight_decay: float = 0.02
    pixels: float = 0.5
    cut_outs: int = 90
    ema_decay: float = 0.995
    dtype: Dtype | None = None
    subsample: int | None = None
    seed: int = 20260101

    @property
    def epochs(self) -> int:
        """Epochs of all stages."""
        return sum(epochs for _, epochs in self.stages)

    def frame_at(self, epoch: int) -> tuple[int, int]:
        """Height and width of the photos of an epoch, counted from 0."""
        for frame, epochs in self.stages:
            if epoch < epochs:
                return frame
            epoch -= epochs
        return self.stages[-1][0]


#: Blocks of MobileNetV2 that cost most, having the largest maps, and are most general.
_FIRST = tuple(f"backbone.body.features.{place}" for place in range(4))
#: What torchvision keeps of a ResNet when three of its five stages are trained.
_STEM = ("backbone.body.conv1", "backbone.body.layer1")


def _large(model: str) -> DetectRecipe:
    """From torchvision's COCO checkpoint: a few epochs at the served size, for a GPU."""
    return DetectRecipe(
        model=model,
        stages=(((768, 512), 12),),
        init="coco",
        learning_rate=2e-4,
        trunk_rate=0.2,
        frozen=_STEM,
        pixels=0.0,
    )


DETECT_RECIPES: dict[str, DetectRecipe] = {
    recipe.model: recipe
    for recipe in (
        # 105 minutes beside another training on two cores. Forward and backward of a photo, with the trunk frozen up to
        # its fourth block, take as long as those of 8 photos of 128×128 by a whole MobileNetV2 at 384×256, and of 11 at
        # 480×320 (measured beside each other, others at work). So the first epochs are seen small, with a third of the
        # windows nearer than the whole photo, which shows items at the pixels they are served at (Touvron et al. 2019),
        # and the last ones at the served size, where a belt is 17 pixels high. 21 epochs are some 2,300 steps of seven
        # street photos and one shop photo.
        DetectRecipe(
            model="fasterrcnn_mobilenet_v2_fpn.garment13",
            stages=(((320, 224), 7), ((384, 256), 9), ((480, 320), 5)),
            # The trunk of the segmenter is ImageNet's after it has learned garment, skin and background from these very
            # photos (of the train split): where its last stride is a dilation there, the same weights see the same
            # places with the stride here. `--init imagenet` starts a step further back.
            init="lraspp_mobilenet_v2.garment",
            frozen=_FIRST,
        ),
        _large("fasterrcnn_resnet50_fpn.garment13"),
        _large("maskrcnn_resnet50_fpn.garment13"),
        # torchvision has no COCO checkpoint of these two: their trunks start from ImageNet.
        *(
            DetectRecipe(model=f"{kind}rcnn_{trunk}_fpn.garment13", stages=(((768, 512), 24),), frozen=_STEM)
            for trunk in ("resnet101", "resnext101")
            for kind in ("faster", "mask")
        ),
    )
}
