"""Studies: small frozen dataclasses that say what is searched, in which order, and from which recipe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from fashionviz.errors import InvalidRequest
from fashionviz.training.augment import Light, Warp
from fashionviz.training.recipes import Recipe, Stage, get_recipe

#: A choice for every dimension, by name, in the order of the study's dimensions.
Point = tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """One value of a dimension.

    Attributes:
        name: for people, unique within the dimension.
        changes: fields of the recipe and what they become; ``warp.rotate`` reaches into the augmentation.
        factors: fields of the recipe and what they are multiplied by.
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)

    def apply(self, recipe: Recipe) -> Recipe:
        """The recipe with this choice."""
        for path, value in self.changes.items():
            outer, _, inner = path.partition(".")
            recipe = replace(recipe, **{outer: replace(getattr(recipe, outer), **{inner: value}) if inner else value})
        return replace(recipe, **{name: getattr(recipe, name) * factor for name, factor in self.factors.items()})


@dataclass(frozen=True)
class Dimension:
    """What can be chosen.

    Attributes:
        name: for people and tables.
        choices: in the order of the tables; of equals the first one wins.
        start: the choice that holds until a step has searched this dimension; the first if empty.
    """

    name: str
    choices: tuple[Choice, ...]
    start: str = ""

    def __post_init__(self) -> None:
        names = [c.name for c in self.choices]
        if not names or len(set(names)) < len(names) or (self.start and self.start not in names):
            raise ValueError(f"the choices of {self.name!r} must have names of their own, its start among them")

    @property
    def first(self) -> str:
        """The name of the choice to start from."""
        return self.start or self.choices[0].name

    def choice(self, name: str) -> Choice:
        """A choice by name."""
        return next(c for c in self.choices if c.name == name)


