"""Features of a frozen backbone, computed once: what last layers and logistic regressions are trained on."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from fashionviz.data.cache import decoded
from fashionviz.data.sets import cache_root, open_set
from fashionviz.evaluation.multilabel import Bools
from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_initial
from fashionviz.training.starts import starting_weights

log = logging.getLogger(__name__)


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
    size = f"{backbone.size[0]}x{backbone.size[1]}"
    folder = cache_root() / "features"
    target = folder / f"{spec.architecture}-{start.sha256[:12]}-{data_set}-{split}-{size}-{data.fingerprint()}.npy"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pixels = decoded(data, backbone.size)
        network = spec.build()
        load_initial(start.path, network)
        network = network.eval().to(memory_format=torch.channels_last)
        kept: list[torch.Tensor] = []
        head = network.get_submodule(spec.head)
        handle = head.register_forward_pre_hook(lambda module, inputs: kept.append(inputs[0]))
        partial = target.with_suffix(f".{os.getpid()}.part")
        store = np.lib.format.open_memmap(
            partial,
            mode="w+",
            dtype=np.float16,
            shape=(len(pixels), int(head.in_features)),  # type: ignore[arg-type]
        )
        log.info("%s looks at %s %s", backbone.title, data_set, split)
        with torch.inference_mode():
            for first in range(0, len(pixels), 64):
                block = torch.from_numpy(np.array(pixels[first : first + 64])).permute(0, 3, 1, 2).float() / 255
                network(normalise(block, spec.mean, spec.std).to(memory_format=torch.channels_last))
                store[first : first + 64] = kept.pop().numpy().astype(np.float16)
                if progress:
                    progress(min(first + 64, len(pixels)), len(pixels))
        handle.remove()
        store.flush()
        del store
        partial.replace(target)  # only a complete file gets the name
    features: NDArray[np.float16] = np.load(target, mmap_mode="r")
    return features


@dataclass(frozen=True)
class Material:
    """Features of a split with what is true of its photos.

    Attributes:
        x: ``(N, D)`` float32.
        true, known: ``(N, L)``.
    """

    x: NDArray[np.float32]
    true: Bools
    known: Bools

    def __len__(self) -> int:
        return len(self.x)

    def some(self, count: int, seed: int) -> Material:
        """So many photos, drawn by a seed."""
        pick = np.sort(np.random.default_rng(seed).permutation(len(self))[:count])
        return Material(self.x[pick], self.true[pick], self.known[pick])


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
