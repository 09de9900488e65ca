"""Recipes: small frozen dataclasses, one a model. A recipe and a seed determine a training run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fashionviz.errors import InvalidRequest
from fashionviz.models.packing import Dtype
from fashionviz.training.augment import Light, Warp
from fashionviz.training.detect_recipes import DETECT_RECIPES, DetectRecipe
from fashionviz.training.feature_recipes import FEATURE_RECIPES, FeatureRecipe
from fashionviz.training.item_recipes import ITEM_RECIPES, ItemRecipe
from fashionviz.training.segment_recipes import SEGMENT_RECIPES, SegmentRecipe


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
        init: what a run starts from when nothing else is asked for (:mod:`fashionviz.training.starts`).
        initialiser: of what that does not fill (:mod:`fashionviz.training.initialisers`); the architecture's own if
            ``None``.
        batch: pictures of each source in a batch; the first source fixes the length of an epoch.
        feed: which sources and validation sets, by name (:mod:`fashionviz.training.feeds`).
        optimiser: ``adamw``, ``adam``, ``adamax``, ``adadelta``, ``adagrad`` or ``sgd`` (with Nesterov momentum 0.9).
        learning_rate: peak of the one-cycle schedule.
        weight_decay: of the optimiser; biases and batch norms are spared.
        l1, l2: penalty on the weights w of the last linear layer, added to the loss: l1 · Σ|w| + l2 · Σw².
        smoothing: label smoothing of pictures with one certain class.
        loss: of a multi-label task, by name (:data:`fashionviz.training.multilabel_loss.LOSSES`).
        auxiliary: weight of the auxiliary heads, which share the embedding and are dropped afterwards.
        teachers: trained models of the same classes, whose mean answer is learned from beside the labels.
        distil: share of the loss that is theirs, 0..1.
        distil_temperature: softens both answers (Hinton et al. 2015).
        ema_decay: of the exponential moving average of the weights, which is what is kept; it warms up.
        frozen: parts that keep the weights they start with; their batch statistics adapt to the photos.
        balance: draw every class of the first source equally often, instead of every picture once an epoch.
        at_most: photos of each class of the first source that are used, chosen by the seed; all if ``None``.
        crop: crop catalogue photos to the box of what stands on white, in training and validation (paper 002). The
            engine does not crop: this is for studies.
        validate_at: height and width of the photos that are scored every epoch; the model's input size if ``None``.
        warp, light: augmentation of the first source, instead of that of its kind.
        erase: probability of random erasing in the first source.
        soften: probability of a detour through a lower resolution in the first source.
        subsample: train on so many pictures of the first source, drawn by class; on all if ``None``.
        patience: stop when the validation score has not risen for so many epochs; never if ``None``.
        refit: data sets of a tagger on whose train split its last layer is fitted anew at the end
            (:mod:`fashionviz.training.refit`); the layer stays as trained if there are none.
        refit_penalties: of the squared weights, to choose among on validation.
        refit_rarity: how much more rare tags' positives weigh then
            (:func:`fashionviz.training.last_layer.rarity_weights`).
        dtype: how the weights are stored; by the number of parameters if ``None``.
        seed: of everything random.
    """

    model: str
    stages: tuple[Stage, ...]
    batch: dict[str, int] = field(default_factory=dict)
    feed: str = "gender_category"
    init: str = "imagenet"
    initialiser: str | None = None
    optimiser: str = "adamw"
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    l1: float = 0.0
    l2: float = 0.0
    smoothing: float = 0.05
    loss: str = "bce"
    auxiliary: float = 0.3
    teachers: tuple[str, ...] = ()
    distil: float = 0.5
    distil_temperature: float = 2.0
    ema_decay: float = 0.998
    frozen: tuple[str, ...] = ()
    balance: bool = False
    at_most: int | None = None
    crop: bool = False
    validate_at: tuple[int, int] | None = None
    warp: Warp | None = None
    light: Light | None = None
    erase: float | None = None
    soften: float | None = None
    subsample: int | None = None
    patience: int | None = None
    refit: tuple[str, ...] = ()
    refit_penalties: tuple[float, ...] = (3e-4, 1e-3)
    refit_rarity: float = 0.0
    dtype: Dtype | None = None
    seed: int = 20260101

    @property
    def main(self) -> str:
        """The source that fixes the length of an epoch."""
        return next(iter(self.batch))

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


