"""Frozen results about how much models disagree on one photo."""

from __future__ import annotations

from dataclasses import dataclass

from fashionviz.results import ModelRef


@dataclass(frozen=True)
class Opinion:
    """What one model says, and how far it stands from the others.

    Attributes:
        model: name and weight hash.
        task: its task.
        label, probability: its most probable class, of a tagger its first tag; 0..1.
        mean: mean divergence from the models it can be compared with, in bits, 0..1; ``None`` without any.
        compared: how many these are.
    """

    model: ModelRef
    task: str
    label: str
    probability: float
    mean: float | None
    compared: int


@dataclass(frozen=True)
class Pair:
    """Two models on the same photo.

    Attributes:
        first, second: names.
        words: the vocabulary they are compared in, for people; empty where they are not.
        bits: Jensen-Shannon divergence of their answers, 0 (the same) to 1 (nothing in common); ``None`` where they
            cannot be compared.
        coverage: the smaller share of the two answers that lies on words both have; the comparison is of that share.
        first_says, second_says: the most probable word of each, with its share.
        reason: why they cannot be compared.
    """

    first: str
    second: str
    words: str = ""
    bits: float | None = None
    coverage: float | None = None
    first_says: tuple[str, float] | None = None
    second_says: tuple[str, float] | None = None
    reason: str = ""

    @property
    def differs(self) -> bool | None:
        """Whether their most probable words differ; ``None`` where they cannot be compared."""
        if self.first_says is None or self.second_says is None:
            return None
        return self.first_says[0] != self.second_says[0]


@dataclass(frozen=True)
class TaskDisagreement:
    """All models of one task together.

    Attributes:
        task, title: which.
        models: names.
        bits: generalised Jensen-Shannon divergence: how many bits the answer tells about which model gave it.
        most: what it can be at most, log2 of the number of models.
        says: each most probable class with the models that say it, most often said first.
    """

    task: str
    title: str
    models: tuple[str, ...]
    bits: float
    most: float
    says: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Disagreement:
    """How much models disagree on one photo.

    Attributes:
        opinions: the model that stands farthest from the others first; those that cannot be compared last.
        pairs: every two models, in the order of ``opinions``.
        tasks: those with two models or more.
        sentence: what they disagree about, for people.
        failed: models that did not answer, with why.
    """

    opinions: tuple[Opinion, ...]
    pairs: tuple[Pair, ...]
    tasks: tuple[TaskDisagreement, ...]
    sentence: str
    failed: tuple[tuple[str, str], ...] = ()
