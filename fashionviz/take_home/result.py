"""What a report is asked for, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from fashionviz.images import Photo
from fashionviz.landmark_results import Landmarks
from fashionviz.results import ActivationMaps, Attribution, Box, FilterBank, ModelInfo, Prediction
from fashionviz.trust_results import Trust

#: Quick, and different in kind: fine detail, and the region that spoke.
METHODS = ("guided-backprop", "grad-cam")
#: Of which maps it is found out how far they can be trusted: of the quick methods' (some 170 passes through the network
#: each, seconds), of all (a slow method is asked once more besides, with random weights: minutes), of none.
Trusted = Literal["quick", "all", "none"]
TRUSTED: tuple[Trusted, ...] = get_args(Trusted)


@dataclass(frozen=True)
class Wish:
    """What is wanted in a report.

    Attributes:
        models: registry names; the default model where there are none.
        methods: attribution methods; a model that cannot serve one goes without, and the report says so.
        target: the class to explain; models that lack it, and all of them for ``None``, explain their most probable.
        box: the region asked about, ``(x0, y0, x1, y1)`` in pixels of the photo, or ``None`` for all of it.
        trust: of which maps it is found out how far they can be trusted.
    """

    models: tuple[str, ...] = ()
    methods: tuple[str, ...] = METHODS
    target: str | None = None
    box: Box | None = None
    trust: Trusted = "quick"

    def checks(self, method: str) -> bool:
        """Whether it is to be found out how far a method's map can be trusted."""
        from fashionviz.explain.methods import get_method  # it imports torch, for which a command's help need not wait

        return self.trust == "all" or (self.trust == "quick" and not get_method(method).slow)


@dataclass(frozen=True)
class ModelPart:
    """What one model says.

    Attributes:
        info: the model.
        prediction: ``None`` where ``missing`` says why.
        maps: one for each method that it serves.
        trust: how far they can be trusted, of those for which that was wanted, in their order.
        activations: of its default layer.
        filters: of its first convolution.
        landmarks: of the networks that find them.
        missing: a sentence for everything that was wanted and is not there.
    """

    info: ModelInfo
    prediction: Prediction | None = None
    maps: tuple[Attribution, ...] = ()
    trust: tuple[Trust, ...] = ()
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
