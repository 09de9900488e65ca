"""What matching asks of networks. Whoever fits the protocol can take part: real ones are wired in :mod:`wiring`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fashionviz.images import Photo
from fashionviz.results import Box, ModelRef

Pixels = NDArray[np.uint8]


class Embedder(Protocol):
    """A network that turns pictures of garments into vectors whose cosine says how alike they are."""

    @property
    def ref(self) -> ModelRef:
        """Name and SHA-256 of the weights: vectors of another name or weights cannot be compared."""

    @property
    def dim(self) -> int:
        """Values of a vector."""

    def embed(self, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        """Pictures ``(H, W, 3)`` uint8 of any sizes to ``(N, dim)``, every row of length 1.

        Raises:
            Overloaded, WorkerDied: nobody answers now.
        """


class Cropper(Protocol):
    """Where the article is on a shop photo: asked when a catalogue is built, as in paper 001."""

    @property
    def name(self) -> str:
        """Kept with the catalogue, for example the detector's name."""

    def crop(self, photo: Photo) -> Box | None:
        """The article's box in pixels, or ``None`` for the whole photo."""


class WholePhoto:
    """The cropper of photos that show one article and nothing else."""

    name = "whole photo"

    def crop(self, photo: Photo) -> Box | None:
        """Never crops."""
        return None


@dataclass(frozen=True)
class Found:
    """Garments found in a photo, surest first.

    Attributes:
        boxes: ``(x0, y0, x1, y1)`` each, in pixels of the photo.
        scores: 0..1 each.
        labels: what the detector calls each.
    """

    boxes: tuple[Box, ...]
    scores: tuple[float, ...]
    labels: tuple[str, ...]


class Detector(Protocol):
    """A network that finds the garments in a photo."""

    def detect(self, photo: Photo) -> Found:
        """The garments in it.

        Raises:
            ModelNotTrained: there are no weights.
        """


class Categoriser(Protocol):
    """A network that names the category of a crop."""

    @property
    def categories(self) -> tuple[str, ...]:
        """All that it can name."""

    def name_crop(self, photo: Photo, box: Box | None) -> tuple[tuple[str, float], ...]:
        """Categories with their probabilities, most probable first."""
