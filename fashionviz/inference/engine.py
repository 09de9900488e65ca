"""The engine: the one object that answers every front end. Thread-safe, in-process."""

from __future__ import annotations

import logging
import threading
import time

import numpy as np

from fashionviz.data.answers import ANSWERS
from fashionviz.data.examples import golden_picture
from fashionviz.embed_results import Embedding, MatchExplanation
from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.explain.averages import load_averages
from fashionviz.explain.channels import load_index
from fashionviz.explain.embedding_map import load_map
from fashionviz.explain.layers import activations_of, filters_of
from fashionviz.explain.methods import methods_for
from fashionviz.explore_results import ChannelAttribution, ClassAverages, EmbeddingMap, TopItems
from fashionviz.images import Photo, from_pixels
from fashionviz.inference.channels import explain_channel
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.embed import embed_photo, embedder, explain_match, must_embed
from fashionviz.inference.explanations import OnProgress, attribute, question, ticker
from fashionviz.inference.landmarks import FINDER, find_landmarks
from fashionviz.inference.loaded import Loaded
from fashionviz.inference.scores import scores_of, tags_of
from fashionviz.inference.segment import must_name, must_segment, segment_photo, segmenter
from fashionviz.inference.trust import regions_by, trust_of
from fashionviz.landmark_results import Landmarks
from fashionviz.models.assurance import load_garment_row
from fashionviz.models.card import load_card
from fashionviz.models.registry import ModelSpec, default_model, get_model, list_models
from fashionviz.models.weights import is_trained, load_trained, model_folder
from fashionviz.results import (
    ActivationMaps,
    Attribution,
    Box,
    FilterBank,
    LayerInfo,
    ModelInfo,
    Prediction,
    Readiness,
    Timings,
)
from fashionviz.segment_results import Segmentation
from fashionviz.trust_results import Trust

log = logging.getLogger(__name__)


