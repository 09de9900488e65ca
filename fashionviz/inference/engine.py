"""The engine: the one object that answers every front end. Thread-safe, in-process."""

from __future__ import annotations

import threading
import time

from fashionviz.data.examples import golden_picture
from fashionviz.detect_results import Detections
from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.images import Photo, from_pixels
from fashionviz.inference.comparing import Comparing
from fashionviz.inference.detect import detect_items, detector, must_detect
from fashionviz.inference.drawing import DrawingCalls
from fashionviz.inference.explaining import Explaining
from fashionviz.inference.explanations import OnProgress, question, ticker
from fashionviz.inference.held import region_of
from fashionviz.inference.landmarks import FINDER, find_landmarks
from fashionviz.inference.scores import scores_of, tags_of
from fashionviz.inference.segment import must_name, must_segment, segment_photo, segmenter
from fashionviz.inference.trust import regions_by, trust_of
from fashionviz.landmark_results import Landmarks
from fashionviz.models.registry import default_model, get_model, list_models
from fashionviz.models.weights import is_trained
from fashionviz.results import Box, Prediction, Readiness, Timings
from fashionviz.segment_results import Segmentation
from fashionviz.trust_results import Trust


class Engine(Explaining, Comparing, DrawingCalls):
    """Answers predictions, explanations, activations and filters for every registered model.

    Models load when first asked for, are verified against their cards, and leave memory least recently used first.

    Args:
        config: limits and placement; from the environment by default.
    """

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
        region = region_of(photo, box)
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

    # --- trust ------------------------------------------------------------------------------------------------

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
            region_of(photo, box),
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
        return find_landmarks(self._get(name), photo, region_of(photo, box), box)

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
        return segment_photo(self._get(name), photo, region_of(photo, box), box)

    # --- items ------------------------------------------------------------------------------------------------

    def detect(
        self,
        photo: Photo,
        model: str | None = None,
        min_score: float | None = None,
        box: Box | None = None,
        cancel: threading.Event | None = None,
    ) -> Detections:
        """The items that are worn and carried on a photo, or on a region of it, each with a box.

        Args:
            photo: from :func:`fashionviz.images.decode`.
            model: registry name; the default detector if ``None``.
            min_score: the least score of an item; 0.6 if ``None``.
            box: ``(x0, y0, x1, y1)`` in pixels of the photo; the items' boxes are in the photo's pixels all the same.
            cancel: set it from another thread to stop waiting.

        Raises:
            InvalidRequest: the model finds no items, the score, or the box.
            UnknownModel, ModelNotTrained, WeightsError: the model cannot answer.
            Cancelled: ``cancel`` was set.
            Overloaded: the model's queue is full.
            WorkerDied: the model's worker stopped in the middle.
        """
        name = model or detector()
        must_detect(get_model(name))
        return detect_items(self._get(name), photo, region_of(photo, box), min_score, box, cancel)

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


_shared: Engine | None = None
_shared_lock = threading.Lock()


def shared_engine() -> Engine:
    """The engine of this process, made when first asked for: every front end gets the same one."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = Engine()
        return _shared
