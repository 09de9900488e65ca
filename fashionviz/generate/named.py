"""A drawn garment by its name, ``drawn:MODEL:CLASS:TRUNCATION:POINT``: what a link to a drawing carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fashionviz import images
from fashionviz.drawing_results import Samples
from fashionviz.errors import InvalidRequest
from fashionviz.generate.points import parse_point
from fashionviz.images import Photo
from fashionviz.models.generators import get_generator

PREFIX = "drawn:"


class Draws(Protocol):
    """What draws: the engine."""

    def generate(
        self,
        model: str | None = None,
        *,
        label: str | None = None,
        points: Sequence[str] | None = None,
        truncation: float | None = None,
    ) -> Samples:
        """Pictures of points."""


@dataclass(frozen=True)
class DrawnRef:
    """Which drawing.

    Attributes:
        model: registry name of the generator.
        label: the class that was asked for; ``None`` of a generator that knows none.
        truncation: of the latents; ``None`` draws once.
        point: where it comes from.
    """

    model: str
    label: str | None
    truncation: float | None
    point: str

    def __str__(self) -> str:
        truncation = "" if self.truncation is None else f"{self.truncation:g}"
        return f"{PREFIX}{self.model}:{self.label or ''}:{truncation}:{self.point}"

    @property
    def words(self) -> str:
        """By what it is drawn, from what, and of which class."""
        origin = f"seed {self.point}" if self.point.isdecimal() else f"point {self.point}"
        return ", ".join([f"drawn by {self.model}", origin, *([self.label] if self.label else [])])


def is_drawn(text: str) -> bool:
    """Whether a name is that of a drawing, or means to be."""
    return text.strip().startswith(PREFIX)


def parse_drawn(text: str) -> DrawnRef:
    """Read ``drawn:MODEL:CLASS:TRUNCATION:POINT``; class and truncation may be empty.

    Raises:
        InvalidRequest: it has another form, or its point cannot be read.
        UnknownModel: there is no such generator.
    """
    parts = text.strip().split(":", 4)
    if len(parts) != 5 or parts[0] != PREFIX[:-1]:
        raise InvalidRequest(
            f"{text[:80]!r} names no drawing: write generator, class, truncation and point, as in "
            "drawn:cgan64.gender_category:Women/Apparel::7."
        )
    _, model, label, truncation, point = parts
    spec = get_generator(model)
    if label and label not in (spec.classes or spec.learns):
        raise InvalidRequest(f"{model} draws no {label[:40]!r}; it draws {', '.join(spec.classes or spec.learns)}.")
    try:
        cut = float(truncation) if truncation else None
    except ValueError as error:
        raise InvalidRequest(f"{truncation[:20]!r} is no truncation: write a number, or nothing.") from error
    return DrawnRef(model, label or None, cut, str(parse_point(point)))


def drawn_photo(ref: DrawnRef, engine: Draws) -> Photo:
    """The drawing as a photo.

    Raises:
        FashionvizError: it cannot be drawn: no weights, or a truncation out of range.
    """
    samples = engine.generate(ref.model, label=ref.label, points=(ref.point,), truncation=ref.truncation)
    return images.from_pixels(samples.drawings[0].pixels)