#: What paper 001 trained with, as far as it says: Adam and dropout. Averaging is ours, and so are the home and street
#: photos, which a visitor's are like.
_LADDER: dict[str, Any] = {
    "feed": "category",
    "init": "scratch",
    "batch": {"catalogue": 112, "home": 16, "street": 16},
    "optimiser": "adam",
    "learning_rate": 2e-3,
    "weight_decay": 0.0,
    "smoothing": 0.0,
    "auxiliary": 0.0,
    "erase": 0.0,
}

#: Six classes that must hold on street and home photos and on cut-outs, not on the catalogue's alone.
_GENDER: dict[str, Any] = {
    "batch": {"catalogue": 60, "catalogue-large": 6, "pasted": 4, "street": 8, "home": 2},
    "weight_decay": 0.05,
}

#: The residual networks of the six classes see small photos in large batches: what two cores can train.
_RESIDUAL: dict[str, Any] = {
    "batch": {"catalogue": 112, "catalogue-large": 4, "pasted": 4, "street": 6, "home": 2},
    "dtype": "int8",  # 58 M parameters of ResNet-152: 116 MiB in fp16
}

#: Ten garment types on photos taken at home: some 3,000 photos, so that an average over 100 steps is long enough.
_HOME: dict[str, Any] = {
    "feed": "clothing10",
    "batch": {"home10": 48, "extra10": 12},
    "learning_rate": 1e-3,
    "weight_decay": 0.05,
    "smoothing": 0.1,
    "auxiliary": 0.0,
    "ema_decay": 0.99,
}

#: The residual networks of ten types, grown from the ResNet-50 of the six classes.
_DEEP: dict[str, Any] = {
    **_HOME,
    "init": "resnet50.gender_category",
    # As small as what they grow from: a run that went on to 96×72 had 0.61 on validation after four epochs at 64×48 and
    # ended, after two at 96×72, at 0.48.
    "stages": (Stage((64, 48), 14),),
    "batch": {"home10": 60, "extra10": 16, "catalogue": 20},
    "auxiliary": 1.0,
}

#: Inception-v3's first convolutions, those at the highest resolution: ImageNet's will do.
_STEM = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")

