"""What a report is asked for, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from fashionviz.images import Photo
from fashionviz.landmark_results import Landmarks
from fashionviz.results import ActivationMaps, Attribution, Box, FilterBank, ModelInfo, Prediction

#: Quick, and different in kind: fine detail, and the region that spoke.
METHODS = ("guided-backprop", "grad-cam")


@dataclass(frozen=True)
class Wish:
    """What is wanted in a report.

    Attributes:
        models: registry names; the default model where there are none.
        methods: attribution methods; a model that cannot serve one goes without, and the report says so.
        target: the class to explain; models that lack it, and all of them for ``None``, explain their most probable.
        box: the region asked about, ``(x0, y0, x1, y1)`` in pixels of the photo, or ``None`` for all of it.
    """

    models: tuple[str, ...] = ()
    methods: tuple[str, ...] = METHODS
    target: str | None = None
    box: Box | None = None


@dataclass(frozen=True)
class ModelPart:
    """What one model says.

    Attributes:
        info: the model.
        prediction: ``None`` where ``missing`` says why.
        maps: one for each method that it serves.
        activations: of its default layer.
        filters: of its first convolution.
        landmarks: of the networks that find them.
        missing: a sentence for everything that was wanted and is not there.
    """

    info: ModelInfo
    prediction: Prediction | None = None
    maps: tuple[Attribution, ...] = ()
    activations: ActivationMaps | None = None
    filters: FilterBank | None = None
    landmarks: Landmarks | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class TakeHome:
    """Everything that a report shows.

    Attributes:
        name: under which the photo was given.
        photo: its pixels.
        wish: what was asked for, with the names of the models that answered.
        parts: one a model, in the order of the wish.
        made: when.
        versions: names and versions of what computed it.
    """

    name: str
    photo: Photo = field(repr=False)
    wish: Wish
    parts: tuple[ModelPart, ...]
    made: datetime
    versions: tuple[tuple[str, str], ...]

    @property
    def failed(self) -> bool:
        """Whether a model did not answer at all."""
        return any(part.prediction is None for part in self.parts)
