"""The one place where matching meets the engine: which network embeds, detects and categorises.

``match/`` does not import the engine; whoever calls hands it in. What an engine cannot do yet is said in words. Asked
are ``Engine.embed(photo, model)`` (a result with ``vector`` and ``model``), ``Engine.detect(photo, model)`` (with
``boxes``, ``scores`` and ``labels``) and ``Engine.predict``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashionviz.errors import ModelNotTrained
from fashionviz.images import Photo
from fashionviz.match.embedders import EngineEmbedder, frozen_features, item_embedders
from fashionviz.match.errors import NoDetector
from fashionviz.match.protocols import Categoriser, Cropper, Detector, Embedder, Found
from fashionviz.models.registry import default_model, get_model, list_models
from fashionviz.models.weights import is_trained
from fashionviz.results import Box

#: The networks of paper 001's step 2 on Street2Shop's eleven categories, the better one first.
CATEGORISERS = ("category_cnn64.category11", "category_cnn28.category11")
_NO_DETECTOR = (
    "No trained detector is installed, so garments are not found in a photo by themselves. Match the whole photo "
    "(`whole`), or a part of it (`box`)."
)


def embedder_for(engine: Any, name: str | None = None) -> Embedder:
    """The network that makes vectors.

    Args:
        engine: the shared engine.
        name: a network of the task ``item``, or any trained network whose frozen features are to be taken; without it
            the installed network of the task ``item``.

    Raises:
        ModelNotTrained: none is installed; the sentence says what can be taken instead.
        UnknownModel, WeightsError: no such network, or damaged weights.
    """
    trained = item_embedders()
    if name is None:
        if not trained:
            raise ModelNotTrained(
                "No network that embeds items is installed yet. The features of a classifier can be taken instead: "
                f"--embedder {default_model().name}."
            )
        name = trained[0]
    get_model(name)
    return EngineEmbedder(engine, name) if name in trained else frozen_features(name)


def best_embedder(engine: Any) -> Embedder:
    """The installed network of the task ``item``, else the default classifier's features: for what must work at once,
    such as the demo. Whoever uses it says which one it was.
    """
    return embedder_for(engine, next(iter(item_embedders()), default_model().name))


def trained_detectors() -> tuple[str, ...]:
    """Trained networks whose answer is boxes, the default first."""
    specs = [spec for spec in list_models() if str(spec.task.answer) == "boxes" and is_trained(spec.name)]
    return tuple(spec.name for spec in sorted(specs, key=lambda spec: not spec.default))


class EngineDetector:
    """The engine's detector.

    Args:
        engine: the shared engine.
        model: the detector's name; the default one if ``None``.
        min_score: the least score of what it gives; the engine's own if ``None``.

    Raises:
        NoDetector: the engine has none, or none is trained.
    """

    def __init__(self, engine: Any, model: str | None = None, min_score: float | None = None) -> None:
        detect: Callable[..., Any] | None = getattr(engine, "detect", None)
        if detect is None or not trained_detectors():
            raise NoDetector(_NO_DETECTOR)
        self._detect, self._model, self._min_score = detect, model, min_score

    def detect(self, photo: Photo) -> Found:
        """The garments in a photo, surest first."""
        try:
            least = {} if self._min_score is None else {"min_score": self._min_score}
            found = self._detect(photo, **least) if self._model is None else self._detect(photo, self._model, **least)
        except ModelNotTrained as error:
            raise NoDetector(_NO_DETECTOR) from error
        order = sorted(range(len(found.scores)), key=lambda i: -float(found.scores[i]))
        boxes: list[Box] = [tuple(float(v) for v in found.boxes[i]) for i in order]  # type: ignore[misc]
        return Found(
            tuple(boxes), tuple(float(found.scores[i]) for i in order), tuple(str(found.labels[i]) for i in order)
        )


class DetectingCropper:
    """Where the article is on a shop photo: the surest box of a detector, as in paper 001."""

    #: Kept with the catalogue.
    NAME = "surest box of the detector"

    def __init__(self, detector: Detector) -> None:
        self._detector, self.name = detector, self.NAME

    def crop(self, photo: Photo) -> Box | None:
        """The surest box; the whole photo where nothing is found."""
        boxes = self._detector.detect(photo).boxes
        return boxes[0] if boxes else None


class EngineCategoriser:
    """A classifier of the engine as the one that names a crop's category."""

    def __init__(self, engine: Any, model: str) -> None:
        self._engine, self._model = engine, model
        self.categories = get_model(model).task.classes

    def name_crop(self, photo: Photo, box: Box | None) -> tuple[tuple[str, float], ...]:
        """Every category with its probability, most probable first."""
        scores = self._engine.predict(photo, self._model, box=box).scores
        return tuple((score.label, float(score.probability)) for score in scores)


def categoriser_for(engine: Any) -> Categoriser | None:
    """The first trained network of :data:`CATEGORISERS`; ``None`` where there is none."""
    name = next((name for name in CATEGORISERS if is_trained(name)), None)
    return EngineCategoriser(engine, name) if name else None


def cropper_for(engine: Any) -> Cropper:
    """The detector as cropper of shop photos.

    Raises:
        NoDetector: there is none.
    """
    return DetectingCropper(EngineDetector(engine))
