"""Features of a frozen backbone, computed once: what last layers and logistic regressions are trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from fashionviz.data.sets import open_set
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_initial
from fashionviz.training.feature_cache import cached_features
from fashionviz.training.last_layer import Material
from fashionviz.training.precision import cpu_precision
from fashionviz.training.starts import starting_weights


@dataclass(frozen=True)
class Backbone:
    """A network with its ImageNet weights, whose last layer's input is taken.

    Attributes:
        model: a registered model of the architecture.
        init: which weights (:mod:`fashionviz.training.starts`).
        size: height and width that photos are fitted into.
    """

    model: str
    init: str
    size: tuple[int, int]

    @property
    def title(self) -> str:
        """For tables."""
        architecture = self.model.partition(".")[0]
        return f"{architecture} ({self.init}), {self.size[1]}×{self.size[0]} px"


def frozen_features(
    backbone: Backbone, data_set: str, split: str, progress: Callable[[int, int], None] | None = None
) -> NDArray[np.float16]:
    """What the backbone makes of every photo of a split, as a read-only memory map kept in the cache.

    Args:
        backbone: which network.
        data_set, split: whose photos.
        progress: called with (done, total).

    Returns:
        ``(N, D)``, in the order of the rows.

    Raises:
        DataError: the data set is missing.
        WeightsError: the weights are.
    """
    spec, data = get_model(backbone.model), open_set(data_set, split)
    start = starting_weights(backbone.init, backbone.model)
    assert start.path is not None
    assert start.sha256 is not None
    network = spec.build()
    load_initial(start.path, network)
    network = network.eval().to(memory_format=torch.channels_last)
    kept: list[torch.Tensor] = []
    handle = network.get_submodule(spec.head).register_forward_pre_hook(lambda module, inputs: kept.append(inputs[0]))

    def compute(x: torch.Tensor) -> torch.Tensor:
        network(x)
        return kept.pop()

    name = f"{spec.architecture}-{start.sha256[:12]}"
    try:
        return cached_features(
            name, compute, data, np.arange(len(data)), backbone.size, spec.mean, spec.std,
            cpu_precision(spec.architecture), progress,
        )  # fmt: skip
    finally:
        handle.remove()


def tag_material(
    backbone: Backbone, model: str, split: str, progress: Callable[[int, int], None] | None = None
) -> Material:
    """Features and targets of a tagger's data set.

    Args:
        backbone: which network.
        model: a tagger, whose task says what is true.
        split: of its data set.
        progress: called with (done, total).
    """
    task = get_model(model).task
    assert task.targets is not None
    true, known = task.targets(open_set(task.data_set, split).table(list(task.columns)).to_pylist())
    return Material(frozen_features(backbone, task.data_set, split, progress).astype(np.float32), true, known)