RECIPES: dict[str, Recipe] = {
    recipe.model: recipe
    for recipe in (
        Recipe(
            model="mobilenet_v2.gender_category",
            stages=(Stage((128, 96), 5), Stage((160, 120), 5)),
            learning_rate=1e-3,
            **_GENDER,
        ),
        Recipe(
            model="mobilenet_v2.clothing10",
            stages=(Stage((160, 120), 6), Stage((224, 168), 8)),
            **_HOME,
        ),
        # Born again (Furlanello et al. 2018): the second round, which learns from the first one's answers and from
        # MobileNetV2's. The first started from ImageNet, with four epochs at 160×120 and five at 224×168. It is served
        # larger than trained: crops show garments larger than whole photos do (Touvron et al. 2019).
        Recipe(
            model="efficientnet_lite1.clothing10",
            stages=(Stage((224, 168), 5),),
            frozen=("features.0", "features.1", "features.2", "features.3"),  # the costly ones, and the most general
            teachers=("efficientnet_lite1.clothing10", "mobilenet_v2.clothing10"),
            **{**_HOME, "init": "in-domain", "learning_rate": 6e-4, "smoothing": 0.05},
        ),
        Recipe(
            model="vgg16.clothing10",
            stages=(Stage((96, 72), 3), Stage((160, 120), 1)),
            frozen=("features.0", "features.2", "features.5", "features.7"),
            dtype="int8",  # 15 M parameters: 28 MiB in fp16
            **{**_HOME, "learning_rate": 2e-4},  # no batch norm: it bears no more
        ),
        Recipe(
            model="resnet50.gender_category",
            init="scratch",
            stages=(Stage((48, 36), 1), Stage((64, 48), 2)),
            **_RESIDUAL,
        ),
        # A few thousand home photos alone teach a network that has seen little: the catalogue's article types help. The
        # one with batch norm before the convolutions takes the convolutions alone.
        Recipe(model="resnet50.clothing10", **_DEEP),
        Recipe(model="resnet50v2.clothing10", **_DEEP),
        # From the tagger of the same architecture, which knows article types and departments.
        Recipe(
            model="inception_v3.gender_category",
            init="inception_v3.tags",
            stages=(Stage((104, 78), 1), Stage((128, 96), 1)),
            frozen=_STEM,
            learning_rate=4e-4,
            **_GENDER,
        ),
        # Small and few: the widest convolutions of all, at a learning rate that a network without batch norm bears.
        Recipe(
            model="vgg16.gender_category",
            stages=(Stage((64, 48), 2), Stage((96, 72), 1)),
            frozen=("features.0", "features.2"),
            learning_rate=2e-4,
            teachers=("mobilenet_v2.gender_category",),
            dtype="int8",
            **_GENDER,
        ),
        Recipe(
            model="resnet152.gender_category",
            init="resnet50.gender_category",
            stages=(Stage((64, 48), 1),),
            learning_rate=8e-4,
            teachers=("mobilenet_v2.gender_category",),  # a single epoch says more with a teacher
            **_RESIDUAL,
        ),
        # The second round, from the installed weights, whose three epochs at 104×78 knew the yes and no of each tag
        # alone: here auxiliary heads choose among the tags of a group, too.
        Recipe(
            model="inception_v3.tags",
            feed="tags",
            init="in-domain",
            # Smaller than served, as FixRes (Touvron et al. 2019); below 75 px nothing is left of a photo.
            stages=(Stage((104, 78), 3), Stage((136, 102), 4)),
            frozen=_STEM,
            refit=("fpi", "fpi-large"),
            refit_rarity=0.25,
            batch={"catalogue": 80, "catalogue-large": 16},
            learning_rate=6e-4,
            weight_decay=0.05,
            smoothing=0.0,
            auxiliary=0.3,
        ),
        Recipe(
            model="mobilenet_v2.street_tags",
            feed="street_tags",
            stages=(Stage((160, 120), 6), Stage((224, 168), 4)),
            batch={"worn": 48},
            learning_rate=8e-4,
            weight_decay=0.05,
            smoothing=0.0,
            auxiliary=0.0,
            ema_decay=0.99,
        ),
        Recipe(model="category_cnn28.category11", stages=(Stage((28, 28), 15),), **_LADDER),
        Recipe(model="category_cnn64.category11", stages=(Stage((64, 64), 8),), **_LADDER),
        Recipe(
            model="category_cnn64.category5",
            stages=(Stage((64, 64), 4),),
            **{**_LADDER, "init": "category_cnn64.category11"},
        ),
    )
}


def get_recipe(model: str) -> Recipe:
    """The recipe of a model that is trained on photos.

    Raises:
        InvalidRequest: there is none; the message lists those there are.
    """
    if model not in RECIPES:
        raise InvalidRequest(f"There is no recipe for {model!r}. Recipes: {', '.join(sorted(RECIPES))}.")
    return RECIPES[model]


AnyRecipe = Recipe | FeatureRecipe | SegmentRecipe | DetectRecipe | ItemRecipe


def any_recipe(model: str) -> AnyRecipe:
    """The recipe of a model: trained on photos, frozen features, photos with regions or items, or pairs of pictures.

    Raises:
        InvalidRequest: there is none; the message lists those there are.
    """
    known: dict[str, AnyRecipe] = {
        **RECIPES,
        **FEATURE_RECIPES,
        **SEGMENT_RECIPES,
        **DETECT_RECIPES,
        **ITEM_RECIPES,
    }
    if model not in known:
        raise InvalidRequest(f"There is no recipe for {model!r}. Recipes: {', '.join(sorted(known))}.")
    return known[model]
