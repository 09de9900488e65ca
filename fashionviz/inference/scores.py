"""Probabilities of a model's classes, as results."""

from __future__ import annotations

import numpy as np
import torch

from fashionviz.inference.loaded import Loaded
from fashionviz.results import ClassScore, TagGroup


def scores_of(loaded: Loaded, logits: torch.Tensor, probabilities: np.ndarray) -> tuple[ClassScore, ...]:
    """Every class or tag with its probability, most probable first."""
    order = np.argsort(-probabilities, kind="stable")
    classes = loaded.card.classes
    thresholds = loaded.card.thresholds or (None,) * len(classes)
    return tuple(ClassScore(classes[i], float(probabilities[i]), float(logits[i]), thresholds[i]) for i in order)


def tags_of(loaded: Loaded, scores: tuple[ClassScore, ...]) -> tuple[TagGroup, ...]:
    """A tagger's scores by group, in the order of the task; empty for a classifier."""
    classes = loaded.card.classes
    return tuple(
        TagGroup(
            group.name,
            group.title,
            group.exclusive,
            tuple(score for score in scores if group.start <= classes.index(score.label) < group.stop),
        )
        for group in loaded.spec.task.groups
    )
