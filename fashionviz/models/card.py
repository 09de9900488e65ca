"""Model cards: what travels with the weights (timm's idea), checked before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field

from fashionviz.errors import WeightsError

#: Names of figures for people.
FIGURE_NAMES = {
    "accuracy": "accuracy",
    "accuracy_float32": "accuracy before the weights were stored as int8",
    "department_recall": "mean recall of the two departments",
    "ece": "expected calibration error",
    "ece_uncalibrated": "the same before calibration",
    "micro_f1": "F1 of the tags, all decisions together",
    "macro_f1": "F1 of the tags, mean over tags",
    "landmark_error": "mean distance of the landmarks from derived ones, as a share of the garment's size",
    "landmark_rate": "landmarks detected (within a tenth of the garment's size of derived ones)",
    "map": "mean average precision of the tags",
    "frechet_distance": "Fréchet distance from photos, in features of MobileNetV2 on ImageNet",
    "kernel_distance": "kernel distance from photos, in features of MobileNetV2 on ImageNet",
    "precision_of_drawings": "drawn pictures that lie where photos do",
    "recall_of_photos": "photos that lie where drawn pictures do",
    "class_agreement": "drawn pictures that a classifier takes for the class asked for",
    "near_copies": "drawn pictures more like a training item than 95 % of test photos are",
    "miou": "mean intersection over union",
    "ap": "average precision of the boxes, mean over overlaps of 0.50 to 0.95",
    "ap50": "average precision of the boxes at an overlap of 0.50",
    "ap75": "average precision of the boxes at an overlap of 0.75",
    "ar": "recall of the boxes, mean over overlaps of 0.50 to 0.95",
    "pixel_accuracy": "pixels that are right",
    "recall_at_1": "synthetic street views whose item comes first",
    "recall_at_5": "synthetic street views whose item is among the first 5",
    "recall_at_10": "synthetic street views whose item is among the first 10",
    "recall_at_20": "synthetic street views whose item is among the first 20",
    "recall_at_1_strict": "the same, an item with an equal photo counting as another",
    "recall_at_1_near": "the same, an item with a nearly equal photo counting as right",
    "precision_at_10": "items of the photo's category among the first ten",
    "match_ece": "calibration error of the match probability on synthetic street views",
    "person_as_garment": "pixels of skin and hair that are called garment",
    "garment_as_person": "pixels of garments that are called skin or hair",
}


class Metric(BaseModel):
    """A figure with what is needed to judge it.

    Attributes:
        name: for example ``accuracy``.
        value: in its natural unit; shares are 0..1.
        ci95: lower and upper end of the 95 % interval.
        n: number of pictures.
        data_set, split: what it was measured on.
        command: the command that prints it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    value: float
    ci95: tuple[float, float]
    n: int
    data_set: str
    split: str
    command: str


class Golden(BaseModel):
    """The self-test: logits of the picture that our own generator draws from ``seed``."""

    model_config = ConfigDict(frozen=True)

    kind: str
    seed: int
    logits: tuple[float, ...]
    tolerance: float = 0.05


class Share(BaseModel):
    """How many of some pictures, with the 95 % Wilson interval of the share."""

    model_config = ConfigDict(frozen=True)

    count: int
    n: int
    ci95: tuple[float, float]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def value(self) -> float:
        """The share, 0..1; 0 of no pictures."""
        return self.count / self.n if self.n else 0.0


