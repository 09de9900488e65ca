"""The shapes of the API's answers about how a model did on a split."""

from __future__ import annotations

from pydantic import BaseModel, Field


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
