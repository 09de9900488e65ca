"""Frozen results: what the engine answers and every front end shows. Plain numbers and NumPy arrays, no tensors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.answers import ANSWERS, Kind
from fashionviz.models.preprocess import Placement

Box = tuple[float, float, float, float]
Verdict = Literal["sure", "unsure", "not-a-garment"]


@dataclass(frozen=True)
class Timings:
    """Where the time went, in milliseconds.

    Attributes:
        decode: bytes to pixels (0 where pixels were given).
        queue: waiting for a place in a micro-batch.
        compute: preprocessing and the network.
    """

    decode: float
    queue: float
    compute: float

    @property
    def total(self) -> float:
        """Sum of the parts."""
        return self.decode + self.queue + self.compute

    def as_dict(self) -> dict[str, float]:
        """Rounded to a hundredth of a millisecond, for JSON."""
        parts = {"decode": self.decode, "queue": self.queue, "compute": self.compute, "total": self.total}
        return {k: round(v, 2) for k, v in parts.items()}


@dataclass(frozen=True)
class ClassScore:
    """A class, or a tag, with its probability and its logit.

    Attributes:
        label: its name; a tag's begins with its group, as in ``articleType: Shirts``.
        probability: 0..1, by softmax over the classes or, of a tag, by a sigmoid of its own.
        logit: before either.
        threshold: of a tag: the least probability at which it is said, 0..1; ``None`` for classes.
    """

    label: str
    probability: float
    logit: float
    threshold: float | None = None

    @property
    def value(self) -> str:
        """The label without its group."""
        return self.label.partition(": ")[2] or self.label

    @property
    def said(self) -> bool:
        """Whether the tag's probability reaches its threshold."""
        return self.threshold is not None and self.probability >= self.threshold


@dataclass(frozen=True)
class TagGroup:
    """The tags that answer one question about a photo.

    Attributes:
        name: the group in the data, for example ``baseColour``; empty where there is one group alone.
        title: for people.
        exclusive: whether one of them at most is true of an item.
        tags: all of the group, most probable first.
    """

    name: str
    title: str
    exclusive: bool
    tags: tuple[ClassScore, ...]

    @property
    def said(self) -> tuple[ClassScore, ...]:
        """Those that reach their thresholds, most probable first."""
        return tuple(tag for tag in self.tags if tag.said)

    def shown(self, least: int = 1) -> tuple[ClassScore, ...]:
        """What is said and, where that is fewer than so many, the most probable others."""
        others = tuple(tag for tag in self.tags if not tag.said)
        return (*self.said, *others[: max(0, least - len(self.said))])


@dataclass(frozen=True)
class ModelRef:
    """Which weights answered: the model's name and the SHA-256 of its weights."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Assurance:
    """Whether to rely on a prediction. How often it errs stands in the model's card.

    Attributes:
        verdict: ``sure``; ``unsure`` where no class is probable enough; ``not-a-garment`` where the photo shows none.
        garment_probability: that the photo shows a garment, 0..1, below one half for ``not-a-garment``; ``None`` where
            the model cannot tell.
        reason: one sentence for people.
    """

    verdict: Verdict
    garment_probability: float | None
    reason: str


@dataclass(frozen=True)
class Prediction:
    """Class probabilities of a photo, or probabilities of its tags.

    Attributes:
        model: name and weight hash.
        scores: every class or tag, most probable first.
        timings: decode, queue, compute.
        box: the region asked about, in pixels of the decoded photo, or ``None`` for all of it.
        notes: what was done to the photo, in plain words.
        assurance: whether to rely on it, or ``None`` where that was not measured for the model.
        tags: of a tagger: its labels by group; empty for a classifier.
    """

    model: ModelRef
    scores: tuple[ClassScore, ...]
    timings: Timings
    box: Box | None = None
    notes: tuple[str, ...] = ()
    assurance: Assurance | None = None
    tags: tuple[TagGroup, ...] = ()

    @property
    def top(self) -> ClassScore:
        """The most probable class; of a tagger, of its first group, which says what the item is."""
        return self.tags[0].tags[0] if self.tags else self.scores[0]

    def first(self, count: int) -> tuple[ClassScore, ...]:
        """The most probable classes; of a tagger with several groups the most probable tag of each.

        Args:
            count: how many at most.
        """
        if len(self.tags) > 1:
            return tuple(group.tags[0] for group in self.tags)[:count]
        return self.scores[:count]


@dataclass(frozen=True)
class ModelView:
    """The photo as the model receives it.

    Attributes:
        pixels: ``(H, W, 3)`` uint8, letterboxed to the model's input; grey where the model sees no colour.
        placement: where the photo lies in it.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    placement: Placement


@dataclass(frozen=True)
class Attribution:
    """How much each input value spoke for a class.

    Attributes:
        model: name and weight hash.
        method: for example ``guided-backprop``.
        target: the class explained.
        probability: of that class, 0..1.
        values: ``(3, H, W)`` float32, signed, on the model's normalised input.
        view: the photo as the model receives it.
        timings: decode, queue, compute.
        against: the class it is compared with: the difference of the two logits is explained then.
        layer: that the method looked at, or ``None`` where it looks at none.
        steps: of integrated gradients.
        completeness_error: of integrated gradients: by which share of the explained change their sum misses it.
    """

    model: ModelRef
    method: str
    target: str
    probability: float
    values: NDArray[np.float32] = field(repr=False)
    view: ModelView
    timings: Timings
    against: str | None = None
    layer: str | None = None
    steps: int | None = None
    completeness_error: float | None = None

    @property
    def question(self) -> str:
        """What is explained, in words: the class, or that it is this one and not the other."""
        return self.target if self.against is None else f"{self.target} and not {self.against}"