@dataclass(frozen=True)
class Step:
    """A full grid over one dimension or more.

    Attributes:
        name: unique within the study; part of file names.
        dimensions: names of what is searched.
    """

    name: str
    dimensions: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """An ordered search.

    Attributes:
        name: of the command and of the files.
        title: for people.
        note: Markdown, what a reader must know to judge the figures.
        base: the recipe that everything starts from.
        dimensions: what can be chosen, applied to the recipe in this order.
        steps: searched in this order, each with the winners of those before.
    """

    name: str
    title: str
    note: str
    base: Recipe
    dimensions: tuple[Dimension, ...]
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        names = [d.name for d in self.dimensions]
        if len(set(names)) < len(names) or len({s.name for s in self.steps}) < len(self.steps):
            raise ValueError(f"{self.name}: a dimension or a step occurs twice")
        if missing := {n for s in self.steps for n in s.dimensions} - set(names):
            raise ValueError(f"{self.name}: no dimension {', '.join(sorted(missing))}")
        known = {f.name for f in fields(Recipe)}
        for choice in (c for d in self.dimensions for c in d.choices):
            if wrong := {p.partition(".")[0] for p in (*choice.changes, *choice.factors)} - known:
                raise ValueError(f"{self.name}: a recipe has no {', '.join(sorted(wrong))}")

    @property
    def start(self) -> Point:
        """Where the search starts."""
        return tuple(d.first for d in self.dimensions)

    def named(self, point: Point) -> dict[str, str]:
        """Dimension and choice, by name."""
        return dict(zip((d.name for d in self.dimensions), point, strict=True))

    def recipe(self, point: Point) -> Recipe:
        """The base recipe with the choices of a point."""
        recipe = self.base
        for dimension, name in zip(self.dimensions, point, strict=True):
            recipe = dimension.choice(name).apply(recipe)
        return recipe

    def fingerprint(self) -> str:
        """Changes with everything that a trial's result depends on; words for people do not count."""
        facts = {k: v for k, v in asdict(self).items() if k not in ("title", "note")}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _paper_002() -> Study:
    still = Warp(zoom=(1.0, 1.0), shift=0.0, rotate=0.0, aspect=0.0, flip=0.0)
    return Study(
        name="clothing10-ordered",
        title="Paper 002's ordered search on the ten classes of the Clothing data set",
        note=(
            "Paper 002 tunes a ResNet50v2 on DeepFashion in the order augmentation (rotation, shear, zoom, mirror), "
            "initialiser, optimiser, learning rate × regulariser, learning rate × weight decay, and fixes the winner "
            "of each step. This is the same search with a MobileNetV2, of a size that fits two cores.\n\n"
            "What differs from the paper, and how to read it:\n\n"
            "- Few photos, few epochs, few pixels: whatever learns fast is favoured, and networks that start from "
            "scratch stay far from what they would reach. The *order* of choices at full size may be another.\n"
            "- The paper starts from random weights only; ImageNet and the weights of "
            "`mobilenet_v2.gender_category` are added as starts. Its initialisers *zeros* (chance level there), "
            "*random normal* and the two uniform ones are left out.\n"
            "- Ranges are ± around the photo as it is. A shear of 0.2 moves a row sideways by up to 0.2 of its "
            "distance from the middle.\n"
            "- The paper says neither how strong its regularisers are nor on which layers. On all layers of a network "
            "that was trained before they would pull what it knows to zero: here they are penalties on the weights of "
            "the last layer, 0.001 · Σ|w| (L1) and 0.01 · Σw² (L2); its own dropout of 0.2 stays.\n"
            "- Every optimiser runs at a rate that is usual for it, under a one-cycle schedule; later steps multiply "
            "that rate. The paper's “weight decay” of 0.75 to 0.98 can be no weight decay in the usual sense; here "
            "multiples of the optimiser's are searched (decoupled for AdamW)."
        ),
        base=replace(
            get_recipe("mobilenet_v2.clothing10"),
            stages=(Stage((96, 72), 4),),
            batch={"home10": 32},  # the paper's batch
            subsample=960,
            validate_at=(96, 72),
            ema_decay=0.95,  # 120 steps are too few for a longer average
            warp=still,
            light=Light(brightness=0.0, contrast=0.0, saturation=0.0, gamma=0.0, cast=0.0),
            erase=0.0,
            soften=0.0,
        ),
        dimensions=(
            Dimension(
                "rotation", tuple(Choice(f"{v}°" if v else "none", {"warp.rotate": float(v)}) for v in (0, 10, 30))
            ),
            Dimension("shear", (Choice("none"), Choice("0.2", {"warp.shear": 0.2}))),
            Dimension("zoom", (Choice("none"), Choice("0.2", {"warp.zoom": (0.8, 1.2)}))),
            Dimension("mirror", (Choice("no"), Choice("yes", {"warp.flip": 0.5}))),
            Dimension(
                "initialiser",
                (
                    Choice("ImageNet"),
                    Choice("gender_category", {"init": "mobilenet_v2.gender_category"}),
                    Choice("He normal", {"init": "scratch", "initialiser": "he-normal"}),
                    Choice("Glorot normal", {"init": "scratch", "initialiser": "glorot-normal"}),
                ),
            ),
            Dimension(
                "optimiser",
                (
                    Choice("AdamW"),
                    *(
                        Choice(
                            label, {"optimiser": label.lower(), "learning_rate": rate, "weight_decay": 1e-4}
                        )
                        for label, rate in (
                            ("Adam", 1e-3), ("Adagrad", 1e-2), ("Adadelta", 1.0), ("SGD", 1e-2), ("Adamax", 2e-3),
                        )
                    ),
                ),
            ),
            Dimension(
                "learning rate",
                (
                    Choice("÷ 3", factors={"learning_rate": 1 / 3}),
                    Choice("× 1"),
                    Choice("× 3", factors={"learning_rate": 3.0}),
                ),
                start="× 1",
            ),
            Dimension(
                "regulariser",
                (
                    Choice("none"),
                    Choice("L1", {"l1": 1e-3}),
                    Choice("L2", {"l2": 1e-2}),
                    Choice("L1 & L2", {"l1": 1e-3, "l2": 1e-2}),
                ),
            ),
            Dimension(
                "weight decay",
                (
                    Choice("none", {"weight_decay": 0.0}),
                    Choice("× 1"),
                    Choice("× 4", factors={"weight_decay": 4.0}),
                ),
                start="× 1",
            ),
        ),
        steps=(
            Step("rotation", ("rotation",)),
            Step("shear", ("shear",)),
            Step("zoom", ("zoom",)),
            Step("mirror", ("mirror",)),
            Step("initialiser", ("initialiser",)),
            Step("optimiser", ("optimiser",)),
            Step("regulariser", ("learning rate", "regulariser")),
            Step("decay", ("learning rate", "weight decay")),
        ),
    )  # fmt: skip


STUDIES: dict[str, Study] = {study.name: study for study in (_paper_002(),)}


def get_study(name: str) -> Study:
    """A study by name.

    Raises:
        InvalidRequest: there is none; the message lists those there are.
    """
    if name not in STUDIES:
        raise InvalidRequest(f"There is no study {name!r}. Studies: {', '.join(sorted(STUDIES))}.")
    return STUDIES[name]