class AssuranceSet(BaseModel):
    """How often the model says "this is no garment" or "I am not sure" on pictures that nothing was fitted on.

    Attributes:
        title: what the pictures are, in words.
        data_set, split: where they come from.
        garments: whether they show garments: then ``not_a_garment`` counts errors, else hits.
        n: number of pictures.
        not_a_garment: where one half is the line; kept also where the model does not offer it.
        unsure: among those that are not called no garment.
        right_sure, right_unsure: right answers among those given without and with "I am not sure"; ``None`` without
            labels.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    data_set: str
    split: str
    garments: bool
    n: int
    not_a_garment: Share | None
    unsure: Share
    right_sure: Share | None = None
    right_unsure: Share | None = None


class AssuranceCard(BaseModel):
    """When the model says "I am not sure" or "this does not look like a garment", and how often that is wrong.

    Attributes:
        sha256: of ``assurance.safetensors``; ``None`` where only "I am not sure" is offered.
        sure_threshold: the least calibrated probability of the top class of a sure answer.
        garment_threshold: the least probability of a garment; ``None`` where it is not offered.
        garment_odds: garments for one other picture that the intercept assumes, set on validation so that the
            threshold rejects few garments.
        penalty: of the squared weights, chosen on validation.
        note: what was found on validation, in words.
        fitted_on: pictures of each kind that the weights were fitted on.
        sets: measured on pictures that nothing was fitted on.
        seed: of the drawn pictures and of every choice among photos.
        command: the command that fits and measures it.
    """

    model_config = ConfigDict(frozen=True)

    sha256: str | None
    sure_threshold: float = Field(ge=0, le=1)
    garment_threshold: float | None = Field(default=None, ge=0, le=1)
    garment_odds: float | None = None
    penalty: float | None = None
    note: str
    fitted_on: dict[str, int]
    sets: tuple[AssuranceSet, ...]
    seed: int
    command: str


class MatchCurve(BaseModel):
    """The probability that the most similar item is the right one, given its similarity: a logistic curve.

    It holds where the item is in the catalogue; of an item that is in none, the probability says nothing.

    Attributes:
        slope, intercept: of the log odds over the cosine.
        n: queries that it was fitted on.
        data_set, split: whose items those were.
        note: what the queries are.
    """

    model_config = ConfigDict(frozen=True)

    slope: float
    intercept: float
    n: int
    data_set: str
    split: str
    note: str

    def probabilities(self, similarities: NDArray[np.floating]) -> NDArray[np.float64]:
        """0..1, of cosines of any shape."""
        odds = self.slope * np.asarray(similarities, np.float64) + self.intercept
        return np.asarray(0.5 * (1 + np.tanh(odds / 2)))


class ModelCard(BaseModel):
    """Facts that travel with a model's weights."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    name: str
    title: str
    description: str
    task: str
    classes: tuple[str, ...]
    input_size: tuple[int, int] = Field(description="height and width in pixels")
    resize: str = "letterbox"
    fill: int = 255
    interpolation: str = "bilinear, antialiased"
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    first_conv: str
    activation_layer: str
    parameters: int
    dtype: str
    sha256: str
    data_sets: tuple[str, ...]
    licence: str
    intended_use: str
    limits: str
    recipe: dict[str, Any]
    command: str
    temperature: float = Field(default=1.0, gt=0, description="divisor of the logits, fitted on validation")
    thresholds: tuple[float, ...] = Field(
        default=(), description="of a tagger: the least probability at which each tag is said, chosen on validation"
    )
    metrics: tuple[Metric, ...] = ()
    golden: Golden | None = None
    assurance: AssuranceCard | None = None
    match: MatchCurve | None = Field(default=None, description="of an embedder: from a similarity to a probability")

    def metric(self, name: str, data_set: str, split: str) -> Metric | None:
        """The metric of that name on that split, or ``None``."""
        for metric in self.metrics:
            if (metric.name, metric.data_set, metric.split) == (name, data_set, split):
                return metric
        return None

    def save(self, path: Path) -> None:
        """Write the card as indented JSON."""
        path.write_text(json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")


def load_card(folder: Path) -> ModelCard:
    """Read ``card.json``.

    Raises:
        WeightsError: the card is missing or does not have the fields of a card.
    """
    path = folder / "card.json"
    try:
        return ModelCard.model_validate_json(path.read_text())
    except OSError as error:
        raise WeightsError(f"The model card {path.name} of {folder.name} is missing.") from error
    except ValidationError as error:
        raise WeightsError(
            f"The model card of {folder.name} is damaged: {error.error_count()} field(s) wrong."
        ) from error