@dataclass(frozen=True)
class LayerInfo:
    """A layer as the model lists it.

    Attributes:
        name: dotted module name.
        kind: class name of the module, for example ``Conv2d``.
        shape: output shape without the batch, ``(C, h, w)`` or ``(C,)``, at the model's input size.
        parameters: number of parameters.
        spatial: whether it has activation maps.
        filters: whether it is a convolution with filters to show.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    spatial: bool
    filters: bool


@dataclass(frozen=True)
class ActivationMaps:
    """Output of one layer for one photo.

    Attributes:
        model: name and weight hash.
        layer: dotted module name.
        maps: ``(C, h, w)`` float32.
        view: the photo as the model receives it.
        timings: decode, queue, compute.
    """

    model: ModelRef
    layer: str
    maps: NDArray[np.float32] = field(repr=False)
    view: ModelView
    timings: Timings


@dataclass(frozen=True)
class FilterBank:
    """Weights of one convolution.

    Attributes:
        model: name and weight hash.
        layer: dotted module name.
        weights: ``(N, C, kh, kw)`` float32; C is 3 for a first convolution over RGB.
        first: whether the layer sees the RGB input itself.
    """

    model: ModelRef
    layer: str
    weights: NDArray[np.float32] = field(repr=False)
    first: bool


@dataclass(frozen=True)
class ModelInfo:
    """What `models` lists.

    Attributes:
        name: ``architecture.task``.
        task, architecture, title: the parts and a title for people.
        trained: whether weights are installed; an untrained model never answers.
        default: whether it is its task's default.
        classes: in the order of the logits.
        input_size: height and width in pixels.
        parameters: number of parameters, 0 if untrained.
        sha256: of the weights, or ``None``.
        metrics: metrics of the card as plain dictionaries.
        loaded: whether it is in memory now.
        device, dtype: where and in which precision it runs, once loaded.
        methods: attribution methods it can serve.
        note: words that must stand beside its classes.
        paper: where the design comes from.
        multilabel: whether it is a tagger, which gives tags rather than one class.
        answer: what it says of a photo (:data:`fashionviz.data.answers.ANSWERS`).
    """

    name: str
    task: str
    architecture: str
    title: str
    trained: bool
    default: bool
    classes: tuple[str, ...]
    input_size: tuple[int, int]
    parameters: int
    sha256: str | None
    metrics: tuple[dict[str, object], ...]
    loaded: bool
    device: str
    dtype: str
    methods: tuple[str, ...]
    note: str
    paper: str = ""
    multilabel: bool = False
    answer: Kind = "classes"

    @property
    def names(self) -> bool:
        """Whether it names what a photo shows, by a class or by tags."""
        return ANSWERS[self.answer].names

    @property
    def main_metric(self) -> dict[str, object] | None:
        """The figure that stands for the model: accuracy, or that of its kind of answer.

        That on the test split, else the first there is, since a test split may be held out; ``None`` without any.
        """
        name = ANSWERS[self.answer].figure
        found = [metric for metric in self.metrics if metric.get("name") == name]
        return next((metric for metric in found if metric.get("split") == "test"), found[0] if found else None)


@dataclass(frozen=True)
class Readiness:
    """Whether the suite can answer: a golden picture went through and its logits agree with the card's.

    Attributes:
        ready: the answer.
        model: which model was asked.
        worst: largest difference of a logit from the card's.
        tolerance: how much is allowed.
        reason: a sentence when not ready.
    """

    ready: bool
    model: str
    worst: float
    tolerance: float
    reason: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a slow job is.

    Attributes:
        done, total: steps.
        seconds_left: an estimate, or ``None`` at the start.
    """

    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True)
class ClassReport:
    """Scores of one class on a split, each in 0..1, with the number of items."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


@dataclass(frozen=True)
class Report:
    """How a model did on a split.

    Attributes:
        model: name and weight hash.
        data_set, split: what it was scored on.
        classes: in the order of the matrix.
        n: pictures scored; ``skipped`` had no label the model knows, or could not be read.
        accuracy, accuracy_ci95: share right and its 95 % Wilson interval.
        top2, top3, top5: share whose class is among the first k.
        macro_f1: mean of the classes' F1.
        per_class: in the order of ``classes``.
        confusion: ``(K, K)`` counts, true class by row.
        train_counts: items of each class in the train split, empty if unknown.
    """

    model: ModelRef
    data_set: str
    split: str
    classes: tuple[str, ...]
    n: int
    skipped: int
    accuracy: float
    accuracy_ci95: tuple[float, float]
    top2: float
    top3: float
    top5: float
    macro_f1: float
    per_class: tuple[ClassReport, ...]
    confusion: NDArray[np.int64] = field(repr=False)
    train_counts: tuple[int, ...] = ()