class Engine:
    """Answers predictions, explanations, activations and filters for every registered model.

    Models load when first asked for, are verified against their cards, and leave memory least recently used first.

    Args:
        config: limits and placement; from the environment by default.
    """

    def __init__(self, config: EngineConfig | None = None) -> None:
        self.config = config or EngineConfig.from_environment()
        self._loaded: dict[str, Loaded] = {}
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}
        self._slow = threading.BoundedSemaphore(self.config.slow_jobs)

    # --- models -----------------------------------------------------------------------------------------------

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
            models, self._loaded = list(self._loaded.values()), {}
        for model in models:
            model.close()

    # --- predictions ------------------------------------------------------------------------------------------

    def predict(self, photo: Photo, model: str | None = None, *, box: Box | None = None) -> Prediction:
        """Class probabilities, or tags, of a photo or of a region of it.

        Args:
            photo: from :func:`fashionviz.images.decode`.
            model: registry name; the default model if ``None``.
            box: ``(x0, y0, x1, y1)`` in pixels of the photo.

        Raises:
            UnknownModel, ModelNotTrained, WeightsError: the model cannot answer.
            ImageTooSmall, InvalidRequest: the box, or a model that gives regions.
            Overloaded: the model's queue is full.
            WorkerDied: the model's worker stopped in the middle.
        """
        must_name(self._spec(model))
        loaded = self._get(model)
        start = time.perf_counter()
        region = _region(photo, box)
        x, _ = loaded.prepare(region)
        prepared = (time.perf_counter() - start) * 1000
        answer, garment = loaded.ask(x)
        probabilities = loaded.probabilities(answer.logits)
        scores = scores_of(loaded, answer.logits, probabilities)
        return Prediction(
            model=loaded.ref,
            scores=scores,
            timings=Timings(photo.decode_ms, answer.queue_ms, prepared + answer.compute_ms),
            box=box,
            notes=photo.notes,
            assurance=loaded.assurance(probabilities, garment),
            tags=tags_of(loaded, scores),
        )

    # --- explanations -----------------------------------------------------------------------------------------

    def explain(
        self,
        photo: Photo,
        model: str | None = None,
        method: str = "guided-backprop",
        *,
        target: str | None = None,
        against: str | None = None,
        layer: str | None = None,
        box: Box | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> Attribution:
        """Where the model looked.

        Args:
            photo: from :func:`fashionviz.images.decode`.
            model: registry name; the default model if ``None``.
            method: a name of :data:`fashionviz.explain.methods.METHODS`.
            target: the class to explain; the most probable one if ``None`` (of a tagger, in its first group).
            against: explain the difference from this class's logit: why the target and not this?
            layer: for the methods that look at one; the last with a spatial extent if ``None``.
            box: region in pixels of the photo.
            on_progress: called from this thread after each pass of a slow method.
            cancel: set it from another thread to stop a slow method.

        Raises:
            InvalidRequest: unknown method, class or layer, one class twice, or a method the model cannot serve.
            Cancelled: ``cancel`` was set.
            Overloaded: too many explanations are waiting.
        """
        must_name(self._spec(model))
        loaded = self._get(model)
        return attribute(
            loaded,
            photo,
            _region(photo, box),
            question(loaded, method, target, against, layer),
            slow=self._slow,
            tick=ticker(on_progress, cancel),
            cancel=cancel,
        )

    def trust(
        self,
        photo: Photo,
        model: str | None = None,
        method: str = "guided-backprop",
        *,
        target: str | None = None,
        against: str | None = None,
        layer: str | None = None,
        box: Box | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> Trust:
        """How far the map that :meth:`explain` gives can be trusted; a slow job whatever the method.

        Arguments and errors are those of :meth:`explain`.
        """
        must_name(self._spec(model))
        loaded = self._get(model)
        return trust_of(
            loaded,
            photo,
            _region(photo, box),
            question(loaded, method, target, against, layer),
            regions_by(self, photo, box),
            slow=self._slow,
            tick=ticker(on_progress, cancel),
            cancel=cancel,
        )

    # --- landmarks --------------------------------------------------------------------------------------------

    def landmark_finder(self, model: str | None = None) -> str:
        """Who finds landmarks for somebody who chose a model.

        Args:
            model: registry name.

        Returns:
            That model where it finds some and is trained; else the first trained one that does, RopaNet before the
            others; else RopaNet, which has no weights then.
        """
        finders = sorted((spec for spec in list_models() if spec.landmarks), key=lambda spec: spec.name != FINDER)
        trained = [spec.name for spec in finders if is_trained(spec.name)]
        return model if model in trained else (trained or [finders[0].name])[0]

    def landmarks(self, photo: Photo, model: str | None = None, *, box: Box | None = None) -> Landmarks:
        """Where a network finds the landmarks of the garment.

        Args:
            photo: from :func:`fashionviz.images.decode`.
            model: registry name; :meth:`landmark_finder` if ``None``.
            box: ``(x0, y0, x1, y1)`` in pixels of the photo.

        Raises:
            InvalidRequest: the model finds no landmarks, or the box.
            UnknownModel, ModelNotTrained, WeightsError: the model cannot answer.
            Overloaded: too many explanations are waiting.
        """
        name = model or self.landmark_finder()
        if not get_model(name).landmarks:
            having = ", ".join(spec.name for spec in list_models() if spec.landmarks)
            raise InvalidRequest(f"{name} finds no landmarks. These do: {having}.")
        return find_landmarks(self._get(name), photo, _region(photo, box), box)

    # --- regions ----------------------------------------------------------------------------------------------

    def segment(self, photo: Photo, model: str | None = None, *, box: Box | None = None) -> Segmentation:
        """What each pixel of a photo, or of a region of it, shows: garment, skin and hair, or neither.

        Args:
            photo: from :func:`fashionviz.images.decode`.
            model: registry name; the default segmenter if ``None``.
            box: ``(x0, y0, x1, y1)`` in pixels of the photo.

        Raises:
            InvalidRequest: the model gives no regions, or the box.
            UnknownModel, ModelNotTrained, WeightsError: the model cannot answer.
            Overloaded: the model's queue is full.
            WorkerDied: the model's worker stopped in the middle.
        """
        name = model or segmenter()
        must_segment(get_model(name))
        return segment_photo(self._get(name), photo, _region(photo, box), box)

    # --- vectors ----------------------------------------------------------------------------------------------

    def embed(self, photo: Photo, model: str | None = None, *, box: Box | None = None) -> Embedding:
        """A photo, or a region of it, as a vector of norm 1 by which pictures of one item find each other.

        Args:
            photo: from :func:`fashionviz.images.decode`.
            model: registry name; the default embedder if ``None``.
            box: ``(x0, y0, x1, y1)`` in pixels of the photo.

        Raises:
            InvalidRequest: the model gives no vectors, or the box.
            UnknownModel, ModelNotTrained, WeightsError: the model cannot answer.
            Overloaded: the model's queue is full.
            WorkerDied: the model's worker stopped in the middle.
        """
        name = model or embedder()
        must_embed(get_model(name))
        return embed_photo(self._get(name), photo, _region(photo, box), box)

    def explain_match(
        self,
        query: Photo,
        item: Photo,
        model: str | None = None,
        method: str = "integrated-gradients",
        *,
        layer: str | None = None,
        box: Box | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> MatchExplanation:
        """Why this item: what the similarity of two pictures rests on, on both of them.

        Args:
            query: the photo of which a region is compared.
            item: the catalogue's photo.
            model: registry name; the default embedder if ``None``.
            method: a name of :data:`fashionviz.explain.methods.METHODS`.
            layer: for the methods that look at one; the last with a spatial extent if ``None``.
            box: region in pixels of the query.
            on_progress: called from this thread after each pass of a slow method.
            cancel: set it from another thread to stop a slow method.

        Raises:
            InvalidRequest: the model gives no vectors, an unknown method or layer, or the box.
            UnknownModel, ModelNotTrained, WeightsError: the model cannot answer.
            Cancelled: ``cancel`` was set.
            Overloaded: too many explanations are waiting.
        """
        name = model or embedder()
        must_embed(get_model(name))
        loaded = self._get(name)
        asked = question(loaded, method, layer=layer)
        return explain_match(
            loaded, _region(query, box), item, asked, slow=self._slow, tick=ticker(on_progress, cancel), cancel=cancel
        )

    # --- layers -----------------------------------------------------------------------------------------------

    def layers(self, model: str | None = None) -> tuple[LayerInfo, ...]:
        """Every layer of a model, with the shape of its output, read from the network."""
        return self._get(model).layers

    def activations(
        self, photo: Photo, model: str | None = None, layer: str | None = None, *, box: Box | None = None
    ) -> ActivationMaps:
        """Activation maps of a layer; the card's default layer if ``None``.

        Raises:
            InvalidRequest: no such layer, or one without height and width.
        """
        loaded = self._get(model)
        name = layer or loaded.card.activation_layer
        start = time.perf_counter()
        x, view = loaded.prepare(_region(photo, box))
        with loaded.exclusive() as hooked:
            began = time.perf_counter()
            maps = activations_of(hooked.net, x[None].to(loaded.device), name)
        waited = (began - start) * 1000
        return ActivationMaps(
            model=loaded.ref,
            layer=name,
            maps=maps,
            view=view,
            timings=Timings(photo.decode_ms, waited, (time.perf_counter() - began) * 1000),
        )

    def filters(self, model: str | None = None, layer: str | None = None) -> FilterBank:
        """Filters of a convolution; the first one if ``None``.

        Raises:
            InvalidRequest: the layer is no convolution.
        """
        loaded = self._get(model)
        name = layer or loaded.card.first_conv
        weights = filters_of(loaded.network, name)
        return FilterBank(loaded.ref, name, weights, first=name == loaded.card.first_conv)

    def explain_channel(
        self,
        photo: Photo,
        model: str | None = None,
        layer: str | None = None,
        channel: int = 0,
        *,
        box: Box | None = None,
        cancel: threading.Event | None = None,
    ) -> ChannelAttribution:
        """Which pixels excite a channel of a layer; of the card's default layer if ``None``.

        Raises:
            InvalidRequest: no such layer or channel.
            Overloaded: too many explanations are waiting.
            Cancelled: ``cancel`` was set.
        """
        loaded = self._get(model)
        return explain_channel(
            loaded, photo, _region(photo, box), layer or loaded.card.activation_layer, channel, cancel
        )

    # --- what was computed over a split -----------------------------------------------------------------------

    def top_items(self, model: str | None, layer: str, channel: int) -> TopItems:
        """The test items that excite a channel most, from the model's committed index.

        Raises:
            NotBuilt: there is none, or the weights are others.
            InvalidRequest: it does not hold the layer, or there is no such channel.
        """
        return load_index(self._spec(model).name).top(layer, channel)

    def averages(self, model: str | None = None) -> ClassAverages:
        """Average photo and attribution of every class, as committed.

        Raises:
            NotBuilt: there are none, or the weights are others.
        """
        return load_averages(self._spec(model).name)

    def embedding_map(self, model: str | None = None) -> EmbeddingMap:
        """The test split's embeddings in two dimensions, as committed.

        Raises:
            NotBuilt: there is none, or the weights are others.
        """
        return load_map(self._spec(model).name)

    # --- health -----------------------------------------------------------------------------------------------

    def ready(self) -> Readiness:
        """Send the golden picture through the default model and compare its logits with the card's."""
        spec = default_model()
        try:
            loaded = self._get(spec.name)
            golden = loaded.card.golden
            if golden is None:
                return Readiness(False, spec.name, float("inf"), 0.0, f"The card of {spec.name} has no golden picture.")
            prediction = self.predict(from_pixels(golden_picture(golden.seed)), spec.name)
        except FashionvizError as error:
            return Readiness(False, spec.name, float("inf"), 0.0, str(error))
        logits = {s.label: s.logit for s in prediction.scores}
        worst = max(abs(logits[c] - g) for c, g in zip(loaded.card.classes, golden.logits, strict=True))
        ok = bool(worst <= golden.tolerance)  # false for NaN too
        reason = "" if ok else f"The golden picture's logits are off by {worst:.3g}; {golden.tolerance:g} is allowed."
        return Readiness(ok, spec.name, worst, golden.tolerance, reason)


def _region(photo: Photo, box: Box | None) -> Photo:
    if box is None:
        return photo
    if len(box) != 4 or not all(np.isfinite(v) for v in box):
        raise InvalidRequest("A box needs four numbers x0, y0, x1, y1 in pixels.")
    return photo.crop(box)


_shared: Engine | None = None
_shared_lock = threading.Lock()


def shared_engine() -> Engine:
    """The engine of this process, made when first asked for: every front end gets the same one."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = Engine()
        return _shared
