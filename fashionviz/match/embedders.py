"""Networks that make vectors, as matching asks them: frozen features of a trained classifier, or the engine's own.

Frozen features are a baseline of paper 001 (its trials 2 and 3), and what a catalogue is built with as long as no
network trained to embed items is installed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from fashionviz import images
from fashionviz.errors import InvalidRequest, Overloaded
from fashionviz.explain.embedding_map import embeddings_of
from fashionviz.images import Photo
from fashionviz.match.protocols import Pixels
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import get_model, list_models
from fashionviz.models.weights import is_trained, load_trained
from fashionviz.results import ModelRef

#: The task of networks that are trained to embed items.
ITEM = "item"
_AT_ONCE = 16
#: Kinds of answers whose networks end in one linear layer.
_HEADED = ("classes", "tags", "embedding")
#: Longest wait for the batches of others.
_WAIT_S = 60.0


class FrozenFeatures:
    """The input of a trained classifier's last linear layer, scaled to length 1.

    Raises:
        UnknownModel, ModelNotTrained, WeightsError: the network cannot answer.
        InvalidRequest: it has no such layer (it gives regions).
    """

    def __init__(self, name: str) -> None:
        self._spec = get_model(name)
        if str(self._spec.task.answer) not in _HEADED:
            raise InvalidRequest(f"{name} neither names what a photo shows nor embeds it, so it makes no vector of it.")
        network, card = load_trained(name)
        self._network = network.eval().to(memory_format=torch.channels_last)
        self._lock = threading.Lock()  # the features come through a hook: one batch at a time
        self.ref = ModelRef(self._spec.name, card.sha256)
        self.dim = self._features([np.full((8, 8, 3), 255, np.uint8)]).shape[1]

    def _features(self, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        spec = self._spec
        inputs = [to_input(picture, spec.input_size, spec.mean, spec.std)[0] for picture in pictures]
        parts = [torch.stack(inputs[i : i + _AT_ONCE]) for i in range(0, len(inputs), _AT_ONCE)]
        if not self._lock.acquire(timeout=_WAIT_S):
            raise Overloaded(f"{spec.name} is busy embedding other photos; please try again.", 10.0)
        try:
            return embeddings_of(self._network, spec.head, parts)
        finally:
            self._lock.release()

    def embed(self, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        """Pictures ``(H, W, 3)`` uint8 to ``(N, D)`` of unit length."""
        if not pictures:
            return np.empty((0, self.dim), np.float32)
        values = self._features(pictures)
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)


class EmbeddingEngine(Protocol):
    """An engine with a call that embeds."""

    def model(self, name: str | None = None) -> Any:
        """What is known of a network, ``sha256`` of its weights among it."""

    def embed(self, photo: Photo, model: str | None = None) -> Any:
        """A photo to a result with ``vector`` ``(D,)`` of unit length and ``model``, a :class:`ModelRef`."""


class EngineEmbedder:
    """A network of the task ``item``, asked through the engine, whose micro-batches several threads fill."""

    def __init__(self, engine: EmbeddingEngine, name: str) -> None:
        self._engine, self._name = engine, name
        self.ref = ModelRef(name, str(engine.model(name).sha256))

    @cached_property
    def dim(self) -> int:
        """Values of a vector; asks the network once, when a catalogue is made."""
        return len(self._one(np.full((8, 8, 3), 255, np.uint8)))

    def _one(self, picture: Pixels) -> NDArray[np.float32]:
        return self._engine.embed(images.from_pixels(picture), model=self._name).vector

    def embed(self, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        """Pictures ``(H, W, 3)`` uint8 to ``(N, D)`` of unit length."""
        if not pictures:
            return np.empty((0, self.dim), np.float32)

        if len(pictures) == 1:
            return np.stack([self._one(pictures[0])])
        with ThreadPoolExecutor(min(_AT_ONCE, len(pictures))) as pool:
            return np.stack(list(pool.map(self._one, pictures)))


def item_embedders() -> tuple[str, ...]:
    """Trained networks of the task ``item``, the default first."""
    specs = [spec for spec in list_models() if spec.task.name == ITEM and is_trained(spec.name)]
    return tuple(spec.name for spec in sorted(specs, key=lambda spec: not spec.default))


_frozen: dict[tuple[str, str], FrozenFeatures] = {}
_loading = threading.Lock()


def frozen_features(name: str) -> FrozenFeatures:
    """The frozen features of a classifier, loaded once as long as its weights stay the same."""
    from fashionviz.models.card import load_card
    from fashionviz.models.weights import model_folder

    with _loading:
        key = (name, load_card(model_folder(name)).sha256) if is_trained(name) else (name, "")
        found = _frozen.get(key)
        if found is None:
            found = FrozenFeatures(name)
            _frozen.clear()  # one is in use at a time; others would only take memory
            _frozen[key] = found
        return found
