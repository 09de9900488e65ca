"""The shapes of the API's answers, for OpenAPI. The values come from :mod:`fashionviz.serialise`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from apps.api.schemas_explain import (  # noqa: F401  every shape is found here
    ActivationsBody,
    ArrayBody,
    CurveBody,
    ExplanationBody,
    FiltersBody,
    PlacementBody,
    RandomisedBody,
    RegionShareBody,
    TrustBody,
)
from apps.api.schemas_parts import Timings
from apps.api.schemas_scores import (  # noqa: F401  every shape is found here
    AveragesBody,
    CellBody,
    CellItem,
    ClassScores,
    RegionReportBody,
    RegionScores,
    ReliabilityBin,
    ReliabilityBody,
    ReportBody,
    ScoredBody,
    TaggingReportBody,
    TagScores,
)
from fashionviz.data.answers import Kind

_SHA = "b2c1a6f0f5a94f8f0a0a3e6a6f5d6a4d2f4f0a7c9f1f9f6f6f3f2a1b0c9d8e7f"
_NOTE = "Men and Women name the department an item is sold in, not a person."
_TIMINGS = {"decode": 4.1, "queue": 0.3, "compute": 18.2, "total": 22.6}


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class ErrorDetail(BaseModel):
    """What went wrong: a name for programs and a sentence for people."""

    code: str = Field(examples=["unsupported_format"])
    message: str = Field(
        examples=["This file is a HEIC photo (the iPhone's format). Please use a JPEG, PNG or WebP photo."]
    )


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class Score(BaseModel):
    """A class with its probability (0..1) and its logit."""

    label: str
    probability: float
    logit: float


class AssuranceBody(BaseModel):
    """Whether to rely on the prediction. How often this is wrong stands in the model's card."""

    verdict: Literal["sure", "unsure", "not-a-garment"]
    garment_probability: float | None = Field(
        description="That the photo shows a garment, below 0.5 for not-a-garment; null where the model cannot tell."
    )
    reason: str = Field(description="One sentence for people.")


class TagBody(BaseModel):
    """A tag with its probability (0..1) and the one from which it is said."""

    value: str
    probability: float
    threshold: float
    said: bool


class TagGroupBody(BaseModel):
    """Tags that answer one question."""

    group: str = Field(description="The column of the data set; empty where there is one group alone.")
    title: str
    exclusive: bool = Field(description="Whether one of them at most is true of an item.")
    said: list[str] = Field(description="Those that reach their thresholds, most probable first.")
    tags: list[TagBody] = Field(description="All of them, most probable first.")


class LandmarkBody(BaseModel):
    """One landmark, in pixels of the decoded photo."""

    name: str = Field(description="left_collar, right_collar, …; left is left in the picture.")
    x: float
    y: float
    probability: float = Field(description="That the garment shows it.")
    present: bool = Field(description="Whether that is one half or more.")


class LandmarksBody(BaseModel):
    """Eight landmarks: collar, sleeve, waist and hem, left and right."""

    file: str
    model: str
    sha256: str = Field(description="SHA-256 of the weights that answered.")
    landmarks: list[LandmarkBody]
    timings_ms: dict[str, float]
    box: list[float] | None
    note: str = Field(description="Words that must stand beside the landmarks.")


class PredictionBody(BaseModel):
    """Every class, most probable first."""

    model_config = _example(
        file="shirt.jpg",
        model="mobilenet_v2.gender_category",
        sha256=_SHA,
        predictions=[
            {"label": "Men/Apparel", "probability": 0.982, "logit": 7.31},
            {"label": "Women/Apparel", "probability": 0.016, "logit": 3.2},
        ],
        timings_ms=_TIMINGS,
        box=None,
        notes=["turned upright"],
        note=_NOTE,
        assurance={
            "verdict": "sure",
            "garment_probability": 0.994,
            "reason": "One class is clearly the most probable.",
        },
        tags=None,
    )
    file: str
    model: str
    sha256: str = Field(description="SHA-256 of the weights that answered.")
    predictions: list[Score]
    timings_ms: Timings
    box: list[float] | None = Field(description="Region in pixels, x0, y0, x1, y1; null for the whole photo.")
    notes: list[str] = Field(description="What was done to the photo.")
    note: str = Field(description="Words that must stand beside the classes.")
    assurance: AssuranceBody | None = Field(
        description="Whether to rely on it; null where that was not measured for the model."
    )
    tags: list[TagGroupBody] | None = Field(description="A tagger's labels by group; null for a classifier.")


class ModelBody(BaseModel):
    """A registered model. One that is not trained never answers."""

    name: str = Field(examples=["mobilenet_v2.gender_category"])
    task: str
    architecture: str
    title: str
    trained: bool
    default: bool
    metrics: list[dict[str, Any]] = Field(description="Figures of the card, each with n and its 95 % interval.")
    sha256: str | None
    classes: list[str]
    input_size: list[int] = Field(description="Height and width in pixels.")
    parameters: int
    methods: list[str] = Field(description="Attribution methods it can serve.")
    loaded: bool
    device: str
    dtype: str
    note: str
    paper: str = Field(description="Where the design comes from.")
    multilabel: bool = Field(description="Whether it is a tagger, which gives tags rather than one class.")
    answer: Kind = Field(
        description="What it says of a photo: one of its classes, tags, a class for each pixel, boxes with a class "
        "each, or a vector by which pictures of one item find each other."
    )


class LayerBody(BaseModel):
    """A layer of a model."""

    name: str = Field(examples=["features.3"])
    kind: str
    shape: list[int] = Field(description="Output without the batch: C, h, w.")
    parameters: int
    spatial: bool = Field(description="Whether it has activation maps.")
    filters: bool = Field(description="Whether it is a convolution with filters to show.")


class SegmentationBody(BaseModel):
    """What each pixel of a photo shows."""

    file: str
    model: str
    sha256: str
    classes: list[str]
    shares: dict[str, float] = Field(description="Share of the photo that each class covers.")
    size: list[int] = Field(description="Height and width of the label map: those of the photo or its region.")
    labels_png: str = Field(description="Base64 of a PNG whose values are places in `classes`.")
    timings_ms: Timings
    box: list[float] | None
    note: str


class LiveBody(BaseModel):
    """The process answers."""

    status: Literal["live"]


class ReadyBody(BaseModel):
    """A golden picture went through the default model and its logits agree with the card's."""

    status: Literal["ready", "not ready"]
    ready: bool
    model: str
    worst: float | None = Field(description="Largest difference of a logit from the card's.")
    tolerance: float
    reason: str = Field(description="A sentence when not ready.")
