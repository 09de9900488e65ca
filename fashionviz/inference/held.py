"""The models that an engine holds: listed, loaded when first asked for, dropped when memory is short."""

from __future__ import annotations

import logging
import threading
import time

import numpy as np

from fashionviz.data.answers import ANSWERS
from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.explain.methods import methods_for
from fashionviz.images import Photo
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.drawers import Drawer
from fashionviz.inference.loaded import Loaded
from fashionviz.models.assurance import load_garment_row
from fashionviz.models.card import load_card
from fashionviz.models.registry import ModelSpec, default_model, get_model, list_models
from fashionviz.models.weights import is_trained, load_trained, model_folder
from fashionviz.results import Box, ModelInfo

log = logging.getLogger(__name__)


class HeldModels:
    """Registered models, and those of them that are in memory; what every part of the engine stands on.

    Args:
        config: limits and placement; from the environment by default.
    """

    def __init__(self, config: EngineConfig | None = None) -> None:
        self.config = config or EngineConfig.from_environment()
        self._loaded: dict[str, Loaded] = {}
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}
        self._slow = threading.BoundedSemaphore(self.config.slow_jobs)
        self._drawers: dict[str, Drawer] = {}

    def models(self) -> tuple[ModelInfo, ...]:
        """Every registered model: the one that answers by default, the other trained ones, then the untrained.

        Nothing is loaded for it.
        """
        main = default_model().name
        infos = (self._info(spec) for spec in list_models())
        return tuple(sorted(infos, key=lambda info: (info.name != main, not info.trained, info.name)))

    def model(self, name: str | None = None) -> ModelInfo:
        """One model; ``None`` means the default.

        Raises:
            UnknownModel: no such model.
        """
        return self._info(self._spec(name))

    def _spec(self, name: str | None) -> ModelSpec:
        return get_model(name) if name else default_model()

    def _info(self, spec: ModelSpec) -> ModelInfo:
        trained = is_trained(spec.name)
        card = None
        if trained:
            try:
                card = load_card(model_folder(spec.name))
            except FashionvizError as error:
                log.warning("%s", error)
                trained = False
        loaded = self._loaded.get(spec.name)
        return ModelInfo(
            name=spec.name,
            task=spec.task.name,
            architecture=spec.architecture,
            title=card.title if card else spec.task.title,
            trained=trained,
            default=spec.default,
            classes=spec.task.classes,
            input_size=spec.input_size,
            parameters=card.parameters if card else 0,
            sha256=card.sha256 if card else None,
            metrics=tuple(m.model_dump(mode="json") for m in card.metrics) if card else (),
            loaded=loaded is not None,
            device=str(loaded.device) if loaded else "",
            dtype=str(loaded.dtype).removeprefix("torch.") if loaded else "",
            methods=methods_for(spec.relu_family) if ANSWERS[spec.task.answer].names else (),
            note=spec.task.note,
            paper=spec.paper,
            multilabel=spec.task.multilabel,
            answer=spec.task.answer,
        )

    def _get(self, name: str | None) -> Loaded:
        spec = self._spec(name)
        with self._lock:
            found = self._loaded.get(spec.name)
            gate = self._loading.setdefault(spec.name, threading.Lock())
        if found is None:
            with gate:  # one thread loads, the others wait for it, other models are not held up
                found = self._loaded.get(spec.name)
                if found is None:
                    network, card = load_trained(spec.name)
                    row = load_garment_row(card, model_folder(spec.name))
                    found = Loaded(spec, card, network, self.config, row)
                    with self._lock:
                        self._loaded[spec.name] = found
                    self._evict(keep=spec.name)
        found.last_used = time.monotonic()
        return found

    def _evict(self, keep: str) -> None:
        with self._lock:
            dropped = []
            budget = self.config.memory_mb * 1024 * 1024
            while sum(2 * m.bytes for m in self._loaded.values()) > budget and len(self._loaded) > 1:
                oldest = min((m for n, m in self._loaded.items() if n != keep), key=lambda m: m.last_used)
                dropped.append(self._loaded.pop(oldest.spec.name))
        for model in dropped:
            log.info("dropping %s from memory", model.spec.name)
            model.close()

    def close(self) -> None:
        """Stop all workers and drop all models."""
        with self._lock:
            models, self._loaded, self._drawers = list(self._loaded.values()), {}, {}
        for model in models:
            model.close()


def region_of(photo: Photo, box: Box | None) -> Photo:
    """The part of a photo that is asked about: all of it without a box.

    Raises:
        InvalidRequest: the box is not four finite numbers, or lies outside.
        ImageTooSmall: the box covers too little.
    """
    if box is None:
        return photo
    if len(box) != 4 or not all(np.isfinite(v) for v in box):
        raise InvalidRequest("A box needs four numbers x0, y0, x1, y1 in pixels.")
    return photo.crop(box)
