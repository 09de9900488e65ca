"""The shapes of the API's answers, for OpenAPI. The values come from :mod:`fashionviz.serialise`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

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


class Timings(BaseModel):
    """Where the time went, in milliseconds."""

    decode: float
    queue: float
    compute: float
    total: float


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


class ClassScores(BaseModel):
    """Scores of one class."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int
    precision_ci95: list[float] = Field(description="95 % Wilson interval.")
    recall_ci95: list[float] = Field(description="95 % Wilson interval.")
    f1_ci95: list[float] = Field(description="95 % interval: percentiles over 1,000 resamplings of the pictures.")


class ReliabilityBin(BaseModel):
    """Pictures whose class was given a probability between two bounds."""

    confidence_from: float
    confidence_to: float
    n: int
    mean_confidence: float
    accuracy: float
    accuracy_ci95: list[float] = Field(description="95 % Wilson interval.")


class ReliabilityBody(BaseModel):
    """Whether the model is right as often as it says."""

    n: int
    ece: float = Field(description="Expected calibration error, 0 to 1.")
    bins: list[ReliabilityBin] = Field(description="Of 15 bins those that hold pictures.")


class CellItem(BaseModel):
    """A picture of a cell of the confusion matrix."""

    id: str
    item: str = Field(description="Its name in the studio's addresses, `?item=…`.", examples=["fpi:test:26960"])
    row: int
    probabilities: dict[str, float]


class ScoredBody(BaseModel):
    """Which model was scored, and on what."""

    model: str
    sha256: str
    data_set: str
    split: str
    n: int
    skipped: int


class ReportBody(ScoredBody):
    """How a model did on a split; the same keys as `fashionviz evaluate --json`."""

    accuracy: float
    accuracy_ci95: list[float]
    top2: float
    top3: float
    top5: float
    macro_f1: float
    per_class: list[ClassScores]
    classes: list[str]
    confusion: list[list[int]] = Field(description="Counts, true class by row.")
    train_counts: list[int]
    reliability: ReliabilityBody | None = Field(description="None where no single answers are kept.")


class CellBody(ScoredBody):
    """The pictures of one cell of the confusion matrix, most confident first."""

    true: str
    predicted: str
    items: list[CellItem]


class AveragesBody(BaseModel):
    """Precision, recall and F1 of one kind of average."""

    precision: float
    recall: float
    f1: float


class TagScores(BaseModel):
    """Scores of one tag at its threshold."""

    label: str
    threshold: float
    precision: float
    recall: float
    f1: float
    average_precision: float
    support: int
    said: int
    train_count: int


class TaggingReportBody(ScoredBody):
    """How a tagger did on a split; the same keys as `fashionviz evaluate --json`."""

    labels: int = Field(description="Tags that some picture of the split has; only these are averaged over.")
    accuracy: float = Field(description="Share of decisions that are right, most of them absences.")
    micro_f1: float
    micro_f1_ci95: list[float]
    macro_f1: float
    macro_f1_ci95: list[float]
    map: float = Field(description="Mean average precision.")
    map_ci95: list[float]
    micro: AveragesBody
    macro: AveragesBody
    per_image: AveragesBody
    per_tag: list[TagScores]


class RegionScores(BaseModel):
    """Scores of one class of pixels."""

    label: str
    iou: float
    iou_ci95: list[float]
    precision: float
    recall: float
    share: float = Field(description="Of all pixels that are truly of it.")


class RegionReportBody(ScoredBody):
    """How a segmenter did on a split; the same keys as `fashionviz evaluate --json`."""

    miou: float = Field(description="Mean intersection over union of the classes.")
    miou_ci95: list[float]
    iou: dict[str, float]
    pixel_accuracy: float
    pixel_accuracy_ci95: list[float]
    person_as_garment: float = Field(description="Share of the pixels of skin and hair that are called garment.")
    person_as_garment_ci95: list[float]
    garment_as_person: float
    garment_as_person_ci95: list[float]
    per_class: list[RegionScores]
    classes: list[str]
    confusion: list[list[int]] = Field(description="Counts of pixels, true class by row.")
    note: str


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


class ArrayBody(BaseModel):
    """Base64 of little-endian float32 in C order.

    `numpy.frombuffer(base64.b64decode(a["data"]), "<f4").reshape(a["shape"])` gives the array back.
    """

    shape: list[int] = Field(examples=[[3, 160, 120]])
    dtype: Literal["float32"]
    byte_order: Literal["little"]
    encoding: Literal["base64"]
    data: str


class PlacementBody(BaseModel):
    """Where the photo lies inside the model's input, in input pixels."""

    top: int
    left: int
    height: int
    width: int
    frame: list[int] = Field(description="Height and width of the input.")


class ExplanationBody(BaseModel):
    """An attribution: how much each value of the model's normalised input spoke for the class."""

    file: str
    model: str
    sha256: str
    method: str
    target: str
    against: str | None = Field(description="The class it is compared with: the logit difference is explained then.")
    probability: float
    layer: str | None = Field(description="That the method looked at; null where it looks at none.")
    steps: int | None = Field(description="Of integrated gradients.")
    completeness_error: float | None = Field(
        description="Of integrated gradients: by which share of the explained change their sum misses it."
    )
    values: ArrayBody = Field(description="Shape 3, H, W; signed.")
    placement: PlacementBody
    timings_ms: Timings


class RandomisedBody(BaseModel):
    """How much the map resembles that of the same network with random weights; 1 means that weights do not matter."""

    spearman: float = Field(description="Rank correlation of the magnitudes over the photo.")
    ssim: float = Field(description="Structural similarity of the magnitudes as they are shown.")


class CurveBody(BaseModel):
    """The class's probability while pixels are taken away, or brought in, by the map's order."""

    auc: float
    control_auc: float = Field(description="Of the same map moved to other places, the mean of several.")
    probabilities: list[float] = Field(description="At equal shares of the pixels, from none to all.")
    control: list[float]


class RegionShareBody(BaseModel):
    """How much of the map lies on one kind of thing."""

    region: str
    saliency: float = Field(description="Share of the map's magnitude.")
    pixels: float = Field(description="Share of the photo's pixels.")
    lift: float | None = Field(description="The one divided by the other; null of no pixels.")


class TrustBody(BaseModel):
    """How far an attribution can be trusted."""

    file: str
    model: str
    sha256: str
    method: str
    target: str
    against: str | None
    probability: float
    layer: str | None
    steps: int | None
    completeness_error: float | None
    level: Literal["good", "caution", "poor"]
    sentence: str = Field(description="The verdict in plain words.")
    randomised: RandomisedBody
    deletion: CurveBody = Field(description="A low curve is good.")
    insertion: CurveBody = Field(description="A high curve is good.")
    shares: list[RegionShareBody] | None = Field(description="Null where nobody could tell; `shares_note` says why.")
    shares_note: str
    timings_ms: Timings


class FiltersBody(BaseModel):
    """The weights of one convolution."""

    model: str
    sha256: str
    layer: str
    first: bool = Field(description="Whether the layer sees the RGB input itself.")
    weights: ArrayBody = Field(description="Shape N, C, kh, kw.")


class ActivationsBody(BaseModel):
    """The output of one layer for the photo."""

    file: str
    model: str
    sha256: str
    layer: str
    channels: int = Field(description="How many channels the layer has.")
    channel: int | None = Field(description="The channel asked for; null for all.")
    maps: ArrayBody = Field(description="Shape C, h, w, or 1, h, w for one channel.")
    placement: PlacementBody
    timings_ms: Timings


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
