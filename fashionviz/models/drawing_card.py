"""Cards of generators: what travels with their weights, checked before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from fashionviz.errors import WeightsError
from fashionviz.models.card import Metric
from fashionviz.models.packing import Dtype


class GoldenDrawing(BaseModel):
    """The self-test: mean of the picture of a seed, channel by channel.

    Attributes:
        seed: of the latent; of the first class where there are several.
        means: of R, G and B in 0..255.
        tolerance: in the same unit.
    """

    model_config = ConfigDict(frozen=True)

    seed: int
    means: tuple[float, float, float]
    tolerance: float = 1.0


class GeneratorCard(BaseModel):
    """Facts that travel with a generator's weights.

    Attributes:
        name, title, description: for people.
        learns: labels it learned from; empty for all photos.
        classes: those it can be asked for.
        size: height and width of its pictures in pixels.
        latent: dimensions of a latent.
        parameters, dtype, sha256: of the generator's weights.
        judge_sha256, judge_dtype: of the discriminator's, where they are shipped.
        data_sets, licence, intended_use, limits: in words.
        recipe: how it was trained, with the curve.
        command: the command that trained it.
        metrics: each distance with its interval.
        golden: self-test.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    name: str
    title: str
    description: str
    learns: tuple[str, ...]
    classes: tuple[str, ...]
    size: tuple[int, int]
    latent: int
    parameters: int
    dtype: Dtype
    sha256: str
    judge_sha256: str | None = None
    judge_dtype: Dtype | None = None
    data_sets: tuple[str, ...]
    licence: str
    intended_use: str
    limits: str
    recipe: dict[str, Any]
    command: str
    metrics: tuple[Metric, ...] = ()
    golden: GoldenDrawing | None = None

    def metric(self, name: str, split: str = "test") -> Metric | None:
        """The metric of that name on that split, or ``None``."""
        return next((m for m in self.metrics if m.name == name and m.split == split), None)

    def save(self, path: Path) -> None:
        """Write the card as indented JSON."""
        path.write_text(json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")


def load_generator_card(folder: Path) -> GeneratorCard:
    """Read ``card.json``.

    Raises:
        WeightsError: the card is missing or does not have the fields of one.
    """
    try:
        return GeneratorCard.model_validate_json((folder / "card.json").read_text())
    except OSError as error:
        raise WeightsError(f"The model card card.json of {folder.name} is missing.") from error
    except ValidationError as error:
        raise WeightsError(
            f"The model card of {folder.name} is damaged: {error.error_count()} field(s) wrong."
        ) from error
